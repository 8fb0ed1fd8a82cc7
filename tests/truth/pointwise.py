"""The truth of every pointwise card."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from truth.definition import HALF, ONE, ZERO, Definition, close, sigmoid, softplus, xlogx


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


class Quantile(Definition):
    def weight(self, e):
        return -self.number("quantile") if e < 0 else 1 - self.number("quantile")

    def value(self, y, p):
        return [self.weight(p - y) * (p - y)]

    def slope(self, y, p):
        return [self.weight(p - y) if p != y else ZERO]

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
        return close(abs(p - y), self.number("delta"))


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
        return close(abs(p - y), self.number("beta"))


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
    def under_log(self, p):
        return self.floored(p) + self.number("eps")

    def value(self, y, p):
        more = []
        if self.card.full and y > 1:
            more = [(y + mpf(0.5)) * mpmath.log(y), -y, mpmath.log(2 * mpmath.pi) / 2]
        if self.card.log_input:
            return [mpmath.exp(p), -y * p if y else ZERO, *more]
        return [p, -y * mpmath.log(self.under_log(p)), *more]

    def slope(self, y, p):
        if self.card.log_input:
            return [mpmath.exp(p), -y]
        q = self.under_log(p)
        # One term, although 1 - y / p has two signs: (p - y) / p has no need to lose digits.
        return [ONE, -y / q] if self.card.eps else [(q - y) / q]

    def curve(self, y, p):
        return [mpmath.exp(p)] if self.card.log_input else [y / self.under_log(p) ** 2]

    def optimum(self, y):
        y = mpf(y)
        best = max(float(y - self.number("eps")), 0.0)
        if self.card.log_input:
            best = float(mpmath.log(y)) if y else -1e4
        return best, sum(self.value(y, mpf(best)))


class GammaDeviance(Definition):
    def mean(self, p):
        return mpmath.exp(p) if self.card.log_input else self.floored(p)

    def value(self, y, p):
        r = y / self.mean(p)
        t = mpmath.log(y) - (p if self.card.log_input else mpmath.log(self.mean(p)))
        return [r, -t, -ONE] if self.card.log_input else [r - t - 1]

    def slope(self, y, p):
        q = self.mean(p)
        return [ONE, -y / q] if self.card.log_input else [(q - y) / q**2]

    def curve(self, y, p):
        q = self.mean(p)
        return [y / q] if self.card.log_input else [2 * y / q**3, -1 / q**2]

    def optimum(self, y):
        return (float(mpmath.log(mpf(y))) if self.card.log_input else y), ZERO


class TweedieDeviance(Definition):
    def parts(self, p):
        power = self.number("power")
        q = mpmath.exp(p) if self.card.log_input else self.floored(p)
        return q, 2 - power, 1 - power

    def value(self, y, p):
        q, a, b = self.parts(p)
        terms = [y**a / (a * b), -y * q**b / b] if y else []
        terms.append(q**a / a)
        if self.card.log_input:
            return terms
        return [sum(terms) if q != y else ZERO]  # there the 60 digits would leave their rounding

    def slope(self, y, p):
        q, _, b = self.parts(p)
        return [q * q**b, -y * q**b] if self.card.log_input else [(q - y) * q**b / q]

    def curve(self, y, p):
        q, a, b = self.parts(p)
        if self.card.log_input:
            return [a * q**a, -b * y * q**b if y else ZERO]
        return [b * q**b / q, (1 - b) * y * q**b / q / q]

    def optimum(self, y):
        if not self.card.log_input:
            return y, ZERO
        return (float(mpmath.log(mpf(y))) if y else -1e4), ZERO


class BinaryCrossentropy(Definition):
    def _targets(self, y):
        """How much of the target is yes and how much no."""
        s = self.number("label_smoothing")
        return y * (1 - s) + s / 2, (1 - y) * (1 - s) + s / 2

    def value(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [yes * softplus(-p), no * softplus(p)]
        return [-yes * mpmath.log(self.floored(p)), -no * mpmath.log(self.complement(p))]

    def slope(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [-yes * sigmoid(-p), no * sigmoid(p)]
        return [-yes / self.floored(p), no / self.complement(p)]

    def curve(self, y, p):
        yes, no = self._targets(y)
        if self.card.from_logits:
            return [sigmoid(p) * sigmoid(-p)]
        return [yes / self.floored(p) ** 2, no / self.complement(p) ** 2]

    def optimum(self, y):
        yes, no = self._targets(mpf(y))
        best = -xlogx(yes) - xlogx(no)
        if not self.card.from_logits:
            return float(yes), best
        if yes == 0 or no == 0:
            return (1e4 if no == 0 else -1e4), best
        return float(mpmath.log(yes / no)), best


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """(yes a + no b)^gamma times the cross-entropy, a = 1 - p and b = p as far as floored."""

    has_optimum = False  # of a soft target it is no closed formula

    def _parts(self, y, p):
        """Weight and power, relative slope of its base (terms), and the cross-entropy's orders."""
        yes, no = self._targets(y)
        if self.card.from_logits:
            a, b = sigmoid(-p), sigmoid(p)
            slopes = [no * a * b, -yes * a * b]
        else:
            a, b = self.complement(p), self.floored(p)
            slopes = [no, -yes]
        base = yes * a + no * b
        weight = base ** self.number("gamma")
        if self.card.apply_class_balancing:
            alpha = self.number("alpha")
            weight *= alpha * yes + (1 - alpha) * no
        plain = [getattr(BinaryCrossentropy, order)(self, y, p) for order in ("value", "slope")]
        if not self.card.from_logits and p < HALF:
            plain[0] = [-yes * mpmath.log(b), -no * mpmath.log1p(-b)]
        return weight, [t / base for t in slopes], *plain, a - b

    def value(self, y, p):
        weight, _, value, _, _ = self._parts(y, p)
        return [weight * t for t in value]

    def slope(self, y, p):
        weight, h, value, slope, _ = self._parts(y, p)
        gamma = self.number("gamma")
        return [weight * s for s in slope] + [gamma * weight * t * v for t in h for v in value]

    def curve(self, y, p):
        weight, h, value, slope, odd = self._parts(y, p)
        gamma = self.number("gamma")
        terms = [weight * t for t in BinaryCrossentropy.curve(self, y, p)]
        terms += [2 * gamma * weight * t * s for t in h for s in slope]
        products = [t * u * v for t in h for u in h for v in value]
        terms += [gamma * (gamma - 1) * weight * t for t in products]
        if self.card.from_logits:
            terms += [gamma * weight * t * v * odd for t in h for v in value]
        return terms


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
        return [softplus(-self._sign(y) * p)]

    def slope(self, y, p):
        return [-self._sign(y) * sigmoid(-self._sign(y) * p)]

    def curve(self, y, p):
        return [sigmoid(p) * sigmoid(-p)]

    def optimum(self, y):
        return float(self._sign(mpf(y)) * 1e4), ZERO


