"""Findings on integer labels: one-hot or not, out of range, fractional, shifted."""

from __future__ import annotations

import numpy as np

from losskit.checks.call import Call, index, share
from losskit.checks.rules import Found, error, finding, hint, warning
from losskit.core.namespaces import Array

PER_CLASS = 20
"""So many labels per class, and a class that never occurs is no chance."""
POSITIONS = 64
"""So many tokens at least tell an order."""
SAMPLE = 4096
"""So many values are looked at where a share of them says as much as all."""
MARKERS = (-1, -100, 255)
"""What people write in place of a label that is to be left out."""


@finding("LK201", "one-hot targets for a loss of integer labels")
def one_hot_for_labels(call: Call) -> Found | None:
    """The loss takes one integer per row, and the targets hold one row of 0 and 1 each. Most
    libraries refuse them with a message about ranks or dtypes. PyTorch's `CrossEntropyLoss` takes
    one-hot rows as probabilities, but only as floating-point numbers."""
    y, p = call.arrays()
    # Those of PyTorch are labels or probabilities, by their dtype.
    either = _is_torch_cross_entropy(call)
    call.need(call.labels_wanted or either, "the loss takes no integer labels")
    if y.shape != p.shape or not p.ndim or p.shape[call.axis] < 2:
        return None
    if (either and y.dtype.kind == "f") or not one_hot(y, call.axis):
        return None
    classes = y.shape[call.axis]
    rows = y.size // classes
    labels = f"y_true.argmax({-1 if call.axis == y.ndim - 1 else call.axis})"
    remedy = f"Pass the labels: {labels}."
    if either:
        remedy = f"Pass the labels, {labels}, or probabilities, y_true.float()."
    elif call.counterpart:
        remedy = f"Use {call.counterpart}, which takes one-hot rows, or pass the labels: {labels}."
    return error(
        f"The loss takes one integer label per row (shape {_without(p.shape, call.axis)}), but the "
        f"targets of shape {y.shape} and dtype {y.dtype} are {rows} one-hot rows over {classes} "
        "classes.",
        remedy,
        rows=rows,
        classes=classes,
    )


@finding("LK202", "integer labels for a loss of one-hot rows")
def labels_forone_hot(call: Call) -> Found | None:
    """The loss takes a row over the classes for each prediction, and the targets hold one integer
    each. Keras and losskit refuse them; a library that broadcasts multiplies the logits by the
    class number, and the loss means nothing."""
    y, p = call.arrays()
    call.need(call.card.task == "categorical", "the loss takes no one-hot rows")
    call.need(p.ndim > 0 and p.shape[call.axis] > 1, "there is one class")
    rows = _without(p.shape, call.axis)
    kept = (*p.shape[: call.axis], 1, *p.shape[call.axis + 1 :])
    if y.shape not in (rows, kept) or not whole(y).all():
        return None
    classes = p.shape[call.axis]
    low, high = int(y.min()), int(y.max())
    if y.shape == p.shape[1:] and high <= 1:
        return None  # one row of 0 and 1 for all samples: LK301
    remedy = f"Make them one-hot: np.eye({classes})[y_true]."
    if call.counterpart:
        remedy = f"Use {call.counterpart}, which takes labels."
    return error(
        f"The loss takes one row over the {classes} classes for each prediction (shape {p.shape}), "
        f"but the targets of shape {y.shape} are integers from {low} to {high}.",
        call.subject.says(
            remedy,
            torch=f"Remove the dimension of length 1: y_true.squeeze({call.axis})."
            if _is_torch_cross_entropy(call)
            else f"Make them one-hot: torch.nn.functional.one_hot(y_true, {classes}).float().",
        ),
        low=low,
        high=high,
        classes=classes,
    )


