"""A subclass's own methods are called: a `call` as Keras calls it, a card of its own likewise."""

import keras
import numpy as np
import pytest
from gradients import gradient, numpy, tensor

import losskit.keras as lk

Y = np.array([[1.0, 0.0], [2.0, 3.0], [0.5, 0.5]], "f4")
P = np.array([[2.0, 3.0], [0.0, 0.0], [1.0, 0.0]], "f4")
W = np.array([1.0, 3.0, 0.5], "f4")


def doubled(base):
    class Doubled(base):
        def call(self, y_true, y_pred):
            return 2.0 * super().call(y_true, y_pred)

    return Doubled


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "none", "mean_with_sample_weight"]
)
@pytest.mark.parametrize("weights", [None, W, W[:, None]], ids=["no", "(3,)", "(3, 1)"])
def test_call_is_called_and_reduced_as_in_keras(reduction, weights):
    for name in ("MeanAbsoluteError", "MeanSquaredError", "LogCosh"):
        ours = doubled(getattr(lk, name))(reduction=reduction)(Y, P, weights)
        theirs = doubled(getattr(keras.losses, name))(reduction=reduction)(Y, P, weights)
        np.testing.assert_allclose(numpy(ours), numpy(theirs), rtol=1e-6)
        plain = getattr(lk, name)(reduction=reduction)(Y, P, weights)
        np.testing.assert_allclose(numpy(ours).squeeze(), 2.0 * numpy(plain), rtol=1e-6)


def test_its_gradient():
    loss = doubled(lk.MeanSquaredError)()
    got = gradient(lambda p: loss(tensor(Y), p, tensor(W)), P)
    np.testing.assert_allclose(got, 2.0 * (P - Y) * W[:, None] / 3.0, rtol=1e-6)


def test_masks():
    mask = np.array([True, False, True])

    def masked(loss):
        p = keras.ops.convert_to_tensor(P)
        keras.src.backend.common.masking.set_keras_mask(p, tensor(mask))
        return float(loss(Y, p, W))

    ours, theirs = doubled(lk.MeanAbsoluteError)(), doubled(keras.losses.MeanAbsoluteError)()
    assert masked(ours) == pytest.approx(masked(theirs), rel=1e-6)
    assert masked(ours) == pytest.approx(2.0 * (2.0 * 1.0 + 0.5 * 0.5) / 2.0, rel=1e-6)


def test_labels_stay_whole_and_ignored_ones_are_left_out():
    seen = []

    class Own(lk.SparseCategoricalCrossentropy):
        def call(self, y_true, y_pred):
            seen.append(np.asarray(y_true).tolist())
            return super().call(y_true, y_pred)

    p = np.array([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]], "f4")
    y = np.array([1, 255, 0])
    got = Own(ignore_class=255)(y, p)
    assert float(got) == pytest.approx((-np.log(0.75) - np.log(0.9)) / 2.0, rel=1e-6)
    assert seen == [[1, 255, 0]]


def test_in_fit_and_evaluate():
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, use_bias=False, kernel_initializer="identity")]
    )
    for name, call in (("MeanAbsoluteError", doubled), ("MeanSquaredError", doubled)):
        found = []
        for library in (lk, keras.losses):
            model.set_weights([np.eye(2)])
            model.compile(keras.optimizers.SGD(0.1), loss=call(getattr(library, name))())
            found.append(model.evaluate(P, Y, sample_weight=W, verbose=0))
            found.append(model.fit(P, Y, sample_weight=W, verbose=0).history["loss"][0])
            found.append(model.get_weights()[0])
        for ours, theirs in zip(found[:3], found[3:], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_call_of_its_own_sees_tensors_of_one_type():
    class Own(lk.MeanSquaredError):
        def call(self, y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) * (y_true - y_pred), axis=-1)

    y = np.array([[1, 0], [2, 3], [0, 1]])  # integers, against float16
    want = float(np.mean((y - P) ** 2))
    assert float(Own()(y, P.astype("f2"))) == pytest.approx(want, rel=1e-6)


def test_a_card_of_its_own():
    class Card(lk.MeanAbsoluteError._card):
        def value(self, m, y, p):
            return 3.0 * super().value(m, y, p)

        def slope(self, m, y, p):
            return 3.0 * super().slope(m, y, p)

    class Softmax(lk.CategoricalCrossentropy._card):
        def value(self, m, y, p):
            return 3.0 * super().value(m, y, p)

    class Own(lk.MeanAbsoluteError):
        _card = Card

    class OwnSoftmax(lk.CategoricalCrossentropy):
        _card = Softmax

    assert float(Own()(Y, P)) == pytest.approx(3.0 * float(lk.MeanAbsoluteError()(Y, P)), rel=1e-6)
    got = gradient(lambda p: Own()(tensor(Y), p), P)
    np.testing.assert_allclose(got, 3.0 * np.sign(P - Y) / 6.0, rtol=1e-6)
    one_hot, z = np.eye(2, dtype="f4"), np.array([[1.0, 2.0], [0.5, -1.0]], "f4")
    want = 3.0 * float(lk.CategoricalCrossentropy(from_logits=True)(one_hot, z))
    assert float(OwnSoftmax(from_logits=True)(one_hot, z)) == pytest.approx(want, rel=1e-6)


def test_logits_are_kept_for_its_call():
    """The gradient by logits a gap of 200 apart is p - y: not lost on the way to `call`."""
    loss = doubled(lk.SparseCategoricalCrossentropy)()
    z = np.array([[0.0, 200.0]], "f4")
    got = gradient(lambda z: loss(np.array([0]), lk.softmax(z)), z)
    np.testing.assert_allclose(got, [[-2.0, 2.0]], rtol=1e-6)
