"""What is said first is what is wrong first, whatever follows from it; and what a report is."""

from functools import partial

import keras
import numpy as np
import optax
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from typer.testing import CliRunner

import losskit
import losskit.jax
import losskit.keras
import losskit.torch
from losskit.checks import check
from losskit.checks.libraries import recognise
from losskit.checks.libraries.arrays import form_of
from losskit.cli import app
from losskit.losses import margin, multiclass
from losskit.losses.likelihood import GaussianNLL
from losskit.losses.similarity import CosineEmbedding

DRAWN = np.random.default_rng(5)
N, C = 64, 10
LABELS = DRAWN.integers(0, C, N)
ONE_HOT = np.eye(C, dtype=np.float32)[LABELS]
Z = DRAWN.normal(size=(N, C)).astype(np.float32)
SHARES = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)
REAL, SCORES = DRAWN.normal(size=(2, N)).astype(np.float32)
WIDE = np.exp(SCORES)
YES = (REAL > 0).astype(np.float32)
scce = losskit.SparseCategoricalCrossentropy


def grave(report):
    return [f.code for f in report if f.severity != "hint"]


# --- the first thing wrong, named


@pytest.mark.parametrize(
    ("loss", "y", "p", "code"),
    [
        # Quantities for a loss of labels: neither logits, nor one class, nor one-hot rows.
        (scce(), REAL, SCORES, "LK205"),
        (scce(), REAL, SCORES[:, None], "LK205"),
        (scce(from_logits=True), REAL, SCORES, "LK205"),
        (scce(from_logits=True), REAL[:, None], SCORES[:, None], "LK205"),
        (scce(from_logits=True), 3 * Z, Z, "LK205"),
        (losskit.NegativeLogLikelihood(), REAL, Z, "LK205"),
        (keras.losses.SparseCategoricalCrossentropy(), REAL, SCORES[:, None], "LK205"),
        (optax.softmax_cross_entropy_with_integer_labels, REAL, Z, "LK205"),
        (nn.CrossEntropyLoss(), REAL, Z, "LK205"),
        (nn.CrossEntropyLoss(), 3 * Z, Z, "LK210"),
        # A variance below 0 is no matter of shapes and labels.
        (nn.GaussianNLLLoss(), (REAL, WIDE - 1), SCORES, "LK704"),
        (losskit.torch.GaussianNLLLoss(), REAL, (SCORES, WIDE - 1), "LK704"),
        ("gaussian_nll", REAL, np.stack([SCORES, WIDE - 1], 1), "LK704"),
        # Targets below 0: not a loss that is NaN for reasons unknown.
        ("msle", REAL, WIDE, "LK213"),
        (losskit.jax.mean_squared_logarithmic_error, REAL, WIDE, "LK213"),
        (losskit.torch.MeanSquaredLogarithmicError(), REAL, WIDE, "LK213"),
        (losskit.keras.MeanSquaredLogarithmicError(), REAL, WIDE, "LK213"),
        (losskit.keras.Poisson(), np.abs(np.round(REAL)), SCORES, "LK114"),
        (losskit.jax.poisson, np.abs(np.round(REAL)), SCORES, "LK114"),
        # Class numbers are neither logits nor one row of many classes.
        (scce(), LABELS, LABELS, "LK115"),
        (losskit.CategoricalCrossentropy(), ONE_HOT, ONE_HOT.astype(int), "LK115"),
        (losskit.BinaryCrossentropy(), REAL > 0, REAL > 0, "LK115"),
        (nn.NLLLoss(), LABELS, LABELS.astype(np.float32), "LK115"),
        # Weights that do not fit are called by their name.
        (nn.BCEWithLogitsLoss(pos_weight=torch.ones(N)), ONE_HOT, Z, "LK509"),
        (losskit.torch.BCEWithLogitsLoss(pos_weight=torch.ones(N)), ONE_HOT, Z, "LK509"),
        (nn.MultiMarginLoss(weight=torch.ones(3)), LABELS, Z, "LK509"),
    ],
)
def test_the_first_thing_wrong_is_named(loss, y, p, code):
    report = check(loss, y, p)
    assert grave(report)[0] == code, report
    assert report.findings[0].severity == "error"
    # Nothing that misleads beside it.
    assert not {"LK103", "LK108", "LK302", "LK305", "LK403"} & set(grave(report)), report


