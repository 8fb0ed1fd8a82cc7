"""What the host hands over: large labels, ragged tensors, weights of wrong shapes."""

import keras
import numpy as np
import pytest
from gradients import BACKEND, numpy, tensor, value_and_gradients

import losskit.keras as lk

ROWS = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], "f4")


@pytest.mark.parametrize("label", [2**32 + 1, 2**31, -(2**32) + 1])
def test_labels_are_looked_at_before_they_are_narrowed(label):
    for loss in (
        lk.SparseCategoricalCrossentropy(),
        lk.MultiMargin(),
        lk.sparse_categorical_crossentropy,
    ):
        for y in (np.array([0, label]), np.array([[0], [label]]), [0, label]):
            with pytest.raises(ValueError, match=f"label {label} "):
                loss(y, ROWS)
    # What does not count may be anything.
    got = lk.SparseCategoricalCrossentropy()(np.array([0, label]), ROWS, np.array([1.0, 0.0]))
    assert float(got) == pytest.approx(-np.log(0.2) / 2.0, rel=1e-6)


def test_unsigned_labels():
    with pytest.raises(ValueError, match="label 4294967297 "):
        lk.SparseCategoricalCrossentropy()(np.array([0, 2**32 + 1], np.uint64), ROWS)
    got = lk.SparseCategoricalCrossentropy()(np.array([0, 2], np.uint64), ROWS)
    assert float(got) == pytest.approx(-np.log([0.2, 0.1]).mean(), rel=1e-6)


def test_weights_are_named_as_they_were_given():
    for shape in ((5,), (2, 4), (5, 1)):
        with pytest.raises(ValueError, match="sample_weight") as error:
            lk.MeanSquaredError()(ROWS, ROWS, np.ones(shape))
        assert f"sample_weight.shape={shape}" in str(error.value)


def test_negative_weights_as_in_keras():
    for weights in ([1.0, -3.0], [1.0, -1.0], [-1.0, -2.0]):
        for reduction in ("sum_over_batch_size", "mean_with_sample_weight"):
            y, w = np.zeros_like(ROWS), np.array(weights, "f4")
            for name in ("MeanSquaredError", "BinaryCrossentropy", "CategoricalCrossentropy"):
                options = {"from_logits": True} if "entropy" in name else {}
                ours, theirs = (
                    getattr(of, name)(reduction=reduction, **options)(y, ROWS, w)
                    for of in (lk, keras.losses)
                )
                assert float(ours) == pytest.approx(float(theirs), 1e-5, 1e-7), (name, weights)


def test_masked_arrays_are_refused():
    masked = np.ma.array(ROWS, mask=ROWS < 0.25)
    with pytest.raises(TypeError, match="y_true is a masked array"):
        lk.MeanSquaredError()(masked, ROWS)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's own tensors")
def test_ragged_and_sparse_tensors_are_refused_in_a_sentence():
    import tensorflow as tf

    ragged, sparse = tf.ragged.constant([[1.0, 2.0], [3.0]]), tf.sparse.from_dense([[1.0, 0.0]])
    for loss in (lk.MeanSquaredError(), lk.mean_absolute_error, lk.BinaryCrossentropy()):
        with pytest.raises(TypeError, match=r"y_true is a tf\.RaggedTensor .*to_tensor\(\)"):
            loss(ragged, ragged)
        with pytest.raises(TypeError, match=r"y_pred is a tf\.RaggedTensor"):
            loss(ragged.to_tensor(), ragged)
        with pytest.raises(TypeError, match=r"y_true is a tf\.SparseTensor .*to_dense"):
            loss(sparse, tf.constant([[1.0, 0.0]]))


def test_a_class_ruled_out_on_both_sides_has_a_finite_gradient():
    """0 * inf: through exp and softmax the slope by the target, infinite there, meets a 0."""
    z = np.array([[0.5, 1.5, -np.inf], [1.0, -1.0, 0.25]], "f4")
    w = np.array([[1.0, 0.25, -np.inf], [0.5, 2.0, 0.0]], "f4")
    kl = lk.LogKLDivergence(reduction="sum")

    def both(p, q):
        p, q = keras.ops.log_softmax(p), keras.ops.log_softmax(q)
        return kl(keras.ops.exp(q), p) + kl(keras.ops.exp(p), q)

    # By hand, over the classes that are there: d/dz of sum p (log p - log q) + q (log q - log p).
    e = {k: np.exp(x.astype("f8")) for k, x in (("z", z), ("w", w))}
    p, q = (x / x.sum(-1, keepdims=True) for x in (e["z"], e["w"]))
    ratio = np.where(p > 0, np.log(np.where(p > 0, p, 1.0)) - np.log(np.where(q > 0, q, 1.0)), 0.0)
    of_z = p * (ratio - (p * ratio).sum(-1, keepdims=True)) + (p - q)
    of_w = q * (-ratio + (q * ratio).sum(-1, keepdims=True)) + (q - p)
    # Keras means over the last axis before it sums.
    value, (by_z, by_w) = value_and_gradients(both, z, w)
    assert value == pytest.approx(((p - q) * ratio).sum() / 3.0, rel=1e-5)
    np.testing.assert_allclose(by_z, of_z / 3.0, rtol=1e-5)
    np.testing.assert_allclose(by_w, of_w / 3.0, rtol=1e-5)

    cce = lk.CategoricalCrossentropy(from_logits=True, reduction="sum")
    _, (by_target, by_logits) = value_and_gradients(lambda w, z: cce(keras.ops.softmax(w), z), w, z)
    log_p = np.log(np.where(p > 0, p, 1.0))
    np.testing.assert_allclose(
        by_target, -q * (log_p - (q * log_p).sum(-1, keepdims=True)), rtol=1e-5
    )
    np.testing.assert_allclose(by_logits, p - q, rtol=1e-5, atol=1e-7)


def test_whole_numbers():
    assert float(lk.MeanSquaredError()([1, 2, 3], [1, 2, 4])) == pytest.approx(1.0 / 3.0, rel=1e-6)
    assert float(lk.mean_absolute_error([1, 2, 3], [1, 2, 4])) == pytest.approx(1.0 / 3.0, rel=1e-6)
    got = lk.Poisson(reduction="none")(tensor(np.array([[2], [1]])), np.array([[3], [1]]))
    np.testing.assert_allclose(numpy(got), [3.0 - 2.0 * np.log(3.0), 1.0], rtol=1e-6)


def test_any_byte_of_a_truth_value_but_0_is_true():
    """NumPy reads a file of them as it is; a backend would count 255 as 255, or look at one bit."""
    raw = np.frombuffer(b"\x00\x02\x01\xff\x00\x80" * 3, bool)
    true = raw.view(np.uint8) != 0
    p = np.linspace(0.1, 0.9, len(raw), dtype=np.float32)
    calls = [
        lambda t: lk.MeanSquaredError()(t, p),
        lambda t: lk.MeanSquaredError()(p * p, p, t),
        lambda t: lk.BinaryCrossentropy()(t, p),
        lambda t: lk.SparseCategoricalCrossentropy()(t, np.stack([p, 1 - p], 1)),
    ]
    for call in calls:
        assert float(call(raw)) == float(call(true)) != float(call(~true))
