"""Losses of two vectors: of the angle between them, and of their distance."""

from __future__ import annotations

from dataclasses import dataclass

from losskit.core import softmax
from losskit.core.definition import parameter
from losskit.core.families import Rowwise
from losskit.core.namespaces import Array, Vocabulary


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

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        (u, _, _), (v, _, _) = (
            self._unit(m, self._near(m, y)[0]),
            self._unit(m, self._near(m, p)[0]),
        )
        # Rounding may take a cosine beyond 1.
        return m.drop(m.clip(-m.sum(u * v, self.axis), -1.0, 1.0), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # (v cos - u) / |p|, u and v the vectors at length 1, which is (w cos - u (v w)) / |p| with
        # w = v -+ u: where the vectors are nearly parallel, w is small and nothing cancels. What an
        # entry adds to both products is left out of them.
        (y, _), (p, power) = self._near(m, y), self._near(m, p)
        (u, y_top, _), (v, p_top, length) = self._unit(m, y), self._unit(m, p)
        cosine = m.sum(u * v, self.axis)
        side = m.where(cosine < 0, -1.0, 1.0 + 0.0 * cosine)
        # Any multiple of u may be left out of v. Of vectors of like length it is the target itself:
        # the difference is exact where they are nearly equal.
        like = (p_top > 0.5 * y_top) & (p_top < 2.0 * y_top)
        w = m.where(like, (p - side * y) / p_top / length, v - side * u)
        rest = w * softmax.others(m, u * v, self.axis) - u * softmax.others(m, v * w, self.axis)
        return rest / p_top / length * power

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        (y, _), (p, power) = self._near(m, y), self._near(m, p)
        (u, _, _), (v, top, length) = self._unit(m, y), self._unit(m, p)
        cosine = m.sum(u * v, self.axis)
        # 2 u v + cos - 3 cos v^2, without what cancels for an entry that is nearly all of v.
        bend = 3.0 * cosine * softmax.others(m, v * v, self.axis)
        bend = bend - 2.0 * softmax.others(m, u * v, self.axis)
        return bend / top / length * power / top / length * power

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.slope(m, p, y)

    def _near(self, m: Vocabulary, x: Array) -> tuple[Array, Array]:
        """The vector times a power of two that brings it near 1 if it is far, and that power.

        Of the largest numbers the inverse is subnormal, which XLA reads as 0.
        """
        largest = m.max(m.abs(x), self.axis)
        low, high = largest < 2.0**-90, largest > 2.0**90
        power = m.where(high, 2.0**-100, m.where(low, 2.0**100, 1.0 + 0.0 * largest))
        return m.where(low, m.raised(x), m.where(high, x * 2.0**-100, x)), power

    def _unit(self, m: Vocabulary, x: Array) -> tuple[Array, Array, Array]:
        """The vector at length 1, and its length as a product: the largest entry, and the rest.

        The length of a zero vector is given as 1, and its unit as 0.
        """
        # Divided by the largest entry first, lest the squares overflow or vanish.
        largest = m.max(m.abs(x), self.axis)
        zero = largest == 0
        top = m.where(zero, 1.0, largest)
        scaled = x / top
        length = m.where(zero, 1.0, m.sqrt(m.sum(m.square(scaled), self.axis)))
        return scaled / length, top, length


@dataclass(frozen=True)
class PairwiseDistance(Rowwise):
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
        d, part = self._differences(m, y, p)
        if self.norm == 0.0:
            return m.drop(
                m.sum(m.where(d == 0, 0.0, m.where(d == d, 1.0, d)), self.axis), self.axis
            )
        largest, terms = self._terms(m, d)
        length = m.power(m.sum(terms, self.axis), 1.0 / self.norm)
        return m.drop(m.where(largest == 0, 0.0, largest * length / part), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        d, _ = self._differences(m, y, p)
        return m.sign(d) * self._rates(m, d)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        d, part = self._differences(m, y, p)
        if self.norm in (0.0, 1.0):
            return 0.0 * d
        largest, terms = self._terms(m, d)
        whole = m.where(largest == 0, 1.0, m.sum(terms, self.axis))
        if self.norm < 2.0:
            # Of a difference of 0 it is infinite: 0 is given, as where all are 0.
            none = d == 0
            bent = self._rates(m, d) / m.where(none, 1.0, m.abs(d))
        else:
            none = largest == 0
            bent = m.power(whole, 1.0 / self.norm - 1.0) / m.where(none, 1.0, largest)
            if self.norm > 2.0:
                bent = bent * m.power(self._scaled(m, d), self.norm - 2.0)
        bent = (self.norm - 1.0) * bent * (softmax.others(m, terms, self.axis) / whole) * part
        return m.where(none, 0.0, bent)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -self.slope(m, y, p)

    def _differences(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array]:
        """The differences, or halves of them where the row is large, and which part they are.

        The difference of two large numbers may overflow where no slope and not every distance does.
        """
        top = m.maximum(m.max(m.abs(y), self.axis), m.max(m.abs(p), self.axis))
        part = m.where(top > 1e30, 0.5, 1.0 + 0.0 * m.minimum(top, 1.0))
        d = part * p - part * y
        return (d + part * self.eps if self.eps else d), part

    def _scaled(self, m: Vocabulary, d: Array) -> Array:
        """|d| in parts of the largest, lest its power overflow or all of them vanish."""
        largest = m.max(m.abs(d), self.axis)
        return m.abs(d) / m.where(largest == 0, 1.0, largest)

    def _terms(self, m: Vocabulary, d: Array) -> tuple[Array, Array]:
        """The largest |d|, and what each adds to the sum of powers, in parts of the largest's."""
        size, largest = m.abs(d), m.max(m.abs(d), self.axis)
        if self.norm < 1.0:
            # The quotient may vanish where its power does not; of each by itself no power leaves
            # the range.
            terms = m.power(size, self.norm) / self._of_largest(m, largest, self.norm)
        elif self.norm == 1.0:
            terms = self._scaled(m, d)
        elif self.norm == 2.0:
            terms = m.square(self._scaled(m, d))
        else:
            terms = m.power(self._scaled(m, d), self.norm)
        return largest, terms

    def _rates(self, m: Vocabulary, d: Array) -> Array:
        """|slope| where d is not 0."""
        size, largest = m.abs(d), m.max(m.abs(d), self.axis)
        if self.norm == 0.0:
            return 0.0 * d
        if self.norm == 1.0:
            return m.where(d == d, 1.0, d)
        whole = m.where(largest == 0, 1.0, m.sum(self._terms(m, d)[1], self.axis))
        if self.norm == 2.0:
            return self._scaled(m, d) / m.sqrt(whole)
        if self.norm > 2.0:
            by_largest = m.power(self._scaled(m, d), self.norm - 1.0)
        else:
            own = m.power(m.where(d == 0, 1.0, size), self.norm - 1.0)
            by_largest = own * self._of_largest(m, largest, 1.0 - self.norm)
        return by_largest * m.power(whole, 1.0 / self.norm - 1.0)

    @staticmethod
    def _of_largest(m: Vocabulary, largest: Array, exponent: float) -> Array:
        return m.power(m.where(largest == 0, 1.0, largest), exponent)
