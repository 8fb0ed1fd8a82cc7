"""The vocabulary for NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from losskit.core.namespaces import PRECISIONS, Array, Axes, Precision, Several, Vocabulary


class NumpyVocabulary(Vocabulary):
    """NumPy's own functions; float32 stays float32 and float64 stays float64.

    Args:
        came: see `Vocabulary.came`.
        step: what a step of programs makes of rows along the last axis; None where it cannot.
        rows: see `Vocabulary.by_kernel`.
    """

    def __init__(
        self,
        came: Precision = Vocabulary.came,
        step: Any = lambda name, *of: None,
        rows: Any = Vocabulary.by_kernel,
    ) -> None:
        self.came = came
        self._step = step
        self.by_kernel = rows

    def in_one(self, name: str, made: Callable[[], Array], *of: Array, last: bool = False) -> Array:
        found = self._step(name, *of) if last else None
        return made() if found is None else found

    abs = staticmethod(np.abs)
    exp = staticmethod(np.exp)
    expm1 = staticmethod(np.expm1)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    sqrt = staticmethod(np.sqrt)
    tanh = staticmethod(np.tanh)
    sign = staticmethod(np.sign)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    power = staticmethod(np.power)

    @staticmethod
    def where(condition: Array, yes: Array, no: Array) -> Array:
        # A Python number must not widen float32: NumPy 1 would make it a float64 array.
        dtype = (
            no.dtype if isinstance(no, (np.ndarray, np.generic)) else getattr(yes, "dtype", None)
        )
        if isinstance(yes, float):
            yes = np.asarray(yes, dtype)
        if isinstance(no, float):
            no = np.asarray(no, dtype)
        return np.where(condition, yes, no)

    def exp_less(self, x: Array, y: Array) -> Array:
        if x.dtype != np.float32:
            return super().exp_less(x, y)
        return super().exp_less(x.astype(np.float64), y).astype(np.float32)

    def log_less(self, x: Array, y: Array) -> Array:
        if x.dtype != np.float32:
            return super().log_less(x, y)
        return (np.log(x.astype(np.float64)) - y).astype(np.float32)

    def sum(self, x: Array, axis: Axes) -> Array:
        # In float64: along another axis than the last NumPy adds one by one, and float32 loses the
        # small ones.
        if x.dtype == np.float32:
            return np.sum(x, axis=axis, keepdims=True, dtype=np.float64).astype(np.float32)
        return np.sum(x, axis=axis, keepdims=True)

    def max(self, x: Array, axis: Axes) -> Array:
        # `initial` lets an empty batch through; no row has a maximum then.
        return np.max(x, axis=axis, keepdims=True, initial=-np.inf)

    def drop(self, x: Array, axis: Axes) -> Array:
        return np.squeeze(x, axis=axis)

    def lay(self, x: Array, axis: int) -> Array:
        return np.expand_dims(x, axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        return x[..., None], np.expand_dims(np.moveaxis(x, axis, -1), axis % x.ndim)

    def sort(self, x: Array, axis: int) -> Array:
        return np.sort(x, axis=axis)

    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        return np.argsort(x, axis=axis, kind="stable" if stable else None)

    def disorder(self, x: Array, order: Array) -> Array:
        found = np.empty_like(x)
        np.put_along_axis(found, order, x, -1)
        return found

    def positions(self, x: Array) -> Array:
        return np.broadcast_to(np.arange(x.shape[-1]), x.shape)

    def cumsum(self, x: Array, axis: int) -> Array:
        return np.cumsum(x, axis=axis)

    def cummax(self, x: Array) -> Array:
        return np.maximum.accumulate(x, axis=-1)

    def number(self, whole: Array, like: Array) -> Array:
        return whole.astype(like.dtype)

    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        return np.expand_dims(labels, axis) == self._along(np.arange(like.shape[axis]), like, axis)

    def count(self, mask: Array, axis: Axes) -> Array:
        return np.count_nonzero(mask, axis, keepdims=True) * 1.0

    def vector(self, values: Any, like: Array, axis: int) -> Array:
        return self._along(np.asarray(values, dtype=like.dtype), like, axis)

    def precision(self, x: Array) -> Precision:
        known = PRECISIONS.get(x.dtype.name)
        # Extended precision has a smallest number that no Python float holds: float64's serves it.
        return known or PRECISIONS["float64"]._replace(eps=float(np.finfo(x.dtype).eps))

    def take(self, x: Array, index: Array) -> Array:
        return np.take_along_axis(x, np.expand_dims(index, -2), -1)

    def put(self, x: Array, index: Array, size: int) -> Array:
        rows = x.reshape(-1, x.shape[-1])
        places = np.broadcast_to(np.expand_dims(index, -2), x.shape).reshape(rows.shape)
        places = places + size * np.arange(len(rows))[:, None]
        # It sums in float64.
        found = np.bincount(places.ravel(), rows.ravel(), len(rows) * size)
        return found.reshape((*x.shape[:-1], size)).astype(x.dtype)

    def pad(self, x: Array, before: int, after: int, fill: float) -> Array:
        widths = [(0, 0)] * (x.ndim - 1) + [(before, after)]
        return np.pad(x, widths, constant_values=fill)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return np.flip(x, axes)

    def stack(self, parts: Sequence[Array], axis: int) -> Array:
        return np.stack(parts, axis)

    def join(self, parts: Sequence[Array], axis: int) -> Array:
        return np.concatenate(parts, axis)

    def unstack(self, x: Array, axis: int) -> Sequence[Array]:
        return list(np.moveaxis(x, axis, 0))

    def move(self, x: Array, source: Several, target: Several) -> Array:
        return np.moveaxis(x, source, target)

    def merge(self, x: Array) -> Array:
        return x.reshape((*x.shape[:-2], x.shape[-2] * x.shape[-1]))

    def part(self, x: Array, like: Array) -> Array:
        return x.reshape((*x.shape[:-1], *like.shape[-2:]))

    def matmul(self, x: Array, y: Array) -> Array:
        return np.matmul(x, y)

    @staticmethod
    def _along(vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * like.ndim
        shape[axis] = -1
        return vector.reshape(shape)


NUMPY = NumpyVocabulary()
_BY_DTYPE: dict[str, NumpyVocabulary] = {}
for _name, _precision in PRECISIONS.items():
    _BY_DTYPE[_name] = NumpyVocabulary(_precision)


def vocabulary(dtype: Any) -> NumpyVocabulary:
    """The vocabulary for predictions that came in that dtype."""
    return _BY_DTYPE.get(np.dtype(dtype).name, NUMPY)
