"""Cross-entropies that weigh hard and easy cases in another way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants, softmax
from losskit.core.definition import LABEL, LOGIT, PROBABILITY, SHARE, Domain, parameter
from losskit.core.families import Labelled, Pointwise, Rowwise, lost, per_class, weighted
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import (
    BY_CLASS,
    FROM_LOGITS,
    IGNORE,
    SMOOTHING,
    BinaryCrossentropy,
)

ATANH_SERIES = [1.0 / (2 * k + 3) for k in range(11, -1, -1)]
"""Coefficients of (atanh(s) - s) / s^3 in powers of s^2, the highest first."""


@dataclass(frozen=True)
class BinaryFocalCrossentropy(Pointwise):
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

    What it measures
    ----------------
    How unlikely the true answer is under the predicted probability, times a power of how far the
    prediction is from it: cases that are right already hardly count.

    When to use
    -----------
    Two classes of which one is rare, as in detection, where the many easy cases would drown the few
    hard ones.

    Pitfalls
    --------
    `alpha` is without effect unless `apply_class_balancing`. Mislabelled cases are hard for ever,
    and count for more than in `binary_crossentropy`. Its minimiser is not the probability of the
    class: predictions are less certain than they should be. Say whether predictions are logits.

    Formula
    -------
    (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
    with p = sigmoid(z) for logits z;
    apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
    label smoothing s replaces y by y * (1 - s) + s / 2

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.binary_focal_crossentropy([1.0, 0.0], [0.5, 0.5])), 6)
    0.173287

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection, ICCV (2017), 2999-3007.
    """

    apply_class_balancing: bool = parameter(
        False, kind="flag", doc="whether the classes are weighted by alpha and 1 - alpha"
    )
    alpha: float = parameter(
        0.25, kind="number", low=0.0, high=1.0, doc="weight of class 1, where they are weighted"
    )
    gamma: float = parameter(
        2.0, kind="number", low=0.0, doc="exponent of the distance from the target; 0 for none"
    )
    from_logits: bool = parameter(False, **FROM_LOGITS)
    label_smoothing: float = parameter(0.0, **SMOOTHING)

    name = "binary_focal_crossentropy"
    aliases = ("focal_loss", "sigmoid_focal_loss", "binary_focal_cross_entropy")
    latex = r"-(1 - p)^\gamma\, y \log p - p^\gamma (1 - y) \log (1 - p)"
    unit = "nats"
    target: ClassVar[Domain] = PROBABILITY
    metric = "binary_accuracy"
    task = "binary"
    link = "logit"
    reaches_zero = "certain"
    # Two flags and three numbers that may be 0 would make 32 texts of it, of two dtypes each.
    compiled: ClassVar[bool] = False

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else PROBABILITY

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """As the cross-entropy only: an easy case flattens out."""
        return self.gamma == 0.0

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        ends = self._plain.best_constant(y, w)
        of_logits = replace(self, from_logits=True)
        found = constants.level(of_logits, y, w, -constants.FAR, constants.FAR)
        return np.where(np.isinf(ends), ends, found)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._weight(m, y, p) * self._cost(m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        rate = self._plain.slope(m, y, p)
        if self.gamma:
            h, scale = self._relative(m, y, p)
            rate = rate + self.gamma * h * self._cost(m, y, p) * scale
        return self._weight(m, y, p) * rate

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        weight = self._weight(m, y, p)
        if self.from_logits:
            bend = weight * self._plain.curve(m, y, p)
        else:
            (yes, no), (by_yes, by_no) = self._plain._targets(y), self._likely(m, p)
            bend = m.where(yes == 0, 0.0, weight * yes / by_no / by_no)
            bend = bend + m.where(no == 0, 0.0, weight * no / by_yes / by_yes)
        if not self.gamma:
            return bend
        # Of q^gamma b, with h = q' / q: q^gamma (gamma h ((gamma - 1) h b + 2 b' + b q'' / q') +
        # b''). First h b, for where h is largest b is least.
        h, scale = self._relative(m, y, p)
        hb = h * self._cost(m, y, p)
        rate = 2.0 * self._plain.slope(m, y, p) + (self.gamma - 1.0) * hb * scale
        if not self.from_logits:
            return bend + self.gamma * self._weight(m, y, p, falling=True) * rate
        e = m.tail(p)
        odd = m.where(p < 0, 1.0 - e, e - 1.0) / (1.0 + e)  # 1 - 2 sigmoid(z)
        return bend + self.gamma * weight * (h * rate + hb * odd) * scale

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        (yes, no), (by_yes, by_no) = self._plain._targets(y), self._likely(m, p)
        plain, share = self._cost(m, y, p), 1.0 - self.label_smoothing
        rate = self._plain.target_slope(m, y, p)
        if self.gamma:
            distance = m.maximum(yes * by_yes + no * by_no, m.tiny(p))
            rate = rate + share * self.gamma * (by_yes - by_no) / distance * plain
        rate = self._weight(m, y, p) * rate
        if self.apply_class_balancing:
            by_class = share * (2.0 * self.alpha - 1.0) * plain
            rate = rate + by_class * self._focus(m, y, p, self.gamma)
        return rate

    @property
    def _plain(self) -> BinaryCrossentropy:
        return BinaryCrossentropy(self.from_logits, self.label_smoothing)

    def _cost(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """The cross-entropy."""
        if not self.from_logits:
            # Of the floored probability, as all the rest.
            return self._plain.value(m, y, m.floored(p))
        # As there, but without a maximum: the slope, of which this is part, has a derivative at 0.
        yes, no = self._plain._targets(y)
        wrong = m.where(p < 0, yes, no)
        return m.where(wrong == 0, 0.0, wrong * m.where(p < 0, -p, p)) + m.log1p(m.tail(p))

    def _weight(self, m: Vocabulary, y: Array, p: Array, falling: bool = False) -> Array:
        """What the cross-entropy is multiplied by; falling, by how much 1 / gamma of it changes."""
        yes, no = self._plain._targets(y)
        focus = self._focus(m, y, p, self.gamma - 1.0 if falling else self.gamma)
        if falling:
            focus = focus * (no - yes)
        if not self.apply_class_balancing:
            return focus
        return focus * (self.alpha * yes + (1.0 - self.alpha) * no)

    def _focus(self, m: Vocabulary, y: Array, p: Array, exponent: float) -> Array:
        """1 - p_t to that power."""
        if not exponent:
            return 1.0 + 0.0 * y
        (yes, no), (by_yes, by_no) = self._plain._targets(y), self._likely(m, p)
        if not self.from_logits:
            return m.power(yes * by_yes + no * by_no, exponent)
        # For a right answer without doubt 1 - p_t is exp(-|z|) / (1 + exp(-|z|)), whose power may
        # be a number where it is none itself.
        sure = m.where(p < 0, yes, no) == 0
        size = m.where(p < 0, -p, p)  # not |p|, whose derivative at 0 a backend takes to be 0
        near = m.where(sure, 1.0 / (1.0 + m.tail(p)), yes * by_yes + no * by_no)
        return m.power(near, exponent) * m.exp(-exponent * m.where(sure, size, 0.0))

    def _relative(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array | float]:
        """The derivative of 1 - p_t, divided by 1 - p_t, as a product of two."""
        yes, no = self._plain._targets(y)
        if not self.from_logits:
            by_yes, by_no = self._likely(m, p)
            return (no - yes) / (yes * by_yes + no * by_no), 1.0
        e, half = m.tail(p), m.tail(0.5 * p)
        # exp(-|z|) in halves: by itself it may be left with few digits. Where the answer is right
        # without doubt it is in both parts of the quotient, and goes.
        most, least = m.where(p < 0, yes, no), m.where(p < 0, no, yes)
        sure = most == 0
        whole = m.where(sure, least, most + least * e)
        share = (no - yes) * m.where(sure, 1.0, half) / whole / (1.0 + e)
        return share, m.where(sure, 1.0, half)

    def _likely(self, m: Vocabulary, p: Array) -> tuple[Array, Array]:
        """1 - p and p; for probabilities neither of them 0."""
        if not self.from_logits:
            return m.complement(p), m.floored(p)
        e = m.tail(p)
        return m.where(p < 0, 1.0, e) / (1.0 + e), m.where(p < 0, e, 1.0) / (1.0 + e)


@dataclass(frozen=True)
class CategoricalFocalCrossentropy(Rowwise):
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

    What it measures
    ----------------
    How unlikely the true class is under the predicted distribution, times a power of what the
    distribution gives to the others: cases that are right already hardly count.

    When to use
    -----------
    Several classes of which some are rare, where the many easy cases would drown the few hard ones.

    Pitfalls
    --------
    `alpha` weighs every class alike if it is a number: with the default the loss is a quarter of
    what it would be without. Give one for each class to balance them. Mislabelled cases are hard
    for ever, and count for more than in `categorical_crossentropy`. Its minimiser is not the
    distribution of the classes: predictions are less certain than they should be. Say whether
    predictions are logits. Rows of probabilities are normalised to sum to 1.

    Formula
    -------
    -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
    label smoothing s replaces y by y * (1 - s) + s / classes

    Examples
    --------
    >>> import losskit
    >>> y, p = [[0.0, 1.0]], [[0.5, 0.5]]
    >>> round(float(losskit.categorical_focal_crossentropy(y, p)), 6)
    0.043322
    >>> round(float(losskit.categorical_focal_crossentropy(y, p, alpha=[0.25, 1.0])), 6)
    0.173287

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection, ICCV (2017), 2999-3007.
    """

    alpha: float | tuple[Any, ...] = parameter(
        0.25,
        kind="number or class weights",
        low=0.0,
        doc="weight of every class, or of each: a sequence, or a mapping (1 for those not named)",
    )
    gamma: float = parameter(
        2.0, kind="number", low=0.0, doc="exponent of what the others are given; 0 for none"
    )
    from_logits: bool = parameter(False, **FROM_LOGITS)
    label_smoothing: float = parameter(0.0, **SMOOTHING)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")

    name = "categorical_focal_crossentropy"
    aliases = ("categorical_focal_cross_entropy", "softmax_focal_loss")
    latex = r"-\sum_j \alpha_j\, y_j\, (1 - p_j)^\gamma \log p_j"
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"
    reaches_zero = "certain"

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else SHARE

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """As the cross-entropy of logits only: an easy case flattens out."""
        return self.from_logits and self.gamma == 0.0

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        cost = self._cost(m, self._row(m, p))
        return m.drop(m.sum(weighted(m, self._smooth(y, p), cost), self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row, y, axis = self._row(m, p), self._smooth(y, p), self.axis
        pull = self._pull(m, row)
        sure = m.max(row.p, axis) > 0.75
        if self.from_logits:
            plain = softmax.residual(m, y * pull, row, axis)
            y = self._alpha(m, row) * y
            top, lead = self._leads(m, row, row.d, m.expm1(row.d))
            # By the error of the cross-entropy, which keeps its digits where the classes are tied,
            # and what their pulls differ by.
            met = top * softmax.balanced_residual(m, y, row, axis)
            return m.where(sure, plain, met + softmax.residual(m, y * lead, row, axis))
        # By q, with p = q / sum(q): divided first, for the product of a small target and a power
        # of a small 1 - p would vanish.
        q = m.floored(p)
        whole, largest = m.sum(q, axis), m.max(q, axis)
        plain = softmax.others(m, y / whole * pull, axis) - y / q * pull * row.complement
        if isinstance(self.alpha, tuple):  # of which classes that are tied are no balance
            return plain
        less = (q - largest) / largest
        near = less > -0.5  # where the logarithm of a quotient would keep its rounding
        d = m.where(near, m.log1p(m.where(near, less, 0.0)), row.d)
        top, lead = self._leads(m, row, d, less)
        error = softmax.residual_of_probabilities(m, y, row, p, axis)
        met = m.where(y == 0, m.sum(y, axis) / whole, error / q)
        bent = softmax.others(m, y / whole * lead, axis) - y / q * lead * row.complement
        return m.where(sure, plain, self.alpha * (top * met + bent))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row, y, axis = self._row(m, p), self._smooth(y, p), self.axis
        pull, bend = self._pull(m, row), self._bend(m, row)
        if self.from_logits:
            # Factor by factor, for the square of a small p may vanish where its product with a
            # power of 1 - p does not.
            own = row.p * m.sum(y * pull, axis) - y * bend * row.complement
            rest = softmax.others(m, y * bend, axis)
            return own * row.complement - row.p * (row.p * rest)
        q = m.floored(p)
        whole = m.sum(q, axis)
        own = row.complement * (pull * (1.0 + row.p) - bend * row.complement)
        rest = softmax.others(m, y / whole * (pull + bend), axis)
        # In shares of the whole, lest infinity meet infinity where all of a row is tiny.
        own = m.where(y == 0, 0.0, y / q * own * (whole / q))
        return (own - rest) / whole

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return (1.0 - self.label_smoothing) * self._cost(m, self._row(m, p))

    def _row(self, m: Vocabulary, p: Array) -> softmax.Row:
        make = softmax.from_logits if self.from_logits else softmax.from_probabilities
        return make(m, p, self.axis)

    def _smooth(self, y: Array, p: Array) -> Array:
        s = self.label_smoothing
        return y * (1.0 - s) + s / p.shape[self.axis] if s else y

    def _alpha(self, m: Vocabulary, row: softmax.Row) -> Array:
        given: Any = self.alpha
        if isinstance(given, tuple):
            weights = per_class("alpha", given, row.p.shape[self.axis])
            given = m.vector(weights, row.p, self.axis)
        return given + 0.0 * row.p

    def _cost(self, m: Vocabulary, row: softmax.Row) -> Array:
        """What each class costs as the true one."""
        cost = -self._focus(m, row, self.gamma) * row.log_p
        return weighted(m, self._alpha(m, row), cost)

    def _focus(self, m: Vocabulary, row: softmax.Row, exponent: Any) -> Array:
        """1 - p to that power."""
        # From the smallest number on: a power below 1 of 0 has no derivative, and its inverse is
        # infinite, where what it is multiplied by is 0.
        return m.power(m.maximum(row.complement, m.tiny(row.p)), exponent)

    def _pull(self, m: Vocabulary, row: softmax.Row) -> Array:
        """-p times the derivative of each class's cost by p, which is 1 for the cross-entropy.

        alpha ((1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log(p)): both parts >= 0.
        """
        if not self.gamma:
            return self._alpha(m, row)
        falls = self.gamma * self._focus(m, row, self.gamma - 1.0)
        plain = self._focus(m, row, self.gamma)
        return self._alpha(m, row) * (plain - falls * row.p * self._log(m, row))

    def _leads(self, m: Vocabulary, row: softmax.Row, d: Array, less: Array) -> tuple[Array, Array]:
        """The pull of the largest class and what the others have more, before alpha; for rows in
        which it is not sure.

        What they have less of p is `less`, as shares of the largest, and `d` in logarithms.
        """
        p, log_p, gamma = m.max(row.p, self.axis), m.max(row.log_p, self.axis), self.gamma
        if not self.gamma:
            return 1.0 + 0.0 * p, 0.0 * row.p
        c = m.where(p > 0.75, 1.0, 1.0 - p)
        # The factors by which 1 - p grows, and p (1 - p)^(gamma - 1) falls, as logarithms.
        grows = m.log1p(-p * less / c)
        falls = d + (gamma - 1.0) * grows
        plain, slow = m.power(c, gamma), gamma * p * m.power(c, gamma - 1.0)
        bent = m.expm1(falls) * log_p + m.exp(falls) * m.where(row.p == 0, 0.0, d)
        return plain - slow * log_p, plain * m.expm1(gamma * grows) - slow * bent

    def _bend(self, m: Vocabulary, row: softmax.Row) -> Array:
        """p times the derivative of the pull by p."""
        if not self.gamma:
            return 0.0 * row.p
        log_p = self._log(m, row)
        close = (self.gamma - 1.0) * row.p * log_p / m.maximum(row.complement, m.tiny(row.p))
        rate = row.p * (close - log_p - 2.0)
        rate = self.gamma * self._focus(m, row, self.gamma - 1.0) * rate
        return self._alpha(m, row) * rate

    def _log(self, m: Vocabulary, row: softmax.Row) -> Array:
        """log(p), to be multiplied by p: 0 where that is 0."""
        return m.where(row.p == 0, 0.0, row.log_p)


@dataclass(frozen=True)
class CategoricalGeneralizedCrossEntropy(Labelled):
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

    What it measures
    ----------------
    How far the probability of the true class is from 1, by its power `q`: between the cross-entropy
    (`q` near 0) and 1 - p (`q` = 1), whose gradient does not grow where the label is unlikely.

    When to use
    -----------
    Classes that exclude one another, with targets given as class numbers of which some are wrong.

    Pitfalls
    --------
    The nearer `q` is to 1, the less a label that looks wrong counts, and the slower all is learned.
    Probabilities are taken as they are, not divided by their sum. Say whether predictions are
    logits: with `from_logits=True` the model needs no softmax, and this is the better choice.
    Labels start at 0. Class weights multiply the items and do not change the count of the mean
    (reduction "mean_with_sample_weight" divides by the weights).

    Formula
    -------
    weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z

    Examples
    --------
    >>> import losskit
    >>> y, p = [0, 1], [[0.25, 0.75], [0.0, 1.0]]
    >>> float(losskit.categorical_generalized_cross_entropy(y, p))
    0.5

    References
    ----------
    Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
    Labels, NeurIPS (2018), 8792-8802.
    """

    q: float = parameter(
        0.5,
        kind="number",
        low=0.0,
        high=1.0,
        open_low=True,
        doc="exponent: towards 0 the cross-entropy, 1 for 1 - p",
    )
    from_logits: bool = parameter(False, **FROM_LOGITS)
    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "categorical_generalized_cross_entropy"
    aliases = ("gce", "generalized_cross_entropy", "generalized_crossentropy")
    latex = r"\frac{1 - p_y^q}{q}"
    target: ClassVar[Domain] = LABEL
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    link = "softmax"

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else SHARE

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """In the probability; it flattens out for logits of a class that is far from true."""
        return not self.from_logits

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        # A share's derivative, shares * p^(q - 1), is the same for all classes.
        amounts = self.amounts(y, w, classes)
        best = np.where(amounts == amounts.max(), 0.0, -np.inf)
        return best if self.q == 1 else constants.log_shares(amounts) / (1.0 - self.q)

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        if self.from_logits:
            log_p = self._own(m, true, softmax.from_logits(m, p, self.axis).log_p)
            cost = -m.expm1(self.q * log_p) / self.q
        else:
            # By its logarithm, for the power of what is nearly 1 would be rounded to 1. It has no
            # floor: a p of 0 costs 1 / q.
            own = m.clip(self._own(m, true, p), 0.0, 1.0)
            log_p = m.log(m.where(own == 0, 1.0, own))
            cost = m.where(own == 0, 1.0 / self.q, -m.expm1(self.q * log_p) / self.q)
        return m.drop(sound * cost, self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        if self.from_logits:
            row = softmax.from_logits(m, p, self.axis)
            # p - 1 of the true class by its complement, which does not round to 0.
            return sound * (self._power(m, true, row) * self._error(m, true, row))
        rate = -m.power(m.minimum(m.floored(p), 1.0), self.q - 1.0)
        return sound * (m.where(true, rate, 0.0) + lost(m, p))  # NaN^0 is 1

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        if self.from_logits:
            row = softmax.from_logits(m, p, self.axis)
            error = self._error(m, true, row)
            bend = row.p * row.complement + self.q * error * m.where(true, row.complement, -row.p)
            return sound * (self._power(m, true, row) * bend)
        rate = (1.0 - self.q) * m.power(m.minimum(m.floored(p), 1.0), self.q - 2.0)
        return sound * m.where(true, rate, lost(m, p))

    def _own(self, m: Vocabulary, true: Array, x: Array) -> Array:
        """The number of the true class, the class axis kept."""
        return m.sum(m.where(true, x, lost(m, x)), self.axis)

    def _power(self, m: Vocabulary, true: Array, row: softmax.Row) -> Array:
        return m.exp(self.q * self._own(m, true, row.log_p))

    def _error(self, m: Vocabulary, true: Array, row: softmax.Row) -> Array:
        return m.where(true, -row.complement, row.p)


@dataclass(frozen=True)
class Poly1Crossentropy(Rowwise):
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

    What it measures
    ----------------
    How unlikely the true class is, in nats, and `epsilon` times the probability of the others: the
    first term of the cross-entropy's series in it, weighted anew.

    When to use
    -----------
    Classes that exclude one another, where a term more to tune may be worth it: `epsilon` above 0
    keeps the gradient of nearly right predictions up, below 0 keeps them from growing certain.

    Pitfalls
    --------
    With an `epsilon` below -1 the value may be negative, and wrong predictions the best. Say
    whether predictions are logits. Rows of probabilities are normalised to sum to 1.

    Formula
    -------
    sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z

    Examples
    --------
    >>> import losskit
    >>> y, p = [[0.0, 1.0]], [[0.5, 0.5]]
    >>> round(float(losskit.poly1_crossentropy(y, p)), 6)
    1.693147

    References
    ----------
    Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, ICLR
    (2022).
    """

    from_logits: bool = parameter(False, **FROM_LOGITS)
    epsilon: float = parameter(2.0, kind="number", doc="weight that is added to the linear term")
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")

    name = "poly1_crossentropy"
    aliases = ("poly_loss", "poly1_cross_entropy")
    latex = r"\sum_j y_j\, (-\log p_j + \epsilon\, (1 - p_j))"
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    convex = False
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"
    reaches_zero = "certain"

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else SHARE

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        cost = self._cost(m, self._row(m, p))
        return m.drop(m.sum(m.where(y == 0, 0.0, y * cost), self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row, axis, more = self._row(m, p), self.axis, 1.0 + self.epsilon
        # Where a class is nearly certain, without the linear term of the cross-entropy, which an
        # epsilon of -1 takes away. Elsewhere by the error of the cross-entropy, which keeps its
        # digits where the classes are tied.
        sure = m.max(row.p, axis) > 0.75
        if self.from_logits:
            missed = softmax.others(m, y * row.complement, axis)
            bent = row.p * missed - y * row.complement * row.complement
            by_second = bent + more * row.p * self._moved(m, y, row)
            error = softmax.balanced_residual(m, y, row, axis)
            by_error = error + self.epsilon * row.p * self._moved_by(m, y, error)
            return m.where(sure, by_second, by_error)
        q = m.floored(p)
        whole = m.sum(q, axis)
        error = softmax.residual_of_probabilities(m, y, row, p, axis)
        own = m.where(y == 0, m.sum(y, axis) / whole, error / q)
        by_error = own + self.epsilon * self._moved_by(m, y, error) / whole
        # Divided first: the product of small targets and shares would vanish.
        y = y / whole
        bent = m.where(y == 0, 0.0, y * row.complement * row.complement / row.p)
        by_second = (softmax.others(m, y * row.complement, axis) - bent) + more * self._moved(
            m, y, row
        )
        return m.where(sure, by_second, by_error)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row, axis, more = self._row(m, p), self.axis, 1.0 + self.epsilon
        moved = more * self._moved(m, y, row)
        missed = softmax.others(m, y * row.complement, axis)
        own = y * row.complement * row.complement
        if self.from_logits:
            bend = 2.0 * own + row.complement * missed + row.p * softmax.others(m, y * row.p, axis)
            return row.p * (bend + moved * (row.complement - row.p))
        whole = m.sum(m.floored(p), axis)
        own = m.where(y == 0, 0.0, own * (1.0 + 2.0 * row.p) / row.p / row.p)
        bend = own + (softmax.others(m, y, axis) - 2.0 * missed)
        return (bend - 2.0 * moved) / whole / whole

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._cost(m, self._row(m, p))

    def _cost(self, m: Vocabulary, row: softmax.Row) -> Array:
        """-log(p) + epsilon (1 - p) as (-log(p) - (1 - p)) + (1 + epsilon) (1 - p).

        An epsilon of -1 takes the linear term away: the first part, of second order, is all then.
        """
        c = row.complement
        close = c < 0.3
        # By log(p) = -2 atanh(s), s = c / (2 - c): no digit is lost for a p that is nearly 1.
        s = m.where(close, c, 0.0) / (2.0 - c)
        z = s * s
        series = 0.0 * z + ATANH_SERIES[0]
        for k in ATANH_SERIES[1:]:
            series = series * z + k
        bent = m.where(close, 2.0 * (z / (1.0 + s) + s * z * series), -row.log_p - c)
        return bent + (1.0 + self.epsilon) * c

    def _row(self, m: Vocabulary, p: Array) -> softmax.Row:
        make = softmax.from_logits if self.from_logits else softmax.from_probabilities
        return make(m, p, self.axis)

    def _moved(self, m: Vocabulary, y: Array, row: softmax.Row) -> Array:
        """sum_k(y_k p_k) - y_j, without the cancellation for a class that is nearly certain."""
        return softmax.others(m, y * row.p, self.axis) - y * row.complement

    def _moved_by(self, m: Vocabulary, y: Array, error: Array) -> Array:
        """The same from sum(y) p - y: small for classes that are tied, and then to its digits."""
        total = m.sum(y, self.axis)
        share = y / m.where(total == 0, 1.0, total)
        mean = m.sum(share * y, self.axis)
        lead = m.sum(share * (y - mean), self.axis) - (y - mean)
        return lead + m.sum(share * error, self.axis)
