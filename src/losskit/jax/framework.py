"""What the engine asks of JAX: by the rules for derivatives, and the kernels where they may."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.jax import JaxVocabulary
from losskit.engine.arrays import HALF, check_unmasked, sound
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.jax import derivatives, kernels


@jax.custom_jvp
def _sigmoid(x: Array) -> Array:
    return JaxVocabulary(jax).sigmoid(x)


@_sigmoid.defjvp
def _(primals: Any, tangents: Any) -> Any:
    # Through |x| the slope at 0 would be 0, where the sigmoid's is 1/4.
    (x,), (dx,) = primals, tangents
    return _sigmoid(x), _sigmoid(x) * _sigmoid(-x) * dx


VOCABULARY = JaxVocabulary(jax, _sigmoid, rows=kernels.rows)
_BY_DTYPE = {
    name: JaxVocabulary(jax, _sigmoid, came, kernels.rows) for name, came in PRECISIONS.items()
}


def as_array(x: Any) -> Array:
    """What was given as an array; one of JAX is handed on, which takes no time."""
    return x if isinstance(x, jax.Array) else jnp.asarray(sound(x))


@cache
def _name(dtype: Any) -> str:
    return str(dtype.name)


class Jax(Framework):
    """Arrays of JAX.

    Args:
        traced: those of a card's parameters that are known only when the program runs.
    """

    def __init__(self, traced: dict[str, Any] | None = None) -> None:
        self._traced = traced or {}

    no_class = int(np.iinfo(np.int32).min)

    def array(self, name: str, x: Any, labels: bool = False) -> Any:
        if not isinstance(x, jax.Array):
            check_unmasked(name, x)
            x = np.asarray(sound(x)) if labels else as_array(x)  # labels as they are, for messages
        if x.dtype.kind not in "fiubV":
            raise TypeError(f"{name} must hold real numbers, got dtype {x.dtype}.")
        return x

    def dtype(self, x: Any) -> str:
        return _name(x.dtype)

    def cast(self, x: Any, dtype: str) -> Array:
        return x.astype(dtype)

    def floating(self, x: Array) -> Array:
        return x.astype(float)

    def reshaped(self, x: Array, shape: tuple[Any, ...]) -> Array:
        return x.reshape(shape)

    def broadcast(self, x: Array, sizes: tuple[Any, ...]) -> Array:
        return jnp.broadcast_to(x, sizes)

    def labels(self, x: Any) -> Array:
        if not isinstance(x, jax.Array):
            wide = x.dtype.kind in "iu" and x.dtype.itemsize >= 4 and x.dtype != np.int32
            if wide and not jax.config.jax_enable_x64:
                # One that JAX's int32 cannot hold becomes no class.
                whole = x.astype(np.int32)
                x = np.where(whole == x, whole, self.no_class)
            x = jnp.asarray(x)
        if jnp.issubdtype(x.dtype, jnp.floating):
            whole = x.astype(jnp.int32)
            return jnp.where(whole.astype(x.dtype) == x, whole, self.no_class)
        # A label to ignore may be none of a narrow type's numbers, and would wrap around.
        return x if x.dtype in (jnp.int32, jnp.int64) else x.astype(jnp.int32)

    def truth(self, name: str, x: Array) -> Array:
        return x.astype(bool)

    def total(self, x: Array) -> Array:
        return x.sum()

    def ones(self, like: Array, dtype: str) -> Array:
        return jnp.ones_like(like, dtype)

    def number(self, x: Any, like: Array, dtype: str) -> Array:
        return jnp.asarray(x, dtype)

    def constant(self, numbers: list[float], like: Array, dtype: str) -> Array:
        return jnp.asarray(np.array(numbers, dtype))

    def of_labels(self, weights: Array, labels: Array) -> Array:
        one = jnp.ones(1, weights.dtype)
        table = jnp.concatenate([one, weights, one])
        return table[jnp.clip(labels, -1, weights.shape[0]) + 1]

    def visible(self, x: Any) -> bool:
        if isinstance(x, jax.core.Tracer):
            return False
        return not isinstance(x, jax.Array) or all(d.platform == "cpu" for d in x.devices())

    def values(self, x: Any) -> Any:
        x = np.asarray(x)
        return x.astype(np.float32) if x.dtype.name in HALF else x

    def vocabulary(self, came: str) -> JaxVocabulary:
        return _BY_DTYPE.get(came, VOCABULARY)

    def items(self, formulas: Formulas, call: Call) -> Array:
        return derivatives.apply(
            *(formulas, call.used, *call.arrays),
            traced=self._traced,
            weighted=call.weight is not None,
        )

    def sum(self, formulas: Formulas, call: Call) -> Array:
        if call.weight is not None:
            return super().sum(formulas, call)
        return self._total(formulas, call, 1.0)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        share = self._share(call, count)
        if call.weight is not None:
            return super().sum(formulas, call) * share
        return self._total(formulas, call, share)

    def _total(self, formulas: Formulas, call: Call, scale: Any) -> Array:
        args = (formulas, call.used, *call.arrays)
        return derivatives.apply(*args, traced=self._traced, scale=scale)

    def _share(self, call: Call, count: Any) -> Any:
        """What each item counts in a mean that divides by a count."""
        if isinstance(count, int):
            return 1.0 / max(count, 1)
        # An array, or the product of sizes that are open.
        count = jnp.asarray(count, self.computed(call.prediction.dtype.name))
        whole = call.weight is None and call.divides is None  # a number of items, then
        return 1.0 / (jnp.maximum(count, 1) if whole else jnp.where(count == 0, 1, count))

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        by = dataclasses.replace(formulas, across=across)
        return derivatives.apply(by, None, *arrays, traced=self._traced)


JAX = Jax()
