"""Keras on PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from keras import ops

# Not public: where Keras puts what it makes.
from keras.src.backend.torch.core import get_device
from torch import Tensor
from torch.autograd import forward_ad

from losskit.core.families import Items, has_row_target
from losskit.core.slots import item_shape
from losskit.engine.call import Call
from losskit.engine.numpy import NUMPY
from losskit.torch import derivatives, kernels
from losskit.torch.framework import Torch
from losskit.torch.operations import DTYPES


class Backend(Torch):
    """Tensors of PyTorch."""

    def array(self, name: str, x: Any, labels: bool = False) -> Tensor:
        # Keras makes no tensor of uint64, but what int64 does not hold is no label anyway.
        return ops.convert_to_tensor(NUMPY.labels(x) if x.dtype == np.uint64 else x)

    def fused(
        self, call: Call, reduction: str, by_weights: bool, num_items: Any, dtype: Any = None
    ) -> Tensor | None:
        found = super().fused(call, reduction, by_weights, num_items, dtype)
        if found is None and reduction == "mean" and num_items is None and _is_empty(call):
            # In Keras the mean of nothing is 0, and nothing of the prediction is read.
            p = call.prediction
            return torch.where(torch.zeros((), dtype=torch.bool), p, 0.0).sum()
        return found


def _is_empty(call: Call) -> bool:
    """Whether it is seen at once that no item counts: all labels are to be ignored."""
    y, ignored = call.arrays[0], call.card.ignored() if isinstance(call.card, Items) else None
    if ignored is None or call.card.slots[0].axes or not derivatives.reachable(*call.arrays):
        return False
    return not bool((y != ignored).any())


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


class _Bounded(torch.autograd.Function):
    """The tensor itself, with a bounded gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return torch.clamp(g, -ctx.limit, ctx.limit), None


# Without what `Function.apply` asks in Python, which takes longer than a small loss.
_apply_bounded = super(torch.autograd.Function, _Bounded).apply


def bounded(x: Tensor, limit: float) -> Tensor:
    if not x.requires_grad:
        return x
    if derivatives.reachable(x) and forward_ad._current_level < 0:
        made: Tensor = _apply_bounded(x, limit)
        return made
    return _Activation.apply(x, torch.clone, lambda _, g: torch.clamp(g, -limit, limit))


def reads_halves(p: Tensor) -> bool:
    return False


def quick(
    card: Any, y: Any, p: Any, weight: Any, dtype: str, by_weights: bool, limit: float | None
) -> Tensor | None:
    """The mean of tensors that fit the card as they are, by the shortest way there is.

    Args:
        card: with its axes known; what the tensors are is not asked here.
        y, p: target and prediction.
        weight: None, or one for each item, or for each of their first dimensions.
        dtype: of the loss, which the prediction must have.
        by_weights: whether the mean divides by the sum of the weights.
        limit: of the gradient's numbers, if there is one.

    Returns:
        None where that way does not go: the long one computes the same, or says what is wrong.
    """
    if type(y) is not Tensor or type(p) is not Tensor or DTYPES[p.dtype] != dtype:
        return None
    if get_device() != "cpu":
        return None
    if y.dim() == p.dim() and has_row_target(card) and y.shape[card.axis] == 1:
        y = y.squeeze(card.axis)
    if weight is not None:
        if type(weight) is not Tensor:
            return None
        own, shape = weight.shape, item_shape(card, tuple(p.shape))
        if own != shape:
            if own != shape[: len(own)]:
                return None
            weight = weight.reshape(own + (1,) * (len(shape) - len(own))).expand(shape)
    p = p if limit is None else bounded(p, limit)
    found = kernels.quick(card, (y, p), "mean", by_weights, None, weight)
    if found is None or found.dtype == p.dtype:
        return found
    return found.to(p.dtype)  # under autocast


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
