"""The command line: what goes where, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import losskit
from losskit import cli
from losskit.core.definition import cards
from losskit.terminal import Exit, parse_loss

runner = CliRunner(env={"COLUMNS": "100"})


def call(*arguments: object) -> Any:
    return runner.invoke(cli.app, [str(a) for a in arguments])


def real(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from losskit.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path]:
    np.save(tmp_path / "y.npy", [0.0, 0.0, 1.0])
    np.save(tmp_path / "p.npy", [0.5, 3.0, 1.0])
    return tmp_path / "y.npy", tmp_path / "p.npy"


def refused(result: Any, *words: str) -> None:
    """Exit code 2, nothing on stdout, one message without a traceback."""
    assert result.exit_code == Exit.USAGE, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


# --- list and show ------------------------------------------------------------------------------


def test_list_has_every_card() -> None:
    text = call("list").stdout
    entries = json.loads(call("list", "--json").stdout)
    assert {e["name"] for e in entries} == {c.name for c in cards()}
    for entry in entries:
        assert entry["name"] in text
        assert entry["metric"] in losskit.metrics.METRICS
    assert "mse" in next(e for e in entries if e["name"] == "mean_squared_error")["aliases"]


@pytest.mark.parametrize("card", list(cards()))
def test_show_has_the_card(card: Any) -> None:
    result = call("show", card.name)
    assert result.exit_code == Exit.DONE
    for heading in ("What it measures", "Pitfalls", "Formula", "References"):
        assert f"\n{heading}\n" in result.stdout
    page = json.loads(call("show", card.name, "--json").stdout)
    for name, facts in page["parameters"].items():
        assert name in result.stdout
        assert facts["range"] in result.stdout
    assert page["latex"] == card.latex
    assert set(page["parameters"]) == set(card.rules())
    assert page["sections"]["Summary"] in " ".join(result.stdout.split())


def test_show_tells_parameters_and_kinks() -> None:
    text = " ".join(call("show", "huber:delta=2").stdout.split())
    assert "delta 1.0 (here 2.0) number in (0, inf)" in text
    assert "the curvature jumps at p = -1 and 3 (for y = 1)" in text
    assert json.loads(call("show", "mae", "--json").stdout)["kinks"] == [1.0]


@pytest.mark.parametrize(
    "columns",
    [40, 80, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (20, 71, 72, 100, 120))],
)
def test_no_width_loses_text(columns: int) -> None:
    def said(*arguments: str) -> str:
        text = runner.invoke(cli.app, arguments, env={"COLUMNS": str(columns)}).stdout
        return "".join(text.split())

    def short(words: str) -> str:
        return "".join(words.split())

    listed = said("list")
    assert "…" not in listed
    for card in cards():
        assert card.name in listed
        shown = said("show", card.name)
        assert "…" not in shown
        page = json.loads(call("show", card.name, "--json").stdout)
        for name, facts in page["parameters"].items():
            assert name in shown
            assert short(facts["range"]) in shown or columns >= 72
        if columns < 72:
            assert short(page["sections"]["Summary"]) in listed
            wanted = [*page["slots"].values(), page["signature"], page["takes"], page["metric"]]
            wanted += [facts["doc"] for facts in page["parameters"].values()]
            for words in wanted:
                assert short(words) in shown
        else:
            # A table's cells stand beside each other: its words, and nothing folded away.
            wide = runner.invoke(cli.app, ["show", card.name], env={"COLUMNS": "1000"}).stdout
            assert sorted(shown) == sorted("".join(wide.split()))


def test_unknown_losses_and_parameters_are_refused() -> None:
    refused(call("show", "hubber"), "Unknown loss 'hubber'", "Did you mean huber")
    refused(call("show", "huber:beta=1"), "no parameter 'beta'", "delta")
    refused(call("show", "huber:delta=0"), "number in (0, inf)", "got 0")
    refused(call("show", "huber:delta=x"), "number in (0, inf)", "got 'x'")
    refused(call("show", "huber:delta"), "expected PARAMETER=VALUE", "huber:delta=1.0")
    refused(call("show", "bce:from_logits=maybe"), "true or false")
    refused(call("show", "huber:delta=1,delta=2"), "'delta' twice")


def test_losses_on_a_line() -> None:
    assert parse_loss("huber:delta=2.5") == losskit.Huber(delta=2.5)
    assert parse_loss("BCE: from_logits=yes, label_smoothing=0.1") == losskit.BinaryCrossentropy(
        from_logits=True, label_smoothing=0.1
    )
    weighted = parse_loss("scce:class_weight=0:1;5:2,ignore_class=-1")
    assert weighted.card.class_weight == ((0, 1.0), (5, 2.0))
    assert weighted.card.ignore_class == -1
    assert parse_loss("scce", ["class_weight=1;2;3"]).card.class_weight == (1.0, 2.0, 3.0)


# --- plot ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)
def test_plot_writes_the_picture_and_prints_its_path(
    suffix: str, start: bytes, tmp_path: Path
) -> None:
    out = tmp_path / f"losses{suffix}"
    result = call("plot", "mae", "huber:delta=2.0", "-o", out, "--theme", "dark")
    assert result.exit_code == Exit.DONE, result.output
    assert result.stdout == f"{out}\n"
    assert out.read_bytes().startswith(start)


def test_plot_has_a_default_name_and_passes_its_options_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import losskit.plots

    seen: dict[str, Any] = {}

    class Figure:
        def savefig(self, path: Path) -> None:
            Path(path).touch()

    def figure(losses: Any, **options: Any) -> Figure:
        seen.update(options, losses=losses)
        return Figure()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(losskit.plots, "figure", figure)
    assert call("plot", "mse").stdout == "mean_squared_error.png\n"
    assert (seen["show"], seen["log"], seen["target"], seen["span"]) == ("both", None, None, None)
    options = ["--no-gradient", "--log", "--target", "0.5,0.5", "--span", "0.1", "0.9"]
    assert call("plot", "kld", "cce", *options).stdout == "losses.png\n"
    assert (seen["show"], seen["log"], seen["target"]) == ("loss", True, [0.5, 0.5])
    assert seen["span"] == (0.1, 0.9)


def test_what_cannot_be_plotted_is_refused(tmp_path: Path) -> None:
    refused(call("plot", "mse", "-o", tmp_path / "x.jpg"), "x.jpg", ".png, .svg, .pdf")
    refused(call("plot", "mse", "-o", tmp_path / "no" / "x.png"), "does not exist")
    refused(call("plot", "mse", "cosine", "-o", tmp_path / "x.png"), "cannot share a picture")
    refused(call("plot", "mse", "--target", "a", "-o", tmp_path / "x.png"), "--target")
    refused(call("plot", "mse", "--target", "nan"), "--target must be finite", "'nan'")
    refused(call("plot", "mse", "--span", "0", "inf"), "--span", "finite", "0 inf")
    refused(call("plot", "mse", "--span", "2", "1"), "--span", "the lower first")
    assert call("plot", "mse", "--theme", "blue").exit_code == Exit.USAGE
    assert call("plot").exit_code == Exit.USAGE


# --- eval ---------------------------------------------------------------------------------------


def test_eval_prints_value_sum_count_and_metric(data: tuple[Path, Path]) -> None:
    y, p = data
    result = call("eval", "huber", "--true", y, "--pred", p)
    words = dict(line.split() for line in result.stdout.splitlines())
    assert words["huber"] == "0.875"
    assert (words["sum"], words["count"], words["rows"]) == ("2.625", "3", "3")
    assert words["mean_absolute_error"] == "1.16666667"
    assert result.stderr == ""


def test_eval_takes_parameters_weights_and_reductions(data: tuple[Path, Path]) -> None:
    y, p = data
    np.save(y.parent / "w.npy", [1.0, 0.0, 1.0])
    files = ["--true", y, "--pred", p, "--weight", y.parent / "w.npy", "--json"]
    for arguments in (["huber", "--param", "delta=0.25"], ["huber:delta=0.25"]):
        result = json.loads(call("eval", *arguments, *files, "--reduction", "sum").stdout)
        assert result["value"] == 0.25 * (0.5 - 0.125)
        assert result["parameters"] == {"delta": 0.25}
    options = ["--reduction", "mean_with_sample_weight", "--rows", "2"]
    result = json.loads(call("eval", "mae", *files, *options).stdout)
    assert (result["value"], result["count"]) == (0.25, 2.0)
    assert result["metric"] == {"name": "mean_absolute_error", "value": 0.25}


@pytest.mark.parametrize("columns", ["1", "20", "40", "200"])
def test_eval_prints_whole_numbers_at_any_width(columns: str, data: tuple[Path, Path]) -> None:
    y, p = data
    np.save(p, [-1.23456789e-5, -1.23456789e15, 0.0])
    arguments = ["eval", "mse", "--true", str(y), "--pred", str(p)]
    result = runner.invoke(cli.app, arguments, env={"COLUMNS": columns})
    assert result.stdout == call(*arguments).stdout
    words = dict(line.split() for line in result.stdout.splitlines())
    assert words["sum"] == "1.52415788e+30"


def test_eval_says_nan(data: tuple[Path, Path]) -> None:
    y, p = data
    np.save(p, [0.5, np.nan, 1.0])
    result = call("eval", "mse", "--true", y, "--pred", p, "--json")
    assert result.exit_code == Exit.DONE
    assert json.loads(result.stdout)["value"] is None
    assert "NaN among the predictions" in result.stderr


def test_eval_refuses_bad_input(data: tuple[Path, Path]) -> None:
    y, p = data
    refused(call("eval", "mse", "--true", y, "--pred", "no.npy"), "does not exist")
    refused(call("eval", "bce", "--true", y, "--pred", p), "got 3 at index 1", "from_logits")
    refused(call("eval", "bce", "--true", y, "--pred", p, "--rows", 1), "in rows 1 to 1", "index 1")
    refused(call("eval", "rmse", "--true", y, "--pred", p, "--reduction", "sum"), "one value")
    np.save(p, np.array([{}], dtype=object))
    refused(call("eval", "mse", "--true", y, "--pred", p), "Python objects")
    np.save(p, [1, 2, 3])
    refused(call("eval", "bce", "--true", y, "--pred", p), "y_pred holds integers")
    assert call("eval", "mse", "--true", y).exit_code == Exit.USAGE
    assert call("eval", "mse", "--true", y, "--pred", p, "--rows", 0).exit_code == Exit.USAGE


# --- exit codes, streams, start -----------------------------------------------------------------


def test_version_and_help() -> None:
    assert call("--version").stdout == f"losskit {losskit.__version__}\n"
    for command in ([], ["list"], ["show"], ["plot"], ["eval"], ["train"]):
        result = call(*command, "--help")
        assert result.exit_code == Exit.DONE
        assert "130" in result.stdout


def test_help_is_set_in_full_lines_with_what_stands_in_brackets() -> None:
    assert "[logarithmic where it helps]" in words(call("plot", "--help").stdout)
    assert "[about a million numbers]" in words(call("eval", "--help").stdout)
    for command in ([], ["eval"], ["train"]):
        text = call(*command, "--help").stdout
        lines = [line.strip() for line in text[text.rindex("Exit codes") :].splitlines()]
        *lines, _ = (line for line in lines if line)
        assert min(map(len, lines)) > 80


def words(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def test_ctrl_c_exits_with_130(data: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import losskit.streaming

    def interrupted(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(losskit.streaming, "evaluate", interrupted)
    result = call("eval", "mse", "--true", data[0], "--pred", data[1])
    assert result.exit_code == Exit.INTERRUPTED
    assert result.stdout == ""


def test_the_unexpected_exits_with_1_and_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("gremlins [/] in the works")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == Exit.UNEXPECTED
    error = capsys.readouterr().err
    assert "RuntimeError: gremlins [/] in the works" in error
    assert "Traceback" not in error


def test_the_real_command() -> None:
    done = real("show", "huber", FORCE_COLOR="1", GITHUB_ACTIONS="true")
    assert done.returncode == Exit.DONE
    assert "\x1b" not in done.stdout
    wrong = real("show", "huber:delta=[/]")
    assert wrong.returncode == Exit.USAGE
    assert wrong.stdout == ""
    assert "got '[/]'" in wrong.stderr
    assert "\x1b" not in wrong.stderr


PRINTING = [["list"], ["list", "--json"], ["show", "huber"], ["eval"], ["eval", "--json"], ["-h"]]


def shell(arguments: list[str], redirection: str, data: tuple[Path, Path]) -> Any:
    """The command's exit code and stderr, with its stdout redirected by a shell."""
    if sys.platform == "win32":
        pytest.skip("no such shell here")
    if arguments[0] == "eval":
        arguments = [*arguments, "mse", "--true", str(data[0]), "--pred", str(data[1])]
    code = "from losskit.cli import main; main()"
    return subprocess.run(
        ["bash", "-c", f'"$@" {redirection}', "bash", sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_reader_that_leaves_is_no_error(arguments: list[str], data: tuple[Path, Path]) -> None:
    # The reader is gone before anything is written.
    done = shell(arguments, "| true; exit ${PIPESTATUS[0]}", data)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")


@pytest.mark.parametrize("arguments", PRINTING)
@pytest.mark.parametrize(
    ("redirection", "words"), [("> /dev/full", "No space left"), (">&-", "stdout is closed")]
)
def test_output_that_cannot_be_written(
    arguments: list[str], redirection: str, words: str, data: tuple[Path, Path]
) -> None:
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(arguments, redirection, data)
    assert done.returncode == Exit.UNEXPECTED
    assert done.stderr.startswith("Cannot write the output: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_starting_loads_no_framework() -> None:
    code = """
import sys
from losskit.cli import main
sys.argv = ["losskit", "list"]
try:
    main()
except SystemExit as stop:
    assert not stop.code
heavy = {"keras", "tensorflow", "torch", "jax", "matplotlib", "pandas", "pyarrow", "sklearn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
