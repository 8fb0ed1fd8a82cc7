"""The vocabulary for JAX."""

from __future__ import annotations

from typing import Any

from losskit.core.namespaces import Array, Vocabulary


class JaxVocabulary(Vocabulary):
    """Functions of `jax.numpy`, which the face passes in: this file imports no framework.

    Args:
        jnp: the module.
        sigmoid: a sigmoid with its derivative given.
        least: see `Vocabulary.least`.
    """

    def __init__(self, jnp: Any, sigmoid: Any = None, least: float = 0.0) -> None:
        self._jnp = jnp
        self.least = least
        if sigmoid is not None:
            self.sigmoid = sigmoid  # type: ignore[method-assign]
        for name in (
            *("abs", "exp", "expm1", "log", "log1p", "sqrt", "tanh", "sign", "where"),
            *("maximum", "minimum", "power"),
        ):
            setattr(self, name, getattr(jnp, name))

    def sum(self, x: Array, axis: int | None) -> Array:
        return self._jnp.sum(x, axis=axis, keepdims=True)

    def max(self, x: Array, axis: int | None) -> Array:
        return self._jnp.max(x, axis=axis, keepdims=True)

    def drop(self, x: Array, axis: int) -> Array:
        return self._jnp.squeeze(x, axis=axis)

    def lay(self, x: Array, axis: int) -> Array:
        return self._jnp.expand_dims(x, axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        last = self._jnp.moveaxis(x, axis, -1)
        return x[..., None], self._jnp.expand_dims(last, axis % x.ndim)

    def sort(self, x: Array, axis: int) -> Array:
        return self._jnp.sort(x, axis=axis)

    def cumsum(self, x: Array, axis: int) -> Array:
        return self._jnp.cumsum(x, axis=axis)

    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        index = self._along(self._jnp.arange(like.shape[axis]), like, axis)
        return self._jnp.expand_dims(labels, axis) == index

    def vector(self, values: Any, like: Array, axis: int) -> Array:
        return self._along(self._jnp.asarray(values, dtype=like.dtype), like, axis)

    def tiny(self, x: Array) -> float:
        return float(self._jnp.finfo(x.dtype).tiny)

    @staticmethod
    def _along(vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * like.ndim
        shape[axis] = -1
        return vector.reshape(shape)