class Perceptron(Hinge):
    def value(self, y, p):
        return [max(-self._sign(y) * p, ZERO)]

    def slope(self, y, p):
        return [-self._sign(y) if self._sign(y) * p < 0 else ZERO]

    def curve(self, y, p):
        return [ZERO]


class BinarySparsemax(Definition):
    @staticmethod
    def _inside(p):
        return abs(p) < 1

    def value(self, y, p):
        if self._inside(p):
            parts = self.slope(y, p)
            return [a * b for a in parts for b in parts]
        # max(z, 0) - y z - y (1 - y)
        a, b = ((1 - y), y) if p > 0 else (y, 1 - y)
        return [a * abs(p), -a * b] if a else [ZERO]

    def slope(self, y, p):
        if self._inside(p):
            return [p / 2, (1 - y) / 2, -y / 2]
        return [1 - y if p > 0 else -y]

    def curve(self, y, p):
        return [HALF if self._inside(p) else ZERO]

    def near_break(self, y, p):
        return close(abs(p), ONE)

    def optimum(self, y):
        return 2 * y - 1, ZERO


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
        return close(self.number("margin"), y * p)

    def optimum(self, y):
        margin = max(self.card.margin, 0.0)
        return y * margin, ZERO if y else mpf(margin)


class HingeEmbedding(Definition):
    has_optimum = False  # a distance has, a number has not

    def value(self, y, p):
        return [p if y == 1 else max(self.number("margin") - p, ZERO)]

    def slope(self, y, p):
        if y == 1:
            return [ONE]
        return [-ONE if p < self.number("margin") else ZERO]

    def curve(self, y, p):
        return [ZERO]

    def near_break(self, y, p):
        return y != 1 and p != self.number("margin") and close(p, self.number("margin"))


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


class GeneralizedLogKLDivergence(Definition):
    def value(self, y, p):
        if not y:
            return [mpmath.exp(p)]
        log = mpmath.log(self.floored(y))
        over = p - log
        # Their difference is exact, but for the rounding of the logarithm itself.
        rounded = y * min(abs(mpmath.expm1(over)), ONE) * (abs(log) + abs(p))
        return [y * mpmath.expm1(over) - y * over, rounded, -rounded]

    def slope(self, y, p):
        return [mpmath.exp(p), -y]

    def curve(self, y, p):
        return [mpmath.exp(p)]

    def optimum(self, y):
        return (float(mpmath.log(y)) if y else -1e4), ZERO
