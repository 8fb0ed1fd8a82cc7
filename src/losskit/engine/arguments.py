"""The arguments of a call, by the names that a face has for a card's slots."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

KIND = inspect.Parameter


def takes(
    card: Any, names: dict[str, str] | None = None, prediction_first: bool = False
) -> tuple[str, ...]:
    """What a face calls the arrays that a card takes, in the face's order.

    Args:
        card: any card.
        names: what it calls target and prediction, if not y_true and y_pred.
        prediction_first: whether the prediction comes before the target.
    """
    found = [(names or {}).get(slot.name, slot.label) for slot in card.slots]
    if prediction_first and card.slots[0].name == "target":
        found[:2] = found[1::-1]
    return tuple(found)


def in_slots(card: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a card takes, slot by slot, of arrays that have the prediction before the target."""
    if card.slots[0].name != "target":
        return given
    return (given[1], given[0], *given[2:])


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """A word that is one of some.

    Raises:
        ValueError: it is none of them.
    """
    if value not in choices:
        *others, last = [f'"{choice}"' for choice in choices]
        raise ValueError(f"{name} must be {', '.join(others)} or {last}, got {value!r}.")
    return str(value)


def optional(card: Any) -> dict[str, bool]:
    """The names of a card's optional slots, and whether a parameter has that name too."""
    return {slot.name: slot.name in card.rules() for slot in card.optional}


def beside(
    names: dict[str, bool], given: dict[str, Any], is_array: Callable[[Any], bool]
) -> dict[str, Any]:
    """What is given for optional slots, taken out of the arguments: arrays, but no parameters.

    Args:
        names: as `optional` gives them.
        given: arguments by name.
        is_array: whether something is an array, and no value of a parameter of the same name.
    """
    found = {}
    for name, is_parameter in names.items():
        x = given.get(name)
        if is_array(x) or not is_parameter:
            given.pop(name, None)
            if x is not None:
                found[name] = x
    return found


def bind(
    label: str,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    keywords: tuple[str, ...],
    args: tuple[Any, ...],
    named: dict[str, Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """(the required arguments in order, the others by name).

    Args:
        label: of the function, for messages.
        required: arguments by place or by name.
        optional: further ones, likewise.
        keywords: those by name alone.
        args, named: as they were given.

    Raises:
        TypeError: they do not fit.
    """
    places = (*required, *optional)
    if len(args) > len(places):
        raise TypeError(
            f"{label} takes {len(places)} positional arguments, {', '.join(places)}, but "
            f"{len(args)} were given."
        )
    given = dict(zip(places, args, strict=False))
    for name, x in named.items():
        if name in given:
            raise TypeError(f"{label} got several values for {name}.")
        if name not in places and name not in keywords:
            known = ", ".join((*places, *keywords))
            raise TypeError(f"{label} does not take {name}. It takes: {known}.")
        given[name] = x
    missing = [name for name in required if name not in given]
    if missing:
        raise TypeError(f"{label} misses {', '.join(missing)}. It takes: {', '.join(places)}.")
    return tuple(given.pop(name) for name in required), given


def signature(
    required: tuple[str, ...], optional: dict[str, Any], keywords: dict[str, Any]
) -> inspect.Signature:
    """The signature of such a call."""
    return inspect.Signature(
        [KIND(n, KIND.POSITIONAL_OR_KEYWORD) for n in required]
        + [KIND(n, KIND.POSITIONAL_OR_KEYWORD, default=d) for n, d in optional.items()]
        + [KIND(n, KIND.KEYWORD_ONLY, default=d) for n, d in keywords.items()]
    )
