"""Losses of embeddings, with optax's names and arguments."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.definition import made
from losskit.engine.arrays import named, sound
from losskit.engine.shapes import check_shapes
from losskit.jax.evaluate import evaluate
from losskit.jax.shapes import Axis, canonical, flattened, widened
from losskit.losses.contrastive import NTXent
from losskit.losses.similarity import TripletMargin

__all__ = ["ntxent", "triplet_margin_loss"]


def ntxent(embeddings: Any, labels: Any, temperature: Any = 0.07) -> Array:
    """Normalised, temperature-scaled cross-entropy; see `optax.losses.ntxent`.

    Args:
        embeddings: floating-point, (batch, features).
        labels: (batch): embeddings of the same label are positive pairs.
        temperature: that cosines are divided by.

    Returns:
        The mean over all positive pairs (both ways); 0 where there is none.

    Raises:
        TypeError: embeddings are integers.
        ValueError: there is not one label for each embedding.
    """
    x = jnp.asarray(embeddings)
    if x.ndim != 2:
        raise ValueError(
            f"embeddings must have the shape (batch, features), got embeddings.shape={x.shape}."
        )
    names = ("embeddings", "labels")
    return evaluate(NTXent, x, labels, temperature=temperature, names=names)


def triplet_margin_loss(
    anchors: Any,
    positives: Any,
    negatives: Any,
    axis: Axis = -1,
    norm_degree: Any = 2,
    margin: Any = 1.0,
    eps: Any = 1e-6,
    where: Any = None,
) -> Array:
    """max(distance to the positive - distance to the negative + margin, 0).

    Args:
        anchors: floating-point, (..., features).
        positives: in that shape: what should be near.
        negatives: in that shape: what should be far.
        axis: of the features; several, or None for all, are read as one.
        norm_degree: exponent of the norm, a Python number: odd ones take the differences' sizes.
        margin: by how much farther.
        eps: added to the sum of the powers.
        where: boolean: which triplets count, in the shape of the result, or which features.

    Raises:
        TypeError: ``norm_degree`` is traced.
        ValueError: shapes differ.
    """
    if isinstance(norm_degree, jax.core.Tracer):
        raise TypeError(
            "norm_degree is traced, but decides which formula holds: give it as a Python number, "
            "e.g. by jax.jit(..., static_argnames='norm_degree')."
        )
    dtype = widened(anchors)[1]
    vectors = [widened(x)[0] for x in (anchors, positives, negatives)]
    card = made(TripletMargin, {"norm": float(norm_degree), "eps": 0.0})
    with named(anchor="anchors", positive="positives", negative="negatives"):
        check_shapes(card, *(x.shape for x in vectors))
    if where is not None:
        where = jnp.asarray(sound(where)).astype(bool)
    if where is not None and where.ndim == vectors[0].ndim:
        vectors = [jnp.where(where, x, 0.0) for x in vectors]
        where = jnp.broadcast_to(where, vectors[0].shape).any(axis)
    if not isinstance(axis, (int, np.integer)):
        axes = canonical(axis, vectors[0].ndim)
        vectors, axis = [flattened(x, axes) for x in vectors], -1
    # (|d|^n + eps)^(1/n) is the norm of differences that have one more, of eps^(1/n).
    floating = jnp.promote_types(vectors[0].dtype, jnp.float32)
    tiny = jnp.finfo(floating).tiny  # of 0 the root has no derivative
    least = jnp.maximum(jnp.asarray(eps, floating), tiny) ** (1 / norm_degree)
    one = (*vectors[0].shape[:axis], 1, *vectors[0].shape[axis:][1:])
    more = (least, jnp.zeros_like(least), jnp.zeros_like(least))
    longer = [
        jnp.concatenate([x.astype(floating), jnp.broadcast_to(last, one)], axis)
        for x, last in zip(vectors, more, strict=True)
    ]
    options = {"norm": float(norm_degree), "eps": 0.0, "margin": margin, "axis": int(axis)}
    with named(anchor="anchors", positive="positives", negative="negatives"):
        return evaluate(TripletMargin, *longer, where=where, **options).astype(dtype)
