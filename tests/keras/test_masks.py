"""Losses of whole masks: one mask a sample by default, several axes where they are named."""

import json

import keras
import numpy as np
import pytest

import losskit
import losskit.keras as lk

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "axis"), [((2, 5, 4, 1), None), ((3, 1, 4, 4), None), ((2, 4, 4, 3), (1, 2))], ids=str
)
def test_as_in_numpy(shape, axis):
    y = (RNG.uniform(size=shape) < 0.3).astype("float32")
    p = RNG.uniform(0.05, 0.95, shape).astype("float32")
    want = losskit.SoftDice(axis=axis, reduction="none")(y, p)
    assert want.shape == (shape[0],) if axis is None else (shape[0], shape[3])
    loss = lk.SoftDice(axis=axis, reduction=None)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loss(y, p)), want, rtol=1e-5)
    weights = np.arange(1.0, 1.0 + shape[0], dtype="float32")
    got = float(lk.SoftDice(axis=axis, reduction="sum")(y, p, weights))
    laid = weights.reshape(-1, *([1] * (want.ndim - 1)))
    assert got == pytest.approx((want * laid).sum(), rel=1e-5)
    again = lk.SoftDice.from_config(json.loads(json.dumps(loss.get_config())))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again(y, p)), want, rtol=1e-5)


def test_trains():
    y = np.zeros((8, 6, 6, 1), "float32")
    y[:, 2:4, 2:5] = 1.0
    x = y + RNG.normal(0.0, 0.1, y.shape).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(1, 1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.3), loss=lk.SoftDice())
    history = model.fit(x, y, batch_size=8, epochs=40, verbose=0).history["loss"]
    whole = losskit.soft_dice(y, np.asarray(model.predict(x, verbose=0)))
    assert history[-1] < 0.5 * history[0]
    assert whole == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-4)
