"""Losses of pairs by some rows of the matrix at a time: as by the whole one, in less memory."""

import tracemalloc

import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core import pairs
from losskit.core.namespaces.numpy import NUMPY

LOSSES = [
    ("nt_xent", {}),
    ("info_nce", {}),
    ("info_nce", {"symmetric": True}),
    ("info_nce", {"normalize": False, "temperature": 1.0, "symmetric": True}),
    ("circle", {"normalize": True, "gamma": 8.0}),
    ("circle", {"normalize": True, "gamma": 8.0, "remove_diagonal": False}),
]
IDS = [f"{name}-{'-'.join(options)}" for name, options in LOSSES]


def drawn(name, n, d=5, dtype="f8"):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(2, n, d)).astype(dtype)
    return (x[0], x[1]) if name == "info_nce" else (rng.integers(0, max(1, n // 3), n), x[0])


def whole(loss, arrays):
    """Value and slopes by the whole matrix's formulas, in float64."""
    arrays = [x.astype("f8") if x.dtype.kind == "f" else x for x in arrays]
    card = loss.card
    by = [slot.derivative("slope") for slot in card.slots if slot.predicted]
    of = card.shared(NUMPY, *arrays)
    assert isinstance(of, pairs.Compared)
    with np.errstate(all="ignore"):
        return card.value(NUMPY, *arrays, of), [
            getattr(card, name)(NUMPY, *arrays, of) for name in by
        ]


def like(got, want, rel, at_most=0.0):
    """Each vector's slope at the size of the largest of them, with what its dtype cannot hold."""
    assert got.shape == want.shape
    assert np.isfinite(got).all()
    size = np.abs(want).max(initial=0.0)
    np.testing.assert_allclose(got, want, rtol=0, atol=rel * size + at_most)
    if size:
        assert np.abs(got).max() > 0.5 * size


@pytest.fixture(params=[1, 3, 7, 10**6], ids=lambda n: f"{n}-rows")
def part(request, monkeypatch):
    monkeypatch.setattr(pairs, "_PART", 0)
    monkeypatch.setattr(pairs, "_LEAST", request.param)
    return request.param


@pytest.mark.parametrize("by_kernels", [True, False])
@pytest.mark.parametrize("n", [1, 2, 23])
@pytest.mark.parametrize(("name", "options"), LOSSES, ids=IDS)
def test_by_parts_as_by_the_whole(name, options, n, by_kernels, part):
    loss = losskit.get(name, **options)
    for dtype, rel in (("f8", 1e-12), ("f4", 2e-5), ("f2", 2e-3)):
        arrays = drawn(name, n, dtype=dtype)
        with native.switched(by_kernels):
            value, slopes = loss.value_and_gradient(*arrays)
            assert loss(*arrays) == value
        want, exact = whole(loss, arrays)
        assert value == pytest.approx(want, rel=min(rel, 2e-5), abs=1e-12)
        slopes = slopes if isinstance(slopes, tuple) else (slopes,)
        for got, true in zip(slopes, exact, strict=True):
            assert str(got.dtype) == str(arrays[-1].dtype)
            like(got.astype("f8"), true, rel, 1e-7 if dtype == "f2" else 1e-18)


@pytest.mark.parametrize(("name", "options"), LOSSES, ids=IDS)
def test_sets_of_a_batch(name, options, part):
    loss = losskit.get(name, reduction="none", **options)
    every = [drawn(name, n=11), tuple(x[::-1].copy() for x in drawn(name, n=11))]
    both = [np.stack(x) for x in zip(*every, strict=True)]
    weight = np.array([2.0, 0.0])
    values, slopes = loss.value_and_gradient(*both, sample_weight=weight)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    for i, arrays in enumerate(every):
        want, exact = whole(loss, arrays)
        assert values[i] == pytest.approx(weight[i] * want, rel=1e-12)
        for got, true in zip(slopes, exact, strict=True):
            like(got[i], weight[i] * true, 1e-12)


def test_what_is_not_a_number_shows(part):
    for name, options in LOSSES[:-1]:
        arrays = drawn(name, n=9)
        arrays[-1][4, 2] = np.nan
        loss = losskit.get(name, **options)
        with np.errstate(all="ignore"):
            value, slopes = loss.value_and_gradient(*arrays)
        assert np.isnan(value)
        slopes = slopes if isinstance(slopes, tuple) else (slopes,)
        assert np.isnan(slopes[-1][4]).all()


@pytest.mark.parametrize(("name", "options"), LOSSES, ids=IDS)
def test_on_tensors(name, options, part):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    arrays = drawn(name, n=23)
    want, exact = whole(losskit.get(name, **options), arrays)
    for dtype, rel in (("float64", 1e-12), ("float32", 2e-5), ("bfloat16", 0.02)):
        given = [torch.from_numpy(x) for x in arrays]
        given = [x.to(getattr(torch, dtype)) if x.is_floating_point() else x for x in given]
        given = given if name == "info_nce" else given[::-1]
        by = [x.requires_grad_() for x in given if x.is_floating_point()]
        value = getattr(lt, name)(*given, **options)
        slopes = torch.autograd.grad(value, by)
        if dtype == "bfloat16":
            own = [x.detach().double().numpy() for x in by]
            want, exact = whole(
                losskit.get(name, **options), own if name == "info_nce" else (arrays[0], *own)
            )
        assert float(value.detach()) == pytest.approx(float(want), rel=min(4 * rel, 0.01))
        for got, true in zip(slopes, exact, strict=True):
            assert got.dtype == by[0].dtype
            like(got.double().numpy(), true, rel)


@pytest.mark.parametrize(("name", "options"), LOSSES, ids=IDS)
def test_on_jax(name, options, part):
    jax = pytest.importorskip("jax")
    import losskit.jax as lj

    jax.clear_caches()
    arrays = drawn(name, n=23, dtype="f4")
    want, exact = whole(losskit.get(name, **options), arrays)
    given = arrays if name == "info_nce" else arrays[::-1]
    which = (0, 1) if name == "info_nce" else (0,)

    def function(*xs):
        return getattr(lj, name)(*xs, **options)

    for call in (jax.value_and_grad(function, which), jax.jit(jax.value_and_grad(function, which))):
        value, slopes = call(*given)
        assert float(value) == pytest.approx(float(want), rel=2e-5)
        for got, true in zip(slopes, exact, strict=True):
            like(np.asarray(got, "f8"), true, 2e-5)
    jax.clear_caches()


@pytest.mark.parametrize(("name", "options"), LOSSES[::2], ids=IDS[::2])
def test_second_derivatives_are_those_of_the_whole(name, options, part):
    """A step of the gradient along a direction, by the gradient made by parts."""
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    arrays = drawn(name, n=12)
    given = [torch.from_numpy(x) for x in (arrays if name == "info_nce" else arrays[::-1])]
    x = given[0].requires_grad_()
    along = torch.from_numpy(np.random.default_rng(1).normal(size=x.shape))

    def slope(x, again=False):
        value = getattr(lt, name)(x, *given[1:], **options)
        return torch.autograd.grad(value, x, create_graph=again)[0]

    (bent,) = torch.autograd.grad((slope(x, True) * along).sum(), x)
    h = 1e-6
    ends = [slope((x + s * h * along).detach().requires_grad_()) for s in (1, -1)]
    like(bent.numpy(), ((ends[0] - ends[1]) / (2 * h)).numpy(), 1e-6)


def peak(run):
    """Bytes that NumPy takes at most, beside what there was."""
    run()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize(("name", "options"), LOSSES[::2], ids=IDS[::2])
def test_the_matrix_is_never_there_as_a_whole(name, options, at_once, monkeypatch):
    """And the bound is one that the whole matrix breaks."""
    n = 2048
    arrays = drawn(name, n, d=4, dtype="f4")
    loss = losskit.get(name, **options)
    monkeypatch.setattr(pairs, "_PART", 2**40 if at_once else 2**20)
    monkeypatch.setattr(pairs, "_LEAST", 1)
    assert (peak(lambda: loss.value_and_gradient(*arrays)) < n * n * 4 / 2) == (not at_once)
