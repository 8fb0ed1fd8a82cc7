"""What a check says: findings, what was not looked at, and both in every form people read."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

SEVERITIES = ("error", "warning", "hint")
"""Certain from the data; likely; worth knowing."""
DOCS = "docs/check.md"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a loss call, or may be."""

    code: str
    """Stable: "LK101"."""
    severity: str
    """"error": certain from the data; "warning": likely; "hint": worth knowing."""
    title: str
    what: str
    """What is wrong, with its numbers, in one sentence."""
    remedy: str
    """What to do, in one sentence."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """The figures of the sentence, by name."""

    @property
    def link(self) -> str:
        """The page that explains it."""
        return f"{DOCS}#{self.code.lower()}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "title": self.title,
            "what": self.what,
            "remedy": self.remedy,
            "numbers": dict(self.numbers),
            "link": self.link,
        }

    def __str__(self) -> str:
        body = (
            textwrap.fill(text, 79, initial_indent="  ", subsequent_indent="  ")
            for text in (self.what, f"Remedy: {self.remedy}")
        )
        return "\n".join([f"{self.code} {self.severity}: {self.title}", *body])


@dataclass(frozen=True)
class Skipped:
    """A check that did not apply."""

    code: str
    title: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "title": self.title, "reason": self.reason}


class CheckError(ValueError):
    """A report has findings of severity "error"; `report` is that report."""

    def __init__(self, report: Report) -> None:
        errors = [f for f in report if f.severity == "error"]
        super().__init__("\n".join(map(str, errors)))
        self.report = report


@dataclass(frozen=True)
class Report:
    """What `losskit.check` found; the gravest first. Iterates over its findings.

    It is true where the call is right, as `ok` says: ``assert losskit.check(loss, y, p)``. Hints
    leave it true; ``len(report)`` counts them too.
    """

    loss: str
    """The loss, as its library writes it."""
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    """The checks that did not apply, each with the reason."""
    value: float
    """The loss of this call, NaN where the call fails."""

    def __repr__(self) -> str:
        found = ", ".join(f"{f.code} {f.severity}" for f in self.findings)
        more = f"{len(self.skipped)} that did not apply"
        return f"<Report on {self.loss}: {self.value:g}; [{found}], {more}>"

    @property
    def ok(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return all(f.severity == "hint" for f in self.findings)

    def worst(self) -> str | None:
        """The gravest severity found; None if nothing was."""
        return self.findings[0].severity if self.findings else None

    def raise_for_errors(self) -> Report:
        """The report itself, for a chain.

        Raises:
            CheckError: it has findings of severity "error".
        """
        if any(f.severity == "error" for f in self.findings):
            raise CheckError(self)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain types, fit for JSON (infinities and NaN as None)."""
        plain: dict[str, Any] = _plain(
            {
                "loss": self.loss,
                "ok": self.ok,
                "value": self.value,
                "findings": [f.to_dict() for f in self.findings],
                "skipped": [s.to_dict() for s in self.skipped],
            }
        )
        return plain

    def __bool__(self) -> bool:
        """Whether the call is right: `ok`."""
        return self.ok

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __contains__(self, code: object) -> bool:
        """Whether a finding of that code is among them."""
        return any(f.code == code for f in self.findings)

    def __getitem__(self, code: str) -> Finding:
        """The finding of that code.

        Raises:
            KeyError: there is none.
        """
        for finding in self.findings:
            if finding.code == code:
                return finding
        raise KeyError(code)

    def summary(self) -> str:
        """How many findings of each severity, in words."""
        counts = [(s, sum(f.severity == s for f in self.findings)) for s in SEVERITIES]
        words = [f"{n} {s}{'s' * (n > 1)}" for s, n in counts if n]
        return ", ".join(words) or "nothing found"

    def __str__(self) -> str:
        return "\n\n".join([f"{self.loss}: {self.summary()}", *map(str, self.findings)])

    def __rich__(self) -> RenderableType:
        from losskit.checks.show import terminal

        return terminal(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        from losskit.checks.show import page

        return page(self)


def _plain(x: Any) -> Any:
    if isinstance(x, dict):
        return {str(k): _plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(v) for v in x]
    if hasattr(x, "tolist"):
        return _plain(x.tolist())
    return None if isinstance(x, float) and not math.isfinite(x) else x
