"""Foreign names as tables: one row for each loss of another library, by the card that computes it.

From a row follow the function and the module of the face, their docstrings and stubs, how the check
recognises the other library's own, and what ``losskit show`` says of it. What is truly the other
library's own habit is a function of that name beside the face; its row says the rest.
"""

from __future__ import annotations

from losskit.peers import keras, optax, torch

TABLES = {"keras.losses": keras.ROWS, "torch.nn": torch.ROWS, "optax.losses": optax.ROWS}
"""The rows of each library's losses, by where it has them."""


def elsewhere(card: str) -> dict[str, list[str]]:
    """The names that a loss has in other libraries, by where these have it."""
    found: dict[str, list[str]] = {}
    for place, rows in TABLES.items():
        for row in rows.values():
            if card in (row.card, row.dense, *row.of, (row.instead or ("", 0, ""))[2]):
                found.setdefault(place, []).append(row.module or row.name)
    return found
