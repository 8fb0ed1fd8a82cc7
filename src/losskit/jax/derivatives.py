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

from losskit.core.families import Items, Setwise, has_row_target, out_of_domain
from losskit.core.inputs import HALF
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.jax import JaxVocabulary
from losskit.jax import kernels
from losskit.jax.traced import Traced
from losskit.native.find import simplicity


@jax.custom_jvp
def _sigmoid(x: Array) -> Array:
    return JaxVocabulary(jax).sigmoid(x)


@_sigmoid.defjvp
def _(primals: Any, tangents: Any) -> Any:
    # Through |x| the slope at 0 would be 0, where the sigmoid's is 1/4.
    (x,), (dx,) = primals, tangents
    return _sigmoid(x), _sigmoid(x) * _sigmoid(-x) * dx


VOCABULARY = JaxVocabulary(jax, _sigmoid)
_BY_DTYPE = {name: JaxVocabulary(jax, _sigmoid, came) for name, came in PRECISIONS.items()}
"""For predictions that came in that dtype."""


@dataclass(frozen=True)
class Formulas:
    """A card's formulas for arguments that may hold anything where they do not count.

    Arguments of each: parameters (those that are traced), targets, predictions, and which items
    count (None for all). Predictions may come in half precision; results are in the dtype of the
    computation.
    """

    card: Any
    traced: tuple[str, ...]
    """The parameters that are no Python numbers."""
    came: str | None = None
    """The dtype in which predictions came that were cast; None for their own."""

    def items(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        return self._counted(card.value(m, y, p), out_of_domain(m, card, y, p), keep, False)

    def slope(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        return self._counted(card.slope(m, y, p), out_of_domain(m, card, y, p), keep, True)

    def widely(self, order: str) -> Any:
        """`items` or `slope`, computed in float64 where rounding would add up over many steps."""
        function = getattr(self, order)
        if not self.card.long:
            return function

        def wide(parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
            with _float64():
                found = function(parameters, y, jax.lax.convert_element_type(p, np.float64), keep)
                narrow = jnp.float32 if p.dtype.name in HALF else p.dtype
                return jax.lax.convert_element_type(found, narrow)

        return wide

    def target_slope(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        bad = out_of_domain(m, card, y, p)
        return self._counted(card.target_slope(m, y, p), bad, keep, not has_row_target(card))

    def spread(self, x: Array) -> Array:
        """What belongs to the items, laid over the elements of the prediction."""
        return jnp.expand_dims(x, self.card.item_axes())

    def gather(self, x: Array) -> Array:
        """What belongs to the elements, summed over those of an item."""
        return x.sum(self.card.item_axes())

    def _fit(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Any:
        card = self.card
        if self.traced:
            card = copy.copy(card)
            for name, value in zip(self.traced, parameters, strict=True):
                object.__setattr__(card, name, Traced(name, value))
        m = _BY_DTYPE.get(self.came or p.dtype.name, VOCABULARY)
        p = p.astype(jnp.float32) if p.dtype.name in HALF else p
        ignored = card.ignored()
        if ignored is not None:
            counted = y != ignored
            keep = counted if keep is None else keep & counted
        if not card.target.labels:
            y = y.astype(p.dtype)
        if keep is not None:
            # Before any formula: what does not count may be NaN, and 0 * NaN is NaN.
            laid = keep if has_row_target(card) else self.spread(keep)
            y = jnp.where(laid, y, 0 if card.target.labels else 1.0)
            p = jnp.where(self.spread(keep), p, 0.5)
        return m, card, y, p, keep

    def _counted(self, x: Array, bad: Array | None, keep: Array | None, elements: bool) -> Array:
        """NaN for bad items, 0 for those that do not count."""
        if bad is not None:
            x = jnp.where(self.spread(bad) if elements else bad, jnp.nan, x)
        if keep is None:
            return x
        return jnp.where(self.spread(keep) if elements else keep, x, 0.0)


def items(
    card: Items,
    parameters: dict[str, Any],
    y: Array,
    p: Array,
    keep: Array | None,
    came: str | None = None,
    weighted: bool = False,
) -> Array:
    """card.value(m, y, p) of the items that count, 0 for the others, in the computation's dtype.

    Args:
        card: a pointwise or row-wise card.
        parameters: those of its parameters that are traced, in place of the card's own.
        y: targets.
        p: predictions.
        keep: boolean, in the shape of the items: which of them count; None for all.
        came: the dtype in which predictions came that were cast; None for their own.
        weighted: whether they will be multiplied by weights.
    """
    names = tuple(parameters)
    function = _differentiable(card, names, False, kernels.registered(), came, weighted)
    return function(tuple(parameters.values()), y, p, keep, None)


def total(
    card: Items,
    parameters: dict[str, Any],
    y: Array,
    p: Array,
    keep: Array | None,
    scale: Any,
    came: str | None = None,
) -> Array:
    """The sum of the `items` times a number, the gradient written once, by that number already."""
    function = _differentiable(card, tuple(parameters), True, kernels.registered(), came)
    computed = jnp.float32 if p.dtype.name in HALF else p.dtype
    return function(tuple(parameters.values()), y, p, keep, jnp.asarray(scale, computed))


@lru_cache(2048)
def _differentiable(
    card: Any,
    traced: tuple[str, ...],
    whole: bool,
    by_kernels: bool,
    came: str | None = None,
    weighted: bool = False,
) -> Any:
    """The function (parameters, y, p, keep, scale) -> items or total, with its derivatives."""
    formulas = Formulas(card, traced, came)

    value_of, slope_of = formulas.widely("items"), formulas.widely("slope")

    def plain_value(*args: Any) -> Array:
        found = value_of(*args[:4])
        return found.sum() * args[4] if whole else found

    def plain_slope(*args: Any) -> Array:
        found = formulas.slope(*args[:4])
        return found * args[4] if whole else found

    def plain(*args: Any) -> Any:
        found = slope_of(*args[:4])
        return plain_value(*args), found * args[4] if whole else found

    def fused(y: Array, p: Array, slope: bool) -> Any:
        """The same by a kernel; None where there is none."""
        # Slopes in float16 would underflow before a loss scale that is there to prevent just that.
        if traced or came is not None or not by_kernels or p.dtype == jnp.float16:
            return None
        # XLA computes simple items where they are used, and never writes them down; their slopes
        # too, but where these are chosen by comparisons a kernel is faster, if it is the last word.
        last = slope and not weighted
        if not whole and simplicity(card) in (("sums",) if last else ("sums", "comparisons")):
            return None
        spec = kernels.find(card, p.dtype, p.shape, y.dtype, y.shape)
        if spec is None:
            return None

        def by_kernel(_: Any, y: Array, p: Array, keep: Array | None, scale: Array | None) -> Any:
            found = kernels.call(
                spec, y, p, keep=keep, scale=scale, total=whole, items=not whole, slope=slope
            )
            result = found[0] * scale if whole else found[0]
            # As the formulas give it, in the dtype of the computation.
            return (result, found[1].astype(result.dtype)) if slope else result

        return by_kernel

    @jax.custom_jvp
    def value(*args: Any) -> Array:
        kernel = fused(args[1], args[2], False)
        if kernel is None:
            return plain_value(*args)
        return jax.lax.platform_dependent(*args, cpu=kernel, default=plain_value)

    @jax.custom_jvp
    def both(*args: Any) -> Any:
        kernel = fused(args[1], args[2], True)
        if kernel is None:
            return plain(*args)
        return jax.lax.platform_dependent(*args, cpu=kernel, default=plain)

    def rate(primals: Any, tangents: Any, slope: Array) -> Array:
        parameters, y, p, keep, scale = primals
        by_parameters, by_y, by_p, _, by_scale = tangents
        parts = []
        if _given(by_p):
            moved = slope * by_p.astype(slope.dtype)
            parts.append(moved.sum() if whole else formulas.gather(moved))
        if _given(by_y):
            moved = along_target(formulas.target_slope(*primals[:4]), by_y.astype(slope.dtype))
            if whole:
                moved = moved.sum() * scale
            elif not has_row_target(card):
                moved = formulas.gather(moved)
            parts.append(moved)
        others = (by_parameters, by_scale)
        if any(_given(x) for x in jax.tree.leaves(others)):
            parts.append(
                _along(lambda q, s: plain_value(q, y, p, keep, s), (parameters, scale), others)
            )
        return sum(parts[1:], parts[0])

    def slope_rule(primals: Any, tangents: Any) -> Any:
        results = both(*primals)
        # By differentiation of the slope, which has no jumps but the loss's own.
        bent = _along(plain_slope, primals, tangents)
        return results, (rate(primals, tangents, results[1]), bent)

    def value_rule(primals: Any, tangents: Any) -> Any:
        if _given(tangents[2]):
            result, slope = both(*primals)
        else:
            result = slope = value(*primals)
        return result, rate(primals, tangents, slope)

    both.defjvp(slope_rule, symbolic_zeros=True)
    value.defjvp(value_rule, symbolic_zeros=True)
    # Compiled by itself, a call outside of any jit is one dispatch, not thirty.
    return jax.jit(value, inline=True)


def of_set(card: Setwise, y: Array, p: Array, w: Array, count: Array) -> Array:
    """The value of a set for targets, predictions, weights and the number of items."""
    return _of_set(card)(y, p, w, count)


@lru_cache(1024)
def _of_set(card: Any) -> Any:
    def value(y: Array, p: Array, w: Array, count: Array) -> Array:
        return card.value(VOCABULARY, y, p, w, count).sum()

    rates = (card.target_slope, card.slope)
    known = jax.custom_jvp(value)

    def rule(primals: Any, tangents: Any) -> Any:
        parts = [
            (of(VOCABULARY, *primals) * by).sum()
            for of, by in zip(rates, tangents[:2], strict=True)
            if _given(by)
        ]
        if any(_given(x) for x in tangents[2:]):
            y, p, *rest = primals
            parts.append(_along(lambda w, count: value(y, p, w, count), rest, tangents[2:]))
        return known(*primals), sum(parts[1:], parts[0])

    known.defjvp(rule, symbolic_zeros=True)
    return jax.jit(known, inline=True)


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
