"""From items to one number: a pair (sum, count) in float64, and what is made of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.core.definition import shown
from losskit.core.namespaces import Array

REDUCTIONS = {
    "mean": "mean",
    "sum_over_batch_size": "mean",
    "mean_with_sample_weight": "mean_with_sample_weight",
    "sum": "sum",
    "none": "none",
    None: "none",
}
ON_EMPTY = ("zero", "nan", "raise")


def check_reduction(reduction: Any) -> str:
    """The reduction under its losskit name.

    Raises:
        ValueError: no such reduction.
    """
    try:
        return REDUCTIONS[reduction]
    except (KeyError, TypeError):
        raise ValueError(
            f"reduction must be one of {', '.join(repr(r) for r in REDUCTIONS)}, got {reduction!r}."
        ) from None


def check_on_empty(on_empty: Any) -> str:
    """What an empty mean gives.

    Raises:
        ValueError: no such choice.
    """
    if not isinstance(on_empty, str) or on_empty not in ON_EMPTY:
        raise ValueError(
            f"on_empty must be one of {', '.join(map(repr, ON_EMPTY))}, got {on_empty!r}."
        )
    return on_empty


def check_num_items(num_items: Any) -> float:
    """The caller's own count.

    Raises:
        ValueError: it is not a finite number >= 0.
    """
    try:
        # float() would read a text, and True as 1: more often a shifted argument than a count.
        count = math.nan if isinstance(num_items, (bool, str)) else float(num_items)
    except (TypeError, ValueError, OverflowError):
        count = math.nan
    if not 0 <= count < math.inf:
        raise ValueError(
            f"num_items must be a number >= 0, the item count of the whole, got {shown(num_items)}."
        )
    return count


def total(items: Array, weight: Array | None, keep: Array | None) -> float:
    """The weighted sum of the items that count, accumulated in float64."""
    if weight is not None:
        items = items.astype(np.float64) * weight
    if keep is not None:
        items = np.where(keep, items, 0.0)
    return float(np.sum(items, dtype=np.float64))


def mean(sum_: float, count: float, on_empty: str) -> float:
    """sum / count, with the agreed answer for a count of 0.

    Raises:
        ValueError: the count is below 0, or it is 0 and ``on_empty`` is "raise".
    """
    if count < 0:
        raise ValueError(f"count must be a number >= 0, got {count!r}.")
    if count == 0:
        if on_empty == "raise":
            raise ValueError(
                "Nothing to average: the batch is empty, or every element is masked, ignored or "
                "of weight 0. Pass on_empty='zero' to get 0 instead."
            )
        return 0.0 if on_empty == "zero" else math.nan
    return sum_ / count
