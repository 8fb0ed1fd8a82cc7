"""A card's items on JAX arrays, with the card's slopes as their derivatives.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients, so nothing here
is differentiated: the slope is given, as a rule that serves forward and reverse mode. It is written
in JAX's own operations, and so has derivatives itself.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from losskit.core.definition import Domain
from losskit.core.families import Items, Setwise, has_row_target, is_rowwise
from losskit.core.inputs import HALF
from losskit.core.namespaces.jax import JaxVocabulary
from losskit.jax.traced import Traced


@jax.custom_jvp
def _sigmoid(x: Array) -> Array:
    return JaxVocabulary(jax).sigmoid(x)


@_sigmoid.defjvp
def _(primals: Any, tangents: Any) -> Any:
    # Through |x| the slope at 0 would be 0, where the sigmoid's is 1/4.
    (x,), (dx,) = primals, tangents
    return _sigmoid(x), _sigmoid(x) * _sigmoid(-x) * dx


VOCABULARY = JaxVocabulary(jax, _sigmoid)
_FLOAT16 = JaxVocabulary(jax, _sigmoid, float(jnp.finfo(jnp.float16).tiny))


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

    def items(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        return self._counted(card.value(m, y, p), self._bad(y, p), keep, False)

    def slope(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        return self._counted(card.slope(m, y, p), self._bad(y, p), keep, True)

    def target_slope(self, parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        m, card, y, p, keep = self._fit(parameters, y, p, keep)
        return self._counted(card.target_slope(m, y, p), None, keep, not has_row_target(card))

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
        m = _FLOAT16 if p.dtype == jnp.float16 else VOCABULARY
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

    def _bad(self, y: Array, p: Array) -> Array | None:
        """Which items lie out of the card's domain: where nothing can be raised, they are NaN."""
        card = self.card
        parts = [(card.target, y, not has_row_target(card)), (card.prediction, p, True)]
        if is_rowwise(card):
            places = ((d, jnp.take(p, i, card.axis), False) for i, d in enumerate(card.places))
            parts += places
        bad = None
        for domain, x, of_elements in parts:
            found = _outside(domain, x)
            if found is not None:
                if of_elements and is_rowwise(card):
                    found = found.any(card.axis)
                bad = found if bad is None else bad | found
        return bad

    def _counted(self, x: Array, bad: Array | None, keep: Array | None, elements: bool) -> Array:
        """NaN for bad items, 0 for those that do not count."""
        if bad is not None:
            x = jnp.where(self.spread(bad) if elements else bad, jnp.nan, x)
        if keep is None:
            return x
        return jnp.where(self.spread(keep) if elements else keep, x, 0.0)


def _outside(domain: Domain, x: Array) -> Array | None:
    """What is no value of the domain; None if every number is. Labels the formulas see to."""
    if domain.values:
        return ~jnp.isin(x, jnp.asarray(domain.values, x.dtype))
    if domain.labels or (domain.low == -math.inf and domain.high == math.inf):
        return None
    return (x < domain.low - domain.slack) | (x > domain.high + domain.slack)


def items(card: Items, parameters: dict[str, Any], y: Array, p: Array, keep: Array | None) -> Array:
    """card.value(m, y, p) of the items that count, 0 for the others, in the computation's dtype.

    Args:
        card: a pointwise or row-wise card.
        parameters: those of its parameters that are traced, in place of the card's own.
        y: targets.
        p: predictions.
        keep: boolean, in the shape of the items: which of them count; None for all.
    """
    return _items(card, tuple(parameters))(tuple(parameters.values()), y, p, keep)


@lru_cache(1024)
def _items(card: Any, traced: tuple[str, ...]) -> Any:
    """The function (parameters, y, p, keep) -> items, with its derivatives."""
    formulas = Formulas(card, traced)

    @jax.custom_jvp
    def value(parameters: Any, y: Array, p: Array, keep: Array | None) -> Array:
        return formulas.items(parameters, y, p, keep)

    @jax.custom_jvp
    def both(parameters: Any, y: Array, p: Array, keep: Array | None) -> Any:
        return value(parameters, y, p, keep), formulas.slope(parameters, y, p, keep)

    def rate(primals: Any, tangents: Any, slope: Array) -> Array:
        parameters, y, p, keep = primals
        by_parameters, by_y, by_p, _ = tangents
        found: Any = None

        def add(x: Array) -> None:
            nonlocal found
            found = x if found is None else found + x

        if _given(by_p):
            add(formulas.gather(slope * by_p.astype(slope.dtype)))
        if _given(by_y):
            moved = formulas.target_slope(*primals) * by_y.astype(slope.dtype)
            add(moved if has_row_target(card) else formulas.gather(moved))
        if any(_given(x) for x in by_parameters):
            add(_along(lambda q: formulas.items(q, y, p, keep), (parameters,), (by_parameters,)))
        return found

    def slope_rule(primals: Any, tangents: Any) -> Any:
        results = both(*primals)
        # By differentiation of the slope, which has no jumps but the loss's own.
        keep = primals[3]
        bent = _along(lambda q, y, p: formulas.slope(q, y, p, keep), primals[:3], tangents[:3])
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


def _given(tangent: Any) -> bool:
    return not isinstance(tangent, jax.custom_derivatives.SymbolicZero)


def _along(function: Any, at: Any, tangents: Any) -> Array:
    """The derivative of a function of arrays (and tuples of them) along tangents."""
    leaves, tree = jax.tree.flatten(at)
    directions = jax.tree.leaves(tangents)
    moving = [i for i, x in enumerate(directions) if _given(x)]

    def of_moving(*xs: Array) -> Array:
        all_of_them = list(leaves)
        for i, x in zip(moving, xs, strict=True):
            all_of_them[i] = x
        return function(*jax.tree.unflatten(tree, all_of_them))

    return jax.jvp(of_moving, [leaves[i] for i in moving], [directions[i] for i in moving])[1]
