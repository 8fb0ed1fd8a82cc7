"""A graph of operations, done again in any vocabulary."""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from losskit.core.families import is_rowwise
from losskit.core.namespaces import Array, Vocabulary
from losskit.programs.symbols import IN_ONE, PLAIN, Symbol, Wanted, in_order, takes, trace

_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&": operator.and_,
    "|": operator.or_,
    "~": operator.invert,
    "negative": operator.neg,
}
_FUNCTIONS = {
    "absolute": "abs",
    "square_root": "sqrt",
    "at_least": "maximum",
    "at_most": "minimum",
    "select": "where",
    "power_positive": "power",
    **PLAIN,
}


def run(m: Vocabulary, card: Any, node: Symbol, slots: tuple[Array, ...]) -> Array:
    """What a node of the graph of a card's value is; of rows, their axis is kept.

    Args:
        m: the vocabulary.
        card: whose parameters stand for the graph's symbols.
        node: what is wanted.
        slots: what the card takes.
    """
    return _run(m, card, [node], slots)[0]


def evaluate(
    m: Vocabulary, card: Any, wanted: Wanted, slots: tuple[Array, ...]
) -> list[Array] | None:
    """What is wanted of a card, all by one graph, in which each expression is computed once.

    It is not to be differentiated. None if a program cannot say it. A label that is no class gives
    any number.

    Args:
        m: the vocabulary.
        card: any card.
        wanted: see `trace`.
        slots: what the card takes.
    """
    shape = slots[card.main].shape
    axes = card.slots[card.main].axes
    lengths = [shape[a] for a in axes]
    if not takes(card) or not all(isinstance(n, int) for n in shape) or 0 in shape:
        return None
    nodes = _graph(card, wanted, math.prod(lengths) if is_rowwise(card) else 1)
    if nodes is None:
        return None
    found = _run(m, card, nodes, slots)
    for k, (order, _) in enumerate(wanted):
        like = slots[card.main] if order != "value" else None
        if like is not None and getattr(found[k], "shape", None) != like.shape:
            found[k] = found[k] + 0.0 * like
        elif like is None and axes and is_rowwise(card):
            found[k] = m.drop(found[k], card.axis)
    return found


@lru_cache(1024, typed=True)
def counted(card: Any, wanted: Wanted, length: int) -> Counter[str] | None:
    """How often each operation is in that graph; None if there is no graph."""
    nodes = _graph(card, wanted, length) if takes(card) else None
    return None if nodes is None else Counter([node.op for node in in_order(nodes)])


@lru_cache(1024, typed=True)
def divides_by_large(card: Any, wanted: Wanted, length: int) -> bool:
    """Whether what is divided by in that graph may be so large that its inverse is subnormal."""
    nodes = _graph(card, wanted, length) or []
    return any(node.op == "/" and not _is_small(node.args[1]) for node in in_order(nodes))


def _is_small(x: Any) -> bool:
    """Whether it lies below a bound, or is a sum along a row of what does."""
    if x.op in ("at_least", "sum"):
        return all(map(_is_small, x.args))
    return bool(x.op == "length" or max(abs(x.low), abs(x.high)) < 1e25)


@lru_cache(1024, typed=True)
def _graph(card: Any, wanted: Wanted, length: int) -> list[Symbol] | None:
    try:
        _, results = trace(card, wanted, length, (), steps=False)
        return [results[key] for key in wanted]
    except Exception:
        # A card may do what a program cannot, in Python's own ways too.
        return None


def _run(m: Vocabulary, card: Any, wanted: list[Symbol], slots: tuple[Array, ...]) -> list[Any]:
    axis: Any = getattr(card, "axis", None)
    main = slots[card.main]
    known: dict[int, Any] = {}

    def slot(i: int) -> Array:
        of = card.slots[i]
        return m.lay(slots[i], axis) if card.slots[card.main].dims and not of.dims else slots[i]

    def made(op: str, args: tuple[Any, ...]) -> Any:
        if op == "number":
            return args[0]
        if op == "parameter":
            return getattr(card, args[0])
        if op == "length":
            return main.shape[axis]
        if op in ("slot", "shared"):
            return slot(args[0])
        if op == "labels":
            return None  # no numbers to be computed with
        if op in ("tiny", "floor", "slack", "complement_floor"):
            return getattr(m, op)(main)
        if op in ("true", "false"):
            return op == "true"
        if op == "sum" and args[0].op == "where":
            mask, one = args[0].args
            if one.op == "number" and one.args[0] == 1.0:
                return m.count(known[id(mask)], axis)
        values = [known[id(a)] for a in args]
        if op in ("sum", "max"):
            return getattr(m, op)(values[0], axis)
        if op in ("classes", "pick"):
            labels = slots[args[-1].args[0]]
            if op == "classes":
                return m.classes(labels, main, axis)
            return m.pick(values[0], labels, axis)
        if op in IN_ONE:
            return values[1]
        if op == "where":
            return m.where(*values, 0.0)
        if op in _OPERATORS:
            return _OPERATORS[op](*values)
        return getattr(m, _FUNCTIONS.get(op, op))(*values)

    for part in in_order(wanted):
        known[id(part)] = made(part.op, part.args)
    return [known[id(node)] for node in wanted]
