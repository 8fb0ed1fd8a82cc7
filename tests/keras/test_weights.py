"""Class weights and weights of positives: segmentation, arrays, `fit`."""

import json

import keras
import numpy as np
import pytest
from gradients import items_and_slope, numpy

import losskit
import losskit.keras as lk

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, (4, 5, 6))
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
LOGITS = RNG.normal(0.0, 2.0, (4, 5, 6, 3)).astype("float32")
W = [0.25, 2.0, 1.0]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("y", [LABELS, ONE_HOT], ids=["labels", "one-hot"])
def test_segmentation(y, smoothing):
    """(batch, height, width, classes), each pixel weighed by its class."""
    name = "Sparse" * (y.ndim == 3) + "CategoricalCrossentropy"
    options = {"from_logits": True, "class_weight": W, "label_smoothing": smoothing}
    items = getattr(losskit, name)(**options, reduction="none")(y, LOGITS)
    loss = getattr(lk, name)(**options)
    np.testing.assert_allclose(numpy(loss(y, LOGITS)), items.mean(), rtol=2e-5)
    np.testing.assert_allclose(numpy(loss.call(y, LOGITS)), items, rtol=2e-5, atol=1e-6)
    function = getattr(lk, type(loss)._card.name)
    given = {"from_logits": True, "label_smoothing": smoothing}
    for w in (W, np.array(W), keras.ops.convert_to_tensor(W)):
        got = numpy(function(y, LOGITS, class_weight=w, **given))
        np.testing.assert_allclose(got, items, rtol=2e-5, atol=1e-6)
    divided = getattr(lk, name)(**options, reduction="mean_with_sample_weight")(y, LOGITS)
    count = np.array(W)[LABELS].sum() if y.ndim == 3 else items.size
    np.testing.assert_allclose(numpy(divided), items.sum() / count, rtol=2e-5)
    _, slope = items_and_slope(loss.__call__, y, LOGITS, np.float32(1.0))
    wanted = getattr(losskit, name)(**options).gradient(y, LOGITS)
    np.testing.assert_allclose(slope, wanted, rtol=1e-4, atol=1e-8)
    again = type(loss).from_config(json.loads(json.dumps(loss.get_config())))
    assert again.card == loss.card


@pytest.mark.parametrize("y", [LABELS, ONE_HOT], ids=["labels", "one-hot"])
def test_a_model_is_fitted(y):
    name = "Sparse" * (y.ndim == 3) + "CategoricalCrossentropy"
    model = keras.Sequential(
        [keras.Input((5, 6, 2)), keras.layers.Conv2D(3, 1, activation="softmax")]
    )
    loss = getattr(lk, name)(class_weight={0: 0.0, 1: 3.0})
    model.compile("sgd", loss)
    x = RNG.normal(size=(4, 5, 6, 2)).astype("float32")
    before = model.evaluate(x, y, verbose=0)
    want = losskit.get(name, class_weight={0: 0.0, 1: 3.0})(y, numpy(model(x)))
    assert before == pytest.approx(float(want), rel=1e-4)
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < before


def test_weights_of_positives():
    y = (RNG.random((6, 4)) < 0.4).astype("float32")
    z, u = RNG.normal(size=(6, 4)).astype("float32"), RNG.uniform(0.5, 3, (6, 4)).astype("float32")
    for target in (y, y * 0.5 + 0.2):
        want = losskit.binary_crossentropy(
            target, z, from_logits=True, pos_weight=u, reduction="none"
        )
        for given in (u, keras.ops.convert_to_tensor(u)):
            got = numpy(lk.binary_crossentropy(target, z, from_logits=True, pos_weight=given))
            np.testing.assert_allclose(got, want.mean(-1), rtol=2e-5)
