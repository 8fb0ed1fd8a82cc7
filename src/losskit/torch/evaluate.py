"""One loss call on tensors: PyTorch's habits around the engine's call."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.symbolic_shapes import guard_scalar

from losskit.core.definition import Card, made
from losskit.core.slots import item_shape
from losskit.engine.across import Across
from losskit.engine.arguments import check_choice, in_slots
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.engine.reduction import check_num_items, check_set
from losskit.engine.reduction import reduced as reduce
from losskit.torch import kernels
from losskit.torch.framework import TORCH
from losskit.torch.kernels import HALF

REDUCTIONS = ("mean", "sum", "none")
ON_EMPTY = ("zero", "nan")


def make(card: type[Card], **parameters: Any) -> Any:
    """The card with these parameters, made and checked once.

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range; or it asks
            for a derivative, and there is none by it.
    """
    compiling = torch.compiler.is_compiling()
    if not compiling:
        values = parameters.values()
        # Typed: 1 is no flag, though it equals True.
        key = (card, *parameters, *values, *map(type, values))
        try:
            return _cards[key]
        except (KeyError, TypeError):
            pass
    for name, value in parameters.items():
        if type(value) not in (float, int, bool) and getattr(value, "requires_grad", False):
            raise TypeError(
                f"{name} requires a gradient, but here no loss has a derivative by a parameter. "
                f"Pass {name}.tolist()."
            )
    if compiling:
        # The compiler cannot make one, but reads one that it finds under a name.
        return _made(card, parameters)
    known = made(card, parameters)
    if all(type(value) in _PLAIN for value in values):
        if len(_cards) >= _MOST:
            _cards.clear()
        _cards[key] = known
    return known


_cards: dict[Any, Any] = {}
"""By their parameters, where these are plain numbers: asked for in each call."""
_MOST = 2048
_PLAIN = frozenset({float, int, bool, str, type(None)})


def _made(card: type[Card], parameters: dict[str, Any], taken: tuple[str, ...] = ()) -> Any:
    """The same, as the compiler takes it."""
    fixed = {name: _fixed(value) for name, value in parameters.items()}
    return getattr(_kept, _keep(card, taken, **fixed))


class _Kept:
    """Cards of compiled calls, as attributes."""


_kept = _Kept()
_names: dict[Card, str] = {}


@torch.compiler.assume_constant_result
def _keep(card: type[Card], taken: tuple[str, ...], **parameters: Any) -> str:
    known = made(card, parameters, taken)
    name = _names.setdefault(known, f"{card.__name__}_{len(_names)}")
    setattr(_kept, name, known)
    return name


def _fixed(value: Any) -> Any:
    """A parameter as a constant of the compiled program, which holds for this value alone."""
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, dict):
        return tuple((_fixed(k), _fixed(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_fixed(v) for v in value)
    # The compiler makes a variable of a number that it has seen change.
    return guard_scalar(value) if isinstance(value, (int, float)) else value


def evaluate(
    card: Any,
    *tensors: Tensor,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: str = "mean",
    by_weights: bool = False,
    on_empty: str = "zero",
    look: bool = True,
    leading: bool = False,
    num_items: Any = None,
    across: Across | None = None,
    more: dict[str, Tensor] | None = None,
    names: dict[str, str] | None = None,
) -> Tensor:
    """The reduced loss, or the items.

    Args:
        card: a loss card.
        tensors: predictions, targets and what else the card takes, in PyTorch's order.
        weight: of each item, in the shape of the items, or one that broadcasts to it.
        mask: boolean, in the shape of the items: which of them count.
        reduction: "mean", "sum" or "none".
        by_weights: whether the mean divides by the sum of the weights, not by the number of items.
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        look: whether values out of their domain are an error.
        leading: whether weights and mask of fewer dimensions belong to the first ones.
        num_items: what a mean divides by: the item count of the whole of which this is a part.
        across: where the other parts of the batch are, if there are any.
        more: what the card takes besides, by the names of its optional slots.
        names: of slots, for messages, where they are not `WORDS`.

    Raises:
        TypeError: an argument is no tensor, or complex, or the input holds integers.
        ValueError: shapes do not match, or a value is out of its domain.
    """
    plain = across is None and (num_items is None or (type(num_items) is int and num_items > 0))
    if plain and reduction in ("mean", "sum") and on_empty in ON_EMPTY:
        plainly = len(tensors) == 2 and card.slots[0].name == "target"
        slots = (tensors[1], tensors[0]) if plainly else in_slots(card, tensors)
        found = kernels.quick(card, slots, reduction, by_weights, more, weight, mask, num_items)
        if found is not None:
            return found
    compiling = torch.compiler.is_compiling()
    if compiling:
        _fixed(list(card.parameters().values()))
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("on_empty", on_empty, ON_EMPTY)
    check_set(card, reduction)
    if num_items is not None and not isinstance(num_items, (Tensor, torch.SymInt)):
        num_items = check_num_items(num_items)
    if across is not None:
        across.check(reduction)
    with named(**(WORDS if names is None else WORDS | names)):
        slots = in_slots(card, tensors)
        input = slots[card.main]
        if not leading:
            weight, mask = _trailing(card, input, weight, mask)
        call = aligned(
            TORCH, card, slots, weight, mask, make=_made if compiling else None, more=more
        )
        dtype = result_dtype(input)
        # Whether nothing counts is not known of what lies on a device.
        if across is None and (on_empty == "zero" or input.is_cpu):
            fused = TORCH.fused(call, reduction, by_weights, num_items, dtype)
            if fused is not None:
                return fused
        found = reduce(
            TORCH,
            checked(TORCH, call, look),
            reduction,
            by_weights=by_weights,
            on_empty=on_empty,
            num_items=num_items,
            across=across,
        )
        return found.to(dtype)


NAMES = {"target": "target", "prediction": "input"}
"""Of the slots that other faces call otherwise."""
WORDS = {
    "y_true": "target",
    "y_pred": "input",
    "prediction": "input",
    "sample_weight": "weight",
    "np": "torch",
}
"""Messages in this face's words."""


def _trailing(
    card: Any, p: Tensor, weight: Tensor | None, mask: Tensor | None
) -> tuple[Tensor | None, Tensor | None]:
    """Weights and mask in the shape of the items, broadcast as PyTorch does."""
    if (weight is None and mask is None) or not isinstance(p, Tensor) or not p.dim():
        return weight, mask
    shape = item_shape(card, tuple(p.shape))
    return laid("weight", weight, shape), laid("mask", mask, shape)


def laid(name: str, x: Any, shape: tuple[int, ...]) -> Tensor | None:
    """A tensor broadcast to a shape by its last dimensions."""
    if x is None or not isinstance(x, Tensor):
        return x  # said by the engine
    if x.dim() == len(shape) and x.shape == shape:  # a size that is open is compared to no other
        return x
    try:
        return x.expand(shape)
    except RuntimeError:
        raise ValueError(
            f"{name} must broadcast to {shape} by its last dimensions: got {name}.shape="
            f"{tuple(x.shape)}."
        ) from None


def result_dtype(input: Tensor) -> torch.dtype:
    """PyTorch's: that of the input; float32 under autocast, and the default of whole numbers."""
    if not input.is_floating_point():
        return torch.get_default_dtype()
    if input.dtype in HALF and torch.is_autocast_enabled(input.device.type):
        return torch.float32
    return input.dtype
