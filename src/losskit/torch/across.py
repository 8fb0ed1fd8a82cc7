"""Means over the processes of `torch.distributed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from losskit.core.families import State
from losskit.engine import across as engine


@dataclass(frozen=True)
class Across(engine.Across):
    """Where the other parts of a batch are: ``losskit.torch.Huber(across=Across())``.

    The loss then is that of the whole batch, on every process, and not a mean of the processes'
    means: each counts with the items that it has. All processes make the same calls; one that has
    no data left calls with an empty batch.

    Args:
        group: a process group of `torch.distributed`; None for all processes.
        gradients: what becomes of the gradients that the processes find for the weights they share:
            "averaged", as `DistributedDataParallel` does, or "summed".

    Raises:
        ValueError: ``gradients`` is neither.

    >>> loss = losskit.torch.SparseCategoricalCrossentropy(from_logits=True, across=Across())
    """

    group: Any = None
    gradients: str = "averaged"

    def __post_init__(self) -> None:
        if self.gradients not in ("averaged", "summed"):
            raise ValueError(f'gradients must be "averaged" or "summed", got {self.gradients!r}.')

    def count(self, own: Tensor) -> Tensor:
        return self._summed(own)

    def total(self, own: Tensor) -> Tensor:
        return self._joined(own, self._summed(own).to(own.dtype))

    def states(self, own: State) -> list[State]:
        state = torch.stack([x.detach().double() for x in own])
        found = [torch.empty_like(state) for _ in range(self._size())]
        dist.all_gather(found, state, group=self.group)
        return [tuple(state.unbind()) for state in found]

    def value(self, own: Tensor) -> Tensor:
        return self._joined(own, own.detach())

    def _size(self) -> int:
        return dist.get_world_size(self.group)

    def _summed(self, own: Tensor) -> Tensor:
        total = own.detach().double().clone()
        dist.all_reduce(total, group=self.group)
        return total

    def _joined(self, own: Tensor, whole: Tensor) -> Tensor:
        rate = self._size() if self.gradients == "averaged" else 1
        return _Joined.apply(own, whole, rate)


class _Joined(torch.autograd.Function):
    """One number's value, and the gradient of another, times a rate."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, whole: Tensor, rate: int) -> Tensor:
        ctx.rate = rate
        return whole.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g * ctx.rate, None, None
