"""One loss call on Keras tensors: Keras's habits around the engine's call.

Predictions of one rank more or fewer, the logits behind a softmax, one value for each sample.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from losskit.core import links, vectors
from losskit.core.families import Setwise, counting, is_rowwise, lacks_axes, placed
from losskit.core.packing import Packed, packed, predictions, targets
from losskit.core.pairs import Pairs, named_alike
from losskit.engine.arrays import check_unmasked
from losskit.engine.call import Call, aligned, checked
from losskit.engine.formulas import Formulas
from losskit.engine.reduction import check_num_items, reduced
from losskit.engine.shapes import fits
from losskit.engine.values import check_slot
from losskit.keras import backend
from losskit.keras.activations import kept_logits
from losskit.keras.framework import KERAS

Tensor = Any
M = KERAS.vocabulary("")


@dataclasses.dataclass(frozen=True)
class Link:
    """Makes logits that a card takes of those of another activation: see `losskit.core.links`."""

    function: Callable[[Tensor], Tensor]
    axis: int | None = None
    """Along which one logit of them depends on all of the others."""


def evaluate(
    card: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = None,
    dtype: str = "float32",
    axis: int = -1,
    num_items: Any = None,
    more: dict[str, Any] | None = None,
    **references: Any,
) -> tuple[Tensor, Call]:
    """The reduced loss; without a reduction, one value per sample. And the call it is of.

    Args:
        card: a loss card.
        y_true: targets.
        y_pred: predictions; where a card takes several, a tuple or mapping of them, or one tensor
            that has them side by side (see `losskit.core.packing`).
        sample_weight: a number, one per sample or one per item.
        mask: which items count, likewise.
        reduction: Keras's name for it, or None.
        dtype: of the computation.
        axis: over which the elements of a sample are averaged.
        num_items: what a mean divides by, if the caller says.
        more: optional slots of the card, by name.
        references: see `of_rows`.

    Raises:
        TypeError: several predictions where a card takes one.
        ValueError: a shape does not match, or, outside of tracing, a value is out of its domain.
    """
    if references or _is_batch(card, y_pred):
        card, y_true, y_pred, mask = of_rows(card, y_true, y_pred, mask, dtype, **references)
    call, link = _aligned(card, y_true, y_pred, sample_weight, mask, dtype, more)
    card = call.card
    averaged = reduction not in (None, "none", "sum")
    if num_items is not None:
        if not averaged or isinstance(card, Setwise):
            raise ValueError(f"num_items goes with the mean of items, got num_items={num_items}.")
        num_items = check_num_items(num_items)
    by_weights = reduction == "mean_with_sample_weight"
    if averaged and link is None and not isinstance(card, Setwise):
        found = KERAS.fused(call, "mean", by_weights, num_items)
        if found is not None:
            return found, call
    call = _linked(checked(KERAS, call), link)
    if averaged or isinstance(card, Setwise):
        # The mean over samples of means over elements is the mean of all that count.
        across = KERAS.replicas()
        return reduced(KERAS, call, by_weights=by_weights, num_items=num_items, across=across), call
    losses = KERAS.fused(
        dataclasses.replace(call, weight=None, keep=call.used), "none", False, None
    )
    if losses is None:
        losses = KERAS.items(
            Formulas(call.card, KERAS.vocabulary(call.came), KERAS, call.looked), call
        )
    if call.weight is not None:
        losses = losses * call.weight
    losses = _per_sample(call, losses, axis)
    return (ops.sum(losses) if reduction == "sum" else losses), call


def prepared(
    card: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    mask: Any,
    dtype: str,
    more: dict[str, Any] | None = None,
) -> Call:
    """The call that `evaluate` reduces."""
    if _is_batch(card, y_pred):
        card, y_true, y_pred, mask = of_rows(card, y_true, y_pred, mask, dtype)
    call, link = _aligned(card, y_true, y_pred, sample_weight, mask, dtype, more)
    return _linked(checked(KERAS, call), link)


def _aligned(
    card: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    mask: Any,
    dtype: str,
    more: dict[str, Any] | None = None,
) -> tuple[Call, Link | None]:
    card, given = _predictions(card, y_pred)
    # Keras gives a target to those too that take none.
    target: tuple[Any, ...] = (y_true,) if targets(card) else ()
    _check_dense(**dict(zip(("y_true",), target, strict=False)), y_pred=given[0])
    target = tuple(KERAS.array("y_true", y, card.target.labels) for y in target)
    card, first, link = _behind(card, given[0])
    first = ops.convert_to_tensor(first)
    came = keras.backend.standardize_dtype(first.dtype)
    first = _bounded(card, first, dtype)
    if target:
        y, first = _same_rank(card, target[0], first)
        target = (y,)
    card = placed(card, tuple(first.shape))
    _check_classes(card, first)
    rest = [ops.cast(ops.convert_to_tensor(x), dtype) for x in given[1:]]
    arrays = (*target, first, *rest)
    return aligned(KERAS, card, arrays, sample_weight, mask, came, more=more), link


# --- rows of similarities ---------------------------------------------------------------------

_unit = backend.activation(
    lambda x: vectors.unit(M, vectors.near(M, x, -1)[0], -1)[0],
    lambda x, g: vectors.unit_slope(M, x, g, -1),
)


def of_rows(
    card: Pairs,
    labels: Any,
    embeddings: Any,
    mask: Any,
    dtype: str,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
) -> tuple[Any, Tensor, Tensor, Tensor]:
    """The loss of pairs as one of each vector's similarities: of the samples of a batch.

    Args:
        card: a loss of pairs.
        labels: of the vectors, (batch) or (batch, 1).
        embeddings: the vectors, (batch, features).
        mask: which of them count.
        dtype: of the computation.
        ref_labels: of what they are compared with; None for themselves.
        ref_embeddings: what they are compared with, likewise.

    Returns:
        The card of rows, its targets and predictions, and which rows count.

    Raises:
        ValueError: shapes do not match, or a label is no whole number.
    """
    x = ops.cast(ops.convert_to_tensor(embeddings), dtype)
    own = _names(card, "y_true", labels)
    of = own if ref_labels is None else _names(card, "ref_labels", ref_labels)
    other = x if ref_embeddings is None else ops.cast(ops.convert_to_tensor(ref_embeddings), dtype)
    for name, given, by, of_what in (
        ("y_true", own, "y_pred", x),
        ("ref_labels", of, "ref_embeddings", other),
    ):
        if len(of_what.shape) != 2 or not fits(tuple(given.shape), tuple(of_what.shape)[:1]):
            raise ValueError(
                f"{card.name} takes vectors (batch, features) and a label for each: got "
                f"{name}.shape={tuple(given.shape)} and {by}.shape={tuple(of_what.shape)}."
            )
    if isinstance(own, np.ndarray) and isinstance(of, np.ndarray):
        # As numbers from 0 on, for a backend may not hold the ones that were given.
        numbers = np.unique(np.concatenate([own, of]), return_inverse=True)[1]
        own, of = numbers[: len(own)], numbers[len(own) :]
    own, of = KERAS.labels(own), KERAS.labels(of)
    alike = named_alike(M, own, x, card.with_itself, (of, other))
    u, v = (_unit(x), _unit(other)) if card.normalize else (x, other)
    s = M.matmul(u, ops.transpose(v))
    # A label that is none, where that cannot be an error.
    s = ops.where(M.lay(own, -1) == KERAS.no_class, float("nan"), s)
    counted = M.drop(card.rows.count(M, alike), -1) > 0
    if mask is not None:
        counted = counted & ops.cast(mask, "bool")
    return card.rows, alike, s, counted


def _is_batch(card: Any, y_pred: Any) -> bool:
    """Whether the samples are the vectors of one set, not sets of vectors."""
    return getattr(card, "by_samples", False) and len(np.shape(y_pred)) == 2


def _names(card: Any, name: str, labels: Any) -> Any:
    y = KERAS.array(name, labels, labels=True)
    y = y[..., 0] if len(y.shape) == 2 and y.shape[1] == 1 else y
    if KERAS.visible(y):
        slot = dataclasses.replace(card.slots[0], name=name, dims=(), axes=())
        check_slot(card, slot, KERAS.values(y), None, 0.0)
    return y


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


def _linked(call: Call, link: Link | None) -> Call:
    """The call with the logits that its card takes."""
    if link is None:
        return call
    z = call.prediction
    card, used = call.card, call.used
    reached = counting(M, card, card.slots[card.main], call.arrays[0], used)
    if used is not None and link.axis is not None:
        reached = ops.any(used, link.axis, keepdims=True)
    if reached is not None:
        # What goes into the link must not be NaN where nothing of it counts.
        z = ops.where(reached, z, ops.ones_like(z))
    first = call.card.main
    arrays = (*call.arrays[:first], link.function(z), *call.arrays[first + 1 :])
    return dataclasses.replace(call, arrays=arrays)


# --- inside -------------------------------------------------------------------------------------


def _predictions(card: Any, y_pred: Any) -> tuple[Any, list[Any]]:
    """The card and its predictions; packed, if they come in one tensor."""
    slots = [card.slots[i] for i in predictions(card)]
    several = len(slots) > 1
    if isinstance(y_pred, dict) and several and set(y_pred) == {slot.name for slot in slots}:
        return card, [y_pred[slot.name] for slot in slots]
    if isinstance(y_pred, (list, tuple)) and several and len(y_pred) == len(slots):
        return card, list(y_pred)
    if isinstance(y_pred, (dict, list, tuple)) and _nested(y_pred):
        wanted = f" It takes {', '.join(slot.name for slot in slots)}." if several else ""
        raise TypeError(
            f"A losskit loss takes one prediction tensor; give each output its own.{wanted}"
        )
    if targets(card):
        return packed(card), [y_pred]
    return card, _apart(packed(card), ops.convert_to_tensor(y_pred))


def _apart(card: Packed, p: Tensor) -> list[Tensor]:
    """The predictions of a card without a target, of which Keras has one all the same."""
    slot = card.slots[card.main]
    if len(p.shape) < len(slot.dims) or p.shape[slot.axes[0]] != len(slot.places):
        raise ValueError(
            f"y_pred must hold {len(slot.places)} predictions along axis={slot.axes[0]} for "
            f"{card.name} ({', '.join(s.name for s in card.card.slots)}), got y_pred.shape="
            f"{tuple(p.shape)}. Or give a tuple of them, or a mapping by these names."
        )
    return list(ops.unstack(p, len(slot.places), slot.axes[0]))


def _per_sample(call: Call, losses: Tensor, axis: int) -> Tensor:
    """The mean of the elements of each sample; rows are one value each already."""
    dimensions = len(losses.shape)
    several = isinstance(call.card, Packed) or len(predictions(call.card)) > 1
    whole = dimensions < 2 if several else is_rowwise(call.card)
    if whole or not dimensions:
        return losses
    size = losses.shape[axis]
    if size:
        return ops.mean(losses, axis=axis)
    # No element, or a number of them that is known at run time only: 0 / 0 is 0 here.
    size = ops.maximum(ops.shape(losses)[axis], 1)
    return ops.sum(losses, axis=axis) / ops.cast(size, losses.dtype)


def _check_classes(card: Any, p: Tensor) -> None:
    counts_classes = card.target.labels or card.held or getattr(card, "label_smoothing", 0.0)
    if is_rowwise(card) and counts_classes and len(p.shape) and p.shape[card.axis] is None:
        raise ValueError(
            f"{card.name} must know the number of classes while tracing, got y_pred.shape="
            f"{tuple(p.shape)} with axis={card.axis}. Give the layer or the signature its size, "
            "or call y_pred.set_shape."
        )


def _nested(y_pred: Any) -> bool:
    leaves = y_pred.values() if isinstance(y_pred, dict) else y_pred
    return isinstance(y_pred, dict) or any(hasattr(leaf, "shape") and leaf.shape for leaf in leaves)


def _check_dense(**tensors: Any) -> None:
    for name, x in tensors.items():
        check_unmasked(name, x)
        kind = type(x).__name__
        if kind in ("RaggedTensor", "SparseTensor"):
            dense = "tf.sparse.to_dense(x)" if kind == "SparseTensor" else "x.to_tensor()"
            raise TypeError(
                f"{name} is a tf.{kind} (shape {tuple(x.shape)}), expected a dense tensor. Pass "
                f"{dense} of targets and predictions; for what only pads a row, sample_weight 0 "
                "(tf.sequence_mask(x.row_lengths()) as numbers), which leaves it out."
            )


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
    if card.slots[0].dims not in ((), card.slots[1].dims) and not card.slots[0].places:
        return y, p  # of other dimensions anyway
    if card.slots[0].places:
        # Of several targets side by side, a layer of one output.
        single = len(y.shape) == len(p.shape) > 1 and p.shape[-1] == 1
        return y, ops.squeeze(p, -1) if single else p
    if isinstance(card, Pairs):
        return (y[..., 0] if len(y.shape) == len(p.shape) and y.shape[-1] == 1 else y), p
    if lacks_axes(card):
        if len(y.shape) == len(p.shape) and y.shape[card.axis] == 1:
            y = y.squeeze(card.axis) if isinstance(y, np.ndarray) else ops.squeeze(y, card.axis)
        return y, p
    if len(y.shape) == len(p.shape) + 1 and y.shape[-1] == 1:
        return (y, ops.expand_dims(p, -1)) if len(p.shape) == 1 else (ops.squeeze(y, -1), p)
    if len(p.shape) == len(y.shape) + 1 and p.shape[-1] == 1:
        return (ops.expand_dims(y, -1), p) if len(y.shape) == 1 else (y, ops.squeeze(p, -1))
    return y, p
