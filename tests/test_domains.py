"""What lies at the end of a range, or beyond it: by its own dtype's rounding, or by a mistake."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch

import losskit
import losskit.jax as lj
import losskit.torch as lt
from losskit.core.namespaces.numpy import NUMPY

FACES = ["numpy", "torch", "jax", "jax, compiled"]


def call(face, name, y, p, dtype="float32", y_dtype=None, **parameters):
    """The one item of a loss on a face, and its derivative by the prediction, as floats."""
    y_dtype = y_dtype or dtype
    if face == "numpy":
        kinds = {"bfloat16": ml_dtypes.bfloat16}
        loss = losskit.numpy.get(name, **parameters)
        y, p = np.array([y], kinds.get(y_dtype, y_dtype)), np.array([p], kinds.get(dtype, dtype))
        return float(loss(y, p)), float(loss.gradient(y, p)[0])
    if face == "torch":
        p = torch.tensor([p], dtype=getattr(torch, dtype), requires_grad=True)
        y = torch.tensor([y], dtype=getattr(torch, y_dtype))
        value = getattr(lt, losskit.numpy.get(name).__class__.__name__)(**parameters)(p, y)
        value.backward()
        return value.item(), p.grad.item()

    def function(p, y):
        return getattr(lj, name)(p, y, reduction="sum", **parameters).astype(jnp.float32)

    both, p, y = jax.value_and_grad(function), jnp.asarray([p], dtype), jnp.asarray([y], y_dtype)
    if "compiled" in face:
        both = jax.jit(both)
    else:
        function(p, y)  # of a derivative the predictions cannot be seen
    value, slope = both(p, y)
    return float(value), float(slope[0])


# --- slack --------------------------------------------------------------------------------------

AT_THE_END = [
    ("binary_crossentropy", 1.0, 1.00098, "float16", 0.0, -1.0),
    ("binary_crossentropy", 0.0, -0.002, "float16", 0.0, 1.0),
    ("binary_crossentropy", 1.0, 1.0078, "bfloat16", 0.0, -1 / 1.0078125),
    ("binary_crossentropy", 1.0, 1.000001, "float32", 0.0, -1.0),
]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("name", "y", "p", "dtype", "value", "slope"), AT_THE_END)
def test_rounding_of_the_dtype_at_the_end_of_a_range(face, name, y, p, dtype, value, slope):
    got = call(face, name, y, p, dtype)
    assert got[0] == value
    assert got[1] == pytest.approx(slope, rel=2e-3)


@pytest.mark.parametrize("face", FACES)
def test_beyond_the_rounding_is_a_mistake(face):
    for p, dtype in ((1.01, "float16"), (1.05, "bfloat16"), (1.0001, "float32")):
        if face == "jax, compiled":
            value, _ = call(face, "binary_crossentropy", 1.0, p, dtype, "float32")
            assert np.isnan(value)
        else:
            with pytest.raises(ValueError, match=r"\[0, 1\]"):
                call(face, "binary_crossentropy", 1.0, p, dtype, "float32")


@pytest.mark.parametrize("face", ["numpy", "torch", "jax"])
def test_a_targets_slack_is_that_of_its_own_dtype(face):
    near = float(np.float16(1.00098))
    value, _ = call(face, "binary_crossentropy", near, 0.5, "float32", "float16")
    assert value == pytest.approx(np.log(2), rel=1e-6)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        call(face, "binary_crossentropy", near, 0.5, "float32", "float32")


def test_a_compiled_targets_slack_is_that_of_its_own_dtype():
    y = jnp.asarray([[1.00098, 0.0]], jnp.float16)
    found = jax.jit(lj.softmax_cross_entropy)(jnp.zeros((1, 2)), y)
    np.testing.assert_allclose(found, float(y[0, 0]) * np.log(2), rtol=1e-6)
    found = jax.jit(lj.binary_crossentropy)(jnp.full((2,), 0.5), y[0])
    np.testing.assert_allclose(found, np.log(2), rtol=1e-6)


# --- ranges of values ---------------------------------------------------------------------------


def test_cosines_stay_within_their_range():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 7)).astype(np.float32)
    for sign in (1.0, -1.0):
        y = (sign * x).astype(np.float32)
        cosines = losskit.CosineSimilarity(reduction="none")(y, x)
        np.testing.assert_allclose(cosines, -sign, rtol=1e-6)
        assert (np.abs(cosines) <= 1).all()
        tensors = torch.from_numpy(x), torch.from_numpy(y)
        pairs = lt.CosineEmbeddingLoss(reduction="none")(*tensors, torch.ones(len(x)))
        assert ((pairs >= 0) & (pairs <= 2)).all()
        assert (abs(pairs - (1 - sign)) < 1e-6).all()
        distances = np.asarray(lj.cosine_distance(x, y))
        assert ((distances >= 0) & (distances <= 2)).all()


def test_shares_stay_within_their_range():
    p = np.array([[1.000005, -0.000005, 1.0]], np.float32)
    for loss in (losskit.SoftDice(axis=-1, smooth=0.0), losskit.SoftTversky(axis=-1)):
        assert loss([[1.0, 0.0, 1.0]], p) == 0
    assert losskit.BinaryCrossentropy()([1.0, 0.0, 1.0], p[0]) == 0


# --- targets below 0 ----------------------------------------------------------------------------


@pytest.mark.parametrize("face", ["numpy", "torch", "jax"])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mean_squared_logarithmic_error", {}),
        ("poisson", {}),
        ("poisson", {"log_input": True}),
        ("generalized_log_kl_divergence", {}),
    ],
)
def test_a_target_below_0_is_refused(face, name, parameters):
    with pytest.raises(ValueError, match=r"must be a number >= 0 .* got -5 at index"):
        call(face, name, -5.0, 1.0, **parameters)
    value, slope = call(face, name, 5.0, 2.0, **parameters)
    assert np.isfinite([value, slope]).all()
    assert value != 0


@pytest.mark.parametrize(
    "name", ["mean_squared_logarithmic_error", "poisson", "generalized_log_kl_divergence"]
)
def test_a_target_below_0_is_nan_where_nothing_can_be_raised(name):
    y, p = np.array([5.0, -5.0], np.float32), np.array([2.0, 1.0], np.float32)
    right = getattr(losskit, name)(y[:1], p[:1])
    found = np.asarray(jax.jit(getattr(lj, name))(p, y))
    assert found[0] == pytest.approx(right, rel=1e-6)
    assert np.isnan(found[1])
    loss = getattr(lt, type(losskit.get(name)).__name__)(reduction="none")
    found = torch.func.vmap(loss)(torch.from_numpy(p), torch.from_numpy(y)).numpy()
    assert found[0] == pytest.approx(right, rel=1e-6)
    assert np.isnan(found[1])


# --- what both sides rule out -------------------------------------------------------------------

INF = float("inf")


def test_the_derivative_by_a_target_that_the_prediction_rules_out_too():
    y, p = np.array([0.0, 0.0, 0.5]), np.array([-INF, -1.0, -1.0])
    tiny = np.log(np.finfo(float).tiny)
    got = losskit.LogKLDivergence().card.target_slope(NUMPY, y, p)
    np.testing.assert_allclose(got, [0.0, tiny + 2.0, np.log(0.5) + 2.0])
    got = losskit.GeneralizedLogKLDivergence().card.target_slope(NUMPY, y, p)
    np.testing.assert_allclose(got, [0.0, tiny + 1.0, np.log(0.5) + 1.0])
    # Of a target above 0 the loss is infinite, and so is its derivative.
    for card in (losskit.LogKLDivergence().card, losskit.GeneralizedLogKLDivergence().card):
        assert card.target_slope(NUMPY, np.array([0.5]), np.array([-INF])) == INF
    card = losskit.CategoricalCrossentropy(from_logits=True).card
    got = card.target_slope(NUMPY, np.array([[0.0, 1.0, 0.0]]), np.array([[-INF, 0.0, 0.0]]))
    np.testing.assert_allclose(got, [[INF, np.log(2), np.log(2)]])


def r_drop(kl, log_softmax, exp, x, z):
    p, q = log_softmax(x), log_softmax(z)
    return kl(p, exp(q)).sum() + kl(q, exp(p)).sum()


def expected():
    """By the two classes that are left, whose logits are 0, 1 and 1, 0."""
    p = np.exp([0.0, 1.0]) / (1 + np.e)
    gap = np.log(p / p[::-1])
    value = 2 * (p * gap).sum()
    slope = p * (gap - (p * gap).sum()) + p - p[::-1]
    return value, np.concatenate([[0.0], slope])


def test_r_drop_with_a_class_ruled_out_in_torch():
    x = torch.tensor([[-INF, 0.0, 1.0]], requires_grad=True)
    z = torch.tensor([[-INF, 1.0, 0.0]], requires_grad=True)
    value = r_drop(
        lambda p, q: lt.kl_div(p, q, reduction="none"),
        lambda x: torch.log_softmax(x, -1),
        torch.exp,
        *(x, z),
    )
    value.backward()
    true, slope = expected()
    assert value.item() == pytest.approx(true, rel=1e-6)
    np.testing.assert_allclose(x.grad[0], slope, rtol=1e-5)
    np.testing.assert_allclose(z.grad[0], slope[[0, 2, 1]], rtol=1e-5)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_r_drop_with_a_class_ruled_out_in_jax(transform):
    def function(x, z):
        return r_drop(lj.log_kl_divergence, jax.nn.log_softmax, jnp.exp, x, z)

    x, z = jnp.array([-INF, 0.0, 1.0]), jnp.array([-INF, 1.0, 0.0])
    value, slopes = transform(jax.value_and_grad(function, (0, 1)))(x, z)
    true, slope = expected()
    assert float(value) == pytest.approx(true, rel=1e-6)
    np.testing.assert_allclose(slopes[0], slope, rtol=1e-5)
    np.testing.assert_allclose(slopes[1], slope[[0, 2, 1]], rtol=1e-5)


def test_a_logarithm_of_0_as_a_target():
    y, p = np.array([-INF, -0.5], np.float32), np.array([-INF, -1.0], np.float32)
    half = float(np.exp(-0.5)) * 0.5
    loss = losskit.LogKLDivergenceWithLogTargets(reduction="none")
    np.testing.assert_allclose(loss(y, p), [0.0, half], rtol=1e-6)
    np.testing.assert_allclose(loss.gradient(y, p), [0.0, -np.exp(-0.5)], rtol=1e-6)
    got = lt.kl_div(torch.tensor(p), torch.tensor(y), reduction="none", log_target=True)
    np.testing.assert_allclose(got, [0.0, half], rtol=1e-6)
    for function in (
        lj.log_kl_divergence_with_log_targets,
        jax.jit(lj.log_kl_divergence_with_log_targets),
    ):
        np.testing.assert_allclose(function(p, y), [0.0, half], rtol=1e-6)
    with pytest.raises(ValueError, match="infinite"):
        loss([INF], [-1.0])
    with pytest.raises(ValueError, match="infinite"):
        losskit.Poisson()([-INF], [1.0])
