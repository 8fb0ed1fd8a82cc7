"""The command line of ``python -m benchmarks everywhere``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from benchmarks import machine, results
from benchmarks.everywhere import report, run
from benchmarks.everywhere.cases import chosen, ordered

PAGE = Path("docs/speed.md")
IMAGES = Path("docs/images")


def everywhere(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Cases by face/loss/size/dtype/arguments, with *: 'torch/cross_entropy/*'. "
            "May be given again."
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="How long, together.")] = 25.0,
    every: Annotated[bool, typer.Option("--all", help="Every case, for hours.")] = False,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="For both sides; by default all processors.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the rows that the file lacks.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The JSON; figures lie beside it.")] = Path(
        "benchmark-results/everywhere.json"
    ),
    show: Annotated[
        Path | None, typer.Option(help="Measure nothing: print an earlier file.", exists=True)
    ] = None,
    write_docs: Annotated[
        Path | None,
        typer.Option(help=f"Measure nothing: write {PAGE} and its figures from it.", exists=True),
    ] = None,
) -> None:
    """Time a stratified sample of every loss x face x dtype x size x arguments beside its peer."""
    if write_docs is not None:
        found = _read(write_docs)
        try:
            report.write_section(found, PAGE)
        except (OSError, ValueError) as error:
            _fail(str(error))
        _figures(found, IMAGES / "everywhere-{}.png")
        return
    if show is not None:
        print("\n".join(report.lines(_read(show))))
        return
    cases = ordered(chosen(only or []), seed)
    if not cases:
        _fail(f"--only: no case matches {', '.join(map(repr, only or []))}.")
    plan = run.Plan(cases, None if every else minutes, threads or machine.cores(), seed, out)
    found = _read(out) if resume and out.exists() else run.fresh(plan)
    load = machine.load()
    if load is not None and load > machine.BUSY:
        _say(f"Other programs are running (load {load:.1f}): the times will mean little.")
    _say(f"{len(cases)} cases, of which as many are drawn as there is time for.")
    try:
        with run.Run(plan, found, _say) as running:
            running.all()
    except KeyboardInterrupt:
        _say("Interrupted: what was measured so far is kept.")
    print("\n".join(report.lines(found)))
    _say(f"Written: {out}")
    _figures(found, out.with_name(f"{out.stem}-{{}}.png"))


def _figures(found: results.Results, path: Path) -> None:
    try:
        from benchmarks.everywhere import picture

        for theme in ("light", "dark"):
            target = Path(str(path).format(theme))
            picture.write(found, target, theme)
            _say(f"Written: {target}")
    except (ImportError, ValueError) as error:
        _say(f"No figure: {error}")


def _read(path: Path) -> Any:
    try:
        found = results.read(path)
        if found.get("kind") != "everywhere":
            raise ValueError(f"{path} holds results of another benchmark.")
        return found
    except ValueError as error:
        _fail(str(error))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(message: str) -> NoReturn:
    _say(f"Error: {message}")
    raise typer.Exit(2)
