"""The user's own files: CSV, Parquet and NPZ. Nothing in them is executed or trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from losskit.streaming.arrays import Npz, npz_keys, open_npz
from losskit.streaming.sources import DataError, check_file, check_size, listed, reason, whole
from losskit.streaming.tables import Csv, Parquet
from losskit.training.raw import Array, Raw, Refused, is_rounded, numeric, said_rounded

MOST_CATEGORIES = 50
"""A text column with more distinct values is an id or free text, not a category."""

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def read(path: Path, target: str | None, drop: list[str]) -> Raw:
    """Read a file by the ending of its name.

    Raises:
        Refused: it does not exist, is of no known kind, cannot be read, or does not hold the
            target.
    """
    try:
        check_file(path)
    except DataError as error:
        raise Refused(
            f"{error} DATA is digits, mnist, fashion_mnist, or the path of a CSV, Parquet or NPZ "
            "file."
        ) from None
    ending = path.suffix.lower()
    if ending == ".npz":
        if drop:
            raise Refused(f"--drop leaves out a column of a table; {path} is an npz file.")
        return read_npz(path, target)
    if ending in TABLES:
        notes: list[str] = []
        table = _read_table(path, ending, [*([target] if target else []), *drop], notes)
        return _from_table(path, table, target, drop, notes)
    raise Refused(
        f"{path} ends in {ending or 'nothing'!r}, expected .csv, .parquet or .npz. Rename it, if "
        "it is one of these."
    )


# --- tables -------------------------------------------------------------------------------------


def _read_table(path: Path, ending: str, names: list[str], notes: list[str]) -> Any:
    try:
        import pandas
    except ImportError:
        raise Refused('CSV and Parquet files need pandas: pip install "losskit[train]".') from None
    with _reading():
        if ending in (".parquet", ".pq"):
            source = Parquet(path, [])
            check_size(path, 8 * source.rows * len(source.names))
            return source.frame()
        form = Csv(path, [], named=names)
        form.check()
        notes += form.notes
        try:
            # Its form is known: that every line has as many cells as there are names.
            return pandas.read_csv(
                path,
                sep=form.separator,
                header=form.header,
                names=None if form.header == 0 else form.names,
                index_col=False,
                skipinitialspace=True,
                low_memory=False,
            )
        except Exception as error:
            raise DataError(f"{path} is no readable csv file: {reason(error)}.") from error


def _from_table(
    path: Path, table: Any, target: str | None, drop: list[str], notes: list[str]
) -> Raw:
    table.columns = [str(c).strip() for c in table.columns]
    columns = list(table.columns)
    if target is None:
        raise Refused(
            f"Which column of {path} is to be predicted? Name it: --target COLUMN. "
            f"The columns are {listed(columns)}."
        )
    for name, option in [(target, "--target"), *((d, "--drop") for d in drop)]:
        if name not in columns:
            raise Refused(
                f"{path} has no column {name!r} ({option}). Its columns are {listed(columns)}."
            )
    if target in drop:
        raise Refused(f"{target!r} is both --target and --drop.")
    table = table.drop(columns=drop)
    if len(table.columns) < 2:
        raise Refused(f"{path} has no column left to learn from beside the target {target!r}.")
    _refuse_missing(path, table)

    described: list[dict[str, Any]] = []
    features: list[Array] = []
    for name in table.columns.drop(target):
        column, entry = _feature(name, table[name])
        features.append(column)
        described.append(entry)
    rounded = [name for name in table.columns.drop(target) if is_rounded(_plain(table[name]))]
    notes += [said_rounded(rounded)] if rounded else []
    encoded = [c["name"] for c in described if "categories" in c]
    if encoded:
        notes.append(f"One-hot encoded, for they hold text: {listed(encoded)}.")
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
        kinds = {"f": np.float64, "i": np.int64, "u": np.uint64}
        return np.asarray(column, dtype=kinds[kind])
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
            f"{listed(columns)}. Drop those rows or fill them in first (pandas: "
            "table.dropna(), table.fillna(...)), or leave a column out with --drop COLUMN: a guess "
            "made here would be hidden in the model."
        )


# --- npz ----------------------------------------------------------------------------------------


def read_npz(path: Path, target: str | None) -> Raw:
    """Arrays by name: x_train, y_train, x_test, y_test; or x, y; or columns with ``target``.

    Raises:
        Refused: the file cannot be read, holds Python objects, or has none of these layouts.
    """
    with _reading():
        check_file(path)
        archive = open_npz(path)
    with archive:
        return _from_npz(path, archive, target)


def _from_npz(path: Path, archive: ZipFile, target: str | None) -> Raw:
    keys = npz_keys(archive)
    if target is not None and target not in keys:
        raise Refused(f"{path} has no array {target!r} (--target). Its arrays: {listed(keys)}.")

    notes: list[str] = []

    def array(key: str) -> Array:
        with _reading():
            return whole(Npz(path, key, text=True, archive=archive))

    def pick(*names: str) -> Array | None:
        for name in names:
            found = [key for key in keys if key.lower() == name]
            if len(found) > 1:
                raise Refused(
                    f"{path} holds {' and '.join(found)}, and either may be meant by {name}. "
                    "Rename one of them."
                )
            if found:
                return array(found[0])
        return None

    x, y = pick("x_train"), array(target) if target else pick("y_train")
    x_val, y_val = pick("x_test", "x_val"), pick("y_test", "y_val")
    if x is None or x_val is None or y_val is None:
        x, x_val, y_val = pick("x", "data", "features"), None, None
        y = y if target else pick("y", "target", "labels")
    if x is None and target is not None:
        x = _columns(path, {key: array(key) for key in keys}, target, notes)
    if x is None or y is None:
        raise Refused(
            f"{path} holds the arrays {listed(keys) or 'none'}; expected x_train, y_train, x_test "
            "and y_test, or x and y, or one array per column with --target naming the one to "
            "predict."
        )
    if is_rounded(x):
        notes.append(said_rounded(["x"]))
    raw = Raw(path.stem, numeric("x", x), y, target=target or "y", notes=notes)
    if x_val is not None and y_val is not None:
        raw.x_val, raw.y_val = numeric("x_test", x_val), y_val
    return raw


def _columns(path: Path, arrays: dict[str, Array], target: str, notes: list[str]) -> Array:
    rows = len(arrays[target]) if arrays[target].ndim else 0
    parts = []
    rounded = []
    for name, array in arrays.items():
        if name == target:
            continue
        if array.ndim not in (1, 2) or len(array) != rows:
            raise Refused(
                f"{path}: the array {name!r} of shape {array.shape} is no column for the target "
                f"{target!r} of {rows} rows. Name the features x and the target y."
            )
        rounded += [name] if is_rounded(array) else []
        parts.append(numeric(f"Array {name!r}", array).reshape(rows, -1).astype(np.float32))
    if not parts:
        raise Refused(f"{path} holds nothing but the target {target!r}.")
    notes += [said_rounded(rounded)] if rounded else []
    return np.concatenate(parts, axis=1)


@contextmanager
def _reading() -> Iterator[None]:
    """What cannot be read is refused in the same words as by `losskit eval`."""
    try:
        yield
    except DataError as error:
        raise Refused(str(error)) from None
    except MemoryError:
        raise Refused("The data is larger than memory. Take a part of the rows.") from None
