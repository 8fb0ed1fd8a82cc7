"""Softmax and sigmoid whose output never reaches 0, and keeps its logits on every backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from losskit.keras import backend
from losskit.keras.framework import KERAS
from losskit.keras.logits import keep

Tensor = Any
M = KERAS.vocabulary("")


@keras.saving.register_keras_serializable(package="losskit")
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Softmax whose output never reaches 0: ``Dense(10, activation=losskit.keras.softmax)``.

    With a losskit cross-entropy behind it, the gradient with respect to the logits is exact at any
    distance between them, on every backend: p - y for the categorical ones.

    Args:
        x: logits of any shape and floating type.
        axis: axis of the classes.

    Returns:
        Probabilities in ``x``'s shape, at least the smallest normal number. float16 and bfloat16
        are widened to float32, for half a byte more would not hold a small probability.
    """
    x = ops.convert_to_tensor(x)

    def forward(z: Tensor) -> Tensor:
        return ops.maximum(ops.softmax(z, axis=axis), M.tiny(z))

    def backward(z: Tensor, g: Tensor) -> Tensor:
        # The same floor as in the output: its inverse, which the loss sends, cancels against it.
        p = forward(z)
        return p * (g - ops.sum(g * p, axis=axis, keepdims=True))

    return keep(backend.activation(forward, backward)(_widened(x)), "softmax", axis, x)


@keras.saving.register_keras_serializable(package="losskit")
def sigmoid(x: Tensor) -> Tensor:
    """Sigmoid whose output never reaches 0, with a derivative that never dies.

    With a losskit cross-entropy behind it, the gradient with respect to the logits is exact at any
    logit, on every backend: p - y for `losskit.keras.BinaryCrossentropy`.

    Args:
        x: logits of any shape and floating type.

    Returns:
        Probabilities in ``x``'s shape; float16 and bfloat16 are widened to float32.
    """
    x = ops.convert_to_tensor(x)
    return keep(_sigmoid(_widened(x)), "sigmoid", 0, x)


def _sigmoid_value(z: Tensor) -> Tensor:
    return ops.maximum(ops.sigmoid(z), M.tiny(z))


def _sigmoid_gradient(z: Tensor, g: Tensor) -> Tensor:
    # 1 - p as the loss will see it, rounding and floor included, so that the two cancel.
    p = _sigmoid_value(z)
    return g * p * ops.maximum(1.0 - p, M.complement_floor(z))


_sigmoid = backend.activation(_sigmoid_value, _sigmoid_gradient)


def _widened(x: Tensor) -> Tensor:
    return x if KERAS.dtype(x) in ("float32", "float64") else ops.cast(x, "float32")
