"""The truth of angles and distances of vectors."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from losskit.losses import similarity
from truth.definition import ONE, ZERO, close, sigmoid, softplus
from truth.rowwise import RowDefinition


class CosineSimilarity(RowDefinition):
    def _unit(self, x):
        length = mpmath.sqrt(sum(t * t for t in x))
        return ([t / length for t in x], 1 / length) if length else ([ZERO] * len(x), ZERO)

    def value(self, y, p):
        (u, _), (v, _) = self._unit(y), self._unit(p)
        return [-a * b for a, b in zip(u, v, strict=True)]

    def slope(self, y, p):
        (u, _), (v, per) = self._unit(y), self._unit(p)
        cosine = [a * b for a, b in zip(u, v, strict=True)]
        return [[-a * per, *(c * b * per for c in cosine)] for a, b in zip(u, v, strict=True)]

    def curve(self, y, p):
        (u, _), (v, per) = self._unit(y), self._unit(p)
        cosine = [a * b for a, b in zip(u, v, strict=True)]
        return [
            [t * per**2 for t in (2 * a * b, *cosine, *(-3 * c * b * b for c in cosine))]
            for a, b in zip(u, v, strict=True)
        ]

    def optimum(self, y):
        return list(y), -ONE if any(y) else ZERO


class CosineEmbedding(RowDefinition):
    has_optimum = False  # many vectors are as good: no one of them is the target

    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        self.of_two = CosineSimilarity(similarity.CosineSimilarity(), dtype)

    def _over(self, y, p):
        """The vectors, their cosine, and its terms less the margin."""
        a, b = p[: len(p) // 2], p[len(p) // 2 :]
        terms = [-t for t in self.of_two.value(a, b)]
        return a, b, sum(terms, ZERO), [*terms, -self.number("margin")]

    def _by_entry(self, order, y, p):
        a, b, _, over = self._over(y, p)
        rate = ONE if y == 1 else -ONE if sum(over) > 0 else ZERO
        of_two = getattr(self.of_two, order)
        return [[rate * t for t in terms] for x, z in ((b, a), (a, b)) for terms in of_two(x, z)]

    def value(self, y, p):
        a, b, _, over = self._over(y, p)
        if y != 1:
            return over if sum(over) > 0 else [ZERO]
        if not any(a) or not any(b):
            return [ONE]
        # Of nearly parallel vectors 60 digits of the cosine are too few.
        (u, _), (v, _) = (self.of_two._unit(x) for x in (a, b))
        return [sum((s - t) ** 2 for s, t in zip(u, v, strict=True)) / 2]

    def slope(self, y, p):
        return self._by_entry("slope", y, p)

    def curve(self, y, p):
        return self._by_entry("curve", y, p)

    def near_break(self, y, p):
        over = self._over(y, p)[3]
        return y != 1 and abs(sum(over)) <= mpf(2) ** -20 * sum(map(abs, over))

    def room(self, y, p):
        a, b, _, over = self._over(y, p)
        shortest = min(mpmath.sqrt(sum(t * t for t in x)) for x in (a, b))
        return mpmath.inf if y == 1 else abs(sum(over)) * shortest / 2


class PairwiseDistance(RowDefinition):
    def _differences(self, y, p):
        return [b - a + self.number("eps") for a, b in zip(y, p, strict=True)]

    def value(self, y, p):
        q, d = self.number("norm"), self._differences(y, p)
        if q == 0:
            return [ONE for e in d if e]
        return [sum(abs(e) ** q for e in d if e) ** (1 / q)]

    def slope(self, y, p):
        q, d = self.number("norm"), self._differences(y, p)
        value = sum(self.value(y, p))
        return [[mpmath.sign(e) * (abs(e) / value) ** (q - 1) if e and q else ZERO] for e in d]

    def curve(self, y, p):
        q, d = self.number("norm"), self._differences(y, p)
        value = sum(self.value(y, p))
        if q == 0 or not value:
            return [[ZERO] for _ in d]
        rest = [sum(abs(x / value) ** q for i, x in enumerate(d) if i != j) for j in range(len(d))]
        return [
            [(q - 1) / value * abs(e / value) ** (q - 2) * r if e or q >= 2 else ZERO]
            for e, r in zip(d, rest, strict=True)
        ]

    def room(self, y, p):
        return min(abs(e) for e in self._differences(y, p))

    def optimum(self, y):
        return [float(t - self.number("eps")) for t in map(mpmath.mpf, y)], ZERO


class TripletMargin(RowDefinition):
    has_optimum = False  # there is no target that could say which it is

    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        own = similarity.PairwiseDistance(norm=card.norm, eps=card.eps)
        self.of_two = PairwiseDistance(own, dtype)

    def _distances(self, p):
        """(factor, first, second, their vectors) of the two distances that are compared."""
        n = len(p) // 3
        a, b, c = p[:n], p[n : 2 * n], p[2 * n :]
        far = (-1, 0, 2, c, a)
        if self.card.swap and self._between(c, b) < self._between(c, a):
            far = (-1, 1, 2, c, b)
        return [(1, 0, 1, b, a), far]

    def _between(self, y, x):
        return sum(self.of_two.value(y, x), ZERO)

    def _short(self, p):
        parts = [k * self._between(y, x) for k, _, _, y, x in self._distances(p)]
        return [*parts, self.number("margin")]

    def _unsure(self, p):
        """Whether rounding of the distances decides what is missing."""
        terms = self._short(p)
        return abs(sum(terms)) <= mpf(2) ** -20 * sum(map(abs, terms))

    def _share(self, p, order):
        """The outer function, or a derivative of it, at what is missing."""
        short = sum(self._short(p))
        if not self.card.soft:
            return (max(short, ZERO), ONE if short > 0 else ZERO, ZERO)[order]
        return (softplus(short), sigmoid(short), sigmoid(short) * sigmoid(-short))[order]

    def _by_entry(self, p, order):
        """The terms of the derivative of what is missing."""
        n, found = len(p) // 3, [[] for _ in p]
        for k, first, second, y, x in self._distances(p):
            for j, terms in enumerate(getattr(self.of_two, order)(y, x)):
                found[first * n + j] += [k * t for t in terms]
                sign = -1 if order == "slope" else 1
                found[second * n + j] += [sign * k * t for t in terms]
        return found

    def value(self, y, p):
        # Of what is rounded off the distances the outer function lets its slope through; all of it
        # where rounding decides.
        share = ONE if self._unsure(p) else self._share(p, 1)
        unsure = [share * t for t in self._short(p)]
        return [self._share(p, 0), *unsure, *(-t for t in unsure)]

    def slope(self, y, p):
        share, bend = self._share(p, 1), self._share(p, 2)
        unsure = bend * sum(map(abs, self._short(p)))
        return [
            [t * factor for t in terms for factor in (share, unsure, -unsure)]
            for terms in self._by_entry(p, "slope")
        ]

    def curve(self, y, p):
        share, bend = self._share(p, 1), self._share(p, 2)
        unsure = bend * sum(map(abs, self._short(p)))
        pairs = zip(self._by_entry(p, "slope"), self._by_entry(p, "curve"), strict=True)
        return [
            [t * factor for t in bent for factor in (share, unsure, -unsure)]
            + [a * b * factor for a in moved for b in moved for factor in (bend, unsure, -unsure)]
            for moved, bent in pairs
        ]

    def room(self, y, p):
        n = len(p) // 3
        a, b, c = p[:n], p[n : 2 * n], p[2 * n :]
        pairs, eps = [(a, b), (a, c), (b, c)], self.number("eps")
        gaps = [abs(s - t + eps) for x, y in pairs for s, t in zip(x, y, strict=True)]
        corner = mpmath.inf if self.card.soft else abs(sum(self._short(p)))
        lead = abs(self._between(c, a) - self._between(c, b))
        return min(*gaps, corner, lead if self.card.swap else mpmath.inf)

    def near_break(self, y, p):
        n = len(p) // 3
        a, b, c = p[:n], p[n : 2 * n], p[2 * n :]
        far, other = self._between(c, a), self._between(c, b)
        swaps = self.card.swap and a != b and close(far, other)
        # A softplus has no corner, unless it is seen from so far that rounding steps over it.
        sharp = not self.card.soft or far > 2**10
        return swaps or (sharp and self._unsure(p))
