"""A card's program by PyTorch's own operations: on devices without our kernels, or without them.

Value and derivatives are one graph, in which each expression is computed once. It is run over a
block of rows or elements at a time, each operation into memory that is used again, so that beside
the gradient hardly anything is allocated. What it computes is not differentiated.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from losskit.core.families import Items, is_rowwise, out_of_domain
from losskit.core.namespaces import Precision, Vocabulary
from losskit.core.slots import item_shape
from losskit.programs.lower import CONSTANTS
from losskit.programs.symbols import (
    ELEMENT,
    PLAIN,
    SCALARS,
    Symbol,
    Wanted,
    answered,
    free_parameters,
    in_order,
    takes,
    trace,
)
from losskit.programs.trace import MASK, SCALAR

_LEAST, _MOST, _SHARE = 2**17, 2**20, 4
"""Elements of a block: so many at least and at most, and between them such a part of all that its
memory is a quarter of an array. Of other devices more at most: each operation costs a launch."""

Run = Callable[..., Any]


class Step(NamedTuple):
    """One operation."""

    run: Run
    to: int
    """Which value it makes."""
    args: tuple[int, ...]
    register: int
    """Into which memory; -1 for a number for each row, which takes little."""
    mask: bool


class Plan(NamedTuple):
    """A graph in order."""

    scalars: tuple[tuple[int, Symbol], ...]
    slots: tuple[tuple[int, int], ...]
    """(value, slot): what is read."""
    steps: tuple[Step, ...]
    results: tuple[tuple[int, int], ...]
    """Which value each is, and which number it is to be multiplied by; -1 for none."""
    values: int
    registers: int
    labels: int
    """The slot that holds labels; -1 if none does."""


# --- operations: each takes where its result goes, which may be memory of some of its arguments ---


def _into(function: Any) -> Run:
    return lambda out, *args: function(*args, out=out)


def _first(function: Any) -> Run:
    """Of a function whose first argument must be a tensor."""
    return lambda out, x, y: function(
        x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64), y, out=out
    )


def _compared(function: Any) -> Run:
    def run(out: Tensor | None, x: Any, y: Any) -> Tensor:
        x = x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64)
        found = function(x, y, out=out)
        # Bits of all ones for True: so a choice is an operation on bits.
        return found if found.dtype == torch.bool else found.neg_()

    return run


_OPERATIONS: dict[str, Run] = {
    "+": lambda out, x, y: (
        torch.add(x, y, out=out) if isinstance(x, Tensor) else torch.add(y, x, out=out)
    ),
    "*": lambda out, x, y: (
        torch.mul(x, y, out=out) if isinstance(x, Tensor) else torch.mul(y, x, out=out)
    ),
    "-": _first(torch.sub),
    "/": _first(torch.div),
    "<": _compared(torch.lt),
    "<=": _compared(torch.le),
    ">": _compared(torch.gt),
    ">=": _compared(torch.ge),
    "==": _compared(torch.eq),
    "!=": _compared(torch.ne),
    "&": _into(torch.bitwise_and),
    "|": _into(torch.bitwise_or),
    "~": _into(torch.bitwise_not),
    "negative": _into(torch.neg),
    "absolute": _into(torch.abs),
    "square_root": _into(torch.sqrt),
    "sign": _into(torch.sign),
    "lost": lambda out, x: torch.clamp(x, 0.0, 0.0, out=out),
    "clip": lambda out, x, low, high: torch.clamp(x, low, high, out=out),
    "at_least": lambda out, x, low: torch.clamp(x, min=low, out=out),
    "at_most": lambda out, x, high: torch.clamp(x, max=high, out=out),
    "maximum": _into(torch.maximum),
    "minimum": _into(torch.minimum),
    "power": _into(torch.pow),
    "power_positive": _into(torch.pow),
    **{name: _into(getattr(torch, name)) for name in ("exp", "expm1", "log", "log1p", "tanh")},
}


def _bits(mask: Tensor, like: Tensor) -> Tensor:
    """A comparison of rows as that of elements is."""
    return mask.to(like.dtype).neg_() if mask.dtype == torch.bool else mask


def _whole(x: Any, whole: torch.dtype) -> Any:
    """A number's bits, or a tensor of them."""
    if isinstance(x, Tensor):
        return x.view(whole)
    kinds = ("<f", "<i") if whole == torch.int32 else ("<d", "<q")
    return struct.unpack(kinds[1], struct.pack(kinds[0], x))[0]


def _where(out: Tensor | None, mask: Tensor, yes: Any) -> Tensor:
    """``yes`` where the mask is true, else 0."""
    return _select(out, mask, yes, 0.0)


