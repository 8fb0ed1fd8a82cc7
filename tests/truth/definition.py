"""What a definition of a loss is, and what several of them need."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 60
ZERO, ONE, HALF = mpf(0), mpf(1), mpf(1) / 2


def compute_dtype(dtype: Any) -> np.dtype:
    """The dtype in which inputs of that dtype are computed: float32 for the half types."""
    return np.dtype(np.float64) if np.dtype(dtype) == np.float64 else np.dtype(np.float32)


class Definition:
    """value, slope, curve: lists of terms. ``c`` is the card, parameters read with `_number`."""

    def __init__(self, card: Any, dtype: Any) -> None:
        self.card, self.dtype = card, compute_dtype(dtype)
        # float16 keeps its own floor, for its gradient must fit in it; bfloat16 has float32's.
        narrow = np.dtype(np.float16) if np.dtype(dtype) == np.float16 else self.dtype
        self.tiny = mpf(float(np.finfo(narrow).tiny))
        # Half the way from 1 to the number below it.
        below = np.nextafter(*np.array([1, 0], dtype))
        self.half_gap = (1 - mpf(float(below))) / 2

    def number(self, name: str) -> mpf:
        """A parameter, rounded to the compute dtype."""
        return mpf(float(self.dtype.type(getattr(self.card, name))))

    def floored(self, p: mpf) -> mpf:
        return max(p, self.tiny)

    def complement(self, p: mpf) -> mpf:
        return max(1 - p, self.half_gap)

    def near_break(self, y: mpf, p: mpf) -> bool:
        """Whether rounding decides on which side of a kink or bend the point lies."""
        return False

    has_optimum = True
    """Whether there is a best prediction for each element, or row, by itself."""

    def optimum(self, y: float) -> tuple[float, mpf]:
        """A best prediction for the target, and the value there."""
        return y, ZERO


def close(a: mpf, b: mpf) -> bool:
    return abs(a - b) <= mpf(2) ** -20 * max(abs(a), abs(b))


def softplus(z: mpf) -> mpf:
    return max(z, ZERO) + mpmath.log1p(mpmath.exp(-abs(z)))


def sigmoid(z: mpf) -> mpf:
    e = mpmath.exp(-abs(z))
    return ONE / (1 + e) if z >= 0 else e / (1 + e)


def xlogx(x: mpf) -> mpf:
    return x * mpmath.log(x) if x > 0 else ZERO
