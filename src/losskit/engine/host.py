"""A loss call on NumPy arrays: by a kernel, value and derivatives in one pass, or by formulas."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from losskit import native
from losskit.core.families import Items, OfMean, Setwise
from losskit.core.namespaces import Array
from losskit.engine import reduction as reduce
from losskit.engine.call import Call, aligned, checked
from losskit.engine.formulas import At, Formulas
from losskit.engine.numpy import NUMPY


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A card with a reduction; sums are made in float64."""

    card: Any
    reduction: str
    """A name of `REDUCTIONS`' values."""
    on_empty: str

    def evaluate(
        self,
        arrays: tuple[Any, ...],
        weight: Any,
        mask: Any,
        more: dict[str, Any],
        num_items: Any,
        *,
        value: bool = False,
        order: str | None = None,
        out: Any = None,
    ) -> tuple[Any, Any]:
        """(value, derivative of that order), each None if not asked for.

        Args:
            arrays: what the card takes, slot by slot.
            weight, mask: of each item.
            more: optional slots, by name.
            num_items: what a mean divides by.
            value, order: what is asked for.
            out: where the derivative is to be written.
        """
        if out is not None:
            check_out(out, arrays[self.card.main], self.card)
        call = aligned(NUMPY, self.card, arrays, weight, mask, more=more)
        fused = self.fused(call, num_items, value=value, order=order, out=out)
        if fused is not None:
            return fused
        call = checked(NUMPY, call)
        count = self.denominator(call, lambda: self.count(call), num_items)
        by = tuple([i for i, slot in enumerate(call.card.slots) if slot.predicted])
        once = functools.cache(lambda: self._at(call, by if order == "slope" else ()))
        found = self._value(call, count, once) if value else None
        if order is None:
            return found, None
        derivatives = tuple(self._derivative(call, i, order, count, once) for i in by)
        derivative: Any = derivatives if len(derivatives) > 1 else derivatives[0]
        if out is None:
            return found, derivative
        out[...] = derivative
        return found, out

    def elementwise(
        self, arrays: tuple[Any, ...], weight: Any, mask: Any, more: dict[str, Any]
    ) -> Array:
        if not isinstance(self.card, Items):
            inner = f" Use {self.card.inner.name} for items." if self.is_of_mean else ""
            raise TypeError(
                f"{self.card.name} is one value per set and has none per element.{inner}"
            )
        call = aligned(NUMPY, self.card, arrays, weight, mask, more=more)
        known = self._kernel(call)
        if known is not None:
            items = native.empty(known.shape, known.out_dtype)
            if known.run(value=True, items=items) is not None:
                return items
        return self.items(checked(NUMPY, call))

    def parts(
        self, arrays: tuple[Any, ...], weight: Any, mask: Any, more: dict[str, Any]
    ) -> tuple[float, ...]:
        call = aligned(NUMPY, self.card, arrays, weight, mask, more=more)
        known = self._kernel(call)
        found = known.run(value=True) if known is not None else None
        if known is not None and found is not None:
            return found[0], self._own_count(call, known)
        call = checked(NUMPY, call)
        return (*self.state(call), self.count(call))

    def merge(self, a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
        """The parts of two parts together."""
        card = self.card.inner if self.is_of_mean else self.card
        return tuple(map(float, reduce.merged(NUMPY.vocabulary("float64"), card, a, b)))

    def combine(self, *parts: float) -> float:
        """The loss of the whole from the merged parts of its chunks."""
        *state, count = parts
        if self.reduction in ("sum", "none"):
            return float(state[0])
        if isinstance(self.card, Setwise) and not self.is_of_mean:
            if count == 0:
                return reduce.mean(0.0, 0.0, self.on_empty)
            return float(self.card.finish(NUMPY.vocabulary("float64"), tuple(state), count))
        value = reduce.mean(state[0], count, self.on_empty)
        return self.card.outer(value) if self.is_of_mean and value >= 0 else value

    @property
    def is_of_mean(self) -> bool:
        return isinstance(self.card, OfMean)

    def _kernel(self, call: Call, curve: bool = False) -> native.Prepared | None:
        """The call by a kernel: of the items, or of those within a function of their mean."""
        weight = call.weight
        wide = self.is_of_mean
        card = call.card.inner if wide else call.card
        return native.prepare(card, call.arrays, weight, call.keep, wide, curve)

    def fused(
        self,
        call: Call,
        num_items: float | None,
        *,
        value: bool,
        order: str | None,
        out: Array | None,
    ) -> tuple[Any, Any] | None:
        """(value, derivative of that order) in one pass; None where no kernel applies."""
        of_mean, found = self.is_of_mean, None
        if order == "curve" and of_mean:
            return None
        known = self._kernel(call, order == "curve")
        if known is None or known.items == 0:
            return None
        count = self.denominator(call, lambda: self._own_count(call, known), num_items, known.items)
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
        derivatives = () if order is None else _results(out, call, known)
        items = None
        if not of_mean or order is not None:
            if value and self.reduction == "none":
                items = native.empty(known.shape, known.out_dtype)
            total = known.run(
                scale,
                value=value and not of_mean,
                items=items,
                slope=derivatives if order == "slope" else (),
                curve=derivatives if order == "curve" else (),
            )
            if total is None:
                return None
            found = found if of_mean else total
        derivative: Any = derivatives if len(derivatives) != 1 else derivatives[0]
        if out is not None and derivative is not out:
            out[...] = derivative
            derivative = out
        derivative = None if order is None else derivative
        if not value:
            return None, derivative
        if items is not None or found is None:
            return items, derivative
        return _scalar(self.combine(found[0], count), own_dtype(call).type), derivative

    def _own_count(self, call: Call, known: native.Prepared) -> float:
        """What the mean divides by, if the caller does not say."""
        if self.reduction != "mean_with_sample_weight":
            return float(known.items)
        if call.divides is not None:
            return self.count(checked(NUMPY, call, look=False))
        return native.divisor(self.card, known)

    def _formulas(self, call: Call) -> Formulas:
        return Formulas(call.card, NUMPY.vocabulary(call.came), NUMPY, looked=True)

    def _at(self, call: Call, by: tuple[int, ...] = ()) -> At:
        """The formulas at the arrays of a call, of which slopes will be asked by these slots."""
        with np.errstate(all="ignore"):
            return self._formulas(call).at(call.used, *call.arrays, ahead=by)

    def items(self, call: Call, at: At | None = None) -> Array:
        with np.errstate(all="ignore"):
            items = (at or self._at(call)).value()
            return items if call.weight is None else items * call.weight.astype(items.dtype)

    def state(self, call: Call, once: Callable[[], At] | None = None) -> list[float]:
        """The sum of the weighted items; of a set all that its value needs."""
        with np.errstate(all="ignore"):
            if self.is_of_mean:
                # Squares of float32 errors overflow where their root does not.
                wide = tuple(x.astype(np.float64) for x in call.arrays)
                inner = dataclasses.replace(call, card=call.card.inner, arrays=wide)
                return [reduce.total(NUMPY.items(self._formulas(inner), inner), call.weight)]
            if isinstance(call.card, Setwise):
                at = self._formulas(call).at(call.used, *self._of_set(call))
                return [float(part) for part in at.state()]
            items = (once() if once else self._at(call)).value()
            return [reduce.total(items, call.weight)]

    def count(self, call: Call) -> float:
        if self.reduction != "mean_with_sample_weight":
            return float(counted(call))
        weight = call.weight if call.divides is None else call.divides
        if weight is None:
            return float(counted(call))
        return float(np.sum(weight if call.used is None else np.where(call.used, weight, 0.0)))

    def denominator(
        self,
        call: Call,
        own: Callable[[], float],
        num_items: float | None,
        items: int | None = None,
    ) -> float:
        if num_items is None:
            return own()
        count = reduce.check_num_items(num_items, self.reduction, self.card)
        if count == 0 and own():
            raise ValueError(
                f"num_items is {num_items!r}, but this part alone has "
                f"{counted(call) if items is None else items} items that count. "
                "Pass the count of the whole."
            )
        return count

    def _value(self, call: Call, count: float, once: Callable[[], At]) -> Any:
        if self.reduction == "none":
            return self.items(call, once())
        dtype = own_dtype(call).type
        if isinstance(call.card, Setwise):
            if count == 0:
                return dtype(reduce.mean(0.0, 0.0, self.on_empty))
            with np.errstate(all="ignore"):
                return dtype(self._formulas(call).value(call.used, *self._of_set(call, count)))
        return _scalar(self.combine(*self.state(call, once), count), dtype)

    def _derivative(
        self, call: Call, slot: int, order: str, count: float, once: Callable[[], At]
    ) -> Array:
        formulas, came = self._formulas(call), call.arrays[slot].dtype
        with np.errstate(all="ignore"):
            if isinstance(call.card, Setwise):
                if count == 0:
                    reduce.mean(0.0, 0.0, self.on_empty)
                    return np.zeros(call.arrays[slot].shape, came)
                arrays = self._of_set(call, count)
                return formulas.slope(slot, call.used, *arrays, order=order).astype(came)
            slope = once().slope(slot, order)
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


def counted(call: Call) -> int:
    """How many items count; those of weight 0 count, with value 0."""
    keep = call.keep
    return math.prod(call.shape) if keep is None else int(np.count_nonzero(keep))


def own_dtype(call: Call) -> Any:
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


def _results(out: Array | None, call: Call, known: native.Prepared) -> tuple[Array, ...]:
    """Arrays to write derivatives into: ``out``, unless it overlaps with what is read."""
    if out is None:
        predicted = [
            x for slot, x in zip(call.card.slots, call.arrays, strict=True) if slot.predicted
        ]
        return tuple([native.empty(x.shape, x.dtype) for x in predicted])
    read = (*call.arrays, known.weight, known.keep)
    apart = not any(np.may_share_memory(out, a) for a in read if a is not None)
    return (out if apart else native.empty(out.shape, out.dtype),)


def _scalar(value: float, dtype: Any) -> Any:
    """The value as a NumPy scalar; one beyond the dtype's range is infinite."""
    if abs(value) <= 3e38:
        return dtype(value)
    with np.errstate(over="ignore"):
        return dtype(value)
