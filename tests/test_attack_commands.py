"""Commands asked for too much, or killed amid their work: what was there stays, and the error is
one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import losskit
from losskit import cli
from losskit.core.definition import cards
from losskit.plots.words import name
from losskit.terminal import Exit, written

runner = CliRunner(env={"COLUMNS": "100"})


def call(*command: object) -> Any:
    return runner.invoke(cli.app, [str(part) for part in command])


def refused(result: Any, *words: str) -> None:
    assert result.exit_code == Exit.USAGE, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


# --- files are written beside, and renamed --------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_picture_is_whole_or_the_old_one(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.figure import Figure

    path = tmp_path / f"x{suffix}"
    path.write_text("the old picture")

    def full(self: Any, path: Path) -> None:
        Path(path).write_text("half a pic")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", full)
        refused(call("plot", "mse", "-o", path), "No space left")
    assert path.read_text() == "the old picture"
    assert list(tmp_path.iterdir()) == [path]
    result = call("plot", "mse", "-o", path)
    assert result.stdout == f"{path}\n"
    assert result.stderr == f"{path} was there already, and is replaced.\n"
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]
    assert call("plot", "mse", "-o", tmp_path / f"y{suffix}").stderr == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links and pipes here")
def test_a_picture_goes_through_no_link(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.txt", tmp_path / "x.png"
    kept.write_text("not to be touched")
    link.symlink_to(kept)
    result = call("plot", "mse", "-o", link)
    assert result.exit_code == Exit.DONE
    assert "a link to" in result.stderr
    assert "left alone" in result.stderr
    assert kept.read_text() == "not to be touched"
    assert not link.is_symlink()
    assert link.read_bytes().startswith(b"\x89PNG")
    os.mkfifo(tmp_path / "pipe.png")
    refused(call("plot", "mse", "-o", tmp_path / "pipe.png"), "no regular file")
    (tmp_path / "folder.png").mkdir()
    refused(call("plot", "mse", "-o", tmp_path / "folder.png"), "is a directory")
    refused(call("plot", "mse", "-o", tmp_path / ("a" * 300 + ".png")), "File name too long")


KILLED = """
import os, signal, sys
from pathlib import Path
from losskit.terminal import written
with written(Path(sys.argv[1])) as beside:
    beside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.parametrize("old", [None, "the old one"])
def test_killed_while_saving(old: str | None, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    if old:
        path.write_text(old)
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (path.read_text() if path.exists() else None) == old


def _fail(path: Path, error: type[BaseException]) -> None:
    with written(path) as beside:
        beside.write_text("half")
        raise error


def test_what_is_written_takes_the_place(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    for text in ("one", "two"):
        with written(path) as beside:
            assert beside.parent == path.parent
            assert beside.suffix == path.suffix
            beside.write_text(text)
        assert path.read_text() == text
    for error in (ValueError, KeyboardInterrupt, OSError):
        with pytest.raises(error):
            _fail(path, error)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_training_leaves_no_half_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras")
    from matplotlib.figure import Figure

    from losskit.training import curves, report

    def half(path: Any, **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    run: Any = SimpleNamespace(model=SimpleNamespace(save=half), label="mse", history=[])
    with pytest.raises(OSError, match="No space"):
        report.write_run(run, SimpleNamespace(out=tmp_path), alone=True)  # type: ignore[arg-type]
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **options: half(path))
    with pytest.raises(OSError, match="No space"):
        curves.save(Figure(), tmp_path / "curves.png")
    monkeypatch.setattr(Path, "write_text", lambda self, text, **options: half(self))
    with pytest.raises(OSError, match="No space"):
        report._write_json(tmp_path / "data.json", {})
    assert list(tmp_path.iterdir()) == []


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["scce", "--target", "15000"], "over 15001 classes, expected up to 1000"),
        (["scce", "--target", "1000000000"], "over 1e+09 classes"),
        (["cce", "--target", "1" + "0" * 300], "target must lie within"),
        (["cce", "--target", ",".join(["0.0005"] * 2000)], "over 2000 classes"),
        (["scce:class_weight=1000000000:2"], "over 1e+09 classes"),
        (["kld", "--target", "1e18"], "over 1e+18 classes"),
        (["mse", "--span", "-1e308", "1e308"], "span must lie within -1e+100 to 1e+100"),
        (["mse", "--span", "0", "1e200"], "span must lie within"),
        (["mse", "--target", "-1e200"], "target must lie within"),
        (["cosine", "--span", "0", "1e99"], "span must lie within -3600 to 3600"),
        (["huber:delta=1e300"], "span must lie within"),
    ],
)
def test_what_no_picture_holds(command: list[str], words: str, tmp_path: Path) -> None:
    refused(call("plot", *command, "-o", tmp_path / "x.png"), words)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_pictures(tmp_path: Path) -> None:
    for command in (
        ["scce", "--target", "999"],
        ["mse", "--span", "-1e100", "1e100"],
        ["cosine", "--span", "-3600", "3600"],
    ):
        assert call("plot", *command, "-o", tmp_path / "x.png").exit_code == Exit.DONE


