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
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from losskit.core import constants
from losskit.core.definition import WEIGHT, Card, Domain, Slot, made
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.slots import spread


class Items(Card):
    """A decomposable loss: a sum of items."""

    further: ClassVar[tuple[Slot, ...]] = ()
    """What it takes beside target and prediction."""

    long: ClassVar[bool] = False
    """Whether rounding adds up over the steps of an item: float64 is to be taken where there is."""

    programmed: ClassVar[bool] = True
    """Whether its formulas say the same to a program as to arrays."""

    # For the type checker: a card takes its slots, in their order and under names of its own.

    @abstractmethod
    def value(self, m: Vocabulary, *slots: Any, **_: Any) -> Array:
        """The items."""

    slope: Any
    """Derivative of each item with respect to its predictions, in their shape."""
    curve: Any
    """Second derivative of each item by each of its predictions, in their shape."""
    target_slope: Any
    """Derivative of each item with respect to its targets, in their shape."""

    def takes(self) -> tuple[Slot, ...]:
        return _pair(self)

    def _fill(self) -> None:
        super()._fill()
        for slot in self.slots:
            orders = ("slope", "curve") if slot.predicted else ("slope",)
            for method in map(slot.derivative, orders if slot.differentiable else ()):
                if not hasattr(type(self), method):
                    raise TypeError(f"{self.name} takes {slot.name}, but has no {method}.")

    def ignored(self) -> int | None:
        """The label whose items are left out, if any."""
        return None

    def shared(self, m: Vocabulary, *slots: Any) -> Any:
        """What value and slopes have in common, where it is worth to be made once.

        Then each takes it as a last argument, and makes it where it is not given.
        """
        return None

    def every(self, m: Vocabulary, by: tuple[int, ...], *slots: Any) -> list[Array] | None:
        """The value and the slopes by these slots, where there is another way to all of them.

        What comes out is not to be differentiated.
        """
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

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        """Of a convex one: between the least and the largest target the mean slope turns."""
        return constants.level(self, y, w, np.min(y, 0), np.max(y, 0)) if self.convex else None

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -self.slope(m, y, p)


class Rowwise(Items):
    """One item per row along ``axis``."""

    axis: int
    absent: ClassVar[float] = -math.inf
    """What an entry of the prediction is that is left out of its row: a class ruled out, or 0."""

    def takes(self) -> tuple[Slot, ...]:
        return _pair(self, (self.axis,), ("c",))

    def at_shape(self, shape: tuple[Any, ...]) -> dict[str, Any]:
        """The parameters that are known once the shape of the predictions is."""
        return {}

    @property
    def places(self) -> tuple[Domain, ...]:
        """What each place of a row holds, where they differ; a row then has as many entries."""
        return self.slots[self.main].places


class Masks(Rowwise):
    """Rows that are whole masks, over one axis or several."""

    absent: ClassVar[float] = 0.0
    axis: int | tuple[int, ...] | None  # type: ignore[assignment]
    """None: all, or all but the first, one mask a sample; `placed` says which these are."""
    whole: ClassVar[bool] = False
    """Whether None is all of them: the whole batch is one mask."""

    def takes(self) -> tuple[Slot, ...]:
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis or ()
        return _pair(self, axes, tuple(f"n{i}" for i, _ in enumerate(axes, 1)))

    def at_shape(self, shape: tuple[Any, ...]) -> dict[str, Any]:
        if self.axis is not None:
            return {}
        # An empty batch is no mask, rather than an empty one: a mean of nothing.
        first = 0 if self.whole and shape[:1] != (0,) else 1
        return {"axis": tuple(range(first, len(shape))) or -1}


CLASS_WEIGHT = Slot("class_weight", WEIGHT, ("c",), predicted=False, batched=False)
"""One for each class."""


