"""A card's items on tensors, with the card's slopes as their derivatives.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients, so nothing here
is differentiated: the slope is given. It is written in PyTorch's own operations, and so has
derivatives itself; under `torch.func` and forward mode too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from losskit.core.families import Setwise, has_row_target, item_axes
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.torch import TorchVocabulary


def spread(card: Any, x: Tensor) -> Tensor:
    """What belongs to the items, laid over the elements of the prediction."""
    axes = item_axes(card)
    dimensions = x.dim() + len(axes)
    for axis in sorted(axis % dimensions for axis in axes):
        x = x.unsqueeze(axis)
    return x


class _Given(torch.autograd.Function):
    """function(*args) with given derivatives by the first two arguments."""

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Any, by: Any, *args: Tensor) -> Tensor:
        return value(*args)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        _, ctx.by, *args = inputs
        ctx.save_for_backward(*args)
        ctx.save_for_forward(*args)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        args = ctx.saved_tensors
        wants = ctx.needs_input_grad[2:4]
        gradients = [
            by(*args) * (g if alone else ctx.by.spread(g)) if by is not None and wanted else None
            for by, alone, wanted in zip(ctx.by.slopes, ctx.by.alone, wants, strict=True)
        ]
        return None, None, *gradients, *([None] * (len(args) - 2))


class _GivenBothWays(_Given):
    """The same, with forward mode, which the compiler does not take."""

    @staticmethod
    def jvp(ctx: Any, _: None, __: None, *tangents: Tensor | None) -> Tensor:
        args = ctx.saved_tensors
        rate: Any = None
        for by, alone, tangent in zip(ctx.by.slopes, ctx.by.alone, tangents[:2], strict=True):
            if by is not None and tangent is not None:
                part = by(*args) * tangent
                part = part if alone else ctx.by.gather(part)
                rate = part if rate is None else rate + part
        return rate


class _Slopes:
    """The derivatives by target and prediction, and how items and elements belong together."""

    def __init__(self, card: Any, m: TorchVocabulary) -> None:
        self.card = card
        labels = getattr(card.target, "labels", False)
        self.slopes = (
            None if labels else (lambda *args: card.target_slope(m, *args)),
            lambda *args: card.slope(m, *args),
        )
        self.alone = (has_row_target(card), False)
        """Whether there is one of them per item, of the items' shape."""

    def spread(self, g: Tensor) -> Tensor:
        return g if isinstance(self.card, Setwise) else spread(self.card, g)

    def gather(self, x: Tensor) -> Tensor:
        if isinstance(self.card, Setwise):
            return x.sum()
        axes = item_axes(self.card)
        return x.sum(axes) if axes else x


def apply(card: Any, m: TorchVocabulary, *args: Tensor) -> Tensor:
    """card.value(m, *args): the items, or the value of a set."""
    compiling = torch.compiler.is_compiling()
    way = _Given if compiling else _GivenBothWays

    def value(*args: Tensor) -> Tensor:
        made = card.value(m, *args)
        return made.sum() if isinstance(card, Setwise) else made

    if compiling and not (torch.is_grad_enabled() and any(x.requires_grad for x in args)):
        return value(*args)
    return way.apply(value, _Slopes(card, m), *args)


_M = TorchVocabulary(torch)
_BY_DTYPE = {
    getattr(torch, name): TorchVocabulary(torch, came) for name, came in PRECISIONS.items()
}


def vocabulary(dtype: torch.dtype) -> TorchVocabulary:
    """The vocabulary for predictions that came in that dtype."""
    return _BY_DTYPE.get(dtype, _M)
