"""Where a prediction nearly meets its target: each number right at its own size, however small."""

import balance
import grid
import laws
import numpy as np
import pytest
import truth

import losskit
from losskit.core.families import Setwise
from losskit.core.pairs import Pairs

pytestmark = pytest.mark.usefixtures("engine")

CARDS = [
    card
    for card in [*grid.settings(), losskit.Poly1Crossentropy(epsilon=-1.0).card]
    # No score of a set of times is a target's, and no vector of a set.
    if not isinstance(card, Setwise)
    and not card.slots[0].places
    and not isinstance(getattr(card, "card", card), Pairs)
    and card.parameters().get("axis", -1) == -1
    # Nor of a sequence or a set of vectors.
    and not (card.target.names or card.slots[0].domain.blank is not None)
]
OF_LOGARITHMS = (
    *("poisson", "gamma_deviance", "tweedie_deviance"),
    *("log_kl_divergence", "generalized_log_kl_divergence"),
)
"""What they compare is rounded once more in float64, which has no wider type beside it."""
LEAST = 1e-30
"""What probabilities of 0, read as the smallest normal number, may add: of no account here."""


def hold(card, order, got, y, p, dtype):
    """Each number is right relative to itself: 0, or one digit, will not do for a small one."""
    true = truth.evaluate(card, order, y, p, dtype).true
    skip = (np.abs(true) < LEAST) & (np.abs(got) < LEAST)
    if order != "value":
        skip |= truth.near_break(card, y, p, dtype)
    error, where = truth.worst_error(got, truth.Exact(true, np.abs(true)), got.dtype, skip)
    bound = laws.BOUNDS[got.dtype.name]
    assert error <= bound, f"{order} of {card!r} at {where}: got {got[where]}, true {true[where]}"


def orders(card):
    # With a linear term, or of probabilities, poly-1 bends either way, and somewhere not at all.
    bends = card.name == "poly1_crossentropy" and not (card.from_logits and card.epsilon == -1.0)
    return truth.ORDERS[:2] if bends else truth.ORDERS


@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_float32(card):
    y, p = balance.points(card, np.float32)
    for order in orders(card):
        hold(card, order, laws.evaluate(card, order, y, p), y, p, np.float32)


@pytest.mark.exhaustive
@pytest.mark.parametrize("card", [c for c in CARDS if c.name not in OF_LOGARITHMS], ids=repr)
def test_float64(card):
    y, p = balance.points(card, np.float64)
    for order in orders(card):
        hold(card, order, laws.evaluate(card, order, y, p), y, p, np.float64)


# --- in numbers ---------------------------------------------------------------------------------

F32 = np.float32


@pytest.mark.parametrize(
    "loss", [losskit.Poisson(log_input=True), losskit.GeneralizedLogKLDivergence()]
)
def test_a_rate_that_nearly_meets_its_count(loss):
    z = np.array([1e-8, -1e-4, np.log(2), np.log(3) + 1e-3, 1e-20, -1e-13], F32)
    slope = grid.loss_of(loss.card, reduction="sum").gradient([1, 1, 2, 3, 1, 1], z)
    expected = [9.9999999e-9, -9.9994998e-5, 3.8093086e-9, 3.0013424e-3, 1e-20, -1e-13]
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "z", "expected"),
    [
        ([0.5, 0.25, 0.125, 0.125], [20, 20, 0, 0], [-1.0305768e-9, 0.25, -0.125, -0.125]),
        ([0.5, 0.5], [1e-8, 0], [2.5e-9, -2.5e-9]),
        ([0.25, 0.25, 0.25, 0.25], [4e-7, 0, 0, 0], [7.5e-8, -2.5e-8, -2.5e-8, -2.5e-8]),
    ],
)
@pytest.mark.parametrize("rows", [1, 40])
def test_soft_targets_that_are_nearly_met(y, z, expected, rows):
    loss = losskit.CategoricalCrossentropy(from_logits=True, reduction="sum")
    y, z = np.tile(np.array(y, F32), (rows, 1)), np.tile(np.array(z, F32), (rows, 1))
    np.testing.assert_allclose(loss.gradient(y, z), [expected] * rows, rtol=1e-6)


def test_soft_targets_that_are_nearly_met_in_long_rows():
    # Beyond 1e5 classes the kernel keeps its numbers where the gradient will stand.
    for classes in (100, 3000, 300_000):
        y, z = np.zeros((1, classes), F32), np.full((1, classes), -50, F32)
        y[0, [3, -1]], z[0, [3, -1]] = 0.5, [20, 20 + 4e-6]
        gap = float(z[0, -1]) - 20
        loss = losskit.CategoricalCrossentropy(from_logits=True)
        np.testing.assert_allclose(loss.gradient(y, z)[0, [3, -1]], [-gap / 4, gap / 4], rtol=1e-5)


