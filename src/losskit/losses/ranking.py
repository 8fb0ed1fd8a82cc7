"""Losses of a whole list: of what is to stand above what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from losskit.core import softmax
from losskit.core.definition import LOGIT, Domain, parameter
from losskit.core.families import Rowwise
from losskit.core.namespaces import Array, Vocabulary

FAR = -40.0
"""So far below the largest score a probability comes near the end of its range."""
ALL = 1e-17
"""Where the others hold less, the largest score has all of the distribution."""
RELEVANCE = Domain("a relevance >= 0", low=0.0)


@dataclass(frozen=True)
class RankingSoftmax(Rowwise):
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

    What it measures
    ----------------
    How unlikely the relevant items of a list are to be the one drawn by the softmax of the scores,
    added up with their relevances as weights, in nats.

    When to use
    -----------
    Learning to rank: search results, recommendations, one list for each query, with relevances from
    clicks or grades.

    Pitfalls
    --------
    Relevances are taken as they are, not made shares: a list of larger ones weighs more. ListNet's
    own targets are the softmax of the grades: pass that. A list without any relevant item costs
    nothing. For an item that is none, in lists of different lengths, give a score of -inf and a
    relevance of 0.

    Formula
    -------
    -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.ranking_softmax([[0.0, 2.0, 1.0]], [[-1.0, 3.0, 1.0]])), 6)
    2.428795

    References
    ----------
    Cao, Qin, Liu, Tsai and Li, Learning to Rank: From Pairwise Approach to Listwise Approach, ICML
    (2007), 129-136.
    """

    axis: int = parameter(-1, kind="integer", doc="axis of the lists")

    name = "ranking_softmax"
    aliases = ("ranking_softmax_loss", "list_net")
    latex = r"-\sum_j y_j \log \frac{e^{p_j}}{\sum_k e^{p_k}}"
    unit = "nats"
    target: ClassVar[Domain] = RELEVANCE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"
    reaches_zero = "never"

    @property
    def prediction(self) -> Domain:
        return LOGIT

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row = softmax.from_logits(m, p, self.axis)
        return m.drop(softmax.cross_entropy(m, y, row, self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row = softmax.from_logits(m, p, self.axis)
        rest = softmax.others(m, y, self.axis)
        near = softmax.balanced_residual(m, y, row, self.axis)
        far = self._shares(m, rest, row) - y * row.complement
        of_top = m.sum(m.where(row.d == 0, y, 0.0), self.axis) + 0.0 * row.p
        lead = rest * row.p - softmax.others(m, self._shares(m, of_top, row), self.axis)
        return m.where(row.d < FAR, far, m.where(row.complement < ALL, lead, near))

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        row = softmax.from_logits(m, p, self.axis)
        shares = self._shares(m, m.sum(y, self.axis) + 0.0 * row.p, row)
        rest = softmax.others(m, shares, self.axis)
        return m.where(row.complement < ALL, rest * row.p, shares * row.complement)

    def _shares(self, m: Vocabulary, y: Array, row: softmax.Row) -> Array:
        """y * p, also where p itself has lost its digits near 0, and a large y gives them back."""
        far = row.d < FAR
        root = m.exp(0.5 * m.where(far, row.d, FAR))
        return m.where(far, y * root * root / m.exp(row.log_sum), y * row.p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -softmax.from_logits(m, p, self.axis).log_p
