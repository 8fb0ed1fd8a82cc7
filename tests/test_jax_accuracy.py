"""Numbers under XLA: subnormal ones, inverses, products that it regroups, and many steps."""

import functools

import far
import numpy as np
import pytest

import losskit
from losskit.losses.sequence import CTC

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import losskit.jax as lj  # noqa: E402

# Eagerly each operation is compiled by itself.
BOTH = [
    pytest.param(lambda f: f, marks=pytest.mark.exhaustive, id="eager"),
    pytest.param(jax.jit, id="jit"),
]


def slope_of(loss):
    return jax.grad(lambda p, y: loss(p, y).sum())


TINY, LARGE = np.finfo("f4").tiny, np.finfo("f4").max


@pytest.mark.parametrize("run", BOTH)
def test_cosines_of_vectors_far_from_one(run):
    loss = lj.get("cosine_similarity")
    y = jnp.broadcast_to(far.Y, far.VECTORS.shape)
    want, slope = far.cosine(np.asarray(y), far.VECTORS)
    for p, t, of_p in ((far.VECTORS, y, True), (y, far.VECTORS, False)):
        np.testing.assert_allclose(run(loss)(p, t), want, rtol=2e-6)
        got = run(jax.grad(lambda p, t: loss(p, t).sum(), 0 if of_p else 1))(p, t)
        # What float32 has as a normal number.
        normal = (np.abs(slope) > TINY) & (np.abs(slope) < LARGE)
        assert normal.sum() > 12
        np.testing.assert_allclose(np.asarray(got)[normal], slope[normal], rtol=1e-5)


@pytest.mark.parametrize("run", BOTH)
def test_pairs_of_vectors_far_from_one(run):
    loss, ones = lj.get("cosine_embedding"), jnp.ones(len(far.VECTORS))
    y = jnp.broadcast_to(far.Y, far.VECTORS.shape)
    cosine, slope = far.cosine(np.asarray(y), far.VECTORS)
    normal = (np.abs(slope) > TINY) & (np.abs(slope) < LARGE)
    for i in (0, 1):
        pair = (far.VECTORS, y) if i == 0 else (y, far.VECTORS)
        np.testing.assert_allclose(run(loss)(*pair, ones), 1.0 + cosine, rtol=2e-6)
        got = run(jax.grad(lambda a, b: loss(a, b, ones).sum(), i))(*pair)
        np.testing.assert_allclose(np.asarray(got)[normal], slope[normal], rtol=1e-5)


