"""What each loss is: one card per loss, one family per file. The only place to edit to add one."""

from losskit.losses import (
    classification,
    divergence,
    likelihood,
    margin,
    regression,
    sequence,
    similarity,
)

__all__ = [
    "classification",
    "divergence",
    "likelihood",
    "margin",
    "regression",
    "sequence",
    "similarity",
]
