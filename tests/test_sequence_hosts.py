"""CTC under PyTorch's and optax's names, against their own."""

import importlib
import itertools
import unittest

import numpy as np
import pytest
from alignments import padded, said
from truth import mpf as _sixty_digits  # noqa: F401  (sets the number of digits)

import losskit
from losskit.core.namespaces.numpy import NUMPY
from losskit.losses.sequence import CTC

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = jax.numpy
import losskit.jax as lj  # noqa: E402
import losskit.torch as lt  # noqa: E402

NAN, INF = float("nan"), float("inf")

# --- PyTorch ------------------------------------------------------------------------------------


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
