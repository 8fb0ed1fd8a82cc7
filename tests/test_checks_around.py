"""Around the check: the command, how a report looks, hooks in a training, the page."""

from __future__ import annotations

import copy
import io
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import losskit
from losskit import cli
from losskit.checks import Finding, Report, Skipped
from losskit.checks.rules import RULES
from losskit.checks.watch import Checker
from losskit.terminal import Exit

ROOT = Path(__file__).parents[1]
DRAWN = np.random.default_rng(3)
LABELS = DRAWN.integers(0, 10, 200)
LOGITS = (DRAWN.normal(size=(200, 10)) + 3 * np.eye(10)[LABELS]).astype(np.float32)
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)

runner = CliRunner(env={"COLUMNS": "100"})


def call(*arguments: object) -> Any:
    return runner.invoke(cli.app, ["check", *map(str, arguments)])


# --- losskit check ------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("y.npy", LABELS)
    np.save("z.npy", LOGITS)
    np.save("p.npy", SHARES)
    return tmp_path


def test_sound_files_end_with_0(files: Path) -> None:
    for arguments in (("p.npy",), ("z.npy", "--logits"), ("z.npy", "--param", "from_logits=true")):
        shown = call("scce", "--true", "y.npy", "--pred", *arguments, "--fail-on", "warning")
        assert shown.exit_code == Exit.DONE, shown.output
        assert "The loss is" in shown.stdout
        assert not shown.stderr


def test_an_error_ends_with_1_and_is_shown_with_its_remedy(files: Path) -> None:
    shown = call("scce", "--true", "y.npy", "--pred", "z.npy")
    assert shown.exit_code == Exit.FOUND == 1
    assert "LK103 error: logits where probabilities are wanted" in shown.stdout
    assert "Remedy: Pass from_logits=True" in shown.stdout
    assert "docs/check.md#lk103" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert not any(line.endswith(" ") for line in shown.stdout.splitlines())
    twice = call("scce:from_logits=true", "--true", "y.npy", "--pred", "p.npy")
    assert twice.exit_code == Exit.FOUND
    assert "LK101 error" in twice.stdout


def test_warnings_end_with_1_only_where_asked(files: Path) -> None:
    np.save("s.npy", SHARES * 0.9)
    arguments = ("scce", "--true", "y.npy", "--pred", "s.npy")
    shown = call(*arguments)
    assert "LK104 warning" in shown.stdout
    assert " error: " not in shown.stdout
    assert shown.exit_code == Exit.DONE
    assert call(*arguments, "--fail-on", "warning").exit_code == Exit.FOUND
    assert call(*arguments, "--fail-on", "error").exit_code == Exit.DONE
    assert call(*arguments, "--fail-on", "hint").exit_code == Exit.USAGE


def test_json_is_the_report(files: Path) -> None:
    shown = call("scce", "--true", "y.npy", "--pred", "z.npy", "--json")
    assert shown.exit_code == Exit.FOUND
    report = losskit.check("scce", LABELS, LOGITS)
    assert json.loads(shown.stdout) == json.loads(json.dumps(report.to_dict()))
    assert "LK103" in {f["code"] for f in json.loads(shown.stdout)["findings"]}


def test_reasons_are_shown_when_asked_for(files: Path) -> None:
    arguments = ("scce", "--true", "y.npy", "--pred", "p.npy")
    few, all_ = call(*arguments).stdout, " ".join(call(*arguments, "--verbose").stdout.split())
    report = losskit.check("scce", LABELS, SHARES)
    assert f"{len(report.skipped)} checks did not apply." in few
    assert report.skipped[0].reason not in few
    for skipped in report.skipped:
        assert " ".join(f"{skipped.code} {skipped.title}: {skipped.reason}".split()) in all_


def test_parts_of_files_and_weights(files: Path) -> None:
    np.savez("d.npz", y=LABELS, p=SHARES, w=np.ones(200))
    shown = call("scce", "--true", "d.npz:y", "--pred", "d.npz:p", "--weight", "d.npz:w", "--json")
    assert shown.exit_code == Exit.DONE, shown.output
    pytest.importorskip("pandas")
    table = np.column_stack([LABELS, SHARES])
    names = ["y", *(f"p{i}" for i in range(10))]
    np.savetxt("t.csv", table, delimiter=",", header=",".join(names), comments="")
    from_table = call(
        *("scce", "--true", "t.csv:y", "--pred", f"t.csv:{','.join(names[1:])}"),
        *("--json", "--fail-on", "warning"),
    )
    assert from_table.exit_code == Exit.DONE, from_table.output
    assert json.loads(from_table.stdout)["value"] == pytest.approx(
        json.loads(shown.stdout)["value"]
    )


