"""Findings on the size of the loss: against its baselines, and the scale of targets."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from losskit.checks.call import EVIDENCE, SEEN, Call, share
from losskit.checks.reductions import class_weights
from losskit.checks.rules import Found, Inapplicable, finding, hint, warning
from losskit.core.constants import judged
from losskit.core.families import is_rowwise
from losskit.core.namespaces import Array
from losskit.numpy import get

FAR = 10.0
"""Errors this many times delta are not on their way to it."""
BIG = 1000.0
"""Targets that spread further than this are far from what a model gives at its start."""


@finding("LK601", "a loss far above guessing")
def above_guessing(call: Call) -> Found | None:
    """Guessing all C classes alike has a cross-entropy of ln C, and always predicting the mean has
    a squared error of the variance; every loss has such a baseline. A loss far above it is no bad
    luck: predictions are certain and wrong, most often because the inputs were not scaled."""
    if call.card.link not in ("logit", "softmax"):
        return _above_constant(call)
    call.need(call.card.unit == "nats", "its size says nothing of probabilities")
    items, count = _items(call)
    call.need(call.softmax_under_binary is None, "it is a softmax under a binary loss (LK113)")
    says, guess = _without_knowledge(call)
    value = float(np.mean(items, dtype=np.float64))
    call.need(math.isfinite(value), "the loss is not finite")
    if not value > 2 * guess + 1:
        return None
    return warning(
        f"The mean loss of {count} items is {value:.4g}, but {says} gives {guess:.4g}: the model "
        "is certain and wrong.",
        "Look at the scale of the inputs first: usually they are not scaled (pixels of 0 to 255); "
        "then at the learning rate, and at whether labels belong to their inputs.",
        value=value,
        baseline=guess,
    )


def _without_knowledge(call: Call) -> tuple[str, float]:
    """How to say it, and what it costs where all raw scores are 0."""
    card = call.card
    if card.link == "logit":
        y, _ = call.fitted()
        says, y = "answering 1/2", y.reshape(-1)[:SEEN]
        raw = np.zeros(y.shape)
    else:
        classes = call.rows.shape[1]
        call.need(classes > 1, "there is one class")
        says = f"guessing all {classes} classes alike"
        y = (call.labels[call.counted] if call.labels_wanted else call.row_targets)[:SEEN]
        call.need(len(y) > 0, "no label counts")
        raw = np.zeros((len(y), classes))
    if is_rowwise(card):
        card = dataclasses.replace(card, axis=-1)
    return says, _mean(card, y, judged(card, raw))


def _mean(card: Any, y: Array, p: Array) -> float:
    """The card's mean loss, whatever the loss reduces."""
    try:
        return float(get(card.name, reduction="mean", **card.parameters())(y, p))
    except (TypeError, ValueError) as refused:
        raise Inapplicable("the targets are no targets of this loss") from refused


def _items(call: Call) -> tuple[Array, int]:
    """The items that count, none of them weighted, and how many they are."""
    card = call.card
    weighted = call.subject.options.get("weight") is not None
    weighted |= call.subject.options.get("pos_weight") is not None
    weighted |= getattr(card, "class_weight", None) is not None
    call.need(not weighted, "the classes are weighted")
    plain = getattr(card, "temperature", 1.0) == 1 and getattr(card, "z_loss", 0.0) == 0
    call.need(plain, "the logits are scaled, or held near 0")
    _, p = call.fitted()
    finite = bool(np.isfinite(p.min()) and np.isfinite(p.max()))
    call.need(finite, "predictions are not finite")
    items = call.items.reshape(-1)
    if items.size == call.counted.size:
        items = items[call.counted]
    elif call.card.task == "binary" and p.size == call.counted.size:
        # Keras averages over the last dimension.
        call.need(bool(call.counted.all()), "the items are not one per element")
        call.need(p.size >= EVIDENCE, f"fewer than {EVIDENCE} items say too little")
        return items, p.size
    else:
        raise Inapplicable("the items are not one per row")
    call.need(items.size >= EVIDENCE, f"fewer than {EVIDENCE} items say too little")
    return items, items.size


