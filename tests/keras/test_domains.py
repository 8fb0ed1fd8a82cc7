"""What lies at the end of a range, or beyond it, and what nearly meets its target, in Keras."""

import keras
import numpy as np
import pytest

import losskit
import losskit.keras as lk


def numbers(x):
    return keras.ops.convert_to_numpy(keras.ops.cast(x, "float32"))


@pytest.mark.parametrize(
    "loss",
    [
        lk.MeanSquaredLogarithmicError(),
        lk.Poisson(),
        lk.Poisson(log_input=True),
        lk.GeneralizedLogKLDivergence(),
    ],
    ids=repr,
)
def test_a_target_below_0_is_refused(loss):
    with pytest.raises(ValueError, match=r"y_true must be a number >= 0 .* got -5 at index"):
        loss(np.array([[-5.0]], "float32"), np.array([[1.0]], "float32"))


def test_rounding_of_the_dtype_at_the_end_of_a_range():
    loss = lk.BinaryCrossentropy(reduction="sum")
    for p, dtype in ((1.00098, "float16"), (1.0078, "bfloat16"), (1.000001, "float32")):
        p = keras.ops.convert_to_tensor([[p]], dtype)
        assert float(numbers(loss(np.ones((1, 1), "float32"), p))) == 0.0
    for p, dtype in ((1.01, "float16"), (1.05, "bfloat16"), (1.0001, "float32")):
        p = keras.ops.convert_to_tensor([[p]], dtype)
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            loss(np.ones((1, 1), "float32"), p)


def test_cosines_stay_within_their_range():
    x = np.random.default_rng(0).normal(size=(4000, 7)).astype("float32")
    cosines = numbers(lk.CosineSimilarity(reduction=None)(x, x))
    assert (cosines >= -1).all()
    np.testing.assert_allclose(cosines, -1.0, rtol=1e-6)
    pairs = numbers(lk.CosineEmbedding(reduction=None)(np.ones(4000), np.stack([x, 3 * x], 1)))
    assert (pairs >= 0).all()
    np.testing.assert_allclose(pairs, 0.0, atol=1e-12)


def gradient(loss, y, p):
    """By the predictions, on any backend."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.jit(jax.grad(lambda p: loss(y, p)))(p))
    if keras.backend.backend() == "torch":
        import torch

        p = torch.tensor(p, requires_grad=True)
        loss(y, p).backward()
        return p.grad.numpy()
    import tensorflow as tf

    p = tf.Variable(p)
    with tf.GradientTape() as tape:
        value = loss(y, p)
    return tape.gradient(value, p).numpy()


@pytest.mark.parametrize(
    ("loss", "y", "p", "expected"),
    [
        (lk.Poisson(log_input=True), [1.0, 1.0], [1e-8, -1e-4], [1e-8, -9.9995e-5]),
        (lk.GeneralizedLogKLDivergence(), [1.0, 1.0], [1e-8, -1e-4], [1e-8, -9.9995e-5]),
        (
            lk.CategoricalCrossentropy(from_logits=True),
            *([0.5, 0.25, 0.125, 0.125], [20.0, 20.0, 0.0, 0.0]),
            [-1.0305768e-9, 0.25, -0.125, -0.125],
        ),
        (lk.BinaryFocalCrossentropy(from_logits=True, gamma=0.5), [0.5], [1e-8], [1.767767e-9]),
        (lk.CosineSimilarity(), [1.0, 0.0, 0.0], [1.0, 1e-10, 0.0], [-1e-20, 1e-10, 0.0]),
        (
            lk.get("poly1_crossentropy", epsilon=-1.0),
            *([1.0, 0.0, 0.0], [0.99999, 5e-6, 5e-6]),
            [-1.00001e-10, 1e-5, 1e-5],
        ),
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_nearly_met_keeps_its_digits(loss, y, p, expected):
    per = len(p) if not loss.card.slots[1].axes else 1
    got = gradient(loss, np.array([y], "float32"), np.array([p], "float32"))
    np.testing.assert_allclose(got[0] * per, expected, rtol=2e-5)


def test_an_error_beyond_the_dtype_whose_share_is_a_number():
    y, p = np.array([[3e38]], "float32"), np.array([[-3e38]], "float32")
    assert float(numbers(lk.MeanAbsolutePercentageError()(y, p))) == 200
    assert losskit.MeanAbsolutePercentageError()(y, p) == 200
