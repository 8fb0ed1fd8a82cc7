"""Checks in the course of a training: each finding is said once, and nothing is disturbed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from losskit.checks.report import Report
from losskit.checks.run import check

Say = Callable[[Report], object]
"""Takes a report of the findings that have not been said yet."""


class Checker:
    """Checks a loss again and again, and says errors and warnings, each code once.

    Args:
        name: who watches, for the warning if a check itself fails; nothing is ever raised.
        say: what is done with the findings; by default they are printed on stderr.
    """

    def __init__(self, name: str, say: Say | None = None) -> None:
        self._name, self._say = name, say
        self._said: set[tuple[str, str]] = set()
        self._failed = False

    def __call__(self, loss: Any, y: Any, p: Any, *, output: str = "", **options: Any) -> None:
        """Check once.

        Args:
            loss, y, p, options: as for `losskit.check`.
            output: which of a model's outputs it is, where there are several.
        """
        with self.undisturbed():
            report = check(loss, y, p, **options)
            new = [f for f in report if f.severity != "hint" and (output, f.code) not in self._said]
            if not new:
                return
            self._said |= {(output, f.code) for f in new}
            name = f"{output}: {report.loss}" if output else report.loss
            (self._say or _print)(replace(report, loss=name, findings=tuple(new), skipped=()))

    def undisturbed(self) -> _Undisturbed:
        """A context in which an error becomes a warning, given once."""
        return _Undisturbed(self)

    def failed(self, error: Exception) -> None:
        """Warn, the first time."""
        if not self._failed:
            self._failed = True
            why = " ".join(str(error).split())[:300]
            text = f"{self._name} could not check the loss: {type(error).__name__}: {why}"
            warnings.warn(text, RuntimeWarning, stacklevel=3)


class _Undisturbed:
    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, at: Any) -> bool:
        if isinstance(error, Exception):  # not Ctrl-C
            self._checker.failed(error)
            return True
        return False


def _print(report: Report) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, emoji=False).print(report)
