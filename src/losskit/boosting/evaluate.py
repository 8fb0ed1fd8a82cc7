"""Slope and curvature of all rows in one pass, into memory that is kept from round to round."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from losskit import native
from losskit.core.namespaces import Array
from losskit.core.slots import spread
from losskit.engine.call import aligned, checked
from losskit.engine.formulas import Formulas
from losskit.engine.numpy import NUMPY


class Kept(threading.local):
    """Arrays that are written anew each round; each thread has its own."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def __reduce__(self) -> Any:
        return Kept, ()

    def pair(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Two arrays of that shape, one after the other along a new first axis."""
        found = self.arrays.get("pair")
        if found is None or found.shape[1:] != shape or found.dtype != dtype:
            found = self.arrays["pair"] = np.empty((2, *shape), dtype)
        return found


def slopes(
    card: Any, y: Array, p: Array, weight: Array | None, scale: float, slope: Array, curve: Array
) -> None:
    """Write a card's weighted slope and curvature, times ``scale``, into two arrays.

    Raises:
        ValueError: a value is out of its domain.
    """
    known = native.prepare(card, (y, p), weight, None, curve=True)
    # A raw score that is no number is no error: it is reported by what comes of it.
    if known is not None and known.run(scale, slope=(slope,), curve=(curve,)) is not None:
        return
    call = checked(NUMPY, aligned(NUMPY, card, (y, p), weight))
    m = NUMPY.vocabulary(call.came)
    at = Formulas(card, m, NUMPY, call.looked).at(call.used, *call.arrays)
    per_row: Any = np.float64(scale) if call.weight is None else scale * call.weight
    if call.weight is not None:
        per_row = spread(m, call.card.slots[call.card.main], per_row)
    with np.errstate(all="ignore"):
        slope[...] = at.slope(1) * per_row
        curve[...] = at.slope(1, "curve") * per_row


def value(card: Any, y: Array, p: Array, weight: Array | None) -> tuple[float, float]:
    """(sum of the weighted items, sum of the weights).

    Raises:
        ValueError: a value is out of its domain.
    """
    known = native.prepare(card, (y, p), weight, None)
    if known is not None:
        found = known.run(value=True)
        if found is not None:
            return found[0], native.divisor(card, known)
    call = checked(NUMPY, aligned(NUMPY, card, (y, p), weight))
    items = Formulas(card, NUMPY.vocabulary(call.came), NUMPY, call.looked).value(
        call.used, *call.arrays
    )
    if call.weight is None:
        return float(np.sum(items, dtype=np.float64)), float(items.size)
    w = call.weight.astype(np.float64)
    return float(np.sum(items * w)), float(np.sum(w))
