"""CTC: against all alignments in 60 digits, and its faces together."""

import itertools
from functools import cache

import numpy as np
import pytest
from alignments import by_alignments, by_recursion, log_probabilities, padded, said
from mpmath import mp, mpf
from truth import mpf as _sixty_digits  # noqa: F401  (sets the number of digits)

import losskit
from losskit.core.namespaces.numpy import NUMPY
from losskit.engine.formulas import Formulas
from losskit.losses.sequence import CTC

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
import losskit.jax as lj  # noqa: E402
import losskit.torch as lt  # noqa: E402

NAN, INF = float("nan"), float("inf")

# --- the definition -----------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [0, 2])
def test_all_alignments(blank):
    frames, classes = 5, 3
    log_p = log_probabilities(np.random.default_rng(blank), frames, classes, scale=2.0)
    others = [k for k in range(classes) if k != blank]
    rows = [row for n in range(frames + 2) for row in itertools.product(others, repeat=n)]
    y, p = padded(rows, frames + 1), np.broadcast_to(log_p, (len(rows), frames, classes))
    card = CTC(from_logits=False, blank=blank)
    value, slope, curve = (getattr(card, o)(NUMPY, y, p) for o in ("value", "slope", "curve"))
    for i, row in enumerate(rows):
        total, shares = by_alignments(log_p, row, blank)
        if not total:
            assert value[i] == INF
            assert not slope[i].any()
            assert not curve[i].any()
            continue
        np.testing.assert_allclose(value[i], float(-mp.log(total)), rtol=2e-14)
        np.testing.assert_allclose(slope[i], (-shares).astype(float), rtol=2e-14)
        np.testing.assert_allclose(curve[i], (shares * (shares - 1)).astype(float), rtol=5e-14)
        assert abs(by_recursion(log_p, row, blank)[0] / total - 1) < mpf(10) ** -50
    # Each alignment says something.
    np.testing.assert_allclose(np.exp(-value).sum(), 1.0, rtol=1e-14)


LONG = {
    "ordinary": (500, 8, 15, 1.0),
    "sharp": (500, 8, 15, 10.0),
    "repeats": (100, 3, 30, 3.0),
    "extreme": (500, 8, 15, 100.0),
}


@cache
def long_sequence(kind, dtype):
    frames, classes, length, scale = LONG[kind]
    rng = np.random.default_rng(1)
    log_p = log_probabilities(rng, frames, classes, scale=scale, dtype=dtype)
    y = rng.integers(1, classes, length)
    return y, log_p, *by_recursion(log_p, y, 0)


@cache
def value_and_gradient_of_jax():
    from losskit.jax import derivatives
    from losskit.jax.framework import JAX

    by = Formulas(CTC(from_logits=False), JAX.vocabulary("float32"), JAX)
    return jax.jit(jax.value_and_grad(lambda p, y: derivatives.apply(by, None, y, p)))


def ways_to_compute(dtype):
    """The value and the slope of one sequence, by every implementation for that dtype."""

    def by_numpy(y, p):
        return CTC(from_logits=False).value(NUMPY, y, p), CTC(from_logits=False).slope(NUMPY, y, p)

    def by_torch(y, p):
        import losskit.torch as lt

        p = torch.tensor(p, requires_grad=True)
        value = lt.ctc_loss(p, torch.tensor(y), [len(p)], [len(y)], reduction="sum")
        return value.detach().numpy(), torch.autograd.grad(value, p)[0].numpy()

    def by_jax(y, p):
        return value_and_gradient_of_jax()(p, y)

    return [by_numpy, by_torch, by_jax] if dtype == np.float32 else [by_numpy, by_torch]


@pytest.mark.parametrize(
    ("dtype", "limit"),
    [(np.float32, 1e-5), pytest.param(np.float64, 2e-14, marks=pytest.mark.exhaustive)],
)
@pytest.mark.parametrize("kind", LONG)
def test_hundreds_of_frames(kind, dtype, limit):
    y, log_p, total, shares = long_sequence(kind, dtype)
    for way in ways_to_compute(dtype):
        value, slope = way(y, log_p)
        assert abs(mpf(float(value)) / -mp.log(total) - 1) < limit / 10
        assert slope.dtype == dtype
        kept = shares > 1e-30
        error = np.vectorize(lambda s, q: float(abs(mpf(float(s)) / -q - 1)))
        assert error(np.asarray(slope)[kept], shares[kept]).max() < limit, way.__name__
        np.testing.assert_allclose(np.asarray(slope)[~kept], 0.0, atol=1.1e-30)


