"""Tensors on the CPU by the compiled kernels: no copy of them, the gradient made with the value."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor

from losskit import native
from losskit.core.families import Items
from losskit.core.namespaces import Array
from losskit.core.slots import item_shape, spread
from losskit.engine.call import Call, checked
from losskit.engine.reduction import reduced
from losskit.native.find import BFLOAT16
from losskit.torch import derivatives
from losskit.torch.derivatives import hooked, product, product_of_data
from losskit.torch.operations import OPERATIONS

HALF = (torch.float16, torch.bfloat16)
_COMPUTED = (torch.float32, torch.float64)
_FLOATS = (*_COMPUTED, *HALF)


class Plan(NamedTuple):
    """How the items of a card become one number, or are returned."""

    card: Any
    reduction: str
    """"mean", "sum" or "none"."""
    by_weights: bool = False
    """Whether a mean divides by the weights of the items that count, not by their number."""
    dtype: torch.dtype = torch.float32
    """Of the result."""
    num_items: float | None = None
    """What a mean divides by, if the caller says."""


def array(x: Tensor) -> Array:
    """The tensor's memory as an array; bfloat16 as `BFLOAT16`."""
    if x.requires_grad:
        x = x.detach()
    return x.view(torch.int16).numpy().view(BFLOAT16) if x.dtype == torch.bfloat16 else x.numpy()


def mean(card: Any, p: Tensor, y: Tensor) -> Tensor | None:
    """The plain mean by the shortest way there is: most calls are small, and cost Python's time.

    None where that way does not go: the long one computes the same, or says what is wrong.
    """
    if y.requires_grad or p.dtype not in _COMPUTED or not derivatives.reachable(p, y):
        return None
    wants = p.requires_grad and torch.is_grad_enabled()
    now = wants and not hooked()
    found = native.mean(card, array(y), array(p), now)
    if found is None:
        return None
    value = torch.scalar_tensor(float(found[0]), dtype=p.dtype, device=p.device)
    if not wants:
        return value
    plan = Plan(card, "mean", dtype=p.dtype)
    return _apply(p, (plan, value, torch.from_numpy(found[1]) if now else None, y, None, None))


def loss(
    plan: Plan,
    p: Tensor,
    y: Tensor,
    weight: Tensor | None,
    keep: Tensor | None,
    *more: Tensor,
) -> Tensor | None:
    """The loss of tensors that are `reachable`; None where no kernel computes it.

    The gradient is made in the same pass if it will be asked for, and only scaled afterwards. Of a
    half precision it is made in the backward pass: 1 / count would underflow before a loss scale
    that is there to prevent just that.
    """
    if p.dtype not in _FLOATS or not isinstance(plan.card, Items):
        return None
    wants = p.requires_grad and torch.is_grad_enabled()
    now = wants and p.dtype not in HALF and not hooked()
    found = _evaluate(plan, p, y, weight, keep, *more, value=True, gradient=now)
    if found is None:
        return None
    value, gradient = found
    if not wants:
        return value
    return _apply(p, (plan, value, gradient, y, weight, keep, *more))


def _evaluate(
    plan: Plan,
    p: Tensor,
    y: Tensor,
    weight: Tensor | None,
    keep: Tensor | None,
    *more: Tensor,
    value: bool = False,
    gradient: bool = False,
    factor: float = 1.0,
) -> tuple[Any, Any] | None:
    """(value, gradient times the factor), each None if not asked for."""
    card = plan.card
    call = native.prepare(
        card,
        (array(y), array(p), *map(array, more)),
        None if weight is None else array(weight.float() if weight.dtype in HALF else weight),
        None if keep is None else array(keep),
    )
    if call is None or call.items == 0:
        return None
    scale, divisor = factor, 1.0
    if plan.reduction == "mean":
        own = plan.num_items
        if own is None:
            own = native.divisor(card, call) if plan.by_weights else float(call.items)
        divisor = own
        if not divisor > 0.0:
            return None
        scale = factor / divisor
    items = slopes = None
    if value and plan.reduction == "none":
        items = native.empty(call.shape, call.out_dtype)
    if gradient:
        slopes = native.empty(call.p.shape, call.dtype)
    found = call.run(scale, value=value, items=items, slope=() if slopes is None else (slopes,))
    if found is None:
        return None
    slope = None
    if slopes is not None:
        if slopes.dtype == BFLOAT16:
            slope = torch.from_numpy(slopes.view(np.int16)).view(torch.bfloat16)
        else:
            slope = torch.from_numpy(slopes)
    if not value:
        return None, slope
    if items is not None:
        return torch.from_numpy(items).to(plan.dtype), slope
    whole = found[0] / divisor
    return torch.scalar_tensor(whole, dtype=plan.dtype, device=p.device), slope


class _Fused(torch.autograd.Function):
    """A value whose gradient is there already."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, made: Any) -> Tensor:
        ctx.plan, value, ctx.gradient, *rest = made
        # What a derivative of the derivative needs; no copies. PyTorch sees whether any of it has
        # been changed in place meanwhile, but only where it is asked for.
        ctx.save_for_backward(p, *rest)
        return value

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        if torch.is_grad_enabled() or not derivatives.reachable(g) or is_legacy_batchedtensor(g):
            # Its derivative may be asked for, or many at once: by PyTorch's own operations, then.
            return _by_operations(ctx.plan, g, ctx.saved_tensors), None
        # It is handed over, not kept: PyTorch may make it p.grad without a copy. A second backward
        # pass over the same graph makes it again.
        gradient, ctx.gradient = ctx.gradient, None
        whole = ctx.plan.reduction != "none"
        factor = g.item() if whole else 1.0
        if gradient is None:
            # In half precision with the factor, before it is rounded; else as the first time.
            saved = ctx.saved_tensors  # once: checkpointing lets it be asked for no more
            at_once = factor if saved[0].dtype in HALF else 1.0
            made = _evaluate(ctx.plan, *saved, gradient=True, factor=at_once)
            if made is None:  # the kernels have been switched off meanwhile
                return _by_operations(ctx.plan, g, saved), None
            gradient, factor = made[1], factor if at_once == 1.0 else 1.0
        if not whole:
            laid = spread(_M, ctx.plan.card.slots[1], g)
            return product_of_data(gradient, laid).to(gradient.dtype), None
        if factor == 1.0:
            return gradient, None
        return (gradient.mul_(factor) if factor else product(gradient, g)), None


# Without what `Function.apply` asks in Python, which `reachable` has answered.
_apply = super(torch.autograd.Function, _Fused).apply


def _by_operations(plan: Plan, g: Tensor, saved: Any) -> Tensor:
    """The gradient by the prediction, itself differentiable by it and by ``g``."""
    p, y, weight, keep, *more = saved
    shape = item_shape(plan.card, tuple(p.shape))
    call = Call(plan.card, (y, p, *more), OPERATIONS.dtype(p), shape, weight, keep)
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        value = reduced(
            OPERATIONS,
            checked(OPERATIONS, call, look=False),
            plan.reduction,
            by_weights=plan.by_weights,
            num_items=plan.num_items,
        )
        return torch.autograd.grad(value.to(plan.dtype), p, g, create_graph=again)[0]


_M = OPERATIONS.vocabulary("float32")
