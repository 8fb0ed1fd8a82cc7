"""Along which line through the predictions a loss is drawn: one number x instead of a whole array.

A pointwise loss is drawn against its prediction, a loss of classes against what the true class gets
(probability or score), a loss of directions against the angle, a loss of a set against one of its
items. Losses that are to share a picture must share such an axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from losskit.core.definition import LOGIT
from losskit.core.families import OfMean, Residual, Rowwise, Setwise, has_row_target
from losskit.core.namespaces import Array
from losskit.core.packing import Packed, targets
from losskit.core.pairs import Pairs
from losskit.numpy import Loss

Target = float | Sequence[float]

AXES = {
    "value": "the prediction",
    "probability": "the probability of the true class",
    "score": "the score (logit) of the true class",
    "angle": "the angle to the target",
    "distance": "the distance of the negative",
}
"""What a loss can be drawn against."""

SOFT_TARGET = (0.6, 0.3, 0.1)
"""Divergences compare distributions: against a one-hot target they are the cross-entropy."""
CLASSES = 3
MOST_CLASSES = 1000
"""In a picture: every point of a curve is a row of so many numbers."""
OTHER_ERRORS = (1.0, -1.0, 1.0)
"""Errors of the other items of a set, held fixed while one item moves."""


@dataclass(frozen=True)
class Line:
    """The path of one loss: from x to arguments, and from a gradient to the derivative by x."""

    axis: str
    """One of `AXES`."""
    inputs: Callable[[Array], tuple[Array, Array]]
    along: Callable[[Array, Array], Array]
    low: float
    """Range of x worth showing."""
    high: float
    label: str
    note: str
    """What is held fixed, in words."""
    target: float | None = None
    """The target as a number, for pointwise losses."""
    edges: tuple[float, ...] = ()
    """Ends of the range at which the prediction's domain ends."""
    per: str = ""
    """The unit of x in the derivative, where it is not that of the prediction."""


def axes_of(card: Any) -> tuple[str, ...]:
    """What the card can be drawn against, the natural choice first."""
    if _is_of_pairs(card):
        return ("angle",)
    if _has_no_target(card):
        return ("distance",)
    if card.family() == "similarity":
        return ("angle",)
    if _predicts_a_mean(card):
        return ("value",)
    bounded = card.prediction.low == 0.0 and card.prediction.high == 1.0
    if bounded:
        return ("probability", "score") if hasattr(card, "from_logits") else ("probability",)
    if isinstance(card, Rowwise) or _takes_logits(card) or card.target.values:
        return ("score",)
    if isinstance(card, Setwise) or card.prediction.low == 0.0 or card.target.high <= 1.0:
        return ("value",)
    return ("value", "probability", "score")


def shared_axis(cards: Sequence[Any]) -> str:
    """The first axis against which all the cards can be drawn.

    Raises:
        ValueError: there is none.
    """
    for axis in axes_of(cards[0]):
        if all(axis in axes_of(card) for card in cards):
            return axis
    one = next(c for c in cards if not set(axes_of(c)) & set(axes_of(cards[0])))
    raise ValueError(
        f"{cards[0].name} and {one.name} cannot share a picture: the one is drawn against "
        f"{AXES[axes_of(cards[0])[0]]}, the other against {AXES[axes_of(one)[0]]}. Draw them apart."
    )


def on_axis(loss: Loss, axis: str) -> Loss:
    """The loss as drawn on this axis: items unreduced, classes last, scores for the score axis."""
    changes: dict[str, Any] = {}
    if axis == "score" and hasattr(loss.card, "from_logits"):
        changes["from_logits"] = True
    if "axis" in loss.card.rules():
        changes["axis"] = -1
    reduction = "mean" if isinstance(loss.card, Setwise) else "none"
    parameters = {**loss.card.parameters(), **changes}
    return type(loss)(**parameters, reduction=reduction, name=loss.name).packed()


