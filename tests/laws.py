"""The laws every card obeys, as plain functions that raise AssertionError.

They take a card instance, registered or not, so that `test_planted.py` can show each of them to go
red on a card that is wrong. The face under test is NumPy's; every framework's face is compared with
the same truths and grids.
"""

from __future__ import annotations

import copy
import functools
import itertools
import math
import pickle
from typing import Any

import grid
import numpy as np
import truth

import losskit
from losskit.core.families import OfMean, Pointwise, Setwise, has_row_target, is_rowwise
from losskit.core.packing import packed
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
    far = _far_from_breaks(card, y, p)
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
    far = _far_from_breaks(card, y, p)
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


def _far_from_breaks(card: Any, y: np.ndarray, p: np.ndarray) -> np.ndarray:
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
    return [0.5, 1.0, 2.5] if card.target.low == 0.0 else [0.0, 1.0, -2.5]


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


# --- weights, masks, chunks -------------------------------------------------------------------


def law_weights(card: Any, dtype: Any = np.float64) -> None:
    """Weights multiply items and slopes, whatever shape they come in; the mean divides by items."""
    y, p = grid.inputs(card, dtype, "ordinary")
    if isinstance(card, Setwise):
        w = np.random.default_rng(3).uniform(0.5, 2.0, p.shape)
        exact = truth.evaluate(card, "value", y, p, dtype, w)
        assert math.isclose(grid.loss_of(card)(y, p, w), float(exact.true[()]), rel_tol=1e-12)
        exact = truth.evaluate(card, "slope", y, p, dtype, w)
        got = grid.loss_of(card).gradient(y, p, w)
        np.testing.assert_allclose(got, exact.true, rtol=1e-12)
        return
    loss = grid.loss_of(card, reduction="none")
    items, slope = loss(y, p), loss.gradient(y, p)
    w = np.random.default_rng(3).uniform(0.5, 2.0, items.shape)
    spread = grid.over(card, w)
    np.testing.assert_allclose(loss(y, p, w), items * w, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient(y, p, w), slope * spread, rtol=1e-12)
    np.testing.assert_allclose(loss(y, p, 3.0), items * 3.0, rtol=1e-12)
    np.testing.assert_allclose(loss(y, p, np.array(2)), items * 2.0, rtol=1e-12)
    mean, total = grid.loss_of(card), grid.loss_of(card, reduction="sum")
    np.testing.assert_allclose(total(y, p, w), (items * w).sum(), rtol=1e-12)
    np.testing.assert_allclose(mean(y, p, w), (items * w).mean(), rtol=1e-12)
    np.testing.assert_allclose(mean.gradient(y, p, w), slope * spread / w.size, rtol=1e-12)
    weighted = grid.loss_of(card, reduction="mean_with_sample_weight")
    if not getattr(card, "class_weight", None):
        np.testing.assert_allclose(weighted(y, p, w), (items * w).sum() / w.sum(), rtol=1e-12)
        np.testing.assert_allclose(weighted(y, p, w), weighted(y, p, 7 * w), rtol=1e-12)


