"""Where numbers come from: a file, perhaps a part of it, read in pieces of whole rows.

Data files are not trusted: nothing is unpickled, and what is damaged ends in a `DataError`.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
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


BLOCK = 1 << 20
"""Numbers per block: 8 MiB of float64."""

SUFFIXES = (".npy", ".npz", ".csv", ".parquet", ".pq")
SYNTAX = "FILE.npy, FILE.npz[:KEY], FILE.csv[:COLUMN,...] or FILE.parquet[:COLUMN,...]"


MOST_BYTES = 16 << 30
"""What is read of a file at once; less on a machine of little memory. More is likelier a bomb."""


def most_bytes() -> int:
    """`MOST_BYTES`, or a quarter of the memory: a block is copied, and there are several files."""
    try:
        return min(MOST_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
    except (AttributeError, ValueError, OSError):  # Windows has no such question
        return MOST_BYTES


def check_size(path: Path, nbytes: int) -> None:
    """Raise, before any memory is asked for, if so much of a file would have to be read at once."""
    most = most_bytes()
    if nbytes > most:
        raise DataError(
            f"{path} would take {nbytes / 2**30:.3g} GiB of memory at once, more than the "
            f"{most / 2**30:.3g} GiB that are read here. Take a part of the rows, or save it as "
            "rows, in C order."
        )


def whole(source: Source) -> Array:
    """All of a source.

    Raises:
        DataError: it has no rows, is damaged, or is larger than memory.
    """
    pieces: list[Array] = []
    nbytes = 0
    for piece in source.pieces(max(1, BLOCK // source.row_size)):
        if not pieces and source.shape[0] is not None:
            check_size(source.path, piece.nbytes // max(len(piece), 1) * source.shape[0])
        nbytes += piece.nbytes
        check_size(source.path, nbytes)
        pieces.append(piece)
    if not pieces:
        raise DataError(f"{source.path} has no rows.")
    return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]


def check_file(path: Path) -> None:
    """Raise unless the path is that of a file that can be read, and is not empty.

    What is no regular file is never opened: a pipe would be waited for.
    """
    try:
        if path.is_dir():
            raise DataError(f"{path} is a directory, expected a data file.")
        if not path.exists():
            raise DataError(f"{path} does not exist (working directory: {Path.cwd()}).")
        if not path.is_file():
            raise DataError(f"{path} is no regular file: copy its content into one.")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}.") from error
    if size == 0:
        raise DataError(f"{path} is empty (0 bytes). Write the file again.")


def listed(names: Sequence[str], most: int = 20) -> str:
    """The names on a line, or the first of them."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def reason(error: BaseException) -> str:
    """What an error says, on one line."""
    words = str(error).strip() or type(error).__name__
    return words.splitlines()[0].strip().rstrip(".")


def open_source(text: str) -> Source:
    """Open ``FILE`` or ``FILE:PART``; PART is the key in an npz file, or columns of a table.

    Raises:
        DataError: the file is missing, damaged, of another kind, or has no such part.
    """
    path, part = split(text)
    if path.suffix.lower() not in SUFFIXES and not os.path.isdir(path):
        raise DataError(
            f"{path}: cannot read files of type {path.suffix or '(no suffix)'!r}, expected "
            f"{SYNTAX}."
        )
    check_file(path)
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
    if colon and Path(head).suffix.lower() in SUFFIXES and not os.path.exists(text):
        if not tail:
            raise DataError(f"{text!r} names no part after the colon, expected {SYNTAX}.")
        return Path(head), tail
    return Path(text), None


def check_dtype(dtype: np.dtype[np.generic], path: Path, *, text: bool = False) -> None:
    """Raise unless the dtype is one of real numbers (or of text, where that will do)."""
    if dtype.hasobject:
        raise DataError(
            f"{path} holds Python objects (dtype {dtype}), which are not loaded because unpickling "
            "can run code. Save plain numbers: np.save(path, array.astype('float32'))."
        )
    if dtype.kind not in ("fiubUS" if text else "fiub") or not dtype.itemsize:
        words = " or text" if text else ""
        raise DataError(f"{path} holds {dtype}, expected real numbers{words}.")
