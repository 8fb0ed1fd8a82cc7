"""Losses of files: pieces add up to the whole, and no file is trusted."""

from __future__ import annotations

import pickle
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losskit
from losskit.core.families import is_rowwise
from losskit.streaming import DataError, evaluate, open_source
from losskit.streaming.sources import blocks

pd = pytest.importorskip("pandas")
N = 1001
Write = Callable[[Path, Any], str]


def npy(path: Path, array: Any) -> str:
    np.save(path.with_suffix(".npy"), array)
    return f"{path}.npy"


def npz(path: Path, array: Any) -> str:
    np.savez(path.with_suffix(".npz"), other=np.zeros(3), it=array)
    return f"{path}.npz:it"


def deflated(path: Path, array: Any) -> str:
    np.savez_compressed(path.with_suffix(".npz"), array)
    return f"{path}.npz"


def fortran(path: Path, array: Any) -> str:
    return npz(path, np.asfortranarray(array))


def frame(array: Any) -> Any:
    columns = np.atleast_2d(np.asarray(array).T).T
    return pd.DataFrame({f"c{i}": columns[:, i] for i in range(columns.shape[1])})


def csv(path: Path, array: Any) -> str:
    frame(array).to_csv(path.with_suffix(".csv"), index=False)
    return f"{path}.csv"


def bare_csv(path: Path, array: Any) -> str:
    np.savetxt(path.with_suffix(".csv"), array, delimiter=",")
    return f"{path}.csv"


def parquet(path: Path, array: Any) -> str:
    pytest.importorskip("pyarrow")
    frame(array).to_parquet(path.with_suffix(".parquet"), row_group_size=300)
    return f"{path}.parquet"


FORMATS = [npy, npz, deflated, fortran, csv, bare_csv, parquet]


