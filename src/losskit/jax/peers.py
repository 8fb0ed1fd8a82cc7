"""optax's own names: a function for each row of `losskit.peers.optax`."""

from __future__ import annotations

from collections.abc import Callable

from jax import Array

from losskit.core.definition import find
from losskit.jax import embeddings, habits, ranking, segmentation, sequence, shapes
from losskit.peers.optax import ROWS, words
from losskit.peers.row import Row, compiled, docstring, keywords

_CALLS = {
    "elements": shapes.pointwise,
    "half": shapes.half,
    "summed": shapes.summed,
    "rows": shapes.rowwise,
    "labels": shapes.rowwise,
}


def _function(row: Row) -> Callable[..., Array]:
    card = find(row.card)
    p, y = list(row.parameters)[:2]
    body = f"return _call(_card, {p}, {y}, axis, where, {(p, y)!r}, {keywords(row, card)})"
    names = {"_call": _CALLS[row.form], "_card": card}
    doc = docstring(row, "optax.losses", words(row))
    return compiled(row.name, row.takes, body, names, "losskit.jax", doc)


FUNCTIONS: dict[str, Callable[..., Array]] = {name: _function(row) for name, row in ROWS.items()}
"""optax's functions by name; and those that are made of several losses, or of none."""
for module in (embeddings, habits, ranking, segmentation, sequence):
    FUNCTIONS |= {name: getattr(module, name) for name in module.__all__}