def law_left_out(card: Any) -> None:
    """What a mask, a zero weight or an ignored label leaves out touches nothing, whatever it is."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    y, p = _rows_first(card, y), _rows_first(card, p)
    n = len(p)
    out = np.zeros(n, bool)
    out[[0, 3, n - 1]] = True
    junk: list[tuple[Any, Any]] = [(None, np.nan), (None, np.inf), (None, -np.inf), (None, 1e300)]
    bad = [10**9, -7] if card.target.labels else [np.nan, np.inf, -5.5]
    junk += [(b, None) for b in bad] + [(b, np.nan) for b in bad]
    if card.target.labels:
        junk += [(np.nan, np.nan)]
    for options in ({}, {"reduction": "sum"}, {"reduction": "mean_with_sample_weight"}):
        if isinstance(card, Setwise) and options.get("reduction") == "sum":
            continue
        loss = grid.loss_of(card, **options)
        kept = _back(card, y[~out]), _back(card, p[~out])
        whole = 1.0 if loss.reduction == "sum" else len(y[~out]) / n
        for bad_y, bad_p in junk:
            dirty_y, dirty_p = y.copy(), p.copy()
            if bad_y is not None:
                dirty_y = dirty_y.astype(float) if bad_y != bad_y else dirty_y
                dirty_y[out] = bad_y
            if bad_p is not None:
                dirty_p[out] = bad_p
            dirty = _back(card, dirty_y), _back(card, dirty_p)
            w = (~out).astype(float)
            spared = [({"mask": ~out}, 1.0)]
            # Weight 0 leaves an item in the count of the mean.
            plain_mean = loss.reduction == "mean"
            share = whole
            if isinstance(card, Setwise):
                state = loss.parts(*kept)
                share = loss.combine(*state[:-1], n) / loss.combine(*state)
            spared += [({"sample_weight": w}, share if plain_mean else 1.0)]
            for how, factor in spared:
                value, gradient = loss.value_and_gradient(*dirty, **how)
                np.testing.assert_allclose(
                    value, loss(*kept) * factor, rtol=1e-12, err_msg=f"{how}"
                )
                rows = _rows_first(card, gradient)
                assert not rows[out].any(), f"{card!r}: {how} lets a gradient through"
                np.testing.assert_allclose(
                    rows[~out], _rows_first(card, loss.gradient(*kept)) * factor, rtol=1e-12
                )
                curve = _rows_first(card, loss.curvature(*dirty, **how))
                assert not curve[out].any()
                assert np.isfinite(curve).all()


def _rows_first(card: Any, x: np.ndarray) -> np.ndarray:
    """Items first: for a row-wise card with classes on axis 0, the transpose."""
    return grid.rows_last(_slot(card, x), x) if is_rowwise(card) else x


def _back(card: Any, x: np.ndarray) -> np.ndarray:
    return grid.rows_back(_slot(card, x), x) if is_rowwise(card) else x


def _slot(card: Any, x: np.ndarray) -> Any:
    """Target or prediction, of which one has more dimensions than the other, or the same ones."""
    target, prediction = card.slots
    return prediction if x.ndim == 1 + len(prediction.axes) else target


def law_states(card: Any) -> None:
    """States of the parts of a set, merged in any order, are the whole's; so are slopes."""
    from losskit.core.namespaces.numpy import NUMPY

    if not isinstance(card, Setwise):
        return
    for y, p in cases(card):
        n = len(p)
        w = np.random.default_rng(5).uniform(0, 2, n)
        chunks = [slice(0, 1), slice(1, 8), slice(8, n)]
        states = [card.local(NUMPY, y[c], p[c], w[c]) for c in chunks]
        nothing = tuple(map(np.float64, card.nothing))
        for order in (states, states[::-1], [nothing, *states], [*states, nothing]):
            merged = functools.reduce(lambda a, b: card.merge(NUMPY, a, b), order)
            whole = np.float64(n)
            got = card.finish(NUMPY, merged, whole)
            np.testing.assert_allclose(got, card.value(NUMPY, y, p, w, whole), rtol=1e-12)
            own = card.local(NUMPY, y, p, w)
            for method in (card.slope, card.curve, card.target_slope):
                want = method(NUMPY, y, p, w, whole, own)
                pieces = [method(NUMPY, y[c], p[c], w[c], whole, merged) for c in chunks]
                np.testing.assert_allclose(np.concatenate(pieces), want, rtol=1e-11, atol=1e-300)


