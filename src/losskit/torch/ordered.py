"""A card's graph of value and derivatives as PyTorch's operations, in an order.

Each is told where its result goes, which may be memory of some of its arguments. They are run by
`blocks.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from losskit.core.families import Items, is_rowwise
from losskit.core.namespaces import Vocabulary
from losskit.programs.symbols import (
    ELEMENT,
    PLAIN,
    Symbol,
    Wanted,
    answered,
    free_parameters,
    in_order,
    trace,
)
from losskit.programs.trace import MASK, SCALAR

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


class Ordered(NamedTuple):
    """A graph in order."""

    scalars: tuple[tuple[int, Symbol], ...]
    slots: tuple[tuple[int, int], ...]
    """(value, slot): what is read."""
    steps: tuple[Step, ...]
    results: tuple[tuple[int, int], ...]
    """Which value each is, and which number it is to be multiplied by; -1 for none."""
    spread: tuple[tuple[int, int], ...]
    """Of each result: (number of a row, number elsewhere), where it is the one at the row's label,
    and is put together at its place; (-1, -1) for any other, and for the value."""
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
    whole = WHOLE[out.dtype]
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


WHOLE = {torch.float32: torch.int32, torch.float64: torch.int64}


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


# --- graphs ---------------------------------------------------------------------------------------


def ordered(
    card: Items, wanted: Wanted, length: int, dtype: torch.dtype, m: Vocabulary
) -> Ordered | None:
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
def _known(*_: Any) -> list[tuple[Any, Ordered | None]]:
    """The graphs of a kind of card with such parameters fixed, each with what it asked."""
    return []


def _make(card: Any, wanted: Wanted, length: int, names: tuple[str, ...], m: Any) -> Any:
    try:
        graph, results = trace(card, wanted, length, names, fused=True, steps=False)
        return tuple(graph.questions), _ordered(card, [results[key] for key in wanted], m)
    except Exception:
        # A card may do what a program cannot, in Python's own ways too.
        return (), None


def _ordered(card: Any, wanted: list[Symbol], m: Vocabulary) -> Ordered:
    rowwise = is_rowwise(card)
    axis = card.axis if rowwise else None
    # A factor that is the same for all is that of the scale.
    factored = [_factored(node) for node in wanted]
    # What differs from a number at the label alone is written where it belongs, and nowhere else.
    ends = [_ends(node) for node, _ in factored]
    results = [node for several in ends for node in several]
    made_at = {id(node): k for k, node in enumerate(wanted[0].trace.nodes.values())}
    # As the formulas say it: what is read last may then be written over.
    nodes = in_order([*results, *(by for _, by in factored if by is not None)])
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
    made = tuple(
        [
            (number[id(several[0])], -1 if by is None else number[id(by)])
            for several, (_, by) in zip(ends, factored, strict=True)
        ]
    )
    spread = tuple([(number[id(x[0])], number[id(x[1])]) if len(x) > 1 else (-1, -1) for x in ends])
    first = (tuple(scalars), tuple(slots), tuple(steps), made, spread)
    return Ordered(*first, len(number), count, labels)


def _ends(node: Symbol) -> list[Symbol]:
    """A result; of one number at the label and another elsewhere both of them, and the labels."""
    if node.op == "select" and node.args[0].op == "classes":
        hot, yes, no = node.args
        if (yes.kind == SCALAR or yes.span != ELEMENT) and no.kind == SCALAR:
            return [yes, no, hot.args[0]]
    return [node]


def _factored(node: Symbol) -> tuple[Symbol, Symbol | None]:
    if node.op == "*":
        for own, by in (node.args, node.args[::-1]):
            if by.kind == SCALAR != own.kind:
                return own, by
    return node, None


_SPECIAL: dict[str, Run] = {"where": _where, "select": _select}
