"""A graph of operations, done again in any vocabulary."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from losskit.core.namespaces import Array, Vocabulary
from losskit.programs.symbols import IN_ONE, PLAIN, Symbol, in_order

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
        values = [known[id(a)] for a in args]
        if op in ("sum", "max"):
            return getattr(m, op)(values[0], axis)
        if op in ("classes", "pick"):
            here = m.classes(slots[args[-1].args[0]], main, axis)
            return here if op == "classes" else m.sum(m.where(here, values[0], 0.0), axis)
        if op in IN_ONE:
            return values[1]
        if op == "where":
            return m.where(*values, 0.0)
        if op in _OPERATORS:
            return _OPERATORS[op](*values)
        return getattr(m, _FUNCTIONS.get(op, op))(*values)

    for part in in_order([node]):
        known[id(part)] = made(part.op, part.args)
    return known[id(node)]
