"""The vocabulary for JAX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from losskit.core.namespaces import PRECISIONS, Array, Axes, Precision, Several, Vocabulary


class JaxVocabulary(Vocabulary):
    """Functions of the module `jax`, which the face passes in: this file imports no framework.

    Args:
        jax: the module.
        sigmoid: a sigmoid with its derivative given.
        came: see `Vocabulary.came`.
        rows: see `Vocabulary.by_kernel`.
    """

    flushes = True

    def __init__(
        self,
        jax: Any,
        sigmoid: Any = None,
        came: Precision = Vocabulary.came,
        rows: Any = Vocabulary.by_kernel,
    ) -> None:
        self._jnp = jnp = jax.numpy
        self.came = came
        self.by_kernel = rows
        self._slice = jax.lax.dynamic_slice_in_dim
        if sigmoid is not None:
            self.sigmoid = sigmoid  # type: ignore[method-assign]
        for name in ("abs", "exp", "log", "log1p", "sqrt", "tanh", "sign", "where"):
            setattr(self, name, getattr(jnp, name))
        self.expm1 = partial(self.expm1_by, jnp.expm1)
        self.scan = jax.lax.scan  # type: ignore[method-assign]
        self.raised = jax.custom_jvp(self._raised)  # type: ignore[method-assign]
        self.raised.defjvp(lambda xs, dxs: (self.raised(*xs), dxs[0] * 2.0**100))  # type: ignore[attr-defined]
        self.matmul = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)  # type: ignore[method-assign]
        self._bitcast = jax.lax.bitcast_convert_type
        self._cummax = jax.lax.cummax

    def _raised(self, x: Array) -> Array:
        info = self._jnp.finfo(x.dtype)
        bits = self._bitcast(x, self._jnp.uint64 if info.bits == 64 else self._jnp.uint32)
        digits = (bits & ((1 << info.nmant) - 1)).astype(x.dtype)
        size = digits * 2.0 ** (100 + info.minexp - info.nmant)
        small = (bits >> info.nmant) & ((1 << info.nexp) - 1) == 0
        negative = bits >> (info.bits - 1) == 1
        return self.where(small, self.where(negative, -size, size), x * 2.0**100)

    # With a sign, a parameter that is traced becomes an array.
    def maximum(self, x: Array, y: Array) -> Array:
        return self._jnp.maximum(x, +y)

    def minimum(self, x: Array, y: Array) -> Array:
        return self._jnp.minimum(x, +y)

    def power(self, x: Array, exponent: Array) -> Array:
        return self._jnp.power(x, +exponent)

    def sum(self, x: Array, axis: Axes) -> Array:
        return self._jnp.sum(x, axis=axis, keepdims=True)

    def max(self, x: Array, axis: Axes) -> Array:
        return self._jnp.max(x, axis=axis, keepdims=True)

    def drop(self, x: Array, axis: Axes) -> Array:
        return self._jnp.squeeze(x, axis=axis)

    def lay(self, x: Array, axis: int) -> Array:
        return self._jnp.expand_dims(x, axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        last = self._jnp.moveaxis(x, axis, -1)
        return x[..., None], self._jnp.expand_dims(last, axis % x.ndim)

    def sort(self, x: Array, axis: int) -> Array:
        return self._jnp.sort(x, axis=axis)

    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        return self._jnp.argsort(x, axis=axis, stable=stable)

    def disorder(self, x: Array, order: Array) -> Array:
        def of_one(x: Array, order: Array) -> Array:
            return self._jnp.zeros_like(x).at[order].set(x, unique_indices=True)

        return self._jnp.vectorize(of_one, signature="(n),(n)->(n)")(x, order)

    def positions(self, x: Array) -> Array:
        return self._jnp.broadcast_to(self._jnp.arange(x.shape[-1]), x.shape)

    def cumsum(self, x: Array, axis: int) -> Array:
        return self._jnp.cumsum(x, axis=axis)

    def cummax(self, x: Array) -> Array:
        return self._cummax(x, axis=x.ndim - 1)

    def number(self, whole: Array, like: Array) -> Array:
        return whole.astype(like.dtype)

    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        index = self._along(self._jnp.arange(like.shape[axis]), like, axis)
        return self._jnp.expand_dims(labels, axis) == index

    def count(self, mask: Array, axis: Axes) -> Array:
        # Whole numbers XLA adds up where it makes them.
        return self._jnp.sum(mask, axis=axis, keepdims=True, dtype=self._jnp.int32)

    def pick(self, x: Array, labels: Array, axis: int) -> Array:
        labels = self._jnp.expand_dims(labels, axis)
        return self._jnp.take_along_axis(x, labels, axis, mode="clip")

    def vector(self, values: Any, like: Array, axis: int) -> Array:
        return self._along(self._jnp.asarray(values, dtype=like.dtype), like, axis)

    def precision(self, x: Array) -> Precision:
        return PRECISIONS[x.dtype.name]

    def take(self, x: Array, index: Array) -> Array:
        return self._jnp.take_along_axis(x, self._jnp.expand_dims(index, -2), -1)

    def put(self, x: Array, index: Array, size: int) -> Array:
        def of_one(x: Array, index: Array) -> Array:
            return self._jnp.zeros((len(x), size), x.dtype).at[:, index].add(x)

        return self._jnp.vectorize(of_one, signature="(t,l),(l)->(t,c)")(x, index)

    def pad(self, x: Array, before: int, after: int, fill: float) -> Array:
        widths = [(0, 0)] * (x.ndim - 1) + [(before, after)]
        return self._jnp.pad(x, widths, constant_values=fill)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return self._jnp.flip(x, axes)

    def stack(self, parts: Sequence[Array], axis: int) -> Array:
        return self._jnp.stack(parts, axis)

    def join(self, parts: Sequence[Array], axis: int) -> Array:
        return self._jnp.concatenate(parts, axis)

    def in_parts(
        self, step: Any, xs: Sequence[Array], size: int | None
    ) -> tuple[Any, tuple[Array, ...]]:
        n = xs[0].shape[-2]
        if size is None or n <= size:
            return step(None, *xs)  # type: ignore[no-any-return]
        # What is left over comes first: it says of which kind the state is.
        first = n % size or size

        def part(start: Any, length: int) -> list[Array]:
            return [self._slice(x, start, length, x.ndim - 2) for x in xs]

        state, outs = step(None, *part(0, first))
        starts = self._jnp.arange(first, n, size)
        state, more = self.scan(lambda state, at: step(state, *part(at, size)), state, starts)
        # The parts, which lie along the first axis, side by side along that of the rows.
        laid = [self._jnp.moveaxis(x, 0, -3) for x in more]
        laid = [x.reshape((*x.shape[:-3], n - first, x.shape[-1])) for x in laid]
        return state, tuple(map(lambda *both: self.join(both, -2), outs, laid))

    def unstack(self, x: Array, axis: int) -> Sequence[Array]:
        last = self._jnp.moveaxis(x, axis, -1)
        return [last[..., i] for i in range(last.shape[-1])]

    def move(self, x: Array, source: Several, target: Several) -> Array:
        return self._jnp.moveaxis(x, source, target)

    def merge(self, x: Array) -> Array:
        return x.reshape((*x.shape[:-2], x.shape[-2] * x.shape[-1]))

    def part(self, x: Array, like: Array) -> Array:
        return x.reshape((*x.shape[:-1], *like.shape[-2:]))

    def matmul(self, x: Array, y: Array) -> Array:
        raise NotImplementedError  # of the module, see __init__

    @staticmethod
    def _along(vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * like.ndim
        shape[axis] = -1
        return vector.reshape(shape)
