"""Losses of optax, and losskit's in its JAX face."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from losskit.checks.libraries.arrays import defaults_of, partial_arguments
from losskit.checks.subject import Subject
from losskit.core.definition import CARDS, Card, find
from losskit.core.namespaces import Array

CARDS_OF = {
    "squared_error": "mean_squared_error",
    "l2_loss": "mean_squared_error",
    "huber_loss": "huber",
    "log_cosh": "log_cosh",
    "sigmoid_binary_cross_entropy": "binary_crossentropy",
    "softmax_cross_entropy": "categorical_crossentropy",
    "safe_softmax_cross_entropy": "categorical_crossentropy",
    "softmax_cross_entropy_with_integer_labels": "sparse_categorical_crossentropy",
    "sigmoid_focal_loss": "binary_focal_crossentropy",
    "poly_loss_cross_entropy": "poly1_crossentropy",
    "hinge_loss": "hinge",
    "perceptron_loss": "perceptron",
    "sparsemax_loss": "binary_sparsemax",
    "multiclass_hinge_loss": "multiclass_hinge",
    "multiclass_perceptron_loss": "multiclass_perceptron",
    "multiclass_sparsemax_loss": "sparsemax",
    "kl_divergence": "log_kl_divergence",
    "kl_divergence_with_log_targets": "log_kl_divergence_with_log_targets",
    "convex_kl_divergence": "generalized_log_kl_divergence",
    "generalized_kl_divergence": "generalized_log_kl_divergence",
}
"""Functions of optax, by losskit's card of the same formula."""
FROM_LOGITS = {
    "sigmoid_binary_cross_entropy",
    "softmax_cross_entropy",
    "safe_softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "sigmoid_focal_loss",
    "poly_loss_cross_entropy",
}


def recognise(loss: Any, y: Any, p: Any, forms: Any) -> Subject:
    """A function of `optax.losses` or `losskit.jax` (a `functools.partial` of it too)."""
    function, given = partial_arguments(loss)
    name = function.__name__
    ours = function.__module__.startswith("losskit")
    options = defaults_of(function) | given
    shown = ", ".join(f"{k}={v!r}" for k, v in given.items())

    # One program per shape: operation by operation, each would be compiled by itself. losskit's are
    # such programs already, and look at values before.
    called = loss if ours else jax.jit(loss)

    def run(y: Any, p: Any) -> Any:
        ps = p if isinstance(p, tuple) else (p,)
        ys = y if isinstance(y, tuple) else (y,)
        return called(*map(jnp.asarray, ps), *map(jnp.asarray, ys))

    def value(y: Any, p: Any, w: Array | None) -> Array:
        return np.asarray(run(y, p), np.float64)

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        found = jax.grad(lambda at: run(y, at).sum())(jnp.asarray(p))
        return np.asarray(found, np.float64)

    return Subject(
        library="optax",
        name=f"{'losskit.jax' if ours else 'optax'}.{name}({shown})",
        card=_card(name, options),
        value=value,
        items=value if options.get("reduction", "none") == "none" else None,
        slope=slope,
        reduction=str(options.get("reduction", "none")),
        options=options,
        zero_is_minus=ours,
        stretches=not ours,
        wraps=not ours,
    )


def _card(name: str, options: dict[str, Any]) -> Card | None:
    """losskit's card of the same formula, with the parameters that both have."""
    known = CARDS_OF.get(name, name if name in CARDS else None)
    if known is None:
        return None
    card = find(known)
    given = {k: v for k, v in options.items() if k in card.rules() and v is not None}
    if name in FROM_LOGITS:
        given["from_logits"] = True
    if isinstance(given.get("axis"), tuple):
        return None
    try:
        return card(**given)
    except (TypeError, ValueError):
        return None
