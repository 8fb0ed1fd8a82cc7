"""The command ``losskit``: list, show, plot, eval, check, train.

Data goes to stdout, progress and messages to stderr. Frameworks and matplotlib are imported by the
commands that need them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from losskit import __version__
from losskit.checks.command import check
from losskit.core.definition import cards
from losskit.numpy import Loss
from losskit.terminal import (
    LOSS_SYNTAX,
    Exit,
    Json,
    LossArgument,
    Output,
    OutputError,
    ParamOption,
    PredOption,
    TrueOption,
    WeightOption,
    fail,
    parse_loss,
    stderr,
    stdout,
    written,
)
from losskit.training.command import train

if TYPE_CHECKING:
    from losskit.streaming import Evaluation, Source

EXIT_CODES = """\
Exit codes: 0 done, or the output's reader has seen enough (| head); 1 an unexpected error, output
that cannot be written, or something wrong that check found; 2 wrong usage or bad input (an unknown
loss, a bad file); 3 training stopped because the loss became NaN; 130 interrupted by Ctrl-C.
"""

app = typer.Typer(
    name="losskit",
    help="Loss functions for neural networks: look at them, compute them, train with them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Not "rich": that keeps the breaks of our lines, and takes what stands in brackets for markup.
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"losskit {__version__}")
        raise typer.Exit


@app.callback()
def losskit(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Loss functions for neural networks: look at them, compute them, train with them."""


@app.command("list", epilog=EXIT_CODES)
def list_(as_json: Json = False) -> None:
    """List all losses by family, each with its metric."""
    from losskit.pages import print_list, row

    if as_json:
        _print_json([row(card) for card in cards()])
    else:
        print_list(stdout())


@app.command(epilog=EXIT_CODES)
def show(loss: LossArgument, as_json: Json = False) -> None:
    """Show a loss's card: what it measures, formula, parameters, pitfalls, references."""
    from losskit.pages import page, print_page

    with _bad_input():
        card = parse_loss(loss).card
    if as_json:
        _print_json(page(card))
    else:
        print_page(stdout(), card)


# --- plot ---------------------------------------------------------------------------------------


class Show(str, Enum):
    """Which panels are drawn."""

    both = "both"
    loss = "loss"
    gradient = "gradient"


class ThemeName(str, Enum):
    """Colours of the picture."""

    light = "light"
    dark = "dark"


PICTURES = (".png", ".svg", ".pdf")


@app.command(epilog=EXIT_CODES)
def plot(
    losses: Annotated[list[str], typer.Argument(metavar="LOSS", help=LOSS_SYNTAX)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Picture to write: .png, .svg or .pdf. [NAME.png]"),
    ] = None,
    theme: Annotated[ThemeName, typer.Option(help="Colours.")] = ThemeName.light,
    show: Annotated[Show, typer.Option(help="Which panels.")] = Show.both,
    gradient: Annotated[
        bool, typer.Option("--gradient/--no-gradient", help="Whether to draw the gradient too.")
    ] = True,
    target: Annotated[
        str | None,
        typer.Option(
            help="The fixed target: a number, a class number, or shares such as 0.6,0.3,0.1."
        ),
    ] = None,
    span: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Range of the prediction."),
    ] = None,
    log: Annotated[
        bool | None,
        typer.Option("--log/--linear", help="Vertical axis. [logarithmic where it helps]"),
    ] = None,
) -> None:
    """Draw losses and their gradients against the prediction, and print the picture's path."""
    with _bad_input():
        chosen = [parse_loss(loss) for loss in losses]
        fixed = None if target is None else _target(target)
        if span is not None and not (all(map(math.isfinite, span)) and span[0] < span[1]):
            raise ValueError(
                f"--span must be two finite numbers, the lower first, got {span[0]:g} {span[1]:g}."
            )
    path = out or Path(f"{chosen[0].card.name if len(chosen) == 1 else 'losses'}.png")
    if path.suffix.lower() not in PICTURES:
        fail(f"Cannot draw into {str(path)!r}: expected a name ending in {', '.join(PICTURES)}.")
    if not os.path.isdir(path.parent):
        fail(f"Cannot write {path}: it lies in {path.parent}, which does not exist.")
    replaced = _replaced(path)
    from losskit import plots

    panels = Show.loss.value if show is Show.both and not gradient else show.value
    with _bad_input():
        fig = plots.figure(chosen, target=fixed, show=panels, span=span, log=log, theme=theme.value)
        try:
            with written(path) as beside:
                fig.savefig(beside)
        except OSError as error:
            fail(f"Cannot write {path}: {error.strerror or error}.")
    if replaced:
        stderr().print(replaced, style="dim", markup=False, soft_wrap=True)
    typer.echo(str(path))


def _replaced(path: Path) -> str | None:
    """What to say of the file that a picture will take the place of, if there is one."""
    if os.path.islink(path):
        return f"{path}, a link to {os.readlink(path)}, is replaced; what it led to is left alone."
    if not os.path.exists(path):
        return None
    if not os.path.isfile(path):
        what = "a directory" if os.path.isdir(path) else "no regular file"
        fail(f"Cannot write {path}: it is {what}.")
    return f"{path} was there already, and is replaced."


