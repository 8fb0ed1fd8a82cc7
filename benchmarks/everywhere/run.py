"""The run: a worker for each face, one case after another, the worst ones again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks import machine, results
from benchmarks.everywhere import timing
from benchmarks.everywhere.cases import Case
from benchmarks.workers import Missing, Worker, WorkerError

CONTROL = 12
"""Each so manieth case, the peer is also timed against itself."""
SHARE = 0.8
"""Of the minutes for the sample; the rest is for the worst rows again."""
AGAIN = 15
"""Rounds of a row that is timed again."""
PATIENCE = 90.0
"""Seconds that a row may take, with what is compiled for it."""
SAVE = 10.0
"""Seconds after which the file is written again."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    cases: list[Case]
    """In their order."""
    minutes: float | None
    """None: until all are done."""
    threads: int
    seed: int
    out: Path


def fresh(plan: Plan) -> results.Results:
    """Results of nothing yet."""
    return {
        "format": results.FORMAT,
        "kind": "everywhere",
        "machine": machine.describe(),
        "settings": {"seed": plan.seed, "threads": plan.threads, "rounds": timing.ROUNDS},
        "versions": {},
        "rows": {},
        "controls": {},
    }


class Run:
    """Workers and what they found.

    Args:
        plan: what to measure.
        found: results to go on with.
        say: takes lines for the reader.
    """

    def __init__(self, plan: Plan, found: results.Results, say: Say) -> None:
        self._plan, self.found, self._say = plan, found, say
        self._workers: dict[str, Worker | None] = {}
        self._start = self._saved = time.monotonic()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            if worker is not None:
                worker.stop()
        self._save()

    def all(self) -> None:
        """The sample, then the worst of it again."""
        rows = self.found["rows"]
        left = [case for case in self._plan.cases if case.id not in rows]
        for number, case in enumerate(left, start=1):
            if self._is_late(SHARE):
                break
            row = self._ask(case)
            if row is None:
                continue
            rows[case.id] = row
            self._tell(f"{number}/{len(left)}", case, row)
            if "verdict" in row and (number % CONTROL == 0 or not self.found["controls"]):
                control = self._ask(case, control=True)
                if control is not None and "ratio" in control:
                    self.found["controls"][case.id] = control
        for case in worst(rows, {case.id for case in self._plan.cases}):
            if self._is_late(1.0):
                break
            row = self._ask(case, rounds=AGAIN)
            if row is not None and "ratio" in row:
                # Chosen for being slow, a row's first time is biased: the second one counts.
                rows[case.id] = row | {"first": rows[case.id]["ratio"]}
                self._tell("again", case, row)

    def _is_late(self, share: float) -> bool:
        if time.monotonic() - self._saved > SAVE:
            self._save()
        minutes = self._plan.minutes
        return minutes is not None and time.monotonic() - self._start > 60 * minutes * share

    def _save(self) -> None:
        self._saved = time.monotonic()
        self.found["finished"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
        results.write(self.found, self._plan.out)

    def _tell(self, place: str, case: Case, row: dict[str, Any]) -> None:
        if "addition" in row:
            said = f"{1 / row['ratio']:.1f} additions"
        elif "ratio" in row:
            said = f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
            said += " handed on" if "handed" in row else ""
        else:
            said = next(f"{k}: {row[k]}" for k in ("skipped", "failed", "disagrees") if k in row)
        self._say(f"{time.monotonic() - self._start:5.0f} s  {place}  {case.id}: {said}")

    def _ask(self, case: Case, rounds: int = timing.ROUNDS, control: bool = False) -> Any:
        """A row; None where the face is not installed."""
        worker = self._worker(case.face)
        if worker is None:
            return None
        try:
            return worker.ask("measure", case=case.id, rounds=rounds, control=control)
        except WorkerError as error:
            # It died, or takes too long.
            worker.stop()
            del self._workers[case.face]  # the next case starts it anew
            return {"failed": str(error)}

    def _worker(self, face: str) -> Worker | None:
        if face not in self._workers:
            self._workers[face] = self._begin(face)
        return self._workers[face]

    def _begin(self, face: str) -> Worker | None:
        backend = face.removeprefix("keras-")
        settings = {"KERAS_BACKEND": backend} if backend != face else {}
        module = "benchmarks.everywhere.worker"
        try:
            worker = Worker(face, self._plan.threads, "default", module, settings, PATIENCE)
        except (Missing, WorkerError) as error:
            self._say(f"{face} did not start ({error}): its cases are left out.")
            return None
        self.found["versions"] |= worker.versions
        return worker


def worst(rows: dict[str, Any], among: Iterable[str]) -> list[Case]:
    """The slower rows, the worst first; then those that are nearly slower."""
    timed = [
        (row["verdict"] != "slower", row["ratio"], name)
        for name, row in rows.items()
        if row.get("verdict") and "first" not in row and name in among and row["ratio"] < 1.0
    ]
    return [Case.of(name) for *_, name in sorted(timed)]
