"""From items to one number: a sum and a count, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.core.definition import shown
from losskit.core.families import OfMean, Setwise
from losskit.core.namespaces import Array
from losskit.engine.across import Across
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework

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


def check_set(card: Any, reduction: Any, mean: str = "mean") -> None:
    """Refuse the sum and the items of a loss that is one value per set.

    Args:
        card: any card.
        reduction: as it was given.
        mean: what the face calls that value.

    Raises:
        ValueError: these are asked for.
    """
    if isinstance(card, Setwise) and reduction in ("sum", "none", None):
        inner = f", or {card.inner.name} for sums and items" if isinstance(card, OfMean) else ""
        raise ValueError(
            f"{card.name} is one value per set: reduction={reduction!r} does not exist for it. "
            f'Use "{mean}"{inner}.'
        )


def check_num_items(num_items: Any, reduction: Any = "mean", card: Any = None) -> float:
    """The caller's own count of what a mean divides by.

    Raises:
        ValueError: it is not a finite number >= 0; or nothing is divided by it, as the reduction is
            no mean, or the loss is one of a set.
    """
    if check_reduction(reduction) in ("sum", "none"):
        raise ValueError(
            f"num_items goes with a mean, got num_items={num_items} with reduction={reduction!r}."
        )
    if isinstance(card, Setwise):
        raise ValueError(
            f"{card.name} is one value per set: the values of parts do not add up to the "
            f"whole's, so num_items={num_items} has no meaning. Merge the parts(...) of the "
            "chunks, then combine them."
        )
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


def total(items: Array, weight: Array | None) -> float:
    """The weighted sum of items, accumulated in float64."""
    if weight is not None:
        items = items.astype(np.float64) * weight
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


def reduced(
    f: Framework,
    call: Call,
    reduction: str = "mean",
    *,
    by_weights: bool = False,
    on_empty: str = "zero",
    num_items: Any = None,
    across: Across | None = None,
) -> Array:
    """The reduced loss of a call that is `checked`, or its items; differentiable.

    Args:
        f: the framework of the arrays.
        call: what the card takes.
        reduction: "mean", "sum" or "none".
        by_weights: whether the mean divides by the sum of the weights, not by the number of items.
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        num_items: what the mean divides by, in place of both.
        across: where the other parts of the batch are, if there are any.
    """
    formulas = Formulas(call.card, f.vocabulary(call.came), f, call.looked)
    if isinstance(call.card, Setwise):
        return _of_set(f, formulas, call, by_weights, on_empty, across)
    if reduction == "none":
        items = f.items(formulas, call)
        return items if call.weight is None else items * call.weight
    if reduction == "sum":
        own = f.sum(formulas, call)
        return own if across is None else across.total(own)
    counted = count(f, call, by_weights) if num_items is None else num_items
    empty = math.nan if on_empty == "nan" else 0.0
    if across is not None:
        dtype = f.computed(f.dtype(call.prediction))
        whole = f.number(counted, call.prediction, dtype)
        whole = whole if num_items is not None else across.count(whole)
        return whole_mean(f, formulas, call, whole, empty, across)
    found = f.mean(formulas, call, counted)
    if not empty:
        return found
    # A part in which nothing counts is part of a whole: the caller's count alone says if that is.
    own = num_items is None and call.adding is not None
    number = f.number(counted, call.prediction, f.dtype(found))
    some = f.total(call.adding) > 0 if own else number != 0
    return formulas.m.where(some, found, math.nan)


def whole_mean(
    f: Framework, formulas: Formulas, call: Call, count: Array, empty: float, across: Across
) -> Array:
    """The mean over all parts, for the count of them all."""
    m = formulas.m
    safe = m.where(count == 0, 1.0, count)
    own = f.fused(call, "mean", False, safe)
    own = f.mean(formulas, call, safe) if own is None else own
    return m.where(count == 0, empty, across.total(own))


def count(f: Framework, call: Call, by_weights: bool = False) -> Any:
    """What a mean divides by: the number of items that count, or the sum of their weights."""
    weight = call.weight if call.divides is None else call.divides
    if by_weights and weight is not None:
        return f.total(weight)
    if call.keep is None:
        return math.prod(call.shape)
    return f.cast(f.total(call.keep), f.computed(f.dtype(call.prediction)))


def parts(f: Framework, call: Call, by_weights: bool = False) -> tuple[Array, ...]:
    """What a part of the data adds: (sum, count); of a set the numbers of its state, and the count.

    Parts are put together by `merged`, and `combined` makes the loss of them.
    """
    formulas = Formulas(call.card, f.vocabulary(call.came), f, call.looked)
    dtype = f.computed(f.dtype(call.prediction))
    counted = f.number(count(f, call, by_weights), call.prediction, dtype)
    if isinstance(call.card, Setwise):
        arrays = formulas.fitted(call.used, call.arrays)
        weight = _weights(f, formulas, call, dtype)
        return (*formulas.at(None, *arrays, weight, counted).state(), counted)
    return f.sum(formulas, call), counted


def merged(m: Any, card: Any, a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parts of two parts together."""
    if isinstance(card, Setwise):
        return (*card.merge(m, a[:-1], b[:-1]), a[-1] + b[-1])
    return a[0] + b[0], a[1] + b[1]


def combined(m: Any, card: Any, given: tuple[Any, ...], empty: float = 0.0) -> Any:
    """The loss, a mean, of all parts together; ``empty`` where nothing counts."""
    *state, counted = given
    safe = m.where(counted == 0, 1.0, counted)
    value = card.finish(m, tuple(state), safe) if isinstance(card, Setwise) else state[0] / safe
    return m.where(counted == 0, empty, value)


def _weights(f: Framework, formulas: Formulas, call: Call, dtype: str) -> Array:
    """The weight of each element of a set, 0 for what does not count."""
    p = call.prediction
    weight = f.ones(p, dtype) if call.weight is None else f.broadcast(call.weight, f.sizes(p))
    return weight if call.used is None else formulas.m.where(call.used, weight, 0.0)


def _of_set(
    f: Framework,
    formulas: Formulas,
    call: Call,
    by_weights: bool,
    on_empty: str,
    across: Across | None,
) -> Array:
    m, p = formulas.m, call.prediction
    dtype = f.computed(f.dtype(p))
    arrays = formulas.fitted(call.used, call.arrays)
    weight = _weights(f, formulas, call, dtype)
    own = count(f, call, by_weights)
    counted = f.number(own, p, dtype)
    if across is not None:
        counted = across.count(counted)
    elif isinstance(own, int) and own:  # there is something
        return f.of_set(formulas, None, *arrays, weight, counted)
    # No item, no mistake: the root of 0 / 0 is never taken.
    value = f.of_set(formulas, across, *arrays, weight, m.where(counted == 0, 1.0, counted))
    value = value if across is None else across.value(value)
    return m.where(counted == 0, math.nan if on_empty == "nan" else 0.0, value)
