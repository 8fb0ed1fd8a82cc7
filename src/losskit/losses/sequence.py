"""Losses of sequences of different lengths, summed over the ways to align them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import LOG_PROBABILITY, LOGIT, Domain, Slot, parameter
from losskit.core.families import Rowwise, lost
from losskit.core.logarithms import NONE, Pair, either, exact_sum, plus
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import zeros
from losskit.core.sequences import check_blank
from losskit.losses.classification import FROM_LOGITS


@dataclass(frozen=True)
class CTC(Rowwise):
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

    What it measures
    ----------------
    How unlikely the labels are, in nats, over all ways to align them with the frames: each frame
    says the blank or a label, a label may be said by several frames in a row, and between two equal
    labels there is a blank. Predictions are logits (or log-probabilities) of the classes, one of
    them the blank, in each frame: (..., frames, classes). Targets are labels, (..., labels), ended
    by the blank or by negative numbers where there are fewer. Each pair of sequences is one item.

    When to use
    -----------
    Speech, handwriting and other text recognition: many frames, few labels in the same order, and
    nobody has written down which frame belongs to which.

    Pitfalls
    --------
    If the labels do not fit into the frames the loss is infinite (0 with `zero_infinity`), and its
    derivative is given as 0.
    Where sequences have fewer frames than their array, say so by `frames`, a number for each (last
    in a call, by its name): what lies behind touches nothing, and may be NaN. A frame that surely
    says the blank changes nothing either, but for two equal labels that it parts. Give logits
    themselves: of probabilities nothing becomes small. Log-probabilities go with
    from_logits=False, and the derivative is by them as they are, though they depend on each other.
    The loss grows with the number of labels; it is not divided by it.

    Formula
    -------
    -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])

    Examples
    --------
    >>> import losskit
    >>> labels, logits = [[1]], [[[0.0, 0.0], [0.0, 0.0]]]
    >>> round(float(losskit.ctc(labels, logits)), 6)  # 3 of the 4 ways to say something say 1
    0.287682
    >>> round(float(losskit.ctc(labels, logits, frames=[1])), 6)
    0.693147

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber, Connectionist Temporal Classification: Labelling
    Unsegmented Sequence Data with Recurrent Neural Networks, ICML 2006.
    """

    blank: int = parameter(
        0, kind="integer", low=0, high=2**31 - 1, doc="the class that stands for no label"
    )
    # As frameworks have it that call this loss by this name.
    from_logits: bool = parameter(True, **FROM_LOGITS)
    zero_infinity: bool = parameter(
        False,
        kind="flag",
        doc="whether the loss of a sequence for which no alignment is possible is 0, not infinite; "
        "its gradient is 0 there in any case",
    )

    name = "ctc"
    aliases = ("ctc_loss", "connectionist_temporal_classification")
    latex = r"-\log \sum_{a \to y} \prod_t p_{t, a_t}"
    unit = "nats"
    target: ClassVar[Domain] = Domain(
        "a class label other than the blank; behind the last the blank, or negative numbers",
        labels=True,
    )
    optional: ClassVar[tuple[Slot, ...]] = (
        Slot(
            "frames",
            Domain("how many frames there are", low=0.0, count_of="t"),
            predicted=False,
            differentiable=False,
        ),
    )
    convex = False
    metric = "label_error_rate"
    task = "sequence"
    axis = -1  # of the classes
    long: ClassVar[bool] = True

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else LOG_PROBABILITY

    @property
    def impossible(self) -> float:
        """The loss where no alignment is possible."""
        return 0.0 if self.zero_infinity else float("inf")

    def takes(self) -> tuple[Slot, ...]:
        labels = replace(self.target, blank=self.blank)
        target = Slot("target", labels, ("l",), (-1,), predicted=False, differentiable=False)
        return target, Slot("prediction", self.prediction, ("t", "c"), (-2, -1))

    def value(self, m: Vocabulary, y: Array, p: Array, frames: Array | None = None) -> Array:
        labels = self._spaced(m, y)
        emitted, _ = self._emitted(m, labels, self._spoken(m, p, frames))

        before = _moves(m, labels)

        def step(state: Pair, now: Array) -> tuple[Pair, tuple[()]]:
            return plus(before(state), _pair(now)), ()

        state, _ = m.scan(step, _start(m, labels, emitted[:, 0]), emitted)
        loss = 0.0 - m.drop(sum(_total(m, labels, before(state))), -1)
        loss = m.where(loss > -NONE / 2, self.impossible, loss)
        return m.where(self.unsound(m, y, p, frames), float("nan"), loss)

    def slope(self, m: Vocabulary, y: Array, p: Array, frames: Array | None = None) -> Array:
        return self.slope_of(m, y, p, frames, self._posterior(m, y, p, frames))

    def slope_of(self, m: Vocabulary, y: Array, p: Array, frames: Any, says: Array) -> Array:
        """The slope, of how probable it is, given the labels, that a frame says a class."""
        slope = -says
        if self.from_logits:
            row = _row(m, self._spoken(m, p, frames))[0]
            slope = softmax.residual(m, says, row, -1)
        return self._sound(m, y, p, frames, slope)

    def curve(self, m: Vocabulary, y: Array, p: Array, frames: Array | None = None) -> Array:
        # The sum over alignments is linear in the exponential of each score.
        says = self._posterior(m, y, p, frames)
        curve = -says * softmax.others(m, says, -1)
        if self.from_logits:
            row = _row(m, self._spoken(m, p, frames))[0]
            curve = row.p * row.complement + curve
        return self._sound(m, y, p, frames, curve)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        raise TypeError("Integer labels have no derivative.")

    def forward(self, m: Vocabulary, y: Array, p: Array, frames: Array | None = None) -> Array:
        """The logarithms of the forward probabilities, (frames, ..., 2 * labels + 1).

        That is, of all ways to be in that frame at that place: 2n is the blank after n labels,
        2n - 1 the nth label. There is no way to what comes after the last blank.
        """
        labels = self._spaced(m, y)
        emitted, _ = self._emitted(m, labels, self._spoken(m, p, frames))

        before = _moves(m, labels)

        def step(state: Pair, now: Array) -> tuple[Pair, tuple[Array]]:
            state = plus(before(state), _pair(now))
            return state, (sum(state),)

        _, (there,) = m.scan(step, _start(m, labels, emitted[:, 0]), emitted)
        return m.where((labels < 0) | (there < NONE / 2), -float("inf"), there)

    def _posterior(self, m: Vocabulary, y: Array, p: Array, frames: Any = None) -> Array:
        """How probable it is, given the labels, that a frame says a class; in the shape of p."""
        if p.shape[-2] == 0:
            return 0.0 * p
        ahead = self._spaced(m, y)
        labels = m.stack([ahead, m.flip(ahead, (-1,))], 0)
        emitted, index = self._emitted(m, ahead, self._spoken(m, p, frames))
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
        log = plus(tuple(past), tuple(future))
        log = plus(plus(log, (-total[0], -total[1])), (emitted[:, 0], emitted[:, 1]))
        # Nothing is said of what is impossible. Before the exponential: 0 * inf is NaN.
        none = (sum(total) < NONE / 2) | (log[0] < NONE / 2)
        says = m.exp(m.where(none, NONE, log[0])) * (1.0 + m.where(none, 0.0, log[1]))
        return m.put(m.move(says, 0, -2), index, p.shape[-1])

    def _log_p(self, m: Vocabulary, p: Array) -> Pair:
        if not self.from_logits:
            return m.maximum(p, NONE), 0.0 * m.maximum(p, NONE)
        # What is rounded off a logarithm would, after some hundred frames, be digits of the sum.
        # The rounding of log_sum is no matter: it is the same for all classes of a frame.
        row, low = _row(m, p)
        there = row.d > NONE
        log_p, rounded = exact_sum(m.where(there, row.d, 0.0), -row.log_sum)
        return m.where(there, log_p, NONE), m.where(there, low + rounded, 0.0)

    def _spoken(self, m: Vocabulary, p: Array, frames: Array | None) -> Array:
        """The scores; a frame that is not there is one that can say the blank only."""
        if frames is None:
            return p
        surely = m.vector([0.0 if k == self.blank else NONE for k in range(p.shape[-1])], p, -1)
        return m.where(_before_end(m, p, frames), p, surely)

    def _sound(self, m: Vocabulary, y: Array, p: Array, frames: Any, x: Array) -> Array:
        """A derivative: 0 by a frame that is not there, NaN of a sequence that is none."""
        x = x if frames is None else m.where(_before_end(m, p, frames), x, 0.0)
        return m.where(self.unsound(m, y, p, frames)[..., None, None], float("nan"), x)

    def _spaced(self, m: Vocabulary, y: Array) -> Array:
        """The labels with a blank before and after each; -1 from their end on."""
        there = (y >= 0) & (y != self.blank)
        pairs = m.stack([m.where(there, y, -1), m.where(there, self.blank, -1)], -1)
        return m.pad(m.merge(pairs), 1, 0, self.blank)

    def _emitted(self, m: Vocabulary, labels: Array, p: Array) -> tuple[Array, Array]:
        """Each frame's log-probability of the class at each place; and the class.

        Frames first, then high and low part.
        """
        check_blank("blank", self.blank, p.shape[-1])
        known = (labels >= 0) & (labels < p.shape[-1])
        index = m.where(known, labels, self.blank)
        parts = [m.move(m.take(x, index), -2, 0) for x in self._log_p(m, p)]
        return m.stack(parts, 1), index

    def unsound(self, m: Vocabulary, y: Array, p: Array, frames: Array | None = None) -> Array:
        """Whether a sequence has no loss.

        It has a label that is none, or after its end, or no number of frames, or a frame is NaN.
        """
        there = (y >= 0) & (y != self.blank)
        ended = m.pad(m.where(there, y, -1), 1, 0, 0)[..., :-1] < 0
        wrong = there & ((y >= p.shape[-1]) | ended)
        spoken = self._spoken(m, p, frames)
        found = m.drop(m.sum(m.where(wrong, 1.0, 0.0), -1), -1) > 0
        found = found | (m.drop(m.sum(lost(m, spoken), (-2, -1)), (-2, -1)) != 0)
        if frames is None:
            return found
        most = m.drop(m.sum(1.0 + zeros(m, p[..., 0]), -1), -1)
        return found | ~((frames >= 0) & (frames <= most))


def _before_end(m: Vocabulary, p: Array, frames: Array) -> Array:
    """Which frames there are, laid over the scores."""
    number = m.cumsum(1.0 + zeros(m, p[..., 0]), -1)
    return m.lay(number <= m.lay(frames, -1), -1)


def _row(m: Vocabulary, z: Array) -> tuple[softmax.Row, Array]:
    """The distribution of each frame, and what was rounded off the distances from its largest."""
    top = m.max(z, -1)
    there = z - top > NONE
    d, low = exact_sum(m.where(there, z, top), -top)
    return softmax.from_differences(m, m.where(there, d, -float("inf")), low, -1), low


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
