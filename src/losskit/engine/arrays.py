"""What comes in: arrays of numbers, and messages that speak of them by a face's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.engine.shapes import check_shapes

HALF = ("float16", "bfloat16")
"""Types in which nothing is computed: they are widened to float32 first."""


@contextmanager
def named(**names: str) -> Iterator[None]:
    """Messages speak of arguments by the names that a face has for them (``y_true="target"``).

    Messages of losskit's own, and whole words: another library means something else by "mask". But
    not a domain's words ("a variance >= 0").
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        module = "" if last is None else str(last.tb_frame.f_globals.get("__name__"))
        if error.args and module.startswith("losskit."):
            pattern = rf"\b({'|'.join(names)})\b(?! >=)"
            words = re.sub(pattern, lambda found: names[found[0]], str(error.args[0]))
            error.args = (words, *error.args[1:])
        raise


def as_array(name: str, value: Any) -> Array:
    """The value as a numeric array.

    Raises:
        TypeError: it is not numeric.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub":
        return value
    if value is None:
        raise TypeError(f"{name} is None, expected an array of numbers.")
    check_unmasked(name, value)
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged lists
        raise TypeError(
            f"{name} cannot be made an array ({error}). Pass rows of equal length, or pad and "
            "give a mask."
        ) from None
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        remedy = {
            "U": "Number text labels first, e.g. np.unique(labels, return_inverse=True)[1].",
            "S": "Number text labels first, e.g. np.unique(labels, return_inverse=True)[1].",
            "c": "Pass the real or the absolute part.",
        }.get(array.dtype.kind, f"Convert it first, e.g. np.asarray({name}, dtype='float32').")
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype} with shape {array.shape}. "
            f"{remedy}"
        )
    return array


def check_unmasked(name: str, value: Any) -> None:
    """Refuse NumPy's masked arrays.

    Raises:
        TypeError: it is one, or a list of them.
    """
    parts = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise TypeError(
            f"{name} is a masked array, of which every entry would count. Pass "
            f"{name}.filled(0) and mask=~np.ma.getmaskarray({name})."
        )


def check_whole(card: Any, name: str, dtype: str, convert: str, *shapes: tuple[Any, ...]) -> None:
    """Check that predictions that are whole numbers may be: quantities, no classes.

    Args:
        card: any card.
        name: of the predictions.
        dtype: theirs.
        convert: how to make other numbers of them.
        shapes: of all that the card takes.

    Raises:
        TypeError: they may not.
        ValueError: they are more or fewer than the targets, which is the first thing to say.
    """
    whole = "int" in dtype
    if card.task == "regression" and whole:
        return
    p_shape = shapes[card.main]
    if any(own[:1] != p_shape[:1] for own in shapes):
        check_shapes(card, *shapes)
    raise TypeError(
        f"{name} holds {'integers' if whole else 'booleans'} (dtype {dtype}, shape "
        f"{p_shape}), expected floating-point predictions. Class numbers (an argmax) have no "
        "gradient: pass the probabilities or logits themselves; if these are such, or scores, "
        f"convert with {name}{convert}."
    )


def sound(array: Any) -> Any:
    """NumPy's truth values as 0 and 1; anything else as it is.

    Any byte but 0 is true to NumPy, which hands it on; a compiler may look at its last bit.
    """
    truth = isinstance(array, np.ndarray) and array.dtype == bool
    return array.view(np.uint8) != 0 if truth else array
