"""Where `losskit train` gets its rows: which task is told, and which files are refused."""

import json
import zipfile

import numpy as np
import pytest
from test_training import _same_environment, run, run_json  # noqa: F401

from losskit.training.data import load
from losskit.training.raw import Refused

pandas = pytest.importorskip("pandas")


def table(rows=60):
    rng = np.random.default_rng(0)
    size = rng.normal(size=rows)
    frame = pandas.DataFrame({"size": size, "weight": 3 * size + rng.normal(size=rows)})
    frame["colour"] = np.where(np.arange(rows) % 3 == 0, "red", "blue")
    frame["kind"] = np.where(size > 0, "large", "small")
    frame["price"] = 2 * size + 0.1 * rng.normal(size=rows) + 5
    frame["stars"] = np.clip(np.round(size + 3), 1, 5).astype(int)
    frame["sold"] = size > 0
    return frame


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables(ending, tmp_path):
    path = tmp_path / f"shop.{ending}"
    frame = table()
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    data = load(str(path), target="kind", drop=["sold", "stars", "price"])
    assert data.task == "classification"
    assert data.classes == ["large", "small"]
    assert data.x.shape[1] == 4  # size, weight, and colour one-hot
    assert data.columns[2] == {"name": "colour", "categories": ["blue", "red"]}
    assert set(np.unique(data.x[:, 2:])) == {0.0, 1.0}
    assert len(data.x) + len(data.x_val) == 60


def test_the_task_is_told_and_said(tmp_path):
    frame = table()
    frame.to_csv(tmp_path / "shop.csv", index=False)

    def told(target, **options):
        data = load(str(tmp_path / "shop.csv"), target=target, **options)
        return data.task, next(n for n in data.notes if n.split(":")[0].lower() == data.task)

    assert told("kind")[0] == "classification"
    assert told("sold")[0] == "classification"
    task, note = told("stars")
    assert task == "classification"
    assert "5 distinct values" in note
    assert "--task regression" in note
    assert told("stars", task="regression")[0] == "regression"
    task, note = told("price")
    assert task == "regression"
    assert "real numbers with 60 distinct values" in note


def test_labels_are_numbered_and_the_numbers_kept(tmp_path):
    frame = table()
    frame["stars"] += 10
    frame.to_csv(tmp_path / "shop.csv", index=False)
    shown = run(
        *(tmp_path / "shop.csv", "--target", "stars", "--drop", "kind", "--epochs", 1),
        *("--out", tmp_path / "o"),
    )
    assert "11 = 0, 12 = 1" in shown.stderr
    assert "One-hot encoded, for they hold text: colour." in shown.stderr
    described = json.loads((tmp_path / "o" / "data.json").read_text())
    assert described["classes"] == ["11", "12", "13", "14", "15"]
    assert described["target"] == "stars"


def test_regression_end_to_end(tmp_path):
    table(400).drop(columns=["kind", "stars", "sold"]).to_csv(tmp_path / "shop.csv", index=False)
    result = run_json(
        *(tmp_path / "shop.csv", "--target", "price", "--metric", "mae"),
        *("--loss", "huber:delta=0.5", "--loss", "mae", "--out", tmp_path / "o"),
    )
    assert result["task"] == "regression"
    assert [r["metric"] for r in result["runs"]] == ["mae"] * 2
    assert all(r["validation"] < 0.5 * result["baseline"] for r in result["runs"])
    by_mae = [r["validation"] for r in result["runs"]]
    assert by_mae == sorted(by_mae)


def test_semicolons(tmp_path):
    table().to_csv(tmp_path / "shop.csv", index=False, sep=";")
    assert load(str(tmp_path / "shop.csv"), target="price").task == "regression"


