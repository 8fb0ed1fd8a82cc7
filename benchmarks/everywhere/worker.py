"""The process of one face: ``python -m benchmarks.everywhere.worker FACE THREADS``."""

from __future__ import annotations

import resource
import sys

from benchmarks import machine
from benchmarks.everywhere.cases import Case
from benchmarks.everywhere.hosts import start
from benchmarks.everywhere.session import measure
from benchmarks.worker import Answers, serve


def main(face: str, threads: int) -> None:
    """Answer until the pipe closes."""

    _limit_memory()

    def begin() -> tuple[dict[str, str], Answers]:
        host = start(face)
        return host.versions, {
            "measure": lambda r: measure(
                host, Case.of(r["case"]), r["rounds"], r.get("control", False)
            )
        }

    serve(threads, begin)


def _limit_memory() -> None:
    """Half of the machine's: who asks for more fails, and takes nobody along."""
    memory = machine.describe()["memory_bytes"]
    if memory is not None:
        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (memory // 2, most))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
