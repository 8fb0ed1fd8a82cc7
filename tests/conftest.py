"""The helpers `truth`, `grid` and `laws` are plain modules beside the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["kernels", "numpy"])
def engine(request):
    """Runs a test twice: with the compiled kernels, and by NumPy alone."""
    from losskit import native

    if request.param == "kernels" and not native.available():
        pytest.skip("the kernels were not built")
    with native.switched(request.param == "kernels"):
        yield request.param
