"""Losses that ask for a margin between the classes, not for a probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants
from losskit.core.definition import MEMBERSHIP, SIGN, Domain, parameter
from losskit.core.families import Pointwise, Rowwise, lost
from losskit.core.logarithms import lead
from losskit.core.namespaces import Array, Vocabulary

PREFERENCE = Domain(
    "1 where the first score should be higher, -1 where the second should, 0 for neither",
    values=(-1.0, 0.0, 1.0),
)


def _signs(m: Vocabulary, y: Array) -> Array:
    """Classes 0 and 1 as -1 and 1; element by element, so that no element depends on its batch."""
    return m.where(y == 0, -1.0, y)


def _balance(y: Any, w: Any) -> Array:
    """The mean of the classes, -1 and 1."""
    return constants.mean(_signs(constants.M, np.asarray(y, np.float64)), w)


@dataclass(frozen=True)
class Hinge(Pointwise):
    """Hinge loss: linear in what is missing to a margin of 1.

    What it measures
    ----------------
    How far a score falls short of the right side of 0 by a margin of 1; 0 once it is beyond.

    When to use
    -----------
    Maximum-margin classifiers (linear SVM), scores that need not become probabilities.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). The prediction is a score: no sigmoid. Predictions
    beyond the margin give no gradient, by intention.

    Formula
    -------
    max(1 - y * p, 0)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.hinge([-1.0, 1.0], [0.5, 0.75]))
    0.875

    References
    ----------
    Cortes and Vapnik, Support-Vector Networks, Machine Learning 20 (1995), 273-297.
    """

    name = "hinge"
    aliases = ("hinge_loss",)
    latex = r"\max(1 - y\, p,\; 0)"
    target: ClassVar[Domain] = SIGN
    convex = True
    metric = "sign_accuracy"
    task = "binary"
    zero_target = 1.0

    def kinks(self, y: float) -> tuple[float, ...]:
        return (1.0 / (y or -1.0),)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return np.sign(_balance(y, w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.maximum(1.0 - _signs(m, y) * p, 0.0)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        # Beyond the margin 0, at infinity too; a NaN shows.
        return m.where(1.0 - y * p > 0, -y, lost(m, p))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(1.0 - _signs(m, y) * p > 0, -p, 0.0)


@dataclass(frozen=True)
class SquaredHinge(Pointwise):
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

    What it measures
    ----------------
    The squared shortfall of a score from the right side of 0 by a margin of 1.

    When to use
    -----------
    As `hinge`, where a smooth gradient is wanted and gross mistakes should weigh more.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). The prediction is a score: no sigmoid. A mislabelled
    example far on the wrong side dominates.

    Formula
    -------
    max(1 - y * p, 0)^2

    Examples
    --------
    >>> import losskit
    >>> float(losskit.squared_hinge([-1.0, 1.0], [0.5, 0.5]))
    1.25

    References
    ----------
    Lee and Mangasarian, SSVM: A Smooth Support Vector Machine for Classification, Computational
    Optimization and Applications 20 (2001), 5-22.
    """

    name = "squared_hinge"
    latex = r"\max(1 - y\, p,\; 0)^2"
    target: ClassVar[Domain] = SIGN
    convex = True
    metric = "sign_accuracy"
    task = "binary"
    zero_target = 1.0

    def bends(self, y: float) -> tuple[float, ...]:
        return (1.0 / (y or -1.0),)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return _balance(y, w)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.square(m.maximum(1.0 - _signs(m, y) * p, 0.0))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        return -2.0 * y * m.maximum(1.0 - y * p, 0.0)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        return m.where(1.0 - y * p > 0, 2.0 * y * y, 0.0 * p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -2.0 * p * m.maximum(1.0 - _signs(m, y) * p, 0.0)


@dataclass(frozen=True)
class SoftMargin(Pointwise):
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

    What it measures
    ----------------
    How unlikely the true class is, in nats, if the score is a logit; a smooth relative of the hinge
    loss, never 0.

    When to use
    -----------
    Two classes written -1 and 1, with one score each.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). It is `binary_crossentropy` with `from_logits=True` for
    targets written otherwise: a model trained on one needs no other sigmoid than the other.

    Formula
    -------
    log(1 + exp(-y * p))

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.soft_margin([-1.0, 1.0], [0.0, 100.0])), 6)
    0.346574

    References
    ----------
    Friedman, Hastie and Tibshirani, Additive Logistic Regression, Annals of Statistics 28 (2000),
    337-407.
    """

    name = "soft_margin"
    aliases = ("soft_margin_loss", "logistic", "logistic_loss")
    latex = r"\log (1 + e^{-y\, p})"
    unit = "nats"
    target: ClassVar[Domain] = SIGN
    convex = True
    metric = "sign_accuracy"
    task = "binary"
    zero_target = math.log(2.0)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_odds(0.5 + 0.5 * _balance(y, w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        s = -_signs(m, y) * p
        return m.maximum(s, 0.0) + m.log1p(m.tail(s))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        s = -y * p
        e = m.tail(s)
        return -y * m.where(s < 0, e, 1.0) / (1.0 + e)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        e = m.tail(-y * p)
        return y * y * e / m.square(1.0 + e)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        s = -_signs(m, y) * p
        e = m.tail(s)
        return -p * m.where(s < 0, e, 1.0) / (1.0 + e)


@dataclass(frozen=True)
class Perceptron(Pointwise):
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

    What it measures
    ----------------
    How far a score lies on the wrong side of 0; 0 once it is on the right one.

    When to use
    -----------
    Linear classifiers trained mistake by mistake.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). Without a margin, a score of 0 for everything costs
    nothing and has no gradient: start from random weights. `hinge` asks for a margin.

    Formula
    -------
    max(-y * p, 0)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.perceptron([-1.0, 1.0], [0.5, 0.75]))
    0.25

    References
    ----------
    Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage and Organization in
    the Brain, Psychological Review 65 (1958), 386-408.
    """

    name = "perceptron"
    aliases = ("perceptron_loss",)
    latex = r"\max(-y\, p,\; 0)"
    target: ClassVar[Domain] = SIGN
    convex = True
    metric = "sign_accuracy"
    task = "binary"
    zero_target = 0.0

    def kinks(self, y: float) -> tuple[float, ...]:
        return (0.0,)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return 0.0 * _balance(y, w)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.maximum(-_signs(m, y) * p, 0.0)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        y = _signs(m, y)
        return m.where(y * p < 0, -y, lost(m, p))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(_signs(m, y) * p < 0, -p, 0.0)


