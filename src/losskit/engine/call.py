"""The arrays of a loss call: held against the card, what does not count set apart."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from losskit.core.definition import Slot
from losskit.core.families import Items, Labelled, counting, per_class, placed
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.slots import gather, item_shape, lengths
from losskit.engine.arrays import check_whole
from losskit.engine.framework import Framework
from losskit.engine.shapes import check_alone, check_shapes, laid
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
    """In the shape of the items; class weights that are weights of items included."""
    keep: Array | None = None
    """Which items count, as the mask says, in their shape."""
    used: Array | None = None
    """Which of those that count have a weight other than 0; None for all."""
    looked: bool = False
    """Whether all values that count are known to lie in their domains."""
    divides: Array | None = None
    """What each item adds to what a mean by weights divides by, where that is not its weight."""

    @property
    def prediction(self) -> Array:
        """What says what the items are."""
        return self.arrays[self.card.main]

    @property
    def adding(self) -> Array | None:
        """Which items add to what a mean by weights divides by; None for all."""
        return self.used if self.divides is None else self.divides != 0


def aligned(
    f: Framework,
    card: Any,
    arrays: tuple[Any, ...],
    weight: Any = None,
    mask: Any = None,
    came: str | None = None,
    make: Any = None,
    more: dict[str, Any] | None = None,
) -> Call:
    """Arrays, weights and a mask in the shapes that the card asks for; no value is looked at.

    Args:
        f: whose arrays they are.
        card: with the loss's parameters.
        arrays: what the card takes, slot by slot.
        weight: a number, or one for each item, or for each of the first dimensions of the items.
        mask: which items count, likewise.
        came: the dtype in which predictions came that are wider now; None for their own.
        make: makes a card, as `made` does; None for that.
        more: of the card's optional slots those that are given, by name.

    Raises:
        TypeError: an argument is not numeric, or predictions are integers and no quantities; or
            the card has no such optional slot.
        ValueError: shapes do not match.
    """
    slots, first = card.slots, card.main
    arrays = tuple(
        [f.array(s.label, x, s.domain.labels) for s, x in zip(slots, arrays, strict=True)]
    )
    p = arrays[first]
    card = placed(card, tuple(p.shape), make) if make else placed(card, tuple(p.shape))
    if "float" not in f.dtype(p):
        shapes = (tuple(x.shape) for x in arrays)
        check_whole(card, slots[first].label, str(p.dtype), f.convert, *shapes)
        p = f.floating(p)
        arrays = (*arrays[:first], p, *arrays[first + 1 :])
    shape = check_shapes(card, *[tuple(x.shape) for x in arrays])
    came, sizes = came or f.dtype(p), item_shape(card, f.sizes(p))
    further = bool(more or card.held)
    if weight is None and mask is None and not further:
        return Call(card, arrays, came, sizes)

    def over_items(name: str, x: Array) -> Array:
        own = tuple(x.shape)
        if own != shape:  # a length that is open is compared to no other
            x = f.reshaped(x, laid(name, own, shape))
        return x if own == shape and None not in shape else f.broadcast(x, sizes)

    keep = None if mask is None else over_items("mask", f.truth("mask", f.array("mask", mask)))
    if weight is not None:
        weight = over_items("sample_weight", f.array("sample_weight", weight))
    call = Call(card, arrays, came, sizes, weight, keep)
    return _with_more(f, call, more or {}, over_items, make) if further else call


def _with_more(f: Framework, call: Call, more: dict[str, Any], over_items: Any, make: Any) -> Call:
    """The call with what is given beside the slots that it has, and with what the card holds."""
    card, p = call.card, call.prediction
    main = card.slots[card.main]
    known, dtype = lengths(main, tuple(p.shape)), f.computed(f.dtype(p))
    wide = f.weight_dtype(dtype)
    check_names(card, more)
    taken, weight = {}, call.weight
    for slot in card.optional:
        x = more.get(slot.name)
        if slot.name in card.held:
            if x is not None:
                raise TypeError(
                    f"{slot.label} is given to the call, but {card.name} has its own: "
                    f"{getattr(card, slot.name)!r}. Leave one of them out."
                )
            numbers = per_class(slot.label, getattr(card, slot.name), known[slot.dims[0]])
            x = f.constant(numbers, p, wide)
        elif x is not None:
            x = f.cast(f.array(slot.label, x), wide)
            if not slot.batched:
                check_alone(slot, tuple(x.shape), known, main.label, tuple(p.shape))
                if f.strict:
                    check_slot(card, slot, f.values(x), None, 0.0)
        if x is None:
            continue
        if slot.batched:
            taken[slot.name] = over_items(slot.label, f.cast(x, dtype))
            continue
        if isinstance(card, Labelled):
            own = f.of_labels(x, f.labels(call.arrays[0]))
            own = own if weight is None else own * weight
            if card.of_label:
                weight = own
                continue
            call.divides = own
        taken[slot.name] = _for_all(f, slot, f.cast(x, dtype), call)
    names = tuple(taken)
    call.card = make(type(card), card.without(), names) if make else card.taking(*names)
    call.arrays, call.weight = (*call.arrays, *taken.values()), weight
    return call


def check_names(card: Any, names: Any) -> None:
    """Check that these are names of optional slots.

    Raises:
        TypeError: one is not.
    """
    optional = [slot.name for slot in card.optional]
    unknown = [name for name in names if name not in optional]
    if unknown:
        takes = f" Beside the usual it takes {', '.join(optional)}." if optional else ""
        raise TypeError(f"{card.name} does not take {', '.join(unknown)}.{takes}")


def _for_all(f: Framework, slot: Slot, x: Array, call: Call) -> Array:
    """What is the same for all items, laid over them along the axes of its dimensions."""
    main = call.card.slots[call.card.main]
    p = call.prediction
    axes = [main.axes[main.dims.index(name)] % len(p.shape) for name in slot.dims]
    shape = tuple([x.shape[axes.index(i)] if i in axes else 1 for i in range(len(p.shape))])
    return f.broadcast(f.reshaped(x, shape), f.sizes(p))


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
        if keep is not None:
            weight = f.vocabulary(call.came).where(used, weight, 0.0)
    divides = call.divides
    if divides is not None and used is not None:
        divides = f.vocabulary(call.came).where(used, divides, 0.0)
    looked = _look(f, call, used) if look else True
    return Call(card, tuple(whole), call.came, call.shape, weight, keep, used, looked, divides)


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
    card, slots = call.card, call.card.slots
    wanted = bounded(slots)
    if not (any(wanted) or f.strict):
        return True
    counted = None if used is None else f.values(used)
    y = f.values(call.arrays[0]) if visible[0] else None
    dtype = f.computed(f.dtype(call.prediction))
    looked = True
    for slot, x, there, asked in zip(slots, call.arrays, visible, wanted, strict=True):
        if not slot.batched or not (asked or f.strict):
            continue  # what is the same for all has been looked at
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
