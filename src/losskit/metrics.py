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

from losskit.core.namespaces import Array
from losskit.engine.arrays import as_array
from losskit.engine.shapes import laid
from losskit.engine.values import check_weight
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
        ValueError: shapes do not match, or a target is neither 0 nor 1.

    >>> binary_accuracy([1, 0, 1, 1], [0.9, 0.2, 0.4, 0.8])
    0.75
    """
    y, p = _same("binary_accuracy", y_true, y_pred)
    strange = y[(y != 0) & (y != 1)]
    if strange.size:
        raise ValueError(
            f"binary_accuracy: y_true must be 0 or 1, got {strange[0]}. For targets -1 and 1 use "
            "sign_accuracy."
        )
    # A NaN is above nothing, which must not make it a right answer for class 0.
    return _mean((y == (p > threshold)) & ~np.isnan(p), sample_weight)


def sign_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of scores on the right side of 0, for targets -1 and 1 (or 0 and 1): hinge losses.

    >>> sign_accuracy([-1, 1, 1], [-0.3, 2.0, -0.1], sample_weight=[1, 1, 2])
    0.5
    """
    y, p = _same("sign_accuracy", y_true, y_pred)
    return _mean(((y > 0) == (p > 0)) & ~np.isnan(p), sample_weight)


def distance_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, threshold: float = 1.0
) -> float:
    """Share of pairs told apart by their distance: below ``threshold`` they are read as alike.

    Args:
        y_true: 1 for pairs that are alike, -1 (or 0) for others, in the prediction's shape.
        y_pred: distances.
        sample_weight: weights >= 0: a number, one per element, or one per sample.
        threshold: the least distance of pairs that are not alike.

    Raises:
        ValueError: shapes do not match.

    >>> distance_accuracy([1, -1, -1, 1], [0.2, 1.5, 0.9, 0.0])
    0.75
    """
    y, p = _same("distance_accuracy", y_true, y_pred)
    return _mean(((y > 0) == (p < threshold)) & ~np.isnan(p), sample_weight)


def cosine_accuracy(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    *,
    axis: int = -2,
    threshold: float = 0.0,
) -> float:
    """Share of pairs of vectors told apart by their cosine: above ``threshold`` they are alike.

    Args:
        y_true: 1 for pairs that are alike, -1 (or 0) for others.
        y_pred: the two vectors of each pair, side by side along ``axis``.
        sample_weight: weights >= 0: a number, or one per pair.
        axis: along which the two lie; along the next one, the vectors themselves.
        threshold: the largest cosine of pairs that are not alike.

    Raises:
        ValueError: shapes do not match.

    >>> cosine_accuracy([1, -1], [[[3.0, 4.0], [4.0, 3.0]], [[1.0, 0.0], [1.0, 1.0]]])
    0.5
    """
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    rows = p.ndim > 1 and -p.ndim <= axis < p.ndim
    # The next one, or the first after the last.
    vector = axis % p.ndim % (p.ndim - 1) if rows else 0
    if not rows or p.shape[axis] != 2 or y.shape != np.take(p, 0, axis).take(0, vector).shape:
        raise ValueError(
            f"cosine_accuracy: y_pred must hold the two vectors of a pair along axis={axis}, and "
            f"y_true one number for each pair, got y_true.shape={y.shape} and "
            f"y_pred.shape={p.shape}."
        )
    # Of the largest entries, lest squares overflow or vanish; a zero vector is at a right angle.
    pair = np.moveaxis(p.astype(np.float64), axis, 0)
    top = np.abs(pair).max(1 + vector, keepdims=True)
    first, second = pair / np.where(top == 0, 1.0, top)
    lengths = np.linalg.norm(first, axis=vector) * np.linalg.norm(second, axis=vector)
    cosine = (first * second).sum(vector) / np.where(lengths == 0, 1.0, lengths)
    return _mean(((y > 0) == (cosine > threshold)) & ~np.isnan(cosine), sample_weight)


