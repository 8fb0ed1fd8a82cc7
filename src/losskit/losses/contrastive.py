"""Losses of whole batches of vectors, each compared with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import Domain, Slot, parameter
from losskit.core.logarithms import NONE
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.pairs import EMBEDDING, NAME, Pairs, Sets, Similarities, paired

UNIT = Domain("an entry of a vector of length 1", low=-1.0, high=1.0, slack=1e-5)
TEMPERATURE: dict[str, Any] = {
    "kind": "number",
    "low": 0.0,
    "open": True,
    "doc": "what similarities are divided by",
}
OF_SET: dict[str, Any] = {"dims": ("n", "d"), "axes": (-2, -1)}


class AgainstRivals(Similarities):
    """Of each similarity to what is alike: -log(e^s / (e^s + sum of e^t over what is not)).

    That is the softplus of how far it falls short of the others' logsumexp.
    """

    convex = False
    metric = "sign_accuracy"
    task = "pair"

    def count(self, m: Vocabulary, alike: Array, unlike: Array) -> Array:
        return alike

    def shared(self, m: Vocabulary, y: Array, s: Array) -> Against:
        return Against(m, y, s)

    def value(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        items = m.maximum(of.short, 0.0) + m.log1p(of.tail)
        return m.drop(m.sum(m.where(y > 0, items, 0.0), -1), -1)

    def slope(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        rate = m.where(y > 0, of.rate(m), 0.0)
        return of.e * (m.sum(rate, -1) / of.whole) - rate

    def curve(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        rate, bend = (m.where(y > 0, x, 0.0) for x in (of.rate(m), of.bend(m)))
        share = of.e / of.whole
        spread = share * (softmax.others(m, of.e, -1) / of.whole)
        return bend + m.sum(bend, -1) * m.square(share) + m.sum(rate, -1) * spread

    def along(self, m: Vocabulary, y: Array, s: Array, by: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        rate, bend = (m.lay(m.where(y > 0, x, 0.0), -1) for x in (of.rate(m), of.bend(m)))
        share = m.lay(of.e / of.whole, -1)
        mean = m.sum(share * by, -2)
        spread = m.sum(share * m.square(by - mean), -2)
        found = m.sum(bend * m.square(mean - by), -2) + m.sum(rate, -2) * spread
        return m.drop(found, -2)


class Against:
    """Similarities against their rivals.

    Where there is none all stand far above: at a loss, and rates, of 0.
    """

    def __init__(self, m: Vocabulary, y: Array, s: Array, own: Array | None = None) -> None:
        none = float("-inf")
        against = m.where(y < 0, s, none)
        top = m.max(against, -1)
        alone = top == none
        top = m.where(alone, 0.0, top)
        self.e = m.exp(against - top)
        """The rivals' exponentials, as far as the largest is 1."""
        self.whole = m.where(alone, 1.0, m.sum(self.e, -1))
        level = m.where(alone, none, top + m.log(self.whole))
        self.short = level - (s if own is None else own)
        """What each, or each row's own, falls short of their logsumexp by."""
        self.tail = m.tail(self.short)

    def rate(self, m: Vocabulary) -> Array:
        """The derivative of the softplus."""
        return m.where(self.short < 0, self.tail, 1.0 + 0.0 * self.tail) / (1.0 + self.tail)

    def bend(self, m: Vocabulary) -> Array:
        """The second one."""
        return self.tail / m.square(1.0 + self.tail)


