"""The Keras face can fail, on the backend that runs: see tests/test_planted_faces.py."""

import pytest
import test_end_to_end
import test_face
import test_truth
from gradients import BACKEND

import losskit.keras
from losskit.keras import backend, evaluate

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


def wrongly(part):
    """`differentiable` with one of its functions a thousandth larger."""
    differentiable = backend.differentiable

    def wrong(value, by_y, by_p, forward):
        rate_y, rate_p = forward
        value = times(value) if part == "value" else value
        by_y, rate_y = map(times, (by_y, rate_y)) if part == "target" else (by_y, rate_y)
        by_p, rate_p = map(times, (by_p, rate_p)) if part == "slope" else (by_p, rate_p)
        return differentiable(value, by_y, by_p, (rate_y, rate_p))

    return wrong


@pytest.mark.parametrize("case", [MSE, SPARSE], ids=str)
@pytest.mark.parametrize("part", ["value", "slope"])
def test_numbers(part, case, monkeypatch):
    check = lambda: test_truth.exact(case)  # noqa: E731
    goes_red(monkeypatch, check, backend, "differentiable", wrongly(part))


def test_gradient_of_the_target(monkeypatch):
    check = lambda: test_truth.test_target_gets_its_gradient(MSE)  # noqa: E731
    goes_red(monkeypatch, check, backend, "differentiable", wrongly("target"))


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
def test_forward_mode(monkeypatch):
    check = lambda: test_truth.test_forward_mode(MSE)  # noqa: E731
    goes_red(monkeypatch, check, backend, "differentiable", wrongly("slope"))


def test_compiled(monkeypatch):
    items = evaluate.items

    def traced():
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return not tf.executing_eagerly()
        if BACKEND == "torch":
            import torch

            return torch.compiler.is_compiling()
        return True

    wrong = lambda call: items(call) * (OFF if traced() else 1.0)  # noqa: E731
    check = lambda: test_truth.test_compiled(MSE)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "items", wrong)


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
        "mean": (weighted, "_count", times(evaluate._count)),
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
