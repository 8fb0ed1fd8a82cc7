"""Every card against mpmath, over ordinary and extreme inputs, in every dtype.

`python tests/test_extremes.py` prints the worst error of each card, in units in the last place.
"""

import contextlib

import grid
import laws
import ml_dtypes
import numpy as np
import pytest
import truth

import losskit
from losskit.core.definition import CARDS

pytestmark = pytest.mark.usefixtures("engine")
CARD_SETTINGS = list(grid.settings())
DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


def _dtype_id(dtype):
    return np.dtype(dtype).name


# Another axis computes the same numbers (law_axis), and mpmath is slow: float32 alone tries it.
EVERY = [
    pytest.param(
        card,
        dtype,
        id=f"{card!r}-{_dtype_id(dtype)}",
        # Each card in every dtype; its other parameters in float32 and float64.
        marks=() if np.dtype(dtype).itemsize > 2 or grid.is_usual(card) else pytest.mark.exhaustive,
    )
    for card in CARD_SETTINGS
    for dtype in DTYPES
    if dtype == np.float32 or card.parameters().get("axis", -1) == -1
]


@pytest.mark.parametrize(("card", "dtype"), EVERY)
def test_exact(card, dtype):
    laws.law_exact(card, dtype)


@pytest.mark.parametrize("name", truth.CANCELLING)
def test_what_cancels_does(name, monkeypatch):
    """Without its place in the list the card fails; if it does not, it is to leave it."""
    orders = truth.CANCELLING[name]
    monkeypatch.setattr(truth, "CANCELLING", {})
    for order in orders:
        passed = 0
        tried = [(card, dtype) for card in grid.settings([name]) for dtype in DTYPES]
        for card, dtype in tried:
            with contextlib.suppress(AssertionError):
                laws.law_exact(card, dtype, (order,))
                passed += 1
        assert passed < len(tried), f"{order} of {name} does not cancel: see truth.CANCELLING"


# --- particular places where others fail --------------------------------------------------------


@pytest.mark.parametrize("gap", [10, 20, 50, 80, 100, 200, 1e4])
def test_gradient_of_a_confident_mistake_is_minus_one(gap):
    logits = np.array([[0.0, gap]], np.float32)
    for gradient in (
        losskit.SparseCategoricalCrossentropy(from_logits=True).gradient([0], logits),
        losskit.CategoricalCrossentropy(from_logits=True).gradient([[1, 0]], logits),
    ):
        np.testing.assert_allclose(gradient, [[-1.0, 1.0]], rtol=1e-4)


@pytest.mark.parametrize("gap", [17, 40, 80])
def test_a_nearly_certain_right_answer_keeps_its_digits(gap):
    logits = np.array([[gap, 0.0]], np.float32)
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(loss([0], logits), np.exp(-float(gap)), rtol=1e-5)
    tail = np.exp(-float(gap))
    np.testing.assert_allclose(loss.gradient([0], logits), [[-tail, tail]], rtol=1e-5)


def test_probability_zero_for_the_truth_keeps_its_gradient():
    p = np.array([[0.0, 1.0]], np.float32)
    for loss, y in (
        (losskit.SparseCategoricalCrossentropy(), [0]),
        (losskit.CategoricalCrossentropy(), [[1.0, 0.0]]),
        (losskit.KLDivergence(), [[1.0, 0.0]]),
    ):
        value, gradient = loss.value_and_gradient(y, p)
        np.testing.assert_allclose(value, 126 * np.log(2), rtol=1e-6)
        assert gradient[0, 0] == -(2.0**126)
    assert losskit.BinaryCrossentropy().gradient([1.0], np.zeros(1, np.float32)) == -(2.0**126)
    assert losskit.Poisson().gradient([1.0], np.zeros(1, np.float32)) == -(2.0**126)
    # In float16 the floor is float16's own: the gradient fits in it.
    assert losskit.BinaryCrossentropy().gradient([1.0], np.zeros(1, np.float16)) == -(2.0**14)


def test_a_ruled_out_class_makes_no_nan():
    z = np.array([[1.0, -np.inf, 2.0], [-np.inf, 0.0, -np.inf]], np.float32)
    for loss, y in (
        (losskit.SparseCategoricalCrossentropy(from_logits=True), [0, 1]),
        (losskit.CategoricalCrossentropy(from_logits=True), [[1, 0, 0], [0, 1, 0]]),
        (losskit.CategoricalHinge(), [[1, 0, 0], [0, 1, 0]]),
    ):
        for order in ("__call__", "gradient", "curvature"):
            assert np.isfinite(getattr(loss, order)(y, z)).all()
    assert losskit.SparseCategoricalCrossentropy(from_logits=True)([1], z[:1]) == np.inf


def test_root_mean_squared_error_beyond_its_squares():
    for size in (1e-200, 1e200):
        loss = losskit.RootMeanSquaredError()
        np.testing.assert_allclose(loss([0.0, 0.0], [size, size]), size, rtol=1e-15)
        np.testing.assert_allclose(loss.gradient([0.0, 0.0], [size, size]), 0.5, rtol=1e-15)
    f32 = np.array([1e30, -1e30], np.float32)
    np.testing.assert_allclose(losskit.RootMeanSquaredError()([0, 0], f32), 1e30, rtol=1e-6)


def test_an_epsilon_that_vanishes_in_float32():
    p = np.zeros(1, np.float32)
    loss = losskit.MeanAbsolutePercentageError(epsilon=1e-60)
    assert loss([0.0], p) == 0
    assert loss.gradient([0.0], p) == 0


def test_a_class_of_weight_zero_outweighs_infinity():
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True, class_weight=[0.0, 1.0])
    assert loss([0], [[-np.inf, 0.0]]) == 0
    assert np.isfinite(loss.curvature([0], [[-np.inf, 0.0]])).all()


def test_large_rows_and_large_sums():
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, (3, 5000)).astype(np.float32)
    y = np.array([0, 17, 4999])
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(loss(y, z), loss(y, z.astype(np.float64)), rtol=1e-6)
    np.testing.assert_allclose(
        loss.gradient(y, z), loss.gradient(y, z.astype(np.float64)), rtol=1e-5
    )
    # A float32 sum of a million equal items would be off in the fourth digit.
    p = np.full(1_000_000, 0.1, np.float32)
    total = losskit.MeanAbsoluteError(reduction="sum")(np.zeros_like(p), p)
    np.testing.assert_allclose(total, 1e6 * float(np.float32(0.1)), rtol=1e-6)


def report(dtype=np.float32) -> dict[str, dict[str, float]]:
    """The worst relative error of each card, over all its settings."""
    worst: dict[str, dict[str, float]] = {}
    for card in CARD_SETTINGS:
        found = laws.law_exact(card, dtype)
        seen = worst.setdefault(card.name, dict.fromkeys(found, 0.0))
        for order, error in found.items():
            seen[order] = max(seen[order], error)
    assert set(worst) == set(CARDS)
    return worst


if __name__ == "__main__":
    for dtype in (np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        print(f"{np.dtype(dtype).name:36}{'value':>9}{'slope':>9}{'curve':>9}   (ULP)")
        for name, errors in report(dtype).items():
            print(f"{name:36}" + "".join(f"{e / eps:9.2f}" for e in errors.values()))
