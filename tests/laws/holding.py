"""Numbers of any face held against the truth."""

from __future__ import annotations

from typing import Any

import grid
import numpy as np
import truth

from losskit.core.families import Setwise, is_rowwise
from losskit.core.slots import item_shape

METHODS = {"value": "__call__", "slope": "gradient", "curve": "curvature"}
BOUNDS = {"float64": 4e-14, "float32": 1.1e-5, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""How far a number may be from the truth, relative to its size, by its own dtype.

The value of half inputs is float32; a derivative is rounded to the half type, once.
"""


def evaluate(card: Any, order: str, y: Any, p: Any, **options: Any) -> np.ndarray:
    """The items, slopes or curves of a card by the NumPy face; the one value of a set."""
    reduction = "mean" if isinstance(card, Setwise) else "none"
    loss = grid.loss_of(card, **{"reduction": reduction, **options})
    return np.asarray(getattr(loss, METHODS[order])(y, p))


def cases(card: Any, dtype: Any = np.float64) -> Any:
    """The ordinary and the extreme inputs of a card."""
    return [grid.inputs(card, dtype, kind) for kind in ("ordinary", "extreme")]


# --- against the truth ------------------------------------------------------------------------


def hold(
    card: Any,
    order: str,
    got: Any,
    y: Any,
    p: Any,
    dtype: Any = np.float32,
    times: Any = 1.0,
    w: Any = None,
    least: float = 0.0,
) -> float:
    """The worst relative error of numbers of any face, which are the true ones, times `times`.

    Args:
        card: the card, with its parameters.
        order: one of `truth.ORDERS`.
        got: the items, or derivatives in p's shape.
        y: targets as an array.
        p: predictions as an array.
        dtype: of the predictions.
        times: weights, or what comes from above in a backward pass.
        w: weights of a set.
        least: the number below which this face may flush to 0.
    """
    got, plain = np.asarray(got), truth.evaluate(card, order, y, p, dtype, w)
    assert got.shape == plain.true.shape, f"{order} of {card!r}: {got.shape}"
    exact = truth.Exact(plain.true * times, plain.scale * np.abs(times))
    skip = (np.abs(exact.true) < least) & (np.abs(got) <= least)
    # What was beyond the dtype before it was multiplied may stay so.
    largest = truth.largest(got.dtype)
    skip |= (np.abs(plain.true) > largest) & (got * np.sign(exact.true) >= 0.98 * largest)
    if order != "value":
        skip |= truth.near_break(card, y, p, dtype)
    error, where = truth.worst_error(got, exact, got.dtype, skip)
    bound = BOUNDS[got.dtype.name]
    assert error <= bound, (
        f"{order} of {card!r} at {where} of {got.shape}: got {got[where]!r}, true "
        f"{float(exact.true[where])!r}, relative error {error:.2g} > {bound:.2g}"
    )
    return error


def hold_total(
    card: Any, got: Any, y: Any, p: Any, dtype: Any = np.float32, times: Any = 1.0
) -> None:
    """The sum of the items, each times `times`; infinite where the plain sum has no number."""
    exact, got = truth.evaluate(card, "value", y, p, dtype), np.asarray(got)
    assert got.shape == ()
    if exact.scale.sum() > truth.largest(got.dtype) and np.isinf(got):
        return
    total = truth.Exact(np.sum(exact.true * times), np.sum(exact.scale * np.abs(times)))
    error, _ = truth.worst_error(got, total, got.dtype)
    assert error <= BOUNDS[got.dtype.name], f"total of {card!r}: {got!r}, true {total.true!r}"


def some_weights(card: Any, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and a mask for the items, and the predictions, NaN where they do not count."""
    rng, shape = np.random.default_rng(3), item_shape(card, p.shape)
    w, keep = rng.uniform(0.5, 2.0, shape).astype(p.dtype), rng.random(shape) < 0.7
    return w, keep, np.where(grid.over(card, keep), p, np.nan).astype(p.dtype)


def hold_mean(
    card: Any, value: Any, slope: Any, y: Any, p: Any, w: Any, keep: Any = True, **held: Any
) -> None:
    """The mean of the items that are kept, with their weights, and its slope."""
    times = w * keep / np.sum(np.broadcast_to(keep, np.shape(w)))
    if isinstance(card, Setwise):
        hold(card, "value", value, y, p, w=times * np.size(times), **held)
        hold(card, "slope", slope, y, p, w=times * np.size(times), **held)
        return
    hold_total(card, value, y, p, held.get("dtype", np.float32), times)
    hold(card, "slope", slope, y, p, times=grid.over(card, times), **held)


def hold_rate(
    card: Any, got: Any, y: Any, p: Any, along: Any, dtype: Any = np.float32, least: float = 0.0
) -> None:
    """How fast the items change as the predictions move along a direction: forward mode."""
    slope, got = truth.evaluate(card, "slope", y, p, dtype), np.asarray(got)
    rate, size = slope.true * along, slope.scale * np.abs(along)
    skip, largest = truth.near_break(card, y, p, dtype), 4 * np.maximum(size, slope.scale)
    if is_rowwise(card) or isinstance(card, Setwise):
        axis = card.slots[1].axes if is_rowwise(card) else None
        rate, size = rate.sum(axis), size.sum(axis)
        skip, largest = skip.any(axis), largest.sum(axis)
    assert got.shape == rate.shape, f"rate of {card!r}: {got.shape}"
    skip |= (np.abs(rate) < least) & (np.abs(got) <= least) | (largest > truth.largest(got.dtype))
    error, where = truth.worst_error(got, truth.Exact(rate, size), got.dtype, skip)
    assert error <= BOUNDS[got.dtype.name], (
        f"rate of {card!r} at {where}: got {got[where]!r}, true {rate[where]!r}"
    )


def rows_first(card: Any, x: np.ndarray) -> np.ndarray:
    """Items first: for a row-wise card with classes on axis 0, the transpose."""
    return grid.rows_last(_slot(card, x), x) if is_rowwise(card) else x


def raises(kind: type[Exception], call: Any) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def rows_back(card: Any, x: np.ndarray) -> np.ndarray:
    return grid.rows_back(_slot(card, x), x) if is_rowwise(card) else x


def _slot(card: Any, x: np.ndarray) -> Any:
    """Target or prediction, of which one has more dimensions than the other, or the same ones."""
    target, prediction = card.slots
    return prediction if x.ndim == 1 + len(prediction.axes) else target
