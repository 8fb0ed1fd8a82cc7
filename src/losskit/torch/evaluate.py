"""One loss call on tensors: check, leave out what does not count, reduce."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.symbolic_shapes import guard_scalar

from losskit.core import inputs
from losskit.core.definition import Card, made
from losskit.core.families import Items, Setwise, has_row_target, out_of_domain, placed
from losskit.core.namespaces.torch import TorchVocabulary
from losskit.torch import derivatives, kernels
from losskit.torch.derivatives import product, spread, vocabulary
from losskit.torch.kernels import HALF, Plan

REDUCTIONS = ("mean", "sum", "none")
ON_EMPTY = ("zero", "nan")


def make(card: type[Card], **parameters: Any) -> Any:
    """The card with these parameters, made and checked once.

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range; or it asks
            for a derivative, and there is none by it.
    """
    for name, value in parameters.items():
        if type(value) not in (float, int, bool) and getattr(value, "requires_grad", False):
            raise TypeError(
                f"{name} requires a gradient, but here no loss has a derivative by a parameter. "
                f"Pass {name}.tolist()."
            )
    if torch.compiler.is_compiling():
        # The compiler cannot make one, but reads one that it finds under a name.
        fixed = {name: _fixed(value) for name, value in parameters.items()}
        return getattr(_kept, _keep(card, **fixed))
    return made(card, parameters)


class _Kept:
    """Cards of compiled calls, as attributes."""


_kept = _Kept()
_names: dict[Card, str] = {}


@torch.compiler.assume_constant_result
def _keep(card: type[Card], **parameters: Any) -> str:
    known = made(card, parameters)
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
    input: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    keep: Tensor | None = None,
    reduction: str = "mean",
    by_weights: bool = False,
    on_empty: str = "zero",
    checked: bool = True,
    leading: bool = False,
) -> Tensor:
    """The reduced loss, or the items.

    Args:
        card: a loss card.
        input: predictions.
        target: targets, as the card takes them.
        weight: of each item, in the shape of the items, or one that broadcasts to it.
        keep: boolean, in the shape of the items: which of them count.
        reduction: "mean", "sum" or "none".
        by_weights: whether the mean divides by the sum of the weights, not by the number of items.
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        checked: whether values out of their domain are an error.
        leading: whether weights and mask of fewer dimensions belong to the first ones.

    Raises:
        TypeError: an argument is no tensor, or complex, or the input holds integers.
        ValueError: shapes do not match, or a value is out of its domain.
    """
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        raise TypeError(
            f"input and target must be tensors, got {type(input).__name__} and "
            f"{type(target).__name__}. Convert them with torch.as_tensor."
        )
    if weight is None and keep is None and reduction == "mean" and on_empty in ON_EMPTY:
        found = kernels.mean(card, input, target)
        if found is not None:
            return found
    if torch.compiler.is_compiling():
        _fixed(list(card.parameters().values()))
    card = placed(card, input.dim(), lambda kind, parameters: make(kind, **parameters))
    check_reduction(reduction)
    check_on_empty(on_empty)
    if target.is_complex():
        raise TypeError(f"target must hold real numbers, got {target.dtype}.")
    input = real(card, input, target)
    plan = Plan(card, reduction, by_weights, result_dtype(input))
    if weight is not None or keep is not None:
        with named():
            inputs.check_shapes(card, target.shape, input.shape)
        items = inputs.item_shape(card, tuple(input.shape))
        weight = laid("weight", weight, items, leading)
        keep = laid("mask", keep, items, leading)
        if keep is not None and keep.dtype != torch.bool:
            raise TypeError(
                f"mask must be boolean (True counts), got {keep.dtype}. Compare first, e.g. "
                "mask=(target != -1); for weights use weight."
            )
    differentiates = (weight is not None and weight.requires_grad) or target.requires_grad
    if not differentiates and kernels.reachable(input, target, weight, keep):
        found = kernels.loss(plan, input, target, weight, keep)
        if found is not None:
            return found
    with named():
        inputs.check_shapes(card, target.shape, input.shape)
        call = _prepare(plan, input, target, weight, keep, checked)
        return _reduced(plan, call, on_empty)


named = partial(inputs.named, y_true="target", y_pred="input", np="torch")
"""Messages in this face's words."""


