"""Means over devices: the whole's, not a mean of means.

Each part of a batch has its own sum and count. What a mean divides by is the count of the whole;
what the parts then add up to is its value, and each part has the gradient by what it holds itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from losskit.core.families import State
from losskit.core.namespaces import Array


class Across(ABC):
    """The parts of a batch, on devices that all make the same call; an empty part calls too.

    A gradient by what all devices share (a network's weights) is put together by the host, which
    sums what the devices give, or averages it: `total` and `value` answer for that.
    """

    def check(self, reduction: str) -> None:
        """Refuse what is not put together.

        Raises:
            ValueError: the items themselves are asked for.
        """
        if reduction == "none":
            raise ValueError(
                'across goes with a mean or a sum, got reduction="none": items stay where they are.'
            )

    @abstractmethod
    def count(self, own: Array) -> Array:
        """A number summed over all parts; no gradient goes through it."""

    @abstractmethod
    def total(self, own: Array) -> Array:
        """A number summed over all parts, with the gradient of this one's own."""

    @abstractmethod
    def states(self, own: State) -> list[State]:
        """The states of all parts of a set, the same list on each."""

    @abstractmethod
    def value(self, own: Array) -> Array:
        """The value of the whole set, which is the same on all, with the gradient of this part."""
