"""Derivatives on JAX where one factor is infinite, and those of second order of every card."""

import grid
import numpy as np
import pytest

from losskit.core.definition import CARDS
from losskit.core.families import Setwise, has_row_target, is_rowwise
from losskit.core.packing import packed

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import losskit.jax as lj  # noqa: E402

INF = np.inf
LN2 = float(np.log(2.0))
Z, Y = jnp.array([-INF, 0.0, 0.0]), jnp.array([0.0, 1.0, 0.0])


def test_a_class_ruled_out_costs_no_tangent_of_the_others():
    loss = lj.softmax_cross_entropy
    for run in (lambda f: f, jax.jit):
        for by_z, by_y in (
            ((0.0, 2.0, 3.0), (0.0, 1.0, -1.0)),
            ((5.0, -1.0, 1.0), (0.0, 0.0, 2.0)),
        ):
            _, rate = run(lambda dz, dy: jax.jvp(loss, (Z, Y), (dz, dy)))(
                jnp.array(by_z), jnp.array(by_y)
            )
            want = -0.5 * by_z[1] + 0.5 * by_z[2] + LN2 * (by_y[1] + by_y[2])
            assert float(rate) == pytest.approx(want, rel=1e-6)
        _, rate = run(lambda dy: jax.jvp(lambda y: loss(Z, y), (Y,), (dy,)))(Y * 0 + 1e-3)
        assert rate == INF
        by_labels = run(jax.jacfwd(loss, 1))(Z, Y)
        np.testing.assert_allclose(by_labels, [INF, LN2, LN2], rtol=1e-6)
        # Of constants, which XLA multiplies with one another before it comes to the tangent.
        np.testing.assert_allclose(run(jax.jacfwd(lambda y: loss(Z, y)))(Y), by_labels)
        _, rate = run(lambda dy: jax.jvp(lambda y: loss(Z, y), (Y,), (dy,)))(Y)
        assert float(rate) == pytest.approx(LN2, rel=1e-6)


def test_its_second_derivatives():
    rows, columns = jax.hessian(lj.softmax_cross_entropy, (0, 1))(Z, Y)
    np.testing.assert_allclose(rows[0], [[0, 0, 0], [0, 0.25, -0.25], [0, -0.25, 0.25]], atol=1e-7)
    cross = np.array([[-1, 0, 0], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]])
    np.testing.assert_allclose(rows[1], cross, rtol=1e-6)
    np.testing.assert_allclose(columns[0], cross.T, rtol=1e-6)
    assert not np.any(columns[1])


@pytest.mark.parametrize(
    ("name", "temper"),
    [("log_kl_divergence", 1.0), ("generalized_log_kl_divergence", 1.0), (None, 2.0)],
)
def test_divergences_of_two_predictions(name, temper):
    """R-Drop: a class that both rule out leaves every gradient finite, and right."""
    kl = lj.kl_divergence if name is None else lj.get(name)

    def both(z, w, log_softmax=jax.nn.log_softmax):
        p, q = log_softmax(z / temper), log_softmax(w / temper)
        return (kl(p, jnp.exp(q)) + kl(q, jnp.exp(p))).sum()

    z, w = jnp.array([1.0, 2.0, -INF, 0.5]), jnp.array([0.5, 2.5, -INF, -1.0])
    there = np.array([0, 1, 3])
    want = jax.grad(both, (0, 1))(z[there], w[there])  # without that class
    for run in (lambda f: f, jax.jit):
        for got, of_three in zip(run(jax.grad(both, (0, 1)))(z, w), want, strict=True):
            assert got[2] == 0
            np.testing.assert_allclose(got[there], of_three, rtol=2e-6)
    found = jax.grad(lambda z: lj.softmax_cross_entropy(z, jax.nn.softmax(w)))(z)
    p, q = jax.nn.softmax(z), jax.nn.softmax(w)
    np.testing.assert_allclose(found, p - q, rtol=1e-5)
    by_w = jax.grad(lambda w: lj.softmax_cross_entropy(z, jax.nn.softmax(w)))(w)
    log_p = jnp.where(p > 0, jnp.log(jnp.where(p > 0, p, 1.0)), 0.0)
    np.testing.assert_allclose(by_w, -q * (log_p - (q * log_p).sum()), rtol=1e-5)


