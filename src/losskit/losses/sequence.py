"""Losses of sequences of different lengths, summed over the ways to align them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import LOG_PROBABILITY, LOGIT, Domain, Slot, parameter
from losskit.core.families import Items
from losskit.core.logarithms import NONE, Pair, either, exact_sum, plus
from losskit.core.namespaces import Array, Vocabulary
from losskit.losses.classification import FROM_LOGITS


@dataclass(frozen=True)
class CTC(Items):
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

    Predictions are log-probabilities (or logits) of the classes, one of them the blank, in each
    frame: (..., frames, classes). Targets are labels, (..., labels), ended by negative numbers
    where there are fewer. There is one item for each pair of sequences.

    What it measures
    ----------------
    How unlikely the labels are, in nats, over all ways to align them with the frames: each frame
    says the blank or a label, a label may be said by several frames in a row, and between two equal
    labels there is a blank.

    Pitfalls
    --------
    If the labels do not fit into the frames the loss is infinite, and its derivative is given as 0.
    The derivative is by the log-probabilities as they are: none of them depends on the others.

    Formula
    -------
    -log(sum over alignments a of prod over frames t of p[t, a_t])

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber, Connectionist Temporal Classification: Labelling
    Unsegmented Sequence Data with Recurrent Neural Networks, ICML 2006.
    """

    blank: int = parameter(
        0, kind="integer", low=0, high=2**31 - 1, doc="the class that stands for no label"
    )
    from_logits: bool = parameter(False, **FROM_LOGITS)

    long: ClassVar[bool] = True
    unit = "nats"
    target: ClassVar[Domain] = Domain("a class label; negative ones at the end only", labels=True)
    convex = False

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else LOG_PROBABILITY

    def takes(self) -> tuple[Slot, ...]:
        target = Slot("target", self.target, ("l",), (-1,), predicted=False, differentiable=False)
        return target, Slot("prediction", self.prediction, ("t", "c"), (-2, -1))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        labels = self._spaced(m, y)
        emitted, _ = self._emitted(m, labels, p)

        before = _moves(m, labels)

        def step(state: Pair, now: Array) -> tuple[Pair, tuple[()]]:
            return plus(before(state), _pair(now)), ()

        state, _ = m.scan(step, _start(m, labels, emitted[:, 0]), emitted)
        loss = 0.0 - m.drop(sum(_total(m, labels, before(state))), -1)
        loss = m.where(loss > -NONE / 2, float("inf"), loss)
        return m.where(self.misplaced(m, y, p), float("nan"), loss)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        says = self._posterior(m, y, p)
        if self.from_logits:
            return softmax.residual(m, says, softmax.from_logits(m, p, -1), -1)
        return -says

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        if self.from_logits:
            raise TypeError("CTC has a closed curvature by log-probabilities only, not by logits.")
        says = self._posterior(m, y, p)
        return -says * softmax.others(m, says, -1)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        raise TypeError("Integer labels have no derivative.")

    def forward(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """The logarithms of the forward probabilities, (frames, ..., 2 * labels + 1).

        That is, of all ways to be in that frame at that place: 2n is the blank after n labels,
        2n - 1 the nth label. There is no way to what comes after the last blank.
        """
        labels = self._spaced(m, y)
        emitted, _ = self._emitted(m, labels, p)

        before = _moves(m, labels)

        def step(state: Pair, now: Array) -> tuple[Pair, tuple[Array]]:
            state = plus(before(state), _pair(now))
            return state, (sum(state),)

        _, (there,) = m.scan(step, _start(m, labels, emitted[:, 0]), emitted)
        return m.where((labels < 0) | (there < NONE / 2), -float("inf"), there)

    def _posterior(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """How probable it is, given the labels, that a frame says a class; in the shape of p."""
        if not p.shape[-2]:
            return 0.0 * p
        ahead = self._spaced(m, y)
        labels = m.stack([ahead, m.flip(ahead, (-1,))], 0)
        emitted, index = self._emitted(m, ahead, p)
        both = m.stack([emitted, m.flip(emitted, (0, -1))], 2)

        before = _moves(m, labels)

        def step(state: Pair, now: Array) -> tuple[Pair, Pair]:
            come = before(state)
            return plus(come, _pair(now)), come

        # From both ends at once: the way back is the way ahead of the sequences reversed.
        state, come = m.scan(step, _start(m, labels, both[:, 0]), both)
        total = _total(m, ahead, tuple(x[0] for x in before(state)))
        past = [x[:, 0] for x in come]
        future = [m.flip(x[:, 1], (0, -1)) for x in come]
        whole, rounded = exact_sum(past[0], future[0])
        low = rounded + past[1] + future[1] - total[1] + emitted[:, 1]
        log = ((whole - total[0]) + emitted[:, 0]) + low
        # Nothing is said of what is impossible. Before the exponential: 0 * inf is NaN.
        says = m.exp(m.where(sum(total) < NONE / 2, NONE, log))
        made = m.put(m.move(says, 0, -2), index, p.shape[-1])
        misplaced = self.misplaced(m, y, p)
        return m.where(misplaced[..., None, None], float("nan"), made)

    def _log_p(self, m: Vocabulary, p: Array) -> Pair:
        if not self.from_logits:
            return m.maximum(p, NONE), 0.0 * m.maximum(p, NONE)
        # What is rounded off a logarithm would, after some hundred frames, be digits of the sum.
        # The rounding of log_sum is no matter: it is the same for all classes of a frame.
        top = m.max(p, -1)
        there = p - top > NONE
        z = m.where(there, p, top)
        d, low = exact_sum(z, -top)
        log_p, rounded = exact_sum(d, -softmax.from_logits(m, p, -1).log_sum)
        return m.where(there, log_p, NONE), m.where(there, low + rounded, 0.0)

    def _spaced(self, m: Vocabulary, y: Array) -> Array:
        """The labels with a blank before and after each; -1 from their end on."""
        there = y >= 0
        pairs = m.stack([m.where(there, y, -1), m.where(there, self.blank, -1)], -1)
        return m.pad(m.merge(pairs), 1, 0, self.blank)

    def _emitted(self, m: Vocabulary, labels: Array, p: Array) -> tuple[Array, Array]:
        """Each frame's log-probability of the class at each place; and the class.

        Frames first, then high and low part.
        """
        known = (labels >= 0) & (labels < p.shape[-1])
        index = m.where(known, labels, self.blank)
        parts = [m.move(m.take(x, index), -2, 0) for x in self._log_p(m, p)]
        return m.stack(parts, 1), index

    def misplaced(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Whether a sequence has a label that is none: out of range, the blank, after its end."""
        after_end = (y >= 0) & (m.pad(y, 1, 0, 0)[..., :-1] < 0)
        wrong = (y >= p.shape[-1]) | (y == self.blank) | after_end
        return m.drop(m.sum(m.where(wrong, 1.0, 0.0), -1), -1) > 0


def _pair(stacked: Array) -> Pair:
    return stacked[0], stacked[1]


def _start(m: Vocabulary, labels: Array, like: Array) -> Pair:
    """Before the first frame: surely at the first blank."""
    first = (labels >= 0) & (m.pad(labels, 1, 0, -1)[..., :-1] < 0)
    zero = m.drop(m.vector([0.0], like, 0), 0)
    return m.where(first, zero, NONE), m.where(first, zero, 0.0)


def _moves(m: Vocabulary, labels: Array) -> Callable[[Pair], Pair]:
    """The function from being at each place in one frame to coming to it in the next.

    From the same place, from the one before it, or, between labels that differ, from the one before
    that.
    """
    differ = labels != m.pad(labels, 2, 0, -1)[..., :-2]

    def before(state: Pair) -> Pair:
        high, low = m.pad(state[0], 2, 0, NONE), m.pad(state[1], 2, 0, 0.0)
        stepped = either(m, state, (high[..., 1:-1], low[..., 1:-1]))
        return either(m, stepped, (m.where(differ, high[..., :-2], NONE), low[..., :-2]))

    return before


def _total(m: Vocabulary, labels: Array, end: Any) -> Any:
    """Of coming to the last blank after the last frame; of length 1 along the places."""
    last = (labels >= 0) & (m.pad(labels, 0, 1, -1)[..., 1:] < 0)
    return tuple(m.sum(m.where(last, x, 0.0), -1) for x in end)
