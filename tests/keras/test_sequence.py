"""The vocabulary of sequences, by Keras's operations: CTC as NumPy computes it."""

import functools

import keras
import numpy as np
import pytest
from gradients import compiled

from losskit.core.namespaces.keras import KerasVocabulary
from losskit.core.namespaces.numpy import NUMPY
from losskit.losses.sequence import CTC


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ctc_is_that_of_numpy(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 by default")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 7, 5)).astype(dtype)
    z[1, 2, 1:] = -np.inf
    y = np.array([[1, 2, 2], [4, 3, -1], [-1, -1, -1], [3, 5, -1]])
    m = KerasVocabulary(keras.ops)
    card = CTC(from_logits=True)
    for order in ("value", "slope"):
        want = getattr(card, order)(NUMPY, y, z)
        function = functools.partial(getattr(card, order), m)
        if keras.backend.backend() == "jax":  # operation by operation it takes long to compile
            function = compiled(function)
        got = function(keras.ops.convert_to_tensor(y, "int32"), keras.ops.convert_to_tensor(z))
        tolerance = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(got), want, rtol=tolerance, atol=tolerance
        )
        assert np.isnan(want[3]).all()
