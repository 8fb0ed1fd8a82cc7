"""The kernels as XLA calls them, beside the NumPy face: every card, type and way to call."""

import threading
from pathlib import Path

import grid
import ml_dtypes
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Pointwise, is_rowwise, placed
from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from losskit.losses.margin import Hinge
from losskit.losses.regression import Huber, MeanSquaredError

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
from jax.sharding import PartitionSpec  # noqa: E402

import losskit.jax  # noqa: E402
from losskit.jax import kernels  # noqa: E402
from losskit.jax.derivatives import enable_x64  # noqa: E402

if not native.available():
    pytest.skip("the kernels were not built", allow_module_level=True)

CSRC = Path(__file__).parents[1] / "csrc"
DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
TOLERANCE = {"float64": 1e-13, "float32": 3e-6, "float16": 2e-3, "bfloat16": 2e-2}
CARDS_WITH_KERNELS = [
    card
    for card in grid.settings()
    if not card.held  # that is of a call, and known to a face only
    if (isinstance(card, Pointwise) and card.compiled)
    or (
        isinstance(card, (CategoricalCrossentropy, SparseCategoricalCrossentropy))
        and card.from_logits
    )
]
MSE, SPARSE = MeanSquaredError(), SparseCategoricalCrossentropy(from_logits=True)


def spec_of(card, y, p):
    spec = kernels.find(card, y, p)
    assert spec is not None
    return spec


def all_of(card, y, p, *rest):
    """(total, items, slope)."""
    return kernels.call(spec_of(card, y, p), (y, p), *rest, total=True, items=True, slope=True)


def by_numpy(card, y, p, weight=None, keep=None):
    """The same from the cards' formulas."""
    with native.switched(False):
        loss = grid.loss_of(card, reduction="none")
        items, slope = loss.value_and_gradient(y, p, weight, mask=keep)
    return np.sum(items, dtype=np.float64), items, slope


def close(got, want, dtype):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    tolerance = TOLERANCE[np.dtype(dtype).name]
    # Terms that nearly cancel leave the rounding of the larger ones.
    least = float(np.abs(want[np.isfinite(want)]).max(initial=0.0)) * tolerance * 0.2
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=least)


def rows(n=6, classes=7, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, classes, n), rng.normal(size=(n, classes)).astype(dtype)


def numbers(shape, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)


# --- the same as NumPy --------------------------------------------------------------------------


FAMILIES = ("MeanSquaredError", "Huber", "BinaryCrossentropy", "SparseCategoricalCrossentropy")


def some(card, dtype=np.float32):
    """Exhaustive but for some: XLA compiles each call, and test_native.py asks the kernels all."""
    few = grid.is_usual(card) and type(card).__name__ in FAMILIES
    marks = () if few or dtype == np.float32 else (pytest.mark.exhaustive,)
    return pytest.param(card, np.dtype(dtype), marks=marks, id=f"{card!r}-{np.dtype(dtype).name}")


@pytest.mark.parametrize(
    ("card", "dtype"), [some(card, dtype) for card in CARDS_WITH_KERNELS for dtype in DTYPES]
)
def test_same_as_numpy(card, dtype):
    with jax.enable_x64(dtype == np.float64):
        for kind in ("ordinary", "extreme"):
            y, p = grid.inputs(card, np.float32 if dtype.itemsize < 4 else dtype, kind)
            if kind == "extreme" and dtype.itemsize < 4:
                continue  # most of it is not in so small a type
            p = p.astype(dtype)
            y = y if card.target.labels else y.astype(dtype)
            with np.errstate(all="ignore"):
                total, items, slope = by_numpy(card, y, p)
            got = all_of(card, y, p)
            wide = dtype == np.float64
            # Slopes in float16 would underflow before a loss scale.
            of_slope = "f4" if dtype == np.float16 else dtype
            assert [x.dtype for x in got] == [got[1].dtype, "f8" if wide else "f4", of_slope]
            assert [x.shape for x in got] == [(), items.shape, p.shape]
            if kind == "ordinary":
                size = float(np.abs(items, dtype=np.float64).sum())
                np.testing.assert_allclose(got[0], total, atol=TOLERANCE[got[0].dtype.name] * size)
                close(got[1], items, got[1].dtype)
                close(np.asarray(got[2]).astype(dtype), slope, dtype)
            else:
                np.testing.assert_allclose(got[1], items, rtol=2e-3, atol=1e-6)
                np.testing.assert_allclose(got[2], slope, rtol=2e-3, atol=1e-6)
            if type(card).__name__ not in FAMILIES or kind == "extreme":
                continue
            # Each by itself, as they are together.
            spec = spec_of(card, y, p)
            for i, name in enumerate(("total", "items", "slope")):
                (alone,) = kernels.call(spec, (y, p), **{name: True})
                np.testing.assert_allclose(alone, got[i], rtol=1e-6)