def real(card: Any, input: Tensor, target: Tensor) -> Tensor:
    """Predictions as floating-point numbers: of quantities, whole ones are predictions too.

    Raises:
        TypeError: they are complex, or whole numbers where there can only be class numbers.
        ValueError: they are more or fewer than the targets, which is the first thing to say.
    """
    if input.is_floating_point():
        return input
    whole = not input.is_complex() and input.dtype != torch.bool
    if whole and card.task == "regression":
        return input.to(torch.get_default_dtype())
    if target.shape[:1] != input.shape[:1]:
        with named():
            inputs.check_shapes(card, target.shape, input.shape)
    raise TypeError(
        f"input holds {input.dtype} (shape {tuple(input.shape)}), expected floating-point "
        "predictions. Class numbers (an argmax) have no gradient: pass the probabilities or logits "
        "themselves; if these are such, or scores, convert with input.float()."
    )


def laid(name: str, x: Any, shape: tuple[int, ...], leading: bool = False) -> Tensor | None:
    """Weights or a mask, broadcast to a shape; by their first dimensions, or as PyTorch does."""
    if x is None:
        return None
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} must be a tensor, got {type(x).__name__}. Convert with torch.as_tensor."
        )
    if x.dim() == len(shape) and x.shape == shape:  # a size that is open is compared to no other
        return x
    first = leading and 0 < x.dim() < len(shape)
    aligned = x.reshape(*x.shape, *([1] * (len(shape) - x.dim()))) if first else x
    try:
        return aligned.expand(shape)
    except RuntimeError:
        along = "its first dimensions" if first else "its last dimensions"
        raise ValueError(
            f"{name} must broadcast to {shape} by {along}: got {name}.shape={tuple(x.shape)}."
        ) from None


def check_reduction(reduction: Any) -> str:
    if reduction not in REDUCTIONS:
        raise ValueError(f'reduction must be "mean", "sum" or "none", got {reduction!r}.')
    return str(reduction)


def check_on_empty(on_empty: Any) -> str:
    if on_empty not in ON_EMPTY:
        raise ValueError(f'on_empty must be "zero" or "nan", got {on_empty!r}.')
    return str(on_empty)


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """Tensors in the dtype of the computation, fit for the formulas."""

    y: Tensor
    p: Tensor
    m: Any
    weight: Tensor | None
    """Of each item that counts, 0 for the others; of their shape or broadcasting to it."""
    keep: Tensor | None
    count: Tensor | int
    """What a mean divides by."""
    some: Tensor | None
    """Whether anything counts; None if all does."""
    bad: Tensor | None
    """Which items are out of their domain, where that could not be an error."""


def result_dtype(input: Tensor) -> torch.dtype:
    """PyTorch's: that of the input; float32 under autocast."""
    kind = input.device.type
    if input.dtype in HALF and torch.is_autocast_enabled(kind):
        return torch.float32
    return input.dtype


def _prepare(
    plan: Plan,
    p: Tensor,
    y: Tensor,
    weight: Tensor | None,
    keep: Tensor | None,
    checked: bool = False,
) -> Call:
    card = plan.card
    m = vocabulary(p.dtype)
    given = y
    p = p.float() if p.dtype in HALF else p
    y = _labels(y) if card.target.labels else y.to(p.dtype)
    ignored = card.ignored() if isinstance(card, Items) else None
    if ignored is not None:
        counted = y != ignored
        keep = counted if keep is None else keep & counted
    items = inputs.item_shape(card, tuple(p.shape))
    # A number as it is: while a program is traced it may stand for any.
    count: Tensor | int = math.prod(items) if keep is None else keep.sum().to(p.dtype)
    used = keep
    if weight is not None:
        weight = weight.to(p.dtype)
        used = weight != 0 if keep is None else keep & (weight != 0)
        weight = torch.where(used, weight, torch.zeros_like(weight))
        if plan.by_weights:
            count = weight.sum()
    elif keep is not None:
        weight = keep.to(p.dtype)
    bad = _check_values(card, given, p, used, m) if checked else None
    if used is not None:
        # Before any formula: what does not count may be NaN, and 0 * NaN is NaN.
        laid = spread(card, used)
        fill = torch.zeros_like(y) if card.target.labels else torch.ones_like(y)
        y = torch.where(used if has_row_target(card) else laid, y, fill)
        p = torch.where(laid, p, torch.full_like(p, 0.5))
    some = None if used is None else used.any()
    return Call(y, p, m, weight, keep, count, some, bad)


