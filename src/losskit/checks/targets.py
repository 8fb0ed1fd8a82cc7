"""Findings on targets that are no labels: probabilities, signs, rows, quantities."""

from __future__ import annotations

import math

import numpy as np

from losskit.checks.call import Call, share
from losskit.checks.labels import POSITIONS, SAMPLE, class_numbers, one_hot, whole
from losskit.checks.rules import Found, error, finding, hint, warning
from losskit.checks.shapes import finds
from losskit.core.definition import NONNEGATIVE
from losskit.core.namespaces import Array

SUMS = 1e-2
"""How far the sum of a row of targets may lie from 1: bfloat16 rounds that far."""
OUTWEIGHS = 100.0
"""So many times the others' percentage is no ordinary error."""

# --- one probability per element


@finding("LK206", "binary targets outside of [0, 1]")
def binary_targets(call: Call) -> Found | None:
    """The binary cross-entropy takes targets in [0, 1]. Outside of it the loss has no lower bound:
    it falls to minus infinity as logits grow."""
    call.need_sigmoid()
    y = _counted(call)
    outside = (y < -1e-5) | (y > 1 + 1e-5)
    if not outside.any():
        return None
    low, high, count = float(y.min()), float(y.max()), int(outside.sum())
    looks, remedy = "", "Scale the targets to [0, 1]."
    if low >= 0 and whole(y).all() and 200 <= high <= 255:
        looks, remedy = ": they look like an image that is not scaled", "Pass y_true / 255."
    elif low == -1 and high == 1 and (np.abs(y) == 1).all():
        looks, remedy = ": they look like signs", "Pass (y_true + 1) / 2."
    elif low >= 0 and whole(y).all() and high < 200:
        looks = ": they look like class labels or counts"
        remedy = "For class labels use a categorical cross-entropy, for counts the Poisson loss."
    elif low == -1 and high <= 1 and whole(y).all():
        looks = ": the -1 looks like a missing target"
        remedy = "Leave missing targets out, or give them the weight 0 and any target in [0, 1]."
    return error(
        f"The loss takes targets in [0, 1], but {count} of {y.size} ({share(count / y.size)}) lie "
        f"outside of it, from {low:.4g} to {high:.4g}{looks}.",
        remedy,
        count=count,
        low=low,
        high=high,
    )


@finding("LK213", "targets below 0")
def below_zero(call: Call) -> Found | None:
    """Counts, and quantities of which a logarithm is taken, are at least 0. Below it the Poisson
    loss has no lower bound, and the squared logarithmic error no value: libraries clip the target
    to 0, give NaN, or go on as if nothing were."""
    call.need(
        call.card.target is NONNEGATIVE and not call.is_divergence, "its targets may lie below 0"
    )
    y = _counted(call)
    below = y < 0
    if not below.any():
        return None
    count, low = int(below.sum()), float(y[below].min())
    counts = call.card.link == "log"
    remedy = (
        "Pass counts or rates; for quantities of either sign use a loss of the error, such as "
        "Huber's."
        if counts
        else "For quantities of either sign use a loss of the error, such as Huber's."
    )
    looks = ""
    if (y[below] == low).all() and low == int(low) and count < y.size / 2:
        looks = f": the {int(low)} looks like a missing target"
        remedy = "Leave missing targets out, or give them the weight 0 and any target above 0."
    return error(
        f"The loss takes targets of at least 0, but {count} of {y.size} "
        f"({share(count / y.size)}) are below it, down to {low:.4g}{looks}.",
        remedy,
        count=count,
        low=low,
    )


@finding("LK214", "targets of 0 for a relative error")
def zero_targets(call: Call) -> Found | None:
    """A percentage of 0 is infinite: libraries divide by a small number such as 1e-7 in its place,
    so that one such target outweighs all others by orders of magnitude."""
    _, least = call.parameter("least_target", "the loss is no percentage of targets")
    y, p = call.fitted()
    zero = call.counted.reshape(p.shape) & (np.abs(y) <= least)
    call.need(bool(zero.any()), "no target is 0")
    # As the card says it: at most this much each, whatever the library's own least number.
    items = np.abs(p - y) / np.maximum(np.abs(y), least) * 100
    others = items[call.counted.reshape(p.shape) & ~zero]
    of_zeros = float(items[zero].sum(dtype=np.float64))
    of_others = float(others.sum(dtype=np.float64))
    count, typical = int(zero.sum()), of_others / max(1, others.size)
    # A chosen epsilon near the targets keeps them in bounds.
    if of_zeros <= of_others or not of_zeros / count > OUTWEIGHS * typical:
        return None
    total = count + others.size
    mean = (of_zeros + of_others) / total
    return warning(
        f"{count} of {total} targets ({share(count / total)}) are 0"
        f"{'' if (y[zero] == 0).all() else ' or nearly so'}: their errors are divided by "
        f"{least:g}. The mean percentage is {mean:.4g} with them and {typical:.4g} without.",
        "Leave these items out or give them the weight 0, or use the mean absolute error, or the "
        "mean squared logarithmic error.",
        count=count,
        mean=mean,
        others=typical,
    )


