"""The small vocabulary in which every loss is written, one namespace per framework.

A card's formulas take the vocabulary as their first argument, ``m``, and use nothing else:
no method of an array, no framework, no ``if`` on data. So one text serves NumPy and every
backend of Keras, and what a new framework must provide is the list below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

Array = Any
"""An array or tensor of whichever framework the vocabulary speaks."""

Axes = int | tuple[int, ...] | None
"""One axis, several, or all of them."""

SLACK = 1e-5
"""How far outside [0, 1] a probability may lie and still be read as rounding, not as a mistake."""


class Vocabulary(ABC):
    """The functions a formula may use. The concrete ones below are the same everywhere."""

    least: float = 0.0
    """The smallest normal number of the dtype in which the prediction came, where that is larger
    than the one of the computation: float16, computed in float32, must get its gradient back."""

    # --- elementwise, with the usual IEEE behaviour at inf and NaN
    abs: Any
    exp: Any
    expm1: Any
    log: Any
    log1p: Any
    sqrt: Any
    tanh: Any
    sign: Any
    maximum: Any
    minimum: Any
    where: Any
    power: Any
    """A number >= 0 to a fixed exponent; not in pointwise formulas, for the kernels lack it."""

    @abstractmethod
    def sum(self, x: Array, axis: Axes) -> Array:
        """Sum along ``axis``, kept as a dimension of length 1; over everything for None."""

    @abstractmethod
    def max(self, x: Array, axis: Axes) -> Array:
        """Largest value along ``axis``, kept as a dimension of length 1; of everything for None."""

    @abstractmethod
    def drop(self, x: Array, axis: Axes) -> Array:
        """Remove the dimension of length 1 that ``sum`` and ``max`` keep."""

    @abstractmethod
    def lay(self, x: Array, axis: int) -> Array:
        """Insert a dimension of length 1, as the inverse of ``drop``."""

    @abstractmethod
    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        """Each entry along ``axis`` beside each: two arrays that broadcast to a dimension more.

        The new one is the last, and runs over the entries as ``axis`` does.
        """

    @abstractmethod
    def sort(self, x: Array, axis: int) -> Array:
        """The entries along ``axis``, the smallest first."""

    @abstractmethod
    def cumsum(self, x: Array, axis: int) -> Array:
        """The sum of each entry along ``axis`` and all before it."""

    @abstractmethod
    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        """True where the class index along ``axis`` of ``like`` is the row's label.

        A label that is no class of ``like`` gives a row without any True.
        """

    @abstractmethod
    def vector(self, values: Any, like: Array, axis: int) -> Array:
        """Constants, one per class, in ``like``'s dtype, laid along ``axis``."""

    @abstractmethod
    def tiny(self, x: Array) -> float:
        """The smallest normal number of ``x``'s dtype."""

    # --- sequences
    @abstractmethod
    def take(self, x: Array, index: Array) -> Array:
        """Of each row of ``x`` (..., T, C) the entries at ``index`` (..., L): (..., T, L)."""

    @abstractmethod
    def put(self, x: Array, index: Array, size: int) -> Array:
        """The transpose of `take`: entries of equal index summed, (..., T, L) to (..., T, size)."""

    @abstractmethod
    def pad(self, x: Array, before: int, after: int, fill: float) -> Array:
        """``x`` with so many entries more at the ends of its last axis."""

    @abstractmethod
    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        """``x`` in reversed order along these axes."""

    @abstractmethod
    def stack(self, parts: Sequence[Array], axis: int) -> Array:
        """Arrays of one shape along a new axis."""

    @abstractmethod
    def move(self, x: Array, source: int, target: int) -> Array:
        """``x`` with one axis moved to another place."""

    @abstractmethod
    def merge(self, x: Array) -> Array:
        """``x`` with its last two axes as one."""

    def scan(self, step: Any, state: Any, xs: Array) -> tuple[Any, Any]:
        """``state, out = step(state, x)`` for each ``x`` along the first axis of ``xs``.

        Args:
            step: of a tuple of arrays and an array, gives the next such tuple and another tuple.
            state: the first; each has the shape and dtype of the next.
            xs: at least one ``x``.

        Returns:
            The last state, and the outs, each stacked along a new first axis.
        """
        outs = []
        for i in range(xs.shape[0]):
            state, out = step(state, xs[i])
            outs.append(out)
        return state, tuple(self.stack(parts, 0) for parts in zip(*outs, strict=True))

    # --- derived
    def square(self, x: Array) -> Array:
        return x * x

    def clip(self, x: Array, low: float, high: float) -> Array:
        return self.minimum(self.maximum(x, low), high)

    def tail(self, x: Array) -> Array:
        """exp(-|x|): never overflows, and is accurate in both tails."""
        # Of |x| a backend takes the derivative at 0 to be 0, and that of a slope would be off with
        # it.
        return self.exp(self.where(x < 0, x, -x))

    def sigmoid(self, x: Array) -> Array:
        # exp of a non-positive number only: no overflow, and full relative accuracy in both tails.
        e = self.exp(-self.abs(x))
        return self.where(x >= 0, 1.0, e) / (1.0 + e)

    def floored(self, p: Array) -> Array:
        """``p`` raised to the smallest normal number, so that its logarithm and inverse are finite.

        Below zero by more than rounding there is no true value: NaN, never a plausible number.
        """
        return self.where(p < -SLACK, float("nan"), self.maximum(p, max(self.tiny(p), self.least)))
