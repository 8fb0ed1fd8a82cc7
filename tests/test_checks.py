"""What `losskit.check` says: the gallery of faults, sound calls, the report, size and speed."""

import functools
import json
import tracemalloc

import grid
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from gallery import CASES

import losskit
import losskit.jax
import losskit.keras
import losskit.torch
from losskit.checks import CheckError, check
from losskit.checks.rules import RULES
from losskit.core.definition import SHARE
from losskit.core.families import is_rowwise


def run(made):
    loss, y, p, *options = made
    return check(loss, y, p, **(options[0] if options else {}))


def cases():
    """All by default but of optax's every third, for JAX compiles each."""
    of_optax = [c for c in CASES if c.library == "optax"]
    for c in CASES:
        rest = c.library == "optax" and of_optax.index(c) % 3
        marks = pytest.mark.exhaustive if rest else ()
        yield pytest.param(c, id=f"{c.code}-{c.library}-{c.what}", marks=marks)


@pytest.mark.parametrize("case", list(cases()))
def test_a_fault_and_its_near_miss(case):
    report = run(case.fault())
    assert case.code in report, report
    found = report[case.code]
    assert case.says in found.what
    for sentence in (found.what, found.remedy):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or not sentence[0].isalpha()
    near = run(case.near())
    assert case.code not in near, near
    assert all(f.severity != "error" for f in near), near


def test_every_finding_has_a_case():
    assert {c.code for c in CASES} == set(RULES)
    for rule in RULES.values():
        assert rule.function.__doc__


# --- sound calls --------------------------------------------------------------------------------


def sound(card, dtype, rows, classes):
    """Targets and predictions drawn independently, each as the card wants them."""
    y, p = grid.ordinary(card, np.float64, seed=rows, rows=rows, classes=classes)
    drawn = np.random.default_rng(rows)
    if card.name == "log_kl_divergence":
        y, p = (
            drawn.dirichlet(np.ones(classes), rows),
            np.log(drawn.dirichlet(np.ones(classes), rows)),
        )
    elif card.name == "log_kl_divergence_with_log_targets":
        y, p = np.log(drawn.dirichlet(np.ones(classes), (2, rows)))
    elif card.name == "negative_log_likelihood":
        p = np.log(drawn.dirichlet(np.ones(classes), rows))
    elif is_rowwise(card) and card.prediction is SHARE:
        p = drawn.dirichlet(np.ones(classes), rows)
    y, p = (grid.rows_back(slot, x) for slot, x in zip(card.slots, (y, p), strict=True))
    return (y if card.target.labels else y.astype(dtype)), p.astype(dtype)


def grave(report):
    return [f for f in report if f.severity != "hint"]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("rows", [4, 32, 1500])
def test_sound_calls_of_every_card(dtype, rows):
    asked = 0
    for card in grid.settings():
        classes = 3 if card.parameters().get("class_weight") else 5
        y, p = sound(card, dtype, rows, classes)
        report = check(losskit.get(card.name, **card.parameters()), y, p)
        if card.parameters().get("norm") == 0.0:
            # How many coordinates differ: a count, of which nothing can be learned.
            assert [f.code for f in grave(report)] == ["LK401"]
            continue
        assert not grave(report), (card, report)
        asked += 1
    assert asked >= 90


def one_in(many, size, seed=0):
    """0/1 targets of which one in so many is 1, and logits that know a little of them."""
    drawn = np.random.default_rng(seed)
    y = (np.arange(size) % many == 0).astype(np.float32)
    return y, (drawn.normal(size=size) - np.log(many - 1) + 3 * y).astype(np.float32)


@pytest.mark.parametrize("many", [2, 10, 1000])
@pytest.mark.parametrize("size", [32, 5000])
def test_sound_calls_of_rare_classes(many, size):
    y, z = one_in(many, size)
    labels, rows = y.astype(int), np.stack([0 * z, z], 1)
    shares = 1 / (1 + np.exp(-z))
    for loss, target, prediction in (
        ("bce", y, shares),
        (losskit.BinaryCrossentropy(from_logits=True), y, z),
        (losskit.BinaryFocalCrossentropy(from_logits=True), y, z),
        (losskit.SparseCategoricalCrossentropy(from_logits=True), labels, rows),
        (keras.losses.BinaryCrossentropy(from_logits=True), y[:, None], z[:, None]),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), labels, rows),
        (torch.nn.BCEWithLogitsLoss(), y, z),
        (torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(many - 1.0)), y, z),
        (torch.nn.CrossEntropyLoss(), labels, rows),
        (torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, many - 1.0])), labels, rows),
        (optax.sigmoid_binary_cross_entropy, y, z),
        (optax.softmax_cross_entropy_with_integer_labels, labels, rows),
    ):
        report = check(loss, target, prediction)
        assert not grave(report), report


