"""What the engine asks of JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.namespaces.jax import JaxVocabulary
from losskit.engine.arrays import HALF, check_unmasked, sound
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.jax import derivatives


class Jax(Framework):
    """Arrays of JAX.

    Args:
        parameters: those of a card's parameters that are traced.
    """

    no_class = int(np.iinfo(np.int32).min)

    def __init__(self, parameters: dict[str, Any] | None = None) -> None:
        self._parameters = parameters or {}

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
        return derivatives.vocabulary(came)

    def items(self, formulas: Formulas, call: Call) -> Array:
        return derivatives.items(
            call.card,
            self._parameters,
            call.used,
            *call.arrays,
            came=_came(call),
            weighted=call.weight is not None,
        )

    def sum(self, formulas: Formulas, call: Call) -> Array:
        if call.weight is not None:
            return super().sum(formulas, call)
        return self._total(call, 1.0)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        if isinstance(count, int):
            scale: Any = 1.0 / max(count, 1)
        else:  # an array, or the product of sizes that are open
            count = jnp.asarray(count, self.computed(call.prediction.dtype.name))
            whole = call.weight is None and call.divides is None  # a number of items, then
            scale = 1.0 / (jnp.maximum(count, 1) if whole else jnp.where(count == 0, 1, count))
        if call.weight is not None:
            return super().sum(formulas, call) * scale
        return self._total(call, scale)

    def _total(self, call: Call, scale: Any) -> Array:
        return derivatives.total(
            call.card, self._parameters, call.used, scale, *call.arrays, came=_came(call)
        )

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        return derivatives.of_set(formulas.card, across, *arrays)


def _came(call: Call) -> str | None:
    """The dtype in which predictions came, if they were cast."""
    return None if call.came == call.prediction.dtype.name else call.came


JAX = Jax()
