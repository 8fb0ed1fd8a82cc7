"""The truth of survival times and sequences: all at risk, all alignments."""

from __future__ import annotations

import itertools

import mpmath
from mpmath import mpf

from truth.definition import HALF, ONE, ZERO
from truth.rowwise import RowDefinition


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
