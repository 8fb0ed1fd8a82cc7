"""The activation in which a model ends, of Keras or PyTorch, as far as it shows."""

from __future__ import annotations

import re
from typing import Any

_ACTIVATIONS = {
    *("linear", "softmax", "logsoftmax", "sigmoid", "logsigmoid", "hardsigmoid", "tanh"),
    *("hardtanh", "relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "celu", "gelu", "silu"),
    *("swish", "hardswish", "mish", "softplus", "softsign", "exponential"),
}
_LINEAR = {"linear", "bilinear", "conv1d", "conv2d", "conv3d"}
"""PyTorch's layers that end in no activation."""
_NEUTRAL = re.compile("dropout|flatten|reshape|identity|permute|squeeze|activityregularization")
"""Layers behind an activation that leave its values as they are."""


def last_activation(model: Any) -> str | None:
    """The name of a Keras or PyTorch model's last activation ("linear" for none), if it shows."""
    kinds = {c.__name__ for c in type(model).__mro__}
    if "Sequential" in kinds:
        parts = list(getattr(model, "layers", None) or model.children())
    elif "Functional" in kinds:
        parts = list(model.operations) if len(model.outputs) == 1 else []
    elif hasattr(model, "children") or hasattr(model, "operations") or hasattr(model, "call"):
        return _activation(model)
    else:
        return None
    for part in reversed(parts):
        if not _NEUTRAL.search(_folded(type(part).__name__)):
            return last_activation(part)
    return None


def _activation(layer: Any) -> str | None:
    """That of one layer; None where only its code would tell."""
    activation = getattr(layer, "activation", None)
    if activation is not None:
        name = getattr(activation, "__name__", type(activation).__name__)
    else:
        name = type(layer).__name__
        if hasattr(layer, "children") and _folded(name) in _LINEAR:
            return "linear"
    return _folded(name) if _folded(name) in _ACTIVATIONS else None


def _folded(name: str) -> str:
    return name.lower().replace("_", "")
