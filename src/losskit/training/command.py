"""``losskit train``: the command line of the trainer."""

from __future__ import annotations

import importlib.util
import json
import math
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from losskit.core.definition import Card, find, usual
from losskit.terminal import Exit, fail, split_loss, stderr, stdout
from losskit.training.raw import Refused

if TYPE_CHECKING:
    from losskit.training.data import Data
    from losskit.training.report import Report
    from losskit.training.run import Run

DEFAULT = {kind: usual(kind).name for kind in ("classification", "regression")}
METRICS = {"classification": ("accuracy",), "regression": ("rmse", "mae")}
STEPS = 1000
"""Steps below which Adam's usual learning rate of 0.001 does not get there."""


class Backend(str, Enum):
    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"


class Task(str, Enum):
    classification = "classification"
    regression = "regression"


class Metric(str, Enum):
    accuracy = "accuracy"
    rmse = "rmse"
    mae = "mae"


def train(
    data: Annotated[
        str,
        typer.Argument(
            help="digits, mnist, fashion_mnist, or the path of a CSV, Parquet or NPZ file.",
            metavar="[DATA]",
        ),
    ] = "digits",
    loss: Annotated[
        list[str] | None,
        typer.Option(
            help="A loss, with parameters as in huber:delta=2.0; several are compared. By default "
            f"{DEFAULT['classification']} for classes, {DEFAULT['regression']} for quantities.",
            metavar="NAME",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="The column (npz: array) to predict.", metavar="COLUMN"),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="A column to leave out; may be repeated.", metavar="COLUMN"),
    ] = None,
    task: Annotated[
        Task | None, typer.Option(help="What the target is, where it would be misread.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="An npz file to take mnist or fashion_mnist from.", metavar="PATH"),
    ] = None,
    backend: Annotated[
        Backend | None,
        typer.Option(help="By default the variable KERAS_BACKEND, else tensorflow."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Times to go through the data.")] = 10,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rows per step.",
            show_default="256; less below 1280 rows, so that an epoch has 5 steps",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Adam's.", show_default="0.001; up to 0.01 where there are under 1000 steps"
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**32 - 1, help="Of weights, batches and held-out rows."),
    ] = 0,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale/--no-scale",
            help="Bring inputs (and a regression's target) to mean 0 and deviation 1 inside the "
            "network.",
        ),
    ] = True,
    hidden: Annotated[int, typer.Option(min=1, help="Units of the hidden layer.")] = 84,
    logits: Annotated[
        bool,
        typer.Option(
            "--logits/--softmax",
            help="Let a loss that has from_logits apply the softmax (or sigmoid) itself.",
        ),
    ] = False,
    metric: Annotated[
        Metric | None,
        typer.Option(
            help="By which losses are compared.",
            show_default="accuracy for classes, rmse for quantities",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write.", show_default="a fresh directory in losskit-runs"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON in place of the table.")
    ] = False,
) -> None:
    """Train a small network with one loss, or with several to compare them.

    Prints a table and writes to --out: history.csv, history.json, curves.png, model.keras and
    data.json; for several losses a directory for each, and comparison.png and comparison.json.

    Exit codes: 0 done; 2 data, loss or option refused; 3 a loss became NaN or infinite; 130
    stopped by Ctrl-C. In the last two cases what was trained so far is kept.
    """
    try:
        code = _train(
            data,
            loss or [],
            target=target,
            drop=drop or [],
            task=task.value if task else None,
            file=file,
            backend=backend.value if backend else None,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
            scale=scale,
            hidden=hidden,
            logits=logits,
            metric=metric.value if metric else None,
            out=out,
            as_json=as_json,
        )
    except Refused as error:
        fail(str(error))
    except MemoryError:
        fail("There is not enough memory for this. Take a part of the rows, or a smaller --hidden.")
    except OSError as error:  # a full disk, a directory taken away
        fail(f"The results could not be written: {error}.", Exit.UNEXPECTED)
    except KeyboardInterrupt:
        fail("Stopped before the training had begun; nothing was written.", Exit.INTERRUPTED)
    if code != Exit.DONE:
        raise typer.Exit(int(code))


