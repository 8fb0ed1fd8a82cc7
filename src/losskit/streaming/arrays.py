"""NumPy's own files: npy, and the members of an npz.

They are read, never mapped into memory: where a file is cut short meanwhile, a read says so, and a
mapping ends the process.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy_format

from losskit.core.namespaces import Array
from losskit.streaming.sources import DataError, Source, check_dtype, check_size, listed, reason

Header = tuple[tuple[int, ...], bool, np.dtype[np.generic]]
"""Shape, whether in Fortran order, and dtype."""


class Npy(Source):
    """An npy file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        with path.open("rb") as stream:
            self.shape, self._fortran, self._dtype = _header(stream, path)
            self._begin = stream.tell()
            size = stream.seek(0, 2)
        check_dtype(self._dtype, path)
        _check_shape(self.shape, self._dtype, size - self._begin, f"{path}")

    def pieces(self, rows: int) -> Iterator[Array]:
        total = self.shape[0] or 0
        rows = _block(self, rows, self._dtype)
        try:
            with self.path.open("rb") as stream:
                for start in range(0, total, rows):
                    yield self._read(stream, start, min(rows, total - start))
        except OSError as error:
            raise _damaged(self.path, error) from error

    def _read(self, stream: BufferedReader, start: int, rows: int) -> Array:
        # In Fortran order the rows of each column lie together, and column behind column.
        columns = self.row_size if self._fortran else 1
        length = 0 if 0 in self.shape else rows * self.row_size // columns * self._dtype.itemsize
        step = length // rows * (self.shape[0] or 0)
        data = np.empty(columns * length, np.uint8)
        for column in range(columns if length else 0):
            stream.seek(self._begin + column * step + start * (length // rows))
            part = data[column * length : (column + 1) * length]
            if stream.readinto(part.data) != length:
                raise _damaged(self.path, EOFError("it became shorter while it was read"))
        return _shaped(data, self._dtype, (rows, *self.shape[1:]), self._fortran)


class Npz(Source):
    """One array of an npz file, stored or deflated.

    Args:
        path: of the file.
        key: of the array; None for the only one.
        text: whether it may hold text.
        archive: the file, where it is open already: to look through it for each of many arrays
            takes long.
    """

    def __init__(
        self, path: Path, key: str | None, *, text: bool = False, archive: ZipFile | None = None
    ) -> None:
        super().__init__()
        self.path = path
        self._archive = archive
        with self._opened() as archive:
            self._member = _member(archive, path, key)
            with archive.open(self._member) as stream:
                self.shape, self._fortran, self._dtype = _header(stream, path)
                size = archive.getinfo(self._member).file_size - stream.tell()
        what = f"{path}: array {self._member.removesuffix('.npy')}"
        check_dtype(self._dtype, path, text=text)
        _check_shape(self.shape, self._dtype, size, what)

    def pieces(self, rows: int) -> Iterator[Array]:
        total = self.shape[0] or 0
        # In Fortran order a row is only complete at the end of the file.
        whole = self._fortran and len(self.shape) > 1
        rows = _block(self, max(total, 1) if whole else rows, self._dtype)
        with self._opened() as archive, archive.open(self._member) as stream:
            _header(stream, self.path)
            for start in range(0, total, rows):
                yield self._read(stream, min(rows, total - start))

    @contextmanager
    def _opened(self) -> Iterator[ZipFile]:
        try:
            if self._archive is not None:
                yield self._archive
            else:
                with open_npz(self.path) as archive:
                    yield archive
        except DataError:
            raise
        except Exception as error:  # each way of packing has errors of its own
            raise _damaged(self.path, error) from error

    def _read(self, stream: IO[bytes], rows: int) -> Array:
        wanted = 0 if 0 in self.shape else rows * self.row_size * self._dtype.itemsize
        data = stream.read(wanted)
        if len(data) != wanted:
            raise EOFError(f"{len(data)} bytes where {wanted} were expected")
        array = np.frombuffer(data, np.uint8)
        return _shaped(array, self._dtype, (rows, *self.shape[1:]), self._fortran)


def open_npz(path: Path) -> ZipFile:
    """The file as a zip.

    Raises:
        DataError: it is none, or holds two arrays of one name.
    """
    try:
        archive = ZipFile(path)
    except Exception as error:
        raise _damaged(path, error) from error
    twice = [name for name, count in Counter(archive.namelist()).items() if count > 1]
    if twice:
        archive.close()
        raise DataError(
            f"{path} holds two arrays named {twice[0].removesuffix('.npy')!r}. Save them under two "
            "names."
        )
    return archive


def npz_keys(archive: ZipFile) -> list[str]:
    """The names of the arrays in an npz file."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _member(archive: ZipFile, path: Path, key: str | None) -> str:
    """The member's name for a key, or the only one."""
    if key is not None and f"{key}.npy" in archive.NameToInfo:
        return f"{key}.npy"
    keys = npz_keys(archive)
    if not keys:
        raise DataError(f"{path} holds no arrays. Save them with np.savez(path, y=..., p=...).")
    if key is None and len(keys) > 1:
        raise DataError(
            f"{path} holds {len(keys)} arrays: {listed(keys)}. Choose one, e.g. {path}:{keys[0]}."
        )
    if key is not None:
        raise DataError(f"{path} has no array {key!r}. Its arrays: {listed(keys)}.")
    return f"{keys[0]}.npy"


# --- headers ------------------------------------------------------------------------------------


def _header(stream: IO[bytes], path: Path) -> Header:
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            return _checked(npy_format.read_array_header_1_0(stream))
        if version == (2, 0):
            return _checked(npy_format.read_array_header_2_0(stream))
    except Exception as error:  # it is parsed as Python: a damaged one fails in many ways
        raise _damaged(path, error) from error
    raise DataError(f"{path} is in npy format {version}, expected 1.0 or 2.0: save plain numbers.")


def _checked(header: Header) -> Header:
    """The header, unless its shape is none that an array can have."""
    shape, _, dtype = header
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise ValueError(f"its header promises the shape {shape}")
    if math.prod(n or 1 for n in shape) * max(dtype.itemsize, 1) >= 1 << 63:
        raise ValueError(f"its header promises shape {shape} of {dtype}, more than any file holds")
    return header


def _check_shape(
    shape: tuple[int | None, ...], dtype: np.dtype[np.generic], size: int, what: str
) -> None:
    """Check the header, which may lie, before anything is allocated by it."""
    if not shape:
        raise DataError(f"{what} holds a single number, expected an array with a row per sample.")
    wanted = math.prod(n or 0 for n in shape) * dtype.itemsize
    if wanted > size:
        raise DataError(
            f"{what} is damaged or cut short: its header promises shape {shape} of {dtype}, "
            f"{wanted} bytes, but it holds {size}. Save it again."
        )
    if wanted < size:
        raise DataError(
            f"{what} is damaged: behind the array of shape {shape} and dtype {dtype} that its "
            f"header promises follow {size - wanted} bytes more. Save it again."
        )


# --- blocks -------------------------------------------------------------------------------------


def _block(source: Source, rows: int, dtype: np.dtype[np.generic]) -> int:
    """So many rows, as far as there are any, unless they would take too much memory."""
    rows = max(1, min(rows, source.shape[0] or 0))
    if 0 not in source.shape:
        check_size(source.path, rows * source.row_size * dtype.itemsize)
    return rows


def _shaped(
    data: Array, dtype: np.dtype[np.generic], shape: tuple[int | None, ...], fortran: bool
) -> Array:
    known = tuple(n or 0 for n in shape)
    return np.ndarray(known, dtype, data.data, order="F" if fortran else "C")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} is no readable {path.suffix.lower()} file: damaged, cut short or of another kind "
        f"({reason(error)}). Save it again with "
        f"numpy.{'savez' if path.suffix.lower() == '.npz' else 'save'}."
    )