class AgainstOthers(AgainstRivals):
    """The same where each row has one that is alike, and all others are its rivals."""

    def count(self, m: Vocabulary, alike: Array, unlike: Array) -> Array:
        return 1.0 + 0.0 * alike

    def shared(self, m: Vocabulary, y: Array, s: Array) -> Against:
        return Against(m, y, s, m.sum(m.where(y > 0, s, 0.0), -1))

    def value(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        return m.drop(m.maximum(of.short, 0.0) + m.log1p(of.tail), -1)

    def slope(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        of = of or self.shared(m, y, s)
        rate = of.rate(m)
        return m.where(y > 0, -rate, of.e * (rate / of.whole))


class Labelled(Pairs):
    """Of one set of vectors, with a label for each."""

    target: ClassVar[Domain] = NAME

    @property
    def prediction(self) -> Domain:
        return EMBEDDING

    def takes(self) -> tuple[Slot, ...]:
        known: dict[str, Any] = {"predicted": False, "differentiable": False}
        target = Slot("target", self.target, ("n",), (-1,), **known)
        return target, Slot("prediction", self.prediction, **OF_SET)

    def sets(self, m: Vocabulary, y: Array, p: Array) -> Sets:
        return Sets(y, p, y, None, places=(1,))

    def slope(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).slope()

    def curve(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).curve()

    def target_slope(self, m: Vocabulary, *slots: Any) -> Array:
        raise TypeError("Labels have no derivative.")


@dataclass(frozen=True)
class NTXent(Labelled):
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

    What it measures
    ----------------
    How unlikely it is, in nats, that a vector picks its partner and none of those with another
    label, by the softmax of cosines over the temperature. The mean over all positive pairs, both
    ways.

    When to use
    -----------
    Self-supervised learning, two views of each example under one label (SimCLR); with labels of
    classes, embeddings in which a class lies together.

    Pitfalls
    --------
    It belongs to a whole batch: only those of the batch are told apart, so take large ones.
    Labels are names: any whole numbers, the same for what belongs together. Where no label occurs
    twice, or all are the same, the loss is 0. Other positives of a vector are no rivals of a pair
    (in the supervised contrastive loss of Khosla et al. they are). A zero vector has no direction,
    and no derivative. A low temperature looks at the hardest pairs alone.

    Formula
    -------
    mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
    c the cosines

    Examples
    --------
    >>> import losskit
    >>> labels, vectors = [0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> round(float(losskit.nt_xent(labels, vectors, temperature=1.0)), 6)
    0.313262

    References
    ----------
    Chen, Kornblith, Norouzi and Hinton, A Simple Framework for Contrastive Learning of Visual
    Representations, ICML (2020). Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss
    Objective, NeurIPS (2016).
    """

    temperature: float = parameter(0.07, **TEMPERATURE)

    name = "nt_xent"
    aliases = ("nt_xent_loss",)
    latex = r"\log \left( 1 + \sum_k e^{(c_{ik} - c_{ij}) / T} \right)"
    unit = "nats"
    convex = False
    metric = "nearest_accuracy"
    task = "pair"
    rows = AgainstRivals()


@dataclass(frozen=True)
class InfoNCE(Pairs):
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

    What it measures
    ----------------
    How unlikely it is, in nats, that a query picks the key at its own place, by the softmax of
    their similarities over the temperature. The mean over the queries; with `symmetric` the mean of
    that and of the same with queries and keys exchanged (CLIP).

    When to use
    -----------
    Two encoders whose outputs are to meet: images and texts, questions and passages, now and later.

    Pitfalls
    --------
    It belongs to a whole batch: the other keys are the rivals, so take large ones, and see that
    none of them is as right as the partner. A batch of one costs nothing. Its value grows with the
    logarithm of the batch, that of guessing is log(n). Without `normalize` the vectors' lengths
    count: then a temperature of 1 is usual, and a product beyond the dtype (lengths of 1e19 in
    float32) makes the loss NaN. Where there is one array for both they lie side by side, along the
    axis before that of the vectors.

    Formula
    -------
    mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
    or their product

    Examples
    --------
    >>> import losskit
    >>> query, key = [[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 3.0]]
    >>> round(float(losskit.info_nce(query, key, temperature=1.0)), 6)
    0.313262

    References
    ----------
    van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding,
    arXiv:1807.03748. symmetric: Radford et al., Learning Transferable Visual Models From Natural
    Language Supervision, ICML (2021).
    """

    temperature: float = parameter(0.07, **TEMPERATURE)
    symmetric: bool = parameter(
        False, kind="flag", doc="whether keys look for their queries too, each way one half"
    )
    normalize: bool = parameter(
        True, kind="flag", doc="whether vectors are compared at length 1, by their cosine"
    )

    name = "info_nce"
    aliases = ("info_nce_loss",)
    latex = r"\log \left( 1 + \sum_{k \neq i} e^{(s_{ik} - s_{ii}) / T} \right)"
    unit = "nats"
    convex = False
    metric = "retrieval_accuracy"
    task = "pair"
    rows = AgainstOthers()

    def takes(self) -> tuple[Slot, ...]:
        return tuple(Slot(name, EMBEDDING, **OF_SET) for name in ("query", "key"))

    @property
    def ways(self) -> tuple[float, float]:  # type: ignore[override]
        return (0.5, 0.5) if self.symmetric else (1.0, 0.0)

    def sets(self, m: Vocabulary, query: Array, key: Array) -> Sets:
        return paired(m, query, key)

    def query_slope(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).slope(0)

    def key_slope(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).slope(1)

    def query_curve(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).curve(0)

    def key_curve(self, m: Vocabulary, *slots: Any) -> Array:
        return self._compared(m, slots).curve(1)


@dataclass(frozen=True)
class OfCircle(Similarities):
    """The circle loss of one vector: of its similarities to what is alike, and to what is not."""

    gamma: float = parameter(80.0, kind="number", low=0.0, open=True, doc="scale of similarities")
    margin: float = parameter(
        0.4, kind="number", low=0.0, high=1.0, doc="how far from 1, and from 0, is near enough"
    )

    convex = False
    metric = "sign_accuracy"
    task = "pair"

    def count(self, m: Vocabulary, alike: Array, unlike: Array) -> Array:
        return m.minimum(alike, 1.0) * m.minimum(unlike, 1.0)

    def shared(self, m: Vocabulary, y: Array, s: Array) -> Any:
        return self._parts(m, y, s)

    def value(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        _, _, x = of or self.shared(m, y, s)
        items = m.maximum(x, 0.0) + m.log1p(m.tail(x))
        return m.drop(m.where(self._has_both(m, y), items, 0.0), -1)

    def slope(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        share, _, x = of or self.shared(m, y, s)
        rate, _ = self._steep(m, s, y)
        return self._outer(m, y, x)[0] * share * rate

    def curve(self, m: Vocabulary, y: Array, s: Array, of: Any = None) -> Array:
        share, rest, x = of or self.shared(m, y, s)
        rate, bend = self._steep(m, s, y)
        once, twice = self._outer(m, y, x)
        found = share * (bend + rest * m.square(rate))
        return twice * m.square(share * rate) + once * found

    def along(self, m: Vocabulary, y: Array, s: Array, by: Array, of: Any = None) -> Array:
        share, _, x = of or self.shared(m, y, s)
        rate, bend, share, kind = (m.lay(z, -1) for z in (*self._steep(m, s, y), share, y))
        once, twice = self._outer(m, y, x)
        moved = rate * by
        found, whole = 0.0 * m.sum(by, -2), 0.0 * m.sum(by, -2)
        for there in (kind > 0, kind < 0):
            own = m.where(there, share, 0.0)
            mean = m.sum(own * moved, -2)
            found = found + m.sum(own * (bend * m.square(by) + m.square(moved - mean)), -2)
            whole = whole + mean
        bent = m.lay(twice, -1) * m.square(whole) + m.lay(once, -1) * found
        return m.drop(bent, -2)

    def _parts(self, m: Vocabulary, y: Array, s: Array) -> tuple[Array, Array, Array]:
        """Of each its share in the sum of its kind, what lacks to 1; the logarithms together."""
        near = m.minimum(s, 1.0)
        # (1 + margin - s)(s - 1 + margin) and (s + margin)(s - margin), of one sign each side.
        far = 1.0 - near
        alike = self.gamma * ((far - self.margin) * (far + self.margin))
        unlike = self.gamma * ((near - self.margin) * (near + self.margin))
        unlike = m.where(near > -self.margin, unlike, 0.0 * unlike)
        terms = m.where(y > 0, alike, unlike)
        share, rest, whole = 0.0 * terms, 0.0 * terms, 0.0
        for there in (y > 0, y < 0):
            top = m.max(m.where(there, terms, NONE), -1)
            e = m.where(there, m.exp(m.where(there, terms - top, NONE)), 0.0)
            total = m.sum(e, -1)
            total = m.where(total == 0, 1.0, total)
            share = share + e / total
            rest = rest + m.where(there, softmax.others(m, e, -1) / total, 0.0)
            whole = whole + (top + m.log(total))
        return share, rest, whole

    def _steep(self, m: Vocabulary, s: Array, y: Array) -> tuple[Array, Array]:
        """The derivatives of each one's term: 0 from a similarity of 1 on."""
        none = 0.0 * s
        alike = -2.0 * self.gamma * (1.0 - s)
        there = (s > -self.margin) | (y > 0)
        there = there & (s < 1.0)
        rate = m.where(there, m.where(y > 0, alike, 2.0 * self.gamma * s), none)
        return rate, m.where(there, 2.0 * self.gamma + none, none)

    @staticmethod
    def _has_both(m: Vocabulary, y: Array) -> Array:
        return (m.max(y, -1) > 0) & (-m.max(-y, -1) < 0)

    def _outer(self, m: Vocabulary, y: Array, x: Array) -> tuple[Array, Array]:
        """First and second derivative of the softplus; 0 for a row that lacks one of the kinds."""
        there, e = self._has_both(m, y), m.tail(x)
        once = m.where(x < 0, e, 1.0 + 0.0 * e) / (1.0 + e)
        twice = e / m.square(1.0 + e)
        return m.where(there, once, 0.0), m.where(there, twice, 0.0)


@dataclass(frozen=True)
class Circle(Labelled):
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

    What it measures
    ----------------
    Of each vector, how far its least similarity to one of its own label falls below its greatest
    similarity to one of another label, both smoothed, and each weighed by its own distance from
    where it should be. The mean over the vectors that have one of either kind.

    When to use
    -----------
    Embeddings of faces, products or places, learned from class labels, in batches that hold several
    examples of each class.

    Pitfalls
    --------
    Vectors must have length 1: end the network in a normalisation, or pass `normalize=True`. Labels
    are names: any whole numbers. A batch without two of one label, or of one label alone, costs
    nothing. The weights move with the similarities and are part of the gradient; in the paper's
    they are held fixed, which halves it. A larger margin is here a looser one.

    Formula
    -------
    log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
    s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
    exp(0); s at most 1

    Examples
    --------
    >>> import losskit
    >>> labels, vectors = [0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> round(float(losskit.circle(labels, vectors, gamma=1.0)), 6)
    0.545893

    References
    ----------
    Sun, Cheng, Zhang, Zhang, Zheng, Wang and Wei, Circle Loss: A Unified Perspective of Pair
    Similarity Optimization, CVPR (2020).
    """

    gamma: float = parameter(80.0, kind="number", low=0.0, open=True, doc="scale of similarities")
    margin: float = parameter(
        0.4, kind="number", low=0.0, high=1.0, doc="how far from 1, and from 0, is near enough"
    )
    remove_diagonal: bool = parameter(
        True, kind="flag", doc="whether a vector makes no pair with itself"
    )
    normalize: bool = parameter(
        False, kind="flag", doc="whether vectors are compared at length 1, by their cosine"
    )

    name = "circle"
    aliases = ("circle_loss",)
    latex = r"\log \left( 1 + \sum_n e^{\gamma (s_n^2 - m^2)} \sum_p e^{\gamma ((1 - s_p)^2 - m^2)} \right)"  # noqa: E501
    by_samples: ClassVar[bool] = True
    advice = "End the network in a normalisation, or pass normalize=True."
    convex = False
    metric = "nearest_accuracy"
    task = "pair"

    @property
    def prediction(self) -> Domain:
        return EMBEDDING if self.normalize else UNIT

    @property
    def rows(self) -> Similarities:
        return OfCircle(gamma=self.gamma, margin=self.margin)

    @property
    def with_itself(self) -> bool:  # type: ignore[override]
        return not self.remove_diagonal