def _reduced(plan: Plan, call: Call, on_empty: str) -> Tensor:
    card = plan.card
    if isinstance(card, Setwise):
        ones = torch.ones_like(call.p)
        weight = ones if call.weight is None else call.weight.expand(call.p.shape)
        count = call.count if isinstance(call.count, Tensor) else ones.new_full((), call.count)
        if weight.requires_grad:  # by operations: of the weights no slope is given
            return card.value(call.m, call.y, call.p, weight, count).sum().to(plan.dtype)
        bad = None if call.bad is None else call.bad.any()
        return derivatives.apply(card, call.m, call.y, call.p, weight, count, bad=bad).to(
            plan.dtype
        )
    items = derivatives.apply(card, call.m, call.y, call.p, bad=call.bad)
    if call.weight is not None:
        items = items * call.weight
    if plan.reduction == "none":
        return items.to(plan.dtype)
    total = items.sum()
    if plan.reduction == "mean":
        empty = float("nan") if on_empty == "nan" else 0.0
        if not isinstance(call.count, Tensor):
            total = total / call.count if call.count else total + empty
        else:
            total = divided(total, call.count, call.some, empty)
    return total.to(plan.dtype)


def divided(total: Tensor, count: Tensor, some: Tensor | None, empty: float) -> Tensor:
    """total / count, or what the mean of nothing is.

    Weights that cancel are no such mean: they divide by 0, as in PyTorch.
    """
    if some is None:
        return total / count
    return torch.where(some, total, empty) / torch.where(some, count, 1.0)


def gradient_by_operations(
    plan: Plan, g: Tensor, p: Tensor, y: Tensor, weight: Tensor | None, keep: Tensor | None
) -> Tensor:
    """The gradient of a loss by the prediction, itself differentiable by it and by ``g``."""
    call = _prepare(plan, p, y, weight, keep)
    rate = g.to(call.p.dtype)
    if plan.reduction == "mean":
        rate = rate / call.count
    if call.weight is not None:
        rate = rate * call.weight
    slope = plan.card.slope(call.m, call.y, call.p)
    return product(slope, spread(plan.card, rate) if rate.ndim else rate).to(p.dtype)


def _labels(y: Tensor) -> Tensor:
    """Labels as int64; one that is fractional or NaN becomes no class at all."""
    if not y.is_floating_point():
        return y.long()
    whole = y.long()
    return torch.where(whole.to(y.dtype) == y, whole, torch.full_like(whole, _NO_CLASS))


_NO_CLASS = -(2**62)


def check(card: Any, input: Tensor, target: Tensor, used: Tensor | None = None) -> Tensor | None:
    """What `evaluate` would refuse, for a loss that is composed of another one.

    Returns:
        Which items are out of their domain, where that cannot be an error; None if none may be.

    Raises:
        ValueError: shapes do not match, or a value that is used is out of its domain.
    """
    with named():
        inputs.check_shapes(card, target.shape, input.shape)
        wide = input.float() if input.dtype in HALF else input
        return _check_values(card, target, wide, used, vocabulary(input.dtype))


def _check_values(
    card: Any, y: Tensor, p: Tensor, used: Tensor | None, m: TorchVocabulary
) -> Tensor | None:
    """The NumPy face's messages, wherever there are values to look at without waiting.

    Elsewhere which items they would be said of, labels aside.
    """
    if not kernels.reachable(y, p, used):
        y = y if card.target.labels else y.to(p.dtype)
        bad = out_of_domain(m, card, y, p)
        return bad if bad is None or used is None else bad & used
    target_bounded, prediction_bounded = inputs.bounded(card)
    if not (target_bounded or prediction_bounded):
        return None
    counted = None
    if used is not None:
        counted = np.broadcast_to(used.detach().numpy(), inputs.item_shape(card, tuple(p.shape)))
    if target_bounded:
        half = y.dtype in HALF
        shown = (y.detach().float() if half else y.detach()).numpy()
        own = inputs.spacing(str(y.dtype).removeprefix("torch."))
        inputs.check_target(card, shown, tuple(p.shape), counted, own)
    inputs.check_prediction(card, p.detach().numpy(), counted, m.came.eps)
    return None
