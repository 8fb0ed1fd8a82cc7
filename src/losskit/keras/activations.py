"""The logits behind an activation's output: found where Keras keeps them, kept where it cannot.

A probability that has underflowed to 0 (or rounded to 1) no longer tells by how much its logit is
behind, so a loss on probabilities should be computed from the logits wherever they can be had.
"""

from __future__ import annotations

import weakref
from typing import Any

import keras
import numpy as np
from keras import ops

from losskit.core.namespaces import PRECISIONS, Precision
from losskit.keras import backend

Tensor = Any

_KEPT: dict[int, tuple[Any, str, int, Tensor]] = {}
"""For tensors that take no attributes (JAX's, while tracing):
id -> (weak reference, activation, axis, logits)."""


@keras.saving.register_keras_serializable(package="losskit")
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Softmax whose output never reaches 0: ``Dense(10, activation=losskit.keras.softmax)``.

    With a losskit cross-entropy behind it, the gradient with respect to the logits is exactly
    p - y at any distance between them, on every backend.

    Args:
        x: logits of any shape and floating type.
        axis: axis of the classes.

    Returns:
        Probabilities in ``x``'s shape, at least the smallest normal number. float16 and bfloat16
        are widened to float32, for half a byte more would not hold a small probability.
    """
    z = _widened(x)
    return _keep(_softmax(axis)(z), "softmax", axis, x)


@keras.saving.register_keras_serializable(package="losskit")
def sigmoid(x: Tensor) -> Tensor:
    """Sigmoid whose output never reaches 0, with a derivative that never dies.

    With `losskit.keras.BinaryCrossentropy` behind it, the gradient with respect to the logits is
    exactly p - y at any logit, on every backend.

    Args:
        x: logits of any shape and floating type.

    Returns:
        Probabilities in ``x``'s shape; float16 and bfloat16 are widened to float32.
    """
    return _keep(_sigmoid(_widened(x)), "sigmoid", 0, x)


def _softmax(axis: int) -> Any:
    def forward(z: Tensor) -> Tensor:
        return ops.maximum(ops.softmax(z, axis=axis), _precision(z).tiny)

    def backward(z: Tensor, g: Tensor) -> Tensor:
        # The same floor as in the output: its inverse, which the loss sends, cancels against it.
        p = forward(z)
        return p * (g - ops.sum(g * p, axis=axis, keepdims=True))

    return backend.activation(forward, backward)


def _sigmoid_value(z: Tensor) -> Tensor:
    return ops.maximum(ops.sigmoid(z), _precision(z).tiny)


def _sigmoid_gradient(z: Tensor, g: Tensor) -> Tensor:
    # 1 - p as the loss will see it, rounding and floor included, so that the two cancel.
    p = _sigmoid_value(z)
    return g * p * ops.maximum(1.0 - p, _precision(z).half_gap)


_sigmoid = backend.activation(_sigmoid_value, _sigmoid_gradient)


def _widened(x: Tensor) -> Tensor:
    x = ops.convert_to_tensor(x)
    dtype = keras.backend.standardize_dtype(x.dtype)
    return x if dtype in ("float32", "float64") else ops.cast(x, "float32")


def _precision(x: Tensor) -> Precision:
    return PRECISIONS[keras.backend.standardize_dtype(x.dtype)]


# --- keeping ------------------------------------------------------------------------------------


def _keep(p: Tensor, name: str, axis: int, logits: Tensor) -> Tensor:
    try:
        p._keras_logits = logits
        p._losskit_activation = (name, axis, backend.version(p))
    except AttributeError:
        key = id(p)
        _KEPT[key] = (weakref.ref(p, lambda _: _KEPT.pop(key, None)), name, axis, logits)
    return p


def kept_logits(p: Tensor, name: str, axis: int) -> Tensor | None:
    """The logits of which ``p`` is the ``name`` ("softmax" along ``axis``, or "sigmoid").

    None where they are not kept, or where ``p`` may be the output of another activation: Keras
    keeps the logits of sigmoid and softmax under one name.
    """
    if id(p) in _KEPT:
        reference, kept_name, kept_axis, logits = _KEPT[id(p)]
        return logits if reference() is p and _same(kept_name, kept_axis, name, axis, p) else None
    logits = getattr(p, "_keras_logits", None)
    if logits is None:
        return None
    own = getattr(p, "_losskit_activation", None)
    if own is not None:
        kept_name, kept_axis, version = own
        same = version == backend.version(p) and _same(kept_name, kept_axis, name, axis, p)
        return logits if same else None
    return logits if _made_by(p, logits, name, axis) else None


def _same(kept_name: str, kept_axis: int, name: str, axis: int, p: Tensor) -> bool:
    rank = len(p.shape)
    return kept_name == name and (name == "sigmoid" or kept_axis % rank == axis % rank)


def _made_by(p: Tensor, logits: Tensor, name: str, axis: int) -> bool:
    """Whether ``p`` is that activation of ``logits``, from its origin or else from its values."""
    known = backend.made_by(p, name, axis)
    if known is not None:
        return bool(known)
    values = backend.concrete(ops.cast(p, "float32"))
    if values is None:  # it cannot be told: the probabilities are right in any case
        return False
    z = ops.cast(logits, "float32")
    again = ops.softmax(z, axis=axis) if name == "softmax" else ops.sigmoid(z)
    return bool(np.allclose(backend.concrete(again), values, atol=1e-2))