@pytest.mark.parametrize("arguments", [(), ("--logits",)])
def test_quantities_are_named_by_the_command(tmp_path, arguments):
    y, p = tmp_path / "y.npy", tmp_path / "p.npy"
    np.save(y, REAL)
    np.save(p, SCORES)
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(
        app, ["check", "scce", "--true", str(y), "--pred", str(p), *arguments]
    )
    assert shown.exit_code == 1
    assert "1 error\n" in shown.stdout
    assert "LK205 error" in shown.stdout
    assert "use a regression loss" in " ".join(shown.stdout.split())


def test_labels_are_spoken_of_where_there_are_any():
    yes = torch.tensor(REAL > 0).long()
    told = check(nn.BCEWithLogitsLoss(), yes, torch.tensor(SCORES))["LK302"].remedy
    assert "labels" not in told
    told = check(nn.CrossEntropyLoss(), torch.tensor(LABELS).int(), torch.tensor(Z))["LK302"].remedy
    assert "labels as int64" in told


def test_the_remedy_of_softmax_twice_knows_the_loss():
    made = np.full((2, 6, 5), 0.2, np.float32) + np.linspace(0, 0.1, 5, dtype=np.float32) - 0.05
    found = check(keras.losses.CTC(), np.array([[1, 2], [3, 0]]), made)["LK101"]
    assert "from_logits" not in found.remedy


# --- near misses that no gallery has


def test_whole_numbers_are_no_class_numbers_where_they_may_be_logits():
    counts = np.round(3 * Z)
    for loss in (scce(from_logits=True), nn.CrossEntropyLoss()):
        assert "LK115" not in check(loss, LABELS, counts)
    for loss in (scce(from_logits=True), keras.losses.SparseCategoricalCrossentropy(True)):
        assert "LK115" not in check(loss, LABELS, counts.astype(int))


REGRESSIONS = (
    *("mse", "mape", "msle", "poisson", "rmse", losskit.Huber()),
    *(keras.losses.MeanSquaredError(), losskit.keras.LogCosh()),
    *(losskit.jax.squared_error, losskit.jax.mean_absolute_error, nn.MSELoss()),
    *(losskit.torch.MSELoss(), losskit.torch.MeanAbsoluteError()),
)


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_whole_numbers_are_predictions_of_a_regression(loss):
    y, p = np.array([1, 2, 3]), np.array([2, 2, 5])
    report = check(loss, y, p)
    assert not grave(report), report
    same = check(loss, y.astype(np.float32), p.astype(np.float32)).value
    assert report.value == pytest.approx(same, rel=1e-6)
    # Of another length: that is what is said.
    found = check(loss, y, p[:2])["LK302"].what
    assert "(3,)" in found
    assert "(2,)" in found
    assert "class numbers" not in found.lower()


BINARY = (
    *("bce", losskit.BinaryFocalCrossentropy(), keras.losses.BinaryCrossentropy()),
    *(nn.BCELoss(), nn.BCEWithLogitsLoss(), optax.sigmoid_binary_cross_entropy),
)


@pytest.mark.parametrize("loss", BINARY)
def test_class_numbers_under_a_binary_loss_are_named(loss):
    found = check(loss, LABELS.astype(np.float32), SHARES)["LK302"]
    assert "numbers of 10 classes" in found.remedy
    # Quantities are no class numbers, and neither is a row that has one target too few.
    for y in (np.linspace(0, 1, N, dtype=np.float32), ONE_HOT[:, 1:]):
        assert "class" not in check(loss, y, SHARES)["LK302"].remedy


