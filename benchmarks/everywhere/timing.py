"""Two calls in turns: the ratio of their times, with an interval."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.session import settle

BLOCK = 4e-3
"""Seconds that a side's turn takes, at the least."""
PIECES = 4
"""A turn's calls are timed in so many parts, of which the median counts: one hiccup does not."""
WARM = 1e-3
PAUSE = 2e-3
ROUNDS, FEWEST = 9, 5
LONGEST = 3.0
"""Seconds after which a case gets no further round, once it has had the fewest."""
LONG = 0.5
"""Seconds of a call from which on it warms itself."""
COVERS = 0.93
"""The least probability with which the interval holds the true median."""
SLOWER = 0.95
"""A call is slower where the upper end of its interval lies below this."""

Call = Callable[[], Any]


def compare(ours: Call, theirs: Call, rounds: int = ROUNDS) -> dict[str, Any]:
    """Time both in turns: which begins changes from round to round.

    Before each turn, all threads sleep: those of a pool spin for a while after a call, and would
    take a processor from the other side.

    Returns:
        "ratio": how many times as long theirs takes as ours; "low" and "high": its interval;
        "ours", "theirs": seconds of a call; "rounds": the ratio of each.
    """
    sides = (ours, theirs)
    plans = [_calls(side) for side in sides]
    times: tuple[list[float], list[float]] = ([], [])
    start = time.monotonic()
    for number in range(rounds):
        if number >= FEWEST and time.monotonic() - start > LONGEST:
            break
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            times[side].append(_turn(sides[side], plans[side]))
    ratios = [b / a for a, b in zip(*times, strict=True)]
    low, high = interval(ratios)
    return {
        "ratio": statistics.median(ratios),
        "low": low,
        "high": high,
        "ours": statistics.median(times[0]),
        "theirs": statistics.median(times[1]),
        "rounds": ratios,
    }


def interval(values: list[float]) -> tuple[float, float]:
    """Order statistics between which the median lies with a probability of `COVERS` or more."""
    values, n = sorted(values), len(values)
    out, tail = 0, 0.5**n
    while out + 1 < (n + 1) // 2:
        more = tail + math.comb(n, out + 1) * 0.5**n
        if 1 - 2 * more < COVERS:
            break
        out, tail = out + 1, more
    return values[out], values[n - 1 - out]


def _calls(call: Call) -> int:
    """How many calls a piece of a turn has; 0: one, and none before it."""
    _wait()
    for _ in range(2):  # the first one may be cold
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        if once > LONG:
            return 0
    if once < BLOCK / 20:  # the clock and what slept would show in one call
        start = time.perf_counter()
        for _ in range(10):
            call()
        once = (time.perf_counter() - start) / 10
    return max(1, math.ceil(BLOCK / PIECES / max(once, 1e-7)))


def _turn(call: Call, calls: int) -> float:
    _wait()
    gc.disable()
    try:
        end = time.perf_counter() + WARM
        if calls:
            call()
            while time.perf_counter() < end:
                call()
        taken: list[float] = []
        while len(taken) < PIECES and (len(taken) < 1 or sum(taken) < BLOCK * PIECES):
            start = time.perf_counter()
            for _ in range(max(1, calls)):
                call()
            taken.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return statistics.median_low(taken) / max(1, calls)


def _wait() -> None:
    time.sleep(PAUSE)
    settle()


def verdict(row: dict[str, Any]) -> str:
    """ "slower", "faster" or "equal"; what is handed to the peer's own operation is equal."""
    if row.get("handed"):
        return "equal"
    if row["high"] < SLOWER:
        return "slower"
    return "faster" if row["low"] > 1 / SLOWER else "equal"
