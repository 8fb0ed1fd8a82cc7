"""Findings on shapes and on the order of arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.checks.call import EVIDENCE, Call, index, tidy
from losskit.checks.labels import class_numbers, whole
from losskit.checks.rules import RULES, Found, Inapplicable, error, finding, hint, warning
from losskit.core.families import is_rowwise, lacks_axes
from losskit.core.namespaces import Array
from losskit.core.slots import item_shape
from losskit.engine.shapes import fits

VARIETY = 16
"""Predictions take more values than these; soft targets made of labels do not."""
LINES = 16
"""So many lines of 0 and 1 do not sum to 1 each by chance."""
SAMPLE = 4096
OFF = 5e-3
"""How far the sum of a line may lie from 1."""

EXACT = (
    *("LK103", "LK105", "LK106", "LK114", "LK115"),
    *("LK201", "LK202", "LK203", "LK204", "LK205", "LK206", "LK208", "LK210", "LK213"),
    *("LK301", "LK303", "LK304", "LK305", "LK403", "LK509", "LK704"),
)
"""The findings that say why a call fails."""
VALUES = ("LK103", "LK105")
"""Those among them that look at values alone: shapes that do not fit are another matter."""


@finding("LK301", "shapes that broadcast")
def broadcast(call: Call) -> Found | None:
    """Targets and predictions of different shapes are stretched to a common one: with (N,) and
    (N, 1), every target meets every prediction, and the loss is a mean over N * N pairs. The
    model learns the mean of the targets."""
    shape = call.stretched
    if shape is None or finds("LK202", call):
        return None
    p = call.p[0] if isinstance(call.p, tuple) else call.p
    items, size = math.prod(shape), max(call.y.size, p.size)
    if call.y.size == 1:
        return None  # one target for all, as a number
    # One target for several predictions may be meant, the more so where it is one for all samples;
    # several for one are not.
    say = error if shape != p.shape else warning
    for_all = call.y.shape in (p.shape[1:], (1, *p.shape[1:]))
    if say is warning and for_all and p.shape[:1] != call.y.shape:
        say = hint
    return say(
        f"Targets of shape {call.y.shape} and predictions of shape {p.shape} are stretched to "
        f"{shape}: {items} items of {call.y.size} targets and {p.size} predictions.",
        "Give both the same shape: y_true.reshape(y_pred.shape)."
        if call.y.size == p.size
        else "Give both the same shape; if one target is meant for several predictions, repeat it "
        "with broadcast_to.",
        shape=shape,
        items=items,
        times=items / size,
    )


@finding("LK302", "the call fails")
def fails(call: Call) -> Found | None:
    """The library that the loss comes from refuses these arrays. The first line of its own message
    is repeated here, or what is wrong with the weights; where another finding says why, this one
    is left out."""
    failure = call.failure
    if failure is None or any(
        finds(code, call) for code in EXACT if call.fits or code not in VALUES
    ):
        return None
    of_weights = _bad_weights(call)
    if of_weights is not None:
        return of_weights
    words = tidy(str(failure))
    if not words.endswith("..."):
        words = words.rstrip(".") + "."
    if "the loss returned" in words:
        remedy = "Return the loss as a number, or as one number per item."
        return error(f"The call gives no loss: {words}", remedy, message=words)
    return error(
        f"The call fails for targets of {_described(call.y)} and predictions of "
        f"{_described(call.p, call.dtype)}: {type(failure).__name__}: {words}",
        _labels_under_binary(call)
        or call.subject.says(
            "Give the shapes and dtypes that the loss takes.",
            torch=_torch_takes(call),
        ),
        message=words,
        failure=type(failure).__name__,
    )


@finding("LK303", "targets and predictions swapped")
def swapped(call: Call) -> Found | None:
    """Keras and losskit take (y_true, y_pred), PyTorch and optax the predictions first. Swapped,
    many losses still give a number, and no gradient leads anywhere."""
    y, p = call.arrays()
    card = call.card
    remedy = call.subject.says(
        "Swap them: the loss and losskit.check take (y_true, y_pred).",
        torch="Swap them: PyTorch's losses take (input, target), losskit.check (y_true, y_pred).",
        optax="Swap them: optax's losses take (predictions, targets), losskit.check "
        "(y_true, y_pred).",
    )
    if call.labels_wanted and y.ndim == p.ndim + 1 and y.dtype.kind == "f" and p.dtype.kind in "iu":
        return error(
            f"The loss takes labels, but the targets of shape {y.shape} are {y.dtype} and the "
            f"predictions of shape {p.shape} are whole numbers from {p.min()} to {p.max()}: the "
            "targets look like predictions and the predictions like targets.",
            remedy,
            low=int(p.min()),
            high=int(p.max()),
        )
    call.need(
        card.task in ("binary", "categorical", "sparse")
        and call.takes in ("logits", "probabilities"),
        "the loss takes neither logits nor probabilities",
    )
    if y.shape != p.shape:
        return None
    call.need(p.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    zeros, ones = p == 0, p == 1
    if not (zeros | ones).all() or not zeros.any() or not ones.any():
        return None
    # Soft targets take few values, predictions many.
    if y.dtype.kind != "f" or len(np.unique(y.reshape(-1)[:SAMPLE])) <= VARIETY:
        return None
    low, high = float(y.min()), float(y.max())
    outside = low < 0 or high > 1
    if outside and call.takes != "logits":
        return None
    say = error if outside or call.labels_wanted else warning
    return say(
        f"All {p.size} predictions are 0 or 1, and the targets take many values from {low:.4g} to "
        f"{high:.4g}: the targets look like predictions and the predictions like targets.",
        remedy,
        low=low,
        high=high,
    )


@finding("LK304", "the classes on another axis")
def wrong_axis(call: Call) -> Found | None:
    """The loss sums over its class axis, and the classes lie on another: PyTorch wants (N, C, T),
    a model of sequences gives (N, T, C). Where both axes are equally long nothing fails, and the
    softmax runs over time steps: that is seen in rows of targets and in probabilities, but not in
    logits with integer labels, where the two axes look alike."""
    call.need_softmax()
    y, p = call.arrays()
    axis = call.axis
    others = [a for a in range(p.ndim) if a != axis]
    call.need(bool(others), "there is one axis")
    if lacks_axes(call.card) and not call.fits:
        for a in others:
            if fits(y.shape, p.shape[:a] + p.shape[a + 1 :]):
                return error(
                    f"The class axis of the loss is {axis}, so for predictions of shape {p.shape} "
                    f"it takes labels of shape {item_shape(call.card, p.shape)}, but the labels' "
                    f"shape {y.shape} puts the classes on axis {a}.",
                    _move(call, a),
                    found=a,
                    wanted=axis,
                )
    if y.shape == p.shape and not lacks_axes(call.card):
        found = _lines_of_one(y, axis, others, LINES, call.log_targets)
        if found is not None:
            return error(
                f"The class axis of the loss is {axis}, but all {y.size // y.shape[found]} lines "
                f"of the targets of shape {y.shape} sum to 1 along axis {found}.",
                _move(call, found),
                found=found,
                wanted=axis,
            )
    if call.takes not in ("probabilities", "log-probabilities"):
        return None
    logs = call.takes == "log-probabilities"
    slack = max(OFF, call.log_tolerance if logs else call.row_tolerance)
    found = _lines_of_one(p, axis, others, 2, logs, slack)
    if found is None:
        return None
    softmax = "log_softmax" if call.takes == "log-probabilities" else "softmax"
    return error(
        f"The class axis of the loss is {axis}, but all {p.size // p.shape[found]} lines of the "
        f"predictions of shape {p.shape} sum to 1 along axis {found}"
        f"{', as exponentials' if softmax == 'log_softmax' else ''}.",
        f"Apply {softmax} over axis {axis}.",
        found=found,
        wanted=axis,
    )


@finding("LK305", "a batch read as one row")
def batch_as_row(call: Call) -> Found | None:
    """Predictions of one dimension are one distribution for a softmax loss, with a class for each
    number. A batch of scores, one per sample, is then a single item, and the samples compete."""
    call.need_softmax()
    y, p = call.arrays()
    call.need(not class_numbers(call), "the predictions are class numbers")
    call.need(p.ndim == 1 and p.size > 1, "the predictions are no single row")
    call.need(y.shape == p.shape, "the targets have another shape")
    call.need(not call.log_targets, "the targets are logarithms")
    if not whole(y).all() or y.min() < 0 or y.sum(dtype=np.float64) <= 1:
        return None
    ones = int((y == 1).sum())
    what = "are labels" if y.max() > 1 else f"hold {ones} ones"
    return error(
        f"Predictions of shape {p.shape} are one row of {p.size} classes for this loss, but the "
        f"{y.size} targets {what}: the batch is read as one sample.",
        "Give the predictions the shape (samples, classes); for one score per sample use the "
        "binary cross-entropy.",
        classes=p.size,
        ones=ones,
    )


# --- helpers


def finds(code: str, call: Call) -> bool:
    """Whether that check finds an error."""
    try:
        found = RULES[code](call)
    except Inapplicable:
        return False
    return found is not None and found.severity == "error"


def _labels_under_binary(call: Call) -> str | None:
    """What to do with class numbers under a loss of one yes or no per element, if they are that."""
    y, p, card = call.y, call.p, call.subject.card
    if card is None or card.task != "binary" or isinstance(p, tuple) or isinstance(y, tuple):
        return None
    if not p.ndim or y.shape not in (p.shape[:-1], (*p.shape[:-1], 1)) or p.shape[-1] < 2:
        return None
    classes = p.shape[-1]
    if not y.size or not whole(y).all() or y.min() < 0 or y.max() >= classes:
        return None
    return (
        f"If the targets are the numbers of {classes} classes that exclude one another, use a "
        f"categorical cross-entropy of labels; if each of the {classes} outputs says yes or no, "
        "give each a target of 0 or 1."
    )


def _torch_takes(call: Call) -> str:
    card = call.subject.card
    if not call.subject.stretches or card is None or isinstance(call.p, tuple):
        return "Give the shapes and dtypes that the loss takes."
    if is_rowwise(card):
        return (
            "Give the shapes and dtypes that the loss takes: PyTorch's have the classes in "
            "dimension 1, labels as int64 and other targets in the dtype of the predictions."
        )
    return "Give targets in the shape and the dtype of the predictions."


def _bad_weights(call: Call) -> Found | None:
    """What is wrong with the weights, where the call fails for them only."""
    weight = call.weight
    if weight is None or not call.subject.weighs:
        return None
    try:
        call.evaluate(call.y, call.p)
    except Inapplicable:
        return None
    for kind, bad in (
        ("NaN", np.isnan(weight)),
        ("infinite", np.isinf(weight)),
        ("negative", weight < 0),
    ):
        if bad.any():
            count = int(bad.sum())
            first = f", {weight[bad][0]:.4g}," if kind == "negative" else ""
            at = f", the first{first} at index {index(bad)}" if bad.ndim else ""
            return error(
                f"The call fails for its weights: {count} of {weight.size} are {kind}{at}.",
                "Give every sample a finite weight of at least 0.",
                count=count,
                failure=type(call.failure).__name__,
            )
    card = call.subject.card
    several = card is None or isinstance(call.p, tuple)
    wanted = "" if several else f", and the items have shape {item_shape(card, call.p.shape)}"
    return error(
        f"The call fails for its weights: they have shape {weight.shape}{wanted}.",
        "Give one weight per sample or per item.",
        shape=weight.shape,
        failure=type(call.failure).__name__,
    )


def _described(x: Any, dtype: str = "") -> str:
    if isinstance(x, tuple):
        return " and ".join(_described(part) for part in x)
    return f"shape {x.shape}, {dtype or x.dtype}"


def _lines_of_one(
    x: Array, axis: int, others: list[int], least: int, logs: bool, slack: float = OFF
) -> int | None:
    """The axis along which all lines sum to 1, where those along the given axis do not."""
    if x.dtype.kind == "f" and not logs and (x.min() < 0 or x.max() > 1.01):
        return None
    if logs:
        if x.max() > 0.01:
            return None
        x = np.exp(x)
    if np.mean(_off(x, axis, slack)) <= 0.5:
        return None
    for a in others:
        if x.shape[a] > 1 and x.size // x.shape[a] >= least and not _off(x, a, slack).any():
            return a
    return None


def _off(x: Array, axis: int, slack: float) -> Array:
    """Which lines along an axis do not sum to 1."""
    return np.asarray(~(np.abs(x.sum(axis, dtype=np.float64) - 1) <= slack))


def _move(call: Call, found: int) -> str:
    """How to bring the classes where the loss wants them."""
    if "axis" in call.subject.options:
        return f"Pass axis={found}."
    what = "y_pred" if lacks_axes(call.card) else "both with x"
    return call.subject.says(
        f"Move the classes to axis {call.axis}: np.moveaxis(y_pred, {found}, {call.axis}).",
        torch=f"Pass {what}.movedim({found}, {call.axis}): the loss takes the classes on axis "
        f"{call.axis}.",
    )
