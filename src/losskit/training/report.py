"""What came of it: files in a directory, and one table in which losses can be compared."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from losskit import __version__, get
from losskit.terminal import written
from losskit.training import curves
from losskit.training.data import Data
from losskit.training.progress import number
from losskit.training.raw import Refused
from losskit.training.run import Run, Settings

METRICS = {"accuracy": "accuracy", "rmse": "RMSE", "mae": "MAE"}


@dataclass(frozen=True)
class Report:
    """What the runs have in common."""

    data: Data
    settings: Settings
    backend: str
    metric: str
    """By which losses are compared; not by their own values, which have different units."""
    out: Path


def directory(out: Path | None, name: str) -> Path:
    """A fresh directory to write to: ``out``, or one under losskit-runs.

    Raises:
        Refused: ``out`` holds files already, or cannot be made.
    """
    try:
        if out is not None:
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise Refused(
                    f"--out {out} exists and is not an empty directory. Nothing is overwritten: "
                    "name another one, or remove it."
                )
            out.mkdir(parents=True, exist_ok=True)
            return out
        number = 1
        while True:
            made = Path("losskit-runs") / (name if number == 1 else f"{name}-{number}")
            try:
                made.mkdir(parents=True)
            except FileExistsError:
                if not made.parent.is_dir():
                    raise
                number += 1
            else:
                return made
    except OSError as error:
        raise Refused(f"The results cannot be written: {error}. Name a directory: --out.") from None


def slug(run: Run) -> str:
    """A directory's name for a run."""
    name = re.sub(r"[^\w.=-]+", "-", run.label).strip("-")
    # A weight for each of many classes would make a name that no file system takes.
    return (
        name if len(name) <= 100 else f"{name[:91]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    )


# --- files --------------------------------------------------------------------------------------


def write_run(run: Run, report: Report, *, alone: bool) -> Path:
    """Write history (CSV, JSON), learning curves (PNG) and model (.keras); return where."""
    out = report.out if alone else report.out / slug(run)
    out.mkdir(parents=True, exist_ok=True)
    with written(out / "model.keras") as beside:
        run.model.save(beside)
    _write_json(out / "history.json", {**_common(report), **summary(run, report)})
    with (
        written(out / "history.csv") as beside,
        beside.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=list(run.history[0]) if run.history else ["epoch"])
        writer.writeheader()
        writer.writerows(run.history)
    if run.history:
        label = METRICS[report.metric]
        title = f"{report.data.name}: {run.label}"
        curves.save(curves.learning(run.history, report.metric, label, title), out / "curves.png")
    return out


def write_comparison(runs: list[Run], report: Report) -> None:
    """Write what compares the runs: one figure and one JSON file."""
    _write_json(report.out / "comparison.json", as_json(runs, report))
    ranked = [r for r in rank(runs, report.metric) if r.history]
    if ranked:
        figure = curves.comparison(
            {r.label: r.history for r in ranked},
            report.metric,
            METRICS[report.metric],
            f"{report.data.name}: {len(ranked)} losses, the same network, weights and batches",
            baseline(report)[0],
        )
        curves.save(figure, report.out / "comparison.png")


def write_data(report: Report) -> None:
    """Write what the columns and classes are: before the training, for it does not change."""
    _write_json(report.out / "data.json", report.data.describe())


def summary(run: Run, report: Report) -> dict[str, Any]:
    """One run for JSON."""
    return {
        "loss": run.card.name,
        "parameters": run.card.parameters(),
        "label": run.label,
        "status": run.status,
        "cause": run.cause,
        "findings": run.findings,
        "metric": report.metric,
        "validation": run.history[-1][f"val_{report.metric}"] if run.history else None,
        "training": run.history[-1][report.metric] if run.history else None,
        "seconds": run.seconds,
        "initial_weights": run.initial_weights,
        "batches": run.batches,
        "history": run.history,
    }


def as_json(runs: list[Run], report: Report) -> dict[str, Any]:
    """Everything for JSON, best loss first."""
    ranked = [summary(run, report) for run in rank(runs, report.metric)]
    return finite({**_common(report), "out": str(report.out), "runs": ranked})


def _common(report: Report) -> dict[str, Any]:
    import keras

    return {
        "losskit": __version__,
        "keras": keras.__version__,
        "backend": report.backend,
        **report.data.describe(),
        "settings": asdict(report.settings),
        "baseline": baseline(report)[0],
    }


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(finite(value), indent=2, ensure_ascii=False) + "\n"
    with written(path) as beside:
        beside.write_text(text, encoding="utf-8")


def finite(value: Any) -> Any:
    """The same with None for NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- the table ----------------------------------------------------------------------------------


def rank(runs: list[Run], metric: str) -> list[Run]:
    """Best validation metric at the last epoch first; runs that diverged last.

    The last epoch and not the best one: picking an epoch by the validation rows flatters.
    """

    def key(run: Run) -> tuple[bool, bool, float]:
        value = run.history[-1][f"val_{metric}"] if run.history else math.inf
        return run.cause is not None, not run.history, -value if metric == "accuracy" else value

    return sorted(runs, key=key)


def table(runs: list[Run], report: Report) -> Table:
    """The closing table."""
    metric, label = report.metric, METRICS[report.metric]
    made = Table(box=None, pad_edge=False)
    made.add_column("loss", overflow="fold")  # a long one breaks, rather than a figure
    for heading in (f"{label}\nval", "\ntrain", "loss value\nval", "\ntrain"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("epochs", justify="right", no_wrap=True)
    made.add_column("seconds", justify="right", no_wrap=True)
    stopped = any(run.status != "finished" for run in runs)
    if stopped:
        made.add_column("", no_wrap=True)
    for i, run in enumerate(rank(runs, metric)):
        row = run.history[-1] if run.history else {}
        cells = [
            number(row[k]) if k in row else "-"
            for k in (f"val_{metric}", metric, "val_loss", "loss")
        ]
        epochs = str(int(row.get("epoch", 0)))
        status = [] if not stopped else ["" if run.status == "finished" else run.status]
        made.add_row(
            run.label,
            *cells,
            epochs,
            f"{run.seconds:.1f}",
            *status,
            style="bold" if i == 0 and len(runs) > 1 and row else None,
        )
    return made


def remarks(runs: list[Run], report: Report) -> list[str]:
    """What one must know to read the table."""
    value, what = baseline(report)
    rows = len(report.data.x_val)
    said = [f"Without a network: {METRICS[report.metric]} {number(value)} ({what})."]
    best = next((r for r in rank(runs, report.metric) if r.history and not r.cause), None)
    if best is not None and report.metric == "accuracy":
        p = best.history[-1]["val_accuracy"]
        error = math.sqrt(max(p * (1.0 - p), 1.0 / rows) / rows)
        said.append(f"The standard error of an accuracy on {rows} validation rows is {error:.2g}.")
    if len(runs) > 1:
        said.append("Loss values have units of their own: compare the losses by the metric.")
    return said


def baseline(report: Report) -> tuple[float, str]:
    """The metric of the best constant prediction, and which that is."""
    y, held = report.data.y, report.data.y_val.astype(np.float64)
    if report.metric == "accuracy":
        common = int(np.bincount(y).argmax())
        return float(np.mean(held == common)), f"always {report.data.classes[common]}"
    loss = get(report.metric)  # the metrics of quantities are losses too
    best = loss.card.best_constant(y)
    return float(loss(held, np.full(held.shape, best))), f"always {best:.4g}"