def coverage(y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -1) -> float:
    """Share of targets within one predicted standard deviation of the predicted mean.

    0.683 where the predicted Gaussian distributions are right; less if they are too narrow.

    Args:
        y_true: numbers, one per row.
        y_pred: rows of mean and variance.
        sample_weight: weights >= 0: a number, or one per row.
        axis: where mean and variance lie.

    Raises:
        ValueError: shapes do not match.

    >>> coverage([1.0, 2.0], [[1.5, 1.0], [4.0, 1.0]])
    0.5
    """
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    rows = p.ndim and -p.ndim <= axis < p.ndim
    if not rows or p.shape[axis] != 2 or y.shape != tuple(np.delete(p.shape, axis)):
        raise ValueError(
            f"coverage: y_pred must hold a mean and a variance along axis={axis}, and y_true one "
            f"number for each pair, got y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    mean, variance = np.moveaxis(p, axis, 0)
    return _mean(np.abs(y - mean) <= np.sqrt(variance), sample_weight)


def triplet_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -2
) -> float:
    """Share of triplets whose anchor lies nearer to the positive than to the negative.

    Args:
        y_true: not read: which vector is which says all.
        y_pred: anchor, positive and negative, side by side along ``axis``.
        sample_weight: weights >= 0: a number, or one per triplet.
        axis: along which the three lie; along the next one, the vectors themselves.

    Raises:
        ValueError: there are not three vectors along the axis.

    >>> triplet_accuracy(None, [[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]])
    1.0
    """
    p = as_array("y_pred", y_pred)
    if p.ndim < 2 or not -p.ndim <= axis < p.ndim or p.shape[axis] != 3:
        raise ValueError(
            f"triplet_accuracy: y_pred must hold anchor, positive and negative along axis={axis}, "
            f"got y_pred.shape={p.shape}."
        )
    wide = p.astype(np.float64)
    anchor, positive, negative = np.moveaxis(wide, axis, 0)
    vector = axis % p.ndim % (p.ndim - 1)  # the next one, or the first after the last
    near, far = (np.linalg.norm(anchor - x, axis=vector) for x in (positive, negative))
    return _mean(near < far, sample_weight)