# --- signs


@finding("LK207", "0 and 1 for a loss of classes -1 and 1")
def zero_for_minus(call: Call) -> Found | None:
    """Margin losses multiply the prediction by the class, -1 or 1. A 0 makes a constant of it:
    those samples teach nothing. Keras and losskit read 0 as -1; PyTorch and optax do not."""
    y = _signs(call)
    if call.subject.zero_is_minus:
        return None
    costs = call.card.zero_target
    what = (
        "a 0 counts as both classes at once"
        if math.isnan(costs)
        else f"the loss of a 0 is {costs:.4g}, whatever the prediction, with no gradient"
    )
    zeros = int((y == 0).sum())
    if not zeros or not ((y == 0) | (y == 1)).all():
        return None
    return error(
        f"The loss takes classes -1 and 1, but {zeros} of {y.size} targets "
        f"({share(zeros / y.size)}) are 0{' and the others 1' if zeros < y.size else ''}: "
        f"{what}.",
        "Pass 2 * y_true - 1.",
        zeros=zeros,
    )


@finding("LK208", "other targets than -1 and 1")
def other_signs(call: Call) -> Found | None:
    """Margin losses take classes written -1 and 1. Another number scales the prediction, so the
    margin is no longer the same for all samples."""
    y = _signs(call)
    bad = (y != -1) & (y != 0) & (y != 1)
    if not bad.any():
        return None
    count = int(bad.sum())
    return error(
        f"The loss takes classes -1 and 1, but {count} of {y.size} targets "
        f"({share(count / y.size)}) are neither: {_span(y[bad])}.",
        "Recode them: 2 * (y_true == positive) - 1; for other quantities use a regression loss.",
        count=count,
        low=float(y[bad].min()),
        high=float(y[bad].max()),
    )


# --- rows


@finding("LK209", "several labels in a row")
def several_labels(call: Call) -> Found | None:
    """The softmax gives one class per row: with several labels in a row they compete, and the loss
    cannot fall to 0. A row without any label has a loss of 0 and teaches nothing."""
    rows = _target_rows(call)
    if not ((rows == 0) | (rows == 1)).all():
        return None
    labels = rows.sum(-1)
    several, none = int((labels > 1).sum()), int((labels == 0).sum())
    if several and not finds("LK304", call) and not finds("LK305", call):
        return error(
            f"The loss takes one class per row, but {several} of {len(rows)} rows of targets "
            f"({share(several / len(rows))}) hold several labels, up to {int(labels.max())}.",
            "For several labels per row use the binary cross-entropy, which takes a sigmoid of "
            "each class; for one distribution per row divide each row by its sum.",
            rows=several,
            most=int(labels.max()),
        )
    if several or not none or none == len(rows):
        return None
    return warning(
        f"{none} of {len(rows)} rows of targets ({share(none / len(rows))}) hold no label: their "
        "loss is 0 whatever the prediction, but they count in the mean.",
        "Leave these rows out, or give them the weight 0.",
        rows=none,
    )


@finding("LK210", "rows of targets that do not sum to 1")
def target_rows_not_one(call: Call) -> Found | None:
    """The loss takes one distribution over the classes per row. A row of another sum scales that
    row's gradient, and pulls the logits up or down; with a number below 0 in it the loss has no
    lower bound."""
    rows = _target_rows(call)
    if ((rows == 0) | (rows == 1)).all():
        return None
    below = rows < 0
    if below.any() and not call.is_divergence:  # LK106
        count, low, high = int(below.sum()), float(rows.min()), float(rows.max())
        return error(
            f"The loss takes a distribution over {rows.shape[1]} classes per row, but {count} of "
            f"{rows.size} targets ({share(count / rows.size)}) are below 0; they go from {low:.4g} "
            f"to {high:.4g}.",
            "Pass one-hot rows or probabilities; for quantities use a regression loss.",
            count=count,
            low=low,
            high=high,
        )
    sums = rows.sum(-1, dtype=np.float64)
    off = np.abs(sums - 1) > SUMS
    if off.mean() <= 0.01 or finds("LK304", call) or finds("LK305", call):
        return None
    return warning(
        f"The loss takes a distribution over {rows.shape[1]} classes per row, but "
        f"{share(off.mean())} of the {len(rows)} rows of targets do not sum to 1; their sums go "
        f"from {sums.min():.4g} to {sums.max():.4g}.",
        "Divide each row by its sum; for several labels at once use the binary cross-entropy.",
        share=float(off.mean()),
        low=float(sums.min()),
        high=float(sums.max()),
    )


