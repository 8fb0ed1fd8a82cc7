"""What each loss should give: an independent definition of every card, in mpmath at 60 digits.

Each definition below is written from the formula in the card's docstring, not from its code, and
returns the *terms* whose sum is the true number. So one rule judges all: the error is taken
relative to the sum of the magnitudes of the terms. Where all terms have one sign (most losses) that
is the true value itself; where they have both (KL, Poisson's value, cosine, categorical hinge,
slopes and curvatures for soft targets) it is the best any sum in floating point can promise.

Conventions of the project: inputs are the floats given; a probability below the dtype's smallest
normal number is read as that number (``tiny``); parameters are rounded to the compute
dtype; at a kink the subgradient of least magnitude is the slope, at a bend the curvature is left
open (`near_break`).

    exact = truth.evaluate(card, "slope", y, p, np.float32)
    worst, where = truth.worst_error(got, exact, np.float32)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 60
ZERO, ONE, HALF = mpf(0), mpf(1), mpf(1) / 2

ORDERS = ("value", "slope", "curve")


@dataclass(frozen=True)
class Exact:
    """True numbers and the scales their errors are judged by, as object arrays of mpf."""

    true: np.ndarray
    scale: np.ndarray


# --- definitions: pointwise ---------------------------------------------------------------------


class Definition:
    """value, slope, curve: lists of terms. ``c`` is the card, parameters read with `_number`."""

    def __init__(self, card: Any, dtype: Any) -> None:
        self.card, self.dtype = card, compute_dtype(dtype)
        # float16 keeps its own floor, for its gradient must fit in it; bfloat16 has float32's.
        narrow = np.dtype(np.float16) if np.dtype(dtype) == np.float16 else self.dtype
        self.tiny = mpf(float(np.finfo(narrow).tiny))

    def number(self, name: str) -> mpf:
        """A parameter, rounded to the compute dtype."""
        return mpf(float(self.dtype.type(getattr(self.card, name))))

    def floored(self, p: mpf) -> mpf:
        return max(p, self.tiny)

    def near_break(self, y: mpf, p: mpf) -> bool:
        """Whether rounding decides on which side of a kink or bend the point lies."""
        return False

    has_optimum = True
    """Whether there is a best prediction for each element, or row, by itself."""

    def optimum(self, y: float) -> tuple[float, mpf]:
        """A best prediction for the target, and the value there."""
        return y, ZERO


def _close(a: mpf, b: mpf) -> bool:
    return abs(a - b) <= mpf(2) ** -20 * max(abs(a), abs(b))


class MeanSquaredError(Definition):
    def value(self, y, p):
        return [(p - y) ** 2]

    def slope(self, y, p):
        return [2 * (p - y)]

    def curve(self, y, p):
        return [mpf(2)]


class MeanAbsoluteError(Definition):
    def value(self, y, p):
        return [abs(p - y)]

    def slope(self, y, p):
        return [mpmath.sign(p - y)]

    def curve(self, y, p):
        return [ZERO]


class Huber(Definition):
    def value(self, y, p):
        delta, a = self.number("delta"), abs(p - y)
        return [a**2 / 2 if a <= delta else delta * (a - delta / 2)]

    def slope(self, y, p):
        delta, e = self.number("delta"), p - y
        return [e if abs(e) <= delta else delta * mpmath.sign(e)]

    def curve(self, y, p):
        return [ONE if abs(p - y) <= self.number("delta") else ZERO]

    def near_break(self, y, p):
        return _close(abs(p - y), self.number("delta"))


class SmoothL1(Definition):
    def value(self, y, p):
        beta, a = self.number("beta"), abs(p - y)
        return [a**2 / (2 * beta) if a <= beta else a - beta / 2]

    def slope(self, y, p):
        beta, e = self.number("beta"), p - y
        return [e / beta if abs(e) <= beta else mpmath.sign(e)]

    def curve(self, y, p):
        beta = self.number("beta")
        return [1 / beta if abs(p - y) <= beta else ZERO]

    def near_break(self, y, p):
        return _close(abs(p - y), self.number("beta"))


class LogCosh(Definition):
    def value(self, y, p):
        a = abs(p - y)
        # cosh(a) - 1 = 2 sinh^2(a / 2); 60 digits are too few for cosh(1e-30) itself.
        return [mpmath.log1p(2 * mpmath.sinh(a / 2) ** 2) if a < 1 else mpmath.log(mpmath.cosh(a))]

    def slope(self, y, p):
        return [mpmath.tanh(p - y)]

    def curve(self, y, p):
        return [ONE / mpmath.cosh(p - y) ** 2]


class MeanAbsolutePercentageError(Definition):
    def _size(self, y):
        return max(abs(y), self.number("epsilon"))

    def value(self, y, p):
        return [100 * abs(p - y) / self._size(y)]

    def slope(self, y, p):
        return [100 * mpmath.sign(p - y) / self._size(y)]

    def curve(self, y, p):
        return [ZERO]


class MeanSquaredLogarithmicError(Definition):
    @staticmethod
    def _difference(y, p):
        return (mpmath.log1p(p) if p >= 0 else p) - mpmath.log1p(y)

    def value(self, y, p):
        return [self._difference(y, p) ** 2]

    def slope(self, y, p):
        return [2 * self._difference(y, p) / (1 + max(p, ZERO))]

    def curve(self, y, p):
        if p < 0:
            return [mpf(2)]
        return [2 / (1 + p) ** 2, -2 * self._difference(y, p) / (1 + p) ** 2]

    def near_break(self, y, p):
        return p == 0


class Poisson(Definition):
    def value(self, y, p):
        if self.card.log_input:
            return [mpmath.exp(p), -y * p if y else ZERO]
        return [p, -y * mpmath.log(self.floored(p))]

    def slope(self, y, p):
        if self.card.log_input:
            return [mpmath.exp(p), -y]
        # One term, although 1 - y / p has two signs: (p - y) / p has no need to lose digits.
        q = self.floored(p)
        return [(q - y) / q]

    def curve(self, y, p):
        return [mpmath.exp(p)] if self.card.log_input else [y / self.floored(p) ** 2]

    def optimum(self, y):
        y = mpf(y)
        best = float(y)
        if self.card.log_input:
            best = float(mpmath.log(y)) if y else -1e4
        return best, sum(self.value(y, mpf(best)))


class BinaryCrossentropy(Definition):
    def _targets(self, y):
        """How much of the target is yes and how much no."""
        s = self.number("label_smoothing")
        return y * (1 - s) + s / 2, (1 - y) * (1 - s) + s / 2

    def value(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [yes * _softplus(-p), no * _softplus(p)]
        return [-yes * mpmath.log(self.floored(p)), -no * mpmath.log(self.floored(1 - p))]

    def slope(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [-yes * _sigmoid(-p), no * _sigmoid(p)]
        return [-yes / self.floored(p), no / self.floored(1 - p)]

    def curve(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [_sigmoid(p) * _sigmoid(-p)]
        return [yes / self.floored(p) ** 2, no / self.floored(1 - p) ** 2]

    def optimum(self, y):
        yes, no = self._targets(mpf(y))
        best = -_xlogx(yes) - _xlogx(no)
        if not self.card.from_logits:
            return float(yes), best
        if yes == 0 or no == 0:
            return (1e4 if no == 0 else -1e4), best
        return float(mpmath.log(yes / no)), best


def _softplus(z: mpf) -> mpf:
    return max(z, ZERO) + mpmath.log1p(mpmath.exp(-abs(z)))


def _sigmoid(z: mpf) -> mpf:
    e = mpmath.exp(-abs(z))
    return ONE / (1 + e) if z >= 0 else e / (1 + e)


def _xlogx(x: mpf) -> mpf:
    return x * mpmath.log(x) if x > 0 else ZERO


class Hinge(Definition):
    @staticmethod
    def _sign(y):
        return -ONE if y == 0 else y

    def value(self, y, p):
        return [max(1 - self._sign(y) * p, ZERO)]

    def slope(self, y, p):
        return [-self._sign(y) if 1 - self._sign(y) * p > 0 else ZERO]

    def curve(self, y, p):
        return [ZERO]

    def optimum(self, y):
        return float(self._sign(mpf(y))), ZERO


class SquaredHinge(Hinge):
    def value(self, y, p):
        return [max(1 - self._sign(y) * p, ZERO) ** 2]

    def slope(self, y, p):
        return [-2 * self._sign(y) * max(1 - self._sign(y) * p, ZERO)]

    def curve(self, y, p):
        return [mpf(2) if 1 - self._sign(y) * p > 0 else ZERO]


class SoftMargin(Hinge):
    def value(self, y, p):
        return [_softplus(-self._sign(y) * p)]

    def slope(self, y, p):
        return [-self._sign(y) * _sigmoid(-self._sign(y) * p)]

    def curve(self, y, p):
        return [_sigmoid(p) * _sigmoid(-p)]

    def optimum(self, y):
        return float(self._sign(mpf(y)) * 1e4), ZERO


class MarginRanking(Definition):
    def _short(self, y, p):
        return self.number("margin") - y * p

    def value(self, y, p):
        return [max(self._short(y, p), ZERO)]

    def slope(self, y, p):
        return [-y if self._short(y, p) > 0 else ZERO]

    def curve(self, y, p):
        return [ZERO]

    def near_break(self, y, p):
        return _close(self.number("margin"), y * p)

    def optimum(self, y):
        margin = max(self.card.margin, 0.0)
        return y * margin, ZERO if y else mpf(margin)


class LogKLDivergence(Definition):
    has_optimum = False  # only the elements of a distribution have one together

    def _target(self, y):
        return y, mpmath.log(self.floored(y))

    def value(self, y, p):
        share, log = self._target(y)
        return [share * log, -share * p] if share else [ZERO]

    def slope(self, y, p):
        return [-self._target(y)[0]]

    def curve(self, y, p):
        return [ZERO]


class LogKLDivergenceWithLogTargets(LogKLDivergence):
    def _target(self, y):
        return mpmath.exp(y), y


# --- definitions: rowwise -----------------------------------------------------------------------
# y and p are lists, value is the terms of one number, slope and curve the terms of each entry.


class RowDefinition(Definition):
    """A loss of whole rows."""


class CategoricalCrossentropy(RowDefinition):
    def _target(self, y):
        s = self.number("label_smoothing")
        return [t * (1 - s) + s / len(y) for t in y]

    def _weight(self, y):
        return ONE

    def value(self, y, p):
        weight, y = self._weight(y), self._spread(y, p)
        if self.card.from_logits:
            p = self._cooled(p)
            # log(sum exp(z)) - z_j = log(sum exp(z - z_j))
            logs = [sum(_log_sum_exp([z - z_j for z in p])) if t else None
                    for t, z_j in zip(y, p, strict=True)]  # fmt: skip
        else:
            q = [self.floored(x) for x in p]
            logs = [mpmath.log1p(sum(q[:j] + q[j + 1 :]) / q_j) for j, q_j in enumerate(q)]
        terms = [weight * t * log for t, log in zip(y, logs, strict=True) if t]
        if self.card.z_loss:
            top, rest = _log_sum_exp(p)
            terms += [weight * self.number("z_loss") * t for t in (top**2, 2 * top * rest, rest**2)]
        return terms

    def slope(self, y, p):
        weight, y = self._weight(y), self._spread(y, p)
        total, (share, rest, q) = sum(y), self._shares(p)
        terms = []
        for j, t in enumerate(y):
            # sum_k y_k (p_j - [j = k]); by the chain rule over q_j for probabilities, as dp/dq is
            # what it is: (total - y_j) / sum(q) - y_j (1 / q_j - 1 / sum(q)).
            inner = 1 / self.number("temperature") if self.card.from_logits else 1 / q[j]
            terms.append([weight * (total - t) * share[j] * inner, -weight * t * rest[j] * inner])
            if self.card.z_loss:
                by = 2 * weight * self.number("z_loss") * share[j] * inner
                terms[j] += [by * part for part in _log_sum_exp(self._cooled(p))]
        return terms

    def curve(self, y, p):
        weight, y = self._weight(y), self._spread(y, p)
        total, (share, rest, q) = sum(y), self._shares(p)
        if self.card.from_logits:
            inner, terms = 1 / self.number("temperature"), []
            for s, r in zip(share, rest, strict=True):
                terms.append([weight * total * s * r * inner**2])
                if self.card.z_loss:
                    by = 2 * weight * self.number("z_loss") * s * inner**2
                    terms[-1] += [by * s, *(by * r * x for x in _log_sum_exp(self._cooled(p)))]
            return terms
        whole = sum(q)
        return [
            # y / q^2 - y / whole^2 without the common part
            [weight * t * rest[j] * (1 + share[j]) / q[j] ** 2, -weight * (total - t) / whole**2]
            for j, t in enumerate(y)
        ]

    def _cooled(self, p):
        return [z / self.number("temperature") for z in p]

    def _spread(self, y, p):
        return self._target(y)

    def _shares(self, p):
        """Of each entry: its share of the row, the share of the rest, its floored probability."""
        if self.card.from_logits:
            p = self._cooled(p)
            top = max(p)
            q = [mpmath.exp(z - top) for z in p]
        else:
            q = [self.floored(x) for x in p]
        whole = sum(q)
        rest = [sum(q[:j] + q[j + 1 :]) / whole for j in range(len(q))]
        return [x / whole for x in q], rest, q

    def optimum(self, y):
        y = self._spread([mpf(t) for t in y], y)
        best = -sum(_xlogx(t) for t in y)
        if not self.card.from_logits:
            return [float(t) for t in y], best
        temperature = self.number("temperature")
        return [float(temperature * mpmath.log(t)) if t else -1e4 for t in y], best


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """The target is one label, an int."""

    def _weight(self, y):
        return mpf(float(self.dtype.type(dict(self.card.class_weight or ()).get(int(y), 1.0))))

    def _spread(self, y, p):
        return self._target([ONE if j == int(y) else ZERO for j in range(len(p))])

    def optimum(self, y):
        raise NotImplementedError  # depends on the number of classes; law: categorical


def _log_sum_exp(z: list[mpf]) -> tuple[mpf, mpf]:
    """As the sum of the largest and what the others add, accurate where they are far below."""
    top = max(z)
    rest, seen = ZERO, False
    for x in z:
        if x == top and not seen:
            seen = True
        else:
            rest += mpmath.exp(x - top)
    return top, mpmath.log1p(rest)


class KLDivergence(RowDefinition):
    def value(self, y, p):
        return [
            t * mpmath.log(self.floored(t) / self.floored(x))
            for t, x in zip(y, p, strict=True)
            if t
        ]

    def slope(self, y, p):
        return [[-t / self.floored(x)] for t, x in zip(y, p, strict=True)]

    def curve(self, y, p):
        return [[t / self.floored(x) ** 2] for t, x in zip(y, p, strict=True)]


class NegativeLogLikelihood(RowDefinition):
    """The target is one label, an int."""

    def _weight(self, y):
        return mpf(float(self.dtype.type(dict(self.card.class_weight or ()).get(int(y), 1.0))))

    def value(self, y, p):
        return [-self._weight(y) * p[int(y)]]

    def slope(self, y, p):
        return [[-self._weight(y) if j == int(y) else ZERO] for j in range(len(p))]

    def curve(self, y, p):
        return [[ZERO] for _ in p]


class CategoricalHinge(RowDefinition):
    def _shortfall(self, y, p):
        rival = max(_product(1 - t, x) for t, x in zip(y, p, strict=True))
        return [ONE, rival, *(-_product(t, x) for t, x in zip(y, p, strict=True))]

    def value(self, y, p):
        terms = self._shortfall(y, p)
        return terms if sum(terms) > 0 else [ZERO]

    def slope(self, y, p):
        if sum(self._shortfall(y, p)) <= 0:
            return [[ZERO] for _ in y]
        scores = [_product(1 - t, x) for t, x in zip(y, p, strict=True)]
        best = [score == max(scores) for score in scores]
        # The subgradient of least magnitude: if a constant (of a true class) shares the maximum,
        # nothing need move; otherwise those at the maximum share it.
        free = any(b and t == 1 for b, t in zip(best, y, strict=True))
        share = [ZERO if free or not b else ONE / sum(best) for b in best]
        return [[(1 - t) * s, -t] for t, s in zip(y, share, strict=True)]

    def curve(self, y, p):
        return [[ZERO] for _ in y]

    def near_break(self, y, p):
        terms = self._shortfall(y, p)
        return sum(terms) != 0 and abs(sum(terms)) <= mpf(2) ** -20 * sum(abs(t) for t in terms)

    def optimum(self, y):
        return [2.0 * t for t in y], ZERO


def _product(t: mpf, x: mpf) -> mpf:
    """A class of weight 0 adds nothing, even at -inf."""
    return ZERO if t == 0 else t * x


class CosineSimilarity(RowDefinition):
    def _unit(self, x):
        length = mpmath.sqrt(sum(t * t for t in x))
        return ([t / length for t in x], 1 / length) if length else ([ZERO] * len(x), ZERO)

    def value(self, y, p):
        (u, _), (v, _) = self._unit(y), self._unit(p)
        return [-a * b for a, b in zip(u, v, strict=True)]

    def slope(self, y, p):
        (u, _), (v, per) = self._unit(y), self._unit(p)
        cosine = [a * b for a, b in zip(u, v, strict=True)]
        return [[-a * per, *(c * b * per for c in cosine)] for a, b in zip(u, v, strict=True)]

    def curve(self, y, p):
        (u, _), (v, per) = self._unit(y), self._unit(p)
        cosine = [a * b for a, b in zip(u, v, strict=True)]
        return [
            [t * per**2 for t in (2 * a * b, *cosine, *(-3 * c * b * b for c in cosine))]
            for a, b in zip(u, v, strict=True)
        ]

    def optimum(self, y):
        return list(y), -ONE if any(y) else ZERO


# --- definitions: setwise -----------------------------------------------------------------------
# y, p and w are lists; value is the terms of one number, slope and curve the terms of each entry.


class SetDefinition(Definition):
    """A loss of a whole set."""


class RootMeanSquaredError(SetDefinition):
    def _value(self, y, p, w):
        return mpmath.sqrt(sum(k * (b - a) ** 2 for a, b, k in zip(y, p, w, strict=True)) / len(y))

    def value(self, y, p, w):
        return [self._value(y, p, w)]

    def slope(self, y, p, w):
        value = self._value(y, p, w)
        return [
            [k * (b - a) / (len(y) * value) if value else ZERO]
            for a, b, k in zip(y, p, w, strict=True)
        ]

    def curve(self, y, p, w):
        value = self._value(y, p, w)
        slopes = self.slope(y, p, w)
        return [
            [k / len(y) / value, -(slope[0] ** 2) / value] if value else [ZERO]
            for slope, k in zip(slopes, w, strict=True)
        ]


DEFINITIONS: dict[str, type[Definition]] = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "root_mean_squared_error": RootMeanSquaredError,
    "huber": Huber,
    "smooth_l1": SmoothL1,
    "log_cosh": LogCosh,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "poisson": Poisson,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "negative_log_likelihood": NegativeLogLikelihood,
    "kl_divergence": KLDivergence,
    "log_kl_divergence": LogKLDivergence,
    "log_kl_divergence_with_log_targets": LogKLDivergenceWithLogTargets,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "soft_margin": SoftMargin,
    "margin_ranking": MarginRanking,
    "categorical_hinge": CategoricalHinge,
    "cosine_similarity": CosineSimilarity,
}
"""One definition per registered card, by the card's name."""


