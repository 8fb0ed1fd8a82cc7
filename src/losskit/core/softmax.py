"""The softmax distribution of a row, without cancellation, from logits or from probabilities.

The naive forms lose everything where training ends: ``log(sum(exp(z)))`` rounds to ``z`` and
``p - 1`` to 0 for a class that is nearly certain. Here the largest entry is kept apart, so that
what the others add is never rounded away: with ``d = z - max(z)`` (or ``log(p / max(p))``),
``rest`` the sum of ``exp(d)`` over all but one largest entry,

    log p_j = d_j - log1p(rest)          and, for the largest, 1 - p = rest / (1 + rest).
"""

from __future__ import annotations

from dataclasses import dataclass

from losskit.core.namespaces import Array, Vocabulary


@dataclass(frozen=True)
class Row:
    """A row as a distribution; the fields have the shape of the prediction."""

    d: Array
    """How far below the largest logit, or logarithm, each lies."""
    log_p: Array
    p: Array
    complement: Array
    """1 - p, accurate also where p rounds to 1."""
    log_sum: Array
    """log(sum(exp(d))), of length 1 along the axis."""


def from_logits(m: Vocabulary, z: Array, axis: int, temperature: float = 1.0) -> Row:
    """softmax(z / temperature) along ``axis``; -inf rules a class out."""
    d = z - m.max(z, axis)
    if temperature != 1.0:
        d = d / temperature  # not before: the difference of quotients would keep their rounding
    return _fused(m, d, axis) if m.fused else _row(m, d, m.exp(d), axis)


def from_differences(m: Vocabulary, d: Array, low: Array, axis: int) -> Row:
    """The same of how far below the largest logit each lies, ``d``, and what was rounded off it."""
    return _row(m, d, m.exp(d) * (1.0 + low), axis)


def from_probabilities(m: Vocabulary, p: Array, axis: int) -> Row:
    """p / sum(p) along ``axis``, with the floor under each logarithm."""
    p = m.floored(p)
    top = m.max(p, axis)
    # Apart, for a compiler multiplies by 1 / top, and what it makes of top / top may not be 1. Not
    # a constant: where several are the largest, their derivatives are not those of the maximum.
    e = m.where(p == top, 1.0 + (p - top) / top, p / top)
    # One logarithm of the quotient: the difference of two would keep the rounding of both where the
    # whole row is small (and the floor a quotient that underflows).
    d = m.where(p == top, (p - top) / top, m.log(m.maximum(p / top, m.tiny(p))))
    return _row(m, d, e, axis)


def _row(m: Vocabulary, d: Array, e: Array, axis: int) -> Row:
    largest = d == 0
    ties = m.sum(m.where(largest, e, 0.0), axis)
    rest = m.sum(m.where(largest, 0.0, e), axis) + (ties - 1.0)
    p = e / (1.0 + rest)
    log_sum = m.log1p(rest)
    return Row(
        d=d,
        log_p=d - log_sum,
        p=p,
        # 1 - e is 0 here, but not its derivative where several are the largest.
        complement=m.where(largest, (rest + (1.0 - e)) / (1.0 + rest), 1.0 - p),
        log_sum=log_sum,
    )


def _fused(m: Vocabulary, d: Array, axis: int) -> Row:
    """The same by a softmax that is one operation."""
    p = m.softmax(d, axis)
    rest = m.but_one(p, axis)  # 1 - p of a largest, which loses nothing where that is nearly 1
    top = m.max(p, axis)
    near = m.log1p(-m.where(rest < 0.5, rest, 0.0))
    return Row(
        d=d,
        log_p=d + m.where(rest < 0.5, near, m.log(top)),
        p=p,
        complement=m.where(d == 0, rest, 1.0 - p),
        log_sum=-m.where(rest < 0.5, near, m.log(top)),
    )


@dataclass(frozen=True)
class OfLabel:
    """What a label asks of a row: its own class apart, no other has to be."""

    cost: Array
    """-log(p) of the true class, of length 1 along the axis."""
    missed: Array
    """1 - p of the true class, accurate also where p rounds to 1; of length 1 along the axis."""
    p: Array
    """Of the other classes; 0 for the true one."""


