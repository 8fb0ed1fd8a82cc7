"""The benchmark itself: for each case, every worker in turn, round after round.

All workers are alive and warm at once, and only one computes at a time. So when the machine slows
down for a while, it slows down for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks import machine, truth
from benchmarks.cases import Case
from benchmarks.peers import LIBRARIES
from benchmarks.results import compare_with_copy, conclude, statistics
from benchmarks.workers import Missing, Worker, WorkerError

FEWEST_ROUNDS = 3
WORTH_KEEPING = 2**20
"""Bytes below which the C library keeps a freed array in any case."""
NOT_TIMED = {"absent", "refused", "failed"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is measured, and how."""

    cases: list[Case]
    libraries: list[str]
    threads: int
    rounds: int = 7
    memory_bytes: int = 8 * 2**30
    case_seconds: float = 6.0
    """After this long a case gets no further round, once it has had `FEWEST_ROUNDS`."""


class Run:
    """One allocator: its workers and its cases.

    Args:
        plan: what to measure.
        allocator: a key of `benchmarks.allocator.ALLOCATORS`.
        true_values: the cases' values, shared between runs.
        say: takes lines for the reader.
    """

    def __init__(
        self, plan: Plan, allocator: str, true_values: dict[tuple[Any, ...], float], say: Say
    ) -> None:
        self._plan, self._allocator, self._say = plan, allocator, say
        self._true_values = true_values
        self._workers: dict[str, Worker] = {}
        self.result: dict[str, Any] = {
            "allocator": allocator,
            "copy": None,
            "libraries": {},
            "cases": [],
            "skipped": [],
        }

    # --- workers

    def __enter__(self) -> Run:
        try:
            for library in self._plan.libraries:
                self._start(library)
            self._measure_copy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.stop()

    def _start(self, library: str) -> None:
        try:
            worker = Worker(library, self._plan.threads, self._allocator)
        except Missing as error:
            self.result["libraries"][library] = {"missing": str(error)}
            self._say(f"{library} is not installed ({error}): its rows are skipped.")
        except WorkerError as error:
            self.result["libraries"][library] = {"failed": str(error)}
            self._say(f"{library} did not start ({error}): its rows are skipped.")
        else:
            self._workers[library] = worker
            self.result["libraries"][library] = {
                "versions": worker.versions,
                "faults_on_reuse": worker.faults_on_reuse,
            }
            if self._allocator == "keep" and worker.faults_on_reuse > 100:
                self._say(f"{library} gives memory back although it was told to keep it.")

    def _measure_copy(self) -> None:
        """The machine's best copy: at the start and at the end, and the better one counts."""
        worker = next((w for w in self._workers.values() if w.alive), None)
        if worker is None:
            return
        try:
            found = worker.ask("copy")
        except WorkerError as error:
            self._say(f"The copy could not be measured: {error}")
            return
        known = self.result["copy"]
        if known is None or found["bytes_per_second"] > known["bytes_per_second"]:
            self.result["copy"] = found

    # --- cases

    def cases(self) -> Iterable[dict[str, Any]]:
        """Measure case after case; each is in the result before the next begins."""
        for case in self._plan.cases:
            needed = self._needed(case)
            if needed > self._plan.memory_bytes:
                why = (
                    f"needs {needed / 2**30:.1f} GiB, more than --memory "
                    f"{self._plan.memory_bytes / 2**30:g}"
                )
                self.result["skipped"].append({"id": case.id, "why": why})
                self._say(f"{case.id} {why}: skipped.")
                continue
            # Kept apart until it is whole: Ctrl-C in between must not leave half a case.
            measured = self._measure(case)
            self.result["cases"].append(measured)
            yield measured

    def finish(self) -> None:
        """Measure the copy once more, and compare with the better one."""
        self._measure_copy()
        for case in self.result["cases"]:
            self._compare(case)

    def _compare(self, case: dict[str, Any]) -> None:
        if self.result["copy"] is not None:
            compare_with_copy(case, self.result["copy"]["bytes_per_second"])

    def _needed(self, case: Case) -> int:
        copies = sum(LIBRARIES[library].copies for library in self._workers)
        return case.input_bytes * len(self._workers) + case.prediction_bytes * copies

    def _measure(self, case: Case) -> dict[str, Any]:
        rows = self._prepare(case)
        turns = self._choose(rows)
        timings: dict[str, list[dict[str, Any]]] = {row: [] for _, row in turns}
        start = time.monotonic()
        for number in range(self._plan.rounds):
            if number >= FEWEST_ROUNDS and time.monotonic() - start > self._plan.case_seconds:
                break
            # Each round starts with another one: nobody always follows the same neighbour's load.
            shift = number % max(1, len(turns))
            for library, row in turns[shift:] + turns[:shift]:
                if "failed" in rows[row]:
                    continue
                try:
                    timings[row].append(self._workers[library].ask("time", row=row))
                except WorkerError as error:
                    self._give_up(library, rows, error)
        for row, found in timings.items():
            if "failed" not in rows[row]:
                rows[row] |= statistics(found)
        self._free()
        result = {
            "id": case.id,
            **case.to_json(),
            "moved_bytes": case.moved_bytes,
            "prediction_bytes": case.prediction_bytes,
            "rows": rows,
        }
        conclude(result)
        self._compare(result)
        return result

    def _prepare(self, case: Case) -> dict[str, dict[str, Any]]:
        """All workers compile and check at once: nothing is timed yet."""
        key = case.loss, case.shape, case.dtype
        if key not in self._true_values:
            self._true_values[key] = truth.value(case, case.arrays())
        rows: dict[str, dict[str, Any]] = {}
        asked = []
        for library in list(self._workers):
            try:
                self._revive(library)
                self._workers[library].send(
                    "prepare", case=case.to_json(), value=self._true_values[key]
                )
                asked.append(library)
            except (Missing, WorkerError) as error:
                self._give_up(library, rows, error)
        for library in asked:
            try:
                rows |= self._workers[library].receive()
            except WorkerError as error:
                self._give_up(library, rows, error)
        return {row: rows[row] for lib in LIBRARIES.values() for row in lib.rows if row in rows}

    def _choose(self, rows: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
        """Find the fastest form of each row while nothing else runs. Returns whose turns follow."""
        turns = []
        for library in self._workers:
            for row in LIBRARIES[library].rows:
                if row not in rows or rows[row].keys() & NOT_TIMED:
                    continue
                try:
                    rows[row] |= self._workers[library].ask("choose", row=row)
                    turns.append((library, row))
                except WorkerError as error:
                    self._give_up(library, rows, error)
        return [turn for turn in turns if "failed" not in rows[turn[1]]]

    def _give_up(self, library: str, rows: dict[str, dict[str, Any]], error: Exception) -> None:
        """All rows of a library failed in this case, but for those it refused before."""
        for row in LIBRARIES[library].rows:
            if not rows.setdefault(row, {}).keys() & NOT_TIMED:
                rows[row] = {"failed": str(error)}

    def _free(self) -> None:
        for worker in self._workers.values():
            try:
                if worker.alive:
                    worker.ask("free")
            except WorkerError:
                pass  # the next case starts it anew

    def _revive(self, library: str) -> None:
        """Start a worker again that died in an earlier case."""
        if not self._workers[library].alive:
            self._workers[library].stop()
            self._workers[library] = Worker(library, self._plan.threads, self._allocator)


def worth_keeping(cases: Iterable[Case]) -> list[Case]:
    """Those whose arrays the C library gives back by default: only they would differ."""
    return [case for case in cases if case.prediction_bytes >= WORTH_KEEPING]


def describe(plan: Plan) -> dict[str, Any]:
    """The settings that go into the results."""
    return {
        "threads": plan.threads,
        "rounds": plan.rounds,
        "memory_bytes": plan.memory_bytes,
        "case_seconds": plan.case_seconds,
        "load_at_start": machine.load(),
    }
