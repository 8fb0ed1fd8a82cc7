"""PyTorch's own names: a function and a module for each row of `losskit.peers.torch`.

The modules are subclasses of PyTorch's, so constructor, buffers, `state_dict`, representation and
`isinstance` are PyTorch's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn._reduction import legacy_get_string

from losskit.core.definition import find
from losskit.peers.row import Row, compiled, docstring, keywords
from losskit.peers.torch import ROWS, WORDS
from losskit.torch import habits
from losskit.torch.evaluate import evaluate, make

_HOME = "losskit.torch"
_OLD = ("size_average", "reduce")
_LEGACY = """\
if size_average is not None or reduce is not None:
    reduction = _legacy(size_average, reduce)
"""


def _function(row: Row) -> Callable[..., Any]:
    names: dict[str, Any] = {"_legacy": legacy_get_string, "_make": make}
    names["_call"] = getattr(habits, row.name) if row.form in ("made", "whole") else evaluate
    passed = {name: name for name in row.parameters if name not in _OLD}
    first: list[str] = []
    if row.form != "whole":
        card = names["_card"] = find(row.card)
        first = [f"_make(_card, {keywords(row, card)})"]
        used = set(row.settings(card).values())
        if row.instead is not None:
            name, value, other = row.instead
            names["_other"], used = find(other), used | {name}
            first = [f"_make(_other) if {name} == {value!r} else {first[0]}"]
        passed = {name: x for name, x in passed.items() if name not in used}
    given = [n if n in _ARRAYS else f"{n}={n}" for n in passed]
    if row.form == "by weights":
        given.append("by_weights=True")
    body = _LEGACY if "reduce" in row.parameters else ""
    body += f"return _call({', '.join(first + given)})"
    doc = docstring(row, "torch.nn.functional", WORDS)
    return compiled(row.name, row.takes, body, names, _HOME, doc)


_ARRAYS = (
    *("input", "target", "input1", "input2", "var", "anchor", "positive", "negative"),
    *("log_probs", "targets", "input_lengths", "target_lengths", "linear_weight"),
)
"""Arguments that are given by place."""


def _module(row: Row, function: Callable[..., Any]) -> type[nn.Module]:
    base: Any = getattr(nn, row.module)
    arrays = list(inspect.signature(base.forward).parameters)[1:]
    own = list(inspect.signature(base).parameters)
    kinds = row.parameters.values()
    more = {p.name: p.default for p in kinds if p.kind is p.KEYWORD_ONLY and p.name not in own}
    options = [n for n in row.parameters if n in own or n in more]
    kept = [f"{n}=self.{n}" for n in options if n not in _OLD]
    forward = compiled(
        "forward",
        f"self, {', '.join(arrays)}",
        f"return _function({', '.join(arrays + kept)})",
        {"_function": function},
        _HOME,
        f"As `torch.nn.{row.module}`.",
    )
    body: dict[str, Any] = {"forward": forward, "__module__": _HOME, "__doc__": function.__doc__}
    if more:
        body["__init__"] = _with_more(base, more)
    return type(row.module, (base,), body)


def _with_more(base: Any, more: dict[str, Any]) -> Callable[..., None]:
    """A constructor that takes further keywords."""

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        kept = {name: given.pop(name, default) for name, default in more.items()}
        base.__init__(self, *args, **given)
        vars(self).update(kept)

    theirs = inspect.signature(base.__init__)
    kind = inspect.Parameter.KEYWORD_ONLY
    further = [inspect.Parameter(name, kind, default=default) for name, default in more.items()]
    __init__.__signature__ = theirs.replace(  # type: ignore[attr-defined]
        parameters=[*theirs.parameters.values(), *further]
    )
    return __init__


FUNCTIONS = {name: _function(row) for name, row in ROWS.items() if habits.has(name)}
"""The functions of `torch.nn.functional` by name."""
MODULES: dict[str, Any] = {
    row.module: _module(row, FUNCTIONS[row.name])
    for row in ROWS.values()
    if row.name in FUNCTIONS and row.module not in habits.MODULES
} | habits.MODULES
"""The modules of `torch.nn` by name."""