@finding("LK203", "labels out of range")
def labels_out_of_range(call: Call) -> Found | None:
    """A label below 0, or not below the number of classes, names no class. Some libraries refuse
    it; others count from the last class, or give the row a loss of 0 or NaN, without a word."""
    y, counted, classes = _labels(call)
    bad = counted & ((y < 0) | (y >= classes)) & whole(y)
    if not bad.any() or _starts_at_one(y, counted, classes):
        return None
    first = int(y[bad][0])
    count, total = int(bad.sum()), int(counted.sum())
    alone = bool((y[bad] == first).all())
    remedy = f"Number the classes from 0 to {classes - 1}."
    if first in MARKERS and alone:
        remedy = call.subject.says(
            "If it stands for a missing label, give these rows the label 0 and the weight 0.",
            losskit=f"If it stands for a missing label, pass ignore_class={first}.",
            keras=f"If it stands for a missing label, pass ignore_class={first}.",
            torch=f"If it stands for a missing label, pass ignore_index={first}."
            if "ignore_index" in call.subject.options
            else "If it stands for a missing label, leave these rows out.",
        )
    return error(
        f"{count} of {total} labels ({share(count / total)}) lie outside of 0 to {classes - 1}, "
        f"the {classes} classes of the predictions; the first is {first} at index {index(bad)}"
        f"{_consequence(call, bad, first)}.",
        remedy,
        count=count,
        label=first,
        classes=classes,
    )


@finding("LK204", "labels that start at 1")
def labels_from_one(call: Call) -> Found | None:
    """Classes are numbered from 0. With labels from 1 on, the last class is out of range, and
    the first output of the model is trained for nothing."""
    y, counted, classes = _labels(call)
    call.need(classes > 1, "there is one class")
    if _starts_at_one(y, counted, classes):
        used = y[counted]
        return error(
            f"Labels go from {int(used.min())} to {int(used.max())}, but {classes} classes are "
            f"numbered from 0 to {classes - 1}: {int((used == classes).sum())} of {used.size} "
            f"labels are {classes}, which is no class.",
            "Number the classes from 0: y_true - 1.",
            classes=classes,
        )
    used = y[counted]
    if used.size < PER_CLASS * classes or used.min() < 1 or used.max() != classes - 1:
        return None
    if call.card.ignored() == 0:
        return None
    return hint(
        f"Among {used.size} labels none is 0: they go from {int(used.min())} to {classes - 1}, and "
        f"the first of {classes} outputs is never the right one.",
        f"If labels start at 1, pass y_true - 1 and give the model {classes - 1} outputs.",
        labels=int(used.size),
        classes=classes,
    )


@finding("LK205", "fractional class labels")
def fractional_labels(call: Call) -> Found | None:
    """Class labels are whole numbers. Keras cuts off what follows the point without a word, so a
    label of 1.9 is the class 1; other libraries refuse them."""
    call.need(call.labels_wanted, "the targets are no class labels")
    y, p = call.arrays()
    # Where the shapes do not fit, this is why.
    counted = _labels(call)[1] if call.fits else np.isfinite(y)
    bad = counted & ~whole(y)
    if not bad.any():
        return None
    if y.shape == p.shape and call.sums_to_one(np.moveaxis(y, call.axis, -1)).all():
        other = call.counterpart or "a cross-entropy of distributions"
        return error(
            f"The loss takes one integer label per row, but the targets of shape {y.shape} are "
            f"{y.size // y.shape[call.axis]} distributions over {y.shape[call.axis]} classes.",
            f"Use {other}, which takes rows, or pass the labels: y_true.argmax({call.axis}).",
            count=int(bad.sum()),
        )
    count, total = int(bad.sum()), int(counted.sum())
    first = float(y[bad][0])
    cut = call.subject.library == "keras" and np.isfinite(first)
    return error(
        f"{count} of {total} labels ({share(count / total)}) are no whole numbers; the first is "
        f"{first:.4g} at index {index(bad)}"
        f"{f', which Keras reads as {int(first)}' if cut else ''}"
        f"{': they look like quantities' if call.quantities else ''}.",
        "For quantities use a regression loss, such as the mean squared error."
        if call.quantities
        else "Pass whole class numbers; for quantities use a regression loss, for probabilities a "
        "cross-entropy of distributions.",
        count=count,
        label=first,
    )


