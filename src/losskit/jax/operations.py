"""What the engine asks of JAX, by its operations alone."""

from __future__ import annotations

import dataclasses
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


@jax.custom_jvp
def _sigmoid(x: Array) -> Array:
    return JaxVocabulary(jax).sigmoid(x)


@_sigmoid.defjvp
def _(primals: Any, tangents: Any) -> Any:
    # Through |x| the slope at 0 would be 0, where the sigmoid's is 1/4.
    (x,), (dx,) = primals, tangents
    return _sigmoid(x), _sigmoid(x) * _sigmoid(-x) * dx


VOCABULARY = JaxVocabulary(jax, _sigmoid)
_BY_DTYPE = {name: JaxVocabulary(jax, _sigmoid, came) for name, came in PRECISIONS.items()}


class Operations(Framework):
    """Arrays of JAX, by its operations."""

    no_class = int(np.iinfo(np.int32).min)

    def array(self, name: str, x: Any, labels: bool = False) -> Any:
        check_unmasked(name, x)
        x = sound(x)
        if labels and not isinstance(x, (jax.Array, jax.core.Tracer)):
            x = np.asarray(x)  # as they are, for messages
        else:
            x = jnp.asarray(x)
        if jnp.issubdtype(x.dtype, jnp.complexfloating) or x.dtype.kind not in "fiubV":
            raise TypeError(f"{name} must hold real numbers, got dtype {x.dtype}.")
        return x

    def dtype(self, x: Any) -> str:
        return str(x.dtype.name)

    def cast(self, x: Any, dtype: str) -> Array:
        return x.astype(dtype)

    def floating(self, x: Array) -> Array:
        return x.astype(float)

    def reshaped(self, x: Array, shape: tuple[Any, ...]) -> Array:
        return x.reshape(shape)

    def broadcast(self, x: Array, sizes: tuple[Any, ...]) -> Array:
        return jnp.broadcast_to(x, sizes)

    def labels(self, x: Any) -> Array:
        y = jnp.asarray(self._narrow(x))
        if jnp.issubdtype(y.dtype, jnp.floating):
            whole = y.astype(jnp.int32)
            return jnp.where(whole.astype(y.dtype) == y, whole, self.no_class)
        # A label to ignore may be none of a narrow type's numbers, and would wrap around.
        return y if y.dtype in (jnp.int32, jnp.int64) else y.astype(jnp.int32)

    def _narrow(self, y: Any) -> Any:
        """Labels that are no JAX array yet: one that its int32 cannot hold becomes no class."""
        if isinstance(y, (jax.Array, jax.core.Tracer)) or jax.config.jax_enable_x64:
            return y
        if y.dtype.kind not in "iu" or y.dtype.itemsize < 4 or y.dtype == np.int32:
            return y
        whole = y.astype(np.int32)
        return np.where(whole == y, whole, self.no_class)

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
        return formulas.value(call.used, *call.arrays)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        return self.sum(formulas, call) * self.share(call, count)

    def share(self, call: Call, count: Any) -> Any:
        """What each item counts in a mean that divides by a count."""
        if isinstance(count, int):
            return 1.0 / max(count, 1)
        # An array, or the product of sizes that are open.
        count = jnp.asarray(count, self.computed(call.prediction.dtype.name))
        whole = call.weight is None and call.divides is None  # a number of items, then
        return 1.0 / (jnp.maximum(count, 1) if whole else jnp.where(count == 0, 1, count))

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        return dataclasses.replace(formulas, across=across).value(None, *arrays)


OPERATIONS = Operations()
