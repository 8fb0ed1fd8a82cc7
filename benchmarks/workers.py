"""The other end of the pipes: one process per library, asked in turn."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from benchmarks import allocator as memory

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0
"""Seconds after which a worker that does not answer is given up."""


class WorkerError(Exception):
    """A worker died, hung, or could not do what it was asked."""


class Missing(Exception):
    """The library is not installed."""


class Worker:
    """A process that times one library.

    Args:
        library: which.
        threads: on so many processors.
        allocator: a key of `benchmarks.allocator.ALLOCATORS`.
        module: what runs, with library and threads as its arguments.
        settings: further variables of its environment.
        patience: seconds after which it is given up if it does not answer.

    Raises:
        Missing, WorkerError: it did not start.
    """

    def __init__(
        self,
        library: str,
        threads: int,
        allocator: str,
        module: str = "benchmarks.worker",
        settings: dict[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.library, self._patience = library, patience
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (open as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                **_environment(threads),
                **memory.environment(allocator),
                **(settings or {}),
            },
            # Ctrl-C is for the parent, which then ends the workers.
            start_new_session=True,
        )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            hello = self._answer()
        except BaseException:
            self.stop()
            raise
        if "missing" in hello:
            self.stop()
            raise Missing(hello["missing"])
        self.versions: dict[str, str] = hello["versions"]
        self.faults_on_reuse: int = hello["faults_on_reuse"]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def send(self, do: str, **request: Any) -> None:
        """Ask without waiting, so that several workers can prepare at once."""
        assert self._process.stdin is not None
        try:
            print(json.dumps({"do": do, **request}), file=self._process.stdin, flush=True)
        except OSError as error:
            raise WorkerError(self._last_words()) from error

    def receive(self) -> Any:
        """The answer to what was asked.

        Raises:
            WorkerError: there is none.
        """
        answer = self._answer()
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["answer"]

    def ask(self, do: str, **request: Any) -> Any:
        self.send(do, **request)
        return self.receive()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process now; it holds nothing that matters."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._log):
            try:
                if stream is not None:
                    stream.close()
            except OSError:  # a request it never read
                pass

    def _answer(self) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=self._patience)
        except queue.Empty:
            self._process.kill()
            raise WorkerError(f"no answer for {self._patience:.0f} s") from None
        if line is None:
            raise WorkerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        if code < 0:  # whatever it wrote has nothing to do with a signal from outside
            return f"its process was ended by {signal.Signals(-code).name}"
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        return f"its process ended with code {code}" + (f": {lines[-1][:300]}" if lines else "")


def _environment(threads: int) -> dict[str, str]:
    """The same number of threads for everybody, on the processor, and no chatter."""
    count = str(threads)
    return {
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "NPROC": count,  # XLA's pool of threads
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
