"""Tables: csv as text, Parquet with pyarrow, both in chunks of rows.

One column gives an array of numbers, several give rows.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.streaming.sources import DataError, Source, check_size, listed, reason

SAMPLE = 100
"""Rows of a csv file that tell which columns are numeric."""
NAN_WORDS = ("nan", "NaN", "NAN", "NA")
CHARACTERS = 1 << 19
"""Characters of a csv file that are read at a time."""
MOST_LINE = 1 << 27
"""Characters of a line: one that never ends would fill the memory."""


class Csv(Source):
    """Columns of a csv file, as float64; without a header the columns are named 0, 1, 2, ...

    Cells are parted by commas or, where the first line has none, by semicolons or tabs. A line of
    more cells than the first, or of fewer, is an error.
    """

    def __init__(
        self, path: Path, columns: Sequence[str] | None = None, *, named: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.path = path
        self.separator = ","
        self.header: int | None = 0
        """The place of the line of names, as pandas counts; None without one."""
        self.names: list[str] = []
        first = self._first()
        # Numbers are names too where somebody calls columns by them.
        called = named and set(named) <= {cell.strip() for cell in first}
        self.header = 0 if called else self._find_header(first)
        known = first if self.header == 0 else map(str, range(len(first)))
        self.names = [name.strip() for name in known]
        _check_names(path, self.names)
        cells, rows = next(self._tables(), ([], 0))
        seen = min(rows, SAMPLE) * len(first)
        numeric = [_mostly_numbers(cells[i : seen : len(first)]) for i in range(len(first))]
        self._places = _chosen(path, columns, self.names, numeric, self.notes)
        self._columns = [self.names[place] for place in self._places]
        self.shape = (None,) if len(self._columns) == 1 else (None, len(self._columns))

    def pieces(self, rows: int) -> Iterator[Array]:
        start = 0
        for cells, count in self._tables():
            array = self._numbers(cells, start)
            yield array[:, 0] if len(self._places) == 1 else array
            start += count

    def check(self) -> None:
        """Read it through for its form alone.

        Raises:
            DataError: a line has more cells than the first, or fewer.
        """
        deque(self._tables(), maxlen=0)

    # --- lines

    def _first(self) -> list[str]:
        """The cells of the first line that is not blank; sets the separator."""
        for separator in ",;\t":
            self.separator = separator
            lines = (cells for text in self._texts() for cells in self._split(text.split("\n")))
            top = next(lines, [])
            # Only looked for where the first is blank: it may be at the end of the file.
            below = (cells for cells in lines if not _is_blank(cells))
            first = next(below, []) if _is_blank(top) else top
            if len(first) > 1:
                return first
        if _is_blank(top):
            raise DataError(f"{self.path}: the first line is blank, expected a name or a number.")
        self.separator = ","
        return first

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

    def _tables(self) -> Iterator[tuple[list[str], int]]:
        """The cells of some lines, one line after the other, and how many lines; names apart."""
        row, width = 0, len(self.names)
        below_names = self.header is None
        for text in self._texts():
            lines = text.removesuffix("\n").split("\n")
            plain = below_names and '"' not in text
            if plain and {line.count(self.separator) for line in lines} == {width - 1}:
                cells = self.separator.join(lines).split(self.separator)
            else:
                cells = []
                for line in self._split(lines):
                    if _is_blank(line):
                        # Of a single column it is a missing number; elsewhere it is no row at all.
                        line = [""] if width == 1 else []
                    elif len(line) != width:
                        self._refuse(line, row + len(cells) // width)
                    cells += line if below_names else []
                    below_names = below_names or bool(line)
            if cells:
                yield cells, len(cells) // width
            row += len(cells) // width

    def _refuse(self, cells: list[str], row: int) -> None:
        where = f"{self.path}: row {row} (the first is 0)"
        if len(cells) > len(self.names):
            raise DataError(
                f"{where} has {len(cells)} cells, where the first line has {len(self.names)}. Is a "
                "comma in it meant for a decimal point, or a name missing in the first line?"
            )
        raise DataError(
            f"{where}, column {self.names[len(cells)]!r} is empty, expected a number. Was the file "
            "cut short? Write nan where a number is missing."
        )

    def _split(self, lines: list[str]) -> Iterator[list[str]]:
        try:
            yield from csv.reader(lines, delimiter=self.separator, skipinitialspace=True)
        except csv.Error as error:
            raise self._unreadable(error) from error

    def _texts(self) -> Iterator[str]:
        """The file in pieces of whole lines, none of which ends within quotes."""
        held: list[str] = []
        quotes = 0
        try:
            with self.path.open(encoding="utf-8-sig") as stream:
                while part := stream.read(CHARACTERS):
                    end = part.rfind("\n") + 1
                    if end and (quotes + part.count('"', 0, end)) % 2 == 0:
                        yield "".join([*held, part[:end]])
                        held, part, quotes = [], part[end:], 0
                    held.append(part)
                    quotes += part.count('"')
                    if len(held) * CHARACTERS > MOST_LINE:
                        raise DataError(
                            f"{self.path} has a line of more than {MOST_LINE} characters, or a "
                            "quotation mark that is never closed. Is it a csv file?"
                        )
        except (UnicodeDecodeError, OSError) as error:
            raise self._unreadable(error) from error
        if any(held):
            yield "".join(held)

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(f"{self.path} is no readable csv file: {reason(error)}.")

    # --- numbers

    def _numbers(self, cells: list[str], start: int) -> Array:
        width = len(self.names)
        if self._places == list(range(width)):
            return self._floats(cells, start, self._columns).reshape(-1, width)
        columns = zip(self._places, self._columns, strict=True)
        return np.stack([self._floats(cells[i::width], start, [name]) for i, name in columns], 1)

    def _floats(self, cells: list[str], start: int, columns: Sequence[str]) -> Array:
        text = "".join(cells)
        if "_" not in text and text.isascii():  # Python reads more than other programs do
            try:
                return np.fromiter(map(float, cells), np.float64, len(cells))
            except ValueError:
                pass
        return np.array([self._float(cell, start, i, columns) for i, cell in enumerate(cells)])

    def _float(self, cell: str, start: int, i: int, columns: Sequence[str]) -> float:
        if not _is_number(cell):
            row, place = divmod(i, len(columns))
            got = f"{cell!r}" if cell.strip() else "empty"
            raise DataError(
                f"{self.path}: row {start + row} (the first is 0), column {columns[place]!r} is "
                f"{got}, expected a number. Was the file cut short? Write nan where a number is "
                "missing."
            )
        return float("nan") if cell.strip() in NAN_WORDS else float(cell)


class Parquet(Source):
    """Columns of a Parquet file, in their own dtypes."""

    def __init__(self, path: Path, columns: Sequence[str] | None = None) -> None:
        super().__init__()
        self.path = path
        self._arrow = _need("pyarrow", path)
        types = self._arrow.types
        with self._opened() as file:
            fields = list(file.schema_arrow)
            given = [field.name for field in fields]
            self.rows = int(file.metadata.num_rows)
        numeric = [
            types.is_integer(field.type)
            or types.is_floating(field.type)
            or types.is_boolean(field.type)
            for field in fields
        ]
        self.names = known = [name.strip() for name in given]
        _check_names(path, known)
        places = _chosen(path, columns, known, numeric, self.notes)
        self._columns = [given[place] for place in places]
        for place in places:
            if not numeric[place]:
                raise DataError(
                    f"{path}: column {known[place]!r} holds {fields[place].type}, expected numbers."
                )
        wide = () if len(self._columns) == 1 else (len(self._columns),)
        self.shape = (self.rows, *wide)

    def frame(self) -> Any:
        """All of it, as a table of pandas.

        Raises:
            DataError: it is damaged.
        """
        with self._opened() as file:
            return file.read().to_pandas()

    def pieces(self, rows: int) -> Iterator[Array]:
        start = 0
        rows = max(1, min(rows, self.rows))
        check_size(self.path, 8 * rows * len(self._columns))
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=rows, columns=self._columns):
                # The reader gives columns in the file's order, each once.
                found = dict(zip(batch.schema.names, batch.columns, strict=True))
                columns = [self._numbers(found[name], name, start) for name in self._columns]
                yield columns[0] if len(columns) == 1 else np.column_stack(columns)
                start += len(columns[0])

    def _numbers(self, column: Any, name: str, start: int) -> Array:
        if column.null_count:
            row = start + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise DataError(
                f"{self.path}: row {row}, column {name!r} is null, expected a number. Drop such "
                "rows, or give them a number and --weight 0."
            )
        array: Array = column.to_numpy(zero_copy_only=False)
        return array

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file as pyarrow has it; checksums are looked at, where it holds any."""
        import pyarrow.parquet

        try:
            with pyarrow.parquet.ParquetFile(self.path, page_checksum_verification=True) as file:
                yield file
        except DataError:
            raise
        except Exception as error:  # what is damaged may fail in any way
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path} is no readable Parquet file: damaged, cut short or of another kind "
            f"({reason(error)}). Write it again."
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
        return _places(path, columns, known)
    index = {place for place in range(len(known)) if _is_index(place, known)}
    if index:
        notes.append(f"{path}: the column without a name is left out, as an index.")
    places = [p for p in range(len(known)) if numeric[p] and p not in index]
    if not places:
        raise DataError(f"{path} has no numeric column. Its columns: {listed(known)}.")
    left = [known[p] for p in range(len(known)) if not numeric[p] and p not in index]
    if left:
        notes.append(f"{path}: left out, for they hold no numbers: {listed(left)}.")
    return places


