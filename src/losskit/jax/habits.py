"""What optax makes of several losses, or of none, with its names and arguments."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.engine.arrays import sound
from losskit.jax.shapes import Axis, canonical, rowwise, widened
from losskit.losses.similarity import CosineSimilarity, PairwiseDistance

__all__ = ["cosine_distance", "cosine_similarity", "smooth_labels"]


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


def smooth_labels(labels: Any, alpha: Any, *, axis: Axis = -1, where: Any = None) -> Array:
    """(1 - alpha) * labels + alpha / classes, for one-hot labels; see `optax.smooth_labels`.

    Args:
        labels: floating-point.
        alpha: share spread evenly over the classes.
        axis: of the classes; several, or None for all, count together.
        where: boolean, broadcast to the labels: which classes there are.

    Raises:
        TypeError: labels are integers.
    """
    y = jnp.asarray(sound(labels))
    if not jnp.issubdtype(y.dtype, jnp.floating):
        raise TypeError(
            f"labels holds {y.dtype} (shape {y.shape}), expected one-hot rows in floating point: "
            "smoothed they are no integers. Convert with jax.nn.one_hot(labels, classes)."
        )
    if where is None:
        axes = range(y.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        return (1.0 - alpha) * y + alpha / jnp.prod(jnp.asarray([y.shape[a] for a in axes]))
    there = jnp.broadcast_to(where, y.shape)
    classes = there.sum(axis, keepdims=True)
    return jnp.where(there, (1.0 - alpha) * y + alpha / jnp.maximum(classes, 1), 0.0)
