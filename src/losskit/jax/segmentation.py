"""Losses of the overlap of masks, with optax's names and arguments."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from losskit.engine.arrays import sound
from losskit.jax.framework import JAX
from losskit.jax.operations import VOCABULARY
from losskit.jax.shapes import Axis, rowwise
from losskit.losses.overlap import SoftTversky

__all__ = ["binary_dice_loss", "dice_loss", "multiclass_generalized_dice_loss"]


def dice_loss(
    predictions: Any,
    targets: Any,
    *,
    class_weights: Any = None,
    smooth: Any = 1.0,
    alpha: Any = 0.5,
    beta: Any = 0.5,
    apply_softmax: bool = True,
    reduction: str = "mean",
    ignore_background: bool = False,
    axis: Axis = None,
    where: Any = None,
) -> Array:
    """Soft Dice loss of each class's mask; see `optax.losses.dice_loss`.

    Args:
        predictions: logits, (batch, ..., classes): of one class, for a sigmoid. The last dimension
            may be left out of either argument if it is 1.
        targets: 0 and 1, in that shape.
        class_weights: (classes), that the classes' losses are multiplied by.
        smooth: added to both parts of the quotient.
        alpha: weight of pixels that are predicted wrongly.
        beta: weight of pixels that are missed.
        apply_softmax: whether the predictions are logits; else they are probabilities.
        reduction: over the classes: "mean", "sum" or "none".
        ignore_background: whether the first of several classes is left out.
        axis: of the pixels; None: all but the first and the last.
        where: boolean, broadcast to the predictions: which pixels there are.

    Raises:
        TypeError: predictions are integers.
        ValueError: shapes differ, ``reduction`` is none of the three; outside of jit also a target
            outside [0, 1], or probabilities that do not sum to 1.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction must be "mean", "sum" or "none", got {reduction!r}.')
    p, y = jnp.asarray(predictions), jnp.asarray(sound(targets))
    if p.ndim == y.ndim - 1:
        p = p[..., None]
    if y.ndim == p.ndim - 1:
        y = y[..., None]
    if where is not None:
        where = jnp.broadcast_to(jnp.asarray(sound(where)).astype(bool), p.shape)
        p = jnp.where(where, p, 0.0)
    if apply_softmax:
        p = VOCABULARY.sigmoid(p) if p.shape[-1] == 1 else jax.nn.softmax(p, axis=-1)
    else:
        _check_distributions(p)
    loss = rowwise(
        SoftTversky,
        p,
        y,
        tuple(range(1, p.ndim - 1)) if axis is None else axis,
        where,
        ("predictions", "targets"),
        alpha=alpha,
        beta=beta,
        smooth=smooth,
    )
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
    predictions: Any,
    targets: Any,
    *,
    smooth: Any = 1.0,
    apply_sigmoid: bool = True,
    axis: Axis = None,
    where: Any = None,
) -> Array:
    """`dice_loss` of one class.

    Args:
        predictions: logits, (batch, ...), with or without a last dimension of 1.
        targets: 0 and 1, in that shape.
        smooth: added to both parts of the quotient.
        apply_sigmoid: whether the predictions are logits; else they are probabilities.
        axis: of the pixels; None: all but the first (and the last dimension of 1).
        where: boolean, broadcast to the predictions: which pixels there are.

    Raises:
        TypeError, ValueError: as `dice_loss`.
    """
    p, y = jnp.asarray(predictions), jnp.asarray(sound(targets))
    if p.ndim == y.ndim and p.shape[-1:] != (1,):
        p, y = p[..., None], y[..., None]
        where = None if where is None else jnp.asarray(sound(where))[..., None]
    if where is not None:
        p = jnp.where(where, p, 0.0)
    if apply_sigmoid:
        p = VOCABULARY.sigmoid(p)
    pixels = tuple(range(1, p.ndim - 1)) if axis is None else axis
    names = ("predictions", "targets")
    return rowwise(SoftTversky, p, y, pixels, where, names, smooth=smooth)[..., 0]


def multiclass_generalized_dice_loss(
    predictions: Any,
    targets: Any,
    *,
    smooth: Any = 1.0,
    apply_softmax: bool = True,
    ignore_background: bool = False,
    axis: Axis = None,
    where: Any = None,
) -> Array:
    """Mean `dice_loss` of batch and classes, a class weighted by 1 / (its number of pixels)^2.

    Arguments and errors as `dice_loss`.
    """
    y = jnp.asarray(sound(targets))
    pixels = y.sum(tuple(range(y.ndim - 1)), dtype=jnp.float32, where=where)
    weights = 1.0 / (jnp.square(pixels) + 1e-7)
    weights = weights / weights.mean()
    return dice_loss(
        predictions,
        targets,
        class_weights=weights,
        smooth=smooth,
        apply_softmax=apply_softmax,
        reduction="none",
        ignore_background=ignore_background,
        axis=axis,
        where=where,
    ).mean()


def _check_distributions(p: Array) -> None:
    if not JAX.visible(p):
        return
    seen = JAX.values(p)
    sums = seen.sum(-1)
    wrong = ~(abs(sums - 1.0) <= 1e-3)
    if wrong.any():
        raise ValueError(
            "predictions must be valid probability distributions, with a sum of 1 along the last "
            f"axis, if apply_softmax=False: got sums from {sums.min():g} to {sums.max():g}."
        )
