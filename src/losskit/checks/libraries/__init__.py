"""The libraries whose losses are recognised; none is imported unless the loss comes from it."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

from losskit.checks.subject import Subject

HOMES = {
    "torch": ("torch", "losskit.torch"),
    "keras": ("keras", "losskit.keras"),
    "optax": ("optax", "losskit.jax"),
}
"""Which file reads losses from which packages."""


def recognise(loss: Any, y: Any, p: Any, forms: tuple[Any, Any]) -> Subject:
    """The loss by what it is.

    Args:
        loss: a loss object, function, module or name.
        y, p: targets and predictions, for losses that mean different things for different shapes.
        forms: what the two were before they became NumPy's (see `arrays.Form`).

    Raises:
        TypeError: it cannot be called, or is a class.
        ValueError: no losskit loss has that name.
    """
    from losskit.checks.libraries import own

    known = own.recognise(loss)
    if known is not None:
        return known
    if not callable(loss):
        raise TypeError(
            f"loss must be the name of a losskit loss, or a loss object, function or module of "
            f"losskit, Keras, PyTorch or optax, got {loss!r} ({type(loss).__name__})."
        )
    if inspect.isclass(loss):
        raise TypeError(f"loss is a class, expected an object of it: {loss.__name__}(...).")
    inner = loss
    while isinstance(inner, functools.partial):
        inner = inner.func
    # A class of one's own is known by what it is derived from.
    homes = [c.__module__ for c in type(inner).__mro__] + [getattr(inner, "__module__", "") or ""]
    for library, names in HOMES.items():
        if any(home.partition(".")[0] in names or home.startswith(names) for home in homes):
            reader = importlib.import_module(f"losskit.checks.libraries.{library}")
            subject: Subject | None = reader.recognise(loss, y, p, forms)
            if subject is not None:
                return subject
    return own.unknown(loss, forms)