def of_label(m: Vocabulary, true: Array, z: Array, axis: int, temperature: float) -> OfLabel:
    """The distribution softmax(z / temperature) for the class that is ``true``.

    With ``e`` the exponential of the true class, ``rest`` the sum of the others',
    1 - p = rest / (e + rest): nothing cancels, whichever class is the largest.
    """
    d = z - m.max(z, axis)
    if temperature != 1.0:
        d = d / temperature
    own = m.sum(m.where(true, d, 0.0), axis)
    if m.fused:
        p = m.softmax(d, axis)
        log_top = m.log(m.max(p, axis))
        others = m.where(true, 0.0, p)
        missed = m.sum(others, axis)
        leads = missed < 0.5
        near = m.log1p(-m.where(leads, missed, 0.0))
        return OfLabel(m.where(leads, -near, -log_top - own), missed, others)
    others = m.where(true, 0.0, m.exp(d))
    rest = m.sum(others, axis)
    whole = m.exp(own) + rest
    cost = m.where(own == 0, m.log1p(rest), m.log(whole) - own)
    return OfLabel(cost, rest / whole, others / whole)


def cross_entropy(m: Vocabulary, y: Array, row: Row, axis: int) -> Array:
    """-sum(y log p). A class of target 0 adds nothing, even where its logit is -inf."""
    return m.sum(m.where(y == 0, 0.0, -y * row.log_p), axis)


def residual(m: Vocabulary, y: Array, row: Row, axis: int, more: Array | None = None) -> Array:
    """(sum(y) + more) * p - y, accurate also for the class that holds nearly all of both."""
    rest = others(m, y, axis)
    return (rest if more is None else rest + more) * row.p - y * row.complement


def balanced_residual(
    m: Vocabulary, y: Array, row: Row, axis: int, more: Array | None = None
) -> Array:
    """The residual for soft targets and a row from logits, also where p has nearly reached y.

    With n classes near the largest, whose exp(d) is 1 + e, a target of theirs is met where
    sum(y) = n y; what is left is sum(y) e - y (sum of e and of the exponentials far below).
    """
    plain = residual(m, y, row, axis, more)
    near = row.d > -0.5
    less = m.expm1(m.where(near, row.d, 0.0))
    n = m.sum(m.where(near, 1.0 + 0.0 * less, 0.0), axis)
    total = m.sum(y, axis)
    # From their mean on, by differences, which are exact where targets are nearly equal.
    mean = total / n
    lead = m.sum(m.where(near, y - mean, y), axis) - n * (y - mean)
    spread = m.sum(m.where(near, less, m.exp(row.d)), axis)
    whole = n + spread
    met = (lead + (total * less - y * spread)) / whole
    met = met if more is None else met + more * row.p
    return m.where(near & (y > 0), met, plain)


def residual_of_probabilities(m: Vocabulary, y: Array, row: Row, p: Array, axis: int) -> Array:
    """The residual for a row from probabilities, also where p has nearly reached y."""
    q = m.floored(p)
    total, whole = m.sum(y, axis), m.sum(q, axis)
    # By the differences q - y, which are exact there; of rows as large as the target alone.
    like = (whole > 0.5 * total) & (whole < 2.0 * total)
    whole = m.where(like, whole, 1.0)
    # Divided first: the product of small shares would vanish.
    own, all_ = (total / whole) * (q - y), (y / whole) * m.sum(q - y, axis)
    # Of a class that holds all of the target the others are what is missed. Else of the two forms
    # that whose parts are smaller: what they round is lost, where they nearly cancel.
    rest = others(m, y, axis)
    more, less = rest * row.p, y * row.complement
    near = m.abs(own) + m.abs(all_) < m.abs(more) + m.abs(less)
    return m.where(like & near & (rest != 0), own - all_, more - less)


def others(m: Vocabulary, y: Array, axis: int) -> Array:
    """sum(y) - y: what the other classes hold of the target."""
    # For a class that holds most of it the difference would keep only the rounding of the sum
    # (label smoothing of 0.001 with 4 digits left), so what the others hold is summed by itself.
    total = m.sum(y, axis)
    # One at the most, also where some are negative.
    most = 2.0 * m.abs(y) > m.sum(m.abs(y), axis)

    def made() -> Array:
        return m.where(most, m.sum(m.where(most, 0.0, y), axis), total - y)

    return m.in_one("others", made, y)
