"""The examples run as they stand, and learn the same in both frameworks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("name", ["digits_torch", "digits_jax"])
def test_runs(name):
    pytest.importorskip(name.partition("_")[2])
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("step  0  loss 2.")
    assert float(lines[-1].split()[-1]) < 0.7


@pytest.mark.parametrize("library", ["xgboost", "lightgbm", "catboost"])
def test_boosting(library):
    pytest.importorskip(library)
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"boosting_{library}.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Warning" not in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("start ")
    assert 10 < int(lines[1].split()[2]) < 199
    last = float(lines[-1].split()[-1])
    low, high = {"xgboost": (0.8, 0.97), "lightgbm": (0.9, 1.0), "catboost": (500, 1100)}[library]
    assert low <= last <= high


def test_same_curve(monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    monkeypatch.syspath_prepend(EXAMPLES)
    import digits_jax
    import digits_torch

    ours, theirs = np.array(digits_torch.train()), np.array(digits_jax.train())
    assert len(ours) == 50
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_devices():
    """One process, parts of a batch, and two processes train alike."""
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, EXAMPLES / "devices_torch.py"], capture_output=True, text=True, check=True
    )
    lines = [line[14:].split() for line in done.stdout.splitlines()]
    assert len(lines) == 3
    first, *others = ([float(line[1]), float(line[4])] for line in lines)
    assert first[1] < 0.7 * first[0]
    for other in others:
        np.testing.assert_allclose(other, first, rtol=0, atol=1e-5)
