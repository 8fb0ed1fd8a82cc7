"""Losses of optax, and losskit's in its JAX face."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from losskit.checks.libraries.arrays import defaults_of, partial_arguments
from losskit.checks.subject import Subject
from losskit.core.definition import CARDS, Card
from losskit.core.namespaces import Array
from losskit.peers.optax import ROWS


def recognise(loss: Any, y: Any, p: Any, forms: Any) -> Subject:
    """A function of `optax.losses` or `losskit.jax` (a `functools.partial` of it too)."""
    function, given = partial_arguments(loss)
    name = function.__name__
    ours = function.__module__.startswith("losskit")
    options = defaults_of(function) | given
    shown = ", ".join(f"{k}={v!r}" for k, v in given.items())

    # One program per shape: operation by operation, each would be compiled by itself. losskit's are
    # such programs already, and look at values before.
    called = loss if ours else jax.jit(loss)

    def run(y: Any, p: Any) -> Any:
        ps = p if isinstance(p, tuple) else (p,)
        ys = y if isinstance(y, tuple) else (y,)
        return called(*map(jnp.asarray, ps), *map(jnp.asarray, ys))

    def value(y: Any, p: Any, w: Array | None) -> Array:
        return np.asarray(run(y, p), np.float64)

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        found = jax.grad(lambda at: run(y, at).sum())(jnp.asarray(p))
        return np.asarray(found, np.float64)

    return Subject(
        library="optax",
        name=f"{'losskit.jax' if ours else 'optax'}.{name}({shown})",
        card=_card(name, options),
        value=value,
        items=value if options.get("reduction", "none") == "none" else None,
        slope=slope,
        reduction=str(options.get("reduction", "none")),
        options=options,
        zero_is_minus=ours,
        stretches=not ours,
        wraps=not ours and name in ROWS and ROWS[name].wraps,
    )


def _card(name: str, options: dict[str, Any]) -> Card | None:
    """losskit's card of the same formula, with the parameters that both have."""
    row, axis = ROWS.get(name), options.get("axis")
    if isinstance(axis, tuple):
        return None
    if row is not None:
        made: Card | None = row.made(options, axis=axis)
        return made
    card = CARDS.get(name)
    try:
        return (
            None
            if card is None
            else card(**{k: v for k, v in options.items() if k in card.rules() and v is not None})
        )
    except (TypeError, ValueError):
        return None
