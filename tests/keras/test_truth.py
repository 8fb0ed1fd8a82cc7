"""The Keras face against mpmath, over the ordinary and extreme inputs of every card."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from gradients import BACKEND, gradient, numpy, tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
import grid
import truth

import losskit.keras
from losskit.core.families import Setwise
from losskit.keras import evaluate

TINY = np.finfo("float32").tiny


def flushed_inputs(case):
    """TensorFlow and JAX read a target below the smallest normal number as 0."""
    if case.y.dtype.kind != "f" or BACKEND == "torch":
        return case
    return dataclasses.replace(case, y=np.where(np.abs(case.y) < TINY, case.y * 0, case.y))


CASES = [flushed_inputs(case) for case in grid.cases(np.float32)]
BOUND = 1e-5


def keras_loss(card, **options):
    return getattr(losskit.keras, type(card).__name__)(**card.parameters(), **options)


def items(card, y, p):
    return evaluate.items(evaluate.align(card, y, p, "float32"))


def judged(got, exact, skip=None):
    """Worst relative error; TensorFlow and JAX flush what is below the smallest normal number."""
    flushed = np.abs(exact.true) < 4 * TINY
    flushed &= np.abs(np.asarray(got, float)) < 8 * TINY
    skip = flushed if skip is None else flushed | np.broadcast_to(skip, flushed.shape)
    return truth.worst_error(got, exact, np.float32, skip)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case):
    if isinstance(case.card, Setwise):
        got = numpy(keras_loss(case.card)(case.y, case.p))
    else:
        got = numpy(items(case.card, case.y, case.p))
    error, where = judged(got, truth.evaluate(case.card, "value", case.y, case.p, np.float32))
    assert error <= BOUND, (error, where)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient(case):
    ops = losskit.keras.evaluate.ops
    if isinstance(case.card, Setwise):
        loss = keras_loss(case.card)
        got = gradient(lambda p: loss(case.y, p), case.p)
    else:
        got = gradient(lambda p: ops.sum(items(case.card, tensor(case.y), p)), case.p)
    exact = truth.evaluate(case.card, "slope", case.y, case.p, np.float32)
    skip = truth.near_break(case.card, case.y, case.p, np.float32)
    error, where = judged(got, exact, skip)
    assert error <= BOUND, (error, where)


@pytest.mark.parametrize("case", list(grid.cases(np.float32, kinds=["ordinary"])), ids=str)
def test_same_as_numpy(case):
    ours = keras_loss(case.card)
    theirs = grid.loss_of(case.card)
    np.testing.assert_allclose(numpy(ours(case.y, case.p)), theirs(case.y, case.p), rtol=2e-6)
    np.testing.assert_allclose(
        gradient(lambda p: ours(case.y, p), case.p),
        theirs.gradient(case.y, case.p),
        rtol=1e-5,
        atol=1e-7 * np.abs(theirs.gradient(case.y, case.p)).max(),
    )


HALVES = ["float16", "bfloat16"]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.kind == "ordinary" and grid.is_usual(c.card)], ids=str
)
def test_half_types_are_computed_in_float32(case, dtype):
    ops = losskit.keras.evaluate.ops
    p = case.p
    if case.card.prediction.low == 0.0:  # below, float16 has a floor of its own
        p = np.maximum(p, np.finfo("float16").tiny)
    p = ops.cast(tensor(p), dtype)
    rounded = numpy(ops.cast(p, "float32"))
    loss = keras_loss(case.card)
    if not (np.isfinite(rounded) | ~np.isfinite(case.p)).all():
        pytest.skip("not representable")
    np.testing.assert_allclose(numpy(loss(case.y, p)), numpy(loss(case.y, rounded)), rtol=1e-6)
    got = gradient(lambda x: loss(case.y, ops.cast(x, dtype)), rounded)
    want = gradient(lambda x: loss(case.y, x), rounded)
    bound = 1e-3 if dtype == "float16" else 8e-3
    np.testing.assert_allclose(got, want, rtol=bound, atol=1e-7 if dtype == "float16" else 1e-37)


def test_backend_is_the_one_asked_for():
    import os

    assert os.environ["KERAS_BACKEND"] == BACKEND
