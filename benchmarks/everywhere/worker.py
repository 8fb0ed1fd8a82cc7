"""The process of one face: ``python -m benchmarks.everywhere.worker FACE THREADS``."""

from __future__ import annotations

import sys

from benchmarks.everywhere.cases import Case
from benchmarks.everywhere.hosts import start
from benchmarks.everywhere.session import measure
from benchmarks.worker import serve


def main(face: str, threads: int) -> None:
    """Answer until the pipe closes."""

    def begin() -> tuple[dict[str, str], dict[str, object]]:
        host = start(face)
        return host.versions, {
            "measure": lambda r: measure(
                host, Case.of(r["case"]), r["rounds"], r.get("control", False)
            )
        }

    serve(threads, begin)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
