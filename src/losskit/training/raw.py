"""What a source hands over, before anything is decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from losskit.streaming.sources import listed

Array = npt.NDArray[Any]


class Refused(Exception):
    """Data, a loss or a setting that will not do: what was got, what is expected, what to do."""


@dataclass
class Raw:
    """Rows as they came, with or without validation rows of their own."""

    name: str
    x: Array
    """Numeric features: rows first, then columns, or an image's height and width."""
    y: Array
    """One target per row: numbers, text or booleans."""
    x_val: Array | None = None
    y_val: Array | None = None
    target: str = "y"
    columns: list[dict[str, Any]] = field(default_factory=list)
    """Of a table: for each feature column its name, and its categories where it is one-hot."""
    notes: list[str] = field(default_factory=list)
    """What was decided on the way, to be said."""


MOST_WHOLE = 2**24
"""The largest of the whole numbers that float32 tells apart."""


def is_rounded(values: Array) -> bool:
    """Whether whole numbers among these are so large that float32 rounds them."""
    if values.dtype.kind not in "iu" or not values.size:
        return False
    return max(int(values.max()), -int(values.min())) > MOST_WHOLE


def said_rounded(names: Sequence[str]) -> str:
    """The note on that."""
    return (
        f"Rounded to the 7 digits of float32, for they hold whole numbers beyond {MOST_WHOLE}: "
        f"{listed(names)}. If these are ids, leave them out."
    )


def numeric(name: str, values: Any) -> Array:
    """Features as numbers that float32 can hold.

    Raises:
        Refused: they are not numbers, are missing, or are infinite.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise Refused(
            f"{name} holds {array.dtype} values, expected real numbers. Encode them as numbers, or "
            "give the data as CSV or Parquet, whose text columns are one-hot encoded."
        )
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        bad = ~np.isfinite(array)
        if bad.any():
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            raise Refused(
                f"{name} has {int(bad.sum())} values that are missing (NaN), infinite or beyond "
                f"float32, the first at index {where}. Drop those rows or fill them in first: a "
                "guess made here would be hidden in the model."
            )
    return array