def concordance(y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = 0) -> float:
    """Share of comparable pairs in which the one with the earlier event has the higher score.

    Harrell's C: pairs are comparable where the earlier time is that of an event; equal scores count
    one half. Of several sets, their mean; a set without any such pair counts one half.

    Args:
        y_true: time and event side by side, along the axis before that of the sets, or the last one
            where that is counted from the front.
        y_pred: scores.
        sample_weight: weights >= 0: a number, or one per set.
        axis: of the sets.

    Raises:
        ValueError: shapes do not match.

    >>> concordance([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]], [0.9, 0.2, 0.4])
    1.0
    """
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    axis = _check_axis("concordance", axis, p) - (0 if axis >= 0 else p.ndim)
    beside = min(0, axis) - 1
    if y.ndim != p.ndim + 1 or y.shape[beside] != 2 or np.take(y, 0, beside).shape != p.shape:
        raise ValueError(
            f"concordance: y_true must hold time and event along axis={beside} for each score, got "
            f"y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    time, event = (np.moveaxis(np.take(y, i, beside), axis, -1) for i in (0, 1))
    p = np.moveaxis(p, axis, -1)
    pairs = (event[..., None] > 0) & (time[..., None] < time[..., None, :])
    right = (p[..., None] > p[..., None, :]) + 0.5 * (p[..., None] == p[..., None, :])
    number = pairs.sum((-2, -1))
    found = np.where(number, (right * pairs).sum((-2, -1)) / np.maximum(number, 1), 0.5)
    return _mean(found, sample_weight)


def label_error_rate(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, blank: int = 0
) -> float:
    """Edits that turn the most probable alignment's labels into the true ones, for each true one.

    Of each frame the class that is largest is said; what is said again at once is said once, and
    the blank is left out. Insertions, deletions and substitutions are edits. Of a sequence without
    labels their number is not divided.

    Args:
        y_true: labels, (..., labels), ended by the blank or by negative numbers.
        y_pred: probabilities, their logarithms or logits, (..., frames, classes).
        sample_weight: weights >= 0: a number, or one per sequence.
        blank: the class that stands for no label.

    Raises:
        ValueError: shapes do not match.

    >>> label_error_rate([[1, 2]], [[[0.1, 0.9, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]])
    0.5
    """
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    if p.ndim < 2 or y.shape[:-1] != p.shape[:-2] or not y.ndim or not p.shape[-1]:
        raise ValueError(
            "label_error_rate: y_true must hold labels along its last axis, and y_pred frames and "
            f"classes along its last two, got y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    # A frame that is NaN says the blank.
    said = np.where(np.isnan(p).any(-1), blank, p.argmax(-1))
    again = np.zeros(said.shape, bool)
    again[..., 1:] = said[..., 1:] == said[..., :-1]
    said = np.where(again, blank, said)
    number = np.logical_and.accumulate((y >= 0) & (y != blank), -1).sum(-1)
    # Of each beginning of the labels: how far what has been said so far is from it.
    places = np.arange(y.shape[-1] + 1)
    edits = np.broadcast_to(places, (*number.shape, len(places)))
    for i in range(said.shape[-1]):
        now = said[..., i, None]
        one = edits + 1
        one[..., 1:] = np.minimum(one[..., 1:], edits[..., :-1] + (y != now))
        # A label that is missed costs one more than the place before it.
        one = np.minimum.accumulate(one - places, -1) + places
        edits = np.where(now == blank, edits, one)
    found = np.take_along_axis(edits, number[..., None], -1)[..., 0]
    return _mean(found / np.maximum(number, 1), sample_weight)


def nearest_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of vectors whose nearest neighbour has their label: recall at 1.

    Of those that have one of their label; the nearest by the angle, itself left out. A tie is a
    miss: vectors that are all the same tell nothing. Of several sets, their mean; one without any
    such vector counts 1.

    Args:
        y_true: labels, any numbers: (..., n).
        y_pred: vectors: (..., n, d).
        sample_weight: weights >= 0: a number, or one per set.

    Raises:
        ValueError: shapes do not match.

    >>> nearest_accuracy([0, 0, 1], [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    1.0
    """
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    if p.ndim < 2 or y.shape != p.shape[:-1]:
        raise ValueError(
            "nearest_accuracy: there must be a label for each vector, got "
            f"y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    apart = ~np.eye(p.shape[-2], dtype=bool)
    alike = y[..., None] == y[..., None, :]
    same, cosines = alike & apart, _cosines(p, p)
    right = _above(cosines, same, ~alike)
    asked = same.any(-1)
    number = asked.sum(-1)
    return _mean(
        np.where(number, (right & asked).sum(-1) / np.maximum(number, 1), 1.0), sample_weight
    )


def retrieval_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of queries to which their own key is the nearest, by the angle.

    A tie is a miss. Of several sets, their mean.

    Args:
        y_true: not read: which vector is whose says its place.
        y_pred: queries and keys, side by side along the axis before the last: (..., n, 2, d).
        sample_weight: weights >= 0: a number, or one per set.

    Raises:
        ValueError: there are not two vectors along that axis.

    >>> retrieval_accuracy(None, [[[1.0, 0.0], [1.0, 0.1]], [[0.0, 1.0], [1.0, -1.0]]])
    0.5
    """
    p = as_array("y_pred", y_pred)
    if p.ndim < 3 or p.shape[-2] != 2:
        raise ValueError(
            "retrieval_accuracy: y_pred must hold query and key along axis=-2, got y_pred.shape="
            f"{p.shape}."
        )
    cosines = _cosines(p[..., 0, :], p[..., 1, :])
    own = np.eye(p.shape[-3], dtype=bool)
    return _mean(_above(cosines, own, ~own).mean(-1), sample_weight)


def _above(x: Array, some: Array, others: Array) -> Array:
    """Whether the largest of some in each row is above all others: no tie, nor beside a NaN."""
    a, b = (np.where(which, x, -np.inf).max(-1, initial=-np.inf) for which in (some, others))
    return a > b


def _cosines(a: Array, b: Array) -> Array:
    """Of each vector of one set with each of another; of a zero vector 0."""

    def unit(x: Array) -> Array:
        wide = x.astype(np.float64)
        length = np.linalg.norm(wide, axis=-1, keepdims=True)
        return wide / np.where(length == 0, 1.0, length)

    return unit(a) @ np.swapaxes(unit(b), -1, -2)


def categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -1
) -> float:
    """Share of rows whose largest prediction is the class of the one-hot target.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """
    y, p = _same("categorical_accuracy", y_true, y_pred, axis)
    return _mean(_is_top(y.argmax(axis), p, axis), sample_weight)


def sparse_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, axis: int = -1
) -> float:
    """Share of rows whose largest prediction is the class of the integer label.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """
    y, p = _labels("sparse_categorical_accuracy", y_true, y_pred, axis, sample_weight)
    return _mean(_is_top(y, p, axis), sample_weight)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, k: int = 5, axis: int = -1
) -> float:
    """Share of rows whose integer label is among the ``k`` largest predictions.

    A label that ties with the k-th largest counts as found only if fewer than ``k`` predictions
    are larger than its own.

    Raises:
        TypeError: ``k`` is no integer.
        ValueError: ``k`` is not positive, shapes do not match, or a label is no class.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2)
    0.5
    """
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise TypeError(f"k must be an integer, got {k!r}.")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}.")
    y, p = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred, axis, sample_weight)
    own = np.take_along_axis(p, np.expand_dims(y, axis).astype(np.int64), axis)
    larger = (p > own).sum(axis)
    return _mean((larger < k) & ~np.isnan(p).any(axis), sample_weight)