# --- of second order ------------------------------------------------------------------------------

SETTINGS = [
    (name, options)
    for name, card in CARDS.items()
    for options in (
        {},
        {"from_logits": True},
        {"log_input": True},
        {"norm": 3.0},
        {"from_logits": True, "z_loss": 0.1, "temperature": 2.0},
    )
    if set(options) <= set(card.rules())
]
JUMPS = {
    "lovasz_hinge",
    "lovasz_softmax",  # at a tie the first derivative itself jumps
    *("perceptron", "margin_ranking", "categorical_hinge", "multiclass_hinge"),
    *("multiclass_perceptron", "cosine_similarity"),
}


def point(card, tie, rng):
    """A target, the number of the class where it is one, and a prediction: of one item."""
    rows = is_rowwise(card)
    shape = grid.own_shape(card) if rows else (3,) if isinstance(card, Setwise) else ()
    ends, target = card.prediction, card.target
    p = rng.uniform(0.2, 0.8, shape)
    if ends.high != 1.0 and ends.low != 0.0 and not (rows and card.places):
        p = np.log(p) if "log_" in card.name else rng.normal(size=shape)
    if tie and not (rows and card.places):
        p = np.full(shape, -0.7 if "log_" in card.name else 0.25 if ends.low == 0 else 0.0)
    if card.slots[0].domain.blank is not None:
        return np.array([1, 1]), p
    if target.labels:
        return (np.array([0, 1, 0]) if target.names else 1), p
    if card.slots[0].places:
        return np.array([[1.0, 1.0], [2.0, 0.0], [1.0, 1.0]]), p
    y = rng.uniform(0.2, 0.8, () if has_row_target(card) else shape)
    if target.values:
        y = np.where(np.arange(y.size).reshape(y.shape) == 0, 1.0, -1.0)
    return (np.log(y) if target.high == 0 else y), p


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in range(1, 8))]
)
def test_every_card_has_right_second_derivatives(part):
    """Against differences of its gradients, by prediction and target, and in both modes."""
    rng = np.random.default_rng(3)
    with jax.enable_x64(True):
        for name, options in SETTINGS[part::8]:
            of_second_order(name, options, rng)


def of_second_order(name, options, rng):
    card = packed(CARDS[name](**options))
    fixed, p = point(card, False, rng)
    both = card.slots[0].differentiable and not card.target.values
    function = grid.on_jax(card)

    def loss(x):
        of_p = x[: np.size(p)].reshape(np.shape(p))
        y = x[np.size(p) :].reshape(np.shape(fixed)) if both else fixed
        return function(of_p, y)

    # One program: the second derivatives at a point, and the gradients around it.
    around = jax.jit(
        lambda x, points: (jax.jacfwd(jax.grad(loss))(x), jax.vmap(jax.grad(loss))(points))
    )
    for tie in (False, True):
        if tie and name in JUMPS:
            continue
        y, p = point(card, tie, rng)
        flat = np.concatenate([np.ravel(p), np.ravel(y)]) if both else np.ravel(p)
        steps = 1e-6 * np.eye(flat.size)
        got, slopes = around(flat, np.concatenate([flat + steps, flat - steps]))
        want = (slopes[: flat.size] - slopes[flat.size :]).T / 2e-6
        message = f"{name} {options} {'tie' if tie else ''}"
        size = 1.0 + np.abs(want).max()
        np.testing.assert_allclose(got, want, atol=1e-5 * size, err_msg=message)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_second_derivative_of_equal_logits(classes):
    """That of a softmax at its start: diag(p) - p p', not 0."""
    z, p, one_hot = jnp.zeros(classes), 1.0 / classes, jnp.eye(classes)[1]
    losses = (
        lambda z: lj.softmax_cross_entropy(z, one_hot),
        lambda z: lj.softmax_cross_entropy_with_integer_labels(z, 1),
        lambda z: lj.get("categorical_crossentropy")(
            z, one_hot, from_logits=True, reduction="mean"
        ),
    )
    for got in jax.jit(lambda z: [jax.hessian(loss)(z) for loss in losses])(z):
        np.testing.assert_allclose(got, np.diag(np.full(classes, p)) - p * p, rtol=1e-6)
