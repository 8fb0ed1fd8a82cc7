"""Classification losses with the names and arguments of optax."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.jax.shapes import Axis, pointwise, rowwise, summed
from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from losskit.losses.divergence import LogKLDivergence, LogKLDivergenceWithLogTargets
from losskit.losses.margin import Hinge

__all__ = [
    "hinge_loss",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "safe_softmax_cross_entropy",
    "sigmoid_binary_cross_entropy",
    "smooth_labels",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
]


def softmax_cross_entropy(logits: Any, labels: Any, axis: Axis = -1, where: Any = None) -> Array:
    """Softmax cross-entropy with a probability per class; see `optax.softmax_cross_entropy`.

    Args:
        logits: floating-point; -inf rules a class out.
        labels: probabilities, in that shape.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the logits; or which rows count, in
            the shape of the result. What does not count may be NaN; a row of nothing is 0.

    Returns:
        In the shape of the logits without the axis, in their dtype.

    Raises:
        TypeError: logits are integers.
        ValueError: shapes differ; outside of jit also a label that is no probability. Under jit
            such a row is NaN.
    """
    return rowwise(CategoricalCrossentropy, logits, labels, axis, where, from_logits=True)


def safe_softmax_cross_entropy(
    logits: Any, labels: Any, axis: Axis = -1, where: Any = None
) -> Array:
    """The same as `softmax_cross_entropy`, which is safe at logits of -inf itself."""
    return softmax_cross_entropy(logits, labels, axis, where)


def softmax_cross_entropy_with_integer_labels(
    logits: Any, labels: Any, axis: Axis = -1, where: Any = None
) -> Array:
    """Softmax cross-entropy with the number of the true class; else as `softmax_cross_entropy`.

    Args:
        labels: integers from 0, in the shape of the logits without the axis. Of several axes, the
            place in the order of their elements.

    Raises:
        ValueError: outside of jit, a label is no class. Under jit its row is NaN.
    """
    return rowwise(SparseCategoricalCrossentropy, logits, labels, axis, where, from_logits=True)


def sigmoid_binary_cross_entropy(
    logits: Any, labels: Any, *, axis: Axis = None, where: Any = None
) -> Array:
    """Binary cross-entropy of logits, per element; see `optax.sigmoid_binary_cross_entropy`.

    Args:
        logits: floating-point, of any shape.
        labels: probabilities (0 and 1, mostly), in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the logits: what counts; the rest is 0, even if NaN.

    Raises:
        TypeError: logits are integers.
        ValueError: shapes differ; outside of jit also a label outside [0, 1]. Under jit it gives
            NaN.
    """
    return pointwise(
        BinaryCrossentropy, logits, labels, axis, where, ("logits", "labels"), from_logits=True
    )


def hinge_loss(
    predictor_outputs: Any, targets: Any, *, axis: Axis = None, where: Any = None
) -> Array:
    """max(1 - predictor_outputs * targets, 0) for targets -1 and 1 (0 is read as -1).

    Args, shapes and errors as `sigmoid_binary_cross_entropy`.
    """
    return pointwise(
        Hinge, predictor_outputs, targets, axis, where, ("predictor_outputs", "targets")
    )


_LOGS = ("log_predictions", "targets")


def kl_divergence(log_predictions: Any, targets: Any, axis: Axis = -1, where: Any = None) -> Array:
    """Kullback-Leibler divergence of log-probabilities; see `optax.losses.kl_divergence`.

    Args:
        log_predictions: log-probabilities, of any shape.
        targets: probabilities, in that shape; 0 adds nothing.
        axis: along which the terms are summed; None for all.
        where: boolean, broadcast to the predictions: which terms there are.

    Raises:
        TypeError: log_predictions are integers.
        ValueError: shapes differ; outside of jit also a target outside [0, 1]. Under jit it gives
            NaN.
    """
    return summed(LogKLDivergence, log_predictions, targets, axis, where, _LOGS)


def kl_divergence_with_log_targets(
    log_predictions: Any, log_targets: Any, axis: Axis = -1, where: Any = None
) -> Array:
    """The same as `kl_divergence`, of targets given as log-probabilities."""
    return summed(
        LogKLDivergenceWithLogTargets,
        log_predictions,
        log_targets,
        axis,
        where,
        ("log_predictions", "log_targets"),
    )


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
    y = jnp.asarray(labels)
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
