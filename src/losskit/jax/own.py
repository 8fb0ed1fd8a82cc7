"""Every loss of losskit under its own name, as a function of JAX arrays, made from the cards."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from jax import Array

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.core.families import Setwise
from losskit.engine.arguments import bind, in_slots, optional, signature, takes
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.engine.reduction import combined, merged
from losskit.engine.reduction import parts as _parts
from losskit.jax.evaluate import NAMES, WORDS, evaluate, make
from losskit.jax.framework import JAX, VOCABULARY, Jax


def get(name: str) -> Callable[..., Array]:
    """The function of that loss: by its name, class name or alias.

    It is also how to reach a loss whose name is taken by optax's, such as ``kl_divergence``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    return _make(find(name))


@cache
def _make(card: type[Card]) -> Callable[..., Array]:
    options: dict[str, Any] = {"where": None, "weight": None}
    if not issubclass(card, Setwise):
        options |= {"reduction": "none", "num_items": None}
    options |= {"on_empty": "zero", "across": None}
    parameters: dict[str, Any] = dict.fromkeys(optional(card))
    parameters |= {name: default for name, (default, _) in card.rules().items()}
    arrays, keywords = takes(card(), NAMES, True), (*parameters, *options)

    def function(*args: Any, **given: Any) -> Array:
        args, given = bind(card.name, arrays, (), keywords, args, given)
        return evaluate(card, *args, **given)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.jax"
    function.__doc__ = card.__doc__
    function.__signature__ = signature(  # type: ignore[attr-defined]
        arrays, {}, {**parameters, **options}
    )
    return function


FUNCTIONS: dict[str, Callable[..., Array]] = {c.name: _make(c) for c in cards()}
"""Every loss function of losskit by name."""


def parts(
    name: str, *arrays: Any, where: Any = None, weight: Any = None, **parameters: Any
) -> tuple[Array, ...]:
    """What a part of the data adds to the mean of a loss: `merge` the parts of all, then `combine`.

    Args:
        name: of the loss, as in `get`.
        arrays: what its function takes.
        where, weight: as there.
        **parameters: of the loss; and what its function takes by its name alone.

    Returns:
        (sum, count); of a loss of a set the numbers that say all of a part, and the count.
    """
    known, traced, more = make(find(name), parameters)
    f = Jax(traced) if traced else JAX
    given, _ = bind(known.name, takes(known, NAMES, True), (), (), arrays, {})
    with named(**WORDS):
        slots = in_slots(known, given)
        return _parts(f, checked(f, aligned(f, known, slots, weight, where, more=more)))


def merge(name: str, a: tuple[Array, ...], b: tuple[Array, ...], **parameters: Any) -> Any:
    """The `parts` of two parts of the data together."""
    return merged(VOCABULARY, make(find(name), parameters)[0], a, b)


def combine(name: str, *parts: Array, on_empty: str = "zero", **parameters: Any) -> Array:
    """The mean of a loss over the whole, from the merged `parts`."""
    empty = math.nan if on_empty == "nan" else 0.0
    return combined(VOCABULARY, make(find(name), parameters)[0], parts, empty)
