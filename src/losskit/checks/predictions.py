"""Findings on the space of the predictions: logits, probabilities, log-probabilities."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from losskit.checks.call import EVIDENCE, SEEN, Call, share, softmax
from losskit.checks.labels import class_numbers
from losskit.checks.rules import Found, Inapplicable, error, finding, hint, warning
from losskit.core.namespaces import Array
from losskit.numpy import get


@finding("LK101", "softmax applied twice")
def softmax_twice(call: Call) -> Found | None:
    """The loss applies softmax itself, and the predictions are softmax's output already. Training
    then seems to work, but the loss cannot fall below ln(1 + (C - 1) / e) for C classes, and
    gradients are small where the model is most wrong."""
    call.need_softmax()
    call.need(call.takes == "logits", "the loss takes no logits")
    rows = call.rows
    classes = rows.shape[1]
    call.need(classes > 1, "there is one class")
    if not call.sums_to_one(rows).all():
        return None
    call.need(call.ends_in in (None, "softmax"), "the model does not end in softmax")
    floor = math.log1p((classes - 1) / math.e)
    alike = len(rows) > 1 and bool((rows == rows[0]).all())
    say = error if rows.size >= EVIDENCE or call.ends_in == "softmax" else warning
    twice = "softmax is applied twice, and"
    if alike and call.ends_in is None:  # a head of constant weights gives such rows too
        say, twice = hint, "all alike. If they are softmax's, it is applied twice, and"
    return say(
        f"The loss takes logits, but each of the {len(rows)} rows of predictions sums to 1 and "
        f"lies within [0, 1]: {twice} the loss cannot fall below "
        f"ln(1 + (C - 1) / e) = {floor:.4g} for C = {classes} classes.",
        call.subject.says(
            "Leave out the softmax at the end of the model.",
            losskit="Pass from_logits=False, or leave out the softmax at the end of the model.",
            keras="Pass from_logits=False, or leave out the softmax at the end of the model."
            if "from_logits" in call.subject.options
            else "Leave out the softmax at the end of the model.",
        ),
        rows=len(rows),
        classes=classes,
        floor=floor,
    )


@finding("LK102", "sigmoid applied twice")
def sigmoid_twice(call: Call) -> Found | None:
    """The loss applies the sigmoid itself, and the predictions are probabilities already. The
    sigmoid of [0, 1] is [0.5, 0.73]: no element can be called negative."""
    call.need_sigmoid()
    call.need(call.takes == "logits", "the loss takes no logits")
    _, p = call.arrays()
    certain = call.ends_in == "sigmoid"
    call.need(certain or p.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    if p.min() < 0 or p.max() > 1:
        return None
    call.need(certain or call.ends_in is None, "the model does not end in sigmoid")
    spread = (p.min() < 0.25 and p.max() > 0.5) or p.std(dtype=np.float64) > 0.1
    call.need(certain or bool(spread), "predictions this close together may be logits near 0")
    say = error if certain else warning
    twice = "the sigmoid is" if certain else "it looks as if the sigmoid is"
    return say(
        f"The loss takes logits, but all {p.size} predictions lie within [0, 1] "
        f"({p.min():.4g} to {p.max():.4g}): {twice} applied twice, and then the loss of a negative "
        f"cannot fall below ln 2 = {math.log(2):.4g}.",
        call.subject.says(
            "Leave out the sigmoid at the end of the model.",
            losskit="Pass from_logits=False, or leave out the sigmoid at the end of the model.",
            keras="Pass from_logits=False, or leave out the sigmoid at the end of the model.",
            torch="Leave out the sigmoid at the end of the model, or use BCELoss.",
        ),
        low=float(p.min()),
        high=float(p.max()),
    )


@finding("LK103", "logits where probabilities are wanted")
def logits_for_probabilities(call: Call) -> Found | None:
    """The loss takes probabilities, and the predictions lie outside of [0, 1]. Keras clips them
    without a word: the gradient of each clipped element is 0."""
    call.need(call.takes == "probabilities", "the loss takes no probabilities")
    call.need_classes()
    _, p = call.arrays()
    call.need(not class_numbers(call), "the predictions are class numbers")
    slack = call.row_tolerance
    outside = (p < -slack) | (p > 1 + slack)
    if not outside.any():
        return None
    count = int(outside.sum())
    end = "sigmoid" if call.card.task == "binary" else "softmax"
    return error(
        f"The loss takes probabilities, but {count} of {p.size} predictions "
        f"({share(count / p.size)}) lie outside of [0, 1], from {p.min():.4g} to {p.max():.4g}: "
        "they look like logits.",
        call.subject.says(
            f"End the model in a {end}.",
            losskit=f"Pass from_logits=True, or end the model in a {end}."
            if hasattr(call.card, "from_logits")
            else f"End the model in a {end}.",
            keras=f"Pass from_logits=True, or end the model in a {end}."
            if "from_logits" in call.subject.options
            else f"End the model in a {end}.",
            torch="Use BCEWithLogitsLoss, which takes logits, or end the model in a sigmoid.",
        ),
        outside=count,
        low=float(p.min()),
        high=float(p.max()),
    )


@finding("LK104", "rows of probabilities that do not sum to 1")
def rows_not_one(call: Call) -> Found | None:
    """The loss takes one distribution over the classes per row, and the rows do not sum to 1: a
    sigmoid instead of a softmax, or a softmax over the wrong axis."""
    call.need_softmax()
    call.need(call.takes == "probabilities", "the loss takes no probabilities")
    rows = call.rows
    call.need(rows.shape[1] > 1, "there is one class")
    if rows.min() < 0 or rows.max() > 1 + call.row_tolerance:
        return None  # LK103
    sums = rows.sum(-1, dtype=np.float64)
    off = np.abs(sums - 1) > max(call.row_tolerance, 1e-6 * rows.shape[1])
    if off.mean() <= 0.01:
        return None
    return warning(
        f"The loss takes a distribution over {rows.shape[1]} classes per row, but "
        f"{share(off.mean())} of the rows do not sum to 1; their sums go from {sums.min():.4g} to "
        f"{sums.max():.4g}.",
        "End the model in a softmax over the class axis; for several labels at once use the binary "
        "cross-entropy.",
        share=float(off.mean()),
        low=float(sums.min()),
        high=float(sums.max()),
    )


@finding("LK105", "no log-probabilities")
def not_log_probabilities(call: Call) -> Found | None:
    """The negative log-likelihood, the Kullback-Leibler divergence of most libraries and PyTorch's
    CTC take log-probabilities. Of probabilities or logits they make a number that can fall without
    bound."""
    call.need(call.takes == "log-probabilities", "the loss takes no log-probabilities")
    call.need_classes()
    call.need(not class_numbers(call), "the predictions are class numbers")
    rows = call.rows
    tolerance = call.log_tolerance
    remedy = call.subject.says(
        "Apply log_softmax to the logits first.",
        torch="Apply torch.log_softmax to the logits first, or use CrossEntropyLoss."
        if call.subject.card is not None and call.labels_wanted
        else "Apply torch.log_softmax to the logits first.",
    )
    if call.sums_to_one(rows).all():
        return error(
            f"The loss takes log-probabilities, but all {len(rows)} rows of predictions lie within "
            "[0, 1] and sum to 1: they are probabilities.",
            call.subject.says(
                "Use log_softmax in place of softmax at the end of the model.",
                torch="Use torch.log_softmax in place of softmax at the end of the model.",
            ),
            rows=len(rows),
        )
    if rows.max() > tolerance:
        return error(
            f"The loss takes log-probabilities, which are at most 0, but predictions go up to "
            f"{rows.max():.4g}: they look like logits.",
            remedy,
            high=float(rows.max()),
        )
    sums = np.exp(rows.astype(np.float64)).sum(-1)
    off = np.abs(sums - 1) > tolerance
    if off.mean() <= 0.01:
        return None
    return warning(
        f"The loss takes log-probabilities, but the exponentials of {share(off.mean())} of the "
        f"rows do not sum to 1; their sums go from {sums.min():.4g} to {sums.max():.4g}.",
        remedy,
        low=float(sums.min()),
        high=float(sums.max()),
    )


@finding("LK106", "targets of a divergence in the wrong space")
def divergence_targets(call: Call) -> Found | None:
    """A divergence takes targets as probabilities, or as log-probabilities where it says so; the
    other kind gives a number that means nothing."""
    call.need(call.is_divergence, "it is no divergence")
    y, _ = call.fitted()
    logs = call.log_targets
    if logs and y.max() > call.row_tolerance:
        return error(
            f"The loss takes targets as log-probabilities, which are at most 0, but targets go up "
            f"to {y.max():.4g}.",
            call.subject.says("Pass the logarithm of the targets.", torch="Pass log_target=False."),
            high=float(y.max()),
        )
    if not logs and y.min() < 0:
        return error(
            f"The loss takes targets as probabilities, but targets go down to {y.min():.4g}: they "
            "look like log-probabilities.",
            call.subject.says(
                "Pass the exponential of the targets.",
                torch="Pass log_target=True, or swap the arguments if the first is the target.",
            ),
            low=float(y.min()),
        )
    return None


@finding("LK107", "a divergence averaged over its classes")
def divergence_mean(call: Call) -> Found | None:
    """PyTorch's `KLDivLoss` divides by the number of elements by default: the divergence divided
    by the number of classes, and the gradient with it. `batchmean` divides by the length of the
    first dimension only: of sequences (B, T, C) it gives the sum over all T positions."""
    call.need(
        call.subject.library == "torch" and call.is_divergence,
        "it is not PyTorch's divergence",
    )
    if call.subject.reduction == "batchmean":
        return _by_batch(call)
    rows = call.rows
    if call.subject.reduction != "mean" or rows.shape[1] < 2:
        return None
    return warning(
        f'With reduction="mean" the loss is divided by all {rows.size} elements: it is the '
        f"divergence divided by {rows.shape[1]}, the number of classes.",
        'Pass reduction="batchmean", which divides by the number of rows.',
        classes=rows.shape[1],
    )


def _by_batch(call: Call) -> Found | None:
    y, p = call.fitted()
    if p.ndim < 3:
        return None
    shares = np.exp(y) if call.log_targets else y
    # The classes lie where the targets sum to 1: in the last dimension, or in PyTorch's, 1.
    summing = [a for a in (-1, 1) if np.allclose(shares.sum(a), 1, atol=call.row_tolerance)]
    classes = p.shape[summing[0] if summing else -1]
    rows, batch = p.size // classes, len(p)
    if rows == batch:
        return None
    return warning(
        f'With reduction="batchmean" the sum is divided by {batch}, the length of the first '
        f"dimension, but predictions of shape {p.shape} hold {rows} distributions over {classes} "
        f"classes: the loss is {rows // batch} times their mean.",
        'Divide the sum (reduction="sum") by the number of distributions, unless a sum over '
        "positions is meant.",
        distributions=rows,
        batch=batch,
        times=rows // batch,
    )


@finding("LK108", "softmax over one class")
def one_unit(call: Call) -> Found | None:
    """The softmax of one number is always 1: the loss is 0 and nothing is learned. Under a binary
    loss every prediction is 1, whatever the input."""
    if not call.is_softmax_loss:
        return _all_one(call)
    call.need_softmax()
    if call.rows.shape[1] != 1:
        return None
    return error(
        f"The predictions have one class (shape {call.p.shape}, class axis {call.axis}): softmax "
        "of one number is always 1, so the gradient is 0 and nothing is learned.",
        "For two classes use one output with the binary cross-entropy, or two outputs.",
        shape=tuple(call.p.shape),
    )


def _all_one(call: Call) -> Found | None:
    """A softmax over one output, seen from a loss that takes one number per element."""
    y, p = call.fitted()
    certain = call.ends_in == "softmax" and p.ndim > 1 and p.shape[-1] == 1
    if not certain:
        call.need_sigmoid()
        call.need(call.ends_in is None, "the model does not end in softmax")
        call.need(p.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
        call.need(p.ndim == 1 or p.shape[-1] == 1, "the model has several outputs")
    if not (p == 1).all() or (y == 1).all():
        return None
    say = error if certain or call.takes == "probabilities" else warning
    return say(
        f"All {p.size} predictions are exactly 1, whatever the target: so is the softmax of one "
        "output, always, and nothing is learned.",
        call.subject.says(
            "End the model in a sigmoid in place of the softmax.",
            torch="End the model in a sigmoid in place of the softmax, or pass its logits to "
            "BCEWithLogitsLoss.",
        )
        if call.takes == "probabilities"
        else "Leave out the softmax at the end of the model.",
        size=p.size,
    )


@finding("LK109", "certain and wrong")
def certain_and_wrong(call: Call) -> Found | None:
    """A probability of exactly 0 for what happened (or 1 for what did not) has an infinite loss.
    Libraries clip it, which takes the gradient away from the worst mistakes."""
    call.need(call.takes == "probabilities", "the loss takes no probabilities")
    call.need(call.softmax_under_binary is None, "it is a softmax under a binary loss (LK113)")
    y, p = call.fitted()
    call.need(p.min() >= -call.row_tolerance, "the predictions are no probabilities")
    if call.labels_wanted:
        labels = call.labels
        good = call.counted & (labels >= 0) & (labels < call.rows.shape[1])
        at = call.rows[np.nonzero(good)[0], labels[good].astype(np.int64)]
        wrong, total = int((at == 0).sum()), int(good.sum())
    else:
        impossible = (p == 0) & (y > 0)
        if call.card.task == "binary":
            impossible |= (p == 1) & (y < 1)
        wrong, total = int(impossible.sum()), p.size
    if not wrong:
        return None
    return warning(
        f"{wrong} of {total} predictions give a probability of exactly 0 to what happened: the "
        "true loss is infinite there, and a library that clips gives no gradient.",
        "Keep the logits and let the loss apply softmax or sigmoid, which loses nothing.",
        wrong=wrong,
    )


@finding("LK110", "no better than guessing")
def guessing(call: Call) -> Found | None:
    """A model that always answers with the shares of the classes reaches their entropy. At the
    first batch that is as it should be; later, nothing has been learned."""
    call.need_softmax()
    call.need(call.labels_wanted, "the targets are no class labels")
    labels = call.labels[call.counted]
    call.need(labels.size >= 256, "there are fewer than 256 labels")
    _, counts = np.unique(labels, return_counts=True)
    shares = counts / counts.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    items = call.items.reshape(-1)
    call.need(items.size == call.counted.size, "the items are not one per row")
    value = float(items[call.counted].mean())
    if value < 0.98 * entropy or entropy == 0:
        return None
    return hint(
        f"The mean loss of {value:.4g} is no better than always answering with the shares of the "
        f"classes, which gives their entropy of {entropy:.4g}.",
        "At the start of training this is as it should be; later, look at the inputs, the learning "
        "rate and whether labels belong to their inputs.",
        value=value,
        entropy=entropy,
    )


@finding("LK111", "probabilities that have lost what the logits knew")
def clipped(call: Call) -> Found | None:
    """A probability near 1 cannot be told from 1 in floating point, and libraries clip: the loss
    of the probabilities then differs from the loss of the logits that they were made of. Needs
    `logits=`."""
    call.need(call.logits is not None, "no logits were given")
    call.need(call.takes == "probabilities", "the loss takes no probabilities")
    call.need(hasattr(call.card, "from_logits"), "there is no such loss of logits")
    weighted = [call.subject.options.get(k) for k in ("weight", "pos_weight", "class_weight")]
    call.need(all(w is None for w in weighted), "the loss is weighted")
    y, _ = call.fitted()
    known = "softmax" if call.is_softmax_loss else "sigmoid"
    call.need(call.made_of_logits == known, f"the predictions are not the {known} of these logits")
    card = dataclasses.replace(call.card, from_logits=True)
    try:
        of_logits = get(card.name, **card.parameters()).elementwise(y, call.logits)
    except (TypeError, ValueError) as refused:
        raise Inapplicable("the targets are no targets of this loss") from refused
    # Both the plain mean of the items, whatever the loss reduces and weighs.
    value, exact = float(np.mean(call.items)), float(np.mean(of_logits))
    if abs(value - exact) <= 0.01 * max(abs(exact), 1e-6):
        return None
    return warning(
        f"The mean loss of the probabilities is {value:.6g}, and {exact:.6g} of the logits that "
        "they were made of: the probabilities were rounded or clipped.",
        "Pass the logits to the loss, and let it apply softmax or sigmoid.",
        value=value,
        exact=exact,
    )


@finding("LK112", "logits of something else")
def other_logits(call: Call) -> Found | None:
    """`logits=` says what the predictions were made of. Where neither softmax nor sigmoid makes
    the predictions of them, they are no evidence, and checks that need them do not apply."""
    call.need(call.logits is not None, "no logits were given")
    _, p = call.arrays()
    call.need(call.made_of_logits is None, "the predictions were made of these logits")
    logits, slack = np.asarray(call.logits), call.row_tolerance
    same = np.allclose(logits, p, atol=slack)
    if not same and p.ndim:
        axis = getattr(call.subject.card, "axis", -1)
        same = np.allclose(np.exp(p), softmax(logits, axis), atol=slack)  # log_softmax
    if same:
        return None
    off = float(np.abs(logits - p).max())
    return hint(
        f"Neither softmax nor sigmoid of the logits gives the predictions, nor are they the same: "
        f"they differ by up to {off:.4g}.",
        "Pass the logits of the same batch, or leave logits= out.",
        off=off,
    )


@finding("LK113", "a softmax under a binary cross-entropy")
def softmax_under_binary(call: Call) -> Found | None:
    """A binary cross-entropy asks of each class by itself whether it is the true one. With a
    softmax and a single true class per row it is still least at the true probabilities, but it is
    another loss than the categorical cross-entropy: a mean over the classes, C / 2 times as small
    for a right answer of C classes, in which each wrong class counts beside the true one. Where
    1 - p has been rounded away, a library that clips gives no gradient."""
    call.need_sigmoid()
    call.need(call.takes == "probabilities", "the loss takes no probabilities")
    found = call.softmax_under_binary
    if found is None:
        return None
    rows, classes = found
    return warning(
        f"Each of the {rows} rows of predictions sums to 1, and each row of targets holds a single "
        f"1 among {classes} classes: it looks like a softmax under a binary cross-entropy, which "
        "takes the classes for independent labels.",
        "Use the categorical cross-entropy; where several labels may be true, end the model in a "
        "sigmoid.",
        rows=rows,
        classes=classes,
    )


@finding("LK114", "rates and their logarithms")
def rates_and_logs(call: Call) -> Found | None:
    """The Poisson loss takes the rate, or its logarithm where it says so (PyTorch's does by
    default). The one in place of the other is a number all the same: the exponential of a rate
    explodes, and the logarithm of a rate is far too small a rate."""
    call.need(hasattr(call.subject.card, "log_input"), "it is no such loss")
    y, p = call.fitted()
    logs = bool(call.card.log_input)
    as_logs = call.subject.says(
        "Pass log_input=True, or end the model in exp or softplus.",
        keras="End the model in softplus or in an exponential."
        if "log_input" not in call.subject.options
        else "Pass log_input=True, or end the model in softplus or in an exponential.",
    )
    counted = call.counted.reshape(p.shape)
    below = counted & (p < 0)
    if not logs and below.any():
        count = int(below.sum())
        return error(
            f"The loss takes rates, which are at least 0, but {count} of {p.size} predictions "
            f"({share(count / p.size)}) are below 0, down to {p[below].min():.4g}: they look like "
            "logarithms of rates.",
            as_logs,
            below=count,
            low=float(p[below].min()),
        )
    y, p = (x[counted][:SEEN].astype(np.float64) for x in (y, p))
    call.need(p.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    call.need(bool(np.isfinite(p).all() and (y >= 0).all()), "there are no rates or no counts")
    mean = float(y.mean())
    call.need(float(np.ptp(y)) > 0, "the counts are all alike")
    if logs and p.min() < 0:
        return None  # no rates
    rates, exponentials = _explained(y, p), _explained(y, np.exp(p))
    own, other = (exponentials, rates) if logs else (rates, exponentials)
    # More than chance explains of so few.
    if own >= 0 or other < max(0.1, 10 / p.size):
        return None
    taken, like = ("logarithms of rates", "rates") if logs else ("rates", "logarithms of rates")
    return warning(
        f"The loss takes {taken}, but as {like} the predictions explain {share(other)} of the "
        f"deviance of {p.size} counts (their mean is {mean:.4g}), and as {taken} they are worse "
        f"than that mean: they look like {like}.",
        call.subject.says(
            "Pass log_input=False, or end the model in a linear layer."
            if "log_input" in call.subject.options
            else "End the model in a linear layer."
        )
        if logs
        else as_logs,
        explained=other,
        own=own,
        mean=mean,
    )


def _explained(y: Array, rate: Array) -> float:
    """The share of the counts' deviance that these rates explain; below 0 if the mean is better."""

    def loss(rate: Array) -> float:
        return float(np.mean(rate - y * np.log(np.where(y > 0, np.maximum(rate, 1e-30), 1.0))))

    best, guess = loss(y), loss(np.full_like(y, y.mean()))
    return (guess - loss(rate)) / (guess - best)


@finding("LK115", "class numbers as predictions")
def numbers_of_classes(call: Call) -> Found | None:
    """Predictions are probabilities or logits, from which a decision (an argmax, a threshold) is
    made later. The decision itself has no gradient: nothing can be learned from it."""
    y, p = call.arrays()
    if not class_numbers(call) or y.shape[:1] != p.shape[:1]:
        return None
    made = "an argmax, which has" if p.max() > 1 else "decisions, which have"
    kind = "are whole numbers" if p.dtype.kind == "f" else f"are {p.dtype}"
    return error(
        f"The loss takes {call.takes}, but the {p.size} predictions of shape {p.shape} {kind} from "
        f"{int(p.min())} to {int(p.max())}: they look like {made} no gradient.",
        f"Pass the {call.takes} from which they were made.",
        low=int(p.min()),
        high=int(p.max()),
    )
