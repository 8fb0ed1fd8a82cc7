"""Classification losses with the names and arguments of optax."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.engine.arrays import sound
from losskit.jax.shapes import Axis, pointwise, rowwise, summed
from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from losskit.losses.divergence import (
    GeneralizedLogKLDivergence,
    LogKLDivergence,
    LogKLDivergenceWithLogTargets,
)
from losskit.losses.focal import BinaryFocalCrossentropy, Poly1Crossentropy
from losskit.losses.margin import Hinge, Perceptron
from losskit.losses.multiclass import MulticlassHinge, MulticlassPerceptron
from losskit.losses.sparsemax import BinarySparsemax, Sparsemax

__all__ = [
    "convex_kl_divergence",
    "generalized_kl_divergence",
    "hinge_loss",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "multiclass_hinge_loss",
    "multiclass_perceptron_loss",
    "multiclass_sparsemax_loss",
    "perceptron_loss",
    "poly_loss_cross_entropy",
    "safe_softmax_cross_entropy",
    "sigmoid_binary_cross_entropy",
    "sigmoid_focal_loss",
    "smooth_labels",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "sparsemax_loss",
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


def sigmoid_focal_loss(
    logits: Any,
    labels: Any,
    *,
    alpha: Any = None,
    gamma: Any = 2.0,
    axis: Axis = None,
    where: Any = None,
) -> Array:
    """Focal loss of logits, per element; else as `sigmoid_binary_cross_entropy`.

    Args:
        alpha: weight of class 1, that of class 0 being 1 - alpha; None: no weights.
        gamma: exponent of how far the prediction is from the label.
    """
    balance = {} if alpha is None else {"apply_class_balancing": True, "alpha": alpha}
    return pointwise(
        BinaryFocalCrossentropy,
        logits,
        labels,
        axis,
        where,
        ("logits", "labels"),
        from_logits=True,
        gamma=gamma,
        **balance,
    )


def sparsemax_loss(logits: Any, labels: Any, *, axis: Axis = None, where: Any = None) -> Array:
    """Binary sparsemax loss, per element; else as `sigmoid_binary_cross_entropy`."""
    return pointwise(BinarySparsemax, logits, labels, axis, where, ("logits", "labels"))


def poly_loss_cross_entropy(
    logits: Any, labels: Any, *, epsilon: Any = 2.0, axis: Axis = -1, where: Any = None
) -> Array:
    """`softmax_cross_entropy` + epsilon * (1 - the labels' probability)."""
    return rowwise(
        Poly1Crossentropy, logits, labels, axis, where, from_logits=True, epsilon=epsilon
    )


_SCORES = ("scores", "labels")


def multiclass_hinge_loss(scores: Any, labels: Any, *, axis: Axis = -1, where: Any = None) -> Array:
    """max(1 + the best other score - the true class's, 0).

    Arguments and errors as `softmax_cross_entropy_with_integer_labels`.
    """
    return rowwise(MulticlassHinge, scores, labels, axis, where, _SCORES)


def multiclass_perceptron_loss(
    scores: Any, labels: Any, *, axis: Axis = -1, where: Any = None
) -> Array:
    """The best score less the true class's; else as `multiclass_hinge_loss`."""
    return rowwise(MulticlassPerceptron, scores, labels, axis, where, _SCORES)


def multiclass_sparsemax_loss(
    scores: Any, labels: Any, *, axis: Axis = -1, where: Any = None
) -> Array:
    """Sparsemax loss; else as `multiclass_hinge_loss`."""
    return rowwise(Sparsemax, scores, labels, axis, where, _SCORES)


def perceptron_loss(
    predictor_outputs: Any, targets: Any, *, axis: Axis = None, where: Any = None
) -> Array:
    """max(-predictor_outputs * targets, 0); else as `hinge_loss`."""
    names = ("predictor_outputs", "targets")
    return pointwise(Perceptron, predictor_outputs, targets, axis, where, names)


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


def generalized_kl_divergence(
    log_predictions: Any, targets: Any, axis: Axis = -1, where: Any = None
) -> Array:
    """`kl_divergence` of amounts that need not sum to 1: + sum(exp(log_predictions) - targets)."""
    return summed(GeneralizedLogKLDivergence, log_predictions, targets, axis, where, _LOGS)


def convex_kl_divergence(
    log_predictions: Any, targets: Any, axis: Axis = -1, where: Any = None
) -> Array:
    """An older name of `generalized_kl_divergence`."""
    return generalized_kl_divergence(log_predictions, targets, axis, where)


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
