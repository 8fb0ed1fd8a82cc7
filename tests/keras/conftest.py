"""These files run once per backend, each in a process of its own: see tests/test_keras_face.py."""

import keras
import pytest


@pytest.fixture(autouse=True)
def _fresh():
    keras.mixed_precision.set_global_policy("float32")
    keras.utils.set_random_seed(0)
    yield
    keras.mixed_precision.set_global_policy("float32")
