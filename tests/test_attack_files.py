"""Files that were damaged, that lie, or that another program changes: an error that says so."""

from __future__ import annotations

import contextlib
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import losskit
from losskit import cli
from losskit.streaming import DataError, evaluate, open_source, sources, tables, whole
from losskit.streaming.sources import blocks
from losskit.terminal import Exit
from losskit.training.data import load
from losskit.training.raw import Refused

runner = CliRunner(env={"COLUMNS": "100"})


def refused(command: list[Any], *words: str) -> None:
    """Exit code 2, and one line that says what and why."""
    result = runner.invoke(cli.app, [str(part) for part in command])
    assert result.exit_code == Exit.USAGE, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for word in ("Traceback", "Unexpected"):
        assert word not in result.stderr
    for word in words:
        assert word in result.stderr


def refused_by_all(path: Path, *words: str, part: str = "") -> None:
    """By `eval`, `check` and `train`, in the same words."""
    for command in ("eval", "check"):
        refused([command, "mse", "--true", f"{path}{part}", "--pred", f"{path}{part}"], *words)
    if path.suffix != ".npy":
        with pytest.raises(Refused) as error:
            load(str(path), target="y")
        for word in words:
            assert word in str(error.value)


def member(array: Any) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def archive(path: Path, *members: tuple[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


# --- changed while they are read ------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_a_file_cut_short_while_it_is_read(order: Any, share: float, tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.asarray(np.ones((100_000, 3)), order=order))
    source = open_source(str(path))
    stream = source.pieces(1000)
    next(stream)
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(DataError, match="became shorter while it was read"):
        list(stream)


def test_a_file_taken_away_while_it_is_read(tmp_path: Path) -> None:
    y = tmp_path / "y.npy"
    np.save(y, np.ones(10))
    source = open_source(str(y))
    y.unlink()
    with pytest.raises(DataError, match="No such file"):
        list(source.pieces(3))
    np.savez(tmp_path / "y.npz", y=np.ones(10))
    source = open_source(str(tmp_path / "y.npz"))
    (tmp_path / "y.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"no readable \.npz"):
        list(source.pieces(3))


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "|b1", "<u8", ">i2"])
@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 2, 3), (7, 1), (0, 3), (7, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_layout_is_read(dtype: str, shape: Any, order: Any, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype, order=order)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "x.npz", array)
    for suffix in ("npy", "npz"):
        pieces = list(open_source(str(tmp_path / f"x.{suffix}")).pieces(3))
        assert [len(piece) for piece in pieces[:-1]] in ([3, 3], [])
        if pieces:
            got = np.concatenate(pieces)
            np.testing.assert_array_equal(got, array)
            assert got.dtype.kind == array.dtype.kind


def test_truth_values_of_other_bytes(tmp_path: Path) -> None:
    content = member(np.zeros(3, bool))
    (tmp_path / "y.npy").write_bytes(content[:-3] + b"\x00\x02\x01")
    np.save(tmp_path / "p.npy", np.zeros(3))
    files = (open_source(str(tmp_path / f"{name}.npy")) for name in "yp")
    assert evaluate(losskit.get("mse"), *files).value == pytest.approx(2 / 3, rel=1e-15)


# --- what follows the data ------------------------------------------------------------------------


def test_bytes_behind_the_array(tmp_path: Path) -> None:
    for extra in (b"\0", b"12345678", member(np.zeros(30))):
        (tmp_path / "x.npy").write_bytes(member(np.zeros(30)) + extra)
        refused_by_all(tmp_path / "x.npy", f"follow {len(extra)} bytes more")
        path = archive(
            tmp_path / "x.npz", ("y.npy", member(np.zeros(30)) + extra), ("x.npy", member([1]))
        )
        refused_by_all(path, f"follow {len(extra)} bytes more", part=":y")