def line(card: Any, axis: str, target: Target | None = None) -> Line:
    """The line along which the card is drawn.

    Args:
        card: a card as `on_axis` leaves it.
        axis: one of `AXES`.
        target: the fixed target: a number; for classes a class number or a row of shares.

    Raises:
        ValueError: the target does not suit the loss.
    """
    if axis == "distance":
        if target is not None:
            raise ValueError(f"{card.name} takes no target, got {target!r}.")
        return _triplet(card)
    if _is_of_pairs(card):
        if target is not None:
            raise ValueError(f"{card.name} is drawn for vectors of its own, got {target!r}.")
        return _pairs(card)
    if axis == "angle" and isinstance(card, Packed):
        if target is not None and np.ndim(target) > 0:
            raise ValueError(f"{card.name} takes one number as target, got {target!r}.")
        return _pair(1.0 if target is None else float(target))  # type: ignore[arg-type]
    if axis == "angle":
        return _angle()
    if card.task == "survival":
        if target is not None:
            raise ValueError(f"{card.name} is drawn for times of its own, got {target!r}.")
        return _survival()
    if card.task == "sequence":
        if target is not None:
            raise ValueError(f"{card.name} is drawn for labels of its own, got {target!r}.")
        return _sequence(card)
    if _predicts_a_mean(card):
        return _mean(0.0 if target is None else float(target))  # type: ignore[arg-type]
    if isinstance(card, Rowwise):
        return _classes(card, axis, target)
    if target is not None and np.ndim(target) > 0:
        raise ValueError(f"{card.name} takes one number as target, got {target!r}.")
    y = _default_target(card, axis) if target is None else float(target)  # type: ignore[arg-type]
    if isinstance(card, Setwise):
        return _set(card, y)
    return _point(card, axis, y)


# --- one line per family ------------------------------------------------------------------------


def _default_target(card: Any, axis: str) -> float:
    if axis in ("probability", "score"):
        return 1.0
    if card.target.high <= 1.0:
        return float(card.target.high) - 0.5  # a probability, or the logarithm of one
    residual = isinstance(card.inner if isinstance(card, OfMean) else card, Residual)
    # A loss of the error alone looks the same everywhere; a relative one needs a size.
    return 0.0 if residual else 2.0


def _point(card: Any, axis: str, y: float) -> Line:
    fixed = f"target $y$ = {y:g}"
    path = Line(
        axis=axis,
        inputs=lambda x: (np.full(x.shape, y), x),
        along=lambda x, gradient: gradient,
        low=0.0,
        high=1.0,
        label="predicted probability $p$",
        note=fixed,
        target=y,
    )
    if axis == "probability":
        return replace(path, edges=(0.0, 1.0))
    marks = [abs(k - y) for k in (*card.kinks(y), *card.bends(y))]
    if axis == "score":
        half = max([3.0, *(1.6 * (m + abs(y)) for m in marks)])
        name = "logit $z$" if _takes_logits(card) else "score $p$"
        low, high = max(-half, card.prediction.low), min(half, card.prediction.high)
        return replace(path, low=low, high=high, label=f"predicted {name}")
    half = max([3.0, *(1.6 * m for m in marks)])
    if not isinstance(card, Residual):
        half = max(half, 1.5 * abs(y))
    # Counts and sizes have no mirror image: more is shown above the target than below it.
    high = y + half * (2.0 if card.target.low == 0.0 else 1.0)
    floor = card.prediction.low
    return replace(
        path,
        low=max(y - half, floor),
        high=high,
        label="prediction $p$",
        edges=(floor,) if y - half <= floor else (),
    )


def _takes_logits(card: Any) -> bool:
    return hasattr(card, "from_logits") or card.prediction is LOGIT


def _predicts_a_mean(card: Any) -> bool:
    return has_row_target(card) and not card.target.labels


def _mean(y: float) -> Line:
    def inputs(x: Array) -> tuple[Array, Array]:
        return np.full(x.shape, y), np.column_stack([x, np.ones_like(x)])

    return Line(
        axis="value",
        inputs=inputs,
        along=lambda x, gradient: gradient[:, 0],
        low=y - 3.0,
        high=y + 3.0,
        label="predicted mean",
        note=f"target $y$ = {y:g}; predicted variance 1",
        target=y,
    )


