"""The vocabulary for PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from losskit.core.namespaces import PRECISIONS, Array, Axes, Precision, Several, Vocabulary


class TorchVocabulary(Vocabulary):
    """Functions of the module `torch`, which the face passes in: this file imports no framework.

    Args:
        torch: the module.
        came: see `Vocabulary.came`.
        quick: the order of entries along an axis, equal ones in any; None where it has none.
        step: what a step of programs makes of rows along the last axis; None where it cannot.
        rows: see `Vocabulary.by_kernel`.
    """

    def __init__(
        self,
        torch: Any,
        came: Precision = Vocabulary.came,
        quick: Any = lambda x, axis: None,
        step: Any = lambda name, *of: None,
        rows: Any = Vocabulary.by_kernel,
    ) -> None:
        self._torch = torch
        self.came = came
        self._quick = quick
        self._step = step
        self.by_kernel = rows
        for name in ("abs", "exp", "log", "log1p", "sqrt", "tanh", "sign", "where"):
            setattr(self, name, getattr(torch, name))
        self.expm1 = partial(self.expm1_by, torch.expm1)
        self.power = torch.pow

    def in_one(self, name: str, made: Callable[[], Array], *of: Array, last: bool = False) -> Array:
        found = self._step(name, *of) if last else None
        return made() if found is None else found

    def maximum(self, x: Array, y: Array) -> Array:
        return self._torch.maximum(x, self._tensor(y, x))

    def minimum(self, x: Array, y: Array) -> Array:
        return self._torch.minimum(x, self._tensor(y, x))

    def exp_less(self, x: Array, y: Array) -> Array:
        if not self._widens(x):
            return super().exp_less(x, y)
        return super().exp_less(x.double(), y.double()).to(x.dtype)

    def log_less(self, x: Array, y: Array) -> Array:
        if not self._widens(x):
            return super().log_less(x, y)
        return (x.double().log() - y).to(x.dtype)

    def _widens(self, x: Array) -> bool:
        """Whether x is float32 on a device that has float64 too."""
        return bool(x.dtype == self._torch.float32 and x.device.type != "mps")

    def sum(self, x: Array, axis: Axes) -> Array:
        return x.sum() if axis is None else x.sum(axis, keepdim=True)

    def max(self, x: Array, axis: Axes) -> Array:
        return x.amax() if axis is None else x.amax(axis, keepdim=True)

    def drop(self, x: Array, axis: Axes) -> Array:
        return x if axis is None else x.squeeze(axis)

    def lay(self, x: Array, axis: int) -> Array:
        return x.unsqueeze(axis)

    def crossed(self, x: Array, axis: int) -> tuple[Array, Array]:
        return x.unsqueeze(-1), x.movedim(axis, -1).unsqueeze(axis % x.ndim)

    def sort(self, x: Array, axis: int) -> Array:
        return x.sort(axis).values

    def order(self, x: Array, axis: int, stable: bool = True) -> Array:
        found = None if stable else self._quick(x, axis)
        return x.argsort(dim=axis, stable=stable) if found is None else found

    def disorder(self, x: Array, order: Array) -> Array:
        return self._torch.zeros_like(x).scatter(-1, order, x)

    def positions(self, x: Array) -> Array:
        return self._torch.arange(x.shape[-1], device=x.device).expand(x.shape)

    def cumsum(self, x: Array, axis: int) -> Array:
        return x.cumsum(axis)

    def cummax(self, x: Array) -> Array:
        return x.cummax(-1).values

    def number(self, whole: Array, like: Array) -> Array:
        return whole.to(like.dtype)

    def classes(self, labels: Array, like: Array, axis: int) -> Array:
        index = self._torch.arange(like.shape[axis], device=like.device)
        return labels.unsqueeze(axis) == self._along(index, like, axis)

    def vector(self, values: Any, like: Array, axis: int) -> Array:
        made = self._torch.tensor(values, dtype=like.dtype, device=like.device)
        return self._along(made, like, axis)

    def precision(self, x: Array) -> Precision:
        return PRECISIONS[str(x.dtype).rpartition(".")[2]]

    def take(self, x: Array, index: Array) -> Array:
        return x.gather(-1, self._over_rows(index, x))

    def put(self, x: Array, index: Array, size: int) -> Array:
        zeros = x.new_zeros((*x.shape[:-1], size))
        return zeros.scatter_add(-1, self._over_rows(index, x), x)

    def pad(self, x: Array, before: int, after: int, fill: float) -> Array:
        return self._torch.nn.functional.pad(x, (before, after), value=fill)

    def flip(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.flip(axes)

    def stack(self, parts: Sequence[Array], axis: int) -> Array:
        return self._torch.stack(parts, axis)

    def join(self, parts: Sequence[Array], axis: int) -> Array:
        return self._torch.cat(tuple(parts), axis)

    def unstack(self, x: Array, axis: int) -> Sequence[Array]:
        return x.unbind(axis)  # type: ignore[no-any-return]

    def move(self, x: Array, source: Several, target: Several) -> Array:
        return x.movedim(source, target)

    def merge(self, x: Array) -> Array:
        return x.flatten(-2)

    def part(self, x: Array, like: Array) -> Array:
        return x.unflatten(-1, like.shape[-2:])

    def matmul(self, x: Array, y: Array) -> Array:
        torch, device = self._torch, x.device.type
        if device == "cuda" and x.dtype == torch.float32 and self._shortens():
            return torch.matmul(x.double(), y.double()).to(x.dtype)
        if not torch.is_autocast_enabled(device):
            return torch.matmul(x, y)
        with torch.autocast(device, enabled=False):  # which would make halves of them
            return torch.matmul(x, y)

    def _shortens(self) -> bool:
        """Whether products of float32 on a GPU may be made of shorter numbers."""
        return bool(self._torch.get_float32_matmul_precision() != "highest")

    @staticmethod
    def _over_rows(index: Array, x: Array) -> Array:
        return index.unsqueeze(-2).expand(*x.shape[:-1], index.shape[-1])

    def _tensor(self, y: Array, like: Array) -> Array:
        return self._torch.full_like(like, y) if isinstance(y, (int, float)) else y

    @staticmethod
    def _along(vector: Array, like: Array, axis: int) -> Array:
        shape = [1] * like.ndim
        shape[axis] = -1
        return vector.reshape(shape)
