"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(items):
    """The longest first: each backend of Keras is a process that takes half a minute."""
    items.sort(key=lambda item: "test_keras_face" not in item.nodeid)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Each worker has a core: PyTorch's threads would wait for each other."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


_tests = itertools.count(1)


@pytest.fixture(autouse=True)
def _forget_programs():
    """XLA keeps what it has compiled, gigabytes of it in time: now and then, away with it."""
    yield
    if next(_tests) % 25 == 0 and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
