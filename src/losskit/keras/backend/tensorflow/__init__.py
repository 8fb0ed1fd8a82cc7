"""Keras on TensorFlow."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from losskit.core.families import State
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.tensorflow import TensorFlowVocabulary
from losskit.engine.across import Across
from losskit.engine.arrays import HALF
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.keras.backend.tensorflow import eager, graphs, kernels
from losskit.keras.backend.tensorflow.rules import activation, finite, known, moved, watched

Tensor = Any


def bounded(x: Tensor, limit: float) -> Tensor:
    return activation(tf.identity, lambda _, g: tf.clip_by_value(g, -limit, limit))(x)


def reads_halves(p: Tensor) -> bool:
    return graphs.reachable([p])


quick = None


def made_by(p: Tensor) -> tuple[str, int] | None:
    if tf.executing_eagerly():
        return None
    # For a softmax along another axis TensorFlow transposes: that is another operation.
    return {"Softmax": ("softmax", -1), "Sigmoid": ("sigmoid", 0)}.get(p.op.type, ("", 0))


kernels.registered()  # so that graphs that are loaded find them


def _rows(
    card: Any, alike: Tensor, none: Tensor | None, x: Tensor, slope: bool
) -> tuple[Tensor, Tensor | None] | None:
    """See `losskit.core.namespaces.Vocabulary.by_kernel`."""
    way = eager.rows if tf.executing_eagerly() else graphs.rows
    return way(card, alike, none, x, slope)


_M = TensorFlowVocabulary(tf, ops, activation, rows=_rows)
_BY_DTYPE = {
    name: TensorFlowVocabulary(tf, ops, activation, came, _rows)
    for name, came in PRECISIONS.items()
}


class Backend(Framework):
    """Tensors of TensorFlow; labels that are NumPy's stay so until they are made int32."""

    no_class = -(2**31)

    def array(self, name: str, x: Any, labels: bool = False) -> Any:
        return x if labels else tf.convert_to_tensor(x)

    def dtype(self, x: Any) -> str:
        return str(x.dtype.name)

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

    def labels(self, x: Any) -> Tensor:
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
        return eager.visible(x)

    def values(self, x: Any) -> Any:
        return np.asarray(tf.cast(x, tf.float32) if self.dtype(x) in HALF else x)

    def vocabulary(self, came: str) -> TensorFlowVocabulary:
        return _BY_DTYPE.get(came, _M)

    def fused(
        self, call: Call, reduction: str, by_weights: bool, num_items: Any, dtype: Any = None
    ) -> Tensor | None:
        if num_items is not None and not isinstance(num_items, (int, float)):
            return None
        kind = "mean_with_sample_weight" if by_weights else reduction
        return eager.loss(self, call, kind, num_items)

    def items(self, formulas: Formulas, call: Call) -> Tensor:
        if 0 in call.prediction.shape:  # TensorFlow takes no maximum of nothing
            return formulas.gather(call.card.main, call.prediction)
        found = graphs.items(formulas, call)
        return _given(formulas, call.used, *call.arrays) if found is None else found

    def sum(self, formulas: Formulas, call: Call) -> Tensor:
        found = graphs.total(formulas, call, None)
        return super().sum(formulas, call) if found is None else found

    def of_set(self, formulas: Formulas, across: Across | None, *arrays: Tensor) -> Tensor:
        return _given(dataclasses.replace(formulas, across=across), None, *arrays)

    def replicas(self) -> Across | None:
        size = tf.distribute.get_strategy().num_replicas_in_sync
        return Replicas(size) if size > 1 else None

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
        dtype = self.computed(self.dtype(call.prediction))
        found = graphs.total(formulas, call, tf.math.reciprocal_no_nan(tf.cast(count, dtype)))
        if found is not None:
            return found
        total = super().sum(formulas, call)
        return tf.math.divide_no_nan(total, tf.cast(count, total.dtype))


def _given(formulas: Formulas, used: Tensor | None, *arrays: Tensor) -> Tensor:
    """The value of formulas, whose derivatives by their slots are given, not derived."""
    slots = formulas.card.slots
    where = tuple([i for i, slot in enumerate(slots) if slot.differentiable])
    by = tuple([i for i in where if watched(arrays[i])])
    ahead = None if moved(arrays) else by

    @tf.custom_gradient
    def function(*arrays: Tensor) -> Any:
        made = formulas.at(used, *arrays, ahead=ahead)

        def backward(g: Tensor) -> tuple[Tensor | None, ...]:
            # A gradient that nobody asks for is pruned from the graph.
            found: list[Tensor | None] = [None] * len(arrays)
            at = formulas.at(used, *arrays)
            for i in where:
                if i in made.made:
                    of = partial(formulas.slope, i, used)
                    slope = known(made.slope(i), of, *arrays, where=where)
                else:
                    slope = at.slope(i)
                slope = slope if slots[i].predicted else finite(slope)
                found[i] = tf.cast(slope * formulas.spread(i, g), arrays[i].dtype)
            return tuple(found)

        return made.value(), backward

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
