"""One loss call on JAX arrays: JAX's habits around the engine's call."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core.definition import Card, made
from losskit.core.families import Setwise
from losskit.engine.arguments import beside, check_choice, in_slots, optional
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.engine.reduction import check_num_items
from losskit.engine.reduction import reduced as reduce
from losskit.jax.across import across_of
from losskit.jax.framework import JAX, Jax

REDUCTIONS = ("none", "mean", "sum")
ON_EMPTY = ("zero", "nan")
NAMES = {"target": "targets", "prediction": "predictions"}
WORDS = {
    "y_true": "targets",
    "y_pred": "predictions",
    "prediction": "predictions",
    "sample_weight": "weight",
    "mask": "where",
}
"""Messages in this face's words."""


def evaluate(
    card: type[Card],
    *arrays: Any,
    where: Any = None,
    weight: Any = None,
    reduction: str = "none",
    on_empty: str = "zero",
    num_items: Any = None,
    across: Any = None,
    names: tuple[str, str] = ("predictions", "targets"),
    **parameters: Any,
) -> Array:
    """The items, or the reduced loss.

    Args:
        card: a loss card.
        arrays: predictions, targets and what else the card takes. Predictions are floating-point;
            of a regression integers too, read as JAX's default float.
        where: boolean, in the shape of the items, or of their first dimensions: which count.
        weight: of each item, likewise.
        reduction: "none", "mean" (over the items that count) or "sum".
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        num_items: what a mean divides by: the item count of the whole of which this is a part.
        across: the name of the axis (or axes) along which the batch is parted over devices.
        names: of predictions and targets, for messages.
        **parameters: of the card; a number may be an array of no dimension, traced too. Of its
            optional slots an array, traced too: class_weight, one for each class; pos_weight.

    Raises:
        TypeError: predictions are integers, and no quantities.
        ValueError: shapes do not match; or, outside of jit, a value is out of its domain.
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("on_empty", on_empty, ON_EMPTY)
    if num_items is not None and not isinstance(num_items, jax.Array):
        num_items = check_num_items(num_items)
    known, traced, more = make(card, parameters)
    parts = across_of(across)
    if parts is not None:
        parts.check("mean" if isinstance(known, Setwise) else reduction)
    f = Jax(traced) if traced else JAX
    words = {**WORDS, "prediction": names[0], "y_true": names[1], "y_pred": names[0]}
    with named(**words):
        call = checked(f, aligned(f, known, in_slots(known, arrays), weight, where, more=more))
        found = reduce(f, call, reduction, on_empty=on_empty, num_items=num_items, across=parts)
        dtype = call.prediction.dtype
        return found if found.dtype == dtype else found.astype(dtype)


def _is_array(x: Any) -> bool:
    return isinstance(x, (jax.Array, np.ndarray)) and x.ndim > 0


@cache
def _asked(card: type[Card]) -> tuple[dict[str, bool], dict[str, str]]:
    """Which optional slots a card has, and of which kinds its parameters are."""
    return optional(card), {name: rule.kind for name, (_, rule) in card.rules().items()}


def make(
    card: type[Card], parameters: dict[str, Any]
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The card, its parameters that are traced or arrays, and what its optional slots are given.

    The last is taken out of the parameters.
    """
    (slots, kinds), known, traced = _asked(card), {}, {}
    more = beside(slots, parameters, _is_array) if slots else {}
    for name, value in parameters.items():
        if not isinstance(value, (jax.Array, np.ndarray)):
            known[name] = value
            continue
        kind, is_traced = kinds.get(name, ""), isinstance(value, jax.core.Tracer)
        # Of what may be one per class as well, several that are traced cannot be told from others.
        number = kind == "number" or (kind.startswith("number") and value.ndim == 0)
        if number and (is_traced or value.ndim > 0):
            traced[name] = jnp.asarray(value)
        elif not is_traced:
            known[name] = value
        else:
            raise TypeError(
                f"{name} is traced, but decides which formula holds: give it as a Python value, "
                f"e.g. by jax.jit(..., static_argnames={name!r})."
            )
    return made(card, known), traced, more
