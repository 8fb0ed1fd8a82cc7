"""Laws of weights, masks and chunks: what counts, and that parts make the whole."""

from __future__ import annotations

import functools
import math
from typing import Any

import grid
import numpy as np
import truth

from laws.holding import (
    cases,
    raises,
    rows_back,
    rows_first,
)
from losskit.core.families import OfMean, Setwise
from losskit.core.slots import item_shape


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
    y, p = rows_first(card, y), rows_first(card, p)
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
        kept = rows_back(card, y[~out]), rows_back(card, p[~out])
        whole = 1.0 if loss.reduction == "sum" else len(y[~out]) / n
        for bad_y, bad_p in junk:
            dirty_y, dirty_p = y.copy(), p.copy()
            if bad_y is not None:
                dirty_y = dirty_y.astype(float) if bad_y != bad_y else dirty_y
                dirty_y[out] = bad_y
            if bad_p is not None:
                dirty_p[out] = bad_p
            dirty = rows_back(card, dirty_y), rows_back(card, dirty_p)
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
                rows = rows_first(card, gradient)
                assert not rows[out].any(), f"{card!r}: {how} lets a gradient through"
                np.testing.assert_allclose(
                    rows[~out], rows_first(card, loss.gradient(*kept)) * factor, rtol=1e-12
                )
                curve = rows_first(card, loss.curvature(*dirty, **how))
                assert not curve[out].any()
                assert np.isfinite(curve).all()


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
    y, p = rows_first(card, y), rows_first(card, p)
    n = len(p)
    w = np.random.default_rng(5).uniform(0, 2, n)
    keep = np.random.default_rng(6).random(n) < 0.7
    chunks = [slice(0, 1), slice(1, 8), slice(8, 8), slice(8, n)]
    for reduction in ("mean", "mean_with_sample_weight", "sum"):
        if isinstance(card, Setwise) and reduction == "sum":
            continue
        loss = grid.loss_of(card, reduction=reduction)
        given = rows_back(card, y), rows_back(card, p), w
        whole, gradient = loss.value_and_gradient(*given, mask=keep)
        parts = [
            loss.parts(rows_back(card, y[c]), rows_back(card, p[c]), w[c], mask=keep[c])
            for c in chunks
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
                rows_back(card, y[c]), rows_back(card, p[c]), w[c], mask=keep[c], num_items=count
            )
            for c in chunks
        ]
        assert math.isclose(math.fsum(v for v, _ in pieces), whole, rel_tol=1e-12), f"{card!r}"
        joined = np.concatenate([rows_first(card, g) for _, g in pieces])
        np.testing.assert_allclose(joined, rows_first(card, gradient), rtol=1e-12)


def law_reduction(card: Any) -> None:
    """mean = sum / items; "none" gives the items; Keras's names mean the same."""
    y, p = grid.inputs(card, np.float64, "ordinary")
    if isinstance(card, Setwise):
        if isinstance(card, OfMean):
            root = card.outer(float(grid.loss_of(card.inner)(y, p)))
            assert math.isclose(grid.loss_of(card)(y, p), root, rel_tol=1e-14)
        for reduction in ("sum", "none", None):
            raises(ValueError, lambda r=reduction: grid.loss_of(card, reduction=r))
        raises(TypeError, lambda: grid.loss_of(card).elementwise(y, p))
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
            raises(ValueError, lambda s=strict, a=args, h=how: s(*a, **h))
            raises(ValueError, lambda s=strict, a=args, h=how: s.gradient(*a, **h))
        if not isinstance(card, Setwise):
            assert grid.loss_of(card, reduction="sum")(*args, **how) == 0


def _none(card: Any, x: np.ndarray) -> np.ndarray:
    return rows_back(card, rows_first(card, x)[:0])