def _places(path: Path, columns: Sequence[str], known: Sequence[str]) -> list[int]:
    place = {name: i for i, name in enumerate(known)}
    missing = [name for name in columns if name not in place]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}. Its columns: {listed(known)}.")
    return [place[name] for name in columns]


def _check_names(path: Path, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        count = names.count(twice[0])
        raise DataError(f"{path} has {count} columns {twice[0]!r}: rename them.")


def _is_index(place: int, known: Sequence[str]) -> bool:
    """Whether a column is the index of a pandas table, as to_csv and to_parquet write it."""
    if len(known) == 1:
        return False
    name = known[place]
    return name == "__index_level_0__" or (place == 0 and name in ("", "Unnamed: 0"))


def _is_blank(cells: Sequence[str]) -> bool:
    return len(cells) <= 1 and not "".join(cells).strip()


def _mostly_numbers(cells: Any) -> bool:
    """A few cells that are none (empty, NULL) are named as mistakes when they are read."""
    return sum(map(_is_number, cells)) * 2 >= len(cells)


def _is_number(cell: str) -> bool:
    """Whether a cell is a number as in other programs: with words for NaN, and no 1_000."""
    try:
        float(cell)
    except ValueError:
        return cell.strip() in NAN_WORDS
    return "_" not in cell and cell.isascii()


def _need(module: str, path: Path) -> Any:
    """The module, or a message saying how to install it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f'Reading {path} needs {module}: pip install {module} (or "losskit[train]").'
        ) from error
