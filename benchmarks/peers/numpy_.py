"""NumPy, written by hand: as few passes and temporaries as the ufuncs allow, sums by BLAS.

Every function takes two optional arrays of the predictions' shape: ``a`` for the gradient and ``b``
for what lies between. Without them NumPy makes new ones. Those that need a sum of products take a
``dot`` too: BLAS has threads and costs a little to start them, einsum has neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Form, Row, Rows

Buffer = Array | None
Dot = Callable[[Array, Array], Any]

LOG_2 = math.log(2.0)


# --- values ---------------------------------------------------------------------------------------


def mse(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> Any:
    d = np.subtract(p, y, out=a)
    return dot(d, d) / len(p)


def mae(y: Array, p: Array, a: Buffer, b: Buffer) -> Any:
    d = np.subtract(p, y, out=a)
    return np.abs(d, out=d).mean()


def huber(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> Any:
    d = np.subtract(p, y, out=b)
    c = np.clip(d, -1.0, 1.0, out=a)
    return (dot(c, d) - 0.5 * dot(c, c)) / len(p)


def log_cosh(y: Array, p: Array, a: Buffer, b: Buffer) -> Any:
    d = np.subtract(p, y, out=a)
    return _mean_log_cosh(np.abs(d, out=d), b)


def _mean_log_cosh(size: Array, b: Buffer) -> Any:
    # |d| + log(1 + exp(-2 |d|)) - log 2. NumPy's log is vectorised where its log1p is not, and
    # beside 1 nothing is lost that the mean would show.
    e = np.multiply(size, -2.0, out=b)
    np.exp(e, out=e)
    e += 1.0
    return size.mean() + np.log(e, out=e).mean() - LOG_2


def bce(y: Array, z: Array, a: Buffer, b: Buffer, dot: Dot) -> Any:
    return _mean_bce(y, z, _exp_of_minus_size(z, a), b, dot)


def _exp_of_minus_size(z: Array, a: Buffer) -> Array:
    e = np.abs(z, out=a)
    np.negative(e, out=e)
    return np.exp(e, out=e)


def _mean_bce(y: Array, z: Array, e: Array, b: Buffer, dot: Dot) -> Any:
    t = np.add(e, 1.0, out=b)
    softplus = np.log(t, out=t).sum()
    return (np.maximum(z, 0.0, out=t).sum() + softplus - dot(z, y)) / len(z)


def poisson(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> Any:
    return (p.sum() - dot(y, np.log(p, out=a))) / len(p)


def sparse_ce(y: Array, z: Array, a: Buffer, b: Buffer) -> Any:
    e = np.subtract(z, z.max(axis=1, keepdims=True), out=a)
    chosen = e[np.arange(len(y)), y]
    return (np.log(np.exp(e, out=e).sum(axis=1)) - chosen).mean()


def dense_ce(y: Array, z: Array, a: Buffer, b: Buffer, dot: Dot) -> Any:
    e = np.subtract(z, z.max(axis=1, keepdims=True), out=a)
    chosen = dot(e.ravel(), y.ravel())
    return (np.log(np.exp(e, out=e).sum(axis=1)).sum() - chosen) / len(y)


# --- values and gradients -------------------------------------------------------------------------


def mse_both(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    d = np.subtract(p, y, out=a)
    value = dot(d, d) / len(p)
    d *= 2.0 / len(p)
    return value, d


def mae_both(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    d = np.subtract(p, y, out=b)
    s = np.sign(d, out=a)
    value = dot(d, s) / len(p)
    s *= 1.0 / len(p)
    return value, s


def huber_both(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    d = np.subtract(p, y, out=b)
    c = np.clip(d, -1.0, 1.0, out=a)
    value = (dot(c, d) - 0.5 * dot(c, c)) / len(p)
    c *= 1.0 / len(p)
    return value, c


def log_cosh_both(y: Array, p: Array, a: Buffer, b: Buffer) -> tuple[Any, Array]:
    d = np.subtract(p, y, out=a)
    t = np.tanh(d, out=b)
    t *= 1.0 / len(p)
    # The size goes where the error was, the rest needs one array more.
    return _mean_log_cosh(np.abs(d, out=d), None), t


def bce_both(y: Array, z: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    e = _exp_of_minus_size(z, a)
    value = _mean_bce(y, z, e, b, dot)
    # sigmoid(z) = (1 or e) / (1 + e), the 1 for z >= 0.
    t = np.add(e, 1.0, out=b)
    np.copyto(e, 1.0, where=z >= 0.0)
    e /= t
    e -= y
    e *= 1.0 / len(z)
    return value, e


def bce_both_by_tanh(y: Array, z: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    value = _mean_bce(y, z, _exp_of_minus_size(z, a), b, dot)
    s = np.multiply(z, 0.5, out=a)
    np.tanh(s, out=s)
    s *= 0.5
    s += 0.5
    s -= y
    s *= 1.0 / len(z)
    return value, s


def poisson_both(y: Array, p: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    value = (p.sum() - dot(y, np.log(p, out=a))) / len(p)
    g = np.subtract(p, y, out=a)
    g /= p
    g *= 1.0 / len(p)
    return value, g


def sparse_ce_both(y: Array, z: Array, a: Buffer, b: Buffer) -> tuple[Any, Array]:
    e = np.subtract(z, z.max(axis=1, keepdims=True), out=a)
    at = np.arange(len(y)), y
    chosen = e[at]
    total = np.exp(e, out=e).sum(axis=1, keepdims=True)
    value = (np.log(total[:, 0]) - chosen).mean()
    e *= 1.0 / (len(y) * total)
    e[at] -= 1.0 / len(y)
    return value, e


def dense_ce_both(y: Array, z: Array, a: Buffer, b: Buffer, dot: Dot) -> tuple[Any, Array]:
    e = np.subtract(z, z.max(axis=1, keepdims=True), out=a)
    chosen = dot(e.ravel(), y.ravel())
    total = np.exp(e, out=e).sum(axis=1, keepdims=True)
    value = (np.log(total).sum() - chosen) / len(y)
    e *= 1.0 / total
    e -= y
    e *= 1.0 / len(y)
    return value, e


def _einsum(u: Array, v: Array) -> Any:
    return np.einsum("i,i->", u, v)


def _dotted(**functions: Any) -> dict[str, Any]:
    """Each function with either sum of products."""
    dots: dict[str, Dot] = {"BLAS": np.dot, "einsum": _einsum}
    return {
        f"{label}, {name}": partial(f, dot=dot)
        for label, f in functions.items()
        for name, dot in dots.items()
    }


VALUES: dict[str, dict[str, Any]] = {
    "mse": _dotted(square=mse),
    "mae": {"abs": mae},
    "huber": _dotted(clip=huber),
    "log_cosh": {"log": log_cosh},
    "bce": _dotted(log=bce),
    "poisson": _dotted(log=poisson),
    "sparse_ce": {"softmax": sparse_ce},
    "dense_ce": _dotted(softmax=dense_ce),
}
BOTH: dict[str, dict[str, Any]] = {
    "mse": _dotted(square=mse_both),
    "mae": _dotted(sign=mae_both),
    "huber": _dotted(clip=huber_both),
    "log_cosh": {"tanh": log_cosh_both},
    "bce": _dotted(exp=bce_both, tanh=bce_both_by_tanh),
    "poisson": _dotted(log=poisson_both),
    "sparse_ce": {"softmax": sparse_ce_both},
    "dense_ce": _dotted(softmax=dense_ce_both),
}


def start(threads: int) -> dict[str, str]:
    """BLAS took its threads from the environment."""
    return {"numpy": np.__version__}


def make(case: Case, arrays: Arrays) -> Rows:
    forms = (BOTH if case.with_gradient else VALUES)[case.loss]
    read = _read_both if case.with_gradient else _read_value
    kept = np.empty_like(arrays.p), np.empty_like(arrays.p)
    return {
        name: Row([Form(label, _bind(f, arrays, buffers)) for label, f in forms.items()], read)
        for name, buffers in (("numpy", (None, None)), ("numpy-out", kept))
    }


def clear() -> None:
    """NumPy keeps nothing."""


def _bind(f: Any, arrays: Arrays, buffers: tuple[Buffer, Buffer]) -> Callable[[], Any]:
    y, p = arrays.y, arrays.p
    a, b = buffers
    return lambda: f(y, p, a, b)


def _read_value(result: Any) -> tuple[float, None]:
    return float(result), None


def _read_both(result: Any) -> tuple[float, Array]:
    return float(result[0]), result[1]
