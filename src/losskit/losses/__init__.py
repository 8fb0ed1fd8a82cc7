"""What each loss is: one card per loss, one family per file. The only place to edit to add one."""

from losskit.losses import (
    classification,
    divergence,
    focal,
    likelihood,
    margin,
    multiclass,
    overlap,
    regression,
    sequence,
    similarity,
    sparsemax,
)

__all__ = [
    "classification",
    "divergence",
    "focal",
    "likelihood",
    "margin",
    "multiclass",
    "overlap",
    "regression",
    "sequence",
    "similarity",
    "sparsemax",
]
