"""Laws of values and derivatives."""

from __future__ import annotations

import itertools
from typing import Any

import grid
import numpy as np
import truth

from laws.holding import (
    cases,
    evaluate,
    hold,
)
from losskit.core.families import Pointwise, Setwise, has_row_target, is_rowwise


def law_exact(card: Any, dtype: Any = np.float32, orders: Any = truth.ORDERS) -> dict[str, float]:
    """Value, slope and curve agree with mpmath; what is finite there is finite here.

    Returns:
        The worst relative error by order.
    """
    worst = dict.fromkeys(orders, 0.0)
    for (y, p), order in itertools.product(cases(card, dtype), orders):
        error = hold(card, order, evaluate(card, order, y, p), y, p, dtype)
        worst[order] = max(worst[order], error)
    return worst


# --- derivatives ------------------------------------------------------------------------------


def law_slope_is_derivative(card: Any) -> None:
    """slope = d value / d prediction, numerically, away from kinks."""
    _law_derivative(card, "value", "slope")


def law_curve_is_derivative(card: Any) -> None:
    """curve = d slope / d prediction (the diagonal), numerically, away from kinks and bends."""
    _law_derivative(card, "slope", "curve")


def _law_derivative(card: Any, lower: str, upper: str) -> None:
    y, p = grid.inputs(card, np.float64, "ordinary")
    got = evaluate(card, upper, y, p)
    far = far_from_breaks(card, y, p)
    for index in _samples(p):
        if not far[index]:
            continue
        h = 1e-5 * max(abs(p[index]), 1e-2)
        sides = []
        for step in (h, -h):
            moved = p.copy()
            moved[index] += step
            values = evaluate(card, lower, y, moved)
            sides.append(values if lower == "value" else values[index])
        numeric = (sides[0] - sides[1]).sum() / (2 * h)
        scale = max(abs(numeric), abs(got[index]), 1e-3)
        assert abs(numeric - got[index]) <= 1e-4 * scale, (
            f"{upper} of {card!r} at y={y[index] if y.shape == p.shape else y}, p={p[index]}: "
            f"got {got[index]}, numerically {numeric}"
        )


def law_target_slope(card: Any) -> None:
    """target_slope = d value / d target, numerically; integer labels have none."""
    from losskit.core.namespaces.numpy import NUMPY

    y, p = grid.inputs(card, np.float64, "ordinary")
    rest = (np.ones(p.shape), np.float64(p.size)) if isinstance(card, Setwise) else ()
    if not card.slots[0].differentiable and not card.target.labels:
        return
    if card.target.labels:
        try:
            card.target_slope(NUMPY, y, p)
        except TypeError:
            return
        raise AssertionError(f"{card!r} has a derivative by integer labels")
    if card.target.values:  # the sign of a class is no quantity; judge between the classes
        y = y * 0.9 + 0.03
    if card.target.high == 1.0:
        y = y * 0.9 + 0.03
    state = (card.local(NUMPY, y, p, rest[0]),) if rest else ()
    own, (_, _, *more) = grid.taken(card, y, p)
    got = own.target_slope(NUMPY, y, p, *more, *rest, *state)
    far = far_from_breaks(card, y, p)
    if has_row_target(card):
        far = far.all(card.slots[1].axes)
    for index in _samples(y):
        if not far[index]:
            continue
        h = 1e-6 * max(abs(y[index]), 1e-2)
        sides = []
        for step in (h, -h):
            moved = y.copy()
            moved[index] += step
            sides.append(own.value(NUMPY, moved, p, *more, *rest))
        numeric = (sides[0] - sides[1]).sum() / (2 * h)
        assert abs(numeric - got[index]) <= 1e-4 * max(abs(numeric), abs(got[index]), 1e-2), (
            f"target_slope of {card!r} at y={y[index]}, index {index}: got {got[index]}, "
            f"numerically {numeric}"
        )


def far_from_breaks(card: Any, y: np.ndarray, p: np.ndarray) -> np.ndarray:
    if isinstance(card, Pointwise):
        breaks = [[*card.kinks(float(t)), *card.bends(float(t))] for t in y.flat]
        far = [
            all(abs(q - b) > 1e-3 * max(1.0, abs(b)) for b in at)
            for q, at in zip(p.flat, breaks, strict=True)
        ]
        return np.array(far, bool).reshape(p.shape)
    if isinstance(card, Setwise):
        return np.ones(p.shape, bool)
    return truth.room(card, y, p) > 1e-2


