"""Calls at the edge of what a check may say: half precision, constants, odd shapes and weights."""

import functools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import losskit
import losskit.torch
from losskit.checks import check
from losskit.checks.call import last_activation, tidy
from losskit.cli import app

DRAWN = np.random.default_rng(0)
N, C = 64, 10
Z = DRAWN.normal(size=(N, C)).astype(np.float32)
LABELS = DRAWN.integers(0, C, N)
YES = (np.arange(N) % 3 == 0).astype(np.float32)
SCORES = DRAWN.normal(size=N).astype(np.float32)
REAL = DRAWN.normal(size=N).astype(np.float32)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def grave(report):
    return [f for f in report if f.severity != "hint"]


# --- half precision


def test_wide_targets_stay_wide():
    far, half = 300 * REAL, SCORES.astype(np.float16)
    assert "LK404" not in check(nn.MSELoss(), far, half)
    assert "LK404" not in check(optax.squared_error, far, half)
    found = check(nn.MSELoss(), far.astype(np.float16), half)["LK404"]
    assert "float16" in found.what


@pytest.mark.parametrize("classes", [2, 10, 50, 1000])
@pytest.mark.parametrize("scale", [0, 1, 5])
def test_rows_of_bfloat16_are_distributions(classes, scale):
    logits = scale * DRAWN.normal(size=(N, classes)).astype(np.float32)
    labels, half = DRAWN.integers(0, classes, N), torch.tensor(logits).bfloat16()
    logs = half.log_softmax(-1)
    assert not {"LK104", "LK105"} & {f.code for f in check(nn.NLLLoss(), labels, logs)}
    # The same numbers in a wider type.
    assert "LK105" not in check(nn.NLLLoss(), labels, logs.float())
    narrow = jnp.asarray(logits).astype(jnp.bfloat16)
    divergence = check(optax.kl_divergence, softmax(logits), jax.nn.log_softmax(narrow))
    assert "LK105" not in divergence
    assert "LK104" not in check("scce", labels, jax.nn.softmax(narrow))
    if scale:
        report = check(nn.CrossEntropyLoss(), labels, jax.nn.softmax(narrow))
        assert report["LK101"].severity == "error"


def test_float32_is_judged_closely():
    chances = softmax(Z)
    assert "LK104" not in check("scce", LABELS, chances)
    assert "LK104" in check("scce", LABELS, chances * np.float32(0.99))


# --- constants


def test_constant_predictions_are_no_activation_twice():
    loss = nn.BCEWithLogitsLoss()
    for p in (np.zeros(N), np.full(N, 0.3), 0.3 + 0.01 * YES):
        report = check(loss, YES, p)
        assert "LK102" not in report
        assert "logits near 0" in {s.code: s.reason for s in report.skipped}["LK102"]
    rows = np.full((N, C), 0.1)
    assert check(nn.CrossEntropyLoss(), LABELS, rows)["LK101"].severity == "hint"
    found = check(nn.CrossEntropyLoss(), LABELS, rows, model=nn.Softmax(-1))["LK101"]
    assert found.severity == "error"


# --- logits and the model


def test_the_loss_of_logits_is_compared_alike():
    chances, weights = softmax(Z), np.linspace(0, 1, N)
    for report in (
        check("scce", LABELS, chances, logits=Z, sample_weight=weights),
        check(losskit.SparseCategoricalCrossentropy(reduction="sum"), LABELS, chances, logits=Z),
    ):
        assert "LK111" not in report
    weighted = nn.BCELoss(weight=torch.tensor(weights))
    chances = 1 / (1 + np.exp(-SCORES))
    assert "LK111" not in check(weighted, YES, chances, logits=SCORES)


def test_logits_of_another_shape():
    with pytest.raises(ValueError, match=r"got \(64, 1\), expected \(64,\)"):
        check(nn.BCELoss(), YES, 1 / (1 + np.exp(-SCORES)), logits=SCORES[:, None])


def test_logits_behind_log_softmax_are_no_others():
    logs = np.log(softmax(Z))
    assert "LK112" not in check(nn.NLLLoss(), LABELS, logs, logits=Z)
    assert "LK112" in check(nn.NLLLoss(), LABELS, logs, logits=-Z)


