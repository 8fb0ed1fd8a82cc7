"""Weights of rows, laid over their elements without being written down: as those that are."""

import ml_dtypes
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import cards
from losskit.core.families import Pointwise

pytestmark = pytest.mark.skipif(not native.available(), reason="there are no kernels")
POINTWISE = [card() for card in cards() if issubclass(card, Pointwise) and len(card().slots) == 2]
RNG = np.random.default_rng(0)


def drawn(card, shape, dtype):
    """Targets and predictions inside their domains."""
    found = []
    for slot in card.slots:
        domain, x = slot.domain, RNG.normal(size=shape)
        if domain.values:
            x = RNG.choice(domain.values, shape)
        elif domain.high == 1.0:
            x = 1.0 / (1.0 + np.exp(-x))
        elif domain.high == 0.0:
            x = -np.abs(x)
        elif 0.0 <= domain.low < 1e-30:
            x = np.abs(x) + 0.1
        found.append(x.astype(dtype))
    return found


def close(got, want, eps):
    np.testing.assert_allclose(
        np.asarray(got, np.float64), np.asarray(want, np.float64), 8 * eps, np.finfo("f4").tiny
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("card", POINTWISE, ids=lambda card: card.name)
def test_as_weights_of_elements(card, dtype, reduction):
    eps = float(ml_dtypes.finfo(dtype).eps)
    loss = losskit.get(card.name, reduction=reduction)
    for shape in ((5, 64), (7, 100), (3, 2, 131), (2, 3000), (3, 33)):
        y, p = drawn(card, shape, dtype)
        weight = RNG.uniform(0.5, 2.0, (*shape[:-1], 1))
        weight.flat[1] = 0.0
        p[weight[..., 0] == 0] = np.nan  # it is not read
        thin = np.broadcast_to(weight, shape)
        found = loss.value_and_gradient(y, p, sample_weight=thin)
        wanted = loss.value_and_gradient(y, p, sample_weight=thin.copy())
        for got, want in zip(found, wanted, strict=True):
            close(got, want, eps)
        assert (np.asarray(found[1], np.float64)[weight[..., 0] == 0] == 0).all()


def test_threads_change_no_bit():
    y, p = RNG.normal(size=(2, 300, 1111)).astype(np.float32)
    weight = np.broadcast_to(RNG.uniform(0.5, 2.0, (300, 1)), y.shape)
    before, found = native.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            native.set_num_threads(threads)
            found.append(losskit.Huber().value_and_gradient(y, p, sample_weight=weight))
    finally:
        native.set_num_threads(before)
    for value, slope in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(slope, found[0][1])


def test_a_weight_that_is_none_is_refused():
    y, p = RNG.normal(size=(2, 4, 200)).astype(np.float32)
    for bad in (-1.0, np.nan, np.inf):
        weight = np.ones((4, 1))
        weight[2] = bad
        with pytest.raises(ValueError, match="sample_weight"):
            losskit.Huber()(y, p, sample_weight=np.broadcast_to(weight, y.shape))
