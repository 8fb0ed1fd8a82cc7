"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

import ctypes
import gc
import importlib.metadata
import itertools
import os
import sys
from pathlib import Path

import pytest

from losskit.core.definition import _SPELLINGS, CARDS

sys.path.insert(0, str(Path(__file__).parent))


QUICK_XLA = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
"""Halves the time that XLA takes to compile. The exhaustive part compiles as users do."""


def pytest_configure(config):
    # A flag that a release does not know ends the process: only those that were tried.
    tried = (("jaxlib", "0.10."), ("tensorflow-cpu", "2.21."), ("tensorflow", "2.21."))
    if config.option.markexpr == "not exhaustive" and all(
        version(name).startswith(("none", release)) for name, release in tried
    ):
        os.environ.setdefault("XLA_FLAGS", QUICK_XLA)


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"


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
_most = [2.0e9]
"""So much memory a worker may hold before it forgets; more, where that gave little back."""


@pytest.fixture(autouse=True)
def _give_memory_back():
    """What was compiled, gigabytes of it in time, and what the C library keeps."""
    yield
    # Not each time: to look through all that the frameworks hold takes a second or two.
    if next(_tests) % 10 or _held() < _most[0]:
        return
    for name, forget in FORGET.items():
        if name in sys.modules:
            forget(sys.modules[name])
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    _most[0] = max(_most[0], _held() + 0.5e9)


def _held():
    """The memory of this process; 0 where that is not told."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0


FORGET = {
    "keras": lambda keras: keras.backend.clear_session(),
    "jax": lambda jax: jax.clear_caches(),
    "torch": lambda torch: torch.compiler.reset(),
}


@pytest.fixture
def forgotten():
    """What is defined in a test is one of losskit's for the time of that test."""
    before = dict(CARDS), dict(_SPELLINGS)
    yield
    for known, was in zip((CARDS, _SPELLINGS), before, strict=True):
        known.clear()
        known.update(was)


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
