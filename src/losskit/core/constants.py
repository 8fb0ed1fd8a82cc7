"""The best prediction where it must be the same for all items: what a model without inputs says.

Statistics of targets, in float64, along their first axis. Weights are None, one for each item, or
in the targets' shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.core import softmax
from losskit.core.definition import LOG_PROBABILITY, LOGIT, NONNEGATIVE
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import vocabulary

M = vocabulary(np.float64)
HALVINGS = 100
"""Of an interval; after so many its ends are neighbours, or nearly."""
FAR = 745.0
"""From here on the exponential of a raw score is 0, or infinite."""


def laid(w: Any, y: Array) -> Array:
    """Weights in the shape of the targets."""
    w = np.asarray(w, np.float64)
    return np.broadcast_to(w.reshape(w.shape + (1,) * (y.ndim - w.ndim)), y.shape)


def mean(y: Any, w: Any = None) -> Array:
    """The weighted mean."""
    y = np.asarray(y, np.float64)
    return np.asarray(np.average(y, 0, None if w is None else laid(w, y)))


def mean_row(card: Any, y: Any, w: Any) -> Array:
    """The weighted mean of all rows along a card's axis."""
    return mean(*rows(y, w, card.axis))


def rows(y: Any, w: Any, axis: int) -> tuple[Array, Array | None]:
    """Rows one after another, (rows, classes), and a weight for each."""
    y = np.moveaxis(np.asarray(y, np.float64), axis, -1)
    return y.reshape(-1, y.shape[-1]), None if w is None else laid(w, y[..., 0]).reshape(-1)


def median(y: Any, w: Any = None) -> Array:
    """A weighted median: where there are several, the middle of them."""
    y = np.asarray(y, np.float64)
    order = np.argsort(y, 0)
    y, weight = (np.take_along_axis(x, order, 0) for x in (y, laid(1.0 if w is None else w, y)))
    below = np.cumsum(weight, 0)
    half = 0.5 * below[-1:]
    # The first by which half is reached, and by which it is exceeded.
    places = [(below >= half).argmax(0), (below > half).argmax(0)]
    return 0.5 * sum(np.take_along_axis(y, place[None], 0)[0] for place in places)


def level(card: Any, y: Any, w: Any, low: Any, high: Any) -> Array:
    """Where the mean slope of a pointwise card turns from below 0 to above, between two numbers."""
    y = np.asarray(y, np.float64)
    for _ in range(HALVINGS):
        middle = 0.5 * low + 0.5 * high
        rises = mean(card.slope(M, y, np.broadcast_to(middle, y.shape)), w) > 0
        low, high = np.where(rises, low, middle), np.where(rises, middle, high)
    return 0.5 * low + 0.5 * high


def log_odds(share: Array) -> Array:
    """The raw score of a probability under a sigmoid: infinite for 0 and 1."""
    with np.errstate(divide="ignore"):
        return np.log(share) - np.log1p(-share)


def log_rate(rate: Array) -> Array:
    """The raw score of a rate, that of 0 being -inf."""
    with np.errstate(divide="ignore"):
        return np.log(rate)


def smoothed(shares: Array, smoothing: float) -> Array:
    """Shares of the classes, of which a part is spread evenly."""
    return shares * (1.0 - smoothing) + smoothing / shares.size


def log_shares(amounts: Array) -> Array:
    """The raw scores, along the last axis, of what is in proportion to these under a softmax."""
    with np.errstate(divide="ignore"):
        return np.log(amounts / amounts.sum(-1, keepdims=True))


def judged(card: Any, raw: Any) -> Array:
    """What a card takes where a network's raw scores are these: the reverse of its link.

    Args:
        card: any card.
        raw: raw scores, classes along the last axis.
    """
    raw = np.asarray(raw, np.float64)
    takes = card.prediction
    if card.link == "softmax" and takes is not LOGIT:
        row = softmax.from_logits(M, raw, -1)
        return row.log_p if takes is LOG_PROBABILITY else row.p
    if card.link == "logit" and takes is not LOGIT:
        return M.sigmoid(raw)
    return np.exp(raw) if card.link == "log" and takes is NONNEGATIVE else raw
