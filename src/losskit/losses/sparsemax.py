"""Losses of the sparsemax: a projection on the probabilities that gives exact zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import constants
from losskit.core.definition import LABEL, LOGIT, PROBABILITY, Domain, parameter
from losskit.core.families import Labelled, Pointwise
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import BY_CLASS, IGNORE


@dataclass(frozen=True)
class BinarySparsemax(Pointwise):
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

    What it measures
    ----------------
    How far the probability clip((z + 1) / 2, 0, 1) is from the target: its squared distance where
    that is not 0 or 1, and linear beyond.

    When to use
    -----------
    Two classes with one logit, where probabilities of exactly 0 and 1 are wanted.

    Pitfalls
    --------
    The probability that goes with it is clip((z + 1) / 2, 0, 1), not the sigmoid. Right answers
    beyond a logit of 1 give no gradient, by intention.

    Formula
    -------
    s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond

    Examples
    --------
    >>> import losskit
    >>> float(losskit.binary_sparsemax([1.0, 0.0], [0.0, -3.0]))
    0.125

    References
    ----------
    Blondel, Martins and Niculae, Learning with Fenchel-Young Losses, Journal of Machine Learning
    Research 21 (2020), 1-69.
    """

    name = "binary_sparsemax"
    aliases = ("binary_sparsemax_loss",)
    latex = r"s(z) - y\, z - y\, (1 - y)"
    target: ClassVar[Domain] = PROBABILITY
    convex = True
    metric = "binary_accuracy"
    task = "binary"
    link = "logit"

    @property
    def prediction(self) -> Domain:
        return LOGIT

    def bends(self, y: float) -> tuple[float, ...]:
        return -1.0, 1.0

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return 2.0 * constants.mean(y, w) - 1.0

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        rest = 1.0 - y
        # The square of the slope, and linear terms >= 0 beyond; a target of 0 takes nothing of
        # either, even at infinity.
        inside = m.square(self.slope(m, y, m.clip(p, -1.0, 1.0)))
        above, below = m.maximum(p - 1.0, 0.0), m.maximum(-p - 1.0, 0.0)
        beyond = m.where(rest == 0, 0.0, rest * above) + m.where(y == 0, 0.0, y * below)
        return inside + beyond

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Beyond 1 the target by itself: in the sum a small one would leave its rounding.
        beyond = m.where(p >= 1, 1.0 - y, -y)
        # p - (2 y - 1), of which no part is rounded where they are nearly equal.
        inside = m.where(y < 0.25, (p + 1.0) - 2.0 * y, p - (2.0 * y - 1.0))
        return m.where((p >= 1) | (p <= -1), beyond, 0.5 * inside)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(m.abs(p) < 1, 0.5 + 0.0 * y, 0.0)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 2.0 * y - 1.0 - p


@dataclass(frozen=True)
class Sparsemax(Labelled):
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

    What it measures
    ----------------
    How far the sparsemax of the logits, their projection on the distributions, is from the true
    class.

    When to use
    -----------
    Classes that exclude one another, where improbable ones should get a probability of exactly 0:
    attention, large label sets, interpretation.

    Pitfalls
    --------
    The probabilities that go with it are the sparsemax of the logits, not the softmax. A class
    outside of its support gets no gradient. Class weights multiply the items and do not change the
    count of the mean.

    Formula
    -------
    weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
    to 1

    Examples
    --------
    >>> import losskit
    >>> float(losskit.sparsemax([0, 0], [[0.5, 0.0, -4.0], [2.0, 1.0, 0.0]]))
    0.03125

    References
    ----------
    Martins and Astudillo, From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label
    Classification, ICML (2016), 1614-1623.
    """

    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "sparsemax"
    aliases = ("sparsemax_loss", "multiclass_sparsemax_loss")
    latex = r"\frac{1}{2} \|p - e_y\|^2 + \max(\tau - z_y,\; 0)"
    target: ClassVar[Domain] = LABEL
    convex = True
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    link = "softmax"

    @property
    def prediction(self) -> Domain:
        return LOGIT

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        amounts = self.amounts(y, w, classes)
        return amounts / amounts.sum()

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound, short, q = self._short(m, y, p)
        half = 0.5 * m.sum(m.square(m.where(true, -m.sum(q, self.axis), q)), self.axis)
        return m.drop(sound * (half + short), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound, _, q = self._short(m, y, p)
        return sound * m.where(true, -m.sum(q, self.axis), q)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        _, sound = self._true(m, y, p)
        d = p - m.max(p, self.axis)
        threshold = self._threshold(m, d)
        support = d > threshold
        size = m.maximum(m.sum(m.where(support, 1.0 + 0.0 * threshold, 0.0), self.axis), 1.0)
        rest = (size - 1.0) / size
        return sound * m.where(support, rest, 0.0 * threshold)

    def _short(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array, Array, Array]:
        """Which class is the true one, what `_true` says, what its logit lacks to the support, and
        the probabilities of the others."""
        true, sound = self._true(m, y, p)
        d = p - m.max(p, self.axis)
        threshold = self._threshold(m, d)
        q = m.where(true, 0.0 * threshold, m.maximum(d - threshold, 0.0))
        short = m.maximum(threshold - m.sum(m.where(true, d, 0.0), self.axis), 0.0)
        return true, sound, short, q

    def _threshold(self, m: Vocabulary, d: Array) -> Array:
        """Up to which logits have a probability of 0."""
        return m.in_one("simplex_threshold", lambda: self._by_order(m, d), d)

    def _by_order(self, m: Vocabulary, d: Array) -> Array:
        falling = -m.sort(-d, self.axis)
        place = m.cumsum(m.where(d <= 0, 1.0, d), self.axis)  # none lies above 0; NaN shows
        inside = 1.0 + place * falling > m.cumsum(falling, self.axis)
        least = -m.max(m.where(inside, -falling, float("-inf")), self.axis)
        support = d >= least
        size = m.maximum(m.sum(m.where(support, 1.0 + 0.0 * least, 0.0), self.axis), 1.0)
        # Summed anew: in the cumulative sum the classes far below have left their rounding.
        return (m.sum(m.where(support, d, 0.0), self.axis) - 1.0) / size
