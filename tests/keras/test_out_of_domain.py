"""A target out of its domain: an error where values can be seen, NaN where they cannot."""

import math

import grid
import keras
import numpy as np
import pytest
from gradients import BACKEND, numpy, tensor

import losskit.keras as lk
from losskit.core.definition import CARDS
from losskit.core.families import has_row_target, is_rowwise
from losskit.core.packing import packed

ROW = 1  # of the target that is wrong


def example(card):
    """Targets and predictions inside every domain, (rows, 3)."""
    card = packed(card)
    shape = (3, *grid.own_shape(card)) if is_rowwise(card) else (3, 3)
    p = np.full(shape, -0.5 if card.prediction.high == 0 or "log_" in card.name else 0.25, "f4")
    if card.slots[0].domain.blank is not None:
        return np.ones((3, 2), "i4"), p
    if card.target.labels:
        return np.ones(3, "i4"), p
    inside = 1.0 if card.target.values else -0.5 if card.target.high == 0 else 0.5
    return np.full(3 if has_row_target(card) else p.shape, inside, "f4"), p


def wrong(card):
    """Numbers that are no targets of that card."""
    target = card.target
    if card.slots[0].domain.blank is not None:
        return [3]  # negative labels are an end
    if target.labels:
        return [] if target.names else [3, -1]
    if target.values:
        return [0.3, 2.0]
    beyond = [
        target.low - 1.0 if math.isfinite(target.low) else None,
        target.high + 2.0 if math.isfinite(target.high) else None,
    ]
    return [x for x in beyond if x is not None]


CASES = []
for _card in CARDS.values():
    for _options in ({}, {"from_logits": True}, {"log_input": True}):
        if set(_options) <= set(_card.rules()) and wrong(_card()):
            _bad = wrong(_card())[len(CASES) % len(wrong(_card()))]
            if getattr(_card, "whole", False):  # rows, where a whole batch is one mask
                _options = {**_options, "axis": -1}
            y, p = example(_card(**_options))
            y[(ROW,) + (0,) * (y.ndim - 1)] = _bad
            CASES.append((_card, _options, _bad, y, p))


def unseen(functions, arrays):
    """The values of functions of tensors, and their gradients, where no numbers can be seen."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        @tf.function
        def run(xs):
            values, slopes = [], []
            for f, x in zip(functions, xs, strict=True):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    values.append(f(x))
                slopes.append(tape.gradient(values[-1], x))
            return values, slopes

        values, slopes = run([tf.constant(a) for a in arrays])
    elif BACKEND == "jax":
        import jax

        def run(xs):
            return [jax.value_and_grad(f)(x) for f, x in zip(functions, xs, strict=True)]

        values, slopes = zip(*jax.jit(run)(list(arrays)), strict=True)
    else:
        import torch

        found = [
            torch.func.vmap(torch.func.grad_and_value(f))(torch.tensor(a)[None])
            for f, a in zip(functions, arrays, strict=True)
        ]
        slopes, values = zip(*[(g[0], v[0]) for g, v in found], strict=True)
    return [numpy(v) for v in values], [numpy(g) for g in slopes]


PARTS = [0, *(pytest.param(i, marks=pytest.mark.exhaustive) for i in (1, 2, 3))]
"""TensorFlow takes long to trace them all."""


@pytest.mark.parametrize("part", PARTS if BACKEND == "tensorflow" else range(4))
def test_every_card_is_nan_where_nothing_can_be_raised(part):
    cases = CASES[part::4]
    functions = [
        lambda p, c=c, o=o, y=y: getattr(lk, c.__name__)(**o)(tensor(y), p)
        for c, o, _, y, _ in cases
    ]
    values, slopes = unseen(functions, [p for *_, p in cases])
    assert len(values) > 7
    for (card, options, bad, _, _), value, slope in zip(cases, values, slopes, strict=True):
        named = f"{card.__name__} {options} target {bad}"
        assert np.isnan(value), named
        rows = np.isnan(slope)
        # Of elements the one, of rows the whole.
        assert rows[ROW].all() if is_rowwise(card(**options)) else rows[ROW, 0], named
        assert rows.sum() == (rows[ROW].size if is_rowwise(card(**options)) else 1), named


def test_every_card_is_an_error_where_values_can_be_seen():
    for card, options, bad, y, p in CASES:
        loss = getattr(lk, card.__name__)(**options)
        with pytest.raises(ValueError, match=f"{bad:g}") as error:
            loss(y, p)
        assert "y_true" in str(error.value)


def test_what_does_not_count_may_be_anything():
    functions, arrays = [], []
    cases = [c for c in CASES if "log_targets" in c[0].name] + CASES[::5]
    for card, options, _, y, p in cases:
        loss, weights = getattr(lk, card.__name__)(**options), np.array([1.0, 0.0, 1.0], "f4")
        functions.append(lambda p, f=loss, y=y, w=weights: f(tensor(y), p, tensor(w)))
        arrays.append(p)
    values, slopes = unseen(functions, arrays)
    for (card, options, *_), value, slope in zip(cases, values, slopes, strict=True):
        assert np.isfinite(value), (card.__name__, options)
        assert np.isfinite(slope).all(), (card.__name__, options)
        assert not slope[ROW].any(), (card.__name__, options)


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (lambda: lk.BinaryCrossentropy(from_logits=True), [[0.0], [1.0], [3.0], [1.0]]),
        (lk.Hinge, [[-1.0], [1.0], [0.3], [1.0]]),
        (lk.MeanSquaredLogarithmicError, [[0.0], [1.0], [-5.0], [1.0]]),
    ],
)
def test_in_fit(loss, targets):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), loss=loss())
    x, y = np.ones((4, 2), "f4"), np.array(targets, "f4")
    if BACKEND == "torch":  # it computes eagerly
        with pytest.raises(ValueError, match="index"):
            model.fit(x, y, verbose=0)
    else:
        assert np.isnan(model.fit(x, y, verbose=0).history["loss"][0])
    y[2] = 1.0
    model.set_weights([np.zeros((2, 1)), np.zeros(1)])
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0])
