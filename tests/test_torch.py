"""The PyTorch face: the same numbers as NumPy, by kernels and by operations; autograd's demands."""

import copy
import pickle

import grid
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Setwise

torch = pytest.importorskip("torch")
import losskit.torch as lt  # noqa: E402
from losskit.torch import functional, kernels, modules  # noqa: E402
from losskit.torch.own import CLASSES  # noqa: E402

SETTINGS = list(grid.settings())
HALF = {torch.float16: 2e-3, torch.bfloat16: 2e-2}


def module_of(card, **options):
    return CLASSES[type(card).__name__](**card.parameters(), **options)


@pytest.fixture(params=["kernels", "operations"])
def way(request, monkeypatch):
    if request.param == "operations":
        monkeypatch.setattr(kernels, "reachable", lambda *_: False)
    elif not native.available():
        pytest.skip("the kernels were not built")
    return request.param


def tensors(card, dtype=torch.float64, kind="ordinary"):
    y, p = grid.inputs(card, np.float32 if dtype != torch.float64 else np.float64, kind)
    y = torch.from_numpy(np.array(y))
    p = torch.from_numpy(np.array(p)).to(dtype).requires_grad_()
    return (y if card.target.labels else y.to(dtype)), p


@pytest.mark.parametrize("card", SETTINGS, ids=repr)
@pytest.mark.parametrize("kind", ["ordinary", "extreme"])
def test_numbers_are_those_of_numpy(card, kind, way):
    y, p = tensors(card, torch.float32, kind)
    reductions = ["mean"] if isinstance(card, Setwise) else ["mean", "sum", "none"]
    for reduction in reductions:
        value = module_of(card, reduction=reduction)(p, y)
        # 1 is handed through as it is, another factor is not.
        factor = 0.5 if reduction == "mean" else 1.0
        (gradient,) = torch.autograd.grad(value, p, torch.full_like(value, factor))
        want = grid.loss_of(card, reduction=reduction)
        with native.switched(way == "kernels"):
            wanted = want.value_and_gradient(y.numpy(), p.detach().numpy())
        items = wanted[0]
        if not isinstance(card, Setwise):
            items = np.abs(grid.loss_of(card, reduction="none")(y.numpy(), p.detach().numpy()))
        size = float(np.sum(items) if reduction == "sum" else np.mean(items))
        np.testing.assert_allclose(
            value.detach().numpy(), wanted[0], rtol=3e-5, atol=1e-6 * min(1.0 + size, 1e30)
        )
        scale = np.abs(wanted[1]).max(initial=0.0)
        np.testing.assert_allclose(
            gradient.numpy(), factor * wanted[1], rtol=1e-4, atol=1e-5 * min(scale, 1e30)
        )