# --- the whole from its parts -------------------------------------------------------------------


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("rows", [70, 300, N, 5000])
def test_pieces_add_up_to_the_whole(write: Write, rows: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    y, p, w = rng.normal(size=N), rng.normal(size=N), rng.random(N)
    files = [
        open_source(write(tmp_path / name, a)) for name, a in zip("ypw", (y, p, w), strict=True)
    ]
    for name in ("huber", "rmse"):
        for reduction in ("mean", "mean_with_sample_weight"):
            loss = losskit.get(name, reduction=reduction)
            found = evaluate(loss, *files, rows=rows)
            assert found.value == pytest.approx(loss(y, p, w), rel=1e-12)
            assert found.rows == N
            metric = losskit.metrics.METRICS[found.metric](y, p, w)
            assert found.metric_value == pytest.approx(metric, rel=1e-12)


@pytest.mark.parametrize("write", FORMATS)
def test_rows_of_classes(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    y, p = rng.integers(0, 4, N), rng.dirichlet([1.0] * 4, N)
    files = open_source(npy(tmp_path / "y", y)), open_source(write(tmp_path / "p", p))
    found = evaluate(losskit.get("scce"), *files, rows=64)
    assert found.value == pytest.approx(losskit.get("scce")(y, p), rel=1e-12)
    metric = losskit.metrics.sparse_categorical_accuracy(y, p)
    assert found.metric_value == pytest.approx(metric)


def test_a_metric_of_every_card(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    inputs = {
        "regression": (rng.random(N) + 1, rng.random(N) + 1),
        "binary": (rng.integers(0, 2, N).astype(float), rng.random(N)),
        "categorical": (np.eye(3)[rng.integers(0, 3, N)], rng.dirichlet([1.0] * 3, N)),
        "pair": (rng.choice([-1.0, 1.0], N), rng.uniform(-1, 1, N)),
        "sparse": (rng.integers(0, 3, N), rng.dirichlet([1.0] * 3, N)),
    }
    w = rng.random(N)
    sets = np.stack([rng.integers(1, 5, (N, 6)), rng.integers(0, 2, (N, 6))], 1)
    inputs["sequence"] = rng.integers(1, 3, (N, 2)), rng.normal(size=(N, 4, 3))
    inputs["survival"] = sets.astype(float), rng.normal(size=(N, 6))
    for card in losskit.numpy.cards():
        y, p = inputs[card.task]
        if is_rowwise(card()) and card.task == "regression":
            y, p = rng.normal(size=(N, 3)), rng.normal(size=(N, 3))
        if card.name == "gaussian_nll":
            y, p = rng.normal(size=N), rng.random((N, 2)) + 0.1
        if card.name == "cosine_embedding":
            y, p = rng.choice([-1.0, 1.0], N), rng.normal(size=(N, 2, 3))
        if card.name == "triplet_margin":
            y, p = rng.normal(size=N), rng.normal(size=(N, 3, 2))
        if card.target.names:
            y, p = rng.integers(0, 3, (N, 5)), rng.uniform(-1, 1, (N, 5, 3))
        if card.name == "info_nce":
            y, p = rng.normal(size=N), rng.normal(size=(N, 5, 2, 3))
        if card.target.high == 0.0:
            y = y - 1.0
        files = [open_source(npy(tmp_path / n, a)) for n, a in (("y", y), ("p", p), ("w", w))]
        if getattr(card, "whole", False):
            with pytest.raises(DataError, match="axis=1, for a mask per sample"):
                evaluate(losskit.get(card.name), *files, rows=100)
        along = {"axis": 1} if getattr(card, "whole", False) else {}
        # A file has one set in each row.
        along = {"axis": -1} if card.task == "survival" else along
        loss = losskit.get(card.name, **along).packed()
        found = evaluate(losskit.get(card.name, **along), *files, rows=100)
        of_metric = along if card.task == "survival" else {}
        wanted = losskit.metrics.METRICS[card.metric](y, p, w, **of_metric)
        assert found.metric_value == pytest.approx(wanted, rel=1e-9), card.name
        assert found.value == pytest.approx(loss(y, p, w), rel=1e-9), card.name


def test_weights_per_sample_count_for_every_item_of_a_row(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    y, p, w = rng.normal(size=(N, 3)), rng.normal(size=(N, 3)), rng.random(N)
    files = [open_source(npy(tmp_path / n, a)) for n, a in (("y", y), ("p", p), ("w", w))]
    found = evaluate(losskit.get("mae"), *files, rows=10)
    assert found.value == pytest.approx(losskit.get("mae")(y, p, w))
    assert found.count == 3 * N
    binary = losskit.get("bce", from_logits=True)
    y = (y > 0).astype(float)
    files[0] = open_source(npy(tmp_path / "b", y))
    found = evaluate(binary, *files, rows=10)
    wanted = losskit.metrics.binary_accuracy(y, p, w, threshold=0.0)
    assert found.metric_value == pytest.approx(wanted)


def test_ignored_labels_touch_neither_loss_nor_metric(tmp_path: Path) -> None:
    y, p = np.array([0, 1, -1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.7, 0.3]])
    files = [open_source(npy(tmp_path / n, a)) for n, a in (("y", y), ("p", p))]
    loss = losskit.get("scce", ignore_class=-1)
    for rows in (1, 2, 4):
        found = evaluate(loss, *files, rows=rows)
        assert found.value == pytest.approx(loss(y, p))
        assert found.count == 3
        assert found.metric_value == pytest.approx(2 / 3)


def test_columns_keep_the_order_asked_for(tmp_path: Path) -> None:
    table = np.arange(12.0).reshape(4, 3)
    for write in (csv, parquet):
        part = f"{write(tmp_path / 't', table)}:c2,c0"
        (block,) = blocks(open_source(part), 10)
        np.testing.assert_array_equal(block, table[:, [2, 0]])


@pytest.mark.parametrize("write", [npy, npz, deflated])
def test_memory_stays_small(write: Write, tmp_path: Path) -> None:
    size = 4_000_000
    source = write(tmp_path / "y", np.ones(size))
    tracemalloc.start()
    found = evaluate(losskit.get("mse"), open_source(source), open_source(source), rows=1 << 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.rows == size
    assert peak < 12 << 20, f"{peak >> 20} MiB for files of {8 * size >> 20} MiB"


# --- what is refused ----------------------------------------------------------------------------


def test_the_place_is_that_in_the_file(tmp_path: Path) -> None:
    y, p = np.zeros(N), np.full(N, 0.5)
    p[700] = 1.5
    files = [open_source(npy(tmp_path / n, a)) for n, a in (("y", y), ("p", p))]
    with pytest.raises(ValueError, match=r"in rows 600 to 699|in rows 700 to 799.*index 700 "):
        evaluate(losskit.get("bce"), *files, rows=100)
    with pytest.raises(ValueError, match=r"1\.5 at index 700 "):
        evaluate(losskit.get("bce"), *files)
    rows = np.full((N, 2), 0.5)
    rows[999, 1] = -1.0
    files = [open_source(npy(tmp_path / n, a)) for n, a in (("y", y), ("p", rows))]
    with pytest.raises(ValueError, match=r"in rows 990 to 1000: .*at index \(999, 1\)"):
        evaluate(losskit.get("scce"), *files, rows=99)


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> Any:
        return open, (self.path, "w")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    bomb = np.array([Bomb(trace)], dtype=object)
    np.save(tmp_path / "a.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "b.npz", a=bomb)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Bomb(trace)))
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("a.npy", pickle.dumps(Bomb(trace)))
    for name in ("a.npy", "b.npz", "c.npy", "d.npz"):
        with pytest.raises(DataError):
            list(blocks(open_source(str(tmp_path / name)), 10))
    assert not trace.exists()


@pytest.mark.parametrize("write", [npy, npz, deflated, parquet])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_a_file_cut_short(write: Write, share: float, tmp_path: Path) -> None:
    text = write(tmp_path / "x", np.random.default_rng(0).normal(size=(N, 3)))
    path = Path(text.removesuffix(":it"))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=r"damaged|cut short"):
        list(blocks(open_source(text), 10))


def test_a_csv_cut_within_a_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3,4\n5\n")
    with pytest.raises(DataError, match=r"row 2 .*'b' is empty, .*cut short"):
        list(blocks(open_source(f"{path}:a,b"), 2))
    # In a later chunk, and in a file without a header.
    path.write_text("1,2\n" * 10 + "3,x\n")
    with pytest.raises(DataError, match=r"row 10 .*'1' is 'x'"):
        list(blocks(open_source(f"{path}:0,1"), 4))


def test_damage_within_a_zip_is_found(tmp_path: Path) -> None:
    text = deflated(tmp_path / "x", np.random.default_rng(0).normal(size=N))
    path = Path(text)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        list(blocks(open_source(text), 10))


def test_a_header_that_lies_allocates_nothing(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 100000000000), }"
    header += b" " * (117 - len(header)) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 64
    (tmp_path / "x.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for suffix in (".npy", ".npz"):
        with pytest.raises(DataError, match="cut short"):
            open_source(str(tmp_path / f"x{suffix}"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.npy", b"", "empty"),
        ("x.csv", b"", "empty"),
        ("x.csv", b"a,b\nx,y\n", "no numeric column"),
        ("x.csv", b"a,b\n1,2,3\n4,5,6\n", "row 0 .* has 3 cells, where the first line has 2"),
        ("x.csv", b"a\n\xff\xfe\n", "no readable csv"),
        ("x.npz", b"PK not a zip", "no readable .npz"),
        ("x.parquet", b"PAR1", "no readable Parquet"),
        ("x.txt", b"1", "cannot read files of type '.txt'"),
        ("x", b"1", "no suffix"),
    ],
)
def test_what_is_no_data(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        open_source(str(tmp_path / name))


def test_what_a_file_does_not_have(tmp_path: Path) -> None:
    y = np.zeros((5, 2))
    with pytest.raises(DataError, match="does not exist"):
        open_source(str(tmp_path / "nothing.npy"))
    with pytest.raises(DataError, match="is a directory"):
        open_source(str(tmp_path))
    with pytest.raises(DataError, match="other, it"):
        open_source(npz(tmp_path / "a", y).removesuffix(":it"))
    with pytest.raises(DataError, match="no array 'z'"):
        open_source(npz(tmp_path / "a", y).replace(":it", ":z"))
    with pytest.raises(DataError, match="no part 'z'"):
        open_source(npy(tmp_path / "a", y) + ":z")
    for write in (csv, parquet):
        with pytest.raises(DataError, match=r"no column 'z'\. Its columns: c0, c1"):
            open_source(write(tmp_path / "a", y) + ":c0,z")
    with pytest.raises(DataError, match="single number"):
        open_source(npy(tmp_path / "a", np.float64(1.0)))
    with pytest.raises(DataError, match="expected real numbers"):
        open_source(npy(tmp_path / "a", np.array(["a"])))


@pytest.mark.parametrize("write", [npy, csv])
def test_lengths_that_differ(write: Write, tmp_path: Path) -> None:
    files = [open_source(write(tmp_path / n, np.ones(k))) for n, k in (("y", 20), ("p", 13))]
    for rows in (4, 13, 20, 50):
        with pytest.raises(DataError, match=r"has 20 rows, but .* has 13"):
            evaluate(losskit.get("mse"), *files, rows=rows)


@pytest.mark.parametrize("write", [npy, npz, csv, parquet])
def test_files_without_rows(write: Write, tmp_path: Path) -> None:
    files = [open_source(write(tmp_path / n, np.ones(0))) for n in "yp"]
    with pytest.raises(DataError, match="no rows"):
        evaluate(losskit.get("mse"), *files)


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    y, p = open_source(npy(tmp_path / "y", np.ones(5))), open_source(csv(tmp_path / "p", np.eye(5)))
    with pytest.raises(DataError, match=r"y\.npy and .*p\.csv do not fit: .*\(\?, 5\)"):
        evaluate(losskit.get("mse"), y, p)
    with pytest.raises(DataError, match="whole rows"):
        evaluate(losskit.get("scce"), y, open_source(npy(tmp_path / "q", np.ones(5))))


def test_nulls_in_parquet_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    pd.DataFrame({"a": pd.array([1.0, 2.0, None], dtype="Float64")}).to_parquet(path)
    with pytest.raises(DataError, match="row 2, column 'a' is null"):
        list(blocks(open_source(str(path)), 2))


# --- what a csv file means ------------------------------------------------------------------------


def test_numbers_for_names(tmp_path: Path) -> None:
    """pandas names the columns of a nameless frame 0, 1, 2."""
    path = tmp_path / "p.csv"
    path.write_text("0,1\n0.5,0.5\n0.25,0.75\n")
    source = open_source(str(path))
    assert np.concatenate(list(source.pieces(10))).tolist() == [[0.5, 0.5], [0.25, 0.75]]
    assert "names" in source.notes[0]
    path.write_text("0.5,0.5\n0.25,0.75\n")
    source = open_source(str(path))
    assert len(np.concatenate(list(source.pieces(10)))) == 2
    assert "read as data" in source.notes[0]
    path.write_text("0\n1.5\n")
    with pytest.raises(DataError, match="first line is 0"):
        open_source(str(path))


def test_index_column_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(",y\n0,1.5\n1,2.5\n")
    source = open_source(str(path))
    assert np.concatenate(list(source.pieces(10))).tolist() == [1.5, 2.5]
    assert "index" in source.notes[0]


@pytest.mark.parametrize("cell", ["", "NULL", "?"])
def test_a_missing_cell_does_not_drop_its_column(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"a,b,c\n.1,.2,.7\n.3,.4,{cell}\n.2,.5,.3\n")
    with pytest.raises(DataError, match=r"row 1 .*'c'"):
        list(open_source(str(path)).pieces(10))


def test_text_columns_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("a,name,b\n.1,x,.7\n.3,y,.2\n")
    source = open_source(str(path))
    assert np.concatenate(list(source.pieces(10))).shape == (2, 2)
    assert "name" in source.notes[0]


def test_a_blank_line_is_a_missing_number(tmp_path: Path) -> None:
    path = tmp_path / "y.csv"
    path.write_text("y\n1\n\n3\n")
    with pytest.raises(DataError, match="row 1"):
        list(open_source(str(path)).pieces(10))


def test_spaces_around_names(tmp_path: Path) -> None:
    path = tmp_path / "y.csv"
    path.write_text("y, p\n1,2\n")
    assert next(iter(open_source(f"{path}:p").pieces(10))).tolist() == [2.0]


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    import os

    path = tmp_path / "x.npy"
    os.mkfifo(path)
    with pytest.raises(DataError, match="regular file"):
        open_source(str(path))


# --- tables as pandas writes them ---------------------------------------------------------------


def read(text: str, rows: int = 2) -> Any:
    return np.concatenate(list(blocks(open_source(text), rows)))


def test_headers_that_count_from_0(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    pd.DataFrame(np.eye(3)).to_csv(path, index=False)
    np.testing.assert_array_equal(read(str(path)), np.eye(3))
    assert "0 to 2, is taken for names" in open_source(str(path)).notes[0]
    for first in ("1,2", "0,2", "0.0,1.0", "1,0"):
        path.write_text(f"{first}\n5,6\n")
        assert len(read(str(path))) == 2
        assert "no header: the first line is read as data" in open_source(str(path)).notes[0]
    path.write_text("a,b\n5,6\n")
    assert open_source(str(path)).notes == []


def test_the_index_of_pandas_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for name in ("y", None):
        pd.Series([3.0, 4.0, 5.0], name=name).to_csv(path)
        np.testing.assert_array_equal(read(str(path)), [3.0, 4.0, 5.0])
        assert "the column without a name is left out" in open_source(str(path)).notes[0]
    path.write_text("Unnamed: 0,y\n7,1\n8,2\n")
    np.testing.assert_array_equal(read(str(path)), [1.0, 2.0])
    assert open_source(f"{path}:y").notes == []


def test_the_index_in_parquet_is_no_data(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    pd.DataFrame({"y": [1.0, 2.0]}, index=[7, 9]).to_parquet(path)
    np.testing.assert_array_equal(read(str(path)), [1.0, 2.0])
    assert "the column without a name is left out" in open_source(str(path)).notes[0]


@pytest.mark.parametrize(("cell", "words"), [("", "empty"), ("NULL", "'NULL'"), ("-", "'-'")])
def test_a_column_with_a_cell_missing_is_not_left_out(
    cell: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,2\n3,4\n5,{cell}\n7,8\n")
    with pytest.raises(DataError, match=f"row 2 .*column 'b' is {words}"):
        read(str(path))
    np.testing.assert_array_equal(read(f"{path}:a"), [1, 3, 5, 7])


def test_columns_left_out_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,a,name\nx1,2,u\nx2,4,v\n")
    np.testing.assert_array_equal(read(str(path)), [2, 4])
    assert open_source(str(path)).notes == [
        f"{path}: left out, for they hold no numbers: id, name."
    ]


@pytest.mark.parametrize("header", ["y\n", ""])
@pytest.mark.parametrize("rows", [1, 2, 3, 10])
def test_a_blank_line_is_an_empty_cell(header: str, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for column in ("", ":y" if header else ":0"):
        path.write_text(f"{header}1.5\n2\n\n4\n5\n")
        with pytest.raises(DataError, match=r"row 2 .* is empty"):
            read(f"{path}{column}", rows)
    path.write_text(f"\n{header}1.5\n")
    with pytest.raises(DataError, match="first line is blank"):
        open_source(str(path))


def test_column_names_without_their_spaces(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("y, p , p\n1,2,3\n")
    with pytest.raises(DataError, match="2 columns 'p'"):
        open_source(f"{path}:p")
    path.write_text("y, p\n1,2\n")
    np.testing.assert_array_equal(read(f"{path}: p"), [2])
    np.testing.assert_array_equal(read(f"{path}:p,y"), [[2, 1]])


def test_an_underscore_makes_no_number(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("y,p\n1,2\n3,1_000\n")
    for part in ("", ":p"):
        with pytest.raises(DataError, match=r"row 1 .*'p' is '1_000'"):
            read(f"{path}{part}")


@pytest.mark.parametrize("shape", ["(True,)", "(-1,)", f"({2**62}, 8)", f"(0, {10**30})"])
def test_shapes_that_no_array_has(shape: str, tmp_path: Path) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 8
    (tmp_path / "x.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for suffix in (".npy", ".npz"):
        with pytest.raises(DataError, match="its header promises"):
            open_source(str(tmp_path / f"x{suffix}"))
