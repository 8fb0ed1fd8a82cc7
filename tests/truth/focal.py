"""The truth of losses that stand beside the cross-entropy of rows."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from losskit.losses import classification
from truth.categorical import CategoricalCrossentropy
from truth.definition import HALF, ONE, ZERO
from truth.rowwise import Labelled, RowDefinition


class Poly1Crossentropy(RowDefinition):
    has_optimum = False  # of a soft target it is no closed formula

    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        plain = classification.CategoricalCrossentropy(card.from_logits)
        self.plain = CategoricalCrossentropy(plain, dtype)

    def _moved(self, y, p):
        """Of each class sum_k(y_k p_k) - y_j, as terms."""
        share, rest, _ = self.plain._shares(p)
        product = [t * s for t, s in zip(y, share, strict=True)]
        return [[sum(product[:j] + product[j + 1 :]), -t * rest[j]] for j, t in enumerate(y)]

    def value(self, y, p):
        _, rest, _ = self.plain._shares(p)
        linear = [self.number("epsilon") * t * r for t, r in zip(y, rest, strict=True)]
        return self.plain.value(y, p) + linear

    def slope(self, y, p):
        share, _, q = self.plain._shares(p)
        inner = share if self.card.from_logits else [1 / sum(q)] * len(q)
        return [
            terms + [self.number("epsilon") * a * t for t in moved]
            for terms, a, moved in zip(
                self.plain.slope(y, p), inner, self._moved(y, p), strict=True
            )
        ]

    def curve(self, y, p):
        share, rest, q = self.plain._shares(p)
        if self.card.from_logits:
            inner = [(s * r, -s * s) for s, r in zip(share, rest, strict=True)]
        else:
            inner = [(-2 / sum(q) ** 2,)] * len(q)
        return [
            terms + [self.number("epsilon") * a * t for a in factors for t in moved]
            for terms, factors, moved in zip(
                self.plain.curve(y, p), inner, self._moved(y, p), strict=True
            )
        ]


class CategoricalFocalCrossentropy(RowDefinition):
    has_optimum = False  # of a soft target it is no closed formula

    def __init__(self, card, dtype):
        super().__init__(card, dtype)
        plain = classification.CategoricalCrossentropy(card.from_logits, card.label_smoothing)
        self.plain = CategoricalCrossentropy(plain, dtype)

    def _weights(self, y):
        y, given = self.plain._target(y), self.card.alpha
        if not isinstance(given, tuple):
            return [self.number("alpha") * t for t in y]
        every = dict(given) if isinstance(given[0], tuple) else dict(enumerate(given))
        return [mpf(float(self.dtype.type(every.get(j, 1.0)))) * t for j, t in enumerate(y)]

    def _logs(self, p):
        """The logarithm of each share, accurate also where the share is nearly 1."""
        share, rest, _ = self.plain._shares(p)
        logs = zip(share, rest, strict=True)
        return [mpmath.log1p(-r) if r < HALF else mpmath.log(s) if s else ZERO for s, r in logs]

    def _rates(self, p):
        """Of -(1 - s)^g log(s), each share's: its derivative and its second one, as terms."""
        g, (share, rest, _) = self.number("gamma"), self.plain._shares(p)
        first, second = [], []
        for s, r, log in zip(share, rest, self._logs(p), strict=True):
            if not s or not r:  # certain: nothing moves
                first.append([ZERO])
                second.append([ZERO])
                continue
            first.append([g * r ** (g - 1) * log if g else ZERO, -(r**g) / s])
            second.append([
                -g * (g - 1) * r ** (g - 2) * log if g else ZERO,
                2 * g * r ** (g - 1) / s if g else ZERO,
                r**g / s**2,
            ])  # fmt: skip
        return first, second

    def value(self, y, p):
        g, (_, rest, _) = self.number("gamma"), self.plain._shares(p)
        parts = zip(self._weights(y), rest, self._logs(p), strict=True)
        return [-w * r**g * log for w, r, log in parts if w]

    def _inner(self, p):
        """ds_j / dx_k, and d^2 s_j / dx_k^2, by j for each k."""
        share, rest, q = self.plain._shares(p)
        first, second = [], []
        for k in range(len(p)):
            own = [share[k] * rest[k] if j == k else -share[j] * share[k] for j in range(len(p))]
            if self.card.from_logits:
                first.append(own)
                second.append([t * (rest[k] - share[k]) for t in own])
            else:
                whole = sum(q)
                first.append([rest[k] / whole if j == k else -share[j] / whole
                              for j in range(len(p))])  # fmt: skip
                second.append([-2 * t / whole for t in first[-1]])
        return first, second

    def slope(self, y, p):
        weights, (rates, _), (inner, _) = self._weights(y), self._rates(p), self._inner(p)
        return [
            [w * t * by[j] for j, w in enumerate(weights) if w for t in rates[j]] or [ZERO]
            for by in inner
        ]

    def curve(self, y, p):
        weights, (first, second), (inner, twice) = self._weights(y), self._rates(p), self._inner(p)
        return [
            [
                part
                for j, w in enumerate(weights)
                if w
                for part in (
                    *(w * t * by[j] ** 2 for t in second[j]),
                    *(w * t * again[j] for t in first[j]),
                )
            ]
            or [ZERO]
            for by, again in zip(inner, twice, strict=True)
        ]


