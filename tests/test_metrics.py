"""Metrics: hand-made tables, weights, and what may not count as right."""

import itertools

import numpy as np
import pytest

import losskit
from losskit import metrics
from losskit.metrics import METRICS

ROWS = np.array([[0.2, 0.8, 0.0], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]])
ONE_HOT = np.eye(3)[[1, 2, 2]]


def test_tables():
    assert metrics.binary_accuracy([1, 0, 1, 1], [0.9, 0.2, 0.4, 0.8]) == 0.75
    assert metrics.binary_accuracy([1, 0], [0.5, 0.5]) == 0.5  # above the threshold, not at it
    assert metrics.binary_accuracy([1, 0], [0.3, -0.3], threshold=0.0) == 1.0
    assert metrics.sign_accuracy([-1, 1, 0], [-0.3, 2.0, 0.1]) == pytest.approx(2 / 3)
    assert metrics.distance_accuracy([1, -1, 0, 1], [0.9, 1.0, 0.5, -2.0]) == 0.75
    assert metrics.distance_accuracy([1, -1], [0.3, 0.3], threshold=0.2) == 0.5
    ways = np.array([[[1.0, 0.0], [2.0, far]] for far in (1.0, -2.0, 9.0)])
    assert metrics.cosine_accuracy([1, -1, 0], ways) == pytest.approx(1 / 3)
    assert metrics.cosine_accuracy([1, -1, 0], ways, [1, 1, 2], threshold=0.5) == 0.75
    turned = ways.transpose(1, 2, 0)  # two vectors along the first axis, pairs the last
    assert metrics.cosine_accuracy([1, -1, 0], turned, axis=0) == pytest.approx(1 / 3)
    pairs = np.array([[1.5, 0.25], [0.0, 4.0], [3.0, 0.9]])
    assert metrics.coverage([1.0, 2.0, 2.0], pairs) == pytest.approx(2 / 3)
    assert metrics.coverage([1.0, 2.0, 2.0], pairs.T, [1, 1, 2], axis=0) == 0.5
    triplets = np.array([[[0.0, 0.0], [3.0, 4.0], [0.0, far]] for far in (6.0, 5.0, 4.0)])
    assert metrics.triplet_accuracy(None, triplets) == pytest.approx(1 / 3)
    vectors = np.array([[1.0, 0.0], [9.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert metrics.nearest_accuracy([[0, 0, 1, 1], [0, 1, 0, 1]], [vectors] * 2) == 0.25
    assert metrics.nearest_accuracy([0, 0, 1, 2], vectors) == 1  # two have a partner
    assert metrics.nearest_accuracy([0, 0, 1, 1], np.ones((4, 2))) == 0  # told apart by nothing
    pairs = [np.stack([vectors, other], 1) for other in (vectors, vectors[::-1])]
    assert metrics.retrieval_accuracy(None, pairs, [1, 2]) == 0.25
    turned = triplets.transpose(1, 2, 0)  # three vectors along the first axis, triplets the last
    assert metrics.triplet_accuracy(None, turned, [2, 1, 1], axis=0) == 0.5
    seen = np.array([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0], [3.0, 1.0]])
    assert metrics.concordance(seen, [0.5, 0.9, 0.5, 0.1]) == 0.5  # right, half, wrong
    assert metrics.concordance(seen.T, [0.5, 0.9, 0.3, 0.1], axis=-1) == pytest.approx(2 / 3)
    assert metrics.concordance(seen * [1, 0], [0.5, 0.9, 0.5, 0.1]) == 0.5
    assert metrics.categorical_accuracy(ONE_HOT, ROWS) == pytest.approx(2 / 3)
    assert metrics.sparse_categorical_accuracy([1, 2, 2], ROWS) == pytest.approx(2 / 3)
    assert metrics.top_k_categorical_accuracy(ONE_HOT, ROWS, k=1) == pytest.approx(2 / 3)
    assert metrics.top_k_categorical_accuracy(ONE_HOT, ROWS, k=2) == 1.0  # 2 ties with 1
    assert metrics.sparse_top_k_categorical_accuracy([2, 2, 0], ROWS, k=2) == pytest.approx(1 / 3)
    assert metrics.sparse_top_k_categorical_accuracy([2, 2, 0], ROWS, k=99) == 1.0
    assert metrics.root_mean_squared_error([0.0, 0.0], [3.0, 4.0]) == pytest.approx(12.5**0.5)
    assert metrics.mean_absolute_error([0.0, 0.0], [3.0, -4.0]) == 3.5
    assert metrics.mean_absolute_percentage_error([4.0, -2.0], [5.0, -1.0]) == 37.5
    assert metrics.cosine_similarity([[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]]) == 0.5


def test_weights_divide_by_their_sum():
    assert metrics.binary_accuracy([1, 1], [0.9, 0.1], [3.0, 1.0]) == 0.75
    assert metrics.categorical_accuracy(ONE_HOT, ROWS, [1.0, 8.0, 1.0]) == 0.2
    assert metrics.root_mean_squared_error([0.0, 0.0], [3.0, 9.0], [1.0, 0.0]) == 3.0
    assert metrics.binary_accuracy([[1, 0], [1, 1]], [[0.9, 0.9], [0.9, 0.9]], [1.0, 3.0]) == 0.875
    assert metrics.binary_accuracy([1, 1], [0.9, 0.1], [0.0, 0.0]) == 0.0


def test_axis():
    for axis in (0, -2):
        assert metrics.categorical_accuracy(ONE_HOT.T, ROWS.T, axis=axis) == pytest.approx(2 / 3)
        got = metrics.sparse_categorical_accuracy([1, 2, 2], ROWS.T, axis=axis)
        assert got == pytest.approx(2 / 3)
        got = metrics.sparse_top_k_categorical_accuracy([1, 2, 2], ROWS.T, k=1, axis=axis)
        assert got == pytest.approx(2 / 3)


def test_a_nan_prediction_is_never_right():
    nan = np.nan
    assert metrics.binary_accuracy([0, 1], [nan, nan]) == 0
    assert metrics.sign_accuracy([-1, 1], [nan, nan]) == 0
    assert metrics.distance_accuracy([-1, 1], [nan, nan]) == 0
    assert metrics.cosine_accuracy([-1, 1], [[[nan, 1.0], [1.0, 0.0]]] * 2) == 0
    assert metrics.coverage([0.0, 0.0], [[nan, 1.0], [0.0, nan]]) == 0
    assert metrics.triplet_accuracy(None, [[[0.0], [1.0], [nan]], [[0.0], [nan], [1.0]]]) == 0
    rows = np.array([[nan, 0.5], [0.5, nan]])
    assert metrics.categorical_accuracy([[1, 0], [0, 1]], rows) == 0
    assert metrics.sparse_categorical_accuracy([0, 1], rows) == 0
    assert metrics.sparse_top_k_categorical_accuracy([0, 1], rows, k=2) == 0


def test_nothing_to_measure():
    assert metrics.binary_accuracy([], []) == 0.0
    assert metrics.sparse_categorical_accuracy(np.zeros(0, int), np.zeros((0, 3))) == 0.0


def test_bad_input():
    wrong = [
        (lambda: metrics.binary_accuracy([0], [0.1, 0.2]), ["same shape", "(1,)", "(2,)"]),
        (lambda: metrics.binary_accuracy([0, 1], [0.1, 0.2], [1, -1]), ["sample_weight", "-1"]),
        (lambda: metrics.binary_accuracy([0, 1], [0.1, 0.2], [1, 2, 3]), ["sample_weight", "(3,)"]),
        (lambda: metrics.sparse_categorical_accuracy([0, 1, 3], ROWS), ["label 3", "0 to 2"]),
        (lambda: metrics.sparse_categorical_accuracy([0, 1, 0.5], ROWS), ["label 0.5"]),
        (lambda: metrics.sparse_categorical_accuracy([0, 1, np.nan], ROWS), ["label nan"]),
        (lambda: metrics.sparse_categorical_accuracy([0, 1], ROWS), ["(3,)", "(2,)"]),
        (lambda: metrics.sparse_categorical_accuracy([0, 1], [0.0, 1.0]), ["class axis"]),
        (lambda: metrics.categorical_accuracy(ROWS, ROWS, axis=5), ["axis=5"]),
        (lambda: metrics.coverage([0.0], ROWS[:1]), ["(1,)", "(1, 3)", "variance"]),
        (lambda: metrics.coverage([0.0], ROWS[:1, :2], axis=2), ["axis=2"]),
        (lambda: metrics.concordance(ROWS, ROWS), ["time and event", "axis=-1", "(3, 3)"]),
        (lambda: metrics.nearest_accuracy([0, 1], ROWS), ["for each vector", "(2,)", "(3, 3)"]),
        (lambda: metrics.retrieval_accuracy(None, ROWS), ["query and key", "axis=-2", "(3, 3)"]),
        (lambda: metrics.cosine_accuracy([0.0], ROWS[:2]), ["two vectors", "axis=-2", "(2, 3)"]),
        (lambda: metrics.triplet_accuracy([0.0], ROWS[:2]), ["anchor", "axis=-2", "(2, 3)"]),
        (lambda: metrics.sparse_top_k_categorical_accuracy([0, 1, 2], ROWS, k=0), ["k must be"]),
    ]
    for call, words in wrong:
        with pytest.raises(ValueError) as caught:
            call()
        assert all(word in str(caught.value) for word in words), str(caught.value)
    with pytest.raises(TypeError, match="k must be an integer"):
        metrics.top_k_categorical_accuracy(ONE_HOT, ROWS, k=1.5)


def test_labels_left_out_may_be_anything():
    assert metrics.sparse_categorical_accuracy([1, -1, 2], ROWS, [1, 0, 1]) == 1.0
    assert metrics.sparse_top_k_categorical_accuracy([1, 99, 2], ROWS, [1, 0, 1], k=1) == 1.0


def test_every_metric_takes_the_same_arguments():
    rng = np.random.default_rng(0)
    for name, metric in METRICS.items():
        p = rng.uniform(0.1, 0.9, (4, 6))
        y = rng.integers(0, 6, 4) if name.startswith("sparse") else np.eye(6)[rng.integers(0, 6, 4)]
        if name == "coverage":
            y, p = y[:, 0], p[:, :2]
        if name == "cosine_accuracy":
            y, p = y[:, 0], p.reshape(4, 2, 3)
        if name == "triplet_accuracy":
            y, p = None, p.reshape(4, 3, 2)
        if name == "label_error_rate":
            y, p = rng.integers(1, 3, (4, 2)), rng.random((4, 3, 6))
        if name == "retrieval_accuracy":
            y, p = None, p.reshape(4, 1, 2, 3)
        if name == "nearest_accuracy":
            y, p = y[:, :2], p.reshape(4, 2, 3)
        if name == "concordance":
            y, p = np.stack([y.T, y.T > 0], -1), p.T
        plain = metric(y, p)
        assert type(plain) is float
        assert metric(y, p, None) == plain
        assert metric(y, p, np.ones(4)) == pytest.approx(plain)
        assert metric(y, p.astype(np.float32), sample_weight=2.0) == pytest.approx(plain, rel=1e-6)


def test_a_metric_of_the_same_name_agrees_with_the_loss():
    y, p = np.array([1.0, 2.0, 4.0]), np.array([1.5, 1.0, 4.0])
    for name in set(METRICS) & set(losskit.__all__) - {"cosine_similarity"}:
        assert METRICS[name](y, p) == pytest.approx(float(losskit.get(name)(y, p)))
    rows = y[None], p[None]
    assert metrics.cosine_similarity(*rows) == pytest.approx(-losskit.cosine_similarity(*rows))


def test_label_error_rate_is_that_of_plain_edit_distances():
    def edits(a, b):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            last, row[0] = row[0], i
            for j, y in enumerate(b, 1):
                last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
        return row[-1]

    rng = np.random.default_rng(0)
    for blank in (0, 3):
        p, y = rng.normal(size=(200, 7, 4)), rng.integers(0, 4, (200, 5))
        wanted = []
        for scores, row in zip(p, y, strict=True):
            said = [k for k, _ in itertools.groupby(scores.argmax(-1)) if k != blank]
            labels = list(itertools.takewhile(blank.__ne__, row.tolist()))
            wanted.append(edits(said, labels) / max(1, len(labels)))
        got = metrics.label_error_rate(y, p, blank=blank)
        assert got == pytest.approx(np.mean(wanted))
    with pytest.raises(ValueError, match="labels along its last axis"):
        metrics.label_error_rate([1, 2], p)
