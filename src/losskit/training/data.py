"""From a source to rows to train on and rows to validate on, with the task told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from losskit.training.files import read
from losskit.training.raw import Array, Raw, Refused, is_rounded, numeric, said_rounded

BUNDLED = ("digits", "mnist", "fashion_mnist")
MOST_CLASSES = 20
"""Whole numbers with more distinct values are taken for quantities, not classes."""
FEWEST_ROWS = 10
HELD_OUT = 0.2
"""The share of the rows kept for validation, where the source does not say which."""


@dataclass
class Data:
    """Rows in two parts, their targets as class numbers or as quantities."""

    name: str
    task: str
    """"classification" or "regression"."""
    x: Array
    y: Array
    x_val: Array
    y_val: Array
    target: str
    classes: list[str] = field(default_factory=list)
    """The labels, by class number."""
    columns: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """What one must know to feed the trained model: columns, their categories, classes."""
        return {
            "data": self.name,
            "task": self.task,
            "target": self.target,
            "classes": self.classes,
            "input_shape": list(self.x.shape[1:]),
            "columns": self.columns,
            "training_rows": len(self.x),
            "validation_rows": len(self.x_val),
        }


def load(
    source: str,
    *,
    target: str | None = None,
    file: Path | None = None,
    drop: list[str] | None = None,
    task: str | None = None,
    seed: int = 0,
) -> Data:
    """Load a data set, tell its task, and hold rows out for validation.

    Args:
        source: "digits", "mnist", "fashion_mnist", or a path.
        target: the column, or the array of an npz file, that is to be predicted.
        file: an npz file to take (fashion_)mnist from.
        drop: columns to leave out.
        task: "classification" or "regression", where the target would be misread.
        seed: of the choice of validation rows.

    Raises:
        Refused: the data will not do; the message says why and what would.
    """
    raw = _fetch(source, target, file, drop or [])
    raw.x = raw.x[:, None] if raw.x.ndim == 1 else raw.x
    raw.x_val = raw.x_val[:, None] if raw.x_val is not None and raw.x_val.ndim == 1 else raw.x_val
    raw.y, raw.y_val = _one_per_row(raw, raw.y), _one_per_row(raw, raw.y_val)
    _check_rows(raw)
    task = _tell(raw, task)
    classes: list[str] = []
    if task == "classification":
        classes = _number_classes(raw)
    else:
        if is_rounded(raw.y):
            raw.notes.append(said_rounded([raw.target]))
        raw.y = numeric("The target", raw.y).astype(np.float32)
        if raw.y_val is not None:
            raw.y_val = numeric("The validation target", raw.y_val).astype(np.float32)
        if raw.y.min() == raw.y.max():
            # Distinct in float64 and one number in float32.
            raise Refused(
                f"The target {raw.target!r} does not vary within float32's precision, around "
                f"{raw.y[0]:g}. Subtract its mean first."
            )
    x, y, x_val, y_val = _split(raw, task, seed)
    return Data(raw.name, task, x, y, x_val, y_val, raw.target, classes, raw.columns, raw.notes)


def _fetch(source: str, target: str | None, file: Path | None, drop: list[str]) -> Raw:
    name = source.lower().replace("-", "_")
    if name not in BUNDLED:
        if file is not None:
            raise Refused(
                "--file goes with mnist and fashion_mnist; for a file of your own give its path as "
                f"DATA: losskit train {file} --target COLUMN."
            )
        return read(Path(source), target, drop)
    if target is not None or drop:
        raise Refused(f"--target and --drop go with a file of your own, not with {name}.")
    from losskit.training.bundled import digits, mnist

    if name == "digits":
        if file is not None:
            raise Refused("--file goes with mnist and fashion_mnist; digits needs no file.")
        return digits()
    return mnist(name, file)


# --- checks -------------------------------------------------------------------------------------


def _one_per_row(raw: Raw, y: Any) -> Any:
    """The target as one value per row: a column is flattened, one-hot rows are read as classes."""
    if y is None or y.ndim == 1:
        return y
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "fiub" and _one_hot(y):
        note = f"The target {raw.target!r} is one-hot: read as {y.shape[1]} classes."
        raw.notes += [] if note in raw.notes else [note]
        return y.argmax(axis=1)
    raise Refused(
        f"The target {raw.target!r} has shape {y.shape}, expected one value per row (or one-hot "
        "rows). Pick one column."
    )


def _one_hot(y: Array) -> bool:
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def _check_rows(raw: Raw) -> None:
    parts = [("x", raw.x, "y", raw.y, FEWEST_ROWS)]
    if raw.x_val is not None and raw.y_val is not None:
        parts.append(("x_test", raw.x_val, "y_test", raw.y_val, 1))
        if raw.x_val.shape[1:] != raw.x.shape[1:]:
            raise Refused(
                f"Training rows have shape {raw.x.shape[1:]} and validation rows "
                f"{raw.x_val.shape[1:]}; expected the same."
            )
    for x_name, x, y_name, y, fewest in parts:
        if len(x) != len(y):
            raise Refused(f"{x_name} has {len(x)} rows and {y_name} has {len(y)}.")
        if len(x) < fewest:
            raise Refused(
                f"{raw.name} has {len(x)} rows in {x_name}, expected at least {fewest}: with so "
                "few there is nothing to learn or to validate on."
            )
    if not raw.x[0].size:
        raise Refused(f"{raw.name} has rows of no features (x has shape {raw.x.shape}).")


# --- the task -----------------------------------------------------------------------------------


def _tell(raw: Raw, wish: str | None) -> str:
    """Classification or regression, from the target; the reason is added to the notes."""
    y = raw.y
    name = f"The target {raw.target!r}"
    if y.dtype.kind not in "fiubUSO":
        raise Refused(f"{name} holds {y.dtype} values, expected numbers or text.")
    text = y.dtype.kind not in "fiu"
    if not text and not np.isfinite(y).all():
        missing = int((~np.isfinite(y)).sum())
        raise Refused(f"{name} has {missing} missing or infinite values. Drop those rows.")
    values = _distinct(raw, y)
    if len(values) < 2:
        raise Refused(
            f"{name} is constant: every row has {values[0]!s}. There is nothing to learn; name "
            "another column with --target."
        )
    whole = not text and bool((y == np.floor(y)).all())
    if wish == "regression" and text:
        raise Refused(
            f"{name} holds {y.dtype} values, not numbers, so --task regression cannot be."
        )
    if wish is not None:
        task, reason = wish, ", as --task says"
    elif text:
        task, reason = "classification", " holds text or booleans"
    elif whole and len(values) <= min(MOST_CLASSES, len(y) // 5):
        task, reason = (
            "classification",
            f" holds whole numbers with {len(values)} distinct values, at most {MOST_CLASSES}",
        )
    else:
        what = "whole numbers" if whole else "real numbers"
        task, reason = "regression", f" holds {what} with {len(values)} distinct values"
    other = "regression" if task == "classification" else "classification"
    hint = "" if text or wish else f" If not: --task {other}."
    raw.notes.append(f"{task.capitalize()}: {name[0].lower()}{name[1:]}{reason}.{hint}")
    return task


def _distinct(raw: Raw, y: Array) -> Any:
    if y.dtype.kind == "O" and not all(isinstance(v, (str, bool)) for v in y):
        bad = next(v for v in y if not isinstance(v, (str, bool)))
        if not isinstance(bad, (int, float)):
            raise Refused(
                f"The target {raw.target!r} holds {type(bad).__name__} values such as {bad}, "
                "expected numbers or text."
            )
        y = y.astype(str)
    return np.unique(y.astype(str) if y.dtype.kind == "O" else y)


def _number_classes(raw: Raw) -> list[str]:
    """Put class numbers in place of the labels; return the labels in the order of the numbers."""
    if raw.y.dtype.kind == "O":
        raw.y = raw.y.astype(str)
    if raw.y_val is not None and raw.y_val.dtype.kind == "O":
        raw.y_val = raw.y_val.astype(str)
    labels = np.unique(raw.y)
    if len(labels) > max(2, len(raw.y) // 2):
        raise Refused(
            f"The target {raw.target!r} has {len(labels)} distinct labels in {len(raw.y)} rows: it "
            "looks like an id or free text, not like a class. Name another column with --target."
        )
    if raw.y_val is not None:
        strange = np.setdiff1d(raw.y_val, labels)
        if len(strange):
            raise Refused(
                f"The validation target holds {strange[0]!s}, a class that no training row has. "
                "Leave these rows out, or shuffle and split anew."
            )
        raw.y_val = np.searchsorted(labels, raw.y_val).astype(np.int32)
    raw.y = np.searchsorted(labels, raw.y).astype(np.int32)
    names = [_label(v) for v in labels]
    if names != [str(i) for i in range(len(names))]:
        shown = ", ".join(f"{name} = {i}" for i, name in enumerate(names[:MOST_CLASSES]))
        more = ", ..." if len(names) > MOST_CLASSES else ""
        raw.notes.append(f"Labels are numbered in their sorted order: {shown}{more}.")
    return names


def _label(value: Any) -> str:
    """``3`` for the float 3.0, as the user would write it."""
    if isinstance(value, np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


# --- the split ----------------------------------------------------------------------------------


def _split(raw: Raw, task: str, seed: int) -> tuple[Array, Array, Array, Array]:
    if raw.x_val is not None and raw.y_val is not None:
        return raw.x, raw.y, raw.x_val, raw.y_val
    rng = np.random.default_rng(seed)
    if task == "classification":
        # By class, so that a rare one is not missing on either side; a lone row is for training.
        groups = [np.flatnonzero(raw.y == k) for k in range(int(raw.y.max()) + 1)]
    else:
        groups = [np.arange(len(raw.y))]
    held = np.zeros(len(raw.y), dtype=bool)
    for rows in groups:
        count = max(round(HELD_OUT * len(rows)), 1) if len(rows) > 1 else 0
        held[rng.permutation(rows)[:count]] = True
    raw.notes.append(
        f"{int((~held).sum())} rows to train on, {int(held.sum())} held out for validation."
    )
    return raw.x[~held], raw.y[~held], raw.x[held], raw.y[held]