def _select(out: Tensor | None, mask: Tensor, yes: Any, no: Any) -> Tensor:
    if out is None or not out.is_cpu:
        if not isinstance(yes, Tensor) and not isinstance(no, Tensor):
            yes = torch.tensor(yes, dtype=torch.get_default_dtype() if out is None else out.dtype)
        found = torch.where(mask, yes, no)
        return found if out is None else out.copy_(found)
    # On the CPU a choice between numbers takes twenty times as long as one between bits.
    whole = _WHOLE[out.dtype]
    into = out.view(whole)
    mask = _bits(mask, into)
    yes, no = _whole(yes, whole), _whole(no, whole)
    if isinstance(no, int) and no == 0:
        torch.bitwise_and(mask, yes, out=into)
        return out
    if isinstance(yes, int) and isinstance(no, int):
        torch.bitwise_and(mask, yes ^ no, out=into)
    else:
        torch.bitwise_xor(*((yes, no) if isinstance(yes, Tensor) else (no, yes)), out=into)
        into.bitwise_and_(mask)
    into.bitwise_xor_(no)
    return out


_WHOLE = {torch.float32: torch.int32, torch.float64: torch.int64}


def _of_rows(m: Vocabulary, axis: Any, op: str, span: int, args: tuple[Symbol, ...]) -> Run | None:
    """What goes along rows, or asks for their labels."""
    if op == "sum":
        return lambda out, x: x.sum(axis, keepdim=True)
    if op == "max":
        return lambda out, x: x.amax(axis, keepdim=True)
    if op == "softmax":
        return lambda out, x: torch.softmax(x, axis, out=out)
    if op == "but_one":
        return lambda out, p: _but_one(p, axis)
    if op == "pick":
        return lambda out, x, labels: x.gather(axis, labels)
    if op == "classes":

        def hot(out: Tensor, labels: Tensor) -> Tensor:
            return out.zero_().scatter_(axis, labels, out.dtype == torch.bool or -1)

        return hot
    if op == "select" and args[0].op == "classes":

        def at_label(out: Tensor, labels: Tensor, yes: Any, no: Any) -> Tensor:
            if isinstance(no, Tensor):
                out = out if out is no else out.copy_(no)
            else:
                out.fill_(no)
            return out.scatter_(axis, labels, yes)

        return at_label
    if op == "exp_less":
        return lambda out, x, y: _copied(out, _exp_less(m, x, y))
    if op == "log_less":
        return lambda out, x, y: _copied(out, getattr(m, op)(x, y))
    return None


def _exp_less(m: Any, x: Tensor, y: Tensor) -> Tensor:
    if not m._widens(x):
        return m.exp_less(x, y)
    return x.double().exp_().sub_(y)


def _copied(out: Tensor | None, x: Tensor) -> Tensor:
    return x if out is None else out.copy_(x)


def _but_one(p: Tensor, axis: int) -> Tensor:
    """The sum of all but one largest; ``p`` is what it was again."""
    if p.is_cpu:  # NumPy finds it in a third of the time
        found = torch.from_numpy(np.expand_dims(p.numpy().argmax(axis), axis))
    else:
        found = p.argmax(axis, keepdim=True)
    largest = p.gather(axis, found)
    p.scatter_(axis, found, 0.0)
    rest = p.sum(axis, keepdim=True)
    p.scatter_(axis, found, largest)
    return rest


# --- plans ----------------------------------------------------------------------------------------


def plan(
    card: Items, wanted: Wanted, length: int, dtype: torch.dtype, m: Vocabulary
) -> Plan | None:
    """The operations that compute what is wanted of a card; None if a program cannot."""
    names = tuple(free_parameters(card))
    fixed = tuple((n, v) for n, v in card.parameters().items() if n not in names)
    known = _known(type(card), names, fixed, wanted, card.taken, dtype, m)
    for questions, made in known:
        if answered(questions, card, length):
            return made
    known.append(_make(card, wanted, length, names, m))
    return known[-1][1]


@lru_cache(4096, typed=True)
def _known(*_: Any) -> list[tuple[Any, Plan | None]]:
    """The plans of a kind of card with such parameters fixed, each with what it asked."""
    return []


def _make(card: Any, wanted: Wanted, length: int, names: tuple[str, ...], m: Any) -> Any:
    try:
        graph, results = trace(card, wanted, length, names, fused=True, steps=False)
        return tuple(graph.questions), _ordered(card, [results[key] for key in wanted], m)
    except Exception:
        # A card may do what a program cannot, in Python's own ways too.
        return (), None


