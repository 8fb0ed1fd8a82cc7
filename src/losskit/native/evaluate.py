"""One loss call by a kernel: what it applies to, and how its arrays are handed over.

Every function returns None where no kernel applies, or where a value lies outside its domain: the
NumPy path then computes the same, or raises the error with its message.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from losskit.core.families import Items, is_rowwise
from losskit.core.namespaces import Array, Precision
from losskit.core.slots import alone, item_shape
from losskit.native import programs
from losskit.native.find import computed_in, find, is_bfloat16
from losskit.native.library import empty, kernels


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a loss call, fit for a kernel."""

    kernel: Any
    arrays: tuple[Array, ...]
    weight: Array | None
    keep: Array | None
    shape: tuple[int, ...]
    """Shape of the items."""
    rows: tuple[int, int, int] | None
    """Row-wise: how many positions before the class axis, classes, positions after it."""
    items: int
    """How many items count."""
    dtype: Any
    """In which the predictions came, and derivatives go."""
    out_dtype: Any
    """Dtype of items, of the computation that is."""
    by_class: Array | None = None
    """The weight of each class, where a kernel takes them."""

    @property
    def y(self) -> Array:
        return self.arrays[0]

    @property
    def p(self) -> Array:
        return self.arrays[1]

    def run(
        self,
        scale: float = 1.0,
        *,
        value: bool = False,
        items: Array | None = None,
        slope: tuple[Array, ...] = (),
        curve: tuple[Array, ...] = (),
    ) -> tuple[float, float] | None:
        """(sum of the weighted items, sum of the weights); None if a value is out of its domain.

        Derivatives are multiplied by ``scale``, and go into one array for each predicted slot.
        """
        into = _plain(slope[0]) if slope else None
        if self.rows is None:
            bent = _plain(curve[0]) if curve else None
            found = self.kernel.run(
                self.y, self.p, self.weight, self.keep, scale, value, items, into, bent
            )
        else:
            found = self.kernel.run(
                *(self.y, self.p, *self.rows, self.weight, self.keep, scale, items, into),
                self.by_class,
            )
        # Weights that add up to infinity are an error.
        return None if found is None or found[1] == math.inf else found


@dataclass(frozen=True, slots=True)
class ByProgram:
    """The same for the program of a card."""

    card: Any
    arrays: tuple[Array, ...]
    weight: Array | None
    keep: Array | None
    shape: tuple[int, ...]
    rows: tuple[int, int, int]
    items: int
    dtype: Any
    out_dtype: Any
    came: Precision
    dtypes: tuple[str, ...]
    """Of the slots."""
    by: tuple[int, ...]
    """The slots by which derivatives are."""

    @property
    def y(self) -> Array:
        return self.arrays[0]

    @property
    def p(self) -> Array:
        return self.arrays[self.card.main]

    def kernel(self, wanted: programs.Wanted) -> Any:
        """What computes what is wanted; None if no program does."""
        card, double = self.card, self.out_dtype == _FLOAT64
        kind: Any = type(card)  # equal parameters make equal cards
        return programs.kernel(card, kind, wanted, self.rows[1], double, self.came, self.dtypes)

    def run(
        self,
        scale: float = 1.0,
        *,
        value: bool = False,
        items: Array | None = None,
        slope: tuple[Array, ...] = (),
        curve: tuple[Array, ...] = (),
    ) -> tuple[float, float] | None:
        """See `Call.run`."""
        wanted = VALUE if value else ()
        for order, into in (("slope", slope), ("curve", curve)):
            wanted += tuple([(order, i) for i in self.by]) if into else ()
        kernel = self.kernel(wanted)
        if kernel is None:
            return None
        arrays = [_plain(x) for x in self.arrays]
        derivatives = [_plain(x) for x in (*slope, *curve)]
        found = kernel.run(arrays, *self.rows, self.weight, self.keep, scale, items, derivatives)
        return None if found is None or found[1] == math.inf else found


VALUE: programs.Wanted = (("value", 0),)


def prepare(
    card: Any,
    arrays: tuple[Array, ...],
    weight: Array | None,
    keep: Array | None,
    wide: bool = False,
    curve: bool = False,
    by: tuple[int, ...] | None = None,
) -> Call | ByProgram | None:
    """The call, if a kernel computes it.

    Args:
        card: any card, its axes known.
        arrays: what it takes, slot by slot, of shapes that fit it.
        weight, keep: None, or arrays in the shape of the items; ``keep`` of booleans.
        wide: compute in float64 whatever the predictions' dtype.
        curve: whether second derivatives will be asked for.
        by: the slots by which derivatives will be; None for those that a network makes.
    """
    if kernels() is None:
        return None
    p = arrays[card.main]
    computed = computed_in(p.dtype)
    if computed is None or p.size == 0 or p.ndim > _DIMENSIONS:
        return None
    if not all(readable(x.dtype) for x in arrays):
        return None
    if weight is not None:
        if not readable(weight.dtype):
            return None
        if wide and not computed[0] and weight.max() > np.finfo(np.float32).max:
            return None  # too large for the predictions' own dtype
        weight = _plain(weight)
    known = None
    if by is None:
        by = tuple([i for i, slot in enumerate(card.slots) if slot.predicted])
    if not (curve and is_rowwise(card)) and by in ((), (card.main,)):
        known = _compiled(card, arrays, weight, keep, wide, *computed)
    return known or _by_program(card, arrays, weight, keep, wide, by, *computed)