def test_poly1_without_its_linear_term():
    loss = losskit.Poly1Crossentropy(from_logits=True, epsilon=-1.0)
    for z, value in (([14, 0, -1], 6.468737e-13), ([20, 0, -1], 3.9745354e-18)):
        np.testing.assert_allclose(loss([[1, 0, 0]], np.array([z], F32)), value, rtol=1e-5)
    p = np.array([[0.99999, 5e-6, 5e-6]], F32)
    slope = losskit.Poly1Crossentropy(epsilon=-1.0).gradient([[1, 0, 0]], p)
    np.testing.assert_allclose(slope, [[-1.00001e-10, 1e-5, 1e-5]], rtol=1e-5)


def test_focal_loss_of_a_target_of_a_half():
    for gamma, expected in ((0.5, 1.767767e-9), (2.0, 6.25e-10)):
        loss = losskit.BinaryFocalCrossentropy(from_logits=True, gamma=gamma)
        np.testing.assert_allclose(loss.gradient([0.5], F32([1e-8])), expected, rtol=1e-6)
    slope = losskit.BinaryCrossentropy(from_logits=True).gradient([0.5], F32([-1e-3]))
    np.testing.assert_allclose(slope, -2.5e-4, rtol=1e-6)


def test_vectors_nearly_parallel():
    loss = losskit.CosineSimilarity()
    slope = loss.gradient([[1, 0, 0]], np.array([[1, 1e-10, 0]], F32))
    np.testing.assert_allclose(slope, [[-1e-20, 1e-10, 0]], rtol=1e-6)
    slope = loss.gradient([[2, 0, 0]], np.array([[-0.5, 1e-10, 0]], F32))
    np.testing.assert_allclose(slope, [[-8e-20, -4e-10, 0]], rtol=1e-6)


def test_pairs_nearly_parallel():
    loss = losskit.CosineEmbedding()
    for factor in (1.0, 4.0, 2.0**-90, 2.0**30):
        a, b = np.array([[1, 0, 0]], F32), factor * np.array([[1, 1e-10, 0]], F32)
        value, (first, second) = loss.value_and_gradient(a, b, [1.0])
        np.testing.assert_allclose(value, 5e-21, rtol=1e-6)
        np.testing.assert_allclose(first, [[0, -1e-10, 0]], rtol=1e-6)
        np.testing.assert_allclose(factor * second, [[-1e-20, 1e-10, 0]], rtol=1e-6)
    # Of lengths that differ the quotients round, and all else is exact.
    a = np.random.default_rng(0).normal(size=(99, 8)).astype(F32)
    b = (3 * a + 1e-2 * np.roll(a, 1, -1)).astype(F32)
    u, v = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a.astype("f8"), b.astype("f8")))
    true = np.square(u - v).sum(-1) / 2
    found = losskit.CosineEmbedding(reduction="none")(a, b, np.ones(99, F32))
    np.testing.assert_allclose(found, true, rtol=2e-4)


def test_errors_beyond_the_dtype_whose_share_is_a_number():
    loss = losskit.MeanAbsolutePercentageError()
    assert loss(F32([3e38]), F32([-3e38])) == 200
    assert loss([1.5e308], [-1.5e308]) == 200
    np.testing.assert_allclose(loss(F32([-3e38]), F32([1.5e38])), 150, rtol=1e-6)


def test_distances_and_errors_beyond_the_dtype_whose_slope_is_a_number():
    y, p = np.full((1, 3), 3e38, F32), np.array([[3e38, 3e38, -3e38]], F32)
    for norm in (0.5, 1.0, 1.5, 2.0, 3.0):
        loss = losskit.PairwiseDistance(norm=norm)
        assert loss(y, p) == np.inf
        assert loss(y / 4, p / 4) == pytest.approx(1.5e38)
        np.testing.assert_allclose(loss.gradient(y, p), [[0, 0, -1]], rtol=1e-6)
    slope = losskit.GaussianNLL().gradient(F32([3e38]), F32([-3e38]), F32([3e38]))
    np.testing.assert_allclose(slope[0][0], -2.0, rtol=1e-6)
    slope = losskit.GaussianNLL().gradient(F32([3e38]), F32([-1e38]), F32([3e38]))
    np.testing.assert_allclose(np.stack(slope)[:, 0], [-4 / 3, -8 / 9], rtol=1e-6)
