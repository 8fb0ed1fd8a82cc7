"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

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


def _resident():
    """Bytes of memory in use; 0 where nothing says."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


_known = {}


@pytest.fixture(autouse=True)
def _forget_programs():
    """XLA keeps what it has compiled, gigabytes of it in time: away with it when it grows."""
    yield
    if "jax" in sys.modules and _resident() > _known.setdefault("size", _resident()) + 3e8:
        sys.modules["jax"].clear_caches()
        _known["size"] = _resident()


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
