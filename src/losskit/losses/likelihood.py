"""Negative log-likelihoods of distributions other than the Bernoulli and the categorical."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants
from losskit.core.definition import NONNEGATIVE, REAL, Domain, Slot, parameter
from losskit.core.families import Pointwise, lost
from losskit.core.namespaces import Array, Vocabulary

MEAN = Domain("a mean")
POSITIVE = Domain("a number > 0", low=2.0**-126)
"""From the smallest normal number of float32 on, which no vocabulary takes for 0."""
VARIANCE = Domain("a variance >= 0", low=0.0)
HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
NEAR, TERMS = 0.05, 14
"""How far the series of r - log(1 + r) is taken, and how many of its terms float64 needs there."""
FAR = 2.0**64
"""How many times as large a number may be whose logarithm is taken of the quotient."""


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
    log(y!) is left out, unless `full` asks for it, so the value may be negative and is y - y log(y)
    at the optimum; an `eps` above 0 moves that optimum to y - eps. A rate of
    0 for a count above 0 is read as the smallest normal number, so that the gradient stays alive.

    Formula
    -------
    p - y * log(p + eps)                           log_input: exp(p) - y * p;
    full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1

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
    full: bool = parameter(
        False, kind="flag", doc="whether log(y!) is added, by Stirling's formula (0 up to 1)"
    )
    eps: float = parameter(0.0, kind="number", low=0.0, doc="added to a rate under its logarithm")

    name = "poisson"
    aliases = ("poisson_nll",)
    latex = r"p - y \log p"
    advice = "It takes a rate: end the model in exp or softplus."
    unit = "nats"
    target: ClassVar[Domain] = NONNEGATIVE
    convex = True
    metric = "mean_absolute_error"
    task = "regression"
    link = "log"
    reaches_zero = "never"

    @property
    def prediction(self) -> Domain:
        return REAL if self.log_input else NONNEGATIVE

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        eps = 0.0 if self.log_input else self.eps
        return constants.log_rate(np.maximum(constants.mean(y, w) - eps, 0.0))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            # Of a count of 0 the logarithm may be -inf; beside an infinite rate no product counts.
            rate = m.exp(p)
            lost = (y == 0) | (rate == float("inf"))
            item = m.where(lost, rate, rate - y * p)
            if not self.full:
                return item
            whole = self._whole(m, y, m.exp_less(p, y), m.where(lost, 0.0, p))
            return m.where(lost | (y <= 1), item, whole)
        q = self._under_log(m, p)
        item = p - y * m.log(q)
        if not self.full:
            return item
        whole = self._whole(m, y, self._lead(m, y, p), m.log(q)) - self.eps
        return m.where(y > 1, whole, item)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            return m.exp_less(p, y)
        # (p - y) / p, not 1 - y / p: no cancellation near the optimum.
        return self._lead(m, y, p) / self._under_log(m, p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            return m.exp(p)
        q = self._under_log(m, p)
        return y / q / q

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        slope = -p if self.log_input else -m.log(self._under_log(m, p))
        if not self.full:
            return slope
        count = m.maximum(y, 1.0)
        return slope + m.where(y > 1, m.log(count) + 0.5 / count, 0.0)

    def _under_log(self, m: Vocabulary, p: Array) -> Array:
        return m.floored(p) + self.eps

    def _lead(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """What is under the logarithm, less the count: a small eps is not to be rounded away."""
        return (m.floored(p) - y) + self.eps

    @staticmethod
    def _whole(m: Vocabulary, y: Array, lead: Array, log_rate: Array) -> Array:
        """With log(y!) by Stirling's formula, for counts above 1.

        Args:
            m: the vocabulary.
            y: counts.
            lead: the rate less the count.
            log_rate: the logarithm of the rate.
        """
        count = m.maximum(y, 1.0)
        r = lead / count
        # y (r - log(1 + r)): near 0 by its series, for the difference would be rounding alone.
        small = m.clip(r, -NEAR, NEAR)
        series = 0.0 * r
        for n in range(TERMS, 1, -1):
            series = 1.0 / n - small * series
        middle = m.clip(r, -0.5, 0.5)
        away = lead - count * (log_rate - m.log(count))
        close = m.where((r > -0.5) & (r < 0.5), count * (middle - m.log1p(middle)), away)
        found = m.where((r > -NEAR) & (r < NEAR), (count * small) * (small * series), close)
        return found + (0.5 * m.log(count) + HALF_LOG_2_PI)


class Deviance(Pointwise):
    """Losses of a positive mean, or of its logarithm, in which alone they are convex."""

    log_input: bool
    advice = "It takes a mean: end the model in exp or softplus."
    metric = "mean_absolute_error"
    task = "regression"
    link = "log"

    @property
    def convex(self) -> bool:  # type: ignore[override]
        return self.log_input

    @property
    def prediction(self) -> Domain:
        return REAL if self.log_input else NONNEGATIVE

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_rate(constants.mean(y, w))


@dataclass(frozen=True)
class GammaDeviance(Deviance):
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

    What it measures
    ----------------
    How far a positive number is from the predicted mean where errors grow with the mean: it depends
    on y / p alone; its minimiser is the conditional mean.

    When to use
    -----------
    Positive amounts with a constant coefficient of variation: the size of insurance claims,
    durations, rainfall on wet days; with a model whose output is positive (exp or softplus).

    Pitfalls
    --------
    The prediction is a mean, unless `log_input` says that it is the mean's logarithm, in which
    alone the loss is convex. A target of 0 has no likelihood: use `tweedie_deviance`. It is half of
    what statistics calls the deviance, and half of scikit-learn's `mean_gamma_deviance`.

    Formula
    -------
    y / p - log(y / p) - 1                          log_input: with exp(p) in place of p

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.gamma_deviance([1.0, 2.0], [1.0, 1.0])), 6)
    0.153426

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models, 2nd ed. (1989), ch. 8.
    """

    log_input: bool = parameter(
        False, kind="flag", doc="whether predictions are logarithms of the mean"
    )

    name = "gamma_deviance"
    aliases = ("gamma", "gamma_nll")
    latex = r"y / p - \log (y / p) - 1"
    unit = "nats"
    target: ClassVar[Domain] = POSITIVE
    relative = True

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            t = self._log_ratio(m, y, p)
            # e^t - 1 - t: near 0 by its series, for the difference would be rounding alone.
            near = m.clip(t, -0.5, 0.5)
            series = 0.0 * near
            for k in range(18, 1, -1):
                series = near * series + 1.0 / math.factorial(k)
            close = (t > -0.5) & (t < 0.5)
            return m.where(close, near * (near * series), self._ratio(m, y, p) - 1.0 - t)
        q = m.floored(p)
        r = (y - q) / q
        small = m.clip(r, -NEAR, NEAR)
        series = 0.0 * small
        for n in range(TERMS, 1, -1):
            series = 1.0 / n - small * series
        # Of large numbers not far apart a difference of logarithms would be rounding in good part.
        z = m.maximum(y, m.tiny(y))
        below = (q - z) / z
        t = m.log(z) - m.log(q)
        t = m.where((r >= -0.5) & (r < FAR), m.log1p(m.clip(r, -0.5, FAR)), t)
        t = m.where((r < -0.5) & (below < FAR), -m.log1p(m.clip(below, 0.0, FAR)), t)
        return m.where((r > -NEAR) & (r < NEAR), small * (small * series), r - t)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            t = self._log_ratio(m, y, p)
            near = m.clip(t, -0.5, 0.5)
            close = (t > -0.5) & (t < 0.5)
            return m.where(close, -m.expm1(near), 1.0 - self._ratio(m, y, p))
        # Times the inverse: some compilers divide once, by a square that underflows.
        q = m.floored(p)
        return ((q - y) / q) * (1.0 / q)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.log_input:
            return self._ratio(m, y, p)
        q = m.floored(p)
        # Near q = 2 y both differences are exact.
        return ((y - q) + y) / q * (1.0 / q) * (1.0 / q)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        z = m.maximum(y, m.tiny(y))
        if not self.log_input:
            q = m.floored(p)
            return (y - q) / q / z
        t = self._log_ratio(m, y, p)
        near = m.clip(t, -0.5, 0.5)
        close = (t > -0.5) & (t < 0.5)
        return m.where(close, m.expm1(near) / z, m.exp(-p) - 1.0 / z)

    @staticmethod
    def _ratio(m: Vocabulary, y: Array, p: Array) -> Array:
        # In two steps: one may overflow, though the product does not.
        half = m.exp(-0.5 * p)
        return (y * half) * half

    @staticmethod
    def _log_ratio(m: Vocabulary, y: Array, p: Array) -> Array:
        """log(y) - p."""
        return m.log_less(m.maximum(y, m.tiny(y)), p)


