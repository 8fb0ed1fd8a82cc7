"""Losses of several predictions: each by itself on every face, as the same ones in one array."""

import grid
import laws
import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.packing import Packed, packed
from losskit.core.slots import signature

SEVERAL = [card for card in grid.settings() if isinstance(card, Packed)]
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.5])


def parts(card, kind="ordinary", dtype=np.float32):
    """Targets and packed predictions, and the predictions apart."""
    y, p = grid.inputs(card, dtype, kind)
    return y, p, grid.arrays(card, y, p)[1:]


def test_there_is_one_and_what_it_takes():
    assert [signature(card()) for card in (CARDS["huber"], CARDS["gaussian_nll"])] == [
        "(),()->()",
        "(),(),()->()",
    ]
    assert signature(CARDS["sparse_categorical_crossentropy"]()) == "(),(c)->()"
    assert signature(CARDS["cosine_similarity"]()) == "(c),(c)->()"
    assert signature(CARDS["soft_dice"](axis=(1, 2))) == "(n1,n2),(n1,n2)->()"
    assert {card.name for card in SEVERAL} >= {"gaussian_nll"}
    huber = CARDS["huber"]()
    assert packed(huber) is huber


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
@pytest.mark.parametrize("kind", ["ordinary", "extreme"])
def test_numpy(card, kind):
    y, p, apart = parts(card, kind)
    loss = losskit.get(card.name, **card.parameters(), reduction="none")
    value, slopes = loss.value_and_gradient(y, *apart)
    laws.hold(card, "value", value, y, p)
    laws.hold(card, "slope", np.stack(slopes, card.axis), y, p)
    laws.hold(card, "curve", np.stack(loss.curvature(y, *apart), card.axis), y, p)
    np.testing.assert_array_equal(loss.elementwise(y, *apart), value)


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
def test_numpy_means_weights_and_parts(card):
    y, p, apart = parts(card, dtype=np.float64)
    loss = losskit.get(card.name, **card.parameters())
    one = loss.packed()
    w = np.resize(WEIGHTS, y.shape)
    keep = np.arange(len(y)) % 3 > 0
    junk = [np.where(keep & (w > 0), x, np.nan) for x in apart]
    value, slopes = loss.value_and_gradient(y, *junk, w, mask=keep)
    want, slope = one.value_and_gradient(y, p, w, mask=keep)
    assert value == want
    np.testing.assert_array_equal(np.stack(slopes, card.axis), slope)
    halves = [
        loss.parts(y[half], *(x[half] for x in apart), w[half], mask=keep[half])
        for half in (slice(7), slice(7, None))
    ]
    assert loss.combine(*loss.merge(*halves)) == pytest.approx(want, rel=1e-13)
    halves = [
        loss(y[half], *(x[half] for x in apart), num_items=len(y))
        for half in (slice(7), slice(7, None))
    ]
    assert sum(halves) == pytest.approx(one(y, p), rel=1e-13)


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
@pytest.mark.parametrize("way", ["eager", "func", "compiled"])
def test_torch(card, way):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    y, p, apart = parts(card)
    y, *given = map(torch.tensor, (y, *apart))
    loss = getattr(lt, type(card).__name__)(**card.parameters(), reduction="none")
    target = (y,) if card.slots[0].name == "target" else ()

    def total(*given):
        return loss(*given[:1], *target, *given[1:]).sum()

    if way == "func":
        slopes = torch.func.grad(total, argnums=tuple(range(len(given))))(*given)
        value = loss(*given[:1], *target, *given[1:])
    else:
        call = torch.compile(loss, fullgraph=True) if way == "compiled" else loss
        given = [x.requires_grad_() for x in given]
        value = call(*given[:1], *target, *given[1:])
        slopes = torch.autograd.grad(value.sum(), given)
    laws.hold(card, "value", value.detach().numpy(), y.numpy(), p)
    laws.hold(card, "slope", np.stack([s.numpy() for s in slopes], card.axis), y.numpy(), p)
    function = getattr(lt, card.name)
    args = (*given[:1], *target, *given[1:])
    named = dict(zip((slot.name for slot in card.card.slots[2:]), args[2:], strict=True))
    assert function(*args, **card.parameters()) == function(*args[:2], **named, **card.parameters())


