"""What every command shares: the two streams, errors as one message, losses named on a line."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from rich.console import Console

from losskit.core.definition import Rule, find
from losskit.numpy import CLASSES, Loss


class Exit(IntEnum):
    """The exit codes of every command, as ``--help`` lists them."""

    DONE = 0
    UNEXPECTED = 1
    FOUND = 1  # by `check`, as linters have it
    USAGE = 2
    NAN = 3
    INTERRUPTED = 130


WIDTH_OFF_TERMINAL = 100
"""Columns where there is no terminal to ask: a fixed number, so that output can be compared."""


def stdout() -> Console:
    """A console for data. Made per call, so that a redirected stream is seen."""
    return _console(stderr=False)


def stderr() -> Console:
    """A console for progress and messages."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    # Rich would colour for FORCE_COLOR or TTY_COMPATIBLE even into a file; a pipe gets plain text.
    return Console(
        file=stream,
        force_terminal=terminal,
        no_color=not terminal or bool(os.environ.get("NO_COLOR")),
        width=None if terminal or "COLUMNS" in os.environ else WIDTH_OFF_TERMINAL,
        highlight=False,
        emoji=False,
    )


class OutputError(Exception):
    """Stdout takes no more. No OSError, for Typer and Rich handle a broken pipe on their own."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.reader_left = isinstance(error, BrokenPipeError)


class Output:
    """A stream that tells its own failures from those of other files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise OutputError(error) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputError(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Failure(typer.Exit):
    """The command ends with a message already written."""


def fail(message: str, code: int = Exit.USAGE) -> NoReturn:
    """Write one message on stderr and end the command with this exit code.

    Args:
        message: what was got, what was expected, and what to do.
        code: one of `Exit`.
    """
    console = stderr()
    console.print("[bold red]Error:[/] ", end="")
    # The message may hold brackets, which Rich would read as its own markup.
    console.print(message, markup=False, soft_wrap=True)
    raise Failure(int(code))


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path beside the given one to write to, which takes its place when all is written.

    Until then, and where writing fails, what was there stays as it was. A link is replaced, and
    what it leads to is left alone.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield beside
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


# --- what several commands take -----------------------------------------------------------------

LOSS_SYNTAX = "a loss, with parameters if any: huber, huber:delta=2.0, bce:from_logits=true"
FILE_SYNTAX = "FILE.npy, FILE.npz[:KEY], FILE.csv[:COLUMN,...] or FILE.parquet[:COLUMN,...]"

LossArgument = Annotated[str, typer.Argument(metavar="LOSS", help=LOSS_SYNTAX)]
TrueOption = Annotated[str, typer.Option("--true", metavar="FILE", help=f"Targets: {FILE_SYNTAX}")]
PredOption = Annotated[str, typer.Option("--pred", metavar="FILE", help="Predictions, likewise.")]
WeightOption = Annotated[
    str | None, typer.Option("--weight", metavar="FILE", help="Weights, likewise.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="A parameter of the loss; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]

# --- losses on the command line -----------------------------------------------------------------


@dataclass(frozen=True)
class LossName:
    """A loss as written on a line, ``huber:delta=2.0``, taken apart."""

    name: str
    parameters: dict[str, Any]


def split_loss(text: str, extra: Iterable[str] = ()) -> LossName:
    """Take ``NAME[:PARAMETER=VALUE[,PARAMETER=VALUE...]]`` apart, values in their types.

    Args:
        text: as written on the line.
        extra: further ``PARAMETER=VALUE`` settings, e.g. those of ``--param``.

    Raises:
        ValueError: the loss or a parameter does not exist, or a value cannot be read.
    """
    name, _, settings = text.partition(":")
    card = find(name.strip())
    rules = card.rules()
    parameters: dict[str, Any] = {}
    for setting in [*(s for s in settings.split(",") if s.strip()), *extra]:
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals or not key:
            raise ValueError(
                f"{setting.strip()!r} sets nothing: expected PARAMETER=VALUE, e.g. "
                f"{card.name}:{example(rules)}."
            )
        if key not in rules:
            known = ", ".join(rules) or "none"
            raise ValueError(f"{card.name} has no parameter {key!r}. Its parameters: {known}.")
        if key in parameters:
            raise ValueError(f"{card.name} is given {key!r} twice: choose one value.")
        parameters[key] = read_value(key, value, rules[key][1])
    return LossName(card.name, parameters)


def parse_loss(text: str, extra: Iterable[str] = (), **options: Any) -> Loss:
    """The loss object of the NumPy face for ``huber:delta=2.0``.

    Args:
        text: as for `split_loss`.
        extra: as for `split_loss`.
        **options: what the loss takes beside its parameters: reduction, on_empty, name.

    Raises:
        ValueError, TypeError: the loss or a parameter does not exist or is out of range.
    """
    named = split_loss(text, extra)
    return CLASSES[find(named.name).__name__](**named.parameters, **options)


def example(rules: dict[str, tuple[Any, Rule]]) -> str:
    """A setting that this loss would take, for messages."""
    for name, (default, rule) in rules.items():
        if rule.kind == "flag":
            return f"{name}=true"
        if rule.kind.startswith("number"):
            return f"{name}={default}"
    return next((f"{name}={default}" for name, (default, _) in rules.items()), "delta=2.0")


_FLAGS = {"true": True, "yes": True, "on": True, "1": True}
_FLAGS |= {"false": False, "no": False, "off": False, "0": False}


def read_value(name: str, text: str, rule: Rule) -> Any:
    """The value of a parameter from its text; its range is the card's to check.

    Raises:
        ValueError: the text is not of the parameter's type.
    """
    if rule.kind == "flag":
        if text.lower() in _FLAGS:
            return _FLAGS[text.lower()]
        raise ValueError(f"{name} must be true or false, got {text!r}.")
    if rule.kind in ("integer or None", "axes") and text.lower() in ("none", ""):
        return None
    if rule.kind == "choice" or text in rule.choices:
        return text
    several = rule.kind == "number or class weights" and (";" in text or ":" in text)
    if rule.kind == "class weights" or several:
        return _read_weights(name, text)
    read = int if rule.kind.startswith("integer") else float
    try:
        if rule.kind in ("axes", "choice or classes"):  # a comma would end the setting
            return [int(number) for number in text.split(";")]
        return read(text)
    except ValueError:
        raise ValueError(f"{name} must be {rule.article} {rule.range}, got {text!r}.") from None


def _read_weights(name: str, text: str) -> Any:
    """Class weights as ``1;2;1``, or named, ``0:1;5:2``; a comma would end the setting."""
    if text.lower() in ("none", ""):
        return None
    entries = [entry.partition(":") for entry in text.split(";")]
    try:
        if all(colon for _, colon, _ in entries):
            return {int(label): float(weight) for label, _, weight in entries}
        return [float(weight) for weight, _, _ in entries]
    except ValueError:
        raise ValueError(
            f"{name} must be weights such as 1;2;1 (one per class) or 0:1;5:2 (class:weight), got "
            f"{text!r}."
        ) from None
