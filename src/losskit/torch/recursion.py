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

FAR = 800.0
"""exp(-FAR) is 0 in float64."""


def items(by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
    """The losses of scores (batch, frames, classes), which PyTorch can differentiate."""
    if torch.compiler.is_exporting():
        return derivatives.apply(by, used, *args)
    return _items(by, used, *args)


@torch.compiler.disable
def _items(by: Formulas, used: Tensor | None, *args: Tensor) -> Tensor:
    # Not to be compiled: the compiler would write out every frame.
    p = args[1]
    if p.dtype == torch.float64 or p.dim() != 3 or not p.numel() or not all(map(_is_plain, args)):
        return derivatives.apply(by, used, *args)
    found = _Recursion.apply(by, *by.fitted(used, args))
    return found if used is None else torch.where(used, found, 0.0)


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
    def forward(ctx: Any, by: Formulas, y: Tensor, p: Tensor, *frames: Tensor) -> Tensor:
        ctx.save_for_backward(y, p, *frames)
        ctx.by = by
        losses = _losses(by.card, y, _log_p(by, p), *frames)
        losses = torch.where(losses == float("inf"), by.card.impossible, losses)
        return torch.where(by.card.unsound(by.m, y, p, *frames), float("nan"), losses).to(p.dtype)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        y, p, *rest = ctx.saved_tensors
        card, m, frames = ctx.by.card, ctx.by.m, rest[0] if rest else None
        if torch.is_grad_enabled() or not _is_plain(g):
            slope = card.slope(m, y, p, frames)
        else:
            slope = card.slope_of(m, y, p, frames, _says(ctx.by, y, p, frames))
        return None, None, slope * g[:, None, None], *[None for _ in rest]


def _log_p(by: Formulas, p: Tensor) -> Tensor:
    return p.double().log_softmax(-1) if by.card.from_logits else p.double()


def _says(by: Formulas, y: Tensor, p: Tensor, frames: Tensor | None) -> Tensor:
    """How probable it is, given the labels, that a frame says a class."""
    # Below the largest: the exponential of what is no log-probability vanishes too.
    log_p = _log_p(by, p)
    far = log_p - (log_p.nan_to_num(0.0).amax((1, 2), keepdim=True).clamp(min=0.0) + FAR)
    with torch.enable_grad():
        far.requires_grad_()
        losses = _losses(by.card, y, far, frames)
        (slope,) = torch.autograd.grad(losses.sum(), far)
    return torch.where(losses.detach()[:, None, None] == float("inf"), 0.0, -slope.to(p.dtype))


def _losses(card: CTC, y: Tensor, p: Tensor, frames: Tensor | None = None) -> Tensor:
    most = torch.full((p.shape[0],), p.shape[1], device=p.device)
    there = frames is not None and (frames >= 0) & (frames <= most)  # others are NaN afterwards
    frames = most if frames is None else torch.where(there, frames, most).long()
    labels = torch.where((y < 0) | (y >= p.shape[-1]), 0, y)
    number = ((y >= 0) & (y != card.blank)).sum(1)
    losses = torch.ctc_loss(
        p.clamp(min=NONE).movedim(0, 1), labels, frames, number, card.blank, reduction=0
    )
    return torch.where(losses > -NONE / 2, float("inf"), losses)
