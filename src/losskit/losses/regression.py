"""Losses of an error between a number and its prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants
from losskit.core.definition import NONNEGATIVE, Domain, parameter
from losskit.core.families import OfMean, Pointwise, Residual, State
from losskit.core.namespaces import Array, Vocabulary

LOG_2 = math.log(2.0)


@dataclass(frozen=True)
class MeanSquaredError(Residual):
    """Mean of the squared errors (MSE, L2 loss).

    What it measures
    ----------------
    The mean squared distance between target and prediction; its minimiser is the conditional mean.

    When to use
    -----------
    Regression with errors of similar size, roughly Gaussian; the default to beat.

    Pitfalls
    --------
    One outlier outweighs many good predictions, for the gradient grows with the error. The unit is
    the square of the target's: read `root_mean_squared_error` instead. With a sigmoid output the
    gradient dies on confident mistakes: use `binary_crossentropy`.

    Formula
    -------
    (p - y)^2

    Examples
    --------
    >>> import losskit
    >>> float(losskit.mean_squared_error([1.0, 0.0], [2.0, 3.0]))
    5.0

    References
    ----------
    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed. (2009), ch. 2.4.
    """

    name = "mean_squared_error"
    aliases = ("mse", "squared_error", "l2", "quadratic")
    latex = r"(p - y)^2"
    unit = "unit of y, squared"
    convex = True
    metric = "root_mean_squared_error"
    task = "regression"
    usual_for = "regression"

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.mean(y, w)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.square(p - y)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 2.0 * (p - y)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 2.0 + 0.0 * y


@dataclass(frozen=True)
class MeanAbsoluteError(Residual):
    """Mean of the absolute errors (MAE, L1 loss).

    What it measures
    ----------------
    The mean distance between target and prediction, in the target's unit; its minimiser is the
    conditional median.

    When to use
    -----------
    Regression with outliers or heavy tails; when every unit of error costs the same.

    Pitfalls
    --------
    The gradient has the same size near the target as far from it and jumps there, so a fixed
    learning rate hovers around the optimum: lower it, or use `huber`.

    Formula
    -------
    |p - y|

    Examples
    --------
    >>> import losskit
    >>> float(losskit.mean_absolute_error([1.0, 0.0], [2.0, 3.0]))
    2.0

    References
    ----------
    Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978), 33-50.
    """

    name = "mean_absolute_error"
    aliases = ("mae", "absolute_error", "l1")
    latex = r"|p - y|"
    unit = "unit of y"
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    def kinks(self, y: float) -> tuple[float, ...]:
        return (y,)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.median(y, w)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.abs(p - y)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.sign(p - y)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y


@dataclass(frozen=True)
class Quantile(Residual):
    """Quantile loss: absolute error that weighs one side more (pinball loss).

    What it measures
    ----------------
    The distance between target and prediction, times `quantile` where the prediction is too low and
    1 - `quantile` where it is too high; its minimiser is the conditional quantile.

    When to use
    -----------
    A bound that the target should stay below with a given probability; two of them make an
    interval; or where predicting too little costs more, or less, than predicting too much.

    Pitfalls
    --------
    At `quantile` 0.5 it is half the absolute error. Models for several quantiles, trained apart,
    may cross. Far quantiles are learned from the few targets beyond them.

    Formula
    -------
    quantile * (y - p)                   where p < y
    (1 - quantile) * (p - y)             elsewhere

    Examples
    --------
    >>> import losskit
    >>> float(losskit.quantile([2.0, 0.0], [0.0, 4.0], quantile=0.75))
    1.25

    References
    ----------
    Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978), 33-50.
    """

    quantile: float = parameter(
        0.5,
        kind="number",
        low=0.0,
        high=1.0,
        open=True,
        doc="share of targets that should lie below the prediction",
    )

    name = "quantile"
    aliases = ("quantile_loss", "pinball", "pinball_loss")
    latex = r"|\mathrm{quantile} - [p > y]|\, |p - y|"
    unit = "unit of y"
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    def kinks(self, y: float) -> tuple[float, ...]:
        return (y,)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        e = p - y
        return m.where(e < 0, -self.quantile * e, (1.0 - self.quantile) * e)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # At the target itself the subgradient of least magnitude: 0.
        e = p - y
        above = m.where(e > 0, 1.0 - self.quantile, 0.0 * e)  # a NaN shows
        return m.where(e < 0, -self.quantile, above)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y


SQUARED_ERROR = MeanSquaredError()


@dataclass(frozen=True)
class RootMeanSquaredError(OfMean):
    """Root of the mean of the squared errors (RMSE).

    What it measures
    ----------------
    The size of a typical error in the target's unit, large errors weighing more.

    When to use
    -----------
    Mostly as a metric. As a loss, where the size of the gradient should not depend on the scale of
    the target.

    Pitfalls
    --------
    It belongs to a whole set: the mean of the RMSE of batches is not the RMSE of the whole, and it
    has no value per element. Its gradient depends on the batch; at zero error it jumps (0 is given
    there). The minimiser is that of `mean_squared_error`.

    Formula
    -------
    sqrt(mean((p - y)^2))

    Examples
    --------
    >>> import losskit
    >>> float(losskit.root_mean_squared_error([1.0, 0.0], [2.0, 7.0]))
    5.0

    References
    ----------
    Hyndman and Koehler, Another look at measures of forecast accuracy, International Journal of
    Forecasting 22 (2006), 679-688.
    """

    name = "root_mean_squared_error"
    aliases = ("rmse",)
    latex = r"\sqrt{\frac{1}{n}\sum_i (p_i - y_i)^2}"
    unit = "unit of y"
    convex = True
    metric = "root_mean_squared_error"
    task = "regression"

    @property
    def inner(self) -> MeanSquaredError:
        return SQUARED_ERROR

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return self.inner.best_constant(y, w)

    def outer(self, mean: float) -> float:
        return math.sqrt(mean)

    def outer_slope(self, mean: float) -> float:
        return 0.5 / math.sqrt(mean)

    # The state is the size of the largest error, and the sum of the squares of the errors divided
    # by it: their own squares would overflow at 2e19 in float32 and vanish at 1e-23, where the root
    # is an ordinary number.

    nothing = (0.0, 0.0)

    def local(self, m: Vocabulary, y: Array, p: Array, w: Array) -> State:
        e = self._error(m, y, p, w)
        top = m.maximum(m.max(m.abs(e), None), 0.0)  # of an empty set it is -inf
        return top, m.sum(w * m.square(e / self._scale(m, top)), None)

    def merge(self, m: Vocabulary, a: State, b: State) -> State:
        top = m.maximum(a[0], b[0])

        def part(state: State) -> Array:
            share = self._scale(m, state[0]) / self._scale(m, top)
            return state[1] * m.square(m.where(state[0] == 0, 0.0, share))

        return top, part(a) + part(b)

    def finish(self, m: Vocabulary, state: State, count: Array) -> Array:
        return self._scale(m, state[0]) * m.sqrt(state[1] / count)

    def slope(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        unit, root = self._unit(m, y, p, w, count, state)
        return m.where(root == 0, 0.0, w * unit / (m.where(root == 0, 1.0, root) * count))

    def curve(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        unit, root = self._unit(m, y, p, w, count, state)
        share = w * unit / (m.where(root == 0, 1.0, root) * count)
        value = self.finish(m, state, count)
        value = m.where(value == 0, 1.0, value)
        return m.where(root == 0, 0.0, (w / count - share * share) / value)

    def target_slope(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        return -self.slope(m, y, p, w, count, state)

    def _unit(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> tuple[Array, Array]:
        """The errors divided by the largest, and the root of their mean square."""
        unit = self._error(m, y, p, w) / self._scale(m, state[0])
        return unit, m.sqrt(state[1] / count)

    @staticmethod
    def _error(m: Vocabulary, y: Array, p: Array, w: Array) -> Array:
        # What has no weight is no error, lest 0 meet an infinity of its making.
        return m.where(w == 0, 0.0, p - y)

    @staticmethod
    def _scale(m: Vocabulary, top: Array) -> Array:
        return m.where((top == 0) | (top == float("inf")), 1.0, top)


@dataclass(frozen=True)
class Huber(Residual):
    """Huber loss: squared for small errors, absolute for large ones.

    What it measures
    ----------------
    The distance between target and prediction, quadratic up to `delta` and linear beyond, so that
    no single error pulls with more than `delta`.

    When to use
    -----------
    Regression with some outliers, where MSE is too nervous and MAE too coarse near the target.

    Pitfalls
    --------
    `delta` has the target's unit: scale the target, or set `delta` to the error from which a point
    counts as an outlier. With a `delta` far above every error it is half the MSE.

    Formula
    -------
    (p - y)^2 / 2                        where |p - y| <= delta
    delta * (|p - y| - delta / 2)        elsewhere

    Examples
    --------
    >>> import losskit
    >>> float(losskit.huber([0.0, 0.0], [0.5, 3.0], delta=1.0))
    1.3125

    References
    ----------
    Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35 (1964),
    73-101.
    """

    delta: float = parameter(
        1.0,
        kind="number",
        low=0.0,
        open=True,
        turn=True,
        doc="error at which the loss turns from squared to linear, in the target's unit",
    )

    name = "huber"
    aliases = ("huber_loss",)
    latex = r"\frac{1}{2}(p - y)^2 \;\mathrm{to}\; \delta,\; \mathrm{then\ linear}"
    unit = "unit of y, squared"
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    def bends(self, y: float) -> tuple[float, ...]:
        return (y - self.delta, y + self.delta)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        e = p - y
        near = m.clip(e, -self.delta, self.delta)
        return near * (e - 0.5 * near)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.clip(p - y, -self.delta, self.delta)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        a = m.abs(p - y)
        return m.where(a <= self.delta, 1.0 + 0.0 * a, 0.0)


@dataclass(frozen=True)
class SmoothL1(Residual):
    """Smooth L1 loss: absolute, rounded off near zero error.

    What it measures
    ----------------
    The absolute error less `beta` / 2; within `beta` of the target a parabola, so that the gradient
    does not jump. It is the Huber loss divided by its delta.

    When to use
    -----------
    Box regression in object detection, and wherever the absolute error is meant but should settle.

    Pitfalls
    --------
    `beta` changes only how round the corner is: the pull of large errors stays 1, while that of
    `huber` grows with its delta. For `beta` towards 0 it is the absolute error.

    Formula
    -------
    (p - y)^2 / (2 * beta)               where |p - y| <= beta
    |p - y| - beta / 2                   elsewhere

    Examples
    --------
    >>> import losskit
    >>> float(losskit.smooth_l1([0.0, 0.0], [0.5, 3.0], beta=1.0))
    1.3125

    References
    ----------
    Girshick, Fast R-CNN, ICCV (2015), 1440-1448.
    """

    beta: float = parameter(
        1.0,
        kind="number",
        low=0.0,
        open=True,
        turn=True,
        doc="error at which the loss turns from squared to absolute, in the target's unit",
    )

    name = "smooth_l1"
    aliases = ("smooth_l1_loss",)
    latex = r"|p - y| - \frac{\beta}{2},\; \mathrm{rounded\ within}\; \beta"
    unit = "unit of y"
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    def bends(self, y: float) -> tuple[float, ...]:
        return (y - self.beta, y + self.beta)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        e = p - y
        near = m.clip(e, -self.beta, self.beta)
        # Divided first: the square of a small error would vanish beside a small beta.
        return near / self.beta * (e - 0.5 * near)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Clipped first: beyond beta the quotient may overflow.
        return m.clip(p - y, -self.beta, self.beta) / self.beta

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        a = m.abs(p - y)
        return m.where(a <= self.beta, 1.0 / self.beta + 0.0 * a, 0.0)


@dataclass(frozen=True)
class LogCosh(Residual):
    """Logarithm of the hyperbolic cosine of the error.

    What it measures
    ----------------
    A smooth Huber loss: half the squared error near the target, the absolute error less log 2 far
    from it.

    When to use
    -----------
    Regression with some outliers where the second derivative is wanted too (boosting, Newton).

    Pitfalls
    --------
    The change from squared to linear lies at an error of about 1: scale the target. Written as
    x + softplus(-2x) - log 2, it is mere rounding noise below an error of 0.001 in float32; here
    it is accurate there.

    Formula
    -------
    log(cosh(p - y))

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.log_cosh([0.0, 1.0], [1.0, 1.0])), 6)
    0.21689

    References
    ----------
    Saleh and Saleh, Statistical Properties of the log-cosh Loss Function Used in Machine Learning,
    arXiv:2208.04564 (2022).
    """

    name = "log_cosh"
    aliases = ("logcosh",)
    latex = r"\log \cosh (p - y)"
    convex = True
    metric = "mean_absolute_error"
    task = "regression"

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Near, -log(1 - tanh^2) / 2: no difference of large terms. Far, where that would lose
        # 1 - tanh^2, a - log 2 + log(1 + exp(-2a)). Both end in one and the same logarithm.
        a, u, tangent = self._parts(m, p - y)
        near = a < 1.0
        # It lies in these bounds anyway; said, they let a kernel take a cheaper logarithm.
        end = m.log1p(m.clip(m.where(near, -(tangent * tangent), 1.0 + u), -0.6, 0.4))
        return m.where(near, -0.5 * end, (a - LOG_2) + end)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        _, _, tangent = self._parts(m, p - y)
        return m.where(p - y < 0, -tangent, tangent)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # 1 - tanh^2 would cancel; this is 1 / cosh^2 without overflow.
        t = m.exp(-2.0 * m.abs(p - y))
        return 4.0 * t / m.square(1.0 + t)

    @staticmethod
    def _parts(m: Vocabulary, e: Array) -> tuple[Array, Array, Array]:
        """a = |e|, exp(-2a) - 1, and tanh(a), in which value and slope are written."""
        # Of |e| a backend takes the derivative at 0 to be 0, and the slope's would be 0 with it.
        a = m.where(e < 0, -e, e)
        u = m.expm1(-2.0 * a)
        return a, u, -u / (2.0 + u)


@dataclass(frozen=True)
class MeanAbsolutePercentageError(Pointwise):
    """Mean of the absolute errors in percent of the target (MAPE).

    What it measures
    ----------------
    The mean relative error in percent.

    When to use
    -----------
    Reports and forecasts where the targets are far from zero and relative error is what counts.

    Pitfalls
    --------
    A target near zero dominates everything: it is divided by `epsilon` at the least. Predicting too
    much costs more than predicting too little, so the minimiser lies below the median. For targets
    over many orders of magnitude prefer `mean_squared_logarithmic_error`.

    Formula
    -------
    100 * |p - y| / max(|y|, epsilon)

    Examples
    --------
    >>> import losskit
    >>> float(losskit.mean_absolute_percentage_error([4.0, 2.0], [5.0, 2.0]))
    12.5

    References
    ----------
    Hyndman and Koehler, Another look at measures of forecast accuracy, International Journal of
    Forecasting 22 (2006), 679-688.
    """

    epsilon: float = parameter(
        1e-7,
        kind="number",
        low=0.0,
        open=True,
        least_target=True,
        doc="least size of a target in the denominator, in the target's unit",
    )

    name = "mean_absolute_percentage_error"
    aliases = ("mape",)
    latex = r"100\, |p - y| / |y|"
    unit = "percent"
    convex = True
    metric = "mean_absolute_percentage_error"
    task = "regression"
    relative = True

    def kinks(self, y: float) -> tuple[float, ...]:
        return (y,)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        weight = self._size(constants.M, np.asarray(y, np.float64)) ** -1.0
        return constants.median(y, weight if w is None else constants.laid(w, y) * weight)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # Divided first: 100 |p - y| would overflow sooner than the value does.
        return 100.0 * self._share(m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # In two steps: 0 * (100 / size) would be NaN where the quotient overflows, and 1 / size is
        # subnormal for the largest numbers, which some compilers read as 0.
        return 10.0 * (10.0 * m.sign(p - y) / self._size(m, y))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 0.0 * y

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        size = self._size(m, y)
        growth = m.where(m.abs(y) > self.epsilon, m.sign(y), 0.0)
        return 10.0 * (10.0 * (-m.sign(p - y) - growth * self._share(m, y, p)) / size)

    def _share(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """|p - y| in parts of the size."""
        size = self._size(m, y)
        # Of halves where numbers are large: the difference of two of opposite sign may overflow.
        half = m.where(size > 1, 0.5 + 0.0 * size, 1.0)
        return m.abs(half * p - half * y) / (half * size)

    def _size(self, m: Vocabulary, y: Array) -> Array:
        # An epsilon that is 0 in this dtype would make 0 / 0 of a target met exactly.
        return m.maximum(m.maximum(m.abs(y), self.epsilon), m.tiny(y))


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(Pointwise):
    """Mean of the squared differences of log(1 + x) (MSLE).

    What it measures
    ----------------
    The squared relative error, nearly, for large values, and the squared error for small ones.

    When to use
    -----------
    Targets >= 0 over several orders of magnitude: counts, prices, durations.

    Pitfalls
    --------
    Predicting too little costs more than predicting too much. It is not convex for predictions far
    above the target. Below a prediction of 0, where the logarithm has no meaning, the curve goes on
    along its tangent, so that a network with a linear output is still pulled back (a clip there
    would kill the gradient).

    Formula
    -------
    (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.mean_squared_logarithmic_error([1.0, 3.0], [1.0, 7.0])), 6)
    0.240227

    References
    ----------
    Tofallis, A better measure of relative prediction accuracy for model selection and model
    estimation, Journal of the Operational Research Society 66 (2015), 1352-1362.
    """

    name = "mean_squared_logarithmic_error"
    aliases = ("msle",)
    latex = r"(\log(1 + p) - \log(1 + y))^2"
    target: ClassVar[Domain] = NONNEGATIVE
    convex = False
    metric = "root_mean_squared_error"
    task = "regression"
    relative = True

    def bends(self, y: float) -> tuple[float, ...]:
        return (0.0,)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return np.expm1(constants.mean(np.log1p(y), w))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.square(self._difference(m, y, p))

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return 2.0 * self._difference(m, y, p) / (1.0 + m.maximum(p, 0.0))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        bend = m.where(p > 0, self._difference(m, y, p), 0.0)
        return 2.0 * (1.0 - bend) / m.square(1.0 + m.maximum(p, 0.0))

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        inside = m.where(y < 0, 0.0, -2.0 / (1.0 + m.maximum(y, 0.0)))
        return inside * self._difference(m, y, p)

    @staticmethod
    def _difference(m: Vocabulary, y: Array, p: Array) -> Array:
        # log(1 + p) - log(1 + y) as one log1p of a quotient that is never negative: accurate for
        # p near y, where the difference of two logarithms would be rounding noise.
        y = m.maximum(y, 0.0)
        q = m.maximum(p, 0.0)
        # Not of |q - y| / (1 + min(q, y)): at p = y a backend would find no derivative of that.
        below = q < y
        size = m.log1p(m.where(below, y - q, q - y) / (1.0 + m.where(below, q, y)))
        return m.where(below, -size, size) + m.minimum(p, 0.0)
