"""The benchmark runs, writes what it says, and times nobody who computes something else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import cases, peers, results, run, session, truth, workers  # noqa: E402
from benchmarks.peers import Absent, Form, Row  # noqa: E402

HUBER = cases.Case("huber", (100,), "float32", "gradient")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks", *map(str, arguments)]


# --- the command ----------------------------------------------------------------------------------


def test_a_quick_run_writes_results_tables_and_figures(tmp_path: Path) -> None:
    done = subprocess.run(
        command(
            "--quick", "--cases", "huber,sparse_ce", "--sizes", "100,8x5", "--dtypes", "float32",
            "--rounds", 2, "--threads", 1, "--out", tmp_path,
        ),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "best peer" in done.stdout

    found = results.read(tmp_path / "results.json")
    assert found["complete"]
    assert found["machine"].keys() >= {"cpu", "cores", "python", "last_level_cache_bytes"}
    assert found["settings"]["threads"] == 1
    (only,) = found["runs"]
    assert only["allocator"] == "default"
    assert only["copy"]["bytes_per_second"] > 0
    assert only["libraries"]["losskit"]["versions"]["losskit"]
    assert [case["id"] for case in only["cases"]] == [
        "huber/100/float32/value", "huber/100/float32/gradient",
        "sparse_ce/8x5/float32/value", "sparse_ce/8x5/float32/gradient",
    ]  # fmt: skip
    value, both = only["cases"][:2]
    assert both["moved_bytes"] == 3 * 400
    assert value["rows"]["losskit-out"].keys() == {"absent"}
    for row in both["rows"].values():
        assert row["value_error"] < 1e-5
        assert row["gradient_error"] < 1e-5
        assert len(row["rounds"]) == 2
        assert row["min"] <= row["lower_quartile"] <= row["median"] <= row["upper_quartile"]
    assert both["best"] in ("numpy", "numpy-out")
    assert both["ratio"].keys() == both["copy_fraction"].keys() == {"losskit", "losskit-out"}

    for name in ("light", "dark"):
        assert (tmp_path / f"figure-{name}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (tmp_path / f"figure-{name}.svg").read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_an_interrupted_run_keeps_what_it_measured(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    process = subprocess.Popen(
        command("--quick", "--threads", 1, "--out", tmp_path),
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        # A job in the background starts with it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    for _ in range(600):
        if path.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    found = results.read(path)
    assert not found["complete"]
    assert 0 < len(found["runs"][0]["cases"]) < 56


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--peers", "numpty"], "numpty"),
        (["--sizes", "many"], "many"),
        (["--dtypes", "float16"], "float16"),
        (["--cases", "hubert"], "huber"),
        (["--threads", 10_000], "10000"),
    ],
)
def test_what_does_not_exist_is_refused(arguments: list[object], word: str) -> None:
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert word in done.stderr


def test_files_that_hold_no_results_are_refused(tmp_path: Path) -> None:
    for text in ("no json", "{}", "[]", json.dumps({"format": 0})):
        path = tmp_path / "results.json"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"results\.json"):
            results.read(path)


# --- who is timed ---------------------------------------------------------------------------------


def huber(arrays: cases.Arrays) -> tuple[float, Any]:
    d = arrays.p - arrays.y
    c = np.clip(d, -1, 1)
    return float(np.mean(c * (d - 0.5 * c))), c / np.float32(len(d))


def bent(bend: Callable[[float, Any], Any]) -> Callable[[cases.Arrays], Row]:
    def row(arrays: cases.Arrays) -> Row:
        return Row([Form("bent", lambda: bend(*huber(arrays)))], lambda result: result)

    return row


def peer_of(**rows: Callable[[cases.Arrays], Any]) -> Any:
    """A library of the given rows."""
    return SimpleNamespace(
        make=lambda case, arrays: {name: row(arrays) for name, row in rows.items()},
        clear=lambda: None,
    )


def true_value(case: cases.Case) -> float:
    return truth.value(case, case.arrays())


def test_who_computes_something_else_is_refused() -> None:
    def crash(value: float, gradient: Any) -> Any:
        raise MemoryError("too large")

    wrong = {
        "value": bent(lambda v, g: (1.001 * v, g)),
        "nan": bent(lambda v, g: (float("nan"), g)),
        "gradient": bent(lambda v, g: (v, 1.001 * g)),
        "one": bent(lambda v, g: (v, np.where(np.arange(len(g)) == 7, 0, g))),
        "none": bent(lambda v, g: (v, None)),
        "dtype": bent(lambda v, g: (v, g.astype(np.float64))),
        "shape": bent(lambda v, g: (v, g[:-1])),
    }
    timed = session.Session(
        peer_of(
            right=bent(lambda v, g: (v, g)),
            lacking=lambda arrays: Absent("no such loss"),
            crash=bent(crash),
            **wrong,
        )
    )
    answers = timed.prepare(HUBER, true_value(HUBER))
    assert answers.pop("right") == {}
    assert answers.pop("lacking") == {"absent": "no such loss"}
    assert answers.pop("crash")["failed"] == "bent: MemoryError: too large"
    assert {name for name, answer in answers.items() if "refused" in answer} == set(wrong)
    assert timed.choose("right")["form"] == "bent"
    timing = timed.time("right")
    assert timing["seconds"] > 0
    with pytest.raises(KeyError):
        timed.choose("value")


def test_a_wrong_form_leaves_the_right_one() -> None:
    def row(arrays: cases.Arrays) -> Row:
        value, gradient = huber(arrays)
        forms = [Form("wrong", lambda: (0.0, gradient)), Form("right", lambda: (value, gradient))]
        return Row(forms, lambda result: result)

    timed = session.Session(peer_of(row=row))
    answers = timed.prepare(HUBER, true_value(HUBER))
    assert answers["row"].keys() == {"dropped"}
    assert answers["row"]["dropped"].startswith("wrong: its value is 0.0")
    assert timed.choose("row")["form"] == "right"


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("loss", cases.LOSSES)
def test_the_truth_is_the_derivative_of_the_value(loss: str, dtype: str) -> None:
    shape = (4, 6) if loss in cases.ROWWISE else (40,)
    arrays = cases.Case(loss, shape, dtype, "gradient").arrays()
    y, p = arrays.y, arrays.p.astype(np.float64)
    y = y if loss == "sparse_ce" else y.astype(np.float64)
    slope = truth.SLOPES[loss](y, p)
    step = 1e-6
    for index in np.ndindex(*shape):
        up, down = p.copy(), p.copy()
        up[index] += step
        down[index] -= step
        difference = truth.VALUES[loss](y, up).sum() - truth.VALUES[loss](y, down).sum()
        assert slope[index] == pytest.approx(difference / (2 * step), rel=1e-5, abs=1e-7)


def test_the_truth_of_many_items_is_that_of_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.Case("dense_ce", (50, 7), "float64", "gradient")
    arrays = case.arrays()
    whole = truth.value(case, arrays)
    monkeypatch.setattr(truth, "CHUNK", 70)
    assert truth.value(case, arrays) == pytest.approx(whole, rel=1e-14)
    sample = truth.Sample.of(case, arrays)
    assert sample.gradient.shape == (10, 7)
    everything = truth.SLOPES["dense_ce"](arrays.y, arrays.p) / 50
    truth.check(case, whole, sample, whole, everything)
    with pytest.raises(truth.Refused):
        truth.check(case, whole, sample, whole, everything[::-1])


# --- workers --------------------------------------------------------------------------------------


def test_a_library_that_is_not_installed_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(workers.Missing, match="nowhere"):
        workers.Worker("nowhere", 1, "default")
    monkeypatch.setitem(peers.LIBRARIES, "nowhere", peers.Library((), 1))
    said: list[str] = []
    plan = run.Plan([HUBER], ["nowhere", "numpy"], threads=1, rounds=1)
    with run.Run(plan, "default", {}, said.append) as running:
        (case,) = running.cases()
    assert "median" in case["rows"]["numpy"]
    assert "missing" in running.result["libraries"]["nowhere"]
    assert "nowhere is not installed" in said[0]


def test_a_worker_that_died_is_started_again() -> None:
    plan = run.Plan([HUBER, HUBER], ["numpy"], threads=1, rounds=1)
    with run.Run(plan, "default", {}, print) as running:
        measured = running.cases()
        next(measured)
        running._workers["numpy"].stop()
        assert "median" in next(measured)["rows"]["numpy"]


def test_a_worker_that_dies_in_a_case_fails_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = run.Plan([HUBER], ["numpy", "losskit"], threads=1, rounds=1)
    with run.Run(plan, "default", {}, print) as running:
        ask = workers.Worker.ask

        def die(self: workers.Worker, do: str, **request: Any) -> Any:
            if do == "time" and self.library == "numpy":
                self._process.kill()
            return ask(self, do, **request)

        monkeypatch.setattr(workers.Worker, "ask", die)
        (case,) = running.cases()
    assert "ended by SIGKILL" in case["rows"]["numpy"]["failed"]
    assert "median" in case["rows"]["losskit"]
    assert case["best"] is None


def test_a_case_larger_than_the_memory_is_skipped() -> None:
    plan = run.Plan([HUBER], ["numpy"], threads=1, rounds=1, memory_bytes=1000)
    with run.Run(plan, "default", {}, lambda line: None) as running:
        assert list(running.cases()) == []
    assert running.result["skipped"][0]["id"] == HUBER.id


# --- choosing -------------------------------------------------------------------------------------


def test_sizes_are_read_and_written() -> None:
    texts = {"10": (10,), "100k": (100_000,), "16M": (16 * 2**20,), "8192x1000": (8192, 1000)}
    assert {text: cases.parse_size(text) for text in texts} == texts
    assert [cases.size_text(shape) for shape in texts.values()] == [
        "10",
        "100000",
        "16M",
        "8192x1000",
    ]
    for wrong in ("", "x", "0", "-5", "1x2x3", "1.5", "M"):
        with pytest.raises(ValueError, match="a size must be"):
            cases.parse_size(wrong)


def test_cases_are_chosen_by_loss_or_id() -> None:
    everything = cases.choose()
    assert len(everything) == 2 * 2 * (6 * 5 + 2 * 4)
    assert {c.loss for c in cases.choose(patterns=["*_ce"])} == {"sparse_ce", "dense_ce"}
    (one,) = cases.choose(patterns=["mse/16M/float64/value"])
    assert cases.Case.from_json(one.to_json()) == one


@pytest.mark.exhaustive
def test_steps_of_keras(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    out = tmp_path / "steps.json"
    ends = {}
    for names in ("Huber,SparseCategoricalCrossentropy", "Hubr"):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.keras_steps", "--quick", "--backend", "jax"),
                *("--rounds", "1", "--loss", names, "--out", str(out)),
            ],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        ends[names] = done.returncode
        if names == "Hubr":
            assert "--loss: 'Hubr' is none of those" in done.stderr
            continue
        rows = [line for line in done.stdout.splitlines() if line.startswith("| `")]
        # Without weights and with them.
        assert [row.split("`")[1] for row in rows] == 2 * [
            "Huber()", "SparseCategoricalCrossentropy()",
            "SparseCategoricalCrossentropy(from_logits=True)",
        ]  # fmt: skip
        steps = json.loads(out.read_text())["steps"]
        assert len(steps) == 6
        assert all(step["keras"] > 0 and step["losskit"] > 0 for step in steps)
    assert list(ends.values()) == [0, 2]
