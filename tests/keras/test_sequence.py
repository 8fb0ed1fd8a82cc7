"""The vocabulary of sequences, on the backend that runs: CTC as NumPy computes it."""

import functools

import keras
import numpy as np
import pytest
from gradients import BACKEND, compiled, items_and_slope

import losskit
import losskit.keras
from losskit import native
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


@pytest.mark.skipif(BACKEND != "tensorflow" or not native.available(), reason="of TensorFlow")
@pytest.mark.parametrize("graph", ["closed", "xla"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensorflow_graphs_call_the_kernel(dtype, graph):
    import tensorflow as tf

    rng = np.random.default_rng(3)
    z = rng.normal(size=(5, 9, 6)).astype(dtype)
    y = np.array([[1, 2, 2], [4, -1, -1], [5, 5, 0], [1, 6, 2], [0, 0, 0]])
    frames, weight = np.array([9, 3, 7, 9, 0]), np.array([0.5, 2.0, 1.0, 1.0, 3.0], dtype)
    z[1, 3:] = np.nan  # behind its end
    y[3, 1] = 3
    loss = losskit.keras.CTC(dtype=dtype)
    function = functools.partial(_weighted, loss, frames, weight)
    value, slope = items_and_slope(function, y, z, np.array(1.0, dtype), graph=graph)
    wanted = losskit.CTC().value_and_gradient(y, z, frames=frames, sample_weight=weight)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(value, wanted[0], tolerance)
    # Each at its own size: the least are of classes that the labels do not say.
    np.testing.assert_allclose(slope, wanted[1], tolerance)
    kinds = [tf.TensorSpec((None, 3), y.dtype), tf.TensorSpec((None, None, 6), dtype)]
    for signature in (None, kinds):
        made = tf.function(loss.__call__, input_signature=signature)
        made = made.get_concrete_function(*(() if signature else (y, z)))
        kinds_of = [op.type for op in made.graph.get_operations()]
        assert "XlaCallModule" in kinds_of
        assert not {"While", "StatelessWhile"} & {*kinds_of}
    wrong = y.copy()
    wrong[0, 1] = 6  # none of the classes
    value, slope = items_and_slope(loss, wrong, np.nan_to_num(z), np.array(1.0, dtype), graph=graph)
    assert np.isnan(value)
    assert np.isnan(slope[0]).all()
    assert np.isfinite(slope[1:]).all()


def _weighted(loss, frames, weight, y, z):
    return loss(y, z, weight, frames=frames)