@dataclass(frozen=True)
class MarginRanking(Pointwise):
    """Margin ranking loss: hinge loss of a difference of two scores.

    What it measures
    ----------------
    How far the score that should be the higher one falls short of leading by `margin`; 0 once it
    leads by more.

    When to use
    -----------
    Learning to rank from pairs: the prediction is the first score less the second, the target 1
    where the first should be higher and -1 where the second should.

    Pitfalls
    --------
    With a margin of 0, the default, equal scores cost nothing: a model that gives every item the
    same score is optimal. A target of 0 says nothing of the pair, and costs the margin.

    Formula
    -------
    max(margin - y * p, 0)               with p = score1 - score2

    Examples
    --------
    >>> import losskit
    >>> float(losskit.margin_ranking([-1.0, 1.0], [0.5, 0.75], margin=1.0))
    0.875

    References
    ----------
    Herbrich, Graepel and Obermayer, Large Margin Rank Boundaries for Ordinal Regression, Advances
    in Large Margin Classifiers (2000), 115-132.
    """

    margin: float = parameter(
        0.0, kind="number", doc="by how much the right score must lead to cost nothing"
    )

    name = "margin_ranking"
    aliases = ("margin_ranking_loss",)
    latex = r"\max(m - y\, p,\; 0)"
    target: ClassVar[Domain] = PREFERENCE
    convex = True
    metric = "sign_accuracy"
    task = "binary"

    @property
    def zero_target(self) -> float:  # type: ignore[override]
        return max(self.margin, 0.0)

    def kinks(self, y: float) -> tuple[float, ...]:
        return (self.margin / y,) if y else ()

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.maximum(self.margin - y * p, 0.0)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Beyond the margin 0, at infinity too; a NaN shows.
        return m.where(self.margin - y * p > 0, -y, lost(m, p))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(self.margin - y * p > 0, -p, 0.0)


