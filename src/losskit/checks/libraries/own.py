"""losskit's own losses on NumPy arrays, and functions that nobody knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.checks.libraries.arrays import as_numpy, form_of, restored
from losskit.checks.subject import MEANS, Subject
from losskit.core.families import Setwise
from losskit.core.namespaces import Array
from losskit.numpy import FUNCTIONS, Loss, get


def recognise(loss: Any) -> Subject | None:
    """A losskit loss, its function, or its name; None for anything else."""
    if isinstance(loss, str):
        loss = get(loss)
    elif any(loss is function for function in FUNCTIONS.values()):
        loss = get(loss.__name__)
    if not isinstance(loss, Loss):
        return None
    return of_card(loss)


def of_card(loss: Loss) -> Subject:
    """A losskit loss as a subject; of several predictions in one array."""
    loss = loss.packed()
    card = loss.card
    whole = isinstance(card, Setwise)

    def items(y: Any, p: Any, w: Array | None) -> Array:
        return np.asarray(loss.elementwise(y, p, w), np.float64)

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        summed = get(card.name, reduction="mean" if whole else "sum", **card.parameters()).packed()
        return np.asarray(summed.gradient(y, p, w), np.float64)

    return Subject(
        library="losskit",
        name=_written(loss),
        card=card,
        value=lambda y, p, w: np.asarray(loss(y, p, w), np.float64),
        items=None if whole else items,
        slope=slope,
        reduction=MEANS.get(loss.reduction, loss.reduction),
        options=card.parameters(),
        weighs=True,
        divides_by_weights=loss.reduction == "mean_with_sample_weight",
        stretches=False,
    )


def _written(loss: Loss) -> str:
    defaults = {name: default for name, (default, _) in loss.card.rules().items()}
    shown = [f"{k}={v!r}" for k, v in loss.card.parameters().items() if v != defaults[k]]
    return f"losskit.{type(loss).__name__}({', '.join(shown)})"


def unknown(loss: Any, forms: tuple[Any, Any]) -> Subject:
    """A function (y_true, y_pred) -> a number, items, or the pair (gradient, Hessian) of them.

    It is called with copies, in the form that the caller's arrays have.
    """

    def value(y: Any, p: Any, w: Array | None) -> Any:
        found = loss(*map(restored, (y, p), forms))
        if isinstance(found, tuple):
            return tuple(_numbers(x) for x in found)
        return _numbers(found)

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        return derivative(loss, restored(y, forms[0]), restored(p, forms[1]))

    name = getattr(loss, "__qualname__", None) or type(loss).__name__
    return Subject(library="other", name=name, card=None, value=value, slope=slope)


def derivative(loss: Any, y: Any, p: Any) -> Array:
    """The gradient of the sum of what a function returns, by the framework that computes it.

    Raises:
        TypeError: it is NumPy, or the function returns several arrays.
    """
    found = loss(y, p)
    library = form_of(found).library if hasattr(found, "dtype") else "numpy"
    if library == "torch":
        import torch

        # An array of NumPy beside a tensor would be asked to compute.
        y = tuple(map(torch.as_tensor, y)) if isinstance(y, tuple) else torch.as_tensor(y)
        with torch.enable_grad():
            at = torch.as_tensor(p).detach().clone().requires_grad_(True)
            (slope,) = torch.autograd.grad(loss(y, at).sum(), at)
        return as_numpy("the gradient", slope)
    if library == "jax":
        import jax
        import jax.numpy as jnp

        return as_numpy("the gradient", jax.grad(lambda at: loss(y, at).sum())(jnp.asarray(p)))
    if library == "tensorflow":
        import tensorflow as tf

        at = tf.convert_to_tensor(p)
        with tf.GradientTape() as tape:
            tape.watch(at)
            total = tf.reduce_sum(loss(y, at))
        return as_numpy("the gradient", tf.convert_to_tensor(tape.gradient(total, at)))
    raise TypeError("NumPy has no gradients")


def _numbers(found: Any) -> Array:
    if found is None or isinstance(found, (dict, str)):
        kind = "None" if found is None else f"a {type(found).__name__}"
        raise TypeError(f"the loss returned {kind}, expected a number or an array")
    return as_numpy("the loss", found).astype(np.float64)
