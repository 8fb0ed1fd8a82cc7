"""What the engine asks of PyTorch: by the kernels where they may, else by operations."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from losskit.engine.call import Call, checked
from losskit.engine.formulas import Formulas
from losskit.engine.reduction import count
from losskit.torch import derivatives, kernels, recursion
from losskit.torch.operations import DTYPES, Operations


class Torch(Operations):
    """Tensors of PyTorch."""

    def items(self, formulas: Formulas, call: Call) -> Tensor:
        by = recursion.items if formulas.card.long else derivatives.apply
        return by(formulas, call.used, *call.arrays)

    def fused(
        self, call: Call, reduction: str, by_weights: bool, num_items: Any, dtype: Any = None
    ) -> Tensor | None:
        if isinstance(num_items, Tensor):
            if not derivatives.reachable(num_items):
                return None
            num_items = num_items.item()
        card, weight, keep = call.card, call.weight, call.keep
        if len(call.arrays) - len(card.taken) != 2:
            return None
        y, p, *more = call.arrays
        if not isinstance(y, Tensor) or DTYPES[p.dtype] != call.came:
            return None
        if any(x is not None and x.requires_grad for x in (y, weight, *more)):
            return None
        if not derivatives.reachable(p, y, weight, keep, *more):
            return None
        if by_weights and call.divides is not None and num_items is None:
            num_items = float(count(self, checked(self, call, look=False), True))
        plan = kernels.Plan(card, reduction, by_weights, dtype or p.dtype, num_items)
        return kernels.loss(plan, p, y, weight, keep, *more)


TORCH = Torch()
