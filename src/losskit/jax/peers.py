"""optax's own names: a function for each row of `losskit.peers.optax`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.core.definition import find
from losskit.jax import habits, shapes
from losskit.jax.evaluate import evaluate
from losskit.peers.optax import ROWS, words
from losskit.peers.row import Row, compiled, docstring, keywords

_CALLS: dict[str, Callable[..., Array]] = {
    "": evaluate,
    "elements": shapes.pointwise,
    "half": partial(shapes.pointwise, share=0.5),
    "summed": partial(shapes.pointwise, sums=True),
    "rows": shapes.rowwise,
    "labels": shapes.rowwise,
}


def _function(row: Row) -> Callable[..., Array]:
    names: dict[str, Any] = {"jnp": jnp}
    if row.form == "whole":
        names["_call"] = getattr(habits, row.name)
        given = [*row.parameters]
    else:
        card = names["_card"] = find(row.card)
        names["_call"] = _CALLS[row.form]
        p, y = list(row.parameters)[:2]
        given = ["_card", p, y, f"names={(p, y)!r}", keywords(row, card)]
        given += [f"{name}={name}" for name in ("axis", "where") if name in row.parameters]
    body = f"return _call({', '.join(filter(None, given))})"
    doc = docstring(row, "optax.losses", words(row))
    return compiled(row.name, row.takes, body, names, "losskit.jax", doc)


FUNCTIONS: dict[str, Callable[..., Array]] = {name: _function(row) for name, row in ROWS.items()}
"""optax's functions by name."""
