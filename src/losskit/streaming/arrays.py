"""NumPy's own files: npy mapped into memory, npz members read from the zip as a stream."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from losskit.core.namespaces import Array
from losskit.streaming.sources import DataError, Source, check_numbers

DAMAGE = (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What NumPy and zipfile raise for files that are damaged, cut short or of another kind."""


class Npy(Source):
    """An npy file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        with path.open("rb") as stream:
            shape, _, dtype = _header(stream, path)
        check_numbers(dtype, path)
        self.shape = _with_rows(shape, path)
        self._array: Array
        try:
            # Not np.load, which would take a zip or a pickle for an npy file as well.
            self._array = (
                npy_format.open_memmap(path, mode="r") if 0 not in shape else np.empty(shape, dtype)
            )
        except DAMAGE as error:
            raise _damaged(path, error) from error

    def pieces(self, rows: int) -> Iterator[Array]:
        for start in range(0, len(self._array), rows):
            yield np.array(self._array[start : start + rows])


class Npz(Source):
    """One array of an npz file, stored or deflated."""

    def __init__(self, path: Path, key: str | None) -> None:
        super().__init__()
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._member = _member(archive, path, key)
                with archive.open(self._member) as stream:
                    shape, self._fortran, self._dtype = _header(stream, path)
                    header = stream.tell()
                    size = archive.getinfo(self._member).file_size
        except DataError:
            raise
        except (*DAMAGE, RuntimeError) as error:  # RuntimeError: an encrypted member
            raise _damaged(path, error) from error
        check_numbers(self._dtype, path)
        self.shape = _with_rows(shape, path)
        self._count = int(np.prod(shape, dtype=object)) if shape else 1
        # Checked before anything is allocated by a header that may lie.
        if header + self._count * self._dtype.itemsize != size:
            raise DataError(
                f"{path}: array {self._member} is damaged or cut short: its header promises shape "
                f"{shape} of {self._dtype}, but it holds {size - header} bytes. Save it again."
            )

    def pieces(self, rows: int) -> Iterator[Array]:
        total = self.shape[0] or 0
        if self._fortran and len(self.shape) > 1:
            # Column after column: a row is only complete at the end of the file.
            rows = max(total, 1)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self._member) as stream:
                _header(stream, self.path)
                for start in range(0, total, rows):
                    yield self._read(stream, min(rows, total - start))
        except DataError:
            raise
        except DAMAGE as error:
            raise _damaged(self.path, error) from error

    def _read(self, stream: IO[bytes], rows: int) -> Array:
        wanted = rows * self.row_size * self._dtype.itemsize
        if 0 in self.shape:
            wanted = 0
        data = stream.read(wanted)
        if len(data) != wanted:
            raise EOFError(f"{len(data)} bytes where {wanted} were expected")
        shape = (rows, *(n or 0 for n in self.shape[1:]))
        array = np.frombuffer(data, self._dtype)
        return array.reshape(shape, order="F" if self._fortran else "C")


def _member(archive: zipfile.ZipFile, path: Path, key: str | None) -> str:
    """The member's name for a key, or the only one."""
    keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    if not keys:
        raise DataError(f"{path} holds no arrays. Save them with np.savez(path, y=..., p=...).")
    if key is None and len(keys) > 1:
        raise DataError(
            f"{path} holds {len(keys)} arrays: {', '.join(keys)}. Choose one, e.g. "
            f"{path}:{keys[0]}."
        )
    if key is not None and key not in keys:
        raise DataError(f"{path} has no array {key!r}. Its arrays: {', '.join(keys)}.")
    return f"{key or keys[0]}.npy"


def _header(stream: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether in Fortran order, and dtype."""
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            return _checked(npy_format.read_array_header_1_0(stream))
        if version == (2, 0):
            return _checked(npy_format.read_array_header_2_0(stream))
    except DAMAGE as error:
        raise _damaged(path, error) from error
    raise DataError(f"{path} is in npy format {version}, expected 1.0 or 2.0: save plain numbers.")


Header = tuple[tuple[int, ...], bool, np.dtype[np.generic]]


def _checked(header: Header) -> Header:
    """The header, unless its shape is none that an array can have."""
    shape, _, dtype = header
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise ValueError(f"its header promises the shape {shape}")
    if math.prod(n or 1 for n in shape) * max(dtype.itemsize, 1) >= 1 << 63:
        raise ValueError(f"its header promises shape {shape} of {dtype}, more than any file holds")
    return header


def _with_rows(shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    if not shape:
        raise DataError(f"{path} holds a single number, expected an array with one row per sample.")
    return shape


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} is no readable {path.suffix.lower()} file: damaged, cut short or of another kind "
        f"({error}). Save it again with numpy.{'savez' if path.suffix == '.npz' else 'save'}."
    )
