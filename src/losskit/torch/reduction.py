"""PyTorch's reductions, by either form of the argument."""

from __future__ import annotations

from torch.nn import _reduction


def reduced(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, by the older two arguments if they are given."""
    if size_average is None and reduce is None:
        return reduction
    return _reduction.legacy_get_string(size_average, reduce)
