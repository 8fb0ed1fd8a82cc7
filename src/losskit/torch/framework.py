"""What the engine asks of PyTorch: by the kernels where they may, else by operations."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from losskit.core.namespaces import PRECISIONS
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
            if not derivatives.ordinary(num_items):
                return None
            num_items = num_items.item() if num_items.is_cpu else num_items
        weight, keep, slots = call.weight, call.keep, call.arrays
        if not all(isinstance(x, Tensor) for x in slots):
            return None
        if weight is not None and weight.requires_grad:
            return None
        if not derivatives.ordinary(weight, keep, *slots):
            return None
        if by_weights and call.divides is not None and num_items is None:
            num_items = count(self, checked(self, call, look=False), True)
            num_items = float(num_items) if num_items.is_cpu else num_items
        own = call.prediction.dtype
        came = None if DTYPES[own] == call.came else call.came
        if came not in (None, *PRECISIONS):
            return None  # whole numbers
        plan = kernels.Plan(call.card, reduction, by_weights, dtype or own, num_items, came)
        return kernels.loss(plan, slots, weight, keep)


TORCH = Torch()