@pytest.mark.parametrize("card", grid.sample(CARDS_WITH_KERNELS))
def test_weights_masks_and_scales(card):
    y, p = grid.ordinary(card, np.dtype(np.float32), rows=1500)
    if getattr(card, "axis", -1) == 0:
        p = np.ascontiguousarray(p.T)
        y = y if card.target.labels else np.ascontiguousarray(y.T)
    count = 1500 if is_rowwise(card) else len(p)
    rng = np.random.default_rng(1)
    weight = (rng.uniform(0, 2, count) * (rng.random(count) > 0.2)).astype(np.float32)
    keep = rng.random(count) > 0.3
    spoilt, out = p.copy(), y.copy()
    left_out = np.flatnonzero(~keep | (weight == 0))
    at = (slice(None), left_out) if getattr(card, "axis", -1) == 0 else left_out
    spoilt[at] = np.nan
    if card.target.labels:
        out[left_out] = -1
    else:
        out[at] = np.nan
    for w, k, a, b in (
        *((weight, None, y, p), (None, keep, y, p), (weight, keep, y, p)),
        *((weight, keep, out, spoilt),),
    ):
        want = by_numpy(card, y, p, w, k)
        for scale in (None, 0.25, np.float32(-3.0)):
            total, items, slope = all_of(card, a, b, w, k, scale)
            size = float(np.abs(want[1]).sum())
            np.testing.assert_allclose(total, want[0], rtol=3e-6, atol=1e-6 * size)
            close(items, want[1], np.float32)
            close(slope, want[2] * np.float32(1.0 if scale is None else scale), np.float32)
    _, items, slope = all_of(card, out, spoilt, weight, keep, np.inf)
    assert not np.asarray(items)[left_out].any()
    assert not np.asarray(slope)[at].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 15, 16, 33, 1023, 1024, 5000])
def test_a_mask_alone_clears_and_changes_no_other(n, dtype):
    """Bit by bit, in vectors that are whole and in those that are not."""
    rng = np.random.default_rng(n)
    y, p = rng.normal(size=n).astype(dtype), rng.normal(size=n).astype(dtype)
    for keep in (rng.random(n) > 0.3, np.ones(n, bool), np.zeros(n, bool)):
        spoilt, out = np.where(keep, p, np.nan), np.where(keep, y, np.inf)
        with enable_x64(dtype == np.float64):
            for scale in (None, 0.25):
                plain = all_of(Huber(), y, p, None, None, scale)
                total, items, slope = all_of(Huber(), out, spoilt, None, keep, scale)
                for got, want in ((items, plain[1]), (slope, plain[2])):
                    np.testing.assert_array_equal(got, np.where(keep, want, 0.0).astype(dtype))
                want = float(np.sum(plain[1], where=keep, dtype=np.float64))
                np.testing.assert_allclose(total, want, rtol=1e-6, atol=0.0)
            _, items, slope = all_of(Huber(), out, spoilt, None, keep, np.inf)
            assert not np.asarray(items)[~keep].any()
            assert not np.asarray(slope)[~keep].any()


