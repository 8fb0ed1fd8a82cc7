"""Cards as people read them on a terminal, and as programs read them in JSON."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from losskit.core.definition import Card, Domain, cards
from losskit.core.families import Pointwise, Rowwise, Setwise
from losskit.core.slots import signature
from losskit.peers import elsewhere

TAKES = {
    Rowwise: "one value per row (of classes, of a vector) or mask",
    Setwise: "one value per set",
    Pointwise: "one value per element",
}
FAMILIES = {
    "regression": "Errors of numbers",
    "classification": "Cross-entropies of classes",
    "margin": "Margins between classes",
    "focal": "Cross-entropies that weigh hard cases",
    "polynomial": "Cross-entropies with other powers of the probability",
    "sparsemax": "Sparsemax losses",
    "overlap": "Overlap of masks",
    "lovasz": "Jaccard index of masks",
    "multiclass": "Margins among several classes",
    "ranking": "Rankings",
    "survival": "Times until an event",
    "sequence": "Sequences that are to be aligned",
    "likelihood": "Other likelihoods",
    "divergence": "Divergences between distributions",
    "contrastive": "Batches of vectors, each against the others",
    "similarity": "Angles and distances of vectors",
}
"""Headings of the list; a family without one goes under its own name."""
NARROW = 72
"""Columns below which entries stand under each other: a table would cut their words off."""


# --- losskit list -------------------------------------------------------------------------------


def row(card: type[Card]) -> dict[str, Any]:
    """A card in one line, for ``losskit list --json``."""
    return {
        "name": card.name,
        "class": card.__name__,
        "family": card.family(),
        "aliases": list(card.aliases),
        "summary": card.sections()["Summary"],
        "metric": card.metric,
        "task": card.task,
    }


def print_list(console: Console) -> None:
    """Every card, by family."""
    families: dict[str, list[dict[str, Any]]] = {name: [] for name in FAMILIES}
    for card in cards():
        families.setdefault(card.family(), []).append(row(card))
    longest = max(len(card.name) for card in cards())
    narrow = console.width < longest + NARROW // 2
    for family, entries in families.items():
        if not entries:
            continue
        console.print(Text(FAMILIES.get(family, family.capitalize()), style="bold"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="cyan", no_wrap=True, min_width=longest + 2)
        table.add_column(ratio=1)
        for entry in entries:
            also = f"also: {', '.join(entry['aliases'])}; " if entry["aliases"] else ""
            words = Text(entry["summary"])
            words.append(f"\n{also}read beside it: {entry['metric']}", style="dim")
            if narrow:
                console.print(Text(f"  {entry['name']}", style="cyan"), soft_wrap=True)
                console.print(Padding(words, (0, 0, 0, 4)))
            else:
                table.add_row(f"  {entry['name']}", words)
        if not narrow:
            console.print(table)
        console.print()


# --- losskit show -------------------------------------------------------------------------------


def page(card: Any) -> dict[str, Any]:
    """A card with all its facts, for ``losskit show --json``."""
    target = _typical_target(card)
    marked = isinstance(card, Pointwise) and len(card.slots) == 2
    return {
        **row(type(card)),
        "takes": next(words for kind, words in TAKES.items() if isinstance(card, kind)),
        "unit": card.unit or None,
        "latex": card.latex,
        "parameters": {
            name: {
                "value": card.parameters()[name],
                "default": default,
                "range": rule.range.removeprefix("a ").removeprefix("an "),
                "doc": rule.doc,
            }
            for name, (default, rule) in card.rules().items()
        },
        "signature": signature(card),
        "slots": {slot.name: _domain(slot.domain) for slot in card.slots},
        "convex": card.convex,
        "decomposable": card.decomposable,
        "example_target": target if marked else None,
        "kinks": list(card.kinks(target)) if marked else None,
        "bends": list(card.bends(target)) if marked else None,
        "elsewhere": elsewhere(card.name),
        "sections": card.sections(),
    }


def print_page(console: Console, card: Any) -> None:
    """A card as a page."""
    facts = page(card)
    sections = facts["sections"]
    console.print(Text(sections["Summary"], style="bold"))
    console.print(
        Text(f"losskit.{facts['name']}, losskit.{facts['class']}", style="cyan"),
        Text(f"  (also: {', '.join(facts['aliases'])})" if facts["aliases"] else "", style="dim"),
    )
    for heading in ("What it measures", "When to use", "Pitfalls"):
        if heading in sections:
            _section(console, heading, Text(_reflow(sections[heading])))
    if "Formula" in sections:
        _section(console, "Formula", Text(sections["Formula"], style="green"))
    if facts["parameters"]:
        stacked = console.width < NARROW
        body = (_stacked_parameters if stacked else _parameters)(facts["parameters"], console.width)
        _section(console, "Parameters", body)
    rows = _facts(facts)
    _section(console, "Facts", _table(rows) if console.width >= NARROW else _stacked(rows))
    if "Examples" in sections:
        _section(console, "Examples", Text(sections["Examples"]))
    if "References" in sections:
        _section(console, "References", _references(sections["References"]))


def _section(console: Console, heading: str, body: RenderableType) -> None:
    console.print()
    console.print(Text(heading, style="bold"))
    console.print(Padding(body, (0, 0, 0, 2)))


def _parameters(parameters: dict[str, dict[str, Any]], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("name", "default", "range", "meaning"):
        # In few columns a long range takes several lines.
        whole = heading == "name" or (heading == "range" and width > NARROW + 8)
        table.add_column(heading, overflow="fold", no_wrap=whole)
    for name, facts in parameters.items():
        default = Text(str(facts["default"]))
        if facts["value"] != facts["default"]:
            default.append(f" (here {facts['value']})", style="bold")
        table.add_row(Text(name, style="cyan"), default, Text(facts["range"]), Text(facts["doc"]))
    return table


def _stacked_parameters(parameters: dict[str, dict[str, Any]], _: int) -> Group:
    entries = []
    for name, facts in parameters.items():
        default = f"default {facts['default']}"
        if facts["value"] != facts["default"]:
            default += f" (here {facts['value']})"
        words = Text(f"{default}\n{facts['range']}\n{facts['doc']}")
        entries.append(Group(Text(name, style="cyan"), Padding(words, (0, 0, 0, 2))))
    return Group(*entries)


def _facts(facts: dict[str, Any]) -> dict[str, str]:
    return {
        **facts["slots"],
        "takes": f"{facts['signature']}: the dimensions of an item",
        "gives": facts["takes"] + (f", in {facts['unit']}" if facts["unit"] else ""),
        "convex": "yes" if facts["convex"] else "no",
        "kinks": _marks(facts),
        "decomposable": _decomposable(facts["decomposable"]),
        "metric": f"{facts['metric']} (what to read beside it)",
        "model head": facts["task"],
        **{f"in {place}": ", ".join(names) for place, names in facts["elsewhere"].items()},
    }


def _table(rows: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, words in rows.items():
        table.add_row(name, Text(words))
    return table


def _stacked(rows: dict[str, str]) -> Group:
    return Group(
        *(
            Group(Text(name, style="dim"), Padding(Text(words), (0, 0, 0, 2)))
            for name, words in rows.items()
        )
    )


def _marks(facts: dict[str, Any]) -> str:
    """Where the slope or the curvature jumps."""
    if facts["kinks"] is None:
        return "not stated: it takes more than one number"
    found = [("the gradient jumps", facts["kinks"]), ("the curvature jumps", facts["bends"])]
    words = [
        f"{what} at p = {' and '.join(f'{m:g}' for m in marks)}" for what, marks in found if marks
    ]
    return f"{'; '.join(words)} (for y = {facts['example_target']:g})" if words else "none"


def _decomposable(yes: bool) -> str:
    if yes:
        return "yes: the whole is the sum of its parts over their count"
    return "no: the mean over batches is not the value of the whole"


def _references(text: str) -> Group:
    """One reference per paragraph: an entry begins a line and its continuation follows a comma."""
    entries = re.split(r"(?<=[.\w])\.\n(?=[A-Z])", text)
    return Group(*(Text(_reflow(entry.rstrip(".")) + ".") for entry in entries))


def _reflow(text: str) -> str:
    """Lines joined to paragraphs, for the terminal's own width."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _domain(domain: Domain) -> str:
    return domain.words


def _typical_target(card: Any) -> float:
    """A target in the card's domain, for its kinks."""
    return 1.0 if card.target.high >= 1.0 else float(card.target.low)
