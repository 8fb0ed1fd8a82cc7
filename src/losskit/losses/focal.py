"""Cross-entropies that weigh hard and easy cases in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from losskit.core import softmax
from losskit.core.definition import LOGIT, PROBABILITY, SHARE, Domain, parameter
from losskit.core.families import Pointwise, Rowwise
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import FROM_LOGITS, SMOOTHING, BinaryCrossentropy

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
    # Two flags and three numbers that may be 0 would make 32 texts of it, of two dtypes each.
    compiled: ClassVar[bool] = False

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else PROBABILITY

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """As the cross-entropy only: an easy case flattens out."""
        return self.gamma == 0.0

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
