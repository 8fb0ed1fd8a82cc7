"""Slots: what a card takes, in which dimensions, and what of it a network makes.

The dimensions of an item have names, as those of a NumPy gufunc: the cosine similarity takes two
vectors of one length, (c),(c)->(); a labelled row is a label and a score for each class,
(),(c)->(). All other dimensions are the items', the same for every slot.
"""

from __future__ import annotations

from typing import Any

from losskit.core.definition import Slot


def signature(card: Any) -> str:
    """What a card takes, as of a gufunc: "(c),(c)->()"."""
    taken = ",".join(f"({','.join(slot.dims)})" for slot in card.slots)
    return f"{taken}->()"


def item_shape(card: Any, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape of the items for a main slot of that shape."""
    axes = card.slots[card.main].axes
    if not axes:
        return shape
    if len(axes) == 1:
        axis = axes[0] % len(shape)
        return shape[:axis] + shape[axis + 1 :]
    used = {axis % len(shape) for axis in axes}
    return tuple(n for i, n in enumerate(shape) if i not in used)


def slot_shape(slot: Slot, items: tuple[Any, ...], lengths: dict[str, Any]) -> tuple[Any, ...]:
    """The shape of a slot for items of that shape and the lengths of named dimensions."""
    dimensions = len(items) + len(slot.dims)
    own = {axis % dimensions: name for axis, name in zip(slot.axes, slot.dims, strict=True)}
    rest = iter(items)
    return tuple(lengths[own[i]] if i in own else next(rest) for i in range(dimensions))


def lengths(slot: Slot, shape: tuple[Any, ...]) -> dict[str, Any]:
    """The lengths of a slot's named dimensions in an array of that shape."""
    return {name: shape[axis] for axis, name in zip(slot.axes, slot.dims, strict=True)}


def alone(slot: Slot, x: Any) -> Any:
    """Of an array in which all items have the same, what one has; there is an item."""
    axes = {axis % len(x.shape) for axis in slot.axes}
    return x[tuple([slice(None) if i in axes else 0 for i in range(len(x.shape))])]


def spread(m: Any, slot: Slot, x: Any) -> Any:
    """What belongs to the items, laid over the elements of a slot."""
    dimensions = len(x.shape) + len(slot.axes)
    for axis in sorted(axis % dimensions for axis in slot.axes):
        x = m.lay(x, axis)
    return x


def gather(m: Any, slot: Slot, x: Any) -> Any:
    """What belongs to the elements of a slot, summed over those of an item."""
    return m.drop(m.sum(x, slot.axes), slot.axes) if slot.axes else x


def flat(m: Any, slot: Slot, x: Any, apart: int = 0) -> Any:
    """The elements of each item as one row, the last axis; before it the axes of the items.

    Args:
        m: the vocabulary.
        slot: whose array it is.
        x: the array.
        apart: how many of the first dimensions of an item stay, before that axis.
    """
    if len(slot.axes) == apart:
        return m.lay(m.move(x, slot.axes, _last(slot)), -1)
    return _stages(m, slot, x, apart)[-1]


def unflat(m: Any, slot: Slot, row: Any, like: Any, apart: int = 0) -> Any:
    """What is in such rows, laid out as the slot is; `like` has its shape."""
    if len(slot.axes) == apart:
        return m.move(m.drop(row, -1), _last(slot), slot.axes)
    for stage in reversed(_stages(m, slot, like, apart)[:-1]):
        row = m.part(row, stage)
    return m.move(row, _last(slot), slot.axes)


def _stages(m: Any, slot: Slot, x: Any, apart: int) -> list[Any]:
    """With its own axes last, and with one less of them after another."""
    stages = [m.move(x, slot.axes, _last(slot))]
    for _ in slot.axes[apart + 1 :]:
        stages.append(m.merge(stages[-1]))
    return stages


def _last(slot: Slot) -> tuple[int, ...]:
    return tuple(range(-len(slot.axes), 0))
