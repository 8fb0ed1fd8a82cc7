"""Losses of PyTorch, modules and functions, and losskit's in its PyTorch face."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import numpy as np
import torch

from losskit.checks.libraries.arrays import as_numpy, defaults_of, partial_arguments
from losskit.checks.subject import Subject
from losskit.core.definition import Card
from losskit.core.namespaces import Array
from losskit.core.packing import targets
from losskit.peers.row import Row
from losskit.peers.torch import MODULES, ROWS


def recognise(loss: Any, y: Any, p: Any, forms: Any) -> Subject | None:
    """A module, or a function of `torch.nn.functional` (a `functools.partial` of it too)."""
    y_form, p_form = forms
    if isinstance(loss, torch.nn.Module):
        # A subclass with a forward of its own may compute something else.
        home = next(c for c in type(loss).__mro__ if "forward" in vars(c))
        known = home.__module__.startswith(("torch.nn.modules.loss", "losskit.torch"))
        name = MODULES[home.__name__].name if known and home.__name__ in MODULES else ""
        options = {k: v for k, v in vars(loss).items() if not k.startswith("_") and k != "training"}
        options |= dict(loss.named_buffers(recurse=False))
        written = repr(loss).replace("\n", "")
        loss = bare(loss)
        first_form = p_form[0] if isinstance(p_form, tuple) else p_form
        if first_form.library != "torch" or first_form.dtype in ("float16", "bfloat16"):
            dtype = (p[0] if isinstance(p, tuple) else p).dtype
            if dtype.kind == "f":
                loss = loss.to(getattr(torch, dtype.name))
        unreduced = copy.copy(loss)
        unreduced.__dict__ = dict(loss.__dict__, reduction="none")
    else:
        function, given = partial_arguments(loss)
        if not hasattr(function, "__name__"):
            return None
        name, known = function.__name__, True
        options = defaults_of(function) | given
        shown = ", ".join(f"{k}={v!r}" for k, v in given.items())
        written = f"{name}({shown})"

        def unreduced(*args: Any) -> Any:
            return loss(*args, reduction="none")

    options = {k: as_numpy(k, v) if isinstance(v, torch.Tensor) else v for k, v in options.items()}
    if "reduction" not in options:
        unreduced = None
    own = getattr(loss, "card", None) if known else None
    row = ROWS.get(name)
    card = own if own is not None else _card(row, options, _dimensions(y), _dimensions(p))
    labels = card is not None and card.target.labels
    lists = row is not None and row.lists
    as_labels = labels or lists or not name or isinstance(y, tuple)
    names = [] if row is None else list(row.parameters)
    place = names.index("target") if "target" in names else len(names)

    def arguments(y: Any, p: Any) -> list[Any]:
        """The tensors, in PyTorch's order: mostly inputs, then targets."""
        first = [_tensor(x) for x in (p if isinstance(p, tuple) else (p,))]
        like = first[0].dtype if first[0].is_floating_point() else torch.float32
        last = (
            [_target(x, f, like, True) for x, f in zip(y, y_form, strict=True)]
            if isinstance(y, tuple)
            else [_target(y, y_form, like, as_labels)]
        )
        return [*first[:place], *last, *first[place:]] if names else first + last

    def run(function: Any, y: Any, p: Any) -> Array:
        with torch.no_grad():
            return _numbers(function(*arguments(y, p)))

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        with torch.enable_grad():
            args = arguments(y, p)
            args[0].requires_grad_(True)
            total = (unreduced or loss)(*args).sum()
            (found,) = torch.autograd.grad(total, args[0], allow_unused=True)
        zero = torch.zeros_like(args[0]) if found is None else found
        return np.asarray(zero.detach().double().cpu(), np.float64)

    ours = getattr(loss, "__module__", "").startswith("losskit")
    home_of = ("losskit.torch." if ours else "torch.nn.") if known else ""
    return Subject(
        library="torch",
        name=f"{home_of}{written}",
        card=card,
        value=lambda y, p, w: run(loss, y, p),
        items=None if unreduced is None else lambda y, p, w: run(unreduced, y, p),
        slope=slope,
        reduction=str(options.get("reduction", "none")).replace("elementwise_", ""),
        options=options,
        divides_by_weights=row is not None and row.by_weights,
        lists=lists,
        zero_is_minus=own is not None,
        stretches=not ours,
    )


def _card(row: Row | None, options: dict[str, Any], y_dim: int, p_dim: int) -> Card | None:
    """losskit's card of the same formula, for targets and predictions side by side if several."""
    axis = options.get("axis")
    # PyTorch has the classes second.
    axis = (1 if p_dim > 1 else 0) if axis is None else axis
    card = None if row is None else row.made(options, y_dim == p_dim, axis=axis)
    if card is None or not targets(card) or card.task == "sequence":
        return None  # it takes other arrays than targets and predictions
    return card  # type: ignore[no-any-return]


def _dimensions(x: Any) -> int:
    """Of an array, or of the first of several."""
    return int(np.ndim(x[0] if isinstance(x, tuple) else x))


def bare(module: torch.nn.Module) -> torch.nn.Module:
    """A copy without hooks, on the CPU, to be called in the module's place: it stays as it is.

    Nor does it call other processes, which make no such call.

    A module that cannot be copied is taken as it is.
    """
    made = copy.copy(getattr(module, "_orig_mod", module))
    hooks: dict[str, Any] = {
        k: OrderedDict() for k, v in vars(made).items() if k.endswith("_hooks") and v
    }
    hooks |= {"across": None} if "across" in vars(made) else {}
    made.__dict__ = {**vars(made), **hooks}
    with torch.no_grad():
        try:
            return copy.deepcopy(made).cpu()
        except (RuntimeError, TypeError):
            return module


def _tensor(x: Any) -> Any:
    return torch.as_tensor(np.ascontiguousarray(x)).clone()


def _target(x: Any, form: Any, like: Any, labels: bool) -> Any:
    """Targets as they came; those that were no tensors in the dtype that the loss wants."""
    tensor = _tensor(x)
    if form.library == "torch":
        half = form.dtype in ("float16", "bfloat16")  # computed in float32, as the predictions are
        own = getattr(torch, form.dtype)
        return tensor.to(like if half or own == torch.float32 == tensor.dtype else own)
    if labels and not tensor.is_floating_point():
        return tensor.long()
    return tensor if labels and like == tensor.dtype else tensor.to(like)


def _numbers(found: Any) -> Array:
    if not isinstance(found, torch.Tensor):
        kind = type(found).__name__
        raise TypeError(f"the loss returned a {kind}, expected one tensor")
    return np.asarray(found.double().cpu(), np.float64)
