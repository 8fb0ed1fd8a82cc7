"""Losses of all pairs of a set: of the matrix of their similarities, row after row.

What such a loss is by its vectors follows from what it is by the similarities: those of two sets
are the product of their matrices, and so are the derivatives (Pairs). What it is by the
similarities is a loss of rows (Similarities), which knows nothing of vectors.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar, NamedTuple

from losskit.core import softmax
from losskit.core.definition import Domain, Slot
from losskit.core.families import Rowwise, lost
from losskit.core.namespaces import PRECISIONS, Array, Vocabulary
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
    def count(self, m: Vocabulary, alike: Array, unlike: Array) -> Array:
        """How many terms of each row a mean over the set divides by.

        Args:
            m: the vocabulary.
            alike, unlike: how many of a row are of either kind; of length 1 along it.
        """

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
    def sets(self, m: Vocabulary, *slots: Any) -> Sets:
        """What the slots hold."""

    def shared(self, m: Vocabulary, *slots: Any) -> Compared:
        """The sets of the slots, compared."""
        return Compared(self, m, self.sets(m, *slots))

    def value(self, m: Vocabulary, *slots: Any, **_: Any) -> Array:
        return self._compared(m, slots).value()

    def every(self, m: Vocabulary, by: tuple[int, ...], *slots: Any) -> list[Array]:
        """The value and the slopes by these slots, some rows of the matrix at a time."""
        return swept(self, m, self.sets(m, *slots), by)

    def _compared(self, m: Vocabulary, slots: tuple[Any, ...]) -> Compared:
        made = slots[-1]
        return made if isinstance(made, Compared) else self.shared(m, *slots)


class Sets(NamedTuple):
    """Vectors and their names: those of one name are alike."""

    names: Array
    """Of the rows' vectors, (..., n)."""
    x: Array
    """The vectors of the rows, (..., n, d)."""
    of_others: Array
    """Of the columns' vectors, (..., m)."""
    other: Array | None
    """The vectors of the columns, (..., m, d); None for those of the rows."""
    places: tuple[int, ...] = (0, 1)
    """The slots in which they lie."""


def paired(m: Vocabulary, x: Array, other: Array) -> Sets:
    """Each vector is like the one at its own place, and like no other."""
    return Sets(_places(m, x), x, _places(m, other), other)


class Side:
    """The vectors of a set, as they came and as they are compared."""

    def __init__(self, m: Vocabulary, normalize: bool, x: Array) -> None:
        self.m, self.x, self.u, self.normalize = m, x, x, normalize
        if normalize:
            scaled, self.power = near(m, x, -1)
            self.u, self.top, self.length = unit(m, scaled, -1)

    def slope(self, g: Array) -> Array:
        """By the vectors as they came, of that as they are compared."""
        m = self.m
        return (unit_slope(m, self.x, g, -1) if self.normalize else g) + lost(m, self.x)

    def per_square(self, x: Array) -> Array:
        """Divided by the square of the length; 0 for a zero vector, which has no derivative."""
        if not self.normalize:
            return x
        for _ in range(2):
            x = x / self.top / self.length * self.power
        return self.m.where(self.m.max(self.m.abs(self.u), -1) == 0, 0.0, x)

    def lost(self) -> Array:
        """0, and NaN where a vector is."""
        return self.m.sum(self.m.sum(lost(self.m, self.x), -1), -2)


def similarities(m: Vocabulary, card: Pairs, u: Array, v: Array, its: Array | None) -> Array:
    """Of vectors as they are compared, (..., n, m); ``its`` says where one meets itself."""
    s = m.matmul(u / card.temperature, _turned(m, v))
    if its is not None and card.normalize and card.with_itself:
        # Of 1 and nothing else, lest its rounding be a slope, which a short vector's length
        # makes a large one.
        s = m.where(its & (s * card.temperature > 0.5), 1.0 / card.temperature, s)
    if not card.normalize:
        # Of infinite ones it is not known which is the larger.
        s = m.where(m.abs(s) < float("inf"), s, float("nan"))
    return s


_PART = 2**25
"""Bytes of the part of a matrix that is there at a time."""
_LEAST = 256
"""Rows of a part at least: each adds once to the derivatives by all columns."""


def swept(card: Pairs, m: Vocabulary, sets: Sets, by: tuple[int, ...]) -> list[Array]:
    """The value of each set, and its slopes by these slots, some rows of the matrix at a time.

    The derivatives by the vectors are products of the derivatives by their similarities, which are
    never there all at once. What comes out is not to be differentiated: `Compared` is.
    """
    same = sets.other is None
    row = Side(m, card.normalize, sets.x)
    column = row if same else Side(m, card.normalize, sets.other)
    sides = (row, column)
    value, slopes = row.lost() if same else row.lost() + column.lost(), [0.0, 0.0]
    names = [m.lay(x, -1) for x in (sets.names, sets.of_others)]
    places = [m.lay(_places(m, side.x), -1) for side in sides]
    for weight, of, other in zip(card.ways, (0, 1), (1, 0), strict=True):
        if not weight:
            continue
        columns = (sides[other].u, *(_turned(m, x[other]) for x in (names, places)))
        rows = (sides[of].u, names[of], places[of])
        step = partial(_swept_part, card, m, columns, same, bool(by))
        theirs, (items, counts, *own) = m.in_parts(step, rows, _rows(m, rows[0], columns[0]))
        share = _share(m, m.sum(counts, -2))
        # Each by itself, for their sum may be too large where their mean is not.
        value = value + weight * m.sum(items * share, -2)
        if by:
            factor = weight * share / card.temperature
            slopes[of] = slopes[of] + own[0] * factor
            slopes[other] = slopes[other] + theirs * factor
    if same:
        slopes = [slopes[0] + slopes[1]]
    made = [sides[i].slope(slopes[i]) for i in map(sets.places.index, by)]
    return [m.drop(value, (-2, -1)), *made]


