"""Programs as kernels: for every card that has no compiled loops of its own, a user's included."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from losskit.core.families import Items, is_rowwise
from losskit.core.namespaces import Precision
from losskit.engine.values import spacing
from losskit.native import library
from losskit.programs.lower import Program, lower
from losskit.programs.symbols import ROW, answered, free_parameters, span_of, trace

Wanted = tuple[tuple[str, int], ...]
"""Of a card: ("value", 0) first if its items are wanted, then ("slope" or "curve", slot)."""


def program(card: Items, wanted: Wanted, length: int) -> Program | None:
    """The program that computes what is wanted of a card; None if it takes what programs lack.

    Programs are kept: one serves all values of the parameters that its formulas do not ask for.
    """
    free = tuple(free_parameters(card))
    for names in (free, ()) if free else ((),):
        fixed = tuple((n, v) for n, v in card.parameters().items() if n not in names)
        known = _known(type(card), names, fixed, wanted, card.taken)
        for questions, made in known:
            if answered(questions, card, length):
                found = made
                break
        else:
            known.append(_make(card, wanted, length, names))
            found = known[-1][1]
        if found is not None:
            return found
    return None


def _make(card: Any, wanted: Wanted, length: int, names: tuple[str, ...]) -> Any:
    """What was asked, and the program; None if the card does what a program cannot."""
    try:
        m, results = trace(card, wanted, length, names)
        spans = [ROW if order == "value" else span_of(card, card.slots[i]) for order, i in wanted]
        nodes = [results[key] for key in wanted]
        return tuple(m.questions), lower(card, names, nodes, spans, library.operations())
    except Exception:
        # A card may do what a program cannot, in Python's own ways too.
        return (), None


@lru_cache(4096, typed=True)
def _known(*_: Any) -> list[tuple[Any, Program | None]]:
    """The programs of a kind of card with such parameters fixed, each with what it asked."""
    return []


@lru_cache(1024, typed=True)
def kernel(
    card: Any, wanted: Wanted, length: int, wide: bool, came: Precision, dtypes: tuple[str, ...]
) -> Any:
    """The kernel of a card's program; None if it has none.

    Args:
        card: the card.
        wanted: what is wanted of it.
        length: of a row.
        wide: whether it computes in float64.
        came: of the dtype in which predictions came.
        dtypes: of the slots, by name.
    """
    made = program(card, wanted, length)
    if made is None:
        return None
    return library._kernels.ProgramKernel(
        wide,
        made.packed(),
        [float(getattr(card, name)) for name in made.parameters],
        ("value", 0) in wanted,
        [*facts(card, dtypes)],
        card.ignored(),
        came.tiny,
        came.half_gap,
        card.main,
        *_axes(card),
    )


def _axes(card: Any) -> tuple[int, int]:
    """Where the elements of an item lie in the prediction: the first of their axes, and how many.

    Axes that do not follow upon one another are none that a quick call takes: (0, -1).
    """
    axes = sorted(card.slots[card.main].axes) if is_rowwise(card) else []
    if axes != list(range(axes[0], axes[0] + len(axes)) if axes else []) or 0 in axes[1:]:
        return 0, -1
    return (axes[0], len(axes)) if axes else (0, 0)


def facts(card: Any, dtypes: Iterable[str]) -> tuple[float, ...]:
    """What the slots may hold, as numbers: see `SlotValues` in csrc/program.hpp."""
    numbers: list[float] = []
    for slot, eps in zip(card.slots, map(spacing, dtypes), strict=True):
        d = slot.domain
        free = d.labels or d.lenient
        low, high = (-math.inf, math.inf) if free else d.ends(eps)
        finite = not (slot.predicted or free)
        few = [*d.values, *[0.0] * (4 - len(d.values))]
        numbers += [low, high, finite, d.minus_infinity, d.labels, len(d.values), *few]
        numbers.append(slot.stand_in)
    return tuple([float(x) for x in numbers])


def rows(card: Any, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """How many positions lie before the rows' elements, the elements, the positions after."""
    if not is_rowwise(card):
        return math.prod(shape), 1, 1
    axes = sorted(axis % len(shape) for axis in card.slots[card.main].axes)
    if not axes or axes != list(range(axes[0], axes[-1] + 1)):
        return None
    first, behind = axes[0], axes[-1] + 1
    return math.prod(shape[:first]), math.prod(shape[first:behind]), math.prod(shape[behind:])


class Layout(NamedTuple):
    """What of a card a call needs, however it is called."""

    taken: bool
    """Whether a program may compute it: by what it is, not yet by its formulas."""
    rowwise: bool
    predicted: tuple[int, ...]
    """The slots that a network makes."""


@lru_cache(4096, typed=True)
def layout(card: Any) -> Layout:
    """Asked of every call; of a card it is always the same."""
    predicted = tuple([i for i, slot in enumerate(card.slots) if slot.predicted])
    return Layout(takes(card), is_rowwise(card), predicted)


def takes(card: Any) -> bool:
    """Whether a program may compute the card: by what it is, not yet by its formulas."""
    return isinstance(card, Items) and card.decomposable and sayable(card)


def sayable(card: Items) -> bool:
    """The same of a card whose value may be one for the whole batch, which lies in one place."""
    if not card.programmed:
        return False
    if card.long or card.held or any(len(slot.domain.values) > 4 for slot in card.slots):
        return False
    several_labels = any(s.domain.labels and s.axes for s in card.slots)
    return not (several_labels or any(s.domain.count_of for s in card.slots))
