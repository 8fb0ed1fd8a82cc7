"""The Keras face can fail, on the backend that runs: see tests/test_planted_faces.py."""

import dataclasses

import pytest
import test_end_to_end
import test_face
import test_truth
from gradients import BACKEND

import losskit.keras
from losskit import native
from losskit.keras import evaluate
from losskit.keras import items as of_backend

MSE, SPARSE, LOG_COSH = (
    next(case for case in test_truth.DEFAULTS if case.card.name == name)
    for name in ("mean_squared_error", "sparse_categorical_crossentropy", "log_cosh")
)
OFF = 1.001


def times(function):
    return function and (lambda *args: OFF * function(*args))


def goes_red(monkeypatch, check, target, name, wrong):
    check()
    with monkeypatch.context() as patch:
        patch.setattr(target, name, wrong)
        with pytest.raises(AssertionError):
            check()


class Wrong:
    """A card with one of its formulas a thousandth larger, under which a loss is computed."""

    def __init__(self, part):
        self.part = part

    def __call__(self, card):
        own = getattr(type(card), self.part)
        wrong = type(card).__name__, (type(card),), {self.part: lambda *args: OFF * own(*args)}
        made = type(*wrong)
        return made(**card.parameters())


def wrongly(part):
    """`align`, of a card of which one formula is a thousandth larger: no kernel is its own."""
    align, wrong = evaluate.align, Wrong(part)

    def aligned(*args):
        call = align(*args)
        return dataclasses.replace(call, card=wrong(call.card))

    return aligned


@pytest.mark.parametrize("case", [MSE, SPARSE], ids=str)
@pytest.mark.parametrize("part", ["value", "slope"])
def test_numbers(part, case, monkeypatch):
    check = lambda: test_truth.exact(case)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "align", wrongly(part))


LOGITS = next(
    case for case in test_truth.USUAL
    if case.card.name == SPARSE.card.name and case.card.from_logits
)  # fmt: skip


@pytest.mark.parametrize("case", [MSE, LOGITS], ids=str)
@pytest.mark.parametrize("name", ["items", "mean"])
def test_of_backend(name, case, monkeypatch):
    """What the backend gives, its kernels' results too."""
    made = getattr(of_backend, name)

    def wrong(*args):
        found = made(*args)
        return None if found is None else OFF * found

    whole = lambda: test_truth.mean_alone(case)  # noqa: E731
    check = whole if "mean" in name else lambda: test_truth.exact(case)
    if name == "mean" and BACKEND == "tensorflow":
        pytest.skip("it has no mean of its own")
    goes_red(monkeypatch, check, of_backend, name, wrong)


def test_gradient_of_the_target(monkeypatch):
    check = lambda: test_truth.test_target_gets_its_gradient(MSE)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "align", wrongly("target_slope"))


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
def test_forward_mode(monkeypatch):
    check = lambda: test_truth.test_forward_mode(MSE)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "align", wrongly("slope"))


def test_compiled(monkeypatch):
    items = of_backend.items

    def traced():
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return not tf.executing_eagerly()
        if BACKEND == "torch":
            import torch

            return torch.compiler.is_compiling()
        return True

    wrong = lambda *args: items(*args) * (OFF if traced() else 1.0)  # noqa: E731
    check = lambda: test_truth.test_compiled(MSE)  # noqa: E731
    goes_red(monkeypatch, check, of_backend, "items", wrong)


def by_operations(check):
    """Without the kernels, which divide by a count of their own."""

    def run():
        with native.switched(False):
            check()

    return run


@pytest.mark.parametrize("error", ["weights", "mask", "mean", "samples"])
def test_reduced(error, monkeypatch):
    parts, ops = evaluate._parts, evaluate.ops

    def unweighted(*args):
        used, weight, keep = parts(*args)
        return used, weight if weight is None else ops.cast(weight != 0, weight.dtype), keep

    weighted = lambda: test_truth.weighted(MSE)  # noqa: E731
    check, name, wrong = {
        "weights": (weighted, "_parts", unweighted),
        "mask": (
            test_face.test_mask_from_an_embedding,
            "_parts",
            lambda call, weight, mask: parts(call, weight, None),
        ),
        "mean": (by_operations(weighted), "_count", times(evaluate._count)),
        "samples": (
            lambda: test_truth.test_reductions(MSE),
            "_per_sample",
            times(evaluate._per_sample),
        ),
    }[error]
    goes_red(monkeypatch, check, evaluate, name, wrong)


def test_logits_behind_probabilities(monkeypatch):
    check = lambda: test_end_to_end.test_true_class_behind(  # noqa: E731
        losskit.keras.softmax, "float32", "sparse"
    )
    kept = evaluate.kept_logits

    def further(*args):
        found = kept(*args)
        return found and (*found[:-1], 1.1 * found[-1])

    goes_red(monkeypatch, check, evaluate, "kept_logits", further)