@pytest.mark.parametrize("axis", [-1, 0, 1, -2])
def test_axis_of_the_classes(axis):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3, 60, 5)).astype(np.float32)
    classes = z.shape[axis]
    labels = rng.integers(0, classes, np.delete(z.shape, axis))
    for option in ({}, {"label_smoothing": 0.1}, {"temperature": 2.0, "z_loss": 1e-3}):
        sparse = SparseCategoricalCrossentropy(from_logits=True, axis=axis, **option)
        dense = CategoricalCrossentropy(from_logits=True, axis=axis, **option)
        soft = np.moveaxis(rng.dirichlet(np.ones(classes), labels.shape), -1, axis)
        for card, y in ((sparse, labels), (dense, soft.astype(np.float32))):
            for g, w in zip(all_of(card, y, z), by_numpy(card, y, z), strict=True):
                close(g, w, np.float32)
    card = SparseCategoricalCrossentropy(from_logits=True, axis=axis, ignore_class=1)
    for g, w in zip(all_of(card, labels, z), by_numpy(card, labels, z), strict=True):
        close(g, w, np.float32)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"]
)
@pytest.mark.parametrize("x64", [False, True])
def test_label_types(dtype, x64):
    y, z = rows(30, 2)
    with jax.enable_x64(x64):
        spec = spec_of(SPARSE, y, z)
        want = kernels.call(spec, (y, z), items=True, slope=True)
        got = kernels.call(spec, (y.astype(dtype), z), items=True, slope=True)
        for g, w in zip(got, want, strict=True):
            np.testing.assert_array_equal(g, w)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int8", "bool"])
def test_target_types(dtype):
    y, p = numbers(50)
    y = (y > 0).astype(dtype)
    card = BinaryCrossentropy(from_logits=True)
    with jax.enable_x64(True):
        got = all_of(card, y, p)
    want = by_numpy(card, y.astype(np.float32), p)
    for g, w in zip(got, want, strict=True):
        close(g, w, np.float32)


def test_many_elements_on_several_threads():
    """Past the caches, in parts, on several threads; results do not depend on how many."""
    y, p = numbers((5, 1 << 19))
    weight = np.random.default_rng(0).uniform(0, 1, p.shape)
    before = native.get_num_threads()
    results = []
    try:
        for threads in (1, 3):
            native.set_num_threads(threads)
            results.append(jax.block_until_ready(all_of(Huber(), y, p, weight)))
    finally:
        native.set_num_threads(before)
    for one, three, want in zip(*results, by_numpy(Huber(), y, p, weight), strict=True):
        np.testing.assert_array_equal(one, three)
        close(one, want, np.float32)


def test_subnormal_numbers_are_kept():
    """XLA has the threads that it calls from flush them to 0."""
    p = np.full(40, 1e-20, np.float32)
    y = np.zeros_like(p)
    (items,) = kernels.call(spec_of(MSE, y, p), (y, p), items=True)
    assert 0 < np.asarray(items)[0] < np.finfo(np.float32).tiny
    np.testing.assert_array_equal(items, by_numpy(MSE, y, p)[1])


# --- what is out of its domain ------------------------------------------------------------------

NAN = float("nan")
BAD = [
    (BinaryCrossentropy(), "y", 1.5),
    (BinaryCrossentropy(), "y", NAN),
    (BinaryCrossentropy(), "p", -0.5),
    (BinaryCrossentropy(from_logits=True), "y", -1.0),
    (Hinge(), "y", 2.0),
    (MSE, "y", np.inf),
    (CARDS["poisson"](), "p", -1.0),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize(("card", "which", "value"), BAD, ids=str)
def test_bad_elements_become_nan_and_no_others(card, which, value, dtype):
    with jax.enable_x64(np.dtype(dtype) == np.float64):
        y, p = grid.ordinary(card, np.dtype(dtype), rows=10_000)
        for places in ([0], [29_999], [7, 8, 16384, 20_001], range(20_000)):
            bad = np.zeros(len(p), bool)
            bad[list(places)] = True
            inputs = {"y": y.copy(), "p": p.copy()}
            inputs[which][bad] = value
            total, items, slope = map(np.asarray, all_of(card, inputs["y"], inputs["p"]))
            assert np.isnan(total)
            good = all_of(card, y, p)
            for got, want in zip((items, slope), good[1:], strict=True):
                np.testing.assert_array_equal(np.isnan(got.astype(np.float64)), bad)
                np.testing.assert_array_equal(got[~bad], np.asarray(want)[~bad])
            # Left out by a mask, they are none.
            total, items, slope = all_of(card, inputs["y"], inputs["p"], None, ~bad)
            assert np.isfinite(total)
            assert not np.asarray(items)[bad].any()
            assert not np.asarray(slope)[bad].any()


@pytest.mark.parametrize("classes", [3, 60, 3000])
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("dense", [False, True])
def test_bad_rows_become_nan_and_no_others(classes, axis, dense):
    n = 300
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, classes)).astype(np.float32)
    labels = rng.integers(0, classes, n)
    bad = np.zeros(n, bool)
    bad[[0, 5, 6, 130, n - 1]] = True
    if dense:
        y = np.eye(classes, dtype=np.float32)[labels]
        y[bad, 1] = (-0.5, 2.0, np.nan, np.inf, 1.001)
        card = CategoricalCrossentropy(from_logits=True, axis=axis)
        good = np.where(bad[:, None], np.float32(1 / classes), y)
    else:
        y = labels.copy()
        y[bad] = (-1, classes, -100, 2**31 - 1, classes)
        card = SparseCategoricalCrossentropy(from_logits=True, axis=axis)
        good = np.where(bad, 0, y)
    if axis == 0:
        z = np.ascontiguousarray(z.T)
        y, good = (y, good) if not dense else (y.T.copy(), good.T.copy())
    total, items, slope = map(np.asarray, all_of(card, y, z))
    want = all_of(card, good, z)
    assert np.isnan(total)
    np.testing.assert_array_equal(np.isnan(items), bad)
    np.testing.assert_array_equal(items[~bad], np.asarray(want[1])[~bad])
    by_row, wanted = (slope, want[2]) if axis == -1 else (slope.T, np.asarray(want[2]).T)
    np.testing.assert_array_equal(np.isnan(by_row), np.repeat(bad[:, None], classes, 1))
    np.testing.assert_array_equal(by_row[~bad], np.asarray(wanted)[~bad])


