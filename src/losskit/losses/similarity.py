"""Losses of vectors: of the angle between two, of their distance, of two distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import constants, softmax
from losskit.core.definition import SIGN, Domain, Slot, parameter
from losskit.core.families import Rowwise, lost
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.vectors import near, sized, unit

EMBEDDING = Domain("a vector of real numbers")


@dataclass(frozen=True)
class CosineSimilarity(Rowwise):
    """Negative cosine of the angle between target and prediction.

    What it measures
    ----------------
    How far two vectors point the same way, whatever their lengths: -1 for the same direction, 0 at
    a right angle, 1 for opposite directions.

    When to use
    -----------
    Embeddings whose length means nothing: text, retrieval, self-supervised learning.

    Pitfalls
    --------
    The sign is turned so that smaller is better. A zero vector has no direction: value and gradient
    are 0 there. The gradient shrinks as the prediction grows longer, so lengths drift upwards.

    Formula
    -------
    -sum_j(y_j * p_j) / (|y| * |p|)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]))
    -1.0

    References
    ----------
    Manning, Raghavan and Schuetze, Introduction to Information Retrieval (2008), ch. 6.3.
    """

    axis: int = parameter(-1, kind="integer", doc="axis along which the vectors lie")

    name = "cosine_similarity"
    aliases = ("cosine", "cosine_proximity")
    latex = r"-\frac{\sum_j y_j p_j}{\|y\| \, \|p\|}"
    convex = False
    metric = "cosine_similarity"
    task = "regression"
    compares = "angles"

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        m = constants.M
        rows, w = constants.rows(y, w, self.axis)
        return constants.mean(unit(m, near(m, rows, -1)[0], -1)[0], w)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Rounding may take a cosine beyond 1.
        cosine = _Angle(m, y, p, self.axis).cosine
        return m.drop(m.clip(-cosine, -1.0, 1.0), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # (z (x z) / |z|^2 - x) / (|x| |z|). Any multiple of z may be left out of x: where they are
        # nearly parallel little is left, and nothing cancels. What an entry adds to both products
        # is left out of them.
        angle, axis = _Angle(m, y, p, self.axis), self.axis
        z = angle.z
        w = angle.x - angle.side * z
        rest = z * softmax.others(m, w * z, axis) - w * softmax.others(m, m.square(z), axis)
        per = m.where(angle.none, 0.0, 1.0 / angle.lengths)
        return rest * (per / angle.square_z) / angle.top_b * angle.powers_b

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return _bend(m, y, p, self.axis)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.slope(m, p, y)


def _bend(m: Vocabulary, y: Array, p: Array, axis: int) -> Array:
    """The second derivative of the negative cosine by each entry of p."""
    (y, _), (p, power) = near(m, y, axis), near(m, p, axis)
    (u, _, _), (v, top, length) = unit(m, y, axis), unit(m, p, axis)
    cosine = m.sum(u * v, axis)
    # 2 u v + cos - 3 cos v^2, without what cancels for an entry that is nearly all of v.
    bend = 3.0 * cosine * softmax.others(m, v * v, axis)
    bend = bend - 2.0 * softmax.others(m, u * v, axis)
    return bend / top / length * power / top / length * power


@dataclass(frozen=True)
class CosineEmbedding(Rowwise):
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

    What it measures
    ----------------
    For a pair that belongs together (1) how far the cosine of the angle between its vectors falls
    short of 1, for one that does not (-1) how far it exceeds `margin`; 0 once it is below.

    When to use
    -----------
    Embeddings learned from pairs of which it is known whether they are alike, where the vectors'
    lengths mean nothing.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). A zero vector has no direction: the cosine is 0 there,
    and so is the gradient. The gradient shrinks as a vector grows longer. A margin below 0 asks for
    more than a right angle, and in many dimensions nearly all pairs are at one. Where there is one
    array for the two vectors they lie side by side, along the axis before theirs.

    Formula
    -------
    1 - c where y = 1, max(c - margin, 0) elsewhere;
    c = sum_j(first_j * second_j) / (|first| * |second|)

    Examples
    --------
    >>> import losskit
    >>> first, second = [[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [-1.0, 0.0]]
    >>> round(float(losskit.cosine_embedding(first, second, [1.0, -1.0])), 6)
    0.02

    References
    ----------
    Chopra, Hadsell and LeCun, Learning a Similarity Metric Discriminatively, with Application to
    Face Verification, CVPR (2005), 539-546.
    """

    margin: float = parameter(
        0.0, kind="number", doc="cosine up to which unlike pairs cost nothing"
    )
    axis: int = parameter(-1, kind="integer", doc="axis along which the vectors lie")

    name = "cosine_embedding"
    aliases = ("cosine_embedding_loss",)
    latex = r"[y = 1]\, (1 - c) + [y \neq 1]\, \max(c - m,\; 0)"
    target: ClassVar[Domain] = SIGN
    convex = False
    metric = "cosine_accuracy"
    task = "pair"
    zero_target = 0.0
    absent = 0.0
    compares = "angles"

    def takes(self) -> tuple[Slot, ...]:
        first, second = (Slot(n, EMBEDDING, ("c",), (self.axis,)) for n in ("first", "second"))
        return first, second, Slot("target", SIGN, predicted=False)

    def value(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        angle = _Angle(m, a, b, self.axis)
        cosine = m.drop(m.clip(angle.cosine, -1.0, 1.0), self.axis)
        less = m.drop(angle.complement, self.axis)
        return m.where(y > 0, less, m.maximum(cosine - self.margin, 0.0))

    def first_slope(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        angle = _Angle(m, a, b, self.axis)
        return angle.by_first(self._rate(m, angle.cosine, y))

    def second_slope(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        angle = _Angle(m, a, b, self.axis)
        return angle.by_second(self._rate(m, angle.cosine, y))

    def first_curve(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        return self.second_curve(m, b, a, y)

    def second_curve(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        rate = self._rate(m, _Angle(m, a, b, self.axis).cosine, y)
        bend = _bend(m, a, b, self.axis)
        return m.where(rate == 0, lost(m, bend), -rate * bend)

    def target_slope(self, m: Vocabulary, a: Array, b: Array, y: Array) -> Array:
        return 0.0 * y

    def _rate(self, m: Vocabulary, cosine: Array, y: Array) -> Array:
        """The derivative by the cosine."""
        over = m.where(cosine - self.margin > 0, 1.0, 0.0 * cosine)
        return m.where(m.lay(y, self.axis) > 0, -1.0, over)


class _Angle:
    """The angle between two vectors, from few sums along them.

    Of nearly parallel vectors x and z the difference w = z -+ x is taken first: 1 - cosine and the
    slopes follow from it, and nothing cancels.
    """

    def __init__(self, m: Vocabulary, a: Array, b: Array, axis: int) -> None:
        self.m, self.axis = m, axis
        (a, self.powers_a), (b, self.powers_b) = sized(m, a, axis), sized(m, b, axis)
        top_a, top_b = m.max(m.abs(a), axis), m.max(m.abs(b), axis)
        # Divided by the largest entry, lest squares overflow or vanish; but by a power of two where
        # vectors are of nearly one size, and that is no extreme one: so their difference is exact.
        even = (m.abs(top_a - top_b) < top_b / 64.0) & (top_b > 2.0**-90) & (top_b < 2.0**90)
        power = 1.0 + 0.0 * m.minimum(top_b, 1.0)
        power = m.where(top_b < 2.0**-30, 2.0**-60, m.where(top_b > 2.0**30, 2.0**60, power))
        self.none = (top_a == 0) | (top_b == 0)
        self.top_a = m.where(even, power, m.where(top_a == 0, 1.0, top_a))
        self.top_b = m.where(even, power, m.where(top_b == 0, 1.0, top_b))
        self.x, self.z = x, z = a / self.top_a, b / self.top_b
        self.square_x = m.where(top_a == 0, 1.0, m.sum(m.square(x), axis))
        self.square_z = m.where(top_b == 0, 1.0, m.sum(m.square(z), axis))
        self.product = m.sum(x * z, axis)
        self.lengths = m.sqrt(self.square_x) * m.sqrt(self.square_z)
        self.cosine = cosine = self.product / self.lengths
        self.close = (cosine > 0.5) | (cosine < -0.5)
        # 0 where they are not: then w is z.
        self.side = m.where(self.close, m.sign(cosine), 0.0 * cosine)
        self.w = z - self.side * x
        self.square_w, self.along = m.sum(m.square(self.w), axis), m.sum(self.w * x, axis)

    @property
    def complement(self) -> Array:
        """1 - cosine."""
        m, c = self.m, self.m.clip(self.cosine, -1.0, 1.0)
        # (1 - c)(1 + c) is the square of the sine: of w what is upright on x, by the length of z.
        upright = m.maximum(self.square_w - self.along / self.square_x * self.along, 0.0)
        return m.where(self.cosine > 0.5, upright / self.square_z / (1.0 + c), 1.0 - c)

    def by_first(self, rate: Array) -> Array:
        """The slope by the first vector of what changes by the cosine at that rate."""
        rest = self.w - self.x * (self.along / self.square_x)
        return rest * self._factor(rate) / self.top_a * self.powers_a

    def by_second(self, rate: Array) -> Array:
        """The slope by the second one."""
        m, side, factor = self.m, self.side, self._factor(rate)
        # x without what of it lies along z; of w instead, which is -side times that, where it is
        # the smaller one.
        along = m.where(self.close, -(side * self.square_w + self.along), self.product)
        rest = m.where(self.close, self.w, self.x) * m.where(self.close, -side * factor, factor)
        rest = rest - self.z * (along / self.square_z * factor)
        return rest / self.top_b * self.powers_b

    def _factor(self, rate: Array) -> Array:
        return self.m.where(self.none, 0.0, rate / self.lengths)


class Distances(Rowwise):
    """Losses of distances of vectors in a norm, where `eps` is added to every difference."""

    absent = 0.0
    compares = "distances"
    norm: float
    eps: float
    least: Any = 0.0
    """A difference that every row has besides: what the distance of equal vectors is."""

    def distance(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """How far p lies from y, the axis dropped."""
        d, part = self._differences(m, y, p)
        if self.norm == 0.0:
            return m.drop(
                m.sum(m.where(d == 0, 0.0, m.where(d == d, 1.0, d)), self.axis), self.axis
            )
        largest = self._largest(m, d, part)
        length = m.power(self._sum(m, self._terms(m, d, part), largest, part), 1.0 / self.norm)
        return m.drop(m.where(largest == 0, 0.0, largest * length / part), self.axis)

    def rate(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Its derivative by p; by y it is the negative of that."""
        d, part = self._differences(m, y, p)
        if self.norm == 2.0:
            largest = self._largest(m, d, part)
            unit = d / m.where(largest == 0, 1.0, largest)
            whole = self._sum(m, m.square(unit), largest, part)
            return unit / m.sqrt(m.where(largest == 0, 1.0, whole))
        return m.sign(d) * self._rates(m, d, part)

    def bend(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Its second derivative by each entry of p, and of y."""
        d, part = self._differences(m, y, p)
        if self.norm in (0.0, 1.0):
            return 0.0 * d
        largest, terms = self._largest(m, d, part), self._terms(m, d, part)
        whole = m.where(largest == 0, 1.0, self._sum(m, terms, largest, part))
        if self.norm < 2.0:
            # Of a difference of 0 it is infinite: 0 is given, as where all are 0.
            none = d == 0
            bent = self._rates(m, d, part) / m.where(none, 1.0, m.abs(d))
        else:
            none = largest == 0
            bent = m.power(whole, 1.0 / self.norm - 1.0) / m.where(none, 1.0, largest)
            if self.norm > 2.0:
                bent = bent * m.power(self._scaled(m, d, part), self.norm - 2.0)
        others = softmax.others(m, terms, self.axis)
        if self.least:
            others = others + self._of_least(m, largest, part)
        bent = (self.norm - 1.0) * bent * (others / whole) * part
        return m.where(none, 0.0, bent)

    def _differences(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array]:
        """The differences, or halves of them where the row is large, and which part they are.

        The difference of two large numbers may overflow where no slope and not every distance does.
        """
        top = m.maximum(m.max(m.abs(y), self.axis), m.max(m.abs(p), self.axis))
        part = m.where(top > 1e30, 0.5, 1.0 + 0.0 * m.minimum(top, 1.0))
        d = part * p - part * y
        return (d + part * self.eps if self.eps else d), part

    def _largest(self, m: Vocabulary, d: Array, part: Array) -> Array:
        largest = m.max(m.abs(d), self.axis)
        return m.maximum(largest, part * self.least) if self.least else largest

    def _scaled(self, m: Vocabulary, d: Array, part: Array) -> Array:
        """|d| in parts of the largest, lest its power overflow or all of them vanish."""
        largest = self._largest(m, d, part)
        return m.abs(d) / m.where(largest == 0, 1.0, largest)

    def _terms(self, m: Vocabulary, d: Array, part: Array) -> Array:
        """What each difference adds to the sum of powers, in parts of the largest's."""
        if self.norm < 1.0:
            # The quotient may vanish where its power does not; of each by itself no power leaves
            # the range.
            largest = self._largest(m, d, part)
            return m.power(m.abs(d), self.norm) / self._of_largest(m, largest, self.norm)
        if self.norm == 2.0:
            largest = self._largest(m, d, part)
            return m.square(d / m.where(largest == 0, 1.0, largest))
        scaled = self._scaled(m, d, part)
        return scaled if self.norm == 1.0 else m.power(scaled, self.norm)

    def _sum(self, m: Vocabulary, terms: Array, largest: Array, part: Array) -> Array:
        whole = m.sum(terms, self.axis)
        return whole + self._of_least(m, largest, part) if self.least else whole

    def _of_least(self, m: Vocabulary, largest: Array, part: Array) -> Array:
        """What the difference that every row has besides adds to that sum."""
        share = part * self.least / m.where(largest == 0, 1.0, largest)
        return m.square(share) if self.norm == 2.0 else m.power(share, self.norm)

    def _rates(self, m: Vocabulary, d: Array, part: Array) -> Array:
        """|slope| where d is not 0."""
        if self.norm == 0.0:
            return 0.0 * d
        if self.norm == 1.0:
            return m.where(d == d, 1.0, d)
        largest = self._largest(m, d, part)
        whole = self._sum(m, self._terms(m, d, part), largest, part)
        whole = m.where(largest == 0, 1.0, whole)
        if self.norm == 2.0:
            return self._scaled(m, d, part) / m.sqrt(whole)
        if self.norm > 2.0:
            by_largest = m.power(self._scaled(m, d, part), self.norm - 1.0)
        else:
            own = m.power(m.where(d == 0, 1.0, m.abs(d)), self.norm - 1.0)
            by_largest = own * self._of_largest(m, largest, 1.0 - self.norm)
        return by_largest * m.power(whole, 1.0 / self.norm - 1.0)

    @staticmethod
    def _of_largest(m: Vocabulary, largest: Array, exponent: float) -> Array:
        return m.power(m.where(largest == 0, 1.0, largest), exponent)


@dataclass(frozen=True)
class PairwiseDistance(Distances):
    """Distance of two vectors in a norm.

    What it measures
    ----------------
    How far apart target and prediction lie, in their own unit; 0 where they are equal (and `eps` is
    0).

    When to use
    -----------
    Embeddings compared by their distance, and as the first half of contrastive and triplet losses.

    Pitfalls
    --------
    The gradient keeps its size up to the target, and jumps there: 0 is given. Norms below 1 are no
    norms (the triangle inequality fails), and their gradient grows without a limit as one of the
    differences vanishes. A norm of 0 counts the differences, and has no gradient. `eps` is added to
    every difference: it keeps the distance of equal vectors from 0, but not from a difference of
    -eps.

    Formula
    -------
    (sum_j |p_j - y_j + eps|^norm)^(1 / norm)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.pairwise_distance([[0.0, 0.0]], [[3.0, -4.0]]))
    5.0
    >>> float(losskit.pairwise_distance([[0.0, 0.0]], [[3.0, -4.0]], norm=1.0))
    7.0

    References
    ----------
    Deza and Deza, Encyclopedia of Distances (2009), ch. 5.1.
    """

    norm: float = parameter(2.0, kind="number", low=0.0, doc="exponent of the norm")
    eps: float = parameter(0.0, kind="number", low=0.0, doc="what is added to every difference")
    axis: int = parameter(-1, kind="integer", doc="axis along which the vectors lie")

    name = "pairwise_distance"
    aliases = ("minkowski_distance",)
    latex = r"(\sum_j |p_j - y_j|^q)^{1/q}"
    unit = "unit of y"
    metric = "root_mean_squared_error"
    task = "regression"

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """Below 1 the exponent gives no norm."""
        return self.norm >= 1.0

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.distance(m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.rate(m, y, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.bend(m, y, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -self.rate(m, y, p)


@dataclass(frozen=True)
class TripletMargin(Distances):
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

    What it measures
    ----------------
    What is missing until the negative lies farther from the anchor than the positive does by
    `margin`; 0 from there on.

    When to use
    -----------
    Embeddings of faces, products or sentences that are compared by their distance, where it is
    known which two examples are alike, and a third is not.

    Pitfalls
    --------
    There is no target: which vector is which says all. Random triplets are soon all solved and give
    no gradient: choose negatives that are near the anchor. Vectors that all shrink to one point
    cost `margin` and leave hardly a gradient. `swap` takes the negative's distance to the positive
    where that is the smaller one; `soft` smooths the corner, so that solved triplets still pull.
    `eps` is added to every difference, as in `pairwise_distance`. Where there is one array for the
    three vectors they lie side by side, along the axis before theirs.

    Formula
    -------
    max(|anchor - positive| - |anchor - negative| + margin, 0);
    |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
    soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))

    Examples
    --------
    >>> import losskit
    >>> anchor, positive, negative = [[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]]
    >>> float(losskit.triplet_margin(anchor, positive, negative, eps=0.0))
    0.5

    References
    ----------
    Schroff, Kalenichenko and Philbin, FaceNet: A Unified Embedding for Face Recognition and
    Clustering, CVPR (2015). swap: Balntas et al., Learning local feature descriptors with triplets
    and shallow convolutional neural networks, BMVC (2016). soft: Hermans, Beyer and Leibe, In
    Defense of the Triplet Loss for Person Re-Identification, arXiv:1703.07737.
    """

    margin: float = parameter(
        1.0, kind="number", doc="by how much farther the negative is to lie than the positive"
    )
    norm: float = parameter(2.0, kind="number", low=0.0, doc="exponent of the norm")
    eps: float = parameter(1e-6, kind="number", low=0.0, doc="what is added to every difference")
    swap: bool = parameter(
        False,
        kind="flag",
        doc="whether the negative's distance to the positive counts, where it is smaller",
    )
    soft: bool = parameter(
        False, kind="flag", doc="whether a softplus takes the place of the corner at 0"
    )
    axis: int = parameter(-1, kind="integer", doc="axis along which the vectors lie")

    name = "triplet_margin"
    aliases = ("triplet", "triplet_margin_loss")
    latex = r"\max(\|a - p\| - \|a - n\| + m,\; 0)"
    unit = "unit of the vectors"
    convex = False
    metric = "triplet_accuracy"
    task = "pair"

    def takes(self) -> tuple[Slot, ...]:
        names = ("anchor", "positive", "negative")
        return tuple(Slot(name, EMBEDDING, ("c",), (self.axis,)) for name in names)

    def value(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short = self._short(m, a, p, n)[0]
        if not self.soft:
            return m.maximum(short, 0.0)
        return m.maximum(short, 0.0) + m.log1p(m.tail(short))

    def anchor_slope(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, near, far = self._moved(m, a, p, n, "rate")
        return self._pull(m, short, near - far[0])

    def positive_slope(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, near, far = self._moved(m, a, p, n, "rate")
        return self._pull(m, short, -near - far[1])

    def negative_slope(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, _, far = self._moved(m, a, p, n, "rate")
        return self._pull(m, short, far[0] + far[1])

    def anchor_curve(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, near, far = self._moved(m, a, p, n, "rate")
        _, near_bend, far_bend = self._moved(m, a, p, n, "bend")
        return self._bent(m, short, near - far[0], near_bend - far_bend[0])

    def positive_curve(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, near, far = self._moved(m, a, p, n, "rate")
        _, near_bend, far_bend = self._moved(m, a, p, n, "bend")
        return self._bent(m, short, near + far[1], near_bend - far_bend[1])

    def negative_curve(self, m: Vocabulary, a: Array, p: Array, n: Array) -> Array:
        short, _, far = self._moved(m, a, p, n, "rate")
        _, _, bend = self._moved(m, a, p, n, "bend")
        return self._bent(m, short, far[0] + far[1], -(bend[0] + bend[1]))

    def _short(self, m: Vocabulary, a: Array, p: Array, n: Array) -> tuple[Array, Array | None]:
        """What is missing to the margin, and where the positive is the nearer to the negative."""
        near, far = self.distance(m, p, a), self.distance(m, n, a)
        swapped = None
        if self.swap:
            other = self.distance(m, n, p)
            swapped = other < far
            far = m.where(swapped, other, far)
        return near - far + self.margin, swapped

    def _moved(
        self, m: Vocabulary, a: Array, p: Array, n: Array, order: str
    ) -> tuple[Array, Array, tuple[Array, Array]]:
        """What is missing, laid over the vectors, and derivatives of both distances.

        That of the negative is its distance to the anchor, or to the positive: two derivatives, of
        which one is 0 everywhere.
        """
        short, swapped = self._short(m, a, p, n)
        derivative = getattr(self, order)
        near, far = derivative(m, p, a), derivative(m, n, a)
        none = lost(m, far)
        if swapped is None:
            return m.lay(short, self.axis), near, (far, none)
        there, other = m.lay(swapped, self.axis), derivative(m, n, p)
        far = m.where(there, none, far), m.where(there, other, none)
        return m.lay(short, self.axis), near, far

    def _pull(self, m: Vocabulary, short: Array, rate: Array) -> Array:
        """The slope where what is missing grows at that rate."""
        if self.soft:
            share = self._share(m, short)
            return m.where(share == 0, lost(m, short), share * rate)
        return m.where(short > 0, rate, lost(m, short))

    def _bent(self, m: Vocabulary, short: Array, rate: Array, bend: Array) -> Array:
        """The curvature likewise."""
        if not self.soft:
            return m.where(short > 0, bend, lost(m, short))
        share, e = self._share(m, short), m.tail(short)
        return share * bend + m.square(rate) * (e / m.square(1.0 + e))

    def _share(self, m: Vocabulary, short: Array) -> Array:
        """The derivative of the softplus."""
        e = m.tail(short)
        return m.where(short < 0, e, 1.0 + 0.0 * e) / (1.0 + e)
