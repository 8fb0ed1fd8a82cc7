"""These files run once per backend, each in a process of its own: see tests/test_keras_face.py."""

import os

import pytest

if "KERAS_BACKEND" not in os.environ:
    collect_ignore_glob = ["test_*.py"]
else:
    import keras

    @pytest.fixture(autouse=True)
    def _fresh():
        keras.mixed_precision.set_global_policy("float32")
        keras.utils.set_random_seed(0)
        yield
        keras.mixed_precision.set_global_policy("float32")