def _samples(p: np.ndarray) -> Any:
    """Some indices: enough to see, few enough to be quick."""
    indices = list(np.ndindex(p.shape))
    return indices[:: max(1, len(indices) // 40)]


def law_kinks(card: Any) -> None:
    """At a kink the slope is the subgradient of least magnitude, and the slope does jump there."""
    if not isinstance(card, Pointwise):
        return
    for y in _targets(card):
        for kink in card.kinks(y):
            steps = np.array([-1e-4, -1e-6, 0.0, 1e-6, 1e-4]) * max(1.0, abs(kink))
            far, below, at, above, further = evaluate(card, "slope", np.full(5, y), kink + steps)
            # A jump stays as the step shrinks; a mere slope of the slope shrinks with it.
            jump = abs(above - below)
            assert jump > 0.1 * abs(further - far), f"{card!r} has no kink at {kink}"
            least = 0.0 if below < 0 < above else min(below, above, key=abs)
            assert at == least, f"slope of {card!r} at the kink {kink}: {at}, least is {least}"


def law_kinks_are_named(card: Any) -> None:
    """Between neighbours of a fine grid the slope jumps only at the kinks the card names."""
    if not isinstance(card, Pointwise):
        return
    low, high = max(card.prediction.low, -4.0), min(card.prediction.high, 4.0)
    low, high = (0.02, 0.98) if high == 1.0 else (max(low, 0.02) if low == 0 else low, high)
    p = np.linspace(low, high, 4001)
    for y in _targets(card):
        slope = evaluate(card, "slope", np.full(p.shape, y), p)
        curve = np.abs(evaluate(card, "curve", np.full(p.shape, y), p))
        jump = np.abs(np.diff(slope))
        smooth = 3.0 * np.maximum(curve[1:], curve[:-1]) * (p[1] - p[0])
        named = np.zeros(jump.shape, bool)
        for kink in card.kinks(y):
            named |= (p[:-1] <= kink + 1e-9) & (p[1:] >= kink - 1e-9)
        wrong = np.argwhere((jump > smooth + 1e-6 * np.abs(slope).max()) & ~named)
        # A bend lets the curve change within a step: allow what the larger side explains.
        assert not len(wrong), f"{card!r} jumps at {p[wrong[0]]} for y={y}, and names no kink"


def _targets(card: Any) -> list[float]:
    if card.target.values:
        return [-1.0, 0.0, 1.0]
    if card.target.high == 1.0:
        return [0.0, 1.0, 0.3]
    if card.target.high == 0.0:
        return [0.0, -0.3, -2.5]
    return [0.5, 1.0, 2.5] if 0.0 <= card.target.low < 1e-30 else [0.0, 1.0, -2.5]


# --- shape of the loss ------------------------------------------------------------------------


def law_convex(card: Any) -> None:
    """A card that says convex has curve >= 0, and no chord runs below it."""
    if not card.convex:
        return
    for y, p in cases(card):
        curve = evaluate(card, "curve", y, p)
        slack = 1e-15 if isinstance(card, Setwise) else 0.0
        assert not (curve < -slack).any(), f"{card!r} is not convex: curve {np.nanmin(curve)}"
    y, p = grid.inputs(card, np.float64, "ordinary")
    axis = getattr(card, "axis", 0)
    turned = np.roll(p, 1, axis if is_rowwise(card) else 0)
    for share in (0.5, 0.1):
        a, b = evaluate(card, "value", y, p), evaluate(card, "value", y, turned)
        between = evaluate(card, "value", y, share * p + (1 - share) * turned)
        chord = share * a + (1 - share) * b
        assert (between <= chord + 1e-12 * (1 + abs(chord))).all(), f"{card!r} is not convex"


def law_optimum(card: Any) -> None:
    """The best prediction gives 0 (or the stated constant), and none gives less."""
    if card.target.labels:
        return
    if isinstance(card, Setwise):
        y, p = grid.inputs(card, np.float64, "ordinary")
        assert evaluate(card, "value", y, y) == 0
        assert evaluate(card, "value", y, p) > 0
        assert not evaluate(card, "slope", y, y).any()
        return
    definition = truth.define(card, np.float64)
    if not definition.has_optimum:
        return
    y, p = grid.inputs(card, np.float64, "ordinary")
    if is_rowwise(card):
        rows = grid.rows_last(card.slots[0], y)
        found = [definition.optimum(row.tolist()) for row in rows]
        best_p = grid.rows_back(card.slots[1], np.array([q for q, _ in found]))
        best = np.array([float(v) for _, v in found])
    else:
        found = [definition.optimum(float(t)) for t in y]
        best_p, best = np.array([q for q, _ in found]), np.array([float(v) for _, v in found])
    at_best = evaluate(card, "value", y, best_p)
    np.testing.assert_allclose(at_best, best, rtol=1e-9, atol=1e-9, err_msg=f"optimum of {card!r}")
    others = evaluate(card, "value", y, p)
    assert (others >= best - 1e-9 * (1 + abs(best))).all(), f"{card!r} falls below its optimum"