class Labelled(Rowwise):
    """Rows whose target is a class number, each class with its weight."""

    ignore_class: int | None
    class_weight: tuple[Any, ...] | None
    optional: ClassVar[tuple[Slot, ...]] = (CLASS_WEIGHT,)
    alone: ClassVar[bool] = False
    """Whether of a row the entry of its label is all that is read: no other counts."""

    @property
    def of_label(self) -> bool:
        """Whether a row's class weight is that of its label: a factor, as a sample weight is."""
        return True

    def ignored(self) -> int | None:
        return self.ignore_class

    def amounts(self, y: Any, w: Any, classes: int, smoothing: float = 0.0) -> Array:
        """How much of each class the targets hold: its share of the labels, times its weight.

        Args:
            y, w, classes: as of `best_constant`.
            smoothing: share of each target that is spread evenly over the classes.
        """
        labels = np.asarray(y).reshape(-1)
        w = np.ones(labels.size) if w is None else np.asarray(w, np.float64).reshape(-1)
        keep = labels != self.ignore_class
        labels = labels[keep].astype(np.int64)
        given = self.class_weight or ()
        named = len(given) if given and not isinstance(given[0], tuple) else 0
        classes = classes or max(named, 1 + int(labels.max(initial=0)))
        counts = np.bincount(labels, w[keep], classes)
        shares = counts / counts.sum()
        return constants.smoothed(shares, smoothing) * per_class("class_weight", given, classes)

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        raise TypeError("Integer labels have no derivative.")

    def _true(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array]:
        """Which class is the true one; and 1 for each row, NaN for a bad label, its axis kept."""
        true = m.classes(y, p, self.axis)
        found = m.max(m.where(true, m.vector([1.0], p, self.axis), 0.0), self.axis)
        return true, m.where(found > 0, found, float("nan"))


def per_class(name: str, given: tuple[Any, ...], classes: int) -> list[float]:
    """The weight of every class, of a parameter of the kind "class weights".

    Raises:
        ValueError: there are more or fewer classes than weights, or a class that is named is none.
    """
    if given and not isinstance(given[0], tuple):
        if len(given) != classes:
            raise ValueError(
                f"{name} has {len(given)} weights, but y_pred has {classes} classes. "
                "Give one for each, or a mapping, {class: weight}, to leave the others at 1."
            )
        return [*given]
    weights = dict(given)
    if weights and max(weights) >= classes:
        raise ValueError(
            f"{name} names class {max(weights)}, but y_pred has {classes} classes "
            f"(0 to {classes - 1})."
        )
    return [weights.get(c, 1.0) for c in range(classes)]


def placed(card: Any, shape: tuple[Any, ...], make: Any = made) -> Any:
    """The card with its axes known, for predictions of that shape.

    Args:
        card: any card.
        shape: of the predictions; a mask alone may have but one dimension.
        make: makes a card of its class and parameters, as `made` does.
    """
    known = card.at_shape(shape) if isinstance(card, Rowwise) else {}
    return make(type(card), {**card.parameters(), **known}) if known else card


def lost(m: Vocabulary, p: Array) -> Array:
    """0, and NaN where the prediction is: it shows, though nothing depends on it."""
    return m.where(p == p, 0.0, p)


def counting(m: Vocabulary, card: Any, slot: Slot, y: Array, used: Array | None) -> Array | None:
    """Which elements of a slot count; None for all.

    Args:
        m: the vocabulary.
        card: any card; where an item of it has several labels, each may be one to ignore.
        slot: one of its slots.
        y: the target.
        used: which items count; None for all.
    """
    found = None if used is None else spread(m, slot, used)
    target, label = card.slots[0], card.ignored() if isinstance(card, Items) else None
    if label is None or not target.axes:
        return found
    own = y != label
    for axis in (
        a for a, name in zip(slot.axes, slot.dims, strict=True) if name not in target.dims
    ):
        own = m.lay(own, axis)
    return own if found is None else found & own


def weighted(m: Vocabulary, weight: Array, x: Array) -> Array:
    """weight * x, and 0 for a class of weight 0 even where x is infinite."""
    return m.where(weight == 0, 0.0, weight * x)


State = tuple[Array, ...]
"""Numbers that say of a part of a set all that its value needs."""


