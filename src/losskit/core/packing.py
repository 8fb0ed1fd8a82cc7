"""Several predictions as one array: where a loss can be handed no more than one.

Keras's `compile`, a file of predictions, a command line: there what a network makes lies side by
side along one axis, the last but for the dimensions of an item.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from losskit.core.definition import REAL, Card, Domain, Slot
from losskit.core.families import Items, Rowwise
from losskit.core.namespaces import Array, Vocabulary


def predictions(card: Any) -> tuple[int, ...]:
    """The slots that a network makes."""
    return tuple(i for i, slot in enumerate(card.slots) if slot.predicted)


def packed(card: Any) -> Any:
    """The card with its predictions in one array; itself where it takes no more than one."""
    if len(predictions(card)) == 1:
        return card
    kind: Any = type(card)
    return _class(kind)(card)


@dataclass(frozen=True, repr=False)
class Packed(Rowwise):
    """A card of target and prediction: the predictions of another card, stacked."""

    card: Any

    def __post_init__(self) -> None:
        self._fill()  # its parameters are those of the other card, and checked

    @property
    def axis(self) -> int:  # type: ignore[override]
        """Along which the predictions are stacked."""
        return -1 - len(self._first.dims)

    @property
    def _first(self) -> Slot:
        return self.card.slots[predictions(self.card)[0]]  # type: ignore[no-any-return]

    def takes(self) -> tuple[Slot, ...]:
        first = self._first
        prediction = Slot("prediction", REAL, ("p", *first.dims), (self.axis, *first.axes))
        return (self.card.slots[0], prediction)

    @property
    def places(self) -> tuple[Domain, ...]:
        return tuple(self.card.slots[i].domain for i in predictions(self.card))

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

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.card.value(m, y, *m.unstack(p, self.axis))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._stacked("slope", m, y, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._stacked("curve", m, y, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self.card.target_slope(m, y, *m.unstack(p, self.axis))

    def _stacked(self, order: str, m: Vocabulary, y: Array, p: Array) -> Array:
        parts = m.unstack(p, self.axis)
        slots = [self.card.slots[i] for i in predictions(self.card)]
        made = [getattr(self.card, slot.derivative(order))(m, y, *parts) for slot in slots]
        return m.stack(made, self.axis)


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
