"""What a definition of a row-wise loss is, and those of no other file.

y and p are lists, value is the terms of one number, slope and curve the terms of each entry.
"""

from __future__ import annotations

import mpmath
from mpmath import mpf

from truth.definition import HALF, ONE, ZERO, Definition


class RowDefinition(Definition):
    """A loss of whole rows."""

    own: tuple[int, ...] = ()
    """The lengths of a row's own dimensions; where there are several, they lie in a line here."""

    def room(self, y, p):
        """How far the nearest kink lies, in the unit of the predictions; a bound from below."""
        return mpmath.inf


class Labelled(RowDefinition):
    """The target is one label, an int."""

    def _weight(self, y):
        return mpf(float(self.dtype.type(dict(self.card.class_weight or ()).get(int(y), 1.0))))


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


class GaussianNLL(RowDefinition):
    """The target is one number."""

    def _variance(self, p):
        return max(self.floored(p[1]), self.number("eps"))

    def value(self, y, p):
        v = self._variance(p)
        constant = mpmath.log(2 * mpmath.pi) / 2 if self.card.full else ZERO
        return [HALF * mpmath.log(v), (y - p[0]) ** 2 / v / 2, constant]

    def slope(self, y, p):
        v, e = self._variance(p), p[0] - y
        of_variance = [HALF / v, -HALF * (e / v) ** 2] if p[1] > self.number("eps") else [ZERO]
        return [[e / v], of_variance]

    def curve(self, y, p):
        v, e = self._variance(p), p[0] - y
        of_variance = [-HALF / v**2, e**2 / v**3] if p[1] > self.number("eps") else [ZERO]
        return [[ONE / v], of_variance]

    def optimum(self, y):
        return [y, self.card.eps], sum(self.value(mpf(y), [mpf(y), ZERO]))