def _swept_part(
    card: Pairs, m: Vocabulary, columns: Any, same: bool, slope: bool, found: Any, *rows: Array
) -> tuple[Any, tuple[Array, ...]]:
    """Some rows of the matrix: the slopes by all columns so far; items, terms, slopes by the rows.

    Of rows and columns: the vectors as they are compared, their names and places.
    """
    (u, name, place), (others, their_names, their_places) = rows, columns
    its = place == their_places if same else None
    s = similarities(m, card, u, others, its)
    alike, none = name == their_names, None if card.with_itself else its
    items, rates = m.rows(card.rows, alike, none, s, slope)
    made = m.lay(items, -1), terms(m, card, alike, none, u)
    if not slope:
        return found, made
    more = m.matmul(_turned(m, rates), u)
    if found is not None:
        more += found
    return more, (*made, m.matmul(rates, others))


def _rows(m: Vocabulary, u: Array, others: Array) -> int | None:
    """How many rows of the matrix are there at a time; None for all, where shapes are open."""
    shape: tuple[int, ...] = (*u.shape[:-2], others.shape[-2])
    if not all(isinstance(n, int) for n in (*shape, u.shape[-2])):
        return None
    wide = m.precision(u) == PRECISIONS["float64"]
    return max(_LEAST, _PART // max(1, (8 if wide else 4) * math.prod(shape)))


class Compared:
    """Two sets, or one with itself, each vector of the one compared with each of the other.

    The whole matrix, by formulas that may be differentiated.
    """

    def __init__(self, card: Pairs, m: Vocabulary, sets: Sets) -> None:
        self.card, self.m, self.same = card, m, sets.other is None
        row = Side(m, card.normalize, sets.x)
        self.sides = (row, row if self.same else Side(m, card.normalize, sets.other))
        its = _diagonal(m, row.x, row.x) if self.same else None
        self.s = similarities(m, card, row.u, self.sides[1].u, its)
        alike = m.lay(sets.names, -1) == m.lay(sets.of_others, -2)
        none = None if card.with_itself else its
        y, counts = m.kinds(alike, none, self.s), terms(m, card, alike, none, self.s)
        turned = [_turned(m, x) if card.ways[1] else x for x in (y, self.s, alike)]
        tables = ((y, self.s), counts), (turned[:2], terms(m, card, turned[2], none, self.s))
        self.seen = [
            (weight * _share(m, m.sum(count, -2)), table, card.rows.shared(m, *table))
            for weight, (table, count) in zip(card.ways, tables, strict=True)
            if weight
        ]
        self.made: Array | None = None

    def value(self) -> Array:
        """The value of each set."""
        m, found = self.m, 0.0
        for share, table, of in self.seen:
            items = self.card.rows.value(m, *table, of)
            # Each by itself, for their sum may be too large where their mean is not.
            found = found + m.sum(m.lay(items, -1) * share, -2)
        return m.drop(found + self._lost(), (-2, -1))

    def slope(self, side: int = 0) -> Array:
        """The slope by the vectors of the rows, or of the columns (side 1)."""
        card, own = self.card, self.sides[side]
        rates, factor = self._rates()
        g = self._along(rates, side)
        if self.same:
            g = g + self._along(rates, 1)
        g = g * (factor / card.temperature)
        return own.slope(g)

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
        for i, (share, table, of) in enumerate(self.seen):
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
        return own.per_square(found) + lost(m, own.x)

    def _rates(self) -> tuple[Array, Array | float]:
        """The derivative by each similarity, (..., n, m), and what is still to be multiplied."""
        m, rows = self.m, self.card.rows
        first, *rest = self.seen
        if self.made is None:
            self.made = [rows.slope(m, *table, of) for _, table, of in self.seen]
        if not rest:
            return self.made[0], first[0]
        plain, turned = (
            share * made for made, (share, _, _) in zip(self.made, self.seen, strict=True)
        )
        return plain + _turned(m, turned), 1.0

    def _along(self, rates: Array, side: int) -> Array:
        """By the vectors as they are compared."""
        rates = _turned(self.m, rates) if side else rates
        return self.m.matmul(rates, self.sides[1 - side].u)

    def _lost(self) -> Array:
        """0, and NaN where a vector is."""
        return sum(side.lost() for side in (self.sides[:1] if self.same else self.sides))


def _share(m: Vocabulary, count: Array) -> Array:
    return m.where(count == 0, 0.0, 1.0 / m.where(count == 0, 1.0, count))


def terms(m: Vocabulary, card: Pairs, alike: Array, none: Array | None, like: Array) -> Array:
    """How many terms each row is of the mean, (..., n, 1)."""
    kinds = (alike if none is None else alike & ~none), ~alike
    return card.rows.count(m, *(m.number(m.count(kind, -1), like) for kind in kinds))


def _places(m: Vocabulary, x: Array) -> Array:
    """The place of each vector, (..., n)."""
    return m.positions(m.drop(m.sum(zeros(m, x), -1), -1))


def _diagonal(m: Vocabulary, x: Array, other: Array) -> Array:
    """Where each vector meets the one at its own place."""
    return m.lay(_places(m, x), -1) == m.lay(_places(m, other), -2)


def _turned(m: Vocabulary, x: Array) -> Array:
    return m.move(x, -1, -2)
