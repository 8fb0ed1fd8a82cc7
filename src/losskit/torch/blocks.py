"""A card's program by PyTorch's own operations: on devices without our kernels, or without them.

Value and derivatives are one graph, in which each expression is computed once. It is run over a
block of rows or elements at a time, each operation into memory that is used again, so that beside
the gradient hardly anything is allocated. What it computes is not differentiated.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from losskit.core.families import is_rowwise, out_of_domain
from losskit.core.namespaces import Precision, Vocabulary
from losskit.core.slots import item_shape
from losskit.programs.lower import CONSTANTS
from losskit.programs.symbols import SCALARS, Symbol, Wanted, takes
from losskit.torch.ordered import WHOLE, Ordered, ordered

_LEAST, _MOST, _SHARE = 2**17, 2**20, 4
"""Elements of a block: so many at least and at most, and between them such a part of all that its
memory is a quarter of an array. Of other devices more at most: each operation costs a launch."""


def scalar(node: Symbol, card: Any, length: int, m: Any, like: Tensor) -> float:
    """The number that a node is which is the same for all."""
    if node.op == "number":
        return float(node.args[0])
    if node.op == "length":
        return float(length)
    if node.op == "parameter":
        return float(getattr(card, node.args[0]))
    if node.op in CONSTANTS:
        return float(getattr(m, node.op)(like))
    try:
        return SCALARS[node.op](*(scalar(a, card, length, m, like) for a in node.args))
    except (ArithmeticError, ValueError):
        return math.nan


class Made(NamedTuple):
    """What was asked for of a call."""

    total: Tensor | None
    """The sum of the weighted items, of no dimension, in float64 where there is."""
    items: Tensor | None
    gradients: tuple[Tensor, ...]


def evaluate(
    card: Any,
    m: Vocabulary,
    slots: tuple[Tensor, ...],
    weight: Tensor | None,
    keep: Tensor | None,
    by: tuple[int, ...],
    scale: Any,
    *,
    total: bool = False,
    items: bool = False,
    look: bool = True,
) -> Made | None:
    """A call; None if it cannot be computed so, or if a value is out of its domain.

    Args:
        card: any card, its axes known.
        m: the vocabulary, for the dtype in which predictions came.
        slots: what the card takes, in shapes that fit it.
        weight, keep: None, or tensors in the shape of the items.
        by: the slots by which there are to be derivatives, of the weighted items.
        scale: what these are multiplied by, a number or a tensor of no dimension.
        total, items: whether the sum is asked for, the items.
        look: whether values may be looked at; else what is out of its domain is NaN.
    """
    p = slots[card.main]
    if not takes(card) or not p.numel():
        return None
    rowwise = is_rowwise(card)
    axes = card.slots[card.main].axes
    length = math.prod([p.shape[a] for a in axes]) if rowwise else 1
    dtype = torch.float64 if p.dtype == torch.float64 else torch.float32
    asked: Wanted = (("value", 0),) if total or items else ()
    asked += tuple([("slope", i) for i in by])
    known = ordered(card, asked, length, dtype, m)
    if known is None:
        return None
    slots = tuple([x.detach() for x in slots])
    if known.labels >= 0 and slots[known.labels].is_floating_point():
        return None
    bad = None
    if look:
        if not _in_domain(card, m, slots, keep):
            return None
    else:
        bad = _outside(card, m, slots, known.labels)
    call = _Call(card, m, known, dtype, length, axes if rowwise else ())
    shape = item_shape(card, tuple(p.shape))
    own = torch.empty(shape, dtype=dtype, device=p.device) if items else None
    gradients = tuple(
        [torch.empty(slots[i].shape, dtype=slots[i].dtype, device=p.device) for i in by]
    )
    totals = call.run(slots, weight, keep, bad, scale, total, own, gradients)
    whole = None
    if total:
        wide = torch.float64 if p.device.type != "mps" else dtype
        whole = torch.stack(totals).to(wide).sum()
    return Made(whole, own, gradients)


class _Call:
    """A plan at work on tensors of one shape."""

    def __init__(
        self, card: Any, m: Any, known: Ordered, dtype: torch.dtype, length: int, axes: Any
    ) -> None:
        self.card, self.m, self.plan, self.dtype = card, m, known, dtype
        self.length, self.axes = length, axes

    def run(
        self,
        slots: tuple[Tensor, ...],
        weight: Tensor | None,
        keep: Tensor | None,
        bad: Tensor | None,
        scale: Any,
        total: bool,
        items: Tensor | None,
        gradients: tuple[Tensor, ...],
    ) -> list[Tensor]:
        card = self.card
        main = slots[card.main]
        axes = sorted(a % main.dim() for a in self.axes)
        # Of each slot which axes of the whole it lacks.
        lacking = [[] if x.dim() == main.dim() else axes for x in slots]
        laid = [_laid(x, lack) for x, lack in zip(slots, lacking, strict=True)]
        at = self.plan.labels
        if at >= 0:
            laid[at] = laid[at].long()
            if keep is not None or bad is not None:  # one that does not count may be any
                laid[at] = laid[at].clamp(0, main.shape[card.axis] - 1)
        rows = [None if x is None else _laid(x, axes) for x in (weight, keep, bad, items)]
        slopes = [_laid(x, axes if x.dim() != main.dim() else []) for x in gradients]
        every: list[Any] = [*laid, *rows, *slopes]
        if main.dim() > 1 and axes in ([], [main.dim() - 1]):
            flat = [x is None or x.is_contiguous() for x in every]
            if all(flat):
                to = (-1,) if not axes else None
                every = [x if x is None else x.view(to or (-1, x.shape[-1])) for x in every]
                axes = [1] if axes else []
        shape = every[card.main].shape
        cut = max(
            (d for d in range(len(shape)) if d not in axes), key=lambda d: shape[d], default=-1
        )
        size = shape[cut] if cut >= 0 else 1
        at_once = size
        if cut >= 0:
            most = _MOST if main.is_cpu else 16 * _MOST
            block = max(_LEAST, min(most, main.numel() // (_SHARE * max(self.plan.registers, 1))))
            at_once = max(1, min(size, block * size // main.numel()))
        totals: list[Tensor] = []
        values: list[Any] = [None] * self.plan.values
        for i, node in self.plan.scalars:
            values[i] = scalar(node, card, self.length, self.m, main)
        n = len(laid)
        parts = _parts(every, cut, at_once)
        store = self._store(main.device, parts[0][card.main].shape)
        outs = self._outs(store, parts[0][card.main].shape)
        for k, part in enumerate(parts):
            if k == len(parts) - 1 > 0:
                outs = self._outs(store, part[card.main].shape)
            self._steps(values, part, outs)
            w, used, out, into = part[n : n + 4]
            results = [(values[i], values[by] if by >= 0 else 1.0) for i, by in self.plan.results]
            if total or items is not None:
                self._finish(*results.pop(0), w, used, out, totals, total, into)
            spread = self.plan.spread[len(self.plan.spread) - len(results) :]
            for (found, by), ends, to in zip(results, spread, part[n + 4 :], strict=True):
                if ends[0] >= 0:
                    yes, no = (_weighted(values[i], scale * by, w) for i in ends)
                    _at_label(to, part[at], yes, no, card.axis)
                    _left_out(used, out, to)
                else:
                    _scaled(found, scale * by, w, used, out, to)
        return totals

    def _store(self, device: Any, shape: Any) -> dict[tuple[int, bool], Tensor]:
        """The memory of a block. On the CPU a mask is as wide as a number, and lies among them."""
        apart = device.type != "cpu"
        wanted = {(s.register, s.mask and apart) for s in self.plan.steps if s.register >= 0}
        return {
            (i, mask): torch.empty(
                math.prod(shape), dtype=torch.bool if mask else self.dtype, device=device
            )
            for i, mask in wanted
        }

    def _outs(self, store: dict[tuple[int, bool], Tensor], shape: Any) -> list[Tensor | None]:
        """Where each step's result goes, for a block of that shape."""
        views: dict[tuple[int, bool], Tensor | None] = {(-1, False): None, (-1, True): None}
        numel = math.prod(shape)
        for (i, mask), memory in store.items():
            views[i, mask] = number = memory[:numel].view(shape)
            if not mask and memory.is_cpu:
                views[i, True] = number.view(WHOLE[self.dtype])
        return [views[s.register, s.mask] for s in self.plan.steps]

    def _steps(self, values: Any, slots: Any, outs: list[Tensor | None]) -> None:
        plan, dtype = self.plan, self.dtype
        for i, slot in plan.slots:
            x = slots[slot]
            values[i] = x if x.dtype == dtype or slot == plan.labels else x.to(dtype)
        for (run, to, args, _, _), out in zip(plan.steps, outs, strict=True):
            values[to] = run(out, *[values[a] for a in args])

    def _finish(
        self,
        found: Any,
        by: float,
        w: Any,
        used: Any,
        out: Any,
        totals: Any,
        total: bool,
        into: Any,
    ) -> None:
        """The items, weighted."""
        if w is not None:
            found = found * w
        if by != 1.0 and into is not None:
            found = found * by
        if out is not None:
            found = found.masked_fill(out, math.nan)
        if used is not None:
            found = found.masked_fill(~used, 0.0)
        if into is not None:
            into.copy_(found)
        if total:
            totals.append(found.sum() if into is not None else found.sum() * by)


