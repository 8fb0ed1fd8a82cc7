"""The vocabulary of sequences, on the backend that runs: CTC as NumPy computes it."""

import functools

import keras
import numpy as np
import pytest
from gradients import compiled

import losskit
import losskit.keras
from losskit.core.namespaces.numpy import NUMPY
from losskit.keras.framework import KERAS
from losskit.losses.sequence import CTC


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ctc_is_that_of_numpy(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 by default")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 7, 5)).astype(dtype)
    z[1, 2, 1:] = -np.inf
    y = np.array([[1, 2, 2], [4, 3, -1], [-1, -1, -1], [3, 5, -1]])
    m = KERAS.vocabulary(dtype)
    card = CTC(from_logits=True)
    for order in ("value", "slope"):
        want = getattr(card, order)(NUMPY, y, z)
        function = functools.partial(getattr(card, order), m)
        if keras.backend.backend() == "jax":  # operation by operation it takes long to compile
            function = compiled(function)
        got = function(KERAS.labels(keras.ops.convert_to_tensor(y)), keras.ops.convert_to_tensor(z))
        tolerance = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(got), want, rtol=tolerance, atol=tolerance
        )
        assert np.isnan(want[3]).all()


def drawn():
    rng = np.random.default_rng(1)
    y = np.array([[1, 2, 3], [4, 0, 0], [2, 2, 0], [0, 0, 0]])
    return y, rng.normal(size=(4, 9, 5)).astype("float32")


def test_kerass_own_where_labels_are_some():
    y, z = drawn()
    wanted = keras.ops.convert_to_numpy(keras.losses.ctc(y, z))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(losskit.keras.ctc(y, z)), wanted, 1e-5)
    np.testing.assert_allclose(float(losskit.keras.CTC()(y, z)), wanted.mean(), 1e-5)


def test_frames_by_name():
    y, z = drawn()
    frames = [9, 2, 5, 3]
    wanted = losskit.ctc(y, z, frames=frames, reduction="none")
    got = losskit.keras.ctc(y, z, frames=frames)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), wanted, 1e-5)
    loss = losskit.keras.CTC()
    np.testing.assert_allclose(float(loss(y, z, frames=frames)), wanted.mean(), 1e-5)
    total, count = loss.parts(y, z, frames=frames)
    np.testing.assert_allclose(float(total) / float(count), wanted.mean(), 1e-5)
    with pytest.raises(ValueError, match="frames must be whole, from 0 to 9"):
        loss(y, z, frames=[10, 2, 5, 3])
    with pytest.raises(TypeError, match="does not take lengths"):
        loss(y, z, lengths=frames)


def test_fit_over_any_number_of_frames():
    y, z = drawn()
    inputs = keras.Input((None, 5))
    model = keras.Model(inputs, keras.layers.Dense(5, kernel_initializer="identity")(inputs))
    model.compile("sgd", losskit.keras.CTC())
    first = model.evaluate(z, y, verbose=0)
    np.testing.assert_allclose(first, losskit.ctc(y, z), 1e-5)
    model.fit(z, y, epochs=2, verbose=0)
    assert model.evaluate(z, y, verbose=0) < first
