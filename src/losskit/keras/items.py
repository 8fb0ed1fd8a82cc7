"""The items of a card on the backend that runs, the card's slopes as their derivatives.

On JAX and PyTorch they are those of `losskit.jax` and `losskit.torch`, kernels included; on
TensorFlow they are made here.

* `items`: of a card for targets, predictions, which items count (None for all; the others are 0,
  whatever lies there), and whether they will be weighted.
* `mean`: the mean of the items that count, with weights of the items, or None, and whether they
  are what the mean divides by; None where the backend has nothing quicker than the items.
* `of_set`: the value of a set for targets, predictions, weights and the number of items.
* `looks`: whether a mean has been found only where all that counts lies in its domain.

All take the vocabulary of the predictions' own dtype in front of the tensors: in it stands what
predictions that were cast could tell.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from losskit.core.families import has_row_target, is_rowwise, item_axes, out_of_domain
from losskit.core.inputs import item_shape
from losskit.core.namespaces import PRECISIONS, Vocabulary
from losskit.keras import backend

Tensor = Any
_NAMES = {came: name for name, came in PRECISIONS.items()}
"""Of dtypes, by what they can hold."""


def _tensorflow() -> tuple[Any, ...]:
    import tensorflow as tf

    def items(
        card: Any, m: Vocabulary, y: Tensor, p: Tensor, keep: Tensor | None, weighted: bool
    ) -> Tensor:
        y, p = stood_in(card, y, p, keep)

        def known(formula: Any, of_elements: bool) -> Any:
            """The formula; NaN for what lies out of its domain, where it counts."""

            def function(y: Tensor, p: Tensor) -> Tensor:
                found, bad = formula(m, y, p), out_of_domain(m, card, y, p)
                if bad is None:
                    return found
                return tf.where(spread(card, bad) if of_elements else bad, float("nan"), found)

            return function

        rows = has_row_target(card)
        of_target = None if card.target.labels else known(card.target_slope, not rows)
        of_prediction = known(card.slope, True)

        def backward(g: Tensor, y: Tensor, p: Tensor) -> tuple[Tensor | None, Tensor]:
            # A target's gradient that nobody asks for is pruned from the graph.
            laid = spread(card, g)
            by_y = None
            if of_target is not None:
                by_y = along_target(of_target(y, p), g if rows else laid)
            return by_y, of_prediction(y, p) * laid

        found = _given(known(card.value, False), backward)(y, p)
        return found if keep is None else tf.where(keep, found, tf.zeros_like(found))

    def of_set(card: Any, m: Vocabulary, *args: Tensor) -> Tensor:
        def backward(g: Tensor, *args: Tensor) -> tuple[Tensor, Tensor]:
            return card.target_slope(m, *args) * g, card.slope(m, *args) * g

        return _given(lambda *args: tf.reduce_sum(card.value(m, *args)), backward)(*args)

    def _given(value: Any, backward: Any) -> Any:
        """A function whose derivatives by its first two arguments are given, not derived."""

        @tf.custom_gradient
        def function(*args: Tensor) -> Any:
            rest = [None] * (len(args) - 2)
            return value(*args), lambda g: (*backward(g, *args), *rest)

        return function

    def along_target(slope: Tensor, g: Tensor) -> Tensor:
        """The product; of an infinite slope, 0 where what comes in is 0.

        Else it is 2**100, which the 0 of a softmax or exp takes away again.
        """
        finite = backend.activation(
            lambda x: tf.where(tf.math.is_inf(x), tf.sign(x) * 2.0**100, x), lambda _, g: g
        )
        return finite(slope) * g

    return items, lambda *_: None, of_set, False


def _jax() -> tuple[Any, ...]:
    import jax.numpy as jnp

    from losskit.jax import derivatives

    def came(m: Vocabulary, p: Tensor) -> str | None:
        name = _NAMES.get(m.came)
        return None if name == p.dtype.name else name

    def items(
        card: Any, m: Vocabulary, y: Tensor, p: Tensor, keep: Tensor | None, weighted: bool
    ) -> Tensor:
        return derivatives.items(card, {}, y, p, _laid(card, p, keep), came(m, p), weighted)

    def mean(
        card: Any,
        m: Vocabulary,
        y: Tensor,
        p: Tensor,
        keep: Tensor | None,
        weight: Tensor | None,
        by_weights: bool,
    ) -> Tensor | None:
        if weight is not None:
            return None
        keep = _laid(card, p, keep)
        count = math.prod(item_shape(card, p.shape)) if keep is None else keep.sum()
        scale = 1.0 / jnp.maximum(count, 1).astype(p.dtype)
        return derivatives.total(card, {}, y, p, keep, scale, came(m, p))

    def of_set(card: Any, m: Vocabulary, *args: Tensor) -> Tensor:
        return derivatives.of_set(card, *args)

    return items, mean, of_set, False


def _torch() -> tuple[Any, ...]:
    import torch

    from losskit.torch import derivatives, kernels

    def came(m: Vocabulary, p: Tensor) -> torch.dtype:
        name = _NAMES.get(m.came)
        return p.dtype if name is None else getattr(torch, name)

    def by_kernel(
        plan: Any, m: Vocabulary, y: Tensor, p: Tensor, keep: Tensor | None, weight: Tensor | None
    ) -> Tensor | None:
        if any(x is not None and x.requires_grad for x in (y, weight)) or came(m, p) != p.dtype:
            return None
        if not kernels.reachable(y, p, keep, weight):
            return None
        keep, weight = (_laid(plan.card, p, x) for x in (keep, weight))
        return kernels.loss(plan, p, y, weight, keep)

    def items(
        card: Any, m: Vocabulary, y: Tensor, p: Tensor, keep: Tensor | None, weighted: bool
    ) -> Tensor:
        found = by_kernel(kernels.Plan(card, "none", dtype=p.dtype), m, y, p, keep, None)
        if found is not None:
            return found
        y, p = stood_in(card, y, p, keep)
        own = derivatives.vocabulary(came(m, p))
        bad = out_of_domain(own, card, y, p)
        found = derivatives.apply(card, own, y, p, bad=bad)
        return found if keep is None else torch.where(keep, found, 0.0)

    def mean(
        card: Any,
        m: Vocabulary,
        y: Tensor,
        p: Tensor,
        keep: Tensor | None,
        weight: Tensor | None,
        by_weights: bool,
    ) -> Tensor | None:
        if keep is None and weight is None and came(m, p) == p.dtype:
            found = kernels.mean(card, p, y)
            if found is not None:
                return found
        plan = kernels.Plan(card, "mean", by_weights and weight is not None, p.dtype)
        return by_kernel(plan, m, y, p, keep, weight)

    def of_set(card: Any, m: Vocabulary, *args: Tensor) -> Tensor:
        return derivatives.apply(card, derivatives.vocabulary(came(m, args[1])), *args)

    return items, mean, of_set, True


def _laid(card: Any, p: Tensor, keep: Tensor | None) -> Tensor | None:
    """Which items count, or their weights, in the shape of the items."""
    return None if keep is None else ops.broadcast_to(keep, item_shape(card, p.shape))


def stood_in(card: Any, y: Tensor, p: Tensor, keep: Tensor | None) -> tuple[Tensor, Tensor]:
    """Targets and predictions, those that do not count replaced before any formula sees them."""
    if keep is None:
        return y, p
    laid = spread(card, keep)
    target = card.target
    stand_in = ops.zeros_like if target.labels or target.high < 1.0 else ops.ones_like
    y = ops.where(keep if has_row_target(card) else laid, y, stand_in(y))
    return y, ops.where(laid, p, ops.ones_like(p))


def spread(card: Any, x: Tensor) -> Tensor:
    """What belongs to the items, laid over the elements of the prediction."""
    return ops.expand_dims(x, item_axes(card)) if is_rowwise(card) else x


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
items, mean, of_set, looks = _BACKENDS[backend.NAME]()