@pytest.mark.parametrize("place", [3.0, 17.0, 29.0])
def test_pages_whose_checksum_is_wrong(place: float, tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    table = pyarrow.table({"x": np.arange(30.0) - 30, "y": np.arange(30.0)})
    plain = {"compression": "NONE", "use_dictionary": False, "write_statistics": False}
    parquet.write_table(table, path, write_page_checksum=True, **plain)
    np.testing.assert_array_equal(whole(open_source(f"{path}:y")), np.arange(30.0))
    content = bytearray(path.read_bytes())
    content[content.index(np.float64(place).tobytes()) + 5] ^= 4
    path.write_bytes(content)
    refused_by_all(path, "no readable Parquet", "CRC", part=":y")


# --- damage of every kind -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]
)
def test_damage_in_every_packing(how: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    members = ("y.npy", member(rng.normal(size=300))), ("x.npy", member(rng.normal(size=300)))
    good = archive(tmp_path / "good.npz", *members, how=how).read_bytes()
    end = good.index(b"PK\x03\x04", 10)
    for at in (60, 150, end // 2, end - 40):
        content = bytearray(good)
        content[at : at + 30] = bytes(b ^ 0x5A for b in content[at : at + 30])
        (tmp_path / "x.npz").write_bytes(content)
        refused_by_all(tmp_path / "x.npz", "damaged", part=":y")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"'fortran_order'", b"'fortran_order("),
        (b"(30,)", b"((((("),
        (b"'<f8'", b"'<f0'"),
        (b"'descr'", b"{descr}"),
        (b"False", b"1/0  "),
        (b"{'descr'", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"),
        (b"'<f8'", b"'O8' "),
    ],
)
def test_damaged_headers(old: bytes, new: bytes, tmp_path: Path) -> None:
    content = member(np.zeros(30)).replace(old, new)
    assert new in content
    (tmp_path / "x.npy").write_bytes(content)
    refused_by_all(tmp_path / "x.npy")
    refused_by_all(archive(tmp_path / "x.npz", ("y.npy", content)))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"pandas_type"', b'"pandas_tyqe"'), (b'{"index_columns"', b'{"index_columns_')],
)
def test_damage_in_what_pandas_adds(old: bytes, new: bytes, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    pandas.DataFrame({"x": np.arange(30.0), "y": np.arange(30.0)}).to_parquet(path)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(Refused, match="no readable Parquet"):
        load(str(path), target="y")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_random_damage(suffix: str, tmp_path: Path) -> None:
    """Whatever byte is wrong: a number that is read, or an error meant for the reader."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    table = pandas.DataFrame(rng.normal(size=(30, 3)), columns=list("xyz"))
    path = tmp_path / f"x{suffix}"
    if suffix == ".npy":
        np.save(path, table.to_numpy())
    elif suffix == ".npz":
        np.savez_compressed(path, x=table[["x", "z"]].to_numpy(), y=table["y"].to_numpy())
    elif suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    good = path.read_bytes()
    for _ in range(100):
        content = bytearray(good)
        at = int(rng.integers(len(good)))
        content[at : at + int(rng.integers(3))] = rng.bytes(int(rng.integers(1, 4)))
        path.write_bytes(content)
        for read in (
            lambda: whole(open_source(f"{path}" if suffix == ".npy" else f"{path}:y")),
            lambda: load(str(path), target="y"),
        ):
            with contextlib.suppress(DataError, Refused):
                read()


def test_names_that_no_file_has(tmp_path: Path) -> None:
    for suffix in (".npy", ".npz", ".csv", ".parquet"):
        refused_by_all(tmp_path / ("a" * 300 + suffix), "cannot be opened: File name too long")
        refused_by_all(tmp_path / ("a\0b" + suffix), "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_what_would_be_waited_for(suffix: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")
    os.symlink("/dev/zero", tmp_path / f"link{suffix}")
    for name in ("pipe", "link"):
        refused_by_all(tmp_path / f"{name}{suffix}", "is no regular file")
    if suffix == ".npz":
        with pytest.raises(Refused, match="is no regular file"):
            load("mnist", file=tmp_path / "pipe.npz")


# --- one reader for all commands ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "lines", "words"),
    [
        ("x,y", ["1,2,3"] * 30, "row 0 (the first is 0) has 3 cells, where the first line has 2"),
        ("x,y", ["1,2"] * 12 + ["1,2,3"] + ["1,2"] * 20, "row 12 (the first is 0) has 3 cells"),
        ("x;y", ["1;2"] * 12 + ["1;2;"] + ["1;2"] * 20, "row 12 (the first is 0) has 3 cells"),
        ('"x","y"', ['"1","2"'] * 12 + ["1,2,"] + ["1,2"], "row 12 (the first is 0) has 3 cells"),
        (
            "x,y",
            ["1,2"] * 12 + ["1"] + ["1,2"] * 20,
            "row 12 (the first is 0), column 'y' is empty",
        ),
        ("x,y,y", ["1,2,3"] * 30, "2 columns 'y'"),
        ("x,y, y", ["1,2,3"] * 30, "2 columns 'y'"),
    ],
)
def test_lines_unlike_the_first(first: str, lines: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\n".join([first, *lines]) + "\n")
    refused_by_all(path, words, part=":y")
    refused_by_all(path, words)


def test_arrays_of_one_name(tmp_path: Path) -> None:
    members = [("x.npy", member(np.ones((30, 2))))] + [("y.npy", member(np.ones(30)))] * 2
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "x.npz", *members)
    refused_by_all(path, "two arrays named 'y'", part=":y")
    np.savez(tmp_path / "z.npz", x=np.ones((30, 2)), X=np.zeros((30, 2)), y=np.arange(30) % 2)
    np.savez(tmp_path / "w.npz", x=np.ones((30, 2)), y=np.arange(30) % 2, Y=np.arange(30) % 3)
    for name, pair in (("z", "x and X"), ("w", "y and Y")):
        with pytest.raises(Refused, match=f"holds {pair}, and either may be meant"):
            load(str(tmp_path / f"{name}.npz"))
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = [pyarrow.array(np.arange(30.0))] * 3
    parquet.write_table(
        pyarrow.Table.from_arrays(columns, names=["x", "y", "y"]), tmp_path / "x.parquet"
    )
    refused_by_all(tmp_path / "x.parquet", "2 columns 'y'")


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((30, 2)), np.arange(30) * 1j, "complex128"),
        (np.ones((30, 2)), np.datetime64("2024-01-01") + np.arange(30), "datetime64"),
        (np.ones((30, 2)), np.zeros(30, "V4"), "V4"),
        (np.float64(1.0), np.arange(30.0), "array x holds a single number"),
        (np.ones((30, 2)), np.float64(1.0), "array y holds a single number"),
        (np.ones((30, 2)) * 1j, np.arange(30.0), "complex128"),
    ],
)
def test_arrays_that_are_no_data(x: Any, y: Any, words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=x, y=y)
    with pytest.raises(Refused, match=words):
        load(str(tmp_path / "x.npz"))


def test_dates_as_a_target(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    day = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(np.arange(30) % 3, unit="D")
    pandas.DataFrame({"x": np.arange(30.0), "day": day}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(Refused, match="datetime64"):
        load(str(tmp_path / "x.parquet"), target="day")


def test_a_table_without_names(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    path = tmp_path / "x.csv"
    path.write_text("".join(f"{i}.5,{i % 7},{i % 2}\n" for i in range(40)))
    data = load(str(path), target="2")
    assert len(data.x) + len(data.x_val) == 40
    assert any("no header: the first line is read as data" in note for note in data.notes)
    # Numbers are names where they are used as such.
    path.write_text("2019,2020\n" + "".join(f"{i}.5,{i % 2}\n" for i in range(40)))
    assert len(load(str(path), target="2020").y) == 32


# --- numbers that float32 rounds ------------------------------------------------------------------


def test_large_whole_numbers_do_not_wrap_and_are_said(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    high = np.uint64(2**63) + np.arange(40, dtype=np.uint64) % 2 * np.uint64(2**62)
    frame = pandas.DataFrame({"id": high, "small": np.arange(40), "y": np.arange(40) % 2})
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_csv(tmp_path / "x.csv", index=False)
    np.savez(tmp_path / "x.npz", id=high, small=np.arange(40), y=np.arange(40) % 2)
    for suffix in ("parquet", "csv", "npz"):
        data = load(str(tmp_path / f"x.{suffix}"), target="y")
        assert data.x[:, 0].min() == 2.0**63, suffix
        note = next(n for n in data.notes if "float32" in n)
        assert note.count("id.") == 1
        assert "small" not in note
        # As a target: two classes, with the numbers as they are.
        assert load(str(tmp_path / f"x.{suffix}"), target="id").classes == [
            str(2**63), str(2**63 + 2**62)
        ]  # fmt: skip
    np.savez(tmp_path / "x.npz", x=np.arange(80).reshape(40, 2) + 2**53, y=np.arange(40.0) / 3)
    assert any("float32" in n and ": x." in n for n in load(str(tmp_path / "x.npz")).notes)
    np.savez(tmp_path / "x.npz", x=np.arange(80).reshape(40, 2), y=2**30 * (np.arange(40) + 1))
    notes = load(str(tmp_path / "x.npz")).notes
    assert any("float32" in n and ": y." in n for n in notes)
    np.savez(tmp_path / "x.npz", x=np.arange(80).reshape(40, 2) + 2**24 - 79, y=np.arange(40.0) / 3)
    assert not any("float32" in n for n in load(str(tmp_path / "x.npz")).notes)


# --- bounds before anything is allocated ----------------------------------------------------------


def test_no_more_is_read_at_once_than_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 1 << 20)
    large = np.zeros((1, 200_000))
    np.savez_compressed(tmp_path / "row.npz", y=large, x=large)
    np.savez_compressed(tmp_path / "f.npz", y=np.asfortranarray(np.zeros((70_000, 2))), x=large.T)
    np.save(tmp_path / "row.npy", large)
    for path, part in (("row.npz", ":y"), ("f.npz", ":y"), ("row.npy", "")):
        refused_by_all(tmp_path / path, "GiB of memory at once", part=part)
    # Row by row there is room; all at once there is not.
    np.savez_compressed(tmp_path / "long.npz", y=large[0], x=large[0])
    source = f"{tmp_path}/long.npz:y"
    assert sum(map(len, blocks(open_source(source), 1000))) == 200_000
    refused(["check", "mse", "--true", source, "--pred", source], "GiB of memory at once")
    with pytest.raises(Refused, match="GiB of memory at once"):
        load(f"{tmp_path}/long.npz")


def test_the_bound_is_looked_at_before_reading(tmp_path: Path) -> None:
    """A file of a few kilobytes that would unpack to terabytes, were its header right."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 100000000000), }"
    header += b" " * (117 - len(header)) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with (tmp_path / "x.npy").open("wb") as stream:
        stream.write(data)
        stream.truncate(len(data) + 800_000_000_000)  # a hole: it takes no room
    refused_by_all(tmp_path / "x.npy", "GiB of memory at once")


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_LINE", 1 << 14)
    monkeypatch.setattr(tables, "CHARACTERS", 1 << 10)
    for content in ("x,y\n" + "1" * 100_000, "1," * 50_000, 'x,y\n"' + "1,2\n" * 9000):
        (tmp_path / "x.csv").write_text(content)
        refused_by_all(tmp_path / "x.csv", "line of more than 16384 characters")


# --- csv: in pieces, quoted, wide -----------------------------------------------------------------


@pytest.mark.parametrize("characters", [1, 2, 7, 64, 1 << 19])
def test_pieces_of_text_make_the_same_table(
    characters: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CHARACTERS", characters)
    path = tmp_path / "x.csv"
    want = np.random.default_rng(0).normal(size=(50, 3))
    rows = [",".join(map(repr, row)) for row in want.tolist()]
    quoted = [f'"{a}", "{b}" ,{c}' for a, b, c in want.tolist()]
    notes = [f'"a ""note"",\nof two lines",{row}' for row in rows]
    for first, lines, end in (
        ("a,b,c", rows, "\n"),
        ("a,b,c", rows, "\r\n"),
        ("\ufeffa,b,c", rows, "\n"),
        ('"a","b","c"', quoted, "\n"),
        ("a;b;c", [row.replace(",", ";") for row in rows], "\n"),
        ("a\tb\tc", [row.replace(",", "\t") for row in rows], "\n"),
        ("", ["", "a,b,c", *rows[:25], "", "  ", *rows[25:], ""], "\n"),
        ('note,a,b,"c"', notes, "\n"),
        (rows[0], rows[1:], "\n"),
    ):
        for last in ("", end):
            path.write_bytes((end.join([first, *lines]) + last).encode())
            np.testing.assert_array_equal(whole(open_source(str(path))), want)


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    want = rng.normal(size=400) * 10.0 ** rng.integers(-300, 300, 400)
    (tmp_path / "x.csv").write_text("y\n" + "\n".join(map(repr, want.tolist())))
    np.testing.assert_array_equal(whole(open_source(str(tmp_path / "x.csv"))), want)


@pytest.mark.parametrize("cell", ["1_000", "１", "0x1", "1,5", "1 2", "one", "--1"])
def test_what_is_no_number(cell: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f'x,y\n1,2\n1,3\n1,"{cell}"\n1,4\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"row 2 .*'y' is '.*expected a number"):
        whole(open_source(f"{tmp_path / 'x.csv'}"))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_the_time_grows_with_the_columns(suffix: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")

    def seconds(columns: int) -> float:
        path = tmp_path / f"x{suffix}"
        table = pandas.DataFrame(np.full((2, columns), 0.5), columns=map(str, range(columns)))
        if suffix == ".csv":
            table.to_csv(path, index=False)
        elif suffix == ".parquet":
            table.to_parquet(path)
        else:
            np.savez(path, **{name: np.arange(20.0) for name in table.columns})
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            if suffix == ".npz":
                assert load(str(path), target="0").x.shape[1] == columns - 1
            else:
                source, other = open_source(str(path)), open_source(str(path))
                assert evaluate(losskit.get("mse"), source, other).count == 2 * columns
            best = min(best, time.process_time() - start)
        return best

    few, many = seconds(200), seconds(3200)
    assert many < 60 * few + 0.3, (few, many)  # 16 where it is linear, 256 where it is the square
