"""The NumPy face: loss objects and functions in Keras's names and argument order."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import losskit.losses  # noqa: F401  (fills the registry)
from losskit import native
from losskit.core.definition import Card, cards, find
from losskit.core.namespaces import Array
from losskit.core.packing import packed
from losskit.engine import reduction as reduce
from losskit.engine.arguments import beside, bind, optional, signature, takes
from losskit.engine.call import aligned, checked
from losskit.engine.host import Host, own_dtype
from losskit.engine.numpy import NUMPY

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes


class Loss:
    """A loss with its parameters and its reduction, on NumPy arrays.

    Items are the elements for pointwise losses and the rows for row-wise ones. Everything is
    computed in the prediction's dtype (float16 and bfloat16 in float32), sums in float64.

    Args:
        *args, **parameters: the parameters of the loss, as `losskit show NAME` lists them.
        reduction: "mean" (or "sum_over_batch_size"): the weighted sum of the items divided by
            their number; "mean_with_sample_weight": divided by the sum of their weights; "sum";
            "none" or None: the weighted items themselves.
        on_empty: what the mean of no item is: "zero" (with zero gradient), "nan" or "raise".
        name: a name of your own.

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range.
    """

    _card: ClassVar[type[Card]]

    _own: ClassVar[frozenset[str]] = frozenset()
    """The methods of `_VALUES` that a subclass has of its own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ != "_Several":
            cls._own = frozenset(n for n in _VALUES if getattr(cls, n) not in _plain(n))

    def __init__(
        self,
        *args: Any,
        reduction: str | None = "mean",
        on_empty: str = "zero",
        name: str | None = None,
        **parameters: Any,
    ) -> None:
        if not hasattr(self, "_card"):
            raise TypeError(
                "Loss is the base of all losses. Use one of them, e.g. losskit.Huber(), or "
                'losskit.get("huber").'
            )
        unknown = set(parameters) - set(self._card.rules())
        if unknown or len(args) > len(self._card.rules()):
            known = ", ".join([*self._card.rules(), "reduction", "on_empty", "name"])
            what = ", ".join(sorted(unknown)) or f"{len(args)} positional arguments"
            raise TypeError(f"{type(self).__name__} does not take {what}. It takes: {known}.")
        self.card: Any = self._card(*args, **parameters)
        self.reduction = reduce.check_reduction(reduction)
        self.on_empty = reduce.check_on_empty(on_empty)
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, got {name!r}.")
        self.name = name or self._card.name
        reduce.check_set(self.card, self.reduction)

    # --- values

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        **more: Any,
    ) -> Any:
        """The loss.

        A loss that takes other arrays than targets and predictions takes those in their place, in
        the order of its signature or by name.

        Args:
            y_true: targets, in the prediction's shape; integer labels without the class axis.
            y_pred: floating-point predictions; of a regression whole numbers too.
            sample_weight: weights >= 0: a number, one per item, or one per sample.
            mask: boolean, True where an item counts; the others touch nothing, even if NaN.
            num_items: the item count of the whole of which this is a part: the mean then is
                sum / num_items, so that the parts' values and gradients add up to the whole's.
            **more: what the loss takes besides, if anything: class_weight, pos_weight.

        Returns:
            A scalar in the prediction's dtype (float32 for float16 and bfloat16); for reduction
            "none" an array of items.

        Raises:
            TypeError: an argument is not numeric, or predictions are integers and no quantities.
            ValueError: shapes do not match, or a value is outside its domain.
        """
        if self._own:
            return self._by_own((y_true, y_pred), sample_weight, mask, more, num_items)
        given = (y_true, y_pred), sample_weight, mask, more, num_items
        quick = self._quick(*given, gradient=False)
        if quick is not None:
            return quick[0]
        return self._host().evaluate(*given, value=True)[0]

    def gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        **more: Any,
    ) -> Any:
        """Derivative of the reduced loss with respect to each prediction, in its shape and dtype.

        For reduction "none": of each item with respect to its own predictions. Arguments and
        errors are those of the call.

        Returns:
            An array; a tuple of them of a loss that takes several predictions.
        """
        self._check_own("gradient")
        return self._host().evaluate(
            (y_true, y_pred), sample_weight, mask, more, num_items, order="slope"
        )[1]

    def value_and_gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        out: Array | None = None,
        **more: Any,
    ) -> tuple[Any, Any]:
        """The loss and its gradient; ``out`` is an array to write the gradient into.

        Raises:
            ValueError: ``out`` is not an array of the prediction's shape and dtype. Else as the
                call.
        """
        self._check_own("value_and_gradient")
        given = (y_true, y_pred), sample_weight, mask, more, num_items
        quick = self._quick(*given, gradient=True, out=out)
        if quick is not None:
            return quick  # type: ignore[no-any-return]
        return self._host().evaluate(*given, value=True, order="slope", out=out)

    def curvature(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        **more: Any,
    ) -> Any:
        """Second derivative of the reduced loss by each prediction (the Hessian's diagonal)."""
        self._check_own("curvature")
        return self._host().evaluate(
            (y_true, y_pred), sample_weight, mask, more, num_items, order="curve"
        )[1]

    def elementwise(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None, **more: Any
    ) -> Array:
        """The weighted items, unreduced: one per element, or one per row; 0 where masked.

        Raises:
            TypeError: the loss belongs to a set (root mean squared error). Else as the call.
        """
        return self._host().elementwise((y_true, y_pred), sample_weight, mask, more)

    # --- parts

    def parts(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None, **more: Any
    ) -> tuple[float, ...]:
        """What a part of the data adds: `merge` the parts of all, then `combine`.

        (sum, count) in float64. The count is what the mean divides by: the number of items, or the
        sum of their weights for reduction "mean_with_sample_weight". For the root mean squared
        error the sum is that of the squared errors; for other losses of a set the numbers that say
        all of a part stand in place of the sum.
        """
        return self._host().parts((y_true, y_pred), sample_weight, mask, more)

    def merge(self, a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
        """The parts of two parts together."""
        return self._host().merge(a, b)

    def combine(self, *parts: float) -> float:
        """The loss of the whole from the merged parts of its chunks."""
        return self._host().combine(*parts)

    def packed(self) -> Loss:
        """The same loss, of targets and one array: of several predictions side by side.

        They lie along the last axis (but for the dimensions of an item). A loss that takes one
        prediction is itself.
        """
        card = packed(self.card)
        if card is self.card:
            return self
        loss = copy.copy(self)
        loss.card = card
        return loss

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw loss and gradient against the prediction; see `losskit.plots.plot`."""
        from losskit.plots import plot

        return plot(self, ax=ax, **options)

    # --- what a subclass has of its own

    def _by_own(
        self,
        arrays: tuple[Any, ...],
        weight: Any,
        mask: Any,
        more: dict[str, Any],
        num_items: float | None,
    ) -> Any:
        """The value, of the items, the parts and their combination that a subclass makes."""
        host = self._host()
        call = checked(NUMPY, aligned(NUMPY, self.card, arrays, weight, mask, more=more))
        count = host.denominator(call, lambda: host.count(call), num_items)
        given = (*arrays, weight)
        if self.reduction == "none":
            return self.elementwise(*given, mask=mask, **more)
        own = self._own
        if "parts" in own:
            *state, counted = self.parts(*given, mask=mask, **more)
            count = counted if num_items is None else count
        elif "elementwise" in own:
            items = self.elementwise(*given, mask=mask, **more)
            state = [float(np.sum(items, dtype=np.float64))]
        else:
            state = host.state(call)
        return own_dtype(call).type(self.combine(*state, count))

    def _check_own(self, method: str) -> None:
        kind = type(self)
        if not self._own and kind.__call__ in _CALLS:
            return
        own = self._own if kind.__call__ in _CALLS else self._own | {"__call__"}
        if getattr(kind, method) in _plain(method):
            raise TypeError(
                f"{kind.__name__} has {', '.join(sorted(own))} of its own, of which {method} "
                f"knows nothing. Give it {method} too; or write a card (value, slope, curve), from "
                "which all of them follow."
            )

    # --- inside

    def _host(self) -> Host:
        return Host(self.card, self.reduction, self.on_empty)

    def _quick(
        self,
        arrays: tuple[Any, ...],
        weight: Any,
        mask: Any,
        more: dict[str, Any],
        num_items: Any,
        *,
        gradient: bool,
        out: Array | None = None,
    ) -> Any:
        """(mean, gradient) of plain arrays, by the shortest way; None where only longer ones go."""
        if self.reduction != "mean":
            return None
        for x in (weight, mask):
            if x is not None and type(x) is not np.ndarray:
                return None  # a masked array is none
        card, by_class, number = self.card, None, 0.0
        if num_items is not None:
            if type(num_items) is not int or not 0 < num_items < 2**63:
                return None
            number = float(num_items)
        if more:
            given = native.besides(card, arrays, more)
            if given is None:
                return None
            card, arrays, by_class = given
            # Class weights are weights of items, and a call has those once.
            if by_class is not None and not (weight is None and mask is None):
                return None
        by = (1,) if gradient else ()
        found = native.mean(card, arrays, by, out, by_class, native.MEAN, 1.0, weight, mask, number)
        return found if found is None or not gradient else (found[0], found[1][0])

    def __repr__(self) -> str:
        given = self.card.parameters()
        given["reduction"] = self.reduction
        if self.on_empty != "zero":
            given["on_empty"] = self.on_empty
        if self.name != self.card.name:
            given["name"] = self.name
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Loss) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((self.card, self.reduction, self.on_empty, self.name))


class _Several(Loss):
    """A loss of other arrays than targets and predictions alone: the same methods, for any."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        given = self._bind("__call__", args, named)
        return self._by_own(*given) if self._own else self._host().evaluate(*given, value=True)[0]

    def gradient(self, *args: Any, **named: Any) -> Any:
        self._check_own("gradient")
        return self._host().evaluate(*self._bind("gradient", args, named), order="slope")[1]

    def value_and_gradient(self, *args: Any, out: Any = None, **named: Any) -> tuple[Any, Any]:
        self._check_own("value_and_gradient")
        given = self._bind("value_and_gradient", args, named)
        return self._host().evaluate(*given, value=True, order="slope", out=out)

    def curvature(self, *args: Any, **named: Any) -> Any:
        self._check_own("curvature")
        return self._host().evaluate(*self._bind("curvature", args, named), order="curve")[1]

    def elementwise(self, *args: Any, **named: Any) -> Array:
        return self._host().elementwise(*self._bind("elementwise", args, named, False))

    def parts(self, *args: Any, **named: Any) -> tuple[float, ...]:
        return self._host().parts(*self._bind("parts", args, named, False))

    def _bind(
        self, method: str, args: tuple[Any, ...], named: dict[str, Any], counts: bool = True
    ) -> tuple[Any, ...]:
        """(what the card takes, weights, mask, optional slots, item count) of a call."""
        label = self.card.name if method == "__call__" else f"{self.card.name}.{method}"
        further = tuple(slot.name for slot in self.card.optional)
        keywords = (*(_OPTIONS if counts else _OPTIONS[:1]), *further)
        names = takes(self.card)
        arrays, rest = bind(label, names, ("sample_weight",), keywords, args, named)
        more = {name: rest[name] for name in further if name in rest}
        counted = (rest.get("num_items"),) if counts else ()
        return (arrays, rest.get("sample_weight"), rest.get("mask"), more, *counted)


def _plain(method: str) -> tuple[Any, Any]:
    """The functions that are that method of no subclass's own."""
    return getattr(Loss, method), getattr(globals().get("_Several"), method, None)


_OPTIONS = ("mask", "num_items")
_REDUCTION = {"reduction": "mean", "on_empty": "zero"}
_VALUES = ("elementwise", "parts", "combine")
"""Methods of which the call is made, where a subclass has its own."""


_CALLS = _plain("__call__")


def get(name: str | Loss, **parameters: Any) -> Loss:
    """The loss object of that name, class name or alias, e.g. ``get("huber", delta=2.0)``.

    Raises:
        TypeError: a parameter is unknown, or given beside a loss object, which has its own.
        ValueError: no such loss; the message gives the nearest names.
    """
    if isinstance(name, Loss):
        if parameters:
            raise TypeError(f"{name!r} has its parameters already, got {parameters!r} beside it.")
        return name
    return class_of(find(name))(**parameters)


def own_cards() -> list[type[Card]]:
    """The cards that were made by `losskit.loss`."""
    return [card for card in cards() if card.__module__ == "losskit.define"]


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.ndim > 0


@cache
def class_of(card: type[Card]) -> type[Loss]:
    """The class of a card."""
    own = {name: default for name, (default, _) in card.rules().items()}
    body = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit",
        "__signature__": signature((), own, {**_REDUCTION, "name": None}),
    }
    return type(card.__name__, (Loss if len(card().slots) == 2 else _Several,), body)


def _make_function(card: type[Card], cls: type[Loss]) -> Callable[..., Any]:
    arrays, weight, further = takes(card()), "sample_weight", optional(card)
    of_call = frozenset({*arrays, weight, *_OPTIONS})

    def function(*args: Any, **options: Any) -> Any:
        given = beside(further, options, _is_array)
        given |= {name: x for name, x in options.items() if name in of_call}
        loss = cls(**{name: x for name, x in options.items() if name not in of_call})
        return loss(*args, **given)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit"
    function.__doc__ = card.__doc__
    own = dict.fromkeys(further) | {name: d for name, (d, _) in card.rules().items()}
    function.__signature__ = signature(  # type: ignore[attr-defined]
        arrays, {weight: None}, {**own, **dict.fromkeys(_OPTIONS), **_REDUCTION}
    )
    return function


CLASSES: dict[str, type[Loss]] = {c.__name__: class_of(c) for c in cards()}
"""Every loss class of the NumPy face by name."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    c.name: _make_function(c, CLASSES[c.__name__]) for c in cards()
}
"""Every loss function of the NumPy face by name."""

__all__ = ["CLASSES", "FUNCTIONS", "Loss", "get"]
