"""Losses of all pairs of a set: of the matrix of their similarities, row after row.

What such a loss is by its vectors follows from what it is by the similarities: those of two sets
are the product of their matrices, and so are the derivatives (Pairs). What it is by the
similarities is a loss of rows (Similarities), which knows nothing of vectors.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import Domain, Slot
from losskit.core.families import Rowwise, lost
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import positions, zeros
from losskit.core.vectors import near, unit, unit_slope

ALIKE = Domain("1 where the two are alike, -1 where not, 0 for no pair", values=(-1.0, 0.0, 1.0))
SIMILARITY = Domain("a similarity")
EMBEDDING = Domain("a vector of real numbers")
NAME = Domain("a whole number, the same for what belongs together", labels=True, names=True)


class Similarities(Rowwise):
    """A loss of similarities: of one vector to each of a set, of which the target says the kind."""

    axis = -1
    target: ClassVar[Domain] = ALIKE

    @property
    def prediction(self) -> Domain:
        return SIMILARITY

    def takes(self) -> tuple[Slot, ...]:
        row: dict[str, Any] = {"dims": ("c",), "axes": (-1,)}
        target = Slot("target", ALIKE, **row, predicted=False, differentiable=False)
        return target, Slot("prediction", SIMILARITY, **row)

    @abstractmethod
    def count(self, m: Vocabulary, y: Array) -> Array:
        """How many terms of each row a mean over the set divides by; of length 1 along the row."""

    @abstractmethod
    def along(self, m: Vocabulary, y: Array, s: Array, by: Array) -> Array:
        """The second derivative of each row's value, as its similarities move.

        Args:
            m: the vocabulary.
            y: targets, (..., n, m).
            s: similarities, (..., n, m).
            by: the directions in which they move, (..., n, m, d).

        Returns:
            One for each direction, (..., n, d).
        """


@dataclass(frozen=True)
class Side:
    """Vectors of a set, one for each row of the similarities, and what they are compared with."""

    x: Array
    """As they came, (..., n, d)."""
    u: Array
    """As they are compared: at length 1, or as they came."""
    v: Array
    """The others, (..., m, d)."""
    s: Array
    """Products of both, (..., n, m)."""
    top: Array | float
    length: Array | float
    power: Array | float
    """The length of `x`, as `losskit.core.vectors` has it."""

    def per_length(self, x: Array) -> Array:
        """Divided by the length, which may lie at the end of the range."""
        return x / self.top / self.length * self.power


class Pairs(Rowwise):
    """The mean over all pairs of a set, or over its rows, of a loss of similarities."""

    axis = -1
    normalize: bool = True
    """Whether vectors are compared at length 1: by the cosine of their angle."""
    temperature: float = 1.0
    """What similarities are divided by."""
    with_itself: bool = False
    """Whether a vector makes a pair with itself."""
    by_samples: ClassVar[bool] = False
    """Whether each vector of a set has a value of its own, where a face gives one per sample."""

    @property
    @abstractmethod
    def rows(self) -> Similarities:
        """The loss of a row of similarities."""

    def total(self, m: Vocabulary, y: Array, x: Array, other: Array, both: bool = False) -> Array:
        """The value of each set.

        Args:
            m: the vocabulary.
            y: which vectors are alike, (..., n, m).
            x: the vectors of the rows, (..., n, d).
            other: those that they are compared with, (..., m, d).
            both: whether columns are rows too, and each half of the loss.
        """
        s = self._side(m, x, other).s / self.temperature
        found = self._mean(m, y, self.rows.value(m, y, s))
        if both:
            turned, s = _turned(m, y), _turned(m, s)
            found = 0.5 * (found + self._mean(m, turned, self.rows.value(m, turned, s)))
        return found + _drop(m, m.sum(lost(m, x), (-2, -1)) + m.sum(lost(m, other), (-2, -1)))

    def by_rows(
        self, m: Vocabulary, y: Array, x: Array, other: Array, ways: tuple[float, float]
    ) -> Array:
        """The slope by the vectors of the rows.

        Args:
            m: the vocabulary.
            y: which vectors are alike.
            x: the vectors of the rows.
            other: the others; where they are the same ones, both ways count.
            ways: with which weights the rows count, and the columns as rows.
        """
        side = self._side(m, x, other)
        g = m.matmul(self._rates(m, y, side, ways), side.v) / self.temperature
        return (unit_slope(m, x, g, -1) if self.normalize else g) + lost(m, x)

    def bend_by_rows(
        self, m: Vocabulary, y: Array, x: Array, other: Array, ways: tuple[float, float]
    ) -> Array:
        """The second derivative by each entry of the vectors of the rows."""
        side = self._side(m, x, other)
        same = x is other
        s, turned = side.s / self.temperature, _turned(m, y)
        # How each similarity of a row moves with each entry of its vector, (..., n, m, d).
        # By the entries of its unit, or else the square of a short one's inverse leaves the range.
        by = m.lay(side.v, -3)
        if self.normalize:
            by = by - m.lay(side.s, -1) * m.lay(side.u, -2)
        by = by / self.temperature
        own = m.lay(_diagonal(m, x, x), -1)
        found = 0.0 * side.u
        if ways[0]:
            # A vector's similarity to itself moves with both.
            moved = m.where(own, 2.0 * by, by) if same else by
            found = found + ways[0] * self._share(m, y) * self.rows.along(m, y, s, moved)
        if ways[1]:
            bent = _turned(m, self.rows.curve(m, turned, _turned(m, s)))
            squares = m.lay(bent, -1) * by * by
            squares = m.where(own, 0.0, squares) if same else squares
            squares = m.drop(m.sum(squares, -2), -2)
            found = found + ways[1] * self._share(m, turned) * squares
        rates = self._rates(m, y, side, ways) / self.temperature
        of_own = 1.0
        if self.normalize:
            # As the cosine bends: without what cancels for an entry that is nearly all of u.
            g, of_own = m.matmul(rates, side.v), softmax.others(m, side.u * side.u, -1)
            bend = 3.0 * m.sum(side.u * g, -1) * of_own
            found = found + (2.0 * softmax.others(m, side.u * g, -1) - bend)
        if same:
            found = found + m.sum(m.where(m.drop(own, -1), rates, 0.0), -1) * of_own
        if self.normalize:
            found = side.per_length(side.per_length(found))
            found = m.where(m.max(m.abs(side.u), -1) == 0, 0.0, found)
        return found + lost(m, x)

    def _side(self, m: Vocabulary, x: Array, other: Array) -> Side:
        if not self.normalize:
            return Side(x, x, other, m.matmul(x, _turned(m, other)), 1.0, 1.0, 1.0)
        scaled, power = near(m, x, -1)
        u, top, length = unit(m, scaled, -1)
        v = u if other is x else unit(m, near(m, other, -1)[0], -1)[0]
        s = m.matmul(u, _turned(m, v))
        if other is x and self.with_itself:
            # Of 1 and nothing else, lest its rounding be a slope, which a short vector's length
            # makes a large one.
            s = m.where(_diagonal(m, x, x) & (s > 0.5), 1.0, s)
        return Side(x, u, v, s, top, length, power)

    def _mean(self, m: Vocabulary, y: Array, items: Array) -> Array:
        """Items of rows as a mean over what is counted."""
        whole = m.sum(m.lay(items, -1), -2)
        return _drop(m, whole * self._share(m, y))

    def _share(self, m: Vocabulary, y: Array) -> Array:
        """What each counts in the mean; 0 where nothing is counted."""
        count = m.sum(self.rows.count(m, y), -2)
        return m.where(count == 0, 0.0, 1.0 / m.where(count == 0, 1.0, count))

    def _rates(self, m: Vocabulary, y: Array, side: Side, ways: tuple[float, float]) -> Array:
        """The derivative by each similarity, in units of the temperature, (..., n, m)."""
        s, turned = side.s / self.temperature, _turned(m, y)
        if ways == (1.0, 1.0):  # of one set, whose similarities are the same either way
            plain = self._share(m, y) * self.rows.slope(m, y, s)
            return plain + _turned(m, plain)
        found = 0.0
        if ways[0]:
            found = ways[0] * self._share(m, y) * self.rows.slope(m, y, s)
        if ways[1]:
            slope = _turned(m, self.rows.slope(m, turned, _turned(m, s)))
            found = found + ways[1] * self._share(m, turned) * slope
        return found


def paired(m: Vocabulary, x: Array) -> Array:
    """Each vector is like the one at its own place, and like no other."""
    return _chosen(m, x, _diagonal(m, x, x), None)


def named_alike(
    m: Vocabulary, names: Array, x: Array, itself: bool, others: tuple[Array, Array] | None = None
) -> Array:
    """Vectors of one name are alike.

    Args:
        m: the vocabulary.
        names: of the vectors, (..., n).
        x: the vectors, (..., n, d).
        itself: whether each is like itself; or else makes no pair with the one at its own place.
        others: names and vectors that they are compared with; None for themselves.
    """
    of_others, vectors = others or (names, x)
    same = m.lay(names, -1) == m.lay(of_others, -2)
    return _chosen(m, x, same, None if itself else _diagonal(m, x, vectors))


def _chosen(m: Vocabulary, x: Array, alike: Array, none: Array | None) -> Array:
    one = 1.0 + m.sum(zeros(m, x), -1)
    found = m.where(alike, one, -one)
    return found if none is None else m.where(none, 0.0 * one, found)


def _diagonal(m: Vocabulary, x: Array, other: Array) -> Array:
    """Where each vector meets the one at its own place."""
    rows, columns = (positions(m, m.drop(m.sum(zeros(m, v), -1), -1)) for v in (x, other))
    return m.lay(rows, -1) == m.lay(columns, -2)


def _turned(m: Vocabulary, x: Array) -> Array:
    return m.move(x, -1, -2)


def _drop(m: Vocabulary, x: Array) -> Array:
    return m.drop(x, (-2, -1))
