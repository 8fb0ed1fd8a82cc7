"""What comes in as sequences of different lengths: checked, with a message that says what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.core.namespaces import Array


def check_blank(name: str, blank: int, classes: int) -> None:
    """Check that the blank is one of the classes."""
    if not 0 <= blank < classes:
        raise ValueError(f"{name} must be one of the {classes} classes, got {blank}.")


def check_lengths(
    name: str, lengths: Array, longest: int, of: str, counted: Array | None = None
) -> None:
    """Check lengths of sequences that lie in rows of that length."""
    bad = ~((lengths >= 0) & (lengths <= longest)) | (lengths != np.floor(lengths))
    where = _first(bad if counted is None else bad & counted)
    if where is not None:
        raise ValueError(
            f"{name} must be whole, from 0 to {longest}, the length of {of}, got "
            f"{lengths[where]:g} at index {_shown(where)}."
        )


def check_labels(name: str, y: Array, there: Array, classes: int, blank: int) -> None:
    """Check the labels (..., labels) that are there."""
    where = _first(there & ((y < 0) | (y >= classes) | (y == blank)))
    if where is None:
        return
    label, place = int(y[where]), _place(where)
    if label == blank:
        raise ValueError(
            f"{name}: label {label} {place} is the blank, which is said between labels and is none "
            "of them. Leave it out, or name another class blank."
        )
    raise ValueError(
        f"{name}: label {label} {place} is out of range: there are {classes} classes, so labels "
        f"are 0 to {classes - 1} without the blank, {blank}. If this place is padding, let the "
        "length of the sequence say so."
    )


def check_ended(name: str, y: Array, counted: Array | None, classes: int, blank: int) -> None:
    """Check labels (..., labels) that end with the blank or a negative number."""
    there = (y >= 0) & (y != blank)
    ended = np.logical_or.accumulate(~there, -1)
    counted = np.ones((), bool) if counted is None else counted
    where = _first(there & ended & counted)
    if where is not None:
        raise ValueError(
            f"{name}: label {int(y[where])} {_place(where)} comes behind the end of its sequence: "
            f"the blank, {blank}, and negative numbers end one. Move them behind the labels, or "
            "name another class blank."
        )
    check_labels(name, y, there & counted, classes, blank)


def ended(m: Any, y: Array, there: Array, classes: int, blank: int) -> Array:
    """Labels of which it is known which are there, as CTC takes them; what is none is no class."""
    return m.where(there, m.where((y < 0) | (y == blank), classes, y), -1)


def _first(bad: Array) -> tuple[int, ...] | None:
    return tuple(int(i) for i in np.argwhere(bad)[0]) if bad.any() else None


def _shown(where: tuple[int, ...]) -> str:
    return str(where[0] if len(where) == 1 else where)


def _place(where: tuple[int, ...]) -> str:
    *sequence, place = where
    return f"(sequence {_shown(tuple(sequence))}, place {place})" if sequence else f"({place})"
