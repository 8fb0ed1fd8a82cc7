"""The logits behind probabilities: kept, found again, and made those that a loss takes.

A probability that has underflowed to 0 (or rounded to 1) no longer tells by how much its logit is
behind, so a loss of probabilities is computed from the logits wherever they can be had.
"""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from losskit.core import links
from losskit.core.families import is_rowwise
from losskit.keras import backend
from losskit.keras.framework import KERAS

Tensor = Any
M = KERAS.vocabulary("")

_KEPT: dict[int, tuple[Any, str, int, Tensor]] = {}
"""For tensors that take no attributes (JAX's, while tracing):
id -> (weak reference, activation, axis, logits)."""


# Where nothing counts a logit may be anything, and the gradient that comes is 0: times no NaN.
_as_log_sigmoid = backend.activation(
    lambda z: links.log_sigmoid(M, z),
    lambda z, g: links.log_sigmoid_gradient(M, ops.where(z == z, z, 1.0), g),
)


@functools.cache
def _as_log_odds(axis: int) -> Callable[[Tensor], Tensor]:
    def known(z: Tensor) -> Tensor:
        z = ops.where(z < float("inf"), z, 1.0)
        return ops.where(M.max(z, axis) > float("-inf"), z, 1.0)

    return backend.activation(
        lambda z: links.log_odds(M, z, axis),
        lambda z, g: links.log_odds_gradient(M, known(z), g, axis),
        lambda z, dz: links.log_odds_tangent(M, known(z), dz, axis),
    )


def behind(card: Any, p: Tensor) -> tuple[Any, Tensor, Callable[[Tensor], Tensor] | None]:
    """Card and prediction, or else the card on logits, the logits, and what makes them its own.

    The last is None where they are: see `losskit.core.links`.
    """
    if getattr(card, "from_logits", None) is not False or card.prediction.low != 0.0:
        return card, p, None  # of no probabilities
    softmax, sigmoid = ("softmax", getattr(card, "axis", -1)), ("sigmoid", 0)
    found = kept(p, (softmax, sigmoid) if is_rowwise(card) else (sigmoid, softmax))
    if found is None:
        return card, p, None
    name, axis, logits = found
    link = None
    if is_rowwise(card):
        if name == "sigmoid":
            link = _as_log_sigmoid
        elif axis != card.axis % len(p.shape):
            return card, p, None
    elif name == "softmax":
        if p.shape[axis] == 1:  # always 1: there are no odds
            return card, p, None
        link = _as_log_odds(axis)
    return _on_logits(card), logits, link


def _on_logits(card: Any) -> Any:
    """The same one for a card each time, for kernels are looked up by it."""
    known = _made.get(id(card))
    if known is None or known[0] is not card:
        if len(_made) >= _MOST:
            _made.clear()
        known = _made[id(card)] = (card, dataclasses.replace(card, from_logits=True))
    return known[1]


_made: dict[int, tuple[Any, Any]] = {}
_MOST = 1024


def keep(p: Tensor, name: str, axis: int, logits: Tensor) -> Tensor:
    """The output of an activation, of which `kept` will give the logits."""
    try:
        p._keras_logits = logits
        p._losskit_activation = (name, axis, _version(p))
    except AttributeError:
        key = id(p)
        _KEPT[key] = (weakref.ref(p, lambda _: _KEPT.pop(key, None)), name, axis, logits)
    return p


def kept(
    p: Tensor, likely: tuple[tuple[str, int], tuple[str, int]]
) -> tuple[str, int, Tensor] | None:
    """The activation whose output ``p`` is, its axis, and its logits; None where they are not kept.

    Args:
        p: the output of any activation.
        likely: the activations (and axes) that it may be, where only its values can tell: Keras
            keeps the logits of sigmoid and softmax under one name. Of two that fit as well, the
            first.

    Returns:
        ("softmax", axis from the front, logits) or ("sigmoid", 0, logits).
    """
    if id(p) in _KEPT:
        reference, name, axis, logits = _KEPT[id(p)]
        name = name if reference() is p else ""
    elif (logits := getattr(p, "_keras_logits", None)) is None:
        return None
    elif (own := getattr(p, "_losskit_activation", None)) is not None:
        name, axis, version = own
        name = name if version == _version(p) else ""
    else:
        name, axis = backend.made_by(p) or _nearest(p, logits, likely)
    if not name:
        return None
    return name, axis % len(p.shape) if name == "softmax" else 0, logits


def _version(x: Tensor) -> int:
    """How often the tensor was changed in place; only torch's can be."""
    return int(getattr(x, "_version", 0))


def _nearest(
    p: Tensor, logits: Tensor, likely: tuple[tuple[str, int], tuple[str, int]]
) -> tuple[str, int]:
    """Which activation of the logits gives these values, as far as their dtypes go."""
    found, least = ("", 0), 1e-2
    if not KERAS.visible(p):  # it cannot be told: the probabilities are right in any case
        return found
    values, z, rank = KERAS.values(p), ops.cast(logits, "float32"), len(p.shape)
    for name, axis in likely:
        if name == "softmax" and not -rank <= axis < rank:
            continue
        again = ops.softmax(z, axis=axis) if name == "softmax" else ops.sigmoid(z)
        off = float(np.max(np.abs(KERAS.values(again) - values), initial=0.0))
        if off < least:
            found, least = (name, axis), off
    return found
