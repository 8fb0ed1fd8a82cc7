"""One loss call on Keras tensors: align, find the logits, leave out what does not count, reduce."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from losskit.core import inputs, links
from losskit.core.families import (
    Items,
    Setwise,
    has_row_target,
    is_rowwise,
    placed,
)
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.keras import KerasVocabulary
from losskit.keras import backend
from losskit.keras import items as of_backend
from losskit.keras.activations import kept_logits

Tensor = Any

KerasVocabulary.widens = backend.NAME != "jax"
M = KerasVocabulary(ops, backend.activation, backend.raised)
"""The vocabulary; for predictions that came in one of these dtypes:"""
_BY_DTYPE = {
    name: KerasVocabulary(ops, backend.activation, backend.raised, came)
    for name, came in PRECISIONS.items()
}

NO_CLASS = -(2**31)
"""Stands for a label that is none: no class, and no `ignore_class` that anybody would choose."""


@dataclasses.dataclass(frozen=True)
class Link:
    """Makes logits that a card takes of those of another activation: see `losskit.core.links`."""

    function: Callable[[Tensor], Tensor]
    axis: int | None = None
    """Along which one logit of them depends on all of the others."""


@dataclasses.dataclass(frozen=True)
class Call:
    """Tensors of one call in the dtype of the computation, ready for the card's formulas."""

    card: Any
    y: Tensor
    p: Tensor
    axis: int
    """The axis of the prediction that a value uses up: of the classes, or of the mean."""
    m: KerasVocabulary = M
    given: Any = None
    """The target as it was given, for messages about it: a tensor, or a NumPy array of labels."""
    link: Link | None = None
    """What `p` goes through first: it holds the logits of another activation than the card's."""


def align(card: Any, y_true: Any, y_pred: Any, dtype: str, axis: int = -1) -> Call:
    """Tensors of matching shapes, from the logits behind ``y_pred`` where they are kept.

    Raises:
        ValueError: shapes do not match.
    """
    if isinstance(y_pred, (dict, list, tuple)) and _nested(y_pred):
        raise TypeError("A losskit loss takes one prediction tensor; give each output its own.")
    _check_dense(y_true=y_true, y_pred=y_pred)
    y_true = inputs.sound(y_true)
    card, p, link = _behind(card, y_pred)
    p = ops.convert_to_tensor(p)
    m = _BY_DTYPE.get(keras.backend.standardize_dtype(p.dtype), M)
    p = _bounded(card, p, dtype)
    host = _host_labels(y_true) if card.target.labels else None
    y, p = _same_rank(card, ops.convert_to_tensor(y_true if host is None else _narrow(host)), p)
    card = placed(card, len(p.shape))
    inputs.check_shapes(card, y.shape, p.shape)
    counts_classes = card.target.labels or getattr(card, "label_smoothing", 0.0)
    if is_rowwise(card) and counts_classes and p.shape[card.axis] is None:
        raise ValueError(
            f"{card.name} must know the number of classes while tracing, got y_pred.shape="
            f"{tuple(p.shape)} with axis={card.axis}. Give the layer or the signature its size, "
            "or call y_pred.set_shape."
        )
    converted = _labels(y) if card.target.labels else ops.cast(y, dtype)
    axis = card.axis if is_rowwise(card) else axis
    # What _same_rank takes away are dimensions of 1.
    given = y if host is None else host.reshape(y.shape)
    return Call(card, converted, p, axis, m, given, link)


def items(call: Call, used: Any, weighted: bool) -> Tensor:
    """The items, 0 where not used, with the card's slopes as their derivatives."""
    if 0 in tuple(call.p.shape):
        return ops.sum(call.p, axis=call.card.axis) if is_rowwise(call.card) else call.p
    return of_backend.items(call.card, call.m, call.y, call.p, used, weighted)


