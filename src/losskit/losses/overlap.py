"""Losses of the overlap of two masks."""

from __future__ import annotations

from abc import abstractmethod
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
WHOLE = {
    "kind": "axes",
    "doc": "axis or axes of the pixels; None: all, the whole batch as one mask",
}


class Overlap(Masks):
    """The share of mistakes in what two masks cover together."""

    axis: int | tuple[int, ...] | None
    smooth: float

    target: ClassVar[Domain] = SHARE
    convex = False
    metric = "binary_accuracy"
    task = "categorical"
    reaches_zero = "never"  # the overlap with an empty mask stays whatever is said

    @property
    def prediction(self) -> Domain:
        return SHARE

    @property
    def decomposable(self) -> bool:  # type: ignore[override]
        """Not where the whole batch is one mask."""
        return not self.whole or self.axis is not None

    @abstractmethod
    def weights(self) -> tuple[float, float]:
        """What a pixel costs that is predicted wrongly, and one that is missed."""

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        wrong, whole, *_ = self._shares(m, y, p, *self.weights())
        # A probability may lie beyond 1 by its rounding: the share does not follow.
        return m.drop(m.clip(wrong / whole, 0.0, 1.0), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._slope(m, y, p, *self.weights())

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        alpha, beta = self.weights()
        _, whole, _, unit = self._shares(m, y, p, alpha, beta)
        grows = alpha * (1.0 - y) + (1.0 - beta) * y
        return -2.0 * grows * self.slope(m, y, p) * (1.0 / whole) * (1.0 / unit)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        # The two change places, and so do their mistakes.
        return self._slope(m, p, y, *self.weights()[::-1])

    def _slope(self, m: Vocabulary, y: Array, p: Array, alpha: float, beta: float) -> Array:
        """The derivative by ``p``; wrong pixels of it cost alpha, missed pixels of ``y`` beta."""
        common, wrong, unit, per_unit = self._sums(m, y, p, alpha, beta)
        empty = unit * common + wrong == 0
        # Not divided twice: XLA writes a / b / c as a / (b * c), and such a product may vanish.
        per_whole = 1.0 / m.where(empty, 1.0, unit * common + wrong)
        # Divided last: the two terms may be nearly alike, and no rounding of either is to be left.
        own = (alpha - (alpha + beta) * y) * common - per_unit * wrong
        return m.where(empty, 0.0, own * per_whole * per_whole)

    def _shares(
        self, m: Vocabulary, y: Array, p: Array, alpha: float, beta: float
    ) -> tuple[Array, Array, Array, Array]:
        """What is wrong, that and what is common, whether there is nothing, and their unit."""
        common, wrong, unit, _ = self._sums(m, y, p, alpha, beta)
        whole = unit * common + wrong
        empty = whole == 0
        return wrong, m.where(empty, 1.0, whole), empty, unit

    def _sums(
        self, m: Vocabulary, y: Array, p: Array, alpha: float, beta: float
    ) -> tuple[Array, Array, Array, Array]:
        """What is common in parts of the square of a unit, what is wrong in parts of the unit, this
        unit, and ``y`` in parts of it.
        """
        # In parts of the largest number, lest products of small ones vanish.
        unit = m.maximum(m.maximum(m.max(p, self.axis), m.max(y, self.axis)), self.smooth)
        unit = m.where(unit == 0, 1.0, unit)
        per_unit = y / unit
        common = m.sum(per_unit * (p / unit), self.axis) + (self.smooth / unit) * (1.0 / unit)
        # Here one of two factors is near 1 where the other is small.
        added, missed = m.sum((1.0 - y) * p, self.axis), m.sum(y * (1.0 - p), self.axis)
        return common, (alpha * added + beta * missed) / unit, unit, per_unit


@dataclass(frozen=True)
class SoftTversky(Overlap):
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
    0 more than large ones. Keras's loss, and its order of the weights, is `tversky`.

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

    def weights(self) -> tuple[float, float]:
        return self.alpha, self.beta


@dataclass(frozen=True)
class SoftDice(Overlap):
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
    that is empty on both sides costs 0 and has no gradient. Keras's loss is `dice`.

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

    def weights(self) -> tuple[float, float]:
        return 0.5, 0.5


@dataclass(frozen=True)
class Tversky(Overlap):
    """Tversky loss of a whole batch as one mask, as Keras has it.

    What it measures
    ----------------
    Which share of target and prediction together is not common to both, where pixels that are
    missed count `alpha` and pixels that are wrongly predicted count `beta`.

    When to use
    -----------
    In place of Keras's loss of this name, whose numbers it gives. Elsewhere `soft_tversky`, which
    takes a mask for each sample and can be smoothed.

    Pitfalls
    --------
    `alpha` and `beta` have changed places against the paper and `soft_tversky`: Keras multiplies
    the missed pixels by `alpha`, though its documentation says the reverse. By default a batch is
    one mask and gives one value, so that it depends on how samples are put together; for a mask per
    sample name the axes of the pixels, e.g. `axis=(1, 2, 3)`. It takes probabilities: apply sigmoid
    or softmax first. A mask that is empty on both sides costs 0 and has no gradient.

    Formula
    -------
    1 - c / (c + alpha * n + beta * f)
    with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j

    Examples
    --------
    >>> import losskit
    >>> y, p = [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    >>> float(losskit.tversky(y, p, alpha=2.0, beta=1.0))
    0.75

    References
    ----------
    Salehi, Erdogmus and Gholipour, Tversky Loss Function for Image Segmentation Using 3D Fully
    Convolutional Deep Networks, MLMI (2017), 379-387.
    """

    alpha: float = parameter(0.5, kind="number", low=0.0, doc="weight of pixels that are missed")
    beta: float = parameter(
        0.5, kind="number", low=0.0, doc="weight of pixels that are predicted wrongly"
    )
    axis: int | tuple[int, ...] | None = parameter(None, **WHOLE)

    name = "tversky"
    latex = r"1 - \frac{\sum y p}{\sum y p + \alpha \sum y (1 - p) + \beta \sum (1 - y) p}"
    whole: ClassVar[bool] = True
    smooth: ClassVar[float] = 0.0  # type: ignore[misc]

    def weights(self) -> tuple[float, float]:
        return self.beta, self.alpha


@dataclass(frozen=True)
class Dice(Overlap):
    """Dice loss of a whole batch as one mask, as Keras has it.

    What it measures
    ----------------
    Which share of target and prediction together is not common to both: 0 where they are equal, 1
    where nothing overlaps.

    When to use
    -----------
    In place of Keras's loss of this name, whose numbers it gives. Elsewhere `soft_dice`, which
    takes a mask for each sample and can be smoothed.

    Pitfalls
    --------
    By default a batch is one mask and gives one value, so that it depends on how samples are put
    together, and small structures count for little beside large ones; for a mask per sample name
    the axes of the pixels, e.g. `axis=(1, 2, 3)`. It takes probabilities: apply sigmoid or softmax
    first. A mask that is empty on both sides costs 0 and has no gradient.

    Formula
    -------
    1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)

    Examples
    --------
    >>> import losskit
    >>> y, p = [[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    >>> float(losskit.dice(y, p))
    0.5

    References
    ----------
    Milletari, Navab and Ahmadi, V-Net: Fully Convolutional Neural Networks for Volumetric Medical
    Image Segmentation, 3DV (2016), 565-571.
    """

    axis: int | tuple[int, ...] | None = parameter(None, **WHOLE)

    name = "dice"
    latex = r"1 - \frac{2 \sum y p}{\sum y + \sum p}"
    whole: ClassVar[bool] = True
    smooth: ClassVar[float] = 0.0  # type: ignore[misc]

    def weights(self) -> tuple[float, float]:
        return 0.5, 0.5