def top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, k: int = 5, axis: int = -1
) -> float:
    """As `sparse_top_k_categorical_accuracy`, for one-hot targets.

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.6, 0.3]], k=2)
    1.0
    """
    y, p = _same("top_k_categorical_accuracy", y_true, y_pred, axis)
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
        distance_accuracy,
        cosine_accuracy,
        coverage,
        concordance,
        triplet_accuracy,
        label_error_rate,
        nearest_accuracy,
        retrieval_accuracy,
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

TURNED = ("cosine_similarity",)
"""Those that are a loss with its sign turned, for more is better."""

__all__ = [
    "METRICS",
    "binary_accuracy",
    "categorical_accuracy",
    "concordance",
    "cosine_accuracy",
    "cosine_similarity",
    "coverage",
    "distance_accuracy",
    "label_error_rate",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "nearest_accuracy",
    "retrieval_accuracy",
    "root_mean_squared_error",
    "sign_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
    "triplet_accuracy",
]


def _loss(name: str, y_true: Any, y_pred: Any, sample_weight: Any) -> float:
    loss = get(name, reduction="mean_with_sample_weight")
    return float(loss(y_true, y_pred, sample_weight))


def _same(name: str, y_true: Any, y_pred: Any, axis: int | None = None) -> tuple[Array, Array]:
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    if y.shape != p.shape:
        raise ValueError(
            f"{name}: y_true and y_pred must have the same shape, got y_true.shape={y.shape} and "
            f"y_pred.shape={p.shape}."
        )
    if axis is not None:
        _check_axis(name, axis, p)
    return y, p


def _labels(
    name: str, y_true: Any, y_pred: Any, axis: int, sample_weight: Any
) -> tuple[Array, Array]:
    y, p = as_array("y_true", y_true), as_array("y_pred", y_pred)
    axis = _check_axis(name, axis, p)
    wanted = p.shape[:axis] + p.shape[axis + 1 :]
    if y.shape != wanted:
        raise ValueError(
            f"{name}: y_true must have y_pred's shape without the class axis, {wanted}, got "
            f"y_true.shape={y.shape} and y_pred.shape={p.shape}."
        )
    classes = p.shape[axis]
    bad = ~((y >= 0) & (y < classes) & (y == np.floor(y)))
    used = np.ones(y.shape) if sample_weight is None else _weights(sample_weight, y.shape)
    if (bad & (used != 0)).any():
        where = tuple(int(i) for i in np.argwhere(bad & (used != 0))[0])
        raise ValueError(
            f"{name}: label {y[where]} at index {where} is no class: y_pred has {classes} "
            f"classes, so labels are 0 to {classes - 1}. Leave such rows out with sample_weight 0."
        )
    return np.where(bad, 0, y), p


def _check_axis(name: str, axis: int, p: Array) -> int:
    if not -p.ndim <= axis < p.ndim:
        raise ValueError(f"{name}: axis={axis} does not exist in y_pred.shape={p.shape}.")
    if p.shape[axis] == 0:
        raise ValueError(f"{name}: y_pred.shape={p.shape} has no classes along axis={axis}.")
    return axis % int(p.ndim)


def _is_top(label: Array, p: Array, axis: int) -> Array:
    """Whether each row's largest prediction is its label; a NaN in the row is never right."""
    return (label == p.argmax(axis)) & ~np.isnan(p).any(axis)


def _mean(hits: Array, sample_weight: Any) -> float:
    if sample_weight is None:
        return float(np.mean(hits)) if hits.size else 0.0
    weight = _weights(sample_weight, hits.shape)
    total = float(weight.sum())
    return float((hits * weight).sum() / total) if total else 0.0


def _weights(sample_weight: Any, shape: tuple[int, ...]) -> Array:
    weight = as_array("sample_weight", sample_weight)
    weight = weight.reshape(laid("sample_weight", weight.shape, shape))
    return check_weight(np.broadcast_to(weight.astype(np.float64), shape), None)
