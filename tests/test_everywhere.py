"""The benchmark of everything: what it draws, whom it calls slower, what it times and prints."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.everywhere import cases, inputs, report, run, session, timing  # noqa: E402
from benchmarks.everywhere.cases import Case  # noqa: E402
from benchmarks.everywhere.hosts import NoPeer, Side  # noqa: E402
from losskit.core.definition import CARDS  # noqa: E402
from losskit.peers import keras, optax, torch  # noqa: E402

pytest.importorskip("optax")


# --- the sample -----------------------------------------------------------------------------------


def test_every_name_of_the_tables_is_a_case() -> None:
    found = {(case.face, case.loss) for case in cases.everything()}
    tables = {"numpy": CARDS, "torch": torch.ROWS, "jax": optax.ROWS}
    for face in cases.FACES:
        rows = tables.get(face, keras.ROWS)
        assert {loss for of, loss in found if of == face} == set(rows) - cases.NO_LOSS, face
    every = list(cases.everything())
    assert len({case.id for case in every}) == len(every)
    assert {case.dtype for case in every} == set(cases.DTYPES)
    assert {case.size for case in every} == set(cases.SIZES)
    assert all(Case.of(case.id) == case for case in every)


def test_the_arguments_follow_from_what_a_function_takes() -> None:
    named = {case.arguments for case in cases.everything()}
    wanted = {"class weights", "smoothing", "ignored", "soft targets", "sample weights"}
    assert named > wanted
    of_torch = cases.variants("torch", torch.ROWS["cross_entropy"])
    assert set(of_torch) == {"plain", *wanted - {"sample weights"}}
    assert "ignored" not in cases.variants("jax", optax.ROWS["huber_loss"])  # losskit's alone


def test_every_beginning_of_the_order_is_a_stratified_sample() -> None:
    every = list(cases.everything())
    order = cases.ordered(every, seed=0)
    assert sorted(c.id for c in order) == sorted(c.id for c in every)
    losses = {(case.face, case.loss) for case in every}
    for turn in range(3):
        drawn = order[turn * len(losses) : (turn + 1) * len(losses)]
        assert {(case.face, case.loss) for case in drawn} == losses
    for face in cases.FACES:
        seen = Counter(case.dtype for case in order[: 3 * len(losses)] if case.face == face)
        assert max(seen.values()) <= 1.2 * min(seen.values()) + 1, (face, seen)
        sizes = Counter(case.size for case in order[: 3 * len(losses)] if case.face == face)
        assert set(sizes) == set(cases.SIZES), face


def test_the_seed_decides() -> None:
    some = cases.chosen(["torch/*"])
    first = cases.ordered(some, seed=1)
    assert cases.ordered(some, seed=1) == first
    assert cases.ordered(some, seed=2) != first


def test_rows_are_chosen_by_their_ids() -> None:
    chosen = cases.chosen(["torch/cross_entropy/*/bfloat16/*", "jax/huber_loss/10/*"])
    assert {(c.face, c.loss) for c in chosen} == {
        ("torch", "cross_entropy"),
        ("jax", "huber_loss"),
    }
    assert {c.dtype for c in chosen if c.face == "torch"} == {"bfloat16"}
    assert len(cases.chosen([])) == len(list(cases.everything()))


# --- who is slower --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(3, 30))
def test_the_interval_holds_the_median(n: int) -> None:
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(1000):
        low, high = timing.interval(rng.normal(size=n).tolist())
        held += low <= 0.0 <= high
    # As often as it says, or, of few values, as often as all of them can.
    assert held / 1000 > min(timing.COVERS, 1 - 2 * 0.5**n) - 0.03


def test_the_interval_of_many_is_narrower_than_their_range() -> None:
    assert timing.interval([5.0, 1.0, 3.0]) == (1.0, 5.0)
    assert timing.interval([float(i) for i in range(9)]) == (1.0, 7.0)


def test_the_rule() -> None:
    def verdict(low: float, high: float, **more: Any) -> str:
        return timing.verdict({"low": low, "high": high, **more})

    assert verdict(0.80, 0.94) == "slower"
    assert verdict(0.80, 0.96) == "equal"
    assert verdict(1.00, 1.04) == "equal"
    assert verdict(1.06, 1.20) == "faster"
    assert verdict(0.80, 0.94, handed=True) == "equal"


def busy(seconds: float) -> Callable[[], None]:
    def call() -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass

    return call


def test_a_slow_call_is_called_slower() -> None:
    found = timing.compare(busy(3e-4), busy(1e-4))
    assert timing.verdict(found) == "slower"
    assert found["ratio"] == pytest.approx(1 / 3, rel=0.3)
    assert found["ours"] == pytest.approx(3e-4, rel=0.5)
    assert timing.verdict(timing.compare(busy(1e-4), busy(3e-4))) == "faster"


def test_a_call_is_not_slower_than_itself() -> None:
    assert timing.verdict(timing.compare(busy(1e-4), busy(1e-4))) == "equal"


def test_turns_alternate_and_a_slow_case_gets_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []
    sides = {"a": lambda: None, "b": lambda: None}
    monkeypatch.setattr(timing, "_calls", lambda call: 1)

    def turn(call: Any, calls: int) -> float:
        turns.append(next(name for name, side in sides.items() if side is call))
        return 1.0

    monkeypatch.setattr(timing, "_turn", turn)
    timing.compare(*sides.values(), rounds=4)
    assert "".join(turns) == "abbaabba"
    monkeypatch.setattr(timing, "LONGEST", 0.0)
    assert len(timing.compare(*sides.values(), rounds=9)["rounds"]) == timing.FEWEST


# --- what is timed --------------------------------------------------------------------------------

CASE = Case("torch", "mse_loss", "10", "float32")


@dataclass
class Host:
    """Sides that find what they are told, in no time."""

    ours: Any = 1.0
    theirs: Any = 1.0
    wide: Any = 1.0
    traces: tuple[Any, Any] = (None, None)

    def side(self, which: str, case: Case, of: Any, dtype: str) -> Side:
        value = self.wide if dtype == "float64" else getattr(self, which, 0.0)
        if isinstance(value, Exception):
            raise value
        trace = self.traces[which == "theirs"]
        return Side(lambda: value, lambda x: (x, [np.full(3, x)]), lambda: trace, which)


def row(host: Host, **how: Any) -> dict[str, Any]:
    return session.measure(host, CASE, rounds=3, **how)


def test_who_agrees_is_timed() -> None:
    assert row(Host())["verdict"] in ("slower", "equal", "faster")
    assert "verdict" not in row(Host(), control=True)


def test_who_disagrees_is_not() -> None:
    assert row(Host(ours=1.1)) == {"disagrees": "value 1.1, peer 1"}
    assert "disagrees" in row(Host(ours=float("nan")))


def test_a_peer_that_float64_puts_right_is_timed() -> None:
    found = row(Host(theirs=float("inf")))
    assert found["ratio"] > 0
    assert found["inexact"] == "the peer: value 1, peer inf"


def test_errors_are_told_apart() -> None:
    assert row(Host(ours=ValueError("no"))) == {"failed": "ValueError: no"}
    half = NotImplementedError("not for 'Half'")
    assert row(Host(theirs=half)) == {"skipped": "the peer: NotImplementedError: not for 'Half'"}
    assert row(Host(theirs=NoPeer("no mse"))) == {"skipped": "no mse"}


def test_what_is_handed_to_the_peers_operation_is_equal() -> None:
    found = row(Host(traces=(["add"], ["add"])))
    assert found["handed"]
    assert found["verdict"] == "equal"
    assert "handed" not in row(Host(traces=(["add"], ["mul"])))


def test_gradients_are_compared_at_their_size() -> None:
    def off(dtype: str, by: float, at: int = 1, scaled: bool = False, factor: float = 1.0) -> str:
        gradient = np.full(1000, 1e-3)
        other = factor * gradient
        other[:at] += by * 1e-3
        case = Case("torch", "mse_loss", "10", dtype)
        return session.difference((1.0, [other]), (1.0, [gradient]), case, scaled)

    assert off("float32", 1e-4) == ""
    assert off("float32", 1e-2) == "gradients off by 1e-05 of 0.001"
    assert off("float16", 1e-2) == ""
    assert off("float16", 0.5) == ""  # one of a thousand, on a kink
    assert "off" in off("float16", 0.5, at=20)
    assert "off" in off("float32", 0.0, factor=2.0)
    assert off("float32", 0.0, factor=2.0, scaled=True) == ""


@pytest.mark.parametrize("face", ["torch", "jax"])
def test_each_row_gets_arrays_that_both_sides_take(
    face: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The rows of small arrays, plain: both compute the same, so that a new row is measured."""
    pytest.importorskip(face)
    from benchmarks.everywhere import hosts

    monkeypatch.setattr(timing, "compare", lambda *_: {"low": 1.0, "high": 1.0, "ratio": 1.0})
    host = hosts.start(face)
    if face == "jax":  # many small programs, each of which runs once
        fast = host.jax.config.values["jax_disable_most_optimizations"]
        request.addfinalizer(lambda: host.jax.config.update("jax_disable_most_optimizations", fast))
        host.jax.config.update("jax_disable_most_optimizations", True)
    wrong = {}
    for case in cases.chosen([f"{face}/*/64x50/float32/plain"]):
        found = session.measure(host, case, 1)
        if "verdict" not in found or "inexact" in found:
            wrong[case.id] = found
    assert not wrong


