"""Cross-entropies with other powers of the probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants, softmax
from losskit.core.definition import LABEL, LOGIT, SHARE, Domain, parameter
from losskit.core.families import Labelled, Rowwise, lost
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import (
    BY_CLASS,
    FROM_LOGITS,
    IGNORE,
)

ATANH_SERIES = [1.0 / (2 * k + 3) for k in range(11, -1, -1)]
"""Coefficients of (atanh(s) - s) / s^3 in powers of s^2, the highest first."""


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
        if self._linear:  # which is as large as all of it: nothing of that is taken away
            if self.from_logits:
                error = softmax.balanced_residual(m, y, row, axis)
                by_error = self._moved_by(m, y, error)
                moved = m.where(sure, self._moved(m, y, row), by_error)
                return error + self.epsilon * row.p * moved
            q = m.floored(p)
            whole = m.sum(q, axis)
            error = softmax.residual_of_probabilities(m, y, row, p, axis)
            own = m.where(y == 0, m.sum(y, axis) / whole, error / q)
            by_error = self._moved_by(m, y, error) / whole
            # Divided first, as below.
            return own + self.epsilon * m.where(sure, self._moved(m, y / whole, row), by_error)
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
        if self._linear:
            return self.epsilon * c - row.log_p
        close = c < 0.3
        # By log(p) = -2 atanh(s), s = c / (2 - c): no digit is lost for a p that is nearly 1.
        s = m.where(close, c, 0.0) / (2.0 - c)
        z = s * s
        series = 0.0 * z + ATANH_SERIES[0]
        for k in ATANH_SERIES[1:]:
            series = series * z + k
        bent = m.where(close, 2.0 * (z / (1.0 + s) + s * z * series), -row.log_p - c)
        return bent + (1.0 + self.epsilon) * c

    @property
    def _linear(self) -> bool:
        """Whether at least half of the linear term stays; not where its share is not known yet."""
        try:
            return bool(self.epsilon > -0.5)
        except TypeError:  # traced by JAX: the other text holds for every value
            return False

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
