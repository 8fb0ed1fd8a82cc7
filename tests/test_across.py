"""Means over processes and devices are the whole's: values, and gradients of shared weights."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ERRORS = ("total", "states", "rate")


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


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=pytest.mark.exhaustive)])
def test_torch(tmp_path, size):
    assert run_torch(tmp_path, size) == ["sound"] * size


@pytest.mark.parametrize(
    "error", ["count", *(pytest.param(e, marks=pytest.mark.exhaustive) for e in ERRORS)]
)
def test_torch_can_fail(tmp_path, error):
    said = run_torch(tmp_path, 2, error)
    assert all("off by" in words and "Traceback" not in words for words in said)


PARTS = ["some", pytest.param("all", marks=pytest.mark.exhaustive)]


def run(script, *arguments, **environment):
    """What a script says, warnings aside."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def run_jax(*arguments):
    pytest.importorskip("jax")
    return run("across_jax.py", *arguments, XLA_FLAGS="--xla_force_host_platform_device_count=8")


def run_keras(*arguments):
    pytest.importorskip("tensorflow")
    return run("across_keras.py", *arguments, KERAS_BACKEND="tensorflow")


@pytest.mark.parametrize("part", PARTS)
def test_jax(part):
    assert run_jax(part) == "sound"


@pytest.mark.parametrize(
    "error",
    ["count", *(pytest.param(e, marks=pytest.mark.exhaustive) for e in ERRORS[:2])],
)
def test_jax_can_fail(error):
    assert "off by" in run_jax("some", error)


@pytest.mark.parametrize("part", PARTS)
def test_keras(part):
    assert run_keras(part) == "sound"


@pytest.mark.exhaustive
def test_keras_can_fail():
    assert "off by" in run_keras("some", "count")


def run_sharded(*error):
    pytest.importorskip("jax")
    eight = "--xla_force_host_platform_device_count=8"
    return run("sharded_jax.py", *error, XLA_FLAGS=eight)


def test_sharded_arrays_stay_so():
    """Along the items' axes nothing is gathered, and the gradient is laid out alike."""
    assert run_sharded() == "sound"


@pytest.mark.parametrize(
    ("error", "says"),
    [("sum", "off by"), pytest.param("rule", "gathers", marks=pytest.mark.exhaustive)],
)
def test_sharded_can_fail(error, says):
    assert says in run_sharded(error)


def test_what_cannot_be_put_together():
    lt, lj = pytest.importorskip("losskit.torch"), pytest.importorskip("losskit.jax")
    with pytest.raises(ValueError, match="items stay where they are"):
        lt.Huber(reduction="none", across=lt.Across())
    with pytest.raises(ValueError, match='"averaged" or "summed", got \'mean\''):
        lt.Across(gradients="mean")
    with pytest.raises(ValueError, match="items stay where they are"):
        lj.huber([1.0], [2.0], across="batch")
    with pytest.raises(TypeError, match="across must be the name of an axis"):
        lj.huber([1.0], [2.0], reduction="mean", across=0)
