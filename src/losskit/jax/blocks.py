"""Rows by XLA on the CPU, some at a time: what it keeps for each reduction is then small."""

from __future__ import annotations

import math
from typing import Any

import jax

from losskit.programs.run import counted

_ELEMENTS = 2**17
"""Of a block, about: what is kept of it fits a cache."""


def count(card: Any, wanted: Any, arrays: tuple[Any, ...]) -> int:
    """Into how many blocks of as many rows a call is parted; 1 where it is not."""
    shape = arrays[card.main].shape
    axes = card.slots[card.main].axes
    if len(axes) != 1 or not all(isinstance(n, int) for n in shape) or len(shape) < 2:
        return 1
    last = axes[0] % len(shape) == len(shape) - 1
    if not last or any(x.shape not in (shape, shape[:-1]) for x in arrays):
        return 1
    if jax.device_count("cpu") > 1:
        return 1  # where rows lie on several devices, a loop would gather them
    found = counted(card, wanted, shape[-1])
    if found is None or found["sum"] < 2:
        return 1  # what is summed once may be kept in the derivative's own memory
    rows = math.prod(shape[:-1])
    most = rows * shape[-1] // _ELEMENTS
    if most < 2:
        return 1
    # A number that parts them evenly, and not into crumbs.
    near = range(min(most, rows), min(4 * most, rows) + 1)
    return next((n for n in near if rows % n == 0), 1)


def over(function: Any, parts: int, used: Any, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """function(used, *arrays), block after block: the items, and derivatives by elements."""
    shape = max((x.shape for x in arrays), key=len)
    rows = math.prod(shape[:-1]) // parts

    def parted(x: Any) -> Any:
        return x.reshape((parts, rows, *x.shape[len(shape) - 1 :]))

    given = [parted(x) for x in arrays]
    if used is None:
        found = jax.lax.map(lambda xs: function(None, *xs), given)
    else:
        found = jax.lax.map(lambda xs: function(*xs), [parted(used), *given])
    return tuple(x.reshape((*shape[:-1], *x.shape[2:])) for x in found)
