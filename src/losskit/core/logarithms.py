"""Long sums of logarithms, and sums of what they are the logarithms of, without losing digits.

After some hundred steps a logarithm is a number in the hundreds or thousands; what float32 keeps of
it is not enough to take its exponential. So a number is a pair here, (high, low): ``high + low``,
of which the low part is what was rounded off the high one.
"""

from __future__ import annotations

from losskit.core.namespaces import Array, Vocabulary

NONE = -1e30
"""The logarithm of 0: differences of it are numbers, and its exponential is exactly 0."""

Pair = tuple[Array, Array]


def exact_sum(x: Array, y: Array) -> Pair:
    """x + y, and what was rounded off it."""
    high = x + y
    of_y = high - x
    return high, (x - (high - of_y)) + (y - of_y)


def lead(m: Vocabulary, first: Array, second: Array, margin: float) -> Array:
    """first - second + margin, rounded once: also where the scores differ by just the margin."""
    high, low = exact_sum(first, -second)
    return (high + margin) + m.where(low == low, low, 0.0)  # beside an infinity it is NaN


def either(m: Vocabulary, x: Pair, y: Pair) -> Pair:
    """log(exp(x) + exp(y)). The low part may grow by log 2."""
    difference = (y[0] - x[0]) + (y[1] - x[1])
    first = difference <= 0
    # Of the two as they are chosen here the derivative is exact, also where they are equal.
    more = m.log1p(m.exp(m.where(first, difference, -difference)))
    return m.where(first, x[0], y[0]), m.where(first, x[1], y[1]) + more


def plus(x: Pair, y: Pair) -> Pair:
    """x + y, the low part made small again."""
    high, low = exact_sum(x[0], y[0])
    return exact_sum(high, x[1] + (y[1] + low))
