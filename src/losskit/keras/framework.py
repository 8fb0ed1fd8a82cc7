"""What the engine asks of the backend that runs: of JAX and PyTorch as their own faces have it.

What Keras does otherwise than they: labels that are no tensor yet keep their values for messages,
masks may hold any numbers, and weights below 0, even such as cancel, are weights.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from losskit.core.families import State
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.keras import KerasVocabulary
from losskit.engine.across import Across
from losskit.engine.arrays import HALF, sound
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.keras import backend

Tensor = Any


class Habits(Framework):
    """Of Keras, on any backend."""

    no_class = -(2**31)

    def array(self, name: str, x: Any, labels: bool = False) -> Any:
        if labels:
            host = _host_labels(x)
            if host is not None:
                return host
        return ops.convert_to_tensor(sound(x))

    def labels(self, x: Any) -> Tensor:
        if isinstance(x, np.ndarray):
            whole = x.astype(np.int32)  # as backends may make them
            x = ops.convert_to_tensor(np.where(whole == x, whole, np.int32(self.no_class)))
        return super().labels(x)  # type: ignore[safe-super]

    def dtype(self, x: Any) -> str:
        return str(keras.backend.standardize_dtype(x.dtype))

    def truth(self, name: str, x: Tensor) -> Tensor:
        return ops.cast(x, "bool")

    def visible(self, x: Any) -> bool:
        return isinstance(x, np.ndarray) or super().visible(x)  # type: ignore[safe-super]

    def values(self, x: Any) -> Any:
        return x if isinstance(x, np.ndarray) else super().values(x)  # type: ignore[safe-super]


def _host_labels(y: Any) -> Any:
    """Labels that are no tensor yet, as NumPy has them; None for tensors and what is no number."""
    if isinstance(y, (int, list, tuple)):
        try:
            y = np.asarray(y)
        except ValueError:
            return None
    whole = isinstance(y, (np.ndarray, np.generic)) and y.dtype.kind in "iu"
    return np.asarray(y) if whole else None


def _tensorflow() -> type[Framework]:
    import tensorflow as tf

    def scan(step: Any, state: Any, xs: Tensor) -> tuple[Any, Any]:
        if tf.executing_eagerly():
            return KerasVocabulary.scan(plain, step, state, xs)
        # Not frame by frame: a graph of hundreds of steps takes a minute to make.
        length = xs.shape[0] or tf.shape(xs)[0]
        state, out = step(state, xs[0])
        outs = tuple(tf.TensorArray(x.dtype, length, element_shape=x.shape) for x in out)
        outs = tuple(array.write(0, x) for array, x in zip(outs, out, strict=True))

        def body(i: Tensor, state: Any, outs: Any) -> Any:
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

    KerasVocabulary.widens = True
    # A GPU's TF32 has three digits; it cannot be switched off for one product.
    KerasVocabulary.shortens = bool(
        tf.config.experimental.tensor_float_32_execution_enabled()
        and tf.config.list_physical_devices("GPU")
    )
    plain = KerasVocabulary(ops, backend.activation, backend.raised)
    by_dtype = {
        name: KerasVocabulary(ops, backend.activation, backend.raised, came, scan)
        for name, came in PRECISIONS.items()
    }

    class TensorFlow(Framework):
        """Tensors of TensorFlow."""

        def array(self, name: str, x: Any, labels: bool = False) -> Tensor:
            return tf.convert_to_tensor(x)

        def cast(self, x: Any, dtype: str) -> Tensor:
            return ops.cast(x, dtype)

        def floating(self, x: Tensor) -> Tensor:
            return ops.cast(x, keras.backend.floatx())

        def reshaped(self, x: Tensor, shape: tuple[Any, ...]) -> Tensor:
            known = [tf.shape(x)[i] if n is None else n for i, n in enumerate(shape)]
            return tf.reshape(x, known)

        def broadcast(self, x: Tensor, sizes: tuple[Any, ...]) -> Tensor:
            return tf.broadcast_to(x, sizes)

        def sizes(self, x: Tensor) -> tuple[Any, ...]:
            if None not in x.shape:
                return tuple(x.shape)
            return tuple(tf.shape(x)[i] if n is None else n for i, n in enumerate(x.shape))

        def labels(self, x: Tensor) -> Tensor:
            whole = ops.cast(x, "int32")
            return ops.where(ops.equal(ops.cast(whole, x.dtype), x), whole, self.no_class)

        def truth(self, name: str, x: Tensor) -> Tensor:
            return tf.cast(x, tf.bool)

        def total(self, x: Tensor) -> Tensor:
            return tf.math.count_nonzero(x) if x.dtype == tf.bool else tf.reduce_sum(x)

        def ones(self, like: Tensor, dtype: str) -> Tensor:
            return tf.ones_like(like, dtype)

        def number(self, x: Any, like: Tensor, dtype: str) -> Tensor:
            return tf.cast(x, dtype)

        def constant(self, numbers: list[float], like: Tensor, dtype: str) -> Tensor:
            return tf.constant(numbers, dtype)

        def of_labels(self, weights: Tensor, labels: Tensor) -> Tensor:
            found = tf.clip_by_value(labels, 0, tf.shape(weights)[0] - 1)
            return tf.where(tf.equal(found, labels), tf.gather(weights, found), 1.0)

        def visible(self, x: Any) -> bool:
            return tf.executing_eagerly() and "GPU" not in x.device

        def values(self, x: Any) -> Any:
            return (tf.cast(x, tf.float32) if self.dtype(x) in HALF else x).numpy()

        def vocabulary(self, came: str) -> KerasVocabulary:
            return by_dtype.get(came, plain)

        def items(self, formulas: Formulas, call: Call) -> Tensor:
            if 0 in call.prediction.shape:  # TensorFlow takes no maximum of nothing
                return formulas.gather(call.card.main, call.prediction)
            return _given(formulas, call.used, *call.arrays)

        def of_set(self, formulas: Formulas, across: Across | None, *arrays: Tensor) -> Tensor:
            return _given(dataclasses.replace(formulas, across=across), None, *arrays)

        def replicas(self) -> Across | None:
            size = tf.distribute.get_strategy().num_replicas_in_sync
            return Replicas(size) if size > 1 else None

        def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
            total = self.sum(formulas, call)
            return tf.math.divide_no_nan(total, tf.cast(count, total.dtype))

    def _given(formulas: Formulas, used: Tensor | None, *arrays: Tensor) -> Tensor:
        """The value of formulas, whose derivatives by their slots are given, not derived."""
        slots = formulas.card.slots

        @tf.custom_gradient
        def function(*arrays: Tensor) -> Any:
            def backward(g: Tensor) -> tuple[Tensor | None, ...]:
                # A gradient that nobody asks for is pruned from the graph.
                found: list[Tensor | None] = [None] * len(arrays)
                at = formulas.at(used, *arrays)
                for i, slot in enumerate(slots):
                    if slot.differentiable:
                        slope, rate = at.slope(i), formulas.spread(i, g)
                        slope = slope if slot.predicted else _finite(slope)
                        found[i] = slope * rate
                return tuple(found)

            return formulas.value(used, *arrays), backward

        return function(*arrays)

    class Replicas(Across):
        """Of `tf.distribute`: Keras adds up their losses, so each gives its share."""

        def __init__(self, size: int) -> None:
            self._size = size
            # While Keras builds a model there is no replica yet, and nothing to put together.
            self._context = tf.distribute.get_replica_context()

        def count(self, own: Tensor) -> Tensor:
            return self._summed(own)

        def total(self, own: Tensor) -> Tensor:
            return _joined(own, self._summed(own) / self._size)

        def states(self, own: State) -> list[State]:
            if self._context is None:
                return [own]
            every = self._context.all_gather(tf.stack([own]), axis=0)
            return [tuple(tf.unstack(every[i], len(own))) for i in range(self._size)]

        def value(self, own: Tensor) -> Tensor:
            return _joined(own, own / self._size)

        def _summed(self, own: Tensor) -> Tensor:
            own = tf.stop_gradient(own)
            if self._context is None:
                return own
            return self._context.all_reduce(tf.distribute.ReduceOp.SUM, own)

    @tf.custom_gradient
    def _joined(own: Tensor, share: Tensor) -> Any:
        """The value of a share, and the gradient of what is a replica's own."""
        return tf.identity(share), lambda g: (g, None)

    # By the target an infinite slope is 2**100, which the 0 of a softmax or exp takes away again.
    _finite = backend.activation(
        lambda x: tf.where(tf.math.is_inf(x), tf.sign(x) * 2.0**100, x), lambda _, g: g
    )
    return TensorFlow


def _jax() -> type[Framework]:
    from losskit.jax.framework import Jax

    return Jax


def _torch() -> type[Framework]:
    from losskit.torch.framework import Torch

    return Torch


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
_Backend: Any = Framework if TYPE_CHECKING else _BACKENDS[backend.NAME]()


class KerasFramework(Habits, _Backend):
    """The backend that runs, with Keras's habits."""

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
        # As Keras: weights may be negative, and so may their sum; where it is 0, so is the mean.
        if isinstance(count, (int, float)) or backend.NAME == "tensorflow":
            return super().mean(formulas, call, count)  # type: ignore[safe-super]
        found = super().mean(formulas, call, count)  # type: ignore[safe-super]
        return ops.where(count != 0, found, 0.0)


KERAS = KerasFramework()
