"""Tensors on the CPU by the compiled kernels: no copy of them, the gradient made with the value."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad

from losskit import native
from losskit.core.families import Items
from losskit.core.namespaces import Array
from losskit.core.slots import item_shape, spread
from losskit.engine.call import Call, aligned, checked
from losskit.engine.reduction import reduced
from losskit.native.find import BFLOAT16
from losskit.torch import blocks, derivatives, host
from losskit.torch.derivatives import hooked, product, product_of_data
from losskit.torch.operations import DTYPES, OPERATIONS

HALF = (torch.float16, torch.bfloat16)
_COMPUTED = (torch.float32, torch.float64)
_FLOATS = (*_COMPUTED, *HALF)


class Plan(NamedTuple):
    """How the items of a card become one number, or are returned."""

    card: Any
    reduction: str
    """"mean", "sum" or "none"."""
    by_weights: bool = False
    """Whether a mean divides by the weights of the items that count, not by their number."""
    dtype: Any = torch.float32
    """Of the result."""
    num_items: Any = None
    """What a mean divides by, if the caller says."""
    came: str | None = None
    """The dtype in which predictions came that are wider now; None for their own."""
    over: int | None = None
    """What `losskit.native.mean` divides by, where that is the way; None for the longer one."""


def array(x: Tensor) -> Array:
    """The tensor's memory as an array; bfloat16 as `BFLOAT16`."""
    if x.requires_grad:
        x = x.detach()
    return x.view(torch.int16).numpy().view(BFLOAT16) if x.dtype == torch.bfloat16 else x.numpy()


def tallied(labels: Tensor) -> Tensor | None:
    """How often each class is in each row of labels, of which the first -1 is the end.

    None where no kernel applies, or one of them is no class of as many as a row is long.
    """
    if not (native.available() and derivatives.reachable(labels) and labels.numel()):
        return None
    counts = torch.empty_like(labels, dtype=torch.float32, memory_format=torch.contiguous_format)
    return counts if native.tally(labels.long().contiguous(), counts) else None


def quick(
    card: Any,
    slots: tuple[Any, ...],
    reduction: str,
    by_weights: bool,
    more: dict[str, Any] | None,
    weight: Tensor | None = None,
    keep: Tensor | None = None,
    num_items: float | None = None,
) -> Tensor | None:
    """The loss by the shortest way there is: most calls are small, and cost Python's time.

    None where that way does not go: the long one computes the same, or says what is wrong.
    """
    if not _READABLE or not derivatives.reachable() or forward_ad._current_level >= 0:
        return None
    by_class = None
    if more:
        given = native.besides(card, slots, more)
        if given is None:
            return None  # the long way says what is wrong
        card, slots, by_class = given
    by: tuple[int, ...] = ()
    main, rest = card.main, None
    try:
        for i, x in enumerate(slots):
            if x.requires_grad:
                by += (i,)
            if x.is_neg():
                return None
        if by_class is not None or weight is not None or keep is not None:
            rest = (weight, keep, by_class)
            for x in rest:
                if x is not None and (x.requires_grad or x.is_neg()):
                    return None
            by_weights = by_weights and (by_class is not None or weight is not None)
        else:
            by_weights = False
        if reduction == "sum":
            num_items = None
        key = (id(card), reduction, by_weights, num_items, slots[main].dtype)
    except (AttributeError, TypeError):
        return None
    try:
        known = _plans[key]
    except KeyError:
        known = _planned(card, key)
    if by:
        if not torch.is_grad_enabled():
            by = ()
        elif by != (main,):
            for i in by:
                if not (card.slots[i].differentiable and card.slots[i].batched):
                    return None
                if slots[i].dtype != slots[main].dtype:
                    return None
    plan, factor = known.plan, known.factor  # read once: another thread may be in its backward pass
    now = by and known.steady and not hooked()
    wanted, number = by if now else (), num_items or 0.0
    found = native.mean(
        card, slots, wanted, None, by_class, known.over, factor, weight, keep, number
    )
    if found is None:
        return None
    value, gradients = found
    if known.half:
        dtype = torch.float32 if torch.is_autocast_enabled("cpu") else plan.dtype
        value, plan = torch.scalar_tensor(value, dtype=dtype), plan._replace(dtype=dtype)
    if not by:
        return value
    ahead = (known, factor) if known.half else None
    made = plan, by, gradients if now else None, ahead, True
    kept = slots if rest is None else (*slots, *rest)
    if by == (main,):
        return _apply((made, value, kept), slots[main])
    return _apply((made, value, kept), *[slots[i] for i in by])


