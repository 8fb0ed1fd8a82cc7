"""JAX under jit, and optax under the same.

How fast XLA's code is depends on how a loss is written, so there are several forms: autodiff of
each expression, and the gradient by hand beside the value.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Absent, Form, Row, Rows

try:
    import optax  # type: ignore[import-untyped, unused-ignore]
except ImportError:
    optax = None

Function = Callable[[Any, Any], Any]
LOG_2 = math.log(2.0)


def start(threads: int) -> dict[str, str]:
    """XLA took its threads from the environment (NPROC, and the processors allowed)."""
    versions = {"jax": jax.__version__}
    if optax is not None:
        versions["optax"] = optax.__version__
    return versions


# --- values of (prediction, target) ---------------------------------------------------------------


def mse(p: Any, y: Any) -> Any:
    return jnp.mean(jnp.square(p - y))


def mae(p: Any, y: Any) -> Any:
    return jnp.mean(jnp.abs(p - y))


def huber(p: Any, y: Any) -> Any:
    d = p - y
    size = jnp.abs(d)
    return jnp.mean(jnp.where(size <= 1.0, 0.5 * d * d, size - 0.5))


def huber_by_clip(p: Any, y: Any) -> Any:
    d = p - y
    c = jnp.clip(d, -1.0, 1.0)
    return jnp.mean(c * (d - 0.5 * c))


def huber_by_minimum(p: Any, y: Any) -> Any:
    size = jnp.abs(p - y)
    c = jnp.minimum(size, 1.0)
    return jnp.mean(c * (size - 0.5 * c))


def log_cosh(p: Any, y: Any) -> Any:
    size = jnp.abs(p - y)
    return jnp.mean(size + jnp.log1p(jnp.exp(-2.0 * size))) - LOG_2


def bce(z: Any, y: Any) -> Any:
    return jnp.mean(jnp.maximum(z, 0.0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def poisson(p: Any, y: Any) -> Any:
    return jnp.mean(p - y * jnp.log(p))


def sparse_ce(z: Any, y: Any) -> Any:
    chosen = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - chosen)


def dense_ce(z: Any, y: Any) -> Any:
    # The targets of a row add up to 1.
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.sum(y * z, axis=1))


def dense_ce_by_log_softmax(z: Any, y: Any) -> Any:
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), axis=1))


VALUES: dict[str, dict[str, Function]] = {
    "mse": {"square": mse},
    "mae": {"abs": mae},
    "huber": {"where": huber, "clip": huber_by_clip, "minimum": huber_by_minimum},
    "log_cosh": {"log1p": log_cosh},
    "bce": {"log1p": bce},
    "poisson": {"log": poisson},
    "sparse_ce": {"logsumexp": sparse_ce},
    "dense_ce": {"logsumexp": dense_ce, "log_softmax": dense_ce_by_log_softmax},
}


# --- value and gradient by hand -------------------------------------------------------------------


def log_cosh_by_hand(p: Any, y: Any) -> Any:
    return log_cosh(p, y), jnp.tanh(p - y) / len(p)


def bce_by_hand(z: Any, y: Any) -> Any:
    return bce(z, y), (jax.nn.sigmoid(z) - y) / len(z)


def poisson_by_hand(p: Any, y: Any) -> Any:
    return poisson(p, y), (p - y) / p / len(p)


def sparse_ce_by_hand(z: Any, y: Any) -> Any:
    value, share = _softmax(z, jnp.take_along_axis(z, y[:, None], axis=1))
    return value, (share - (jnp.arange(z.shape[1]) == y[:, None])) / len(y)


def dense_ce_by_hand(z: Any, y: Any) -> Any:
    value, share = _softmax(z, jnp.sum(y * z, axis=1, keepdims=True))
    return value, (share - y) / len(y)


def _softmax(z: Any, chosen: Any) -> tuple[Any, Any]:
    top = jnp.max(z, axis=1, keepdims=True)
    e = jnp.exp(z - top)
    total = jnp.sum(e, axis=1, keepdims=True)
    return jnp.mean(jnp.log(total) + top - chosen), e / total


BY_HAND: dict[str, Function] = {
    "log_cosh": log_cosh_by_hand,
    "bce": bce_by_hand,
    "poisson": poisson_by_hand,
    "sparse_ce": sparse_ce_by_hand,
    "dense_ce": dense_ce_by_hand,
}


# --- optax ----------------------------------------------------------------------------------------


def _optax_losses() -> dict[str, Function]:
    return {
        "mse": optax.squared_error,
        "huber": optax.huber_loss,
        "log_cosh": optax.log_cosh,
        "bce": optax.sigmoid_binary_cross_entropy,
        "sparse_ce": optax.softmax_cross_entropy_with_integer_labels,
        "dense_ce": optax.softmax_cross_entropy,
    }


def _optax_row(case: Case, p: Any, y: Any) -> Row | Absent:
    if optax is None:
        return Absent("optax is not installed")
    items = _optax_losses().get(case.loss)
    if items is None:
        return Absent("optax has no such loss")

    def loss(p: Any, y: Any) -> Any:
        return jnp.mean(items(p, y))

    return Row(
        [Form("optax", jitted(jax.value_and_grad(loss) if case.with_gradient else loss, p, y))],
        reader(case),
    )


# --- the rows -------------------------------------------------------------------------------------


def make(case: Case, arrays: Arrays) -> Rows:
    # Off for float32: with it on, indices are 64 bits wide and cost time.
    jax.config.update("jax_enable_x64", case.dtype == "float64")
    p, y = jnp.asarray(arrays.p), jnp.asarray(arrays.y)
    functions = VALUES[case.loss]
    if case.with_gradient:
        functions = {f"grad of {k}": jax.value_and_grad(f) for k, f in functions.items()}
        if case.loss in BY_HAND:
            functions["by hand"] = BY_HAND[case.loss]
    forms = [Form(label, jitted(f, p, y)) for label, f in functions.items()]
    return {"jax": Row(forms, reader(case)), "optax": _optax_row(case, p, y)}


def clear() -> None:
    jax.clear_caches()
    gc.collect()


def jitted(f: Function, p: Any, y: Any) -> Callable[[], Any]:
    jitted = jax.jit(f)
    return lambda: jax.block_until_ready(jitted(p, y))


def reader(case: Case) -> Callable[[Any], tuple[float, Array | None]]:
    if case.with_gradient:
        return lambda result: (float(result[0]), np.asarray(result[1]))
    return lambda result: (float(result), None)
