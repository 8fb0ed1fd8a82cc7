"""TensorFlow inside tf.function, as it is and compiled by XLA.

Several forms, as for JAX: the gradient by tf.GradientTape, and by hand beside the value.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Form, Row, Rows

Function = Callable[[Any, Any], Any]
LOG_2 = math.log(2.0)


def start(threads: int) -> dict[str, str]:
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return {"tensorflow": tf.__version__}


# --- values of (prediction, target) ---------------------------------------------------------------


def mse(p: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.math.squared_difference(p, y))


def mae(p: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.abs(p - y))


def huber(p: Any, y: Any) -> Any:
    d = p - y
    c = tf.clip_by_value(d, -1.0, 1.0)
    return tf.reduce_mean(c * (d - 0.5 * c))


def huber_by_where(p: Any, y: Any) -> Any:
    d = p - y
    size = tf.abs(d)
    return tf.reduce_mean(tf.where(size <= 1.0, 0.5 * d * d, size - 0.5))


def log_cosh(p: Any, y: Any) -> Any:
    size = tf.abs(p - y)
    return tf.reduce_mean(size + tf.math.log1p(tf.exp(-2.0 * size))) - LOG_2


def log_cosh_by_softplus(p: Any, y: Any) -> Any:
    d = p - y
    return tf.reduce_mean(d + tf.math.softplus(-2.0 * d)) - LOG_2


def bce(z: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z))


def poisson(p: Any, y: Any) -> Any:
    return tf.reduce_mean(p - y * tf.math.log(p))


def sparse_ce(z: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))


def sparse_ce_by_logsumexp(z: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.reduce_logsumexp(z, 1) - _chosen(z, y))


def _chosen(z: Any, y: Any) -> Any:
    return tf.gather(z, y, axis=1, batch_dims=1)


def dense_ce(z: Any, y: Any) -> Any:
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=z))


def dense_ce_by_logsumexp(z: Any, y: Any) -> Any:
    # The targets of a row add up to 1.
    return tf.reduce_mean(tf.reduce_logsumexp(z, 1) - tf.reduce_sum(y * z, 1))


VALUES: dict[str, dict[str, Function]] = {
    "mse": {"squared_difference": mse},
    "mae": {"abs": mae},
    "huber": {"clip": huber, "where": huber_by_where},
    "log_cosh": {"log1p": log_cosh, "softplus": log_cosh_by_softplus},
    "bce": {"tf.nn": bce},
    "poisson": {"log": poisson},
    "sparse_ce": {"tf.nn": sparse_ce, "logsumexp": sparse_ce_by_logsumexp},
    "dense_ce": {"tf.nn": dense_ce, "logsumexp": dense_ce_by_logsumexp},
}


# --- value and gradient by hand -------------------------------------------------------------------


def mse_by_hand(p: Any, y: Any) -> Any:
    d = p - y
    return tf.reduce_mean(tf.square(d)), d * (2.0 / p.shape[0])


def mae_by_hand(p: Any, y: Any) -> Any:
    d = p - y
    return tf.reduce_mean(tf.abs(d)), tf.sign(d) * (1.0 / p.shape[0])


def huber_by_hand(p: Any, y: Any) -> Any:
    d = p - y
    c = tf.clip_by_value(d, -1.0, 1.0)
    return tf.reduce_mean(c * (d - 0.5 * c)), c * (1.0 / p.shape[0])


def log_cosh_by_hand(p: Any, y: Any) -> Any:
    return log_cosh(p, y), tf.tanh(p - y) * (1.0 / p.shape[0])


def bce_by_hand(z: Any, y: Any) -> Any:
    return bce(z, y), (tf.sigmoid(z) - y) * (1.0 / z.shape[0])


def poisson_by_hand(p: Any, y: Any) -> Any:
    return poisson(p, y), (p - y) / p * (1.0 / p.shape[0])


def sparse_ce_by_hand(z: Any, y: Any) -> Any:
    value, share = _softmax(z, _chosen(z, y)[:, None])
    return value, (share - tf.one_hot(y, z.shape[1], dtype=z.dtype)) * (1.0 / y.shape[0])


def dense_ce_by_hand(z: Any, y: Any) -> Any:
    value, share = _softmax(z, tf.reduce_sum(y * z, 1, keepdims=True))
    return value, (share - y) * (1.0 / y.shape[0])


def _softmax(z: Any, chosen: Any) -> tuple[Any, Any]:
    top = tf.reduce_max(z, 1, keepdims=True)
    e = tf.exp(z - top)
    total = tf.reduce_sum(e, 1, keepdims=True)
    return tf.reduce_mean(tf.math.log(total) + top - chosen), e / total


BY_HAND: dict[str, Function] = {
    "mse": mse_by_hand,
    "mae": mae_by_hand,
    "huber": huber_by_hand,
    "log_cosh": log_cosh_by_hand,
    "bce": bce_by_hand,
    "poisson": poisson_by_hand,
    "sparse_ce": sparse_ce_by_hand,
    "dense_ce": dense_ce_by_hand,
}


# --- the rows -------------------------------------------------------------------------------------


def make(case: Case, arrays: Arrays) -> Rows:
    p, y = tf.constant(arrays.p), tf.constant(arrays.y)
    functions = VALUES[case.loss]
    if case.with_gradient:
        functions = {f"tape of {label}": _taped(f) for label, f in functions.items()}
        functions["by hand"] = BY_HAND[case.loss]
    return {
        name: Row([Form(label, _traced(f, p, y, xla)) for label, f in functions.items()], _read)
        for name, xla in (("tf-function", False), ("tf-xla", True))
    }


def clear() -> None:
    """A function's graph goes with the function."""
    gc.collect()


def _taped(f: Function) -> Function:
    def both(p: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = f(p, y)
        return value, tape.gradient(value, p)

    return both


def _traced(f: Function, p: Any, y: Any, xla: bool) -> Callable[[], Any]:
    # Autograph would only slow down the tracing: there is no Python loop or branch to convert.
    function = tf.function(f, jit_compile=xla, autograph=False)
    return lambda: function(p, y)


def _read(result: Any) -> tuple[float, Array | None]:
    if isinstance(result, tuple):
        return float(result[0]), result[1].numpy()
    return float(result), None
