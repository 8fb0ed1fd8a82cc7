"""What is read under 1 - p where no logits are kept: see tests/test_complement.py."""

import keras
import numpy as np
import pytest
from gradients import numpy, tensor, value_and_gradients

import losskit.keras

HALF_GAPS = {"float16": 2.0**-12, "bfloat16": 2.0**-9, "float32": 2.0**-25, "float64": 2.0**-54}
LOSSES = [
    losskit.keras.BinaryCrossentropy(reduction="sum"),
    losskit.keras.BinaryFocalCrossentropy(gamma=0.0, reduction="sum"),
]


@pytest.mark.parametrize("name", HALF_GAPS)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_half_the_spacing_below_1(loss, name):
    ops = keras.ops
    # Computed in float32: what is wider is rounded to it.
    gap = max(HALF_GAPS[name], HALF_GAPS["float32"])
    y = np.array([[0.0], [0.25]], "float32")
    value, (gradient,) = value_and_gradients(
        lambda p: loss(y, ops.cast(p, name)), np.ones((2, 1), "float32")
    )
    np.testing.assert_allclose(value, -1.75 * np.log(gap), rtol=1e-6)
    rtol = 2 * gap if "16" in name else 1e-6
    np.testing.assert_allclose(gradient, (1 - y) / gap - y, rtol=rtol)


def test_float64():
    loss = losskit.keras.BinaryCrossentropy(dtype="float64", reduction="sum")
    for name in ("float32", "float64"):
        p = keras.ops.cast(tensor(np.ones((1, 1), name)), name)
        # Of what came as float32 no more can be told in float64.
        came = "float32" if "float32" in str(p.dtype) else "float64"
        value = loss(np.zeros((1, 1)), p)
        computed = "float64" if "float64" in str(value.dtype) else "float32"
        gap = max(HALF_GAPS[came], HALF_GAPS[computed])
        np.testing.assert_allclose(numpy(value), -np.log(gap), rtol=1e-6)
