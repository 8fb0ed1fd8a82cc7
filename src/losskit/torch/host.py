"""PyTorch's own operation for a loss of which it is exact: where no kernel of ours can go.

On a device an operation of our own is a launch and a pass over memory, and one of PyTorch's
computes all of such a loss.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from losskit.core.definition import find
from losskit.peers.torch import ROWS


@lru_cache(1024)
def _function(card: Any) -> Any:
    """(function, its names of the card's parameters); None where there is no exact one.

    A card that is made of another may have formulas of its own.
    """
    for row in ROWS.values():
        if row.exact and find(row.card) is card:
            return getattr(functional, row.name), row.settings(card)
    return None


def evaluate(
    card: Any, slots: tuple[Tensor, ...], by: tuple[int, ...], scale: Any
) -> tuple[Tensor, tuple[Tensor, ...]] | None:
    """(sum of the items, its gradients times a number) of plain tensors; None if it is not exact.

    Args:
        card: any card.
        slots: what it takes.
        by: the slots by which there are to be gradients.
        scale: what these are multiplied by, a number or a tensor of no dimension.
    """
    kind: Any = type(card)
    known = _function(kind)
    y, p, *more = slots
    same = y.dtype == p.dtype and y.shape == p.shape and p.dtype in (torch.float32, torch.float64)
    if known is None or more or not same:
        return None
    function, settings = known
    options = {theirs: getattr(card, ours) for ours, theirs in settings.items()}
    leaves = [x.detach().requires_grad_(i in by) for i, x in enumerate((y, p))]
    with torch.enable_grad():
        value = function(leaves[1], leaves[0], reduction="sum", **options)
    if not by:
        return value, ()
    upstream = torch.as_tensor(scale, dtype=value.dtype, device=value.device)
    return value.detach(), torch.autograd.grad(value, [leaves[i] for i in by], upstream)
