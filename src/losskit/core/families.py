"""The families: what shape a loss gives, and how the chain rule spreads a gradient over it.

* Pointwise: one item per element; prediction and target have the same shape.
* Rowwise: one item per row; the axis of the classes (or of the vector) is used up.
* Setwise: one value per set, a function of the mean of a pointwise loss.

A card of a family writes, in the vocabulary ``m``, ``value``, ``slope`` (derivative with respect
to the prediction), ``curve`` (second derivative; its diagonal for rows) and ``target_slope``
(derivative with respect to the target, for those who train both sides).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar

from losskit.core.definition import Card, Domain, made
from losskit.core.namespaces import Array, Vocabulary


class Items(Card):
    """A decomposable loss: a sum of items."""

    long: ClassVar[bool] = False
    """Whether rounding adds up over the steps of an item: float64 is to be taken where there is."""

    @abstractmethod
    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """The items."""

    @abstractmethod
    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Derivative of each item with respect to its predictions, in their shape."""

    @abstractmethod
    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Second derivative of each item by each of its predictions, in their shape."""

    @abstractmethod
    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """Derivative of each item with respect to its targets, in their shape."""

    def item_axes(self) -> tuple[int, ...]:
        """The axes of the prediction that an item uses up."""
        return ()

    def ignored(self) -> int | None:
        """The label whose items are left out, if any."""
        return None


class Pointwise(Items):
    """One item per element."""

    compiled: ClassVar[bool] = True
    """Whether kernels are compiled for it: not where it has so many texts that they would make the
    build slow."""

    def kinks(self, y: float) -> tuple[float, ...]:
        """Predictions at which the slope jumps, for the target ``y``."""
        return ()

    def bends(self, y: float) -> tuple[float, ...]:
        """Predictions at which only the curvature jumps, for the target ``y``."""
        return ()


class Residual(Pointwise):
    """A pointwise loss of the error ``e = prediction - target`` alone."""

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -self.slope(m, y, p)


class Rowwise(Items):
    """One item per row along ``axis``."""

    axis: int
    row_target: ClassVar[bool] = False
    """Whether the target is one number per row (a label, a quantity), without the axis."""

    def item_axes(self) -> tuple[int, ...]:
        return (self.axis,)

    @property
    def places(self) -> tuple[Domain, ...]:
        """What each place of a row holds, where they differ; a row then has as many entries."""
        return ()


class Masks(Rowwise):
    """Rows that are whole masks, over one axis or several."""

    axis: int | tuple[int, ...] | None  # type: ignore[assignment]
    """None: all but the first, one mask a sample; `placed` says which these are."""

    def item_axes(self) -> tuple[int, ...]:
        assert self.axis is not None
        return (self.axis,) if isinstance(self.axis, int) else self.axis


class Labelled(Rowwise):
    """Rows whose target is a class number, each class with its weight."""

    row_target: ClassVar[bool] = True
    ignore_class: int | None
    class_weight: tuple[Any, ...] | None

    def ignored(self) -> int | None:
        return self.ignore_class

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        raise TypeError("Integer labels have no derivative.")

    def weights(self, m: Vocabulary, y: Array, p: Array) -> Array:
        """The class weight of each row, in the shape of the items."""
        return m.drop(self._true(m, y, p)[1], self.axis)

    def _true(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array]:
        """Which class is the true one, and its weight, the class axis kept; NaN for a bad label."""
        true = m.classes(y, p, self.axis)
        given = self._per_class(p.shape[self.axis]) if self.class_weight else [1.0]
        per_class = m.vector(given, p, self.axis)
        weight = m.sum(m.where(true, per_class, 0.0 * per_class), self.axis)
        found = m.max(m.where(true, 1.0 + 0.0 * per_class, 0.0), self.axis)
        return true, m.where(found > 0, weight, float("nan"))

    def _per_class(self, classes: int) -> list[float]:
        given = self.class_weight or ()
        if given and not isinstance(given[0], tuple):
            if len(given) != classes:
                raise ValueError(
                    f"class_weight has {len(given)} weights, but y_pred has {classes} classes. "
                    "Give one for each, or a mapping, {class: weight}, to leave the others at 1."
                )
            return [*given]
        weights = dict(given)
        if weights and max(weights) >= classes:
            raise ValueError(
                f"class_weight names class {max(weights)}, but y_pred has {classes} classes "
                f"(0 to {classes - 1})."
            )
        return [weights.get(c, 1.0) for c in range(classes)]


def placed(card: Any, dimensions: int, make: Any = made) -> Any:
    """The card with its axes known, for predictions of so many dimensions.

    Args:
        card: any card.
        dimensions: of the predictions; a mask alone may have but one.
        make: makes a card of its class and parameters, as `made` does.
    """
    if not isinstance(card, Masks) or card.axis is not None:
        return card
    return make(type(card), {**card.parameters(), "axis": tuple(range(1, dimensions)) or -1})


def lost(m: Vocabulary, p: Array) -> Array:
    """0, and NaN where the prediction is: it shows, though nothing depends on it."""
    return m.where(p == p, 0.0, p)


def weighted(m: Vocabulary, weight: Array, x: Array) -> Array:
    """weight * x, and 0 for a class of weight 0 even where x is infinite."""
    return m.where(weight == 0, 0.0, weight * x)


class Setwise(Card):
    """One value per set: the outer function of the mean of an inner, decomposable loss."""

    decomposable: ClassVar[bool] = False

    @property
    @abstractmethod
    def inner(self) -> Items:
        """The decomposable loss whose mean is transformed."""

    @abstractmethod
    def finish(self, mean: float) -> float:
        """The value of the set from the mean of the inner items."""

    @abstractmethod
    def outer_slope(self, mean: float) -> float:
        """Derivative of `finish` at a mean above 0."""

    @abstractmethod
    def value(self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array) -> Array:
        """The value for weights ``w`` and item count ``count``: a scalar."""

    @abstractmethod
    def slope(self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array) -> Array:
        """Derivative of the value with respect to each prediction."""

    @abstractmethod
    def curve(self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array) -> Array:
        """Diagonal of the second derivative."""

    def target_slope(self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array) -> Array:
        return -self.slope(m, y, p, w, count)


def out_of_domain(m: Vocabulary, card: Any, y: Array, p: Array) -> Array | None:
    """Which items have a target or a prediction out of its domain; None if no number is.

    Where values cannot be looked at, these items are NaN. Labels the formulas see to themselves.

    Args:
        m: the vocabulary.
        card: any card.
        y: targets, as the card takes them.
        p: predictions.

    Returns:
        Boolean, in the shape of the items (of the predictions, for a set).
    """
    rows = is_rowwise(card)
    parts = [
        (_outside(m, card.target, y), rows and not card.row_target),
        (_outside(m, card.prediction, p), rows),
    ]
    places = card.places if rows else ()
    if places:
        every = zip(*(place.ends(m.came.eps) for place in places), strict=True)
        low, high = (m.vector(ends, p, card.axis) for ends in every)
        parts.append(((p < low) | (p > high), True))
    found = None
    for bad, of_row in parts:
        if bad is not None and of_row:
            bad = m.drop(m.max(m.where(bad, 1.0, 0.0), card.axis), card.axis) > 0
        if bad is not None:
            found = bad if found is None else found | bad
    return found


def _outside(m: Vocabulary, domain: Domain, x: Array) -> Array | None:
    if domain.values:
        first, *others = (x != value for value in domain.values)
        for other in others:
            first = first & other
        return first
    if domain.labels or (domain.low == -math.inf and domain.high == math.inf):
        return None
    low, high = domain.ends(m.came.eps)
    return (x < low) | (x > high)


Evaluated = Items | Setwise
"""Every card that can be evaluated."""


def item_axes(card: Any) -> tuple[int, ...]:
    """The axes of the prediction that an item uses up; none for a set, which has no items."""
    return card.item_axes() if isinstance(card, Items) else ()


def is_rowwise(card: Any) -> bool:
    """Whether the card takes whole rows (of classes or of vectors)."""
    return isinstance(card, Rowwise)


def has_row_target(card: Any) -> bool:
    """Whether its target is one number per row: of the items' shape, not of the prediction's."""
    return is_rowwise(card) and card.row_target
