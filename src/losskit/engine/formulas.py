"""A card's formulas for arrays that may hold anything where they do not count."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from losskit.core.families import Setwise, State, counting, out_of_domain
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.slots import gather, spread
from losskit.engine.across import Across
from losskit.engine.framework import Framework
from losskit.engine.values import spacing
from losskit.programs.run import evaluate


@dataclass(frozen=True)
class Formulas:
    """A card's value and slopes, in the dtype of the computation.

    Their arguments are which items count (None for all), then the slots; of a set, then the weights
    and what a mean divides by. What does not count gives 0, whatever lies there; what is out of its
    domain gives NaN, unless that has been looked at.
    """

    card: Any
    m: Vocabulary
    framework: Framework
    looked: bool = False
    across: Across | None = None
    """Where the other parts of a set are, if there are any."""

    def value(self, used: Array | None, *arrays: Array) -> Array:
        """The items; of a set its value, of no dimension."""
        return self.at(used, *arrays).value()

    def slope(self, slot: int, used: Array | None, *arrays: Array, order: str = "slope") -> Array:
        """The derivative of the value by a slot, in its shape."""
        return self.at(used, *arrays).slope(slot, order)

    def at(self, used: Array | None, *arrays: Array, ahead: tuple[int, ...] | None = None) -> At:
        """Value and slopes of the same arrays.

        Args:
            used, arrays: see `Formulas`.
            ahead: the slots by which slopes will be asked for, where neither these nor the value
                are to be differentiated; None where they may be.
        """
        own = arrays[: len(self.card.slots)]
        eps = tuple([spacing(self.framework.dtype(x)) for x in own])
        return At(self, used, self.fitted(used, arrays), ahead, eps)

    def spread(self, slot: int, x: Array) -> Array:
        """What belongs to the items, laid over the elements of a slot."""
        return x if isinstance(self.card, Setwise) else spread(self.m, self.card.slots[slot], x)

    def gather(self, slot: int, x: Array) -> Array:
        """What belongs to the elements of a slot, summed over those of an item."""
        if isinstance(self.card, Setwise):
            return self.framework.total(x)
        return gather(self.m, self.card.slots[slot], x)

    def fitted(self, used: Array | None, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """The arrays in the dtype of the computation, what does not count replaced."""
        slots, f = self.card.slots, self.framework
        dtype = f.computed(f.dtype(arrays[self.card.main]))
        found = []
        for slot, x in zip(slots, arrays, strict=False):
            x = x if slot.domain.labels else f.cast(x, dtype)
            counted = None if used is None else spread(self.m, slot, used)
            if slot.predicted:  # of the target the formulas see to what is ignored
                counted = counting(self.m, self.card, slot, arrays[0], used)
            if counted is not None:
                # Before any formula: what does not count may be NaN, and 0 * NaN is NaN.
                x = self.m.where(counted, x, slot.stand_in)
            found.append(x)
        return (*found, *arrays[len(slots) :])


class At:
    """Formulas at certain arrays: what value and slopes have in common is made once."""

    def __init__(
        self,
        by: Formulas,
        used: Array | None,
        arrays: tuple[Array, ...],
        ahead: tuple[int, ...] | None = None,
        eps: tuple[float, ...] = (),
    ) -> None:
        self.by, self.used, self.arrays = by, used, arrays
        self.of_set = isinstance(by.card, Setwise)
        slots = arrays[: len(by.card.slots)]
        no_class = by.framework.no_class
        self.bad = None
        if not by.looked:
            self.bad = out_of_domain(by.m, by.card, *slots, no_class=no_class, eps=eps)
        self.made: dict[int | None, Array] = {}
        """The value (None) and slopes, where they are there already."""
        if ahead is not None and not self.of_set:
            found = by.card.every(by.m, ahead, *slots)
            self.made = {} if found is None else dict(zip((None, *ahead), found, strict=True))
        self._rest: tuple[Any, ...] | None = None

    @property
    def rest(self) -> tuple[Any, ...]:
        """What value and slopes have in common."""
        if self._rest is None:
            n, card = len(self.by.card.slots), self.by.card
            shared = self.state() if self.of_set else card.shared(self.by.m, *self.arrays[:n])
            self._rest = () if shared is None else (shared,)
        return self._rest

    def state(self) -> State:
        """The state of a set, and of all other parts of it."""
        *parts, count = self.arrays
        m, card, across = self.by.m, self.by.card, self.by.across
        if any(isinstance(n, int) and n == 0 for n in parts[card.main].shape):
            own = tuple([0.0 * count + number for number in card.nothing])
        else:
            own = tuple([m.drop(part, None) for part in card.local(m, *parts)])
        if across is None:
            return own
        return functools.reduce(lambda a, b: card.merge(m, a, b), across.states(own))

    def every(self, by: tuple[int, ...]) -> list[Array]:
        """The value, and the slopes by these slots; not to be differentiated.

        By the graph of them all, if there is one: it says the same in fewer operations.
        """
        if self.made:
            return [self.value(), *(self.slope(i) for i in by)]
        wanted = (("value", 0), *(("slope", i) for i in by))
        n = len(self.by.card.slots)
        found = None if self.of_set else evaluate(self.by.m, self.by.card, wanted, self.arrays[:n])
        if found is None:
            return [self.value(), *(self.slope(i) for i in by)]
        labels = self.by.card.slots[0].domain
        if labels.labels and not self.by.looked:
            y, c = self.arrays[0], self.arrays[self.by.card.main].shape[self.by.card.axis]
            wrong = (y < 0) | (y >= c)
            self.bad = wrong if self.bad is None else self.bad | wrong
        return [self._sound(x, i) for x, i in zip(found, (None, *by), strict=True)]

    def value(self) -> Array:
        """See `Formulas.value`."""
        m, card = self.by.m, self.by.card
        if None in self.made:
            return self._sound(self.made[None], None)
        if not self.of_set:
            return self._sound(card.value(m, *self.arrays, *self.rest), None)
        found, bad = card.finish(m, *self.rest, self.arrays[-1]), self.bad
        if bad is None:
            return found
        return m.where(m.drop(m.max(m.where(bad, 1.0, 0.0), None), None) > 0, float("nan"), found)

    def slope(self, slot: int, order: str = "slope") -> Array:
        """See `Formulas.slope`."""
        card = self.by.card
        if slot in self.made and order == "slope":
            return self._sound(self.made[slot], slot)
        method = getattr(card, card.slots[slot].derivative(order))
        found = method(self.by.m, *self.arrays, *self.rest)
        return found if self.of_set else self._sound(found, slot)

    def _sound(self, x: Array, slot: int | None) -> Array:
        """NaN for what is out of its domain, 0 for what does not count."""
        m, bad, used = self.by.m, self.bad, self.used
        if slot is not None:
            bad = bad if bad is None else self.by.spread(slot, bad)
            used = used if used is None else self.by.spread(slot, used)
        x = x if bad is None else m.where(bad, float("nan"), x)
        return x if used is None else m.where(used, x, 0.0)
