"""The arrays of a loss call: held against the card, what does not count set apart."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from losskit.core.definition import Slot
from losskit.core.families import Items, counting, placed
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.slots import gather, given, item_shape, lengths
from losskit.engine.arrays import check_whole
from losskit.engine.framework import Framework
from losskit.engine.shapes import check_shapes, laid
from losskit.engine.values import bounded, check_slot, spacing


@dataclasses.dataclass(slots=True)
class Call:
    """Arrays that fit a card. It is not to be changed."""

    card: Any
    """With its axes known."""
    arrays: tuple[Array, ...]
    """Slot by slot, in the dtypes in which they came; labels as they were given."""
    came: str
    """The dtype in which predictions came; the arrays may be wider."""
    shape: tuple[Any, ...]
    """Of the items, as sizes: see `Framework.sizes`."""
    weight: Array | None = None
    """In the shape of the items."""
    keep: Array | None = None
    """Which items count, as the mask says, in their shape."""
    used: Array | None = None
    """Which of those that count have a weight other than 0; None for all."""
    looked: bool = False
    """Whether all values that count are known to lie in their domains."""

    @property
    def prediction(self) -> Array:
        """What says what the items are."""
        return self.arrays[self.card.main]


def aligned(
    f: Framework,
    card: Any,
    arrays: tuple[Any, ...],
    weight: Any = None,
    mask: Any = None,
    came: str | None = None,
    make: Any = None,
) -> Call:
    """Arrays, weights and a mask in the shapes that the card asks for; no value is looked at.

    Args:
        f: whose arrays they are.
        card: with the loss's parameters.
        arrays: what the card takes, slot by slot; its optional slot last, if it is given.
        weight: a number, or one for each item, or for each of the first dimensions of the items.
        mask: which items count, likewise.
        came: the dtype in which predictions came that are wider now; None for their own.
        make: see `placed`.

    Raises:
        TypeError: an argument is not numeric, or predictions are integers and no quantities.
        ValueError: shapes do not match.
    """
    slots, first = given(card, len(arrays)), card.main
    arrays = tuple(
        [f.array(s.label, x, s.domain.labels) for s, x in zip(slots, arrays, strict=True)]
    )
    p = arrays[first]
    card = placed(card, len(p.shape), make) if make else placed(card, len(p.shape))
    if "float" not in f.dtype(p):
        shapes = (tuple(x.shape) for x in arrays)
        check_whole(card, slots[first].label, str(p.dtype), f.convert, *shapes)
        p = f.floating(p)
        arrays = (*arrays[:first], p, *arrays[first + 1 :])
    shape = check_shapes(card, *[tuple(x.shape) for x in arrays])
    came, sizes = came or f.dtype(p), item_shape(card, f.sizes(p))
    if weight is None and mask is None:
        return Call(card, arrays, came, sizes)

    def over_items(name: str, x: Array) -> Array:
        own = tuple(x.shape)
        if own != shape:  # a length that is open is compared to no other
            x = f.reshaped(x, laid(name, own, shape))
        return x if own == shape and None not in shape else f.broadcast(x, sizes)

    keep = None if mask is None else over_items("mask", f.truth("mask", f.array("mask", mask)))
    if weight is not None:
        weight = over_items("sample_weight", f.array("sample_weight", weight))
    return Call(card, arrays, came, sizes, weight, keep)


def checked(f: Framework, call: Call, look: bool = True) -> Call:
    """The call with what does not count set apart, and its values looked at where they can be.

    Args:
        f: whose arrays they are.
        call: from `aligned`.
        look: False for values that are known to lie in their domains.

    Raises:
        ValueError: a value that counts is out of its domain.
    """
    card, arrays, keep, weight = call.card, list(call.arrays), call.keep, call.weight
    labelled = [i for i, slot in enumerate(card.slots) if slot.domain.labels]
    whole = [
        f.labels(_numbered(card.slots[i], x)) if i in labelled else x for i, x in enumerate(arrays)
    ]
    ignored = card.ignored() if isinstance(card, Items) else None
    if ignored is not None:
        m, target = f.vocabulary(call.came), card.slots[0]
        counted = whole[0] != ignored
        if target.axes:  # of several labels one is enough
            counted = gather(m, target, m.where(counted, 1.0, 0.0)) > 0
        keep = counted if keep is None else keep & counted
    used = keep
    if weight is not None:
        dtype = f.computed(f.dtype(call.prediction))
        weight = f.check_weight(f.cast(weight, f.weight_dtype(dtype)), keep, dtype)
        used = weight != 0 if keep is None else keep & (weight != 0)
        # A weight of an item that does not count may be anything; it is not to be multiplied.
        weight = f.vocabulary(call.came).where(used, weight, 0.0)
    looked = _look(f, call, used) if look else True
    return Call(card, tuple(whole), call.came, call.shape, weight, keep, used, looked)


def _numbered(slot: Slot, x: Array) -> Array:
    """Names as numbers from 0 on, where a framework may not hold the ones that were given."""
    if not (slot.domain.names and isinstance(x, np.ndarray)):
        return x
    return np.unique(x, return_inverse=True)[1].reshape(x.shape)


def _look(f: Framework, call: Call, used: Array | None) -> bool:
    """Whether all values that count were seen to lie in their domains, or can lie nowhere else."""
    visible = [f.visible(x) for x in call.arrays]
    if not any(visible) or (used is not None and not f.visible(used)):
        return False
    card, slots = call.card, given(call.card, len(call.arrays))
    wanted = bounded(slots)
    if not (any(wanted) or f.strict):
        return True
    counted = None if used is None else f.values(used)
    y = f.values(call.arrays[0]) if visible[0] else None
    dtype = f.computed(f.dtype(call.prediction))
    looked = True
    for slot, x, there, asked in zip(slots, call.arrays, visible, wanted, strict=True):
        if not (asked or f.strict):
            continue
        if not there:
            looked = False
            continue
        own = call.came if slot.predicted else f.dtype(x)
        most = 0
        if slot.domain.labels and not slot.domain.names:
            most = call.prediction.shape[card.axis]
        elif slot.domain.count_of:
            most = lengths(slots[card.main], call.prediction.shape)[slot.domain.count_of]
        among = counting(NUMPY, card, slot, y, counted)
        check_slot(card, slot, f.values(x), among, spacing(own), most, dtype)
    return looked
