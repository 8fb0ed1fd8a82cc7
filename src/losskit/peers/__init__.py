"""Foreign names as tables: one row for each loss of another library, by the card that computes it.

From a row follow the function and the module of the face, their docstrings and stubs, how the check
recognises the other library's own, and what ``losskit show`` says of it. What is truly the other
library's own habit is a function of that name beside the face; its row says the rest.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from losskit.core.definition import cards, find, fold, spellings
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


def kind(called: str) -> Any:
    """The card of which a loss of that name is a form, though it may take other arrays.

    None where there is none. Case and ``_`` do not matter.
    """
    card = _kinds().get(fold(called))
    return None if card is None else find(card)()


@cache
def _kinds() -> dict[str, str]:
    """The card of each name, losskit's own and others'."""
    found = {fold(name): card.name for card in cards() for name in spellings(card)}
    for rows in TABLES.values():
        for row in rows.values():
            for name in filter(None, (row.name, row.module) if row.card else ()):
                found.setdefault(fold(name), row.card)
    others = {**optax.ALSO, **torch.ALSO}
    return found | {fold(name): card for name, card in others.items()}