def _above_constant(call: Call) -> Found | None:
    call.need_regression()
    call.need(not call.card.relative, "the loss is relative to the targets")
    y, p = call.fitted()
    call.need(y.shape == p.shape, "the shapes do not match")
    call.need(call.weight is None, "the items are weighted")
    call.need(y.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    # A rare class has a variance of nearly 0, and no model starts there.
    quantities = len(np.unique(y.reshape(-1)[:64])) > 2 and bool(np.isfinite(y).all())
    call.need(quantities, "the targets are no quantities")
    few = y.reshape(-1)[:: max(1, y.size // SEEN)]
    best = None if is_rowwise(call.card) else call.card.best_constant(few)
    if best is None:
        raise Inapplicable("its baseline is not known")
    value, guess = _mean(call.card, y, p), _mean(call.card, y, np.full(y.shape, best))
    call.need(guess > 0, "the targets are all alike")
    far = guess
    if call.card.link == "identity":  # of a low quantile a model in the middle is far, and no fault
        far = max(guess, _mean(call.card, y, np.full(y.shape, np.mean(y, dtype=np.float64))))
    if not value > 10 * far:
        return None
    return warning(
        f"The mean loss of {y.size} values is {value:.4g}, but always predicting {best:.4g} gives "
        f"{guess:.4g}.",
        "Look at the scale of inputs and targets: subtract the mean and divide by the standard "
        "deviation.",
        value=value,
        baseline=guess,
    )


@finding("LK602", "targets that are not scaled")
def targets_not_scaled(call: Call) -> Found | None:
    """A model starts with predictions near 0 and moves by steps of the learning rate. Targets in
    the thousands are far away, their squared errors and gradients are huge, and a mean far from 0
    is all that is learned at first."""
    call.need_regression()
    call.need(not call.card.relative, "the loss is relative to the targets")
    y, p = call.arrays()
    call.need(y.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    mean, spread = float(np.mean(y, dtype=np.float64)), float(np.std(y, dtype=np.float64))
    if not (spread > BIG or (abs(mean) > 10 * spread and abs(mean) > 100)):
        return None
    largest = max(float(p.max()), -float(p.min()))
    typical = float(np.median(np.abs(y)))
    small = spread > BIG and largest < 0.01 * typical
    say = warning if small else hint
    tail = f", and no prediction is beyond {largest:.4g}" if small else ""
    return say(
        f"The targets have a mean of {mean:.4g} and a standard deviation of {spread:.4g}{tail}.",
        "Subtract the targets' mean and divide by their standard deviation, or predict their "
        "logarithm.",
        mean=mean,
        std=spread,
        largest_prediction=largest,
    )


@finding("LK603", "a delta far from the errors")
def delta_far(call: Call) -> Found | None:
    """Huber's loss is a squared error up to delta and an absolute error beyond. If nearly all
    errors lie on one side, it is the one loss or the other, and delta only scales it."""
    name, delta = call.parameter("turn", "it does not turn from squared to absolute")
    call.need(delta > 0, f"{name} is 0")
    y, p = call.fitted()
    call.need(y.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    off = np.abs(y - p)
    middle = float(np.median(off))
    beyond = float((off > delta).mean())
    remedy = f"Choose {name} near the errors that are still ordinary, or scale the targets."
    # Near enough, the model may come to it by itself; a tiny one is meant as an absolute error.
    far = middle > FAR * delta >= 1
    if beyond > 0.99:
        return (warning if far else hint)(
            f"{share(beyond)} of {off.size} errors are larger than {name}={delta:g}, {middle:.4g} "
            "in the median: the loss acts as the mean absolute error.",
            remedy,
            beyond=beyond,
            median=middle,
        )
    largest = float(off.max())
    if 0 < largest < delta / 100:
        return hint(
            f"All {off.size} errors are below {largest:.4g}, a hundredth of {name}={delta:g}, "
            f"{middle:.4g} in the median: the loss acts as the mean squared error.",
            remedy,
            largest=largest,
            median=middle,
        )
    return None


@finding("LK604", "weights of classes the wrong way round")
def weights_inverted(call: Call) -> Found | None:
    """Weights are meant to lift the rare class. The weight of positives is negatives divided by
    positives; the other way round it makes the rare class count for even less, and nearly the same
    holds for class weights that grow with the classes' shares."""
    given = call.subject.options.get("pos_weight")
    if given is not None:
        return _positives(call, given)
    return _classes(call)


def _positives(call: Call, given: Any) -> Found | None:
    y, p = call.fitted()
    call.need(y.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    call.need(y.shape == p.shape and y.ndim > 0, "the shapes do not match")
    weight = np.asarray(given, np.float64)
    if weight.size == 1:
        columns, weight = y.reshape(-1, 1), weight.reshape(1)
    elif weight.shape == y.shape[-1:]:
        columns = y.reshape(-1, weight.size)
    else:
        raise Inapplicable("the weights are not one per output")
    positives = (columns == 1).sum(0)
    negatives = (columns == 0).sum(0)
    call.need(bool((positives + negatives == len(columns)).all()), "the targets are not 0 and 1")
    enough = (positives >= 5) & (negatives >= 5) & (weight > 0)
    call.need(bool(enough.any()), "there are fewer than 5 positives or negatives")
    ratio = np.where(enough, negatives / np.maximum(positives, 1), 1.0)
    wrong = enough & ((ratio > 2) | (ratio < 0.5))
    wrong &= np.abs(np.log(np.where(enough, weight, 1.0) * ratio)) < math.log(1.5)
    if not wrong.any() or wrong.sum() < enough.sum() / 2:
        return None
    at = int(np.argmax(wrong))
    return warning(
        f"The weight of positives is {weight[at]:.4g} for {positives[at]} positives and "
        f"{negatives[at]} negatives: it is positives divided by negatives, and ought to be about "
        f"{ratio[at]:.4g}.",
        "Pass the number of negatives divided by the number of positives.",
        pos_weight=float(weight[at]),
        ratio=float(ratio[at]),
        outputs=int(wrong.sum()),
    )


def _classes(call: Call) -> Found | None:
    weights = class_weights(call)
    keep = call.counted & (call.labels >= 0) & (call.labels < len(weights))
    labels = call.labels[keep].astype(np.int64)
    call.need(labels.size >= 2 * EVIDENCE, f"fewer than {2 * EVIDENCE} labels say too little")
    counts = np.bincount(labels, minlength=len(weights))
    there = (counts > 0) & (weights > 0)
    call.need(int(there.sum()) > 1, "there is one class")
    counts, weights = counts[there], weights[there]
    imbalance, range_ = counts.max() / counts.min(), weights.max() / weights.min()
    if imbalance <= 3 or range_ <= 1.5:
        return None
    together = float(np.corrcoef(np.log(counts), np.log(weights))[0, 1])
    if not together > 0.9:
        return None
    common, rare = int(np.argmax(counts)), int(np.argmin(counts))
    names = np.flatnonzero(there)
    say = warning if range_ > imbalance / 1.5 else hint
    return say(
        f"Class weights grow with the classes' shares: class {names[common]} with {counts[common]} "
        f"labels weighs {weights[common]:.4g}, class {names[rare]} with {counts[rare]} weighs "
        f"{weights[rare]:.4g}.",
        "Weigh each class by the inverse of its share, so that rare ones count.",
        correlation=together,
        imbalance=float(imbalance),
    )