def _ordered(card: Any, wanted: list[Symbol], m: Vocabulary) -> Plan:
    rowwise = is_rowwise(card)
    axis = card.axis if rowwise else None
    # A factor that is the same for all is that of the scale.
    factored = [_factored(node) for node in wanted]
    results = [node for node, _ in factored]
    made_at = {id(node): k for k, node in enumerate(wanted[0].trace.nodes.values())}
    # As the formulas say it: what is read last may then be written over.
    nodes = in_order([x for pair in factored for x in pair if x is not None])
    nodes.sort(key=lambda node: made_at[id(node)])
    number = {id(node): i for i, node in enumerate(nodes)}
    hot = {id(node) for node in nodes if node.op == "classes"}
    # A one-hot row is not made where only its class is asked for.
    args_of = {
        id(node): [
            a.args[0] if node.op == "select" and id(a) in hot and k == 0 else a
            for k, a in enumerate(node.args)
            if isinstance(a, Symbol)
        ]
        for node in nodes
    }
    times: dict[int, int] = {}
    results += [by for _, by in factored if by is not None]
    for a in [*(a for node in nodes for a in args_of[id(node)]), *results]:
        times[id(a)] = times.get(id(a), 0) + 1
    for node in nodes:
        low = args_of[id(node)][0] if node.op == "at_most" else node
        if low.op == "at_least" and low is not node and times[id(low)] == 1:
            args_of[id(node)] = [*args_of[id(low)], args_of[id(node)][1]]
            args_of[id(low)] = []
    clips = {id(node) for node in nodes if node.op == "at_most" and len(args_of[id(node)]) == 3}
    used = {id(a) for node in nodes for a in args_of[id(node)]} | {id(r) for r in results}
    nodes = [node for node in nodes if id(node) in used]
    scalars, slots, steps = [], [], []
    last = {id(a): k for k, node in enumerate(nodes) for a in args_of[id(node)]}
    last |= {id(node): len(nodes) for node in results}
    place: dict[int, int] = {}
    free: list[int] = []
    count = 0
    labels = -1
    for k, node in enumerate(nodes):
        i, op, args = number[id(node)], node.op, args_of[id(node)]
        if node.kind == SCALAR:
            scalars.append((i, node))
            continue
        if op in ("slot", "shared", "labels"):
            slots.append((i, node.args[0]))
            labels = node.args[0] if op == "labels" else labels
            continue
        run = _of_rows(m, axis, op, node.span, node.args) or _SPECIAL.get(op)
        run = run or _OPERATIONS["clip" if id(node) in clips else PLAIN.get(op, op)]
        big = node.span == ELEMENT or not rowwise
        register = -1
        done = [place[id(a)] for a in dict.fromkeys(args) if last[id(a)] == k and id(a) in place]
        if big:
            # A choice reads its mask, and what it else is, after it has begun to write.
            apart = op == "select" and id(node.args[0]) not in hot
            kept = [place[id(a)] for a in (args[0], args[-1]) if id(a) in place] if apart else []
            if op == "but_one":
                kept = done
            own = [r for r in done if r not in kept]
            if own:
                # Where something is written into a copy, into that of which it is one.
                register = place[id(args[-1])] if place.get(id(args[-1])) in own else own[0]
                done.remove(register)
            elif free:
                register = free.pop()
            else:
                register, count = count, count + 1
            place[id(node)] = register
        free += done
        steps.append(
            Step(run, i, tuple([number[id(a)] for a in args]), register, node.kind == MASK)
        )
    made = tuple([(number[id(r)], -1 if by is None else number[id(by)]) for r, by in factored])
    return Plan(tuple(scalars), tuple(slots), tuple(steps), made, len(number), count, labels)


def _factored(node: Symbol) -> tuple[Symbol, Symbol | None]:
    if node.op == "*":
        for own, by in (node.args, node.args[::-1]):
            if by.kind == SCALAR != own.kind:
                return own, by
    return node, None


_SPECIAL: dict[str, Run] = {"where": _where, "select": _select}


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


# --- calls ----------------------------------------------------------------------------------------


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
    known = plan(card, asked, length, dtype, m)
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
        self, card: Any, m: Any, known: Plan, dtype: torch.dtype, length: int, axes: Any
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
            for (found, by), to in zip(results, part[n + 4 :], strict=True):
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
                views[i, True] = number.view(_WHOLE[self.dtype])
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
    bad = out_of_domain(m, card, *slots)
    if labels >= 0:
        y = slots[labels]
        wrong = (y < 0) | (y >= slots[card.main].shape[card.axis])
        bad = wrong if bad is None else bad | wrong
    return bad
