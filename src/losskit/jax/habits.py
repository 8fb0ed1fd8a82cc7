"""What is optax's own about its losses: compositions and reductions, by function.

Each takes the arguments of its row of `losskit.peers.optax`, in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.definition import made, parameter
from losskit.engine.arrays import named
from losskit.engine.shapes import check_shapes
from losskit.jax.evaluate import evaluate
from losskit.jax.framework import as_array
from losskit.jax.segmentation import binary_dice_loss as binary_dice_loss
from losskit.jax.segmentation import dice_loss as dice_loss
from losskit.jax.segmentation import (
    multiclass_generalized_dice_loss as multiclass_generalized_dice_loss,
)
from losskit.jax.sequence import ctc_loss as ctc_loss
from losskit.jax.sequence import ctc_loss_with_forward_probs as ctc_loss_with_forward_probs
from losskit.jax.shapes import Axis, canonical, flattened, mask, rowwise, side_by_side, widened
from losskit.losses.ranking import RankingSoftmax
from losskit.losses.similarity import CosineSimilarity, PairwiseDistance, TripletMargin


def cosine_similarity(
    predictions: Any, targets: Any, epsilon: Any, axis: Axis, where: Any
) -> Array:
    p, dtype = widened(predictions)
    y, _ = widened(targets)
    axes = canonical(axis, p.ndim)
    if where is not None:
        where = as_array(where).astype(bool)
        where = mask(where if where.ndim == p.ndim else jnp.expand_dims(where, axes), p.shape)
        p, y = jnp.where(where, p, 0.0), jnp.where(where, y, 0.0)
    options: dict[str, Any] = {"axis": axis, "names": ("predictions", "targets")}
    cosine = -rowwise(CosineSimilarity, p, y, **options)
    if not isinstance(epsilon, float) or epsilon != 0.0:
        # A vector that is too short is divided by the least length in place of its own.
        least = jnp.sqrt(jnp.asarray(epsilon, cosine.dtype))
        lengths = [rowwise(PairwiseDistance, x, jnp.zeros_like(x), **options) for x in (p, y)]
        short = (lengths[0] < least) | (lengths[1] < least)
        laid = jnp.expand_dims(short, axes)
        product = (jnp.where(laid, p, 0.0) * jnp.where(laid, y, 0.0)).sum(axes)
        for length in lengths:
            product = product / jnp.where(short, jnp.maximum(length, least), 1.0)
        cosine = jnp.where(short, product, cosine)
    return cosine.astype(dtype)


def cosine_distance(predictions: Any, targets: Any, *options: Any) -> Array:
    p, dtype = widened(predictions)
    return (1.0 - cosine_similarity(p, targets, *options)).astype(dtype)


def smooth_labels(labels: Any, alpha: Any, axis: Axis, where: Any) -> Array:
    y = as_array(labels)
    if not jnp.issubdtype(y.dtype, jnp.floating):
        raise TypeError(
            f"labels holds {y.dtype} (shape {y.shape}), expected one-hot rows in floating point: "
            "smoothed they are no integers. Convert with jax.nn.one_hot(labels, classes)."
        )
    there = jnp.broadcast_to(True if where is None else where, y.shape)
    classes = there.sum(axis, keepdims=True)
    return jnp.where(there, (1.0 - alpha) * y + alpha / jnp.maximum(classes, 1), 0.0)


@dataclass(frozen=True)
class SmoothTripletMargin(TripletMargin):
    """With distances that are not 0 for equal vectors either."""

    least: float = parameter(0.0, kind="number", low=0.0, doc="the distance of equal vectors")


def triplet_margin_loss(
    anchors: Any,
    positives: Any,
    negatives: Any,
    axis: Axis,
    norm_degree: Any,
    margin: Any,
    eps: Any,
    where: Any,
) -> Array:
    if isinstance(norm_degree, jax.core.Tracer):
        raise TypeError(
            "norm_degree is traced, but decides which formula holds: give it as a Python number, "
            "e.g. by jax.jit(..., static_argnames='norm_degree')."
        )
    options: dict[str, Any] = {"norm": float(norm_degree), "eps": 0.0}
    vectors, dtypes = zip(*map(widened, (anchors, positives, negatives)), strict=True)
    with named(anchor="anchors", positive="positives", negative="negatives"):
        check_shapes(made(TripletMargin, options), *(x.shape for x in vectors))
        where = None if where is None else as_array(where).astype(bool)
        if where is not None and where.ndim == vectors[0].ndim:
            vectors = tuple(jnp.where(where, x, 0.0) for x in vectors)
            where = jnp.broadcast_to(where, vectors[0].shape).any(axis)
        if not isinstance(axis, (int, np.integer)):
            axes = canonical(axis, vectors[0].ndim)
            axis = axes[0] if side_by_side(axes, vectors[0].shape) else -1
            vectors = tuple(flattened(x, axes) for x in vectors)
        floating = jnp.promote_types(jnp.result_type(*vectors), jnp.float32)
        tiny = float(jnp.finfo(floating).tiny)  # of 0 the root has no derivative
        # (|d|^n + eps)^(1/n) is the norm of differences that have one more, of eps^(1/n).
        if isinstance(eps, (jax.Array, np.ndarray)):
            least = jnp.maximum(jnp.asarray(eps, floating), tiny) ** (1 / norm_degree)
        else:
            least = max(float(eps), tiny) ** (1 / norm_degree)
        options |= {"margin": margin, "least": least, "axis": int(axis)}
        vectors = tuple(x.astype(floating) for x in vectors)
        return evaluate(SmoothTripletMargin, *vectors, where=where, **options).astype(dtypes[0])


def ranking_softmax_loss(
    logits: Any,
    labels: Any,
    where: Any,
    weights: Any,
    reduce_fn: Callable[..., Array] | None,
    axis: Axis,
) -> Array:
    z, dtype = widened(logits)
    y = as_array(labels).astype(z.dtype)
    if weights is not None:
        y = y * weights
    where = mask(where, z.shape)
    loss = rowwise(RankingSoftmax, z, y, axis=axis, where=where)
    lists = None if where is None else where.any(axis)
    if reduce_fn is None:
        return loss.astype(dtype)
    if reduce_fn is jnp.mean:  # of no list it is 0
        count = loss.size if lists is None else lists.sum()
        return (loss.sum() / jnp.maximum(count, 1).astype(loss.dtype)).astype(dtype)
    return reduce_fn(loss, where=lists).astype(dtype)


def make_fenchel_young_loss(max_fun: Callable[..., Any]) -> Callable[..., Array]:
    largest = jnp.vectorize(max_fun, signature="(n)->()")
    product = jnp.vectorize(jnp.vdot, signature="(n),(n)->()")

    def fenchel_young_loss(scores: Any, targets: Any, *args: Any, **kwargs: Any) -> Array:
        return largest(scores, *args, **kwargs) - product(targets, scores)

    return fenchel_young_loss
