"""The NumPy face: loss objects and functions in Keras's names and argument order."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import losskit.losses  # noqa: F401  (fills the registry)
from losskit import native
from losskit.core.definition import Card, cards, find
from losskit.core.families import Items, OfMean, Setwise, is_rowwise
from losskit.core.namespaces import Array
from losskit.core.packing import packed
from losskit.engine import reduction as reduce
from losskit.engine.arguments import bind, signature, takes
from losskit.engine.call import Call, aligned, checked
from losskit.engine.formulas import Formulas
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
        if isinstance(self.card, Setwise) and self.reduction in ("sum", "none"):
            own: Any = self.card
            inner = f", or {own.inner.name} for sums and items" if self._is_of_mean else ""
            raise ValueError(
                f"{self._card.name} is one value per set: reduction={reduction!r} does not exist "
                f'for it. Use "mean"{inner}.'
            )

    # --- values

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
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

        Returns:
            A scalar in the prediction's dtype (float32 for float16 and bfloat16); for reduction
            "none" an array of items.

        Raises:
            TypeError: an argument is not numeric, or predictions are integers and no quantities.
            ValueError: shapes do not match, or a value is outside its domain.
        """
        if self._own:
            return self._by_own((y_true, y_pred), sample_weight, mask, num_items)
        if sample_weight is None and mask is None and num_items is None:
            quick = self._quick(y_true, y_pred, False)
            if quick is not None:
                return quick[0]
        return self._evaluate((y_true, y_pred), sample_weight, mask, num_items, value=True)[0]

    def gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
    ) -> Any:
        """Derivative of the reduced loss with respect to each prediction, in its shape and dtype.

        For reduction "none": of each item with respect to its own predictions. Arguments and
        errors are those of the call.

        Returns:
            An array; a tuple of them of a loss that takes several predictions.
        """
        self._check_own("gradient")
        return self._evaluate((y_true, y_pred), sample_weight, mask, num_items, order="slope")[1]

    def value_and_gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any]:
        """The loss and its gradient; ``out`` is an array to write the gradient into.

        Raises:
            ValueError: ``out`` is not an array of the prediction's shape and dtype. Else as the
                call.
        """
        self._check_own("value_and_gradient")
        if sample_weight is None and mask is None and num_items is None:
            quick = self._quick(y_true, y_pred, True, out)
            if quick is not None:
                return quick  # type: ignore[no-any-return]
        return self._evaluate(
            (y_true, y_pred), sample_weight, mask, num_items, value=True, order="slope", out=out
        )

    def curvature(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
    ) -> Any:
        """Second derivative of the reduced loss by each prediction (the Hessian's diagonal)."""
        self._check_own("curvature")
        return self._evaluate((y_true, y_pred), sample_weight, mask, num_items, order="curve")[1]

    def elementwise(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None
    ) -> Array:
        """The weighted items, unreduced: one per element, or one per row; 0 where masked.

        Raises:
            TypeError: the loss belongs to a set (root mean squared error). Else as the call.
        """
        return self._elementwise((y_true, y_pred), sample_weight, mask)

    # --- parts

    def parts(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None
    ) -> tuple[float, ...]:
        """What a part of the data adds: `merge` the parts of all, then `combine`.

        (sum, count) in float64. The count is what the mean divides by: the number of items, or the
        sum of their weights for reduction "mean_with_sample_weight". For the root mean squared
        error the sum is that of the squared errors; for other losses of a set the numbers that say
        all of a part stand in place of the sum.
        """
        return self._parts((y_true, y_pred), sample_weight, mask)

    def merge(self, a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
        """The parts of two parts together."""
        count = a[-1] + b[-1]
        if isinstance(self.card, Setwise) and not self._is_of_mean:
            m = NUMPY.vocabulary("float64")
            return (*map(float, self.card.merge(m, a[:-1], b[:-1])), count)
        return a[0] + b[0], count

    def combine(self, *parts: float) -> float:
        """The loss of the whole from the merged parts of its chunks."""
        *state, count = parts
        if self.reduction in ("sum", "none"):
            return float(state[0])
        if isinstance(self.card, Setwise) and not self._is_of_mean:
            if count == 0:
                return reduce.mean(0.0, 0.0, self.on_empty)
            return float(self.card.finish(NUMPY.vocabulary("float64"), tuple(state), count))
        value = reduce.mean(state[0], count, self.on_empty)
        return self.card.outer(value) if self._is_of_mean and value >= 0 else value

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
        self, arrays: tuple[Any, ...], weight: Any, mask: Any, num_items: float | None
    ) -> Any:
        """The value, of the items, the parts and their combination that a subclass makes."""
        call = checked(NUMPY, aligned(NUMPY, self.card, arrays, weight, mask))
        count = self._denominator(call, lambda: self._count(call), num_items)
        given = (*arrays, weight)
        if self.reduction == "none":
            return self.elementwise(*given, mask=mask)
        own = self._own
        if "parts" in own:
            *state, counted = self.parts(*given, mask=mask)
            count = counted if num_items is None else count
        elif "elementwise" in own:
            items = self.elementwise(*given, mask=mask)
            state = [float(np.sum(items, dtype=np.float64))]
        else:
            state = self._state(call)
        return _own_dtype(call).type(self.combine(*state, count))

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

    def _quick(self, y_true: Any, y_pred: Any, gradient: bool, out: Array | None = None) -> Any:
        """(mean, gradient) of plain arrays, by the shortest way; None where only longer ones go."""
        if self.reduction != "mean":
            return None
        return native.mean(self.card, y_true, y_pred, gradient, out)

    def _elementwise(self, arrays: tuple[Any, ...], weight: Any, mask: Any) -> Array:
        if not isinstance(self.card, Items):
            inner = f" Use {self.card.inner.name} for items." if self._is_of_mean else ""
            raise TypeError(
                f"{self.card.name} is one value per set and has none per element.{inner}"
            )
        call = aligned(NUMPY, self.card, arrays, weight, mask)
        known = self._kernel(call)
        if known is not None:
            items = native.empty(known.shape, known.out_dtype)
            if known.run(value=True, items=items) is not None:
                return items
        return self._items(checked(NUMPY, call))

    def _parts(self, arrays: tuple[Any, ...], weight: Any, mask: Any) -> tuple[float, ...]:
        call = aligned(NUMPY, self.card, arrays, weight, mask)
        known = self._kernel(call)
        found = known.run(value=True) if known is not None else None
        if known is not None and found is not None:
            return found[0], self._own_count(known)
        call = checked(NUMPY, call)
        return (*self._state(call), self._count(call))

    def _evaluate(
        self,
        arrays: tuple[Any, ...],
        weight: Any,
        mask: Any,
        num_items: Any,
        *,
        value: bool = False,
        order: str | None = None,
        out: Any = None,
    ) -> tuple[Any, Any]:
        """(value, derivative of that order), each None if not asked for."""
        if out is not None:
            check_out(out, arrays[self.card.main], self.card)
        call = aligned(NUMPY, self.card, arrays, weight, mask)
        fused = self._fused(call, num_items, value=value, order=order, out=out)
        if fused is not None:
            return fused
        call = checked(NUMPY, call)
        count = self._denominator(call, lambda: self._count(call), num_items)
        found = self._value(call, count) if value else None
        if order is None:
            return found, None
        derivatives = tuple(
            self._derivative(call, i, order, count)
            for i, slot in enumerate(call.card.slots)
            if slot.predicted
        )
        derivative: Any = derivatives if len(derivatives) > 1 else derivatives[0]
        if out is None:
            return found, derivative
        out[...] = derivative
        return found, out

    @property
    def _is_of_mean(self) -> bool:
        return isinstance(self.card, OfMean)

    def _kernel(self, call: Call) -> native.Call | None:
        """The call by a kernel: of the items, or of those within a function of their mean."""
        if len(call.arrays) != 2:
            return None
        weight = call.weight
        wide = self._is_of_mean
        card = call.card.inner if wide else call.card
        return native.prepare(card, *call.arrays, weight, call.keep, wide)

    def _fused(
        self,
        call: Call,
        num_items: float | None,
        *,
        value: bool,
        order: str | None,
        out: Array | None,
    ) -> tuple[Any, Any] | None:
        """(value, derivative of that order) in one pass; None where no kernel applies."""
        of_mean, found = self._is_of_mean, None
        if order == "curve" and (of_mean or is_rowwise(call.card)):
            return None
        known = self._kernel(call)
        if known is None or known.items == 0:
            return None
        count = self._denominator(call, lambda: self._own_count(known), num_items, known.items)
        averaged = self.reduction in ("mean", "mean_with_sample_weight")
        if averaged and not count:
            return None
        scale = 1.0 / count if averaged else 1.0
        if of_mean:
            # By the chain rule, in float64.
            found = known.run(value=True)
            # Beyond these the squares themselves have left float64: the careful way is NumPy's.
            if found is None or not 1e-250 < found[0] < 1e250:
                return None
            scale *= self.card.outer_slope(found[0] / count)
        derivative = None if order is None else _result(out, known)
        items = None
        if not of_mean or order is not None:
            if value and self.reduction == "none":
                items = native.empty(known.shape, known.out_dtype)
            total = known.run(
                scale,
                value=value and not of_mean,
                items=items,
                slope=derivative if order == "slope" else None,
                curve=derivative if order == "curve" else None,
            )
            if total is None:
                return None
            found = found if of_mean else total
        if out is not None and derivative is not out:
            out[...] = derivative
            derivative = out
        if not value:
            return None, derivative
        if items is not None or found is None:
            return items, derivative
        return _scalar(self.combine(found[0], count), _own_dtype(call).type), derivative

    def _own_count(self, known: native.Call) -> float:
        """What the mean divides by, if the caller does not say."""
        if self.reduction != "mean_with_sample_weight":
            return float(known.items)
        return native.divisor(self.card, known)

    def _formulas(self, call: Call) -> Formulas:
        return Formulas(call.card, NUMPY.vocabulary(call.came), NUMPY, looked=True)

    def _items(self, call: Call) -> Array:
        with np.errstate(all="ignore"):
            items = NUMPY.items(self._formulas(call), call)
            return items if call.weight is None else items * call.weight.astype(items.dtype)

    def _state(self, call: Call) -> list[float]:
        """The sum of the weighted items; of a set all that its value needs."""
        with np.errstate(all="ignore"):
            if self._is_of_mean:
                # Squares of float32 errors overflow where their root does not.
                wide = tuple(x.astype(np.float64) for x in call.arrays)
                inner = dataclasses.replace(call, card=call.card.inner, arrays=wide)
                return [reduce.total(NUMPY.items(self._formulas(inner), inner), call.weight)]
            if isinstance(call.card, Setwise):
                at = self._formulas(call).at(call.used, *self._of_set(call))
                return [float(part) for part in at.state()]
            return [reduce.total(NUMPY.items(self._formulas(call), call), call.weight)]

    def _count(self, call: Call) -> float:
        if self.reduction != "mean_with_sample_weight":
            return float(_counted(call))
        weight = call.weight
        if getattr(call.card, "class_weight", None):
            formulas = self._formulas(call)
            own = call.card.weights(formulas.m, *formulas.fitted(call.used, call.arrays))
            weight = own if weight is None else own * weight
        if weight is None:
            return float(_counted(call))
        return float(np.sum(weight if call.used is None else np.where(call.used, weight, 0.0)))

    def _denominator(
        self,
        call: Call,
        own: Callable[[], float],
        num_items: float | None,
        items: int | None = None,
    ) -> float:
        if num_items is None:
            return own()
        if self.reduction in ("sum", "none"):
            raise ValueError(
                f"num_items goes with a mean, got num_items={num_items} with "
                f"reduction={self.reduction!r}."
            )
        if isinstance(self.card, Setwise):
            raise ValueError(
                f"{self.card.name} is one value per set: the values of parts do not add up to the "
                f"whole's, so num_items={num_items} has no meaning. Merge the parts(...) of the "
                "chunks, then combine them."
            )
        count = reduce.check_num_items(num_items)
        if count == 0 and own():
            raise ValueError(
                f"num_items is {num_items!r}, but this part alone has "
                f"{_counted(call) if items is None else items} items that count. "
                "Pass the count of the whole."
            )
        return count

    def _value(self, call: Call, count: float) -> Any:
        if self.reduction == "none":
            return self._items(call)
        dtype = _own_dtype(call).type
        if isinstance(call.card, Setwise):
            if count == 0:
                return dtype(reduce.mean(0.0, 0.0, self.on_empty))
            with np.errstate(all="ignore"):
                return dtype(self._formulas(call).value(call.used, *self._of_set(call, count)))
        return _scalar(self.combine(*self._state(call), count), dtype)

    def _derivative(self, call: Call, slot: int, order: str, count: float) -> Array:
        formulas, came = self._formulas(call), call.arrays[slot].dtype
        with np.errstate(all="ignore"):
            if isinstance(call.card, Setwise):
                if count == 0:
                    reduce.mean(0.0, 0.0, self.on_empty)
                    return np.zeros(call.arrays[slot].shape, came)
                arrays = self._of_set(call, count)
                return formulas.slope(slot, call.used, *arrays, order=order).astype(came)
            slope = formulas.slope(slot, call.used, *call.arrays, order=order)
            per_item = np.ones(()) if call.weight is None else call.weight
            if self.reduction not in ("sum", "none"):
                # An empty mean has zero gradient, so 1 stands in for its count.
                reduce.mean(0.0, count, self.on_empty)
                per_item = per_item / (count or 1.0)
            if per_item.ndim:
                per_item = formulas.spread(slot, per_item)
            return np.multiply(slope, per_item.astype(slope.dtype)).astype(came, copy=False)

    @staticmethod
    def _of_set(call: Call, count: float = 1.0) -> tuple[Any, ...]:
        """What the formulas of a set take, in float64."""
        arrays = [x.astype(np.float64) for x in call.arrays]
        weight = np.ones(()) if call.weight is None else call.weight
        weight = weight if call.used is None else np.where(call.used, weight, 0.0)
        return (*arrays, np.broadcast_to(weight, call.prediction.shape), np.float64(count))

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
        return self._by_own(*given) if self._own else self._evaluate(*given, value=True)[0]

    def gradient(self, *args: Any, **named: Any) -> Any:
        self._check_own("gradient")
        return self._evaluate(*self._bind("gradient", args, named), order="slope")[1]

    def value_and_gradient(self, *args: Any, out: Any = None, **named: Any) -> tuple[Any, Any]:
        self._check_own("value_and_gradient")
        given = self._bind("value_and_gradient", args, named)
        return self._evaluate(*given, value=True, order="slope", out=out)

    def curvature(self, *args: Any, **named: Any) -> Any:
        self._check_own("curvature")
        return self._evaluate(*self._bind("curvature", args, named), order="curve")[1]

    def elementwise(self, *args: Any, **named: Any) -> Array:
        return self._elementwise(*self._bind("elementwise", args, named, False))

    def parts(self, *args: Any, **named: Any) -> tuple[float, ...]:
        return self._parts(*self._bind("parts", args, named, False))

    def _bind(
        self, method: str, args: tuple[Any, ...], named: dict[str, Any], counts: bool = True
    ) -> tuple[Any, ...]:
        """(what the card takes, weights, mask, item count) of a call."""
        label = self.card.name if method == "__call__" else f"{self.card.name}.{method}"
        keywords = _OPTIONS if counts else _OPTIONS[:1]
        names = takes(self.card)
        arrays, rest = bind(label, names, ("sample_weight",), keywords, args, named)
        return (arrays, rest.get("sample_weight"), *(rest.get(name) for name in keywords))


