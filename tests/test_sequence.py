"""CTC: against all alignments in 60 digits, PyTorch's and optax's own, and its faces together."""

import importlib
import itertools
import unittest
from functools import cache

import numpy as np
import pytest
from mpmath import mp, mpf
from truth import mpf as _sixty_digits  # noqa: F401  (sets the number of digits)

import losskit
from losskit.core.namespaces.numpy import NUMPY
from losskit.engine.formulas import Formulas
from losskit.losses.sequence import CTC

NAN, INF = float("nan"), float("inf")


# --- truth --------------------------------------------------------------------------------------


def said(alignment, blank):
    """The labels of an alignment: repetitions are one, blanks are none."""
    return tuple(k for k, _ in itertools.groupby(alignment) if k != blank)


def by_alignments(log_p, labels, blank):
    """The probability of the labels, and of each class in each frame given them."""
    frames, classes = log_p.shape
    p = [[mp.exp(mpf(float(x))) for x in row] for row in log_p]
    total, shares = mpf(0), np.full(log_p.shape, mpf(0))
    for alignment in itertools.product(range(classes), repeat=frames):
        if said(alignment, blank) == tuple(labels):
            way = mp.fprod(p[t][k] for t, k in enumerate(alignment))
            total += way
            for t, k in enumerate(alignment):
                shares[t, k] += way
    return total, shares / total if total else shares


def by_recursion(log_p, labels, blank):
    """The same for many frames: the product of what leads to a place and what leads on from it."""
    p = [[mp.exp(mpf(float(x))) for x in row] for row in log_p]
    places = [blank]
    for label in labels:
        places += [label, blank]

    def ways(p, places):
        now, before = [mpf(0)] * len(places), []
        now[0] = mpf(1)
        for row in p:
            come = [
                now[s]
                + (now[s - 1] if s else 0)
                + (now[s - 2] if s > 1 and places[s] != places[s - 2] else 0)
                for s in range(len(places))
            ]
            before.append(come)
            now = [come[s] * row[k] for s, k in enumerate(places)]
        return sum(now[-2:]), before

    total, ahead = ways(p, places)
    _, back = ways(p[::-1], places[::-1])
    shares = np.full(log_p.shape, mpf(0))
    for t, row in enumerate(p):
        for s, k in enumerate(places):
            shares[t, k] += ahead[t][s] * row[k] * back[-1 - t][-1 - s] / total
    return total, shares


def log_probabilities(rng, *shape, scale=1.0, dtype=np.float64):
    z = scale * rng.normal(size=shape)
    z = z - z.max(-1, keepdims=True)
    return (z - np.log(np.exp(z).sum(-1, keepdims=True))).astype(dtype)


def padded(rows, length):
    return np.array([[*row, *[-1] * (length - len(row))] for row in rows]).reshape(-1, length)


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
    jax = pytest.importorskip("jax")
    from losskit.jax import derivatives
    from losskit.jax.framework import JAX

    by = Formulas(CTC(from_logits=False), JAX.vocabulary("float32"), JAX)
    return jax.jit(jax.value_and_grad(lambda p, y: derivatives.apply(by, None, y, p)))


def ways_to_compute(dtype):
    """The value and the slope of one sequence, by every implementation for that dtype."""

    def by_numpy(y, p):
        return CTC(from_logits=False).value(NUMPY, y, p), CTC(from_logits=False).slope(NUMPY, y, p)

    def by_torch(y, p):
        torch = pytest.importorskip("torch")
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


# --- PyTorch ------------------------------------------------------------------------------------

torch = pytest.importorskip("torch")
import losskit.torch as lt  # noqa: E402


