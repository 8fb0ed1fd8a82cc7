"""The laws can fail: each goes red on a card that is wrong on purpose.

The cards below redefine no `name`, so they never enter the registry.
"""

from dataclasses import dataclass

import grid
import laws
import numpy as np
import pytest

from losskit import native
from losskit.core.definition import CARDS, find
from losskit.core.families import Pointwise
from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from losskit.losses.divergence import KLDivergence
from losskit.losses.likelihood import Poisson
from losskit.losses.margin import CategoricalHinge, Hinge, SquaredHinge
from losskit.losses.regression import (
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    RootMeanSquaredError,
)
from losskit.losses.similarity import CosineSimilarity


class WrongSign(Huber):
    def slope(self, m, y, p):
        return -super().slope(m, y, p)


class WrongConstant(Huber):
    def value(self, m, y, p):
        return super().value(m, y, p) + 1e-3


class WrongFactor(MeanSquaredError):
    def slope(self, m, y, p):
        return p - y


class WrongCurve(Huber):
    def curve(self, m, y, p):
        return 1.0 + 0.0 * (p - y)


class ConcaveCurve(MeanSquaredError):
    def curve(self, m, y, p):
        return -2.0 + 0.0 * (p - y)


class NotConvex(LogCosh):
    """Says convex, and is not: it flattens out."""

    def value(self, m, y, p):
        return m.tanh(super().value(m, y, p))


class NaiveLogCosh(LogCosh):
    def value(self, m, y, p):
        x = p - y
        return x + m.log1p(m.exp(-2.0 * x)) - 0.6931471805599453


class CancellingSlope(LogCosh):
    def curve(self, m, y, p):
        return 1.0 - m.square(m.tanh(p - y))


class Clipped(BinaryCrossentropy):
    """Clips probabilities at 1e-7, as others do."""

    def value(self, m, y, p):
        return super().value(m, y, m.clip(p, 1e-7, 1 - 1e-7))

    def slope(self, m, y, p):
        inside = (p >= 1e-7) & (p <= 1 - 1e-7)
        return m.where(inside, super().slope(m, y, p), 0.0)


class WithoutFloor(KLDivergence):
    def value(self, m, y, p):
        return m.drop(m.sum(y * (m.log(y) - m.log(p)), self.axis), self.axis)

    def slope(self, m, y, p):
        return -y / p


class NaiveLogits(BinaryCrossentropy):
    def value(self, m, y, p):
        return m.log1p(m.exp(p)) - y * p


class NaiveSoftmax(SparseCategoricalCrossentropy):
    def slope(self, m, y, p):
        e = m.exp(p - m.max(p, self.axis))
        true, weight = self._target(m, y, p)
        return weight * (e / m.sum(e, self.axis) - true)


class MeanOfClasses(CategoricalCrossentropy):
    """The mean over the classes instead of the sum."""

    def value(self, m, y, p):
        return super().value(m, y, p) / p.shape[self.axis]


class WrongAxis(CategoricalCrossentropy):
    """Reduces over the last axis, whatever `axis` says."""

    def value(self, m, y, p):
        return CategoricalCrossentropy(self.from_logits, self.label_smoothing, -1).value(m, y, p)


class ForgetsTheTemperature(CategoricalCrossentropy):
    """Of the chain rule."""

    def slope(self, m, y, p):
        return super().slope(m, y, p) * self.temperature


class ZLossOfHotLogits(SparseCategoricalCrossentropy):
    """Takes the log-sum-exp before the temperature."""

    def value(self, m, y, p):
        top = m.max(p, self.axis)
        whole = m.drop(top + m.log(m.sum(m.exp(p - top), self.axis)), self.axis)
        plain = SparseCategoricalCrossentropy(True, temperature=self.temperature)
        return plain.value(m, y, p) + self.z_loss * whole * whole


class CurveWithoutZLoss(CategoricalCrossentropy):
    def curve(self, m, y, p):
        return CategoricalCrossentropy(True).curve(m, y, p)


class SaysConvex(CategoricalCrossentropy):
    """And is not, where the log-sum-exp is below 0."""

    convex = True


class WrongShape(CosineSimilarity):
    """Keeps the dimension of the vectors."""

    def value(self, m, y, p):
        return super().value(m, y, p)[..., None]


class WrongSubgradient(MeanAbsoluteError):
    def slope(self, m, y, p):
        return m.where(p >= y, 1.0, m.where(p < y, -1.0, p))


class WrongSubgradientOfHinge(Hinge):
    def slope(self, m, y, p):
        y = m.where(y == 0, -1.0, y)
        return m.where(1.0 - y * p >= 0, -y, 0.0 * p)