@pytest.mark.parametrize("layout", ["x_train", "x", "columns"])
def test_npz_layouts(layout, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3, 2)), rng.integers(0, 3, 50)
    target = None
    if layout == "x_train":
        arrays = {"x_train": x[:40], "y_train": y[:40], "x_test": x[40:], "y_test": y[40:]}
    elif layout == "x":
        arrays = {"X": x, "y": np.eye(3)[y]}
    else:
        arrays, target = {"a": x[:, 0, 0], "b": x[:, 1], "kind": y.astype(str)}, "kind"
    np.savez(tmp_path / "d.npz", **arrays)
    data = load(str(tmp_path / "d.npz"), target=target)
    assert data.task == "classification"
    assert data.classes == ["0", "1", "2"]
    assert data.x.shape[1:] == ((3,) if layout == "columns" else (3, 2))
    if layout == "x_train":
        assert np.array_equal(data.y_val, y[40:])


def test_mnist_from_a_file(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60, 28, 28)).astype("uint8"), np.arange(60) % 10
    np.savez(tmp_path / "m.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
    result = run_json("mnist", "--file", tmp_path / "m.npz", "--epochs", 1, "--out", tmp_path / "o")
    assert result["data"] == "mnist"
    assert result["input_shape"] == [28, 28]
    assert result["validation_rows"] == 20


def test_a_failed_download_names_the_way_out(tmp_path, monkeypatch):
    run("--loss", "scce:axis=0", code=2)
    import keras

    def fail():
        raise Exception("URL fetch failure on https://example.org: None -- [Errno 111]")

    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", fail)
    shown = run("fashion_mnist", "--out", tmp_path / "o", code=2)
    assert "--file PATH.npz" in shown.stderr
    assert "URL fetch failure" in shown.stderr


def test_held_out_rows_hold_every_class_and_follow_the_seed():
    pytest.importorskip("sklearn")
    one, again, other = load("digits", seed=1), load("digits", seed=1), load("digits", seed=2)
    assert np.array_equal(one.x_val, again.x_val)
    assert not np.array_equal(one.x_val, other.x_val)
    assert np.bincount(one.y_val).min() >= 30
    assert abs(len(one.x_val) / 1797 - 0.2) < 0.01


# --- files that will not do ---------------------------------------------------------------------


def _write(path, kind):
    """A file of a given kind of bad."""
    frame = table()
    numbers = frame[["size", "price"]]
    if kind == "cut parquet":
        frame.to_parquet(path)
        path.write_bytes(path.read_bytes()[:500])
    elif kind == "cut npz":
        np.savez(path, x=np.ones((50, 4)), y=np.arange(50))
        path.write_bytes(path.read_bytes()[:600])
    elif kind == "damaged npz":
        np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(50, 4)), y=np.arange(50))
        content = bytearray(path.read_bytes())
        content[200:400] = b"\x00" * 200
        path.write_bytes(bytes(content))
    elif kind == "npz of objects":
        np.savez(path, x=np.ones((50, 4)), y=np.array([{}] * 50, dtype=object))
    elif kind == "npz bomb":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", b"\x93NUMPY")
        # The size that the directory claims, not that of the content.
        content = bytearray(path.read_bytes())
        at = content.index(b"PK\x01\x02") + 24
        content[at : at + 4] = (2**32 - 2).to_bytes(4, "little")
        path.write_bytes(bytes(content))
    elif kind == "npz of a false shape":
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 9), }"
        header += b" " * (117 - len(header)) + b"\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
            )
    elif kind == "npz of other arrays":
        np.savez(path, a=np.ones(3), b=np.ones(4))
    elif kind == "npz of unequal rows":
        np.savez(path, x=np.ones((30, 2)), y=np.arange(29))
    elif kind == "npz with nan":
        np.savez(path, x=np.full((30, 2), np.nan), y=np.arange(30.0))
    elif kind == "npz with nan target":
        np.savez(path, x=np.ones((30, 2)), y=np.full(30, np.nan))
    elif kind == "npz with a table target":
        np.savez(path, x=np.ones((30, 2)), y=np.random.default_rng(0).normal(size=(30, 2)))
    elif kind == "npz with a new class":
        y = np.arange(30) % 2
        np.savez(
            path, x_train=np.ones((30, 2)), y_train=y, x_test=np.ones((3, 2)), y_test=y[:3] + 7
        )
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "bytes":
        path.write_bytes(bytes(range(256)) * 20)
    elif kind == "ragged":
        path.write_text("a,price\n1,2\n1,2,3,4\n")
    elif kind == "headings only":
        path.write_text("a,price\n")
    elif kind == "no target":
        frame.drop(columns="price").to_csv(path, index=False)
    elif kind == "few rows":
        numbers.head(5).to_csv(path, index=False)
    elif kind == "constant":
        numbers.assign(price=3.0).to_csv(path, index=False)
    elif kind == "missing":
        numbers.mask(numbers["size"] > 1).to_csv(path, index=False)
    elif kind == "infinite":
        numbers.assign(size=np.inf).to_csv(path, index=False)
    elif kind == "free text":
        numbers.assign(note=[f"note {i}" for i in range(60)]).to_csv(path, index=False)
    elif kind == "dates":
        numbers.assign(day=pandas.Timestamp("2024-01-01")).to_parquet(path)
    elif kind == "only the target":
        numbers[["price"]].to_csv(path, index=False)
    elif kind == "ids":
        numbers.assign(price=[f"id{i}" for i in range(60)]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("cut parquet", "d.parquet", "no readable Parquet file"),
        ("cut npz", "d.npz", "no readable .npz file"),
        ("damaged npz", "d.npz", "no readable .npz file"),
        ("npz of objects", "d.npz", "which are not loaded"),
        ("npz bomb", "d.npz", "no readable .npz file"),
        ("npz of a false shape", "d.npz", "damaged or cut short"),
        ("npz of other arrays", "d.npz", "expected x_train, y_train, x_test and y_test"),
        ("npz of unequal rows", "d.npz", "x has 30 rows and y has 29"),
        ("npz with nan", "d.npz", "missing (NaN), infinite"),
        ("npz with nan target", "d.npz", "30 missing or infinite values"),
        ("npz with a table target", "d.npz", "expected one value per row"),
        ("npz with a new class", "d.npz", "a class that no training row has"),
        ("empty", "d.csv", "is empty (0 bytes)"),
        ("empty", "d.npz", "is empty (0 bytes)"),
        ("empty", "d.parquet", "is empty (0 bytes)"),
        ("bytes", "d.csv", "no readable csv file"),
        ("bytes", "d.parquet", "no readable Parquet file"),
        ("bytes", "d.jpg", "expected .csv, .parquet or .npz"),
        ("ragged", "d.csv", "row 1 (the first is 0) has 4 cells"),
        ("headings only", "d.csv", "0 rows"),
        ("no target", "d.csv", "Its columns are size, weight, colour, kind, stars, sold"),
        ("few rows", "d.csv", "expected at least 10"),
        ("constant", "d.csv", "is constant"),
        ("missing", "d.csv", "missing values in"),
        ("infinite", "d.csv", "infinite"),
        ("free text", "d.csv", "60 distinct values"),
        ("dates", "d.parquet", "Turn it into numbers"),
        ("only the target", "d.csv", "no column left to learn from"),
        ("ids", "d.csv", "looks like an id"),
    ],
)
def test_bad_files_get_one_message(kind, name, words, tmp_path):
    path = _write(tmp_path / name, kind)
    with pytest.raises(Refused) as refused:
        load(str(path), target=None if name.endswith("npz") else "price")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_bad_file_ends_with_code_2_and_no_traceback(tmp_path):
    path = _write(tmp_path / "d.csv", "no target")
    shown = run(path, "--target", "price", "--out", tmp_path / "o", code=2)
    assert shown.stderr.startswith("Error: ")
    assert not shown.stdout
    assert not (tmp_path / "o").exists()


def test_a_loss_that_does_not_suit_the_target_names_those_that_do(tmp_path):
    table().to_csv(tmp_path / "d.csv", index=False)
    shown = run(tmp_path / "d.csv", "--target", "price", "--loss", "scce", code=2)
    assert "sparse_categorical_crossentropy does not suit d" in shown.stderr
    assert "mean_squared_error" in shown.stderr
    assert "cosine_similarity" not in shown.stderr
    frame = table()
    frame["price"] -= 100
    frame.to_csv(tmp_path / "d.csv", index=False)
    shown = run(tmp_path / "d.csv", "--target", "price", "--loss", "poisson", code=2)
    assert "goes down to -" in shown.stderr
