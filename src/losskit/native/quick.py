"""The commonest calls made short: one number, and its gradients if wanted, of whole arrays.

Most calls are small, and cost Python's time. What of a card and its arrays' kinds follows is asked
once, and kept; shapes are held against each other in C++, values are looked at by the kernels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.core.families import Labelled, is_rowwise, placed
from losskit.core.namespaces import PRECISIONS
from losskit.native import library, programs
from losskit.native.find import find, is_bfloat16
from losskit.native.library import empty, kernels
from losskit.programs.symbols import takes

SUM, MEAN, MEAN_BY_WEIGHTS = range(3)
"""What the sum of the items is divided by: nothing, their number, their classes' weights."""

_MOST = 1024  # cards kept; parameters of which there are more are tried out, not trained with


class _Known:
    """A card whose kernels are looked up once for each kind of call."""

    __slots__ = ("axes", "card", "kernels", "main", "weighs")

    def __init__(self, card: Any) -> None:
        self.card = card  # kept, so that no other can have its id
        self.main = card.main
        self.axes = card.slots[card.main].axes if is_rowwise(card) else ()
        self.weighs = isinstance(card, Labelled) and card.of_label
        self.kernels: dict[Any, Any] = {}

    def kernel(
        self, arrays: tuple[Any, ...], by: tuple[int, ...], by_class: Any
    ) -> tuple[Any, bool, bool]:
        """The kernel of arrays of such kinds, whether class weights are a slot of it, and whether
        some of the arrays are NumPy's of bfloat16.

        None in place of a kernel if there is none.
        """
        none = None, False, False
        kinds = [x.dtype for x in (*arrays, by_class) if getattr(x, "dtype", None) is not None]
        of_bytes = [x for x in kinds if getattr(x, "kind", "") == "V"]
        if not all(map(is_bfloat16, of_bytes)):
            return none
        kernel, taken = self._kernel(arrays, by, by_class)
        return kernel, taken, bool(of_bytes)

    def _kernel(
        self, arrays: tuple[Any, ...], by: tuple[int, ...], by_class: Any
    ) -> tuple[Any, bool]:
        none = None, False
        shape = tuple(arrays[self.main].shape)
        if not all(-len(shape) <= axis < len(shape) for axis in self.axes):
            return none
        card = placed(self.card, shape)
        came = PRECISIONS.get(_name(arrays[self.main]))
        if kernels() is None or came is None or card is not self.card or card.held:
            return none
        wide = came is PRECISIONS["float64"]
        if by in ((), (self.main,)) and (len(arrays) == 2 or card.long):
            found = find(card, wide, came)
            if found is not None:
                return found, False
        taken = by_class is not None and not self.weighs
        if taken:
            if [slot.name for slot in card.optional] != ["class_weight"]:
                return none
            card, arrays = card.taking("class_weight"), (*arrays, by_class)
        if not takes(card) or len(arrays) != len(card.slots):
            return none
        wanted = (("value", 0), *(("slope", i) for i in by))
        length = math.prod([shape[axis] for axis in self.axes])
        dtypes = tuple(map(_name, arrays))
        return programs.kernel(card, wanted, length, wide, came, dtypes), taken


def mean(
    card: Any,
    arrays: tuple[Any, ...],
    by: tuple[int, ...],
    out: Any = None,
    by_class: Any = None,
    over: int = MEAN,
    factor: float = 1.0,
    weight: Any = None,
    keep: Any = None,
    number: float = 0.0,
) -> Any:
    """(value, gradients) of plain arrays, or of tensors that can be read.

    None where that way does not go: the long one computes the same, or says what is wrong.

    Args:
        card: any card.
        arrays: what it takes, slot by slot.
        by: the slots by which there are to be gradients.
        out: where the first of them is to go; None for a new array.
        by_class: the weight of each class; None for 1.
        over: what the sum of the items is divided by.
        factor: of the gradients.
        weight, keep: None, or in the shape of the items: their weights, and which of them count.
        number: what the sum is divided by, if above 0, in place of ``over``.
    """
    try:
        known = _known[id(card)]
    except KeyError:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[id(card)] = _Known(card)
    try:
        axes = known.axes
        if axes:
            shape = arrays[known.main].shape
            length = shape[axes[0]] if len(axes) == 1 else shape
        else:
            length = 0
        of_classes = None if by_class is None else by_class.dtype
        if len(arrays) == 2:
            key: Any = (by, length, of_classes, arrays[0].dtype, arrays[1].dtype)
        else:
            key = (by, length, of_classes, *[x.dtype for x in arrays])
    except (AttributeError, IndexError):
        return None
    try:
        kernel, taken, of_bytes = known.kernels[key]
    except KeyError:
        if len(known.kernels) >= _MOST:
            known.kernels.clear()
        kernel, taken, of_bytes = known.kernels[key] = known.kernel(arrays, by, by_class)
    if kernel is None or not library._wanted:
        return None
    if taken:
        arrays = (*arrays, by_class)
    more = known.weighs, weight, keep, over, number, factor
    if of_bytes:
        return _of_bytes(kernel, arrays, by, out, by_class, more)
    return kernel.mean(arrays, by, out, by_class, *more)


def besides(card: Any, arrays: tuple[Any, ...], more: dict[str, Any]) -> Any:
    """(card, arrays, class weights) where a call gives one optional slot by its name.

    None where it gives others too, or what the card does not take.
    """
    (name, x), *others = more.items()
    if others:
        return None
    if name == "class_weight":
        return card, arrays, x
    if name in [slot.name for slot in card.optional] and name not in card.held:
        return card.taking(name), (*arrays, x), None
    return None


def _of_bytes(
    kernel: Any, arrays: tuple[Any, ...], by: tuple[int, ...], out: Any, by_class: Any, more: Any
) -> Any:
    """The same where arrays hold bfloat16, which is handed over as its two bytes."""
    if len(by) > 1:
        return None
    if by and out is None:
        of = arrays[by[0]]
        if type(of) is not np.ndarray:
            return None
        out = empty(of.shape, of.dtype) if of.flags.c_contiguous else np.empty_like(of)
    try:
        given = tuple([_bytes(x) for x in arrays])
        found = kernel.mean(given, by, _bytes(out), _bytes(by_class), *more)
    except (AttributeError, ValueError):
        return None
    return None if found is None else (found[0], (out,) if by else ())


def _bytes(x: Any) -> Any:
    if type(x) is np.ndarray and x.dtype.kind == "V" and is_bfloat16(x.dtype):
        return x.view(_TWO_BYTES)
    return x


_TWO_BYTES = np.dtype("V2")


def _name(x: Any) -> str:
    return str(x.dtype).removeprefix("torch.")


_known: dict[int, _Known] = {}
