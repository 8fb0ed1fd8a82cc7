"""A graph of operations as instructions over registers, for the interpreter (csrc/interpreter.hpp).

A register holds a tile: one number for each row, or for each element of some rows. Short rows go
through the program as a whole; the elements of a long one in chunks, in passes that end where a
reduction along the row is needed: what is cheap is computed again, so that nothing of a row's size
is kept.
"""

from __future__ import annotations

import functools
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from losskit.programs.symbols import ELEMENT, IN_ONE, ONE, ROW, WHOLE, Symbol, in_order, span_of
from losskit.programs.trace import MASK, SCALAR

CONSTANTS = ("tiny", "floor", "complement_floor", "slack", "length")
"""The first scalars of every program, which follow from dtypes and shapes."""

_NAMES = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "==": "eq",
    "!=": "ne",
    "&": "and",
    "|": "or",
    "~": "not",
}
_SWAPPED = {"add": "add", "mul": "mul", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"} | {
    name: name for name in ("eq", "ne")
}
_ARITHMETIC = ("add", "sub", "mul", "div", *_SWAPPED)
_REDUCTIONS = ("sum", "max")
_SUMMED = {"where": "sum_where", "*": "dot", "absolute": "sum_absolute"}
"""Of what a sum is taken in one instruction, without a register for the terms."""
_TO_ROWS = (*_REDUCTIONS, "sum_where", "dot", "sum_absolute", "max_absolute", "scaled_length")
"""Instructions that make one number of each row of elements."""
AT_LABEL = 3
"""What a result is of that is 0 but at the label of each row: its register holds that alone."""
_MOST = 60000  # of registers and scalars: numbers of 16 bits


@dataclass
class Instruction:
    """One operation on registers: virtual ones, until `_allocated`."""

    name: str
    to: int
    registers: list[int]
    scalars: list[int] = field(default_factory=list)
    span: int = ROW

    def packed(self, numbers: dict[str, int]) -> bytes:
        operands = [*self.registers, *self.scalars]
        operands += [0] * (3 - len(operands))
        return struct.pack("<6H", numbers[self.name], self.span, self.to, *operands)


@dataclass(frozen=True)
class Program:
    """What the kernels take."""

    scalars: bytes
    """How scalars are computed, from constants, parameters and numbers on."""
    numbers: tuple[float, ...]
    parameters: tuple[str, ...]
    slots: tuple[tuple[int, bool], ...]
    """Of each slot what it is of, and whether it is the same for all rows."""
    whole: bytes
    """For rows that go through it as a whole."""
    passes: tuple[tuple[bytes, bytes], ...]
    """Of each pass what is done once for each row, and what for each chunk of it; none where rows,
    however long, are taken whole."""
    after: bytes
    registers: tuple[int, int]
    """How many the whole takes, and the passes."""
    outputs: tuple[tuple[int, int, int], ...]
    """Of each result its register as a whole and in passes, and what it is of."""

    def packed(self) -> bytes:
        """As the kernels read it (csrc/program.cpp)."""
        parts = [
            struct.pack("<4I", VERSION, len(self.parameters), *self.registers),
            *_counted("I", [span | 4 * shared for span, shared in self.slots]),
            *_counted("3I", [x for output in self.outputs for x in output]),
            *_counted("d", self.numbers),
            *(_counted_instructions(self.scalars), _counted_instructions(self.whole)),
            struct.pack("<I", len(self.passes)),
            *(_counted_instructions(part) for pair in self.passes for part in pair),
            _counted_instructions(self.after),
        ]
        return b"".join(parts)


VERSION = 1
"""Of the packed form."""


