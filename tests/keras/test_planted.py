"""The Keras face can fail, on the backend that runs: see tests/test_planted_faces.py."""

import contextlib
import dataclasses
from unittest import mock

import pytest
import test_end_to_end
import test_face
import test_truth
from gradients import BACKEND

import losskit.keras
from losskit import native
from losskit.engine import reduction
from losskit.keras import evaluate, logits, loss
from losskit.keras.framework import KerasFramework

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


def changed(**parts):
    """`aligned`, whose call has parts that are functions of what they were."""
    aligned = evaluate.aligned

    def wrong(*args, **named):
        call = aligned(*args, **named)
        made = {name: make(getattr(call, name)) for name, make in parts.items()}
        return dataclasses.replace(call, **made)

    return wrong


def wrongly(part):
    """`aligned`, of a card of which one formula is a thousandth larger: no kernel is its own."""
    return changed(card=Wrong(part))


@pytest.mark.parametrize("case", [MSE, SPARSE], ids=str)
@pytest.mark.parametrize("part", ["value", "slope"])
def test_numbers(part, case, monkeypatch):
    check = lambda: test_truth.exact(case)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "aligned", wrongly(part))


def by_operations(check):
    """Without the kernels, or PyTorch's blocks, which divide by a count of their own."""

    def run():
        with native.switched(False), contextlib.ExitStack() as stack:
            if BACKEND == "torch":
                from losskit.torch import derivatives

                for name in ("reachable", "ordinary"):
                    never = mock.patch.object(derivatives, name, return_value=False)
                    stack.enter_context(never)
            check()

    return run


LOGITS = next(
    case for case in test_truth.USUAL
    if case.card.name == SPARSE.card.name and case.card.from_logits
)  # fmt: skip


@pytest.mark.parametrize("case", [MSE, LOGITS], ids=str)
@pytest.mark.parametrize("name", ["items", "mean", "fused"])
def test_of_backend(name, case, monkeypatch):
    """What the backend gives, its kernels' results too."""
    made = getattr(KerasFramework, name)

    def wrong(*args):
        found = made(*args)
        return None if found is None else OFF * found

    check = lambda: test_truth.mean_alone(case)  # noqa: E731
    if name == "items":
        check = lambda: test_truth.exact(case)  # noqa: E731
    if BACKEND != "jax" and name != "fused":
        check = by_operations(check)
    elif BACKEND == "jax" and name == "fused":
        pytest.skip("its kernels are behind items and means")
    monkeypatch.setattr(loss, "quick", lambda *_: None)
    goes_red(monkeypatch, check, KerasFramework, name, wrong)


@pytest.mark.skipif(BACKEND != "torch" or not native.available(), reason="a short way of PyTorch's")
@pytest.mark.parametrize("case", [MSE, LOGITS], ids=str)
def test_short_way(case, monkeypatch):
    check = lambda: test_truth.mean_alone(case)  # noqa: E731
    quick = loss.quick
    wrong = lambda *args: OFF * quick(*args)  # noqa: E731  (None would be an error)
    goes_red(monkeypatch, check, loss, "quick", wrong)


def test_gradient_of_the_target(monkeypatch):
    check = lambda: test_truth.test_target_gets_its_gradient(MSE)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "aligned", wrongly("target_slope"))


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
def test_forward_mode(monkeypatch):
    check = lambda: test_truth.test_forward_mode(MSE)  # noqa: E731
    goes_red(monkeypatch, check, evaluate, "aligned", wrongly("slope"))


def test_compiled(monkeypatch):
    items = KerasFramework.items

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
    goes_red(monkeypatch, check, KerasFramework, "items", wrong)


def test_weights(monkeypatch):
    ops = evaluate.ops
    wrong = changed(weight=lambda w: w if w is None else ops.cast(w != 0, w.dtype))
    goes_red(monkeypatch, lambda: test_truth.weighted(MSE), evaluate, "aligned", wrong)


def test_mask(monkeypatch):
    check, wrong = test_face.test_mask_from_an_embedding, changed(keep=lambda keep: None)
    goes_red(monkeypatch, check, evaluate, "aligned", wrong)


def test_count(monkeypatch):
    check = by_operations(lambda: test_truth.weighted(MSE))
    goes_red(monkeypatch, check, reduction, "count", times(reduction.count))


def test_samples(monkeypatch):
    check, wrong = lambda: test_truth.test_reductions(MSE), times(evaluate.per_sample)
    goes_red(monkeypatch, check, loss, "per_sample", wrong)


def test_logits_behind_probabilities(monkeypatch):
    check = lambda: test_end_to_end.test_true_class_behind(  # noqa: E731
        losskit.keras.softmax, "float32", "sparse"
    )
    kept = logits.kept

    def further(*args):
        found = kept(*args)
        return found and (*found[:-1], 1.1 * found[-1])

    goes_red(monkeypatch, check, logits, "kept", further)
