"""What the engine asks of PyTorch."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor

from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.torch import TorchVocabulary
from losskit.engine.across import Across
from losskit.engine.arrays import HALF
from losskit.engine.call import Call, checked
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.engine.reduction import count
from losskit.torch import derivatives

_DTYPES = {
    dtype: str(dtype).removeprefix("torch.")
    for dtype in vars(torch).values()
    if isinstance(dtype, torch.dtype)
}


def _quick(x: Tensor, axis: int) -> Tensor | None:
    """The order by NumPy, whose sort is several times as fast where it has vectors."""
    if not derivatives.reachable(x):
        return None
    return torch.from_numpy(np.argsort(x.detach().numpy(), axis))


_M = TorchVocabulary(torch, quick=_quick)
_BY_DTYPE = {name: TorchVocabulary(torch, came, _quick) for name, came in PRECISIONS.items()}


class Torch(Framework):
    """Tensors of PyTorch."""

    convert = ".float()"

    def array(self, name: str, x: Any, labels: bool = False) -> Tensor:
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name} must be a tensor, got {type(x).__name__}. Convert with torch.as_tensor."
            )
        if x.is_complex():
            raise TypeError(f"{name} must hold real numbers, got {x.dtype}.")
        return x

    def dtype(self, x: Tensor) -> str:
        return _DTYPES[x.dtype]

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        return x.to(getattr(torch, dtype))

    def floating(self, x: Tensor) -> Tensor:
        return x.to(torch.get_default_dtype())

    def reshaped(self, x: Tensor, shape: tuple[Any, ...]) -> Tensor:
        return x.reshape(shape)

    def broadcast(self, x: Tensor, sizes: tuple[Any, ...]) -> Tensor:
        return x.expand(sizes)

    def labels(self, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            return x.long()
        whole = x.long()
        return torch.where(whole.to(x.dtype) == x, whole, torch.full_like(whole, self.no_class))

    def truth(self, name: str, x: Tensor) -> Tensor:
        if x.dtype != torch.bool:
            raise TypeError(
                f"{name} must be boolean (True counts), got {x.dtype}. Compare first, e.g. "
                "mask=(target != -1); for weights use weight."
            )
        return x

    def total(self, x: Tensor) -> Tensor:
        return x.sum()

    def ones(self, like: Tensor, dtype: str) -> Tensor:
        return torch.ones_like(like, dtype=getattr(torch, dtype))

    def number(self, x: Any, like: Tensor, dtype: str) -> Tensor:
        return x if isinstance(x, Tensor) else like.new_full((), x, dtype=getattr(torch, dtype))

    def constant(self, numbers: list[float], like: Tensor, dtype: str) -> Tensor:
        return torch.tensor(numbers, dtype=getattr(torch, dtype), device=like.device)

    def of_labels(self, weights: Tensor, labels: Tensor) -> Tensor:
        found = labels.clamp(0, weights.shape[0] - 1)
        return torch.where(found == labels, weights[found], 1.0)

    def hard(self, y: Tensor) -> bool:
        if y.requires_grad or not derivatives.reachable(y):
            return False
        return bool(((y == 0) | (y == 1)).all())

    def visible(self, x: Tensor) -> bool:
        return derivatives.reachable(x)

    def values(self, x: Tensor) -> Any:
        x = x.detach()
        return (x.float() if _DTYPES[x.dtype] in HALF else x).numpy()

    def vocabulary(self, came: str) -> TorchVocabulary:
        return _BY_DTYPE.get(came, _M)

    def items(self, formulas: Formulas, call: Call) -> Tensor:
        by = derivatives.apply if not formulas.card.long else _recursion()
        return by(formulas, call.used, *call.arrays)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
        total = self.sum(formulas, call)
        adding = call.adding
        if adding is None:
            # A number is looked at; a size that is open is none.
            return total / count if not isinstance(count, int) or count else total
        # Weights that cancel are a count like any other: they divide by 0, as in PyTorch.
        return total / torch.where(adding.any(), count, 1.0)

    def fused(
        self, call: Call, reduction: str, by_weights: bool, num_items: Any, dtype: Any = None
    ) -> Tensor | None:
        from losskit.torch import kernels

        if isinstance(num_items, Tensor):
            if not derivatives.reachable(num_items):
                return None
            num_items = num_items.item()
        card, weight, keep = call.card, call.weight, call.keep
        if len(call.arrays) - len(card.taken) != 2:
            return None
        y, p, *more = call.arrays
        if not isinstance(y, Tensor) or _DTYPES[p.dtype] != call.came:
            return None
        if any(x is not None and x.requires_grad for x in (y, weight, *more)):
            return None
        if not derivatives.reachable(p, y, weight, keep, *more):
            return None
        if by_weights and call.divides is not None and num_items is None:
            num_items = float(count(self, checked(self, call, look=False), True))
        plan = kernels.Plan(card, reduction, by_weights, dtype or p.dtype, num_items)
        return kernels.loss(plan, p, y, weight, keep, *more)

    def of_set(self, formulas: Formulas, across: Across | None, *arrays: Tensor) -> Tensor:
        formulas = dataclasses.replace(formulas, across=across)
        if any(x.requires_grad for x in arrays[len(formulas.card.slots) :]):
            return formulas.value(None, *arrays)  # by operations: of the weights no slope is given
        return derivatives.apply(formulas, None, *arrays)


def _recursion() -> Any:
    from losskit.torch import recursion

    return recursion.items


TORCH = Torch()
