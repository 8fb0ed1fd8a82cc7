"""The command line: measure, print the tables again, draw the figure again."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from benchmarks import allocator as memory
from benchmarks import cases as benchmark
from benchmarks import machine, report, results
from benchmarks import run as runner
from benchmarks import without_kernels as operations
from benchmarks.everywhere.command import everywhere
from benchmarks.peers import LIBRARIES

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)

INTERRUPTED = 130
TABLE_WIDTH = 150
"""Columns where there is no terminal to ask."""
QUICK_LIBRARIES = ["losskit", "numpy"]


class Allocator(str, Enum):
    """Which of the two runs."""

    default = "default"
    keep = "keep"
    both = "both"


class Theme(str, Enum):
    """Of the figure."""

    light = "light"
    dark = "dark"


def _words(text: str | None) -> list[str]:
    return [word for word in (text or "").replace(" ", "").split(",") if word]


@app.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    cases: Annotated[
        str | None,
        typer.Option(help="Losses or ids, with *: 'huber,*_ce' or '*/16M/float32/gradient'."),
    ] = None,
    sizes: Annotated[
        str | None, typer.Option(help="Elements or rows x classes: 1000,16M,8192x1000.")
    ] = None,
    dtypes: Annotated[str, typer.Option(help="float32, float64 or both.")] = "float32,float64",
    peers: Annotated[
        str | None, typer.Option(help=f"Libraries, of {', '.join(LIBRARIES)}; by default all.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timings of each row.")] = 7,
    threads: Annotated[
        int | None, typer.Option(min=1, help="For every library; by default all processors.")
    ] = None,
    allocator: Annotated[
        Allocator | None,
        typer.Option(
            help="Memory as the C library gives it, or kept by everybody; by default both."
        ),
    ] = None,
    memory_gib: Annotated[
        float, typer.Option("--memory", min=0.0, help="GiB for the arrays of all libraries.")
    ] = 8.0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Half a minute: small sizes, losskit and NumPy.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder of results.json and the figures.")] = Path(
        "benchmark-results"
    ),
) -> None:
    """Time losskit and its peers on the same arrays.

    Each library runs in a process of its own, all on the same number of threads, and they take
    turns. Nobody is timed before value and gradient agree with float64.
    """
    if context.invoked_subcommand is not None:
        return
    plan = _plan(cases, sizes, dtypes, peers, rounds, threads, memory_gib, quick)
    if allocator is None:
        allocator = Allocator.default if quick else Allocator.both
    allocators = [a for a in memory.ALLOCATORS if allocator.value in (a, "both")]
    if "keep" in allocators and not memory.can_keep():
        allocators.remove("keep")
        _say("Only glibc can be told to keep memory: that run is left out.")
    finished = _measure(plan, allocators, out)
    _report(out / "results.json")
    if not finished:
        raise typer.Exit(INTERRUPTED)


def _plan(
    cases: str | None,
    sizes: str | None,
    dtypes: str,
    peers: str | None,
    rounds: int,
    threads: int | None,
    memory_gib: float,
    quick: bool,
) -> runner.Plan:
    shapes: tuple[benchmark.Shape, ...] = benchmark.QUICK_SHAPES if quick else benchmark.SHAPES
    if sizes is not None:
        try:
            shapes = tuple(benchmark.parse_size(text) for text in _words(sizes))
        except ValueError as error:
            _fail(f"--sizes: {error}")
    for name in _words(dtypes):
        if name not in benchmark.DTYPES:
            _fail(f"--dtypes: must be of {', '.join(benchmark.DTYPES)}, got {name!r}.")
    libraries = _words(peers) or (QUICK_LIBRARIES if quick else list(LIBRARIES))
    for name in libraries:
        if name not in LIBRARIES:
            _fail(f"--peers: must be of {', '.join(LIBRARIES)}, got {name!r}.")
    chosen = benchmark.choose(shapes, _words(dtypes), _words(cases))
    if not chosen:
        _fail(
            f"No case has such a name, size and dtype. Losses: {', '.join(benchmark.LOSSES)}; "
            "pointwise ones take a number of elements, cross-entropies rows x classes."
        )
    available = machine.cores()
    if threads is not None and threads > available:
        _fail(f"--threads: this process may use {available} processors, got {threads}.")
    return runner.Plan(
        cases=chosen,
        libraries=[name for name in LIBRARIES if name in libraries],
        threads=threads or available,
        rounds=min(rounds, 3) if quick else rounds,
        memory_bytes=int(memory_gib * 2**30),
    )


def _measure(plan: runner.Plan, allocators: list[str], out: Path) -> bool:
    """Measure everything, writing as it goes. Returns whether it came to the end."""
    found: results.Results = {
        "format": results.FORMAT,
        "started": _now(),
        "finished": None,
        "complete": False,
        "machine": machine.describe(),
        "settings": runner.describe(plan),
        "runs": [],
    }
    load = machine.load()
    if load is not None and load > machine.BUSY:
        _say(f"Other programs are running (load {load:.1f}): the times will mean little.")
    path, start = out / "results.json", time.monotonic()
    true_values: dict[tuple[Any, ...], float] = {}
    try:
        for allocator in allocators:
            part = plan
            if allocator == "keep" and len(allocators) > 1:
                kept = runner.worth_keeping(plan.cases)
                _say(
                    f"Now with memory kept: {len(kept)} cases; in the others the C library keeps "
                    "it anyway."
                )
                part = replace(plan, cases=kept)
            with runner.Run(part, allocator, true_values, _say) as running:
                found["runs"].append(running.result)
                for number, case in enumerate(running.cases(), start=1):
                    taken = time.monotonic() - start
                    _say(
                        f"{taken:5.0f} s  {allocator} {number}/{len(part.cases)}  {case['id']}: "
                        f"{report.headline(case)}"
                    )
                    results.write(found, path)
                running.finish()
        found["complete"] = True
    except KeyboardInterrupt:
        _say("Interrupted: what was measured so far is kept.")
    found["finished"] = _now()
    results.write(found, path)
    return bool(found["complete"])


def _report(path: Path) -> None:
    found = results.read(path)
    console = _console()
    report.show(found, console)
    _say(f"Written: {path}")
    try:
        from benchmarks import figure as drawing
    except ImportError as error:
        _say(f"No figure: {error}. Install matplotlib for it.")
        return
    for name in ("light", "dark"):
        for kind in ("png", "svg"):
            target = path.with_name(f"figure-{name}.{kind}")
            try:
                drawing.write(found, target, theme=name)
            except ValueError as error:
                _say(f"No figure: {error}")
                return
            _say(f"Written: {target}")


@app.command()
def table(
    path: Annotated[Path, typer.Argument(help="A results.json.", exists=True, dir_okay=False)],
) -> None:
    """Print the tables of earlier results."""
    report.show(_read(path), _console())


@app.command()
def figure(
    path: Annotated[Path, typer.Argument(help="A results.json.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="The file to write: png, svg or pdf.")] = Path(
        "figure.png"
    ),
    theme: Annotated[Theme, typer.Option(help="Light or dark.")] = Theme.light,
    allocator: Annotated[
        str | None, typer.Option(help="default or keep; by default the first run in the file.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
) -> None:
    """Draw the figure of earlier results."""
    from benchmarks import figure as drawing

    try:
        drawing.write(_read(path), out, theme=theme.value, allocator=allocator, dtype=dtype)
    except ValueError as error:
        _fail(str(error))
    _say(f"Written: {out}")


app.command()(everywhere)


@app.command("without-kernels")
def without_kernels(
    hosts: Annotated[str, typer.Option(help="Of " + ", ".join(operations.HOSTS) + ".")] = ",".join(
        operations.HOSTS
    ),
    names: Annotated[str, typer.Option(help="Losses, with *.")] = "*",
    seconds: Annotated[float, typer.Option(min=0.0, help="For each loss and shape.")] = 0.5,
) -> None:
    """Losses by the frameworks' own operations, kernels off, beside the hosts' own."""
    operations.show(operations.measure(_words(hosts), names, seconds), _console())


def _read(path: Path) -> results.Results:
    try:
        return results.read(path)
    except ValueError as error:
        _fail(str(error))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _console() -> Console:
    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else TABLE_WIDTH, highlight=False)


def _say(line: str) -> None:
    """A line of progress; the tables alone go to standard output."""
    print(line, file=sys.stderr, flush=True)


def _fail(message: str) -> NoReturn:
    _say(f"Error: {message}")
    raise typer.Exit(2)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
