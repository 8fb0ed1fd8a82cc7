"""Losses of pairs: against plain formulas, in float32 at a low temperature, at their ends."""

import numpy as np
import pytest

import losskit
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.pairs import Compared

LABELS = np.array([0, 0, 1, 1, 1, 2, 3, 3])


def drawn(n=8, d=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_nt_xent_by_its_definition():
    z = unit(drawn()) @ unit(drawn()).T / 0.5
    items = [
        np.log1p(sum(np.exp(z[i, k] - z[i, j]) for k in range(8) if LABELS[k] != LABELS[i]))
        for i in range(8)
        for j in range(8)
        if i != j and LABELS[i] == LABELS[j]
    ]
    assert losskit.nt_xent(LABELS, drawn(), temperature=0.5) == pytest.approx(np.mean(items))


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_info_nce_is_a_cross_entropy(symmetric, normalize):
    query, key = drawn(), drawn(seed=1)
    u, v = (unit(query), unit(key)) if normalize else (query, key)
    both = [
        losskit.sparse_categorical_crossentropy(np.arange(8), s / 0.3, from_logits=True)
        for s in (u @ v.T, v @ u.T)
    ]
    options = {"temperature": 0.3, "symmetric": symmetric, "normalize": normalize}
    got = losskit.info_nce(query, key, **options)
    assert got == pytest.approx(np.mean(both) if symmetric else both[0], rel=1e-12)
    loss = losskit.InfoNCE(**options)
    slopes = loss.gradient(query, key)
    for side, slope in enumerate(slopes):
        for index in ((0, 0), (3, 2), (7, 4)):
            ends = []
            for h in (1e-6, -1e-6):
                moved = [query.copy(), key.copy()]
                moved[side][index] += h
                ends.append(loss(*moved))
            assert slope[index] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["nt_xent", "info_nce", "circle"])