def torch_batches():
    """(log-probabilities' shape, lengths, blank, rows of labels)."""
    rng = np.random.default_rng(3)
    for blank, classes in ((0, 5), (4, 5), (1, 2)):
        labels = [k for k in range(classes) if k != blank]
        frames = rng.integers(1, 13, 8)
        frames[:3] = 12
        lengths = np.minimum(rng.integers(0, 7, 8), frames)
        lengths[0], lengths[1], frames[2], lengths[2] = 0, 6, 6, 6  # none; and as many as frames
        frames[3], lengths[3] = 2, 5  # too many
        yield classes, frames, blank, [rng.choice(labels, n) for n in lengths]


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_without_an_alignment_on_every_face(zero_infinity):
    y, z = np.array([[1, 1, 2], [1, -1, -1]]), np.random.default_rng(0).normal(size=(2, 3, 3))
    options = {"zero_infinity": zero_infinity, "reduction": "none"}
    want = losskit.ctc(y, z, **options)
    assert want[0] == (0.0 if zero_infinity else INF)
    assert np.isfinite(want[1])
    assert want[1] > 0
    gradient = losskit.CTC(zero_infinity=zero_infinity).value_and_gradient(y, z)[1]
    assert not gradient[0].any()
    for dtype in (torch.float32, torch.float64):
        p = torch.tensor(z, dtype=dtype, requires_grad=True)
        got = lt.ctc(p, torch.tensor(y), **options)
        np.testing.assert_allclose(got.detach(), want, rtol=1e-6)
        np.testing.assert_allclose(torch.autograd.grad(got[1], p)[0][1], 2 * gradient[1], rtol=1e-5)
    np.testing.assert_allclose(lj.ctc(z.astype(np.float32), y, **options), want, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("batch", list(torch_batches()), ids=["first", "last", "binary"])
def test_values_and_logit_gradients_are_pytorchs(batch, zero_infinity, dtype):
    classes, frames, blank, rows = batch
    torch.manual_seed(0)
    z = torch.randn(12, len(rows), classes, dtype=dtype, requires_grad=True)
    lengths = [len(row) for row in rows]
    table = torch.tensor(padded(rows, 7)).clamp(min=0)
    joined = torch.tensor(np.concatenate(rows), dtype=torch.int32)
    for reduction in ("mean", "sum", "none"):
        options = {"blank": blank, "reduction": reduction, "zero_infinity": zero_infinity}
        reference = torch.nn.CTCLoss(**options)(
            z.double().log_softmax(-1), table, tuple(frames), tuple(lengths)
        )
        assert zero_infinity or bool(reference.isinf().any())
        weights = torch.linspace(1, 2, reference.numel(), dtype=dtype).reshape(reference.shape)
        for targets, of in ((table, tuple), (joined, torch.tensor), (table.int(), list)):
            got = lt.CTCLoss(**options)(
                z.log_softmax(-1), targets, of(frames.tolist()), of(lengths)
            )
            assert got.dtype == dtype
            torch.testing.assert_close(got.double(), reference, rtol=1e-6, atol=1e-6)
            if zero_infinity:  # else PyTorch's gradient is NaN
                ours, theirs = (
                    torch.autograd.grad((x * weights).sum(), z, retain_graph=True)[0]
                    for x in (got, reference)
                )
                torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_one_sequence_and_half_precision():
    torch.manual_seed(0)
    p = torch.randn(9, 4).log_softmax(-1)
    y = torch.tensor([1, 2, 2])
    want = torch.nn.functional.ctc_loss(p, y, (8,), (3,), reduction="none")
    for lengths in (((8,), (3,)), (torch.tensor(8), torch.tensor(3)), ([8], torch.tensor([3]))):
        got = lt.ctc_loss(p, y, *lengths, reduction="none")
        assert got.shape == want.shape == ()
        torch.testing.assert_close(got, want)
    for dtype, tolerance in ((torch.float16, 1e-3), (torch.bfloat16, 8e-3)):
        low = p.to(dtype).requires_grad_()
        got = lt.ctc_loss(low, y, (8,), (3,))
        assert got.dtype == dtype
        wide = low.detach().float().requires_grad_()
        want = lt.ctc_loss(wide, y, (8,), (3,))
        torch.testing.assert_close(got.float(), want, rtol=tolerance, atol=0)
        ours, theirs = torch.autograd.grad(got, low)[0], torch.autograd.grad(want, wide)[0]
        torch.testing.assert_close(ours.float(), theirs, rtol=tolerance, atol=1e-7)


def small(dtype=torch.float64):
    """A batch of losses as a function, and log-probabilities for it."""
    torch.manual_seed(1)
    p = torch.randn(5, 3, 3, dtype=torch.float64).log_softmax(-1).to(dtype).requires_grad_()
    y = torch.tensor([[1, 1], [2, 1], [0, 0]])

    def losses(p):
        return lt.ctc_loss(p, y, (5, 4, 3), (2, 1, 0), reduction="none")

    return losses, p


def test_every_derivative():
    losses, p = small()
    assert torch.autograd.gradcheck(losses, p, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(losses, p)
    whole = torch.func.hessian(lambda p: losses(p).sum())(p.detach())
    by_item = torch.func.vmap(torch.func.grad(lambda p: losses(p).sum()))(torch.stack([p, p]))
    torch.testing.assert_close(by_item[1], torch.autograd.grad(losses(p).sum(), p)[0])
    # In float32 value and gradient come by PyTorch's recursion, the second derivative as above.
    _, low = small(torch.float32)
    (slope,) = torch.autograd.grad(losses(low).sum(), low, create_graph=True)
    torch.testing.assert_close(slope.double(), by_item[0], rtol=1e-5, atol=1e-6)
    (quick,) = torch.autograd.grad(losses(low).sum(), low)
    torch.testing.assert_close(quick, slope.detach())
    direction = torch.ones_like(low)
    (bent,) = torch.autograd.grad((slope * direction).sum(), low)
    want = torch.tensordot(whole, direction.double(), 3)
    torch.testing.assert_close(bent.double(), want, rtol=1e-4, atol=1e-5)


def test_equal_alignments_have_every_derivative():
    # All log-probabilities equal: at each step two ways are equally probable.
    losses, p = small()
    same = torch.full_like(p, -1.0).requires_grad_()
    assert torch.autograd.gradcheck(losses, same)
    assert torch.autograd.gradgradcheck(losses, same)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_ruled_out(dtype):
    torch.manual_seed(0)
    p = torch.randn(6, 4, 4).to(dtype).log_softmax(-1)
    p[:, 0, 1] = -INF  # the label: impossible
    p[2, 1, 1:] = -INF  # all but the blank
    p[3:, 2] = NAN  # frames that are not there
    p[0, 3] = -INF  # a frame without any class
    p.requires_grad_()
    y = torch.tensor([[1, 2]] * 4)

    def losses(p):
        return lt.ctc_loss(p, y, (6, 6, 3, 6), (2, 2, 2, 2), reduction="none")

    got = losses(p)
    assert got.isinf().tolist() == [True, False, False, True]
    assert bool(got[1:3].isfinite().all())
    (slope,) = torch.autograd.grad(got.sum(), p, create_graph=True)
    assert not slope[:, 0].any()
    assert not slope[3:, 2].any()
    assert not slope[2, 1, 1:].any()
    torch.testing.assert_close(slope[:, 1].sum(-1), -torch.ones(6, dtype=dtype))
    (bent,) = torch.autograd.grad(slope.square().sum(), p)
    assert bool(bent.isfinite().all())
    (first,) = torch.autograd.grad(losses(p).sum(), p)
    torch.testing.assert_close(first, slope.detach())


def test_positive_numbers_are_no_obstacle():
    # Not log-probabilities, but sums are sums: the gradient is still the one by what is given.
    _, p = small(torch.float32)
    high = (p.detach() + torch.tensor([0.0, 90.0, 2000.0])[:, None]).requires_grad_()
    losses, _ = small()
    ours, theirs = (torch.autograd.grad(losses(x).sum(), x)[0] for x in (high, high.double()))
    torch.testing.assert_close(ours, theirs.float(), rtol=1e-5, atol=1e-7)


def test_nan_where_nothing_can_be_raised():
    p = torch.randn(4, 2, 3).log_softmax(-1)
    y = torch.tensor([[[1, 3], [1, 2]], [[1, 2], [0, 1]]])
    each = torch.func.vmap(lambda y: lt.ctc_loss(p, y, (4, 4), (2, 2), reduction="none"))(y)
    assert each.isnan().tolist() == [[True, False], [False, True]]


TORCH_ERRORS = [
    ({"targets": [[1, 3]]}, "label 3 .sequence 0, place 1. is out of range"),
    ({"targets": [[-1, 1]]}, "label -1 .* out of range"),
    ({"targets": [[1, 0]]}, "is the blank"),
    ({"targets": [1, 2, 1]}, "one after the other"),
    ({"targets": [[1, 2], [1, 2]]}, "one row for each"),
    ({"targets": [[1.0, 2.0]]}, "targets holds torch.float32, expected integers"),
    ({"input_lengths": (6,)}, "input_lengths must be whole, from 0 to 5"),
    ({"target_lengths": (3,)}, "target_lengths must be whole, from 0 to 2"),
    ({"target_lengths": (-1,)}, "target_lengths must be whole, from 0 to 2"),
    ({"input_lengths": (5, 5)}, "one length for each"),
    ({"input_lengths": (5.0,)}, "expected integers"),
    ({"blank": 3}, "blank must be one of the 3 classes"),
    ({"reduction": "batchmean"}, "reduction"),
    ({"log_probs": torch.zeros(5)}, "log_probs must have the shape"),
    ({"log_probs": torch.zeros(5, 1, 3, dtype=torch.int32)}, "floating-point"),
    ({"log_probs": [[0.0]]}, "log_probs must be a tensor"),
]


@pytest.mark.parametrize(("change", "message"), TORCH_ERRORS)
def test_torch_refuses(change, message):
    arguments = {
        "log_probs": torch.zeros(5, 1, 3), "targets": [[1, 2]], "input_lengths": (5,),
        "target_lengths": (2,), **change,
    }  # fmt: skip
    arguments["targets"] = torch.tensor(arguments["targets"])
    with pytest.raises((TypeError, ValueError), match=message):
        lt.ctc_loss(**arguments)


# --- JAX ----------------------------------------------------------------------------------------

jax = pytest.importorskip("jax")
jnp = jax.numpy
import losskit.jax as lj  # noqa: E402


def jax_batch():
    rng = np.random.default_rng(4)
    z = rng.normal(size=(4, 9, 5)).astype(np.float32)
    y = np.array([[1, 2, 3], [2, 2, 2], [4, 1, 0], [0, 0, 0]])
    no_frame, no_label = np.zeros((4, 9)), y == 0
    no_frame[0, [3, 5]] = no_frame[1, 1:3] = no_frame[2, 6:] = no_frame[3, :2] = 1
    return z, no_frame, y, no_label.astype(float)


@jax.jit
def everything(z, no_frame, y, no_label, along):
    """Losses, forward probabilities, the gradient of the sum, and its derivative along some z."""

    def total(z):
        losses, *ways = lj.ctc_loss_with_forward_probs(z, no_frame, y, no_label)
        return losses.sum(), (losses, *ways)

    return jax.jvp(jax.grad(total, has_aux=True), (z,), (along,), has_aux=False)


def of_batch(*batch, along=None):
    along = np.ones_like(batch[0]) if along is None else along
    (gradient, (losses, *ways)), (bent, _) = everything(*batch, along)
    return [np.asarray(x) for x in (losses, gradient, bent, *ways)]


def test_frames_may_lack_anywhere():
    z, no_frame, y, no_label = jax_batch()
    z = np.where(no_frame[..., None] > 0, NAN, z)
    along = np.random.default_rng(0).normal(size=z.shape).astype(np.float32)
    losses, gradient, bent, *_ = of_batch(z, no_frame, y, no_label, along=along)
    card = CTC(from_logits=True)
    for i in range(4):
        frames, labels = no_frame[i] == 0, y[i, no_label[i] == 0]
        logits = torch.tensor(z[i, frames], requires_grad=True)
        want = lt.ctc_loss(
            logits.log_softmax(-1), torch.tensor(labels), [len(logits)], [len(labels)],
            reduction="sum",
        )  # fmt: skip
        want.backward()
        np.testing.assert_allclose(losses[i], want.item(), rtol=1e-6)
        np.testing.assert_allclose(gradient[i, frames], logits.grad, rtol=1e-4, atol=1e-6)
        assert not gradient[i, ~frames].any()
        wide, step = z[i, frames].astype(float), 1e-4 * along[i, frames]
        up, down = (card.slope(NUMPY, labels[None], (wide + s)[None]) for s in (step, -step))
        np.testing.assert_allclose(bent[i, frames], (up - down)[0] / 2e-4, atol=5e-6)
        assert not bent[i, ~frames].any()


def test_forward_probabilities():
    z, no_frame, y, no_label = jax_batch()
    losses, _, _, blank, label = of_batch(z, no_frame, y, no_label)
    assert blank.shape == (9, 4, 4)
    assert label.shape == (9, 4, 3)
    lengths = (no_label == 0).sum(1)
    np.testing.assert_allclose(-blank[-1, np.arange(4), lengths], losses, rtol=1e-6)
    assert np.isneginf(label[:, 3]).all()
    assert np.isneginf(blank[:, 3, 1:]).all()
    np.testing.assert_array_equal(label[3, 0], label[2, 0])  # a frame that is not there
    assert blank[1, 3].tolist() == [0.0, -INF, -INF, -INF]  # none there yet
    log_p = np.asarray(jax.nn.log_softmax(z[2]), np.float64)
    for last, got in ((4, label[3, 2, 0]), (0, blank[3, 2, 1])):
        ways = (a for a in itertools.product(range(5), repeat=4) if said(a, 0) == (4,))
        want = sum(np.exp(log_p[range(4), a].sum()) for a in ways if a[-1] == last)
        np.testing.assert_allclose(np.exp(got), want, rtol=1e-5)


def test_impossible_under_jax():
    z, no_frame, y, no_label = jax_batch()
    z[0, :, 3] = -INF
    z[2, 0, 1:] = -INF
    no_frame[1, :6] = 1
    losses, gradient, bent, _, label = of_batch(z, no_frame, y, no_label)
    assert np.isinf(losses).tolist() == [True, True, False, False]
    assert np.isfinite(gradient).all()
    assert not gradient[:2].any()
    assert gradient[2:].any()
    assert np.isfinite(bent).all()
    assert np.isneginf(label[:, 0, 2]).all()


def test_one_at_a_time_under_vmap():
    batch = jax_batch()

    @jax.jit
    @jax.vmap
    def each(*one):
        return lj.ctc_loss(*(x[None] for x in one))[0]

    np.testing.assert_allclose(each(*batch), of_batch(*batch)[0], rtol=1e-6)
    low = jax.jit(lj.ctc_loss)(jnp.asarray(batch[0], jnp.bfloat16), *batch[1:])
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(np.float32), of_batch(*batch)[0], rtol=0.02)


def test_jax_refuses_or_gives_nan():
    z, no_frame, y, no_label = jax_batch()
    for place, wrong, message in (
        ((0, 1), 9, "label 9 .sequence 0, place 1. is out of range"),
        ((1, 0), 0, "is the blank"),
    ):
        changed = y.copy()
        changed[place] = wrong
        with pytest.raises(ValueError, match=message):
            lj.ctc_loss(z, no_frame, changed, no_label)
        losses, gradient, *_ = of_batch(z, no_frame, changed, no_label)
        assert np.isnan(losses).tolist() == [i == place[0] for i in range(4)]
        assert np.isnan(gradient).any((1, 2)).tolist() == np.isnan(losses).tolist()
    later = no_label.copy()
    later[0] = [0, 1, 0]
    with pytest.raises(ValueError, match="label after padding"):
        lj.ctc_loss(z, no_frame, y, later)
    assert np.isnan(of_batch(z, no_frame, y, later)[0][0])
    with pytest.raises(ValueError, match="blank_id must be one of the 5 classes"):
        lj.ctc_loss(z, no_frame, y, no_label, blank_id=5)
    with pytest.raises(ValueError, match="must have the shape"):
        lj.ctc_loss(z, no_frame[:, 1:], y, no_label)
    with pytest.raises(TypeError, match="floating-point"):
        lj.ctc_loss(z.astype(int), no_frame, y, no_label)


def test_what_optax_asks_of_its_own(monkeypatch):
    suite = importlib.import_module("optax.losses._classification_test")
    monkeypatch.setattr(suite, "_classification", lj)
    done = unittest.TestResult()
    suite.CTCTest("test_repeat_with_one_to_one_alignment").run(done)
    assert done.testsRun
    assert done.wasSuccessful(), [text for _, text in done.failures + done.errors]
