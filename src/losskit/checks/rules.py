"""How a finding is written: a function of a call, with its code and title.

The function's docstring is its section of the docs page. It returns an `error`, a `warning` or a
`hint`, or None; what it needs and the call lacks, it asks of the call, which raises `Inapplicable`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from losskit.checks.report import Finding

if TYPE_CHECKING:
    from losskit.checks.call import Call


class Inapplicable(Exception):
    """The check does not apply; the message is the reason, in words."""


@dataclass(frozen=True)
class Found:
    """A finding that lacks its code and title."""

    severity: str
    what: str
    remedy: str
    numbers: dict[str, Any]


def error(what: str, remedy: str, **numbers: Any) -> Found:
    """Certain from the data."""
    return Found("error", what, remedy, numbers)


def warning(what: str, remedy: str, **numbers: Any) -> Found:
    """Likely."""
    return Found("warning", what, remedy, numbers)


def hint(what: str, remedy: str, **numbers: Any) -> Found:
    """Worth knowing."""
    return Found("hint", what, remedy, numbers)


@dataclass(frozen=True)
class Rule:
    """A check: its code, its title, and the function."""

    code: str
    title: str
    function: Callable[[Call], Found | None]

    def __call__(self, call: Call) -> Finding | None:
        found = self.function(call)
        if found is None:
            return None
        return Finding(
            self.code, found.severity, self.title, found.what, found.remedy, found.numbers
        )


RULES: dict[str, Rule] = {}
"""Every check by its code."""


def finding(code: str, title: str) -> Callable[[Callable[[Call], Found | None]], Rule]:
    """Register a function as the check of that code."""

    def register(function: Callable[[Call], Found | None]) -> Rule:
        if code in RULES:
            raise ValueError(f"{code} is taken by {RULES[code].title!r}.")
        rule = RULES[code] = Rule(code, title, function)
        return rule

    return register