def test_arrays_come_from_the_case_alone() -> None:
    case = Case("numpy", "sparse_categorical_crossentropy", "256x10", "bfloat16", "ignored")
    one, other = (inputs.job(case) for _ in range(2))
    assert [x.tobytes() for x in one.arrays.values()] == [
        x.tobytes() for x in other.arrays.values()
    ]
    y, p = one.arrays.values()
    assert p.shape == (256, 10)
    assert p.dtype == inputs.type_of("bfloat16")
    assert 0.02 < np.mean(y == -1) < 0.25


# --- what is printed ------------------------------------------------------------------------------


def results(**ratios: float) -> dict[str, Any]:
    rows = {}
    for loss, ratio in ratios.items():
        long = {"low": 0.9 * ratio, "high": 1.02 * ratio, "ours": 1e-5, "theirs": ratio * 1e-5}
        found = {"ratio": ratio, **long}
        rows[Case("torch", loss, "10", "float32", "plain").id] = found | {
            "verdict": timing.verdict(found)
        }
    return {
        "format": 1,
        "kind": "everywhere",
        "machine": {"cpu": "a machine", "python": "3.11"},
        "settings": {"seed": 0, "threads": 2},
        "versions": {"torch": "2.0+cpu"},
        "finished": "2026-11-30T10:00:00+00:00",
        "rows": rows,
        "controls": {"a": {"low": 0.9, "high": 1.1}, "b": {"low": 0.8, "high": 0.9}},
    }