def test_bad_weights():
    y, z = rows()
    for card, target, p in ((SPARSE, y, z), (MSE, *numbers(6))):
        weight = np.array([1.0, -1.0, np.nan, np.inf, 0.0, 2.0], np.float32)
        total, items, slope = map(np.asarray, all_of(card, target, p, weight))
        wrong = np.array([False, True, True, True, False, False])
        assert np.isnan(total)
        np.testing.assert_array_equal(np.isnan(items), wrong)
        np.testing.assert_array_equal(np.isnan(slope).reshape(6, -1).all(1), wrong)


def test_a_nan_prediction_goes_through():
    y, z = rows()
    z[2, 3] = np.nan
    total, items, slope = map(np.asarray, all_of(SPARSE, y, z))
    assert np.isnan(total)
    np.testing.assert_array_equal(np.isnan(items), np.arange(6) == 2)
    assert np.isfinite(np.delete(slope, 2, 0)).all()


# --- inside JAX ---------------------------------------------------------------------------------


def test_under_jit_and_in_a_scan():
    y, z = (jnp.asarray(a) for a in rows())
    spec = spec_of(SPARSE, y, z)
    eager = kernels.call(spec, (y, z), scale=0.5, total=True, items=True, slope=True)

    @jax.jit
    def compiled(y, z, scale):
        return kernels.call(spec, (y, z), scale=scale, total=True, items=True, slope=True)

    for g, w in zip(compiled(y, z, 0.5), eager, strict=True):
        np.testing.assert_array_equal(g, w)

    def step(z, _):
        total, slope = kernels.call(spec, (y, z), scale=1.0, total=True, slope=True)
        return z - slope, total

    last, totals = jax.jit(lambda z: jax.lax.scan(step, z, length=5))(z)
    want, now = [], z
    for _ in range(5):
        now, total = step(now, None)
        want.append(total)
    np.testing.assert_allclose(totals, want, rtol=1e-6)
    np.testing.assert_allclose(last, now, rtol=1e-5, atol=1e-6)
    assert (np.diff(totals) < 0).all()