def test_logits():
    # A frame that is nearly certain: p - q must not cancel.
    z = np.random.default_rng(0).normal(size=(1, 6, 4))
    z[0, 2, 1] += 40.0
    y = np.array([[1, 3]])
    peak = z.max(-1, keepdims=True)
    exact = np.vectorize(lambda x: mpf(float(x)))(z[0])
    p = np.vectorize(mp.exp)(exact)
    p = p / p.sum(-1, keepdims=True)
    total, shares = mpf(0), None
    log_p = z - peak - np.log(np.exp(z - peak).sum(-1, keepdims=True))
    assert np.exp(log_p[0, 2, 1]) == 1.0
    ways = [a for a in itertools.product(range(4), repeat=6) if said(a, 0) == (1, 3)]
    weights = [mp.fprod(p[t, k] for t, k in enumerate(a)) for a in ways]
    total, shares = sum(weights), np.full((6, 4), mpf(0))
    for way, weight in zip(ways, weights, strict=True):
        for t, k in enumerate(way):
            shares[t, k] += weight / total
    card = CTC(from_logits=True)
    np.testing.assert_allclose(card.value(NUMPY, y, z)[0], float(-mp.log(total)), rtol=2e-14)
    got, want = card.slope(NUMPY, y, z)[0], (p - shares).astype(float)
    np.testing.assert_allclose(got, want, rtol=1e-13)
    assert 0 < abs(want[2, 1]) < 1e-12


def test_slope_is_the_derivative_by_each_log_probability():
    rng = np.random.default_rng(2)
    y = padded([(1, 2, 2), (3, 3, 3), (1,), ()], 3)
    p = log_probabilities(rng, 4, 6, 4)
    for card in (CTC(from_logits=False), CTC(from_logits=True)):
        for t, k in itertools.product(range(6), range(4)):
            step = np.zeros_like(p)
            step[:, t, k] = 1e-5
            up, down = (card.value(NUMPY, y, p + s) for s in (step, -step))
            np.testing.assert_allclose(
                card.slope(NUMPY, y, p)[:, t, k], (up - down) / 2e-5, atol=1e-9
            )


def test_no_frames_and_no_labels():
    y = padded([(), (1,)], 1)
    nothing = np.zeros((2, 0, 3))
    assert CTC(from_logits=False).value(NUMPY, y, nothing).tolist() == [0.0, INF]
    assert CTC(from_logits=False).slope(NUMPY, y, nothing).shape == (2, 0, 3)
    p = log_probabilities(np.random.default_rng(0), 2, 4, 3)
    blanks = CTC(from_logits=False, blank=1).value(NUMPY, np.zeros((2, 0), int), p)
    np.testing.assert_allclose(blanks, -p[..., 1].sum(-1), rtol=1e-15)


def test_labels_that_are_none_give_nan():
    p = log_probabilities(np.random.default_rng(0), 4, 5, 3)
    y = np.array([[1, 3], [0, 1], [-1, 1], [2, -1]])  # out of range, the blank, after the end
    for got in (
        CTC(from_logits=False).value(NUMPY, y, p),
        CTC(from_logits=False).slope(NUMPY, y, p).sum((1, 2)),
    ):
        assert np.isnan(got).tolist() == [True, True, True, False]
    p[3, 0, 1] = NAN  # shown, though this class is not asked for
    assert np.isnan(CTC(from_logits=False).value(NUMPY, y, p)[3])
    with pytest.raises(TypeError, match="no derivative"):
        CTC(from_logits=False).target_slope(NUMPY, y, p)


def test_curve_of_logits():
    rng = np.random.default_rng(5)
    y, z = padded([(1, 2, 2), (3,), ()], 3), rng.normal(size=(3, 6, 4))
    frames = np.array([6.0, 4.0, 5.0])
    card = CTC()
    got = card.curve(NUMPY, y, z, frames)
    for t, k in itertools.product(range(6), range(4)):
        step = np.zeros_like(z)
        step[:, t, k] = 1e-5
        up, down = (card.slope(NUMPY, y, z + s, frames)[:, t, k] for s in (step, -step))
        np.testing.assert_allclose(got[:, t, k], (up - down) / 2e-5, atol=1e-9)


# --- every face ---------------------------------------------------------------------------------


