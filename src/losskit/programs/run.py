"""A graph of operations, done again in any vocabulary."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from losskit.core.namespaces import Array, Vocabulary
from losskit.programs.symbols import Symbol

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
    "exp_negative": "exp",
    "expm1_negative": "expm1",
    "log_normal": "log",
    "log1p_unit": "log1p",
    "log1p_near": "log1p",
}


def run(m: Vocabulary, card: Any, node: Symbol, slots: tuple[Array, ...]) -> Array:
    """What a node of the graph of a card's value is; of rows, their axis is kept.

    Args:
        m: the vocabulary.
        card: whose parameters stand for the graph's symbols.
        node: what is wanted.
        slots: what the card takes.
    """
    axis: Any = getattr(card, "axis", None)
    main = slots[card.main]
    known: dict[int, Any] = {}

    def at(node: Symbol) -> Any:
        if id(node) not in known:
            known[id(node)] = made(node)
        return known[id(node)]

    def slot(i: int) -> Array:
        of = card.slots[i]
        return m.lay(slots[i], axis) if card.slots[card.main].dims and not of.dims else slots[i]

    def made(node: Symbol) -> Any:
        op, args = node.op, node.args
        if op == "number":
            return args[0]
        if op == "parameter":
            return getattr(card, args[0])
        if op == "length":
            return main.shape[axis]
        if op in ("slot", "shared"):
            return slot(args[0])
        if op in ("tiny", "floor", "slack", "complement_floor"):
            return getattr(m, op)(main)
        if op in ("sum", "max"):
            return getattr(m, op)(at(args[0]), axis)
        if op in ("classes", "pick"):
            here = m.classes(slots[args[-1].args[0]], main, axis)
            return here if op == "classes" else m.sum(m.where(here, at(args[0]), 0.0), axis)
        values = [at(a) for a in args]
        if op == "where":
            return m.where(*values, 0.0)
        if op in _OPERATORS:
            return _OPERATORS[op](*values)
        return getattr(m, _FUNCTIONS.get(op, op))(*values)

    return at(node)
