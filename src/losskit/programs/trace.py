"""The vocabulary on symbols: what a formula does, as a graph of operations.

A card's formulas are called once with symbols in place of arrays and parameters. Equal
subexpressions become one node, whether they stand in the value, the slope or the curve; so each
exponential is taken once. Each node knows between which bounds it lies, so that a function may be
replaced by a cheaper one that serves that part of its domain (csrc/narrow.hpp).
"""

from __future__ import annotations

from typing import Any

from losskit.core.namespaces import Precision, Vocabulary
from losskit.programs import bounds

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

    def maximum(self, x: Any, y: Any) -> Any:
        return self._bounded("maximum", "at_least", x, y)

    def minimum(self, x: Any, y: Any) -> Any:
        return self._bounded("minimum", "at_most", x, y)

    def _bounded(self, both: str, one: str, x: Any, y: Any) -> Any:
        x, y = self.node(x), self.node(y)
        if x.kind == SCALAR:
            x, y = y, x
        if x.kind == SCALAR:
            return self._call(both, x, y)
        # The instruction takes its second number not to be NaN.
        return self._call(one if y.kind == SCALAR else both, x, y)

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
    order = take = put = pad = flip = stack = join = unstack = move = merge = matmul = _rows  # type: ignore[assignment]
    disorder = positions = cummax = number = part = _rows  # type: ignore[assignment]
