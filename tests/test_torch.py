"""The PyTorch face: true numbers, by kernels and by operations; autograd's demands."""

import copy
import pickle

import grid
import laws
import ml_dtypes
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Setwise
from losskit.core.namespaces.numpy import NUMPY

torch = pytest.importorskip("torch")
import losskit.torch as lt  # noqa: E402
from losskit.torch import derivatives, peers  # noqa: E402
from losskit.torch.own import CLASSES  # noqa: E402

SETTINGS = list(grid.settings())
HALF = (torch.float16, torch.bfloat16)


def module_of(card, **options):
    made = CLASSES[type(card).__name__](**card.parameters(), **options)
    made.card = card  # packed, where it takes several predictions
    return made


@pytest.fixture(params=["kernels", "operations"])
def way(request, monkeypatch):
    if request.param == "operations":
        monkeypatch.setattr(derivatives, "reachable", lambda *_: False)
    elif not native.available():
        pytest.skip("the kernels were not built")
    return request.param


def tensors(card, dtype=torch.float64, kind="ordinary"):
    name = {torch.float16: np.float16, torch.bfloat16: ml_dtypes.bfloat16}.get(dtype)
    name = name or (np.float64 if dtype == torch.float64 else np.float32)
    y, p = grid.inputs(card, name, kind)
    wide = [x if x.dtype.kind in "if" and x.itemsize > 2 else x.astype(np.float32) for x in (y, p)]
    target, prediction = (torch.from_numpy(np.array(x)) for x in wide)
    target = target if card.target.labels else target.to(dtype)
    return target, prediction.to(dtype).requires_grad_(), y, p


def exact(card, kind, dtype=torch.float32):
    """Items and slopes under whatever comes from above; mean, sum, and theirs; forward mode."""
    target, prediction, y, p = tensors(card, dtype, kind)
    held = {"dtype": p.dtype}
    if isinstance(card, Setwise):
        value = module_of(card)(prediction, target)
        (slope,) = torch.autograd.grad(value, prediction, torch.full_like(value, -2.5))
        laws.hold(card, "value", numbers(value), y, p, **held)
        laws.hold(card, "slope", numbers(slope), y, p, times=-2.5, **held)
    else:
        items = module_of(card, reduction="none")(prediction, target)
        upstream = torch.linspace(-3, 4, items.numel()).reshape(items.shape).to(items.dtype)
        (slope,) = torch.autograd.grad(items, prediction, upstream)
        times = numbers(upstream).astype(float)
        times = grid.over(card, times)
        laws.hold(card, "value", numbers(items), y, p, **held)
        laws.hold(card, "slope", numbers(slope), y, p, times=times, **held)
        # 1 is handed through as it is, another factor is not.
        for reduction, factor in (("mean", 0.5), ("sum", 1.0)):
            value = module_of(card, reduction=reduction)(prediction, target)
            (slope,) = torch.autograd.grad(value, prediction, torch.full_like(value, factor))
            share = 1.0 if reduction == "sum" else 1.0 / items.numel()
            laws.hold_total(card, numbers(value), y, p, times=share, **held)
            laws.hold(card, "slope", numbers(slope), y, p, times=factor * share, **held)
    if dtype in HALF:
        return
    along = np.linspace(-1, 2, p.size, dtype=p.dtype).reshape(p.shape)
    moving = module_of(card, reduction="mean" if isinstance(card, Setwise) else "none")
    _, rate = torch.func.jvp(
        lambda p: moving(p, target), (prediction.detach(),), (torch.from_numpy(along),)
    )
    laws.hold_rate(card, numbers(rate), y, p, along, **held)


def numbers(x):
    x = x.detach()
    return x.float().numpy().astype(ml_dtypes.bfloat16) if x.dtype == torch.bfloat16 else x.numpy()


def weighted(card):
    """The mean with weights and a mask, and NaN where nothing counts."""
    target, _, y, p = tensors(card, torch.float32)
    w, keep, spoilt = laws.some_weights(card, p)
    spoilt = torch.from_numpy(spoilt).requires_grad_()
    value = module_of(card)(spoilt, target, weight=torch.from_numpy(w), mask=torch.from_numpy(keep))
    (slope,) = torch.autograd.grad(value, spoilt)
    laws.hold_mean(card, numbers(value), numbers(slope), y, p, w, keep)