def reduced(call: Call, sample_weight: Any, mask: Any, reduction: str | None) -> Tensor:
    """The reduced loss; without a reduction, one value per sample.

    Raises:
        ValueError: a weight's shape does not match, or (outside of any tracing) a label or a
            prediction is outside its domain.
    """
    used, weight, keep = _parts(call, sample_weight, mask)
    given, call = call, _linked(call, used)
    if isinstance(call.card, Setwise):
        _check(given, used)
        return _set_value(call, used, weight, keep, reduction)
    by_weights = reduction == "mean_with_sample_weight"
    averaged = reduction not in (None, "none", "sum") and 0 not in call.p.shape
    averaged &= not (by_weights and getattr(call.card, "class_weight", None))
    # The mean over samples of means over elements is the mean of all that count.
    parts = call.card, call.m, call.y, call.p, keep, weight, by_weights
    found = of_backend.mean(*parts) if averaged else None
    if found is None or not of_backend.looks:
        _check(given, used)
    if found is not None:
        return found
    losses = items(call, used, weight is not None)
    if weight is not None:
        losses = losses * weight
    losses = _per_sample(call, losses)
    if reduction in (None, "none"):
        return losses
    total = ops.sum(losses)
    if reduction == "sum":
        return total
    count = _count(call, losses, weight, keep, reduction)
    # As Keras: weights may be negative, and so may their sum.
    return _per_replica(ops.where(count != 0, total, 0.0) / ops.where(count != 0, count, 1.0))


# --- logits behind probabilities ----------------------------------------------------------------

LOG_SIGMOID = Link(
    backend.activation(
        lambda z: links.log_sigmoid(M, z), lambda z, g: links.log_sigmoid_gradient(M, z, g)
    )
)


@functools.cache
def _log_odds(axis: int) -> Link:
    return Link(
        backend.activation(
            lambda z: links.log_odds(M, z, axis),
            lambda z, g: links.log_odds_gradient(M, z, g, axis),
            lambda z, dz: links.log_odds_tangent(M, z, dz, axis),
        ),
        axis,
    )


def _behind(card: Any, p: Tensor) -> tuple[Any, Tensor, Link | None]:
    """Card and prediction, or else the card on logits, the logits, and what they go through."""
    if getattr(card, "from_logits", None) is not False or card.prediction.low != 0.0:
        return card, p, None  # of no probabilities
    softmax, sigmoid = ("softmax", getattr(card, "axis", -1)), ("sigmoid", 0)
    likely = (softmax, sigmoid) if is_rowwise(card) else (sigmoid, softmax)
    found = kept_logits(p, likely)
    if found is None:
        return card, p, None
    name, axis, logits = found
    link = None
    if is_rowwise(card):
        if name == "sigmoid":
            link = LOG_SIGMOID
        elif axis != card.axis % len(p.shape):
            return card, p, None
    elif name == "softmax":
        if p.shape[axis] == 1:  # always 1: there are no odds
            return card, p, None
        link = _log_odds(axis)
    return dataclasses.replace(card, from_logits=True), logits, link


def _linked(call: Call, used: Any) -> Call:
    """The call with the logits that its card takes."""
    link, z = call.link, call.p
    if link is None:
        return call
    if used is not None:
        # As below: what goes into the link must not be NaN where nothing of it counts.
        reached = of_backend.spread(call.card, used)
        if link.axis is not None:
            reached = ops.any(ops.broadcast_to(used, ops.shape(z)), link.axis, keepdims=True)
        z = ops.where(reached, z, ops.ones_like(z))
    return dataclasses.replace(call, p=link.function(z), link=None)


# --- inside -------------------------------------------------------------------------------------


def _per_sample(call: Call, losses: Tensor) -> Tensor:
    """The mean of the elements of each sample; rows are one value each already."""
    if is_rowwise(call.card) or not len(losses.shape):
        return losses
    size = losses.shape[call.axis]
    if size:
        return ops.mean(losses, axis=call.axis)
    # No element, or a number of them that is known at run time only: 0 / 0 is 0 here.
    size = ops.maximum(ops.shape(losses)[call.axis], 1)
    return ops.sum(losses, axis=call.axis) / ops.cast(size, losses.dtype)


def _nested(y_pred: Any) -> bool:
    leaves = y_pred.values() if isinstance(y_pred, dict) else y_pred
    return isinstance(y_pred, dict) or any(hasattr(leaf, "shape") and leaf.shape for leaf in leaves)