class CategoricalGeneralizedCrossEntropy(Labelled):
    def _share(self, y, p):
        """The share of the true class, what the others have, and its logarithm."""
        weights = [mpmath.exp(z - max(p)) for z in p]
        rest = sum(w for j, w in enumerate(weights) if j != y)
        log = -mpmath.log1p(rest / weights[y]) if weights[y] else -mpmath.inf
        return weights[y] / sum(weights), rest / sum(weights), log

    def value(self, y, p):
        q = self.number("q")
        if self.card.from_logits:
            log = self._share(y, p)[2]
        elif not p[y]:
            return [self._weight(y) / q]
        else:
            log = mpmath.log(min(p[y], ONE))
        return [-self._weight(y) * mpmath.expm1(q * log) / q]

    def slope(self, y, p):
        q, weight = self.number("q"), self._weight(y)
        if not self.card.from_logits:
            rate = -weight * self.floored(p[y]) ** (q - 1)
            return [[rate if j == y else ZERO] for j in range(len(p))]
        own, rest, _ = self._share(y, p)
        shares = [self._share(j, p)[0] for j in range(len(p))]
        return [[weight * own**q * (-rest if j == y else s)] for j, s in enumerate(shares)]

    def curve(self, y, p):
        q, weight = self.number("q"), self._weight(y)
        if not self.card.from_logits:
            bend = weight * (1 - q) * self.floored(p[y]) ** (q - 2)
            return [[bend if j == y else ZERO] for j in range(len(p))]
        power, terms = weight * self._share(y, p)[0] ** q, []
        for j in range(len(p)):
            share, rest, _ = self._share(j, p)
            error = -rest if j == y else share
            terms.append([power * share * rest, -q * power * error**2])
        return terms


class Sparsemax(Labelled):
    def _projection(self, p):
        """Each probability as terms, and the threshold; p is shifted so that its largest is 0."""
        d = [x - max(p) for x in p]
        for size in range(len(d), 0, -1):
            support = sorted(d)[-size:]
            threshold = (sum(support) - 1) / size
            if support[0] > threshold:
                break
        shares = [ONE / size, *(-x / size for x in support)]
        return [[x, *shares] if x > threshold else [ZERO] for x in d], threshold, d

    def value(self, y, p):
        weight, (shares, threshold, d) = self._weight(y), self._projection(p)
        error = [t for j, terms in enumerate(shares) if j != y for t in terms]
        terms = [a * b for a in error for b in error]
        for j, own in enumerate(shares):
            if j != y:
                terms += [a * b for a in own for b in own]
        short = [threshold, -d[y]] if d[y] < threshold else []
        return [weight * t / 2 for t in terms] + [weight * t for t in short]

    def slope(self, y, p):
        weight, (shares, _, _) = self._weight(y), self._projection(p)
        shares[y] = [-t for j, terms in enumerate(shares) if j != y for t in terms]
        return [[weight * t for t in terms] for terms in shares]

    def curve(self, y, p):
        shares, _, _ = self._projection(p)
        size = sum(terms != [ZERO] for terms in shares)
        bend = self._weight(y) * (size - ONE) / size
        return [[bend if terms != [ZERO] else ZERO] for terms in shares]

    def room(self, y, p):
        _, threshold, d = self._projection(p)
        return min(abs(x - threshold) for x in d)

    def near_break(self, y, p):
        _, threshold, d = self._projection(p)
        return any(abs(x - threshold) <= mpf(2) ** -20 * (1 + abs(threshold)) for x in d)
