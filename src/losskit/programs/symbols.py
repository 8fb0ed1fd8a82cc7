"""A card of any parameters as a graph of operations, for rows as well as for elements.

A node is one number for all, one for each row (for each item of a pointwise card), or one for each
element of a row. What can be known of it is used at once: parameters are symbols, so that a program
serves all their values, but a formula may ask for one (`if self.norm < 2`). The answer is that of
the value at hand, and is noted: for other answers there is another program.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

from losskit.core.definition import Slot
from losskit.core.families import Items, Labelled, Pointwise, is_rowwise
from losskit.programs import bounds
from losskit.programs.trace import MASK, SCALAR, VECTOR, Node, Trace

ONE, ROW, ELEMENT = 0, 1, 2
"""What a node is: the same for all, of each row, of each element."""

Wanted = tuple[tuple[str, int], ...]
"""Of a card: ("value", 0) first if its items are wanted, then ("slope" or "curve", slot)."""

Question = tuple[Any, bool]
"""A comparison of scalars, and how it was answered."""


class Symbol(Node):
    """A node that knows what it is of, and its value for the parameters at hand, if it has one."""

    __slots__ = ("known", "span")

    span: int
    known: float | None

    def __bool__(self) -> bool:
        if self.kind == SCALAR and self.known is not None:
            return bool(self != 0.0)
        raise TypeError("A formula must not branch on data: use m.where.")

    def __pow__(self, exponent: Any) -> Any:
        return self.trace.power(self, exponent)

    def __abs__(self) -> Any:
        return self.trace.abs(self)

    def __rand__(self, other: Any) -> Any:
        return self & other

    def __ror__(self, other: Any) -> Any:
        return self | other


SCALARS: dict[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "negative": operator.neg,
    "absolute": abs,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "square_root": math.sqrt,
    "tanh": math.tanh,
    "maximum": max,
    "minimum": min,
    "power": math.pow,
}
"""What is computed of numbers that are the same for all."""

PLAIN = {
    "exp_negative": "exp",
    "expm1_negative": "expm1",
    "log_normal": "log",
    "log1p_unit": "log1p",
    "log1p_near": "log1p",
}
"""What is computed for a part of a domain alone, and the function that it is."""

IN_ONE = ("others", "scaled_length", "unit")
"""What a program does in one step with a row; the last argument is the same made of other nodes."""

WHOLE = {
    "simplex_threshold": ROW,
    "pair_shortfall": ROW,
    "pair_pull": ELEMENT,
    "union_rates": ELEMENT,
}
"""What it does with whole rows alone, for a sort or all pairs, and what comes of it."""

COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Symbols(Trace):
    """The vocabulary on such nodes.

    Args:
        axis: along which rows lie; None for a pointwise card.
        length: of a row, of which formulas may ask.
        fused: whether a softmax is one operation.
        steps: whether what the kernels do in one step is one node.
    """

    def __init__(self, axis: Any, length: int, fused: bool = False, steps: bool = True) -> None:
        super().__init__()
        self.fused, self.steps = fused, steps
        self.axis = axis
        self.questions: list[Question] = []
        self.true, self.false = (self._new(op, (), MASK) for op in ("true", "false"))
        self.length = self._new("length", (), SCALAR)
        self.length.known = float(length)

    def parameter(self, name: str, value: float) -> Symbol:
        """A parameter, of which this is the value."""
        node = self._new("parameter", (name,), SCALAR)
        node.known = value
        return node

    def slot(self, number: int, span: int, domain: Any, op: str = "slot") -> Symbol:
        """What the card takes; ``op`` is "shared" for what is the same for all rows."""
        node = self._new("labels" if domain.labels else op, (number,), VECTOR, span)
        if not domain.labels:
            node.low, node.high = bounds.of_domain(domain)
        return node

    def make(self, op: str, args: tuple[Any, ...], kind: str) -> Any:
        args = tuple([self._mask(a) for a in args])
        kinds = [getattr(a, "kind", None) for a in args]
        if any(getattr(a, "op", None) == "labels" for a in args):
            raise TypeError("A label is no number: use m.classes.")
        if op in ("&", "|", "~"):
            if any(k != MASK for k in kinds):
                raise TypeError(f"{op} takes comparisons alone.")
        elif MASK in kinds[op in ("where", "select") :]:
            first = int(op in ("where", "select"))
            args = (*args[:first], *map(self._numeric, args[first:]))
            kind = MASK if kind == MASK else VECTOR
        known = self._simpler(op, args)
        if known is not None:
            return known
        pushed = self._within_one_hot(op, args, kind)
        return self._new(op, args, kind) if pushed is None else pushed

    def _new(self, op: str, args: tuple[Any, ...], kind: str, span: int | None = None) -> Symbol:
        key = (op, kind, *(id(a) if isinstance(a, Node) else repr(a) for a in args))
        found = self.nodes.get(key)
        if found is None:
            node = Symbol(self, op, args, kind)
            parts = [a for a in args if isinstance(a, Symbol)]
            node.span = max((a.span for a in parts), default=ONE) if span is None else span
            node.known = args[0] if op == "number" else None
            if kind == SCALAR and op in SCALARS and all(a.known is not None for a in parts):
                try:
                    node.known = SCALARS[op](*(a.known for a in parts))
                except (ArithmeticError, ValueError):
                    node.known = math.nan
            found = self.nodes[key] = node
        return found  # type: ignore[return-value]

    def _numeric(self, x: Any) -> Any:
        """A comparison as 1 and 0, where it is computed with."""
        x = self._mask(x)
        return self.where(x, 1.0, 0.0) if isinstance(x, Symbol) and x.kind == MASK else x

    def _mask(self, x: Any) -> Any:
        return (self.true if x else self.false) if isinstance(x, bool) else x

    # --- what is known at once

    def _simpler(self, op: str, args: tuple[Any, ...]) -> Any:
        numbers = [a.args[0] if isinstance(a, Node) and a.op == "number" else None for a in args]
        if op in COMPARED:
            left, right = args
            if left.kind == right.kind == SCALAR and None not in (left.known, right.known):
                answer = COMPARED[op](left.known, right.known)
                if None in numbers:
                    self.questions.append(((op, left, right), answer))
                return answer
        elif op in SCALARS and args and None not in numbers and op != "negative":
            try:
                return self.node(SCALARS[op](*numbers))
            except (ArithmeticError, ValueError):
                return None
        if op == "negative" and numbers[0] is not None:
            return self.node(-numbers[0])
        if (op in ("*", "/") and numbers[1] == 1.0) or (op == "-" and numbers[1] == 0.0):
            return args[0]
        if op == "*" and numbers[0] == 1.0:
            return args[1]
        if op == "/" and numbers[0] == 0.0 and args[1] is self.length:
            return args[0]
        if op in ("&", "|", "~"):
            return self._logic(op, args)
        return self._of_negatives(op, args)

    def _of_negatives(self, op: str, args: tuple[Any, ...]) -> Any:
        """The sign last, where it often meets another or is that of a whole sum."""
        if op not in ("+", "-", "*", "/"):
            return None
        left, right = args
        if right.op == "negative" and op in ("+", "-"):
            return left - right.args[0] if op == "+" else left + right.args[0]
        if left.op == "negative" and op in ("+", "-"):
            return right - left.args[0] if op == "+" else -(left.args[0] + right)
        if left.op == "negative" and op in ("*", "/"):
            return -self.make(op, (left.args[0], right), _kind(left, right))
        if right.op == "negative" and op in ("*", "/"):
            return -self.make(op, (left, right.args[0]), _kind(left, right))
        return None

    def _logic(self, op: str, args: tuple[Any, ...]) -> Any:
        true, false = self.true, self.false
        if op == "~":
            (x,) = args
            if x.op in ("==", "!="):
                return self.make("!=" if x.op == "==" else "==", x.args, MASK)
            return {id(true): false, id(false): true}.get(id(x), x.args[0] if x.op == "~" else None)
        left, right = args
        if op == "&" and "classes" in (left.op, right.op):
            hot, other = (left, right) if left.op == "classes" else (right, left)
            if other.span == ELEMENT and other.op != "classes":
                return self._select(hot, self._picked(other, hot, {}), false)
        neutral, ruling = (true, false) if op == "&" else (false, true)
        if left is ruling or right is ruling:
            return ruling
        return right if left is neutral else left if right is neutral or left is right else None

    # --- one-hot rows: what differs between the true class and the others alone

    def _branches(self, x: Any, hot: Any) -> tuple[Any, Any] | None:
        """What it is at the true class, and elsewhere, if it is the same for all other classes."""
        if x is hot:
            return self.true, self.false
        if not isinstance(x, Symbol) or x.span <= ROW:
            return x, x
        if x.op == "select" and x.args[0] is hot and max(a.span for a in x.args[1:]) <= ROW:
            return x.args[1], x.args[2]
        return None

    def _within_one_hot(self, op: str, args: tuple[Any, ...], kind: str) -> Any:
        """Operations on one-hot rows are done on the two numbers that these are made of."""
        if op in ("sum", "max", "classes", "pick", "select") or len(args) == 0:
            return None
        hot = next((h for a in args if (h := self._hot(a)) is not None), None)
        if hot is None:
            return None
        both = [self._branches(a, hot) for a in args]
        if None in both or (op == "~" and args[0] is hot):
            return None
        yes, no = (self._again(op, [b[i] for b in both if b], kind) for i in (0, 1))
        return self._select(hot, yes, no)

    def _again(self, op: str, args: list[Any], kind: str) -> Any:
        if op == "where":
            return self.where(args[0], args[1], 0.0)
        kinds = [a.kind for a in args]
        if kind == VECTOR and kinds and all(k == SCALAR for k in kinds):
            kind = SCALAR
        return self._mask(self.make(op, tuple(args), kind))

    def _hot(self, x: Any) -> Any:
        if not isinstance(x, Symbol):
            return None
        if x.op == "classes":
            return x
        one_hot = x.op == "select" and x.args[0].op == "classes"
        return x.args[0] if one_hot and max(a.span for a in x.args[1:]) <= ROW else None

    def _select(self, condition: Any, yes: Any, no: Any) -> Any:
        yes, no = self._mask(yes), self._mask(no)
        if condition.op == "classes":  # of the first only what it is at the true class is seen
            yes = self._picked(yes, condition, {})
            elsewhere = self._branches(no, condition)
            no = no if elsewhere is None else elsewhere[1]
        if yes is no:
            return yes
        if yes.kind == MASK or no.kind == MASK:
            if yes is self.true:
                # As it is: of one-hot rows `make` would come back here.
                return condition if no is self.false else self._new("|", (condition, no), MASK)
            if no is self.false:
                return self._new("&", (condition, yes), MASK)
            if yes is self.false:
                rest = self.make("~", (condition,), MASK)
                return rest if no is self.true else self.make("&", (rest, no), MASK)
            return self._new("select", (condition, yes, no), MASK)
        return self._new("select", (condition, yes, no), VECTOR)

    # --- the vocabulary

    def _call(self, name: str, *args: Any) -> Any:
        nodes = tuple(self.node(a) for a in args)
        if all(a.kind == SCALAR for a in nodes):
            name = PLAIN.get(name, name)
        scalar = name in SCALARS and all(a.kind == SCALAR for a in nodes)
        return self.make(name, nodes, SCALAR if scalar else VECTOR)

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        condition = self._mask(condition)
        yes, no = self.node(yes), self.node(no)
        if condition.kind != MASK:
            condition = self._mask(condition != 0.0)
        if condition is self.true or yes is no:
            return yes
        if condition is self.false:
            return no
        if condition.op == "~":
            condition, yes, no = condition.args[0], no, yes
        if condition.op == "classes":
            return self._select(condition, yes, no)
        told_nan = condition.op == "!=" and condition.args[0] is condition.args[1] is yes
        if self.fused and told_nan and no is self.node(0.0):
            return self._call("lost", yes)
        if condition.span <= ROW < yes.span:
            (x, by), (same, other) = self._factored(yes), self._factored(no)
            if x is same:
                return x * self.where(condition, by, other)
        if yes.op == "negative" and no is self.node(0.0):
            return -self.where(condition, yes.args[0], no)
        if no.op == "negative" and yes is self.node(0.0):
            return -self.where(condition, yes, no.args[0])
        return super().where(condition, yes, no)

    def _factored(self, x: Any) -> tuple[Any, Any]:
        """Elements, and what all of a row are multiplied by."""
        if x.op == "*":
            for own, by in (x.args, x.args[::-1]):
                if by.span <= ROW < own.span:
                    return own, by
        return x, self.node(1.0)

    def log_less(self, x: Any, y: Any) -> Any:
        x = self.node(x)
        # The instruction takes numbers above 0.
        return self._call("log_less", x, y) if x.low > 0 else self.log(x) - y

    def power(self, x: Any, exponent: Any) -> Any:
        x, exponent = self.node(x), self.node(exponent)
        if exponent.kind != SCALAR:
            raise TypeError("A power's exponent is the same for all.")
        if exponent == 1.0:
            return x
        if exponent == 2.0:
            return x * x
        if exponent == 0.5:
            return self.sqrt(x)
        return self._call(
            "power_positive" if x.low >= 0 and x.kind != SCALAR else "power", x, exponent
        )

    def in_one(self, name: str, made: Any, *of: Any, last: bool = False) -> Any:
        if not self.steps:
            return self.node(made())
        rows: tuple[Any, ...] = tuple([self.node(self._numeric(x)) for x in of])
        if name in WHOLE:
            return self._new(name, rows, VECTOR, WHOLE[name])
        x, made = rows[0], self.node(made())
        if x.span <= ROW or self._hot(x) is not None:
            return made  # it is known without the row
        found = self._new(name, (x, made), VECTOR, made.span)
        found.low, found.high = made.low, made.high
        return found

    def sum(self, x: Any, axis: Any) -> Any:
        x = self.node(self._numeric(x))
        if x.span <= ROW:
            return self.length * x
        if x.op == "negative":
            return -self.sum(x.args[0], axis)
        if self._hot(x) is not None:
            _, yes, no = x.args
            if no is self.node(0.0) or not self.length > 1.0:
                return yes
            return yes + (self.length - 1.0) * no
        return self._new("sum", (x,), VECTOR, ROW)

    def max(self, x: Any, axis: Any) -> Any:
        x = self.node(self._numeric(x))
        if x.span <= ROW:
            return x
        if self._hot(x) is not None:
            return self.maximum(*x.args[1:]) if self.length > 1.0 else x.args[1]
        return self._new("max", (x,), VECTOR, ROW)

    def softmax(self, d: Any, axis: Any) -> Any:
        if d.op == "-" and d.args[1].op == "max" and d.args[1].args[0] is d.args[0]:
            d = d.args[0]  # it takes the largest away by itself
        return self._new("softmax", (d,), VECTOR, ELEMENT)

    def but_one(self, p: Any, axis: Any) -> Any:
        return self._new("but_one", (p,), VECTOR, ROW)

    def _picked(self, x: Any, hot: Any, seen: dict[int, Any]) -> Any:
        """What x is at the true class."""
        if id(x) in seen:
            return seen[id(x)]
        parts = self._branches(x, hot)
        if parts is not None:
            found = parts[0]
        elif x.op in ("slot", "shared", "softmax"):
            found = self._new("pick", (x, hot.args[0]), VECTOR, ROW)
        elif x.op in IN_ONE:
            found = self._picked(x.args[1], hot, seen)
        elif x.op == "where":
            condition, yes = (self._picked(a, hot, seen) for a in x.args)
            found = self.where(condition, yes, 0.0)
        elif x.op == "select":
            found = self.where(*(self._picked(a, hot, seen) for a in x.args))
        elif x.op in WHOLE:
            raise TypeError(f"What {x.op} gives is not picked from.")
        else:
            found = self._again(x.op, [self._picked(a, hot, seen) for a in x.args], x.kind)
        seen[id(x)] = found
        return found

    def drop(self, x: Any, axis: Any) -> Any:
        return x

    def lay(self, x: Any, axis: Any) -> Any:
        return x

    def classes(self, labels: Any, like: Any, axis: Any) -> Any:
        return self._new("classes", (labels,), MASK, ELEMENT)

    def vector(self, values: Any, like: Any, axis: Any) -> Any:
        if len(values) != 1:
            raise TypeError("A program takes what differs by class as a slot.")
        return self.node(values[0])


def _kind(left: Node, right: Node) -> str:
    return VECTOR if VECTOR in (left.kind, right.kind) else SCALAR


class _Shape:
    """The shape of a slot, of which a formula may ask how long rows are."""

    def __init__(self, m: Symbols) -> None:
        self.m = m

    def __getitem__(self, axis: Any) -> Any:
        if axis != self.m.axis:
            raise TypeError("A program knows of rows alone.")
        return self.m.length


class _Slot(Symbol):
    """A slot, which has a shape."""

    __slots__ = ()

    @property
    def shape(self) -> _Shape:
        return _Shape(self.trace)  # type: ignore[arg-type]


def free_parameters(card: Any) -> list[str]:
    """The parameters that are symbols in a program: numbers, but for those that are 0."""
    return [
        name for name, value in card.parameters().items() if type(value) is float and value != 0.0
    ]


def span_of(card: Items, slot: Slot) -> int:
    """What a slot is of: each element of a row, or each item."""
    return ELEMENT if slot.dims and is_rowwise(card) else ROW


def trace(
    card: Items,
    wanted: tuple[tuple[str, int], ...],
    length: int,
    names: tuple[str, ...],
    fused: bool = False,
    steps: bool = True,
) -> tuple[Symbols, Any]:
    """What a card computes, as a graph.

    Args:
        card: a card, its parameters as they are at hand.
        wanted: which derivatives: ("slope", number of a slot), ("curve", ...); ("value", 0).
        length: of a row.
        names: the parameters that are symbols.
        fused: whether a softmax is one operation.
        steps: whether what the kernels do in one step is one node.

    Returns:
        The graph, and the node of each result.

    Raises:
        TypeError: a formula does what a program cannot.
    """
    main = card.slots[card.main]
    pointwise = isinstance(card, Pointwise)
    m = Symbols(None if pointwise else card.axis, length, fused, steps)  # type: ignore[attr-defined]
    symbolic = copy.copy(card)
    for name in names:
        object.__setattr__(symbolic, name, m.parameter(name, getattr(card, name)))
    nodes = []
    for i, slot in enumerate(card.slots):
        if slot.places or slot.domain.blank is not None or slot.domain.names:
            raise TypeError(f"A program does not take {slot.name} as it is.")
        if slot.dims not in ((), main.dims):
            raise TypeError(f"A program takes no slot of the dimensions {slot.dims}.")
        span = span_of(card, slot)
        if not slot.batched and span == ROW:
            raise TypeError("A program takes nothing that is the same for all.")
        node = m.slot(i, span, slot.domain, "slot" if slot.batched else "shared")
        node.__class__ = _Slot
        nodes.append(node)
    if isinstance(card, Labelled) and card.slots[0].dims:
        raise TypeError("A program takes one label for each row.")
    shared = symbolic.shared(m, *nodes)
    rest = () if shared is None else (shared,)
    results: dict[tuple[str, int], Any] = {}
    for order, i in wanted:
        name = "value" if order == "value" else card.slots[i].derivative(order)
        results[order, i] = m.node(getattr(symbolic, name)(m, *nodes, *rest))
    if ("value", 0) in results and results["value", 0].span > ROW:
        raise TypeError("An item is one number.")
    return m, results


def answered(questions: Any, card: Any, length: int) -> bool:
    """Whether another card, or a row of that length, gives the same answers."""
    return all(
        COMPARED[op](_scalar(left, card, length), _scalar(right, card, length)) == answer
        for (op, left, right), answer in questions
    )


def _scalar(node: Any, card: Any, length: int) -> float:
    if node.op == "number":
        return float(node.args[0])
    if node.op == "length":
        return float(length)
    if node.op == "parameter":
        number = getattr(card, node.args[0])
        return number.known if isinstance(number, Symbol) else float(number)  # type: ignore[return-value]
    try:
        return SCALARS[node.op](*(_scalar(a, card, length) for a in node.args))
    except (ArithmeticError, ValueError):
        return math.nan


def in_order(results: list[Symbol]) -> list[Symbol]:
    """All nodes that these are made of, arguments first; however deep the graph is."""
    seen: dict[int, Symbol] = {}
    waiting = list(reversed(results))
    while waiting:
        node = waiting[-1]
        lacking = [a for a in node.args if isinstance(a, Symbol) and id(a) not in seen]
        if lacking:
            waiting += reversed(lacking)
        else:
            seen[id(waiting.pop())] = node
    return list(seen.values())


def takes(card: Any) -> bool:
    """Whether a program may compute the card: by what it is, not yet by its formulas."""
    return isinstance(card, Items) and card.decomposable and sayable(card)


def sayable(card: Items) -> bool:
    """The same of a card whose value may be one for the whole batch, which lies in one place."""
    if not card.programmed:
        return False
    if card.long or card.held or any(len(slot.domain.values) > 4 for slot in card.slots):
        return False
    several_labels = any(s.domain.labels and s.axes for s in card.slots)
    return not (several_labels or any(s.domain.count_of for s in card.slots))
