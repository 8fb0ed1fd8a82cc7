"""What comes in as sequences of different lengths: checked, with a message that says what to do."""

from __future__ import annotations

import numpy as np

from losskit.core.namespaces import Array


def check_blank(name: str, blank: int, classes: int) -> None:
    """Check that the blank is one of the classes."""
    if not 0 <= blank < classes:
        raise ValueError(f"{name} must be one of the {classes} classes, got {blank}.")


def check_lengths(name: str, lengths: Array, longest: int, of: str) -> None:
    """Check lengths of sequences that lie in rows of that length."""
    bad = (lengths < 0) | (lengths > longest)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            f"{name} must lie between 0 and {longest}, the length of {of}, got {int(lengths[i])} "
            f"at index {i}."
        )


def check_labels(name: str, y: Array, there: Array, classes: int, blank: int) -> None:
    """Check the labels (sequences, labels) that are there."""
    bad = there & ((y < 0) | (y >= classes) | (y == blank))
    if not bad.any():
        return
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    label = int(y[where])
    if label == blank:
        raise ValueError(
            f"{name}: label {label} (sequence {where[0]}, place {where[1]}) is the blank, which is "
            "said between labels and is none of them. Leave it out, or name another class blank."
        )
    raise ValueError(
        f"{name}: label {label} (sequence {where[0]}, place {where[1]}) is out of range: there are "
        f"{classes} classes, so labels are 0 to {classes - 1} without the blank, {blank}. If this "
        "place is padding, let the length of the sequence say so."
    )
