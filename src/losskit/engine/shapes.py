"""The shapes of a loss call: held against the card's slots, with a message that says what to do."""

from __future__ import annotations

from typing import Any

from losskit.core.definition import Slot
from losskit.core.families import has_row_target, is_rowwise
from losskit.core.slots import item_shape, lengths, signature, slot_shape

Shape = tuple[Any, ...]
"""Of an array. A dimension of None is not known yet, and fits any."""


def check_shapes(card: Any, *shapes: Shape) -> Shape:
    """Check that arrays of these shapes fit the slots of this card.

    Returns:
        The shape of the items.

    Raises:
        ValueError: they do not; the message says what to reshape.
    """
    slots = card.slots
    if len(shapes) == 2:
        # Mostly they do, and small calls are not to wait for the rest.
        (y_shape, p_shape), at = shapes, slots[1].axes
        if not at and y_shape == p_shape and not slots[0].axes:
            return p_shape
        if len(at) == 1 and -len(p_shape) <= at[0] < len(p_shape) and p_shape[at[0]] != 0:
            found = item_shape(card, p_shape)
            alike = slots[0].dims in ((), slots[1].dims) and not slots[1].places
            if alike and y_shape == (p_shape if slots[0].axes else found):
                return found
    rest = list(zip(slots, shapes, strict=True))
    first = card.main
    slot, shape = rest.pop(first)
    paired = (slots[0].name, slot.name) == ("target", "prediction")
    if paired and slots[0].dims in ((), slot.dims):
        _check_pair(card, shapes[0], shape)
        rest.pop(0)
    else:
        _check_own(slot, shape)
    items, known = item_shape(card, shape), lengths(slot, shape)
    for other, given in rest:
        if len(given) == len(items) + len(other.dims):
            known = lengths(other, given) | known
            if other.places:
                known[other.dims[0]] = len(other.places)
            if fits(given, slot_shape(other, items, known)):
                continue
        own = {name: known.get(name, name) for name in other.dims}
        if other.places:
            own[other.dims[0]] = len(other.places)
        wanted = slot_shape(other, items, own)
        raise ValueError(
            f"{other.label} must have the shape {wanted} for {slot.label}.shape={shape} "
            f"({card.name} takes {signature(card)}), got {other.label}.shape={given}: no silent "
            "broadcast."
        )
    return items


def _check_own(slot: Slot, shape: Shape) -> None:
    """Check that the dimensions of an item are there, in what says what the items are."""
    got = f"got {slot.label}.shape={shape}"
    if len(shape) < len(slot.dims):
        raise ValueError(
            f"{slot.label} must have at least the dimensions ({','.join(slot.dims)}), {got}."
        )
    for name, axis in zip(slot.dims, slot.axes, strict=True):
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"axis={axis} does not exist in {slot.label}; {got}.")
        if shape[axis] == 0:
            raise ValueError(
                f"{slot.label} has length 0 along axis={axis}, its dimension {name}; {got}."
            )


def _check_pair(card: Any, y_shape: Shape, p_shape: Shape) -> None:
    """The same of target and prediction."""
    got = f"got y_true.shape={y_shape} and y_pred.shape={p_shape}"
    if is_rowwise(card):
        if not p_shape:
            raise ValueError(f"y_pred must have at least one dimension, the classes; {got}.")
        axes = card.slots[card.main].axes
        if not all(-len(p_shape) <= axis < len(p_shape) for axis in axes):
            raise ValueError(f"axis={card.axis} does not exist in y_pred; {got}.")
        if len({axis % len(p_shape) for axis in axes}) < len(axes):
            raise ValueError(f"axis={card.axis} names an axis of y_pred twice; {got}.")
        if 0 in (p_shape[axis] for axis in axes):
            raise ValueError(f"y_pred has no classes along axis={card.axis}; {got}.")
        places = card.slots[card.main].places
        if places and p_shape[card.axis] not in (None, len(places)):
            raise ValueError(
                f"y_pred must hold {len(places)} numbers along axis={card.axis} for {card.name} "
                f"({', '.join(place.words for place in places)}); {got}."
            )
    if has_row_target(card):
        wanted = item_shape(card, p_shape)
        if fits(y_shape, wanted):
            return
        advice = ""
        if card.target.labels and fits(y_shape, p_shape):
            other = f"use {card.counterpart}, or " if card.counterpart else ""
            advice = f" The target looks one-hot: {other}pass y_true.argmax(axis)."
        elif len(y_shape) == len(p_shape) and y_shape[card.axis] == 1:
            advice = f" Remove the dimension of length 1: y_true.squeeze({card.axis})."
        what = "class axis" if card.target.labels else f"axis={card.axis} of y_pred"
        raise ValueError(
            f"y_true and y_pred must have the same shape up to the {what}: "
            f"{got}, expected y_true.shape={wanted}.{advice}"
        )
    if fits(y_shape, p_shape):
        return
    advice = ""
    if is_rowwise(card) and isinstance(card.axis, int) and fits(y_shape, item_shape(card, p_shape)):
        other = f"use {card.counterpart}, or " if card.counterpart else ""
        advice = (
            f" The target looks like integer labels: {other}make it one-hot: "
            f"np.eye({p_shape[card.axis]})[y_true]."
        )
    elif y_shape == (*p_shape, 1):
        advice = " Use y_true.squeeze(-1) (or y_pred[..., None]): no silent broadcast."
    elif not y_shape:
        advice = " Use np.full(y_pred.shape, y_true): no silent broadcast."
    elif (*y_shape, 1) == p_shape:
        advice = " Use y_pred.squeeze(-1) (or y_true[..., None]): no silent broadcast."
    raise ValueError(f"y_true and y_pred must have the same shape: {got}.{advice}")


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes are the same as far as they are known."""
    return len(a) == len(b) and all(
        i is None or j is None or i == j for i, j in zip(a, b, strict=True)
    )


def check_alone(slot: Slot, shape: Shape, known: dict[str, Any], of: str, p_shape: Shape) -> None:
    """Check an array that is the same for all items against the lengths of an item's dimensions.

    Args:
        slot: what the array is given for.
        shape: of the array.
        known: the lengths, by their names.
        of: the name of the array that has them.
        p_shape: its shape.

    Raises:
        ValueError: it does not fit.
    """
    wanted = tuple([known[name] for name in slot.dims])
    if not fits(shape, wanted):
        raise ValueError(
            f"{slot.label} must have the shape {wanted} for {of}.shape={p_shape}: one number for "
            f"each place of an item; got {slot.label}.shape={shape}."
        )


def laid(name: str, given: Shape, items: Shape) -> Shape:
    """The shape in which weights or a mask broadcast to the items.

    They may have the items' shape, with 1 in place of a length; that of their first dimensions; or
    a last dimension of 1 too many.

    Raises:
        ValueError: they have none of these.
    """
    found = given
    if len(given) == len(items) + 1 and given[-1] == 1:
        found = given[:-1]
    found = (*found, *[1] * (len(items) - len(found)))
    if len(found) == len(items) and all(
        a in (1, None) or b is None or a == b for a, b in zip(found, items, strict=True)
    ):
        return found
    single = "True or False" if name == "mask" else "a number"
    raise ValueError(
        f"{name} must be {single}, have the shape of the items {items}, or of their first "
        f"dimensions (one per sample): got {name}.shape={given}."
    )
