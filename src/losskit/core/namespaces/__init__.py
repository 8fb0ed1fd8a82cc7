"""The small vocabulary in which every loss is written, one namespace per framework.

A card's formulas take the vocabulary as their first argument, ``m``, and use nothing else:
no method of an array, no framework, no ``if`` on data. So one text serves NumPy and every
backend of Keras, and what a new framework must provide is the list below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from losskit.core import special

Array = Any
"""An array or tensor of whichever framework the vocabulary speaks."""

Several = int | tuple[int, ...]
"""One axis or several."""

Axes = Several | None
"""One axis, several, or all of them."""

SLACK = 1e-5
"""How far outside [0, 1] a probability may lie and still be read as rounding, not as a mistake."""


class Precision(NamedTuple):
    """What a floating type can hold."""

    tiny: float
    """The smallest normal number."""
    eps: float
    """The spacing of the numbers above 1; of those below 1 it is half."""

    @property
    def half_gap(self) -> float:
        """Half the spacing of the numbers below 1: what is so near to 1 may be rounded to it."""
        return self.eps / 4.0


PRECISIONS = {
    "float16": Precision(2.0**-14, 2.0**-10),
    "bfloat16": Precision(2.0**-126, 2.0**-7),
    "float32": Precision(2.0**-126, 2.0**-23),
    "float64": Precision(2.0**-1022, 2.0**-52),
}
"""Of the types in which predictions come, by name."""


class Vocabulary(ABC):
    """The functions a formula may use. The concrete ones below are the same everywhere."""

    came: Precision = Precision(0.0, 0.0)
    """Of the dtype in which the prediction came, which may be narrower than the computation's:
    float16, computed in float32, must get its gradient back, and cannot tell 1 from 0.9999."""

    by_kernel: Any = staticmethod(lambda card, alike, none, x, slope: None)
    """`rows` by a kernel, as a face has it; None where there is none."""

    fused: bool = False
    """Whether a softmax is one operation of the host, and `softmax` and `but_one` are there."""

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

    # --- made of these, in losskit/core/special.py
    log_gamma = special.log_gamma
    digamma = special.digamma
    trigamma = special.trigamma
    log_ndtr = special.log_ndtr
    log_ndtr_slope = special.log_ndtr_slope
    i0e = special.i0e
    i1e = special.i1e

    @abstractmethod
    def sum(self, x: Array, axis: Axes) -> Array:
        """Sum along ``axis``, kept as a dimension of length 1; over everything for None."""

    @abstractmethod
    def max(self, x: Array, axis: Axes) -> Array:
        """Largest value along ``axis``, kept as a dimension of length 1; of everything for None."""

    def in_one(self, name: str, made: Callable[[], Array], *of: Array, last: bool = False) -> Array:
        """What ``made`` returns, which follows from rows alone; in a program it is one step.

        Args:
            name: of the step (csrc/program.hpp): of one array and in its shape, or of length 1
                along the row, as `IN_ONE` and `WHOLE` say (losskit/programs/symbols.py).
            made: makes it by other functions of the vocabulary.
            of: the rows that it is made of.
            last: whether they lie along the last axis: a step's kernel takes no others.
        """
        return made()

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
    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        """Where the entries along ``axis`` lie, the smallest first; equal ones in their order.

        In any order for ``stable`` False, which may be much faster.
        """

    @abstractmethod
    def disorder(self, x: Array, order: Array) -> Array:
        """What was taken along the last axis by ``order``, back in its places."""

    @abstractmethod
    def positions(self, x: Array) -> Array:
        """0, 1, 2, ... along the last axis, in the shape of ``x``: whole numbers."""

    @abstractmethod
    def cumsum(self, x: Array, axis: int) -> Array:
        """The sum of each entry along ``axis`` and all before it; of whole numbers exact."""

    @abstractmethod
    def cummax(self, x: Array) -> Array:
        """The largest of each entry along the last axis and all before it; there is no NaN."""

    @abstractmethod
    def number(self, whole: Array, like: Array) -> Array:
        """Whole numbers in ``like``'s dtype."""

    @abstractmethod
    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        """True where the class index along ``axis`` of ``like`` is the row's label.

        A label that is no class of ``like`` gives a row without any True.
        """

    @abstractmethod
    def vector(self, values: Any, like: Array, axis: int) -> Array:
        """Constants, one per class, in ``like``'s dtype, laid along ``axis``."""

    @abstractmethod
    def precision(self, x: Array) -> Precision:
        """What ``x``'s dtype can hold."""

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
    def join(self, parts: Sequence[Array], axis: int) -> Array:
        """Arrays one after the other along an axis."""

    @abstractmethod
    def unstack(self, x: Array, axis: int) -> Sequence[Array]:
        """The arrays along an axis of known length, as the inverse of `stack`."""

    @abstractmethod
    def move(self, x: Array, source: Several, target: Several) -> Array:
        """``x`` with one axis moved to another place, or several, in their order, to several."""

    @abstractmethod
    def merge(self, x: Array) -> Array:
        """``x`` with its last two axes as one."""

    @abstractmethod
    def part(self, x: Array, like: Array) -> Array:
        """``x`` with its last axis as two, as long as the last two of ``like``: undoes `merge`."""

    @abstractmethod
    def matmul(self, x: Array, y: Array) -> Array:
        """The product of matrices, which the last two axes hold, with all digits of their dtype."""

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

    def in_parts(
        self, step: Any, xs: Sequence[Array], size: int | None
    ) -> tuple[Any, tuple[Array, ...]]:
        """``state, out = step(state, *parts)`` for parts of arrays along their last axis but one.

        Args:
            step: of a state and a part of each array, gives the next state and a tuple of arrays.
                The first state is None; a state is an array, or None.
            xs: the arrays, as long as one another.
            size: the length of a part; None for one that is all.

        Returns:
            The last state, and the outs, each joined along that axis.
        """
        n = xs[0].shape[-2]
        if size is None or n <= size:
            return step(None, *xs)  # type: ignore[no-any-return]
        state, outs = None, []
        for start in range(0, n, size):
            state, out = step(state, *(x[..., start : start + size, :] for x in xs))
            outs.append(out)
        return state, tuple(self.join(parts, -2) for parts in zip(*outs, strict=True))

    def rows(
        self, card: Any, alike: Array, none: Array | None, x: Array, slope: bool
    ) -> tuple[Array, Array | None]:
        """The items of a loss of similarities, and its slopes by them.

        By a kernel where there is one: what comes out is not to be differentiated.

        Args:
            card: a loss of rows, along the last axis (losskit/core/pairs.py).
            alike: of which two are alike, boolean.
            none: of which of these make no pair; None for no place.
            x: similarities.
            slope: whether slopes are asked for; else there are none.
        """
        found = self.by_kernel(card, alike, none, x, slope)
        if found is not None:
            return found  # type: ignore[no-any-return]
        y = self.kinds(alike, none, x)
        of = card.shared(self, y, x)
        return card.value(self, y, x, of), card.slope(self, y, x, of) if slope else None

    def expm1_by(self, expm1: Any, x: Array) -> Array:
        """exp(x) - 1 by a framework's function, with a derivative that is right far below 0 too.

        Frameworks take it to be expm1(x) + 1, of which there nothing but rounding is left.
        """
        far = x < -0.5
        below = self.exp(self.where(far, x, -1.0)) - 1.0
        return self.where(far, below, expm1(self.where(far, 0.0, x)))

    # --- where it is `fused`
    def softmax(self, d: Array, axis: int) -> Array:
        """exp(d) / sum(exp(d)) along ``axis``."""
        raise NotImplementedError

    def but_one(self, p: Array, axis: int) -> Array:
        """The sum along ``axis`` of all but one largest number, kept as a dimension of length 1."""
        raise NotImplementedError

    # --- derived
    def tiny(self, x: Array) -> float:
        """The smallest normal number of ``x``'s dtype."""
        return self.precision(x).tiny

    def floor(self, p: Array) -> float:
        """The least number that ``p`` is read as."""
        return max(self.tiny(p), self.came.tiny)

    def slack(self, p: Array) -> float:
        """How far outside [0, 1] ``p`` may lie and still be read as rounding."""
        return max(SLACK, 16.0 * self.complement_floor(p))

    def complement_floor(self, p: Array) -> float:
        """The least number that 1 - ``p`` is read as."""
        return max(self.precision(p).half_gap, self.came.half_gap)

    def pick(self, x: Array, labels: Array, axis: int) -> Array:
        """Of each row of ``x`` along ``axis`` the entry of the row's label, the axis kept."""
        return self.sum(self.where(self.classes(labels, x, axis), x, 0.0), axis)

    def count(self, mask: Array, axis: Axes) -> Array:
        """How often a comparison is true along ``axis``, kept as a dimension of length 1."""
        return self.sum(self.where(mask, 1.0, 0.0), axis)

    def kinds(self, alike: Array, none: Array | None, like: Array) -> Array:
        """1 where two are alike, -1 where not, 0 where they make no pair, in ``like``'s dtype."""
        one = 1.0 + self.number(self.count(alike, -1), like) * 0.0
        found = self.where(alike, one, -one)
        return found if none is None else self.where(none, 0.0 * one, found)

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

    flushes: ClassVar[bool] = False
    """Whether subnormal numbers are read as 0, those of the data and inverses of the largest."""

    def raised(self, x: Array) -> Array:
        """x * 2**100, of subnormal numbers too, which XLA and TensorFlow read as 0."""
        return x * 2.0**100

    def exp_less(self, x: Array, y: Array) -> Array:
        """exp(x) - y, also where the two are nearly equal.

        A concrete vocabulary takes the exponential of float32 in float64, where there is one. Where
        there is none, and of float64 itself, only the neighbourhood of x = 0 keeps all its digits:
        elsewhere the rounding of the exponential remains.
        """
        near = (x > -0.5) & (x < 0.5)
        return self.where(near, self.expm1(self.where(near, x, 0.0)) - (y - 1.0), self.exp(x) - y)

    def log_less(self, x: Array, y: Array) -> Array:
        """log(x) - y, likewise."""
        return self.log(x) - y

    def floored(self, p: Array) -> Array:
        """``p`` raised to the smallest normal number, so that its logarithm and inverse are finite.

        Below zero by more than rounding there is no true value: NaN, never a plausible number.
        """
        return self.where(p < -self.slack(p), float("nan"), self.maximum(p, self.floor(p)))

    def complement(self, p: Array) -> Array:
        """1 - ``p``, raised to half the spacing of the numbers below 1.

        That is all a probability that has been rounded to 1 can tell. Above 1 by more than rounding
        there is no true value: NaN.
        """
        rest = self.maximum(1.0 - p, self.complement_floor(p))
        return self.where(p > 1.0 + self.slack(p), float("nan"), rest)
