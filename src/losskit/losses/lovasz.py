"""Losses of the Jaccard index, which Lovász's extension makes of errors of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from losskit.core.definition import LOGIT, Domain, parameter
from losskit.core.families import Masks, lost, weighted
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import at
from losskit.core.slots import flat, unflat

MASK = Domain("1 for each pixel of the mask and 0 (or -1) elsewhere", values=(-1.0, 0.0, 1.0))


def rates(m: Vocabulary, key: Array, inside: Array) -> Array:
    """What a unit of error costs at each pixel of a row, along the last axis.

    The pixels are taken as mistakes one after another, the largest error first, and each costs by
    how much it lowers the Jaccard index: with u the pixels of the mask and the mistakes beside it,
    of the mask 1 / u; beside it the index before it, over u. No difference is formed. Of those with
    one error the ones beside the mask come first, and share what they cost: of all the orders, and
    what lies between them, this is the gradient of least magnitude.

    Args:
        m: the vocabulary.
        key: what rises as the errors fall, and is equal where they are.
        inside: which pixels are of the mask.
    """
    order = m.order(key, -1, stable=False)
    k = m.positions(key)
    sorted_key, true = at(m, key, order), at(m, m.where(inside, 1 + 0 * k, 0 * k), order)
    # In whole numbers, which count exactly beyond the 2^24 of float32.
    behind = m.flip(m.cumsum(m.flip(true, (-1,)), -1), (-1,))
    before = m.number(behind + k, key)  # the u of a first one, without itself
    after = m.number(behind - true + k + 1, key)
    # Of an empty mask the first mistake costs all.
    none = before == 0
    index = m.where(none, 1.0, m.number(behind, key) / m.where(none, 1.0, before))
    # Where the pixels of one error begin and end.
    last = m.flip(k, (-1,)) == 0
    begins = (k == 0) | (sorted_key != at(m, sorted_key, m.where(k > 0, k - 1, k)))
    ends = last | at(m, begins, m.where(last, k, k + 1))
    # Both fall along the row: of an earlier or later begin or end they would be larger, or smaller.
    index = -m.cummax(m.where(begins, -index, -2.0))
    share = m.flip(m.cummax(m.flip(m.where(ends, 1.0 / after, 0.0), (-1,))), (-1,))
    return m.disorder(share * m.where(true > 0, 1.0, index), order)


@dataclass(frozen=True)
class LovaszHinge(Masks):
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

    What it measures
    ----------------
    One less the Jaccard index (intersection over union) of a mask and its prediction where every
    logit is at its margin, right or wrong; between and beyond these, the tightest convex extension:
    what a pixel falls short of its margin counts as much as it would lower the index after all
    that fall shorter.

    When to use
    -----------
    Binary segmentation that is judged by the intersection over union: to fine-tune a network that
    cross-entropy has trained, or beside it.

    Pitfalls
    --------
    An item is a whole mask: by default all of a sample, its channels included. For a mask per class
    name the axes of the pixels, e.g. `axis=(1, 2)` for (batch, height, width, classes); for the
    whole batch as one mask name all axes. It takes logits, not probabilities. Of an empty mask the
    worst pixel alone counts. Pixels beyond their margin have no gradient. The index of a batch is
    not the mean of its masks' indices. To leave a pixel out, give it a logit of -inf and a target
    of 0. Among pixels of equal error the gradient jumps: given is the one of least magnitude, equal
    for pixels that are alike.

    Formula
    -------
    sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
    J(i): one less the Jaccard index if the first i pixels were mistakes, the others right

    Examples
    --------
    >>> import losskit
    >>> float(losskit.lovasz_hinge([[1.0, 1.0, 0.0, 0.0]], [[3.0, 0.0, -2.0, 1.0]]))
    1.0

    References
    ----------
    Berman, Triki and Blaschko, The Lovász-Softmax Loss: A Tractable Surrogate for the Optimization
    of the Intersection-Over-Union Measure in Neural Networks, CVPR (2018), 4413-4421. Yu and
    Blaschko, Learning Submodular Losses with the Lovász Hinge, ICML (2015), 1623-1631.
    """

    axis: int | tuple[int, ...] | None = parameter(
        None, kind="axes", doc="axis or axes of the pixels; None: all but the first, the samples'"
    )

    name = "lovasz_hinge"
    aliases = ("lovasz_hinge_loss",)
    latex = r"\sum_i \max(e_{\pi_i}, 0)\, (\Delta_i - \Delta_{i-1})"
    target: ClassVar[Domain] = MASK
    absent: ClassVar[float] = float("-inf")
    convex = True
    metric = "sign_accuracy"
    task = "categorical"

    @property
    def prediction(self) -> Domain:
        return LOGIT

    def shared(self, m: Vocabulary, y: Array, p: Array) -> Array:
        slot = self.slots[self.main]
        found = rates(m, flat(m, slot, m.where(y > 0, p, -p)), flat(m, slot, y) > 0)
        return unflat(m, slot, found, p)

    def value(self, m: Vocabulary, y: Array, p: Array, rate: Array | None = None) -> Array:
        rate = self.shared(m, y, p) if rate is None else rate
        short = m.maximum(1.0 - m.where(y > 0, p, -p), 0.0)
        item = weighted(m, rate, short) + lost(m, p)
        return m.drop(m.sum(item, self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array, rate: Array | None = None) -> Array:
        rate = self.shared(m, y, p) if rate is None else rate
        missed, wrong = (y > 0) & (p < 1), (y <= 0) & (p > -1)
        return m.where(missed, -rate, m.where(wrong, rate, lost(m, p)))

    def curve(self, m: Vocabulary, y: Array, p: Array, rate: Array | None = None) -> Array:
        return lost(m, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array, rate: Array | None = None) -> Array:
        return 0.0 * y
