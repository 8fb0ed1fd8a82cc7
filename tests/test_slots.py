"""Losses of several predictions: each by itself on every face, as the same ones in one array."""

import grid
import laws
import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.packing import IGNORED, Packed, packed, predictions
from losskit.core.slots import item_shape, signature
from losskit.engine.arguments import takes

SEVERAL = [card for card in grid.settings() if isinstance(card, Packed)]
NAMES = {"target": "target", "prediction": "input"}
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.5])


def ways(*names):
    """Each card by each way; what is compiled, of cards with their defaults alone by default."""
    return [
        pytest.param(
            *(card, name),
            id=f"{card!r}-{name}",
            marks=pytest.mark.exhaustive if not usual and name in ("compiled", "jit") else (),
        )
        for card in SEVERAL
        for name in names
        for usual in [grid.is_usual(card)]
    ]


def parts(card, kind="ordinary", dtype=np.float32):
    """Targets and predictions, each in one array, and slot by slot; which a network makes."""
    y, p = grid.inputs(card, dtype, kind)
    return y, p, grid.arrays(card, y, p), predictions(card.card)


def several(slopes):
    return slopes if isinstance(slopes, tuple) else (slopes,)


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
    y, p, slots, _ = parts(card, kind)
    loss = losskit.get(card.name, **card.parameters(), reduction="none")
    value, slopes = loss.value_and_gradient(*slots)
    laws.hold(card, "value", value, y, p)
    laws.hold(card, "slope", grid.packed_again(card, several(slopes)), y, p)
    laws.hold(card, "curve", grid.packed_again(card, several(loss.curvature(*slots))), y, p)
    np.testing.assert_array_equal(loss.elementwise(*slots), value)


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
def test_numpy_means_weights_and_parts(card):
    y, p, slots, made = parts(card, dtype=np.float64)
    loss = losskit.get(card.name, **card.parameters())
    one = loss.packed()
    items = item_shape(card, p.shape)
    w, keep = np.resize(WEIGHTS, items), np.arange(items[0]) % 3 > 0

    def among(index, which):
        """Of the items those, of each slot."""
        found = []
        for i, (slot, x) in enumerate(zip(card.card.slots, slots, strict=True)):
            x = grid.rows_last(slot, x)
            used = keep & (w > 0)
            used = used.reshape(used.shape + (1,) * len(slot.dims))
            x = np.where(used, x, np.nan) if i in made and which == "junk" else x
            found.append(grid.rows_back(slot, x[index]))
        return found

    every = slice(None)
    value, slopes = loss.value_and_gradient(*among(every, "junk"), w, mask=keep)
    want, slope = one.value_and_gradient(y, p, w, mask=keep)
    # Other loops sum in another order.
    np.testing.assert_allclose(value, want, rtol=1e-14)
    np.testing.assert_allclose(
        grid.packed_again(card, several(slopes)), slope, rtol=1e-12, atol=1e-300
    )
    halves = [
        loss.parts(*among(half, ""), w[half], mask=keep[half])
        for half in (slice(7), slice(7, None))
    ]
    assert loss.combine(*loss.merge(*halves)) == pytest.approx(want, rel=1e-13)
    halves = [loss(*among(half, ""), num_items=items[0]) for half in (slice(7), slice(7, None))]
    assert sum(halves) == pytest.approx(one(y, p), rel=1e-13)


@pytest.mark.parametrize(("card", "way"), ways("eager", "func", "compiled"))
def test_torch(card, way):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    torch._dynamo.reset()  # it gives up after eight programs of one function
    y, p, slots, made = parts(card)
    slots = list(map(torch.tensor, slots))
    loss = getattr(lt, type(card).__name__)(**card.parameters(), reduction="none")
    call = torch.compile(loss, fullgraph=True) if way == "compiled" else loss

    def items(*given):
        every = list(slots)
        for i, x in zip(made, given, strict=True):
            every[i] = x
        return call(*grid.in_order(card, every))

    given = [slots[i] for i in made]
    if way == "func":
        slopes = torch.func.grad(lambda *x: items(*x).sum(), tuple(range(len(given))))(*given)
        value = items(*given)
    else:
        given = [x.requires_grad_() for x in given]
        value = items(*given)
        slopes = torch.autograd.grad(value.sum(), given)
    laws.hold(card, "value", value.detach().numpy(), y, p)
    laws.hold(card, "slope", grid.packed_again(card, [s.numpy() for s in slopes]), y, p)
    function = getattr(lt, card.name)
    args = grid.in_order(card, slots)
    names = takes(card.card, NAMES, True)
    named = dict(zip(names[1:], args[1:], strict=True))
    assert function(*args, **card.parameters()) == function(args[0], **named, **card.parameters())


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


@pytest.mark.parametrize(("card", "way"), ways("eager", "jit"))
def test_jax(card, way):
    jax = pytest.importorskip("jax")
    import losskit.jax as lj

    y, p, slots, made = parts(card)

    def items(*given):
        every = list(slots)
        for i, x in zip(made, given, strict=True):
            every[i] = x
        return lj.get(card.name)(*grid.in_order(card, every), **card.parameters())

    given = tuple(slots[i] for i in made)
    slopes = jax.grad(lambda *given: items(*given).sum(), argnums=tuple(range(len(given))))
    transform = jax.jit if way == "jit" else lambda f: f
    laws.hold(card, "value", transform(items)(*given), y, p)
    laws.hold(card, "slope", grid.packed_again(card, transform(slopes)(*given)), y, p)
    moved = jax.jvp(items, given, tuple(np.ones_like(x) for x in given))[1]
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


def test_a_target_that_is_not_read_may_be_anything():
    card = packed(CARDS["triplet_margin"]())
    _, p, slots, _ = parts(card)
    loss = losskit.TripletMargin().packed()
    assert loss(np.full(len(p), np.nan), p) == losskit.triplet_margin(*slots)
    with pytest.raises(ValueError, match=r"axis=4 does not exist in anchor"):
        losskit.triplet_margin(*slots, axis=4)
    assert card.slots[0].domain is IGNORED