def test_torch_weights_masks_and_domains():
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    y, p, v = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([0.5, 1.0, 1.0]), torch.ones(3)
    w, keep = torch.tensor([2.0, 0.0, 1.0]), torch.tensor([True, True, False])
    bad = torch.tensor([1.0, -1.0, torch.nan], requires_grad=True)
    loss = lt.GaussianNLL()
    value = loss(p, y, bad, w, keep)
    assert value.item() == pytest.approx(2 * 0.125 / 2)
    (slope,) = torch.autograd.grad(value, bad)
    assert slope[1:].tolist() == [0.0, 0.0]
    assert slope[0].item() == pytest.approx(2 * (0.5 - 0.125) / 2)
    assert loss(p, y, v, num_items=6).item() == pytest.approx(loss(p, y, v).item() / 2)
    with pytest.raises(ValueError, match=r"variance must be .* >= 0 .* index 1"):
        loss(p, y, bad)
    with pytest.raises(ValueError, match=r"variance must have the shape \(3,\) for input"):
        loss(p, y, v[:2])
    with pytest.raises(TypeError, match=r"misses variance\. It takes: input, target, variance"):
        loss(p, y)
    hidden = torch.func.vmap(loss)(p, y, bad.detach())
    assert torch.isnan(hidden).tolist() == [False, True, True]


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
@pytest.mark.parametrize("jit", [False, True])
def test_jax(card, jit):
    jax = pytest.importorskip("jax")
    import losskit.jax as lj

    y, p, apart = parts(card)
    target = (y,) if card.slots[0].name == "target" else ()

    def items(*given):
        return lj.get(card.name)(*given[:1], *target, *given[1:], **card.parameters())

    slopes = jax.grad(lambda *given: items(*given).sum(), argnums=tuple(range(len(apart))))
    transform = jax.jit if jit else lambda f: f
    laws.hold(card, "value", transform(items)(*apart), y, p)
    laws.hold(card, "slope", np.stack(transform(slopes)(*apart), card.axis), y, p)
    moved = jax.jvp(items, apart, tuple(np.ones_like(x) for x in apart))[1]
    laws.hold_rate(card, moved, y, p, np.ones_like(p))


def test_jax_weights_masks_and_domains():
    jax = pytest.importorskip("jax")
    import jax.numpy as jnp

    import losskit.jax as lj

    y, p = jnp.array([0.0, 1.0, 2.0]), jnp.array([0.5, 1.0, 1.0])
    w, keep = jnp.array([2.0, 0.0, 1.0]), jnp.array([True, True, False])
    bad = jnp.array([1.0, -1.0, jnp.nan])

    def mean(v):
        return lj.gaussian_nll(p, y, v, weight=w, where=keep, reduction="mean")

    for transform in (lambda f: f, jax.jit):
        value, slope = transform(jax.value_and_grad(mean))(bad)
        assert float(value) == pytest.approx(2 * 0.125 / 2)
        np.testing.assert_allclose(slope, [2 * (0.5 - 0.125) / 2, 0, 0], rtol=1e-6)
    with pytest.raises(ValueError, match=r"variance must be .* >= 0 .* index 1"):
        lj.gaussian_nll(p, y, bad)
    assert np.isnan(jax.jit(lj.gaussian_nll)(p, y, bad)).tolist() == [False, True, True]
    whole = lj.gaussian_nll(p, y, jnp.ones(3), reduction="mean")
    part = lj.gaussian_nll(p, y, jnp.ones(3), reduction="mean", num_items=6)
    assert float(part) == pytest.approx(float(whole) / 2)
    with pytest.raises(TypeError, match="misses variance"):
        lj.gaussian_nll(p, y)
