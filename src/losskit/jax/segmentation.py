"""What is optax's own about its losses of the overlap of masks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from losskit.jax.framework import JAX, VOCABULARY, as_array
from losskit.jax.shapes import Axis, mask, rowwise
from losskit.losses.overlap import SoftTversky


def dice_loss(
    predictions: Any,
    targets: Any,
    class_weights: Any,
    smooth: Any,
    alpha: Any,
    beta: Any,
    apply_softmax: bool,
    reduction: str,
    ignore_background: bool,
    axis: Axis,
    where: Any,
) -> Array:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", got {reduction!r}.')
    p, y = as_array(predictions), as_array(targets)
    if p.ndim == y.ndim - 1:
        p = p[..., None]
    if y.ndim == p.ndim - 1:
        y = y[..., None]
    if not apply_softmax:
        _check_distributions(p, where)
    softmax = VOCABULARY.sigmoid if p.shape[-1] == 1 else jax.nn.softmax
    options = {"smooth": smooth, "alpha": alpha, "beta": beta}
    loss = _of_masks(p, y, softmax if apply_softmax else None, axis, where, **options)
    if class_weights is not None:
        weights = jnp.asarray(class_weights)
        if weights.shape != loss.shape[-1:]:
            raise ValueError(
                f"class_weights must have the shape {loss.shape[-1:]}, got {weights.shape}."
            )
        loss = loss * weights
    if ignore_background and loss.shape[-1] > 1:
        loss = loss[..., 1:]
    return loss if reduction == "none" else getattr(loss, reduction)(-1)


def binary_dice_loss(
    predictions: Any, targets: Any, smooth: Any, apply_sigmoid: bool, axis: Axis, where: Any
) -> Array:
    p, y = as_array(predictions), as_array(targets)
    if p.ndim == y.ndim and p.shape[-1:] != (1,):
        p, y = p[..., None], y[..., None]
        where = None if where is None else as_array(where)[..., None]
    sigmoid = VOCABULARY.sigmoid if apply_sigmoid else None
    return _of_masks(p, y, sigmoid, axis, where, smooth=smooth)[..., 0]


def multiclass_generalized_dice_loss(
    predictions: Any,
    targets: Any,
    smooth: Any,
    apply_softmax: bool,
    ignore_background: bool,
    axis: Axis,
    where: Any,
) -> Array:
    y = as_array(targets)
    pixels = y.sum(tuple(range(y.ndim - 1)), dtype=jnp.float32, where=where)
    weights = 1.0 / (jnp.square(pixels) + 1e-7)
    weights = weights / weights.mean()
    shares = (smooth, 0.5, 0.5, apply_softmax, "none", ignore_background)
    return dice_loss(predictions, y, weights, *shares, axis, where).mean()


def _of_masks(
    p: Array, y: Array, activation: Any, axis: Axis, where: Any, **parameters: Any
) -> Array:
    """The loss of each class's mask, of probabilities or of what an activation makes such of."""
    where = mask(where, p.shape)
    p = p if where is None else jnp.where(where, p, 0.0)
    p = p if activation is None else activation(p)
    pixels = tuple(range(1, p.ndim - 1)) if axis is None else axis
    options = {"axis": pixels, "where": where, "names": ("predictions", "targets")}
    return rowwise(SoftTversky, p, y, **options, **parameters)


def _check_distributions(p: Array, where: Any) -> None:
    there = mask(True if where is None else where, p.shape)
    if not (JAX.visible(p) and JAX.visible(there)):
        return
    seen, counted = JAX.values(p), JAX.values(there)
    sums = seen.sum(-1, where=counted)[counted.any(-1)]
    if not (abs(sums - 1.0) <= 1e-3).all():
        raise ValueError(
            "predictions must be valid probability distributions, with a sum of 1 along the last "
            f"axis, if apply_softmax=False: got sums from {sums.min():g} to {sums.max():g}."
        )
