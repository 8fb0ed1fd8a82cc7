"""``losskit check``: the command line of the check."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from losskit.core.definition import find
from losskit.terminal import (
    Exit,
    Json,
    LossArgument,
    ParamOption,
    PredOption,
    TrueOption,
    WeightOption,
    fail,
    parse_loss,
    split_loss,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from losskit.checks.report import Finding
    from losskit.core.namespaces import Array
    from losskit.numpy import Loss


class Severity(str, Enum):
    """What makes the command fail."""

    error = "error"
    warning = "warning"


def check(
    loss: LossArgument,
    true: TrueOption,
    pred: PredOption,
    weight: WeightOption = None,
    logits: Annotated[
        bool,
        typer.Option("--logits", help="The predictions are logits: the loss gets from_logits."),
    ] = False,
    param: ParamOption = None,
    fail_on: Annotated[
        Severity, typer.Option(help="The least severity that gives exit code 1.")
    ] = Severity.error,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say why checks did not apply.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look for what is wrong with a loss call: its targets, its predictions, its parameters.

    Errors are certain from the data, warnings are likely, hints are worth knowing. The exit code
    is 1 if there are errors; with --fail-on warning also if there are warnings.

    The files are read whole into memory. A table gives its chosen columns, or all numeric ones.
    """
    from losskit.checks.run import check as look

    try:
        chosen = _loss(loss, param or [], logits)
        y, p = _read(true), _read(pred)
        report = look(chosen, y, p, sample_weight=None if weight is None else _read(weight))
    except (ValueError, TypeError, ImportError) as error:
        fail(str(error))
    except MemoryError:
        fail("There is not enough memory for this. Take a part of the rows.")
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        from losskit.checks.show import terminal

        shown = replace(report, findings=tuple(map(_here, report.findings)))
        stdout().print(terminal(shown, reasons=verbose))
    grave = {"error"} if fail_on is Severity.error else {"error", "warning"}
    if any(finding.severity in grave for finding in report):
        raise typer.Exit(int(Exit.FOUND))


_HERE = (
    (r"\b([Pp]ass from_logits=True)\b", r"\1 (here: --logits)"),
    (r"\b([Pp]ass from_logits=False)\b", r"\1 (here: without --logits)"),
    (r'\b([Pp]ass reduction="\w+")', r"\1 (in code)"),
    (r"\b([Pp]ass (?!from_logits)(\w+=[^\s,.;\"]+))", r"\1 (here: --param \2)"),
)
"""What remedies say in code, and what does it on the command line."""


def _here(finding: Finding) -> Finding:
    """A finding whose remedy holds on the command line."""
    remedy = finding.remedy
    for code, option in _HERE:
        remedy = re.sub(code, option, remedy)
    return replace(finding, remedy=remedy)


def _loss(text: str, parameters: list[str], logits: bool) -> Loss:
    if logits:
        name = split_loss(text).name
        if "from_logits" not in find(name).rules():
            raise ValueError(f"{name} has no parameter 'from_logits': leave out --logits.")
        parameters = [*parameters, "from_logits=true"]
    return parse_loss(text, parameters)


def _read(text: str) -> Array:
    """A file whole; how it was understood is said on stderr."""
    from losskit.streaming import open_source, whole

    source = open_source(text)
    for note in source.notes:
        stderr().print(note, style="dim", markup=False, soft_wrap=True)
    return whole(source)
