"""Findings on gradients: dead ones, NaN, half precision, boosting objectives."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.checks.call import EVIDENCE, HALF, Call, index, share
from losskit.checks.rules import Found, Inapplicable, error, finding, hint, warning
from losskit.checks.shapes import finds
from losskit.core.families import is_rowwise
from losskit.core.namespaces import Array

LARGE = 1.0
"""A loss of a sample above this is no rounding of 0."""
LARGEST_HALF = 65504.0
"""The largest number of float16."""
BITS = {"float16": 10, "bfloat16": 7}
"""Of the fraction."""
OUT_OF_DOMAIN = ("LK106", "LK114", "LK210", "LK213", "LK704")
"""The findings that say why a loss is NaN."""
FIRST = 512
"""So many samples are asked for their gradients where they have no losses to choose by."""
OBJECTIVE = 256
"""So many elements of a boosting objective are differentiated."""


@finding("LK401", "no gradient where the loss is large")
def dead_gradients(call: Call) -> Found | None:
    """Samples with a large loss and a gradient of exactly 0: the model is wrong about them and can
    never learn from them. Clipping does this: a probability below Keras's 1e-7 is set to 1e-7, and
    what is set to a constant has no gradient."""
    call.need(_zero_at_best(call), "its loss is not 0 for the best prediction")
    which, slopes = call.worst
    losses = call.by_sample[which]
    finite = losses[np.isfinite(losses)]
    top = float(finite.max()) if finite.size else 0.0
    large = np.isposinf(losses) | ((losses > LARGE) & (losses >= top / 2))
    dead = large & (slopes.reshape(len(which), -1) == 0).all(-1) & ~_at_best(call, which)
    count = int(dead.sum())
    if not count:
        return None
    loss = float(losses[dead].max())
    binary = call.subject.card is not None and call.subject.card.task == "binary"
    function = "sigmoid" if binary else "softmax"
    logits = f"Keep the logits and let the loss apply {function}, so that nothing is clipped."
    # Of a formula that nobody knows, zeros may be meant.
    say = warning if call.subject.card is None else error
    if not _of_probabilities(call):
        logits = (
            "Look for a part of the formula that is clipped, rounded or saturated there, and let "
            "it keep a slope."
        )
    return say(
        f"Of the {len(which)} samples of largest loss, {count} have a gradient of exactly 0, "
        f"though their loss is up to {loss:.4g}: nothing is learned from them.",
        call.subject.says(
            logits,
            keras=f"Pass from_logits=True and leave out the {function} at the end of the model."
            if "from_logits" in call.subject.options
            else logits,
        ),
        dead=count,
        looked_at=len(which),
        loss=loss,
        first=int(which[np.argmax(dead)]),
    )


def _of_probabilities(call: Call) -> bool:
    """Whether it is a loss of probabilities, which are what is clipped."""
    return getattr(call.subject.card, "link", "") in ("logit", "softmax")


def _zero_at_best(call: Call) -> bool:
    """Whether a large loss means a bad prediction."""
    card = call.subject.card
    if card is None:
        return True
    if card.reaches_zero != "certain":
        return bool(card.reaches_zero == "always")
    # Soft targets have an entropy, which no prediction can take away.
    y, _ = call.fitted()
    return bool(((y == 0) | (y == 1) | (y == -1)).all()) and not (
        getattr(card, "label_smoothing", 0) > 0.5
    )


def _at_best(call: Call, which: Array) -> Array:
    """Which of the samples are predicted exactly, or do not count."""
    y, p = call.fitted()
    out = np.zeros(len(which), bool)
    if y.shape == p.shape:
        out |= (y[which] == p[which]).reshape(len(which), -1).all(-1)
    counted = call.counted
    if counted.size % len(p) == 0:
        out |= ~counted.reshape(len(p), -1)[which].any(-1)
    return out


@finding("LK402", "a gradient that is NaN or infinite")
def broken_gradients(call: Call) -> Found | None:
    """The loss is finite and its gradient is not: one such sample makes every weight of the model
    NaN. A root has an infinite slope at 0, which is reached when a prediction is exact; times the
    inner gradient of 0 it is NaN."""
    call.need(call.subject.slope is not None, "the loss has no gradient that can be asked for")
    _, p = call.fitted()
    call.need(p.ndim > 0 and np.issubdtype(p.dtype, np.floating), "the predictions are no batch")
    which, finite, slopes = _samples(call)
    if not finite.any():
        return None
    broken = ~np.isfinite(slopes)
    broken[~finite] = False
    if not broken.any():
        return None
    samples = broken.reshape(len(which), -1).any(-1)
    count = int(samples.sum())
    kind = "NaN" if np.isnan(slopes[broken]).any() else "infinite"
    first = int(which[samples].min())
    return error(
        f"Of {len(which)} samples looked at, {count} have a gradient that is {kind} though their "
        f"loss is finite, the first of them sample {first}.",
        "Look for a root, a power below 1, a logarithm or a quotient at 0, and add a small "
        "constant inside of it, as in sqrt(x + 1e-12).",
        broken=count,
        looked_at=len(which),
        first=first,
    )


def _samples(call: Call) -> tuple[Array, Array, Array]:
    """Some samples, which of them have a finite loss, and their gradients."""
    try:
        losses = call.by_sample
    except Inapplicable:
        y, p = call.fitted()
        card = call.subject.card
        call.need(
            card is None or not is_rowwise(card) or call.axis > 0, "there is no batch dimension"
        )
        call.need(y.ndim > 0 and len(y) == len(p), "there is no batch dimension")
        # No losses of their own: some as they come.
        which = np.arange(min(len(p), FIRST))
        whole = call.evaluate(y[which], p[which])
        call.need(not isinstance(whole, tuple), "the call returns gradients, no loss")
        finite = np.full(len(which), bool(np.isfinite(whole).all()))
        return which, finite, call.slope(which)
    which, slopes = call.extremes
    return which, np.isfinite(losses[which]), slopes


@finding("LK403", "a loss that is NaN or infinite")
def not_finite(call: Call) -> Found | None:
    """One NaN in a batch makes the loss NaN, and every weight of the model with the next step. It
    came in with the targets, the predictions or the weights, or it arose in the loss itself."""
    names = [("targets", call.y), ("predictions", call.p), ("weights", call.weight)]
    for name, array in names:
        bad = _first_nan(array)
        if bad is None or (name != "weights" and _left_out(call, bad[2])):
            continue
        count, size, where = bad
        return error(
            f"{count} of {size} {name} are NaN, the first at index {index(where)}.",
            {
                "targets": "Drop the samples without a target, or give them the weight 0 and a "
                "number in place of NaN.",
                "predictions": "Look for the step that gave the first NaN: a learning rate too "
                "high, an overflow in half precision, or NaN among the inputs.",
                "weights": "Give every sample a finite weight.",
            }[name],
            nan=count,
            came_with=name,
        )
    if call.failure is not None or any(finds(code, call) for code in OUT_OF_DOMAIN):
        return None
    result = call.result
    parts = result if isinstance(result, tuple) else (result,)
    if all(np.isfinite(part).all() for part in parts):
        return None
    if not isinstance(result, tuple) and _nothing_counts(call):
        return None  # LK501
    kind, where = _kind(parts)
    infinite = _count(call.p, np.isinf)
    origin = f" (infinite predictions: {infinite})" if infinite else ""
    try:
        items = call.items
    except Inapplicable:
        items = np.asarray(parts[0])
    bad_items = ~np.isfinite(items)
    if items.ndim and bad_items.any():
        kind, where = _kind((items,))
        what = (
            f"{int(bad_items.sum())} of {items.size} items of the loss are {kind}, the first at "
            f"index {index(where)}, though no target and no prediction is NaN{origin}."
        )
    else:
        what = f"The loss is {kind}, though no target and no prediction is NaN{origin}."
    return error(
        what,
        "Look at the target and the prediction of that item: a logarithm of 0, a division by 0, or "
        "a number too large for its type.",
        items=int(bad_items.sum()),
        came_with="loss",
        infinite_predictions=infinite,
    )


def _first_nan(x: Any) -> tuple[int, int, Array] | None:
    for part in x if isinstance(x, tuple) else (x,):
        if part is not None and np.issubdtype(np.asarray(part).dtype, np.floating):
            # A sum is NaN if any number is (or if infinities cancel): one pass, no copy.
            if not np.isnan(np.sum(part, dtype=np.float64)):
                continue
            nan = np.isnan(part)
            if nan.any():
                return int(nan.sum()), int(nan.size), np.asarray(nan)
    return None


def _left_out(call: Call, nan: Array) -> bool:
    """Whether NaN is at items only that do not count, and the loss is finite without them."""
    try:
        _, p = call.fitted()
        counted = call.counted
        if not np.isfinite(call.value) or counted.all() or not nan.ndim:
            return False
    except Inapplicable:
        return False
    if len(nan) != len(p) or counted.size % len(p):
        return False
    # By sample: enough to tell padding from what counts.
    return (
        not (nan.reshape(len(p), -1).any(-1) & counted.reshape(len(p), -1).any(-1)).any()
        or not call.counted.any()
    )


def _nothing_counts(call: Call) -> bool:
    try:
        return not call.counted.any()
    except Inapplicable:
        return False


def _kind(parts: tuple[Array, ...]) -> tuple[str, Array]:
    for part in parts:
        nan = np.isnan(part)
        if nan.any():
            return "NaN", np.atleast_1d(nan)
    for part in parts:
        if np.isinf(part).any():
            break
    return "infinite", np.atleast_1d(np.isinf(part))


def _count(x: Any, what: Any) -> int:
    return sum(int(what(part).sum()) for part in (x if isinstance(x, tuple) else (x,)))


@finding("LK404", "half precision overflows")
def half_overflows(call: Call) -> Found | None:
    """The largest number of float16 is 65504: the square of an error of 256 is infinite, and so is
    the sum of a large batch. The loss is then infinite though every prediction is fine."""
    call.need(call.dtype == "float16", "the predictions are not float16")
    whole = call.result
    call.need(not isinstance(whole, tuple), "the call returns gradients, no loss")
    if not np.isfinite(whole).all():
        return None  # LK403
    # PyTorch and JAX compute in the wider of the two types; targets that were wide stay so.
    narrow = call.y_dtype == "float16"
    wide = not isinstance(call.y, tuple) and call.y.dtype.kind == "f" and not narrow
    call.need(
        not (call.subject.library == "torch" and wide), f"the targets are {call.y_dtype}, not half"
    )
    weight = call.weight if call.subject.weighs else None
    y = _as_half(call.y) if narrow else call.y
    computed = call.evaluate(y, _as_half(call.p), weight)
    lost = ~np.isfinite(computed)
    if not lost.any():
        return None
    at = f"{int(lost.sum())} of {lost.size} items are" if lost.ndim else "the loss is"
    value = float(np.mean(whole))
    try:
        largest = float(np.max(np.abs(call.items)))
        origin = f", the largest item being {largest:.4g}"
    except Inapplicable:
        origin = ""
    return error(
        f"Computed in float16, which ends at {LARGEST_HALF:.0f}, {at} not finite; in float32 the "
        f"loss is {value:.4g}{origin}.",
        "Cast predictions and targets to float32 before the loss.",
        value=value,
        lost=int(lost.sum()),
    )


def _as_half(x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple(_as_half(part) for part in x)
    if not np.issubdtype(x.dtype, np.floating):
        return x
    fits = x.size == 0 or max(float(x.max()), -float(x.min())) <= LARGEST_HALF
    return x.astype(np.float16) if fits else x


@finding("LK405", "errors below the steps of half precision")
def half_steps(call: Call) -> Found | None:
    """A float16 has 11 significant bits, a bfloat16 has 8: beside a number of 1000 the next one is
    0.5 away, or 4. An error smaller than that is lost when the prediction is rounded, and training
    stops there."""
    call.need(call.dtype in HALF, "the predictions are not of half precision")
    call.need_regression()
    y, p = call.fitted()
    call.need(y.size >= EVIDENCE, f"fewer than {EVIDENCE} values say too little")
    size = float(np.median(np.abs(y)))
    spread = float(np.std(y, dtype=np.float64))
    call.need(0 < size < np.inf and spread > 0, "the targets are all alike")
    step = float(2.0 ** (np.floor(np.log2(size)) - BITS[call.dtype]))
    off = float(np.median(np.abs(y - p)))
    # Coarse beside the targets' own spread too: otherwise it is but the last digit.
    if off >= step or step <= 0.02 * spread:
        return None
    return warning(
        f"Beside the median target of {size:.4g} the steps of {call.dtype} are {step:.4g}, and the "
        f"median error is {off:.4g}: the predictions cannot come closer to the targets.",
        "Subtract the targets' mean and divide by their standard deviation, or end the model in "
        "float32.",
        step=step,
        error=off,
        target=size,
    )


@finding("LK406", "a boosting objective that contradicts itself")
def objective(call: Call) -> Found | None:
    """A boosting objective returns the gradient and the Hessian; each leaf is their quotient. The
    Hessian is compared with differences of the gradient, and the gradient's sign with the way from
    the prediction to the target."""
    _, p = call.arrays()
    result = call.result
    pair = isinstance(result, tuple) and len(result) == 2
    call.need(pair and all(part.size == p.size for part in result), "it is no boosting objective")
    call.need(p.ndim in (1, 2), "it is no boosting objective")
    columns = p.shape[1] if p.ndim == 2 else 1
    rows = max(1, OBJECTIVE // columns)
    which = np.unique(np.linspace(0, len(p) - 1, min(len(p), rows)).astype(np.int64))
    y, at = call.y[which] if len(call.y) == len(p) else call.y, p[which].astype(np.float64)
    call.need(at.size >= 8, "fewer than 8 values say too little")
    gradient, hessian = (np.reshape(x, at.shape) for x in call.evaluate(y, at))
    true, smooth = _differences(call, y, at)
    flat = np.abs(true) <= 1e-4 * max(1e-12, float(np.abs(gradient).max()))
    flipped = _flipped(y, at, gradient)
    negated = _near(-true, hessian) & ~flat & smooth
    if flipped is not None and (true <= 0)[smooth].mean() > 0.95 and flipped > 0.95:
        return error(
            f"The gradient of {share(flipped)} of {at.size} elements points from the target to the "
            "prediction: its sign is wrong, and each tree makes the model worse.",
            "Return the gradient of the loss by the prediction, as prediction - target for the "
            "squared error.",
            share=flipped,
        )
    if smooth.any() and negated[smooth].mean() > 0.95:
        return error(
            f"The Hessian of {share(negated[smooth].mean())} of {int(smooth.sum())} elements is "
            "the negative of the gradient's own derivative: one of the two has the wrong sign.",
            "Return the first and the second derivative of the same loss by the prediction.",
            share=float(negated[smooth].mean()),
        )
    if (hessian <= 0).all():
        return warning(
            f"The Hessian is 0 or negative for all {at.size} elements (at most "
            f"{hessian.max():.4g}): a leaf's value is the gradient divided by it.",
            "Return a positive Hessian, such as 1 for each element where the true one is 0.",
            largest=float(hessian.max()),
        )
    # A Hessian must be positive: where the true one is not, any positive number stands for it.
    stands = (true <= 0) | flat
    told = smooth & ~(stands & (hessian >= 0))
    if told.sum() < 8:
        return None
    wrong = told & ~_near(true, hessian)
    off = float(wrong.sum() / told.sum())
    if off <= 0.2:
        return None
    ratio = float(np.nanmedian(hessian[wrong] / np.where(true == 0, np.nan, true)[wrong]))
    what = (
        f"The Hessian is not the derivative of the gradient for {share(off)} of {int(told.sum())} "
        f"elements: it is {ratio:.4g} times that in the median."
    )
    remedy = "Return the first and the second derivative of the same loss by the prediction."
    numbers = {"share": off, "ratio": ratio}
    if columns > 1 and (hessian >= 0.95 * true)[told].all():
        remedy = "An upper bound is common with several classes: keep it if it is meant."
        return hint(what, remedy, **numbers)
    if np.ptp(hessian) == 0 and hessian.flat[0] == 1 and np.ptp(true[told]) > 0.1:
        remedy = "Keep a Hessian of 1 only if plain gradient steps are meant."
        return warning(what, remedy, **numbers)
    if (hessian >= 0.95 * true)[told].all():
        # As XGBoost's own objective of counts does.
        remedy = "A Hessian that is larger shortens the steps: keep it only if that is meant."
        return warning(what, remedy, **numbers)
    return error(what, remedy, **numbers)


def _differences(call: Call, y: Any, at: Array) -> tuple[Array, Array]:
    """The gradient's derivative by differences of two sizes, and where the two agree."""
    scale = np.abs(at)
    near = min(float(np.median(np.abs(at - y))), 1.0) if np.shape(y) == at.shape else 0.0
    step = 5e-3 * np.maximum(scale, max(float(np.median(scale)), near, 1e-6))
    found = []
    for h in (step, step / 2):
        made = np.zeros_like(at)
        # One column at a time: a softmax's gradient depends on all of its row.
        for column in range(at.shape[1]) if at.ndim == 2 else (slice(None),):
            part = (slice(None), column) if at.ndim == 2 else column
            moved = np.zeros_like(at)
            moved[part] = h[part]
            ahead, _ = call.evaluate(y, at + moved)
            behind, _ = call.evaluate(y, at - moved)
            made[part] = ((np.reshape(ahead, at.shape) - np.reshape(behind, at.shape)) / 2)[part]
        found.append(made / h)
    wide, narrow = found
    smooth = np.isfinite(wide) & np.isfinite(narrow) & _near(wide, narrow, 0.02)
    return narrow, smooth


def _near(true: Array, given: Array, tolerance: float = 0.05) -> Array:
    size = np.maximum(np.abs(true), np.abs(given))
    floor = 1e-3 * float(np.median(size[np.isfinite(size)])) if np.isfinite(size).any() else 0.0
    return np.asarray(np.abs(true - given) <= tolerance * size + floor)


def _flipped(y: Any, at: Array, gradient: Array) -> float | None:
    """The share of elements whose gradient points away; None where that cannot be told."""
    if np.shape(y) != at.shape:
        return None
    binary = bool(((y == 0) | (y == 1)).all())
    error_ = (1 / (1 + np.exp(-at)) if binary else at) - y
    off = np.abs(error_) > 0
    if off.sum() < 8:
        return None
    return float(((gradient * error_) < 0)[off].mean())
