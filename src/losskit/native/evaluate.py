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
from losskit.core.namespaces import PRECISIONS, Array, Precision
from losskit.core.slots import alone, item_shape
from losskit.native import programs
from losskit.native.find import computed_in, find, is_bfloat16
from losskit.native.library import empty, kernels
from losskit.programs.symbols import Wanted


@dataclass(frozen=True, slots=True)
class Prepared:
    """The arguments of a loss call, fit for a kernel."""

    card: Any
    arrays: tuple[Array, ...]
    weight: Array | None
    keep: Array | None
    shape: tuple[int, ...]
    """Shape of the items."""
    rows: tuple[int, int, int]
    """How many positions before the rows' elements, elements of a row, positions after them."""
    items: int
    """How many items count."""
    dtype: Any
    """In which the predictions came, and derivatives go."""
    out_dtype: Any
    """Dtype of items, of the computation that is."""

    @property
    def y(self) -> Array:
        return self.arrays[0]

    @property
    def p(self) -> Array:
        return self.arrays[self.card.main]

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

        Derivatives are multiplied by ``scale``, and go into one array for each slot by which they
        are.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Call(Prepared):
    """A call of loops that were compiled."""

    kernel: Any
    by_class: Array | None = None
    """The weight of each class, where a kernel takes them."""

    def run(
        self,
        scale: float = 1.0,
        *,
        value: bool = False,
        items: Array | None = None,
        slope: tuple[Array, ...] = (),
        curve: tuple[Array, ...] = (),
    ) -> tuple[float, float] | None:
        """See `Prepared.run`."""
        y, p = map(_plain, self.arrays)
        into = _plain(slope[0]) if slope else None
        if is_rowwise(self.card):
            rows = (*self.rows, self.weight, self.keep, scale, items, into, self.by_class)
            return _sound(self.kernel.run(y, p, *rows))
        bent = _plain(curve[0]) if curve else None
        return _sound(
            self.kernel.run(y, p, self.weight, self.keep, scale, value, items, into, bent)
        )


@dataclass(frozen=True, slots=True)
class OfSequences(Prepared):
    """A call of the kernel of a loss of sequences."""

    kernel: Any

    def run(
        self,
        scale: float = 1.0,
        *,
        value: bool = False,
        items: Array | None = None,
        slope: tuple[Array, ...] = (),
        curve: tuple[Array, ...] = (),
    ) -> tuple[float, float] | None:
        """See `Prepared.run`."""
        y, p, *more = map(_plain, self.arrays)
        into = _plain(slope[0]) if slope else None
        sizes = (self.rows[0], *p.shape[-2:])
        rest = (self.weight, self.keep, scale, items, into)
        return _sound(self.kernel.run(y, p, *(more or (None,)), *sizes, *rest))


@dataclass(frozen=True, slots=True)
class ByProgram(Prepared):
    """A call of a card's program."""

    came: Precision
    dtypes: tuple[str, ...]
    """Of the slots."""
    by: tuple[int, ...]
    """The slots by which derivatives are."""

    def kernel(self, wanted: Wanted) -> Any:
        """What computes what is wanted; None if no program does."""
        double = self.out_dtype == _FLOAT64
        return programs.kernel(self.card, wanted, self.rows[1], double, self.came, self.dtypes)

    def run(
        self,
        scale: float = 1.0,
        *,
        value: bool = False,
        items: Array | None = None,
        slope: tuple[Array, ...] = (),
        curve: tuple[Array, ...] = (),
    ) -> tuple[float, float] | None:
        """See `Prepared.run`."""
        wanted = VALUE if value else ()
        for order, into in (("slope", slope), ("curve", curve)):
            wanted += tuple([(order, i) for i in self.by]) if into else ()
        kernel = self.kernel(wanted)
        if kernel is None:
            return None
        arrays = [_plain(x) for x in self.arrays]
        derivatives = [_plain(x) for x in (*slope, *curve)]
        rest = (self.weight, self.keep, scale, items, derivatives)
        return _sound(kernel.run(arrays, *self.rows, *rest))


def _sound(found: tuple[float, float] | None) -> tuple[float, float] | None:
    """What a kernel found; weights that add up to infinity are an error."""
    return None if found is None or found[1] == math.inf else found


VALUE: Wanted = (("value", 0),)


