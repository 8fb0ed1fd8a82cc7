"""Losses of several predictions, on the backend that runs: in one tensor, and each by itself."""

import functools

import grid
import keras
import laws
import numpy as np
import pytest
from gradients import BACKEND, items_and_slope, numpy, tensor
from test_truth import laid

import losskit
import losskit.keras as lk
from losskit.core.packing import Packed, predictions

LONG_ON_TENSORFLOW = pytest.mark.exhaustive if BACKEND == "tensorflow" else lambda test: test
SEVERAL = [
    card for card in grid.settings() if isinstance(card, Packed) and len(predictions(card.card)) > 1
]


@pytest.mark.parametrize("card", SEVERAL, ids=repr)
def test_apart(card):
    y, p = grid.inputs(card, np.float32, "ordinary")
    loss = getattr(lk, type(card).__name__)(**card.parameters(), reduction="sum")
    names = [slot.name for slot in card.card.slots if slot.predicted]

    def apart(kind):
        def call(y, p):
            return loss(y, kind(keras.ops.unstack(p, len(names), card.axis)))

        return call

    for kind in (tuple, list, lambda parts: dict(zip(names, parts, strict=True))):
        value, slope = items_and_slope(apart(kind), laid(card, y), laid(card, p), np.float32(1.0))
        laws.hold_total(card, value, y, p)
        laws.hold(card, "slope", slope.reshape(p.shape), y, p)


def test_what_else_is_no_such_tuple():
    y, p = tensor(np.zeros(4, "float32")), tensor(np.ones(4, "float32"))
    for given in ((p, p, p), {"prediction": p, "scale": p}):
        with pytest.raises(TypeError, match="It takes prediction, variance"):
            lk.GaussianNLL()(y, given)


def test_samples_are_averaged_over_their_elements():
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(5, 3)), rng.uniform(0.5, 1.5, (5, 3, 2))
    got = numpy(lk.gaussian_nll(tensor(y.astype("f4")), tensor(p.astype("f4"))))
    mean, variance = p[..., 0], p[..., 1]
    want = 0.5 * (np.log(variance) + (y - mean) ** 2 / variance)
    np.testing.assert_allclose(got, want.mean(-1), rtol=1e-5)


def test_the_parts_of_a_mean_add_up():
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(6, 3)).astype("f4"), rng.normal(size=(6, 3)).astype("f4")
    w = rng.uniform(0.5, 2.0, 6).astype("f4")
    labels = rng.integers(0, 3, 6)
    for loss, target, count in (
        (lk.Huber(), y, 18),
        (lk.SparseCategoricalCrossentropy(from_logits=True), labels, 6),
        (lk.CosineSimilarity(), y, 6),
    ):
        for weight in (None, w):
            parts = [
                loss(
                    target[i],
                    tensor(p[i]),
                    weight if weight is None else weight[i],
                    num_items=count,
                )
                for i in (slice(2), slice(2, None))
            ]
            want = float(numpy(loss(target, tensor(p), weight)))
            assert float(numpy(sum(parts))) == pytest.approx(want, rel=1e-5)
    with pytest.raises(ValueError, match="num_items goes with a mean"):
        lk.Huber(reduction="sum")(y, tensor(p), num_items=6)
    with pytest.raises(ValueError, match="num_items must be a number >= 0"):
        lk.Huber()(y, tensor(p), num_items=-1)


@pytest.mark.parametrize(
    "card", [c for c in grid.settings(grid.FAMILIES) if grid.is_usual(c)], ids=repr
)
def test_parts_merge_to_the_whole(card):
    y, p = grid.inputs(card, np.float32, "ordinary")
    loss = getattr(lk, type(card).__name__)(**card.parameters())
    w = np.random.default_rng(0).uniform(0.5, 2.0, len(p)).astype("f4")
    chunks = [slice(0, 1), slice(1, 8), slice(8, len(p))]
    parts = [loss.parts(laid(card, y[c]), laid(card, p[c]), w[c]) for c in chunks]
    want = float(numpy(loss(laid(card, y), laid(card, p), w)))
    got = loss.combine(*functools.reduce(loss.merge, parts))
    assert float(numpy(got)) == pytest.approx(want, rel=2e-5)


# TensorFlow compiles running sums over a length that is open for half a minute.
@LONG_ON_TENSORFLOW
def test_a_network_of_one_output_learns_times_of_any_batch():
    rng = np.random.default_rng(0)
    x, event = rng.normal(size=(50, 3)).astype("float32"), rng.random(50) < 0.7
    y = np.stack([np.exp(-x[:, 0]), event], -1).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("adam", loss=lk.CoxPartialLikelihood())
    before = model.evaluate(x, y, batch_size=50, verbose=0)
    assert before == pytest.approx(losskit.cox_partial_likelihood(*y.T, np.zeros(50)), rel=1e-5)
    model.fit(x, y, batch_size=16, epochs=3, verbose=0)  # and a last batch of two
    assert model.evaluate(x, y, batch_size=50, verbose=0) < before


def test_a_loss_without_a_target_reads_none():
    vectors = np.random.default_rng(0).normal(size=(5, 3, 4)).astype("float32")
    want = losskit.triplet_margin(*vectors.swapaxes(0, 1))
    for y in (np.zeros(5), np.full((5, 1), np.nan, "float32"), np.zeros((5, 3, 4)), None):
        assert float(lk.TripletMargin()(y, tensor(vectors))) == pytest.approx(want, rel=1e-6)
    with pytest.raises(ValueError, match=r"3 predictions along axis=-2 .*anchor, positive"):
        lk.TripletMargin()(np.zeros(5), tensor(vectors[:, :2]))
