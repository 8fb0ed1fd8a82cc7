"""Findings on what is counted, and what it is divided by."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.checks.call import Call, share
from losskit.checks.rules import Found, Inapplicable, error, finding, hint, warning
from losskit.core.namespaces import Array

TWICE = 1024
"""So many samples are evaluated once and twice."""
SPLIT = 4096
"""So many samples are evaluated whole and in parts."""


@finding("LK501", "nothing is counted")
def nothing_counted(call: Call) -> Found | None:
    """Every item is ignored or has the weight 0. PyTorch then divides 0 by 0 and gives NaN, others
    give 0; either way the batch teaches nothing."""
    counted = call.counted
    if counted.any():
        return None
    return error(
        f"All {counted.size} items are left out: each target is ignored or has the weight 0.",
        "Leave out such batches, or look at the ignored label and the weights.",
        items=int(counted.size),
    )


def _ignored(call: Call) -> tuple[int, Array]:
    """The label that is left out, and where it is."""
    ignored = call.card.ignored() if hasattr(call.card, "ignored") else None
    if ignored is None:
        raise Inapplicable("no label is ignored")
    return ignored, call.labels == ignored


@finding("LK502", "a class is ignored")
def class_ignored(call: Call) -> Found | None:
    """The label to ignore is the number of a class: that class is never learned. Meant for padding
    that shares its number with no class; for a background class it may be what is wanted."""
    ignored, where = _ignored(call)
    classes = call.rows.shape[1]
    if not 0 <= ignored < classes or not where.any():
        return None
    count = int(where.sum())
    return hint(
        f"The label {ignored} is ignored, but it is one of the {classes} classes: {count} of "
        f"{where.size} items ({share(count / where.size)}) are left out.",
        "Keep it if that class stands for padding; otherwise ignore a number that is no class, "
        "such as -1.",
        ignored=ignored,
        count=count,
        share=count / where.size,
    )


@finding("LK503", "most items are ignored")
def mostly_ignored(call: Call) -> Found | None:
    """More than half of the labels are the one that is ignored. The loss is then the mean of few
    items, and noisier than the size of the batch suggests."""
    ignored, where = _ignored(call)
    count = int(where.sum())
    if count <= where.size / 2 or count == where.size:
        return None
    return hint(
        f"{count} of {where.size} labels ({share(count / where.size)}) are {ignored} and ignored: "
        f"{where.size - count} are left.",
        "Put sequences of like length into a batch, or look at where the ignored label comes from.",
        ignored=ignored,
        count=count,
        share=count / where.size,
    )


@finding("LK504", "padding is counted")
def padding_counted(call: Call) -> Found | None:
    """Positions that hold no data count as if they did. Rows of labels that all end in a run of one
    same value look like padding; items of weight 0 are still part of what the mean divides by in
    most libraries. The loss then depends on how long the longest row is."""
    try:
        found = _padded(call)
    except Inapplicable:
        found = None
    return found or _zeros_divide(call)


def _padded(call: Call) -> Found | None:
    """Labels (rows, positions) that end in runs of a value that hardly occurs elsewhere."""
    labels = call.labels  # of classes only
    y, _ = call.arrays()
    if y.ndim != 2 or y.shape[0] < 4 or y.shape[1] < 8 or not call.counted.all():
        return None
    labels = labels.reshape(y.shape)
    last, counts = np.unique(labels[:, -1], return_counts=True)
    value = last[np.argmax(counts)]
    other = labels[:, ::-1] != value
    runs = np.where(other.any(1), np.argmax(other, 1), labels.shape[1])
    total, size = int(runs.sum()), labels.size
    elsewhere = (int((labels == value).sum()) - total) / max(1, size - total)
    plain = (
        (runs > 0).mean() >= 0.75
        and (runs >= 2).mean() > 0.5
        and (runs == labels.shape[1]).mean() <= 0.1
        and len(np.unique(runs)) > 1
        and total >= 0.2 * size
        # A common class makes runs too, but it also occurs before them.
        and elsewhere <= 0.1
    )
    if not plain:
        return None
    return warning(
        f"{int((runs > 0).sum())} of {len(runs)} rows of labels end in a run of {value}, together "
        f"{total} of {size} positions ({share(total / size)}), of {runs.min()} to {runs.max()} "
        "each: it looks like padding, and it is counted.",
        call.subject.says(
            f"Pass ignore_class={value}, or a weight of 0 for these positions.",
            torch=f"Pass ignore_index={value}, or mark padding by -100.",
            optax="Multiply the items by a mask of the positions, and divide by the mask's sum.",
        ),
        value=int(value),
        positions=total,
        share=total / size,
    )


def _zeros_divide(call: Call) -> Found | None:
    weight = call.weight
    if weight is None:
        raise Inapplicable("there are neither rows of labels nor weights")
    call.need(call.subject.weighs, "the call takes no weights")
    call.need(
        call.subject.reduction == "mean" and not call.subject.divides_by_weights,
        "the mean does not count items of weight 0",
    )
    zero = int((weight == 0).sum())
    if not zero or zero == weight.size:
        return None
    ratio = (weight.size - zero) / weight.size
    return hint(
        f"{zero} of {weight.size} weights ({share(zero / weight.size)}) are 0, but the mean "
        f"divides by all items: the loss is {ratio:.4g} times the mean of those that count.",
        _by_weights(call, "Divide by the number of items that count, if that is meant."),
        zeros=zero,
        ratio=ratio,
    )


def _by_weights(call: Call, otherwise: str) -> str:
    told = 'Pass reduction="mean_with_sample_weight" to divide by the sum of the weights.'
    return call.subject.says(otherwise, losskit=told, keras=told)


@finding("LK505", "two means of weighted items")
def two_means(call: Call) -> Found | None:
    """A weighted mean divides by the sum of the weights or by the number of items, and libraries
    differ: PyTorch's class weights do the one, Keras's sample weights the other. Unless the weights
    are 1 on average, losses and learning rates do not carry over."""
    call.need(call.subject.reduction == "mean", "the loss is no mean")
    weights, by_weights = _weights(call)
    total, count = float(weights.sum(dtype=np.float64)), weights.size
    call.need(total > 0 and float(np.ptp(weights)) > 0, "the weights are all alike")
    value = call.value
    ratio = total / count
    if abs(ratio - 1) <= 0.05 or not np.isfinite(value):
        return None
    summed, counted = (value, value * ratio) if by_weights else (value / ratio, value)
    used = "the sum of the weights" if by_weights else "the number of items"
    return hint(
        f"The weighted mean is {summed:.4g} divided by the sum of the weights, and {counted:.4g} "
        f"divided by the number of items, {ratio:.4g} times that; this loss divides by {used}.",
        _by_weights(
            call, "Scale the weights to a mean of 1 where the loss is to compare between libraries."
        )
        if not by_weights and call.weight is not None
        else "Scale the weights to a mean of 1 where the loss is to compare between libraries.",
        by_weights=summed,
        by_count=counted,
        ratio=ratio,
    )


def _weights(call: Call) -> tuple[Array, bool]:
    """The weights of the items that count, and whether the mean divides by their sum."""
    if call.weight is not None and call.subject.weighs:
        return call.weight.reshape(-1), call.subject.divides_by_weights
    per_class = class_weights(call)
    labels = call.labels
    keep = call.counted & (labels >= 0) & (labels < len(per_class))
    call.need(bool(keep.any()), "nothing is counted")
    return per_class[labels[keep].astype(np.int64)], call.subject.library == "torch"


def class_weights(call: Call) -> Array:
    """The loss's own weight of each class.

    Raises:
        Inapplicable: it has none.
    """
    call.need(call.labels_wanted, "the targets are no class labels")
    given = call.subject.options.get("weight")
    classes = call.rows.shape[1]
    if given is None:
        given = getattr(call.card, "class_weight", None)
        if given is not None and len(given) and isinstance(given[0], tuple):
            chosen = dict(given)
            given = [chosen.get(c, 1.0) for c in range(classes)]
    call.need(given is not None, "there are no weights")
    weights = np.asarray(given, np.float64)
    call.need(weights.shape == (classes,), "the weights are not one per class")
    return weights


@finding("LK506", "a sum instead of a mean")
def sum_for_mean(call: Call) -> Found | None:
    """Twice the same samples give twice the loss: it is a sum. The gradient then grows with the
    batch, and the learning rate that suits one batch size is wrong for another."""
    y, p, weight = _batch(call)
    n = min(len(p), TWICE)
    once = _scalar(call, y[:n], p[:n], None if weight is None else weight[:n])
    twice = _scalar(
        call,
        np.concatenate([y[:n], y[:n]]),
        np.concatenate([p[:n], p[:n]]),
        None if weight is None else np.concatenate([weight[:n], weight[:n]]),
    )
    if once == 0 or not abs(twice / once - 2) < 0.01:
        return None
    return hint(
        f"The loss of {n} samples is {once:.4g}, and {twice:.4g} for the same samples twice: it is "
        "a sum, and its gradient grows with the batch.",
        "Take the mean, or scale the learning rate with the batch size.",
        once=once,
        twice=twice,
    )


@finding("LK507", "the mean of the batches is not the mean of the whole")
def mean_of_means(call: Call) -> Found | None:
    """The batch is split into parts of one size, and the mean of their losses differs from the loss
    of the whole: parts with few items that count weigh as much as full ones, or the loss is one
    value of the whole set. The epoch's loss that a training loop prints is then not that of the
    data, and gradients accumulated over parts are not those of the batch."""
    y, p, weight = _batch(call)
    size = min(len(p), SPLIT) // call.chunks
    call.need(size >= 2, f"there are fewer than {2 * call.chunks} samples")
    n = size * call.chunks
    whole = _scalar(call, y[:n], p[:n], None if weight is None else weight[:n])
    parts = []
    for start in range(0, n, size):
        at = slice(start, start + size)
        parts.append(_part(call, y[at], p[at], None if weight is None else weight[at]))
    remedy = "Add up the sums and the counts of the parts, and divide once."
    empty = sum(np.isnan(parts))
    if empty:
        return hint(
            f"The loss of {n} samples is {whole:.4g}, but {empty} of {call.chunks} parts of {size} "
            "have a loss of NaN.",
            remedy,
            whole=whole,
            empty=int(empty),
        )
    mean = float(np.mean(parts))
    off = abs(mean - whole)
    scale = max(abs(whole), float(np.mean(np.abs(parts))))
    if off <= 0.01 * scale or abs(mean * call.chunks - whole) <= 0.01 * scale:
        return None  # equal, or a sum (LK506)
    return hint(
        f"The loss of {n} samples is {whole:.4g}, but the mean over {call.chunks} parts of {size} "
        f"is {mean:.4g}, {share(off / scale)} off.",
        remedy,
        whole=whole,
        parts=mean,
    )


@finding("LK508", "weights that nobody uses")
def weights_unused(call: Call) -> Found | None:
    """`sample_weight` was given, and the loss takes none: PyTorch's and optax's have no place for
    it, and Keras's functions give items that only `model.fit` or a loss object weighs."""
    weight = call.weight
    if weight is None:
        raise Inapplicable("no weights were given")
    call.need(not call.subject.weighs, "the call takes weights")
    call.need(not call.subject.name.startswith("losskit"), "losskit's losses take weights")
    # What `compile` is given as a function or a name, `fit` weighs.
    say = hint if call.subject.library == "keras" else warning
    return say(
        f"A sample_weight of {weight.size} number{'s' * (weight.size != 1)} was given, but "
        f"{call.subject.name.partition('(')[0]} takes none: the numbers of this report are "
        "unweighted.",
        call.subject.says(
            "Multiply the items by their weights, and divide the sum as is meant.",
            keras="Pass the loss object instead of the function, which takes sample_weight; in "
            "model.fit Keras weighs functions too.",
            torch='Pass reduction="none", multiply the items by their weights, and divide the sum '
            "as is meant.",
        ),
        weights=int(weight.size),
    )


