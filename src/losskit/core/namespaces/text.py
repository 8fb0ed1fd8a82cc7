"""The vocabulary that writes down what a formula does: C++ text for the compiled kernels.

A card's formulas are called once with symbols in place of arrays and parameters. Equal
subexpressions become one node, whether they stand in the value, the slope or the curve; so each
exponential is taken once. Each node knows between which bounds it lies, so that a function may be
replaced by a cheaper one that serves that part of its domain (csrc/narrow.hpp). The text is a
function of one vector of elements.
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
from losskit.core.namespaces import Precision, Vocabulary, bounds

ORDERS = ("value", "slope", "curve")

VECTOR, SCALAR, MASK = "V", "double", "Bits<V>"
"""What a node is: a vector of elements, a number that is the same for all, a comparison."""


class Node:
    """One operation of a formula. Made through `Trace`, which keeps one of each."""

    __slots__ = ("args", "high", "kind", "low", "op", "trace")

    def __init__(self, trace: Trace, op: str, args: tuple[Any, ...], kind: str) -> None:
        self.trace, self.op, self.args, self.kind = trace, op, args, kind
        self.low, self.high = bounds.of(op, args)

    def _with(self, op: str, left: Any, right: Any, kind: str | None = None) -> Node:
        left, right = self.trace.node(left), self.trace.node(right)
        plain = VECTOR if VECTOR in (left.kind, right.kind) else SCALAR
        return self.trace.make(op, (left, right), kind or plain)

    def __add__(self, other: Any) -> Node:
        return self._with("+", self, other)

    def __radd__(self, other: Any) -> Node:
        return self._with("+", other, self)

    def __sub__(self, other: Any) -> Node:
        return self._with("-", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self._with("-", other, self)

    def __mul__(self, other: Any) -> Node:
        return self._with("*", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self._with("*", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self._with("/", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self._with("/", other, self)

    def __neg__(self) -> Node:
        if self.op == "negative":
            return self.args[0]  # type: ignore[no-any-return]
        return self.trace.make("negative", (self,), self.kind)

    def __lt__(self, other: Any) -> Node:
        return self._with("<", self, other, MASK)

    def __le__(self, other: Any) -> Node:
        return self._with("<=", self, other, MASK)

    def __gt__(self, other: Any) -> Node:
        return self._with(">", self, other, MASK)

    def __ge__(self, other: Any) -> Node:
        return self._with(">=", self, other, MASK)

    def __eq__(self, other: object) -> Node:  # type: ignore[override]
        return self._with("==", self, other, MASK)

    def __ne__(self, other: object) -> Node:  # type: ignore[override]
        return self._with("!=", self, other, MASK)

    def __and__(self, other: Any) -> Node:
        return self._with("&", self, other, MASK)

    def __or__(self, other: Any) -> Node:
        return self._with("|", self, other, MASK)

    def __invert__(self) -> Node:
        return self.trace.make("~", (self,), MASK)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if self.kind == SCALAR:
            return True  # a parameter that is 0 is traced as the number 0
        raise TypeError("A formula must not branch on data: use m.where.")


class Trace(Vocabulary):
    """The vocabulary on symbols, and all nodes made with it, each once, in order."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[Any, ...], Node] = {}

    def make(self, op: str, args: tuple[Any, ...], kind: str) -> Node:
        """The node of that operation."""
        key = (op, kind, *(id(a) if isinstance(a, Node) else repr(a) for a in args))
        return self.nodes.setdefault(key, Node(self, op, args, kind))

    def node(self, x: Any) -> Node:
        """A number as a node; a node as it is."""
        return x if isinstance(x, Node) else self.make("number", (float(x),), SCALAR)

    def _call(self, name: str, *args: Any) -> Node:
        return self.make(name, tuple(self.node(a) for a in args), VECTOR)

    # --- the vocabulary

    def abs(self, x: Node) -> Node:
        return self._call("absolute", x.args[0] if x.op == "negative" else x)

    def exp(self, x: Node) -> Node:
        return self._call("exp_negative" if x.high <= 0 else "exp", x)

    def expm1(self, x: Node) -> Node:
        return self._call("expm1_negative" if x.high <= 0 else "expm1", x)

    def log(self, x: Node) -> Node:
        return self._call("log_normal" if x.low > 0 else "log", x)

    def log1p(self, x: Node) -> Node:
        if x.low >= 0 and x.high <= 1:
            return self._call("log1p_unit", x)
        return self._call("log1p_near" if x.low >= -0.6 and x.high <= 0.4 else "log1p", x)

    def exp_less(self, x: Node, y: Node) -> Node:
        return self._call("exp_less", x, y)

    def log_less(self, x: Node, y: Node) -> Node:
        return self._call("log_less", x, y)

    def sqrt(self, x: Node) -> Node:
        return self._call("square_root", x)

    def tanh(self, x: Node) -> Node:
        return self._call("tanh", x)

    def sign(self, x: Node) -> Node:
        return self._call("sign", x)

    def maximum(self, x: Any, y: Any) -> Node:
        x, y = self.node(x), self.node(y)
        if x.kind == SCALAR:
            x, y = y, x
        return self._call("at_least" if y.kind == SCALAR else "maximum", x, y)

    def minimum(self, x: Any, y: Any) -> Node:
        x, y = self.node(x), self.node(y)
        if x.kind == SCALAR:
            x, y = y, x
        return self._call("at_most" if y.kind == SCALAR else "minimum", x, y)

    def where(self, condition: Node, yes: Any, no: Any) -> Node:
        yes, no = self.node(yes), self.node(no)
        if condition.op == "<" and condition.args[1] is self.node(0.0):
            x = condition.args[0]
            if no is x and yes is -x:
                return self.abs(x)
            if yes is x and no is -x:
                return -self.abs(x)
        if yes is self.node(0.0):
            return self._call("where", ~condition, no)
        if no is self.node(0.0):
            return self._call("where", condition, yes)
        return self._call("select", condition, yes, no)

    def tiny(self, x: Node) -> Node:  # type: ignore[override]
        return self.make("tiny", (), SCALAR)

    def floor(self, p: Node) -> Node:  # type: ignore[override]
        return self.make("floor", (), SCALAR)

    def slack(self, p: Node) -> Node:  # type: ignore[override]
        return self.make("slack", (), SCALAR)

    def complement_floor(self, p: Node) -> Node:  # type: ignore[override]
        return self.make("complement_floor", (), SCALAR)

    def precision(self, x: Node) -> Precision:
        raise TypeError("A kernel is compiled for several types.")

    def _rows(self, *_: Any) -> Any:
        raise TypeError("A pointwise formula has no axis.")

    sum = max = drop = lay = crossed = sort = cumsum = classes = vector = power = _rows  # type: ignore[assignment]
    order = take = put = pad = flip = stack = unstack = move = merge = matmul = _rows  # type: ignore[assignment]
    disorder = positions = cummax = number = part = _rows  # type: ignore[assignment]


# --- text ---------------------------------------------------------------------------------------


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