class Setwise(Card):
    """One value per set: states of its parts, merged, then finished.

    Weights ``w`` come in the shape of the predictions, 0 for what does not count; ``count`` is what
    a mean divides by.
    """

    decomposable: ClassVar[bool] = False
    further: ClassVar[tuple[Slot, ...]] = ()

    def takes(self) -> tuple[Slot, ...]:
        return _pair(self)

    nothing: ClassVar[tuple[float, ...]]
    """The state of a part in which there is nothing: merged with another, it is that one."""

    @abstractmethod
    def local(self, m: Vocabulary, y: Array, p: Array, w: Array) -> State:
        """The state of a part: numbers of one element."""

    @abstractmethod
    def merge(self, m: Vocabulary, a: State, b: State) -> State:
        """The state of two parts together."""

    @abstractmethod
    def finish(self, m: Vocabulary, state: State, count: Array) -> Array:
        """The value of the set from the state of the whole."""

    def value(self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array) -> Array:
        """The value of a set that is one part."""
        return self.finish(m, self.local(m, y, p, w), count)

    @abstractmethod
    def slope(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        """Derivative of the value with respect to each prediction, given the state of the whole."""

    @abstractmethod
    def curve(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        """Diagonal of the second derivative."""

    @abstractmethod
    def target_slope(
        self, m: Vocabulary, y: Array, p: Array, w: Array, count: Array, state: State
    ) -> Array:
        """Derivative of the value with respect to each target."""


class OfMean(Setwise):
    """A function of the mean of a decomposable loss: where kernels have that loss, they compute it.

    ``outer`` and ``outer_slope`` are that function, and its derivative at a mean above 0.
    """

    @property
    @abstractmethod
    def inner(self) -> Items:
        """The decomposable loss whose mean is transformed."""

    @abstractmethod
    def outer(self, mean: float) -> float:
        """The value of the set from the mean of the inner items."""

    @abstractmethod
    def outer_slope(self, mean: float) -> float:
        """Its derivative by that mean."""


def out_of_domain(
    m: Vocabulary,
    card: Any,
    *arrays: Array,
    no_class: int | None = None,
    eps: Sequence[float] = (),
) -> Array | None:
    """Which items have a target or a prediction out of its domain; None if no number is.

    Where values cannot be looked at, these items are NaN. Class numbers the formulas see to
    themselves.

    Args:
        m: the vocabulary.
        card: any card.
        arrays: what the card takes, slot by slot.
        no_class: what a label that is none was made, where labels are but names.
        eps: the spacing above 1 of the dtypes in which they came, where that may be wider than the
            predictions'.

    Returns:
        Boolean, in the shape of the items (of the predictions, for a set).
    """
    parts = []
    for slot, x, own in zip(card.slots, arrays, eps or (0.0,) * len(arrays), strict=True):
        if slot.places:
            alone = m.unstack(x, slot.axes[0])
            places = zip(slot.places, alone, strict=True)
            parts += [(slot.axes[1:], _outside(m, place, part, own)) for place, part in places]
        else:
            named = slot.domain.names and no_class is not None
            bad = x == no_class if named else _outside(m, slot.domain, x, own)
            parts.append((slot.axes, bad))
    found = None
    for axes, bad in parts:
        if bad is not None and axes:
            bad = m.drop(m.max(m.where(bad, 1.0, 0.0), axes), axes) > 0
        if bad is not None:
            found = bad if found is None else found | bad
    return found


def _outside(m: Vocabulary, domain: Domain, x: Array, eps: float) -> Array | None:
    if domain.values:
        first, *others = (x != value for value in domain.values)
        for other in others:
            first = first & other
        return first
    if domain.labels or domain.lenient or (domain.low == -math.inf and domain.high == math.inf):
        return None
    low, high = domain.ends(max(m.came.eps, eps))
    return (x < low) | (x > high)


Evaluated = Items | Setwise
"""Every card that can be evaluated."""


def is_rowwise(card: Any) -> bool:
    """Whether the card takes whole rows (of classes or of vectors)."""
    return isinstance(card, Rowwise)


def has_row_target(card: Any) -> bool:
    """Whether its target is one number per row: of the items' shape, not of the prediction's."""
    return is_rowwise(card) and bool(card.slots[1].axes) and not card.slots[0].axes


def lacks_axes(card: Any) -> bool:
    """Whether its target has fewer axes than its prediction: no classes, or nothing of a row."""
    return is_rowwise(card) and {*card.slots[0].dims} < {*card.slots[1].dims}


def _pair(card: Any, axes: tuple[int, ...] = (), dims: tuple[str, ...] = ()) -> tuple[Slot, ...]:
    """Target and prediction of a card, and what it takes further; a label has no dimension."""
    labels = card.target.labels
    rows: dict[str, Any] = {} if labels else {"dims": dims, "axes": axes}
    target = Slot("target", card.target, predicted=False, differentiable=not labels, **rows)
    absent = card.absent if is_rowwise(card) else 0.0
    prediction = Slot("prediction", card.prediction, dims, axes, absent=absent)
    return (target, prediction, *card.further)
