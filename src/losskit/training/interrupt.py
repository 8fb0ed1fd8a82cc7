"""Ctrl-C: the first one asks, the second one insists, and neither loses what was trained."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """While entered, Ctrl-C sets `asked` in place of ending the program.

    A second one raises KeyboardInterrupt, once, for the training may be stuck in a long batch;
    while files are being written it is only answered.
    """

    def __init__(self) -> None:
        self.asked = False
        self.saving = False
        self._insisted = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if self.saving:
            _say("Writing what was trained; a moment.")
        elif first:
            _say("Stopping after this batch. Ctrl-C again stops at once.")
        elif not self._insisted:
            self._insisted = True
            raise KeyboardInterrupt


def _say(text: str) -> None:
    # A signal may come amid a write to the buffered stderr, which cannot be entered twice.
    os.write(2, f"\n{text}\n".encode())
