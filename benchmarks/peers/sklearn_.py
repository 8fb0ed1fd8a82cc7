"""scikit-learn's losses, which its linear models and its boosting use.

They are per sample and unscaled, so the mean is taken after them, as LinearModelLoss does; their
arrays are used again. Some differ by a constant factor, which the mean takes up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sklearn
from sklearn._loss import _loss as losses

from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Absent, Form, Row, Rows

LOSSES: dict[str, tuple[Any, float]] = {
    "mse": (losses.CyHalfSquaredError(), 2.0),
    "mae": (losses.CyAbsoluteError(), 1.0),
    "huber": (losses.CyHuberLoss(1.0), 1.0),
    "bce": (losses.CyHalfBinomialLoss(), 1.0),
    "poisson": (losses.CyHalfPoissonLoss(), 1.0),
    "sparse_ce": (losses.CyHalfMultinomialLoss(), 1.0),
}
"""The loss, and by what it is multiplied to be the one of the case."""

_threads = 1


def start(threads: int) -> dict[str, str]:
    global _threads
    _threads = threads
    return {"scikit-learn": sklearn.__version__}


def make(case: Case, arrays: Arrays) -> Rows:
    if case.loss not in LOSSES:
        return {"sklearn": Absent("scikit-learn has no such loss")}
    loss, factor = LOSSES[case.loss]
    # Labels come as numbers of the predictions' dtype.
    y, raw = arrays.y.astype(case.dtype, copy=False), arrays.p
    note = ""
    if case.loss == "poisson":
        note = "takes the logarithm of the rate"
        rate, raw = raw, np.log(raw)
    per_item = np.empty(case.items, case.dtype)
    scale = factor / case.items

    def value(threads: int) -> Any:
        loss.loss(y, raw, None, per_item, threads)
        return per_item.mean() * factor

    if not case.with_gradient:
        return {"sklearn": Row(_forms(value), lambda v: (float(v), None), note)}
    gradient = np.empty_like(raw)

    def both(threads: int) -> Any:
        loss.loss_gradient(y, raw, None, per_item, gradient, threads)
        np.multiply(gradient, scale, out=gradient)
        return per_item.mean() * factor, gradient

    def read(result: Any) -> tuple[float, Array]:
        # d/d rate = d/d log(rate) / rate.
        found = result[1] / rate if case.loss == "poisson" else result[1]
        return float(result[0]), found

    return {"sklearn": Row(_forms(both), read, note)}


def _forms(call: Callable[[int], Any]) -> list[Form]:
    """On all threads, and on one: for few elements that is faster, and scikit-learn's default."""
    counts = sorted({_threads, 1}, reverse=True)
    return [Form(f"{n} thread{'s' if n > 1 else ''}", partial(call, n)) for n in counts]


def clear() -> None:
    """The losses keep nothing."""