def _counted(kind: str, numbers: Any) -> tuple[bytes, bytes]:
    width = int(kind[:-1] or 1)
    head = struct.pack("<I", len(numbers) // width)
    return head, struct.pack(f"<{len(numbers)}{kind[-1]}", *numbers)


def _counted_instructions(packed: bytes) -> bytes:
    return struct.pack("<I", len(packed) // struct.calcsize("<6H")) + packed


class _Scalars:
    """The numbers that are the same for all, and how they follow from one another."""

    def __init__(self, parameters: tuple[str, ...]) -> None:
        self.parameters = parameters
        self.numbers: dict[str, float] = {}
        self.order: list[Symbol] = []
        self.places: dict[int, int] = {}

    def add(self, node: Symbol) -> Symbol:
        if id(node) not in self.places:
            self.places[id(node)] = -1
            if node.op == "number":
                self.numbers.setdefault(repr(node.args[0]), node.args[0])
            elif node.op not in (*CONSTANTS, "parameter"):
                for a in node.args:
                    self.add(a)
                self.places[id(node)] = len(self.order)
                self.order.append(node)
        return node

    def index(self, node: Symbol) -> int:
        if node.op in CONSTANTS:
            return CONSTANTS.index(node.op)
        at = len(CONSTANTS)
        if node.op == "parameter":
            return at + self.parameters.index(node.args[0])
        at += len(self.parameters)
        if node.op == "number":
            return at + list(self.numbers).index(repr(node.args[0]))
        return at + len(self.numbers) + self.places[id(node)]


class _Writer:
    """Writes instructions into lists, each node's once in each."""

    def __init__(
        self, slots: int, scalars: _Scalars, results: list[Symbol], whole: bool = False
    ) -> None:
        self.whole = whole  # rows are: there are instructions that take more than one pass
        self.uses = Counter(id(a) for node in in_order(results) for a in node.args)
        self.count = self.slots = slots
        self.results: set[int] = set()
        self.scalars = scalars
        self.rows: dict[Any, int] = {}  # registers of rows, which stay
        self.elements: dict[Any, int] = {}
        self.once: list[Instruction] = []
        self.each: list[Instruction] = []

    def register(self) -> int:
        self.count += 1
        return self.count - 1

    def emit(self, name: str, span: int, registers: Any = (), scalars: Any = ()) -> int:
        into = self.each if span == ELEMENT or name in _TO_ROWS else self.once
        to = self.register()
        into.append(Instruction(name, to, list(registers), list(scalars), span))
        return to

    def result(self, node: Symbol, span: int) -> int:
        """A register that holds the node alone: it will be multiplied where it lies."""
        found = self.at(node, span)
        if found < self.slots or found in self.results:
            found = self.emit("copy", span, (found,))
        self.results.add(found)
        return found

    def scalar(self, node: Symbol) -> Symbol:
        return self.scalars.add(node)

    def at(self, node: Symbol, span: int) -> int:
        """The register of a node, laid over elements if these are asked for."""
        if node.kind == SCALAR:
            fill = functools.partial(self.emit, "fill", span, (), (self.scalar(node),))
            return self._once(("fill", id(node), span), span, fill)
        if node.span == ONE or node.span > span:
            raise TypeError(f"{node.op} is of something else than is wanted.")
        if node.span < span:
            key = ("expand", id(node))
            return self._once(key, span, lambda: self.emit("expand", span, (self.at(node, ROW),)))
        if node.op in ("slot", "shared"):
            return int(node.args[0])
        return self._once(id(node), node.span, lambda: self._write(node))

    def _once(self, key: Any, span: int, write: Any) -> int:
        known = self.elements if span == ELEMENT else self.rows
        if key not in known:
            known[key] = write()
        return known[key]

    def _write(self, node: Symbol) -> int:
        op, args, span = node.op, node.args, node.span
        if op in WHOLE:
            return self.emit(op, span, [self.at(x, ELEMENT) for x in args])
        if op in IN_ONE:
            if not self.whole:
                return self.at(args[1], span)
            return self.emit(op, span, (self.at(args[0], ELEMENT),))
        if op in ("sum", "max"):
            return self._reduced(op, args[0])
        if op == "pick":
            return self.emit("pick", ROW, (args[0].args[0], args[1].args[0]))
        if op == "classes":
            return self.emit("classes", ELEMENT, (args[0].args[0],))
        if op in ("true", "false") or (node.kind == MASK and span == ONE):
            raise TypeError("A comparison of what is the same for all.")
        name = _NAMES.get(op, op)
        if name in _ARITHMETIC:
            left, right = args
            if left.kind == SCALAR and name in _SWAPPED:
                name, left, right = _SWAPPED[name], right, left
            if left.kind == SCALAR:
                return self.emit(f"{name}_sv", span, (self.at(right, span),), (self.scalar(left),))
            if right.kind == SCALAR:
                return self.emit(f"{name}_vs", span, (self.at(left, span),), (self.scalar(right),))
            if left.span == right.span:
                return self.emit(f"{name}_vv", span, [self.at(a, span) for a in args])
            if left.span == ROW and name in _SWAPPED:
                name, left, right = _SWAPPED[name], right, left
            if left.span == ROW:
                return self.emit(f"{name}_re", span, (self.at(right, span), self.at(left, ROW)))
            return self.emit(f"{name}_er", span, (self.at(left, span), self.at(right, ROW)))
        if name in ("at_least", "at_most", "power", "power_positive"):
            return self.emit(name, span, (self.at(args[0], span),), (self.scalar(args[1]),))
        if name in ("where", "select"):
            condition = self.at(args[0], span)
            kinds = "".join("s" if a.kind == SCALAR else "v" for a in args[1:])
            registers = [self.at(a, span) for a in args[1:] if a.kind != SCALAR]
            scalars = [self.scalar(a) for a in args[1:] if a.kind == SCALAR]
            return self.emit(f"{name}_{kinds}", span, [condition, *registers], scalars)
        return self.emit(name, span, [self.at(a, span) for a in args])

    def _reduced(self, op: str, x: Symbol) -> int:
        of = [a for a in x.args if isinstance(a, Symbol)]
        alone = self.uses[id(x)] == 1 and all(a.span == ELEMENT for a in of)
        if alone and op == "sum" and x.op in _SUMMED:
            return self.emit(_SUMMED[x.op], ROW, [self.at(a, ELEMENT) for a in of])
        if alone and op == "max" and x.op == "absolute":
            return self.emit("max_absolute", ROW, (self.at(of[0], ELEMENT),))
        return self.emit(op, ROW, (self.at(x, ELEMENT),))


def lower(
    card: Any,
    parameters: tuple[str, ...],
    results: list[Symbol],
    spans: list[int],
    numbers: dict[str, int],
) -> Program:
    """The program of a graph.

    Args:
        card: the card.
        parameters: its symbols, in the order in which their values will be given.
        results: the nodes of what is wanted.
        spans: of what each result is to be.
        numbers: of the interpreter's operations, by name.

    Raises:
        TypeError: it takes what the interpreter lacks.
    """
    scalars = _Scalars(parameters)
    slots = len(card.slots)
    kinds = list(spans)
    for k, node in enumerate(results):
        if spans[k] == ELEMENT and _zero_elsewhere(node):
            results, spans = [*results], [*spans]
            results[k], spans[k], kinds[k] = node.args[1], ROW, AT_LABEL

    whole = _Writer(slots, scalars, results, whole=True)
    whole.each = whole.once  # one list, in the order in which nodes are needed
    found = [whole.result(node, span) for node, span in zip(results, spans, strict=True)]
    instructions, outputs, used = _allocated(whole.once, found, slots)

    in_passes: list[list[Instruction]] = [[]]
    outputs_in_passes, used_in_passes = [0] * len(results), 0
    if not any(node.op in WHOLE for node in in_order(results)):
        parts, after, found = _in_passes(slots, scalars, results, spans)
        longest = [part for pair in parts for part in pair] + [after]
        in_passes, outputs_in_passes, used_in_passes = _allocated_in_passes(longest, found, slots)

    def packed(part: list[Instruction]) -> bytes:
        for i in part:
            i.scalars = [scalars.index(x) if isinstance(x, Symbol) else x for x in i.scalars]
        return b"".join(i.packed(numbers) for i in part)

    def of_scalars() -> bytes:
        made = []
        for node in scalars.order:
            name = _NAMES.get(node.op, node.op)
            if f"scalar_{name}" not in numbers:
                raise TypeError(f"Scalars have no {name}.")
            operands = [scalars.index(a) for a in node.args]
            made.append(
                Instruction(f"scalar_{name}", scalars.index(node), operands).packed(numbers)
            )
        return b"".join(made)

    if max(used, used_in_passes) > _MOST:
        raise TypeError("The formulas are too long.")
    try:
        pairs = [packed(part) for part in in_passes]
        return Program(
            scalars=of_scalars(),
            numbers=tuple(scalars.numbers.values()),
            parameters=parameters,
            slots=tuple((span_of(card, slot), not slot.batched) for slot in card.slots),
            whole=packed(instructions),
            passes=tuple(zip(pairs[0:-1:2], pairs[1:-1:2], strict=True)),
            after=pairs[-1],
            registers=(used, used_in_passes),
            outputs=tuple(zip(outputs, outputs_in_passes, kinds, strict=True)),
        )
    except KeyError as error:
        raise TypeError(f"The interpreter has no {error}.") from None


def _zero_elsewhere(node: Symbol) -> bool:
    """Whether a result is 0 but at the label of each row."""
    if node.op not in ("where", "select") or node.args[0].op != "classes":
        return False
    no = node.args[2:]
    return node.args[1].span <= ROW and (not no or (no[0].op == "number" and no[0].args[0] == 0.0))


def _levels(results: list[Symbol]) -> dict[int, int]:
    """How many reductions one after another come before each node."""
    known: dict[int, int] = {}
    for node in in_order(results):
        before = max((known[id(a)] for a in node.args if isinstance(a, Symbol)), default=0)
        known[id(node)] = before + (node.op in _REDUCTIONS)
    return known


def _in_passes(
    slots: int, scalars: _Scalars, results: list[Symbol], spans: list[int]
) -> tuple[list[tuple[list[Instruction], list[Instruction]]], list[Instruction], list[int]]:
    levels = _levels(results)
    reductions = [node for node in in_order(results) if node.op in _REDUCTIONS]
    writer = _Writer(slots, scalars, results)
    parts = []
    last = max([levels[id(n)] for n in results] + [levels[id(n)] for n in reductions], default=0)
    found: dict[int, int] = {}
    for number in range(last + 1):
        writer.once, writer.each, writer.elements = [], [], {}
        for node in reductions:
            if levels[id(node)] == number + 1:
                writer.at(node, ROW)
        for i, (node, span) in enumerate(zip(results, spans, strict=True)):
            if span == ELEMENT and number == last:
                found[i] = writer.result(node, span)
        parts.append((writer.once, writer.each))
    writer.once, writer.each = [], []
    for i, (node, span) in enumerate(zip(results, spans, strict=True)):
        if span != ELEMENT:
            found[i] = writer.result(node, span)
    return parts, writer.once, [found[i] for i in range(len(results))]


_APART = (*_TO_ROWS, *WHOLE, "expand", "classes", "pick", "fill")  # and all with rows
"""Instructions whose result must not lie in one of their operands."""


def _apart(i: Instruction) -> bool:
    return i.name in _APART or i.name.endswith(("_er", "_re"))


def _allocated(
    instructions: list[Instruction], results: list[int], fixed: int
) -> tuple[list[Instruction], list[int], int]:
    """The instructions with as few registers as it takes; the first ones hold the slots."""
    last = {r: k for k, i in enumerate(instructions) for r in i.registers}
    last |= dict.fromkeys(results, len(instructions))
    place = {r: r for r in range(fixed)}
    free: list[int] = []
    used = fixed
    made = []
    for k, i in enumerate(instructions):
        done = [r for r in dict.fromkeys(i.registers) if last[r] == k and r >= fixed]
        operands = [place[r] for r in i.registers]
        if not _apart(i):
            free += [place[r] for r in done]
        if free:
            to = free.pop()
        else:
            to, used = used, used + 1
        if _apart(i):
            free += [place[r] for r in done]
        place[i.to] = to
        if i.to not in last:  # of no use
            free.append(to)
        made.append(Instruction(i.name, to, operands, i.scalars, i.span))
    return made, [place[r] for r in results], used


def _allocated_in_passes(
    parts: list[list[Instruction]], results: list[int], fixed: int
) -> tuple[list[list[Instruction]], list[int], int]:
    """Likewise; what is of rows is kept from pass to pass, what is of elements is not."""
    rows = [i.to for part in parts for i in part if i.span == ROW]
    place = {r: r for r in range(fixed)} | {r: fixed + k for k, r in enumerate(rows)}
    base = used = fixed + len(rows)
    made = []
    for part in parts:
        last = {r: k for k, i in enumerate(part) for r in i.registers}
        last |= dict.fromkeys(results, len(part))
        free: list[int] = []
        top = base
        allocated = []
        for k, i in enumerate(part):
            operands = [place[r] for r in i.registers]
            done = [r for r in dict.fromkeys(i.registers) if last[r] == k and place[r] >= base]
            if i.span != ROW:
                if not _apart(i):
                    free += [place[r] for r in done]
                if free:
                    place[i.to] = free.pop()
                else:
                    place[i.to], top = top, top + 1
                if _apart(i):
                    free += [place[r] for r in done]
            else:
                free += [place[r] for r in done]
            allocated.append(Instruction(i.name, place[i.to], operands, i.scalars, i.span))
        used = max(used, top)
        made.append(allocated)
    return made, [place[r] for r in results], used
