"""Cross-entropies that weigh hard and easy cases in another way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants, softmax
from losskit.core.definition import LOGIT, PROBABILITY, SHARE, Domain, parameter
from losskit.core.families import Pointwise, Rowwise, per_class, weighted
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import (
    FROM_LOGITS,
    SMOOTHING,
    BinaryCrossentropy,
)


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
