"""Regression losses with the names and arguments of optax; per element, or per vector."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.jax.shapes import Axis, pointwise, rowwise
from losskit.losses.regression import Huber, LogCosh, MeanSquaredError
from losskit.losses.similarity import CosineSimilarity

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
        predictions: floating-point, of any shape.
        targets: in that shape; None for 0.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if NaN.

    Returns:
        In the shape of the predictions, without the axis if there is one.

    Raises:
        TypeError: predictions are integers.
        ValueError: shapes differ.
    """
    return pointwise(MeanSquaredError, predictions, targets, axis, where)


def l2_loss(
    predictions: Any, targets: Any = None, *, axis: Axis = None, where: Any = None
) -> Array:
    """Half of `squared_error`."""
    return 0.5 * squared_error(predictions, targets, axis=axis, where=where)


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
        predictions: floating-point, of any shape.
        targets: in that shape.
        epsilon: least square of a length: shorter vectors are divided by its root.
        axis: along which the vectors lie; several, or None for all, are read as one.
        where: boolean: which elements count, or, without the axis, which vectors do.

    Returns:
        In the shape of the predictions without the axis; 0 for a vector of zeros.

    Raises:
        TypeError: predictions are integers.
        ValueError: shapes differ, or an axis does not exist.
    """
    cosine = -rowwise(
        CosineSimilarity, predictions, targets, axis, where, ("predictions", "targets"), absent=0.0
    )
    if isinstance(epsilon, float) and epsilon == 0.0:
        return cosine
    for x in (predictions, targets):
        x = jnp.asarray(x)
        square = jnp.sum(x * x, axis, where=where)
        # A longer vector keeps its cosine; a shorter one counts by its share of the least length.
        short = square < epsilon
        cosine = cosine * jnp.where(short, jnp.sqrt(jnp.where(short, square, 1) / epsilon), 1.0)
    return cosine


def cosine_distance(
    predictions: Any,
    targets: Any,
    *,
    epsilon: Any = 0.0,
    axis: Axis = -1,
    where: Any = None,
) -> Array:
    """1 - `cosine_similarity`."""
    return 1.0 - cosine_similarity(predictions, targets, epsilon=epsilon, axis=axis, where=where)
