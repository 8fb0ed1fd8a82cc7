"""Losses of times until an event, of which some are known only to be longer than observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from losskit.core.definition import Domain, Slot, parameter
from losskit.core.families import Rowwise, lost
from losskit.core.logarithms import NONE
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import at, running, running_back, zeros

TIME = Domain("a time")
EVENT = Domain("1 where the event was seen, 0 where not (censored)", values=(0.0, 1.0))
SCORE = Domain("the logarithm of a relative hazard")

Mass = tuple[Array, Array]
"""A sum of exponentials: the largest exponent, and what there is beside a 1, in parts of it."""


@dataclass(frozen=True)
class CoxPartialLikelihood(Rowwise):
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

    What it measures
    ----------------
    How unlikely the order of the events is under the predicted hazards: at each event, that it is
    this one's and not another's of those still at risk. One number for a whole set, in nats.

    When to use
    -----------
    Survival analysis with proportional hazards: times until death, failure or churn, of which some
    are censored.

    Pitfalls
    --------
    It belongs to a set: in a batch only those of the batch are compared, so take large ones. It is
    a sum over the events, and grows with their number and with the logarithm of those at risk. The
    score is the logarithm of the hazard: no exp, no softplus. A number that is added to all scores
    changes nothing. Times are compared in the scores' own precision, where large ones may become
    ties. A set without any event costs nothing. Where there is one array of targets, time and event
    lie side by side: along the last axis for a set along the first.

    Formula
    -------
    sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
    ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk

    Examples
    --------
    >>> import losskit
    >>> time, event, score = [1.0, 2.0, 3.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]
    >>> round(float(losskit.cox_partial_likelihood(time, event, score)), 6)
    1.098612

    References
    ----------
    Cox, Partial Likelihood, Biometrika 62 (1975), 269-276. Efron, The Efficiency of Cox's
    Likelihood Function for Censored Data, Journal of the American Statistical Association 72
    (1977), 557-565. Breslow, Covariance Analysis of Censored Survival Data, Biometrics 30 (1974),
    89-99.
    """

    ties: str = parameter(
        "efron", kind="choice", choices=("efron", "breslow"), doc="what events at one time count"
    )
    # The first, for the set is the batch.
    axis: int = parameter(0, kind="integer", doc="axis of the sets")

    name = "cox_partial_likelihood"
    aliases = ("cox", "cox_ph", "cox_proportional_hazards")
    latex = r"\sum_{i\,:\,e_i = 1} \left( \log \sum_{j\,:\,t_j \geq t_i} e^{s_j} - s_i \right)"
    unit = "nats"
    convex = True
    metric = "concordance"
    task = "survival"
    reaches_zero = "never"

    def takes(self) -> tuple[Slot, ...]:
        rows: dict[str, Any] = {"dims": ("n",), "axes": (self.axis,)}
        known: dict[str, Any] = {**rows, "predicted": False, "differentiable": False}
        return (
            Slot("time", TIME, **known),
            Slot("event", EVENT, **known),
            Slot("score", SCORE, **rows),
        )

    def value(self, m: Vocabulary, time: Array, event: Array, score: Array) -> Array:
        risk = _Risk(m, self, time, event, score)
        top, rest = risk.at_risk()
        item = m.where(risk.event > 0, m.log1p(rest) + (top - risk.score), 0.0)
        return m.drop(m.sum(item + lost(m, risk.score), -1), -1)

    def score_slope(self, m: Vocabulary, time: Array, event: Array, score: Array) -> Array:
        risk = _Risk(m, self, time, event, score)
        # Of each: its share in the risk of every event while it was at risk, less 1 at its own.
        # What it lacks to 1 there the others have, and it is summed as such.
        top, rest = risk.whole()
        others, more = risk.others()
        short = (1.0 + more) * m.exp(others - top) / (1.0 + rest)
        later = risk.of_later(1) + m.where(risk.event > 0, risk.of_tied(1, first=False), 0.0)
        slope = later - m.where(risk.event > 0, short, 0.0)
        return risk.back(slope + lost(m, risk.score))

    def score_curve(self, m: Vocabulary, time: Array, event: Array, score: Array) -> Array:
        risk = _Risk(m, self, time, event, score)
        shares, squares = (
            risk.of_later(power) + m.where(risk.event > 0, risk.of_tied(power), 0.0)
            for power in (1, 2)
        )
        return risk.back(shares - squares + lost(m, risk.score))


