"""Means over processes and devices are the whole's: values, and gradients of shared weights."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run_torch(tmp_path, size, *error):
    """What each of several processes says."""
    pytest.importorskip("torch")
    file = tmp_path / "store"
    command = [sys.executable, str(HERE / "across_torch.py")]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(size), str(file), *error],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        return [process.communicate(timeout=300)[0].strip() for process in started]
    finally:
        for process in started:
            process.kill()


@pytest.mark.parametrize("size", [2, 4])
def test_torch(tmp_path, size):
    assert run_torch(tmp_path, size) == ["sound"] * size


@pytest.mark.parametrize("error", ["count", "total", "states", "rate"])
def test_torch_can_fail(tmp_path, error):
    said = run_torch(tmp_path, 2, error)
    assert all("off by" in words and "Error" not in words for words in said)
