"""A card's items on tensors, with the card's slopes as their derivatives.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients, so nothing here
is differentiated: the slope is given. It is written in PyTorch's own operations, and so has
derivatives itself; under `torch.func` and forward mode too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from losskit.engine.formulas import At, Formulas


def transformed() -> bool:
    """Whether a function is being traced or transformed: what it computes is not all there is."""
    return bool(
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state() is not None
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
    )


def hooked() -> bool:
    """Whether what a function saves is packed by hooks, as checkpointing does.

    Then nothing may be kept past them: derivatives are made in the backward pass.
    """
    return _top_hooks(True) is not None


_top_hooks = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", lambda _: None)


def reachable(*tensors: Tensor | None) -> bool:
    """Whether the kernels may read these tensors' memory, and PyTorch only has to know the result.

    Not while a function is transformed, nor for tensors that are more than memory.
    """
    if not tensors:  # each small call asks this
        return not transformed()
    return ordinary(*tensors) and all(x is None or x.is_cpu for x in tensors)


def ordinary(*tensors: Tensor | None) -> bool:
    """Whether PyTorch only has to know the result, wherever these tensors lie."""
    if transformed():
        return False
    if not tensors:
        return True
    forward = forward_ad._current_level >= 0
    for x in tensors:
        if x is None:
            continue
        if not (type(x) is Tensor or type(x) is Parameter):
            return False
        if x.layout is not torch.strided or x.is_neg() or x.is_conj():
            return False
        if forward and forward_ad.unpack_dual(x).tangent is not None:
            return False
    return True


def _bounded(x: Tensor) -> Tensor:
    most = torch.finfo(x.dtype).max
    return x.clamp(-most, most)


def product(slope: Tensor, rate: Tensor) -> Tensor:
    """slope * rate, and 0 where one of them is 0, though the other may be infinite."""
    # The largest number in place of infinity, no 0 in place of the product: it has derivatives.
    finite = torch.where(rate == 0, _bounded(slope), slope)
    return finite * torch.where(slope == 0, _bounded(rate), rate)


def product_of_data(slope: Tensor, rate: Tensor) -> Tensor:
    """The same of numbers that may be looked at: mostly there is nothing infinite among them."""
    made = slope * rate
    return product(slope, rate) if made.sum().isnan() else made


class _Given(torch.autograd.Function):
    """The value of formulas, with given derivatives by their slots.

    Arguments are the formulas, which items count, and what the formulas take: slots first.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
        return value(by, used, *args)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.by, *args = inputs
        ctx.save_for_backward(*args)
        ctx.save_for_forward(*args)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _gradients(ctx, g, _later(ctx))


class _GivenBothWays(_Given):
    """The same, with forward mode, which the compiler does not take."""

    @staticmethod
    def jvp(ctx: Any, _: None, __: None, *tangents: Tensor | None) -> Tensor:
        at, rate = ctx.by.at(*ctx.saved_tensors), None
        for i, (known, tangent) in enumerate(zip(_known(ctx.by), tangents, strict=False)):
            if known and tangent is not None:
                part = ctx.by.gather(i, product(at.slope(i), tangent))
                rate = part if rate is None else rate + part
        return rate


class _Made(torch.autograd.Function):
    """The same with the derivatives made with the value, where nothing is transformed."""

    @staticmethod
    def forward(ctx: Any, by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
        ctx.by = by
        ctx.save_for_backward(used, *args)
        at = by.at(used, *args, ahead=_asked(ctx))
        ctx.slopes = _wanted(ctx, at)
        return at.value()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        # Handed over, not kept. What is saved is looked at only where it is asked for: it may have
        # been changed in place meanwhile.
        slopes, ctx.slopes = ctx.slopes, None
        if slopes is None or torch.is_grad_enabled():
            slopes = _later(ctx)
        return _gradients(ctx, g, slopes)


def value(by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
    """The value, which is not to be differentiated."""
    ahead = None if torch.compiler.is_compiling() else ()
    return by.at(used, *args, ahead=ahead).value()


def _known(by: Formulas) -> list[bool]:
    return [slot.differentiable for slot in by.card.slots]


def _asked(ctx: Any) -> tuple[int, ...]:
    """The slots by which derivatives are asked for."""
    wants = ctx.needs_input_grad[2:]
    return tuple([i for i, known in enumerate(_known(ctx.by)) if known and wants[i]])


def _wanted(ctx: Any, at: At) -> list[Tensor | None]:
    """The derivatives by these, None by the others."""
    asked = _asked(ctx)
    return [at.slope(i) if i in asked else None for i in range(len(ctx.by.card.slots))]


def _later(ctx: Any) -> list[Tensor | None]:
    """These derivatives, made in the backward pass."""
    numbers = not (torch.is_grad_enabled() or transformed())
    ahead = _asked(ctx) if numbers else None
    return _wanted(ctx, ctx.by.at(*ctx.saved_tensors, ahead=ahead))


def _gradients(ctx: Any, g: Tensor, slopes: list[Tensor | None]) -> Any:
    """The gradients of all arguments."""
    times = product_of_data if _is_data(g) else product
    gradients: list[Tensor | None] = []
    for i, (slot, slope) in enumerate(zip(ctx.by.card.slots, slopes, strict=True)):
        if slope is None:
            gradients.append(None)
            continue
        if not slot.predicted:
            slope = bounded(slope)
        gradients.append(times(slope, ctx.by.spread(i, g)))
    return None, None, *gradients, *([None] * (len(ctx.needs_input_grad) - 2 - len(gradients)))


def bounded(slope: Tensor) -> Tensor:
    """A slope by the target, which is infinite for a class that is ruled out.

    Finite, so that the 0 of a softmax or exp, which comes next, takes it away again.
    """
    return torch.where(slope.isinf(), slope.sign() * 2.0**100, slope)


def _is_data(g: Tensor) -> bool:
    """Whether this is no more than numbers, which may be looked at without waiting."""
    if transformed() or torch.is_grad_enabled():
        return False
    return type(g) is Tensor and g.is_cpu and not is_legacy_batchedtensor(g)


def apply(by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
    """by.value(used, *args): the items, or the value of a set."""
    compiling = torch.compiler.is_compiling()
    if not compiling and (transformed() or hooked() or forward_ad._current_level >= 0):
        return _GivenBothWays.apply(by, used, *args)
    if not (torch.is_grad_enabled() and any(x.requires_grad for x in args)):
        return value(by, used, *args)
    return (_Given if compiling else _Made).apply(by, used, *args)