class _Risk:
    """A set in the order of time, the longest first; at one time the events last."""

    def __init__(
        self, m: Vocabulary, card: CoxPartialLikelihood, time: Array, event: Array, score: Array
    ) -> None:
        self.m, self.axis = m, card.axis
        time, event, score = (m.move(x, card.axis, -1) for x in (time, event, score))
        order = m.order(event, -1)
        order = at(m, order, m.order(-at(m, time, order), -1))
        self.order, self.k = order, m.positions(score)
        time, self.event, self.score = (at(m, x, order) for x in (time, event, score))
        before = m.where(self.k > 0, self.k - 1, self.k)
        new = (self.k == 0) | (time != at(m, time, before))
        new = new | (self.event != at(m, self.event, before))
        # Where those of one time and kind begin and end.
        self.start = self._runs(new)
        after = m.flip(self.k, (-1,))
        ends = (after == 0) | at(m, new, m.where(after > 0, self.k + 1, self.k))
        self.end = at(m, after, m.flip(self._runs(m.flip(ends, (-1,))), (-1,)))
        self.zero = zeros(m, self.score)
        self.none = NONE + self.zero
        alone = (self.score, self.zero)
        self.before = running(m, alone, self._join, self.k)
        self.tied = running_back(m, alone, self._join, self.k, self.end)
        number = m.cumsum(1.0 + self.zero, -1)
        first = at(m, number, self.start)
        share = (number - first) / (at(m, number, self.end) - first + 1.0)
        self.rest_of_tied = 1.0 - share if card.ties == "efron" else 1.0 + 0.0 * share

    def _runs(self, new: Array) -> Array:
        """The position at which the run of each begins."""
        m = self.m
        return m.cummax(m.where(new, self.k, 0 * self.k))

    def _apart(self, a: Array, b: Array) -> tuple[Array, Array, Array]:
        """Whether the first is the larger, that one, and the exponential of how far they differ.

        By a choice between the two: of that one the derivative is right, also where they are equal.
        """
        m, first = self.m, a >= b
        return first, m.where(first, a, b), m.exp(m.where(first, b - a, a - b))

    def _join(self, a: Mass, b: Mass) -> Mass:
        first, top, apart = self._apart(a[0], b[0])
        rest = self.m.where(first, a[1] + (1.0 + b[1]) * apart, b[1] + (1.0 + a[1]) * apart)
        return top, rest

    def _earlier(self, mass: Mass, k: Array) -> Mass:
        """What is summed up to just before these positions."""
        m, before = self.m, self.m.where(k > 0, k - 1, k)
        return (
            m.where(k > 0, at(m, mass[0], before), self.none),
            m.where(k > 0, at(m, mass[1], before), self.zero),
        )

    def whole(self) -> Mass:
        """All that are at risk at the time of each event."""
        return at(self.m, self.before[0], self.end), at(self.m, self.before[1], self.end)

    def others(self) -> Mass:
        """Likewise without the one whose event it is."""
        m, last = self.m, self.k == self.end
        following = m.where(last, self.k, self.k + 1)
        tied = (
            m.where(last, self.none, at(m, self.tied[0], following)),
            m.where(last, self.zero, at(m, self.tied[1], following)),
        )
        top, rest = self._join(self._earlier(self.before, self.k), tied)
        return top, m.where(top > 0.5 * NONE, rest, -1.0 + 0.0 * rest)

    def at_risk(self) -> Mass:
        """What each event is compared with: of the tied ones its part."""
        m, part = self.m, self.rest_of_tied
        top, rest = self._earlier(self.before, self.start)
        own, more = at(m, self.tied[0], self.start), at(m, self.tied[1], self.start)
        first, most, apart = self._apart(top, own)
        above = rest + part * (1.0 + more) * apart
        below = (part - 1.0) + part * more + (1.0 + rest) * apart
        return most, m.where(first, above, below)

    def _inverse(self, power: int, part: Array) -> tuple[Array, Array]:
        """The inverse of what each event is compared with, times that part, to that power.

        It is a number times the exponential of another one; 0 where there is no event.
        """
        m = self.m
        top, rest = self.at_risk()
        inverse = part / (1.0 + rest)
        inverse = inverse if power == 1 else inverse * inverse
        there = (self.event > 0) & (part > 0)
        return m.where(there, -top, self.none), m.where(there, inverse, self.zero)

    def _adding(self, power: int) -> Any:
        m = self.m

        def add(a: Mass, b: Mass) -> Mass:
            top = self._apart(a[0], b[0])[1]
            parts = [x * m.exp(power * (exponent - top)) for exponent, x in (a, b)]
            return top, parts[0] + parts[1]

        return add

    def _of_each(self, inverse: tuple[Array, Array], power: int) -> Array:
        """Times the exponential of each one's score, which none of those inverted falls below."""
        share = self.m.exp(self.score + inverse[0])
        return inverse[1] * (share if power == 1 else share * share)

    def of_later(self, power: int) -> Array:
        """Of each its shares, to that power, in what events at times before its own compare with.

        Of one without an event also in those at its own time, which lie behind it.
        """
        m = self.m
        inverse = self._inverse(power, 1.0 + self.zero)
        top, whole = running_back(m, inverse, self._adding(power), self.k)
        more = at(m, m.flip(self.k, (-1,)), self.end) > 0
        after = m.where(more, self.end + 1, self.end)
        return self._of_each((at(m, top, after), m.where(more, at(m, whole, after), 0.0)), power)

    def of_tied(self, power: int, first: bool = True) -> Array:
        """The same of the events at one time, in what each of them compares with.

        Args:
            power: of the shares.
            first: whether the first of the events counts.
        """
        m, part = self.m, self.rest_of_tied
        part = part if first else m.where(self.k > self.start, part, 0.0)
        inverse = self._inverse(power, part)
        top, whole = running_back(m, inverse, self._adding(power), self.k, self.end)
        return self._of_each((at(m, top, self.start), at(m, whole, self.start)), power)

    def back(self, x: Array) -> Array:
        """In the order in which the set was given."""
        m = self.m
        return m.move(m.disorder(x, self.order), -1, self.axis)
