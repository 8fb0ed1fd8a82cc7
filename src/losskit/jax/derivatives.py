"""A card's items on JAX arrays, with the card's slopes as their derivatives.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients, so nothing here
is differentiated: the slope is given, as a rule that serves forward and reverse mode. It is written
in JAX's own operations, and so has derivatives itself.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.families import Items, Setwise
from losskit.engine.across import Across
from losskit.engine.arrays import HALF
from losskit.engine.formulas import Formulas
from losskit.jax import kernels
from losskit.jax.operations import OPERATIONS
from losskit.jax.traced import Traced
from losskit.native.find import simplicity


@dataclass(frozen=True)
class _Known:
    """A card's formulas for parameters that are traced, and predictions that were cast."""

    card: Any
    traced: tuple[str, ...]
    """The parameters that are no Python numbers."""
    came: str | None
    """The dtype in which predictions came that were cast; None for their own."""
    across: Across | None = None
    """Where the other parts of a set are."""

    def formulas(self, parameters: Any, p: Array) -> Formulas:
        card = self.card
        if self.traced:
            card = copy.copy(card)
            for name, value in zip(self.traced, parameters, strict=True):
                object.__setattr__(card, name, Traced(name, value))
        m = OPERATIONS.vocabulary(self.came or p.dtype.name)
        return Formulas(card, m, OPERATIONS, across=self.across)

    def value(self, parameters: Any, used: Array | None, *arrays: Array) -> Array:
        def of(*arrays: Array) -> Array:
            return self.formulas(parameters, arrays[self.card.main]).value(used, *arrays)

        return self._widely(of, arrays)

    def slope(self, slot: int, parameters: Any, used: Array | None, *arrays: Array) -> Array:
        p = arrays[self.card.main]
        return self.formulas(parameters, p).slope(slot, used, *arrays)

    def wide_slope(self, slot: int, parameters: Any, used: Array | None, *arrays: Array) -> Array:
        return self._widely(lambda *arrays: self.slope(slot, parameters, used, *arrays), arrays)

    def _widely(self, function: Any, arrays: tuple[Array, ...]) -> Array:
        """Computed in float64 where rounding would add up over many steps."""
        if not getattr(self.card, "long", False):
            return function(*arrays)
        first = self.card.main
        p = arrays[first]
        with _float64():
            wide = jax.lax.convert_element_type(p, np.float64)
            found = function(*arrays[:first], wide, *arrays[first + 1 :])
            narrow = jnp.float32 if p.dtype.name in HALF else p.dtype
            return jax.lax.convert_element_type(found, narrow)


def items(
    card: Items,
    parameters: dict[str, Any],
    used: Array | None,
    *arrays: Array,
    came: str | None = None,
    weighted: bool = False,
) -> Array:
    """The items of a card that count, 0 for the others, in the computation's dtype.

    Args:
        card: a pointwise or row-wise card.
        parameters: those of its parameters that are traced, in place of the card's own.
        used: boolean, in the shape of the items: which of them count; None for all.
        arrays: what the card takes, slot by slot.
        came: the dtype in which predictions came that were cast; None for their own.
        weighted: whether they will be multiplied by weights.
    """
    names = tuple(parameters)
    function = _differentiable(card, names, False, kernels.registered(), came, weighted)
    return function(tuple(parameters.values()), used, None, *arrays)


def total(
    card: Items,
    parameters: dict[str, Any],
    used: Array | None,
    scale: Any,
    *arrays: Array,
    came: str | None = None,
) -> Array:
    """The sum of the `items` times a number, the gradient written once, by that number already."""
    function = _differentiable(card, tuple(parameters), True, kernels.registered(), came)
    p = arrays[card.main]
    computed = jnp.float32 if p.dtype.name in HALF else p.dtype
    return function(tuple(parameters.values()), used, jnp.asarray(scale, computed), *arrays)


