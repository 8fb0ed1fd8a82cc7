"""Laws of arrays and of the objects that are called."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import grid
import numpy as np

import losskit
from laws.holding import (
    evaluate,
    raises,
    rows_first,
)
from losskit.core.families import Setwise, is_rowwise
from losskit.core.packing import packed

# --- arrays -----------------------------------------------------------------------------------


def law_axis(card: Any) -> None:
    """Moving the axis moves the result, and nothing else."""
    if not is_rowwise(card) or "axis" not in card.rules():
        return
    y, p = grid.inputs(card, np.float64, "ordinary")
    given = [rows_first(card, x)[:24] for x in (y, p)]
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
    raises(ValueError, lambda: evaluate(placed(4), "value", y, p))


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
        raises(ValueError, lambda o=out: loss.value_and_gradient(y, p, out=o))


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
        if getattr(card, "alone", False):  # the entry of the label
            items = [i for k, i in enumerate(index) if k != card.axis % p.ndim]
            label = int(y[tuple(items)])
            index = tuple(label if k == card.axis % p.ndim else i for k, i in enumerate(index))
        broken = p.copy()
        broken[index] = np.nan
        loss = grid.loss_of(card)
        assert np.isnan(loss(y, broken)), f"{card!r} hides a NaN prediction"
        assert np.isnan(loss.gradient(y, broken)[index])