def _check_dense(**tensors: Any) -> None:
    for name, x in tensors.items():
        inputs.check_unmasked(name, x)
        kind = type(x).__name__
        if kind in ("RaggedTensor", "SparseTensor"):
            dense = "tf.sparse.to_dense(x)" if kind == "SparseTensor" else "x.to_tensor()"
            raise TypeError(
                f"{name} is a tf.{kind} (shape {tuple(x.shape)}), expected a dense tensor. Pass "
                f"{dense} of targets and predictions; for what only pads a row, sample_weight 0 "
                "(tf.sequence_mask(x.row_lengths()) as numbers), which leaves it out."
            )


def _host_labels(y: Any) -> Any:
    """Labels that are no tensor yet, as NumPy has them; None for tensors and what is no number."""
    if isinstance(y, (int, list, tuple)):
        try:
            y = np.asarray(y)
        except ValueError:
            return None
    return y if isinstance(y, (np.ndarray, np.generic)) and y.dtype.kind in "iu" else None


def _narrow(y: Any) -> Any:
    """Labels as int32, as backends may make them; one that is too large becomes `NO_CLASS`."""
    whole = y.astype(np.int32)
    return np.where(whole == y, whole, np.int32(NO_CLASS))


def _labels(y: Tensor) -> Tensor:
    """Labels as int32; one that is fractional, NaN or too large becomes `NO_CLASS`."""
    whole = ops.cast(y, "int32")
    return ops.where(ops.equal(ops.cast(whole, y.dtype), y), whole, NO_CLASS)


def _bounded(card: Any, p: Tensor, dtype: str) -> Tensor:
    """The prediction in the dtype of the computation; for probabilities, gradients stay finite.

    The gradient of a probability near 0 is huge. Times a weight it may overflow, and the backward
    pass of softmax, which multiplies by that probability, would make 0 * inf = NaN of it. (A
    float16 gradient may still overflow in the cast: that is what tells Keras to scale it less.)
    """
    own = keras.backend.standardize_dtype(p.dtype)
    if "float" not in own or card.prediction.low != 0.0:
        return ops.cast(p, dtype)
    limit = float(np.finfo("float64" if own == dtype == "float64" else "float32").max)
    return backend.bounded(ops.cast(p, dtype), limit)