@pytest.mark.parametrize("card", SETTINGS, ids=repr)
def test_every_upstream_gradient(card, way):
    y, p = tensors(card)
    if isinstance(card, Setwise):
        value = module_of(card)(p, y)
        upstream = torch.tensor(-2.5, dtype=torch.float64)
    else:
        value = module_of(card, reduction="none")(p, y)
        upstream = torch.linspace(-3, 4, value.numel(), dtype=torch.float64).reshape(value.shape)
    (whole,) = torch.autograd.grad(value, p, upstream)
    slope = grid.loss_of(card, reduction="mean" if isinstance(card, Setwise) else "none")
    wanted = slope.gradient(y.numpy(), p.detach().numpy())
    laid = upstream.unsqueeze(card.axis) if getattr(card, "axis", None) is not None else upstream
    np.testing.assert_allclose(whole.numpy(), wanted * laid.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("card", SETTINGS, ids=repr)
def test_derivatives_of_every_order_and_mode(card):
    y, p = tensors(card)
    y, p = y[:4], p.detach()[:4].clone()
    if getattr(card, "axis", -1) != -1:
        y, p = tensors(card)
        p = p.detach()
    loss = module_of(card)
    inputs = p.clone().requires_grad_()
    if getattr(card, "kinks", lambda _: ())(1.0) == ():
        assert torch.autograd.gradcheck(
            lambda p: loss(p, y), inputs, check_forward_ad=True, check_batched_grad=True
        )
        assert torch.autograd.gradgradcheck(lambda p: loss(p, y), inputs)
    reverse = torch.func.grad(lambda p: loss(p, y))(p)
    (eager,) = torch.autograd.grad(loss(inputs, y), inputs)
    torch.testing.assert_close(reverse, eager)
    forward = torch.func.jacfwd(lambda p: loss(p, y))(p)
    torch.testing.assert_close(forward, eager)
    curvature = torch.func.hessian(lambda p: loss(p, y))(p).reshape(p.numel(), -1).diagonal()
    wanted = grid.loss_of(card).curvature(y.numpy(), p.numpy())
    np.testing.assert_allclose(curvature.numpy(), wanted.ravel(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "card", [c for c in SETTINGS if not isinstance(c, Setwise) and not c.target.labels], ids=repr
)
def test_derivative_by_the_target(card):
    y, p = tensors(card)
    y.requires_grad_()
    value = module_of(card, reduction="sum")(p, y)
    by_y, by_p = torch.autograd.grad(value, (y, p))
    step = 1e-6
    inside = by_y.abs() < 1e6
    wide = grid.loss_of(card, reduction="sum")
    index = tuple(s // 2 for s in y.shape)
    moved = [y.detach().numpy().copy() for _ in range(2)]
    if not card.target.values and inside[index] and 0.1 < moved[0][index] < 0.9:
        moved[0][index] += step
        moved[1][index] -= step
        high, low = (float(wide(m, p.detach().numpy())) for m in moved)
        assert float(by_y[index]) == pytest.approx((high - low) / (2 * step), rel=1e-4, abs=1e-6)
    assert torch.isfinite(by_p).all()


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("card", SETTINGS, ids=repr)
def test_half_precision(card, dtype, way):
    y, p = tensors(card, dtype)
    if not card.target.labels:
        y = y.to(dtype)
    value = module_of(card)(p, y)
    assert value.dtype == dtype
    # As a loss scale does, where the product is a number of this dtype.
    factor = 2.0**12 if abs(value.item()) < 14 else 1.0
    (value * factor).backward()
    assert p.grad.dtype == dtype
    wide_y = y if card.target.labels else y.double()
    wide = p.detach().double().requires_grad_()
    want = module_of(card)(wide, wide_y)
    (want * factor).backward()
    torch.testing.assert_close(value.double(), want, rtol=HALF[dtype], atol=1e-3)
    finite = wide.grad.abs() < 6e4
    torch.testing.assert_close(
        p.grad.double()[finite], wide.grad[finite], rtol=2 * HALF[dtype], atol=1e-3
    )


def test_a_loss_scale_saves_what_half_precision_would_lose(way):
    p = torch.zeros(1 << 16, dtype=torch.float16, requires_grad=True)
    y = torch.full((1 << 16,), 1e-3, dtype=torch.float16)
    (lt.mse_loss(p, y) * 2.0**14).backward()
    # Each is 2 * 1e-3 / 65536 = 3e-8, below half of float16's smallest number, before the scale.
    np.testing.assert_allclose(p.grad.float().numpy(), -(2.0**15) * 1e-3 / 2**16, rtol=2e-3)


def test_backward_again_and_in_place(way):
    z = torch.randn(7, 5, requires_grad=True)
    t = torch.randint(0, 5, (7,))
    loss = lt.cross_entropy(z, t)
    loss.backward(retain_graph=True)
    first = z.grad.clone()
    (3 * loss).backward()
    torch.testing.assert_close(z.grad, 4 * first)
    with torch.no_grad():
        value = lt.cross_entropy(z, t)
    assert not value.requires_grad


def test_the_gradient_is_not_shared(way):
    z = torch.randn(64, 10, requires_grad=True)
    t = torch.randint(0, 10, (64,))
    for _ in range(3):
        loss = lt.cross_entropy(z, t)
        loss.backward()
        kept = z.grad
        z.grad = None
        lt.cross_entropy(2 * z.detach().requires_grad_(), t).backward()
        torch.testing.assert_close(kept, torch.func.grad(lambda z: lt.cross_entropy(z, t))(z))


def test_weights_broadcast_and_masks_leave_out(way):
    p = torch.randn(5, 4, requires_grad=True)
    y = torch.randn(5, 4)
    w = torch.tensor([1.0, 0.0, 2.0, 3.0])
    got = lt.mse_loss(p, y, weight=w)
    want = ((p - y) ** 2 * w).sum() / (w.sum() * 5)
    torch.testing.assert_close(got, want)
    mask = torch.ones(5, 4, dtype=torch.bool)
    mask[0] = False
    broken = p.detach().clone()
    broken[0] = float("nan")
    broken.requires_grad_()
    value = lt.Huber()(broken, y, mask=mask)
    value.backward()
    torch.testing.assert_close(value, lt.Huber()(p[1:], y[1:]))
    assert not broken.grad[0].any()
    with pytest.raises(ValueError, match=r"weight .* broadcast .*\(5, 4\).*\(3,\)"):
        lt.mse_loss(p, y, weight=torch.ones(3))


@pytest.mark.parametrize("on_empty", ["zero", "nan"])
def test_nothing_counts(on_empty, way):
    z = torch.randn(3, 4, requires_grad=True)
    t = torch.full((3,), -100)
    value = lt.CrossEntropyLoss(on_empty=on_empty)(z, t)
    assert value.isnan() if on_empty == "nan" else value == 0
    value.backward()
    assert not z.grad.any()
    empty = torch.zeros(0, 4, requires_grad=True)
    value = lt.cross_entropy(empty, torch.zeros(0, dtype=torch.long), on_empty=on_empty)
    assert value.isnan() if on_empty == "nan" else value == 0


def test_labels_out_of_range():
    z, t = torch.randn(2, 3, 4), torch.zeros(2, 4, dtype=torch.long)
    t[1, 2] = 3
    for loss in (lt.cross_entropy, lt.nll_loss):
        for weight in (None, torch.ones(3)):
            with pytest.raises(ValueError, match=r"label 3 at index \(1, 2\) is out of range"):
                loss(z, t, weight)
    compiled = torch.compile(lambda z: lt.cross_entropy(z, t), backend="eager", fullgraph=True)
    assert compiled(z).isnan()


@pytest.mark.parametrize("name", ["cross_entropy", "huber", "binary_cross_entropy_with_logits"])
def test_compiled_in_one_graph(name):
    p = torch.randn(6, 3, requires_grad=True)
    y = torch.randint(0, 3, (6,)) if name == "cross_entropy" else torch.rand(6, 3)
    loss = getattr(lt, name)
    compiled = torch.compile(lambda p: loss(p, y), fullgraph=True, backend="aot_eager")
    (got,) = torch.autograd.grad(compiled(p), p)
    (want,) = torch.autograd.grad(loss(p, y), p)
    torch.testing.assert_close(got, want)
    torch.testing.assert_close(compiled(p), loss(p, y))


def test_exported():
    class Model(torch.nn.Module):
        def forward(self, z, t):
            return lt.cross_entropy(z, t, label_smoothing=0.1)

    z, t = torch.randn(6, 3), torch.randint(0, 3, (6,))
    exported = torch.export.export(Model(), (z, t))
    torch.testing.assert_close(exported.module()(z, t), Model()(z, t))


def test_vmap_and_per_sample_gradients():
    z, t = torch.randn(6, 5), torch.randint(0, 5, (6,))
    each = torch.func.vmap(torch.func.grad(lt.cross_entropy))(z, t)
    p = torch.softmax(z, 1)
    torch.testing.assert_close(each, p - torch.nn.functional.one_hot(t, 5))


def test_autocast():
    z = torch.randn(6, 5, dtype=torch.bfloat16, requires_grad=True)
    t = torch.randint(0, 5, (6,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = lt.cross_entropy(z, t)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, lt.cross_entropy(z.float(), t))
    value.backward()
    assert z.grad.dtype == torch.bfloat16


def test_meta_and_fake_tensors():
    z = torch.randn(6, 5, device="meta")
    assert lt.cross_entropy(z, torch.zeros(6, dtype=torch.long, device="meta")).shape == ()


def test_messages_name_what_they_are_given():
    p = torch.randn(3, 2)
    with pytest.raises(ValueError, match=r"target and input must have the same shape"):
        lt.mse_loss(p, torch.randn(3))
    with pytest.raises(TypeError, match="input and target must be tensors"):
        lt.mse_loss(p, [1.0])
    with pytest.raises(TypeError, match="class numbers have no gradient"):
        lt.mse_loss(torch.ones(3, dtype=torch.long), torch.ones(3))
    with pytest.raises(
        ValueError, match=r'"mean", "sum" or "none", got "avg"'.replace('"avg"', "'avg'")
    ):
        lt.Huber(reduction="avg")
    with pytest.raises(ValueError, match="one value per set"):
        lt.RootMeanSquaredError(reduction="sum")
    with pytest.raises(ValueError, match="Did you mean huber"):
        lt.get("hubr")
    with pytest.raises(ValueError, match="weight must hold one number per class"):
        lt.cross_entropy(p, torch.zeros(3, dtype=torch.long), torch.ones(3))


def test_older_arguments():
    p, y = torch.randn(4), torch.randn(4)
    with pytest.warns(UserWarning, match="size_average"):
        got = lt.mse_loss(p, y, False)
    torch.testing.assert_close(got, lt.mse_loss(p, y, reduction="sum"))


def test_every_loss_is_there_and_can_be_kept():
    for name, card in CARDS.items():
        module = CLASSES[card.__name__]()
        assert getattr(lt, name).__doc__ == card.__doc__
        assert repr(copy.deepcopy(module)) == repr(pickle.loads(pickle.dumps(module)))
        assert module.state_dict() == {}
    assert set(lt.__all__) >= {*modules.__all__, *functional.__all__}
    assert set(dir(losskit)) >= set(CLASSES)
    assert repr(lt.Huber(2.0)) == "Huber(delta=2.0)"


def test_parameters_in_arrays():
    z, t = torch.randn(4, 3), torch.tensor([0, 2, 1, 2])
    want = lt.sparse_categorical_crossentropy(z, t, from_logits=True, class_weight=(1.0, 2.0, 0.5))
    for weights in (
        [1.0, 2.0, 0.5],
        np.array([1, 2, 0.5]),
        torch.tensor([1, 2, 0.5]),
        {1: 2.0, 2: 0.5},
    ):
        got = lt.sparse_categorical_crossentropy(z, t, from_logits=True, class_weight=weights)
        torch.testing.assert_close(got, want)
    delta = torch.tensor(0.5)
    small = lt.huber(3 * z, z, delta=delta)
    delta.fill_(2.0)
    assert lt.huber(3 * z, z, delta=delta) > small


def test_weights_and_masks_of_other_kinds(way):
    z, t = torch.randn(4, 4), torch.tensor([0, 2, 1, 3])
    w = torch.tensor([1.0, 2.0, 0.5, 1.0])
    half = lt.cross_entropy(z.bfloat16(), t, w.bfloat16())
    torch.testing.assert_close(half.float(), lt.cross_entropy(z, t, w), rtol=2e-2, atol=1e-2)
    with pytest.raises(TypeError, match="mask must be boolean"):
        lt.huber(z, z, mask=torch.ones(4, 4, dtype=torch.uint8))
    rows = torch.tensor([True, False, False, False])
    torch.testing.assert_close(lt.huber(z, -z, mask=rows), lt.huber(z[:1], -z[:1]))
    w.requires_grad_()
    value = lt.root_mean_squared_error(z[0], t.float(), weight=w)
    (by_weight,) = torch.autograd.grad(value, w)
    np.testing.assert_allclose(by_weight, (z[0] - t) ** 2 / (8 * value.detach()), rtol=1e-5)


def test_bad_labels_are_found_behind_weights_of_zero():
    z = torch.randn(2, 3)
    with pytest.raises(ValueError, match="label -1 at index"):
        lt.cross_entropy(z, torch.tensor([1, -1]), torch.tensor([0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="label 3 at index"):
        lt.multi_margin_loss(z, torch.tensor([1, 3]), weight=torch.tensor([1.0, 1.0, 0.0]))
    with pytest.raises(ValueError, match="target must be a probability"):
        lt.cross_entropy(z, -3 * z.softmax(1), torch.ones(3))
    with pytest.raises(ValueError, match="must have the same shape"):
        lt.binary_cross_entropy_with_logits(z, torch.ones(2, 1), pos_weight=torch.rand(3))
    with pytest.raises(TypeError, match="real numbers"):
        lt.mse_loss(z, z + 1j)


def test_traced_by_torchscript():
    z, t = torch.randn(4, 3), torch.tensor([0, 2, 1, 2])
    traced = torch.jit.trace(lambda z: lt.cross_entropy(z, t), (z,), check_trace=False)
    torch.testing.assert_close(traced(0 * z), lt.cross_entropy(0 * z, t))


def test_another_default_device():
    p = torch.randn(3, requires_grad=True)
    with torch.device("meta"):
        value = lt.mse_loss(p, torch.zeros(3, device="cpu"))
        assert value.device.type == "cpu"