@finding("LK215", "rows of 0 and 1 for a loss of class lists")
def rows_for_lists(call: Call) -> Found | None:
    """PyTorch's multi-label margin loss takes the numbers of the true classes, and -1 after the
    last of them. Rows with a 1 for each true class, as other losses take them, are read as lists of
    the classes 0 and 1."""
    call.need(call.subject.lists, "it is no loss of class lists")
    y, p = call.arrays()
    call.need(y.shape == p.shape and y.ndim > 0 and y.shape[-1] > 2, "the shapes do not match")
    # A list of so many classes without an end would name each of them.
    rows = ((y == 0) | (y == 1)).all(-1)
    if not rows.all():
        return None
    count = rows.size
    return error(
        f"The loss takes lists of class numbers, each ended by -1, but all {count} rows of targets "
        f"of shape {y.shape} hold 0 and 1 only: they are read as the classes 0 and 1.",
        "Pass the class numbers, or use losskit.torch.MultiLabelMargin, which takes rows of 0 and "
        "1.",
        rows=count,
    )


# --- the wrong kind of loss


@finding("LK211", "a regression loss on classes")
def regression_on_classes(call: Call) -> Found | None:
    """The squared error of one-hot rows trains, but its gradient fades where a model is certain
    and wrong. A regression on class numbers takes class 9 for larger than class 1."""
    call.need_regression()
    y, _ = call.fitted()
    if y.ndim == 2 and y.shape[1] > 1 and len(y) >= 8 and one_hot(y, 1):
        return hint(
            f"All {len(y)} rows of targets are one-hot over {y.shape[1]} classes, and the loss is "
            "one of regression: its gradient fades where the model is certain and wrong.",
            "Use a categorical cross-entropy.",
            rows=len(y),
            classes=y.shape[1],
        )
    call.need(y.size >= POSITIONS, f"fewer than {POSITIONS} values say too little")
    # Most data is told apart by its first values.
    few = np.unique(y.reshape(-1)[:SAMPLE])
    if len(few) > 20:
        return None
    values = np.unique(y)
    binary = len(values) == 2 and tuple(values) == (0, 1)
    if not binary and (y.dtype.kind not in "iub" or not 2 <= len(values) <= 20):
        return None
    return hint(
        f"All {y.size} targets are one of {len(values)} whole numbers, from {int(values[0])} to "
        f"{int(values[-1])}, and the loss is one of regression.",
        "If they are classes, use a binary cross-entropy."
        if binary
        else "If they are classes, use a categorical cross-entropy; counts and grades may stay.",
        values=len(values),
    )


# --- helpers


def _span(y: Array) -> str:
    low, high = y.min(), y.max()
    return f"{low:.4g}" if low == high else f"from {low:.4g} to {high:.4g}"


def _counted(call: Call) -> Array:
    """The targets that count, flat, where each prediction has its own."""
    y, _ = call.fitted()
    counted = call.counted
    flat = y.reshape(-1)
    if counted.size == flat.size and not counted.all():
        flat = flat[counted]
    call.need(flat.size > 0, "no target counts")
    return flat


def _target_rows(call: Call) -> Array:
    """The targets of a softmax loss as (rows, classes), of the rows that count."""
    call.need_softmax()
    call.need(not call.labels_wanted, "the targets are class labels")
    call.need(not call.log_targets, "the targets are logarithms")
    call.need(not class_numbers(call), "the predictions are class numbers")
    rows, counted = call.row_targets, call.counted
    call.need(rows.shape[1] > 1, "there is one class")
    if counted.size != len(rows):
        counted = counted.reshape(rows.shape).all(-1)
    rows = rows if counted.all() else rows[counted]
    call.need(len(rows) > 0, "no row counts")
    return rows


def _signs(call: Call) -> Array:
    """The targets that count of a loss of classes -1 and 1."""
    # A ranking takes 0 too, for neither, but not beside 1 alone.
    call.need(call.card.zero_target is not None, "it is no loss of classes -1 and 1")
    call.need(not isinstance(call.y, tuple), "the loss takes more than one array of targets")
    # Of two inputs there are no items to be left out.
    return call.y.reshape(-1) if isinstance(call.p, tuple) else _counted(call)
