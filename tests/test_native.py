# ruff: noqa: B023  (lambdas are called before their loop goes on)
"""The compiled kernels beside NumPy: every card, size, layout and type; bad input.

These tests also run under AddressSanitizer and UndefinedBehaviorSanitizer (see .ci/run), so they
import no framework.
"""

import itertools
import os
import threading
import tracemalloc

import grid
import ml_dtypes
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.families import Pointwise, Setwise, is_rowwise
from losskit.core.namespaces import PRECISIONS
from losskit.losses.classification import CategoricalCrossentropy, SparseCategoricalCrossentropy
from losskit.losses.regression import Huber
from losskit.losses.sequence import CTC

if not native.available():
    if os.environ.get("LOSSKIT_REQUIRE_KERNELS"):
        raise RuntimeError("The kernels were not built, or are switched off.")
    pytest.skip("the kernels were not built", allow_module_level=True)

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
TOLERANCE = {"float64": 1e-13, "float32": 3e-6, "float16": 2e-3, "bfloat16": 2e-2}
ORDERS = {"value": "__call__", "slope": "gradient", "curve": "curvature"}


def has_kernel(card):
    card = card.inner if isinstance(card, Setwise) else card
    if isinstance(card, Pointwise):
        return card.compiled
    softmax = isinstance(card, (CategoricalCrossentropy, SparseCategoricalCrossentropy))
    return isinstance(card, CTC) or (softmax and card.from_logits)


CARDS = [card for card in grid.settings() if has_kernel(card)]


def by_numpy(call):
    with native.switched(False):
        return call()