@pytest.mark.parametrize("run", BOTH)
def test_rows_nearly_certain(run):
    want = far.cross_entropy(far.ROWS)
    labels, one_hot = np.zeros(4, int), np.eye(3, dtype="f4")[[0] * 4]
    for name, y in (("sparse_categorical_crossentropy", labels), ("poly1_crossentropy", one_hot)):
        options = {"epsilon": 0.0} if "poly" in name else {}
        loss = functools.partial(lj.get(name), **options)
        np.testing.assert_allclose(run(loss)(far.ROWS, y), want, rtol=1e-6)
        slope = run(slope_of(loss))(far.ROWS, y)
        p = far.ROWS.astype("f8")
        true = np.where(one_hot == 1, -p[:, 1:].sum(-1, keepdims=True) / p[:, :1], 1.0)
        np.testing.assert_allclose(slope, true / p.sum(-1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("run", BOTH)
def test_small_masks(run):
    """Against float64, where no product vanishes."""
    rng = np.random.default_rng(0)
    p = np.stack([rng.uniform(size=4) * 10.0**-k for k in (0, 10, 20, 30, 36)]).astype("f4")
    for y in (np.zeros_like(p), p[::-1].copy(), (p > 0.5).astype("f4")):
        for name, options in (
            ("soft_dice", {"smooth": 0.0}),
            ("soft_tversky", {"smooth": 0.0, "alpha": 0.3, "beta": 0.7}),
            ("soft_dice", {"smooth": 1e-20}),
        ):
            own = losskit.get(name, reduction="none", **options)
            wide = own.value_and_gradient(y.astype("f8"), p.astype("f8"))
            loss = functools.partial(lj.get(name), **options)
            np.testing.assert_allclose(run(loss)(p, y), wide[0], rtol=1e-5)
            slope = run(slope_of(loss))(p, y)
            fits = np.abs(wide[1]) < LARGE
            np.testing.assert_allclose(np.asarray(slope)[fits], wide[1][fits], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("run", BOTH)
def test_percentages_of_the_largest_numbers(run):
    y = np.array([3e38, -3e38, 1e38, 2.0, 1e-3], "f4")
    p = np.array([-3e38, 3e38, 3e38, 3.0, 1e-3], "f4")
    loss = lj.get("mean_absolute_percentage_error")
    np.testing.assert_allclose(run(loss)(p, y), [200.0, 200.0, 200.0, 50.0, 0.0], rtol=1e-6)
    slope = run(jax.grad(lambda p: loss(p, y).sum()))(p)
    want = 100.0 * np.sign(p.astype("f8") - y) / np.abs(y.astype("f8"))
    np.testing.assert_allclose(slope, want, rtol=1e-6)
    own = losskit.MeanAbsolutePercentageError(reduction="none")
    np.testing.assert_allclose(own(y, p), [200.0, 200.0, 200.0, 50.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(own.gradient(y, p), want, rtol=1e-6)


@pytest.mark.parametrize(
    ("frames", "labels", "scale"),
    [(300, 40, 1.0), pytest.param(1000, 30, 8.0, marks=pytest.mark.exhaustive)],
)
def test_ctc_over_many_frames(frames, labels, scale):
    """Each entry of the gradient at its own size, where p and the posterior nearly cancel too."""
    rng = np.random.default_rng(frames)
    z = (rng.normal(size=(1, frames, 12)) * scale).astype("f4")
    y = rng.integers(1, 12, (1, labels))

    def loss(z):
        return lj.ctc_loss(z, jnp.zeros((1, frames)), y, jnp.zeros((1, labels)))[0]

    card, m = CTC(from_logits=True), losskit.core.namespaces.numpy.vocabulary(np.dtype("f8"))
    with np.errstate(all="ignore"):
        wide = z.astype("f8")
        want, slope = card.value(m, y, wide)[0], card.slope(m, y, wide)
        # In float32 alone, as where there is no other, the posterior keeps its digits.
        narrow = card._posterior(losskit.core.namespaces.numpy.vocabulary(np.dtype("f4")), y, z)
        np.testing.assert_allclose(narrow, card._posterior(m, y, wide), rtol=1e-5, atol=1e-30)
    value, got = jax.jit(jax.value_and_grad(loss))(z)
    assert float(value) == pytest.approx(want, rel=1e-6)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, slope, rtol=1e-6)
    along = jax.jvp(loss, (z,), (z,))[1]
    assert float(along) == pytest.approx((slope * z).sum(), rel=1e-5)


@pytest.mark.exhaustive
def test_ctc_under_transformations():
    """What is computed in float64 inside goes through vmap, scan and checkpoint as the rest."""
    rng = np.random.default_rng(5)
    z = jnp.asarray(rng.normal(size=(2, 2, 6, 4)).astype("f4"))
    y = jnp.asarray(rng.integers(1, 4, (2, 2, 2)))

    def loss(z, y):
        return lj.ctc_loss(z, jnp.zeros(z.shape[:2]), y, jnp.zeros(y.shape)).sum()

    want = np.stack([jax.grad(loss)(z[i], y[i]) for i in range(2)])
    checked = jax.checkpoint(loss)
    for got in (
        jax.vmap(jax.grad(loss))(z, y),
        jax.jit(jax.vmap(jax.grad(checked)))(z, y),
        jax.grad(lambda z: jax.lax.scan(lambda c, a: (c + loss(*a), None), 0.0, (z, y))[0])(z),
        jax.jacfwd(lambda z: jax.vmap(loss)(z, y).sum())(z),
    ):
        assert got.dtype == jnp.float32
        np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize(("batch", "features", "noise"), [(16, 8, 1.0), (64, 128, 0.05)])
def test_ntxent(batch, features, noise):
    """A matrix product rounds, and a temperature multiplies that: held at each row's size."""
    rng = np.random.default_rng(0)
    labels, temperature = np.arange(batch) // 2, 0.07
    x = rng.normal(size=(batch // 2, features))[labels]
    x = (x + noise * rng.normal(size=x.shape)).astype("f4")
    loss = functools.partial(lj.ntxent, labels=jnp.asarray(labels), temperature=temperature)
    value, slope = jax.jit(jax.value_and_grad(loss))(x)

    # Each embedding against its one partner: both ways, one cross-entropy a row.
    wide = x.astype("f8")
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    u = wide / length
    z = u @ u.T / temperature
    np.fill_diagonal(z, -np.inf)
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    partner = np.arange(batch) ^ 1
    one_hot = np.eye(batch)[partner]
    rest = np.where(one_hot, 0.0, p).sum(1)
    np.testing.assert_allclose(value, -np.log1p(-rest).mean(), rtol=3e-6)
    of_z = np.where(one_hot, -rest[:, None], p) / batch
    of_u = (of_z + of_z.T) @ u / temperature
    want = (of_u - u * (u * of_u).sum(1, keepdims=True)) / length
    error = np.abs(slope - want).max(1) / np.abs(want).max(1)
    assert error.max() < 1e-5
