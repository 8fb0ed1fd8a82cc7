"""Every loss of losskit under its own name, as a function of JAX arrays, made from the cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jax import Array

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.core.families import Setwise
from losskit.engine.arguments import bind, signature, takes
from losskit.jax.evaluate import NAMES, evaluate


def get(name: str) -> Callable[..., Array]:
    """The function of that loss: by its name, class name or alias.

    It is also how to reach a loss whose name is taken by optax's, such as ``kl_divergence``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    return FUNCTIONS[find(name).name]


def _make(card: type[Card]) -> Callable[..., Array]:
    options: dict[str, Any] = {"where": None, "weight": None}
    if not issubclass(card, Setwise):
        options |= {"reduction": "none", "num_items": None}
    options |= {"on_empty": "zero", "across": None}
    parameters = {name: default for name, (default, _) in card.rules().items()}
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
