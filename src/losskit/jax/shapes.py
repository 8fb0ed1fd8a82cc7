"""optax's ``axis`` and ``where``, for a card: several axes as one, elements or items left out."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.definition import Card
from losskit.core.families import Rowwise
from losskit.engine.arrays import HALF, named
from losskit.jax.evaluate import evaluate
from losskit.jax.framework import as_array

Axis = int | tuple[int, ...] | None


def pointwise(
    card: type[Card],
    predictions: Any,
    targets: Any,
    *,
    axis: Axis,
    where: Any,
    names: tuple[str, str],
    share: float = 1.0,
    sums: bool = False,
    **parameters: Any,
) -> Array:
    """The items times ``share``, 0 where not ``where``.

    They are summed along ``axis``, if it is given; along all axes otherwise, if it ``sums``.
    """
    composed = sums or axis is not None or share != 1.0
    p, dtype = widened(predictions) if composed else (as_array(predictions), None)
    y = jnp.zeros_like(p) if targets is None else targets
    found = evaluate(card, p, y, where=mask(where, p.shape), names=names, **parameters)
    if share != 1.0:
        found = share * found
    if sums or axis is not None:
        found = found.sum(axis)
    return found.astype(dtype) if composed else found


def rowwise(
    card: type[Rowwise],
    predictions: Any,
    targets: Any,
    *,
    axis: Axis = -1,
    where: Any = None,
    names: tuple[str, str] = ("logits", "labels"),
    **parameters: Any,
) -> Array:
    """The items, one per row along ``axis``.

    Args:
        card: a row-wise card.
        predictions: of any shape.
        targets: in that shape, or, for labels, in that shape without the axis.
        axis: of the classes; several, or None for all, are read as one, in the order given.
        where: boolean: which rows count, in the shape of the items; or which elements of each, in
            the shape of the predictions. A row of no element is 0.
        names: of the arguments, for messages.
        **parameters: of the card.

    Raises:
        TypeError: predictions are integers.
        ValueError: shapes do not match, or an axis does not exist; outside of jit also values out
            of their domain.
    """
    p, labels = as_array(predictions), card.target.labels
    y = targets if labels else as_array(targets)
    where = None if where is None else as_array(where).astype(bool)
    of_elements = where is not None and where.ndim == p.ndim
    if of_elements:
        where = mask(where, p.shape)
    if not isinstance(axis, (int, np.integer)):
        axes = canonical(axis, p.ndim)
        axis = axes[0] if side_by_side(axes, p.shape) else -1
        p = flattened(p, axes)
        y = y if labels else flattened(y, axes)
        where = flattened(where, axes) if of_elements else where
    if of_elements:
        p = jnp.where(where, p, card.absent)
        if not labels:
            with named(y_true=names[1], y_pred=names[0]):
                y = jnp.where(where, y, jnp.zeros((), y.dtype))
        where = where.any(axis)
    return evaluate(card, p, y, where=where, axis=int(axis), names=names, **parameters)


def flattened(x: Array, axes: tuple[int, ...]) -> Array:
    """Those axes as one: where the first of them is, if they are `side_by_side`; else the last."""
    if side_by_side(axes, x.shape):
        first, behind = axes[0], axes[-1] + 1
        return x.reshape(*x.shape[:first], math.prod(x.shape[first:behind]), *x.shape[behind:])
    x = jnp.moveaxis(x, axes, range(-len(axes), 0))
    items = x.shape[: x.ndim - len(axes)]
    return x.reshape(*items, math.prod(x.shape[len(items) :]))


_LONG = 256
"""Elements that lie apart, from which on a row is sooner moved together than read where it lies."""


def side_by_side(axes: tuple[int, ...], shape: tuple[Any, ...]) -> bool:
    """Whether axes follow upon one another, and are one where they are, without a move."""
    if not axes or axes != tuple(range(axes[0], axes[0] + len(axes))):
        return False
    lengths = [shape[axis] for axis in axes]
    return all(isinstance(n, int) for n in lengths) and math.prod(lengths) <= _LONG


def canonical(axis: Axis, dimensions: int) -> tuple[int, ...]:
    """The axes, counted from the front; all of them for None.

    Raises:
        ValueError: one does not exist, or is named twice.
    """
    places = range(dimensions)
    given = places if axis is None else np.atleast_1d(axis).astype(int)
    found = tuple(places[a] for a in given if -dimensions <= a < dimensions)
    if len(set(found)) < len(given):
        raise ValueError(f"axis={axis} does not name axes of an array of {dimensions} dimensions.")
    return found


def widened(x: Any) -> tuple[Array, Any]:
    """An array in the dtype of the computation, and its own: what is composed is rounded once.

    Integers stay as they are, for the card to take or to refuse; their results are floating-point.
    """
    x = as_array(x)
    own = jnp.result_type(float) if x.dtype.kind in "iub" else x.dtype
    return (x.astype(jnp.float32) if x.dtype.name in HALF else x), own


def mask(where: Any, shape: tuple[int, ...]) -> Array | None:
    """Which elements of an array of that shape count; None for all.

    Raises:
        ValueError: it does not broadcast to the shape.
    """
    if where is None:
        return None
    where = as_array(where).astype(bool)
    try:
        return jnp.broadcast_to(where, shape)
    except ValueError:
        raise ValueError(
            f"where must broadcast to the predictions, got where.shape={where.shape} for "
            f"predictions of shape {shape}."
        ) from None
