"""The process of one library: reads requests as lines of JSON, writes answers as lines of JSON.

``python -m benchmarks.worker LIBRARY THREADS``
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import machine, peers
from benchmarks.allocator import faults_on_reuse
from benchmarks.cases import Case
from benchmarks.session import Session

Answers = dict[str, Callable[[dict[str, Any]], Any]]
"""What is done for each kind of request."""


def main(library: str, threads: int) -> None:
    """Answer until the pipe closes."""

    def begin() -> tuple[dict[str, str], Answers]:
        peer = peers.load(library)
        versions, session = peer.start(threads), Session(peer)
        return versions, {
            "prepare": lambda r: session.prepare(Case.from_json(r["case"]), r["value"]),
            "choose": lambda r: session.choose(r["row"]),
            "time": lambda r: session.time(r["row"]),
            "free": lambda r: session.free(),
            "copy": lambda r: machine.copy_bandwidth(threads),
        }

    serve(threads, begin)


def serve(threads: int, begin: Callable[[], tuple[dict[str, str], Answers]]) -> None:
    """Say hello, then answer until the pipe closes.

    Args:
        threads: on so many processors.
        begin: imports the libraries: their versions, and what answers each request.
    """
    # The libraries print to standard output when they like; the pipe is for answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    machine.allow(threads)

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        versions, answer_to = begin()
    except ImportError as error:
        say({"missing": str(error)})
        return
    # What an import leaves behind stays: a collection need not walk through it every time.
    gc.collect()
    gc.freeze()
    say({"versions": versions, "faults_on_reuse": faults_on_reuse()})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"answer": answer_to[request["do"]](request)})
        except Exception as error:  # the run goes on without this case
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
