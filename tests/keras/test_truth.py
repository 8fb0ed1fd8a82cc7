"""The Keras face against mpmath: every card, each number at its own size, by the public classes.

What compiles each case takes long: of those tests the default run asks one card of each family.
"""

import os
import sys
from pathlib import Path

import keras
import ml_dtypes
import numpy as np
import pytest
from gradients import BACKEND, compiled, gradient, items_and_slope, numpy, second_derivatives

sys.path.insert(0, str(Path(__file__).parents[1]))
import grid
import laws

import losskit.keras
from losskit import native
from losskit.core.families import Pointwise, Setwise, is_rowwise
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.slots import item_shape

TINY = float(np.finfo("float32").tiny)
LEAST = 0.0 if BACKEND == "torch" else 16 * TINY
"""Below which TensorFlow and JAX flush to 0."""


def seen(case):
    """TensorFlow and JAX read a target below the smallest normal number as 0."""
    if BACKEND != "torch" and case.y.dtype.kind == "f":
        case.y[np.abs(case.y) < TINY] = 0.0
    return case


ALL = [seen(case) for case in grid.cases(np.float32)]
USUAL = [case for case in ALL if case.kind == "ordinary" and grid.is_usual(case.card)]
DEFAULTS = list({case.card.name: case for case in reversed(USUAL)}.values())
QUICK = BACKEND != "jax"
"""JAX compiles each operation for each shape, or each case as a whole."""


def keras_loss(card, **options):
    return getattr(losskit.keras, type(card).__name__)(**card.parameters(), **options)


def laid(card, x, width=1):
    """Numbers of a pointwise loss as samples: Keras means over the last axis."""
    return x.reshape(-1, width) if isinstance(card, Pointwise) else x


def items_shape(card, p):
    if isinstance(card, Setwise):
        return ()
    return item_shape(card, p.shape)


def exact(case, transform=lambda f: f, **options):
    """Items, and slopes under whatever comes from above, of one loss."""
    card, y, p = case.card, case.y, case.p
    loss = keras_loss(card, reduction="mean" if isinstance(card, Setwise) else None)
    function = transform(loss.__call__)
    shape = items_shape(card, p)
    upstream = np.linspace(-3.0, 4.0, int(np.prod(shape)), dtype="float32").reshape(shape)
    items, slope = items_and_slope(function, laid(card, y), laid(card, p), upstream, **options)
    times = grid.over(card, upstream)
    laws.hold(card, "value", items, y, p, least=LEAST)
    laws.hold(card, "slope", slope.reshape(p.shape), y, p, times=times, least=LEAST)


@pytest.mark.parametrize("case", grid.sample(ALL, every=QUICK, usual=True))
def test_exact(case, request):
    kind = case.kind, case.card.name, getattr(case.card, "from_logits", None)
    by_operations = BACKEND == "tensorflow" and not native.available()
    if by_operations and kind == ("extreme", "poly1_crossentropy", False):
        reason = "of probabilities of 1e-37 the shares are flushed"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    exact(case)


# PyTorch's compiler takes half a minute to trace some; JAX compiles each operation by itself.
FEW = grid.FAMILIES if BACKEND == "tensorflow" else ("mean_squared_error", "categorical_hinge")


@pytest.mark.parametrize("case", grid.sample(USUAL, names=FEW))
def test_compiled(case):
    """By TensorFlow's XLA and PyTorch's compiler; JAX, compiled above, operation by operation."""
    exact(case, *([compiled] if BACKEND != "jax" else []), jit=False)


@pytest.mark.parametrize("case", grid.sample(USUAL, usual=True))
def test_means_weights_and_what_is_left_out(case):
    weighted(case)


def weighted(case):
    """A weight of 0 outweighs NaN; the others multiply; the mean divides by the samples."""
    card, y, p = case.card, case.y.copy(), case.p.copy()
    samples = len(p) // 3 if not is_rowwise(card) else len(p)
    weight = np.random.default_rng(1).uniform(0.5, 2.0, samples).astype("float32")
    weight[3] = 0.0
    loss = keras_loss(card)
    bad_y, bad_p = (x.copy().reshape(samples, -1) for x in (y, p))
    bad_y[3] = -7 if card.target.labels else np.nan
    bad_p[3] = np.nan
    bad_y, bad_p = (
        (bad_y.reshape(y.shape), bad_p.reshape(p.shape)) if is_rowwise(card) else (bad_y, bad_p)
    )
    value, slope = items_and_slope(lambda y, p: loss(y, p, weight), bad_y, bad_p, np.float32(1.0))
    each = weight if is_rowwise(card) else np.repeat(weight, 3)
    laws.hold_mean(card, value, slope.reshape(p.shape), y, p, each, least=LEAST)


@pytest.mark.parametrize("case", grid.sample(USUAL, usual=BACKEND != "tensorflow"))
def test_mean_alone(case):
    mean_alone(case)


