"""The truth of every set-wise card.

y, p and w are lists; value is the terms of one number, slope and curve the terms of each entry.
"""

from __future__ import annotations

import mpmath

from truth.definition import ZERO, Definition


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
