"""A pointwise card's formulas as C++ text for the compiled kernels: a function of one vector.

What they do is traced once (`losskit.programs.trace`) and written down.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

from losskit.core.definition import Rule
from losskit.core.families import Pointwise
from losskit.programs import bounds
from losskit.programs.trace import SCALAR, VECTOR, Node, Trace

ORDERS = ("value", "slope", "curve")


def _number(x: float) -> str:
    if math.isnan(x):
        return "std::numeric_limits<double>::quiet_NaN()"
    if math.isinf(x):
        return ("-" if x < 0 else "") + "std::numeric_limits<double>::infinity()"
    return repr(x)


def _text(trace: Trace, results: dict[str, Node]) -> list[str]:
    names: dict[int, str] = {}
    lines: list[str] = []

    def write(node: Node) -> str:
        """The node's name or number; its line is written first."""
        if id(node) in names:
            return names[id(node)]
        if node.op == "number":
            return _number(node.args[0])
        if node.op in ("y", "p"):
            return node.op
        if node.op == "parameter":
            return f"q[{node.args[0]}]"
        if node.op in bounds.CONSTANTS:
            return f"k.{node.op}"
        written = [write(a) for a in node.args]
        vector = node.kind != SCALAR

        def operand(i: int, whole: bool = False) -> str:
            if vector and node.args[i].kind == SCALAR:
                return f"broadcast<V>(T({written[i]}))" if whole else f"T({written[i]})"
            return written[i]

        both_scalar = all(a.kind == SCALAR for a in node.args)
        if node.op in ("at_least", "at_most"):
            expression = f"{node.op}({operand(0, whole=True)}, T({written[1]}))"
        elif node.op == "negative":
            expression = f"-{operand(0)}"
        elif node.op == "~":
            expression = f"~{written[0]}"
        elif len(node.args) == 2 and not node.op.isidentifier():
            left = operand(0, whole=both_scalar)
            expression = f"{left} {node.op} {operand(1)}"
        elif node.op == "where":
            expression = f"where<V>({written[0]}, {operand(1, True)})"
        elif node.op == "select":
            expression = f"select<V>({written[0]}, {operand(1, True)}, {operand(2, True)})"
        else:
            inside = ", ".join(operand(i, whole=True) for i in range(len(written)))
            expression = f"{node.op}({inside})"
        names[id(node)] = name = f"t{len(names)}"
        lines.append(f"const {node.kind} {name} = {expression};")
        return name

    for order, node in results.items():
        text = write(node)
        lines.append(f"{order} = {text if node.kind == VECTOR else f'broadcast<V>(T({text}))'};")
    return lines


def trace(card: type[Pointwise], fixed: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The statements that compute value, slope and curve from y and p.

    Args:
        card: a pointwise card.
        fixed: parameters that are constants of this text; the others are symbols.

    Returns:
        The statements, and the names of the parameters that are symbols (q[0], q[1], ...).

    Raises:
        TypeError: a formula does what the vocabulary lacks.
    """
    m = Trace()
    free = [name for name in card.rules() if name not in fixed]
    symbolic = object.__new__(card)
    for name, value in fixed.items():
        object.__setattr__(symbolic, name, value)
    for i, name in enumerate(free):
        object.__setattr__(symbolic, name, m.make("parameter", (i,), SCALAR))
    y, p = m.make("y", (), VECTOR), m.make("p", (), VECTOR)
    # Checked as they come: what lies outside is refused, whatever the formula made of it.
    y.low, y.high = bounds.of_domain(card.target)
    defaults = {name: default for name, (default, _) in card.rules().items()}
    p.low, p.high = bounds.of_domain(card(**{**defaults, **fixed}).prediction)
    results = {order: m.node(getattr(symbolic, order)(m, y, p)) for order in ORDERS}
    return _text(m, results), free


def fixed_parameters(card: Pointwise) -> dict[str, Any]:
    """What `trace` is to take as a constant for this card: flags, and what is switched off by 0."""
    rules = card.rules()
    return {
        name: value
        for name, value in card.parameters().items()
        if isinstance(value, bool) or (value == 0.0 and _off_at_zero(*rules[name]))
    }


def variants(card: type[Pointwise]) -> Iterator[dict[str, Any]]:
    """Every choice of constants for which a card has a text of its own."""

    def choices(default: Any, rule: Rule) -> list[Any]:
        if rule.kind == "flag":
            return [False, True]
        if rule.kind != "number":
            raise TypeError(f"{card.name} has a {rule.kind} among its parameters.")
        return [None, 0.0] if _off_at_zero(default, rule) else [None]

    rules = card.rules()
    for chosen in itertools.product(*(choices(*rule) for rule in rules.values())):
        yield {n: c for n, c in zip(rules, chosen, strict=True) if c is not None}


def _off_at_zero(default: Any, rule: Rule) -> bool:
    """Whether 0 is where a number begins, and its default: what is not asked for costs nothing."""
    return rule.kind == "number" and rule.low == 0.0 == default


def simplicity(statements: list[str]) -> str:
    """What a text takes: "sums" and products alone, "comparisons" too, or "series" as well."""
    called = {name for line in statements for name in _CALLED.findall(line)}
    if any(part in name for name in called for part in ("exp", "log", "tanh", "sqrt")):
        return "series"
    return "comparisons" if called else "sums"


_CALLED = re.compile(r"\b(?!T\()(\w+)(?:<V>)?\(")


def fingerprint(card: type[Pointwise], statements: list[str]) -> str:
    """Names a text: what is compiled is used for a card only if its text is still this one."""
    domains = [(d.low, d.high, d.slack, d.values, d.minus_infinity) for d in (card.target,)]
    whole = "\n".join([*statements, repr(domains)])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