def mean_alone(case):
    """Without weights or a mask: the way that most take."""
    card, y, p = case.card, case.y, case.p
    loss = keras_loss(card)
    value, slope = items_and_slope(loss.__call__, laid(card, y), laid(card, p), np.float32(1.0))
    each = np.ones(p.shape if isinstance(card, Setwise) else items_shape(card, p))
    laws.hold_mean(card, value, slope.reshape(p.shape), y, p, each, least=LEAST)


@pytest.mark.parametrize("case", grid.sample(DEFAULTS))
def test_reductions(case):
    card, y, p = case.card, case.y, case.p
    if isinstance(card, Setwise):
        pytest.skip("one value per set")
    ys, ps = laid(card, y, 3), laid(card, p, 3)
    weight = np.random.default_rng(1).random(len(ps)).astype("float32")
    times = weight if is_rowwise(card) else np.repeat(weight, 3) / 3
    for reduction, count in (
        *(("sum", 1.0), ("mean", len(ps)), ("sum_over_batch_size", len(ps))),
        ("mean_with_sample_weight", weight.sum(dtype=float)),
    ):
        got = numpy(keras_loss(card, reduction=reduction)(ys, ps, weight))
        laws.hold_total(card, got, y, p, times=times / count)
    items = numpy(keras_loss(card, reduction=None)(ys, ps, weight))
    assert items.shape == weight.shape
    sample = np.arange(len(times)) // (1 if is_rowwise(card) else 3)
    for i, item in enumerate(items):
        laws.hold_total(card, item, y, p, times=times * (sample == i))


@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16])
@pytest.mark.parametrize("case", grid.sample(USUAL, every=QUICK))
def test_half_types_are_computed_in_float32(case, dtype):
    card, dtype = case.card, np.dtype(dtype)
    y, p = grid.inputs(card, dtype)
    wide = y if card.target.labels else y.astype("float32")
    loss = keras_loss(card, reduction="mean" if isinstance(card, Setwise) else None)

    def halved(y, p):
        return keras.ops.sum(loss(y, keras.ops.cast(p, dtype.name)))

    value, slope = items_and_slope(
        halved, laid(card, wide), laid(card, p.astype("float32")), np.float32(1.0)
    )
    assert value.dtype == np.float32
    if isinstance(card, Setwise):
        laws.hold(card, "value", value, y, p, dtype)
    else:
        laws.hold_total(card, value, y, p, dtype)
    laws.hold(card, "slope", slope.reshape(p.shape).astype(dtype), y, p, dtype)


# --- other derivatives ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", grid.sample([c for c in USUAL if isinstance(c.card, Pointwise)], every=QUICK)
)
def test_second_derivative(case):
    card, y, p = case.card, case.y, case.p.copy()
    # The optimum and 0, where |x| and max(x, 0) have corners that the loss has not.
    p[0] = np.where(card.prediction.low < 0, 0.0, p[0])
    if not card.target.values:
        p[1] = np.where((y[1] > 0) & (y[1] < 1), y[1], p[1])
    loss = keras_loss(card, reduction="sum")
    got = second_derivatives(lambda q: loss(laid(card, y), q), laid(card, p))
    laws.hold(card, "curve", got.reshape(p.shape), y, p, least=LEAST)


@pytest.mark.parametrize(
    "case",
    grid.sample(
        [c for c in USUAL if c.card.slots[0].differentiable and not c.card.target.values],
        every=QUICK,
    ),
)
def test_target_gets_its_gradient(case):
    """Whoever trains both sides must not find a silent 0."""
    card, y, p = case.card, case.y, case.p
    loss = keras_loss(card, reduction="mean" if isinstance(card, Setwise) else None)
    _, got = items_and_slope(
        lambda p, y: keras.ops.sum(loss(y, p)),
        laid(card, p), laid(card, y), np.float32(1.0),
    )  # fmt: skip
    rest = (np.ones(p.shape), np.float32(p.size)) if isinstance(card, Setwise) else ()
    state = (card.local(NUMPY, y, p, rest[0]),) if rest else ()
    want = card.target_slope(NUMPY, y, p, *rest, *state)
    # Some are differences of two terms, of a size with the largest.
    atol = 1e-7 * np.abs(want).max()
    np.testing.assert_allclose(got.reshape(y.shape), want, rtol=1e-5, atol=atol)


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
@pytest.mark.parametrize("case", grid.sample(DEFAULTS))
def test_forward_mode(case):
    import jax

    card, y, p = case.card, case.y, case.p
    if card.prediction.low == 0.0:
        pytest.skip("the clip of a probability's gradient has no forward mode")
    loss = keras_loss(card, reduction="mean" if isinstance(card, Setwise) else None)
    along = np.linspace(-1.0, 2.0, p.size, dtype="float32").reshape(p.shape)
    _, got = jax.jit(
        lambda p, along: jax.jvp(lambda q: loss(laid(card, y), laid(card, q)), (p,), (along,))
    )(p, along)
    got = np.asarray(got).reshape(items_shape(card, p))
    laws.hold_rate(card, got, y, p, along, least=LEAST)


def test_backend_is_the_one_asked_for():
    assert os.environ["KERAS_BACKEND"] == BACKEND
    assert gradient(lambda p: p[0] * p[0] + p[1], np.ones(2, "float32")).tolist() == [2.0, 1.0]
