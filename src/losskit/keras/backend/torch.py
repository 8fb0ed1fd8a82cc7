"""Keras on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from keras import ops
from torch import Tensor

from losskit.engine.numpy import NUMPY
from losskit.torch.framework import Torch


class Backend(Torch):
    """Tensors of PyTorch."""

    def array(self, name: str, x: Any, labels: bool = False) -> Tensor:
        # Keras makes no tensor of uint64, but what int64 does not hold is no label anyway.
        return ops.convert_to_tensor(NUMPY.labels(x) if x.dtype == np.uint64 else x)


class _Activation(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, forward: Any, backward: Any) -> Tensor:
        return forward(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        x, _, ctx.gradient = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return ctx.gradient(*ctx.saved_tensors, g), None, None


def activation(
    forward: Callable[..., Tensor], backward: Callable[..., Tensor], tangent: Any = None
) -> Callable[[Tensor], Tensor]:
    return lambda x: _Activation.apply(x, forward, backward)


def bounded(x: Tensor, limit: float) -> Tensor:
    return _Activation.apply(x, torch.clone, lambda _, g: torch.clamp(g, -limit, limit))


def made_by(p: Tensor) -> tuple[str, int] | None:
    origin = p.grad_fn
    if origin is None:
        return ("", 0) if p.requires_grad else None  # a leaf wants a gradient of its own
    if "Copy" in origin.name():  # a cast of the output
        origin = origin.next_functions[0][0]
    if origin is None:  # a copy of a leaf
        return "", 0
    if origin.name().startswith("Softmax"):
        # torch keeps a negative dimension as an unsigned number.
        dim = origin._saved_dim % (1 << 64)
        return "softmax", dim if dim < 1 << 63 else dim - (1 << 64)
    return ("sigmoid" if origin.name().startswith("Sigmoid") else ""), 0
