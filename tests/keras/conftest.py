"""These files run once per backend, each in a process of its own: see tests/test_keras_face.py."""

import keras
import pytest

SLOW = ("test_check.py", "test_ctc_is_that_of_numpy", "test_jit_compile_and_eager_agree")
"""What is much the same on every backend, and takes half a minute where models are compiled."""


def pytest_collection_modifyitems(items):
    if keras.backend.backend() != "torch":
        for item in items:
            if any(name in item.nodeid for name in SLOW):
                item.add_marker(pytest.mark.exhaustive)


@pytest.fixture(autouse=True)
def _fresh():
    keras.mixed_precision.set_global_policy("float32")
    keras.utils.set_random_seed(0)
    yield
    keras.mixed_precision.set_global_policy("float32")
