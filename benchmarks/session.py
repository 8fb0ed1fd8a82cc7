"""What a worker does for its library: check, choose the fastest form, time."""

from __future__ import annotations

import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import truth
from benchmarks.allocator import faults
from benchmarks.cases import Case
from benchmarks.peers import Absent, Form, Peer, Row

LEAST_SECONDS = 10e-3
"""A timing lasts at least this long, or the clock would show."""
LONG = 20e-3
"""Choosing between the forms of a row calls each for about this long."""
WARM = 20e-3
"""Calls for at least this long go before a timing, and at least one.

While others had their turn, this process's second thread, its processor and its memory went to
sleep; in a training loop they would not have.
"""
SETTLED = 0.2
"""Threads that spin while they wait for work take a whole processor; below this share none does."""
HOPELESS = 2.5
"""A form that took so many times the best one's time when checked is not tried again."""


@dataclass(frozen=True)
class Candidate:
    """A form that computes the right thing."""

    form: Form
    seconds: float
    """How long a call took while it was checked, beside other processes."""
    value_error: float
    gradient_error: float | None


@dataclass(frozen=True)
class Chosen:
    """The form of a row that is timed."""

    call: Callable[[], Any]
    seconds: float


class Session:
    """The rows of one case, until the next.

    Args:
        peer: a file of `benchmarks.peers`, started.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._candidates: dict[str, list[Candidate]] = {}
        self._chosen: dict[str, Chosen] = {}

    def prepare(self, case: Case, true_value: float) -> dict[str, dict[str, Any]]:
        """Make the arrays, compile, run each form once and compare it to the truth.

        Returns:
            For each row why it is not timed: "absent", "refused" (it computes something else) or
            "failed". A row with none of these has a form that is right; "dropped" then says what
            is wrong with another one, and "note" what the library does differently.
        """
        self.free()
        arrays = case.arrays()
        sample = truth.Sample.of(case, arrays)
        rows = self._peer.make(case, arrays)
        # From here on the peer alone holds what it needs: many have a copy of their own.
        del arrays
        answers: dict[str, dict[str, Any]] = {}
        for name, row in rows.items():
            if isinstance(row, Absent):
                answers[name] = {"absent": row.why}
                continue
            right, wrong = _check(case, row, true_value, sample)
            answers[name] = {"note": row.note} if row.note else {}
            if right:
                self._candidates[name] = right
                if wrong:
                    answers[name]["dropped"] = " ".join(wrong.values())
            else:
                answers[name] |= wrong
        gc.collect()
        settle()
        return answers

    def choose(self, name: str) -> dict[str, Any]:
        """Time the forms of a row while nothing else runs, and keep the fastest.

        Returns:
            The form's label and its errors.
        """
        candidates = self._candidates.pop(name)
        enough = HOPELESS * min(c.seconds for c in candidates)
        promising = [c for c in candidates if c.seconds <= enough]
        if len(promising) == 1 and promising[0].seconds > LONG:
            tried = [(promising[0].seconds, promising[0])]  # nothing to compare, nothing to loop
        else:
            tried = [(_typical(c.form.call), c) for c in promising]
        seconds, best = min(tried, key=lambda pair: pair[0])
        self._chosen[name] = Chosen(best.form.call, seconds)
        settle()
        return {
            "form": best.form.label,
            "value_error": best.value_error,
            "gradient_error": best.gradient_error,
        }

    def time(self, name: str) -> dict[str, Any]:
        """Seconds and page faults per call, over enough calls to be measured."""
        call, expected = self._chosen[name].call, self._chosen[name].seconds
        calls = max(1, math.ceil(LEAST_SECONDS / expected))
        gc.disable()
        try:
            end = time.perf_counter() + WARM
            call()
            while time.perf_counter() < end:
                call()
            pages = faults()
            start = time.perf_counter()
            for _ in itertools.repeat(None, calls):
                call()
            seconds = (time.perf_counter() - start) / calls
        finally:
            gc.enable()
        pages = faults() - pages
        settle()
        return {"seconds": seconds, "faults": pages / calls, "calls": calls}

    def free(self) -> None:
        """Let go of the case's arrays and of what the library compiled for it."""
        self._candidates.clear()
        self._chosen.clear()
        self._peer.clear()
        gc.collect()


def settle(longest: float = 0.1) -> None:
    """Wait until the library's own threads sleep, for it is another one's turn.

    OpenMP's spin for some milliseconds after a call, those of OpenBLAS for tens of them.
    """
    end = time.monotonic() + longest
    share = 1.0
    while share > SETTLED and time.monotonic() < end:
        start, used = time.monotonic(), time.process_time()
        time.sleep(1e-3)
        share = (time.process_time() - used) / (time.monotonic() - start)


def _check(
    case: Case, row: Row, true_value: float, sample: truth.Sample
) -> tuple[list[Candidate], dict[str, str]]:
    """The forms of a row that compute the right thing, and why the last of the others does not."""
    right: list[Candidate] = []
    wrong: dict[str, str] = {}
    for form in row.forms:
        try:
            value, gradient = row.read(form.call())
            errors = truth.check(case, true_value, sample, value, gradient)
            del gradient
            start = time.perf_counter()
            form.call()
            right.append(Candidate(form, time.perf_counter() - start, *errors))
        except truth.Refused as error:
            wrong = {"refused": f"{form.label}: {error}"}
        except Exception as error:  # whatever a peer raises is a result too
            wrong = {"failed": f"{form.label}: {type(error).__name__}: {_first_line(error)}"}
    return right, wrong


def _typical(call: Callable[[], Any]) -> float:
    """The median of some calls: 2 if they are long, up to 20 within `LONG`."""
    taken: list[float] = []
    while len(taken) < 2 or (len(taken) < 20 and sum(taken) < LONG):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median_low(taken)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]
