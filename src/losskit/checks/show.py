"""How a report is laid out: on a terminal of any width, and in a notebook of any colours."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

    from losskit.checks.report import Finding, Report

STYLES = {"error": "bold red", "warning": "bold yellow", "hint": "bold cyan"}
COLOURS = {"error": "#d9534f", "warning": "#b8860b", "hint": "#2a93a8"}
"""Dark enough for a white page, light enough for a black one."""
WIDEST = 100
"""Columns beyond which lines are no longer easy to read."""


# --- terminal -----------------------------------------------------------------------------------


def terminal(report: Report, *, reasons: bool = False) -> RenderableType:
    """A report for Rich; with the reasons why checks did not apply, if they are wanted."""
    from rich.console import Group
    from rich.constrain import Constrain
    from rich.text import Text

    head = Text(report.loss, style="bold")
    head.append("\n").append(_summary(report), "green" if report.ok else "default")
    parts: list[RenderableType] = [Lines(head)]
    for finding in report:
        parts += [Text(), *_entry(finding)]
    if report.skipped:
        count = Text(_not_applied(report, ":" if reasons else "."), style="dim")
        parts += [Text(), Lines(count)]
    if reasons:
        parts += [Lines(Text(f"{s.code}  {s.title}: {s.reason}"), 2) for s in report.skipped]
    return Constrain(Group(*parts), WIDEST)


def _entry(finding: Finding) -> list[RenderableType]:
    from rich.text import Text

    heading = Text(f"{finding.code} {finding.severity}: ", style=STYLES[finding.severity])
    heading.append(finding.title, "default bold")
    body = Text(finding.what, style="default")
    body.append("\nRemedy: ", "bold").append(finding.remedy)
    body.append(f"\n{finding.link}", "dim")
    return [Lines(heading), Lines(body, 2)]


class Lines:
    """Text wrapped without spaces at line ends, which Rich's own paddings leave."""

    def __init__(self, text: Text, indent: int = 0) -> None:
        self._text, self._indent = text, indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        for line in self._text.wrap(console, max(options.max_width - self._indent, 1)):
            line.rstrip()
            yield Text(" " * self._indent).append_text(line)


def _summary(report: Report) -> str:
    words = report.summary().capitalize()
    return f"{words}. The loss is {report.value:.6g}." if math.isfinite(report.value) else words


def _not_applied(report: Report, end: str) -> str:
    count = len(report.skipped)
    return f"{count} check{'s' * (count > 1)} did not apply{end}"


# --- notebook -----------------------------------------------------------------------------------


def page(report: Report) -> str:
    """A report as HTML. The text keeps the notebook's own colour; nothing has a background."""
    parts = [f"<b>{_safe(report.loss)}</b><br>{_safe(_summary(report))}"]
    for f in report:
        parts.append(
            f'<div style="margin: 0.8em 0; padding-left: 0.8em; border-left: 3px solid '
            f'{COLOURS[f.severity]}"><b style="color: {COLOURS[f.severity]}">{_safe(f.code)} '
            f"{_safe(f.severity)}:</b> <b>{_safe(f.title)}</b><br>{_safe(f.what)}<br>"
            f'<b>Remedy:</b> {_safe(f.remedy)}<br><span style="opacity: 0.6">{_safe(f.link)}'
            "</span></div>"
        )
    if report.skipped:
        reasons = "".join(
            f"<li>{_safe(s.code)} {_safe(s.title)}: {_safe(s.reason)}</li>" for s in report.skipped
        )
        parts.append(
            f'<details style="opacity: 0.75"><summary>{_not_applied(report, ".")}</summary>'
            f"<ul>{reasons}</ul></details>"
        )
    style = "max-width: 60em; text-align: left; line-height: 1.4"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _safe(text: str) -> str:
    return html.escape(text)