def _set(card: Setwise, y: float) -> Line:
    others = len(OTHER_ERRORS)

    def inputs(x: Array) -> tuple[Array, Array]:
        fixed = np.broadcast_to(y + np.array(OTHER_ERRORS), (len(x), others))
        return np.full((len(x), others + 1), y), np.column_stack([x, fixed])

    return Line(
        axis="value",
        inputs=inputs,
        along=lambda x, gradient: gradient[:, 0],
        low=y - 4.0,
        high=y + 4.0,
        label="one prediction $p$ of the set",
        note=f"target $y$ = {y:g}; the set's {others} other errors are $\\pm$1",
        target=y,
    )


def _angle() -> Line:
    def inputs(x: Array) -> tuple[Array, Array]:
        a = np.deg2rad(x)
        return np.tile([1.0, 0.0], (len(x), 1)), np.column_stack([np.cos(a), np.sin(a)])

    return Line(
        axis="angle",
        inputs=inputs,
        along=_turned,
        low=-180.0,
        high=180.0,
        label="angle between target and prediction (degrees)",
        note="both vectors of length 1",
        per="radian",
    )


def _turned(x: Array, gradient: Array) -> Array:
    """The derivative by the angle of a vector of length 1, from that by the vector."""
    a = np.deg2rad(x)
    found: Array = -np.sin(a) * gradient[:, 0] + np.cos(a) * gradient[:, 1]
    return found


def _pair(y: float) -> Line:
    """The second of two vectors turns."""
    alone = _angle()

    def inputs(x: Array) -> tuple[Array, Array]:
        return np.full(len(x), y), np.stack(alone.inputs(x), 1)

    return replace(
        alone,
        inputs=inputs,
        along=lambda x, gradient: _turned(x, gradient[:, 1]),
        label="angle between the two vectors (degrees)",
        note=f"target $y$ = {y:g}; both vectors of length 1",
    )


def _is_of_pairs(card: Any) -> bool:
    return isinstance(getattr(card, "card", card), Pairs)


def _pairs(card: Any) -> Line:
    """The second of two vectors that are alike turns; a third stands at a right angle."""
    side_by_side = _has_no_target(card)

    def inputs(x: Array) -> tuple[Array, Array]:
        a = np.deg2rad(x)
        turning = np.stack([np.cos(a), np.sin(a)], -1)
        first, third = (np.broadcast_to(v, turning.shape) for v in ([1.0, 0.0], [0.0, 1.0]))
        if side_by_side:
            own = np.stack([first, turning], 1), np.stack([third, third], 1)
            return np.zeros(len(x)), np.stack(own, 1)
        return np.tile([0, 0, 1], (len(x), 1)), np.stack([first, turning, third], 1)

    def along(x: Array, gradient: Array) -> Array:
        return _turned(x, gradient[:, 0, 1] if side_by_side else gradient[:, 1])

    return Line(
        axis="angle",
        inputs=inputs,
        along=along,
        low=-180.0,
        high=180.0,
        label="angle between two vectors that are alike (degrees)",
        note="a third one, of another kind, stands at 90 degrees",
        per="radian",
    )


def _has_no_target(card: Any) -> bool:
    return isinstance(card, Packed) and not targets(card.card)


def _triplet(card: Any) -> Line:
    def inputs(x: Array) -> tuple[Array, Array]:
        vectors = np.zeros((len(x), 3, 2))
        vectors[:, 1, 0], vectors[:, 2, 1] = 1.0, x
        return np.zeros(len(x)), vectors

    return Line(
        axis="distance",
        inputs=inputs,
        along=lambda x, gradient: gradient[:, 2, 1],
        low=0.25,
        high=max(3.0, 1.6 * (1.0 + card.margin)),
        label="distance from anchor to negative",
        note="the positive at distance 1, in another direction",
    )


