"""The truth of every row-wise card.

y and p are lists, value is the terms of one number, slope and curve the terms of each entry.
"""

from __future__ import annotations

import itertools

import mpmath
from mpmath import mpf

from losskit.losses import classification, similarity
from truth.definition import HALF, ONE, ZERO, Definition, close, sigmoid, softplus, xlogx


class RowDefinition(Definition):
    """A loss of whole rows."""

    own: tuple[int, ...] = ()
    """The lengths of a row's own dimensions; where there are several, they lie in a line here."""

    def room(self, y, p):
        """How far the nearest kink lies, in the unit of the predictions; a bound from below."""
        return mpmath.inf


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


class CoxPartialLikelihood(RowDefinition):
    has_optimum = False  # scores that rank the events rightly may go to infinity

    def _risks(self, y, p):
        """Of each event the weights of all others, and itself, in what it is compared with."""
        n = len(p)
        time, event = y[:n], y[n:]
        for i in range(n):
            if not event[i]:
                continue
            tied = [j for j in range(n) if event[j] and time[j] == time[i]]
            part = ONE - mpf(tied.index(i)) / len(tied) if self.card.ties == "efron" else ONE
            weights = [ZERO if time[j] < time[i] else part if j in tied else ONE for j in range(n)]
            top = max(p)
            powers = [w * mpmath.exp(x - top) for w, x in zip(weights, p, strict=True)]
            yield i, weights, powers, top

    def value(self, y, p):
        terms = []
        for i, weights, _, _ in self._risks(y, p):
            apart = [(w, x - p[i]) for w, x in zip(weights, p, strict=True) if w]
            first = max(x for _, x in apart)
            lead = [w * mpmath.exp(x - first) for w, x in apart]
            terms += [first, mpmath.log(sum(lead))]
        return terms

    def slope(self, y, p):
        found = [[] for _ in p]
        n = len(p)
        for i, _, powers, _ in self._risks(y, p):
            whole = sum(powers)
            for j, power in enumerate(powers):
                tied = y[n + j] and y[j] == y[i]
                first = tied and not any(y[n + k] and y[k] == y[i] for k in range(i))
                if first:  # the rest of its share, which is 1 less it
                    found[j].append(-sum(powers[:j] + powers[j + 1 :]) / whole)
                else:
                    found[j].append(power / whole)
        return found

    def curve(self, y, p):
        found = [[] for _ in p]
        for _, _, powers, _ in self._risks(y, p):
            for j, power in enumerate(powers):
                found[j] += [power / sum(powers), -((power / sum(powers)) ** 2)]
        return [terms or [ZERO] for terms in found]


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


class KLDivergence(RowDefinition):
    def value(self, y, p):
        return [
            t * mpmath.log(self.floored(t) / self.floored(x))
            for t, x in zip(y, p, strict=True)
            if t
        ]

    def slope(self, y, p):
        return [[-t / self.floored(x)] for t, x in zip(y, p, strict=True)]

    def curve(self, y, p):
        return [[t / self.floored(x) ** 2] for t, x in zip(y, p, strict=True)]


class Labelled(RowDefinition):
    """The target is one label, an int."""

    def _weight(self, y):
        return mpf(float(self.dtype.type(dict(self.card.class_weight or ()).get(int(y), 1.0))))


class NegativeLogLikelihood(Labelled):
    def value(self, y, p):
        return [-self._weight(y) * p[int(y)]]

    def slope(self, y, p):
        return [[-self._weight(y) if j == int(y) else ZERO] for j in range(len(p))]

    def curve(self, y, p):
        return [[ZERO] for _ in p]


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


class GaussianNLL(RowDefinition):
    """The target is one number."""

    def _variance(self, p):
        return max(self.floored(p[1]), self.number("eps"))

    def value(self, y, p):
        v = self._variance(p)
        constant = mpmath.log(2 * mpmath.pi) / 2 if self.card.full else ZERO
        return [HALF * mpmath.log(v), (y - p[0]) ** 2 / v / 2, constant]

    def slope(self, y, p):
        v, e = self._variance(p), p[0] - y
        of_variance = [HALF / v, -HALF * (e / v) ** 2] if p[1] > self.number("eps") else [ZERO]
        return [[e / v], of_variance]

    def curve(self, y, p):
        v, e = self._variance(p), p[0] - y
        of_variance = [-HALF / v**2, e**2 / v**3] if p[1] > self.number("eps") else [ZERO]
        return [[ONE / v], of_variance]

    def optimum(self, y):
        return [y, self.card.eps], sum(self.value(mpf(y), [mpf(y), ZERO]))


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
        counted = [c for c in every if c in labels or self.card.classes == "all"]
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


class CTC(RowDefinition):
    """By all alignments."""

    has_optimum = False  # it is where other labels are impossible, which takes infinite logits

    def _ways(self, y, p):
        """Of each frame its logarithms, their exponentials, what is said, and its complement."""
        frames, classes = self.own
        rows = [p[t * classes : (t + 1) * classes] for t in range(frames)]
        labels = list(itertools.takewhile(lambda k: k >= 0 and k != self.card.blank, y))
        logs = [[self._log(row, k) for k in range(classes)] for row in rows]
        weights = []
        for way in itertools.product(range(classes), repeat=frames):
            said = [k for k, _ in itertools.groupby(way) if k != self.card.blank]
            if said == labels:
                weights.append((way, sum(logs[t][k] for t, k in enumerate(way))))
        best = max(log for _, log in weights)
        self.best = next(way for way, log in weights if log == best)
        weights = [(way, mpmath.exp(log - best)) for way, log in weights]
        shares = [[[ZERO, ZERO] for _ in range(classes)] for _ in range(frames)]
        total = sum(weight for _, weight in weights)
        for way, weight in weights:
            for t, said in enumerate(way):
                for k in range(classes):
                    shares[t][k][k != said] += weight / total
        others = sum(weight for way, weight in weights if way != self.best)
        return rows, logs, others, shares

    def _log(self, row, k):
        if not self.card.from_logits:
            return row[k]
        if mpmath.isinf(row[k]):
            return row[k]
        return -mpmath.log1p(sum(mpmath.exp(z - row[k]) for j, z in enumerate(row) if j != k))

    def value(self, y, p):
        _, logs, others, _ = self._ways(y, p)
        terms = [-logs[t][k] for t, k in enumerate(self.best)]
        return [*terms, -mpmath.log1p(others)]

    def _shares(self, y, p):
        """Of each score: share and rest in its frame, and the same given the labels."""
        rows, _, _, shares = self._ways(y, p)
        for t, row in enumerate(rows):
            e = [mpmath.exp(z - max(row)) for z in row]
            for k, given in enumerate(shares[t]):
                yield e[k] / sum(e), sum(e[:k] + e[k + 1 :]) / sum(e), *given

    def slope(self, y, p):
        terms = []
        for share, rest, s, r in self._shares(y, p):
            if not self.card.from_logits:
                terms.append([-s])
            else:
                terms.append([share, -s] if s < HALF else [r, -rest])
        return terms

    def curve(self, y, p):
        if not self.card.from_logits:
            return [[-s * r] for _, _, s, r in self._shares(y, p)]
        return [[share * rest, -s * r] for share, rest, s, r in self._shares(y, p)]
