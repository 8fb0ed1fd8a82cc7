"""Every loss of losskit under its own name, as a module and as a function, made from the cards."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from torch import Tensor, nn

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.engine.arguments import (
    beside,
    bind,
    check_choice,
    in_slots,
    optional,
    signature,
    takes,
)
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.engine.reduction import check_set, combined, merged, parts
from losskit.torch.evaluate import NAMES, ON_EMPTY, REDUCTIONS, WORDS, evaluate, make
from losskit.torch.framework import TORCH

_OPTIONS = {"reduction": "mean", "on_empty": "zero", "across": None}
_OF_CALL = ("weight", "mask", "num_items")


class Loss(nn.Module):
    """A losskit loss as a module of PyTorch.

    Args:
        **parameters: the parameters of the loss, as `losskit show NAME` lists them, in its order.
        reduction: "mean": the weighted sum of the items divided by their number; "sum"; "none".
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a batch.

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range.
    """

    _card: ClassVar[type[Card]]
    __signature__: ClassVar[inspect.Signature]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        if not hasattr(self, "_card"):
            raise TypeError(
                "Loss is the base of all losses. Use one of them, e.g. losskit.torch.LogCosh()."
            )
        given = self.__signature__.bind(*args, **kwargs)
        given.apply_defaults()
        options = given.arguments
        self.reduction = check_choice("reduction", options.pop("reduction"), REDUCTIONS)
        self.on_empty = check_choice("on_empty", options.pop("on_empty"), ON_EMPTY)
        self.across = options.pop("across")
        if self.across is not None:
            self.across.check(self.reduction)
        self.card: Any = self._card(**options)
        check_set(self.card, self.reduction)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        num_items: Any = None,
        **more: Tensor,
    ) -> Tensor:
        """The loss.

        A loss that takes more, or other tensors than these two, takes them in place of them and by
        their names, in the order of its function's signature.

        Args:
            input: predictions.
            target: targets, in the input's shape; integer labels without the class axis.
            weight: of each item, broadcast to their shape.
            mask: boolean, True where an item counts; the others touch nothing, even if NaN.
            num_items: the item count of the whole of which this is a part: what the mean divides
                by, so that the parts' values and gradients add up to the whole's.
            **more: what the loss takes besides, if anything: class_weight, one for each class;
                pos_weight, as ``weight``. They may change from call to call, and have gradients.

        Raises:
            TypeError: the input holds integers.
            ValueError: shapes do not match, or a value is outside its domain.
        """
        return evaluate(
            self.card,
            input,
            target,
            weight=weight,
            mask=mask,
            num_items=num_items,
            leading=True,
            reduction=self.reduction,
            on_empty=self.on_empty,
            across=self.across,
            more=more,
        )

    def parts(self, *tensors: Tensor, **options: Any) -> tuple[Tensor, ...]:
        """What a part of the data adds: `merge` the parts of all, then `combine` them to the mean.

        (sum, count); of a loss of a set the numbers that say all of a part, and the count.
        Arguments and errors are those of the call.
        """
        more = _more(self.card, options)
        tensors, options = _bound(self.card, tensors, options)
        with named(**WORDS):
            slots = in_slots(self.card, tensors)
            call = aligned(TORCH, self.card, slots, **options, more=more)
            return parts(TORCH, checked(TORCH, call))

    def merge(self, a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The parts of two parts together."""
        return merged(TORCH.vocabulary("float32"), self.card, a, b)

    def combine(self, *parts: Tensor) -> Tensor:
        """The loss of the whole, a mean, from the merged parts of its chunks."""
        empty = math.nan if self.on_empty == "nan" else 0.0
        return combined(TORCH.vocabulary("float32"), self.card, parts, empty)

    def extra_repr(self) -> str:
        """The parameters that differ from their defaults."""
        own = {name: getattr(self, name) for name in _OPTIONS}
        shown = {**self.card.parameters(), **own}
        defaults = {k: p.default for k, p in self.__signature__.parameters.items()}
        return ", ".join(f"{k}={v!r}" for k, v in shown.items() if v != defaults[k])


def get(name: str, **parameters: Any) -> Loss:
    """The module of that name, class name or alias, e.g. ``get("huber", delta=2.0)``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    return _make_class(find(name))(**parameters)


def call(card: Any, tensors: tuple[Any, ...], given: dict[str, Any], **how: Any) -> Tensor:
    """The loss of the arguments of a call."""
    more = _more(card, given)
    if given or len(tensors) != 2 or len(card.slots) != 2:
        tensors, given = _bound(card, tensors, given, "num_items")
    return evaluate(card, *tensors, **given, leading=True, more=more, **how)


def _bound(card: Any, tensors: Any, given: dict[str, Any], *keywords: str) -> Any:
    """What a card takes, in its order; weights, a mask and keywords by name."""
    return bind(card.name, takes(card, NAMES, True), ("weight", "mask"), keywords, tensors, given)


def _more(card: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What is given for optional slots, taken out of the arguments of a call."""
    return {slot.name: given.pop(slot.name) for slot in card.optional if slot.name in given}


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dim() > 0


def _parameters(card: type[Card]) -> dict[str, Any]:
    return {name: default for name, (default, _) in card.rules().items()}


@cache
def _make_class(card: type[Card]) -> type[Loss]:
    body: dict[str, Any] = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit.torch",
        "__signature__": signature((), {**_parameters(card), **_OPTIONS}, {}),
    }
    if len(card().slots) != 2:
        body["forward"] = _forward
    return type(card.__name__, (Loss,), body)


def _forward(self: Loss, *tensors: Tensor, **options: Any) -> Tensor:
    return call(self.card, tensors, options, **{name: getattr(self, name) for name in _OPTIONS})


def _make_function(card: type[Card]) -> Callable[..., Tensor]:
    arrays = takes(card(), NAMES, True)
    others, further = frozenset({*arrays, *_OF_CALL, *_OPTIONS}), optional(card)

    def function(*tensors: Tensor, **options: Any) -> Tensor:
        how = {name: options.pop(name) for name in _OPTIONS if name in options}
        more = beside(further, options, _is_tensor)
        given = {name: options.pop(name) for name in [*options] if name not in others}
        return call(make(card, **given), tensors, options | more, **how)

    # Code of its own: by its code the compiler tells one function from another.
    function.__code__ = function.__code__.replace(co_name=card.name)
    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.torch"
    function.__doc__ = card.__doc__
    function.__signature__ = signature(  # type: ignore[attr-defined]
        arrays,
        {},
        {**dict.fromkeys(further), **_parameters(card), **dict.fromkeys(_OF_CALL), **_OPTIONS},
    )
    return function


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of losskit by name; the same names as in the NumPy face."""
FUNCTIONS: dict[str, Callable[..., Tensor]] = {c.name: _make_function(c) for c in cards()}
"""Every loss function of losskit by name."""