def _target(text: str) -> float | list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--target must be a number, or shares such as 0.6,0.3,0.1, got {text!r}."
        ) from None
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"--target must be finite, got {text!r}.")
    return numbers[0] if len(numbers) == 1 else numbers


# --- eval ---------------------------------------------------------------------------------------


class Reduction(str, Enum):
    """What is made of the items; "none" is not among them, for a file has too many to print."""

    mean = "mean"
    sum_over_batch_size = "sum_over_batch_size"
    mean_with_sample_weight = "mean_with_sample_weight"
    sum = "sum"


@app.command("eval", epilog=EXIT_CODES)
def eval_(
    loss: LossArgument,
    true: TrueOption,
    pred: PredOption,
    weight: WeightOption = None,
    param: ParamOption = None,
    reduction: Annotated[
        Reduction, typer.Option(help="What is made of the items.")
    ] = Reduction.mean,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Rows read at a time. [about a million numbers]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute a loss, and the metric beside it, over files of targets and predictions.

    The files are read in pieces and may be larger than memory. A table gives its chosen columns, or
    all numeric ones: one column is an array, several are rows.
    """
    from losskit.streaming import evaluate, open_source

    with _bad_input():
        chosen = parse_loss(loss, param or (), reduction=reduction.value)
        targets, predictions = open_source(true), open_source(pred)
        weights = None if weight is None else open_source(weight)
        for source in filter(None, (targets, predictions, weights)):
            for note in source.notes:
                stderr().print(note, style="dim", markup=False, soft_wrap=True)
        with _progress(predictions) as advance:
            found = evaluate(chosen, targets, predictions, weights, rows=rows, progress=advance)
    if math.isnan(found.value):
        stderr().print("The loss is NaN: there are NaN among the predictions.", style="yellow")
    if as_json:
        _print_json(_result(chosen, found))
    else:
        _print_result(_result(chosen, found))


def _result(loss: Loss, found: Evaluation) -> dict[str, Any]:
    parameters = loss.card.parameters()
    return {
        "loss": loss.card.name,
        "parameters": parameters,
        "reduction": loss.reduction,
        "value": found.value,
        "sum": found.sum,
        "count": found.count,
        "rows": found.rows,
        "metric": {"name": found.metric, "value": found.metric_value},
    }


def _print_result(result: dict[str, Any]) -> None:
    rows = [(result["loss"], result["value"], "bold")]
    rows += [(key, result[key], "dim") for key in ("sum", "count", "rows")]
    rows += [(result["metric"]["name"], result["metric"]["value"], "dim")]
    width = max(len(name) for name, _, _ in rows) + 3
    digits = max(len(f"{value:.9g}") for _, value, _ in rows)
    for name, value, style in rows:
        # Laid out by hand: a table would cut numbers off in a narrow terminal.
        line = Text(name.ljust(width), style=style).append(f"{value:>{digits}.9g}", style="default")
        stdout().print(line, soft_wrap=True)


@contextlib.contextmanager
def _progress(source: Source) -> Iterator[Callable[[int], None]]:
    """A bar on stderr; nothing where that is no terminal."""
    from rich.progress import Progress

    console = stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=source.shape[0])
        yield lambda rows: bar.advance(task, rows)


app.command(epilog=EXIT_CODES)(check)
app.command(epilog=EXIT_CODES)(train)


# --- shared -------------------------------------------------------------------------------------


@contextlib.contextmanager
def _bad_input() -> Iterator[None]:
    """What the library refuses, as one message and exit code 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError) as error:
        fail(str(error))
    except MemoryError:
        fail("There is not enough memory for this. Take a part of the rows.")


def _print_json(data: Any) -> None:
    """JSON proper: it has no NaN and no infinity, which become null."""
    typer.echo(json.dumps(_finite(data), indent=2, ensure_ascii=False))


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(value) for value in data] if isinstance(data, (list, tuple)) else data


def main() -> None:
    """Run the command; the entry point."""
    if sys.stderr is None:  # closed by the caller (2>&-), as stdout may be
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        stderr().print("Cannot write the output: stdout is closed.", markup=False, soft_wrap=True)
        sys.exit(Exit.UNEXPECTED)
    stream = sys.stdout
    sys.stdout = Output(stream)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OutputError as error:
        # What is still held back shall not fail again at the interpreter's last flush.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if error.reader_left:
            sys.exit(Exit.DONE)
        stderr().print(f"Cannot write the output: {error}.", markup=False, soft_wrap=True)
        sys.exit(Exit.UNEXPECTED)
    except Exception as error:
        if os.environ.get("LOSSKIT_DEBUG"):
            raise
        stderr().print(
            f"Unexpected {type(error).__name__}: {error}. Please report it, with the traceback "
            "that LOSSKIT_DEBUG=1 shows.",
            markup=False,
            soft_wrap=True,
        )
        sys.exit(Exit.UNEXPECTED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    finally:
        sys.stdout = stream
