"""Gradients of `losskit.torch` where PyTorch asks for more: edits in place, checkpoints, second
derivatives, infinities, weights that cancel; and what cannot be raised is NaN."""

import grid
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.utils.checkpoint import checkpoint  # noqa: E402

import losskit.torch as lt  # noqa: E402
from losskit.torch import derivatives  # noqa: E402
from losskit.torch.own import CLASSES  # noqa: E402

F = torch.nn.functional
NINF = -float("inf")
USUAL = [card for card in grid.settings() if grid.is_usual(card)]


@pytest.fixture(params=["kernels", "operations"])
def way(request, monkeypatch):
    if request.param == "operations":
        monkeypatch.setattr(derivatives, "reachable", lambda *_: False)
    return request.param


def module_of(card):
    made = CLASSES[type(card).__name__](**card.parameters())
    made.card = card  # packed, where it takes several predictions
    return made


def tensors(card, dtype=np.float32):
    y, p = (torch.from_numpy(np.array(x)) for x in grid.inputs(card, dtype))
    return y, p.requires_grad_()


# --- edits in place ------------------------------------------------------------------------------

EDITED = {
    "cross_entropy": lt.cross_entropy,
    "sum": lambda z, t: lt.cross_entropy(z, t, reduction="sum"),
    "none": lambda z, t: lt.cross_entropy(z, t, reduction="none").square().sum(),
    "class weights": lambda z, t: lt.cross_entropy(z, t, torch.arange(1.0, 6.0)),
    "nll_loss": lt.nll_loss,
    "kl_div": lambda z, t: lt.kl_div(z, torch.full_like(z, 0.2), reduction="batchmean"),
    "huber": lambda z, t: lt.huber(z, torch.zeros_like(z)),
    "multi_margin": lt.multi_margin_loss,
}


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_after_the_call_changes_no_gradient(name, way):
    loss = EDITED[name]
    z, t = torch.randn(6, 5, requires_grad=True), torch.arange(6) % 5
    (want,) = torch.autograd.grad(loss(z, t), z)
    assert want.any()
    value = loss(z, t)
    with torch.no_grad():
        z[:, 2] = -1e9
    (got,) = torch.autograd.grad(value, z)
    assert torch.equal(got, want)


@pytest.mark.parametrize("loss", [lt.cross_entropy, lt.multi_margin_loss])
def test_an_edit_is_seen_where_a_second_derivative_needs_it(loss, way):
    z, t = torch.randn(6, 5, requires_grad=True), torch.arange(6) % 5
    value = loss(z, t)
    with torch.no_grad():
        z[:, 2] = -1e9
    if way == "operations" and loss is lt.cross_entropy:
        return  # what is ignored has been left out of a copy
    with pytest.raises(RuntimeError, match="inplace"):
        torch.autograd.grad(value, z, create_graph=True)


def test_a_graph_is_gone_after_its_backward_pass(way):
    z = torch.randn(6, 5, requires_grad=True)
    loss = lt.multi_margin_loss(z, torch.arange(6) % 5)
    loss.backward()
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


# --- checkpoints ---------------------------------------------------------------------------------


@pytest.mark.parametrize("card", USUAL, ids=repr)
def test_checkpointing_keeps_nothing(card, way):
    y, p = tensors(card)
    module = module_of(card)
    (want,) = torch.autograd.grad(module(2 * p, y) if _free(card) else module(1 * p, y), p)
    packed = []

    def pack(x):
        packed.append(x)
        return len(packed) - 1

    factor = 2 if _free(card) else 1
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda i: packed[i]):
        value = module(factor * p, y)
    nodes = [value.grad_fn]
    for node in nodes:
        nodes += [parent for parent, _ in node.next_functions if parent is not None]
        kept = [getattr(node, name, None) for name in ("gradient", "slopes")]
        assert kept == [None, None]
    assert packed
    (got,) = torch.autograd.grad(value, p)
    torch.testing.assert_close(got, want, rtol=0, atol=0)
    value = checkpoint(lambda x: module(factor * x, y), p, use_reentrant=False)
    (got,) = torch.autograd.grad(value, p)
    torch.testing.assert_close(got, want, rtol=0, atol=0)


