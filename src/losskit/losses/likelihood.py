"""Negative log-likelihoods of distributions other than the Bernoulli and the categorical."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from losskit.core.definition import NONNEGATIVE, REAL, Domain, parameter
from losskit.core.families import Pointwise
from losskit.core.namespaces import Array, Vocabulary

HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Poisson(Pointwise):
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

    What it measures
    ----------------
    How unlikely a count is under the predicted rate; its minimiser is the conditional mean.

    When to use
    -----------
    Counts per unit of time or space, with a model whose output is positive (exp or softplus).

    Pitfalls
    --------
    The prediction is a rate, unless `log_input` says that it is the rate's logarithm. The constant
    log(y!) is left out, so the value may be negative and is y - y log(y) at the optimum. A rate of
    0 for a count above 0 is read as the smallest normal number, so that the gradient stays alive.

    Formula
    -------
    p - y * log(p)                                 log_input: exp(p) - y * p

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.poisson([1.0, 2.0], [1.0, 4.0])), 6)
    1.113706

    References
    ----------
    Nelder and Wedderburn, Generalized Linear Models, Journal of the Royal Statistical Society A
    135 (1972), 370-384.
    """

    log_input: bool = parameter(
        False, kind="flag", doc="whether predictions are logarithms of the rate"
    )

    name = "poisson"
    aliases = ("poisson_nll",)
    latex = r"p - y \log p"
    unit = "nats"
    target: ClassVar[Domain] = NONNEGATIVE
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    @property
    def prediction(self) -> Domain:
        return REAL if self.log_input else NONNEGATIVE

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            # Of a count of 0 the logarithm may be -inf; beside an infinite rate no product counts.
            rate = m.exp(p)
            return m.where((y == 0) | (rate == float("inf")), rate, rate - y * p)
        return p - y * m.log(m.floored(p))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            return m.exp(p) - y
        # (p - y) / p, not 1 - y / p: no cancellation near the optimum.
        q = m.floored(p)
        return (q - y) / q

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            return m.exp(p)
        q = m.floored(p)
        return y / q / q

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -p if self.log_input else -m.log(m.floored(p))


def log_factorial(m: Vocabulary, y: Array) -> Array:
    """log(y!) by Stirling's formula, 0 for counts up to 1: what `Poisson` leaves out."""
    count = m.maximum(y, 1.0)
    stirling = (count + 0.5) * m.log(count) - count + HALF_LOG_2_PI
    return m.where(y > 1, stirling, 0.0 * stirling)
