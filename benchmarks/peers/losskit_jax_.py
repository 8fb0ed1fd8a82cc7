"""losskit in JAX, under jit: as optax is called, and the mean by losskit itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

import losskit
import losskit.jax
from benchmarks.cases import Arrays, Case
from benchmarks.peers import Form, Row, Rows
from benchmarks.peers.jax_ import clear as clear
from benchmarks.peers.jax_ import jitted, reader

LOSSES: dict[str, Callable[..., Any]] = {
    "mse": losskit.jax.mean_squared_error,
    "mae": losskit.jax.mean_absolute_error,
    "huber": losskit.jax.huber,
    "log_cosh": losskit.jax.get("log_cosh"),
    "bce": partial(losskit.jax.binary_crossentropy, from_logits=True),
    "poisson": losskit.jax.poisson,
    "sparse_ce": partial(losskit.jax.sparse_categorical_crossentropy, from_logits=True),
    "dense_ce": partial(losskit.jax.categorical_crossentropy, from_logits=True),
}


def start(threads: int) -> dict[str, str]:
    losskit.set_num_threads(threads)
    return {"losskit": losskit.__version__, "jax": jax.__version__}


def make(case: Case, arrays: Arrays) -> Rows:
    jax.config.update("jax_enable_x64", case.dtype == "float64")
    p, y = jnp.asarray(arrays.p), jnp.asarray(arrays.y)
    items = LOSSES[case.loss]

    def by_items(p: Any, y: Any) -> Any:
        return items(p, y).mean()

    rows = {"losskit-jax": by_items, "losskit-jax-mean": partial(items, reduction="mean")}
    made = {}
    for name, loss in rows.items():
        f = jax.value_and_grad(loss) if case.with_gradient else loss
        made[name] = Row([Form("losskit", jitted(f, p, y))], reader(case))
    return made