def _free(card):
    """Whether predictions may be doubled."""
    return not np.isfinite(card.prediction.high)


# --- second derivatives --------------------------------------------------------------------------


@pytest.mark.parametrize("card", USUAL, ids=repr)
def test_second_derivatives_of_every_mode(card):
    y, p = tensors(card, np.float64)
    p = p.detach()
    module = module_of(card)
    torch.manual_seed(0)
    v = torch.randn_like(p)
    if card.prediction.high == 1.0:
        v = v * p * (1 - p)  # stays inside
    step = 1e-6

    def slope(x):
        return torch.func.grad(lambda x: module(x, y))(x)

    numeric = (slope(p + step * v) - slope(p - step * v)) / (2 * step)
    x = p.clone().requires_grad_()
    (first,) = torch.autograd.grad(module(x, y), x, create_graph=True)
    ways = {
        "double backward": torch.autograd.grad(first, x, v, allow_unused=True)[0]
        if first.requires_grad
        else None,
        "forward over reverse": torch.func.jvp(slope, (p,), (v,))[1],
        "reverse over reverse": torch.func.vjp(slope, p)[1](v)[0],
        "reverse over forward": torch.func.grad(
            lambda x: torch.func.jvp(lambda x: module(x, y), (x,), (v,))[1]
        )(p),
    }
    size = numeric.abs().max()
    for name, got in ways.items():
        got = torch.zeros_like(p) if got is None and size < 1e-9 else got
        assert got is not None, name
        torch.testing.assert_close(got, numeric, rtol=1e-4, atol=max(1e-6 * size.item(), 1e-9))


# --- infinities ----------------------------------------------------------------------------------


def r_drop(z1, z2):
    p, q = z1.log_softmax(-1), z2.log_softmax(-1)
    return lt.kl_div(p, q.exp(), reduction="sum") + lt.kl_div(q, p.exp(), reduction="sum")


def test_r_drop_with_a_class_ruled_out_in_both():
    z1, z2 = torch.tensor([[NINF, 0.5, 1.0, -2.0]]), torch.tensor([[NINF, 0.1, -1.0, 1.0]])
    rest = [z[:, 1:].clone().requires_grad_() for z in (z1, z2)]
    want = torch.autograd.grad(r_drop(*rest), rest)
    whole = [z.clone().requires_grad_() for z in (z1, z2)]
    eager = torch.autograd.grad(r_drop(*whole), whole)
    for got in (eager, torch.func.grad(r_drop, (0, 1))(z1, z2)):
        for part, wanted in zip(got, want, strict=True):
            assert part[0, 0] == 0
            torch.testing.assert_close(part[:, 1:], wanted, rtol=1e-5, atol=1e-6)