class Net(nn.Module):
    """Its last layer by name is not its last by call."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, C)


def test_a_model_that_does_not_tell_is_no_evidence():
    loss, p = nn.CrossEntropyLoss(), softmax(Z)
    line = nn.Linear(2, C)
    for model, fires in (
        (Net(), True),
        (nn.Sequential(line, Net()), True),
        (nn.Sequential(line, nn.BatchNorm1d(C)), True),
        (nn.Sequential(line, nn.Softmax(-1), nn.Dropout(0.1)), True),
        (line, False),
        (nn.Sequential(line, nn.ReLU()), False),
    ):
        assert ("LK101" in check(loss, LABELS, p, model=model)) is fires


def test_the_last_activation_of_keras_models():
    layers = keras.layers
    x = keras.Input((5,))
    z = layers.Dense(3)(x)
    for y, name in (
        (keras.ops.softmax(z), "softmax"),
        (layers.Dropout(0.1)(layers.Softmax()(z)), "softmax"),
        (layers.Reshape((3, 1))(keras.ops.sigmoid(z)), "sigmoid"),
        (z, "linear"),
        (layers.BatchNormalization()(z), None),
        (z + 1, None),
    ):
        assert last_activation(keras.Model(x, y)) == name


# --- shapes


def test_a_batch_read_as_one_row_leaves_sound_rows_alone():
    loss = nn.CrossEntropyLoss()
    for y in (LABELS, YES.astype(int), YES):
        report = check(loss, y, SCORES)
        assert [f.code for f in grave(report)] == ["LK305"]
    for y in (np.eye(N)[3], softmax(SCORES), np.array(3)):
        assert not grave(check(loss, y, SCORES))


def test_several_labels_of_a_single_row():
    report = check("categorical_crossentropy", YES[None], softmax(SCORES)[None])
    assert "LK209" in report


def test_labels_as_a_column_for_a_function_of_keras():
    loss = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    assert "LK204" in check(loss, LABELS[:, None] + 1, Z)
    assert "LK203" in check(loss, LABELS[:, None] + 100, Z)
    assert not grave(check(loss, LABELS[:, None], Z))


# --- weights


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match=r"got shape \(65,\), expected \(64,\)"):
        check("mse", REAL, SCORES, sample_weight=np.ones(N + 1))
    assert not grave(check("mse", REAL, SCORES, sample_weight=2.0))


def test_weights_of_classes_first():
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True, axis=0)
    assert not grave(check(loss, LABELS, Z.T.copy(), sample_weight=np.ones(N)))


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.full(N, -1.0), "64 of 64 are negative, the first, -1, at index 0"),
        (np.where(np.arange(N) == 3, np.inf, 1.0), "1 of 64 are infinite, the first at index 3"),
        (np.ones((N, 3)), "shape (64, 3), and the items have shape (64,)"),
    ],
)
def test_weights_are_named_where_they_fail(weights, says):
    assert says in check("mse", REAL, SCORES, sample_weight=weights)["LK302"].what


def test_nan_weights_are_said_once():
    report = check("mse", REAL, SCORES, sample_weight=np.full(N, np.nan))
    assert [f.code for f in grave(report)] == ["LK403"]


def test_weights_of_true_and_false():
    loss = keras.losses.MeanSquaredError()
    columns = REAL[:, None], SCORES[:, None]
    whole = check(loss, *columns, sample_weight=YES)
    report = check(loss, *columns, sample_weight=YES == 1)
    assert not grave(report)
    assert report.value == whole.value


def test_losskits_own_modules_take_weights():
    loss = losskit.torch.MeanSquaredError()
    assert "LK508" not in check(loss, REAL, SCORES, sample_weight=YES)


# --- what is said


class Stepped(nn.MSELoss):
    """No slope anywhere."""

    def forward(self, p, y):
        return super().forward(p.round() + 0 * p, y)


def test_the_remedy_of_dead_gradients_fits_the_loss():
    found = check(Stepped(), 10 + REAL, SCORES)["LK401"]
    assert "softmax" not in found.remedy
    assert "clipped, rounded or saturated" in found.remedy


def test_a_function_that_gives_no_loss():
    found = check(lambda y, p: None, REAL, SCORES)["LK302"]
    assert "returned None" in found.what


def test_messages_of_tensorflow_are_tidied():
    message = "{{function_node __wrapped__Sub_device_CPU}} Incompatible shapes: [2] vs. [3]"
    assert tidy(message + " [Op:Sub] name: ") == "Incompatible shapes: [2] vs. [3]"
    cut = tidy("words " * 100)
    assert len(cut) <= 200
    assert cut.endswith("words...")


def test_items_are_counted_as_they_are():
    report = check(keras.losses.BinaryCrossentropy(from_logits=True), YES, 100 * SCORES)
    assert "The mean loss of 64 items" in report["LK601"].what
    few = check(keras.losses.BinaryCrossentropy(from_logits=True), YES[:16], 100 * SCORES[:16])
    assert "LK601" not in few
    endless = np.where(SCORES > 1, np.float32(np.inf), SCORES)
    assert "LK601" not in check(nn.BCEWithLogitsLoss(), YES, endless)


def test_chunks_of_any_integer():
    assert check("mse", REAL, SCORES, chunks=np.int64(4)).value > 0
    for bad in (True, 1, 2.0, None):
        with pytest.raises(ValueError, match="chunks must be an integer of at least 2"):
            check("mse", REAL, SCORES, chunks=bad)


def test_remedies_hold_on_the_command_line(tmp_path):
    for name, array in (("y", YES), ("p", 3 * SCORES), ("w", YES), ("c", softmax(Z))):
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "l.npy", np.where(np.arange(N) == 5, -1, LABELS))
    at = lambda name: str(tmp_path / f"{name}.npy")  # noqa: E731

    def said(*arguments):
        return " ".join(CliRunner().invoke(app, ["check", *arguments]).output.split())

    assert "Pass from_logits=True (here: --logits), or end" in said(
        "bce", "--true", at("y"), "--pred", at("p")
    )
    weighted = said("mse", "--true", at("y"), "--pred", at("p"), "--weight", at("w"))
    assert 'reduction="mean_with_sample_weight" (in code) to divide' in weighted
    assert "ignore_class=-1 (here: --param ignore_class=-1)." in said(
        "scce", "--true", at("l"), "--pred", at("c")
    )