def _scaled(
    found: Any, scale: Any, w: Tensor | None, used: Tensor | None, bad: Any, to: Tensor
) -> None:
    """A derivative, weighted, where it belongs."""
    if not isinstance(found, Tensor):
        to.fill_(found * scale)
    else:
        torch.mul(found, scale if w is None else w * scale, out=to)
    _left_out(used, bad, to)


def _weighted(x: Any, scale: Any, w: Tensor | None) -> Any:
    return x * scale if w is None else x * (w * scale)


def _at_label(to: Tensor, labels: Tensor, yes: Any, no: Any, axis: int) -> None:
    """One number of each row at its label, and another elsewhere."""
    if isinstance(no, Tensor):
        to.copy_(no)
    else:
        to.fill_(no)
    to.scatter_(axis, labels, yes.to(to.dtype) if isinstance(yes, Tensor) else yes)


def _left_out(used: Tensor | None, bad: Any, to: Tensor) -> None:
    """NaN for what is out of its domain, 0 for what does not count."""
    if bad is not None:
        to.masked_fill_(bad, math.nan)
    if used is not None:
        to.masked_fill_(~used, 0.0)


def _parts(every: list[Any], cut: int, at_once: int) -> list[tuple[Any, ...]]:
    """Block after block of all tensors."""
    if cut < 0:
        return [tuple(every)]
    split = [x if x is None else x.split(at_once, cut) for x in every]
    count = max(len(x) for x in split if x is not None)
    return list(zip(*(x or [None] * count for x in split), strict=True))


