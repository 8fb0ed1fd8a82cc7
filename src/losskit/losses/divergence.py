"""Divergences between two distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants
from losskit.core.definition import LOG_PROBABILITY, NONNEGATIVE, SHARE, Domain, parameter
from losskit.core.families import Pointwise, Rowwise, lost
from losskit.core.namespaces import Array, Vocabulary

LOGARITHM = Domain("a logarithm: any real number, -inf for 0")
EXP_SERIES = [1.0 / math.factorial(n) for n in range(18, 1, -1)]
"""Coefficients of (exp(u) - 1 - u) / u^2, the highest first: enough for |u| < 1."""
LOG_SHARE = Domain(
    "a log-probability: at most 0, -inf for a class that is ruled out",
    high=0.0,
    slack=1e-5,
    minus_infinity=True,
)


@dataclass(frozen=True)
class KLDivergence(Rowwise):
    """Kullback-Leibler divergence of the prediction from the target distribution.

    What it measures
    ----------------
    How many nats are lost by coding draws of the target distribution y with the code made for the
    predicted distribution p; 0 where they are equal.

    When to use
    -----------
    Targets that are themselves distributions: distillation, topic models, soft labels.

    Pitfalls
    --------
    It takes probabilities, not logits, and not log-probabilities. It is not symmetric. Neither side
    is normalised: on rows that do not sum to 1 the value may be negative. Its gradient is that of
    `categorical_crossentropy` without the normalisation.

    Formula
    -------
    sum_j y_j * log(y_j / p_j)

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])), 6)
    0.143841

    References
    ----------
    Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22
    (1951), 79-86.
    """

    axis: int = parameter(-1, kind="integer", doc="axis along which the distribution lies")

    name = "kl_divergence"
    aliases = ("kld", "kullback_leibler_divergence")
    latex = r"\sum_j y_j \log (y_j / p_j)"
    advice = "It takes probabilities: apply softmax (or exp, to log-probabilities) first."
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"

    @property
    def prediction(self) -> Domain:
        return SHARE

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_shares(constants.mean_row(self, y, w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Near p = y the logarithms cancel but for what is of second order, and their sum would be
        # rounding: there y log(y / p) is taken as y log(y / p) - y + p, which is never negative,
        # and y - p, each summed by itself.
        ratio = self._log_ratio(m, y, p)
        close = (m.abs(ratio) < 1.0) & (y > 0)
        bent = y * m.where(close, second_order(m, m.where(close, -ratio, 0.0)), ratio)
        moved = m.where(close, m.floored(y) - m.floored(p), 0.0)
        return m.drop(m.sum(bent, self.axis) + m.sum(moved, self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -y / m.floored(p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        q = m.floored(p)
        return y / q / q

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._log_ratio(m, y, p) + 1.0

    @staticmethod
    def _log_ratio(m: Vocabulary, y: Array, p: Array) -> Array:
        # Near p = y the logarithm of the quotient would keep only the quotient's rounding error.
        q = m.floored(p)
        t = m.floored(y)
        close = m.abs(t - q) < 0.5 * q
        # Far from it, one logarithm of the quotient: a difference of two keeps both roundings.
        far = m.log(m.maximum(t / q, m.tiny(q)))
        return m.where(close, m.log1p(m.where(close, (t - q) / q, 0.0)), far)


@dataclass(frozen=True)
class LogKLDivergence(Pointwise):
    """Kullback-Leibler divergence, element by element, from log-probabilities.

    What it measures
    ----------------
    What each outcome adds to the nats lost by coding draws of the target distribution with the code
    made for the predicted one. The sum over a distribution is its divergence.

    When to use
    -----------
    Distillation and variational models that compute with log-probabilities (log_softmax).

    Pitfalls
    --------
    The mean over all elements is not the divergence, but a fraction of it: sum, and divide by the
    number of distributions. The prediction is a log-probability: probabilities go in without an
    error. Nothing is normalised; by itself an element has no minimum. For targets that are
    logarithms too, use `log_kl_divergence_with_log_targets`.

    Formula
    -------
    y * (log(y) - log_p)

    Examples
    --------
    >>> import losskit
    >>> total = losskit.LogKLDivergence(reduction="sum")
    >>> round(float(total([0.5, 0.5], [-1.38629436, -0.28768207])), 6)
    0.143841

    References
    ----------
    Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22
    (1951), 79-86.
    """

    name = "log_kl_divergence"
    aliases = ("kl_div",)
    latex = r"y\, (\log y - \log p)"
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"

    @property
    def prediction(self) -> Domain:
        return LOG_PROBABILITY

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_shares(constants.mean(y, w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # An outcome that the target rules out adds nothing, even where the prediction does as well.
        return m.where(y == 0, lost(m, p), y * self._ratio(m, y, p))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return lost(m, p) - y

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return lost(m, p) + 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # What both sides rule out has no say: 0, not inf, for 0 * inf would follow.
        both = (y == 0) & (p == -float("inf"))
        return m.where(both, 0.0 * y, self._ratio(m, y, m.where(both, 0.0, p)) + 1.0)

    @staticmethod
    def _ratio(m: Vocabulary, y: Array, p: Array) -> Array:
        return m.log_less(m.floored(y), p)


@dataclass(frozen=True)
class LogKLDivergenceWithLogTargets(Pointwise):
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

    What it measures
    ----------------
    As `log_kl_divergence`, for targets that are log-probabilities too.

    When to use
    -----------
    Where a teacher or a posterior gives log-probabilities: nothing need leave the logarithms.

    Pitfalls
    --------
    The mean over all elements is not the divergence, but a fraction of it: sum, and divide by the
    number of distributions. Nothing is normalised; by itself an element has no minimum.

    Formula
    -------
    exp(log_y) * (log_y - log_p)

    Examples
    --------
    >>> import losskit
    >>> total = losskit.LogKLDivergenceWithLogTargets(reduction="sum")
    >>> half = -0.69314718
    >>> round(float(total([half, half], [-1.38629436, -0.28768207])), 6)
    0.143841

    References
    ----------
    Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22
    (1951), 79-86.
    """

    name = "log_kl_divergence_with_log_targets"
    aliases = ("kl_divergence_with_log_targets",)
    latex = r"e^{\log y}\, (\log y - \log p)"
    unit = "nats"
    target: ClassVar[Domain] = LOG_SHARE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"

    @property
    def prediction(self) -> Domain:
        return LOG_PROBABILITY

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_shares(constants.mean(np.exp(y), w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Half of the exponent at a time: a probability that is subnormal would have few digits.
        root = m.exp(0.5 * y)
        return m.where(root == 0, lost(m, p), root * (root * (y - p)))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return lost(m, p) - m.exp(y)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return lost(m, p) + 0.0 * m.exp(y)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        root = m.exp(0.5 * y)
        return m.where(root == 0, lost(m, p), root * (root * (y - p + 1.0)))


@dataclass(frozen=True)
class GeneralizedLogKLDivergence(Pointwise):
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

    What it measures
    ----------------
    What each amount of the target adds to the divergence of two measures that need not sum to 1;
    0 where they are equal, and never less.

    When to use
    -----------
    Counts, spectra and unnormalised distributions, with a model that gives their logarithms.

    Pitfalls
    --------
    The mean over all elements is not the divergence of a row: sum, and divide by the number of
    rows. The prediction is a logarithm: amounts go in without an error. For distributions it is
    `log_kl_divergence`, made so that each element has its minimum at the target.

    Formula
    -------
    y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.generalized_log_kl_divergence([1.0, 0.0], [0.0, 0.0])), 6)
    0.5

    References
    ----------
    Boyd and Vandenberghe, Convex Optimization (2004), ch. 3.2.6.
    """

    name = "generalized_log_kl_divergence"
    aliases = ("generalized_kl_divergence", "convex_kl_divergence")
    latex = r"y\, (\log y - z) - y + e^z"
    unit = "nats"
    target: ClassVar[Domain] = NONNEGATIVE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"
    link = "log"

    @property
    def prediction(self) -> Domain:
        return LOGARITHM

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_rate(constants.mean(y, w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        more = m.exp_less(p, y)
        over = -m.log_less(m.floored(y), p)
        # y (exp(u) - 1 - u): near u = 0 its series, for the differences would leave no digits.
        close = (m.abs(over) < 1) & (y > 0)
        # Nothing of the target is left of 0, and beside an infinity no product counts.
        alone = (y == 0) | (more == float("inf"))
        far = m.where(alone, more, more - y * over)
        return m.where(close, y * second_order(m, m.where(close, over, 0.0)), far)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.exp_less(p, y)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.exp(p) + 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        both = (y == 0) & (p == -float("inf"))  # as for `LogKLDivergence`
        return m.where(both, 0.0 * y, m.log_less(m.floored(y), m.where(both, 0.0, p)))


def second_order(m: Vocabulary, u: Array) -> Array:
    """exp(u) - 1 - u for |u| < 1, by its series."""
    series = 0.0 * u + EXP_SERIES[0]
    for c in EXP_SERIES[1:]:
        series = series * u + c
    return u * (u * series)
