"""Losses that ask for a margin among several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core.definition import LABEL, Domain, parameter
from losskit.core.families import Labelled, Rowwise, lost
from losskit.core.logarithms import exact_sum, lead
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import at
from losskit.core.slots import flat, unflat
from losskit.losses.classification import BY_CLASS, IGNORE

MEMBERSHIPS = Domain("1 for each true class and 0 (or -1) elsewhere", values=(-1.0, 0.0, 1.0))


@dataclass(frozen=True)
class MultiMargin(Labelled):
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

    What it measures
    ----------------
    By how much the scores of the other classes come nearer to that of the true class than `margin`,
    or exceed it; added up over them and divided by the number of classes.

    When to use
    -----------
    Maximum-margin classifiers of several classes on scores, with targets given as class numbers.

    Pitfalls
    --------
    The sum is divided by the number of all classes, the true one included. Predictions are scores:
    probabilities can hardly leave a margin of 1. Once all others trail by the margin there is no
    gradient. Class weights multiply the items and do not change the count of the mean.

    Formula
    -------
    weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes

    Examples
    --------
    >>> import losskit
    >>> float(losskit.multi_margin([1], [[0.5, 1.0, 0.25, -1.0]]))
    0.1875

    References
    ----------
    Weston and Watkins, Support Vector Machines for Multi-Class Pattern Recognition, ESANN (1999).
    """

    power: int = parameter(
        1, kind="integer", low=1, high=2, doc="1, or 2 for the square of what is missing"
    )
    margin: float = parameter(1.0, kind="number", doc="by how much the true class must lead")
    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "multi_margin"
    aliases = ("multi_margin_loss",)
    latex = r"\frac{1}{C} \sum_{j \neq y} \max(m - p_y + p_j,\; 0)^q"
    target: ClassVar[Domain] = LABEL
    convex = True
    metric = "sparse_categorical_accuracy"
    task = "sparse"

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound, leads = self._leads(m, y, p)
        short = m.where(true, 0.0, m.maximum(leads, 0.0))
        item = m.sum(short if self.power == 1 else m.square(short), self.axis) / self._classes(p)
        return m.drop(sound * item, self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound, leads = self._leads(m, y, p)
        rate = _step(m, leads, 1.0) if self.power == 1 else 2.0 * m.maximum(leads, 0.0)
        pull = m.where(true, 0.0, rate) / self._classes(p)
        return sound * m.where(true, -m.sum(pull, self.axis), pull)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound, leads = self._leads(m, y, p)
        rate = _step(m, leads, 0.0 if self.power == 1 else 2.0)
        bend = m.where(true, 0.0, rate) / self._classes(p)
        return sound * m.where(true, m.sum(bend, self.axis), bend)

    def _leads(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array, Array]:
        """Which class is the true one, what `_true` says, and what each other one has too much."""
        true, sound = self._true(m, y, p)
        return true, sound, lead(m, p, m.sum(m.where(true, p, 0.0), self.axis), self.margin)

    def _classes(self, p: Array) -> Any:
        return p.shape[self.axis]


@dataclass(frozen=True)
class MultiLabelMargin(Rowwise):
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

    What it measures
    ----------------
    What each pair of a true and a false class lacks to a lead of 1, added up and divided by the
    number of classes.

    When to use
    -----------
    Several labels at once on scores, where the true ones should stand above the others.

    Pitfalls
    --------
    Targets are rows of 0 and 1, not lists of class numbers. The scores are compared with one
    another and not with 0, so that no threshold is learned. A row of which all classes are true, or
    none, costs nothing.

    Formula
    -------
    sum_(i true, j false) max(1 - p_i + p_j, 0) / classes

    Examples
    --------
    >>> import losskit
    >>> float(losskit.multi_label_margin([[1.0, 0.0, 1.0, 0.0]], [[0.5, 1.0, 2.0, -1.0]]))
    0.375

    References
    ----------
    Crammer and Singer, A Family of Additive Online Algorithms for Category Ranking, Journal of
    Machine Learning Research 3 (2003), 1025-1058.
    """

    axis: int = parameter(-1, kind="integer", doc="axis of the classes")

    name = "multi_label_margin"
    aliases = ("multilabel_margin_loss",)
    latex = r"\frac{1}{C} \sum_{y_i = 1} \sum_{y_j \neq 1} \max(1 - p_i + p_j,\; 0)"
    target: ClassVar[Domain] = MEMBERSHIPS
    convex = True
    metric = "sign_accuracy"
    task = "categorical"

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        counts, slot = self._counts(m, y), self.slots[self.main]

        def made() -> Array:
            return m.lay(
                _Standing(m, flat(m, slot, counts), flat(m, slot, p)).shortfall(), self.axis
            )

        whole = m.in_one("pair_shortfall", made, counts, p)
        return m.drop((whole + self._lost(m, counts, p)) / self._classes(p), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        counts, slot = self._counts(m, y), self.slots[self.main]

        def made() -> Array:
            return unflat(m, slot, _Standing(m, flat(m, slot, counts), flat(m, slot, p)).pull(), p)

        return m.in_one("pair_pull", made, counts, p) / self._classes(p) + self._lost(m, counts, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def _counts(self, m: Vocabulary, y: Array) -> Array:
        """How often each class counts as a true one."""
        return m.where(y > 0, 1.0, 0.0 * y)

    def _lost(self, m: Vocabulary, counts: Array, p: Array) -> Array:
        """NaN where one of a row is, or true and false classes are both infinite, else 0."""
        none = float("-inf")
        true = m.max(m.where(counts > 0, p, none), self.axis)
        false = m.max(m.where(counts > 0, none, p), self.axis)
        return m.sum(lost(m, p), self.axis) + lost(m, true - false)

    def _classes(self, p: Array) -> Any:
        return p.shape[self.axis]


@dataclass(frozen=True)
class ListedMargin(MultiLabelMargin):
    """The same of how often each class is listed as a true one: its pairs count as often."""

    target: ClassVar[Domain] = Domain("how often each class is listed", low=0.0)

    def _counts(self, m: Vocabulary, y: Array) -> Array:
        return y


class _Standing:
    """Rows along the last axis, in their order: who stands above whom.

    A true class stands where its score less 1 does, and is short of each false class above it.
    """

    def __init__(self, m: Vocabulary, counts: Array, p: Array) -> None:
        self.m = m
        true = counts > 0
        less, rounded = exact_sum(p, -1.0 + 0.0 * counts)
        high = m.where(true, less, p)
        low = m.where(true & (rounded == rounded), rounded, 0.0)  # beside an infinity it is NaN
        # First by the low parts; of those that are equal in both, false classes first: they are not
        # above. No low part but 0 is as small as the smallest normal number, but where it is lost
        # beside any difference.
        first = m.order(m.where(true & (low == 0), m.tiny(p), low), -1, stable=False)
        self.order = at(m, first, m.order(at(m, high, first), -1))
        self.high, self.low, self.counts = (at(m, x, self.order) for x in (high, low, counts))
        self.true_below = m.cumsum(self.counts, -1)
        false = m.where(self.counts > 0, 0.0, 1.0 + 0.0 * self.low)
        self.false_above = m.sum(false, -1) - m.cumsum(false, -1)

    def shortfall(self) -> Array:
        """What all pairs lack: each step of the order is part of what those on its sides lack."""
        m, k = self.m, self.m.positions(self.high)
        following = m.where(m.flip(k, (-1,)) == 0, k, k + 1)
        high, low = at(m, self.high, following), at(m, self.low, following)
        step = m.where(high == self.high, 0.0, high - self.high) + (low - self.low)
        pairs = self.true_below * self.false_above
        return m.drop(m.sum(m.where(pairs == 0, 0.0, pairs * step), -1), -1)

    def pull(self) -> Array:
        """How that moves with each: by those that it is above or below, as often as they count."""
        pull = self.m.where(self.counts > 0, -self.counts * self.false_above, self.true_below)
        return self.m.disorder(pull, self.order)


def _step(m: Vocabulary, x: Array, height: float) -> Array:
    """0 up to x = 0 and `height` above; NaN where x is."""
    return m.where(x > 0, height, lost(m, x))


@dataclass(frozen=True)
class MulticlassHinge(Labelled):
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

    What it measures
    ----------------
    How far the score of the true class falls short of the best other score by a margin of 1.

    When to use
    -----------
    Multi-class classifiers on scores, with targets given as class numbers, where only the order and
    a margin matter.

    Pitfalls
    --------
    Predictions are scores, not probabilities. Only the best rival is pushed down, where
    `multi_margin` pushes all that come too near; rivals that tie share the gradient. It differs
    from `categorical_hinge`, which compares the true class with 0 as well.

    Formula
    -------
    weight_y * max(1 - p_y + max_(j != y) p_j, 0)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.multiclass_hinge([1], [[0.5, 1.0, 0.25]]))
    0.5

    References
    ----------
    Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines, Journal of Machine Learning Research 2 (2001), 265-292.
    """

    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "multiclass_hinge"
    aliases = ("multiclass_hinge_loss",)
    latex = r"\max(1 - p_y + \max_{j \neq y} p_j,\; 0)"
    target: ClassVar[Domain] = LABEL
    convex = True
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    lead: ClassVar[float] = 1.0
    """By how much the true class must lead."""

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return best_rival_value(self, m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return best_rival_slope(self, m, y, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * self._true(m, y, p)[1] + lost(m, p)


@dataclass(frozen=True)
class MulticlassPerceptron(Labelled):
    """Multi-class perceptron loss: the true class should have the highest score.

    What it measures
    ----------------
    By how much the best score exceeds that of the true class; 0 where that is the best itself.

    When to use
    -----------
    Linear classifiers and structured prediction trained mistake by mistake.

    Pitfalls
    --------
    Without a margin, a model that gives every class the same score costs nothing and has no
    gradient: start from random weights. `multiclass_hinge` asks for a lead.

    Formula
    -------
    weight_y * (max_j p_j - p_y)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.multiclass_perceptron([1, 0], [[0.5, 1.0, 0.25], [0.5, 1.0, 0.25]]))
    0.25

    References
    ----------
    Collins, Discriminative Training Methods for Hidden Markov Models: Theory and Experiments with
    Perceptron Algorithms, EMNLP (2002), 1-8.
    """

    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "multiclass_perceptron"
    aliases = ("multiclass_perceptron_loss",)
    latex = r"\max_j p_j - p_y"
    target: ClassVar[Domain] = LABEL
    convex = True
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    lead: ClassVar[float] = 0.0
    """By how much the true class must lead."""

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return best_rival_value(self, m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return best_rival_slope(self, m, y, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * self._true(m, y, p)[1] + lost(m, p)


# --- shared by the two --------------------------------------------------------------------------

BestRival = MulticlassHinge | MulticlassPerceptron


def best_rival_value(card: BestRival, m: Vocabulary, y: Array, p: Array) -> Array:
    """What the true class lacks of its lead over the best other one."""
    true, sound = card._true(m, y, p)
    _, short = _best_rival(card, m, true, p)
    return m.drop(sound * m.maximum(short, 0.0), card.axis)


def best_rival_slope(card: BestRival, m: Vocabulary, y: Array, p: Array) -> Array:
    """Its derivative. Rivals that tie share the pull: the subgradient of least magnitude."""
    true, sound = card._true(m, y, p)
    rivals, short = _best_rival(card, m, true, p)
    one = 1.0 + 0.0 * sound
    best = m.where(true, 0.0, m.where(rivals == m.max(rivals, card.axis), one, 0.0))
    share = best / m.maximum(m.sum(best, card.axis), 1.0)
    return sound * m.where(short > 0, m.where(true, -one, share), lost(m, short))


def _best_rival(card: BestRival, m: Vocabulary, true: Array, p: Array) -> tuple[Array, Array]:
    """The scores of the others, and what the true class lacks of its lead over the best."""
    rivals = m.where(true, float("-inf"), p)
    own = m.sum(m.where(true, p, 0.0), card.axis)
    return rivals, lead(m, m.max(rivals, card.axis), own, card.lead)
