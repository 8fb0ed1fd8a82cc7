"""The user's own files: CSV, Parquet and NPZ. Nothing in them is executed or trusted."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from losskit.training.raw import Array, Raw, Refused, numeric

MOST_CATEGORIES = 50
"""A text column with more distinct values is an id or free text, not a category."""
MOST_BYTES = 16 * 2**30
"""An npz file that would unpack to more is not opened: more likely a bomb than data."""

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def read(path: Path, target: str | None, drop: list[str]) -> Raw:
    """Read a file by the ending of its name.

    Raises:
        Refused: it does not exist, is of no known kind, cannot be read, or does not hold the
            target.
    """
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise Refused(
            f"{path} {what}. DATA is digits, mnist, fashion_mnist, or the path of a CSV, Parquet "
            "or NPZ file."
        )
    ending = path.suffix.lower()
    if ending == ".npz":
        if drop:
            raise Refused(f"--drop leaves out a column of a table; {path} is an npz file.")
        return read_npz(path, target)
    if ending in TABLES:
        return _from_table(path, _read_table(path, ending), target, drop)
    raise Refused(
        f"{path} ends in {ending or 'nothing'!r}, expected .csv, .parquet or .npz. Rename it, if "
        "it is one of these."
    )


# --- tables -------------------------------------------------------------------------------------


def _read_table(path: Path, ending: str) -> Any:
    try:
        import pandas
    except ImportError:
        raise Refused('CSV and Parquet files need pandas: pip install "losskit[train]".') from None
    try:
        if ending in (".parquet", ".pq"):
            return pandas.read_parquet(path)
        table = pandas.read_csv(path, skipinitialspace=True, low_memory=False)
        if len(table.columns) == 1:
            for separator in (";", "\t"):
                if separator in str(table.columns[0]):
                    return pandas.read_csv(path, sep=separator, low_memory=False)
        return table
    except ImportError:
        raise Refused('Parquet files need pyarrow: pip install "losskit[train]".') from None
    except (Exception, MemoryError) as error:  # parsers raise anything on a broken file
        raise Refused(_unreadable(path, error)) from None


def _from_table(path: Path, table: Any, target: str | None, drop: list[str]) -> Raw:
    table.columns = [str(c).strip() for c in table.columns]
    columns = list(table.columns)
    listed = _listed(columns)
    if len(set(columns)) != len(columns):
        twice = next(c for c in columns if columns.count(c) > 1)
        raise Refused(f"{path} has two columns named {twice!r}. Rename one of them.")
    if target is None:
        raise Refused(
            f"Which column of {path} is to be predicted? Name it: --target COLUMN. "
            f"The columns are {listed}."
        )
    for name, option in [(target, "--target"), *((d, "--drop") for d in drop)]:
        if name not in columns:
            raise Refused(f"{path} has no column {name!r} ({option}). Its columns are {listed}.")
    if target in drop:
        raise Refused(f"{target!r} is both --target and --drop.")
    table = table.drop(columns=drop)
    if len(table.columns) < 2:
        raise Refused(f"{path} has no column left to learn from beside the target {target!r}.")
    _refuse_missing(path, table)

    notes: list[str] = []
    described: list[dict[str, Any]] = []
    features: list[Array] = []
    for name in table.columns.drop(target):
        column, entry = _feature(name, table[name])
        features.append(column)
        described.append(entry)
    encoded = [c["name"] for c in described if "categories" in c]
    if encoded:
        notes.append(f"One-hot encoded, for they hold text: {_listed(encoded)}.")
    x = np.concatenate(features, axis=1) if len(table) else np.zeros((0, len(features)))
    y = _plain(table[target])
    return Raw(path.stem, x, y, target=target, columns=described, notes=notes)


def _feature(name: str, column: Any) -> tuple[Array, dict[str, Any]]:
    values = _plain(column)
    if values.dtype.kind in "fiub":
        return numeric(f"Column {name!r}", values)[:, None].astype(np.float32), {"name": name}
    if values.dtype.kind not in "OU" or not all(isinstance(v, str) for v in values):
        raise Refused(
            f"Column {name!r} holds {column.dtype} values, expected numbers or text. Turn it into "
            f"numbers (dates: days since the first), or leave it out: --drop {name}."
        )
    categories = sorted(set(values.tolist()))
    if len(categories) > MOST_CATEGORIES:
        raise Refused(
            f"Column {name!r} holds text with {len(categories)} distinct values, such as "
            f"{categories[0]!r}; up to {MOST_CATEGORIES} are one-hot encoded. If it is an id or "
            f"free text, leave it out: --drop {name}. If it is numbers, rid it of other signs."
        )
    hot = (values[:, None] == np.array(categories, dtype=object)).astype(np.float32)
    return hot, {"name": name, "categories": categories}


def _plain(column: Any) -> Array:
    """A column as a NumPy array: numbers, booleans, or Python objects."""
    kind = getattr(column.dtype, "kind", "O")
    if kind == "b":
        return np.asarray(column, dtype=bool)
    if kind in "fiu":
        # Through the dtype's own letter: pandas's nullable numbers come as objects otherwise.
        return np.asarray(column, dtype=np.float64 if kind == "f" else np.int64)
    if kind in "mMc":
        return column.to_numpy()
    return np.asarray(column, dtype=object)


def _refuse_missing(path: Path, table: Any) -> None:
    missing = table.isna()
    rows = int(missing.any(axis=1).sum())
    if rows:
        columns = [c for c in table.columns if missing[c].any()]
        raise Refused(
            f"{path} has missing values in {rows} of {len(table)} rows, in the columns "
            f"{_listed(columns)}. Drop those rows or fill them in first (pandas: "
            "table.dropna(), table.fillna(...)), or leave a column out with --drop COLUMN: a guess "
            "made here would be hidden in the model."
        )


# --- npz ----------------------------------------------------------------------------------------


def read_npz(path: Path, target: str | None) -> Raw:
    """Arrays by name: x_train, y_train, x_test, y_test; or x, y; or columns with ``target``.

    Raises:
        Refused: the file cannot be read, holds Python objects, or has none of these layouts.
    """
    arrays = _load_npz(path)
    shapes = ", ".join(f"{k}{list(v.shape)}" for k, v in arrays.items()) or "none"
    if target is not None and target not in arrays:
        raise Refused(f"{path} has no array {target!r} (--target). Its arrays: {shapes}.")
    found = {k.lower(): k for k in arrays}

    def pick(*names: str) -> Array | None:
        return next((arrays[found[n]] for n in names if n in found), None)

    x, y = pick("x_train"), arrays[target] if target else pick("y_train")
    x_val, y_val = pick("x_test", "x_val"), pick("y_test", "y_val")
    if x is None or x_val is None or y_val is None:
        x, x_val, y_val = pick("x", "data", "features"), None, None
        y = arrays[target] if target else pick("y", "target", "labels")
    if x is None and target is not None:
        x = _columns(path, arrays, target)
    if x is None or y is None:
        raise Refused(
            f"{path} holds the arrays {shapes}; expected x_train, y_train, x_test and y_test, or x "
            "and y, or one array per column with --target naming the one to predict."
        )
    raw = Raw(path.stem, numeric("x", x), np.asarray(y), target=target or "y")
    if x_val is not None and y_val is not None:
        raw.x_val, raw.y_val = numeric("x_test", x_val), np.asarray(y_val)
    return raw


def _columns(path: Path, arrays: dict[str, Array], target: str) -> Array:
    rows = len(arrays[target]) if arrays[target].ndim else 0
    parts = []
    for name, array in arrays.items():
        if name == target:
            continue
        if array.ndim not in (1, 2) or len(array) != rows:
            raise Refused(
                f"{path}: the array {name!r} of shape {array.shape} is no column for the target "
                f"{target!r} of {rows} rows. Name the features x and the target y."
            )
        parts.append(numeric(f"Array {name!r}", array).reshape(rows, -1).astype(np.float32))
    if not parts:
        raise Refused(f"{path} holds nothing but the target {target!r}.")
    return np.concatenate(parts, axis=1)


def _load_npz(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise Refused(
                f"{path} would unpack to {size / 2**30:.0f} GiB, more than is read "
                f"({MOST_BYTES // 2**30} GiB). Take a part of the rows."
            )
        # allow_pickle=False: a pickled object in a file runs code when it is loaded.
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Refused:
        raise
    except FileNotFoundError:
        raise Refused(f"{path} does not exist. --file takes the path of an npz file.") from None
    except (Exception, MemoryError) as error:  # a file cut short, a bad header, a pickled object
        if "allow_pickle" in str(error):
            raise Refused(
                f"{path} holds Python objects, which are not loaded, for that would run code of "
                "the file. Save numbers or text: x.astype('float32'), labels.astype(str)."
            ) from None
        raise Refused(_unreadable(path, error)) from None


def _unreadable(path: Path, error: BaseException) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return (
        f"{path} cannot be read as {path.suffix.lower().lstrip('.')}: {reason}. It may be cut "
        "short, empty, or of another format. Fetch or write it again."
    )


def _listed(names: list[str], most: int = 20) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