@pytest.mark.parametrize("card", SETTINGS, ids=repr)
def test_weights_and_masks(card, way):
    weighted(card)


@pytest.mark.parametrize("card", SETTINGS, ids=repr)
@pytest.mark.parametrize("kind", ["ordinary", "extreme"])
def test_exact(card, kind, way):
    exact(card, kind)


@pytest.mark.parametrize("card", grid.sample(SETTINGS, usual=True))
def test_float64(card, way):
    exact(card, "ordinary", torch.float64)


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("card", SETTINGS, ids=repr)
def test_half_precision(card, dtype, way):
    exact(card, "ordinary", dtype)


@pytest.mark.parametrize("card", grid.sample(SETTINGS, usual=True))
def test_derivatives_of_every_order_and_mode(card):
    y, p, *arrays = tensors(card)
    if card.parameters().get("axis", -1) == -1:
        y, p, *arrays = (x[:4] for x in (y, p, *arrays))
    p = p.detach().clone()
    loss = module_of(card, reduction="mean" if isinstance(card, Setwise) else "sum")
    inputs = p.clone().requires_grad_()
    if getattr(card, "kinks", lambda _: ())(1.0) == ():
        assert torch.autograd.gradcheck(
            lambda p: loss(p, y), inputs, check_forward_ad=True, check_batched_grad=True
        )
        assert torch.autograd.gradgradcheck(lambda p: loss(p, y), inputs)
    for transform in (torch.func.grad, torch.func.jacfwd):
        slope = transform(lambda p: loss(p, y))(p)
        laws.hold(card, "slope", slope.numpy(), *arrays, dtype=np.float64)
    curvature = torch.func.hessian(lambda p: loss(p, y))(p).reshape(p.numel(), -1).diagonal()
    laws.hold(card, "curve", curvature.reshape(p.shape).numpy(), *arrays, dtype=np.float64)


@pytest.mark.parametrize("card", [c for c in SETTINGS if c.slots[0].differentiable], ids=repr)
def test_derivative_by_the_target(card, way):
    target, prediction, y, p = tensors(card, torch.float32)
    target.requires_grad_()
    whole = isinstance(card, Setwise)
    value = module_of(card, reduction="mean" if whole else "sum")(prediction, target)
    by_y, _ = torch.autograd.grad(value, (target, prediction))
    rest = (np.ones(p.shape), np.float64(p.size)) if whole else ()
    state = (card.local(NUMPY, y, p, rest[0]),) if rest else ()
    own, arrays = grid.taken(card, y, p)
    want = own.target_slope(NUMPY, *arrays, *rest, *state)
    # Some are differences of two terms, of a size with the largest.
    np.testing.assert_allclose(by_y.numpy(), want, rtol=1e-5, atol=1e-7 * np.abs(want).max())


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


def test_a_part_in_which_nothing_counts(way):
    x, mask = torch.randn(3, 4, requires_grad=True), torch.zeros(3, 4, dtype=torch.bool)
    for number in (5, 5.0, torch.tensor(5.0)):
        value = lt.huber(x, 0 * x.detach(), mask=mask, num_items=number, on_empty="nan")
        assert value == 0
    for number in (0, 0.0, torch.tensor(0.0)):
        assert lt.huber(x[:0], x[:0].detach(), num_items=number) == 0
        assert lt.huber(x[:0], x[:0].detach(), num_items=number, on_empty="nan").isnan()


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
    with pytest.raises(TypeError, match="target must be a tensor, got list"):
        lt.mse_loss(p, [1.0])
    with pytest.raises(TypeError, match="have no gradient"):
        lt.soft_margin_loss(torch.ones(3, dtype=torch.long), torch.ones(3))
    with pytest.raises(
        ValueError, match=r'"mean", "sum" or "none", got "avg"'.replace('"avg"', "'avg'")
    ):
        lt.Huber(reduction="avg")
    with pytest.raises(ValueError, match="one value per set"):
        lt.RootMeanSquaredError(reduction="sum")
    with pytest.raises(ValueError, match="or mean_squared_error for sums and items"):
        lt.root_mean_squared_error(p, p, reduction="none")
    with pytest.raises(ValueError, match="Did you mean huber"):
        lt.get("hubr")
    with pytest.raises(
        ValueError, match=r"weight must have the shape \(2,\) for input.shape=\(3, 2\)"
    ):
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
    assert set(lt.__all__) >= {*peers.MODULES, *peers.FUNCTIONS}
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