def _train(
    source: str,
    names: list[str],
    *,
    target: str | None,
    drop: list[str],
    task: str | None,
    file: Path | None,
    backend: str | None,
    epochs: int,
    batch_size: int | None,
    learning_rate: float | None,
    seed: int,
    scale: bool,
    hidden: int,
    logits: bool,
    metric: str | None,
    out: Path | None,
    as_json: bool,
) -> Exit:
    # What is wrong on the line is said before a framework takes its seconds to load.
    if learning_rate is not None and not 0 < learning_rate < math.inf:
        raise Refused(f"--learning-rate must be a number above 0, got {learning_rate}.")
    cards = [_card(name, logits) for name in names]
    _need("matplotlib")
    from losskit.training import backend as backends

    running = backends.choose(backend)
    say = stderr()

    from losskit.training.data import load

    data = load(source, target=target, file=file, drop=drop, task=task, seed=seed)
    for note in data.notes:
        say.print(note, markup=False, soft_wrap=True)

    from losskit.training.interrupt import Interrupt
    from losskit.training.progress import Lines
    from losskit.training.report import (
        Report,
        directory,
        slug,
        table,
        write_comparison,
        write_data,
        write_run,
    )
    from losskit.training.report import as_json as result
    from losskit.training.run import Run, Settings, train_each

    cards = cards or [_card(DEFAULT[data.task], logits)]
    _check_losses(cards, data)
    _check_size(data, hidden)
    measured = metric or METRICS[data.task][0]
    if measured not in METRICS[data.task]:
        choice = " or ".join(METRICS[data.task])
        raise Refused(f"--metric {measured} is not for {data.task}; choose {choice}.")
    if logits and not any(getattr(card, "from_logits", False) for card in cards):
        say.print("None of these losses has from_logits: --logits changes nothing.")

    size = batch_size or max(1, min(256, len(data.x) // 5))
    steps = epochs * math.ceil(len(data.x) / size)
    rate = learning_rate or _learning_rate(steps)
    why = "" if learning_rate or rate == 0.001 else f", for there are only {steps} steps"
    say.print(f"Keras on {running}; Adam, learning rate {rate:g}{why}; {epochs} epochs of {size}.")

    settings = Settings(epochs, size, rate, seed, hidden, scale)
    runs = [Run(_label(card), card) for card in cards]
    name = f"{data.name}-{slug(runs[0]) if len(runs) == 1 else 'comparison'}"
    report = Report(data, settings, running, measured, directory(out, name))
    write_data(report)
    view = Lines(say, epochs)
    done: list[Run] = []
    with Interrupt() as interrupt:
        try:
            for run in train_each(runs, data, settings, view, interrupt):
                view.close()
                interrupt.saving = True
                write_run(run, report, alone=len(runs) == 1)
                done.append(run)
                if run.cause:
                    say.print(run.cause, markup=False, soft_wrap=True, style="bold red")
                interrupt.saving = False
        finally:
            view.close()
            interrupt.saving = True
        if len(runs) > 1:
            write_comparison(done, report)
        if as_json:
            typer.echo(json.dumps(result(done, report), indent=2, ensure_ascii=False))
        else:
            stdout().print(table(done, report))
            _close(done, report)
        say.print(f"Written to {report.out}", markup=False, soft_wrap=True)
    if interrupt.asked:
        say.print("Stopped by Ctrl-C; what was trained so far is written.")
        return Exit.INTERRUPTED
    return Exit.NAN if any(run.cause for run in done) else Exit.DONE


def _close(runs: list[Run], report: Report) -> None:
    from losskit.training.report import remarks

    for remark in remarks(runs, report):
        stdout().print(remark, markup=False, soft_wrap=True)


def _learning_rate(steps: int) -> float:
    """Adam's usual 0.001; up to ten times as much where there are few steps to go."""
    return float(f"{0.001 * min(10.0, max(1.0, STEPS / steps)):.2g}")


# --- losses -------------------------------------------------------------------------------------


def _card(text: str, logits: bool) -> Card:
    try:
        named = split_loss(text)
        kind = find(named.name)
        if logits and "from_logits" in kind.rules():
            named.parameters["from_logits"] = True
        card: Card = kind(**named.parameters)
    except (TypeError, ValueError) as error:
        raise Refused(str(error)) from None
    if getattr(card, "axis", -1) not in (-1, 1, None):
        raise Refused(f"--loss {text}: the outputs are rows of classes; leave axis at -1.")
    return card


def _label(card: Card) -> str:
    """``huber(delta=2)``: the name, and what differs from the defaults."""
    given: dict[str, Any] = {
        name: value for name, value in card.parameters().items() if value != card.rules()[name][0]
    }
    text = ", ".join(_setting(name, value) for name, value in given.items())
    return f"{card.name}({text})" if text else card.name


def _setting(name: str, value: Any) -> str:
    if value is True:
        return name
    return f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"


def _check_losses(cards: list[Card], data: Data) -> None:
    from losskit.training.model import suitable, suits

    for card in cards:
        reason = suits(card, data)
        if reason:
            raise Refused(
                f"{card.name} does not suit {data.name}: {reason}. Losses that do: "
                f"{', '.join(suitable(data))}."
            )
    twice = {card.name for card in cards if cards.count(card) > 1}
    if twice:
        raise Refused(f"--loss {twice.pop()} is given twice with the same parameters.")


def _check_size(data: Data, hidden: int) -> None:
    """Check that the network has room: each weight with its gradient and Adam's two moments."""
    from losskit.streaming.sources import most_bytes

    weights = hidden * (math.prod(data.x.shape[1:]) + 1 + max(len(data.classes), 1))
    most = most_bytes() // 16
    if weights > most:
        raise Refused(
            f"--hidden {hidden} makes a network of {weights:.3g} weights, and there is memory for "
            f"{most:.3g} here. Take fewer."
        )


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise Refused(f'{package} is not installed: pip install "losskit[train]".')
