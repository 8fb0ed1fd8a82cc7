"""The numbers behind a picture: value and slope of a loss along a line, with jumps and poles.

Nothing here draws; matplotlib is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from losskit.core.families import Pointwise, Setwise
from losskit.core.namespaces import Array
from losskit.numpy import Loss, get
from losskit.plots.lines import Line, Target, line, on_axis, shared_axis

POINTS = 401
MOST = 1e100
"""Beyond this on the axis of predictions squares leave float64, and so does the drawing."""
MOST_DEGREES = 3600.0
POLE = 1e100
"""A slope beyond this at the edge of the domain is a pole: it is only the floor that bounds it."""


@dataclass(frozen=True)
class Mark:
    """A point where the slope jumps (a kink), or where only the curvature does (a bend)."""

    x: float
    value: float
    left: float
    """The slope just below x."""
    at: float
    right: float


@dataclass(frozen=True)
class Curve:
    """One loss along its line. The slope is NaN at kinks, so that a drawn line breaks there."""

    loss: Loss
    line: Line
    x: Array
    value: Array
    slope: Array
    kinks: tuple[Mark, ...] = ()
    bends: tuple[Mark, ...] = ()
    poles: tuple[float, ...] = ()
    """Edges of the domain where value and slope have no bound."""


def evaluate(loss: Loss, path: Line, x: Array) -> tuple[Array, Array]:
    """Value and derivative of a loss (as `on_axis` leaves it) at the points x of its line."""
    y, p = path.inputs(np.asarray(x, dtype=np.float64))
    if isinstance(loss.card, Setwise):
        pairs = [loss.value_and_gradient(*rows) for rows in zip(y, p, strict=True)]
        value, gradient = (np.array(side) for side in zip(*pairs, strict=True))
    else:
        value, gradient = loss.value_and_gradient(y, p)
    return value, path.along(x, gradient)


def curves(
    losses: Sequence[str | Loss],
    *,
    target: Target | None = None,
    span: tuple[float, float] | None = None,
    points: int = POINTS,
) -> list[Curve]:
    """The curves of several losses over one range of one shared axis.

    Args:
        losses: loss objects or names.
        target: the fixed target: a number; for classes a class number or a row of shares.
        span: the range of x; by default wide enough to show every kink and bend.
        points: how many points to evaluate; a few are added at kinks and near poles.

    Raises:
        ValueError: no loss, no axis that all share, or an empty span.
    """
    chosen = [get(loss).packed() for loss in losses]
    if not chosen:
        raise ValueError("Nothing to draw: name at least one loss.")
    axis = shared_axis([loss.card for loss in chosen])
    drawn = [on_axis(loss, axis) for loss in chosen]
    if target is not None and np.max(np.abs(target), initial=0.0) > MOST:
        raise ValueError(f"target must lie within {-MOST:g} to {MOST:g}, got {target}.")
    if target is None:
        target = _shared_target(drawn, axis)
    lines = [line(loss.card, axis, target) for loss in drawn]
    low, high = span or (min(path.low for path in lines), max(path.high for path in lines))
    edges = [e for path in lines for e in path.edges]
    if edges:
        low = max(low, min(edges))
        high = min(high, max(edges)) if len(set(edges)) > 1 else high
    if not low < high:
        raise ValueError(f"span must be an increasing range, got {low:g} to {high:g}.")
    most = MOST_DEGREES if axis == "angle" else MOST
    if not -most <= low < high <= most:
        raise ValueError(f"span must lie within {-most:g} to {most:g}, got {low:g} to {high:g}.")
    return [_curve(*pair, low, high, points) for pair in zip(drawn, lines, strict=True)]


def _shared_target(losses: Sequence[Loss], axis: str) -> Target | None:
    """One target for all, where their own choices would differ."""
    if axis == "value":
        return max(line(loss.card, axis).target or 0.0 for loss in losses)
    if axis in ("angle", "distance") or len(losses) == 1:
        return None
    rows = [not isinstance(loss.card, Pointwise) for loss in losses]
    # Class 0 for all rows; a mixture of rows and points keeps each to its own true class.
    return 0.0 if all(rows) else None


def _curve(loss: Loss, path: Line, low: float, high: float, points: int) -> Curve:
    def slopes(x: Array) -> Array:
        return evaluate(loss, path, x)[1]

    kinks, bends = _marked(loss.card, path, slopes, low, high)
    poles = tuple(e for e in path.edges if low <= e <= high and _is_pole(slopes, e))
    grid = _grid(low, high, points, kinks, poles)
    value, slope = evaluate(loss, path, grid)
    slope = np.where(np.isin(grid, kinks), np.nan, slope)
    return Curve(
        loss=loss,
        line=path,
        x=grid,
        value=value,
        slope=slope,
        kinks=tuple(_mark(loss, path, k, high - low) for k in kinks),
        bends=tuple(_mark(loss, path, b, high - low) for b in bends),
        poles=poles,
    )


def _grid(
    low: float, high: float, points: int, kinks: Sequence[float], poles: Sequence[float]
) -> Array:
    """Points in [low, high]: even, with both sides of every kink, and dense towards poles."""
    width = high - low
    near = np.geomspace(1e-6, 0.05, 80) * width
    parts = [np.linspace(low, high, points)]
    for kink in kinks:
        parts.append(kink + np.array([-1e-9, 0.0, 1e-9]) * width)
    for pole in poles:
        parts.append(pole + near if pole <= low else pole - near)
    grid = np.unique(np.concatenate(parts))
    inside = (grid >= low) & (grid <= high)
    return grid[inside & ~np.isin(grid, poles)]


def _mark(loss: Loss, path: Line, x: float, width: float) -> Mark:
    around = x + np.array([-1e-9, 0.0, 1e-9]) * width
    value, slope = evaluate(loss, path, around)
    return Mark(x, float(value[1]), *(float(s) for s in slope))


def _is_pole(slopes: Callable[[Array], Array], edge: float) -> bool:
    return bool(np.abs(slopes(np.array([edge]))[0]) > POLE)


def _marked(
    card: Any, path: Line, slopes: Callable[[Array], Array], low: float, high: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Where the slope jumps, and where only the curvature does."""

    def inside(marks: Sequence[float]) -> tuple[float, ...]:
        return tuple(m for m in marks if low < m < high)

    if isinstance(card, Pointwise) and path.target is not None:
        return inside(card.kinks(path.target)), inside(card.bends(path.target))
    return inside(find_jumps(slopes, low, high)), ()


def find_jumps(slopes: Callable[[Array], Array], low: float, high: float) -> tuple[float, ...]:
    """Where a function jumps inside (low, high), by halving every interval that looks steep.

    For cards that state no kinks: those of whole rows and sets.
    """
    # Offset, so that a jump at a round number does not fall on a point and show as two halves.
    x = np.linspace(low, high, 200) + (high - low) * 1.234e-4
    x = x[(x > low) & (x < high)]
    rise = np.abs(np.diff(slopes(x)))
    scale = float(np.median(rise)) + 1e-9
    found = []
    for i in np.flatnonzero(rise > 20.0 * scale):
        a, b, before = float(x[i]), float(x[i + 1]), float(rise[i])
        for _ in range(40):
            middle = 0.5 * (a + b)
            left, mid, right = slopes(np.array([a, middle, b]))
            a, b = (a, middle) if abs(mid - left) > abs(right - mid) else (middle, b)
        left, right = slopes(np.array([a, b]))
        if abs(right - left) > 0.5 * before:
            found.append(round(b, 9))
    return tuple(found)