def _asked_by(slots: tuple[Tensor, ...]) -> tuple[int, ...]:
    """The slots by which there are gradients, if they are asked for."""
    return tuple([i for i, x in enumerate(slots) if x.requires_grad])


class _Known:
    """Of quick calls that are alike: their plan, and what backward passes multiplied by.

    A gradient of half precision is rounded once, after the factor: 1 / count would underflow before
    a loss scale that is there to prevent just that. So one that is made ahead has the factor of the
    last backward pass, if it was that of the one before too: mostly it is the next one's as well.
    """

    __slots__ = ("factor", "half", "over", "plan", "steady")

    def __init__(self, plan: Plan, over: int) -> None:
        # With the plan its card is kept, so that no other can have its id.
        self.plan, self.over = plan, over
        self.half = plan.dtype in HALF
        self.factor = 1.0
        self.steady = True

    def was(self, factor: float) -> None:
        """A backward pass multiplied by this."""
        self.factor, self.steady = factor, factor == self.factor


_plans: dict[Any, _Known] = {}
_MOST = 1024  # plans kept


def _planned(card: Any, key: tuple[Any, ...]) -> _Known:
    """What is known of a kind of quick calls, from now on."""
    _, reduction, weighs, num_items, dtype = key
    over = native.SUM
    if reduction == "mean":
        over = native.MEAN_BY_WEIGHTS if weighs else native.MEAN
    if len(_plans) >= _MOST:
        _plans.clear()
    made = _plans[key] = _Known(Plan(card, reduction, weighs, dtype, num_items, over=over), over)
    return made


_READABLE = native.read_tensors(Tensor) and native.read_tensors(torch.nn.Parameter)
"""Whether the kernels read tensors as they are, which an older PyTorch does not offer."""


def loss(
    plan: Plan, slots: tuple[Tensor, ...], weight: Tensor | None, keep: Tensor | None
) -> Tensor | None:
    """The loss of tensors that are `reachable`; None where no kernel computes it.

    The gradients are made in the same pass if they will be asked for, and only scaled afterwards.
    Of a half precision they are made in the backward pass; `_Known` says why.
    """
    card = plan.card
    if slots[card.main].dtype not in _FLOATS or not isinstance(card, Items):
        return None
    by: tuple[int, ...] = ()
    if torch.is_grad_enabled():
        by = _asked_by(slots)
    if not all(card.slots[i].differentiable and card.slots[i].batched for i in by):
        return None
    now = by and not hooked() and not any(slots[i].dtype in HALF for i in by)
    found = _evaluate(_Asked(plan, by, slots, weight, keep, value=True, gradient=bool(now)))
    if found is None:
        return None
    value, gradients = found
    if not by:
        return value
    kept = slots if weight is None and keep is None else (*slots, weight, keep, None)
    made = plan, by, gradients, None, plan.reduction != "none"
    return _apply((made, value, kept), *[slots[i] for i in by])


class _Asked(NamedTuple):
    """A call, and what of it is wanted: the value, gradients by some slots times a factor."""

    plan: Plan
    by: tuple[int, ...]
    slots: tuple[Tensor, ...]
    weight: Tensor | None
    keep: Tensor | None
    value: bool = False
    gradient: bool = False
    factor: Any = 1.0


def _evaluate(asked: _Asked) -> tuple[Any, Any] | None:
    """(value, gradients), each None if not asked for."""
    found = None
    if derivatives.reachable(asked.weight, asked.keep, *asked.slots):
        found = _by_kernel(asked)
    return _by_blocks(asked) if found is None else found