def law_chunks(card: Any, dtype: Any = np.float64) -> None:
    """Sums and counts of chunks add up to the whole; so do values and gradients by num_items."""
    y, p = grid.inputs(card, dtype, "ordinary")
    y, p = _rows_first(card, y), _rows_first(card, p)
    n = len(p)
    w = np.random.default_rng(5).uniform(0, 2, n)
    keep = np.random.default_rng(6).random(n) < 0.7
    chunks = [slice(0, 1), slice(1, 8), slice(8, 8), slice(8, n)]
    for reduction in ("mean", "mean_with_sample_weight", "sum"):
        if isinstance(card, Setwise) and reduction == "sum":
            continue
        loss = grid.loss_of(card, reduction=reduction)
        given = _back(card, y), _back(card, p), w
        whole, gradient = loss.value_and_gradient(*given, mask=keep)
        parts = [
            loss.parts(_back(card, y[c]), _back(card, p[c]), w[c], mask=keep[c]) for c in chunks
        ]
        merged = functools.reduce(loss.merge, parts)
        count = merged[-1]
        assert math.isclose(loss.combine(*merged), whole, rel_tol=1e-12), f"{card!r}"
        if isinstance(card, Setwise):
            assert not card.decomposable
            continue
        assert card.decomposable
        if reduction == "sum":
            continue
        pieces = [
            loss.value_and_gradient(
                _back(card, y[c]), _back(card, p[c]), w[c], mask=keep[c], num_items=count
            )
            for c in chunks
        ]
        assert math.isclose(math.fsum(v for v, _ in pieces), whole, rel_tol=1e-12), f"{card!r}"
        joined = np.concatenate([_rows_first(card, g) for _, g in pieces])
        np.testing.assert_allclose(joined, _rows_first(card, gradient), rtol=1e-12)


