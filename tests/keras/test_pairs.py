"""Losses of pairs in Keras: a batch is one set; the circle loss has a value for each sample."""

import keras
import numpy as np
import pytest
from gradients import compiled, numpy, tensor, value_and_gradients

import losskit
import losskit.keras as lk
from losskit.core.definition import CARDS

LABELS = np.array([1, 1, 2, 2, 1, 7])


def drawn(n=6, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, 4))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype("float32")


def test_circle_has_keras_values_and_gradients():
    x, w = drawn(), np.linspace(0.5, 2.0, 6, dtype="float32")
    for options in ({}, {"gamma": 8.0, "margin": 0.25}, {"gamma": 2.0, "remove_diagonal": False}):
        ours, theirs = (where.Circle(**options) for where in (lk, keras.losses))
        got, want = (
            value_and_gradients(lambda p, loss=loss: loss(LABELS, p, w), x)
            for loss in (ours, theirs)
        )
        (value, (slope,)), (their_value, (theirs,)) = got, want
        np.testing.assert_allclose(value, their_value, rtol=1e-5)
        np.testing.assert_allclose(slope, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())
        of, others = LABELS[:4] % 2, drawn(4, 1)
        mine, own = (
            numpy(f(LABELS % 2, x, of, others, **options)) for f in (lk.circle, keras.losses.circle)
        )
        np.testing.assert_allclose(mine, own, rtol=1e-5)


def test_circle_of_samples_is_that_of_the_set():
    x = 3.0 * drawn()
    loss = lk.Circle(gamma=4.0, normalize=True)
    value, (slope,) = value_and_gradients(lambda p: loss(LABELS, p), x)
    want = losskit.Circle(gamma=4.0, normalize=True).value_and_gradient(LABELS, x)
    np.testing.assert_allclose(value, want[0], rtol=1e-5)
    np.testing.assert_allclose(slope, want[1], rtol=1e-4, atol=1e-6)
    items = numpy(lk.Circle(gamma=4.0, normalize=True, reduction=None)(LABELS[:, None], tensor(x)))
    assert items.shape == (6,)
    assert items[5] == 0  # it has no partner, and does not count
    assert items.sum() / 5 == pytest.approx(want[0], rel=1e-5)
    left_out = loss(LABELS, tensor(x), np.array([1, 1, 1, 1, 0, 1], "float32"))
    assert float(left_out) < float(value)


def test_circle_refuses_what_is_no_set():
    x = drawn()
    with pytest.raises(ValueError, match=r"shape \(6,\) for .* got y_true\.shape=\(3,\)"):
        lk.Circle()(LABELS[:3], x)
    with pytest.raises(ValueError, match=r"ref_labels must have the shape \(4,\)"):
        lk.circle(LABELS, x, LABELS, x[:4])
    with pytest.raises(ValueError, match=r"\(batch, features\) with references"):
        lk.circle(LABELS[None], x[None], LABELS[None], x[None])
    with pytest.raises(ValueError, match=r"an entry of a vector of length 1 for circle, got"):
        lk.Circle()(LABELS, 3.0 * x)
    with pytest.raises(ValueError, match="fractional"):
        lk.Circle()(LABELS + 0.5, x)
    far = [1, 2**33 + 1, 1, 2, 2, 2**33 + 2]  # which int32 does not hold
    assert numpy(lk.circle(np.array(far), x))[1] == 0
    # The same names beside those of references.
    references = np.array([1, 2**33 + 1]), x[:2]
    found = numpy(lk.circle(np.array(far), x, *references, remove_diagonal=False))
    np.testing.assert_array_equal(found > 0, [True] * 3 + [False] * 3)


def test_circle_of_other_vectors_is_nan_where_nothing_can_be_raised():
    loss = compiled(lambda x: lk.Circle()(LABELS, x))
    assert np.isfinite(numpy(loss(tensor(drawn()))))
    assert np.isnan(numpy(loss(tensor(3.0 * drawn()))))


@pytest.mark.parametrize("name", ["NTXent", "Circle"])
def test_a_network_learns_embeddings(name):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    x = (np.eye(3)[y] + 0.3 * rng.normal(size=(60, 3))).astype("float32")
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.UnitNormalization()])
    model.compile(keras.optimizers.SGD(0.05), loss=getattr(lk, name)())
    before = model.evaluate(x, y, batch_size=60, verbose=0)
    model.fit(x, y, batch_size=20, epochs=5, verbose=0)
    assert model.evaluate(x, y, batch_size=60, verbose=0) < before


def test_two_encoders():
    query, key = drawn(), drawn(seed=1)
    want = losskit.info_nce(query, key)
    for given in ((query, key), {"key": key, "query": query}, np.stack([query, key], 1)):
        assert float(lk.InfoNCE()(np.zeros(6), given)) == pytest.approx(float(want), rel=1e-5)
    assert CARDS["info_nce"]().decomposable
