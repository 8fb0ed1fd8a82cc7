"""A subclass of a NumPy loss: what it has of its own is used, or refused, and never left out."""

import numpy as np
import pytest

import losskit
from losskit.losses.classification import CategoricalCrossentropy
from losskit.losses.regression import MeanAbsoluteError

Y, P, W = np.array([1.0, 0.0, 2.0]), np.array([3.0, 1.0, -1.0]), np.array([1.0, 2.0, 0.5])


class Items(losskit.MeanAbsoluteError):
    def elementwise(self, *args, **kwargs):
        return 2.0 * super().elementwise(*args, **kwargs)


class Parts(losskit.MeanSquaredError):
    def parts(self, *args, **kwargs):
        total, count = super().parts(*args, **kwargs)
        return 3.0 * total, count


class Combined(losskit.MeanSquaredError):
    def combine(self, sum, count):
        return np.sqrt(super().combine(sum, count))


class Called(losskit.Huber):
    def __call__(self, *args, **kwargs):
        return 2.0 * super().__call__(*args, **kwargs)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("weights", [None, W])
def test_what_it_has_of_its_own_is_used(dtype, weights):
    y, p = Y.astype(dtype), P.astype(dtype)
    for own, base, change in (
        (Items, losskit.MeanAbsoluteError, lambda x: 2.0 * x),
        (Parts, losskit.MeanSquaredError, lambda x: 3.0 * x),
        (Combined, losskit.MeanSquaredError, np.sqrt),
        (Called, losskit.Huber, lambda x: 2.0 * x),
    ):
        got = own()(y, p, weights)
        assert got == pytest.approx(change(base()(y, p, weights)), rel=1e-6), own
        assert got.dtype == dtype
    masked = Items()(y, p, weights, mask=np.array([True, False, True]))
    want = losskit.MeanAbsoluteError()(y, p, weights, mask=np.array([True, False, True]))
    assert masked == pytest.approx(2.0 * want, rel=1e-6)
    none = Items(reduction="none")(y, p, weights)
    np.testing.assert_allclose(none, 2.0 * losskit.MeanAbsoluteError().elementwise(y, p, weights))


@pytest.mark.parametrize("own", [Items, Parts, Combined, Called])
@pytest.mark.parametrize("method", ["gradient", "value_and_gradient", "curvature"])
def test_a_derivative_that_knows_nothing_of_it_is_refused(own, method):
    with pytest.raises(TypeError, match=rf"{own.__name__} has .* of its own.*{method}"):
        getattr(own(), method)(Y, P)

    # With one of its own, which may well call its parent's, it is none of losskit's business.
    def inherited(self, *args):
        return getattr(losskit.Loss, method)(self, *args)

    getattr(type("Whole", (own,), {method: inherited})(), method)(Y, P)


def test_a_card_of_its_own():
    class Card(MeanAbsoluteError):
        def value(self, m, y, p):
            return 3.0 * super().value(m, y, p)

        def slope(self, m, y, p):
            return 3.0 * super().slope(m, y, p)

    class Softmax(CategoricalCrossentropy):
        def value(self, m, y, p):
            return 3.0 * super().value(m, y, p)

    class Own(losskit.MeanAbsoluteError):
        _card = Card

    class OwnSoftmax(losskit.CategoricalCrossentropy):
        _card = Softmax

    y, p = Y.astype("f4"), P.astype("f4")
    value, slope = Own().value_and_gradient(y, p)
    assert value == pytest.approx(3.0 * losskit.MeanAbsoluteError()(y, p), rel=1e-6)
    np.testing.assert_allclose(slope, np.sign(p - y), rtol=1e-6)
    # No kernel of the parent's computes it.
    one_hot, z = np.eye(3, dtype="f4"), np.array([[1.0, 2.0, 0.0]] * 3, "f4")
    plain = losskit.CategoricalCrossentropy(from_logits=True)
    assert OwnSoftmax(from_logits=True)(one_hot, z) == pytest.approx(3 * plain(one_hot, z))
    parts = OwnSoftmax(from_logits=True).parts(one_hot, z)
    assert parts == pytest.approx((3 * plain.parts(one_hot, z)[0], 3.0))