def _plain(method: str) -> tuple[Any, Any]:
    """The functions that are that method of no subclass's own."""
    return getattr(Loss, method), getattr(globals().get("_Several"), method, None)


_OPTIONS = ("mask", "num_items")
_REDUCTION = {"reduction": "mean", "on_empty": "zero"}
_VALUES = ("elementwise", "parts", "combine")
"""Methods of which the call is made, where a subclass has its own."""


_CALLS = _plain("__call__")


def _counted(call: Call) -> int:
    """How many items count; those of weight 0 count, with value 0."""
    keep = call.keep
    return math.prod(call.shape) if keep is None else int(np.count_nonzero(keep))


def _own_dtype(call: Call) -> Any:
    """The dtype of the computation, in which values are returned."""
    return np.dtype(NUMPY.computed(NUMPY.dtype(call.prediction)))


def check_out(out: Any, y_pred: Any, card: Any = None) -> None:
    """Check that a gradient of these predictions can be written into ``out``.

    Raises:
        TypeError: the card takes several predictions.
        ValueError: it cannot.
    """
    if card is not None and sum(slot.predicted for slot in card.slots) > 1:
        raise TypeError(f"{card.name} has several gradients: out is for losses that have one.")
    p = y_pred if isinstance(y_pred, np.ndarray) else np.asarray(y_pred)
    dtype = np.dtype(float) if p.dtype.kind in "iu" else p.dtype
    if not isinstance(out, np.ndarray) or out.shape != p.shape or out.dtype != dtype:
        raise ValueError(
            f"out must be a NumPy array of shape {p.shape} and dtype {dtype}, got "
            f"{getattr(out, 'shape', type(out).__name__)}, {getattr(out, 'dtype', None)}."
        )
    if not out.flags.writeable:
        raise ValueError("out is read-only. Pass an array that may be written to.")
    if _overlaps_itself(out):
        raise ValueError(
            f"out, of shape {out.shape} and strides {out.strides}, has elements that share memory: "
            "one would be written over another. Pass an array of its own, np.empty_like(y_pred)."
        )