@dataclass(frozen=True)
class HingeEmbedding(Pointwise):
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

    What it measures
    ----------------
    For a pair that belongs together (1) the distance itself, for one that does not (-1) how far it
    falls short of `margin`; 0 once it is beyond.

    When to use
    -----------
    Embeddings learned from pairs: the prediction is the distance of the two, the target 1 where
    they are alike and -1 where they are not.

    Pitfalls
    --------
    Targets are -1 and 1 (0 is read as -1). The prediction is a distance, which no formula here
    checks: a score that may be negative makes the loss fall without a limit for targets of 1.

    Formula
    -------
    p where y = 1, max(margin - p, 0) elsewhere

    Examples
    --------
    >>> import losskit
    >>> float(losskit.hinge_embedding([1.0, -1.0], [0.25, 0.75]))
    0.25

    References
    ----------
    Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR
    (2006), 1735-1742, for the margin between pairs that do not belong together.
    """

    margin: float = parameter(
        1.0, kind="number", doc="distance from which on unlike pairs cost nothing"
    )

    name = "hinge_embedding"
    aliases = ("hinge_embedding_loss",)
    latex = r"[y = 1]\, p + [y \neq 1]\, \max(m - p,\; 0)"
    target: ClassVar[Domain] = SIGN
    convex = True
    metric = "distance_accuracy"
    task = "pair"
    zero_target = math.nan

    def kinks(self, y: float) -> tuple[float, ...]:
        return () if y > 0 else (self.margin,)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(y > 0, p, m.maximum(self.margin - p, 0.0))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.where(y > 0, 1.0, m.where(self.margin - p > 0, -1.0, 0.0 * y)) + lost(m, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y


@dataclass(frozen=True)
class CategoricalHinge(Rowwise):
    """Multi-class hinge loss with one-hot targets.

    What it measures
    ----------------
    How far the score of the true class falls short of the best other score by a margin of 1.

    When to use
    -----------
    Multi-class classifiers on scores, where only the order and a margin matter.

    Pitfalls
    --------
    Targets are one-hot; predictions are scores, not probabilities (a softmax output can hardly
    leave the margin). The other scores are compared with 0 as well, as in Keras: the true class
    itself enters the maximum as 0. Where several scores share the maximum, they share the gradient.

    Formula
    -------
    max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 1.0, 0.25]]))
    0.5

    References
    ----------
    Weston and Watkins, Support Vector Machines for Multi-Class Pattern Recognition, ESANN (1999).
    """

    axis: int = parameter(-1, kind="integer", doc="axis of the classes")

    name = "categorical_hinge"
    latex = r"\max(1 + \max_j (1 - y_j)\,p_j - \sum_j y_j\,p_j,\; 0)"
    target: ClassVar[Domain] = MEMBERSHIP
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.drop(m.maximum(self._shortfall(m, y, p), 0.0), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        short = self._shortfall(m, y, p)
        # 0 * short carries a NaN prediction to the whole row; a ruled-out class has no NaN to give.
        return m.where(short > 0, (1.0 - y) * self._rivals(m, y, p) - y, 0.0 * short)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * (self._shortfall(m, y, p) + y)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        rivals = self._rivals(m, y, p)
        # A class that is ruled out is no rival: -inf times 0 is NaN.
        as_rival = m.where(rivals == 0, 0.0, p) * rivals
        return m.where(self._shortfall(m, y, p) > 0, -as_rival - p, 0.0)

    def _shortfall(self, m: Vocabulary, y: Array, p: Array) -> Array:
        rival = m.max(self._scores(m, y, p), self.axis)
        return lead(m, rival, m.sum(m.where(y == 0, 0.0, y * p), self.axis), 1.0)

    @staticmethod
    def _scores(m: Vocabulary, y: Array, p: Array) -> Array:
        # Without the `where` a class ruled out by a score of -inf would make 0 * inf, a NaN.
        return m.where(y == 1, 0.0, (1.0 - y) * p)

    def _rivals(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Each score's share of the maximum: the subgradient of least magnitude at a tie."""
        scores = self._scores(m, y, p)
        best = scores == m.max(scores, self.axis)
        share = m.where(best, 1.0 + 0.0 * y, 0.0)
        # The true class takes part as the constant 0: where it ties, no score need move.
        constant = m.max(m.where(best & (y == 1), 1.0, 0.0 * y), self.axis)
        return m.where(constant > 0, 0.0, share / m.sum(share, self.axis))