def test_sound_calls_with_masks_and_smoothing():
    drawn = np.random.default_rng(3)
    for size in (8, 64, 2048):
        z = drawn.normal(size=(size, 10)).astype(np.float32)
        labels = drawn.integers(0, 10, size)
        padded = np.where(drawn.random(size) < 0.3, -100, labels)
        weight = np.where(drawn.random(size) < 0.3, 0.0, drawn.random(size)).astype(np.float32)
        weight[0] = 1.0
        padded[0] = 0
        one_hot = np.eye(10, dtype=np.float32)[labels]
        smooth = 0.9 * one_hot + 0.01
        for loss, y, options in (
            (torch.nn.CrossEntropyLoss(), padded, {}),
            (torch.nn.CrossEntropyLoss(label_smoothing=0.1), padded, {}),
            (torch.nn.CrossEntropyLoss(), smooth, {}),
            (keras.losses.CategoricalCrossentropy(from_logits=True), smooth, {}),
            (
                keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
                one_hot,
                {"sample_weight": weight},
            ),
            (
                keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                labels,
                {"sample_weight": weight},
            ),
            (
                losskit.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100),
                padded,
                {"sample_weight": weight},
            ),
            (optax.softmax_cross_entropy, smooth, {}),
            (functools.partial(optax.softmax_cross_entropy, axis=-1), one_hot, {}),
        ):
            report = check(loss, y, z, **options)
            assert not grave(report), report


@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_a_sound_training_through_all_epochs(every):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
    rows = torch.nn.functional.one_hot(y, 10).float()
    generator = torch.Generator().manual_seed(0)
    first = 0.1 * torch.randn(64, 128, generator=generator)
    second = 0.1 * torch.randn(128, 10, generator=generator)
    weights = [w.requires_grad_() for w in (first, second)]
    steps = torch.optim.Adam(weights, lr=1e-2)
    done = 0
    for epoch in range(30):
        for start in range(0, len(x), 256):
            z = (x[start : start + 256] @ first).relu() @ second
            loss = torch.nn.functional.cross_entropy(z, y[start : start + 256])
            steps.zero_grad()
            loss.backward()
            steps.step()
            done += 1
            if done % every:
                continue
            for name, target, prediction in (
                (torch.nn.CrossEntropyLoss(), y, z),
                (torch.nn.NLLLoss(), y, z.log_softmax(-1)),
                (losskit.SparseCategoricalCrossentropy(from_logits=True), y, z),
                (losskit.CategoricalCrossentropy(), rows, z.softmax(-1)),
                (losskit.CategoricalCrossentropy(from_logits=True), rows, z.half()),
                (keras.losses.SparseCategoricalCrossentropy(from_logits=True), y, z),
                (torch.nn.BCEWithLogitsLoss(), rows, z - 2),
            ):
                report = check(name, target[start : start + 256], prediction)
                assert not grave(report), (epoch, report)
    assert loss < 0.05


# --- size and speed -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1_000_000,), (1000, 1000), (100_000, 10)])
def test_memory_of_a_million_elements(shape):
    drawn = np.random.default_rng(0)
    p = drawn.normal(size=shape).astype(np.float32)
    if len(shape) > 1:
        loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
        y = drawn.integers(0, shape[1], shape[0])
    else:
        loss, y = "mse", drawn.normal(size=shape).astype(np.float32)
    check(loss, y, p)
    tracemalloc.start()
    check(loss, y, p)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * p.nbytes, f"{peak / p.nbytes:.1f} copies"


# --- the report ---------------------------------------------------------------------------------