def test_lengths_that_differ_are_named_whatever_the_values():
    for loss, p in ((scce(), LABELS[:10]), (scce(from_logits=True), LABELS[:10])):
        report = check(loss, LABELS, p)
        assert grave(report) == ["LK302"], report
        assert "(64,)" in report["LK302"].what
        assert "(10,)" in report["LK302"].what
    # Both are said where both are certain.
    assert grave(check("bce", YES, 5 * SCORES[:10])) == ["LK103", "LK302"]
    assert grave(check("bce", YES, 5 * SCORES)) == ["LK103"]


def test_certain_predictions_are_no_softmax_of_one_output():
    ones = np.ones((N, 1), np.float32)
    y = (REAL > 0).astype(np.float32)[:, None]
    bce = keras.losses.BinaryCrossentropy()
    for y_true, p, options in (
        (ones, ones, {}),  # all right
        (y[:8], ones[:8], {}),  # few
        (y, ones, {"logits": 40 * ones}),  # a sigmoid, by its logits
        (y, ones, {"model": keras.Sequential([keras.layers.Dense(1, "sigmoid")])}),
    ):
        assert "LK108" not in check(bce, y_true, p, **options), options
    ends = keras.Sequential([keras.layers.Dense(1, "softmax")])
    for loss in (bce, "mse", keras.losses.Hinge()):
        assert check(loss, y[:8], ones[:8], model=ends)["LK108"].severity == "error"


def test_a_chosen_epsilon_keeps_percentages_in_bounds():
    y = np.where(np.arange(N) % 8 == 0, 0, 100 + 10 * REAL)
    p = (100 + 10 * SCORES).astype(np.float32)
    assert check("mape", y, p)["LK214"].numbers["count"] == 8
    assert "LK214" not in check(losskit.MeanAbsolutePercentageError(epsilon=50.0), y, p)
    assert "LK214" not in check("mape", y, np.where(y == 0, 0, p).astype(np.float32))


def test_a_missing_target_is_called_so():
    y = np.where(np.arange(N) < 3, -1.0, np.abs(REAL))
    assert "the -1 looks like a missing target" in check("msle", y, WIDE)["LK213"].what


def test_vectors_of_weights_along_their_own_axis():
    square = DRAWN.normal(size=(8, 8)).astype(np.float32)
    yes, weights = (square > 0).astype(np.float32), torch.arange(1.0, 9.0)
    assert "LK509" not in check(nn.BCEWithLogitsLoss(pos_weight=weights), yes, square)
    assert check(nn.BCEWithLogitsLoss(weight=weights), yes, square)["LK509"].severity == "hint"
    column = check(nn.BCEWithLogitsLoss(weight=weights[:, None]), yes, square)
    assert "LK509" not in column
    flat = check(nn.BCEWithLogitsLoss(weight=weights), yes[0], square[0])
    assert "LK509" not in flat
    assert "LK509" in check(nn.BCEWithLogitsLoss(pos_weight=weights), yes[0], square[0])


# --- losses of torch.nn.functional, with their margins


@pytest.mark.parametrize(
    ("functional", "module", "arrays", "card"),
    [
        (
            partial(F.margin_ranking_loss, margin=0.5),
            nn.MarginRankingLoss(margin=0.5),
            2,
            margin.MarginRanking(margin=0.5),
        ),
        (
            partial(F.cosine_embedding_loss, margin=0.25),
            nn.CosineEmbeddingLoss(margin=0.25),
            2,
            CosineEmbedding(margin=0.25, axis=1),
        ),
        (
            partial(F.hinge_embedding_loss, margin=2.0),
            nn.HingeEmbeddingLoss(margin=2.0),
            1,
            margin.HingeEmbedding(margin=2.0),
        ),
        (
            partial(F.multi_margin_loss, p=2, margin=0.5),
            nn.MultiMarginLoss(p=2, margin=0.5),
            1,
            multiclass.MultiMargin(power=2, margin=0.5, axis=1),
        ),
        (
            F.multilabel_margin_loss,
            nn.MultiLabelMarginLoss(),
            1,
            multiclass.MultiLabelMargin(axis=1),
        ),
        (
            partial(F.gaussian_nll_loss, eps=1e-3, full=True),
            nn.GaussianNLLLoss(eps=1e-3, full=True),
            2,
            GaussianNLL(eps=1e-3, full=True),
        ),
    ],
)
def test_pytorchs_losses_are_known_with_their_parameters(functional, module, arrays, card):
    p = Z if arrays == 1 else (Z, Z)
    for loss in (functional, module):
        known = recognise(loss, LABELS, p, (form_of(LABELS), form_of(p)))
        assert known.card == card


