"""Metrics: what people read beside a loss.

A loss is what training makes small: it must have a useful gradient, and its value need not mean
anything to anybody. A metric is what people judge a model by: it should mean something, and need
have no gradient at all. Accuracy is a metric and no loss, for its gradient is 0 almost everywhere;
cross-entropy is a loss whose value few can read; mean absolute error serves as both.

Every metric takes ``(y_true, y_pred, sample_weight=None)`` and returns a number: the weighted mean,
that is, divided by the sum of the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from losskit.core.inputs import as_array
from losskit.core.namespaces import Array
from losskit.numpy import get


def binary_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, threshold: float = 0.5
) -> float:
    """Share of predictions on the right side of ``threshold``.

    Args:
        y_true: 0 or 1, in the prediction's shape.
        y_pred: probabilities; for logits pass ``threshold=0.0``.
        sample_weight: weights >= 0: a number, one per element, or one per sample.
        threshold: a prediction above it is read as 1.

    Raises:
        ValueError: shapes do not match.

    >>> binary_accuracy([1, 0, 1, 1], [0.9, 0.2, 0.4, 0.8])
    0.75
    """
    y, p = _same("binary_accuracy", y_true, y_pred)
    return _mean(y == (p > threshold), sample_weight)


def sign_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of scores on the right side of 0, for targets -1 and 1 (or 0 and 1): hinge losses.

    >>> sign_accuracy([-1, 1, 1], [-0.3, 2.0, -0.1], sample_weight=[1, 1, 2])
    0.5
    """
    y, p = _same("sign_accuracy", y_true, y_pred)
    return _mean((y > 0) == (p > 0), sample_weight)


def categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -1
) -> float:
    """Share of rows whose largest prediction is the class of the one-hot target.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """
    y, p = _same("categorical_accuracy", y_true, y_pred)
    return _mean(y.argmax(axis) == p.argmax(axis), sample_weight)


def sparse_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -1
) -> float:
    """Share of rows whose largest prediction is the class of the integer label.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """
    y, p = _labels("sparse_categorical_accuracy", y_true, y_pred, axis)
    return _mean(y == p.argmax(axis), sample_weight)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, k: int = 5, axis: int = -1
) -> float:
    """Share of rows whose integer label is among the ``k`` largest predictions.

    A label that ties with the k-th largest counts as found only if fewer than ``k`` predictions
    are larger than its own.

    Raises:
        ValueError: ``k`` is not positive, or shapes do not match.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2)
    0.5
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}.")
    y, p = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred, axis)
    own = np.take_along_axis(p, np.expand_dims(y, axis).astype(np.int64), axis)
    return _mean((p > own).sum(axis) < k, sample_weight)


def top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, k: int = 5, axis: int = -1
) -> float:
    """As `sparse_top_k_categorical_accuracy`, for one-hot targets.

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.6, 0.3]], k=2)
    1.0
    """
    y, p = _same("top_k_categorical_accuracy", y_true, y_pred)
    return sparse_top_k_categorical_accuracy(y.argmax(axis), p, sample_weight, k=k, axis=axis)


def root_mean_squared_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Root of the weighted mean of the squared errors, in the target's unit.

    >>> root_mean_squared_error([0.0, 0.0], [3.0, 4.0], sample_weight=[1.0, 0.0])
    3.0
    """
    return _loss("root_mean_squared_error", y_true, y_pred, sample_weight)


def mean_absolute_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Weighted mean of the absolute errors, in the target's unit.

    >>> mean_absolute_error([1.0, 0.0], [2.0, 3.0])
    2.0
    """
    return _loss("mean_absolute_error", y_true, y_pred, sample_weight)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Weighted mean of the absolute errors in percent of the target.

    >>> mean_absolute_percentage_error([4.0], [5.0])
    25.0
    """
    return _loss("mean_absolute_percentage_error", y_true, y_pred, sample_weight)


def cosine_similarity(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Weighted mean of the cosine between rows: 1 for the same direction (the loss is -1 there).

    >>> cosine_similarity([[1.0, 0.0]], [[2.0, 0.0]])
    1.0
    """
    return -_loss("cosine_similarity", y_true, y_pred, sample_weight)


METRICS: dict[str, Callable[..., float]] = {
    f.__name__: f
    for f in (
        binary_accuracy,
        sign_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        top_k_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        root_mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        cosine_similarity,
    )
}
"""Every metric by name; the `metric` of a loss card is one of these."""

__all__ = [
    "METRICS",
    "binary_accuracy",
    "categorical_accuracy",
    "cosine_similarity",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "root_mean_squared_error",
    "sign_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _loss(name: str, y_true: Any, y_pred: Any, sample_weight: Any) -> float:
    loss = get(name, reduction="mean_with_sample_weight")
    return float(loss(y_true, y_pred, sample_weight))


def _same(name: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    if y.shape != p.shape:
        raise ValueError(
            f"{name}: y_true and y_pred must have the same shape, got y_true.shape={y.shape} and "
            f"y_pred.shape={p.shape}."
        )
    return y, p


def _labels(name: str, y_true: Any, y_pred: Any, axis: int) -> tuple[Array, Array]:
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    wanted = p.shape[:axis] + p.shape[axis:][1:] if p.ndim else None
    if y.shape != wanted:
        raise ValueError(
            f"{name}: y_true must have y_pred's shape without the class axis, {wanted}, got "
            f"y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    return y, p


def _mean(hits: Array, sample_weight: Any) -> float:
    if sample_weight is None:
        return float(np.mean(hits)) if hits.size else 0.0
    weight = as_array("sample_weight", sample_weight).astype(np.float64)
    if weight.shape == hits.shape[: weight.ndim]:
        weight = weight.reshape(weight.shape + (1,) * (hits.ndim - weight.ndim))
    weight = np.broadcast_to(weight, hits.shape)
    total = float(weight.sum())
    return float((hits * weight).sum() / total) if total else 0.0