def test_the_report():
    report = check("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    assert not report.ok
    assert report.worst() == "error"
    found = report["LK103"]
    assert found.numbers["outside"] == 2
    assert found.link.endswith("check.md#lk103")
    assert "LK103" in report
    assert "LK101" not in report
    assert len(report) == len(list(report)) == len(report.findings)
    with pytest.raises(KeyError):
        report["LK101"]
    with pytest.raises(CheckError, match="LK103 error: logits where probabilities") as caught:
        report.raise_for_errors()
    assert caught.value.report is report
    known = {s.code: s.reason for s in report.skipped}
    assert known["LK101"] == "it is no loss of a distribution over classes"
    assert not set(known) & {f.code for f in report}
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["findings"][0]["code"] == report.findings[0].code
    assert data["ok"] is False
    assert "LK103" in report._repr_html_()
    assert "2 of 3 predictions" in str(report)
    assert repr(report).startswith("<Report on losskit.BinaryCrossentropy(): nan; [LK103 error], ")
    clean = check("mse", np.zeros(3), np.ones(3))
    assert clean.ok
    assert clean.raise_for_errors() is clean
    assert clean.value == 1.0


def test_bad_arguments():
    with pytest.raises(TypeError, match="loss must be the name"):
        check(3, [1.0], [1.0])
    with pytest.raises(ValueError, match="Did you mean huber"):
        check("hubr", [1.0], [1.0])
    with pytest.raises(ValueError, match="y_pred is empty"):
        check("mse", [1.0], [])
    with pytest.raises(TypeError, match="y_true must hold real numbers"):
        check("mse", ["a"], [1.0])
    with pytest.raises(ValueError, match="chunks must be an integer of at least 2"):
        check("mse", [1.0], [1.0], chunks=1)


def test_nothing_is_changed():
    p = torch.tensor([[0.2, 0.8], [0.9, 0.1]], requires_grad=True)
    y = torch.tensor([1, 0])
    module = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    before, state = dict(vars(module)), torch.random.get_rng_state()
    report = check(module, y, p)
    assert "LK101" in report
    assert p.grad is None
    assert vars(module) == before
    assert module.reduction == "mean"
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(y, torch.tensor([1, 0]))


def test_arrays_of_any_framework():
    z = np.array([[0.5, 1.5], [2.0, -1.0], [0.0, 1.0]], np.float32)
    y = np.array([1, 0, 1])
    values = []
    for make in (
        np.asarray,
        torch.tensor,
        jnp.asarray,
        keras.ops.convert_to_tensor,
        np.ndarray.tolist,
    ):
        for loss in (
            losskit.SparseCategoricalCrossentropy(from_logits=True),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            torch.nn.CrossEntropyLoss(),
            torch.nn.functional.cross_entropy,
            optax.softmax_cross_entropy_with_integer_labels,
            losskit.torch.CrossEntropyLoss(),
            losskit.torch.SparseCategoricalCrossentropy(from_logits=True),
            losskit.keras.SparseCategoricalCrossentropy(from_logits=True),
            losskit.jax.softmax_cross_entropy_with_integer_labels,
        ):
            report = check(loss, make(y), make(z))
            assert not grave(report), report
            values.append(report.value)
    assert np.ptp(values) < 1e-6


def test_the_model_and_the_logits_are_evidence():
    chances, logits = np.array([0.2, 0.7, 0.9]), np.log([0.25, 7 / 3, 9.0])
    y = np.array([0.0, 1.0, 1.0])
    loss = torch.nn.BCEWithLogitsLoss()
    assert "LK102" not in check(loss, y, chances)  # too few to tell
    found = check(loss, y, chances, logits=logits)["LK102"]
    assert found.severity == "error"
    assert "the sigmoid is applied twice" in found.what
    ends = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sigmoid())
    assert check(loss, y, chances, model=ends)["LK102"].severity == "error"
    # A model that ends in a linear layer may well give values within [0, 1].
    linear = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert "LK102" not in check(loss, np.ones(50), np.linspace(0, 1, 50), model=linear)
    assert "LK102" in check(loss, np.ones(50), np.linspace(0, 1, 50))
    softmax = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    rows = np.full((1, 3), 1 / 3)
    assert check(torch.nn.CrossEntropyLoss(), [0], rows)["LK101"].severity == "warning"
    found = check(torch.nn.CrossEntropyLoss(), [0], rows, model=softmax)["LK101"]
    assert found.severity == "error"