AXES = [((0, 0), 0), ((0, 1), 1), ((None, 0), 0), ((1, 2), 0)]


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("given", [(), ("total",), ("scale",), ("scale", "weight", "keep")])
def test_vmap(axis, given):
    """Batches of batches, whichever axes they lie along."""
    rng = np.random.default_rng(0)
    z = jnp.asarray(rng.normal(size=(4, 3, 6, 5)).astype(np.float32))
    classes = z.shape[axis] if axis else 6
    y = rng.integers(0, classes, (4, 3, 6 if axis else 5))
    y[1, 2, 3] = classes
    y = jnp.asarray(y)
    weight = jnp.asarray(rng.uniform(0, 2, y.shape).astype(np.float32))
    keep = jnp.asarray(rng.random(y.shape) > 0.3)
    scale = jnp.asarray(rng.normal(size=(4,)).astype(np.float32))
    card = SparseCategoricalCrossentropy(from_logits=True, axis=axis)
    spec = spec_of(card, y[0, 0], z[0, 0])

    def one(y, z, weight, keep, scale):
        return kernels.call(
            spec,
            (y, z),
            weight if "weight" in given else None,
            keep if "keep" in given else None,
            scale if "scale" in given else None,
            total="total" in given,
            items=True,
            slope=True,
        )

    inner = jax.vmap(one, in_axes=(0, 0, 0, 0, None))
    got = jax.jit(jax.vmap(inner, in_axes=(0, 1, 0, 0, 0)))(
        y, jnp.moveaxis(z, 0, 1), weight, keep, scale
    )
    for i in range(4):
        for j in range(3):
            want = one(y[i, j], z[i, j], weight[i, j], keep[i, j], scale[i])
            for g, w in zip(got, want, strict=True):
                np.testing.assert_allclose(g[i, j], w, rtol=1e-6, atol=1e-7)
    assert np.isnan(got[-1]).any() == ("keep" not in given or bool(keep[1, 2, 3]))


def test_vmap_of_single_examples_and_of_none():
    y, p = (jnp.asarray(a) for a in numbers((1000, 3)))
    spec = spec_of(MSE, y[0], p[0])

    def one(y, p, scale):
        return kernels.call(spec, (y, p), scale=scale, total=True, slope=True)

    totals, slopes = jax.vmap(one, in_axes=(0, 0, None))(y, p, 2.0)
    np.testing.assert_allclose(totals, np.square(p - y).sum(1), rtol=1e-5)
    np.testing.assert_allclose(slopes, 4 * (p - y), rtol=1e-5)
    # Many batches are shared out among the threads.
    y, p = (jnp.asarray(a) for a in numbers((1 << 13, 32)))
    spec = spec_of(MSE, y[0], p[0])
    totals, slopes = jax.vmap(one)(y, p, jnp.arange(1 << 13))
    np.testing.assert_allclose(totals, np.square(p - y).sum(1), rtol=1e-5)
    np.testing.assert_allclose(slopes[-1], 2 * (2**13 - 1) * (p - y)[-1], rtol=1e-5)
    totals, slopes = jax.vmap(one, in_axes=(0, 0, None))(y[:0], p[:0], 2.0)
    assert totals.shape == (0,)
    assert slopes.shape == (0, 32)


@pytest.mark.parametrize("check", [True, False])
def test_shard_map(check):
    y, z = (jnp.asarray(a) for a in rows(8))
    weight = jnp.ones(8)
    spec = spec_of(SPARSE, y, z)
    mesh = jax.make_mesh((1,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    across, everywhere = PartitionSpec("d"), PartitionSpec()

    def local(y, z, weight, scale):
        total, items, slope = kernels.call(
            spec, (y, z), weight, None, scale, total=True, items=True, slope=True
        )
        return jax.lax.psum(total, "d"), items, slope

    got = jax.jit(
        jax.shard_map(
            local,
            mesh=mesh,
            in_specs=(across, across, everywhere, everywhere),
            out_specs=(everywhere, across, across),
            check_vma=check,
        )
    )(y, z, weight, 0.5)
    want = kernels.call(spec, (y, z), scale=0.5, total=True, items=True, slope=True)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-6)


def test_only_where_the_program_runs_on_the_cpu():
    y, z = (jnp.asarray(a) for a in rows())
    spec = spec_of(SPARSE, y, z)

    @jax.jit
    def value(y, z):
        return jax.lax.platform_dependent(
            y,
            z,
            cpu=lambda y, z: kernels.call(spec, (y, z), total=True)[0],
            default=lambda y, z: jnp.float32(-1.0),
        )

    np.testing.assert_allclose(value(y, z), by_numpy(SPARSE, *rows())[0], rtol=1e-6)


@pytest.mark.parametrize("x64", [False, True])
def test_double_precision_where_jax_has_it(x64):
    y, p = numbers(1000, np.float64)
    with jax.enable_x64(x64):
        y, p = jnp.asarray(y), jnp.asarray(p)
        total, items, slope = all_of(Huber(delta=0.7), y, p, None, None, 0.5)
        wanted = np.float64 if x64 else np.float32
        assert {total.dtype, items.dtype, slope.dtype} == {np.dtype(wanted)}
        want = by_numpy(Huber(delta=0.7), np.asarray(y), np.asarray(p))
        close(total, want[0], wanted)
        close(slope, 0.5 * want[2], wanted)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)])
