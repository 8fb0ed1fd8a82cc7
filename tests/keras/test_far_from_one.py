"""Vectors and rows far from 1, eagerly and compiled: XLA and TensorFlow read subnormals as 0."""

import far
import numpy as np
from gradients import compiled, gradient, numpy, second_derivatives, tensor

import losskit.keras as lk

TINY, LARGE = np.finfo("f4").tiny, np.finfo("f4").max
Y = np.broadcast_to(far.Y, far.VECTORS.shape).copy()


def test_cosines():
    want, slope = far.cosine(Y, far.VECTORS)
    loss = lk.CosineSimilarity(reduction="none")
    normal = (np.abs(slope) > TINY) & (np.abs(slope) < LARGE)
    np.testing.assert_allclose(numpy(loss(Y, far.VECTORS)), want, rtol=2e-6)
    got = numpy(compiled(loss.__call__)(tensor(Y), tensor(far.VECTORS)))
    np.testing.assert_allclose(got, want, rtol=2e-6)
    by_p = gradient(lambda p: lk.CosineSimilarity(reduction="sum")(tensor(Y), p), far.VECTORS)
    np.testing.assert_allclose(by_p[normal], slope[normal], rtol=1e-5)
    by_y = gradient(lambda y: lk.CosineSimilarity(reduction="sum")(y, tensor(Y)), far.VECTORS)
    np.testing.assert_allclose(by_y[normal], slope[normal], rtol=1e-5)


def test_pairs():
    cosine, slope = far.cosine(Y, far.VECTORS)
    loss, ones = lk.CosineEmbedding(reduction="none"), np.ones(len(Y), "f4")
    pairs = np.stack([Y, far.VECTORS], 1)
    np.testing.assert_allclose(numpy(loss(ones, pairs)), 1.0 + cosine, rtol=2e-6)
    got = numpy(compiled(loss.__call__)(tensor(ones), tensor(pairs)))
    np.testing.assert_allclose(got, 1.0 + cosine, rtol=2e-6)
    by_p = gradient(lambda p: lk.CosineEmbedding(reduction="sum")(tensor(ones), p), pairs)
    normal = (np.abs(slope) > TINY) & (np.abs(slope) < LARGE)
    np.testing.assert_allclose(by_p[:, 1][normal], slope[normal], rtol=1e-5)


def test_rows_nearly_certain():
    want, labels = far.cross_entropy(far.ROWS), np.zeros(4, int)
    loss = lk.SparseCategoricalCrossentropy(reduction="none")
    np.testing.assert_allclose(numpy(loss(labels, far.ROWS)), want, rtol=1e-6)
    got = numpy(compiled(lambda p: loss(tensor(labels), p))(tensor(far.ROWS)))
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_percentages_of_the_largest_numbers():
    y, p = np.array([[3e38], [-3e38], [2.0]], "f4"), np.array([[-3e38], [3e38], [3.0]], "f4")
    loss = lk.MeanAbsolutePercentageError(reduction="none")
    np.testing.assert_allclose(numpy(loss(y, p)), [200.0, 200.0, 50.0], rtol=1e-6)


def test_small_masks():
    p = np.full((1, 4), 1e-20, "f4")
    loss = lk.SoftDice(smooth=0.0)
    assert float(loss(np.zeros_like(p), p)) == 1.0
    by_p = gradient(lambda p: loss(tensor(np.zeros((1, 4), "f4")), p), p)
    assert np.array_equal(by_p, np.zeros((1, 4)))


def test_second_derivatives_where_several_are_the_largest():
    """Of cross-entropy by equal logits: columns of diag(p) - p p', weighted; never a silent 0."""
    z, weights = np.zeros((1, 3), "f4"), np.array([1.0, -2.0, 4.0], "f4")
    for name, y in (
        ("CategoricalCrossentropy", np.eye(3, dtype="f4")[:1]),
        ("SparseCategoricalCrossentropy", np.zeros(1, int)),
    ):
        loss = getattr(lk, name)(from_logits=True)

        def scaled(x, loss=loss, y=y):
            return loss(tensor(y), x * tensor(weights))

        # d/dx_j of sum_i of w_i (p_i - y_i) is p_j w_j (w_j - sum of p w).
        want = weights * (weights - weights.mean()) / 3.0
        np.testing.assert_allclose(second_derivatives(scaled, z)[0], want, rtol=1e-5)
