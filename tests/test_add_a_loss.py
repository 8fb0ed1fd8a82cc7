"""docs/add-a-loss.md does what it says: its cards, and nothing else, are losses on every face."""

import subprocess
import sys
from pathlib import Path

import pytest

ADDED = Path(__file__).parent / "added.py"


def added(tmp_path, *planted):
    pytest.importorskip("torch"), pytest.importorskip("jax"), pytest.importorskip("keras")
    done = subprocess.run(
        [sys.executable, str(ADDED), str(tmp_path), *planted],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def test_the_losses_of_the_page_hold(tmp_path):
    assert added(tmp_path) == "sound"


ERRORS = {
    "rows": ("return 2.0 * (p - y)", "return 2.001 * (p - y)"),
    "merge": ("(a[0] + b[0],)", "(a[0] + 1.001 * b[0],)"),
    "upper": ("return -self._side(m, y - upper)", "return -1.001 * self._side(m, y - upper)"),
}


@pytest.mark.parametrize(
    "error", ["merge", *(pytest.param(e, marks=pytest.mark.exhaustive) for e in ("rows", "upper"))]
)
def test_an_error_in_them_is_seen(tmp_path, error):
    said = added(tmp_path, *ERRORS[error])
    assert "AssertionError" in said
