"""What `benchmarks.health` calls worse, and what it does not; and that it runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import health  # noqa: E402

SEEDS = 4


def found(ours: dict[str, Any], theirs: dict[str, Any], loss: str = "Huber") -> dict[str, Any]:
    """Results with one job, in which both sides are right but for what is given."""
    right = {"finite": [True] * SEEDS, "score": [0.9] * SEEDS, "activation": "tanh"}
    job = {
        "backend": "jax", "data": "digits", "loss": loss, "optimizer": "adam", "seconds": 1.0,
        "refused": {},
        "networks": [right | {"side": "keras"} | theirs, right | {"side": "losskit"} | ours],
    }  # fmt: skip
    return {"settings": {"scales": [1.0], "seeds": SEEDS}, "jobs": [job]}


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ({}, {}, {}),
        ({"finite": [True, False, True, True]}, {}, {"not finite": 1}),
        ({}, {"finite": [True, False, False, True]}, {"rescued": 2}),
        ({"finite": [False] * 4}, {"finite": [False] * 4}, {}),
        ({"score": [0.85, 0.86, 0.85, 0.86]}, {}, {"worse": 1}),
        ({"score": [0.95, 0.96, 0.95, 0.96]}, {}, {"better": 1}),
        ({"score": [0.99, 0.7, 0.95, 0.75]}, {}, {}),  # as much below on average: noise
        ({"score": [0.89, 0.89, 0.89, 0.89]}, {}, {}),  # below, by less than the margin
        # What is not finite is counted once: its score says nothing more.
        ({"finite": [True] * 3 + [False], "score": [0.9] * 3 + [0.0]}, {}, {"not finite": 1}),
    ],
)  # fmt: skip
def test_only_what_is_beyond_noise_counts(ours: Any, theirs: Any, verdict: Any) -> None:
    pairs, details = health.compare(found(ours, theirs))
    counted = {word: n for word, n in pairs["Huber", "tanh"].items() if n}
    assert counted == verdict
    assert bool(details) == bool({"worse", "not finite"} & verdict.keys())


def test_an_unnamed_pair_fails_and_a_named_one_does_not(capsys: Any) -> None:
    bad = {"finite": [False] * SEEDS}
    assert not health.report(found(bad, {}))
    assert "`Huber` on tanh (jax), not expected" in capsys.readouterr().out
    assert health.reason("Poisson", "tanh", "jax")
    assert health.report(found(bad, {}, loss="Poisson"))
    assert health.report(found({}, {}))


@pytest.mark.exhaustive
def test_it_trains(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    out = tmp_path / "health.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.health", "--quick", "--backend", "jax",
            "--data", "diabetes", "--loss", "LogCosh", "--out", out,
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "| `LogCosh` | = | = | = |" in done.stdout
    jobs = json.loads(out.read_text())["jobs"]
    assert [job["optimizer"] for job in jobs] == ["adam", "sgd"]
    assert len(jobs[0]["networks"]) == 2 * len(health.ACTIVATIONS) + len(health.OWN)
    assert all(len(n["score"]) == 4 * len(health.SCALES) for n in jobs[0]["networks"])
