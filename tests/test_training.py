"""`losskit train` end to end: what it writes, that it is fair and reproducible, how it ends."""

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from losskit.training.command import train

pytest.importorskip("keras")
pytest.importorskip("sklearn")

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(train)


def run(*args, code=0):
    """The command in this process, on the backend that Keras already has here, if any."""
    result = CliRunner().invoke(APP, [str(a) for a in args])
    if result.exit_code != code:
        raise AssertionError(result.output) from result.exception
    return result


def run_json(*args, code=0):
    return json.loads(run(*args, "--json", code=code).stdout)


def start(*args, backend, cwd):
    """The command in a process of its own."""
    program = "from losskit.cli import main; main()"
    env = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", program, "train", *map(str, args)],
        cwd=cwd,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture(autouse=True)
def _same_environment(monkeypatch):
    """The command sets the backend for its process; here that is also the next test's."""
    _set_environment(monkeypatch)


def _set_environment(patch):
    patch.setenv("KERAS_BACKEND", _backend())
    patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    patch.setenv("COLUMNS", "120")


SHORT = ("--loss", "scce:label_smoothing=0.1", "--epochs", 3, "--json", "--out")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A short training and where it was written, for all tests that only look at it."""
    out = tmp_path_factory.mktemp("short") / "o"
    with pytest.MonkeyPatch.context() as patch:
        _set_environment(patch)
        return json.loads(run(*SHORT, out).stdout), out


def _backend():
    if "keras" in sys.modules:
        return sys.modules["keras"].backend.backend()
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def figures(result):
    """The history without the clock."""
    return [
        {k: v for k, v in row.items() if k != "seconds"} for row in result["runs"][0]["history"]
    ]


# --- the main job -------------------------------------------------------------------------------


def test_digits_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run()
    assert "sparse_categorical_crossentropy" in shown.stdout
    assert "Total params: 6,310" in shown.stderr
    assert "epoch 10/10" in shown.stderr
    assert "\x1b" not in shown.stdout + shown.stderr
    out = tmp_path / "losskit-runs" / "digits-sparse_categorical_crossentropy"
    assert sorted(p.name for p in out.iterdir()) == [
        "curves.png",
        "data.json",
        "history.csv",
        "history.json",
        "model.keras",
    ]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    history = json.loads((out / "history.json").read_text())
    assert history["validation"] >= 0.95
    assert history["status"] == "finished"
    with (out / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["epoch"]) for r in rows] == list(range(1, 11))
    assert float(rows[-1]["val_accuracy"]) == history["validation"]


def test_the_saved_model_loads_and_predicts_the_same(short):
    import keras

    from losskit.training.data import load

    result, out = short
    model = keras.models.load_model(out / "model.keras")
    assert model.loss.label_smoothing == 0.1
    data = load("digits")
    predicted = model.predict(data.x_val, verbose=0).argmax(1)
    assert np.mean(predicted == data.y_val) == pytest.approx(result["runs"][0]["validation"])


@pytest.mark.exhaustive
def test_the_same_seed_gives_the_same_numbers(short, tmp_path):
    again = json.loads(run(*SHORT, tmp_path / "1").stdout)
    other = json.loads(run(*SHORT, tmp_path / "2", "--seed", 1).stdout)
    assert figures(again) == figures(short[0])
    assert figures(other) != figures(again)
    for key in ("initial_weights", "batches"):
        assert other["runs"][0][key] != again["runs"][0][key]


@pytest.mark.exhaustive
def test_every_backend_starts_from_the_same_weights_and_batches(short, tmp_path):
    others = [
        b for b in ("jax", "torch", "tensorflow") if b != _backend() and importlib.util.find_spec(b)
    ]
    # At the same time, for each takes its seconds to load.
    running = {
        b: start("--epochs", 3, "--json", "--out", b, backend=b, cwd=tmp_path) for b in others
    }
    here = run_json("--epochs", 3, "--out", tmp_path / "here")["runs"][0]
    assert here["validation"] > 0.85
    for backend, process in running.items():
        stdout, stderr = process.communicate(timeout=600)
        assert process.returncode == 0, stderr
        assert f"Keras on {backend}" in stderr
        result = json.loads(stdout)
        assert result["backend"] == backend
        there = result["runs"][0]
        for key in ("initial_weights", "batches"):
            assert there[key] == here[key]
        # Rounding differs between the frameworks, and training lets it grow: not far in 3 epochs.
        assert there["validation"] == pytest.approx(here["validation"], abs=0.03)
        # What one backend saved, another loads.
        import keras

        from losskit.training.data import load

        model, data = keras.models.load_model(tmp_path / backend / "model.keras"), load("digits")
        hits = model.predict(data.x_val, verbose=0).argmax(1) == data.y_val
        assert np.mean(hits) == pytest.approx(there["validation"])


# --- several losses -----------------------------------------------------------------------------


def test_losses_are_compared_from_the_same_weights_on_the_same_batches(tmp_path, monkeypatch):
    from losskit.training import run as training

    served, started = {}, {}
    fetch, fit = training.Batches.__getitem__, training.train

    def spy_on_batches(self, i):
        x, y = fetch(self, i)
        served.setdefault(self._made_of[0].name, []).append(x.copy())
        return x, y

    def spy_on_weights(run, *args):
        started[run.card.name] = run.model.get_weights()
        return fit(run, *args)

    monkeypatch.setattr(training.Batches, "__getitem__", spy_on_batches)
    monkeypatch.setattr(training, "train", spy_on_weights)
    names = ["mean_squared_error", "sparse_categorical_crossentropy", "hinge"]
    losses = [a for name in names for a in ("--loss", name)]
    result = run_json(*losses, "--epochs", 2, "--out", tmp_path / "o")

    assert list(served) == list(started) == names
    first = started[names[0]]
    assert any(np.abs(w).max() > 0 for w in first)
    for name in names[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(first, started[name], strict=True))
        assert len(served[name]) == len(served[names[0]])
        pairs = zip(served[names[0]], served[name], strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    assert len({r["initial_weights"] for r in result["runs"]}) == 1
    assert len({r["batches"] for r in result["runs"]}) == 1
    # Two epochs bring the batches in two orders.
    assert not np.array_equal(served[names[0]][0], served[names[0]][-1])

    by_accuracy = [r["validation"] for r in result["runs"]]
    assert by_accuracy == sorted(by_accuracy, reverse=True)
    assert (tmp_path / "o" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    for name in names:
        assert (tmp_path / "o" / name / "model.keras").is_file()
        assert (tmp_path / "o" / name / "curves.png").is_file()


def test_one_loss_with_two_settings_has_two_names():
    from losskit.training.command import _card, _label
    from losskit.training.report import slug
    from losskit.training.run import Run

    cards = [_card("huber", False), _card("huber:delta=2.0", False), _card("bce", True)]
    runs = [Run(_label(card), card) for card in cards]
    assert [r.label for r in runs] == [
        "huber",
        "huber(delta=2)",
        "binary_crossentropy(from_logits)",
    ]
    assert [slug(r) for r in runs] == ["huber", "huber-delta=2", "binary_crossentropy-from_logits"]


def test_logits(tmp_path):
    scce = "scce:z_loss=0.001"  # which is for logits only
    shown = run("--logits", "--loss", scce, "--loss", "mse", "--epochs", 1, "--out", tmp_path)
    assert "sparse_categorical_crossentropy(from_logits, z_loss=0.001)" in shown.stdout
    assert "Loss sparse_categorical_crossentropy, output linear" in shown.stderr
    assert "Loss mean_squared_error, output softmax" in shown.stderr


def test_every_loss_trains_on_the_data_that_suit_it():
    """One step of each loss from the same weights: a finite loss, and weights that move."""
    run("--epochs", 1, "--out", os.devnull, code=2)  # sets the backend, as the command does
    from losskit.core.definition import cards
    from losskit.training import model as models
    from losskit.training.data import Data
    from losskit.training.run import Settings, draw

    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)).astype("float32")
    classes = Data("c", "classification", x, rng.integers(0, 3, 40), x[:8], np.arange(8) % 3, "y")
    classes.classes = ["a", "b", "c"]
    y = rng.gamma(2.0, 3.0, 40).astype("float32")
    numbers = Data("n", "regression", x, y, x[:8], y[:8], "y")
    settings = Settings(1, 40, 0.01, 0, 8, True)
    trained = set()
    for data in (classes, numbers):
        assert models.suitable(data)
        for name in models.suitable(data):
            card = next(c for c in cards() if c.name == name)()
            model = models.build(card, data, settings.hidden, scale=True)
            weights = draw([w.shape for w in model.weights], 0)
            model.set_weights(weights)
            models.prepare(model, card, data, settings.learning_rate)
            model.run_eagerly = True  # to compile takes longer than the one step
            loss = model.train_on_batch(data.x, models.encode(card, data, data.y))[0]
            assert np.isfinite(loss), name
            assert not np.array_equal(model.get_weights()[2], weights[2]), name
            trained.add(name)
    # All but these: a class is no log-probability, no pair, quantity, time or sequence.
    assert {c.name for c in cards()} - trained == {
        *("log_kl_divergence_with_log_targets", "gaussian_nll"),
        *("hinge_embedding", "cosine_embedding", "triplet_margin", "cox_partial_likelihood"),
        *("nt_xent", "info_nce", "circle", "ctc"),
    }


@pytest.mark.parametrize(
    ("name", "values", "output"),
    [
        ("bce", {0.0, 1.0}, "sigmoid"),
        ("hinge", {-1.0, 1.0}, "linear"),
        ("squared_hinge", {-1.0, 1.0}, "linear"),
        ("categorical_hinge", {0.0, 1.0}, "linear"),
        ("cce", {0.0, 1.0}, "softmax"),
        ("kld", {0.0, 1.0}, "softmax"),
        ("mae", {0.0, 1.0}, "softmax"),
        ("scce", {0.0, 1.0, 2.0}, "softmax"),
    ],
)
def test_targets_and_outputs_are_what_the_loss_wants(name, values, output):
    from losskit.terminal import parse_loss
    from losskit.training.data import Data
    from losskit.training.model import activation, encode

    y = np.array([0, 1, 2, 1])
    data = Data("d", "classification", y[:, None], y, y[:, None], y, "y", ["a", "b", "c"])
    card = parse_loss(name).card
    coded = encode(card, data, y)
    assert set(np.unique(coded)) == values
    assert (coded if coded.ndim == 1 else coded.argmax(1)).tolist() == y.tolist()
    made = activation(card, data)
    assert getattr(made, "__name__", made) == output


@pytest.mark.exhaustive
def test_targets_of_any_size_are_learnt(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4))
    for exponent in (-6, 6):
        y = (x @ [1.0, 2.0, -1.0, 0.5]) * 10.0**exponent
        np.savez(tmp_path / "d.npz", x=x, y=y)
        result = run_json(tmp_path / "d.npz", "--loss", "mse", "--out", tmp_path / str(exponent))
        assert result["runs"][0]["validation"] < 0.4 * result["baseline"]


# --- how it ends --------------------------------------------------------------------------------


def test_a_loss_that_becomes_nan_names_the_cause(tmp_path):
    shown = run(
        *("--loss", "mse", "--loss", "scce", "--learning-rate", "1e30", "--no-scale"),
        *("--out", tmp_path / "o"),
        code=3,
    )
    assert "diverged" in shown.stdout
    assert "--learning-rate 1e+29" in shown.stderr
    history = json.loads((tmp_path / "o" / "comparison.json").read_text())
    assert any("became" in (r["cause"] or "") for r in history["runs"])
    import keras

    for name in ("mean_squared_error", "sparse_categorical_crossentropy"):
        model = keras.models.load_model(tmp_path / "o" / name / "model.keras")
        assert all(np.isfinite(w).all() for w in model.get_weights())


def test_overflowing_targets_are_named(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    np.savez(tmp_path / "d.npz", x=x, y=x[:, 0] * 1e25)
    shown = run(tmp_path / "d.npz", "--loss", "mse", "--out", tmp_path / "o", code=3)
    assert "overflow float32 once squared" in shown.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_keeps_what_was_trained(tmp_path):
    pytest.importorskip("jax")  # the quickest to start
    args = ("--epochs", 100000, "--loss", "scce", "--loss", "mse", "--out", "o")
    process = start(*args, backend="jax", cwd=tmp_path)
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("epoch      3/"):
            break
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    stderr = "".join(said) + stderr
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "interrupted" in stdout
    out = tmp_path / "o" / "sparse_categorical_crossentropy"
    history = json.loads((out / "history.json").read_text())
    assert history["status"] == "interrupted"
    assert 3 <= len(history["history"]) < 100000
    for name in ("curves.png", "history.csv", "model.keras"):
        assert (out / name).is_file()
    assert not (tmp_path / "o" / "mean_squared_error").exists()


def test_the_second_ctrl_c_does_not_wait_for_the_batch(tmp_path, monkeypatch):
    from losskit.training import run as training

    fetch = training.Batches.__getitem__
    pressed = []

    def stuck(self, i):
        if i == 3 and not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return fetch(self, i)

    monkeypatch.setattr(training.Batches, "__getitem__", stuck)
    run("--epochs", 1, "--out", tmp_path / "o", code=130)
    history = json.loads((tmp_path / "o" / "history.json").read_text())
    assert history["status"] == "interrupted"
    assert (tmp_path / "o" / "model.keras").is_file()


def test_nothing_is_overwritten(tmp_path, monkeypatch):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "mine.txt").write_text("mine")
    shown = run("--out", tmp_path / "o", code=2)
    assert "Nothing is overwritten" in shown.stderr
    monkeypatch.chdir(tmp_path)
    from losskit.training.report import directory

    assert [directory(None, "x").name for _ in range(3)] == ["x", "x-2", "x-3"]


# --- before it starts ---------------------------------------------------------------------------


def test_the_command_is_imported_without_frameworks():
    program = (
        "import sys; import losskit.training.command; "
        "print([m for m in ('keras', 'sklearn', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--loss", "nope"], "Unknown loss 'nope'"),
        (["--loss", "huber:delta=-1"], "delta must be a number in (0, inf)"),
        (["--loss", "cce:axis=0"], "leave axis at -1"),
        (["--loss", "mse", "--loss", "l2"], "given twice"),
        (["--loss", "mape"], "divides by the target"),
        (["--learning-rate", "-1"], "--learning-rate must be a number above 0"),
        (["--metric", "rmse"], "choose accuracy"),
        (["--hidden", "100000000000"], "a network of 7.5e+12 weights"),
        (["--hidden", "1" + "0" * 30], "a network of 7.5e+31 weights"),
        (["--target", "x"], "go with a file of your own"),
        (["digitz"], "DATA is digits, mnist, fashion_mnist"),
        (["--file", "x.npz"], "digits needs no file"),
    ],
)
def test_what_cannot_be_is_refused(args, words, tmp_path):
    shown = run(*args, "--out", tmp_path / "o", code=2)
    assert words in shown.stderr
    assert not shown.stdout
    assert not (tmp_path / "o").exists()


def test_the_backend_is_checked(monkeypatch):
    from losskit.training import backend
    from losskit.training.raw import Refused

    with monkeypatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "theano")
        with pytest.raises(Refused, match="KERAS_BACKEND is 'theano'"):
            backend.choose(None)
    with monkeypatch.context() as patch:
        found = backend.importlib.util.find_spec
        patch.setattr(
            backend.importlib.util, "find_spec", lambda n: None if n == "jax" else found(n)
        )
        with pytest.raises(
            Refused, match=r"jax is not installed: pip install .losskit\[train,jax\]"
        ):
            backend.choose("jax")
    run("--loss", "scce:axis=0", code=2)
    import keras

    other = next(b for b in backend.BACKENDS if b != keras.backend.backend())
    pytest.importorskip(other)
    with pytest.raises(Refused, match="Keras already runs on"):
        backend.choose(other)


@pytest.mark.skipif("LOSSKIT_MNIST" not in os.environ, reason="LOSSKIT_MNIST names no npz file")
def test_the_tutorial_on_real_mnist(tmp_path):
    result = run_json(
        *("mnist", "--no-scale", "--seed", 1, "--file", os.environ["LOSSKIT_MNIST"]),
        *("--out", tmp_path / "o"),
    )
    assert result["runs"][0]["validation"] >= 0.93
