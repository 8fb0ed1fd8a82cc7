"""One loss call on Keras tensors: Keras's habits around the engine's call.

Predictions of one rank more or fewer, the logits behind a softmax, one value for each sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from losskit.core.families import Items, Setwise, is_rowwise, placed
from losskit.core.packing import Packed, packed, predictions, targets
from losskit.engine.call import Call, aligned, checked
from losskit.engine.reduction import reduced
from losskit.keras import backend
from losskit.keras.framework import KERAS
from losskit.keras.logits import behind
from losskit.keras.pairs import of_rows

Tensor = Any


def quick(
    card: Any, y_true: Any, y_pred: Any, weight: Any, dtype: str, by_weights: bool
) -> Tensor | None:
    """The mean without a mask, where the backend has a short way to it; None elsewhere.

    Args:
        card: any card.
        y_true, y_pred, weight: as of `prepared`.
        dtype: of the result.
        by_weights: whether it divides by the sum of the weights.
    """
    if backend.quick is None or getattr(y_pred, "shape", None) is None:
        return None
    card, p, link = behind(card, y_pred)
    if link is not None:
        return None
    shape = tuple(p.shape)
    known = _fits.get((id(card), len(shape)))
    if known is None or known[0] is not card:
        fits = isinstance(card, Items) and not getattr(card, "by_samples", False)
        fits = fits and len(card.slots) == 2 and card.main == 1 and not card.held
        if len(_fits) >= _MOST:
            _fits.clear()
        # A card is kept with what it is, so that no other can have its id.
        known = _fits[id(card), len(shape)] = (card, placed(card, shape) if fits else None)
    if known[1] is None or 0 in shape:
        return None
    limit = None
    if card.prediction.low == 0.0 and dtype in ("float32", "float64"):
        limit = _LARGEST[dtype]
    return backend.quick(known[1], y_true, p, weight, dtype, by_weights, limit)


_fits: dict[tuple[int, int], tuple[Any, Any]] = {}
"""By card and rank: the card, and that with its axes known; None if it goes the long way."""
_MOST = 1024
_LARGEST = {name: float(np.finfo(name).max) for name in ("float32", "float64")}


def prepared(
    card: Any,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    mask: Any = None,
    *,
    dtype: str,
    more: dict[str, Any] | None = None,
    alone: bool = False,
    **references: Any,
) -> Call:
    """The call, of which no value is looked at.

    Args:
        card: a loss card.
        y_true: targets.
        y_pred: predictions; where a card takes several, a tuple or mapping of them, or one tensor
            that has them side by side (see `losskit.core.packing`).
        sample_weight: a number, one per sample or one per item.
        mask: which items count, likewise.
        dtype: of the computation.
        more: optional slots of the card, by name.
        alone: whether no more than the mean of all samples will be asked for.
        references: see `losskit.keras.pairs.of_rows`.

    Raises:
        TypeError: several predictions where a card takes one.
        ValueError: a shape does not match.
    """
    card, (first, *rest) = _predictions(card, y_pred)
    # Keras gives a target to those too that take none.
    target: list[Any] = []
    if targets(card):
        target = [KERAS.array("y_true", y_true, card.target.labels)]
    card, p, link = behind(card, KERAS.array("y_pred", first))
    came = KERAS.dtype(p)
    if not (KERAS.computed(came) == dtype != came and link is None and backend.reads_halves(p)):
        p = _bounded(card, p, dtype)
    p = p if link is None else link(p)
    if target:
        target[0], p = _same_rank(card, target[0], p)
    card = placed(card, tuple(p.shape))
    _check_classes(card, p)
    found = [p, *(KERAS.cast(KERAS.array("y_pred", x), dtype) for x in rest)]
    at = targets(card)[0] if target else 0
    arrays = (*found[:at], *target, *found[at:])
    # Samples that are the vectors of one set, not sets of vectors.
    if references or (getattr(card, "by_samples", False) and len(p.shape) == 2 and not alone):
        card, arrays, mask = of_rows(card, target[0], p, mask, references)
    return aligned(KERAS, card, arrays, sample_weight, mask, came, more=more)


def mean(call: Call, by_weights: bool = False, num_items: Any = None) -> Tensor:
    """The mean of the items of what is `prepared`, or the value of its set.

    The mean over samples of means over elements is the mean of all that count.

    Args:
        call: from `prepared`.
        by_weights: whether it divides by the sum of the weights.
        num_items: what it divides by, if the caller says.

    Raises:
        ValueError: outside of tracing, a value that counts is out of its domain.
    """
    found = KERAS.fused(call, "mean", by_weights, num_items)
    if found is not None:
        return found
    call, across = checked(KERAS, call), KERAS.replicas()
    return reduced(KERAS, call, by_weights=by_weights, num_items=num_items, across=across)


def per_sample(call: Call, axis: int) -> Tensor:
    """The weighted mean of the elements of each sample; rows are one value each, and so are sets.

    Args:
        call: `checked`.
        axis: over which the elements of a sample are averaged.
    """
    if isinstance(call.card, Setwise):
        return reduced(KERAS, call, across=KERAS.replicas())
    losses = KERAS.fused(call, "none", False, None)
    if losses is None:
        losses = reduced(KERAS, call, "none")
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
    return card, _apart(packed(card), KERAS.array("y_pred", y_pred))


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


def _bounded(card: Any, p: Tensor, dtype: str) -> Tensor:
    """The prediction in the dtype of the computation; for probabilities, gradients stay finite.

    The gradient of a probability near 0 is huge. Times a weight it may overflow, and the backward
    pass of softmax, which multiplies by that probability, would make 0 * inf = NaN of it. (A
    float16 gradient may still overflow in the cast: that is what tells Keras to scale it less.)
    """
    own = KERAS.dtype(p)
    if "float" not in own or card.prediction.low != 0.0:
        return KERAS.cast(p, dtype)
    limit = _LARGEST["float64" if own == dtype == "float64" else "float32"]
    return backend.bounded(KERAS.cast(p, dtype), limit)


def _same_rank(card: Any, y: Any, p: Tensor) -> tuple[Any, Tensor]:
    """Keras's habit: a last dimension of 1 that only one side has is no difference."""
    target, prediction = card.slots[targets(card)[0]], card.slots[card.main]
    more = len(y.shape) - len(target.dims) - (len(p.shape) - len(prediction.dims))
    lacks = is_rowwise(card) and {*target.dims} < {*prediction.dims}
    # Of what lacks the axis of the classes, it may lie in its place.
    axis = card.axis if lacks and isinstance(card.axis, int) else -1
    if more == 1 and -len(y.shape) <= axis < len(y.shape) and y.shape[axis] == 1:
        if len(p.shape) == 1 and not lacks:
            return y, ops.expand_dims(p, -1)
        return (y.squeeze(axis) if isinstance(y, np.ndarray) else ops.squeeze(y, axis)), p
    if more == -1 and not lacks and p.shape[-1] == 1:
        return (ops.expand_dims(y, -1), p) if len(y.shape) == 1 else (y, ops.squeeze(p, -1))
    return y, p