def _by_program(
    card: Any,
    arrays: tuple[Array, ...],
    weight: Array | None,
    keep: Array | None,
    wide: bool,
    by: tuple[int, ...],
    double: bool,
    came: Precision,
) -> ByProgram | None:
    if not programs.takes(card):
        return None
    p = arrays[card.main]
    rows, shape = programs.rows(card, p.shape), item_shape(card, p.shape)
    if rows is None:
        return None
    laid = []
    for slot, x in zip(card.slots, arrays, strict=True):
        if slot.domain.labels and x.dtype.kind not in "iub":
            return None
        laid.append(x if slot.batched else np.ascontiguousarray(alone(slot, x)))
    call = ByProgram(
        *(card, tuple(laid), weight, keep, shape, rows, _counted(card, arrays[0], shape, keep)),
        *(p.dtype, _FLOAT64 if wide or double else _FLOAT32, came),
        tuple([_name(x.dtype) for x in arrays]),
        by,
    )
    return None if call.kernel(VALUE) is None else call


def _counted(card: Any, y: Array, shape: tuple[int, ...], keep: Array | None) -> int:
    """How many items count."""
    ignored = card.ignored()
    if ignored is not None:
        counted = y != ignored
        return int(np.count_nonzero(counted if keep is None else counted & keep))
    return math.prod(shape) if keep is None else int(np.count_nonzero(keep))


def _compiled(
    card: Any,
    arrays: tuple[Array, ...],
    weight: Array | None,
    keep: Array | None,
    wide: bool,
    double: bool,
    came: Precision,
) -> Call | None:
    """By loops that were compiled."""
    if len(arrays) - len(card.taken) != 2:
        return None
    y, p, *more = arrays
    rows, shape = None, p.shape
    if is_rowwise(card):
        if not isinstance(card.axis, int):
            return None
        axis = card.axis % p.ndim
        shape = p.shape[:axis] + p.shape[axis + 1 :]
        rows = (math.prod(p.shape[:axis]), p.shape[axis], math.prod(p.shape[axis + 1 :]))
    if card.target.labels and y.dtype.kind not in "iub":
        return None
    kernel = find(card, wide or double, came)
    if kernel is None:
        return None
    by_class = None
    if more:
        if card.taken != ("class_weight",):
            return None
        by_class = np.ascontiguousarray(alone(card.slots[2], more[0]))
        # Weights below 0 are for the formulas.
        if not readable(by_class.dtype) or not 0.0 <= by_class.min() <= by_class.max() < math.inf:
            return None
    items = _counted(card, y, shape, keep)
    out_dtype = _FLOAT64 if wide or double else _FLOAT32
    return Call(
        *(kernel, (_plain(y), _plain(p)), weight, keep, shape, rows, items, p.dtype, out_dtype),
        by_class,
    )


def log_softmax(z: Array, axis: int) -> Array | None:
    """log(softmax(z)) along an axis; None where no kernel applies."""
    module = kernels()
    computed = computed_in(z.dtype)
    if module is None or computed is None or z.size == 0 or axis % z.ndim != z.ndim - 1:
        return None
    out = empty(z.shape, z.dtype)
    classes = z.shape[-1]
    module.log_softmax(_plain(z), _plain(out), computed[0], z.size // classes, classes)
    return out


def divisor(card: Any, call: Call | ByProgram) -> float:
    """The sum of the weights of the items that count."""
    if call.weight is None:
        return float(call.items)
    weight, keep = call.weight.astype(np.float64, copy=False), call.keep
    if call.items == weight.size:
        return float(np.sum(weight))
    ignored = card.ignored() if isinstance(card, Items) else None
    if ignored is not None:
        keep = call.y != ignored if keep is None else keep & (call.y != ignored)
    return float(np.sum(weight if keep is None else np.where(keep, weight, 0.0)))


_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_DIMENSIONS = 32  # of an array that a kernel reads


def readable(dtype: Any) -> bool:
    """Whether kernels read arrays of that dtype."""
    if dtype.kind == "V":  # asked first: a dtype's name takes microseconds
        return is_bfloat16(dtype)
    return dtype.isnative and dtype.kind in "fiub" and dtype.itemsize <= 8


@cache
def _name(dtype: Any) -> str:
    """What NumPy takes microseconds to say."""
    return "bfloat16" if is_bfloat16(dtype) else str(dtype.name)


def _plain(array: Array) -> Array:
    """bfloat16 is no type of NumPy's own: it is handed over as its two bytes."""
    if array.dtype.kind != "V" or not is_bfloat16(array.dtype):
        return array
    return array.view("V2")