def test_tangents_of_what_is_ruled_out():
    z, y = torch.tensor([[NINF, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    half = float(np.log(2.0))

    def loss(z, y):
        return lt.cross_entropy(z, y, reduction="sum")

    def rate(dz, dy):
        tangents = torch.tensor([dz]), torch.tensor([dy])
        return torch.func.jvp(loss, (z, y), tangents)[1].item()

    assert rate([5.0, 1.0, 0.0], [0.0, 0.0, 0.0]) == pytest.approx(-0.5)
    assert rate([0.0, 0.0, 0.0], [0.0, 1.0, 2.0]) == pytest.approx(3 * half)
    assert rate([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]) == float("inf")
    # Backwards it is finite: what comes next may multiply it by 0.
    for jacobian, by_first in ((torch.func.jacfwd, np.inf), (torch.func.jacrev, 2.0**100)):
        by_y = jacobian(loss, 1)(z, y).numpy()
        np.testing.assert_allclose(by_y, [[by_first, half, half]], rtol=1e-6)
        got = jacobian(loss, 0)(z, y).numpy()
        np.testing.assert_allclose(got, [[0.0, -0.5, 0.5]], rtol=1e-6)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_softmax_as_the_target_of_a_class_ruled_out_in_both(reduction):
    """0 * inf: the softmax multiplies the infinite slope by its own 0."""
    z = torch.tensor([[0.5, 1.5, NINF], [1.0, -1.0, 0.25]])
    w = torch.tensor([[1.0, 0.25, NINF], [0.5, 2.0, 0.0]], requires_grad=True)
    items = lt.cross_entropy(z, w.softmax(-1), reduction=reduction)
    (got,) = torch.autograd.grad(items.sum(), w)
    q = w.detach().double().softmax(-1)
    log_p = z.double().log_softmax(-1).nan_to_num(neginf=0.0)
    want = -q * (log_p - (q * log_p).sum(-1, keepdim=True))
    torch.testing.assert_close(got, want.float(), rtol=1e-5, atol=0.0)


def test_an_upstream_zero_wins_over_an_infinite_slope(way):
    # exp(200) has no float32: the second item is infinite, and so is its slope
    z = torch.tensor([1.0, 200.0], requires_grad=True)
    items = lt.poisson_nll_loss(z, torch.tensor([1.0, 2.0]), reduction="none")
    (got,) = torch.autograd.grad(items, z, torch.tensor([3.0, 0.0]))
    np.testing.assert_allclose(got.numpy(), [3 * (np.e - 1), 0.0], rtol=1e-6)
    total = lt.poisson_nll_loss(z, torch.tensor([1.0, 2.0]), reduction="sum")
    (got,) = torch.autograd.grad(total, z, torch.tensor(0.0))
    assert not got.any()


# --- out of the domain ---------------------------------------------------------------------------

SIGN = torch.tensor([0.3, 1.0])
OUTSIDE = {
    "logits": (lt.binary_cross_entropy_with_logits, SIGN, torch.tensor([3.0, 1.0])),
    "pos_weight": (
        lambda p, y: lt.binary_cross_entropy_with_logits(p, y, pos_weight=torch.tensor([2.0])),
        SIGN,
        torch.tensor([3.0, 1.0]),
    ),
    "probabilities": (lt.binary_cross_entropy, SIGN, torch.tensor([-0.2, 1.0])),
    "prediction": (lt.binary_cross_entropy, torch.tensor([1.3, 0.5]), SIGN),
    "hinge": (lt.hinge, SIGN, torch.tensor([0.3, 1.0])),
    "ranking": (
        lambda p, y: lt.margin_ranking_loss(p, 2 * p, y),
        SIGN,
        torch.tensor([0.3, 1.0]),
    ),
    "cosine": (
        lambda p, y: lt.cosine_embedding_loss(p, p + 1, y),
        torch.randn(2, 3),
        torch.tensor([2.0, 1.0]),
    ),
    "shares": (
        lt.cross_entropy,
        torch.tensor([[0.1, 0.2], [0.0, 1.0]]),
        torch.tensor([[-1.0, 1.0], [0.0, 1.0]]),
    ),
    "weighted shares": (
        lambda p, y: lt.cross_entropy(p, y, torch.tensor([1.0, 2.0])),
        torch.tensor([[0.1, 0.2], [0.0, 1.0]]),
        torch.tensor([[-1.0, 1.0], [0.0, 1.0]]),
    ),
    "smoothed labels": (
        lambda p, y: lt.cross_entropy(p, y, torch.tensor([1.0, 2.0]), label_smoothing=0.1),
        torch.tensor([[0.1, 0.2], [0.0, 1.0]]),
        torch.tensor([2, 1]),
    ),
    "log targets": (
        lambda p, y: lt.kl_div(p, y, log_target=True, reduction="sum"),
        -SIGN,
        torch.tensor([1.5, -0.1]),
    ),
    "variance": (
        lambda p, y: lt.gaussian_nll_loss(p, y, torch.tensor([-1.0, 1.0])),
        SIGN,
        SIGN,
    ),
    "negative target": (lt.mean_squared_logarithmic_error, SIGN, torch.tensor([-5.0, 1.0])),
    "negative count": (lt.poisson_nll_loss, SIGN, torch.tensor([-5.0, 1.0])),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_out_of_its_domain_is_nan_where_nothing_can_be_raised(name, monkeypatch):
    loss, p, y = OUTSIDE[name]
    with pytest.raises(ValueError, match=r"must|label"):
        loss(p, y)
    ways = {
        "grad": lambda p: torch.func.grad_and_value(lambda p: loss(p, y))(p)[::-1],
        "vmap": lambda p: [
            torch.func.vmap(f)(p[None])[0]
            for f in (lambda p: loss(p, y), torch.func.grad(lambda p: loss(p, y)))
        ],
    }
    for of in ways.values():
        value, gradient = of(p)
        assert value.isnan()
        assert gradient[0].isnan().any()
        assert gradient[1].isfinite().all() or name == "cosine"
    monkeypatch.setattr(derivatives, "reachable", lambda *_: False)
    x = p.clone().requires_grad_()
    value = loss(x, y)
    (gradient,) = torch.autograd.grad(value, x)
    assert value.isnan()
    assert gradient[0].isnan().any()
    assert gradient[1].isfinite().all()


def test_what_does_not_count_may_lie_anywhere():
    p, y = torch.tensor([0.3, 0.9]), torch.tensor([3.0, 1.0])
    mask = torch.tensor([False, True])
    value = torch.func.vmap(lambda p: lt.binary_crossentropy(p, y, mask=mask))(p[None])
    np.testing.assert_allclose(value.numpy(), [-np.log(0.9)], rtol=1e-6)
    z = torch.tensor([-0.3, -0.9])
    targets = torch.tensor([-0.5, 4.0])
    got = torch.func.grad(
        lambda z: lt.log_kl_divergence_with_log_targets(z, targets, mask=~mask, reduction="sum")
    )(z)
    np.testing.assert_allclose(got.numpy(), [-np.exp(-0.5), 0.0], rtol=1e-6)


# --- weights that cancel, or lie below 0 ---------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("t", [[0, 1], [0, 0], [1, 1]])
def test_negative_class_weights_are_as_in_pytorch(t, smoothing, way):
    z, t = torch.tensor([[1.0, 2.0], [0.0, 0.5]]), torch.tensor(t)
    w = torch.tensor([1.0, -1.0])

    def both(loss):
        x = z.clone().requires_grad_()
        value = loss(x, t, w, label_smoothing=smoothing)
        return value.detach(), torch.autograd.grad(value, x)[0]

    (got, gradient), (want, wanted) = both(lt.cross_entropy), both(F.cross_entropy)
    torch.testing.assert_close(got, want)
    if want.isinf():  # the weights cancel
        assert not gradient.isfinite().any()
    else:
        torch.testing.assert_close(gradient, wanted)


def test_negative_weights_of_items_are_as_in_pytorch(way):
    p, y = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.0, 0.0, 1.0])
    cases = [
        (lt.mse_loss, F.mse_loss, "weight"),
        (lt.l1_loss, F.l1_loss, "weight"),
        (lt.huber_loss, F.huber_loss, "weight"),
        (lt.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits, "weight"),
    ]
    for w in ([1.0, -1.0, 2.0], [1.0, -1.0, 0.0]):
        for ours, theirs, name in cases:
            if not hasattr(theirs, "__wrapped__") and name not in theirs.__code__.co_varnames:
                continue
            given = {name: torch.tensor(w)}
            torch.testing.assert_close(ours(p, y, **given), theirs(p, y, **given))


# --- what comes in -------------------------------------------------------------------------------


def test_whole_numbers_predict_quantities():
    whole, y = torch.tensor([1, 2, 5]), torch.tensor([0.0, 2.5, 3.0])
    for loss in (lt.mse_loss, lt.huber, lt.l1_loss, lt.mean_squared_logarithmic_error):
        for dtype in (torch.int64, torch.int32, torch.uint8):
            got = loss(whole.to(dtype), y)
            assert got.dtype == torch.float32
            torch.testing.assert_close(got, loss(whole.float(), y), rtol=0, atol=0)
    got = lt.gaussian_nll_loss(whole, y, torch.tensor([0.5, 1.5, 2.5]))
    want = lt.gaussian_nll_loss(whole.float(), y, torch.tensor([0.5, 1.5, 2.5]))
    torch.testing.assert_close(got, want, rtol=0, atol=0)
    with pytest.raises(TypeError, match="Class numbers"):
        lt.binary_cross_entropy_with_logits(torch.tensor([1, 0]), torch.ones(2))
    with pytest.raises(TypeError, match=r"torch\.bool"):
        lt.mse_loss(torch.tensor([True, False]), torch.ones(2))
    with pytest.raises(ValueError, match=r"target.shape=\(3,\)"):
        lt.binary_cross_entropy(torch.tensor([1, 0]), torch.ones(3))


def test_messages_say_what_to_do_in_pytorch():
    z = torch.randn(2, 3, 4, 4)
    with pytest.raises(ValueError, match=r"target\.squeeze\(1\)"):
        lt.cross_entropy(z, torch.zeros(2, 1, 4, 4, dtype=torch.long))
    z = torch.randn(2, 3)
    with pytest.raises(ValueError, match=r"pos_weight must broadcast to \(2, 3\).*\(4,\)"):
        lt.binary_cross_entropy_with_logits(z, z.sigmoid(), pos_weight=torch.ones(4))
    with pytest.raises(ValueError, match=r"weight must .* the items \(2, 3\).*shape=\(4,\)"):
        lt.huber(z, z, weight=torch.ones(4))
    with pytest.raises(TypeError, match=r"weight must be a tensor, got list.*torch\.as_tensor"):
        lt.huber(z, z, weight=[1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"var must be a variance >= 0 for gaussian_nll, got -1 at index 1 "
    ):
        lt.gaussian_nll_loss(z[0], z[1], torch.tensor([1.0, -1.0, 1.0]))
    with pytest.raises(ValueError, match=r"Use torch\.full\(input\.shape, target\)"):
        lt.mse_loss(z, torch.tensor(1.0))


def test_cosines_stay_within_their_range():
    torch.manual_seed(0)
    x = torch.randn(5000, 7)
    for scale in (1.0, 3.0, 0.1):
        for target in (1.0, -1.0):
            y = torch.full((len(x),), target)
            value = lt.cosine_embedding_loss(x, scale * x, y, reduction="none")
            assert value.min() >= 0
            assert value.max() <= 2


def test_rounding_of_the_dtype_at_the_end_of_a_range():
    half = torch.tensor([1.00098, -0.00098], dtype=torch.float16)
    targets = torch.tensor([1.0, 0.0])
    value = lt.BinaryCrossentropy(reduction="none")(half, targets)
    assert value.abs().max() <= 1e-3
    value = torch.func.vmap(lt.BinaryCrossentropy(reduction="sum"))(half[None], targets[None])
    assert value.abs() <= 2e-3
    with pytest.raises(ValueError, match=r"a probability in \[0, 1\]"):
        lt.BinaryCrossentropy()(half.float(), targets)


def test_a_parameter_that_wants_a_gradient_is_refused():
    p = torch.tensor([3.0, 1.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"delta requires a gradient.*delta\.tolist"):
        lt.huber(p, torch.zeros(2), delta=torch.tensor(1.5, requires_grad=True))
    w = torch.ones(2, requires_grad=True)  # an array of its own
    value = lt.negative_log_likelihood(p[None], torch.tensor([1]), class_weight=w)
    assert torch.equal(torch.autograd.grad(value, w)[0], torch.tensor([0.0, -1.0]))
    assert lt.huber(p, torch.zeros(2), delta=torch.tensor(1.5)) > 0
