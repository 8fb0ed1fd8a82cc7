"""The truth of margins among several classes."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from truth.definition import ONE, ZERO
from truth.rowwise import Labelled, RowDefinition


class CategoricalHinge(RowDefinition):
    def _shortfall(self, y, p):
        rival = max(_product(1 - t, x) for t, x in zip(y, p, strict=True))
        return [ONE, rival, *(-_product(t, x) for t, x in zip(y, p, strict=True))]

    def value(self, y, p):
        terms = self._shortfall(y, p)
        return terms if sum(terms) > 0 else [ZERO]

    def slope(self, y, p):
        if sum(self._shortfall(y, p)) <= 0:
            return [[ZERO] for _ in y]
        scores = [_product(1 - t, x) for t, x in zip(y, p, strict=True)]
        best = [score == max(scores) for score in scores]
        # The subgradient of least magnitude: if a constant (of a true class) shares the maximum,
        # nothing need move; otherwise those at the maximum share it.
        free = any(b and t == 1 for b, t in zip(best, y, strict=True))
        share = [ZERO if free or not b else ONE / sum(best) for b in best]
        return [[(1 - t) * s, -t] for t, s in zip(y, share, strict=True)]

    def curve(self, y, p):
        return [[ZERO] for _ in y]

    def near_break(self, y, p):
        terms = self._shortfall(y, p)
        return sum(terms) != 0 and abs(sum(terms)) <= mpf(2) ** -20 * sum(abs(t) for t in terms)

    def room(self, y, p):
        # The margin itself, and ties of the largest score.
        scores = sorted(_product(1 - t, x) for t, x in zip(y, p, strict=True))
        return min(scores[-1] - scores[-2], abs(sum(self._shortfall(y, p))))

    def optimum(self, y):
        return [2.0 * t for t in y], ZERO


def _product(t: mpf, x: mpf) -> mpf:
    """A class of weight 0 adds nothing, even at -inf."""
    return ZERO if t == 0 else t * x


class MultiMargin(Labelled):
    def _leads(self, y, p):
        """The terms of what each other class has too much, by class."""
        return {j: [self.number("margin"), x, -p[y]] for j, x in enumerate(p) if j != y}

    def value(self, y, p):
        share, terms = self._weight(y) / len(p), []
        for lead in self._leads(y, p).values():
            if sum(lead) > 0:
                products = lead if self.card.power == 1 else [a * b for a in lead for b in lead]
                terms += [share * t for t in products]
        return terms

    def slope(self, y, p):
        share, rates = self._weight(y) / len(p), {}
        for j, lead in self._leads(y, p).items():
            terms = [share] if self.card.power == 1 else [2 * share * t for t in lead]
            rates[j] = terms if sum(lead) > 0 else [ZERO]
        rates[y] = [-t for terms in rates.values() for t in terms]
        return [rates[j] for j in range(len(p))]

    def curve(self, y, p):
        share = 2 * self._weight(y) / len(p) if self.card.power == 2 else ZERO
        bends = {j: share if sum(lead) > 0 else ZERO for j, lead in self._leads(y, p).items()}
        bends[y] = sum(bends.values())
        return [[bends[j]] for j in range(len(p))]

    def room(self, y, p):
        return min(abs(sum(lead)) for lead in self._leads(y, p).values())

    def near_break(self, y, p):
        return any(_cancels(lead) for lead in self._leads(y, p).values())


def _cancels(terms: list[mpf]) -> bool:
    """Whether rounding decides the sign of the sum."""
    return sum(terms) != 0 and abs(sum(terms)) <= mpf(2) ** -20 * sum(abs(t) for t in terms)


class MultiLabelMargin(RowDefinition):
    def _leads(self, y, p):
        true = [i for i, t in enumerate(y) if t > 0]
        return {(i, j): [ONE, -p[i], p[j]] for i in true for j in range(len(p)) if j not in true}

    def value(self, y, p):
        leads = [lead for lead in self._leads(y, p).values() if sum(lead) > 0]
        return [t / len(p) for lead in leads for t in lead]

    def slope(self, y, p):
        terms = [[] for _ in p]
        for (i, j), lead in self._leads(y, p).items():
            if sum(lead) > 0:
                terms[i].append(-ONE / len(p))
                terms[j].append(ONE / len(p))
        return terms

    def curve(self, y, p):
        return [[ZERO] for _ in p]

    def room(self, y, p):
        return min((abs(sum(lead)) for lead in self._leads(y, p).values()), default=mpmath.inf)

    def near_break(self, y, p):
        return any(_cancels(lead) for lead in self._leads(y, p).values())

    def optimum(self, y):
        return [2.0 * t for t in y], ZERO


class MulticlassHinge(Labelled):
    lead = ONE

    def _shortfall(self, y, p):
        return [self.lead, max(x for j, x in enumerate(p) if j != y), -p[y]]

    def value(self, y, p):
        terms = self._shortfall(y, p)
        return [self._weight(y) * t for t in terms] if sum(terms) > 0 else [ZERO]

    def slope(self, y, p):
        terms = self._shortfall(y, p)
        if sum(terms) <= 0:
            return [[ZERO] for _ in p]
        best = [j for j, x in enumerate(p) if j != y and x == terms[1]]
        share = self._weight(y) / len(best)
        return [[-self._weight(y) if j == y else share * (j in best)] for j in range(len(p))]

    def curve(self, y, p):
        return [[ZERO] for _ in p]

    def room(self, y, p):
        others = sorted(x for j, x in enumerate(p) if j != y)
        return min(others[-1] - others[-2], abs(sum(self._shortfall(y, p))))

    def near_break(self, y, p):
        return _cancels(self._shortfall(y, p))


class MulticlassPerceptron(MulticlassHinge):
    lead = ZERO
