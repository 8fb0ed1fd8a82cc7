"""Losses of whole rankings, and losses made from a maximum, with optax's names and arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array

from losskit.engine.arrays import sound
from losskit.jax.evaluate import mean
from losskit.jax.shapes import Axis, rowwise, widened
from losskit.losses.ranking import RankingSoftmax

__all__ = ["make_fenchel_young_loss", "ranking_softmax_loss"]


def ranking_softmax_loss(
    logits: Any,
    labels: Any,
    *,
    where: Any = None,
    weights: Any = None,
    reduce_fn: Callable[..., Array] | None = jnp.mean,
    axis: Axis = -1,
) -> Array:
    """ListNet's softmax cross-entropy of a list; see `optax.losses.ranking_softmax_loss`.

    Args:
        logits: score of each item, floating-point, (..., list).
        labels: relevance of each item, a number >= 0, in that shape.
        where: boolean, broadcast to the logits: which items there are.
        weights: of each item, broadcast to the logits.
        reduce_fn: from the losses of the lists to the result, such as `jax.numpy.mean`; called with
            ``where=``, the lists that have an item. None: the loss of each list.
        axis: of the lists; several, or None for all, are read as one.

    Raises:
        TypeError: logits are integers.
        ValueError: shapes differ.
    """
    z, dtype = widened(logits)
    y = jnp.asarray(sound(labels)).astype(z.dtype)
    if weights is not None:
        y = y * weights
    if where is not None:
        where = jnp.broadcast_to(jnp.asarray(sound(where)).astype(bool), z.shape)
    loss = rowwise(RankingSoftmax, z, y, axis, where)
    lists = None if where is None else where.any(axis)
    if reduce_fn is None:
        return loss.astype(dtype)
    if reduce_fn is jnp.mean:
        return mean(loss.sum(), loss.size if lists is None else lists.sum()).astype(dtype)
    return reduce_fn(loss, where=lists).astype(dtype)


def make_fenchel_young_loss(max_fun: Callable[..., Any]) -> Callable[..., Array]:
    """The Fenchel-Young loss of a maximum: max_fun(scores) - <targets, scores>.

    Args:
        max_fun: from scores of one dimension to a number, such as `jax.nn.logsumexp`.

    Returns:
        A function of scores and targets, (..., n), and of what else ``max_fun`` takes.
    """
    largest = jnp.vectorize(max_fun, signature="(n)->()")
    product = jnp.vectorize(jnp.vdot, signature="(n),(n)->()")

    def fenchel_young_loss(scores: Any, targets: Any, *args: Any, **kwargs: Any) -> Array:
        return largest(scores, *args, **kwargs) - product(targets, scores)

    return fenchel_young_loss
