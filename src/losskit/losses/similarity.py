"""Losses of the angle between two vectors."""

from __future__ import annotations

from dataclasses import dataclass

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
        u, _ = self._unit(m, y)
        v, _ = self._unit(m, p)
        return m.drop(-m.sum(u * v, self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        u, _ = self._unit(m, y)
        v, per_length = self._unit(m, p)
        return (m.sum(u * v, self.axis) * v - u) * per_length

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        u, _ = self._unit(m, y)
        v, per_length = self._unit(m, p)
        cosine = m.sum(u * v, self.axis)
        return (2.0 * u * v + cosine - 3.0 * cosine * v * v) * per_length * per_length

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.slope(m, p, y)

    def _unit(self, m: Vocabulary, x: Array) -> tuple[Array, Array]:
        """The vector at length 1, and 1 / length (both 0 for a zero vector)."""
        # Divided by the largest entry first, lest the squares overflow or vanish.
        largest = m.max(m.abs(x), self.axis)
        zero = largest == 0
        scaled = x / m.where(zero, 1.0, largest)
        length = m.sqrt(m.sum(m.square(scaled), self.axis))
        length = m.where(zero, 1.0, length)
        return scaled / length, m.where(zero, 0.0, 1.0 / m.where(zero, 1.0, largest) / length)
