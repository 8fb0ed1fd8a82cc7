"""Several predictions as one array, and several targets: where a loss is handed one of each.

Keras's `compile`, a file of predictions, a command line: there what a network makes lies side by
side along one axis, the last but for the last dimension of an item; and likewise what it does not
make.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

from losskit.core.definition import REAL, Card, Domain, Slot
from losskit.core.families import Items, Rowwise
from losskit.core.namespaces import Array, Vocabulary


def predictions(card: Any) -> tuple[int, ...]:
    """The slots that a network makes."""
    return tuple(i for i, slot in enumerate(card.slots) if slot.predicted)


def targets(card: Any) -> tuple[int, ...]:
    """The slots that a network does not make."""
    return tuple(i for i, slot in enumerate(card.slots) if not slot.predicted)


def packed(card: Any) -> Any:
    """The card of one target and one prediction; itself where it takes just these.

    A card without a target gets one, a number for each item, which is not read.
    """
    if len(predictions(card)) == len(targets(card)) == 1:
        return card
    kind: Any = type(card)
    return _class(kind)(card)


IGNORED = Domain("a number, which is not read", read=False)


@dataclass(frozen=True, repr=False)
class Packed(Rowwise):
    """A card of target and prediction: those of another card, stacked where they are several."""

    card: Any

    optional: ClassVar[tuple[Slot, ...]] = ()  # where there is one array of each, there is no other

    def __post_init__(self) -> None:
        self._fill()  # its parameters are those of the other card, and checked

    @property
    def axis(self) -> int:  # type: ignore[override]
        """Along which the predictions are stacked."""
        return self.slots[1].axes[0]

    def takes(self) -> tuple[Slot, ...]:
        target = Slot("target", IGNORED, predicted=False, differentiable=False)
        if targets(self.card):
            target = self._of("target", targets(self.card))
        return (target, self._of("prediction", predictions(self.card)))

    def _of(self, name: str, which: tuple[int, ...]) -> Slot:
        """One slot of several ones of the other card."""
        slots = [self.card.slots[i] for i in which]
        first = slots[0]
        if len(slots) == 1:
            alone: Slot = dataclasses.replace(first, name=name)
            return alone
        # Before the last dimension of an item, if that is counted from the end; those further in
        # front, the samples of a batch among them, stay in front.
        axis = min([0, *first.axes[-1:]]) - 1
        own = tuple(a - 1 if a <= axis else a for a in first.axes)
        return Slot(
            name,
            REAL,
            (name, *first.dims),
            (axis, *own),
            predicted=first.predicted,
            differentiable=any(slot.differentiable for slot in slots),
            places=tuple(slot.domain for slot in slots),
        )

    @property
    def target(self) -> Domain:  # type: ignore[override]
        return self.slots[0].domain

    @property
    def prediction(self) -> Domain:
        return self.slots[1].domain

    def parameters(self) -> dict[str, Any]:
        return self.card.parameters()  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return repr(self.card)

    def __reduce__(self) -> Any:
        return packed, (self.card,)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "card":
            raise AttributeError(name)
        return getattr(self.card, name)

    def apart(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, ...]:
        """What the other card takes, slot by slot."""
        found: list[Array] = [None] * len(self.card.slots)
        for slot, which, x in zip(self.slots, self._which(), (y, p), strict=True):
            parts = m.unstack(x, slot.axes[0]) if len(which) > 1 else [x] * len(which)
            for i, part in zip(which, parts, strict=True):
                found[i] = part
        return tuple(found)

    def _which(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return targets(self.card), predictions(self.card)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.card.value(m, *self.apart(m, y, p))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._stacked(1, "slope", m, y, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._stacked(1, "curve", m, y, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._stacked(0, "slope", m, y, p)

    def _stacked(self, side: int, order: str, m: Vocabulary, y: Array, p: Array) -> Array:
        """The derivatives of target (side 0) or prediction; 0 by what has none."""
        arrays, x = self.apart(m, y, p), (y, p)[side]
        which = self._which()[side]
        made = []
        for slot, part in ((self.card.slots[i], arrays[i]) for i in which):
            method = slot.derivative(order)
            known = slot.differentiable
            made.append(getattr(self.card, method)(m, *arrays) if known else 0.0 * part)
        if not made:
            return 0.0 * x
        return m.stack(made, self.slots[side].axes[0]) if len(made) > 1 else made[0]


@cache
def _class(card: type[Card]) -> type[Packed]:
    """A class of packed cards with the facts of a card's."""
    own = (
        {f.name for f in fields(Packed)} | set(vars(Packed)) | set(vars(Rowwise)) | set(vars(Items))
    )
    facts = {
        name: getattr(card, name)
        for name in Card.__annotations__
        if name not in own and name != "name" and hasattr(card, name)
    }
    made: Any = type(card.__name__, (Packed,), {**facts, "__doc__": card.__doc__})
    made.__module__ = card.__module__
    # After the class is made, for a class that is made with a name goes into the registry.
    made.name = card.name
    made.rules = card.rules
    return made  # type: ignore[no-any-return]