@pytest.mark.parametrize("loss", [F.margin_ranking_loss, nn.MarginRankingLoss(margin=0.5)])
def test_classes_of_a_ranking(loss):
    pair = SCORES, REAL
    assert "LK207" in check(loss, (REAL > 0).astype(np.float32), pair)
    assert "LK208" in check(loss, np.where(REAL > 0, 2.0, -1.0), pair)
    assert not grave(check(loss, np.sign(REAL), pair))


# --- a delta far from the errors, in a training


def test_a_delta_far_from_the_errors_is_said_in_a_training():
    from losskit.checks.watch import Checker

    said = []
    for loss in (losskit.Huber(), losskit.keras.Huber(), nn.HuberLoss(), nn.SmoothL1Loss()):
        Checker("x", said.append)(loss, 1e5 * REAL, SCORES)
    assert [[f.code for f in report] for report in said] == [["LK602", "LK603"]] * 4
    # What may come nearer by itself, and what was chosen as a smooth absolute error, is a hint.
    assert check(losskit.Huber(), 3 + REAL, 3 + REAL - 2)["LK603"].severity == "hint"
    assert check(losskit.Huber(delta=1e-3), REAL, SCORES)["LK603"].severity == "hint"


def test_a_delta_far_from_the_errors_is_said_by_the_command(tmp_path):
    from rich.console import Console

    from losskit.training import model, run
    from losskit.training.data import load
    from losskit.training.progress import Lines

    table = np.column_stack([Z, 1e5 + 1e4 * REAL])
    names = ",".join([*(f"x{i}" for i in range(C)), "price"])
    at = tmp_path / "prices.csv"
    np.savetxt(at, table, delimiter=",", header=names, comments="")
    data = load(str(at), target="price")
    settings = run.Settings(1, N, 0.001, 0, 8, True)
    for delta, codes in ((1.0, ["LK603"]), (1e4, [])):
        made = run.Run("huber", losskit.Huber(delta=delta).card)
        made.model = model.build(made.card, data, 8, scale=True)
        run.look(made, data, settings, Lines(Console(quiet=True), 1))
        assert [f["code"] for f in made.findings] == codes


# --- gradients of plain functions


def test_a_function_of_numpy_has_no_gradient_to_ask_for():
    report = check(lambda y, p: np.sqrt(np.sum((y - p) ** 2, -1)), Z, Z + 1)
    assert not grave(report)
    known = {s.code: s.reason for s in report.skipped}
    assert "NumPy has no gradients" in known["LK402"]


def test_a_function_that_cuts_the_gradient_is_left_alone():
    report = check(lambda y, p: ((y - p.detach()) ** 2).mean(), torch.tensor(Z), torch.tensor(Z))
    assert "LK402" not in report


# --- a report as a truth value


def test_a_report_is_true_where_the_call_is_right():
    wrong = check("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    warned = check("cce", ONE_HOT, 0.5 * SHARES)
    hinted = check(losskit.Huber(delta=1e-3), REAL, SCORES)
    right = check("mse", REAL, SCORES)
    assert [r.worst() for r in (wrong, warned, hinted, right)] == ["error", "warning", "hint", None]
    assert [bool(r) for r in (wrong, warned, hinted, right)] == [False, False, True, True]
    assert all(bool(r) is r.ok for r in (wrong, warned, hinted, right))
    assert len(right) == 0
    assert len(hinted) == 1
