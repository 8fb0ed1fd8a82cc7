"""The NumPy face: loss objects and functions in Keras's names and argument order."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import losskit.losses  # noqa: F401  (fills the registry)
from losskit import native
from losskit.core import reduction as reduce
from losskit.core.definition import Card, cards, find
from losskit.core.families import Items, Setwise, is_rowwise
from losskit.core.inputs import Inputs, prepare
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import vocabulary

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
        cls._own = frozenset(n for n in _VALUES if getattr(cls, n) is not getattr(Loss, n))

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
            raise ValueError(
                f"{self._card.name} is one value per set: reduction={reduction!r} does not exist "
                'for it. Use "mean", or mean_squared_error for sums and items.'
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
            return self._by_own(y_true, y_pred, sample_weight, mask, num_items)
        if sample_weight is None and mask is None and num_items is None:
            quick = self._quick(y_true, y_pred, False)
            if quick is not None:
                return quick[0]
        fused = self._fused(y_true, y_pred, sample_weight, mask, num_items, value=True)
        if fused is not None:
            return fused[0]
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            return self._value(x, num_items)

    def gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
    ) -> Array:
        """Derivative of the reduced loss with respect to each prediction, in its shape and dtype.

        For reduction "none": of each item with respect to its own predictions. Arguments and
        errors are those of the call.
        """
        self._check_own("gradient")
        fused = self._fused(y_true, y_pred, sample_weight, mask, num_items, order="slope")
        if fused is not None:
            return fused[1]
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            return self._derivative(x, "slope", num_items)

    def value_and_gradient(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Array]:
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
        if out is not None:
            check_out(out, y_pred)
        fused = self._fused(
            y_true, y_pred, sample_weight, mask, num_items, value=True, order="slope", out=out
        )
        if fused is not None:
            return fused
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            value = self._value(x, num_items)
            gradient = self._derivative(x, "slope", num_items)
        if out is None:
            return value, gradient
        out[...] = gradient
        return value, out

    def curvature(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
    ) -> Array:
        """Second derivative of the reduced loss by each prediction (the Hessian's diagonal)."""
        self._check_own("curvature")
        fused = self._fused(y_true, y_pred, sample_weight, mask, num_items, order="curve")
        if fused is not None:
            return fused[1]
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            return self._derivative(x, "curve", num_items)

    def elementwise(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None
    ) -> Array:
        """The weighted items, unreduced: one per element, or one per row; 0 where masked.

        Raises:
            TypeError: the loss belongs to a set (root mean squared error). Else as the call.
        """
        if not isinstance(self.card, Items):
            raise TypeError(
                f"{self.card.name} is one value per set and has none per element. "
                f"Use {self.card.inner.name} for items."
            )
        call = native.prepare(self.card, y_true, y_pred, sample_weight, mask)
        if call is not None:
            items = native.empty(call.shape, call.out_dtype)
            if call.run(value=True, items=items) is not None:
                return items
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            return self._items(x)

    # --- parts

    def parts(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None
    ) -> tuple[float, float]:
        """(sum, count) in float64: add the parts of chunks, then `combine`.

        The count is what the mean divides by: the number of items, or the sum of their weights for
        reduction "mean_with_sample_weight". For the root mean squared error the sum is that of the
        squared errors.
        """
        card, wide = self.card, False
        if isinstance(card, Setwise):
            card, wide = card.inner, True
        call = native.prepare(card, y_true, y_pred, sample_weight, mask, wide)
        found = call.run(value=True) if call is not None else None
        if call is not None and found is not None:
            return found[0], self._own_count(call)
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        with np.errstate(all="ignore"):
            return self._sum(x), self._count(x)

    def combine(self, sum: float, count: float) -> float:
        """The loss of the whole from the added parts of its chunks."""
        if self.reduction in ("sum", "none"):
            return float(sum)
        value = reduce.mean(sum, count, self.on_empty)
        return self.card.finish(value) if isinstance(self.card, Setwise) else value

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw loss and gradient against the prediction; see `losskit.plots.plot`."""
        from losskit.plots import plot

        return plot(self, ax=ax, **options)

    # --- what a subclass has of its own

    def _by_own(
        self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any, num_items: float | None
    ) -> Any:
        """The value, of the items, the parts and their combination that a subclass makes."""
        x = prepare(self.card, y_true, y_pred, sample_weight, mask)
        count = self._denominator(x.items, lambda: self._count(x), num_items)
        if self.reduction == "none":
            return self.elementwise(y_true, y_pred, sample_weight, mask=mask)
        if "parts" in self._own:
            sum_, own = self.parts(y_true, y_pred, sample_weight, mask=mask)
            count = own if num_items is None else count
        elif "elementwise" in self._own:
            items = self.elementwise(y_true, y_pred, sample_weight, mask=mask)
            sum_ = float(np.sum(items, dtype=np.float64))
        else:
            with np.errstate(all="ignore"):
                sum_ = self._sum(x)
        return x.p.dtype.type(self.combine(sum_, count))

    def _check_own(self, method: str) -> None:
        own = self._own | {"__call__"} if type(self).__call__ is not Loss.__call__ else self._own
        if own and getattr(type(self), method) is getattr(Loss, method):
            raise TypeError(
                f"{type(self).__name__} has {', '.join(sorted(own))} of its own, of which {method} "
                f"knows nothing. Give it {method} too; or write a card (value, slope, curve), from "
                "which all of them follow."
            )

    # --- by a kernel

    def _quick(self, y_true: Any, y_pred: Any, gradient: bool, out: Array | None = None) -> Any:
        """(mean, gradient) of plain arrays; None where only the longer ways go."""
        if self.reduction != "mean":
            return None
        return native.mean(self.card, y_true, y_pred, gradient, out)

    def _fused(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any,
        mask: Any,
        num_items: float | None,
        *,
        value: bool = False,
        order: str | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any] | None:
        """(value, derivative of that order) in one pass; None where no kernel applies."""
        card = self.card
        if isinstance(card, Setwise):
            return self._fused_set(
                y_true, y_pred, sample_weight, mask, num_items, value=value, order=order, out=out
            )
        if order == "curve" and is_rowwise(card):
            return None
        call = native.prepare(card, y_true, y_pred, sample_weight, mask)
        if call is None or call.items == 0:
            return None
        count = self._denominator(call.items, lambda: self._own_count(call), num_items)
        averaged = self.reduction in ("mean", "mean_with_sample_weight")
        if averaged and not count:
            return None
        items = (
            native.empty(call.shape, call.out_dtype) if value and self.reduction == "none" else None
        )
        derivative = None if order is None else _result(out, call)
        found = call.run(
            1.0 / count if averaged else 1.0,
            value=value,
            items=items,
            slope=derivative if order == "slope" else None,
            curve=derivative if order == "curve" else None,
        )
        if found is None:
            return None
        if out is not None and derivative is not out:
            out[...] = derivative
            derivative = out
        if not value:
            return None, derivative
        if items is not None:
            return items, derivative
        return _scalar(self.combine(found[0], count), call.out_dtype.type), derivative

    def _fused_set(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any,
        mask: Any,
        num_items: float | None,
        *,
        value: bool,
        order: str | None,
        out: Array | None,
    ) -> tuple[Any, Any] | None:
        """The same for a function of a mean, by the chain rule in float64."""
        card = self.card
        if order == "curve" or not native.has_chain_rule(card):
            return None
        call = native.prepare(card.inner, y_true, y_pred, sample_weight, mask, wide=True)
        found = call.run(value=True) if call is not None else None
        if call is None or found is None or call.items == 0:
            return None
        count = self._denominator(call.items, lambda: self._own_count(call), num_items)
        # Beyond these the squares themselves have left float64: the careful way is NumPy's.
        if not count or not 1e-250 < found[0] < 1e250:
            return None
        dtype = np.asarray(y_pred).dtype
        value_dtype = np.float64 if dtype == np.float64 else np.float32
        result = _scalar(self.combine(found[0], count), value_dtype)
        if order is None:
            return result, None
        derivative = _result(out, call)
        call.run(card.outer_slope(found[0] / count) / count, slope=derivative)
        if out is not None and derivative is not out:
            out[...] = derivative
            derivative = out
        return result, derivative

    def _own_count(self, call: native.Call) -> float:
        """What the mean divides by, if the caller does not say."""
        if self.reduction != "mean_with_sample_weight":
            return float(call.items)
        return native.divisor(self.card, call)

    # --- inside

    def _items(self, x: Inputs) -> Array:
        items = x.card.value(vocabulary(x.dtype), x.y, x.p)
        if x.weight is not None:
            items = items * x.weight.astype(items.dtype)
        if x.keep is not None:
            items = np.where(x.keep, items, np.zeros((), items.dtype))
        return items

    def _sum(self, x: Inputs) -> float:
        card, m = x.card, vocabulary(x.dtype)
        if isinstance(card, Setwise):
            # Squares of float32 errors overflow where their root does not.
            items = card.inner.value(m, x.y.astype(np.float64), x.p.astype(np.float64))
        else:
            items = card.value(m, x.y, x.p)
        return reduce.total(items, x.weight, x.keep)

    def _count(self, x: Inputs) -> float:
        if self.reduction != "mean_with_sample_weight":
            return float(x.items)
        classes = getattr(self.card, "class_weight", None)
        per_item = self.card.weights(vocabulary(x.dtype), x.y, x.p) if classes else np.ones(())
        shape = x.weight.shape if x.weight is not None else None
        if shape is None and not classes:
            return float(x.items)
        return reduce.total(np.broadcast_to(per_item, shape or per_item.shape), x.weight, x.keep)

    def _denominator(self, items: int, own: Callable[[], float], num_items: float | None) -> float:
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
                f"whole's, so num_items={num_items} has no meaning. Add the parts(...) of the "
                "chunks, then combine(sum, count)."
            )
        count = reduce.check_num_items(num_items)
        if count == 0 and own():
            raise ValueError(
                f"num_items is {num_items!r}, but this part alone has {items} items that count. "
                "Pass the count of the whole."
            )
        return count

    def _value(self, x: Inputs, num_items: float | None) -> Any:
        count = self._denominator(x.items, lambda: self._count(x), num_items)
        if self.reduction == "none":
            return self._items(x)
        if isinstance(self.card, Setwise):
            return x.p.dtype.type(self._of_set(x, "value", count).item())
        return x.p.dtype.type(self.combine(self._sum(x), count))

    def _derivative(self, x: Inputs, order: str, num_items: float | None) -> Array:
        count = self._denominator(x.items, lambda: self._count(x), num_items)
        if isinstance(self.card, Setwise):
            return self._of_set(x, order, count).astype(x.dtype)
        per_item = self._per_item(x)
        if self.reduction not in ("sum", "none"):
            # An empty mean has zero gradient, so 1 stands in for its count.
            reduce.mean(0.0, count, self.on_empty)
            per_item = per_item / (count or 1.0)
        slope = getattr(x.card, order)(vocabulary(x.dtype), x.y, x.p)
        if per_item.ndim:
            per_item = np.expand_dims(per_item, x.card.item_axes())
        return np.multiply(slope, per_item.astype(slope.dtype)).astype(x.dtype, copy=False)

    def _of_set(self, x: Inputs, order: str, count: float) -> Array:
        """Value, slope or curve of a set-wise card, in float64."""
        if count == 0:
            empty = reduce.mean(0.0, 0.0, self.on_empty)
            return np.full((), empty) if order == "value" else np.zeros(x.p.shape)
        y, p = x.y.astype(np.float64), x.p.astype(np.float64)
        weight = np.broadcast_to(self._per_item(x), p.shape)
        return np.asarray(
            getattr(self.card, order)(vocabulary(x.dtype), y, p, weight, np.float64(count))
        )

    @staticmethod
    def _per_item(x: Inputs) -> Array:
        """The weight of each item, 0 where it does not count."""
        weight = np.ones(()) if x.weight is None else x.weight
        return weight if x.keep is None else np.where(x.keep, weight, 0.0)

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


_VALUES = ("elementwise", "parts", "combine")
"""Methods of which the call is made, where a subclass has its own."""


def check_out(out: Any, y_pred: Any) -> None:
    """Check that a gradient of these predictions can be written into ``out``.

    Raises:
        ValueError: it cannot.
    """
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
    body = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit",
        "__signature__": _signature(Loss.__init__, card, inspect.Parameter.POSITIONAL_OR_KEYWORD),
    }
    return type(card.__name__, (Loss,), body)


def _signature(generic: Any, card: type[Card], kind: Any) -> inspect.Signature:
    """The signature with the card's parameters in place of ``*args`` and ``**parameters``."""
    own = [inspect.Parameter(n, kind, default=d) for n, (d, _) in card.rules().items()]
    plain = inspect.signature(generic).parameters.values()
    fixed = [p for p in plain if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]
    options = [p for p in plain if p.kind is p.KEYWORD_ONLY]
    return inspect.Signature([*fixed, *own, *options])


def _make_function(card: type[Card], cls: type[Loss]) -> Callable[..., Any]:
    def function(
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_items: float | None = None,
        **options: Any,
    ) -> Any:
        loss = cls(**options)
        return loss(y_true, y_pred, sample_weight, mask=mask, num_items=num_items)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit"
    function.__doc__ = card.__doc__
    options = [
        p for p in inspect.signature(cls).parameters.values() if p.name in ("reduction", "on_empty")
    ]
    plain = _signature(function, card, inspect.Parameter.KEYWORD_ONLY)
    function.__signature__ = plain.replace(  # type: ignore[attr-defined]
        parameters=[*plain.parameters.values(), *options]
    )
    return function


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of the NumPy face by name."""
FUNCTIONS: dict[str, Callable[..., Any]] = {
    c.name: _make_function(c, CLASSES[c.__name__]) for c in cards()
}
"""Every loss function of the NumPy face by name."""

__all__ = ["CLASSES", "FUNCTIONS", "Loss", "get"]