def _by_blocks(asked: _Asked) -> tuple[Any, Any] | None:
    """The same by PyTorch's operations, without a look at anything that lies on a device."""
    plan, by, slots, weight, keep, value, gradient, factor = asked
    card, p = plan.card, slots[plan.card.main]
    m = OPERATIONS.vocabulary(plan.came or DTYPES[p.dtype])
    looks = p.is_cpu
    ignored, target = card.ignored(), slots[0]
    if ignored is not None:
        if not card.slots[0].domain.labels or card.slots[0].axes:
            return None
        own = target != ignored
        if not (looks and bool(own.all())):
            keep = own if keep is None else keep & own
    counted = keep
    if weight is not None:
        weight = weight.detach().to(torch.float64 if p.dtype == torch.float64 else torch.float32)
        used = weight != 0
        keep = used if keep is None else keep & used
        weight = torch.where(keep, weight, 0.0)
    divisor: Any = 1.0
    if plan.reduction == "mean":
        divisor = plan.num_items
        if divisor is None:
            if plan.by_weights and weight is not None:
                divisor = weight.sum()
            elif counted is None:
                divisor = math.prod(item_shape(card, tuple(p.shape)))
            else:
                divisor = counted.sum()
            if isinstance(divisor, Tensor):
                divisor = divisor.item() if looks else torch.where(divisor != 0, divisor, 1)
        if looks and not divisor > 0:
            return None
    if plan.reduction != "none" and keep is None and weight is None:
        whole = host.evaluate(card, slots, by if gradient else (), factor / divisor)
        if whole is not None:
            made = (whole[0] / divisor).to(plan.dtype) if value else None
            return made, whole[1] if gradient else None
    found = blocks.evaluate(
        *(card, m, slots, weight, keep, by if gradient else (), factor / divisor),
        total=value and plan.reduction != "none",
        items=value and plan.reduction == "none",
        look=looks,
    )
    if found is None:
        return None
    gradients = found.gradients if gradient else None
    if not value:
        return None, gradients
    made = found.total / divisor if found.items is None else found.items
    return made.to(plan.dtype), gradients


def _by_kernel(asked: _Asked) -> tuple[Any, Any] | None:
    """The same by a kernel."""
    plan, by, slots, weight, keep, value, gradient, factor = asked
    card, arrays = plan.card, tuple(map(array, slots))
    call = native.prepare(
        card,
        arrays,
        None if weight is None else array(weight.float() if weight.dtype in HALF else weight),
        None if keep is None else array(keep),
        by=by,
        came=plan.came,
    )
    if call is None or call.items == 0:
        return None
    scale, divisor = factor, 1.0
    if plan.reduction == "mean":
        own = plan.num_items
        if own is None:
            own = native.divisor(card, call) if plan.by_weights else float(call.items)
        divisor = own
        if not divisor > 0.0:
            return None
        scale = factor / divisor
    items, slopes = None, tuple[Array, ...]()
    if value and plan.reduction == "none":
        items = native.empty(call.shape, call.out_dtype)
    if gradient:
        slopes = tuple([native.empty(arrays[i].shape, arrays[i].dtype) for i in by])
    found = call.run(scale, value=value, items=items, slope=slopes)
    if found is None:
        return None
    gradients = tuple([_tensor(x) for x in slopes]) if gradient else None
    if not value:
        return None, gradients
    if items is not None:
        return torch.from_numpy(items).to(plan.dtype), gradients
    whole = found[0] / divisor
    made = torch.scalar_tensor(whole, dtype=plan.dtype, device=slots[card.main].device)
    return made, gradients


def _tensor(x: Array) -> Tensor:
    if x.dtype == BFLOAT16:
        return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(x)


