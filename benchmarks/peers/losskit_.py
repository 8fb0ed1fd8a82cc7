"""losskit, with a new array for each gradient and with one that is used again."""

from __future__ import annotations

from typing import Any

import numpy as np

import losskit
from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Absent, Form, Row, Rows

LOSSES = {
    "mse": losskit.MeanSquaredError(),
    "mae": losskit.MeanAbsoluteError(),
    "huber": losskit.Huber(),
    "log_cosh": losskit.LogCosh(),
    "bce": losskit.BinaryCrossentropy(from_logits=True),
    "poisson": losskit.Poisson(),
    "sparse_ce": losskit.SparseCategoricalCrossentropy(from_logits=True),
    "dense_ce": losskit.CategoricalCrossentropy(from_logits=True),
}


def start(threads: int) -> dict[str, str]:
    """Versions of losskit and, where they are built, of its kernels."""
    versions = {"losskit": losskit.__version__, "numpy": np.__version__}
    try:
        from losskit import native

        native.set_num_threads(threads)
        versions["kernels"] = native.instruction_set() if native.available() else "none"
    except (ImportError, AttributeError):
        versions["kernels"] = "none"
    return versions


def make(case: Case, arrays: Arrays) -> Rows:
    loss, y, p = LOSSES[case.loss], arrays.y, arrays.p
    if not case.with_gradient:
        return {
            "losskit": Row([Form("call", lambda: loss(y, p))], lambda v: (float(v), None)),
            "losskit-out": Absent("a value alone has no array to write into"),
        }
    buffer = np.empty_like(p)
    return {
        "losskit": Row([Form("call", lambda: loss.value_and_gradient(y, p))], _read),
        "losskit-out": Row(
            [Form("call", lambda: loss.value_and_gradient(y, p, out=buffer))], _read
        ),
    }


def clear() -> None:
    """losskit keeps nothing."""


def _read(result: Any) -> tuple[float, Array]:
    return float(result[0]), result[1]
