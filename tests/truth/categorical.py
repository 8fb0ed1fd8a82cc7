"""The truth of cross-entropies of rows."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from losskit.losses import classification
from truth.definition import ONE, ZERO, xlogx
from truth.rowwise import Labelled, RowDefinition


class CategoricalCrossentropy(RowDefinition):
    def _target(self, y):
        s = self.number("label_smoothing")
        return [t * (1 - s) + s / len(y) for t in y]

    def _weights(self, n):
        """Of each class."""
        given = self.card.class_weight or ()
        known = dict(given if not given or isinstance(given[0], tuple) else enumerate(given))
        return [mpf(float(self.dtype.type(known.get(c, 1.0)))) for c in range(n)]

    def _z_loss(self, y):
        """What it multiplies, for a target that has its weights."""
        return self.number("z_loss") * (sum(y) if self.card.class_weight else 1)

    def value(self, y, p):
        y = self._spread(y, p)
        if self.card.from_logits:
            p = self._cooled(p)
            # log(sum exp(z)) - z_j = log(sum exp(z - z_j))
            logs = [sum(_log_sum_exp([z - z_j for z in p])) if t else None
                    for t, z_j in zip(y, p, strict=True)]  # fmt: skip
        else:
            q = [self.floored(x) for x in p]
            logs = [mpmath.log1p(sum(q[:j] + q[j + 1 :]) / q_j) for j, q_j in enumerate(q)]
        terms = [t * log for t, log in zip(y, logs, strict=True) if t]
        if self.card.z_loss:
            top, rest = _log_sum_exp(p)
            terms += [self._z_loss(y) * t for t in (top**2, 2 * top * rest, rest**2)]
        return terms

    def slope(self, y, p):
        y = self._spread(y, p)
        total, (share, rest, q) = sum(y), self._shares(p)
        terms = []
        for j, t in enumerate(y):
            # sum_k y_k (p_j - [j = k]); by the chain rule over q_j for probabilities, as dp/dq is
            # what it is: (total - y_j) / sum(q) - y_j (1 / q_j - 1 / sum(q)).
            inner = 1 / self.number("temperature") if self.card.from_logits else 1 / q[j]
            terms.append([(total - t) * share[j] * inner, -t * rest[j] * inner])
            if self.card.z_loss:
                by = 2 * self._z_loss(y) * share[j] * inner
                terms[j] += [by * part for part in _log_sum_exp(self._cooled(p))]
        return terms

    def curve(self, y, p):
        y = self._spread(y, p)
        total, (share, rest, q) = sum(y), self._shares(p)
        if self.card.from_logits:
            inner, terms = 1 / self.number("temperature"), []
            for s, r in zip(share, rest, strict=True):
                terms.append([total * s * r * inner**2])
                if self.card.z_loss:
                    by = 2 * self._z_loss(y) * s * inner**2
                    terms[-1] += [by * s, *(by * r * x for x in _log_sum_exp(self._cooled(p)))]
            return terms
        whole = sum(q)
        return [
            # y / q^2 - y / whole^2 without the common part
            [t * rest[j] * (1 + share[j]) / q[j] ** 2, -(total - t) / whole**2]
            for j, t in enumerate(y)
        ]

    def _cooled(self, p):
        return [z / self.number("temperature") for z in p]

    def _spread(self, y, p):
        return [w * t for w, t in zip(self._weights(len(p)), self._target(y), strict=True)]

    def _shares(self, p):
        """Of each entry: its share of the row, the share of the rest, its floored probability."""
        if self.card.from_logits:
            p = self._cooled(p)
            top = max(p)
            q = [mpmath.exp(z - top) for z in p]
        else:
            q = [self.floored(x) for x in p]
        whole = sum(q)
        rest = [sum(q[:j] + q[j + 1 :]) / whole for j in range(len(q))]
        return [x / whole for x in q], rest, q

    def optimum(self, y):
        y = self._spread([mpf(t) for t in y], y)
        best = xlogx(sum(y)) - sum(xlogx(t) for t in y)
        y = [t / sum(y) if sum(y) else ONE / len(y) for t in y]
        if not self.card.from_logits:
            return [float(t) for t in y], best
        temperature = self.number("temperature")
        return [float(temperature * mpmath.log(t)) if t else -1e4 for t in y], best


class RankingSoftmax(CategoricalCrossentropy):
    """Of relevances in place of shares, and of logits."""

    def __init__(self, card, dtype):
        super().__init__(classification.CategoricalCrossentropy(from_logits=True), dtype)

    def optimum(self, y):
        z = [float(mpmath.log(t)) if t else -1e4 for t in map(mpf, y)]
        return z, sum(self.value([mpf(t) for t in y], [mpf(x) for x in z]))


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """The target is one label, an int."""

    def _spread(self, y, p):
        return super()._spread([ONE if j == int(y) else ZERO for j in range(len(p))], p)

    def optimum(self, y):
        raise NotImplementedError  # depends on the number of classes; law: categorical


def _log_sum_exp(z: list[mpf]) -> tuple[mpf, mpf]:
    """As the sum of the largest and what the others add, accurate where they are far below."""
    top = max(z)
    rest, seen = ZERO, False
    for x in z:
        if x == top and not seen:
            seen = True
        else:
            rest += mpmath.exp(x - top)
    return top, mpmath.log1p(rest)


class NegativeLogLikelihood(Labelled):
    def value(self, y, p):
        return [-self._weight(y) * p[int(y)]]

    def slope(self, y, p):
        return [[-self._weight(y) if j == int(y) else ZERO] for j in range(len(p))]

    def curve(self, y, p):
        return [[ZERO] for _ in p]
