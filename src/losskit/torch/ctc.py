"""CTC's items on tensors: by PyTorch's own recursion where it is accurate, by the card elsewhere.

PyTorch's runs over the frames in one call, but in float32 it loses half the digits of the gradient
in some hundred frames, and adds the probabilities to it. In float64 it is accurate enough for
predictions in float32, and adds nothing if the log-probabilities are taken so far below 0 that
their exponentials vanish: a constant more or less changes nothing else of the gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from losskit.core.logarithms import NONE
from losskit.engine.formulas import Formulas
from losskit.losses.sequence import CTC
from losskit.torch import derivatives
from losskit.torch.framework import TORCH

FAR = 800.0
"""exp(-FAR) is 0 in float64."""


def items(card: CTC, m: Any, y: Tensor, p: Tensor) -> Tensor:
    """The losses of log-probabilities (batch, frames, classes), which PyTorch can differentiate."""
    if torch.compiler.is_exporting():
        return derivatives.apply(Formulas(card, m, TORCH, looked=True), None, y, p)
    return _items(card, m, y, p)


@torch.compiler.disable
def _items(card: CTC, m: Any, y: Tensor, p: Tensor) -> Tensor:
    # Not to be compiled: the compiler would write out every frame.
    if p.dtype == torch.float32 and p.numel() and _is_plain(p) and _is_plain(y):
        return _Recursion.apply(p, y, card, m)
    return derivatives.apply(Formulas(card, m, TORCH, looked=True), None, y, p)


def _is_plain(x: Tensor) -> bool:
    """Whether this is data on a device that PyTorch's recursion knows, in no transformation."""
    return (
        not derivatives.transformed()
        and forward_ad._current_level < 0
        and type(x) in (Tensor, Parameter)
        and (x.is_cpu or x.is_cuda)
    )


class _Recursion(torch.autograd.Function):
    """The losses; their derivative is the card's slope, so that it has derivatives itself."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, y: Tensor, card: CTC, m: Any) -> Tensor:
        ctx.save_for_backward(p, y)
        ctx.card, ctx.m = card, m
        return _valid(card, m, y, p, _losses(card, y, p.double())).to(p.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        p, y = ctx.saved_tensors
        if torch.is_grad_enabled() or not _is_plain(g):
            slope = ctx.card.slope(ctx.m, y, p)
        else:
            slope = _slope(ctx.card, ctx.m, y, p)
        return slope * g[:, None, None], None, None, None


def _slope(card: CTC, m: Any, y: Tensor, p: Tensor) -> Tensor:
    # Below the largest: the exponential of what is no log-probability vanishes too.
    largest = p.nan_to_num(0.0).amax((1, 2), keepdim=True).clamp(min=0.0)
    far = p.double() - (largest.double() + FAR)
    with torch.enable_grad():
        far.requires_grad_()
        losses = _losses(card, y, far)
        (slope,) = torch.autograd.grad(losses.sum(), far)
    impossible = losses.detach()[:, None, None] == float("inf")
    slope = torch.where(impossible, 0.0, slope.to(p.dtype))
    return _valid(card, m, y, p, slope)


def _losses(card: CTC, y: Tensor, p: Tensor) -> Tensor:
    frames = torch.full((p.shape[0],), p.shape[1], device=p.device)
    labels = torch.where((y < 0) | (y >= p.shape[-1]), 0, y)
    losses = torch.ctc_loss(
        p.clamp(min=NONE).movedim(0, 1), labels, frames, (y >= 0).sum(1), card.blank, reduction=0
    )
    return torch.where(losses > -NONE / 2, float("inf"), losses)


def _valid(card: CTC, m: Any, y: Tensor, p: Tensor, x: Tensor) -> Tensor:
    bad = card.misplaced(m, y, p)
    return torch.where(bad if x.dim() == 1 else bad[:, None, None], float("nan"), x)
