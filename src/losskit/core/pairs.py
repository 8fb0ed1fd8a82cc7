"""Losses of all pairs of a set: of the matrix of their similarities, row after row.

What such a loss is by its vectors follows from what it is by the similarities: those of two sets
are the product of their matrices, and so are the derivatives (Pairs). What it is by the
similarities is a loss of rows (Similarities), which knows nothing of vectors.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import Domain, Slot
from losskit.core.families import Rowwise, lost
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import zeros
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
    def along(self, m: Vocabulary, y: Array, s: Array, by: Array, of: Any = None) -> Array:
        """The second derivative of each row's value, as its similarities move.

        Args:
            m: the vocabulary.
            y: targets, (..., n, m).
            s: similarities, (..., n, m).
            by: the directions in which they move, (..., n, m, d).
            of: see `Items.shared`.

        Returns:
            One for each direction, (..., n, d).
        """


class Pairs(Rowwise):
    """The mean over all pairs of a set, or over its rows, of a loss of similarities."""

    axis = -1
    normalize: bool = True
    """Whether vectors are compared at length 1: by the cosine of their angle."""
    temperature: float = 1.0
    """What similarities are divided by."""
    ways: tuple[float, float] = (1.0, 0.0)
    """How much the rows are of the loss, and the columns as rows."""
    with_itself: bool = False
    """Whether a vector makes a pair with itself."""
    by_samples: ClassVar[bool] = False
    """Whether each vector of a set has a value of its own, where a face gives one per sample."""
    reaches_zero = "never"

    @property
    @abstractmethod
    def rows(self) -> Similarities:
        """The loss of a row of similarities."""

    @abstractmethod
    def shared(self, m: Vocabulary, *slots: Any) -> Compared:
        """The sets of the slots, compared."""

    def value(self, m: Vocabulary, *slots: Any, **_: Any) -> Array:
        return self._compared(m, slots).value()

    def _compared(self, m: Vocabulary, slots: tuple[Any, ...]) -> Compared:
        made = slots[-1]
        return made if isinstance(made, Compared) else self.shared(m, *slots)


class Side:
    """The vectors of a set, as they came and as they are compared."""

    def __init__(self, m: Vocabulary, card: Pairs, x: Array) -> None:
        self.x, self.u, self.normalize = x, x, card.normalize
        if card.normalize:
            scaled, self.power = near(m, x, -1)
            self.u, self.top, self.length = unit(m, scaled, -1)

    def per_square(self, m: Vocabulary, x: Array) -> Array:
        """Divided by the square of the length; 0 for a zero vector, which has no derivative."""
        if not self.normalize:
            return x
        for _ in range(2):
            x = x / self.top / self.length * self.power
        return m.where(m.max(m.abs(self.u), -1) == 0, 0.0, x)


class Compared:
    """Two sets, or one with itself, each vector of the one compared with each of the other.

    Args:
        card: a loss of pairs.
        m: the vocabulary.
        alike: which of them are alike, (..., n, m).
        x: the vectors of the rows, (..., n, d).
        other: of the columns, (..., m, d); None for those of the rows.
    """

    def __init__(
        self, card: Pairs, m: Vocabulary, alike: Array, x: Array, other: Array | None = None
    ) -> None:
        self.card, self.m, self.alike, self.same = card, m, alike, other is None
        row = Side(m, card, x)
        self.sides = (row, row if other is None else Side(m, card, other))
        self.s = m.matmul(row.u / card.temperature, _turned(m, self.sides[1].u))
        if self.same and card.normalize and card.with_itself:
            # Of 1 and nothing else, lest its rounding be a slope, which a short vector's length
            # makes a large one.
            its = _diagonal(m, x, x) & (self.s * card.temperature > 0.5)
            self.s = m.where(its, 1.0 / card.temperature, self.s)
        if not card.normalize:
            # Of infinite ones it is not known which is the larger.
            self.s = m.where(m.abs(self.s) < float("inf"), self.s, float("nan"))
        turned = (
            (alike, self.s) if not card.ways[1] else tuple(_turned(m, a) for a in (alike, self.s))
        )
        self.seen = [
            (weight, table, card.rows.shared(m, *table))
            for weight, table in zip(card.ways, ((alike, self.s), turned), strict=True)
            if weight
        ]
        self.made: Array | None = None

    def value(self) -> Array:
        """The value of each set."""
        m, found = self.m, 0.0
        for weight, table, of in self.seen:
            items = self.card.rows.value(m, *table, of)
            # Each by itself, for their sum may be too large where their mean is not.
            found = found + weight * m.sum(m.lay(items, -1) * self._share(table[0]), -2)
        return m.drop(found + self._lost(), (-2, -1))

    def slope(self, side: int = 0) -> Array:
        """The slope by the vectors of the rows, or of the columns (side 1)."""
        m, card, own = self.m, self.card, self.sides[side]
        rates, factor = self._rates()
        g = self._along(rates, side)
        if self.same:
            g = g + self._along(rates, 1)
        g = g * (factor / card.temperature)
        return (unit_slope(m, own.x, g, -1) if card.normalize else g) + lost(m, own.x)

    def curve(self, side: int = 0) -> Array:
        """The second derivative by each entry of them."""
        m, card, own, other = self.m, self.card, self.sides[side], self.sides[1 - side]
        # How each similarity of a row moves with each entry of its vector, (..., n, m, d). By the
        # entries of its unit, or else the square of a short one's inverse leaves the range.
        by = m.lay(other.u, -3)
        if card.normalize:
            s = _turned(m, self.s) if side else self.s
            by = by - m.lay(s * card.temperature, -1) * m.lay(own.u, -2)
        by = by / card.temperature
        its = m.lay(_diagonal(m, own.x, own.x), -1) if self.same else None
        found = 0.0 * own.u
        for i, (weight, table, of) in enumerate(self.seen):
            share = weight * self._share(table[0])
            # Is it their rows that the vectors of this side are, or their columns?
            if self.same or (i == side if card.ways[0] else side == 1):
                # A vector's similarity to itself moves with both.
                moved = by if its is None else m.where(its, 2.0 * by, by)
                found = found + share * card.rows.along(m, table[0], table[1], moved, of)
            if self.same or not (i == side if card.ways[0] else side == 1):
                bent = _turned(m, card.rows.curve(m, *table, of))
                squares = m.lay(bent, -1) * by * by
                squares = squares if its is None else m.where(its, 0.0, squares)
                found = found + share * m.drop(m.sum(squares, -2), -2)
        rates, factor = self._rates()
        factor = factor / card.temperature
        of_own = 1.0
        if card.normalize:
            # As the cosine bends: without what cancels for an entry that is nearly all of u.
            g = self._along(rates, side) + (self._along(rates, 1) if self.same else 0.0)
            of_own = softmax.others(m, own.u * own.u, -1)
            bend = 3.0 * m.sum(own.u * g, -1) * of_own
            found = found + factor * (2.0 * softmax.others(m, own.u * g, -1) - bend)
        if its is not None:
            double = 2.0 * m.sum(m.where(m.drop(its, -1), rates, 0.0), -1)
            found = found + factor * double * of_own
        return own.per_square(m, found) + lost(m, own.x)

    def _rates(self) -> tuple[Array, Array | float]:
        """The derivative by each similarity, (..., n, m), and what is still to be multiplied."""
        m, rows = self.m, self.card.rows
        first, *rest = self.seen
        if self.made is None:
            self.made = [rows.slope(m, *table, of) for _, table, of in self.seen]
        if not rest:
            return self.made[0], first[0] * self._share(first[1][0])
        plain, turned = (
            weight * self._share(table[0]) * made
            for made, (weight, table, _) in zip(self.made, self.seen, strict=True)
        )
        return plain + _turned(m, turned), 1.0

    def _along(self, rates: Array, side: int) -> Array:
        """By the vectors as they are compared."""
        rates = _turned(self.m, rates) if side else rates
        return self.m.matmul(rates, self.sides[1 - side].u)

    def _share(self, alike: Array) -> Array:
        """What each counts in the mean; 0 where nothing is counted."""
        m = self.m
        count = m.sum(self.card.rows.count(m, alike), -2)
        return m.where(count == 0, 0.0, 1.0 / m.where(count == 0, 1.0, count))

    def _lost(self) -> Array:
        """0, and NaN where a vector is."""
        m = self.m
        sides = self.sides[:1] if self.same else self.sides
        return sum(m.sum(m.sum(lost(m, side.x), -1), -2) for side in sides)


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
    rows, columns = (m.positions(m.drop(m.sum(zeros(m, v), -1), -1)) for v in (x, other))
    return m.lay(rows, -1) == m.lay(columns, -2)


def _turned(m: Vocabulary, x: Array) -> Array:
    return m.move(x, -1, -2)