def _laid(x: Tensor, axes: list[int]) -> Tensor:
    """What belongs to the items, with the axes that they lack."""
    for axis in axes:
        x = x.unsqueeze(axis)
    return x


# --- domains --------------------------------------------------------------------------------------


def _in_domain(card: Any, m: Any, slots: tuple[Tensor, ...], keep: Tensor | None) -> bool:
    """Whether all values that count are seen to lie in their domains."""
    for slot, x in zip(card.slots, slots, strict=True):
        domain = slot.domain
        if not domain.bounded:
            continue
        if keep is not None:
            over = keep
            for axis in sorted(a % x.dim() for a in slot.axes):
                over = over.unsqueeze(axis)
            x = torch.where(over, x, slot.stand_in)
        if domain.values:
            nearest: Any = None
            for value in domain.values:
                off = (x - value).abs_()
                nearest = off if nearest is None else torch.minimum(nearest, off, out=nearest)
            if nearest.max().item() != 0.0:
                return False
            continue
        if domain.labels:
            low, high = 0.0, slots[card.main].shape[card.axis] - 1.0
        else:
            came = (
                m.came
                if slot.predicted
                else Precision(0.0, torch.finfo(x.dtype).eps if x.is_floating_point() else 0.0)
            )
            low, high = domain.ends(came.eps)
        least, most = (n.item() for n in x.aminmax())
        if not low <= least <= most <= high:
            return False
    return True


def _outside(card: Any, m: Any, slots: tuple[Tensor, ...], labels: int) -> Tensor | None:
    """Which items have a value out of its domain, where none can be looked at."""
    eps = [torch.finfo(x.dtype).eps if x.is_floating_point() else 0.0 for x in slots]
    bad = out_of_domain(m, card, *slots, eps=eps)
    if labels >= 0:
        y = slots[labels]
        wrong = (y < 0) | (y >= slots[card.main].shape[card.axis])
        bad = wrong if bad is None else bad | wrong
    return bad