def test_out_of_memory_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import losskit.checks.run
    import losskit.streaming

    def full(*arguments: Any, **options: Any) -> None:
        raise MemoryError

    np.save(tmp_path / "y.npy", np.ones(3))
    files = ["--true", tmp_path / "y.npy", "--pred", tmp_path / "y.npy"]
    monkeypatch.setattr(losskit.streaming, "evaluate", full)
    monkeypatch.setattr(losskit.checks.run, "check", full)
    for command in ("eval", "check"):
        refused(call(command, "mse", *files), "not enough memory")


# --- numbers beyond all numbers -------------------------------------------------------------------

HUGE = 10**400


def test_numbers_that_no_float_holds() -> None:
    for huge in (HUGE, -HUGE, 10**5000):
        with pytest.raises(ValueError, match=r"delta must be a number in .* got an integer"):
            losskit.Huber(delta=huge)
        with pytest.raises(ValueError, match="num_items must be a number >= 0"):
            losskit.mean_squared_error([1.0], [2.0], num_items=huge)
        with pytest.raises(ValueError, match="ignore_class must be an integer"):
            losskit.SparseCategoricalCrossentropy(ignore_class=huge * huge)
    with pytest.raises(TypeError, match="class_weight must be"):
        losskit.SparseCategoricalCrossentropy(class_weight=[1, HUGE])


@pytest.mark.parametrize("digits", [400, 5000])
def test_such_numbers_on_the_command_line(digits: int, tmp_path: Path) -> None:
    huge = "1" + "0" * digits
    np.save(tmp_path / "y.npy", np.ones(3))
    files = ["--true", tmp_path / "y.npy", "--pred", tmp_path / "y.npy"]
    for command in ("eval", "check"):
        refused(call(command, f"huber:delta={huge}", *files), "delta must be a number in (0, inf)")
        refused(call(command, f"scce:ignore_class={huge}", *files), "ignore_class must be")
    refused(call("show", f"huber:delta={huge}"), "delta must be a number")
    refused(call("plot", "mse", "--target", huge), "--target must be finite")


def test_the_base_of_all_modules_is_no_loss() -> None:
    pytest.importorskip("torch")
    import losskit.torch

    for arguments in ((), (1.0,)):
        with pytest.raises(TypeError, match="Loss is the base of all losses"):
            losskit.torch.Loss(*arguments)


# --- words ----------------------------------------------------------------------------------------


def test_every_picture_names_what_tells_it_from_others() -> None:
    """A parameter that shapes the curve is in the label, whatever it is called."""
    for low, high in ((-1.0, 2.5), (0.5, 1.0)):
        one, two = (losskit.get("poly1_crossentropy", epsilon=e) for e in (low, high))
        assert name(one) != name(two)
        assert rf"$\epsilon$ = {low:g}" in name(one)
    assert name(losskit.SmoothL1()) == r"Smooth L1 ($\beta$ = 1)"
    assert name(losskit.get("poly1_crossentropy")).startswith("Poly1 crossentropy")
    assert name(losskit.KLDivergence()) == "KL divergence"
    assert name(losskit.MeanSquaredError()) == "Mean squared error"
    # The least size of a target lies far below what a picture shows.
    assert (
        name(losskit.MeanAbsolutePercentageError(epsilon=1e-5)) == "Mean absolute percentage error"
    )


def test_digits_of_a_name_are_kept() -> None:
    for card in cards():
        digits = [c for c in card.__name__ if c.isdigit()]
        words = name(losskit.get(card.name)).partition(" (")[0]
        assert [c for c in words if c.isdigit()] == digits


def test_which_parameter_is_a_denominator_is_the_cards_to_say() -> None:
    found = {
        (card.name, parameter)
        for card in cards()
        for parameter, (_, rule) in card.rules().items()
        if rule.least_target
    }
    assert found == {("mean_absolute_percentage_error", "epsilon")}


def test_a_parameter_called_epsilon_refuses_no_training() -> None:
    pytest.importorskip("keras")
    from losskit.training.data import Data
    from losskit.training.model import suits

    y = np.array([0.0, 0.5, 2.0, 3.0], np.float32)
    data = Data("d", "regression", y[:, None], y, y[:, None], y, "y")

    class Shifted(type(losskit.get("mse").card)):  # type: ignore[misc]
        """A loss of one's own whose epsilon is no denominator."""

        @classmethod
        def rules(cls) -> Any:
            from losskit.core.definition import Rule

            return {"epsilon": (1.0, Rule(kind="number", doc="a shift"))}

        def parameters(self) -> dict[str, Any]:
            return {"epsilon": 1.0}

    assert suits(Shifted(), data) is None
    for epsilon in (1e-7, 0.3):
        mape = losskit.MeanAbsolutePercentageError(epsilon=epsilon).card
        assert f"nearer to 0 than its epsilon={epsilon:g}" in str(suits(mape, data))
    data.y += 1
    data.y_val = data.y
    assert suits(losskit.MeanAbsolutePercentageError(epsilon=0.3).card, data) is None
    assert "epsilon=1.5" in str(suits(losskit.MeanAbsolutePercentageError(epsilon=1.5).card, data))
