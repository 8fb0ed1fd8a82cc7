"""What was found: counts, the slower rows, and the page that is written from them."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.everywhere.cases import DTYPES, FACES, SIZES, Case
from benchmarks.results import Results

WIDTH = 100
"""Columns of the widest line."""
NAMES = 62
"""Of a row's id; a longer one has a line of its own."""
SHOWN = 40
"""Slower rows on the page; the JSON has all."""
LARGE = 1_000_000
"""Numbers from which on a call is a matter of its loops."""
START, END = "<!-- everywhere -->", "<!-- /everywhere -->"
TIMES = "\N{MULTIPLICATION SIGN}"

Row = tuple[Case, dict[str, Any]]


def timed(found: Results, face: str | None = None) -> list[Row]:
    """The rows with a peer."""
    rows = [(Case.of(name), row) for name, row in found["rows"].items() if "verdict" in row]
    return [(case, row) for case, row in rows if face in (None, case.face)]


def slower(found: Results, face: str | None = None) -> list[Row]:
    """The worst first."""
    return sorted(
        (r for r in timed(found, face) if r[1]["verdict"] == "slower"), key=lambda r: r[1]["ratio"]
    )


def lines(found: Results) -> list[str]:
    """What is printed: the counts, then the slower rows."""
    out = counts(found)
    out += ["", controls(found), ""]
    rows = slower(found)
    out += [f"Slower than the peer in {len(rows)} of {len(timed(found))} rows, the worst first:"]
    out += table(rows)
    for word in ("failed", "disagrees"):
        for name, row in found["rows"].items():
            if word in row:
                out.append(f"{word}: {name}: {row[word]}"[:WIDTH])
    return out


def table(rows: Iterable[Row]) -> list[str]:
    """The rows as text."""
    out = [f"{'':{NAMES}}{'ratio':>6}{'interval':>13}{'losskit':>9}{'peer':>9}"]
    for case, row in rows:
        name = case.id
        if len(name) > NAMES:
            out.append(name)
            name = ""
        interval = f"{row['low']:.2f} - {row['high']:.2f}"
        ours, theirs = duration(row["ours"]), duration(row["theirs"])
        out.append(f"{name:{NAMES}}{row['ratio']:6.2f}{interval:>13}{ours:>9}{theirs:>9}")
    return out


def duration(seconds: float) -> str:
    """Three figures, in the unit that suits."""
    for unit, size in (("us", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        if seconds < 999.5 * size or unit == "s":
            return f"{seconds / size:.3g} {unit}"
    raise AssertionError


def counts(found: Results) -> list[str]:
    """For each face how many rows are faster, equal and slower, and what was not timed."""
    head = ("", "rows", "faster", "equal", "slower", "median", "handed on", "skipped", "failed")
    out = ["{:20}{:>7}{:>8}{:>7}{:>8}{:>9}{:>11}{:>9}{:>8}".format(*head)]
    out += ["{:20}{:>7}{:>8}{:>7}{:>8}{:>9}{:>11}{:>9}{:>8}".format(*row) for row in summary(found)]
    return out


def summary(found: Results) -> list[tuple[str, ...]]:
    """The cells of the counts, a row a face."""
    out = []
    for face, title in FACES.items():
        rows = timed(found, face)
        every = [row for name, row in found["rows"].items() if Case.of(name).face == face]
        if not every:
            continue
        verdicts = [row["verdict"] for _, row in rows]
        median = f"{statistics.median(r['ratio'] for _, r in rows):.2f}{TIMES}" if rows else "-"
        missing = [sum(w in r for r in every) for w in ("handed", "skipped")]
        failed = sum("failed" in r or "disagrees" in r for r in every)
        numbers = [verdicts.count(v) for v in ("faster", "equal", "slower")]
        out.append((title, *map(str, (len(rows), *numbers, median, *missing, failed))))
    return out


def controls(found: Results) -> str:
    """How often a peer is called slower than itself."""
    from benchmarks.everywhere.timing import verdict

    rows = list(found["controls"].values())
    wrong = sum(verdict(row) == "slower" for row in rows)
    return f"A peer against itself: called slower in {wrong} of {len(rows)} rows."


# --- the page -------------------------------------------------------------------------------------


def section(found: Results) -> str:
    """What docs/speed.md says of it."""
    machine, settings = found["machine"], found["settings"]
    rows, day = slower(found), datetime.fromisoformat(found["finished"])
    versions = ", ".join(f"{k} {v.split('+')[0]}" for k, v in found["versions"].items())
    head = ("", "rows", "faster", "equal", "slower", "median", "handed on", "skipped", "failed")
    out = [
        START,
        *_filled(
            f"Measured on {day.day} {day:%B %Y} by `python -m benchmarks everywhere --seed "
            f"{settings['seed']}`: {machine['cpu']}, {settings['threads']} threads; {versions}; "
            f"Python {machine['python']}. {controls(found)}"
        ),
        "",
        _markdown([head, *summary(found)]),
        "",
        "How many times as long the peer takes, as the median of a sample's rows:",
        "",
        _markdown(_medians(found, SIZES, lambda case: case.size)),
        "",
        _markdown(_medians(found, DTYPES, lambda case: case.dtype)),
        "",
        *_additions(found),
    ]
    if rows:
        more = f" The worst {SHOWN} of them:" if len(rows) > SHOWN else ""
        out += [f"**Not ahead**: slower in {len(rows)} of {len(timed(found))} rows.{more}", ""]
        out += ["```", *table(rows[:SHOWN]), "```"]
    else:
        out += [f"Slower in none of {len(timed(found))} rows."]
    return "\n".join([*out, END])


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, 104, break_long_words=False, break_on_hyphens=False)


def _markdown(rows: list[tuple[str, ...]]) -> str:
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *rest])


def _medians(found: Results, columns: Iterable[str], of: Any) -> list[tuple[str, ...]]:
    columns = list(columns)
    out: list[tuple[str, ...]] = [("", *columns)]
    for face, title in FACES.items():
        rows = timed(found, face)
        cells = []
        for column in columns:
            ratios = [row["ratio"] for case, row in rows if of(case) == column]
            cells.append(f"{statistics.median(ratios):.2f}" if ratios else "")
        if any(cells):
            out.append((title, *cells))
    return out


def _additions(found: Results) -> list[str]:
    """The losses of the NumPy face that nobody else has, in additions of two such arrays."""
    rows = [(Case.of(name), row) for name, row in found["rows"].items() if "addition" in row]
    ratios = [1 / row["ratio"] for case, row in rows if math.prod(SIZES[case.size]) >= LARGE]
    if not ratios:
        return []
    return [
        *_filled(
            f"NumPy's {len(ratios)} large rows of losses that neither torch nor optax has take, "
            f"value and gradient, the time of {statistics.median(ratios):.1f} additions of two "
            f"such arrays (from {min(ratios):.1f} to {max(ratios):.0f})."
        ),
        "",
    ]


def write_section(found: Results, page: Path) -> None:
    """Put the section between its marks.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text()
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{page} must have the lines {START} and {END}: it has not.")
    page.write_text(before + section(found) + after)