def close(got, want, dtype, scale=1.0):
    """Equal up to rounding; NaN and infinity in the same places."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    tolerance = TOLERANCE[np.dtype(dtype).name]
    # Terms that nearly cancel leave the rounding of the larger ones.
    least = float(np.abs(want[np.isfinite(want)]).max(initial=0.0)) * tolerance * 0.2 * scale
    np.testing.assert_allclose(got, want, rtol=tolerance * scale, atol=least)


def random_inputs(card, n, dtype=np.float32, seed=0):
    """n elements, or n rows of 5 classes."""
    y, p = grid.ordinary(card, np.dtype(dtype), seed, rows=n)
    return (y, p) if is_rowwise(card) else (y[:n], p[:n])


def test_every_sound_card_has_a_kernel():
    from losskit.native.find import find

    for card in CARDS:
        inner = card.inner if isinstance(card, Setwise) else card
        if card.held:  # that is of a call
            continue
        assert find(inner, False, PRECISIONS["float32"]) is not None, card
        # And it does the work: it does not give up, whole vectors or not, masked or not.
        y, p = random_inputs(inner, 37)
        if is_rowwise(inner) and inner.axis == 0:
            p, y = p.T, (y if inner.target.labels else y.T)
        for mask in (None, np.arange(37) > 5):
            call = native.prepare(inner, (y, p), None, mask)
            assert call.run(value=True) is not None, card


def test_a_changed_card_has_none():
    from losskit.native.find import find

    class Changed(Huber):
        def slope(self, m, y, p):
            return 1.001 * super().slope(m, y, p)

    assert find(Changed(), False, PRECISIONS["float32"]) is None
    assert grid.loss_of(Changed()).gradient([0.0], [0.5]) == 0.5005


# --- the same as NumPy --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_same_as_numpy(card, dtype):
    sizes = (1, 2, 3, 7, 8, 9, 31, 100, 1023, 1024, 1025, 2500)
    reductions = ["mean", "sum", "none"] if not isinstance(card, Setwise) else ["mean"]
    for n, reduction in itertools.product(sizes, reductions):
        y, p = random_inputs(card, n, dtype, seed=n)
        if is_rowwise(card) and card.axis == 0:
            p = np.ascontiguousarray(np.moveaxis(p, -1, 0))
            y = y if card.target.labels else np.ascontiguousarray(np.moveaxis(y, -1, 0))
        loss = grid.loss_of(card, reduction=reduction)
        for method in ORDERS.values():
            got = getattr(loss, method)(y, p)
            want = by_numpy(lambda: getattr(loss, method)(y, p))
            assert got.dtype == want.dtype
            assert got.shape == want.shape
            close(got, want, got.dtype)
        value, gradient = loss.value_and_gradient(y, p)
        np.testing.assert_array_equal(gradient, loss.gradient(y, p))
        np.testing.assert_array_equal(value, loss(y, p))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_extreme_inputs(card, dtype):
    y, p = grid.inputs(card, dtype, "extreme")
    loss = grid.loss_of(card, reduction="mean" if isinstance(card, Setwise) else "none")
    for method in ORDERS.values():
        got, want = getattr(loss, method)(y, p), by_numpy(lambda: getattr(loss, method)(y, p))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        tiny = 4 * np.finfo(dtype).tiny
        # Where terms cancel, the two round differently; the truth decides (test_extremes.py).
        np.testing.assert_allclose(got, want, rtol=2e-3, atol=max(tiny, 1e-6))


@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_not_finite_predictions(card):
    """NaN goes through to the value; the other elements keep theirs."""
    y, p = random_inputs(card, 40)
    for bad in (np.nan, np.inf, -np.inf):
        q = p.copy()
        q[(3, 2) if q.ndim == 2 and card.axis != 0 else 3] = bad
        loss = grid.loss_of(card, reduction="mean" if isinstance(card, Setwise) else "none")
        if is_rowwise(card) and card.axis == 0:
            q = np.ascontiguousarray(q.T)
            y_ = y if card.target.labels else np.ascontiguousarray(y.T)
        else:
            y_ = y
        try:
            want = by_numpy(lambda: loss.value_and_gradient(y_, q))
        except ValueError as error:
            with pytest.raises(ValueError) as caught:
                loss.value_and_gradient(y_, q)
            assert str(caught.value) == str(error)  # noqa: PT017
            continue
        for g, w in zip(loss.value_and_gradient(y_, q), want, strict=True):
            np.testing.assert_array_equal(np.isnan(g), np.isnan(w))
            finite = np.isfinite(w)
            close(np.asarray(g)[finite], np.asarray(w)[finite], np.float32)


# --- weights and masks --------------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_weights_and_masks(card):
    n = 1500
    y, p = random_inputs(card, n)
    if is_rowwise(card) and card.axis == 0:
        p = np.ascontiguousarray(p.T)
        y = y if card.target.labels else np.ascontiguousarray(y.T)
    rng = np.random.default_rng(1)
    weight = rng.uniform(0, 2, n) * (rng.random(n) > 0.2)
    mask = rng.random(n) > 0.3
    bad = np.flatnonzero(~mask)
    spoilt = p.copy()
    if is_rowwise(card):
        spoilt[(slice(None), bad) if card.axis == 0 else bad] = np.nan
    else:
        spoilt[bad] = np.nan
    for options in (
        *({"sample_weight": weight}, {"mask": mask}, {"sample_weight": weight, "mask": mask}),
        *({"sample_weight": 2.0}, {"sample_weight": weight.astype(np.float32), "num_items": 7}),
    ):
        q = spoilt if "mask" in options else p
        for reduction in ("mean", "mean_with_sample_weight", "sum", "none"):
            plain = reduction in ("sum", "none")
            if isinstance(card, Setwise) and (plain or "num_items" in options):
                continue
            if plain and "num_items" in options:
                continue
            loss = grid.loss_of(card, reduction=reduction)
            got = loss.value_and_gradient(y, q, **options)
            want = by_numpy(lambda: loss.value_and_gradient(y, q, **options))
            for g, w in zip(got, want, strict=True):
                close(g, w, np.float32)
            if not isinstance(card, Setwise):
                close(loss.curvature(y, q, **options),
                      by_numpy(lambda: loss.curvature(y, q, **options)), np.float32)  # fmt: skip
            if "num_items" not in options:
                got, want = (
                    loss.parts(y, q, **options),
                    by_numpy(lambda: loss.parts(y, q, **options)),
                )
                np.testing.assert_allclose(got, want, rtol=1e-6)


# --- layouts ------------------------------------------------------------------------------------


def layouts(a):
    """The same numbers, lying in memory in other ways."""
    yield "plain", a
    wide = np.empty((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    yield "every second", wide[..., ::2]
    yield "reversed", np.ascontiguousarray(a[..., ::-1])[..., ::-1]
    yield "fortran", np.asfortranarray(a)
    raw = np.empty(a.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(a.dtype).reshape(a.shape)
    unaligned[...] = a
    yield "unaligned", unaligned
    record = np.zeros(a.shape, np.dtype([("pad", "u1"), ("x", a.dtype)]))
    record["x"] = a
    yield "field of a record", record["x"]
    frozen = a.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen
    yield "other byte order", a.astype(a.dtype.newbyteorder())


@pytest.mark.parametrize("card", [card for card in CARDS if not isinstance(card, CTC)], ids=repr)
def test_layouts(card):
    if is_rowwise(card):
        y, p = random_inputs(card, 70)
        p = p.reshape(7, 10, 5)
        y = y.reshape(7, 10) if card.target.labels else y.reshape(7, 10, 5)
        if card.axis == 0:
            p = np.ascontiguousarray(np.moveaxis(p, -1, 0))
            y = y if card.target.labels else np.ascontiguousarray(np.moveaxis(y, -1, 0))
    else:
        y, p = (a.reshape(31, 50) for a in random_inputs(card, 1550))
    loss = grid.loss_of(card)
    value, gradient = loss.value_and_gradient(y, p)
    for (kind, q), (other, t) in itertools.product(layouts(p), layouts(y)):
        got, into = loss.value_and_gradient(t, q)
        if "other byte order" in (kind, other):  # NumPy's work
            close(got, value, np.float32)
            close(into, gradient, np.float32)
        else:
            np.testing.assert_array_equal(got, value)
            np.testing.assert_array_equal(into, gradient)
    for kind, out in layouts(np.zeros_like(p)):
        if kind not in ("read-only", "other byte order"):
            got, into = loss.value_and_gradient(y, p, out=out)
            assert into is out
            np.testing.assert_array_equal(into, gradient)


@pytest.mark.parametrize("classes", [2, 3, 10, 47, 48, 49, 64, 257, 1024, 1025, 3000])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_rows_of_every_length(classes, axis):
    rng = np.random.default_rng(classes)
    shape = {-1: (6, 3, classes), 0: (classes, 37), 1: (3, classes, 11)}[axis]
    rows = {-1: (6, 3), 0: (37,), 1: (3, 11)}[axis]
    z = (4 * rng.normal(size=shape)).astype(np.float32)
    labels = rng.integers(0, classes, rows)
    dense = rng.dirichlet(np.full(classes, 0.3), rows).astype(np.float32)
    dense = np.ascontiguousarray(np.moveaxis(dense, -1, axis))
    # In float64: NumPy's own sums in float32 along other axes than the last lose more than we do.
    exact = z.astype(np.float64)
    options = [{}, {"label_smoothing": 0.1}, {"temperature": 2.0, "z_loss": 1e-3}]
    for option in options:
        for cls, y in (
            (losskit.SparseCategoricalCrossentropy, labels),
            (losskit.CategoricalCrossentropy, dense),
        ):
            loss = cls(from_logits=True, axis=axis, **option)
            for g, w in zip(
                loss.value_and_gradient(y, z),
                by_numpy(lambda: loss.value_and_gradient(y.astype(y.dtype.kind + "8"), exact)),
                strict=True,
            ):
                close(g, w, np.float32)
    loss = losskit.SparseCategoricalCrossentropy(
        from_logits=True, axis=axis, ignore_class=1, class_weight=rng.uniform(0, 2, classes),
        reduction="mean_with_sample_weight",
    )  # fmt: skip
    for g, w in zip(
        loss.value_and_gradient(labels, z),
        by_numpy(lambda: loss.value_and_gradient(labels, exact)),
        strict=True,
    ):
        close(g, w, np.float32)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
                                   "uint64", "bool", "float32"])  # fmt: skip
def test_label_types(dtype):
    z = np.random.default_rng(0).normal(size=(50, 60)).astype(np.float32)
    y = (np.arange(50) % (2 if dtype == "bool" else 60)).astype(dtype)
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
    want = loss.value_and_gradient(y.astype(np.int64), z)
    for g, w in zip(loss.value_and_gradient(y, z), want, strict=True):
        close(g, w, np.float32)


def test_log_softmax():
    rng = np.random.default_rng(0)
    for shape in ((5, 7), (3, 2, 1500), (4,)):
        for dtype in DTYPES:
            z = (5 * rng.normal(size=shape)).astype(dtype)
            got, want = losskit.log_softmax(z), by_numpy(lambda: losskit.log_softmax(z))
            assert got.dtype == z.dtype
            close(got, want, dtype)
    # Exact for the class that holds nearly everything.
    exact = losskit.log_softmax(np.array([[40.0, 0.0]], np.float32))
    np.testing.assert_allclose(exact, [[-np.exp(-40.0), -40.0]], rtol=1e-6)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("label", [-1, 5, 10**9, 2**31, -(2**31), 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("classes", [5, 100])
def test_a_label_out_of_range(label, classes):
    z = np.zeros((300, classes), np.float32)
    y = np.zeros(300, np.int64)
    y[200] = label if label != 5 else classes
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
    for call in (loss, loss.gradient, loss.value_and_gradient, loss.parts, loss.elementwise):
        with pytest.raises(ValueError, match="at index 200 is out of range"):
            call(y, z)
    # The same label where it does not count is nobody's business.
    assert loss(y, z, mask=y == 0) == pytest.approx(np.log(classes))
    assert loss(y, z, (y == 0).astype(float)) == pytest.approx(np.log(classes) * 299 / 300)


@pytest.mark.parametrize("at", [0, 5, 1023, 1024, 20000, 49999])
def test_bad_values_are_found_wherever_they_are(at):
    y, p = np.full(50000, 0.5, np.float32), np.full(50000, 0.5, np.float32)
    for loss, where, bad in (
        (losskit.MeanSquaredError(), "y", np.nan),
        (losskit.MeanSquaredError(), "y", np.inf),
        (losskit.BinaryCrossentropy(), "y", 1.5),
        (losskit.BinaryCrossentropy(), "p", -0.5),
        (losskit.BinaryCrossentropy(), "p", 1.5),
        (losskit.Poisson(), "y", -1.0),
        (losskit.Hinge(), "y", 0.4),
    ):
        signs = np.ones_like(y) if isinstance(loss, losskit.Hinge) else y
        t, q = signs.copy(), p.copy()
        (t if where == "y" else q)[at] = bad
        with pytest.raises(ValueError, match=f"at index {at}"):
            loss.value_and_gradient(t, q)


def test_weights_are_checked():
    y, p = np.zeros(3000, np.float32), np.ones(3000, np.float32)
    loss = losskit.MeanSquaredError()
    for bad in (-1.0, np.nan, np.inf, 1e300):
        weight = np.ones(3000)
        weight[2999] = bad
        with pytest.raises(ValueError, match="at index 2999"):
            loss(y, p, weight)
    with pytest.raises(ValueError, match="sums to infinity"):
        losskit.MeanSquaredError()(y.astype(float), p.astype(float), np.full(3000, 1e308))


def test_out_is_checked():
    y, p = np.zeros(10, np.float32), np.ones(10, np.float32)
    loss = losskit.MeanSquaredError()
    for out in (np.empty(9, np.float32), np.empty(10), [0.0] * 10, np.empty((10, 1), np.float32)):
        with pytest.raises(ValueError, match="out must be a NumPy array"):
            loss.value_and_gradient(y, p, out=out)
    frozen = np.empty(10, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        loss.value_and_gradient(y, p, out=frozen)


@pytest.mark.parametrize("n", [10, 5000])
def test_out_may_be_the_input(n):
    rng = np.random.default_rng(0)
    loss = losskit.Huber()
    both = rng.normal(size=n + 3).astype(np.float32)
    y, p = both[:n].copy(), both[3:].copy()
    want = loss.gradient(y, p)
    for out, t, q in (
        (shared := p.copy(), y, shared),
        (shared := y.copy(), shared, p),
        ((lot := np.concatenate([p[:3], p]))[:n], y, lot[3:]),
    ):
        np.testing.assert_array_equal(loss.value_and_gradient(t, q, out=out)[1], want)


# --- memory and size ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_memory_beside_the_gradient(dtype):
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 1 << 20)).astype(dtype)
    z, labels = p.reshape(1024, 1024), rng.integers(0, 1024, 1024)
    dense = np.full_like(z, 1 / 1024)
    for loss, a, b in (
        (losskit.MeanSquaredError(), y, p),
        (losskit.LogCosh(), y, p),
        (losskit.SparseCategoricalCrossentropy(from_logits=True), labels, z),
        (losskit.CategoricalCrossentropy(from_logits=True), dense, z),
    ):
        out = np.empty_like(b)
        loss.value_and_gradient(a, b)
        for extra, call in (
            (b.nbytes, lambda: loss.value_and_gradient(a, b)),
            (0, lambda: loss.value_and_gradient(a, b, out=out)),
            (0, lambda: loss(a, b)),
        ):
            tracemalloc.start()
            kept = call()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < extra + 20_000, (loss, peak - extra)
            del kept


def test_large_results_take_the_memory_of_freed_ones():
    y, p = np.random.default_rng(0).normal(size=(2, 1 << 21))
    loss = losskit.Huber()
    want = loss.gradient(y, p)
    with native.switched(False):
        close(want, loss.gradient(y, p), np.float64)
    kept = [loss.gradient(y, p) for _ in range(4)]
    assert len({g.ctypes.data for g in [want, *kept]}) == 5
    freed = [g.ctypes.data for g in kept[:2]]
    view = kept[2][100:]  # holds on to its memory
    del kept[:3]
    got = [loss.gradient(y, p) for _ in range(3)]
    assert {g.ctypes.data for g in got[:2]} == set(freed)
    assert all(g.flags.c_contiguous and g.flags.writeable and g.ctypes.data % 64 == 0 for g in got)
    for g in (want, *kept, *got):
        np.testing.assert_array_equal(g, want)
    np.testing.assert_array_equal(view, want[100:])
    # Sizes far apart do not share, and what is kept can be freed.
    del got
    small = loss.gradient(y[: 1 << 19], p[: 1 << 19])
    assert small.ctypes.data not in freed
    native.free_kept_memory()
    native.free_kept_memory()
    np.testing.assert_array_equal(loss.gradient(y, p), want)


def test_large_results_on_many_threads():
    y, p = np.random.default_rng(0).normal(size=(2, 1 << 21))
    loss = losskit.MeanSquaredError()
    want, wrong = loss.gradient(y, p), []

    def work(by):
        for _ in range(20):
            if not np.array_equal(loss.gradient(y, p) * by, want * by):
                wrong.append(by)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


@pytest.mark.parametrize(
    "offset", [1, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (0, 4, 7))]
)
def test_results_past_the_caches(offset):
    # Large enough to be streamed; from any address, and the sum in any grouping of the same tasks.
    n = (1 << 24) + 5
    y, p = np.random.default_rng(0).standard_normal((2, n), np.float32)
    out = np.full(n + 32, 7.0, np.float32)
    start = (-out.ctypes.data % 64) // 4 + offset
    inside = out[start : start + n]
    value, gradient = losskit.MeanSquaredError().value_and_gradient(y, p, out=inside)
    np.testing.assert_allclose(value, np.mean((p - y) ** 2, dtype=np.float64), rtol=1e-6)
    # In parts: the comparison takes several times the memory of what it compares.
    for got, a, b in zip(*(np.array_split(x, 16) for x in (gradient, y, p)), strict=True):
        np.testing.assert_allclose(got, 2 * (b - a) / n, rtol=1e-6)
    assert (out[:start] == 7.0).all()
    assert (out[start + n :] == 7.0).all()
    weighted = losskit.MeanSquaredError().gradient(y, p, np.full(n, 0.5, np.float32))
    assert np.array_equal(weighted, gradient / 2)


@pytest.mark.parametrize("offset", [0, 3, 8])
def test_rows_past_the_caches(offset):
    # Rows that begin anywhere in a cache line; the true class in every place of the row.
    rows, classes = 16_777, 1001
    rng = np.random.default_rng(0)
    z = 4 * rng.standard_normal((rows, classes), np.float32)
    labels = np.arange(rows) % classes
    out = np.full(z.size + 32, 7.0, np.float32)
    start = (-out.ctypes.data % 64) // 4 + offset
    inside = out[start : start + z.size].reshape(z.shape)
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    _, gradient = loss.value_and_gradient(labels, z, out=inside)
    for got, y, x in zip(*(np.array_split(a, 40) for a in (gradient, labels, z)), strict=True):
        assert np.array_equal(got, loss.gradient(y, x))
        p = np.exp(x - x.max(axis=1, keepdims=True), dtype=np.float64)
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        np.testing.assert_allclose(got, p, rtol=1e-5, atol=1e-7)
    assert (out[:start] == 7.0).all()
    assert (out[start + z.size :] == 7.0).all()


@pytest.mark.parametrize(
    "dtype", [pytest.param(np.float32, marks=pytest.mark.exhaustive), np.float16]
)
def test_more_elements_than_an_int32_counts(dtype):
    n = 2**31 + 5
    y, p = (np.broadcast_to(np.asarray(x, dtype), (n,)) for x in (0.0, 2.0))
    if dtype == np.float32:
        assert losskit.MeanSquaredError(reduction="sum")(y, p) == np.float32(4.0 * n)
    z = np.broadcast_to(np.linspace(-1, 1, 32768).astype(dtype), (65536 + 1, 32768))
    labels = np.arange(65537) % 32768
    one = losskit.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    got = one(labels[-5:], z[-5:])
    total = losskit.SparseCategoricalCrossentropy(from_logits=True, reduction="none")(labels, z)
    np.testing.assert_array_equal(total[-5:], got)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty(shape):
    empty = np.zeros(shape, np.float32)
    value, gradient = losskit.MeanSquaredError().value_and_gradient(empty, empty)
    assert value == 0
    assert gradient.shape == shape
    assert losskit.MeanSquaredError(reduction="none")(empty, empty).shape == shape


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
@pytest.mark.parametrize("part", ["value", "slope"])
def test_a_softmax_card_that_has_changed_has_no_kernel(name, part, monkeypatch):
    """A kernel never computes another formula than the card's."""
    from losskit.losses import classification
    from losskit.native import find

    card, came = getattr(classification, name), PRECISIONS["float32"]
    made = card(from_logits=True)
    assert find.describe(made, came) is not None
    own = getattr(card, part)
    monkeypatch.setattr(card, part, lambda *given: 1.001 * own(*given))
    find._softmax_holds.cache_clear()
    assert find.describe(made, came) is None
    find._softmax_holds.cache_clear()
