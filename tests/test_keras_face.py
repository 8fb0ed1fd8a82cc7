"""Runs the Keras face's tests, and Keras's own, on each backend in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OPTIONS = ["-o", "addopts=", "-p", "no:cacheprovider", "-q", "-rfEx"]
BACKENDS = ["tensorflow", "jax", "torch"]
OWN = HERE / "keras_own" / "test_own.py"
SOME = [f"{OWN}::{name}Test" for name in ("MeanSquaredError", "CategoricalCrossentropy")]


def run_pytest(backend: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTEST_ADDOPTS": "",
        # Another worker has the other core.
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        # Keras on JAX compiles each operation for each shape: most of the time goes there.
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    }
    return subprocess.run(  # noqa: PLW1510
        [sys.executable, "-m", "pytest", *OPTIONS, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
    )


def passes(backend: str, *arguments: str) -> None:
    done = run_pytest(backend, *arguments)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_face(backend, tmp_path):
    """All but the exhaustive part, and some of Keras's own tests, in one process."""
    pytest.importorskip("keras")
    options = "-m", "not exhaustive", "--basetemp", str(tmp_path / "own")
    passes(backend, *options, str(HERE / "keras"), *SOME)


@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_face_exhaustively(backend):
    passes(backend, "-m", "exhaustive", str(HERE / "keras"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_own_test_suite(backend, tmp_path):
    passes(backend, str(OWN), "--basetemp", str(tmp_path / "own"))
