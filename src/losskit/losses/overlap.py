"""Losses of the overlap of two masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from losskit.core.definition import SHARE, Domain, parameter
from losskit.core.families import Masks
from losskit.core.namespaces import Array, Vocabulary

SMOOTH = {
    "kind": "number",
    "low": 0.0,
    "doc": "what is added to both parts of the quotient: a number of pixels",
}


@dataclass(frozen=True)
class SoftTversky(Masks):
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

    What it measures
    ----------------
    Which share of target and prediction together is not common to both, where pixels that are
    wrongly predicted count `alpha` and pixels that are missed count `beta`.

    When to use
    -----------
    Segmentation of structures that fill a small part of the picture, where a missed pixel costs
    more than a wrong one, or less.

    Pitfalls
    --------
    An item is a whole mask: by default all of a sample, its channels included. For a mask per class
    name the axes of the pixels, e.g. `axis=(1, 2)` for (batch, height, width, classes). It takes
    probabilities: apply sigmoid or softmax first. Without `smooth` a mask that is empty on both
    sides costs 0 and has no gradient. `smooth` counts pixels, so that it pulls small masks towards
    0 more than large ones. Keras's Tversky takes a whole batch for one mask.

    Formula
    -------
    1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
    with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)

    Examples
    --------
    >>> import losskit
    >>> y, p = [[1.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 1.0, 0.0]]
    >>> float(losskit.soft_tversky(y, p, alpha=0.5, beta=1.5))
    0.5

    References
    ----------
    Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation Using 3D Fully
    Convolutional Deep Networks, MLMI (2017), 379-387.
    """

    alpha: float = parameter(
        0.5, kind="number", low=0.0, doc="weight of pixels that are predicted wrongly"
    )
    beta: float = parameter(0.5, kind="number", low=0.0, doc="weight of pixels that are missed")
    smooth: float = parameter(1.0, **SMOOTH)
    axis: int | tuple[int, ...] | None = parameter(
        None, kind="axes", doc="axis or axes of the pixels; None: all but the first, the samples'"
    )

    name = "soft_tversky"
    aliases = ("tversky_loss",)
    latex = (
        r"1 - \frac{\sum y p + s}"
        r"{\sum y p + \alpha \sum (1 - y) p + \beta \sum y (1 - p) + s}"
    )
    target: ClassVar[Domain] = SHARE
    convex = False
    metric = "binary_accuracy"
    task = "categorical"

    @property
    def prediction(self) -> Domain:
        return SHARE

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_value(self, m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_slope(self, m, y, p, self.alpha, self.beta)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_curve(self, m, y, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # The two change places, and so do their mistakes.
        return overlap_slope(self, m, p, y, self.beta, self.alpha)


@dataclass(frozen=True)
class SoftDice(Masks):
    """Dice loss: overlap of two masks.

    What it measures
    ----------------
    Which share of target and prediction together is not common to both: 0 where they are equal, 1
    where nothing overlaps (and `smooth` is 0).

    When to use
    -----------
    Segmentation of structures that fill a small part of the picture, which a mean over pixels would
    hardly see.

    Pitfalls
    --------
    An item is a whole mask: by default all of a sample, its channels included. For a mask per class
    name the axes of the pixels, e.g. `axis=(1, 2)` for (batch, height, width, classes). It takes
    probabilities: apply sigmoid or softmax first. `smooth` is added to half the sum of both masks:
    for the form 2 c / (sum y + sum p) with s added to both parts, it is s / 2. Without it a mask
    that is empty on both sides costs 0 and has no gradient. Keras's Dice takes a whole batch for
    one mask.

    Formula
    -------
    1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)

    Examples
    --------
    >>> import losskit
    >>> y, p = [[1.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 1.0, 0.0]]
    >>> float(losskit.soft_dice(y, p, smooth=0.0))
    0.5

    References
    ----------
    Milletari, Navab and Ahmadi, V-Net: Fully Convolutional Neural Networks for Volumetric Medical
    Image Segmentation, 3DV (2016), 565-571.
    """

    smooth: float = parameter(1.0, **SMOOTH)
    axis: int | tuple[int, ...] | None = parameter(
        None, kind="axes", doc="axis or axes of the pixels; None: all but the first, the samples'"
    )

    name = "soft_dice"
    aliases = ("dice_loss", "soft_dice_loss")
    latex = r"1 - \frac{\sum y p + s}{\frac{1}{2} (\sum y + \sum p) + s}"
    target: ClassVar[Domain] = SHARE
    convex = False
    metric = "binary_accuracy"
    task = "categorical"
    alpha: ClassVar[float] = 0.5
    beta: ClassVar[float] = 0.5

    @property
    def prediction(self) -> Domain:
        return SHARE

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_value(self, m, y, p)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_slope(self, m, y, p, self.alpha, self.beta)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_curve(self, m, y, p)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return overlap_slope(self, m, p, y, self.beta, self.alpha)


# --- shared by the two --------------------------------------------------------------------------

Overlap = SoftTversky | SoftDice


def overlap_value(card: Overlap, m: Vocabulary, y: Array, p: Array) -> Array:
    """The share of mistakes, in which nothing cancels."""
    wrong, whole, *_ = _shares(card, m, y, p, card.alpha, card.beta)
    # A probability may lie beyond 1 by its rounding: the share does not follow.
    return m.drop(m.clip(wrong / whole, 0.0, 1.0), card.axis)


def overlap_slope(
    card: Overlap, m: Vocabulary, y: Array, p: Array, alpha: float, beta: float
) -> Array:
    """Its derivative by ``p``; wrong pixels of it cost alpha, missed pixels of ``y`` beta."""
    wrong, whole, empty, unit = _shares(card, m, y, p, alpha, beta)
    # Not divided twice: XLA writes a / b / c as a / (b * c), and such a product may vanish.
    per_whole = 1.0 / whole
    common = m.sum((y / unit) * (p / unit), card.axis) + (card.smooth / unit) * (1.0 / unit)
    own = (alpha * (1.0 - y) - beta * y) * common - (y / unit) * wrong
    return m.where(empty, 0.0, own * per_whole * per_whole)


def overlap_curve(card: Overlap, m: Vocabulary, y: Array, p: Array) -> Array:
    """Diagonal of the second derivative."""
    _, whole, _, unit = _shares(card, m, y, p, card.alpha, card.beta)
    grows = card.alpha * (1.0 - y) + (1.0 - card.beta) * y
    return (
        -2.0
        * grows
        * overlap_slope(card, m, y, p, card.alpha, card.beta)
        * (1.0 / whole)
        * (1.0 / unit)
    )


def _shares(
    card: Overlap, m: Vocabulary, y: Array, p: Array, alpha: float, beta: float
) -> tuple[Array, Array, Array, Array]:
    """What is wrong, that and what is common, whether there is nothing, and the unit of these."""
    # In parts of the largest number, lest products of small ones vanish.
    unit = m.maximum(m.maximum(m.max(p, card.axis), m.max(y, card.axis)), card.smooth)
    unit = m.where(unit == 0, 1.0, unit)
    common = m.sum(y * (p / unit), card.axis) + card.smooth / unit
    missed = (y / unit) * (1.0 - p)
    wrong = m.sum(alpha * (1.0 - y) * (p / unit) + beta * missed, card.axis)
    empty = common + wrong == 0
    return wrong, m.where(empty, 1.0, common + wrong), empty, unit