@finding("LK509", "weights along another axis")
def weights_elsewhere(call: Call) -> Found | None:
    """PyTorch's `weight` of a cross-entropy has one number per class. That of the binary
    cross-entropy, and `pos_weight`, are broadcast against the predictions: a vector lies along the
    last dimension, where pictures have their columns. Where the lengths agree by chance nothing
    fails, and the wrong items are weighed."""
    options = call.subject.options
    given = [(n, np.asarray(options[n])) for n in ("pos_weight", "weight") if _varies(options, n)]
    call.need(call.subject.library == "torch" and bool(given), "it has no weights of its own")
    _, p = call.arrays()
    for name, w in given:
        found = None
        if getattr(call.kind, "link", "") == "logit":
            found = _along_outputs(call, name, w, p)
        elif _by_class(call) and w.shape != (call.rows.shape[1],):
            found = error(
                f"The {name} has shape {w.shape}, but the predictions have {call.rows.shape[1]} "
                "classes: it has one number per class.",
                'To weigh samples, pass reduction="none" and multiply the items.'
                if w.shape == p.shape[:1]
                else f"Pass {call.rows.shape[1]} numbers.",
                shape=w.shape,
            )
        if found is not None:
            return found
    return None


def _by_class(call: Call) -> bool:
    """Whether the loss has weights of classes."""
    slots = getattr(call.kind, "optional", ())
    return "class_weight" in [slot.name for slot in slots]