def by_torch(y, z, frames, **how):
    z = torch.tensor(z, requires_grad=True)
    found = lt.ctc(z, torch.tensor(y), frames=torch.tensor(frames), reduction="none", **how)
    kept = found if how.get("mask") is None else found[how["mask"]]
    return found.detach().numpy(), torch.autograd.grad(kept.sum(), z)[0].numpy()


def by_jax(y, z, frames, mask=None):
    def total(z):
        found = lj.ctc(z, y, frames=frames, where=mask)
        return found.sum(), found

    (_, found), slope = jax.value_and_grad(total, has_aux=True)(z)
    return np.asarray(found), np.asarray(slope)


@pytest.mark.parametrize("way", [by_torch, by_jax])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_frames_are_given_by_name(way, dtype):
    """What lies behind the frames there are touches nothing, on every face."""
    rng = np.random.default_rng(6)
    y = np.array([[1, 2], [3, 0], [2, 2], [0, 0]])
    z = rng.normal(size=(4, 6, 4)).astype(dtype)
    frames = np.array([6, 2, 3, 0])
    loss = losskit.CTC(reduction="none")
    cut = [loss(y[i : i + 1], z[i : i + 1, :n])[0] for i, n in enumerate(frames) if n]
    for i, n in enumerate(frames):
        z[i, n:] = NAN
    want, slope = loss.value_and_gradient(y, z, frames=frames)
    np.testing.assert_allclose(want, [*cut, 0.0], rtol=1e-6)
    for i, n in enumerate(frames):
        assert not slope[i, n:].any()
        assert not loss.curvature(y, z, frames=frames)[i, n:].any()
    if dtype == np.float64 and way is by_jax:
        return
    got = way(y, z, frames)
    np.testing.assert_allclose(got[0], want, rtol=1e-6)
    np.testing.assert_allclose(got[1], slope, rtol=2e-5, atol=1e-7)
    z[0] = NAN  # left out
    mask = np.array([False, True, True, True])
    given = torch.tensor(mask) if way is by_torch else mask
    got = way(y, z, frames, mask=given)
    np.testing.assert_allclose(got[0], np.where(mask, want, 0.0), rtol=1e-6)
    np.testing.assert_allclose(
        got[1], np.where(mask[:, None, None], slope, 0.0), rtol=2e-5, atol=1e-7
    )


def test_parts_with_frames_add_up():
    rng = np.random.default_rng(7)
    y, z = rng.integers(1, 4, (4, 2)), rng.normal(size=(4, 6, 4)).astype(np.float32)
    frames = np.array([6, 5, 4, 6])
    loss = losskit.CTC()
    want = loss(y, z, frames=frames)
    halves = [loss.parts(y[i], z[i], frames=frames[i]) for i in (slice(2), slice(2, 4))]
    assert loss.combine(*loss.merge(*halves)) == pytest.approx(want)
    module = lt.CTC()
    tensors = [[torch.tensor(x[i]) for x in (z, y)] for i in (slice(2), slice(2, 4))]
    of = [torch.tensor(frames[:2]), torch.tensor(frames[2:])]
    halves = [module.parts(*x, frames=n) for x, n in zip(tensors, of, strict=True)]
    assert float(module.combine(*module.merge(*halves))) == pytest.approx(float(want))
    halves = [lj.parts("ctc", z[i], y[i], frames=frames[i]) for i in (slice(2), slice(2, 4))]
    assert float(lj.combine("ctc", *lj.merge("ctc", *halves))) == pytest.approx(float(want))


REFUSED = [
    ({"frames": [7]}, "frames must be whole, from 0 to 6, the length of y_pred along it, got 7"),
    ({"frames": [2.5]}, "frames must be whole"),
    ({"frames": [3, 3]}, r"frames must .* have the shape of the items \(1,\)"),
    ({"y_true": [[1, 0, 2]]}, r"label 2 \(sequence 0, place 2\) comes behind the end"),
    ({"y_true": [[1, -1, 2]]}, "comes behind the end"),
    ({"y_true": [[1, 4]]}, r"label 4 \(sequence 0, place 1\) is out of range"),
    ({"y_true": [[1.5]]}, "fractional"),
    ({"y_true": [1]}, "y_true must have the shape"),
    ({"blank": 4}, "blank must be one of the 4 classes, got 4"),
    ({"lengths": [6]}, "does not take lengths"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_refused(change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        losskit.ctc(**{"y_true": [[1, 2]], "y_pred": np.zeros((1, 6, 4)), **change})