def _survival() -> Line:
    known = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 0.0, 1.0]])

    def inputs(x: Array) -> tuple[Array, Array]:
        scores = np.zeros((len(x), 4))
        scores[:, 1] = x
        return np.tile(known, (len(x), 1, 1)), scores

    return Line(
        axis="score",
        inputs=inputs,
        along=lambda x, gradient: gradient[:, 1],
        low=-4.0,
        high=4.0,
        label="score of the second of four less that of the others",
        note="the third is censored; the others are level",
    )


def _sequence(card: Any) -> Line:
    label = int(card.blank == 0)

    def inputs(x: Array) -> tuple[Array, Array]:
        scores = np.zeros((len(x), 3, max(CLASSES, card.blank + 1)))
        scores[:, 1, label] = x
        return np.full((len(x), 1), label), scores

    return Line(
        axis="score",
        inputs=inputs,
        along=lambda x, gradient: gradient[:, 1, label],
        low=-8.0,
        high=8.0,
        label="score of the label in one of three frames",
        note="one label; all other scores are 0",
    )


def _classes(card: Any, axis: str, target: Target | None) -> Line:
    row = _row(card, target)
    true = int(row.argmax())
    others = np.where(np.arange(len(row)) == true, 0.0, row)
    soft = others.sum() > 0
    if not soft:
        others = np.where(np.arange(len(row)) == true, 0.0, 1.0)
    start = others / others.sum() if axis == "probability" else np.zeros(len(row))
    step = np.eye(len(row))[true] - start

    def inputs(x: Array) -> tuple[Array, Array]:
        labels = card.target.labels
        y = np.full(len(x), true) if labels else np.tile(row, (len(x), 1))
        return y, start + x[:, None] * step

    what = f"class {true}" if soft else "the true class"
    fixed = f"target ({', '.join(f'{s:g}' for s in row)})" if soft else f"{len(row)} classes"
    shares = "in proportion" if soft else "evenly"
    path = Line(
        axis=axis,
        inputs=inputs,
        along=lambda x, gradient: gradient @ step,
        low=0.0,
        high=1.0,
        label=f"predicted probability of {what}",
        note=f"{fixed}; the others share the rest {shares}",
        edges=(0.0, 1.0),
    )
    if axis == "probability":
        return path
    name = "logit" if hasattr(card, "from_logits") else "score"
    return replace(
        path,
        low=-4.0,
        high=4.0,
        label=f"{name} of {what} less that of the others",
        note=f"{fixed}; the others are level",
        edges=(),
    )


def _row(card: Any, target: Target | None) -> Array:
    """The target as a row of shares."""
    if target is not None and np.ndim(target) > 0:
        _check_classes(card, np.size(target))
        row = np.asarray(target, dtype=np.float64)
        if row.ndim != 1 or len(row) < 2:
            raise ValueError(f"{card.name} takes a class number or a row of shares, got {target}.")
        if card.target.labels:
            raise ValueError(f"{card.name} takes a class number as target, got {target}.")
        return row
    if target is None and card.family() == "divergence":
        return np.asarray(SOFT_TARGET)
    weights = getattr(card, "class_weight", None) or ()
    label = 1.0 if card.ignored() == 0 else 0.0
    number = label if target is None else float(target)  # type: ignore[arg-type]
    if not 0 <= number < np.inf or number != int(number):
        raise ValueError(f"{card.name} takes a class number (0, 1, 2, ...) as target, got {number}")
    if weights and not isinstance(weights[0], tuple):
        classes = len(weights)
    else:
        classes = max(CLASSES, int(number) + 1, *(1 + k for k, _ in weights), 0)
    if number >= classes:
        raise ValueError(f"{card.name} has {classes} class weights, got target {number:g}.")
    _check_classes(card, classes)
    return np.eye(classes)[int(number)]


def _check_classes(card: Any, classes: int) -> None:
    if classes > MOST_CLASSES:
        raise ValueError(
            f"{card.name} would be drawn over {classes:g} classes, expected up to {MOST_CLASSES}. "
            "The curve is the same for every class: take a smaller class number as target."
        )
