"""Where numbers come from: a file, perhaps a part of it, read in pieces of whole rows.

Data files are not trusted: nothing is unpickled, and what is damaged ends in a `DataError`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from losskit.core.namespaces import Array


class DataError(ValueError):
    """A data file that cannot be used; the message says why and what to do."""


class Source(ABC):
    """An array in a file, whose first axis is the rows."""

    path: Path
    shape: tuple[int | None, ...]
    """The array's shape; None for a number of rows that only reading it through will tell."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """What the reader should know of how the file was understood."""

    @abstractmethod
    def pieces(self, rows: int) -> Iterator[Array]:
        """The array in pieces of at most about that many rows.

        Raises:
            DataError: the file is damaged, or holds something else than numbers.
        """

    @property
    def row_size(self) -> int:
        """Numbers per row."""
        return math.prod(n or 1 for n in self.shape[1:])


def blocks(source: Source, rows: int) -> Iterator[Array]:
    """The source in blocks of exactly that many rows, the last one perhaps shorter."""
    held: list[Array] = []
    count = 0
    for piece in source.pieces(rows):
        while count + len(piece) >= rows:
            taken, piece = piece[: rows - count], piece[rows - count :]
            yield np.concatenate([*held, taken]) if held else taken
            held, count = [], 0
        if len(piece):
            held.append(piece)
            count += len(piece)
    if held:
        yield np.concatenate(held) if len(held) > 1 else held[0]


SUFFIXES = (".npy", ".npz", ".csv", ".parquet", ".pq")
SYNTAX = "FILE.npy, FILE.npz[:KEY], FILE.csv[:COLUMN,...] or FILE.parquet[:COLUMN,...]"


def open_source(text: str) -> Source:
    """Open ``FILE`` or ``FILE:PART``; PART is the key in an npz file, or columns of a table.

    Raises:
        DataError: the file is missing, damaged, of another kind, or has no such part.
    """
    path, part = split(text)
    if path.is_dir():
        raise DataError(f"{path} is a directory, expected a data file: {SYNTAX}.")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{path}: cannot read files of type {path.suffix or '(no suffix)'!r}, expected "
            f"{SYNTAX}."
        )
    if not path.exists():
        raise DataError(f"{path} does not exist (working directory: {Path.cwd()}).")
    if not path.is_file():
        raise DataError(f"{path} is no regular file: copy its content into one.")
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}.") from error
    if size == 0:
        raise DataError(f"{path} is empty (0 bytes). Write the file again.")
    return _opened(path, part)


def _opened(path: Path, part: str | None) -> Source:
    # Imported here: the modules need this one, and tables need pandas or pyarrow.
    from losskit.streaming import arrays, tables

    suffix = path.suffix.lower()
    if suffix == ".npy":
        if part is not None:
            raise DataError(
                f"{path} holds one array and has no part {part!r}: leave out ':{part}'."
            )
        return arrays.Npy(path)
    if suffix == ".npz":
        return arrays.Npz(path, part)
    columns = None if part is None else [name.strip() for name in part.split(",")]
    if suffix == ".csv":
        return tables.Csv(path, columns)
    return tables.Parquet(path, columns)


def split(text: str) -> tuple[Path, str | None]:
    """File and part. A file whose own name holds a colon wins over the split."""
    head, colon, tail = text.rpartition(":")
    # "C:\data.npy" has a colon too, but no suffix before it.
    if colon and Path(head).suffix.lower() in SUFFIXES and not Path(text).exists():
        if not tail:
            raise DataError(f"{text!r} names no part after the colon, expected {SYNTAX}.")
        return Path(head), tail
    return Path(text), None


def check_numbers(dtype: np.dtype[np.generic], path: Path) -> None:
    """Raise unless the dtype is one of real numbers."""
    if dtype.hasobject:
        raise DataError(
            f"{path} holds Python objects (dtype {dtype}), which are not loaded because unpickling "
            "can run code. Save plain numbers: np.save(path, array.astype('float32'))."
        )
    if dtype.kind not in "fiub":
        raise DataError(f"{path} holds {dtype}, expected real numbers.")
