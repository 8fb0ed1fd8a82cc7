"""Every loss of losskit under its own name, as a function of JAX arrays, made from the cards."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from jax import Array

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.core.families import Setwise
from losskit.jax.evaluate import evaluate

_KIND = inspect.Parameter


def get(name: str) -> Callable[..., Array]:
    """The function of that loss: by its name, class name or alias.

    It is also how to reach a loss whose name is taken by optax's, such as ``kl_divergence``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    return FUNCTIONS[find(name).name]


def _signature(card: type[Card]) -> inspect.Signature:
    options: dict[str, Any] = {"where": None, "weight": None}
    if not issubclass(card, Setwise):
        options["reduction"] = "none"
    options["on_empty"] = "zero"
    parameters = {name: default for name, (default, _) in card.rules().items()}
    return inspect.Signature(
        [_KIND(n, _KIND.POSITIONAL_OR_KEYWORD) for n in ("predictions", "targets")]
        + [_KIND(n, _KIND.KEYWORD_ONLY, default=d) for n, d in {**parameters, **options}.items()]
    )


def _make(card: type[Card]) -> Callable[..., Array]:
    signature = _signature(card)
    known = frozenset(signature.parameters)

    def function(predictions: Any, targets: Any, **options: Any) -> Array:
        if not known.issuperset(options):
            signature.bind(predictions, targets, **options)  # says which argument is unknown
        return evaluate(card, predictions, targets, **options)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.jax"
    function.__doc__ = card.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


FUNCTIONS: dict[str, Callable[..., Array]] = {c.name: _make(c) for c in cards()}
"""Every loss function of losskit by name."""
