"""The vocabulary for TensorFlow, over the functions of `keras.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from losskit.core.namespaces import PRECISIONS, Array, Axes, Precision, Several, Vocabulary


class TensorFlowVocabulary(Vocabulary):
    """`keras.ops` on TensorFlow; both are passed in, so that this file imports no framework.

    Args:
        tf: the module `tensorflow`.
        ops: the module `keras.ops`.
        differentiable: makes a function of a value and a gradient; for the sigmoid.
        came: see `Vocabulary.came`.
        rows: see `Vocabulary.by_kernel`.
    """

    flushes = True

    def __init__(
        self,
        tf: Any,
        ops: Any,
        differentiable: Any,
        came: Precision = Vocabulary.came,
        rows: Any = Vocabulary.by_kernel,
    ) -> None:
        self._tf, self._ops, self.came = tf, ops, came
        self.by_kernel = rows
        # Through |x| a slope of 0 would be found at 0, where the sigmoid's is 1/4.
        plain = super().sigmoid
        self.sigmoid = differentiable(  # type: ignore[method-assign]
            plain, lambda x, g: g * self.sigmoid(x) * self.sigmoid(-x)
        )
        self.raised = differentiable(  # type: ignore[method-assign]
            self._raised, lambda _, g: g * 2.0**100
        )
        for name in ("abs", "exp", "log", "log1p", "sqrt", "tanh", "sign", "where"):
            setattr(self, name, getattr(ops, name))
        self.maximum, self.minimum, self.power = ops.maximum, ops.minimum, ops.power
        self.expm1 = partial(self.expm1_by, ops.expm1)
        # A GPU's TF32 has three digits; it cannot be switched off for one product.
        self._shortens = bool(
            tf.config.experimental.tensor_float_32_execution_enabled()
            and tf.config.list_physical_devices("GPU")
        )

    def _raised(self, x: Array) -> Array:
        tf, bits = self._tf, x.dtype.size * 8
        digits, least = (52, -1022) if bits == 64 else (23, -126)
        kind = tf.uint64 if bits == 64 else tf.uint32
        whole = tf.bitcast(x, kind)

        def part(shift: int, length: int) -> Array:
            shifted = tf.bitwise.right_shift(whole, tf.constant(shift, kind))
            return tf.bitwise.bitwise_and(shifted, tf.constant((1 << length) - 1, kind))

        size = tf.cast(part(0, digits), x.dtype) * 2.0 ** (100 + least - digits)
        small = part(digits, bits - 1 - digits) == 0
        negative = part(bits - 1, 1) == 1
        return tf.where(small, tf.where(negative, -size, size), x * 2.0**100)

    def scan(self, step: Any, state: Any, xs: Array) -> tuple[Any, Any]:
        tf = self._tf
        if tf.executing_eagerly():
            return super().scan(step, state, xs)
        # Not frame by frame: a graph of hundreds of steps takes a minute to make.
        length = xs.shape[0] or tf.shape(xs)[0]
        state, out = step(state, xs[0])
        outs = tuple(tf.TensorArray(x.dtype, length, element_shape=x.shape) for x in out)
        outs = tuple(array.write(0, x) for array, x in zip(outs, out, strict=True))

        def body(i: Array, state: Any, outs: Any) -> Any:
            state, out = step(state, xs[i])
            written = (array.write(i, x) for array, x in zip(outs, out, strict=True))
            return i + 1, state, tuple(written)

        open_shapes = tuple(tf.TensorShape([None] * len(x.shape)) for x in state)
        _, state, outs = tf.while_loop(
            lambda i, *_: i < length,
            body,
            (tf.constant(1), state, outs),
            (tf.TensorShape([]), open_shapes, tuple(tf.TensorShape(None) for _ in outs)),
            maximum_iterations=length - 1,
        )
        return state, tuple(array.stack() for array in outs)

    def exp_less(self, x: Array, y: Array) -> Array:
        if x.dtype.name != "float32":
            return super().exp_less(x, y)
        wide = super().exp_less(self._ops.cast(x, "float64"), self._ops.cast(y, "float64"))
        return self._ops.cast(wide, x.dtype)

    def log_less(self, x: Array, y: Array) -> Array:
        if x.dtype.name != "float32":
            return super().log_less(x, y)
        wide = self._ops.log(self._ops.cast(x, "float64")) - self._ops.cast(y, "float64")
        return self._ops.cast(wide, x.dtype)

    def sum(self, x: Array, axis: Axes) -> Array:
        return self._ops.sum(x, axis=axis, keepdims=True)

    def max(self, x: Array, axis: Axes) -> Array:
        return self._ops.max(x, axis=axis, keepdims=True)

    def drop(self, x: Array, axis: Axes) -> Array:
        return self._ops.squeeze(x, axis=axis)

    def lay(self, x: Array, axis: int) -> Array:
        return self._ops.expand_dims(x, axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        last = self._ops.moveaxis(x, axis, -1)
        return self._ops.expand_dims(x, -1), self._ops.expand_dims(last, axis % len(x.shape))

    def sort(self, x: Array, axis: int) -> Array:
        return self._ops.sort(x, axis=axis)

    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        return self._ops.argsort(x, axis=axis)  # a stable one

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
        return PRECISIONS[x.dtype.name]

    def take(self, x: Array, index: Array) -> Array:
        return self._ops.take_along_axis(x, self._over_rows(index, x), -1)

    def put(self, x: Array, index: Array, size: int) -> Array:
        # As a sum, for there is no scatter along an axis.
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

    def join(self, parts: Sequence[Array], axis: int) -> Array:
        return self._ops.concatenate(parts, axis)

    def in_parts(
        self, step: Any, xs: Sequence[Array], size: int | None
    ) -> tuple[Any, tuple[Array, ...]]:
        before: list[Array] = []

        def after(state: Any, *parts: Array) -> Any:
            # A graph would make all parts at once.
            with self._tf.control_dependencies(before):
                state, out = step(state, *map(self._tf.identity, parts))
            before[:] = [*out, *([] if state is None else [state])]
            return state, out

        return super().in_parts(after, xs, size)

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
        if not (self._shortens and x.dtype.name == "float32"):
            return self._ops.matmul(x, y)
        wide = self._ops.matmul(self._ops.cast(x, "float64"), self._ops.cast(y, "float64"))
        return self._ops.cast(wide, x.dtype)

    def _over_rows(self, index: Array, x: Array) -> Array:
        shape = (*self._ops.shape(x)[:-1], self._ops.shape(index)[-1])
        return self._ops.broadcast_to(self._ops.expand_dims(index, -2), shape)

    def _along(self, vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * len(like.shape)
        shape[axis] = -1
        return self._ops.reshape(vector, shape)
