"""Losses of Keras, and losskit's in its Keras face, on whichever backend Keras runs."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np

from losskit.checks.libraries.arrays import defaults_of, partial_arguments
from losskit.checks.libraries.own import derivative
from losskit.checks.subject import MEANS, Subject
from losskit.core.definition import CARDS, Card, find
from losskit.core.families import Setwise, is_rowwise
from losskit.core.namespaces import Array


def recognise(loss: Any, y: Any, p: Any, forms: Any) -> Subject | None:
    """A `keras.losses.Loss`, or a function of `keras.losses` (a `functools.partial` of it too)."""
    if isinstance(loss, (keras.metrics.Metric, keras.Model)):
        raise TypeError(f"loss is a {type(loss).__name__}, expected a loss: {loss!r}.")
    if isinstance(loss, keras.losses.Loss):
        function: Any = getattr(loss, "fn", None)
        options = {**defaults_of(function, 2)} if function is not None else {}
        options |= getattr(loss, "_fn_kwargs", {})
        called = type(loss).__name__
        if called == "LossFunctionWrapper":
            called = function.__name__
        name = function.__name__ if _is_known(function) else called
        reduction = loss.reduction or "none"
        items, value, weighs = loss.call, loss, True
        known = _is_known(_defines(loss, "call")) and (function is None or _is_known(function))
    else:
        function, options = partial_arguments(loss)
        if not hasattr(function, "__name__"):
            return None
        options = defaults_of(function, 2) | options
        called = name = function.__name__
        reduction, items, value, weighs = "none", loss, loss, False
        known = _is_known(function)
    card = getattr(loss, "card", None) if known else None
    if card is not None:
        options = card.parameters()
    elif known:
        card = _card(name, options)
    own = type(loss).__module__.startswith("losskit")

    if known:
        state = f"{reduction} {options}"
        items, value = _compiled(items, state), _compiled(value, state)

    pointwise = card is not None and not is_rowwise(card) and not isinstance(card, Setwise)

    def each(y: Any, p: Any) -> tuple[Any, Any]:
        """Of one dimension each, as a column: Keras would give their mean in place of the items."""
        column = pointwise and np.ndim(y) == np.ndim(p) == 1
        return (y[:, None], p[:, None]) if column else (y, p)

    def run(function: Any, y: Any, p: Any, *weights: Any) -> Array:
        found = function(_tensor(y), _tensor(p), *weights)
        if not hasattr(found, "shape"):
            kind = type(found).__name__
            raise TypeError(f"the loss returned a {kind}, expected one tensor")
        return np.asarray(keras.ops.convert_to_numpy(found), np.float64)

    usual = {k: default for k, (default, _) in card.rules().items()} if own and card else {}
    shown = ", ".join(
        f"{k}={v!r}"
        for k, v in options.items()
        if (v != usual[k] if k in usual else v not in (None, False, 0.0, -1))
    )
    return Subject(
        library="keras",
        name=f"{_place(own, known)}{called}({shown})",
        card=card,
        value=lambda y, p, w: run(value, y, p, *(() if w is None else (_tensor(w),))),
        items=lambda y, p, w: run(items, *each(y, p)) * (1.0 if w is None else w),
        slope=lambda y, p, w: _slope(items, *each(y, p)).reshape(p.shape),
        reduction=MEANS.get(reduction, reduction),
        options=options,
        weighs=weighs,
        divides_by_weights=reduction == "mean_with_sample_weight",
        # Its functions do not: poisson of (N,) and (N, 1) is a mean over (N, N).
        squeezes=isinstance(loss, keras.losses.Loss),
    )


def _defines(loss: Any, method: str) -> Any:
    """The class that a method comes from: a subclass may compute something else."""
    return next(c for c in type(loss).__mro__ if method in vars(c))


def _is_known(x: Any) -> bool:
    """Whether a class or function is Keras's or losskit's own."""
    return getattr(x, "__module__", "").startswith(("keras.", "losskit.keras"))


def _place(own: bool, known: bool) -> str:
    if not known:
        return ""
    return "losskit.keras." if own else "keras.losses."


def _card(name: str, options: dict[str, Any]) -> Card | None:
    """losskit's card of the same name, with the parameters that both have."""
    folded = name.lower().replace("_", "")
    known = {c.replace("_", ""): c for c in CARDS}
    if folded not in known:
        return None
    card = find(known[folded])
    try:
        return card(**{k: v for k, v in options.items() if k in card.rules()})
    except (TypeError, ValueError):
        return None  # Keras takes parameters that losskit refuses


@lru_cache(16)
def _compiled(function: Any, state: str) -> Any:
    """On JAX one program per shape, as in training: else each operation would be compiled alone.

    Args:
        function: of a loss.
        state: its parameters: another program where somebody has changed them.
    """
    if keras.backend.backend() != "jax":
        return function
    import jax

    # A wrapper of its own, for JAX remembers the programs of a function, whatever its parameters.
    return jax.jit(partial(function))


def _tensor(x: Any) -> Any:
    return keras.ops.convert_to_tensor(x)


def _slope(items: Any, y: Any, p: Array) -> Array:
    return np.asarray(derivative(items, _tensor(y), _tensor(p)), np.float64)