def _overlaps_itself(array: Array) -> bool:
    """Whether two elements may lie in the same place, as those of a broadcast array do."""
    # From the innermost dimension on, each must step over all of those within it.
    within = array.itemsize
    for step, length in sorted(
        (abs(s), n) for s, n in zip(array.strides, array.shape, strict=True)
    ):
        if length == 1:
            continue
        if step < within:
            return bool(array.size)
        within += step * (length - 1)
    return False


def _result(out: Array | None, call: native.Call) -> Array:
    """The array to write a derivative into: ``out``, unless it overlaps with what is read."""
    if out is None:
        return native.empty(call.p.shape, call.dtype)
    apart = not any(
        np.may_share_memory(out, a)
        for a in (call.p, call.y, call.weight, call.keep)
        if a is not None
    )
    return out if apart else native.empty(out.shape, out.dtype)


def _scalar(value: float, dtype: Any) -> Any:
    """The value as a NumPy scalar; one beyond the dtype's range is infinite."""
    if abs(value) <= 3e38:
        return dtype(value)
    with np.errstate(over="ignore"):
        return dtype(value)


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
    return CLASSES[find(name).__name__](**parameters)


def _make_class(card: type[Card]) -> type[Loss]:
    own = {name: default for name, (default, _) in card.rules().items()}
    body = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit",
        "__signature__": signature((), own, {**_REDUCTION, "name": None}),
    }
    return type(card.__name__, (Loss if len(card().slots) == 2 else _Several,), body)


def _make_function(card: type[Card], cls: type[Loss]) -> Callable[..., Any]:
    arrays, weight = takes(card()), "sample_weight"
    of_call = frozenset({*arrays, weight, *_OPTIONS})

    def function(*args: Any, **options: Any) -> Any:
        given = {name: x for name, x in options.items() if name in of_call}
        loss = cls(**{name: x for name, x in options.items() if name not in of_call})
        return loss(*args, **given)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit"
    function.__doc__ = card.__doc__
    own = {name: default for name, (default, _) in card.rules().items()}
    function.__signature__ = signature(  # type: ignore[attr-defined]
        arrays, {weight: None}, {**own, **dict.fromkeys(_OPTIONS), **_REDUCTION}
    )
    return function


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of the NumPy face by name."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    c.name: _make_function(c, CLASSES[c.__name__]) for c in cards()
}
"""Every loss function of the NumPy face by name."""

__all__ = ["CLASSES", "FUNCTIONS", "Loss", "get"]
