"""A card's value on JAX arrays, with the card's slopes as its derivatives.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients, so nothing here
is differentiated: the slope is given, as a rule that serves forward and reverse mode. It is written
in JAX's own operations, and so has derivatives itself.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from contextlib import nullcontext
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.namespaces.jax import JaxVocabulary
from losskit.engine.across import Across
from losskit.engine.arrays import HALF
from losskit.engine.formulas import At, Formulas
from losskit.engine.framework import Framework
from losskit.jax import blocks, kernels
from losskit.jax.traced import Traced
from losskit.native.find import simplicity
from losskit.programs.run import counted, divides_by_large
from losskit.programs.symbols import Wanted

try:
    from jax import enable_x64
except ImportError:  # an older JAX
    from jax.experimental import enable_x64


def apply(
    by: Formulas,
    used: Array | None,
    *arrays: Array,
    traced: dict[str, Any] | None = None,
    scale: Any = None,
    weighted: bool = False,
) -> Array:
    """by.value(used, *arrays), in the dtype of the computation: the items, or the value of a set.

    Args:
        by: the formulas.
        used: boolean, in the shape of the items: which of them count; None for all.
        arrays: what the formulas take: slots first.
        traced: parameters of the card that are no Python numbers, in place of its own.
        scale: a number by which the sum of the items is asked for; None for the items. The gradient
            is written once, by that number already.
        weighted: whether the items will be multiplied by weights.
    """
    known = (by.card, by.m, type(by.framework), by.across)
    function = _differentiable(*known, weighted, kernels.registered())
    return function(traced or {}, used, scale, *arrays)


@lru_cache(2048)
def _differentiable(
    card: Any,
    m: JaxVocabulary,
    framework: type[Framework],
    across: Across | None,
    weighted: bool,
    by_kernels: bool,
) -> Any:
    """The function (traced, used, scale, *arrays) -> value, with its derivatives."""
    slots, first = card.slots, card.main
    # The predictions first, whose slopes there are already.
    made = [i for i, slot in enumerate(slots) if slot.predicted]
    order = sorted(range(len(slots)), key=lambda i: i not in made)
    formulas = Formulas(card, m, framework(), across=across)

    def at(
        traced: dict[str, Any], used: Any, *arrays: Array, ahead: tuple[int, ...] | None = None
    ) -> At:
        known = copy.copy(card) if traced else card
        for name, number in traced.items():
            object.__setattr__(known, name, Traced(name, number))
        return dataclasses.replace(formulas, card=known).at(used, *arrays, ahead=ahead)

    def by_formulas(slope: bool, traced: Any, used: Any, scale: Any, *arrays: Array) -> Any:
        """(value,) or (value, slopes by the predictions)."""
        p, long = arrays[first], getattr(card, "long", False)
        # In float64 where rounding would add up over many steps.
        with enable_x64(True) if long else nullcontext():
            if long:
                wide = jax.lax.convert_element_type(p, np.float64)
                arrays = (*arrays[:first], wide, *arrays[first + 1 :])
            by = tuple(made) if slope else ()
            here = at(traced, used, *arrays, ahead=None if traced else by)
            found = here.every(by) if not traced else [here.value(), *map(here.slope, by)]
            if long:
                narrow = jnp.float32 if p.dtype.name in HALF else p.dtype
                found = [jax.lax.convert_element_type(x, narrow) for x in found]
        if across is not None:  # it is the same on all devices, but its derivative is not
            found[0] = kernels.alike([found[0], p])[0]
        if scale is not None:
            found[0] = found[0].sum()
            found = [x * scale for x in found]
        return tuple(found)

    def by_blocks(
        parts: int, slope: bool, traced: Any, used: Any, scale: Any, *arrays: Array
    ) -> Any:
        """The same, some rows at a time."""

        def of_block(used: Any, *arrays: Array) -> Any:
            items, *slopes = by_formulas(slope, traced, used, None, *arrays)
            return (items, *(slopes if scale is None else [x * scale for x in slopes]))

        items, *slopes = blocks.over(of_block, parts, used, arrays)
        return (items if scale is None else items.sum() * scale, *slopes)

    def asked(slope: bool) -> Wanted:
        return (("value", 0), *(("slope", i) for i in (made if slope else ())))

    def single(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """Predictions of half precision in float32."""
        p = arrays[first]
        if p.dtype.name not in HALF:
            return arrays
        return (*arrays[:first], p.astype(jnp.float32), *arrays[first + 1 :])

    def by_kernel(slope: bool, traced: Any, scale: Any, *arrays: Array) -> Any:
        """The same by a kernel; None where there is none."""
        whole, long = scale is not None, getattr(card, "long", False)
        if traced or not by_kernels:
            return None
        # XLA computes simple items where they are used, and never writes them down; their slopes
        # too, but where these are chosen by comparisons a kernel is faster, if it is the last word.
        last = slope and not weighted
        if not whole and simplicity(card) in (("sums",) if last else ("sums", "comparisons")):
            return None
        given = single(arrays) if long else arrays
        p = arrays[first]
        if _few(card, asked(slope), p.shape) or (slope and _labelled(card, asked(True), p)):
            return None
        spec = kernels.find(card, *given, came=m.came if m.came.eps and not long else None)
        if spec is None:
            return None

        def kernel(_: Any, used: Array | None, scale: Any, *arrays: Array) -> Any:
            flags = {"total": whole, "items": not whole, "slope": slope}
            arrays = single(arrays) if long else arrays
            result, *slopes = kernels.call(spec, arrays, keep=used, scale=scale, **flags)
            result = result * scale if whole else result
            # As the formulas give it, in the dtype of the computation.
            return (result, *(x.astype(result.dtype) for x in slopes))

        return kernel

    def run(slope: bool, traced: Any, used: Any, scale: Any, *arrays: Array) -> Any:
        kernel, plain = by_kernel(slope, traced, scale, *arrays), partial(by_formulas, slope)
        if kernel is None:
            parts = blocks.count(card, asked(slope), arrays) if across is None else 1
            if parts == 1:
                return plain(traced, used, scale, *arrays)
            kernel = partial(by_blocks, parts, slope)
        return jax.lax.platform_dependent(traced, used, scale, *arrays, cpu=kernel, default=plain)

    both = jax.custom_jvp(partial(run, True))
    value = jax.custom_jvp(lambda *args: run(False, *args)[0])

    def moved(primals: Any, tangents: Any, slopes: Any) -> Array:
        """By how much the value moves; ``slopes`` are those by the predictions."""
        (traced, used, scale, *arrays), (by_traced, _, by_scale, *by_arrays) = primals, tangents
        parts = []
        for i in order:
            if not _given(by_arrays[i]) or not slots[i].differentiable:
                continue
            known = slopes is not None and i in made
            of = slopes[made.index(i)] if known else at(traced, used, *arrays).slope(i)
            by = by_arrays[i].astype(of.dtype)
            along = of * by if slots[i].predicted else along_target(of, by)
            along = formulas.gather(i, along) if scale is None else along.sum()
            parts.append(along if scale is None or known else along * scale)
        # The rest, such as weights of a set, has no jumps.
        n = len(slots)
        rest, by_rest = (traced, scale, arrays[n:]), (by_traced, by_scale, by_arrays[n:])

        def of_rest(traced: Any, scale: Any, more: Any) -> Array:
            return by_formulas(False, traced, used, scale, *arrays[:n], *more)[0]

        if any(map(_given, jax.tree.leaves(by_rest))):
            parts.append(_along(of_rest, rest, by_rest))
        return sum(parts[1:], parts[0])

    def slope(i: int, traced: Any, used: Any, scale: Any, *arrays: Array) -> Array:
        found = at(traced, used, *arrays).slope(i)
        return found if scale is None else found * scale

    def of_both(primals: Any, tangents: Any) -> Any:
        found = both(*primals)
        # By differentiation of the slope, which has no jumps but the loss's own.
        bent = [_along(partial(slope, i), primals, tangents) for i in made]
        return found, (moved(primals, tangents, found[1:]), *bent)

    def of_value(primals: Any, tangents: Any) -> Any:
        if any(_given(tangents[3 + i]) for i in made):
            found, *slopes = both(*primals)
            return found, moved(primals, tangents, slopes)
        found = value(*primals)
        return found, moved(primals, tangents, None)

    both.defjvp(of_both, symbolic_zeros=True)
    value.defjvp(of_value, symbolic_zeros=True)
    # Compiled by itself, a call outside of any jit is one dispatch, not thirty.
    return jax.jit(value, inline=True)


_FEW = 32
"""Numbers that XLA is done with before a kernel, called from outside, has begun."""
_STEPS = 6
"""Sums and maxima along rows, each a loop of its own to XLA, up to which that holds."""
_SHORT = 8
"""Numbers of a row, of fewer of which what belongs to rows is as much work as they are."""
_WORK = 640
"""Operations of a loop on all numbers, from which on XLA calls its threads, for 25 us."""


def _few(card: Any, wanted: Wanted, shape: tuple[Any, ...]) -> bool:
    """Whether XLA computes so few numbers sooner by the formulas than by a kernel."""
    if not all(isinstance(n, int) for n in shape) or not 0 < math.prod(shape) <= _FEW:
        return False
    axes = [axis % len(shape) for axis in card.slots[card.main].axes]
    if sorted(axes) != list(range(len(shape)))[len(shape) - len(axes) :]:
        return False  # numbers that lie apart are summed in more loops
    length = math.prod([shape[axis] for axis in axes])
    found = counted(card, wanted, length)
    # By the inverse of the largest numbers XLA may divide as by 0.
    if found is None or divides_by_large(card, wanted, length):
        return False
    if axes:
        return length >= _SHORT and found["sum"] + found["max"] <= _STEPS
    return found.total() * math.prod(shape) <= _WORK


_LONG = 48
"""Classes of a row, up to which a kernel is faster at rows with labels."""
_IN_CACHES = 2**21
"""Numbers from which on it is again, for it clears whole pages."""


def _labelled(card: Any, wanted: Wanted, p: Array) -> bool:
    """Whether XLA is faster at rows with labels, of which hardly anything is summed.

    It writes their gradient once, by the number too that a mean divides by; and by float16 a kernel
    gives float32.
    """
    if not card.slots[0].domain.labels or not all(isinstance(n, int) for n in p.shape):
        return False
    size, length = math.prod(p.shape), p.shape[card.axis]
    if length <= _LONG or not (p.dtype == jnp.float16 or 2**16 <= size <= _IN_CACHES):
        return False
    found = counted(card, wanted, length)
    if found is None or divides_by_large(card, wanted, length):
        return False
    return found["sum"] + found["max"] <= 2


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