def law_reduction(card: Any) -> None:
    """mean = sum / items; "none" gives the items; Keras's names mean the same."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    if isinstance(card, Setwise):
        if isinstance(card, OfMean):
            root = card.outer(float(grid.loss_of(card.inner)(y, p)))
            assert math.isclose(grid.loss_of(card)(y, p), root, rel_tol=1e-14)
        for reduction in ("sum", "none", None):
            _raises(ValueError, lambda r=reduction: grid.loss_of(card, reduction=r))
        _raises(TypeError, lambda: grid.loss_of(card).elementwise(y, p))
        return
    items = grid.loss_of(card, reduction="none")(y, p)
    shape = item_shape(card, p.shape)
    assert items.shape == shape, f"{card!r} gives items of {items.shape}, not {shape}"
    np.testing.assert_array_equal(items, grid.loss_of(card, reduction=None)(y, p))
    np.testing.assert_array_equal(items, grid.loss_of(card).elementwise(y, p))
    mean, total = grid.loss_of(card)(y, p), grid.loss_of(card, reduction="sum")(y, p)
    assert math.isclose(mean, items.mean(), rel_tol=1e-12), f"{card!r}: the mean is not of items"
    assert math.isclose(total, items.sum(), rel_tol=1e-12)
    assert mean == grid.loss_of(card, reduction="sum_over_batch_size")(y, p)
    slope = grid.loss_of(card, reduction="none").gradient(y, p)
    assert slope.shape == p.shape
    np.testing.assert_array_equal(slope, grid.loss_of(card, reduction="sum").gradient(y, p))
    np.testing.assert_allclose(slope / items.size, grid.loss_of(card).gradient(y, p), rtol=1e-14)
    both = grid.loss_of(card).value_and_gradient(y, p)
    assert both[0] == mean
    np.testing.assert_array_equal(both[1], grid.loss_of(card).gradient(y, p))


def law_empty(card: Any) -> None:
    """The mean of nothing is 0 with zero gradient, or NaN, or an error, as asked."""
    y, p = grid.inputs(card, np.float32, "ordinary")
    ways = [((_none(card, y), _none(card, p)), {})]
    ways += [((y, p), {"mask": False})]
    for args, how in ways:
        for reduction in ("mean", "mean_with_sample_weight"):
            loss = grid.loss_of(card, reduction=reduction)
            value, gradient = loss.value_and_gradient(*args, **how)
            assert value == 0
            assert value.dtype == np.float32
            assert gradient.shape == args[1].shape
            assert gradient.dtype == np.float32
            assert not gradient.any()
            nan = grid.loss_of(card, reduction=reduction, on_empty="nan")
            assert np.isnan(nan(*args, **how))
            assert not nan.gradient(*args, **how).any()
            strict = grid.loss_of(card, reduction=reduction, on_empty="raise")
            _raises(ValueError, lambda s=strict, a=args, h=how: s(*a, **h))
            _raises(ValueError, lambda s=strict, a=args, h=how: s.gradient(*a, **h))
        if not isinstance(card, Setwise):
            assert grid.loss_of(card, reduction="sum")(*args, **how) == 0


def _none(card: Any, x: np.ndarray) -> np.ndarray:
    return _back(card, _rows_first(card, x)[:0])


def _raises(kind: type[Exception], call: Any) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


# --- arrays -----------------------------------------------------------------------------------


def law_axis(card: Any) -> None:
    """Moving the axis moves the result, and nothing else."""
    if not is_rowwise(card) or "axis" not in card.rules():
        return
    y, p = grid.inputs(card, np.float64, "ordinary")
    given = [_rows_first(card, x)[:24] for x in (y, p)]
    cubes = [x.reshape(2, 12, *x.shape[1:]) for x in given]
    others = [name for name, (_, rule) in card.rules().items() if rule.kind == "axes"]

    def placed(axis: int) -> Any:
        # Further axes of an item from the same end, where they leave room.
        free = [i for i in (range(-1, -4, -1) if axis < 0 else (3, 2)) if i != axis]
        further = dict(zip((name for name in others if name != "axis"), free, strict=False))
        options = {**card.parameters(), **further, "axis": axis}
        return packed(type(getattr(card, "card", card))(**options))

    def laid(card: Any) -> Any:
        return [grid.rows_back(s, x) for s, x in zip(card.slots, cubes, strict=True)]

    last = placed(-1)
    items = evaluate(last, "value", *laid(last))
    for axis in (0, 1, 2, -1, -2, -3):
        moved = placed(axis)
        np.testing.assert_allclose(evaluate(moved, "value", *laid(moved)), items, rtol=1e-13)
        for order in ("slope", "curve"):
            want = grid.rows_last(last.slots[1], evaluate(last, order, *laid(last)))
            got = grid.rows_last(moved.slots[1], evaluate(moved, order, *laid(moved)))
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-13)
    _raises(ValueError, lambda: evaluate(placed(4), "value", y, p))


def law_dtype(card: Any, dtype: Any) -> None:
    """float64 and float32 are kept; half types give float32 values and gradients of their own."""
    dtype = np.dtype(dtype)
    wide = dtype if dtype in (np.float64, np.float32) else np.dtype(np.float32)
    y, p = grid.inputs(card, dtype, "ordinary")
    targets = [y] if card.target.labels else [y, y.astype(np.float64), y.astype(np.float32)]
    if card.target.labels:
        whole = (np.int8, np.int32) if (y < 0).any() else (np.int8, np.uint8, np.int32)
        targets += [y.astype(t) for t in (*whole, np.float32, np.float64)]
    for t in targets:
        loss = grid.loss_of(card)
        value, gradient = loss.value_and_gradient(t, p)
        assert np.asarray(value).dtype == wide, f"{card!r}: {dtype} gives a {value.dtype} value"
        assert isinstance(value, np.generic)
        assert gradient.dtype == dtype, f"{card!r}: {dtype} gives a {gradient.dtype} gradient"
        assert loss.curvature(t, p).dtype == dtype
        if not isinstance(card, Setwise):
            assert loss.elementwise(t, p).dtype == wide
            assert loss.elementwise(t, p, sample_weight=2.0).dtype == wide
            assert loss.gradient(t, p, 2.0, mask=True).dtype == dtype


def law_layout(card: Any) -> None:
    """Strided, Fortran-ordered, reversed, read-only and list inputs give the same, unchanged."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    loss = grid.loss_of(card)
    value, gradient = loss.value_and_gradient(y, p)
    views = [_strided, np.asfortranarray, _reversed, _read_only, lambda x: x.tolist()]
    for view in views:
        a, b = view(y), view(p)
        before = copy.deepcopy(a), copy.deepcopy(b)
        w = _read_only(np.ones(() if is_rowwise(card) else p.shape))
        got, slope = loss.value_and_gradient(a, b, w)
        assert math.isclose(got, value, rel_tol=1e-12), f"{card!r}: {view}"
        np.testing.assert_allclose(slope, gradient, rtol=1e-12, atol=1e-300)
        np.testing.assert_array_equal(a, before[0], err_msg="y_true was changed")
        np.testing.assert_array_equal(b, before[1], err_msg="y_pred was changed")
        assert not np.shares_memory(slope, np.asarray(b)), "the gradient is a view of y_pred"


def _strided(x: np.ndarray) -> np.ndarray:
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def _reversed(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x[..., ::-1])[..., ::-1]


