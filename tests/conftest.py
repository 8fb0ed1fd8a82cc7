"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(items):
    """The longest first: each backend of Keras is a process that takes half a minute."""
    items.sort(key=lambda item: "test_keras_face" not in item.nodeid)


@pytest.fixture(scope="module", autouse=True)
def _forget_programs():
    """What XLA has compiled for one module is of no use to the next, and large."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