class UnnamedKink(MeanAbsoluteError):
    def kinks(self, y):
        return ()


class InventedKink(MeanSquaredError):
    def kinks(self, y):
        return (y,)


class FirstOfTies(CategoricalHinge):
    """Gives every score that ties a full pull instead of a share."""

    def _rivals(self, m, y, p):
        scores = (1.0 - y) * p
        return m.where(scores == m.max(scores, self.axis), 1.0 + 0.0 * p, 0.0)


class WrongTargetSlope(Poisson):
    def target_slope(self, m, y, p):
        return 1.0 - m.log(m.floored(p))


class OptimumMoved(SquaredHinge):
    """Asks for a margin of 2."""

    def value(self, m, y, p):
        return m.square(m.maximum(2.0 - m.where(y == 0, -1.0, y) * p, 0.0))


class Widens(MeanSquaredError):
    """Leaves float32."""

    def value(self, m, y, p):
        return super().value(m, y, p) * np.ones(p.shape, np.float64)

    def slope(self, m, y, p):
        return super().slope(m, y, p) * np.ones(p.shape, np.float64)


class WritesIntoItsInput(MeanSquaredError):
    def value(self, m, y, p):
        p -= y
        return m.square(p)


class DependsOnTheBatch(MeanSquaredError):
    def value(self, m, y, p):
        return m.square(p - y) / m.sum(1.0 + m.abs(y), None)


class HidesNaN(MeanSquaredError):
    def value(self, m, y, p):
        return m.where(p == p, m.square(p - y), 0.0)


class DiesFarAway(Huber):
    def slope(self, m, y, p):
        return m.where(m.abs(p - y) > 1e15, 0.0, super().slope(m, y, p))


class OverflowsEarly(MeanAbsolutePercentageError):
    def value(self, m, y, p):
        return m.abs(p - y) * 1e30 / self._size(m, y) * 1e-28


class SquaresFirst(RootMeanSquaredError):
    """Squares before it scales; in float64, so the planted input must be extreme enough."""

    def slope(self, m, y, p, w, count, state):
        return w * (p - y) / count


@dataclass(frozen=True)
class ForgetsAPart(RootMeanSquaredError):
    """Takes the first part of a set for all of it."""

    def merge(self, m, a, b):
        return a


@dataclass(frozen=True)
class Quartic(Pointwise):
    """A good card without a truth of its own: shows that the other laws need none."""

    metric = "root_mean_squared_error"
    convex = True
    task = "regression"
    latex = "(p - y)^4"

    def value(self, m, y, p):
        return m.square(m.square(p - y))

    def slope(self, m, y, p):
        return 4.0 * (p - y) * m.square(p - y)

    def curve(self, m, y, p):
        return 12.0 * m.square(p - y)

    def target_slope(self, m, y, p):
        return -self.slope(m, y, p)


LOGITS = {"from_logits": True}
RED = [
    (WrongSign(), "law_slope_is_derivative"),
    (WrongSign(), "law_exact"),
    (WrongConstant(), "law_exact"),
    (WrongConstant(), "law_optimum"),
    (WrongFactor(), "law_slope_is_derivative"),
    (WrongFactor(), "law_curve_is_derivative"),
    (WrongFactor(), "law_target_slope"),
    (WrongCurve(), "law_curve_is_derivative"),
    (WrongCurve(), "law_exact"),
    (ConcaveCurve(), "law_convex"),
    (NotConvex(), "law_convex"),
    (NaiveLogCosh(), "law_exact"),
    (CancellingSlope(), "law_exact"),
    (Clipped(), "law_exact"),
    (WithoutFloor(), "law_exact"),
    (NaiveLogits(**LOGITS), "law_exact"),
    (NaiveSoftmax(**LOGITS), "law_exact"),
    (MeanOfClasses(), "law_exact"),
    (MeanOfClasses(), "law_slope_is_derivative"),
    (WrongAxis(axis=0), "law_axis"),
    (WrongAxis(axis=0), "law_reduction"),
    (ForgetsTheTemperature(**LOGITS, temperature=3.0), "law_exact"),
    (ForgetsTheTemperature(**LOGITS, temperature=3.0), "law_slope_is_derivative"),
    (ZLossOfHotLogits(**LOGITS, temperature=3.0, z_loss=0.01), "law_exact"),
    (ZLossOfHotLogits(**LOGITS, temperature=3.0, z_loss=0.01), "law_slope_is_derivative"),
    (CurveWithoutZLoss(**LOGITS, z_loss=0.01), "law_exact"),
    (CurveWithoutZLoss(**LOGITS, z_loss=0.01), "law_curve_is_derivative"),
    (SaysConvex(**LOGITS, z_loss=1.0), "law_convex"),
    (WrongShape(), "law_reduction"),
    (WrongSubgradient(), "law_kinks"),
    (WrongSubgradient(), "law_exact"),
    (WrongSubgradientOfHinge(), "law_kinks"),
    (UnnamedKink(), "law_kinks_are_named"),
    (InventedKink(), "law_kinks"),
    (FirstOfTies(), "law_exact"),
    (WrongTargetSlope(), "law_target_slope"),
    (OptimumMoved(), "law_optimum"),
    (Widens(), "law_dtype"),
    (WritesIntoItsInput(), "law_layout"),
    (DependsOnTheBatch(), "law_chunks"),
    (DependsOnTheBatch(), "law_left_out"),
    (HidesNaN(), "law_nan_shows"),
    (DiesFarAway(), "law_exact"),
    (OverflowsEarly(), "law_exact"),
    (SquaresFirst(), "law_exact"),
    (SquaresFirst(), "law_slope_is_derivative"),
    (SquaresFirst(), "law_weights"),
    (ForgetsAPart(), "law_states"),
]
ARGUMENTS = {"law_dtype": (np.float32,)}


