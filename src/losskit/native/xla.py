"""Which kernel XLA is to call for a card, and all that it must tell it: numbers and text alone.

A program that holds such a call may be kept and loaded again. How it comes into a program is the
framework's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from losskit.core.families import Items, is_rowwise
from losskit.core.namespaces import Precision
from losskit.native import programs
from losskit.native.evaluate import VALUE, readable
from losskit.native.find import computed_in, describe
from losskit.programs.symbols import sayable


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """A kernel, and all it has to know beside the arrays."""

    target: str
    """The name under which XLA knows it."""
    attributes: tuple[tuple[str, Any], ...]
    axes: tuple[int, ...]
    """Those that a row uses up, counted from the end: batches come before them."""
    dtype: Any
    """Of the computation."""
    slots: int = 2
    """How many arrays it takes; the others are weights, a mask and a scale."""
    main: int = 1
    """Which of them says what the items are."""
    predicted: tuple[int, ...] = (1,)
    """By which of them there are derivatives."""
    card: Any = None
    """Where its program is the kernel, which depends on what is asked for."""
    length: int = 1
    """Of its rows."""

    def asked(self, flags: Iterable[tuple[str, bool]]) -> list[tuple[str, Any]]:
        """All that a call tells the kernel, by name: numbers, texts, tuples of numbers, bytes.

        Args:
            flags: "weighted", "masked", "scaled": which arrays come behind the slots; "total",
                "items", "slope": what is wanted.
        """
        wanted = dict(flags)
        known = [*self.attributes, *wanted.items()]
        if self.card is not None:
            value = VALUE if wanted["total"] or wanted["items"] else ()
            slopes = self.predicted if wanted["slope"] else ()
            made = programs.program(
                self.card, (*value, *(("slope", i) for i in slopes)), self.length
            )
            assert made is not None, "a card has a program of its value, but none of its slopes"
            known += [("program", made.packed())]
            known += [("parameters", tuple([getattr(self.card, n) for n in made.parameters]))]
        return known


def described(
    card: Any,
    shape: Sequence[Any],
    dtypes: Sequence[Any],
    came: Precision | None = None,
    every: bool = False,
) -> Spec | None:
    """The kernel for a card and arrays that fit it; None if there is none.

    Args:
        card: any card.
        shape: of what says what the items are; None for a length that is open, outside of rows.
        dtypes: of the arrays, slot by slot.
        came: of the dtype in which predictions came, where they are wider now.
        every: whether also for cards of which XLA makes as fast a loop by itself.
    """
    if not isinstance(card, Items) or len(dtypes) != len(card.slots):
        return None
    computed = computed_in(dtypes[card.main])
    if computed is None or not all(map(readable, dtypes)):
        return None
    wide, own = computed
    came = came or own
    dtype = np.dtype("f8" if wide else "f4")
    if card.long:
        return _sequences(card, shape, len(dtypes), came, dtype)
    known = describe(card, came) if len(dtypes) == 2 else None
    if known is None:
        return _program(card, tuple(shape), dtypes, came, dtype, every)
    attributes, axes = dataclasses.asdict(known), tuple[int, ...]()
    if "axis" in attributes:
        attributes["axis"] = attributes["axis"] % len(shape) - len(shape)
        axes = (attributes["axis"],)
    else:
        attributes |= {"floor": came.tiny, "complement_floor": came.half_gap}
    target = "losskit_softmax" if axes else "losskit_pointwise"
    return Spec(target, tuple(attributes.items()), axes, dtype)


def _sequences(
    card: Any, shape: Sequence[Any], slots: int, came: Precision, dtype: Any
) -> Spec | None:
    """The same of a loss of sequences, which may have numbers of frames of their own."""
    known = describe(card, came)
    if known is None or 0 in shape or shape[-1] is None or not card.blank < shape[-1]:
        return None
    attributes = dataclasses.asdict(known) | {"lengths": slots > 2}
    return Spec("losskit_ctc", tuple(attributes.items()), (-2, -1), dtype, slots)


def _program(
    card: Any, shape: tuple[Any, ...], dtypes: Any, came: Precision, dtype: Any, every: bool
) -> Spec | None:
    """The same by the card's program, where that is faster than what XLA makes of the formulas."""
    if 0 in shape or not sayable(card) or not (every or is_rowwise(card)):
        return None  # XLA computes elements in one loop, whatever the formula
    axes = tuple(sorted(a % len(shape) - len(shape) for a in card.slots[card.main].axes))
    if any(shape[axis] is None for axis in axes):
        return None
    rows = programs.rows(card, tuple([1 if n is None else n for n in shape]))
    known = None if rows is None else programs.program(card, VALUE, rows[1])
    if rows is None or known is None:
        return None
    # What goes once over a row is one loop to XLA too; but each reduction that another follows it
    # writes down. Labels it looks for in all classes.
    if not every and len(known.passes) < 2 and not card.target.labels:
        return None
    ignored = card.ignored()
    attributes = {
        "values": programs.facts(card, [x.name for x in dtypes]),
        "main": card.main,
        "axis": axes[0] if axes else 0,
        "axes": len(axes),
        "ignores": ignored is not None,
        "ignored": ignored or 0,
        "floor": came.tiny,
        "complement_floor": came.half_gap,
    }
    predicted = tuple([i for i, slot in enumerate(card.slots) if slot.predicted])
    of_card = (len(dtypes), card.main, predicted, card, rows[1])
    return Spec("losskit_program", tuple(attributes.items()), axes, dtype, *of_card)