@pytest.mark.parametrize("noise", [1.0, 0.05])
def test_float32_at_a_low_temperature(name, noise):
    """A product of matrices rounds, and a temperature multiplies that: at each row's size.

    By 14 for a temperature of 0.07, and by 160 for a gamma of 80.
    """
    bound = 1e-4 if name == "circle" else 1e-5
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 128))[np.arange(64) // 2]
    x = unit(x + noise * rng.normal(size=x.shape)).astype("f4")
    args = (x, np.roll(x, 1, 0)) if name == "info_nce" else (np.arange(64) // 2, x)
    loss = losskit.get(name)
    value, slope = loss.value_and_gradient(*args)
    want, exact = loss.value_and_gradient(*(a.astype("f8") if a.dtype == "f4" else a for a in args))
    assert value.dtype == np.float32
    assert value == pytest.approx(want, rel=1e-5)
    for got, true in zip(np.atleast_3d(slope).T, np.atleast_3d(exact).T, strict=True):
        assert (np.abs(got - true).max(0) < bound * np.abs(true).max(0)).all()


def test_what_makes_no_pair_costs_nothing():
    x = drawn()
    for name in ("nt_xent", "circle"):
        loss = losskit.get(name, **({"normalize": True} if name == "circle" else {}))
        for labels in (np.arange(8), np.zeros(8, int)):
            value, slope = loss.value_and_gradient(labels, x)
            assert value == 0
            assert not slope.any()
    assert losskit.info_nce(x[:1], x[1:2]) == 0


def test_a_zero_vector_has_no_direction_and_no_derivative():
    x = drawn()
    x[2] = 0.0
    value, slope = losskit.NTXent().value_and_gradient(LABELS, x)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert not slope[2].any()


def test_labels_are_names():
    x = drawn()
    want = losskit.nt_xent(LABELS, x)
    far = np.uint64(2**63) + LABELS.astype("u8")
    for names in (LABELS - 100, LABELS * 2**40, LABELS.astype(float), far):
        assert losskit.nt_xent(names, x) == want
    with pytest.raises(ValueError, match=r"label 0\.5 at index 0 is fractional"):
        losskit.nt_xent(LABELS + 0.5, x)
    with pytest.raises(ValueError, match=r"y_true must have the shape \(8,\)"):
        losskit.nt_xent(LABELS[:3], x)
    with pytest.raises(ValueError, match=r"length 1 .* got .* normalize=True"):
        losskit.circle(LABELS, 3 * x)


def test_sets_of_a_batch_are_items():
    x, y = np.stack([drawn(), drawn(seed=1)]), np.stack([LABELS, LABELS[::-1]])
    items = losskit.nt_xent(y, x, reduction="none")
    one_by_one = [losskit.nt_xent(b, a) for a, b in zip(x, y, strict=True)]
    assert items.tolist() == pytest.approx(one_by_one)


def test_what_is_compared_is_shared():
    x = drawn()
    card = losskit.NTXent().card
    made = card.shared(NUMPY, LABELS, x)
    assert isinstance(made, Compared)
    for order in (card.value, card.slope, card.curve):
        np.testing.assert_array_equal(order(NUMPY, LABELS, x, made), order(NUMPY, LABELS, x))


def test_on_tensors():
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    x = torch.tensor(drawn(64, 32), dtype=torch.float32, requires_grad=True)
    labels = torch.arange(64) // 2
    want = torch.autograd.grad(lt.nt_xent(x, labels), x)[0]
    with torch.autocast("cpu"):  # which would make a product of halves
        got = torch.autograd.grad(lt.nt_xent(x, labels), x)[0]
    torch.testing.assert_close(got, want, rtol=0, atol=0)
    # Where no label can be looked at, what is none is no name.
    bad = labels.double()
    bad[3] = 0.5
    with pytest.raises(ValueError, match="fractional"):
        lt.nt_xent(x, bad)
    assert torch.func.vmap(lt.nt_xent)(x.detach()[None], bad[None]).isnan().all()


def test_on_jax():
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    import losskit.jax as lj

    x = drawn().astype("f4")
    want = float(optax.losses.ntxent(x, LABELS))
    assert float(lj.ntxent(x, LABELS)) == pytest.approx(want, rel=1e-5)
    by_temperature = jax.grad(lambda t: lj.nt_xent(x, LABELS, temperature=t))(0.5)
    ends = [losskit.nt_xent(LABELS, x.astype("f8"), temperature=0.5 + h) for h in (1e-6, -1e-6)]
    assert float(by_temperature) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)
    assert np.isnan(jax.jit(lj.nt_xent)(x, LABELS + 0.5))


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e16, 1e18])
def test_vectors_of_any_length_are_compared_as_they_are(size):
    """Also where all products lie far below 0, and where those of a set add up beyond float32."""
    query, key = (np.abs(drawn(4, 3, seed)).astype("f4") for seed in (2, 3))
    for sign in (1.0, -1.0):
        args = np.float32(sign * size) * query, np.float32(size) * key
        loss = losskit.InfoNCE(normalize=False, temperature=1.0)
        value, slopes = loss.value_and_gradient(*args)
        want, exact = loss.value_and_gradient(*(x.astype("f8") for x in args))
        s = args[0].astype("f8") @ args[1].astype("f8").T
        s -= np.diag(s)[:, None]
        top = s.max(1)
        true = np.mean(top + np.log(np.exp(s - top[:, None]).sum(1)))
        assert want == pytest.approx(true, rel=1e-12)
        assert value == pytest.approx(true, rel=1e-5)
        for got, other in zip(slopes, exact, strict=True):
            np.testing.assert_allclose(got, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


def test_a_mean_is_finite_where_the_sum_is_not():
    query, key = np.zeros((2, 8, 2), "f4")
    query[:, 0], key[0, 0] = 1e19, 1e19
    value = losskit.info_nce(query, key, normalize=False, temperature=1.0)
    assert value == pytest.approx(7 / 8 * 1e38, rel=1e-5)


def test_products_beyond_the_dtype_are_nan():
    x = np.float32(1e20) * drawn().astype("f4")
    loss = losskit.InfoNCE(normalize=False, temperature=1.0)
    with np.errstate(all="ignore"):
        value, slopes = loss.value_and_gradient(x, x)
    assert np.isnan(value)
    assert all(np.isnan(slope).any() for slope in slopes)