@pytest.fixture(autouse=True)
def by_numpy():
    """Wrong cards have no kernel; errors planted in the face must not be passed by either."""
    with native.switched(False):
        yield


@pytest.mark.parametrize(
    ("card", "law"), RED, ids=[f"{type(card).__name__}-{law}" for card, law in RED]
)
def test_red(card, law):
    with pytest.raises(AssertionError):
        laws.ALL[law](card, *ARGUMENTS.get(law, ()))


@pytest.mark.parametrize("law", sorted({law for _, law in RED}))
def test_the_same_law_is_green_on_the_sound_card(law):
    for card, red_law in RED:
        if red_law == law:
            sound = CARDS[card.name](**card.parameters())
            laws.ALL[law](sound, *ARGUMENTS.get(law, ()))


def test_a_wrong_loss_object_is_seen(monkeypatch):
    """Laws of the face, planted in the face: a mean that divides by one more, a stale hash."""
    import losskit.numpy as face

    card = Huber()
    with monkeypatch.context() as patch:
        patch.setattr(face.reduce, "mean", lambda sum_, count, on_empty: sum_ / (count + 1))
        for law in ("law_reduction", "law_weights", "law_empty"):
            with pytest.raises(AssertionError):
                laws.ALL[law](card)
    with monkeypatch.context() as patch:
        patch.setattr(face.Loss, "__eq__", lambda self, other: True)
        with pytest.raises(AssertionError):
            laws.law_identity(card)
    with monkeypatch.context() as patch:
        patch.setattr(face.Loss, "__repr__", lambda self: f"{type(self).__name__}()")
        with pytest.raises(AssertionError):
            laws.law_identity(Huber(delta=2.0))
    with monkeypatch.context() as patch:
        patch.setattr(face.Loss, "value_and_gradient", lambda self, y, p, **k: (0.0, np.zeros(3)))
        with pytest.raises(AssertionError):
            laws.law_out(card)
    with monkeypatch.context() as patch:
        patch.setattr("losskit.huber", lambda y, p, w=None, **k: 0.0)
        with pytest.raises(AssertionError):
            laws.law_function_is_class(card)
    with monkeypatch.context() as patch:
        patch.setattr(face.Loss, "gradient", lambda self, y, p, *a, **k: np.zeros(1))
        with pytest.raises(AssertionError):
            laws.law_scalars(card)


def test_every_law_is_shown_to_fail():
    shown = {law for _, law in RED}
    shown |= {"law_empty", "law_identity", "law_out", "law_function_is_class", "law_scalars"}
    assert shown == set(laws.ALL)


def test_planted_cards_stay_out_of_the_registry():
    assert all(card.__module__.startswith("losskit.losses.") for card in CARDS.values())
    assert find("huber") is Huber


def test_a_card_without_a_truth_obeys_the_others():
    card = Quartic()
    type(card).name = "quartic_of_the_tests"
    for law in (
        *("law_slope_is_derivative", "law_curve_is_derivative", "law_target_slope"),
        *("law_convex", "law_weights", "law_chunks", "law_reduction", "law_layout"),
    ):
        laws.ALL[law](card)
    assert card.name not in CARDS
    with pytest.raises(KeyError):
        laws.law_exact(card)
    assert grid.loss_of(card)([1.0], [3.0]) == 16