def test_the_slower_rows_are_printed_worst_first_with_their_count() -> None:
    found = results(huber_loss=2.0, mse_loss=0.5, l1_loss=0.2, kl_div=0.99)
    found["rows"]["torch/" + "long_" * 12 + "/8192x1000/bfloat16/sample weights"] = {
        "ratio": 0.3, "low": 0.2, "high": 0.4, "ours": 2.0, "theirs": 0.1, "verdict": "slower",
    }  # fmt: skip
    found["rows"]["torch/a/10/float32/plain"] = {"failed": "ValueError: " + 200 * "x"}
    lines = report.lines(found)
    assert max(map(len, lines)) <= report.WIDTH
    start = lines.index("Slower than the peer in 3 of 5 rows, the worst first:")
    text = "\n".join(lines[start:])
    assert text.index("l1_loss") < text.index("long_long") < text.index("mse_loss")
    assert "huber_loss" not in text
    assert "A peer against itself: called slower in 1 of 2 rows." in lines
    assert "PyTorch" in lines[1]
    assert lines[1].split()[1:5] == ["5", "1", "1", "3"]


def test_the_worst_rows_are_timed_again() -> None:
    found = results(huber_loss=2.0, mse_loss=0.5, l1_loss=0.2, kl_div=0.99)["rows"]
    worst = run.worst(found, set(found))
    assert [case.loss for case in worst] == ["l1_loss", "mse_loss", "kl_div"]
    found[worst[0].id]["first"] = 0.1  # was timed again before
    assert [case.loss for case in run.worst(found, set(found))] == ["mse_loss", "kl_div"]


def test_a_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.write_section(results(huber_loss=2.0, mse_loss=0.5), page)
    text = page.read_text()
    assert text.startswith(f"before\n{report.START}\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text
    assert "30 November 2026" in text
    assert "slower in 1 of 2 rows" in text
    assert "torch/mse_loss/10/float32/plain" in text
    page.write_text("no marks")
    with pytest.raises(ValueError, match="must have the lines"):
        report.write_section(results(huber_loss=2.0), page)


@pytest.mark.parametrize("ratio", [1e-4, 1.0, 1e4])
def test_the_figure(tmp_path: Path, ratio: float) -> None:
    picture = pytest.importorskip("benchmarks.everywhere.picture")
    picture.write(results(huber_loss=ratio, mse_loss=0.5), tmp_path / "a.png", "dark")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no row"):
        picture.draw(results())


# --- the command ----------------------------------------------------------------------------------


def command(*arguments: object) -> Any:
    words = [sys.executable, "-m", "benchmarks", "everywhere", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_run_of_two_rows_and_its_continuation(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "found.json"
    only = ("--only", "torch/huber_loss/10/float32/*", "--out", out, "--threads", 1)
    done = command(*only, "--all")
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert set(found["rows"]) == {
        f"torch/huber_loss/10/float32/{a}" for a in ("plain", "sample weights")
    }
    for each in found["rows"].values():
        assert each["verdict"] in ("slower", "equal", "faster")
        assert each["low"] <= each["ratio"] <= each["high"]
    assert found["controls"]
    assert "Slower than the peer in" in done.stdout
    assert (tmp_path / "found-dark.png").exists()

    again = command(*only, "--all", "--resume", "--only", "torch/mse_loss/10/float32/plain")
    assert again.returncode == 0, again.stderr
    more = json.loads(out.read_text())
    assert len(more["rows"]) == 3
    shown = command("--show", out)
    assert shown.stdout == again.stdout


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = command("--only", "torch/hubert/*")
    assert done.returncode == 2
    assert "no case matches 'torch/hubert/*'" in done.stderr
    (tmp_path / "other.json").write_text('{"format": 1}')
    done = command("--show", tmp_path / "other.json")
    assert done.returncode == 2
    assert "another benchmark" in done.stderr