class _Fused(torch.autograd.Function):
    """A value whose gradients are there already."""

    @staticmethod
    def forward(ctx: Any, given: tuple[Any, Tensor, Any], *_: Tensor) -> Tensor:
        ctx.made, value, kept = given
        # What a derivative of the derivative needs, without copies; weights, mask and class weights
        # last, if there are any. PyTorch sees whether any of it has been changed in place
        # meanwhile, but only where it is asked for.
        ctx.save_for_backward(*kept)
        return value

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        plan, by, gradients, ahead, whole = ctx.made
        # They are handed over, not kept: PyTorch may make one p.grad without a copy. A second
        # backward pass over the same graph makes them again.
        ctx.made = plan, by, None, ahead, whole
        if torch.is_grad_enabled() or not _is_number(g):
            # Its derivative may be asked for, or many at once: by PyTorch's own operations, then.
            return None, *_by_operations(plan, by, g, ctx.saved_tensors)
        factor: Any = 1.0
        if whole:
            factor = g.item() if g.is_cpu else g
        if ahead is not None:
            known, expected = ahead
            known.was(factor)
            if gradients is not None:
                gradients, factor = (gradients, 1.0) if factor == expected else (None, factor)
        if gradients is None:
            # In half precision with the factor, before it is rounded; else as the first time.
            # Saved tensors are asked for once: checkpointing lets it be no more.
            kept = ctx.saved_tensors
            gradients, factor = _again(plan, by, factor, kept)
            if gradients is None:  # the kernels have been switched off meanwhile
                return None, *_by_operations(plan, by, g, kept)
        slots = plan.card.slots
        if not whole:
            factor = None
        elif factor == 1.0 and len(by) == 1 and slots[by[0]].predicted:
            return None, gradients[0]
        made = [_times(slots[i], x, factor, g) for i, x in zip(by, gradients, strict=True)]
        return None, *made


def _is_number(g: Tensor) -> bool:
    """Whether what comes from above is no more than numbers."""
    if type(g) is not Tensor or not derivatives.ordinary() or forward_ad._current_level >= 0:
        return False
    return not is_legacy_batchedtensor(g)


def _again(plan: Plan, by: tuple[int, ...], factor: Any, kept: Any) -> tuple[Any, Any]:
    """(gradients, the factor that they still lack), made of what was saved."""
    saved, (weight, keep, by_class) = _parted(plan.card, kept)
    at_once = factor if any(saved[i].dtype in HALF for i in by) else 1.0
    if plan.over is not None:
        found = native.mean(
            *(plan.card, saved, by, None, by_class, plan.over, at_once),
            *(weight, keep, plan.num_items or 0.0),
        )
    else:
        found = _evaluate(_Asked(plan, by, saved, weight, keep, False, True, at_once))
    if found is None:
        return None, factor
    return found[1], factor if at_once == 1.0 else 1.0


def _times(slot: Any, gradient: Tensor, factor: Any, g: Tensor) -> Tensor:
    """The gradient times what comes from above: one number, or one for each item."""
    if not slot.predicted:
        gradient = derivatives.bounded(gradient)
    if isinstance(factor, Tensor):
        return product(gradient, factor)
    if factor is None:
        return product_of_data(gradient, spread(_M, slot, g)).to(gradient.dtype)
    if factor == 1.0:
        return gradient
    return gradient.mul_(factor) if factor else product(gradient, g)


# Without what `Function.apply` asks in Python, which `reachable` has answered.
_apply = super(torch.autograd.Function, _Fused).apply


def _parted(card: Any, saved: tuple[Any, ...]) -> tuple[tuple[Tensor, ...], tuple[Any, Any, Any]]:
    """Slots, and weights, mask and class weights, each None if there are none."""
    count = len(card.slots)
    weight, keep, by_class = saved[count:] or (None, None, None)
    return saved[:count], (weight, keep, by_class)


def _by_operations(plan: Plan, by: tuple[int, ...], g: Tensor, saved: Any) -> Any:
    """The gradients by these slots, themselves differentiable, and by ``g``."""
    slots, (weight, keep, by_class) = _parted(plan.card, saved)
    if by_class is None:
        p = slots[plan.card.main]
        shape = item_shape(plan.card, tuple(p.shape))
        call = Call(plan.card, slots, plan.came or OPERATIONS.dtype(p), shape, weight, keep)
    else:
        more = {"class_weight": by_class}
        call = aligned(OPERATIONS, plan.card, slots, weight, keep, more=more)
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        value = reduced(
            OPERATIONS,
            checked(OPERATIONS, call, look=False),
            plan.reduction,
            by_weights=plan.by_weights,
            num_items=plan.num_items,
        )
        by_slots = [slots[i] for i in by]
        return torch.autograd.grad(value.to(plan.dtype), by_slots, g, create_graph=again)


_M = OPERATIONS.vocabulary("float32")