def test_empty_arrays(shape):
    y, p = numbers(shape)
    total, items, slope = jax.jit(lambda y, p: all_of(MSE, y, p))(y, p)
    assert total == 0.0
    assert items.shape == slope.shape == shape


def test_no_rows():
    y, z = np.zeros((0,), np.int32), np.zeros((0, 5), np.float32)
    total, items, slope = all_of(SPARSE, y, z, np.zeros(0), None, 2.0)
    assert total == 0.0
    assert items.shape == (0,)
    assert slope.shape == (0, 5)


def test_a_program_that_was_kept():
    """What tells one kernel from another goes with the program."""
    from jax.experimental import serialize_executable

    y, p = (jnp.asarray(a) for a in numbers(50))
    spec = spec_of(Huber(delta=0.7), y, p)
    compiled = jax.jit(lambda y, p: kernels.call(spec, (y, p), slope=True)).lower(y, p).compile()
    loaded = serialize_executable.deserialize_and_load(*serialize_executable.serialize(compiled))
    np.testing.assert_array_equal(loaded(y, p)[0], compiled(y, p)[0])

    exported = jax.export.export(
        jax.jit(lambda y, p: kernels.call(spec, (y, p), slope=True)),
        disabled_checks=[jax.export.DisabledSafetyCheck.custom_call(spec.target)],
    )(y, p)
    again = jax.export.deserialize(exported.serialize())
    np.testing.assert_array_equal(again.call(y, p)[0], compiled(y, p)[0])


def test_calls_from_several_threads():
    y, p = (jnp.asarray(a) for a in numbers(1 << 18))
    want = by_numpy(MSE, np.asarray(y), np.asarray(p))[0]
    step = jax.jit(lambda y, p: all_of(MSE, y, p)[0])
    found = []

    def work():
        found.extend(float(step(y, p)) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 80
    np.testing.assert_allclose(found, want, rtol=1e-6)


# --- half precision -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["huber", "log_cosh", "kl_divergence"])
def test_a_loss_scale_saves_what_float16_would_lose(name):
    """The slopes by the kernel lie below float16's least number until they are multiplied."""
    rows, scale = 4096, 2.0**15
    rng = np.random.default_rng(0)
    # No p so small that float16 would read it as its least normal number.
    y, p = (((rng.dirichlet(np.ones(8), rows) + 0.25) / 3).astype(np.float16) for _ in range(2))
    loss = losskit.jax.get(name)

    def scaled(p, y):
        return scale * loss(p, y, reduction="mean")

    step = jax.jit(jax.grad(scaled))
    assert "losskit_" in step.lower(p, y).as_text()
    got = step(p, y)
    assert got.dtype == np.float16
    want = jax.grad(scaled)(p.astype(np.float32), y.astype(np.float32))
    close(got, want, np.float16)


def test_a_batch_that_is_one_mask():
    """It is one row to a program, as long as one device has it all."""
    card = CARDS["dice"]
    rng = np.random.default_rng(0)
    y, p = (rng.random((3, 40, 50)).astype(np.float32) for _ in range(2))
    spec = kernels.find(placed(card(), p.shape), y, p)
    if jax.device_count("cpu") > 1:
        assert spec is None
        return
    assert spec is not None
    assert spec.axes == (-3, -2, -1)

    def of(p, y):
        return losskit.jax.dice(p, y, reduction="mean")

    for dtype in (np.float32, np.float16):
        given = y.astype(dtype), p.astype(dtype)
        with native.switched(False):
            want = losskit.get("dice").value_and_gradient(*given)
        for x, wanted in zip(jax.jit(jax.value_and_grad(of))(*given[::-1]), want, strict=True):
            close(x, wanted, dtype)
    many = jax.vmap(of)(jnp.stack([p, y]), jnp.stack([y, y]))
    np.testing.assert_allclose(many, [of(p, y), of(y, y)], rtol=1e-3)