def _read_only(x: np.ndarray) -> np.ndarray:
    x = np.array(x)
    x.flags.writeable = False
    return x


def law_scalars(card: Any) -> None:
    """A pointwise loss takes plain numbers, and every shape gives what its elements give."""
    if is_rowwise(card):
        return
    y, p = grid.inputs(card, np.float64, "ordinary")
    t, q = float(y[0]), float(p[0])
    loss = grid.loss_of(card)
    one = loss(y[:1], p[:1])
    assert loss(t, q) == one
    assert np.shape(loss.gradient(t, q)) == ()
    assert loss.gradient(t, q) == loss.gradient(y[:1], p[:1])[0]
    np.testing.assert_array_equal(loss.gradient([[[t]]], [[[q]]]), [[[loss.gradient(t, q)]]])
    assert np.shape(loss.curvature(t, q)) == ()


def law_out(card: Any) -> None:
    """`out` receives the gradient and is returned, whatever its layout; a wrong one is refused."""
    y, p = grid.inputs(card, np.float32, "ordinary")
    loss = grid.loss_of(card)
    gradient = loss.gradient(y, p)
    for out in (np.full(p.shape, np.nan, np.float32), _strided(np.zeros(p.shape, np.float32))):
        _, got = loss.value_and_gradient(y, p, out=out)
        assert got is out
        np.testing.assert_array_equal(out, gradient)
    own = p.copy()
    loss.value_and_gradient(y, own, out=own)
    np.testing.assert_array_equal(own, gradient)
    wrong = [np.zeros(p.shape), np.zeros((1, *p.shape), np.float32), [0.0], np.zeros(3, np.float32)]
    for out in wrong:
        _raises(ValueError, lambda o=out: loss.value_and_gradient(y, p, out=o))


# --- objects ----------------------------------------------------------------------------------


def law_identity(card: Any) -> None:
    """Pickle, copy, repr, equality and hash of the public loss object."""
    public = getattr(losskit, type(card).__name__)
    given = card.parameters()
    for extra in (
        {},
        {"on_empty": "nan"},
        {"name": "mine", "reduction": "mean_with_sample_weight"},
    ):
        loss = public(**given, **extra)
        twins = [
            pickle.loads(pickle.dumps(loss)),
            copy.copy(loss),
            copy.deepcopy(loss),
            eval(repr(loss), vars(losskit).copy()),
            public(**given, **extra),
        ]
        for twin in twins:
            assert twin == loss, f"{twin!r} is not {loss!r}"
            assert hash(twin) == hash(loss)
            assert repr(twin) == repr(loss)
            assert vars(twin) == vars(loss)
        assert loss != public(**given, **{**extra, "name": "another"})
        assert loss != "huber"
    assert pickle.loads(pickle.dumps(card)) == card


def law_function_is_class(card: Any) -> None:
    """The function gives what the object gives; `get` finds it by name, class name and aliases."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    options = card.parameters()
    public, function = getattr(losskit, type(card).__name__), getattr(losskit, card.name)
    arrays = grid.arrays(card, y, p)
    want = public(**options)(*arrays)
    assert function(*arrays, **options) == want
    assert function(*arrays, None, **options) == want
    weighted = public(**options)(*arrays, 2.0)
    assert function(*arrays, 2.0, **options) == weighted
    assert function(*arrays, sample_weight=2.0, **options) == weighted
    for name in (
        card.name,
        type(card).__name__,
        card.name.upper().replace("_", "-"),
        *card.aliases,
    ):
        assert losskit.get(name, **options) == public(**options)


def law_nan_shows(card: Any) -> None:
    """A NaN prediction that counts is a NaN loss and a NaN in its own gradient: it never hides."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    if card.target.labels:
        y = np.full_like(y, card.ignored() == 0)  # class 0, whose weight is above 0
    for index in ((0,) * p.ndim, tuple(s - 1 for s in p.shape)):
        broken = p.copy()
        broken[index] = np.nan
        loss = grid.loss_of(card)
        assert np.isnan(loss(y, broken)), f"{card!r} hides a NaN prediction"
        assert np.isnan(loss.gradient(y, broken)[index])


ALL = {name: law for name, law in list(globals().items()) if name.startswith("law_")}
"""Every law by name."""
