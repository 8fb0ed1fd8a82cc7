"""What is seen of the training while it runs: on stderr, one line per epoch."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from losskit.checks.report import Report


class Lines:
    """A bar for the epoch at work, which leaves its figures behind as a line.

    Off a terminal there are only the lines.
    """

    def __init__(self, console: Console, epochs: int) -> None:
        self._console, self._epochs = console, epochs
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._shown = False

    def model(self, model: Any) -> None:
        """Say which loss it is; the first time, show the network."""
        if not self._shown:
            model.summary(print_fn=self._plain, line_length=78)
            self._shown = True
        output = model.get_layer("output")
        name = getattr(output.activation, "__name__", "linear")
        self._plain(f"\nLoss {model.loss.name}, output {name}")

    def found(self, report: Report) -> None:
        """What is wrong with the loss before training."""
        self._plain("")
        self._console.print(report)
        self._plain("")

    def epoch(self, epoch: int, steps: int) -> None:
        self._name = f"epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"
        if not self._console.is_terminal:
            return
        self.close()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task(self._name, total=steps, figures="")
        self._bar.start()

    def step(self, logs: dict[str, float]) -> None:
        if self._bar is not None:
            self._bar.update(self._task, advance=1, figures=figures(logs))

    def epoch_end(self, row: dict[str, float]) -> None:
        self.close()
        names = [k for k in row if k not in ("epoch", "seconds", "batches")]
        training = figures({k: row[k] for k in names if not k.startswith("val_")})
        held = figures({k[4:]: row[k] for k in names if k.startswith("val_")})
        self._plain(f"{self._name}   {training}   validation: {held}   {row['seconds']:.1f} s")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _plain(self, text: str, **_: Any) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


def figures(values: dict[str, float]) -> str:
    """``loss 0.1234 accuracy 0.9876``, loss first."""
    names = sorted(values, key=lambda k: k != "loss")
    return "  ".join(f"{k} {number(values[k])}" for k in names)


def number(value: float) -> str:
    """Four decimals for numbers about 1, four digits for others."""
    if 1e-3 <= abs(value) < 10 or value == 0:
        return f"{value:.4f}"
    return f"{value:#.4g}".rstrip(".")
