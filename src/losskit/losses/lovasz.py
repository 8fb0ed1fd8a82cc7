"""Losses of the Jaccard index, which Lovász's extension makes of errors of any size.

They are items and no sets of which parts could be merged: what a pixel costs follows from its place
among all others, and no summary of a part tells where those of another part come in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import softmax
from losskit.core.definition import LABEL, LOGIT, PROBABILITY, Domain, Slot, parameter
from losskit.core.families import Masks, Rowwise, lost, weighted
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.scans import at
from losskit.core.slots import flat, unflat
from losskit.losses.classification import FROM_LOGITS, IGNORE

LEFT_OUT = "label whose pixels are left out, and images of no other (often 255)"
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
    return m.in_one("union_rates", lambda: _rates(m, key, inside), key, inside, last=True)


def _rates(m: Vocabulary, key: Array, inside: Array) -> Array:
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
    One less the Jaccard index (intersection over union) of a mask and its prediction, where every
    logit is either right by a margin of 1 or 0, which counts as a mistake. Between and beyond these
    it is linear: what a pixel falls short of its margin costs as much as it would lower the index
    after all that fall short by more.

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
        slot, key = self.slots[self.main], m.where(y > 0, p, -p)

        def made() -> Array:
            return unflat(m, slot, rates(m, flat(m, slot, key), flat(m, slot, y) > 0), p)

        return m.in_one("union_rates", made, key, y > 0)

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


@dataclass(frozen=True)
class LovaszSoftmax(Rowwise):
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

    What it measures
    ----------------
    One less the Jaccard index (intersection over union) of each class, averaged over the classes,
    where all probabilities are 0 or 1; between these what a pixel's probability is off costs as
    much as it would lower the index after all that are off by more.

    When to use
    -----------
    Segmentation into classes that is judged by their mean intersection over union: to fine-tune a
    network that cross-entropy has trained, or beside it. Rare classes count as much as large ones.

    Pitfalls
    --------
    An item is a whole image: by default each of a batch. `pixels` names other axes; with that of
    the batch among them it is one image, as published code has it by default. With `classes`
    "present" classes that no pixel of the image has are not averaged; "all" takes them too, each at
    its worst pixel, and so does a list of class numbers, which leaves out all others (the
    background, mostly). `ignore_class` leaves out pixels, and an image without any other. From
    logits it is not convex, and a pixel that is surely wrong gets hardly any gradient. Among pixels
    of equal error the gradient jumps: given is the one of least magnitude by the probabilities,
    equal for pixels that are alike.

    Formula
    -------
    mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
    e = 1 - p_c for pixels of the class and p_c for others, the largest first
    J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right

    Examples
    --------
    >>> import losskit
    >>> labels, p = [[0, 1]], [[[0.75, 0.25], [0.5, 0.5]]]
    >>> float(losskit.lovasz_softmax(labels, p))
    0.4375

    References
    ----------
    Berman, Triki and Blaschko, The Lovász-Softmax Loss: A Tractable Surrogate for the Optimization
    of the Intersection-Over-Union Measure in Neural Networks, CVPR (2018), 4413-4421.
    """

    from_logits: bool = parameter(False, **FROM_LOGITS)
    classes: str | tuple[int, ...] = parameter(
        "present",
        kind="choice or classes",
        choices=("present", "all"),
        doc="which classes are averaged",
    )
    ignore_class: int | None = parameter(None, **{**IGNORE, "doc": LEFT_OUT})
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    pixels: int | tuple[int, ...] | None = parameter(
        None,
        kind="axes",
        none_at_all=True,
        doc="axis or axes of the pixels, in the predictions; None: all others but the first",
    )

    name = "lovasz_softmax"
    aliases = ("lovasz_softmax_loss",)
    latex = r"\frac{1}{C} \sum_c \sum_i e_{c, \pi_i} (\Delta_{c, i} - \Delta_{c, i-1})"
    target: ClassVar[Domain] = LABEL
    metric = "sparse_categorical_accuracy"
    task = "sparse"

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else PROBABILITY

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """In the probabilities."""
        return not self.from_logits

    def check(self) -> None:
        if self.axis in self._pixels():
            raise ValueError(
                f"pixels must name other axes than that of the classes, got pixels={self.pixels} "
                f"and axis={self.axis}."
            )

    def _pixels(self) -> tuple[int, ...]:
        return (self.pixels,) if isinstance(self.pixels, int) else self.pixels or ()

    def at_shape(self, shape: tuple[Any, ...]) -> dict[str, Any]:
        dimensions = len(shape)
        # Those that do not exist stay as they are, for the message.
        every = range(-dimensions, dimensions)
        axis, *pixels = (i % dimensions if i in every else i for i in (self.axis, *self._pixels()))
        if self.pixels is None:
            pixels = [i for i in range(1, dimensions) if i != axis]
        return {"axis": axis, "pixels": tuple(pixels)}

    def takes(self) -> tuple[Slot, ...]:
        pixels = self._pixels()
        dims = tuple(f"n{i}" for i, _ in enumerate(pixels, 1))
        # Labels have no axis of classes: what lies beyond it is one nearer. (Where they are counted
        # from different ends it is known `at_shape` only what does.)
        beside = tuple(i - (i > self.axis >= 0) + (i < self.axis < 0) for i in pixels)
        known: dict[str, Any] = {"predicted": False, "differentiable": False}
        return (
            Slot("target", LABEL, dims, beside, **known),
            Slot("prediction", self.prediction, ("c", *dims), (self.axis, *pixels)),
        )

    def ignored(self) -> int | None:
        return self.ignore_class

    def shared(self, m: Vocabulary, y: Array, p: Array) -> _Image:
        return _Image(m, self, y, p)

    def value(self, m: Vocabulary, y: Array, p: Array, image: _Image | None = None) -> Array:
        image = self.shared(m, y, p) if image is None else image
        # A probability may lie beyond 1 by its rounding.
        item = image.rate * m.maximum(image.error, 0.0) + image.nan
        return m.drop(m.sum(item, (-2, -1)), (-2, -1))

    def slope(self, m: Vocabulary, y: Array, p: Array, image: _Image | None = None) -> Array:
        image = self.shared(m, y, p) if image is None else image
        return unflat(m, self.slots[1], image.slope(), p, 1)

    def curve(self, m: Vocabulary, y: Array, p: Array, image: _Image | None = None) -> Array:
        image = self.shared(m, y, p) if image is None else image
        if image.row is None:
            return lost(m, p)
        # p'' = p' (1 - 2 p) of each class along its own logit, and p' -(1 - 2 p) of the others.
        bent = (image.row.complement - image.row.p) * image.slope()
        return unflat(m, self.slots[1], bent, p, 1)

    def target_slope(self, m: Vocabulary, y: Array, p: Array, _: Any = None) -> Array:
        raise TypeError("Integer labels have no derivative.")