def _varies(options: dict[str, Any], name: str) -> bool:
    return options.get(name) is not None and np.ndim(options[name]) > 0


def _along_outputs(call: Call, name: str, w: Array, p: Array) -> Found | None:
    channels = w.ndim == 1 and p.ndim > 2 and w.size == p.shape[1] > 1
    samples = w.ndim == 1 and p.ndim > 0 and w.size == p.shape[0] > 1
    ones = (1,) * (p.ndim - 1 if samples and not channels else p.ndim - 2)
    reshape = f"Give it one number per {'channel' if channels else 'sample'}: {name}.reshape"
    reshape += f"({', '.join(map(str, (-1, *ones)))})."
    if name == "pos_weight" and samples and not channels:
        reshape = "Pass one number per output: its negatives divided by its positives."
    try:
        fits = np.broadcast_shapes(w.shape, p.shape) == p.shape
    except ValueError:
        fits = False
    if not fits:
        return error(
            f"The {name} of shape {w.shape} does not fit predictions of shape {p.shape}: a vector "
            "lies along the last dimension.",
            reshape if channels or samples else f"Pass one number per output: {p.shape[-1:]}.",
            shape=w.shape,
        )
    if np.ptp(w) == 0:
        return None
    if channels and w.size == p.shape[-1]:
        return warning(
            f"The {name} of shape {w.shape} lies along the last dimension of predictions of shape "
            f"{p.shape}; their channels, dimension 1, are {w.size} too.",
            f"{reshape[:-1]}, if it was made for channels.",
            shape=w.shape,
        )
    if samples and w.size == p.shape[-1] and (p.ndim == 1) == (name == "pos_weight"):
        what = "sample" if p.ndim == 1 else "output"
        return hint(
            f"The {name} of shape {w.shape} gives each {what} of predictions of shape {p.shape} a "
            f"weight of its own; there are as many {'outputs' if p.ndim > 1 else 'weights'} as "
            "samples.",
            reshape if p.ndim == 1 else f"{reshape[:-1]}, if it was made for samples.",
            shape=w.shape,
        )
    return None


