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
    arrays = {n for n, p in row.parameters.items() if p.default is p.empty}
    given = [n if n in arrays else f"{n}={n}" for n in passed]
    if row.form == "by weights":
        given.append("by_weights=True")
    body = _LEGACY if "reduce" in row.parameters else ""
    body += f"return _call({', '.join(first + given)})"
    doc = docstring(row, "torch.nn.functional", WORDS)
    return compiled(row.name, row.takes, body, names, _HOME, doc)


def _module(row: Row, function: Callable[..., Any]) -> type[nn.Module]:
    base: Any = getattr(nn, row.module)
    arrays = list(inspect.signature(base.forward).parameters)[1:]
    own = inspect.signature(base).parameters
    options = {n: p for n, p in row.options.items() if n not in (*_OLD, "num_items")}
    given, kept = arrays, [f"{n}=self.{n}" for n in row.parameters if n in options]
    layer = getattr(habits, f"{row.name}_layer", None)
    if layer is not None:  # its weights are the module's own
        given, kept = [f"{n}={n}" for n in arrays], [*kept, "**_layer(self)"]
    forward = compiled(
        "forward",
        f"self, {', '.join(arrays)}, *, num_items=None",
        f"return _function({', '.join([*given, 'num_items=num_items', *kept])})",
        {"_function": function, "_layer": layer},
        _HOME,
        f"As `torch.nn.{row.module}`; `num_items` as in `losskit.torch.{row.name}`.",
    )
    body = {"forward": forward, "__module__": _HOME, "__doc__": function.__doc__}
    body["__init__"] = _with_more(base, {n: p.default for n, p in options.items() if n not in own})
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


FUNCTIONS = {name: _function(row) for name, row in ROWS.items() if hasattr(nn.functional, name)}
"""The functions of `torch.nn.functional`, those of the version that is installed, by name."""
MODULES: dict[str, Any] = {
    ROWS[name].module: _module(ROWS[name], function) for name, function in FUNCTIONS.items()
}
"""The modules of `torch.nn` by name."""