# --- evaluation ---------------------------------------------------------------------------------


def compute_dtype(dtype: Any) -> np.dtype:
    """The dtype in which inputs of that dtype are computed: float32 for the half types."""
    return np.dtype(np.float64) if np.dtype(dtype) == np.float64 else np.dtype(np.float32)


def define(card: Any, dtype: Any) -> Definition:
    """The definition of a card for inputs of that dtype."""
    return DEFINITIONS[card.name](card, dtype)


def _exact(terms: list[mpf]) -> tuple[mpf, mpf]:
    return sum(terms, ZERO), sum((abs(t) for t in terms), ZERO)


def evaluate(card: Any, order: str, y: Any, p: Any, dtype: Any, w: Any = None) -> Exact:
    """The true items (order "value") or derivatives by the predictions ("slope", "curve").

    Args:
        card: the card, with its parameters.
        order: one of `ORDERS`.
        y: targets as an array.
        p: predictions as an array.
        dtype: the dtype of the predictions; half types are computed in float32.
        w: weights in p's shape, for a loss of a set.
    """
    d = define(card, dtype)
    y, p = np.asarray(y), np.asarray(p)
    function = getattr(d, order)
    if isinstance(d, SetDefinition):
        w = np.ones(p.shape) if w is None else np.broadcast_to(w, p.shape)
        terms = function(_mpfs(y), _mpfs(p), _mpfs(w))
        pairs = [_exact(terms)] if order == "value" else [_exact(t) for t in terms]
        return _arrays(pairs, () if order == "value" else p.shape)
    if not isinstance(d, RowDefinition):
        pairs = [_exact(function(a, b)) for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
        return _arrays(pairs, p.shape)
    rows_p = np.moveaxis(p, card.axis, -1)
    shape = rows_p.shape
    rows_p = rows_p.reshape(-1, shape[-1])
    labels = card.target.labels
    rows_y = y.reshape(-1) if labels else np.moveaxis(y, card.axis, -1).reshape(-1, shape[-1])
    pairs = []
    for a, b in zip(rows_y, rows_p, strict=True):
        terms = function(int(a) if labels else _mpfs(a), _mpfs(b))
        pairs += [_exact(terms)] if order == "value" else [_exact(t) for t in terms]
    if order == "value":
        return _arrays(pairs, shape[:-1])
    moved = _arrays(pairs, shape)
    return Exact(np.moveaxis(moved.true, -1, card.axis), np.moveaxis(moved.scale, -1, card.axis))


def near_break(card: Any, y: Any, p: Any, dtype: Any) -> np.ndarray:
    """Where, in p's shape, rounding decides the side of a kink or bend: no law judges there."""
    d = define(card, dtype)
    y, p = np.asarray(y), np.asarray(p)
    if isinstance(d, SetDefinition) or card.target.labels:
        return np.zeros(p.shape, bool)
    if not isinstance(d, RowDefinition):
        hits = [d.near_break(a, b) for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
        return np.array(hits, bool).reshape(p.shape)
    rows_p, rows_y = np.moveaxis(p, card.axis, -1), np.moveaxis(y, card.axis, -1)
    shape = rows_p.shape
    hits = [
        d.near_break(_mpfs(a), _mpfs(b))
        for a, b in zip(rows_y.reshape(-1, shape[-1]), rows_p.reshape(-1, shape[-1]), strict=True)
    ]
    rows = np.array(hits, bool).reshape(shape[:-1])
    return np.broadcast_to(np.expand_dims(rows, card.axis), p.shape)


def errors(got: Any, exact: Exact, dtype: Any) -> np.ndarray:
    """The error of each number relative to its scale; inf where it is wrong in kind.

    Below the smallest normal number the spacing is absolute: a few spacings are forgiven. Where the
    truth cannot be represented, infinity of the right sign (or the largest number) is right.
    """
    info = np.finfo(np.dtype(dtype)) if np.dtype(dtype).name != "bfloat16" else _bfloat16_info()
    largest, spacing = mpf(float(info.max)), mpf(float(info.smallest_subnormal))
    numbers = np.asarray(got).astype(np.float64).reshape(-1)
    out = []
    for g, t, s in zip(numbers, exact.true.reshape(-1), exact.scale.reshape(-1), strict=True):
        if abs(t) > largest * (1 - mpf(2) ** -7):
            right = g == np.sign(float(mpmath.sign(t))) * np.inf or abs(g) > float(largest) * 0.98
            out.append(0.0 if right and g * float(mpmath.sign(t)) > 0 else np.inf)
            continue
        if not np.isfinite(g):
            out.append(np.inf)
            continue
        missed = max(abs(mpf(float(g)) - t) - 4 * spacing, ZERO)
        out.append(0.0 if missed == 0 else float(missed / s) if s else np.inf)
    return np.array(out, float).reshape(np.shape(got))


def worst_error(got: Any, exact: Exact, dtype: Any, skip: Any = None) -> tuple[float, Any]:
    """The largest error, and the index at which it occurs."""
    found = errors(got, exact, dtype)
    if skip is not None:
        found = np.where(np.broadcast_to(skip, found.shape), 0.0, found)
    if not found.size:
        return 0.0, ()
    where = np.unravel_index(int(np.argmax(found)), found.shape)
    return float(found[where]), tuple(int(i) for i in where)


def _bfloat16_info() -> Any:
    import ml_dtypes

    return ml_dtypes.finfo(ml_dtypes.bfloat16)


def _mpfs(x: Any) -> list[mpf]:
    return [mpf(float(v)) for v in np.asarray(x).reshape(-1)]


def _arrays(pairs: list[tuple[mpf, mpf]], shape: tuple[int, ...]) -> Exact:
    true, scale = np.empty(len(pairs), object), np.empty(len(pairs), object)
    for i, (t, s) in enumerate(pairs):
        true[i], scale[i] = t, s
    return Exact(true.reshape(shape), scale.reshape(shape))


def smallest_normal(dtype: Any) -> float:
    """The smallest normal number of a dtype, bfloat16 included."""
    info = _bfloat16_info() if np.dtype(dtype).name == "bfloat16" else np.finfo(dtype)
    return float(info.smallest_normal)
