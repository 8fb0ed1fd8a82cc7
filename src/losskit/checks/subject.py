"""A loss as the findings see it, whichever library it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from losskit.core.namespaces import Array

Evaluate = Callable[[Any, Any, "Array | None"], Array]
"""(y_true, y_pred, sample_weight) -> values, all NumPy arrays (or tuples of them)."""

MEANS = {"sum_over_batch_size": "mean", "mean_with_sample_weight": "mean"}
"""Reductions of Keras and losskit that are a mean."""


@dataclass(frozen=True)
class Subject:
    """A loss, recognised: what it means in losskit's terms, and how its own library computes it."""

    library: str
    """"losskit", "keras", "torch", "optax", or "other" for a function nobody knows."""
    name: str
    """As its library writes it, for messages."""
    card: Any
    """The losskit card of the same formula, parameters and class axis; None if there is none."""
    value: Evaluate
    """The loss as it is called: reduced, or items where it reduces nothing."""
    items: Evaluate | None = None
    """The items, before any reduction; None where they cannot be had."""
    slope: Evaluate | None = None
    """The gradient of the sum of the items (or of the value) by the predictions."""
    reduction: str = "none"
    """"mean", "sum", "none" or "batchmean"."""
    options: dict[str, Any] = field(default_factory=dict)
    """The library's own parameters by name, for what the card has no place for."""
    weighs: bool = False
    """Whether the call takes sample weights."""
    divides_by_weights: bool = False
    """Whether its mean divides by the sum of the weights, not by the number of items."""
    zero_is_minus: bool = True
    """Whether a loss of classes -1 and 1 reads 0 as -1."""
    stretches: bool = True
    """Whether the library broadcasts a target of another shape."""
    squeezes: bool = False
    """Whether it makes (N, 1) of (N,), and the other way round, by itself."""
    lists: bool = False
    """Whether targets are lists of class numbers, each ended by -1."""
    wraps: bool = False
    """Whether a negative label counts from the last class."""

    def says(self, default: str, **of_library: str) -> str:
        """The words for this library."""
        return of_library.get(self.library, default)