def _chosen(classes: str | tuple[int, ...], number: int) -> list[float]:
    """1 for each class that is averaged.

    Raises:
        ValueError: one of them is no class.
    """
    if isinstance(classes, str):
        return [1.0] * number
    if classes[-1] >= number:
        raise ValueError(
            f"classes names class {classes[-1]}, but y_pred has {number} classes "
            f"(0 to {number - 1})."
        )
    return [1.0 if c in classes else 0.0 for c in range(number)]


class _Image:
    """Classes on the axis before the last, pixels along the last; before them the images."""

    def __init__(self, m: Vocabulary, card: LovaszSoftmax, y: Array, p: Array) -> None:
        self.m = m
        target, prediction = card.slots
        label, p = flat(m, target, y), flat(m, prediction, p, 1)
        self.row = softmax.from_logits(m, p, -2) if card.from_logits else None
        true = m.classes(label, p, -2)
        ignored = label != label if card.ignore_class is None else label == card.ignore_class
        self.left_out = m.lay(ignored, -2)
        self.inside = true & ~self.left_out
        if self.row is None:
            self.error = m.where(true, 1.0 - p, p)
        else:
            self.error = m.where(true, self.row.complement, self.row.p)
        # What is ignored comes last, and then no other's rate depends on it.
        found = rates(m, m.where(self.left_out, 2.0, -self.error), self.inside)
        there = m.max(m.where(self.inside, 1.0 + 0.0 * found, 0.0), -1)
        if card.classes != "present":
            chosen = _chosen(card.classes, p.shape[-2])
            there = m.where(m.vector(chosen, p, -2) > 0, 1.0 + 0.0 * there, 0.0)
        number = m.maximum(m.sum(there, -2), 1.0)
        self.rate = m.where(self.left_out | (there == 0), 0.0, found / number)
        # A label of no class, where it could not be refused, and a NaN show.
        known = m.max(m.where(true, 1.0 + 0.0 * found, 0.0), -2) > 0
        self.nan = m.where(known | self.left_out, lost(m, p), float("nan"))

    def slope(self) -> Array:
        m, row = self.m, self.row
        by_p = m.where(self.inside, -self.rate, self.rate) + self.nan
        if row is None:
            return by_p
        # p_j (g_j (1 - p_j) - sum over the others of g p), each part as small as it is.
        return row.p * (by_p * row.complement - softmax.others(m, by_p * row.p, -2))
