"""Derivatives of a graph of operations, as further nodes of it.

In reverse: each node is told how the value moves with it. What a `where` leaves out is selected
away, not multiplied by 0, so that no 0 meets an infinity. What is derived so is right wherever the
value has a derivative; near the ends of a domain a slope written by hand may keep more digits.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from losskit.programs.symbols import ELEMENT, IN_ONE, PLAIN, ROW, Symbol, Symbols, in_order
from losskit.programs.trace import MASK, SCALAR

UNMOVED = ("sign", "classes", "labels", "slot", "shared")
"""Operations through which nothing moves, or that are what is moved by; what is the same for all
does not move either."""
POLES = ("where", "select", "square_root", "power", "power_positive")
"""Where something is left out, or a slope may be infinite."""


def derivative(m: Symbols, value: Symbol, by: Symbol) -> Symbol:
    """How ``value`` moves with a slot.

    Args:
        m: the graph of both.
        value: of an item.
        by: a slot.

    Raises:
        TypeError: there is no derivative of one of the operations.
    """
    moved: dict[int, Any] = {id(value): m.node(1.0)}
    nodes = in_order([value])
    # Where something is left out, or has a pole, 0 may meet an infinity: it stays 0.
    times = _product if any(node.op in POLES for node in nodes) else operator.mul
    for node in reversed(nodes):
        rate = moved.get(id(node))
        if rate is None or node is by:
            continue
        for argument, part in _parts(m, node, rate, times):
            if argument.kind in (MASK, SCALAR):
                continue
            if argument.span == ROW and node.span == ELEMENT:
                part = m.sum(part, m.axis)  # of each element, whether or not it is the same for all
            known = moved.get(id(argument))
            moved[id(argument)] = part if known is None else _sum(known, part)
    found = moved.get(id(by), m.node(0.0))
    # Of each element of the slot there is a slope, if the same for all; a NaN shows.
    return found if found.span == by.span else m.where(by == by, found, by)  # type: ignore[no-any-return]


def _sum(left: Any, right: Any) -> Any:
    """left + right; of two of which each is 0 where the other is not, a choice."""
    m = left.trace
    if left.op == right.op == "where":
        (here, x), (there, y) = left.args, right.args
        if here is there:
            return m.where(here, x + y, 0.0)
        if here is ~there:
            return m.where(there, y, x)
    return left + right


def _product(rate: Any, by: Any) -> Any:
    """rate * by, and 0 where one of them is 0, though the other may be infinite or NaN."""
    m = rate.trace
    if rate.op == "where":  # 0 elsewhere, whatever it is multiplied by
        return m.where(rate.args[0], _product(rate.args[1], by), 0.0)
    by = m.node(by)
    made = rate * by
    for x, other in ((rate, by), (by, rate)):
        if x.kind != SCALAR and x.low <= 0.0 <= x.high and not _finite(other):
            made = m.where(x == 0.0, 0.0, made)
    return made


def _finite(x: Any, depth: int = 4) -> bool:
    """Whether it is known to be no infinity, and NaN only if a slot is."""
    if x.kind == SCALAR:
        return x.known is None or math.isfinite(x.known)
    if x.op in ("where", "select"):
        return depth > 0 and all(_finite(a, depth - 1) for a in x.args[1:])
    return bool(-math.inf < x.low and x.high < math.inf)


def _parts(m: Symbols, node: Symbol, rate: Any, times: Any) -> list[tuple[Any, Any]]:
    """The arguments of a node, each with how the value moves with it through the node."""
    op, args = node.op, node.args
    if op in UNMOVED or node.kind in (MASK, SCALAR):
        return []
    if op in ("+", "-", "*", "/"):
        x, y = args
        if op == "*" and x is y:
            inner = rate.args[1] if rate.op == "where" else rate
            first, last = (m.node(2.0), x) if inner.kind == SCALAR else (x, m.node(2.0))
            return [(x, times(times(rate, first), last))]
        return {
            "+": lambda: [(x, rate), (y, rate)],
            "-": lambda: [(x, rate), (y, -rate)],
            "*": lambda: [(x, times(rate, y)), (y, times(rate, x))],
            "/": lambda: [(x, times(rate, 1.0 / y)), (y, -times(rate, node / y))],
        }[op]()
    if op in ("where", "select"):
        condition, yes, *no = args
        zero = m.node(0.0)
        return [(yes, m.where(condition, rate, zero))] + [
            (x, m.where(condition, zero, rate)) for x in no
        ]
    if op in ("maximum", "minimum"):
        x, y = args
        ahead, tied = (x > y, x == y) if op == "maximum" else (x < y, x == y)
        half = m.where(tied, 0.5 * rate, 0.0)
        return [(x, m.where(ahead, rate, half)), (y, m.where(ahead | tied, 0.0, rate) + half)]
    if op in ("at_least", "at_most"):
        x, bound = args  # at the bound the slope of least magnitude
        return [(x, m.where(x > bound if op == "at_least" else x < bound, rate, 0.0))]
    if op == "sum":
        return [(args[0], rate)]
    if op in IN_ONE:
        return [(args[1], rate)]
    if op == "max":
        largest = m.where(args[0] == node, 1.0 + 0.0 * node, 0.0)
        return [(args[0], rate / m.sum(largest, m.axis) * largest)]
    if op == "pick":
        slot, labels = args
        return [(slot, m.where(m.classes(labels, slot, m.axis), rate, 0.0))]
    if op in ("exp_less", "log_less"):
        x, y = args
        return [(x, times(rate, m.exp(x) if op == "exp_less" else 1.0 / x)), (y, -rate)]
    if op in ("power", "power_positive"):
        x, exponent = args
        return [(x, times(rate, exponent * m.power(x, exponent - 1.0)))]
    slopes: dict[str, Any] = {
        "negative": lambda x: m.node(-1.0),
        "absolute": m.sign,
        "exp": lambda x: node,
        "expm1": lambda x: node + 1.0,
        "log": lambda x: 1.0 / x,
        "log1p": lambda x: 1.0 / (1.0 + x),
        "square_root": lambda x: 0.5 / node,
        "tanh": lambda x: 1.0 - node * node,
    }
    plain = PLAIN.get(op, op)
    if plain not in slopes:
        raise TypeError(f"There is no derivative of {op}: give the slope.")
    (x,) = args
    return [(x, times(rate, slopes[plain](x)))]
