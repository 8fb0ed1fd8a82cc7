"""Through a model: the gradient with respect to the logits never dies."""

import keras
import numpy as np
import pytest
from gradients import BACKEND

import losskit.keras

GAPS = [10.0, 20.0, 50.0, 80.0, 100.0, 200.0]
POLICIES = ["float32", "mixed_bfloat16", "mixed_float16"]


def logit_gradients(activation, loss, logits, labels, policy="float32", **compile_options):
    """The gradient with respect to each row of logits, as one step of SGD applies it."""
    keras.mixed_precision.set_global_policy(policy)
    logits = np.array(logits)
    n = len(logits)
    dense = keras.layers.Dense(logits.shape[1], activation=activation, use_bias=False)
    model = keras.Sequential([keras.Input((n,)), dense])
    model.compile(keras.optimizers.SGD(float(n)), loss=loss, **compile_options)
    dense.set_weights([logits])  # a row of them for each sample
    value = model.train_on_batch(np.eye(n, dtype="float32"), np.array(labels))
    # In a few steps the loss scale of float16 may settle; none is needed here.
    return logits - dense.get_weights()[0], float(np.ravel(value)[0])


def reach(activation, policy):
    """How far behind a true class may be on this backend."""
    if BACKEND != "jax" or activation is losskit.keras.softmax:
        return 200.0
    # Keras cannot keep the logits beside JAX's arrays, so a probability must still be a number.
    # In float16 it is none from a gap of 17, and 1 / p overflows from 11.
    return {"float32": 80.0, "mixed_bfloat16": 80.0, "mixed_float16": 0.0}[policy]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("activation", ["softmax", losskit.keras.softmax], ids=["stock", "losskit"])
@pytest.mark.parametrize("kind", ["sparse", "one-hot"])
def test_true_class_behind(activation, policy, kind):
    gaps = [gap for gap in GAPS if gap <= reach(activation, policy)]
    if not gaps:
        pytest.skip("the probability is no number any more")
    labels = [0] * len(gaps) if kind == "sparse" else [[1.0, 0.0, 0.0]] * len(gaps)
    loss = {
        "sparse": losskit.keras.SparseCategoricalCrossentropy,
        "one-hot": losskit.keras.CategoricalCrossentropy,
    }[kind]()
    got, value = logit_gradients(
        activation, loss, [[0.0, gap, 0.0] for gap in gaps], labels, policy
    )
    np.testing.assert_allclose(got[:, :2], [[-1.0, 1.0]] * len(gaps), rtol=0.01)
    assert value == pytest.approx(np.mean(gaps), rel=0.01)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("activation", ["sigmoid", losskit.keras.sigmoid], ids=["stock", "losskit"])
def test_binary_mistake(activation, policy):
    if BACKEND == "jax" and activation == "sigmoid":
        pytest.skip("sigmoid rounds to 1, and JAX's arrays keep no logits: use losskit's")
    logits = np.array([[10.0], [50.0], [200.0], [-10.0], [-50.0], [-200.0]])
    loss = losskit.keras.BinaryCrossentropy()
    got, value = logit_gradients(activation, loss, logits, 1.0 * (logits < 0), policy)
    np.testing.assert_allclose(got, np.sign(logits), rtol=0.01)
    assert value == pytest.approx(np.mean(np.abs(logits)), rel=0.01)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
def test_activations_alone_keep_the_gradient(kind):
    """The floor does it, also where the logits are lost on the way (a Reshape between)."""
    logits = np.array([[0.0, gap, 0.0] if kind == "softmax" else [gap] for gap in GAPS])
    loss, labels, want = {
        "softmax": (losskit.keras.SparseCategoricalCrossentropy(), np.zeros(6), [-1.0, 1.0]),
        "sigmoid": (losskit.keras.BinaryCrossentropy(), np.zeros((6, 1)), [1.0]),
    }[kind]
    dense = keras.layers.Dense(
        logits.shape[1], activation=getattr(losskit.keras, kind), use_bias=False
    )
    apart = [keras.layers.Reshape((logits.shape[1], 1)), keras.layers.Reshape(logits.shape[1:])]
    model = keras.Sequential([keras.Input((6,)), dense, *apart])
    model.compile(keras.optimizers.SGD(6.0), loss)
    dense.set_weights([logits])
    model.train_on_batch(np.eye(6, dtype="float32"), labels)
    got = logits - dense.get_weights()[0]
    np.testing.assert_allclose(got[:, :2], [want] * 6, rtol=0.01)


def test_jit_compile_and_eager_agree():
    results = {}
    for options in ({}, {"run_eagerly": True}, {"jit_compile": BACKEND != "torch"}):
        loss = losskit.keras.SparseCategoricalCrossentropy()
        got = logit_gradients("softmax", loss, [[0.0, 30.0, 0.0]], [0], **options)[0][0]
        results[str(options)] = got
    for got in results.values():
        np.testing.assert_allclose(got[:2], [-1.0, 1.0], rtol=1e-5)


def test_float16_stock_softmax_recovers_by_loss_scaling():
    """Gradients that overflow float16 make Keras lower its loss scale; they never stay NaN."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    dense = keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(0.5), losskit.keras.SparseCategoricalCrossentropy())
    dense.set_weights([np.zeros((1, 3)), np.array([0.0, 9.0, 0.0])])
    values = [
        float(model.train_on_batch(np.zeros((2, 1), "float32"), np.zeros(2, "int32")))
        for _ in range(60)
    ]
    assert np.isfinite(values).all()
    assert values[-1] < 1.0 < 8.0 < values[0]


def test_fits_where_the_stock_loss_dies():
    """Unscaled inputs throw the logits far apart in the first steps; it must still learn."""
    activation = losskit.keras.softmax if BACKEND == "jax" else "softmax"
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 64)) * 255
    y = rng.integers(0, 10, 2000)
    x = (centres[y] + rng.normal(size=(2000, 64)) * 60).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation=activation),
        ]
    )
    model.compile("adam", losskit.keras.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    history = model.fit(x, y, epochs=5, batch_size=64, verbose=0, validation_split=0.2)
    assert history.history["val_accuracy"][-1] > 0.95
