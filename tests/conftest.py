"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

import ctypes
import gc
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


def pytest_collection_finish():
    """The tests and the frameworks stay: no need to look through them at each collection."""
    gc.collect()
    gc.freeze()


_tests = itertools.count(1)


@pytest.fixture(autouse=True)
def _forget_programs():
    """XLA keeps what it has compiled, gigabytes of it in time: now and then, away with it."""
    yield
    if next(_tests) % 25 == 0 and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()


@pytest.fixture(scope="module", autouse=True)
def _give_memory_back():
    """What one file needed the next does not: models, programs, and what the C library keeps."""
    yield
    pages = Path("/proc/self/statm")
    # Not after each: to look through all that the frameworks hold takes seconds.
    if not pages.exists() or int(pages.read_text().split()[1]) * 4096 < 1.8e9:
        return
    for name, forget in FORGET.items():
        if name in sys.modules:
            forget(sys.modules[name])
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


FORGET = {
    "keras": lambda keras: keras.backend.clear_session(),
    "jax": lambda jax: jax.clear_caches(),
    "torch": lambda torch: torch.compiler.reset(),
}


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
