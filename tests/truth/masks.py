"""The truth of losses of whole masks."""

from __future__ import annotations

import itertools

import mpmath
from mpmath import mpf

from truth.definition import HALF, ONE, ZERO
from truth.rowwise import RowDefinition


class SoftTversky(RowDefinition):
    has_optimum = False  # a soft target is not its own

    def _weights(self):
        return self.number("alpha"), self.number("beta")

    def _shares(self, y, p):
        """The mistakes, and mistakes and common part together."""
        alpha, beta = self._weights()
        pairs = list(zip(y, p, strict=True))
        wrong = sum(alpha * (1 - t) * x + beta * t * (1 - x) for t, x in pairs)
        return wrong, wrong + sum(t * x for t, x in pairs) + self.number("smooth")

    def value(self, y, p):
        wrong, whole = self._shares(y, p)
        return [wrong / whole if whole else ZERO]

    def slope(self, y, p):
        (alpha, beta), (wrong, whole) = self._weights(), self._shares(y, p)
        if not whole:
            return [[ZERO] for _ in y]
        rest = (whole - wrong) / whole**2
        return [[alpha * (1 - t) * rest, -beta * t * rest, -t * wrong / whole**2] for t in y]

    def curve(self, y, p):
        (alpha, beta), (_, whole) = self._weights(), self._shares(y, p)
        if not whole:
            return [[ZERO] for _ in y]
        return [
            [-2 * g * s / whole for g in (alpha * (1 - t), t, -beta * t) for s in terms]
            for t, terms in zip(y, self.slope(y, p), strict=True)
        ]


class SoftDice(SoftTversky):
    def _weights(self):
        return HALF, HALF


class Dice(SoftDice):
    pass


class Tversky(SoftTversky):
    """Keras's: alpha is what a missed pixel costs."""

    def _weights(self):
        return self.number("beta"), self.number("alpha")


def jaccard_gains(errors, inside):
    """By how much the Jaccard loss grows with each pixel that is a mistake, the worst first.

    Of one error those beside the mask come first, and those that are alike share what they cost.
    """
    order = sorted(range(len(errors)), key=lambda i: (-errors[i], inside[i]))
    loss, gains, wrong = ZERO, {}, set()
    for i in order:
        wrong.add(i)
        hit = sum(x and j not in wrong for j, x in enumerate(inside))
        union = sum(x or j in wrong for j, x in enumerate(inside))
        before, loss = loss, 1 - mpf(hit) / union
        gains.setdefault((errors[i], bool(inside[i])), []).append(loss - before)
    alike = [gains[errors[i], bool(inside[i])] for i in range(len(errors))]
    return [sum(parts) / len(parts) for parts in alike]


def _apart(numbers):
    """How far the nearest two of these lie from one another."""
    ordered = sorted(numbers)
    return min((b - a for a, b in itertools.pairwise(ordered)), default=mpmath.inf)


class LovaszHinge(RowDefinition):
    def _errors(self, y, p):
        signs = [ONE if t > 0 else -ONE for t in y]
        errors = [1 - s * x for s, x in zip(signs, p, strict=True)]
        return signs, errors, jaccard_gains(errors, [t > 0 for t in y])

    def value(self, y, p):
        _, errors, gains = self._errors(y, p)
        return [max(e, ZERO) * g for e, g in zip(errors, gains, strict=True) if g]

    def slope(self, y, p):
        rows = zip(*self._errors(y, p), strict=True)
        return [[-s * g if e > 0 else ZERO] for s, e, g in rows]

    def curve(self, y, p):
        return [[ZERO] for _ in p]

    def room(self, y, p):
        return _apart([ZERO, *self._errors(y, p)[1]])

    def optimum(self, y):
        return [2.0 if t > 0 else -2.0 for t in y], ZERO


class LovaszSoftmax(RowDefinition):
    def _rows(self, y, p):
        """The pixels that are not left out: where they lie, their label and their row."""
        classes, pixels = len(p) // len(y), len(y)
        for i, label in enumerate(map(int, y)):
            if label != self.card.ignore_class:
                yield i, label, [p[j * pixels + i] for j in range(classes)]

    def _shares(self, z):
        """Probabilities and what they lack to 1."""
        if not self.card.from_logits:
            return z, [1 - x for x in z]
        q = [mpmath.exp(x - max(z)) for x in z]
        rest = [sum(q[:j] + q[j + 1 :]) / sum(q) for j in range(len(q))]
        return [x / sum(q) for x in q], rest

    def _classes(self, y, p):
        """Of each class that is averaged the errors of its pixels, and what each of them costs."""
        rows = list(self._rows(y, p))
        labels = [label for _, label, _ in rows]
        every = range(len(p) // len(y)) if rows else ()
        asked = self.card.classes
        asked = labels if asked == "present" else every if asked == "all" else asked
        counted = [c for c in every if c in asked]
        for c in counted:
            errors = []
            for _, label, z in rows:
                share, rest = self._shares(z)
                errors.append(rest[c] if label == c else share[c])
            gains = jaccard_gains(errors, [label == c for label in labels])
            yield c, errors, [g / len(counted) for g in gains]

    def value(self, y, p):
        return [e * g for _, es, gs in self._classes(y, p) for e, g in zip(es, gs, strict=True)]

    def _by_shares(self, y, p):
        """Of each pixel and class the derivative by its probability."""
        rows = list(self._rows(y, p))
        found = {i: [ZERO] * (len(p) // len(y)) for i, _, _ in rows}
        for c, _, gains in self._classes(y, p):
            for (i, label, _), g in zip(rows, gains, strict=True):
                found[i][c] = -g if label == c else g
        return [(i, z, found[i]) for i, _, z in rows]

    def _laid(self, y, p, of_pixel):
        terms = [[ZERO] for _ in p]
        for i, z, rates in self._by_shares(y, p):
            for j in range(len(z)):
                terms[j * len(y) + i] = of_pixel(z, rates, j)
        return terms

    def slope(self, y, p):
        def of_pixel(z, rates, j):
            if not self.card.from_logits:
                return [rates[j]]
            share, rest = self._shares(z)
            inner = [share[j] * (rest[j] if k == j else -s) for k, s in enumerate(share)]
            return [r * x for r, x in zip(rates, inner, strict=True)]

        return self._laid(y, p, of_pixel)

    def curve(self, y, p):
        def of_pixel(z, rates, j):
            if not self.card.from_logits:
                return [ZERO]
            share, rest = self._shares(z)
            inner = [share[j] * (rest[j] if k == j else -s) for k, s in enumerate(share)]
            return [
                r * x * t for r, x in zip(rates, inner, strict=True) for t in (rest[j], -share[j])
            ]

        return self._laid(y, p, of_pixel)

    def room(self, y, p):
        return min((_apart(errors) for _, errors, _ in self._classes(y, p)), default=mpmath.inf)

    def near_break(self, y, p):
        """Where two errors are nearly equal, and not by the same numbers; or where both are read as
        0, as some read subnormal numbers."""
        rows = list(self._rows(y, p))
        for c, errors, _ in self._classes(y, p):
            for (a, x), (b, z) in itertools.combinations(zip(errors, rows, strict=True), 2):
                alike = x[2] == z[2] and (x[1] == c) == (z[1] == c)
                exact = a == b and not self.card.from_logits
                near = max(mpf(2) ** -20 * max(a, b), self.tiny)
                if not (alike or exact) and abs(a - b) <= near:
                    return True
        return False