@dataclass(frozen=True)
class TweedieDeviance(Deviance):
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

    What it measures
    ----------------
    How far an amount is from the predicted mean where its variance grows as the mean to `power`:
    between a Poisson (1) and a Gamma distribution (2). Its minimiser is the conditional mean.

    When to use
    -----------
    Totals that are exactly 0 in many cases: claims of a policy, rain of a day, sales of an article;
    with a model whose output is positive (exp or softplus).

    Pitfalls
    --------
    The prediction is a mean, unless `log_input` says that it is the mean's logarithm, in which
    alone the loss is convex. Values at different powers cannot be compared. It is half of what
    statistics calls the deviance, and half of scikit-learn's `mean_tweedie_deviance`. For counts
    take `poisson`, for amounts above 0 `gamma_deviance`, the limits at the ends.

    Formula
    -------
    y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
    log_input: with exp(p) in place of p

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.tweedie_deviance([0.0, 4.0], [1.0, 1.0], power=1.5)), 6)
    2.0

    References
    ----------
    Jorgensen, Exponential Dispersion Models, Journal of the Royal Statistical Society B 49 (1987),
    127-162.
    """

    power: float = parameter(
        1.5, kind="number", low=1.0, high=2.0, open=True, doc="of the mean, to which variance grows"
    )
    log_input: bool = parameter(
        False, kind="flag", doc="whether predictions are logarithms of the mean"
    )

    name = "tweedie_deviance"
    aliases = ("tweedie",)
    latex = r"\frac{y^a}{a b} - \frac{y p^b}{b} + \frac{p^a}{a}"
    target: ClassVar[Domain] = NONNEGATIVE
    compiled = False

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        a, b = 2.0 - self.power, 1.0 - self.power
        x, t, to_a, to_b = self._parts(m, y, p)
        at_y = m.power(x, a)
        # y^a (E(a) - E(b)) with E(c) = (e^(c t) - 1) / c, right as c goes to 0; near t = 0 by its
        # series, whose coefficients are (a^k - b^k) / (k + 1)!.
        near = m.clip(t, -0.5, 0.5)
        series, terms, of_a, of_b = 0.0 * near, [], a, b
        for k in range(2, 17):
            terms.append((of_a - of_b) * (1.0 / math.factorial(k)))
            of_a, of_b = of_a * a, of_b * b
        for term in terms[::-1]:
            series = near * series + term
        far = a * t > 1.0
        rise = m.where(far, (to_a - at_y) / a, at_y * m.expm1(m.minimum(a * t, 1.0)) / a)
        fall = at_y * (m.expm1(b * t) / b)
        if not self.log_input:
            # An exponential has the error of its exponent times that: powers keep their digits.
            fall = m.where(b * t > 1.0, (x * to_b - at_y) / b, fall)
        away = rise - fall
        close = (t > -0.5) & (t < 0.5)
        found = m.where(close, at_y * (near * (near * series)), away)
        return m.where(y > 0, found, to_a / a)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        _, t, to_a, to_b = self._parts(m, y, p)
        if not self.log_input:
            q = m.floored(p)
            return (q - y) / q * to_b
        close = (t > -0.5) & (t < 0.5) & (y > 0)
        lead = m.exp_less(m.where(close, p, 0.0), m.where(close, y, 0.0))
        away = to_a - m.where(y > 0, y * to_b, 0.0)
        return m.where(close, lead * to_b, away)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        a, b = 2.0 - self.power, 1.0 - self.power
        _, _, to_a, to_b = self._parts(m, y, p)
        if self.log_input:
            return a * to_a - b * m.where(y > 0, y * to_b, 0.0)
        q = m.floored(p)
        return (b + self.power * (y / q)) * (to_b / q)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        b = 1.0 - self.power
        x, t, _, to_b = self._parts(m, y, p)
        # -(p^b - y^b) / b.
        near = b * t > -1.0
        close = -(m.power(x, b) * (m.expm1(m.maximum(b * t, -1.0)) / b))
        away = (m.power(x, b) - to_b) / b
        found = m.where(near, close, away)
        return m.where(y > 0, found, m.where(p == p, -float("inf"), p))

    def _parts(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array, Array, Array]:
        """A target above 0, the logarithm of mean / target, mean^a and mean^b."""
        a, b = 2.0 - self.power, 1.0 - self.power
        x = m.maximum(y, m.tiny(y))
        if self.log_input:
            return x, -m.log_less(x, p), m.exp(a * p), m.exp(b * p)
        q = m.floored(p)
        # Of large numbers not far apart a difference of logarithms would be rounding in good part.
        above, below = (q - x) / x, (x - q) / q
        t = m.log(q) - m.log(x)
        t = m.where((above >= 0) & (above < FAR), m.log1p(m.clip(above, 0.0, FAR)), t)
        t = m.where((below > 0) & (below < FAR), -m.log1p(m.clip(below, 0.0, FAR)), t)
        return x, t, m.power(q, a), m.power(q, b)


@dataclass(frozen=True)
class GaussianNLL(Pointwise):
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

    What it measures
    ----------------
    How unlikely a number is under the predicted distribution; a large error costs less where the
    model has said that it is uncertain.

    When to use
    -----------
    Regression with a variance that differs from case to case and is to be learned.

    Pitfalls
    --------
    The second prediction is the variance, not the deviation: end the model in a softplus or exp for
    it. Where there is one array for both they lie side by side along its last axis. A variance
    below `eps` is read as `eps`, and its gradient there is 0: start well above. Easy cases drive
    the variance down and with it the gradients of their neighbours up. The constant log(2 pi) / 2
    is left out unless `full`, so the value may be negative.

    Formula
    -------
    (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
    full adds log(2 pi) / 2

    Examples
    --------
    >>> import losskit
    >>> float(losskit.gaussian_nll([1.0, 2.0], [1.0, 4.0], variance=[1.0, 1.0]))
    1.0

    References
    ----------
    Nix and Weigend, Estimating the Mean and Variance of the Target Probability Distribution, ICNN
    (1994), 55-60.
    """

    eps: float = parameter(
        1e-6, kind="number", low=0.0, doc="variance as which smaller ones are read"
    )
    full: bool = parameter(False, kind="flag", doc="whether to add the constant log(2 pi) / 2")

    name = "gaussian_nll"
    aliases = ("gaussian_nll_loss", "gaussian_negative_log_likelihood")
    latex = r"\frac{1}{2} (\log \sigma^2 + (y - \mu)^2 / \sigma^2)"
    unit = "nats"
    further: ClassVar[tuple[Slot, ...]] = (Slot("variance", VARIANCE),)
    convex = False
    metric = "coverage"
    task = "regression"
    reaches_zero = "never"

    @property
    def prediction(self) -> Domain:
        return MEAN

    def value(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        error, v, part = self._parts(m, y, mean, variance)
        # In this order: the square of a large error would overflow, of a small one vanish.
        item = 0.5 * m.log(v) + error * (error / v) * (0.5 / part / part)
        return item + HALF_LOG_2_PI if self.full else item

    def slope(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        error, v, part = self._parts(m, y, mean, variance)
        return error / v / part

    def variance_slope(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        error, v, part = self._parts(m, y, mean, variance)
        rate = error / v / part
        # Where the variance is nearly right the difference of two rounded quotients is no digit.
        near = m.abs(1.0 - error * rate / part) < 0.5
        error = m.where(near, error / part, 0.0)
        right = (v - error * error) / v / v
        return self._above(m, variance, 0.5 * m.where(near, right, 1.0 / v - rate * rate))

    def curve(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        _, v, _ = self._parts(m, y, mean, variance)
        return 1.0 / v

    def variance_curve(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        error, v, part = self._parts(m, y, mean, variance)
        rate = error / v / part
        return self._above(m, variance, (rate * rate - 0.5 / v) / v)

    def target_slope(self, m: Vocabulary, y: Array, mean: Array, variance: Array) -> Array:
        return -self.slope(m, y, mean, variance)

    def _parts(
        self, m: Vocabulary, y: Array, mean: Array, variance: Array
    ) -> tuple[Array, Array, Array]:
        """mean - y, the variance as it is read, and which part of mean and y was taken.

        Of large numbers half of the error, which itself may overflow.
        """
        part = m.where(m.abs(y) > 1, 0.5 + 0.0 * y, 1.0)
        return part * mean - part * y, m.maximum(m.floored(variance), self.eps), part

    def _above(self, m: Vocabulary, variance: Array, x: Array) -> Array:
        """x where the variance is above its least; a NaN shows."""
        return m.where(variance > self.eps, x, lost(m, variance))