@lru_cache(2048)
def _differentiable(
    card: Any,
    traced: tuple[str, ...],
    whole: bool,
    by_kernels: bool,
    came: str | None = None,
    weighted: bool = False,
) -> Any:
    """The function (parameters, used, scale, *arrays) -> items or total, with its derivatives."""
    known, first = _Known(card, traced, came), card.main

    def plain_value(parameters: Any, used: Any, scale: Any, *arrays: Array) -> Array:
        found = known.value(parameters, used, *arrays)
        return found.sum() * scale if whole else found

    def plain_slope(parameters: Any, used: Any, scale: Any, *arrays: Array) -> Array:
        found = known.slope(first, parameters, used, *arrays)
        return found * scale if whole else found

    def plain(parameters: Any, used: Any, scale: Any, *arrays: Array) -> Any:
        found = known.wide_slope(first, parameters, used, *arrays)
        value = plain_value(parameters, used, scale, *arrays)
        return value, found * scale if whole else found

    def fused(arrays: tuple[Array, ...], slope: bool) -> Any:
        """The same by a kernel; None where there is none."""
        p = arrays[first]
        # Slopes in float16 would underflow before a loss scale that is there to prevent just that.
        if traced or came is not None or not by_kernels or p.dtype == jnp.float16:
            return None
        # XLA computes simple items where they are used, and never writes them down; their slopes
        # too, but where these are chosen by comparisons a kernel is faster, if it is the last word.
        last = slope and not weighted
        if not whole and simplicity(card) in (("sums",) if last else ("sums", "comparisons")):
            return None
        spec = kernels.find(card, *arrays)
        if spec is None:
            return None

        def by_kernel(_: Any, used: Array | None, scale: Array | None, y: Array, p: Array) -> Any:
            found = kernels.call(
                spec, y, p, keep=used, scale=scale, total=whole, items=not whole, slope=slope
            )
            result = found[0] * scale if whole else found[0]
            # As the formulas give it, in the dtype of the computation.
            return (result, found[1].astype(result.dtype)) if slope else result

        return by_kernel

    @jax.custom_jvp
    def value(*args: Any) -> Array:
        kernel = fused(args[3:], False)
        if kernel is None:
            return plain_value(*args)
        return jax.lax.platform_dependent(*args, cpu=kernel, default=plain_value)

    @jax.custom_jvp
    def both(*args: Any) -> Any:
        kernel = fused(args[3:], True)
        if kernel is None:
            return plain(*args)
        return jax.lax.platform_dependent(*args, cpu=kernel, default=plain)

    def rate(primals: Any, tangents: Any, slope: Array) -> Array:
        parameters, used, scale, *arrays = primals
        by_parameters, _, by_scale, *by_arrays = tangents
        formulas = known.formulas(parameters, arrays[first])
        parts = []
        # The prediction first, whose slope there is already.
        for i in sorted(range(len(card.slots)), key=lambda i: i != first):
            tangent = by_arrays[i]
            if not _given(tangent) or not card.slots[i].differentiable:
                continue
            if i == first:
                moved = slope * tangent.astype(slope.dtype)
                parts.append(moved.sum() if whole else formulas.gather(i, moved))
                continue
            own = known.slope(i, parameters, used, *arrays)
            times = _product if card.slots[i].predicted else along_target
            moved = times(own, tangent.astype(own.dtype))
            parts.append(moved.sum() * scale if whole else formulas.gather(i, moved))
        others = (by_parameters, by_scale)
        if any(_given(x) for x in jax.tree.leaves(others)):
            parts.append(
                _along(lambda q, s: plain_value(q, used, s, *arrays), (parameters, scale), others)
            )
        return sum(parts[1:], parts[0])

    def slope_rule(primals: Any, tangents: Any) -> Any:
        results = both(*primals)
        # By differentiation of the slope, which has no jumps but the loss's own.
        bent = _along(plain_slope, primals, tangents)
        return results, (rate(primals, tangents, results[1]), bent)

    def value_rule(primals: Any, tangents: Any) -> Any:
        if _given(tangents[3 + first]):
            result, slope = both(*primals)
        else:
            result = slope = value(*primals)
        return result, rate(primals, tangents, slope)

    both.defjvp(slope_rule, symbolic_zeros=True)
    value.defjvp(value_rule, symbolic_zeros=True)
    # Compiled by itself, a call outside of any jit is one dispatch, not thirty.
    return jax.jit(value, inline=True)


def of_set(card: Setwise, across: Across | None, *arrays: Array) -> Array:
    """The value of a set for its slots, weights and the number of items."""
    return _of_set(card, across)(*arrays)


@lru_cache(1024)
def _of_set(card: Any, across: Across | None) -> Any:
    known, n = _Known(card, (), None, across), len(card.slots)

    def value(*args: Array) -> Array:
        found = known.formulas((), args[card.main]).value(None, *args)
        # It is the same on all devices, but its derivative is not.
        return found if across is None else kernels.alike([found, args[card.main]])[0]

    given = jax.custom_jvp(value)

    def rule(primals: Any, tangents: Any) -> Any:
        parts = [
            (known.slope(i, (), None, *primals) * by).sum()
            for i, by in enumerate(tangents[:n])
            if _given(by)
        ]
        if any(_given(x) for x in tangents[n:]):
            arrays, rest = primals[:n], primals[n:]
            parts.append(_along(lambda *rest: value(*arrays, *rest), rest, tangents[n:]))
        return given(*primals), sum(parts[1:], parts[0])

    given.defjvp(rule, symbolic_zeros=True)
    return jax.jit(given, inline=True)


def _product(slope: Array, tangent: Array) -> Array:
    return slope * tangent


def along_target(slope: Array, tangent: Array) -> Array:
    """slope * tangent, where an infinite slope counts only along a tangent other than 0.

    By a class that the prediction rules out the slope is infinite, and 0 times it would be NaN for
    the whole row. Backwards it comes as 2**100, which the 0 of a softmax or exp takes away again.
    """
    infinite = jnp.abs(slope) == jnp.inf
    beyond = jnp.where(infinite, jnp.sign(slope) * 2.0**100, 0.0) * tangent
    # Linear in the tangent, as a comparison with 0 is not; and no product that XLA may regroup: in
    # five bits an exponent of 16 is infinity.
    return _finite(slope) * tangent + jax.lax.reduce_precision(beyond, 5, 10)


@jax.custom_jvp
def _finite(x: Array) -> Array:
    """x, and 0 where it is infinite, with the derivative of x there too."""
    return jnp.where(jnp.abs(x) == jnp.inf, 0.0, x)


_finite.defjvp(lambda xs, dxs: (_finite(*xs), *dxs))


def _float64() -> Any:
    """The context in which arrays may be float64, whatever JAX's configuration."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


def _given(tangent: Any) -> bool:
    return not isinstance(tangent, jax.custom_derivatives.SymbolicZero)


def _along(function: Any, at: Any, tangents: Any) -> Array:
    """The derivative of a function of arrays (and tuples of them) along tangents."""
    leaves, tree = jax.tree.flatten(at)
    directions = jax.tree.leaves(tangents)
    moving = [i for i, x in enumerate(directions) if _given(x)]

    def of_moving(*xs: Array) -> Array:
        every = list(leaves)
        for i, x in zip(moving, xs, strict=True):
            every[i] = x
        return function(*jax.tree.unflatten(tree, every))

    return jax.jvp(of_moving, [leaves[i] for i in moving], [directions[i] for i in moving])[1]