@finding("LK212", "labels shifted twice")
def shifted_twice(call: Call) -> Found | None:
    """A language model predicts the next token. Where both the data and the model's loss shift the
    labels, it is asked for the token after the next, and its predictions agree with the label one
    position earlier. A model that merely repeats its input shows the same."""
    call.need_softmax()
    call.need(call.labels_wanted, "the targets are no class labels")
    y, p = call.fitted()
    call.need(y.ndim == 2 and y.shape[1] > 1 and call.axis > 0, "the labels are no sequences")
    counted = call.counted.reshape(y.shape)
    some = slice(max(1, SAMPLE // y.shape[1]))
    guess = p[some].argmax(call.axis)
    y, counted = y[some], counted[some]
    both = counted[:, 1:] & counted[:, :-1]
    total = int(both.sum())
    call.need(total >= POSITIONS, f"fewer than {POSITIONS} positions say too little")
    earlier = float((guess[:, 1:] == y[:, :-1])[both].mean())
    own = float((guess[:, 1:] == y[:, 1:])[both].mean())
    if earlier < 0.5 or earlier - own < 0.3:
        return None
    return warning(
        f"Of {total} predictions {share(earlier)} agree with the label one position earlier and "
        f"{share(own)} with their own: the labels look as if they were shifted twice.",
        "Shift the labels once, in the data or before the loss, not both; if they are right, the "
        "model repeats its input.",
        earlier=earlier,
        own=own,
    )


# --- helpers


def whole(y: Array) -> Array:
    """Which values are whole numbers."""
    if y.dtype.kind in "iub":
        return np.ones(y.shape, bool)
    return np.asarray(np.isfinite(y) & (y == np.floor(y)))


def class_numbers(call: Call) -> bool:
    """Whether predictions that ought to be probabilities or logits are class numbers or decisions.

    That is, integers that are 0 and 1 or one per row; other whole numbers where each sample has
    one, as it has one label.
    """
    if isinstance(call.y, tuple) or isinstance(call.p, tuple):
        return False
    y, p = call.y, call.p
    if call.takes not in ("probabilities", "logits", "log-probabilities"):
        return False
    labels = call.subject.card is not None and call.labels_wanted
    one_each = labels and y.shape == p.shape and p.size > 1
    if p.dtype.kind in "iub":
        like = one_each or p.ndim <= 1 or p.max() <= 1
        return bool(like and p.min() >= 0)
    return bool(one_each and whole(p).all() and p.max() > 1 and whole(y).all())


def one_hot(y: Array, axis: int) -> bool:
    """Whether each row holds a single 1 and is 0 elsewhere."""
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis) == 1).all())


def _is_torch_cross_entropy(call: Call) -> bool:
    """Whether it is PyTorch's own, of labels or of probabilities."""
    return bool(
        call.subject.library == "torch"
        and "label_smoothing" in call.subject.options
        and call.card.counterpart
        and not call.labels_wanted
        and call.subject.stretches
    )


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _labels(call: Call) -> tuple[Array, Array, int]:
    """(labels, which of them count, how many classes there are)."""
    call.need(call.labels_wanted, "the targets are no class labels")
    y, p = call.fitted()
    counted = call.counted.reshape(y.shape)
    call.need(bool(counted.any()), "no label counts")
    return y, counted, p.shape[call.axis]


def _starts_at_one(y: Array, counted: Array, classes: int) -> bool:
    used = y[counted]
    return bool(used.min() >= 1 and used.max() == classes and whole(used).all())


def _consequence(call: Call, bad: Array, label: int) -> str:
    """What its own library makes of the first label out of range."""
    if call.failure is not None:
        return ", and the call fails"
    if call.subject.items is None:
        return ""
    items = call.items
    if items.shape != bad.shape:
        return ""
    classes = call.p.shape[call.axis]
    if call.subject.wraps and label < 0:
        if label == -1:
            return f", which silently means the last class, {classes - 1}"
        if label >= -classes:
            return f", which silently means class {classes + label}"
    loss = float(items[bad][0])
    return f", whose loss is {'NaN' if np.isnan(loss) else f'{loss + 0.0:.4g}'}, without a word"