def prepare(
    card: Any,
    arrays: tuple[Array, ...],
    weight: Array | None,
    keep: Array | None,
    wide: bool = False,
    curve: bool = False,
    by: tuple[int, ...] | None = None,
    came: str | None = None,
) -> Prepared | None:
    """The call, if a kernel computes it.

    Args:
        card: any card, its axes known.
        arrays: what it takes, slot by slot, of shapes that fit it.
        weight, keep: None, or arrays in the shape of the items; ``keep`` of booleans.
        wide: compute in float64 whatever the predictions' dtype.
        curve: whether second derivatives will be asked for.
        by: the slots by which derivatives will be; None for those that a network makes.
        came: the dtype in which predictions came that are wider now; None for their own.
    """
    if kernels() is None:
        return None
    p = arrays[card.main]
    computed = computed_in(p.dtype)
    if computed is None or p.size == 0 or p.ndim > _DIMENSIONS:
        return None
    for slot, x in zip(card.slots, arrays, strict=True):
        if not readable(x.dtype) or (slot.domain.labels and x.dtype.kind not in "iub"):
            return None
    if weight is not None:
        if not readable(weight.dtype):
            return None
        if wide and not computed[0] and weight.max() > np.finfo(np.float32).max:
            return None  # too large for the predictions' own dtype
        weight = _plain(weight)
    of_card = programs.layout(card)
    precision = computed[1] if came is None else PRECISIONS[came]
    wide = wide or computed[0]
    rows = programs.rows(card, p.shape)
    if rows is None:
        return None
    common = (weight, keep, item_shape(card, p.shape), rows)
    if by is None:
        by = of_card.predicted
    # Second derivatives of rows, and those by several slots, have no loops of their own.
    if by in ((), (card.main,)) and not (curve and of_card.rowwise):
        found = _compiled(card, arrays, wide, precision, common)
        if found is not None:
            return found
    # A card of one's own may be found out to say something else to a program, after it was made.
    if not (of_card.taken and card.programmed):
        return None
    return _by_program(card, arrays, wide, precision, common, by, came)


def _by_program(
    card: Any,
    arrays: Any,
    wide: bool,
    precision: Precision,
    common: Any,
    by: tuple[int, ...],
    came: str | None = None,
) -> ByProgram | None:
    """By the card's program."""
    both = zip(card.slots, arrays, strict=True)
    laid = tuple([x if slot.batched else np.ascontiguousarray(alone(slot, x)) for slot, x in both])
    dtypes = tuple(
        [
            came if came is not None and slot.predicted else _name(x.dtype)
            for slot, x in zip(card.slots, arrays, strict=True)
        ]
    )
    rest: Any = (precision, dtypes, by)
    call = ByProgram(*_prepared(card, arrays, laid, wide, common), *rest)
    return None if call.kernel(VALUE) is None else call


def _compiled(card: Any, arrays: Any, wide: bool, came: Precision, common: Any) -> Prepared | None:
    """By loops that were compiled."""
    if card.long:
        known = find(card, wide, came)
        if known is None or card.blank >= arrays[1].shape[-1]:
            return None
        own: Any = (known,)
        return OfSequences(*_prepared(card, arrays, arrays, wide, common), *own)
    y, p, *more = arrays
    kernel = None if len(more) > len(card.taken) else find(card, wide, came)
    if kernel is None:
        return None
    by_class = None
    if more:
        if card.taken != ("class_weight",):
            return None
        by_class = np.ascontiguousarray(alone(card.slots[2], more[0]))
        # Weights below 0 are for the formulas.
        if not 0.0 <= by_class.min() <= by_class.max() < math.inf:
            return None
    rest: Any = (kernel, by_class)
    return Call(*_prepared(card, arrays, (y, p), wide, common), *rest)


def _prepared(card: Any, arrays: Any, used: Any, wide: bool, common: Any) -> Any:
    """What every kind of call has."""
    _, keep, shape, _ = common
    items = _counted(card, arrays[0], shape, keep)
    came_in = arrays[card.main].dtype
    return (card, used, *common, items, came_in, _FLOAT64 if wide else _FLOAT32)


def _counted(card: Any, y: Array, shape: tuple[int, ...], keep: Array | None) -> int:
    """How many items count."""
    ignored = card.ignored()
    if ignored is not None:
        counted = y != ignored
        return int(np.count_nonzero(counted if keep is None else counted & keep))
    return math.prod(shape) if keep is None else int(np.count_nonzero(keep))


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


def tally(labels: Array, counts: Array) -> bool:
    """How often each class is in each row of labels, of which the first -1 is the end.

    Args:
        labels: int64, not empty; as many to a row as there are classes.
        counts: float32, in the same shape, filled here.

    Returns:
        Whether all labels are classes; `counts` is of no use where they are not.
    """
    return bool(kernels().tally(labels, counts, labels.shape[-1]))


def label_rows(
    labels: Any, lengths: Any, rows: Any, inverse: Any, classes: int, blank: int
) -> bool:
    """Labels in rows as CTC takes them: as many of each as its length says, then -1.

    Args:
        labels, lengths: (sequences, longest) and (sequences), of integers.
        rows, inverse: int64 and float64, filled here: the labels, and 1 / length, at the most 1.
        classes, blank: how many there are, and the one that is no label.

    Returns:
        Whether all of that is sound and lies as it is read; what is filled is of no use where not.
    """
    return bool(kernels().label_rows(labels, lengths, rows, inverse, classes, blank))


def divisor(card: Any, call: Prepared) -> float:
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
