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

from losskit.core.families import Setwise, has_row_target, item_axes
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.torch import TorchVocabulary


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


def spread(card: Any, x: Tensor) -> Tensor:
    """What belongs to the items, laid over the elements of the prediction."""
    axes = item_axes(card)
    dimensions = x.dim() + len(axes)
    for axis in sorted(axis % dimensions for axis in axes):
        x = x.unsqueeze(axis)
    return x


def product(slope: Tensor, rate: Tensor) -> Tensor:
    """slope * rate, and 0 where one of them is 0, though the other may be infinite."""
    # The largest number in place of infinity, no 0 in place of the product: it has derivatives.
    most = torch.finfo(slope.dtype).max
    finite = torch.where(rate == 0, slope.clamp(-most, most), slope)
    return finite * torch.where(slope == 0, rate.clamp(-most, most), rate)


def product_of_data(slope: Tensor, rate: Tensor) -> Tensor:
    """The same of numbers that may be looked at: mostly there is nothing infinite among them."""
    made = slope * rate
    return product(slope, rate) if made.sum().isnan() else made


class _Given(torch.autograd.Function):
    """function(*args) with given derivatives by the first two arguments."""

    generate_vmap_rule = True

    @staticmethod
    def forward(by: Any, *args: Tensor) -> Tensor:
        return by.value(*args)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.by, *args = inputs
        ctx.save_for_backward(*args)
        ctx.save_for_forward(*args)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _gradients(ctx, g, _wanted(ctx, ctx.saved_tensors))


class _GivenBothWays(_Given):
    """The same, with forward mode, which the compiler does not take."""

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Tensor | None) -> Tensor:
        args = ctx.saved_tensors
        rate: Any = None
        for by, alone, tangent in zip(ctx.by.slopes, ctx.by.alone, tangents[:2], strict=True):
            if by is not None and tangent is not None:
                part = product(by(*args), tangent)
                part = part if alone else ctx.by.gather(part)
                rate = part if rate is None else rate + part
        return rate


class _Made(torch.autograd.Function):
    """The same with the derivatives made with the value, where nothing is transformed."""

    @staticmethod
    def forward(ctx: Any, by: Any, *args: Tensor) -> Tensor:
        ctx.by = by
        ctx.save_for_backward(*args)
        ctx.slopes = _wanted(ctx, args)
        return by.value(*args)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        # Handed over, not kept. What is saved is looked at only where it is asked for: it may have
        # been changed in place meanwhile.
        slopes, ctx.slopes = ctx.slopes, None
        if slopes is None or torch.is_grad_enabled():
            slopes = _wanted(ctx, ctx.saved_tensors)
        return _gradients(ctx, g, slopes)


def _wanted(ctx: Any, args: Any) -> list[Tensor | None]:
    """The derivatives by target and prediction that are asked for."""
    wants = ctx.needs_input_grad[1:3]
    return [
        slope(*args) if slope and wanted else None
        for slope, wanted in zip(ctx.by.slopes, wants, strict=True)
    ]


def _gradients(ctx: Any, g: Tensor, slopes: list[Tensor | None]) -> Any:
    """The gradients of all arguments."""
    times = product_of_data if _is_data(g) else product
    if slopes[0] is not None:
        # By the target, of a class that is ruled out. Finite, so that the 0 of a softmax or exp,
        # which comes next, takes it away again.
        slopes = [torch.where(slopes[0].isinf(), slopes[0].sign() * 2.0**100, slopes[0]), slopes[1]]
    gradients = [
        None if slope is None else times(slope, g if alone else ctx.by.spread(g))
        for slope, alone in zip(slopes, ctx.by.alone, strict=True)
    ]
    return None, *gradients, *([None] * (len(ctx.needs_input_grad) - 3))


def _is_data(g: Tensor) -> bool:
    """Whether this is no more than numbers, which may be looked at without waiting."""
    if transformed() or torch.is_grad_enabled():
        return False
    return type(g) is Tensor and g.is_cpu and not is_legacy_batchedtensor(g)


class _Formulas:
    """A card's value and its derivatives by target and prediction, of tensors that fit it.

    Their arguments are target, prediction, what else the card takes, and which items are NaN, if
    any may be.
    """

    def __init__(self, card: Any, m: TorchVocabulary, some_bad: bool) -> None:
        self.card, self.m, self.some_bad = card, m, some_bad
        labels = getattr(card.target, "labels", False)
        self.slopes = (None if labels else self._target_slope, self._slope)
        self.alone = (has_row_target(card), False)
        """Whether there is one of them per item, of the items' shape."""

    def value(self, *args: Tensor) -> Tensor:
        *rest, bad = self._parted(args)
        made = self.card.value(self.m, *rest)
        made = made.sum() if isinstance(self.card, Setwise) else made
        return made if bad is None else torch.where(bad, torch.nan, made)

    def _target_slope(self, *args: Tensor) -> Tensor:
        *rest, bad = self._parted(args)
        return self._sound(bad, self.card.target_slope(self.m, *rest), self.alone[0])

    def _slope(self, *args: Tensor) -> Tensor:
        *rest, bad = self._parted(args)
        return self._sound(bad, self.card.slope(self.m, *rest), False)

    def _parted(self, args: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return args if self.some_bad else (*args, None)

    def _sound(self, bad: Tensor | None, x: Tensor, alone: bool) -> Tensor:
        if bad is None:
            return x
        return torch.where(bad if alone else self.spread(bad), torch.nan, x)

    def spread(self, g: Tensor) -> Tensor:
        return g if isinstance(self.card, Setwise) else spread(self.card, g)

    def gather(self, x: Tensor) -> Tensor:
        if isinstance(self.card, Setwise):
            return x.sum()
        axes = item_axes(self.card)
        return x.sum(axes) if axes else x


def apply(card: Any, m: TorchVocabulary, *args: Tensor, bad: Tensor | None = None) -> Tensor:
    """card.value(m, *args): the items, or the value of a set; NaN where it is bad."""
    by = _Formulas(card, m, bad is not None)
    args = args if bad is None else (*args, bad)
    compiling = torch.compiler.is_compiling()
    if not compiling and (transformed() or hooked() or forward_ad._current_level >= 0):
        return _GivenBothWays.apply(by, *args)
    if not (torch.is_grad_enabled() and any(x.requires_grad for x in args)):
        return by.value(*args)
    return (_Given if compiling else _Made).apply(by, *args)


_M = TorchVocabulary(torch)
_BY_DTYPE = {
    getattr(torch, name): TorchVocabulary(torch, came) for name, came in PRECISIONS.items()
}


def vocabulary(dtype: torch.dtype) -> TorchVocabulary:
    """The vocabulary for predictions that came in that dtype."""
    return _BY_DTYPE.get(dtype, _M)
