"""The results as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, zip_longest
from typing import Any

from rich.box import Box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from benchmarks.allocator import ALLOCATORS
from benchmarks.cases import KINDS, size_text
from benchmarks.machine import BUSY
from benchmarks.peers import FACES, FRAMEWORKS, OWN, ROWS
from benchmarks.results import Results
from benchmarks.truth import is_careless

# A rule below the headings, another one between losses, nothing else.
HEAD = Box("    \n    \n -- \n    \n -- \n    \n    \n    \n", ascii=True)

OVERHEAD_ITEMS = 1000
"""Up to so many elements a call costs what Python costs, so these are shown apart."""

HEADINGS = {
    "losskit": "losskit",
    "losskit-out": "losskit\nout=",
    "numpy": "NumPy",
    "numpy-out": "NumPy\nout=",
    "losskit-torch": "losskit.\ntorch",
    "losskit-jax": "losskit.\njax",
    "losskit-jax-mean": "jax\nmean",
    "torch": "torch",
    "torch-autograd": "auto-\ngrad",
    "torch-compile": "torch.\ncompile",
    "jax": "jax.jit",
    "optax": "optax",
    "tf-function": "tf.\nfunction",
    "tf-xla": "tf XLA",
    "sklearn": "scikit-\nlearn",
}

Case = dict[str, Any]


def show(results: Results, console: Console) -> None:
    """Print every table, wide enough for all columns if the output is not a terminal."""
    for table in tables(results):
        console.print(table)
        console.print()
    for line in footnotes(results):
        console.print(line, style="dim", markup=False)


def headline(case: Case) -> str:
    """One line on one case, while the others are still to come."""
    medians = {name: row["median"] for name, row in case["rows"].items() if "median" in row}
    own = [f"{ROWS[name]} {duration(medians[name])}" for name in OWN if name in medians]
    best = case["best"]
    if best:
        own.append(f"best peer {ROWS[best]} {duration(medians[best])}")
    if case["ratio"]:
        own.append(" and ".join(f"{ratio:.2f}x" for ratio in case["ratio"].values()))
    return ", ".join(own) or "nothing could be timed"


def duration(seconds: float) -> str:
    """``12.3 ms`` or ``4.56 us``."""
    return f"{_three(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{_three(seconds * 1e6)} us"


def _three(number: float) -> str:
    """Three digits, without an exponent."""
    if number >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


# --- tables ---------------------------------------------------------------------------------------


def tables(results: Results) -> Iterator[Group]:
    """A table per kind, dtype and allocator; those of the two allocators follow one another."""
    found = [(run, case) for run in results["runs"] for case in run["cases"]]
    found.sort(key=lambda pair: (list(KINDS).index(pair[1]["kind"]), pair[1]["dtype"]))
    for (kind, dtype), group in groupby(found, lambda pair: (pair[1]["kind"], pair[1]["dtype"])):
        members = list(group)
        for run in results["runs"]:
            cases = [case for of, case in members if of is run]
            small = [c for c in cases if _elements(c) <= OVERHEAD_ITEMS]
            large = [c for c in cases if _elements(c) > OVERHEAD_ITEMS]
            where = f"{dtype}, {ALLOCATORS[run['allocator']]}"
            for framework, (ours, _) in FRAMEWORKS.items():
                if any(case["faces"].keys() & set(ours) for case in cases):
                    yield _faces(f"{framework}: {KINDS[kind]}, {where}", framework, cases)
            if large:
                yield _table(f"{_sentence(KINDS[kind])}, {where}", large, results)
            if small:
                title = f"Python call overhead: {KINDS[kind]}, {where}"
                yield _table(title, small, results)


def _faces(title: str, framework: str, cases: list[Case]) -> Group:
    """losskit in a framework beside what that has, and how many times as fast."""
    ours, theirs = FRAMEWORKS[framework]
    table = Table(
        header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), box=HEAD, show_edge=False
    )
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True, style="dim")
    for name in (*ours, *theirs):
        style = "bold cyan" if name in ours else ""
        table.add_column(HEADINGS[name], justify="right", no_wrap=True, style=style)
    pairs = [(face, other) for face in ours for other in theirs]
    for face, other in pairs:
        over = [
            HEADINGS[name].replace("-\n", "").replace(".\n", ".").replace("\n", " ")
            for name in (other, face)
        ]
        table.add_column(" /\n".join(over), justify="right", no_wrap=True)
    for case in cases:
        names = [n for n in (*ours, *theirs) if "median" in case["rows"].get(n, {})]
        in_ms = any(case["rows"][name]["median"] >= 1e-3 for name in names)
        cells: list[Text | str] = [f"{case['loss']} {size_text(tuple(case['shape']))}"]
        cells.append("ms" if in_ms else "us")
        cells += [_cell(case, name, 1e3 if in_ms else 1e6) for name in (*ours, *theirs)]
        cells += [_ratio(case["faces"].get(face, {}).get(other)) for face, other in pairs]
        table.add_row(*cells)
    return Group(Text(title, style="bold"), table)


def _table(title: str, cases: list[Case], results: Results) -> Group:
    shown = [name for name in ROWS if name not in FACES and name != "torch-autograd"]
    names = [name for name in shown if any("median" in c["rows"].get(name, {}) for c in cases)]
    table = Table(
        header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), box=HEAD, show_edge=False
    )
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True, style="dim")
    for name in names:
        table.add_column(
            HEADINGS[name],
            justify="right",
            no_wrap=True,
            style="bold cyan" if name in OWN else "",
            header_style="bold cyan" if name in OWN else "bold",
        )
    table.add_column("best peer /\nlosskit", justify="right", no_wrap=True)
    if "losskit-out" in names:
        table.add_column("\nout=", justify="right", no_wrap=True)
    table.add_column("of best\ncopy", justify="right", no_wrap=True)
    apart = max(Counter(case["loss"] for case in cases).values()) > 1
    for case, after in zip_longest(cases, cases[1:]):
        last = after is None or after["loss"] != case["loss"]
        table.add_row(*_cells(case, names, results), end_section=apart and last)
    return Group(Text(title, style="bold"), table)


def _cells(case: Case, names: list[str], results: Results) -> list[Text | str]:
    in_ms = any(case["rows"].get(name, {}).get("median", 0.0) >= 1e-3 for name in OWN)
    unit = 1e3 if in_ms else 1e6
    cells: list[Text | str] = [f"{case['loss']} {size_text(tuple(case['shape']))}"]
    cells.append("ms" if in_ms else "us")
    for name in names:
        cells.append(_cell(case, name, unit))
    for name in OWN:
        if name in names:
            cells.append(_ratio(case["ratio"].get(name)))
    fractions = case.get("copy_fraction", {})
    cells.append(_share(fractions, case, results))
    return cells


def _cell(case: Case, name: str, unit: float) -> Text | str:
    row = case["rows"].get(name)
    if row is None or "absent" in row:
        return Text("-", style="dim")
    for word in ("refused", "failed"):
        if word in row:
            return Text(word, style="red")
    # A leading mark, so that the digits stay below one another.
    mark = "~" if is_careless(row["value_error"], case["dtype"]) else ""
    return Text(mark + _three(row["median"] * unit), style="bold" if name == case["best"] else "")


def _ratio(ratio: float | None) -> Text | str:
    if ratio is None:
        return Text("-", style="dim")
    return Text(f"{ratio:.2f}x", style="green" if ratio >= 1 else "yellow")


def _share(fractions: dict[str, float], case: Case, results: Results) -> Text | str:
    """The better of the two, where the arrays are too large for the caches."""
    cache = results["machine"]["last_level_cache_bytes"] or 0
    if not fractions or case["moved_bytes"] <= 2 * cache:
        return Text("-", style="dim")
    return f"{max(fractions.values()):.0%}"


def _elements(case: Case) -> int:
    return int(case["shape"][0]) if len(case["shape"]) == 1 else OVERHEAD_ITEMS + 1


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


# --- what the tables do not say -------------------------------------------------------------------


def footnotes(results: Results) -> Iterator[str]:
    """What is needed to read the tables, and everything that was not timed, each reason once."""
    machine, settings = results["machine"], results["settings"]
    threads = settings["threads"]
    yield (
        f"{machine['cpu']}, {threads} thread{'s' if threads > 1 else ''} for everybody; medians "
        f"of up to {settings['rounds']} interleaved rounds."
    )
    for run in results["runs"]:
        if run["copy"]:
            speed = run["copy"]["bytes_per_second"] / 1e9
            yield (
                f"Best copy ({run['allocator']}): {speed:.1f} GB/s, "
                f"read and written, by {run['copy']['how']}. Of it, what losskit must move; "
                "- where it fits into the caches."
            )
    cases = [case for run in results["runs"] for case in run["cases"]]
    rows = [(case, name, row) for case in cases for name, row in case["rows"].items()]
    if any(
        "value_error" in row and is_careless(row["value_error"], c["dtype"]) for c, _, row in rows
    ):
        yield "~ The value is less accurate than 1e-4 (float32) or 1e-6 (float64)."
    yield from _reasons(
        (f"{ROWS[name]} {case['loss']}: {row['note']}.", "")
        for case, name, row in rows
        if "note" in row
    )
    yield from _reasons(
        (f"{ROWS[name]} {word}: {row[word]}.", case["id"])
        for case, name, row in rows
        for word in ("refused", "failed")
        if word in row
    )
    yield from _reasons(
        (f"{ROWS[name]} timed without {row['dropped']}.", case["id"])
        for case, name, row in rows
        if "dropped" in row
    )
    for run in results["runs"]:
        for library, found in run["libraries"].items():
            for word in ("missing", "failed"):
                if word in found:
                    yield f"{library} ({run['allocator']}) skipped: {found[word]}."
        for skipped in run["skipped"]:
            yield f"{skipped['id']} ({run['allocator']}) skipped: {skipped['why']}."
    if (settings["load_at_start"] or 0.0) > BUSY:
        yield f"Other programs were running (load {settings['load_at_start']:.1f}): measure again."
    if not results["complete"]:
        yield "The run was ended before its last case."


def _reasons(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    grouped: dict[str, list[str]] = {}
    for text, where in pairs:
        grouped.setdefault(text, []).append(where)
    for text, places in grouped.items():
        named = [place for place in dict.fromkeys(places) if place]
        more = f" and {len(named) - 3} more" if len(named) > 3 else ""
        yield text + (f" ({', '.join(named[:3])}{more})" if named else "")
