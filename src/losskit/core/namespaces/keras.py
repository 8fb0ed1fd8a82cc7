"""The vocabulary for Keras's backends, over the functions of `keras.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from losskit.core.namespaces import PRECISIONS, Array, Axes, Precision, Several, Vocabulary


class KerasVocabulary(Vocabulary):
    """`keras.ops`, which the face passes in, so that this module imports no framework.

    Args:
        ops: the module.
        differentiable: makes a function of a value and a gradient; for the sigmoid.
        raised: see `Vocabulary.raised`, where the backend needs one of its own.
        scan: see `Vocabulary.scan`, likewise.
        came: see `Vocabulary.came`.
    """

    widens: bool = False
    """Whether the backend always has float64, and does not make float32 of it unasked."""

    shortens: bool = False
    """Whether the backend may make products of float32 of shorter numbers."""

    def __init__(
        self,
        ops: Any,
        differentiable: Any = None,
        raised: Any = None,
        came: Precision = Vocabulary.came,
        scan: Any = None,
    ) -> None:
        self._ops = ops
        self.came = came
        if raised is not None:
            self.raised = raised  # type: ignore[method-assign]
        if scan is not None:
            self.scan = scan  # type: ignore[method-assign]
        if differentiable is not None:
            # Through |x| a backend finds a slope of 0 at 0, where the sigmoid's is 1/4.
            plain = super().sigmoid
            self.sigmoid = differentiable(  # type: ignore[method-assign]
                plain, lambda x, g: g * self.sigmoid(x) * self.sigmoid(-x)
            )
        for name in ("abs", "exp", "log", "log1p", "sqrt", "tanh", "sign", "where"):
            setattr(self, name, getattr(ops, name))
        self.expm1 = partial(self.expm1_by, ops.expm1)

    def power(self, x: Array, exponent: float) -> Array:
        # Keras's power makes float32 of float64 and a number on torch while floatx is float32.
        return self._ops.power(x, self._ops.cast(exponent, x.dtype))

    def maximum(self, x: Array, y: Array) -> Array:
        if self._wide(x):
            return self.where((x >= y) | (x != x), x, self._typed(y, x))
        return self._ops.maximum(x, y)

    def minimum(self, x: Array, y: Array) -> Array:
        if self._wide(x):
            return self.where((x <= y) | (x != x), x, self._typed(y, x))
        return self._ops.minimum(x, y)

    def exp_less(self, x: Array, y: Array) -> Array:
        if not self._widens(x):
            return super().exp_less(x, y)
        wide = super().exp_less(self._ops.cast(x, "float64"), self._ops.cast(y, "float64"))
        return self._ops.cast(wide, x.dtype)

    def log_less(self, x: Array, y: Array) -> Array:
        if not self._widens(x):
            return super().log_less(x, y)
        wide = self._ops.log(self._ops.cast(x, "float64")) - self._ops.cast(y, "float64")
        return self._ops.cast(wide, x.dtype)

    def _widens(self, x: Array) -> bool:
        """Whether x is float32 where there is float64 too."""
        device = getattr(getattr(x, "device", None), "type", "")
        return self.widens and self._name(x) == "float32" and device != "mps"

    def sum(self, x: Array, axis: Axes) -> Array:
        return self._ops.sum(x, axis=axis, keepdims=True)

    def max(self, x: Array, axis: Axes) -> Array:
        return self._ops.max(x, axis=axis, keepdims=True)

    def drop(self, x: Array, axis: Axes) -> Array:
        return self._ops.squeeze(x, axis=axis)

    def lay(self, x: Array, axis: int) -> Array:
        return self._ops.expand_dims(x, axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        # Not by moveaxis: under torch's vmap there is none.
        rest = [i for i in range(len(x.shape)) if i != axis % len(x.shape)]
        last = self._ops.transpose(x, [*rest, axis % len(x.shape)])
        return self._ops.expand_dims(x, -1), self._ops.expand_dims(last, axis % len(x.shape))

    def sort(self, x: Array, axis: int) -> Array:
        return self._ops.sort(x, axis=axis)

    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        return self._ops.argsort(x, axis=axis)  # of every backend a stable one

    def disorder(self, x: Array, order: Array) -> Array:
        # As one row, for there is no scatter along an axis.
        length = self._ops.shape(x)[-1]
        places = self._ops.reshape(order, (-1, length))
        row = self._ops.arange(self._ops.shape(places)[0], dtype="int32")
        places = self._ops.reshape(places + length * self._ops.expand_dims(row, -1), (-1, 1))
        found = self._ops.scatter(places, self._ops.reshape(x, (-1,)), self._ops.shape(places)[:1])
        return self._ops.reshape(found, self._ops.shape(x))

    def positions(self, x: Array) -> Array:
        shape = self._ops.shape(x)
        return self._ops.broadcast_to(self._ops.arange(shape[-1], dtype="int32"), shape)

    def cumsum(self, x: Array, axis: int) -> Array:
        return self._ops.cumsum(x, axis=axis)

    def cummax(self, x: Array) -> Array:
        # Each step takes in as many entries before it again; where no other is there, the same.
        length = x.shape[-1]
        for step in (2**i for i in range(31 if length is None else (length - 1).bit_length())):
            before = self._ops.concatenate([x[..., :step], x[..., :-step]], axis=-1)
            x = self.where(before > x, before, x)
        return x

    def number(self, whole: Array, like: Array) -> Array:
        return self._ops.cast(whole, like.dtype)

    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        index = self._along(self._ops.arange(like.shape[axis], dtype="int32"), like, axis)
        return self._ops.equal(self._ops.expand_dims(labels, axis), index)

    def vector(self, values: Any, like: Array, axis: int) -> Array:
        return self._along(self._ops.convert_to_tensor(values, dtype=like.dtype), like, axis)

    def precision(self, x: Array) -> Precision:
        return PRECISIONS[self._name(x)]

    def take(self, x: Array, index: Array) -> Array:
        return self._ops.take_along_axis(x, self._over_rows(index, x), -1)

    def put(self, x: Array, index: Array, size: int) -> Array:
        # Keras's products and segment sums make float32 of float64 on torch; its sums do not.
        index = self._ops.expand_dims(self._ops.expand_dims(index, -2), -1)
        true = self._ops.equal(index, self._ops.arange(size, dtype="int32"))
        return self._ops.sum(self.where(true, self._ops.expand_dims(x, -1), 0.0), axis=-2)

    def pad(self, x: Array, before: int, after: int, fill: float) -> Array:
        widths = [(0, 0)] * (len(x.shape) - 1) + [(before, after)]
        return self._ops.pad(x, widths, constant_values=fill)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return self._ops.flip(x, axes)

    def stack(self, parts: Sequence[Array], axis: int) -> Array:
        return self._ops.stack(parts, axis)

    def unstack(self, x: Array, axis: int) -> Sequence[Array]:
        return self._ops.unstack(x, x.shape[axis], axis)  # type: ignore[no-any-return]

    def move(self, x: Array, source: Several, target: Several) -> Array:
        return self._ops.moveaxis(x, source, target)

    def merge(self, x: Array) -> Array:
        *rest, rows, columns = self._ops.shape(x)
        return self._ops.reshape(x, (*rest, rows * columns))

    def part(self, x: Array, like: Array) -> Array:
        return self._ops.reshape(x, (*self._ops.shape(x)[:-1], *self._ops.shape(like)[-2:]))

    def matmul(self, x: Array, y: Array) -> Array:
        if not (self.shortens and self._name(x) == "float32"):
            return self._ops.matmul(x, y)
        wide = self._ops.matmul(self._ops.cast(x, "float64"), self._ops.cast(y, "float64"))
        return self._ops.cast(wide, x.dtype)

    def _over_rows(self, index: Array, x: Array) -> Array:
        shape = (*self._ops.shape(x)[:-1], self._ops.shape(index)[-1])
        return self._ops.broadcast_to(self._ops.expand_dims(index, -2), shape)

    def _wide(self, x: Array) -> bool:
        # Keras's maximum and minimum make float32 of float64 on torch while floatx is float32.
        return self._name(x) == "float64"

    def _typed(self, x: Array, like: Array) -> Array:
        return self._ops.cast(x, like.dtype) if isinstance(x, (int, float)) else x

    @staticmethod
    def _name(x: Array) -> str:
        # torch's dtypes print as "torch.float32", and have no name.
        return str(getattr(x.dtype, "name", str(x.dtype).rpartition(".")[2]))

    def _along(self, vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * len(like.shape)
        shape[axis] = -1
        return self._ops.reshape(vector, shape)
