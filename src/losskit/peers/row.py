"""What a row of a peer's table says, and the function that is made of it."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from losskit.core.definition import Card, find


@dataclass(frozen=True)
class Row:
    """A loss of another library."""

    name: str
    """Of the function."""
    card: str
    """losskit's name of the loss that computes it; "" where it is made of several, or of none."""
    takes: str
    """The function's parameters, as Python writes them: the library's order and defaults."""
    module: str = ""
    """The class with the same loss, where the library has one."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the card that the name implies."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The library's names of the card's parameters, where they differ."""
    instead: tuple[str, Any, str] | None = None
    """(parameter, value, card): where it has that value, another card computes the loss."""
    makes: str = ""
    """The parameters of that class's constructor, where they are not the function's."""
    switches: Mapping[str, str] = field(default_factory=dict)
    """Arguments that may be None, and the flag of the card that is set where they are not."""
    of: tuple[str, ...] = ()
    """Cards of which it is made, where it is none of them itself."""
    dense: str = ""
    """The card where targets have the shape of the predictions."""
    form: str = ""
    """How the face calls the card: a word of that face's."""
    wraps: bool = False
    """Whether a label below 0 counts from the last class."""
    by_weights: bool = False
    """Whether its mean divides by the weights of the labels' classes."""
    lists: bool = False
    """Whether targets are lists of class numbers, each ended by -1."""
    exact: bool = False
    """Whether the library's own sum, and its gradient, are exact wherever losskit's are."""
    doc: str = ""
    """In a sentence what it is, where that is not what the card is."""
    words: str = ""
    """What its arguments mean, where that is not what they mean in all of the library: a line for
    each, "name: meaning", and further ones that begin without a name."""

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        return parameters(self.takes)

    @property
    def options(self) -> Mapping[str, inspect.Parameter]:
        """What the constructor of the class takes: all but arrays, if nothing else is said."""
        if self.makes:
            return parameters(self.makes)
        return {n: p for n, p in self.parameters.items() if p.default is not p.empty}

    def card_of(self, options: Mapping[str, Any], dense: bool = False) -> str:
        """The name of the card for these arguments."""
        if dense and self.dense:
            return self.dense
        if self.instead is not None:
            name, value, other = self.instead
            if name in options and options[name] == value:
                return other
        return self.card

    def settings(self, card: type[Card]) -> dict[str, str]:
        """The card's parameters that the function takes, and what it calls them."""
        of_peer = {name: self.named.get(name, name) for name in card.rules()}
        return {
            name: theirs
            for name, theirs in of_peer.items()
            if theirs in self.parameters
            and name not in self.given
            and name != "axis"
            and theirs not in self.switches
        }

    def made(self, options: Mapping[str, Any], dense: bool = False, **more: Any) -> Any:
        """The card of these arguments; None where losskit takes none such.

        Args:
            options: the function's own arguments, by name; those of None are left out.
            dense: whether targets have the shape of the predictions.
            **more: further parameters of the card.
        """
        name = self.card_of(options, dense)
        if not name:
            return None
        card = find(name)
        known = {ours: options.get(theirs) for ours, theirs in self.settings(card).items()}
        known = {k: v for k, v in (known | more).items() if v is not None and k in card.rules()}
        given = {k: v for k, v in self.given.items() if k in card.rules()}
        for name, flag in self.switches.items():
            if options.get(name) is not None:
                known |= {flag: True, name: options[name]}
        try:
            return card(**given, **known)
        except (TypeError, ValueError):
            return None  # the other library takes parameters that losskit refuses


@functools.cache
def parameters(takes: str) -> Mapping[str, inspect.Parameter]:
    """What a text of parameters says; of a framework's objects their names only."""
    jnp = SimpleNamespace(mean=_Named("jnp.mean"))
    return inspect.signature(eval(f"lambda {takes}: None", {"jnp": jnp})).parameters


class _Named(str):
    """Stands for an object that only the face imports."""

    __repr__ = str.__str__


def by_name(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}


def compiled(
    name: str, takes: str, body: str, names: Mapping[str, Any], home: str, doc: str
) -> Callable[..., Any]:
    """A function with a signature of its own, as if it had been written down.

    Not by ``*args``: binding them would take longer than a small loss, and a compiler of functions
    tells them by their code.

    Args:
        name: its name.
        takes: its parameters, as Python writes them.
        body: what it does, as a text.
        names: the objects of that text by name.
        home: the module that it says it is of.
        doc: its docstring.
    """
    # As the variables of a function around it: globals are looked for in the module of that name.
    lines = [f"def made({', '.join(names)}):", f"    def {name}({takes}):"]
    lines += [textwrap.indent(body, " " * 8), f"    return {name}"]
    space: dict[str, Any] = {"__name__": home}
    exec(compile("\n".join(lines), f"<{home}.{name}>", "exec"), space)
    function: Callable[..., Any] = space["made"](**names)
    function.__doc__, function.__qualname__ = doc, name
    return function


def keywords(row: Row, card: type[Card]) -> str:
    """The card's parameters as the text of keywords: those the name implies, and those given."""
    rules = card.rules()
    implied = [f"{name}={value!r}" for name, value in row.given.items() if name in rules]
    switched = [
        f"**({{}} if {name} is None else {{{flag!r}: True, {name!r}: {name}}})"
        for name, flag in row.switches.items()
    ]
    given = [f"{ours}={theirs}" for ours, theirs in row.settings(card).items()]
    return ", ".join([*implied, *given, *switched])


def docstring(row: Row, place: str, words: Mapping[str, str]) -> str:
    """What a row's function says of itself.

    Args:
        row: whose.
        place: where the library has it.
        words: what arguments mean in that library, by name.
    """
    card = find(row.card) if row.card else None
    told = {**words, **told_by(row.words)}
    summary = row.doc or (card.sections()["Summary"] if card else "")
    lines = [*textwrap.wrap(summary, 92), "", f"As `{place}.{row.name}`."]
    if card is not None:
        lines[-1] += f" The formula is that of `{card.name}`: see ``losskit show {card.name}``."
        rules = card.rules()
        told = {v: rules[k][1].doc for k, v in row.settings(card).items()} | told
    lines += ["", "Args:"]
    for name in row.parameters:
        if name in told:
            text = f"{name}: {told[name].rstrip('.')}."
            lines += textwrap.wrap(text, 88, initial_indent="    ", subsequent_indent=" " * 8)
    return "\n".join([*lines, "", *RAISES]) + "\n"


def told_by(words: str) -> dict[str, str]:
    """The meanings of a row's arguments by name."""
    told: dict[str, str] = {}
    for line in filter(None, inspect.cleandoc(words).splitlines()):
        if line.startswith(" "):
            told[next(reversed(told))] += f" {line.strip()}"
        else:
            name, _, meaning = line.partition(": ")
            told[name] = meaning
    return told


RAISES = (
    "Raises:",
    "    TypeError: an argument is no array of numbers, or predictions are integers and no "
    "quantities.",
    "    ValueError: shapes do not match; or a parameter or a value is out of its range.",
)
