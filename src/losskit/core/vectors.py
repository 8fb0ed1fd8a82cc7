"""Vectors at length 1, however long or short they are."""

from __future__ import annotations

from losskit.core.namespaces import Array, Vocabulary


def near(m: Vocabulary, x: Array, axis: int) -> tuple[Array, Array]:
    """The vector times a power of two that brings it near 1 if it is far, and that power.

    Of the largest numbers the inverse is subnormal, which XLA reads as 0.
    """
    largest = m.max(m.abs(x), axis)
    low, high = largest < 2.0**-90, largest > 2.0**90
    power = m.where(high, 2.0**-100, m.where(low, 2.0**100, 1.0 + 0.0 * largest))
    return m.where(low, m.raised(x), m.where(high, x * 2.0**-100, x)), power


def sized(m: Vocabulary, x: Array, axis: int) -> tuple[Array, Array | float]:
    """The same where numbers far from 1 would be lost; elsewhere the vector as it is, and 1."""
    return near(m, x, axis) if m.flushes else (x, 1.0)


def unit(m: Vocabulary, x: Array, axis: int) -> tuple[Array, Array, Array]:
    """The vector at length 1, and its length as a product: the largest entry, and the rest.

    The length of a zero vector is given as 1, and its unit as 0.
    """
    top, length = length_in_parts(m, x, axis)
    return m.in_one("unit", lambda: x / top / length, x), top, length


def length_in_parts(m: Vocabulary, x: Array, axis: int) -> tuple[Array, Array]:
    """The length of a vector as a product: the largest entry, and the rest; each 1 of zeros."""
    # Divided by the largest entry first, lest the squares overflow or vanish.
    largest = m.max(m.abs(x), axis)
    zero = largest == 0
    top = m.where(zero, 1.0, largest)
    length = m.where(zero, 1.0, m.sqrt(m.sum(m.square(x / top), axis)))
    return top, m.in_one("scaled_length", lambda: length, x)


def unit_slope(m: Vocabulary, x: Array, g: Array, axis: int) -> Array:
    """The slope by vectors as they came, from that by the same at length 1; 0 for zero vectors."""
    scaled, power = near(m, x, axis)
    u, top, length = unit(m, scaled, axis)
    across = (g - u * m.sum(u * g, axis)) / top / length * power
    return m.where(m.max(m.abs(u), axis) == 0, 0.0, across)
