"""Losses of Keras's names beside Keras's, by each argument, where Keras is accurate."""

import json

import keras
import numpy as np
import pytest
from gradients import BACKEND, items_and_slope, numpy

import losskit.keras as lk

RNG = np.random.default_rng(0)
ROWS = RNG.dirichlet(np.ones(4), 6).astype("float32") * 0.9 + 0.025
ONE_HOT = np.eye(4, dtype="float32")[RNG.integers(0, 4, 6)]
LOGITS = RNG.normal(0.0, 2.0, (6, 4)).astype("float32")
LABELS = RNG.integers(0, 4, 6)
MASKS = (RNG.uniform(size=(6, 3, 2)) < 0.4).astype("float32")
SHARES = RNG.uniform(0.05, 0.95, (6, 3, 2)).astype("float32")
WEIGHT = np.linspace(0.0, 2.0, 6, dtype="float32")

CASES = [
    *(("CategoricalFocalCrossentropy", given, ONE_HOT, p) for given, p in (
        ({}, ROWS),
        ({"alpha": [0.1, 0.2, 0.3, 0.4], "gamma": 1.5, "label_smoothing": 0.1}, ROWS),
        ({"alpha": 0.7, "gamma": 0.0, "from_logits": True}, LOGITS),
        ({"alpha": [0.1, 0.2, 0.3, 0.4], "from_logits": True, "label_smoothing": 0.1}, LOGITS),
        ({"axis": 0}, ROWS),
    )),
    *(("CategoricalGeneralizedCrossEntropy", {"q": q}, LABELS, ROWS) for q in (0.5, 0.1)),
    *(("Dice", {"axis": axis}, MASKS, SHARES) for axis in (None, (1, 2), (0, 2))),
    *(("Tversky", {"alpha": 0.2, "beta": 0.7, "axis": axis}, MASKS, SHARES)
      for axis in (None, (1, 2))),
]  # fmt: skip
NAMES = [f"{name}-{given}" for name, given, _, _ in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_gives_what_keras_gives(case):
    name, given, *arrays = case
    y, p = map(keras.ops.convert_to_tensor, arrays)
    ours, theirs = getattr(lk, name), getattr(keras.losses, name)
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", None):
        one, other = ours(reduction=reduction, **given), theirs(reduction=reduction, **given)
        np.testing.assert_allclose(numpy(one(y, p)), numpy(other(y, p)), rtol=2e-5)
        if numpy(other.call(y, p)).shape in ((), (6,)):
            got, want = numpy(one(y, p, WEIGHT)), numpy(other(y, p, WEIGHT))
            np.testing.assert_allclose(got, want, rtol=2e-5)
    got = numpy(getattr(lk, one._card.name)(y, p, **given))
    want = numpy(getattr(keras.losses, one._card.name)(y, p, **given))
    np.testing.assert_allclose(got, want, rtol=2e-5)
    upstream = np.ones(want.shape, "float32")
    _, slope = items_and_slope(one.__call__, *arrays, upstream)
    _, wanted = items_and_slope(other.__call__, *arrays, upstream)
    np.testing.assert_allclose(slope, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_is_made_again_from_its_configuration(case):
    name, given, y, p = case
    loss = getattr(lk, name)(**given, reduction="sum")
    again = type(loss).from_config(json.loads(json.dumps(loss.get_config())))
    assert again.card == loss.card
    assert numpy(again(y, p)) == numpy(loss(y, p))


def test_weights_of_a_batch_that_is_one_mask():
    """Its value times each weight, as in Keras; the gradient is that of what is given."""
    loss = lk.Dice(reduction="sum")
    value, slope = items_and_slope(loss.__call__, MASKS, SHARES, np.float32(1.0))
    by_weights, of_weights = items_and_slope(
        lambda y, p: loss(y, p, WEIGHT), MASKS, SHARES, np.float32(1.0)
    )
    assert by_weights == pytest.approx(value * WEIGHT.sum(), rel=1e-5)
    np.testing.assert_allclose(of_weights, slope * WEIGHT.sum(), rtol=1e-4, atol=1e-6)


def test_an_alpha_for_each_class_must_fit():
    with pytest.raises(ValueError, match="alpha has 3 weights, but y_pred has 4 classes"):
        lk.CategoricalFocalCrossentropy(alpha=[0.1, 0.2, 0.3])(ONE_HOT, ROWS)
    for alpha in (-1.0, [0.1, -0.2, 0.3, 0.4], "balanced", None, True):
        with pytest.raises((TypeError, ValueError), match="alpha"):
            lk.CategoricalFocalCrossentropy(alpha=alpha)
    for q in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"q must be a number in \(0, 1\]"):
            lk.CategoricalGeneralizedCrossEntropy(q=q)


@pytest.mark.skipif(BACKEND == "jax", reason="the stock softmax keeps no logits there")
@pytest.mark.parametrize(
    "name", ["CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy"]
)
def test_logits_behind_a_softmax_are_used(name):
    """Of the class that is nearly certain, whose probability is 1 in float32."""
    z = np.array([[0.0, 20.0, -3.0]], "float32")
    y = np.array([1]) if "Generalized" in name else np.array([[0.0, 1.0, 0.0]], "float32")
    loss = getattr(lk, name)(**({} if "Generalized" in name else {"gamma": 0.5}))
    value, slope = items_and_slope(
        lambda y, z: loss(y, keras.activations.softmax(z)), y, z, np.float32(1.0)
    )
    logits = type(loss)(**{**loss.card.parameters(), "from_logits": True})
    want, wanted = items_and_slope(logits.__call__, y, z, np.float32(1.0))
    assert want > 0
    assert value == pytest.approx(want, rel=1e-5)
    np.testing.assert_allclose(slope, wanted, rtol=1e-5)
