"""Work that must be done once per Keras backend: each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def chosen(text: str) -> list[str]:
    """The backends of ``tensorflow,jax``.

    Raises:
        ValueError: one of them is none.
    """
    names = [name for name in text.replace(" ", "").split(",") if name]
    for name in names:
        if name not in BACKENDS:
            raise ValueError(f"--backend: must be of {', '.join(BACKENDS)}, got {name!r}.")
    return names


def results_of(module: str, backend: str, orders: Any) -> Iterator[Any]:
    """What ``python -m module worker`` tells, as it tells it, when it is given these orders.

    Orders and answers are JSON, an answer a line, on standard input and output.

    Raises:
        RuntimeError: the worker ended with an error, which stands on standard error.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, "worker"],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(orders))
        process.stdin.close()
        for line in process.stdout:
            yield json.loads(line)
        if process.wait():
            raise RuntimeError(f"The worker for {backend} ended with code {process.returncode}.")
    finally:
        process.kill()
        process.wait()


def tell(answer: Any) -> None:
    """From inside a worker: one answer."""
    print(json.dumps(answer), flush=True)