def test_bad_input_ends_with_2_and_one_message(files: Path) -> None:
    np.save("empty.npy", np.zeros((0, 10)))
    (files / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save("objects.npy", np.array([{}]), allow_pickle=True)
    fine = ("--true", "y.npy", "--pred", "p.npy")
    for words, arguments in {
        "does not exist": ("scce", "--true", "none.npy", "--pred", "p.npy"),
        "has no rows": ("scce", "--true", "y.npy", "--pred", "empty.npy"),
        "no readable .npy file": ("scce", "--true", "y.npy", "--pred", "broken.npy"),
        "unpickling": ("scce", "--true", "objects.npy", "--pred", "p.npy"),
        "cannot read files of type": ("scce", "--true", "y.txt", "--pred", "p.npy"),
        "Unknown loss 'scc'": ("scc", *fine),
        "no parameter 'delta'": ("scce:delta=1", *fine),
        "leave out --logits": ("mse", *fine, "--logits"),
        "'from_logits' twice": ("scce:from_logits=false", *fine, "--logits"),
    }.items():
        shown = call(*arguments)
        assert shown.exit_code == Exit.USAGE, (words, shown.output)
        assert shown.stdout == ""
        assert shown.stderr.startswith("Error: ")
        assert shown.stderr.count("\n") == 1
        assert words in shown.stderr
    assert call("scce", "--pred", "p.npy").exit_code == Exit.USAGE


def test_the_exit_code_is_told() -> None:
    assert "something wrong that check found" in " ".join(call("--help").stdout.split())


# --- how a report looks -------------------------------------------------------------------------

REPORT = Report(
    "torch.nn.Loss<a>(" + "x" * 70 + ")",
    (
        Finding("LK901", "error", "a <b> title", "What is [bold]wrong[/] & why.", "Do <this>."),
        Finding("LK902", "warning", "another", "It is 3 of 7, " * 20, "Look."),
        Finding("LK903", "hint", "third", "Worth knowing.", "Know it."),
    ),
    (Skipped("LK904", "<skipped>", "it is <none>"),),
    1.25,
)


@pytest.mark.parametrize("columns", [20, 60, 80, 120, 300])
def test_no_width_loses_text(columns: int) -> None:
    stream = io.StringIO()
    Console(file=stream, width=columns).print(REPORT)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= min(columns, 100)
    assert not any(line.endswith(" ") for line in lines)
    text = "".join("".join(lines).split())
    for finding in REPORT:
        for words in (finding.code, finding.title, finding.what, finding.remedy, finding.link):
            assert "".join(words.split()) in text
    assert "1checkdidnotapply." in text


def test_a_notebook_shows_text_as_text() -> None:
    page = REPORT._repr_html_()
    tags = set(re.findall(r"</?(\w+)", page))
    assert tags <= {"div", "b", "br", "span", "details", "summary", "ul", "li"}
    for words in ("a &lt;b&gt; title", "&amp; why.", "Do &lt;this&gt;.", "it is &lt;none&gt;"):
        assert words in page
    # Neither a background nor a black or white text: both would vanish in some notebook.
    assert "background" not in page
    assert set(re.findall(r"color: (#\w+)", page)) == {"#d9534f", "#b8860b", "#2a93a8"}


def test_plain_text_has_everything() -> None:
    text = " ".join(str(REPORT).split())
    for finding in REPORT:
        assert f"{finding.code} {finding.severity}: {finding.title}" in text
        assert " ".join(finding.what.split()) in text
        assert f"Remedy: {finding.remedy}" in text


# --- in a training ------------------------------------------------------------------------------


def test_a_checker_says_each_code_once_and_no_hints() -> None:
    said: list[Report] = []
    checker = Checker("x", said.append)
    for _ in range(3):
        checker("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    assert [f.code for r in said for f in r].count("LK103") == 1
    checker("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3], output="b")
    assert said[-1].loss.startswith("b: losskit.BinaryCrossentropy")
    flat = np.zeros((512, 10), np.float32)
    labels = np.arange(512) % 10
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
    assert {f.severity for f in losskit.check(loss, labels, flat)} == {"hint"}
    before = len(said)
    checker(loss, labels, flat)
    assert len(said) == before


def test_a_checker_never_raises() -> None:
    checker = Checker("who", lambda report: 1 / 0)
    with pytest.warns(RuntimeWarning, match="who could not check the loss: ZeroDivisionError"):
        checker("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the second time nothing is said
        checker("no such loss", [1.0], [2.0])
    with pytest.raises(KeyboardInterrupt), checker.undisturbed():
        raise KeyboardInterrupt


def test_by_itself_it_prints_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Checker("x")("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    shown = capsys.readouterr()
    assert "LK103 error" in shown.err
    assert "did not apply" not in shown.err
    assert not shown.out


class TestTorch:
    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        self.torch = pytest.importorskip("torch")
        self.y = self.torch.as_tensor(LABELS)
        self.p = self.torch.as_tensor(SHARES)

    def hooked(self, loss: Any = None, **options: Any) -> tuple[Any, Any, list[Report]]:
        from losskit.torch import check_loss

        said: list[Report] = []
        loss = loss or self.torch.nn.CrossEntropyLoss()
        return loss, check_loss(loss, say=said.append, **options), said

    def test_the_first_call_and_every_kth(self) -> None:
        loss, handle, said = self.hooked(every=3)
        z = self.torch.as_tensor(LOGITS)
        loss(z, self.y)
        loss(self.p, self.y)
        loss(self.p, self.y)
        assert said == []
        loss(self.p, self.y)
        assert "LK101" in said[0]
        for _ in range(6):
            loss(self.p, self.y)
        assert [f.code for r in said for f in r].count("LK101") == 1
        handle.remove()
        assert not loss._forward_hooks

    def test_the_training_is_the_same(self) -> None:
        plain = self.torch.nn.CrossEntropyLoss(weight=self.torch.ones(10))
        state = plain.state_dict()
        loss, _, said = self.hooked(copy.deepcopy(plain), every=1)
        before = self.torch.get_rng_state()
        grads = []
        for module in (plain, loss):
            p = self.p.clone().requires_grad_()
            module(p, self.y).backward()
            grads.append(p.grad)
        assert len(said) == 1
        assert self.torch.equal(*grads)
        assert self.torch.equal(before, self.torch.get_rng_state())
        assert loss.state_dict().keys() == state.keys()
        assert self.torch.equal(copy.deepcopy(loss)(self.p, self.y), plain(self.p, self.y))

    def test_other_hooks_are_not_called_by_the_check(self) -> None:
        seen: list[Any] = []
        loss, _, said = self.hooked()
        loss.register_forward_hook(lambda *a: seen.append(a))
        loss(self.p, self.y)
        assert len(said) == len(seen) == 1

    def test_transformed_calls_are_left_alone(self) -> None:
        loss, _, said = self.hooked()
        self.torch.vmap(loss)(self.p, self.y)
        self.torch.func.grad(lambda p: loss(p, self.y))(self.p)
        self.torch.compile(loss, backend="eager", fullgraph=True)(self.p, self.y)
        assert said == []
        loss(self.p, self.y)
        assert len(said) == 1

    def test_losses_of_several_arrays(self) -> None:
        from losskit.torch.check import arguments

        nn, x = self.torch.nn, [self.torch.zeros(4, 3) + i for i in range(4)]

        def order(module: Any, *args: Any, **kwargs: Any) -> list[Any]:
            def first(a: Any) -> Any:
                return [float(b.flatten()[0]) for b in (a if isinstance(a, tuple) else (a,))]

            return [None if a is None else first(a) for a in arguments(module, args, kwargs)]

        assert order(nn.MSELoss(), x[0], target=x[1]) == [[0], [1], None]
        assert order(nn.CTCLoss(), *x) == [[0], [1, 2, 3], None]
        assert order(nn.CosineEmbeddingLoss(), *x[:3]) == [[0, 1], [2], None]
        assert order(nn.TripletMarginLoss(), *x[:3]) == [[0, 1], [2], None]
        assert order(nn.GaussianNLLLoss(), *x[:3]) == [[0], [1, 2], None]
        own = losskit_torch().LogCosh()
        assert order(own, x[0], x[1], weight=x[3]) == [[0], [1], [3]]
        assert order(own, x[0], x[1], mask=x[0] > 0) == [[0], [1], [0]]

    def test_what_cannot_be_is_refused(self) -> None:
        from losskit.torch import check_loss

        with pytest.raises(TypeError, match="check_loss takes a module"):
            check_loss(self.torch.nn.functional.mse_loss)
        with pytest.raises(ValueError, match="every must be an integer of at least 1"):
            check_loss(self.torch.nn.MSELoss(), every=0)


def losskit_torch() -> Any:
    import losskit.torch

    return losskit.torch


class TestTrain:
    @pytest.fixture(autouse=True)
    def _backend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("keras")
        pytest.importorskip("sklearn")
        running = os.environ.get("KERAS_BACKEND") or "tensorflow"
        if "keras" in sys.modules:
            running = sys.modules["keras"].backend.backend()
        monkeypatch.setenv("KERAS_BACKEND", running)
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")

    def train(self, *arguments: object) -> Any:
        shown = runner.invoke(cli.app, ["train", *map(str, arguments), "--json"])
        assert shown.exit_code == Exit.DONE, shown.output
        return shown

    def test_digits_show_nothing(self, tmp_path: Path) -> None:
        shown = self.train("--epochs", 1, "--out", tmp_path / "o")
        assert "LK" not in shown.stderr
        assert json.loads(shown.stdout)["runs"][0]["findings"] == []

    def test_pixels_that_are_not_scaled_are_told_once(self, tmp_path: Path) -> None:
        x = DRAWN.integers(0, 256, (2000, 28, 28)).astype(np.uint8)
        np.savez(tmp_path / "m.npz", x=x, y=np.arange(2000) % 10)
        arguments = (tmp_path / "m.npz", "--target", "y", "--epochs", 2, "--out")
        shown = self.train(*arguments, tmp_path / "o", "--no-scale")
        assert shown.stderr.count("LK601 warning") == 1
        assert "scale" in shown.stderr
        assert shown.stderr.index("LK601") < shown.stderr.index("epoch 1/2")
        (run,) = json.loads(shown.stdout)["runs"]
        assert "LK601" in {f["code"] for f in run["findings"]}
        history = json.loads((tmp_path / "o" / "history.json").read_text())
        assert history["findings"] == run["findings"]

    def test_every_loss_that_suits_the_digits_is_sound_at_first(self) -> None:
        from losskit.core.definition import find
        from losskit.training import model, run
        from losskit.training.data import load
        from losskit.training.progress import Lines

        data = load("digits")
        settings = run.Settings(1, 256, 0.001, 0, 84, True)
        stream = io.StringIO()
        for name in model.suitable(data):
            made = run.Run(name, find(name)())
            made.model = model.build(made.card, data, 84, scale=True)
            made.model.set_weights(run.draw([w.shape for w in made.model.weights], 0))
            run.look(made, data, settings, Lines(Console(file=stream), 1))
            # That classes are learned by a loss of regression is said, and is so.
            assert {f["code"] for f in made.findings} <= {"LK211"}, stream.getvalue()


# --- the page -----------------------------------------------------------------------------------


def test_the_page_has_every_check() -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    for code, rule in RULES.items():
        assert f'<a id="{code.lower()}"></a>\n\n### {code}: {rule.title}\n' in page


def test_the_page_has_every_case_of_the_gallery() -> None:
    for module in ("keras", "torch", "optax"):
        pytest.importorskip(module)
    from gallery import CASES

    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8").splitlines()
    libraries = {"keras": "Keras", "torch": "PyTorch", "optax": "optax", "losskit": "losskit"}
    rows = [line for line in page if line.startswith("| [LK")]
    for case in CASES:
        start = f"| [{case.code}](#{case.code.lower()}) | {libraries[case.library]} | `{case.what}`"
        said = [row for row in rows if row.startswith(start)]
        assert any(case.says.replace("|", "\\|") in row for row in said), (case.code, case.what)
    assert len(rows) == len(CASES)
