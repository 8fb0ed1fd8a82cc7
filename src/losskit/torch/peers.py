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
    passed = [name for name in row.parameters if name not in _OLD]
    first: list[str] = []
    if row.form != "whole":
        card = names["_card"] = find(row.card)
        first = [f"_make(_card, {keywords(row, card)})"]
        used = set(row.settings(card).values())
        if row.instead is not None:
            name, value, other = row.instead
            names["_other"], used = find(other), used | {name}
            first = [f"_make(_other) if {name} == {value!r} else {first[0]}"]
        passed = [name for name in passed if name not in used]
    arrays = [n for n, p in row.parameters.items() if p.default is p.empty]
    given = [n if n in arrays else f"{n}={n}" for n in passed]
    if row.form == "by weights":
        given.append("by_weights=True")
    slots = [] if row.form else [slot.name for slot in find(row.card)().slots]
    if slots and slots[0] != "target":  # for messages: in the same order, under other names
        renamed = {s: n for s, n in zip(slots, arrays, strict=True) if s != n}
        if renamed:
            names["_names"] = renamed
            given.append("names=_names")
    body = _LEGACY if "reduce" in row.parameters else ""
    body += f"return _call({', '.join(first + given)})"
    doc = docstring(row, "torch.nn.functional", WORDS)
    return compiled(row.name, row.takes, body, names, _HOME, doc)


def _module(row: Row, function: Callable[..., Any]) -> type[nn.Module]:
    base: Any = getattr(nn, row.module)
    arrays = list(inspect.signature(base.forward).parameters)[1:]
    theirs = inspect.signature(base).parameters
    options = {name: p for name, p in row.options.items() if name != "num_items"}
    makes = str(inspect.Signature([*options.values()]))[1:-1]
    passed = [f"{n}={n}" for n in options if n in theirs]
    made = [f"_base.__init__(self, {', '.join(passed)})"]
    made += [f"self.{n} = {n}" for n in options if n not in theirs]
    given = [f"{n}=self.{n}" for n in row.parameters if n in options and n not in _OLD]
    given.append("num_items=num_items")
    layer = getattr(habits, f"{row.name}_layer", None)
    if layer is not None:  # its weights are the module's own
        given.append("**_layer(self)")
    called = [f"{name}={name}" if layer else name for name in arrays]
    names = {"_base": base, "_function": function, "_layer": layer}
    words = f"As `torch.nn.{row.module}`; what is more, as in `losskit.torch.{row.name}`."
    init = compiled("__init__", f"self, {makes}", "\n".join(made), names, _HOME, words)
    forward = compiled(
        "forward",
        f"self, {', '.join(arrays)}, *, num_items=None",
        f"return _function({', '.join([*called, *given])})",
        names,
        _HOME,
        words,
    )
    body = {"__init__": init, "forward": forward, "__module__": _HOME, "__doc__": function.__doc__}
    return type(row.module, (base,), body)


FUNCTIONS = {name: _function(row) for name, row in ROWS.items() if hasattr(nn.functional, name)}
"""The functions of `torch.nn.functional`, those of the version that is installed, by name."""
MODULES: dict[str, Any] = {
    ROWS[name].module: _module(ROWS[name], function) for name, function in FUNCTIONS.items()
}
"""The modules of `torch.nn` by name."""
