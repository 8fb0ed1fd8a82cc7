"""Losses of embeddings, with optax's names and arguments."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from losskit.jax.evaluate import evaluate, mean
from losskit.losses.margin import SoftMargin

__all__ = ["ntxent"]


def ntxent(embeddings: Any, labels: Any, temperature: Any = 0.07) -> Array:
    """Normalised, temperature-scaled cross-entropy; see `optax.losses.ntxent`.

    Args:
        embeddings: floating-point, (batch, features).
        labels: (batch): embeddings of the same label are positive pairs.
        temperature: that cosines are divided by.

    Returns:
        The mean over all positive pairs (both ways); 0 where there is none.

    Raises:
        TypeError: embeddings are integers.
        ValueError: there is not one label for each embedding.
    """
    x, labels = jnp.asarray(embeddings), jnp.asarray(labels)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"embeddings holds {x.dtype} (shape {x.shape}), expected floating-point.")
    if x.ndim != 2 or labels.shape != x.shape[:1]:
        raise ValueError(
            "embeddings must have the shape (batch, features), and labels (batch,): got "
            f"embeddings.shape={x.shape} and labels.shape={labels.shape}."
        )
    u = _unit(x.astype(jnp.promote_types(x.dtype, jnp.float32)))
    z = jnp.matmul(u, u.T, precision=jax.lax.Precision.HIGHEST) / temperature
    same = labels[:, None] == labels[None, :]
    pairs = same & ~jnp.eye(len(labels), dtype=bool)
    # -log(e^z / (e^z + sum of the rivals' e^z)) is the logistic loss of z less their logsumexp.
    rivals = ~same.all(1, keepdims=True)
    against = jnp.where(same, -jnp.inf, z)
    against = jax.nn.logsumexp(jnp.where(rivals, against, 0.0), axis=1, keepdims=True)
    margin = z - jnp.where(rivals, against, -jnp.inf)
    items = evaluate(SoftMargin, margin, jnp.ones_like(margin), where=pairs)
    return mean(items.sum(), pairs.sum(), "zero").astype(x.dtype)


@jax.custom_jvp
def _unit(x: Array) -> Array:
    """Each row at length 1; a row of zeros stays, and has no derivative."""
    return x * _per_length(x)


@_unit.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    u = _unit(x)
    return u, (dx - u * (u * dx).sum(-1, keepdims=True)) * _per_length(x)


def _per_length(x: Array) -> Array:
    # Divided by the largest entry first, lest the squares overflow or vanish.
    largest = jnp.abs(x).max(-1, keepdims=True)
    zero = largest == 0
    scale = jnp.where(zero, 1.0, largest)
    square = jnp.square(x / scale).sum(-1, keepdims=True)
    return jnp.where(zero, 0.0, 1.0 / jnp.sqrt(jnp.where(zero, 1.0, square)) / scale)
