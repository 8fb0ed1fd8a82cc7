"""Running sums of any kind along the last axis, in as many steps as its length has digits.

Each step joins what is known of a stretch with what is known of the stretch before it, which makes
it twice as long. A program that is made for any length takes the steps of the longest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from losskit.core.namespaces import Array, Vocabulary

MOST_STEPS = 24
"""For as many positions as float32 can count."""

State = tuple[Array, ...]


def at(m: Vocabulary, x: Array, index: Array) -> Array:
    """The entries of each row at these positions."""
    return m.drop(m.take(m.lay(x, -2), index), -2)


def zeros(m: Vocabulary, x: Array) -> Array:
    """Zeros like the numbers, of which some may be infinite or NaN."""
    return 0.0 * m.where(m.abs(x) < 1.0, x, 0.0)


def running(
    m: Vocabulary,
    state: State,
    join: Callable[[Any, Any], Any],
    k: Array,
    start: Array | None = None,
) -> State:
    """The states of each position joined with all before it, from `start` on.

    Args:
        m: the vocabulary.
        state: arrays.
        join: of a state and the one after it.
        k: the positions.
        start: where the stretch of each position begins; at 0 for None.
    """
    length = k.shape[-1]
    steps = max(0, length - 1).bit_length() if isinstance(length, int) else MOST_STEPS
    for step in (2**i for i in range(steps)):
        there = k >= step if start is None else k - start >= step
        earlier = m.where(there, k - step, k)
        joined = join(tuple(at(m, x, earlier) for x in state), state)
        state = tuple(m.where(there, new, x) for new, x in zip(joined, state, strict=True))
    return state


def running_back(
    m: Vocabulary,
    state: State,
    join: Callable[[Any, Any], Any],
    k: Array,
    end: Array | None = None,
) -> State:
    """The same with all after each position, up to `end`."""

    def turned(x: Array) -> Array:
        return m.flip(x, (-1,))

    start = None if end is None else turned(at(m, turned(k), end))
    return tuple(map(turned, running(m, tuple(map(turned, state)), join, k, start)))
