"""The true value and gradient in float64, and whether a peer computes them.

Written from the definitions, and apart from every peer: who is wrong here is not timed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Arrays, Case

CHUNK = 2**20
"""Elements whose truth is computed at once, and up to how many gradients are compared."""


class Refused(Exception):
    """A peer computes something else."""


# --- the definitions ------------------------------------------------------------------------------


def _sigmoid(z: Array) -> Array:
    return np.where(z >= 0, 1.0, np.exp(-np.abs(z))) / (1.0 + np.exp(-np.abs(z)))


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _one_hot(labels: Array, classes: int) -> Array:
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows


VALUES: dict[str, Callable[[Array, Array], Array]] = {
    "mse": lambda y, p: (p - y) ** 2,
    "mae": lambda y, p: np.abs(p - y),
    "huber": lambda y, p: np.where(np.abs(p - y) <= 1.0, 0.5 * (p - y) ** 2, np.abs(p - y) - 0.5),
    "log_cosh": lambda y, p: np.log(np.cosh(p - y)),
    "bce": lambda y, z: np.maximum(z, 0.0) - z * y + np.log1p(np.exp(-np.abs(z))),
    "poisson": lambda y, p: p - y * np.log(p),
    "sparse_ce": lambda y, z: -_log_softmax(z)[np.arange(len(y)), y],
    "dense_ce": lambda y, z: -np.sum(y * _log_softmax(z), axis=1),
}
"""One value per item."""

SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "mse": lambda y, p: 2.0 * (p - y),
    "mae": lambda y, p: np.sign(p - y),
    "huber": lambda y, p: np.clip(p - y, -1.0, 1.0),
    "log_cosh": lambda y, p: np.tanh(p - y),
    "bce": lambda y, z: _sigmoid(z) - y,
    "poisson": lambda y, p: (p - y) / p,
    "sparse_ce": lambda y, z: np.exp(_log_softmax(z)) - _one_hot(y, z.shape[1]),
    "dense_ce": lambda y, z: np.exp(_log_softmax(z)) * y.sum(axis=1, keepdims=True) - y,
}
"""Its derivative by the predictions."""


def _wide(y: Array, p: Array) -> tuple[Array, Array]:
    return y if y.dtype.kind == "i" else y.astype(np.float64), p.astype(np.float64)


def value(case: Case, arrays: Arrays) -> float:
    """The mean over all items, chunk by chunk: a float64 copy of everything might not fit."""
    value_of = VALUES[case.loss]
    return (
        math.fsum(
            float(value_of(*_wide(arrays.y[part], arrays.p[part])).sum()) for part in _chunks(case)
        )
        / case.items
    )


def _chunks(case: Case) -> Iterator[slice]:
    step = max(1, CHUNK // math.prod(case.shape[1:]))
    return (slice(start, start + step) for start in range(0, case.items, step))


@dataclass(frozen=True)
class Sample:
    """Some items, all if they are few, and their true gradient."""

    rows: Array | slice
    y: Array
    p: Array
    gradient: Array

    @classmethod
    def of(cls, case: Case, arrays: Arrays) -> Sample:
        count = max(1, CHUNK // math.prod(case.shape[1:]))
        rows: Array | slice = slice(None)
        if count < case.items:
            rows = np.sort(np.random.default_rng(1).choice(case.items, count, replace=False))
        y, p = arrays.y[rows], arrays.p[rows]
        return cls(rows, y, p, SLOPES[case.loss](*_wide(y, p)) / case.items)


# --- the comparison -------------------------------------------------------------------------------

GRADIENT_TOLERANCE = {"float32": 1e-4, "float64": 1e-6}
VALUE_TOLERANCE = {"float32": 1e-4, "float64": 1e-6}
"""Relative. A float32 value off by more than this, yet not by more than its sum may lose, is timed
and marked: the peer does the same work, with less care."""


def _loss_of_a_plain_sum(case: Case) -> float:
    # Added up one by one, n float32 numbers lose up to n * 2**-24 of their sum, and in practice
    # some hundredth of it.
    return math.prod(case.shape) * 2.0**-24 / 100 if case.dtype == "float32" else 0.0


def check(
    case: Case, true_value: float, sample: Sample, found: float, gradient: Array | None
) -> tuple[float, float | None]:
    """The relative error of the value, and the largest one of the gradient.

    Raises:
        Refused: they are larger than the arithmetic explains, or the gradient is no gradient of
            this case at all.
    """
    value_error = _relative(abs(found - true_value), abs(true_value))
    if not value_error <= VALUE_TOLERANCE[case.dtype] + _loss_of_a_plain_sum(case):
        raise Refused(f"its value is {found!r}, the true one {true_value!r}")
    if not case.with_gradient:
        return value_error, None
    if gradient is None:
        raise Refused("it gives no gradient")
    if gradient.shape != case.shape or gradient.dtype != case.dtype:
        raise Refused(
            f"its gradient is {gradient.dtype} of shape {gradient.shape}, not {case.dtype} of "
            f"shape {case.shape}"
        )
    # Near 0 the difference of two rounded terms is all rounding, hence the share of the largest.
    scale = np.maximum(np.abs(sample.gradient), 0.1 * np.abs(sample.gradient).max())
    error = float(np.max(np.abs(gradient[sample.rows] - sample.gradient) / scale))
    if not error <= GRADIENT_TOLERANCE[case.dtype]:
        raise Refused(f"its gradient is off by up to {error:.2g} of the true one")
    return value_error, error


def is_careless(value_error: float, dtype: str) -> bool:
    """Whether the value is off by more than it should: timed, and marked."""
    return value_error > VALUE_TOLERANCE[dtype]


def _relative(difference: float, size: float) -> float:
    return difference / size if size else difference