def _batch(call: Call) -> tuple[Array, Array, Array | None]:
    """Targets, predictions and weights that can be cut along the first dimension."""
    y, p = call.arrays()
    call.need(call.failure is None, "the call fails")
    call.need(not isinstance(call.result, tuple), "the call returns gradients, no loss")
    call.need(call.result.ndim == 0, "the call returns more than one number")
    call.need(
        p.ndim > 0 and y.ndim > 0 and len(y) == len(p) and (p.ndim > 1 or y.ndim == 1),
        "there is no batch dimension",
    )
    if call.subject.card is not None and hasattr(call.subject.card, "axis"):
        call.need(call.axis > 0, "there is no batch dimension")
    weight = call.weight if call.subject.weighs else None
    if weight is not None and weight.shape[:1] != p.shape[:1]:
        raise Inapplicable("the weights are not one or more per sample")
    return y, p, weight


def _scalar(call: Call, y: Array, p: Array, weight: Array | None) -> float:
    value = _part(call, y, p, weight)
    call.need(bool(np.isfinite(value)), "the loss is not finite")
    return value


def _part(call: Call, y: Array, p: Array, weight: Array | None) -> float:
    found = call.evaluate(y, p, weight)
    call.need(not isinstance(found, tuple) and np.ndim(found) == 0, "it gives no single number")
    return float(found)
