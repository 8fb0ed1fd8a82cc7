"""Regression losses with the names and arguments of optax; per element, or per vector."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.engine.arrays import sound
from losskit.jax.shapes import Axis, canonical, pointwise, rowwise, widened
from losskit.losses.regression import Huber, LogCosh, MeanSquaredError
from losskit.losses.similarity import CosineSimilarity, PairwiseDistance

__all__ = [
    "cosine_distance",
    "cosine_similarity",
    "huber_loss",
    "l2_loss",
    "log_cosh",
    "squared_error",
]


def squared_error(
    predictions: Any, targets: Any = None, *, axis: Axis = None, where: Any = None
) -> Array:
    """(predictions - targets)^2; see `optax.losses.squared_error`.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape; None for 0.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if NaN.

    Returns:
        In the shape of the predictions, without the axis if there is one.

    Raises:
        TypeError: predictions are no real numbers.
        ValueError: shapes differ.
    """
    return pointwise(MeanSquaredError, predictions, targets, axis, where)


def l2_loss(
    predictions: Any, targets: Any = None, *, axis: Axis = None, where: Any = None
) -> Array:
    """Half of `squared_error`."""
    p, dtype = widened(predictions)
    return (0.5 * squared_error(p, targets, axis=axis, where=where)).astype(dtype)


def huber_loss(
    predictions: Any,
    targets: Any = None,
    *,
    delta: Any = 1.0,
    axis: Axis = None,
    where: Any = None,
) -> Array:
    """Huber loss with a threshold of ``delta`` > 0; else as `squared_error`."""
    return pointwise(Huber, predictions, targets, axis, where, delta=delta)


def log_cosh(
    predictions: Any, targets: Any = None, *, axis: Axis = None, where: Any = None
) -> Array:
    """log(cosh(predictions - targets)); else as `squared_error`."""
    return pointwise(LogCosh, predictions, targets, axis, where)


def cosine_similarity(
    predictions: Any,
    targets: Any,
    *,
    epsilon: Any = 0.0,
    axis: Axis = -1,
    where: Any = None,
) -> Array:
    """The cosine of the angle between vectors; see `optax.losses.cosine_similarity`.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        epsilon: least square of a length: shorter vectors are divided by its root.
        axis: along which the vectors lie; several, or None for all, are read as one.
        where: boolean: which elements count, or, without the axis, which vectors do.

    Returns:
        In the shape of the predictions without the axis; 0 for a vector of zeros.

    Raises:
        TypeError: predictions are no real numbers.
        ValueError: shapes differ, or an axis does not exist.
    """
    p, dtype = widened(predictions)
    y, _ = widened(targets)
    if where is not None:
        where = jnp.asarray(sound(where)).astype(bool)
        if where.ndim != p.ndim:
            where = jnp.expand_dims(where, canonical(axis, p.ndim))
        where = jnp.broadcast_to(where, p.shape)
        p, y = jnp.where(where, p, 0.0), jnp.where(where, y, 0.0)
    names = ("predictions", "targets")
    cosine = -rowwise(CosineSimilarity, p, y, axis, None, names)
    if not isinstance(epsilon, float) or epsilon != 0.0:
        # A vector that is too short is divided by the least length in place of its own.
        least = jnp.sqrt(jnp.asarray(epsilon, cosine.dtype))
        lengths = [
            rowwise(PairwiseDistance, x, jnp.zeros_like(x), axis, None, names) for x in (p, y)
        ]
        short = (lengths[0] < least) | (lengths[1] < least)
        laid = jnp.expand_dims(short, canonical(axis, p.ndim))
        product = (jnp.where(laid, p, 0.0) * jnp.where(laid, y, 0.0)).sum(canonical(axis, p.ndim))
        for length in lengths:
            product = product / jnp.where(short, jnp.maximum(length, least), 1.0)
        cosine = jnp.where(short, product, cosine)
    return cosine.astype(dtype)


def cosine_distance(
    predictions: Any,
    targets: Any,
    *,
    epsilon: Any = 0.0,
    axis: Axis = -1,
    where: Any = None,
) -> Array:
    """1 - `cosine_similarity`."""
    p, dtype = widened(predictions)
    found = 1.0 - cosine_similarity(p, targets, epsilon=epsilon, axis=axis, where=where)
    return found.astype(dtype)
