"""What the engine asks of PyTorch, by its operations alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor

from losskit import native
from losskit.core.namespaces import PRECISIONS
from losskit.core.namespaces.torch import TorchVocabulary
from losskit.engine.across import Across
from losskit.engine.arrays import HALF
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.engine.numpy import NUMPY
from losskit.torch import derivatives

DTYPES = {
    dtype: str(dtype).removeprefix("torch.")
    for dtype in vars(torch).values()
    if isinstance(dtype, torch.dtype)
}


def _quick(x: Tensor, axis: int) -> Tensor | None:
    """The order by NumPy, whose sort is several times as fast where it has vectors."""
    if not derivatives.reachable(x):
        return None
    return torch.from_numpy(np.argsort(x.detach().numpy(), axis))


def _step(name: str, *of: Tensor) -> Tensor | None:
    """A step by its kernel, where no derivative of it is asked for."""
    if not derivatives.reachable(*of) or any(x.requires_grad for x in of):
        return None
    found = native.step(name, *[x.numpy() for x in of])
    return None if found is None else torch.from_numpy(found)


def _rows(
    card: Any, alike: Tensor, none: Tensor | None, x: Tensor, slope: bool
) -> tuple[Tensor, Tensor | None] | None:
    """See `losskit.core.namespaces.Vocabulary.by_kernel`."""
    if not derivatives.reachable(alike, none, x) or x.requires_grad:
        return None
    empty = None if none is None else none.numpy()
    found = native.rows(card, alike.numpy(), empty, x.numpy(), slope)
    if found is None:
        return None
    items, slopes = found
    return torch.from_numpy(items), None if slopes is None else torch.from_numpy(slopes)


_M = TorchVocabulary(torch, quick=_quick, step=_step, rows=_rows)
_BY_DTYPE = {
    name: TorchVocabulary(torch, came, _quick, _step, _rows) for name, came in PRECISIONS.items()
}


class Operations(Framework):
    """Tensors of PyTorch, by its operations."""

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
        return DTYPES[x.dtype]

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
        if not weights.requires_grad and derivatives.reachable(weights, labels):
            # Four calls of PyTorch would take longer than a small loss.
            found = NUMPY.of_labels(weights.numpy(), labels.numpy())
            return torch.from_numpy(np.asarray(found))  # of one label NumPy makes a scalar
        found = labels.clamp(0, weights.shape[0] - 1)
        return torch.where(found == labels, weights[found], 1.0)

    def visible(self, x: Tensor) -> bool:
        return derivatives.reachable(x)

    def values(self, x: Tensor) -> Any:
        x = x.detach()
        return (x.float() if DTYPES[x.dtype] in HALF else x).numpy()

    def vocabulary(self, came: str) -> TorchVocabulary:
        return _BY_DTYPE.get(came, _M)

    def items(self, formulas: Formulas, call: Call) -> Tensor:
        return derivatives.apply(formulas, call.used, *call.arrays)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
        total, adding = self.sum(formulas, call), call.adding
        if adding is None and not isinstance(count, Tensor):
            # A number is looked at; a size that is open is none.
            return total / count if not isinstance(count, (int, float)) or count else total
        # Weights that cancel are a count like any other: they divide by 0, as in PyTorch.
        return total / torch.where(count != 0 if adding is None else adding.any(), count, 1.0)

    def of_set(self, formulas: Formulas, across: Across | None, *arrays: Tensor) -> Tensor:
        formulas = dataclasses.replace(formulas, across=across)
        if any(x.requires_grad for x in arrays[len(formulas.card.slots) :]):
            return formulas.value(None, *arrays)  # by operations: of the weights no slope is given
        return derivatives.apply(formulas, None, *arrays)


OPERATIONS = Operations()
