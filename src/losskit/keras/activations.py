"""The logits behind an activation's output: found where Keras keeps them, kept where it cannot.

A probability that has underflowed to 0 (or rounded to 1) no longer tells by how much its logit is
behind, so a loss on probabilities should be computed from the logits wherever they can be had.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
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

    With a losskit cross-entropy behind it, the gradient with respect to the logits is exact at any
    distance between them, on every backend: p - y for the categorical ones.

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

    With a losskit cross-entropy behind it, the gradient with respect to the logits is exact at any
    logit, on every backend: p - y for `losskit.keras.BinaryCrossentropy`.

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


def kept_logits(p: Tensor, likely: Sequence[tuple[str, int]]) -> tuple[str, int, Tensor] | None:
    """The activation whose output ``p`` is, its axis, and its logits; None where they are not kept.

    Args:
        p: the output of any activation.
        likely: the activations (and axes) that it may be, where only its values can tell: Keras
            keeps the logits of sigmoid and softmax under one name. Of two that fit as well, the
            first.

    Returns:
        ("softmax", axis from the front, logits) or ("sigmoid", 0, logits).
    """
    if id(p) in _KEPT:
        reference, name, axis, logits = _KEPT[id(p)]
        return _placed(p, name, axis, logits) if reference() is p else None
    logits = getattr(p, "_keras_logits", None)
    if logits is None:
        return None
    own = getattr(p, "_losskit_activation", None)
    if own is not None:
        name, axis, version = own
        return _placed(p, name, axis, logits) if version == backend.version(p) else None
    name, axis = backend.made_by(p) or _nearest(p, logits, likely)
    return _placed(p, name, axis, logits) if name else None


def _placed(p: Tensor, name: str, axis: int, logits: Tensor) -> tuple[str, int, Tensor]:
    return name, axis % len(p.shape) if name == "softmax" else 0, logits


def _nearest(p: Tensor, logits: Tensor, likely: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Which activation of the logits gives these values, as far as their dtypes go."""
    values = backend.concrete(ops.cast(p, "float32"))
    found, least = ("", 0), 1e-2
    if values is None:  # it cannot be told: the probabilities are right in any case
        return found
    z, rank = ops.cast(logits, "float32"), len(p.shape)
    for name, axis in likely:
        if name == "softmax" and not -rank <= axis < rank:
            continue
        again = ops.softmax(z, axis=axis) if name == "softmax" else ops.sigmoid(z)
        off = float(np.max(np.abs(backend.concrete(again) - values), initial=0.0))
        if off < least:
            found, least = (name, axis), off
    return found