def _same_rank(card: Any, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Keras's habit: a last dimension of 1 that only one side has is no difference."""
    if has_row_target(card):
        if len(y.shape) == len(p.shape) and y.shape[card.axis] == 1:
            y = ops.squeeze(y, axis=card.axis)
        return y, p
    if len(y.shape) == len(p.shape) + 1 and y.shape[-1] == 1:
        return (y, ops.expand_dims(p, -1)) if len(p.shape) == 1 else (ops.squeeze(y, -1), p)
    if len(p.shape) == len(y.shape) + 1 and p.shape[-1] == 1:
        return (ops.expand_dims(y, -1), p) if len(y.shape) == 1 else (y, ops.squeeze(p, -1))
    return y, p


def _parts(call: Call, sample_weight: Any, mask: Any) -> tuple[Any, Any, Any]:
    """(used, weight, keep), each of a shape that broadcasts against the items, or None.

    ``keep`` says which items count; ``used`` which of those have a weight other than 0.
    """
    keep = None
    if mask is not None:
        keep = _fit(call, "mask", ops.cast(ops.convert_to_tensor(inputs.sound(mask)), "bool"))
    ignored = call.card.ignored() if isinstance(call.card, Items) else None
    if ignored is not None:
        counted = ops.not_equal(call.y, ignored)
        keep = counted if keep is None else ops.logical_and(keep, counted)
    if sample_weight is None:
        return keep, None, keep
    weight = ops.cast(ops.convert_to_tensor(inputs.sound(sample_weight)), call.p.dtype)
    weight = _fit(call, "sample_weight", weight)
    used = ops.not_equal(weight, 0)
    if keep is not None:
        used = ops.logical_and(keep, used)
    weight = ops.where(used, weight, ops.zeros_like(weight))
    return used, weight, keep


def _fit(call: Call, name: str, x: Tensor) -> Tensor:
    """Weights or a mask laid over the items: a number, one per sample, or one per element."""
    rank, shape, given = len(x.shape), tuple(call.p.shape), tuple(x.shape)
    if rank == 0:
        return x
    if is_rowwise(call.card):
        target = inputs.item_shape(call.card, shape)
        if rank == len(target) + 1 and x.shape[-1] == 1:
            x = ops.squeeze(x, -1)
    else:
        target = shape
    for _ in range(len(target) - len(x.shape)):
        x = ops.expand_dims(x, -1)
    if len(x.shape) != len(target) or any(
        a not in (1, None) and b is not None and a != b
        for a, b in zip(x.shape, target, strict=True)
    ):
        raise ValueError(
            f"{name} must be a number, one per sample, or one per element: got {name}.shape="
            f"{given} for y_pred.shape={shape}."
        )
    return x


def _count(call: Call, losses: Tensor, weight: Any, keep: Any, reduction: str | None) -> Tensor:
    """What a mean divides by: the samples that count, or the sum of their weights."""
    dtype = losses.dtype
    per_item = weight if reduction == "mean_with_sample_weight" else None
    if per_item is None and keep is not None:
        per_item = ops.cast(keep, dtype)
    if reduction == "mean_with_sample_weight" and getattr(call.card, "class_weight", None):
        own = call.card.weights(call.m, call.y, call.p)
        if per_item is not None:  # a label that does not count is no class
            own = ops.where(per_item != 0, own, 0.0) * per_item
        per_item = own
    if per_item is None:
        return ops.cast(ops.size(losses), dtype)
    if is_rowwise(call.card) or not len(call.p.shape):
        return ops.sum(ops.broadcast_to(per_item, ops.shape(losses)))
    per_element = ops.broadcast_to(per_item, ops.shape(call.p))
    return ops.sum(_per_sample(call, per_element))


def _set_value(call: Call, used: Any, weight: Any, keep: Any, reduction: str | None) -> Tensor:
    card = call.card
    y, p = of_backend.stood_in(card, call.y, call.p, used)
    weight = ops.cast(keep, p.dtype) if weight is None and keep is not None else weight
    w = ops.ones_like(p) if weight is None else ops.broadcast_to(weight, ops.shape(p))
    count = ops.cast(ops.size(p), p.dtype)
    if reduction == "mean_with_sample_weight":
        count = ops.sum(w)
    elif keep is not None:
        count = ops.sum(ops.cast(ops.broadcast_to(keep, ops.shape(p)), p.dtype))
    if 0 in tuple(p.shape):
        return ops.sum(p)
    # Nothing counts: every weight is 0 then, and so is the value.
    count = ops.where(count > 0, count, ops.ones_like(count))

    return _per_replica(of_backend.of_set(card, call.m, y, p, w, count))


def _per_replica(mean: Tensor) -> Tensor:
    """Keras sums the replicas' losses under `tf.distribute`, so a mean is divided among them."""
    if backend.NAME == "tensorflow":
        import tensorflow as tf

        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            return mean / replicas
    return mean


def _concrete(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x
    half = keras.backend.standardize_dtype(x.dtype) in inputs.HALF
    return backend.concrete(ops.cast(x, "float32") if half else x)


def _check(call: Call, used: Any) -> None:
    """The NumPy face's messages, wherever the values exist: not while tracing, not on a GPU."""
    target_bounded, prediction_bounded = inputs.bounded(call.card)
    if not target_bounded and not prediction_bounded:
        return
    y, p = _concrete(call.given), _concrete(call.p)
    counted = None if used is None else backend.concrete(used)
    if y is None or p is None or (used is not None and counted is None):
        return
    if counted is not None:
        shape = inputs.item_shape(call.card, p.shape)
        counted = np.broadcast_to(counted, shape)
    if target_bounded:
        dtype = keras.backend.standardize_dtype(call.given.dtype)
        inputs.check_target(call.card, y, p.shape, counted, inputs.spacing(dtype))
    inputs.check_prediction(call.card, p, counted, call.m.came.eps)
