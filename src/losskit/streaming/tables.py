"""Tables: csv with pandas, Parquet with pyarrow, both in chunks of rows.

One column gives an array of numbers, several give rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.streaming.sources import DataError, Source

SAMPLE = 100
"""Rows of a csv file that tell which columns are numeric."""
NAN_WORDS = ["nan", "NaN", "NAN", "NA"]


class Csv(Source):
    """Columns of a csv file, as float64; without a header the columns are named 0, 1, 2, ..."""

    def __init__(self, path: Path, columns: Sequence[str] | None) -> None:
        super().__init__()
        self.path = path
        self._pandas = _need("pandas", path)
        # Without a header, lines longer than the first are an error; with one, pandas would take
        # their first cells for an index.
        self._blank = True
        first = self._read(nrows=2, header=None, dtype=str)
        # A blank line of a single column is a missing number; elsewhere it is no row at all.
        self._blank = len(first.columns) > 1
        if not self._blank and self._starts_blank():
            raise DataError(f"{path}: the first line is blank, expected a name or a number.")
        self._header = self._find_header([str(cell) for cell in first.iloc[0]])
        sample = self._read(nrows=SAMPLE, header=self._header, dtype=str)
        known = [str(name).strip() for name in sample.columns]
        numeric = [
            sample.empty or _mostly_numbers(sample.iloc[:, place]) for place in range(len(known))
        ]
        self._places = _chosen(path, columns, known, numeric, self.notes)
        self._columns = [known[place] for place in self._places]
        self.shape = (None,) if len(self._columns) == 1 else (None, len(self._columns))

    def _starts_blank(self) -> bool:
        with self.path.open("rb") as stream:
            return not stream.readline().removeprefix(b"\xef\xbb\xbf").strip()

    def _find_header(self, cells: list[str]) -> int | None:
        cells = [cell.strip() for cell in cells]
        if not all(_is_number(cell) and cell not in NAN_WORDS for cell in cells):
            return 0
        if cells == ["0"]:
            raise DataError(
                f"{self.path}: the first line is 0, which may be a number or the name that pandas "
                "gives a nameless column. Write a name into the first line, e.g. y."
            )
        if cells == [str(i) for i in range(len(cells))]:
            self.notes.append(f"{self.path}: the first line, 0 to {cells[-1]}, is taken for names.")
            return 0
        self.notes.append(f"{self.path}: no header: the first line is read as data.")
        return None

    def pieces(self, rows: int) -> Iterator[Array]:
        # usecols gives the file's order and each column once.
        order = [sorted(set(self._places)).index(place) for place in self._places]
        start = 0
        options = {"header": self._header, "usecols": self._places, "dtype": np.float64}
        with self._read(**options, chunksize=rows) as reader:
            while (chunk := self._next(reader, start, rows)) is not None:
                array: Array = chunk.to_numpy()[:, order]
                yield array[:, 0] if len(order) == 1 else array
                start += len(array)

    def _next(self, reader: Any, start: int, rows: int) -> Any:
        try:
            return next(reader, None)
        except self._pandas.errors.ParserError as error:
            raise DataError(
                f"{self.path}, in rows {start} to {start + rows - 1}: {str(error).strip()}."
            ) from error
        except UnicodeDecodeError as error:
            raise self._unreadable(error) from error
        except ValueError as error:
            raise self._culprit(start, rows, error) from None

    def _culprit(self, start: int, rows: int, error: ValueError) -> DataError:
        """Which cell is no number: read again as text, for pandas does not say."""
        above = start + (0 if self._header is None else 1)
        # A blank line on top tells pandas no columns.
        names = None if self._blank else [0]
        text = self._read(header=None, names=names, skiprows=above, nrows=rows, dtype=str)
        for row, cells in enumerate(text.itertuples(index=False)):
            for name, place in zip(self._columns, self._places, strict=True):
                # A line cut short in a piece of its own has fewer cells.
                cell = cells[place] if place < len(cells) else ""
                if not _is_number(cell):
                    got = f"{cell!r}" if cell.strip() else "empty"
                    return DataError(
                        f"{self.path}: row {start + row} (the first is 0), column {name!r} is "
                        f"{got}, expected a number. Was the file cut short? Write nan where a "
                        "number is missing."
                    )
        return self._unreadable(error)

    def _read(self, **options: Any) -> Any:
        if options.get("dtype") is str:
            options["na_filter"] = False
        try:
            # Empty cells and short lines are told from a NaN in words.
            return self._pandas.read_csv(
                self.path,
                **options,
                keep_default_na=False,
                na_values=NAN_WORDS,
                skip_blank_lines=self._blank,
            )
        except self._pandas.errors.EmptyDataError:
            raise DataError(f"{self.path} holds no columns.") from None
        except (self._pandas.errors.ParserError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(f"{self.path} is no readable csv file: {str(error).strip()}.")


class Parquet(Source):
    """Columns of a Parquet file, in their own dtypes."""

    def __init__(self, path: Path, columns: Sequence[str] | None) -> None:
        super().__init__()
        self.path = path
        self._arrow = _need("pyarrow", path)
        with self._open() as file:
            schema = file.schema_arrow
            self._rows = int(file.metadata.num_rows)
        types = self._arrow.types
        numeric = [
            types.is_integer(field.type)
            or types.is_floating(field.type)
            or types.is_boolean(field.type)
            for field in schema
        ]
        known = [name.strip() for name in schema.names]
        places = _chosen(path, columns, known, numeric, self.notes)
        self._columns = [schema.names[place] for place in places]
        for place in places:
            if not numeric[place]:
                raise DataError(
                    f"{path}: column {known[place]!r} holds {schema.field(place).type}, expected "
                    "numbers."
                )
        wide = () if len(self._columns) == 1 else (len(self._columns),)
        self.shape = (self._rows, *wide)

    def pieces(self, rows: int) -> Iterator[Array]:
        start = 0
        with self._open() as file:
            try:
                for batch in file.iter_batches(batch_size=rows, columns=self._columns):
                    # By name: the reader gives columns in the file's order, each once.
                    columns = [self._numbers(batch, name, start) for name in self._columns]
                    yield columns[0] if len(columns) == 1 else np.column_stack(columns)
                    start += len(columns[0])
            except (self._arrow.ArrowException, OSError) as error:
                raise self._damaged(error) from error

    def _numbers(self, batch: Any, name: str, start: int) -> Array:
        column = batch.column(name)
        if column.null_count:
            row = start + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise DataError(
                f"{self.path}: row {row}, column {name!r} is null, expected a number. Drop such "
                "rows, or give them a number and --weight 0."
            )
        array: Array = column.to_numpy(zero_copy_only=False)
        return array

    def _open(self) -> Any:
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except (self._arrow.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path} is no readable Parquet file: damaged, cut short or of another kind "
            f"({str(error).strip().rstrip('.')}). Write it again."
        )


def _chosen(
    path: Path,
    columns: Sequence[str] | None,
    known: Sequence[str],
    numeric: Sequence[bool],
    notes: list[str],
) -> list[int]:
    """The places of the columns asked for, or of all that are numeric."""
    if columns is not None:
        return [_place(path, name, known) for name in columns]
    index = [place for place in range(len(known)) if _is_index(place, known)]
    if index:
        notes.append(f"{path}: the column without a name is left out, as an index.")
    places = [p for p in range(len(known)) if numeric[p] and p not in index]
    if not places:
        raise DataError(f"{path} has no numeric column. Its columns: {', '.join(known)}.")
    left = [known[p] for p in range(len(known)) if not numeric[p] and p not in index]
    if left:
        notes.append(f"{path}: left out, for they hold no numbers: {', '.join(left)}.")
    return places


def _place(path: Path, name: str, known: Sequence[str]) -> int:
    found = [place for place, other in enumerate(known) if other == name]
    if not found:
        raise DataError(f"{path} has no column {name!r}. Its columns: {', '.join(known)}.")
    if len(found) > 1:
        raise DataError(f"{path} has {len(found)} columns {name!r}: rename them.")
    return found[0]


def _is_index(place: int, known: Sequence[str]) -> bool:
    """Whether a column is the index of a pandas table, as to_csv and to_parquet write it."""
    if len(known) == 1:
        return False
    name = known[place]
    return name == "__index_level_0__" or (place == 0 and name in ("", "Unnamed: 0"))


def _mostly_numbers(cells: Any) -> bool:
    """A few cells that are none (empty, NULL) are named as mistakes when they are read."""
    return sum(map(_is_number, cells)) * 2 >= len(cells)


def _is_number(cell: Any) -> bool:
    """Whether a cell is a number for pandas, which has words for NaN and takes no 1_000."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return isinstance(cell, str) and cell in NAN_WORDS
    return "_" not in str(cell)


def _need(module: str, path: Path) -> Any:
    """The module, or a message saying how to install it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f'Reading {path} needs {module}: pip install {module} (or "losskit[train]").'
        ) from error
