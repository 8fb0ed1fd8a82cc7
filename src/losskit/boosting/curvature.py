"""The curvature by which a tree's leaves step: a card's own, or that of a parabola above it.

A leaf steps by sum(slope) / sum(curvature). Where the true second derivative is 0 or below, or
vanishes though the slope does not (beyond Huber's delta), such a step is of any length and the tree
is not grown. A parabola that touches the loss where the prediction is and has its vertex at the
target lies above it for the losses of robust regression; its curvature is slope / residual.
"""

from __future__ import annotations

import dataclasses
import math
from functools import cache
from typing import Any

import numpy as np

from losskit.core.constants import M
from losskit.core.definition import LOGIT, made, parameter
from losskit.core.families import Pointwise, Residual
from losskit.core.namespaces import Array, Vocabulary

FLOOR = 1e-16
"""Below this no curvature goes: XGBoost's own, too small to change a sum that is more than it."""
CHOICES = ("auto", "true", "majorizer")


def check(hessian: Any) -> Any:
    """A choice, or a number above 0.

    Raises:
        TypeError, ValueError: it is neither.
    """
    words = " or ".join(map(repr, CHOICES))
    if isinstance(hessian, str):
        if hessian not in CHOICES:
            raise ValueError(f"hessian must be {words} or a number > 0, got {hessian!r}.")
        return hessian
    if isinstance(hessian, bool) or not isinstance(hessian, (int, float, np.number)):
        raise TypeError(f"hessian must be {words} or a number > 0, got {hessian!r}.")
    if not 0.0 < float(hessian) < math.inf:
        raise ValueError(
            f"hessian must be a number > 0, got {hessian!r}: with none a tree's leaves have no "
            "length to step. Use hessian='auto'."
        )
    return float(hessian)


def bent(card: Any, hessian: Any, least: float, factor: float) -> Any:
    """The card with that curvature as its `curve`, for one program with its slope.

    Args:
        card: any that `cards.raw` lets through.
        hessian: as `check` gives it.
        least: added to residuals, as a square: slope / residual has a pole at a kink.
        factor: of the curvature.
    """
    number = hessian if isinstance(hessian, float) else 1.0
    rule = "number" if isinstance(hessian, float) else hessian
    own = {"boost_least": least, "boost_factor": factor, "boost_number": number}
    kind: Any = type(card)
    return made(_kind(kind, rule), {**card.parameters(), **own})


@cache
def _kind(card: type[Any], rule: str) -> type[Any]:
    """The class of a card with another curvature."""

    def curve(self: Any, m: Vocabulary, y: Array, p: Array) -> Array:
        if rule == "number":
            return self.boost_number + m.where(p == p, 0.0, p)  # a NaN shows
        return _RULES[rule](m, self, card, y, p)

    number = {"kind": "number", "low": 0.0, "doc": "set by the wrapper"}
    fields = [
        (f"boost_{n}", float, parameter(1.0, **number)) for n in ("least", "factor", "number")
    ]
    body = {"curve": curve, "__doc__": card.__doc__, "__module__": card.__module__}
    return dataclasses.make_dataclass(
        card.__name__, fields, bases=(card,), namespace=body, frozen=True
    )


def _true(m: Vocabulary, self: Any, card: Any, y: Array, p: Array) -> Array:
    return m.maximum(self.boost_factor * card.curve(self, m, y, p), FLOOR)


def _majorizer(m: Vocabulary, self: Any, card: Any, y: Array, p: Array) -> Array:
    return m.maximum(self.boost_factor * parabola(m, self, card, y, p), FLOOR)


def _auto(m: Vocabulary, self: Any, card: Any, y: Array, p: Array) -> Array:
    own = card.curve(self, m, y, p)
    if smooth(self):
        return m.maximum(self.boost_factor * own, FLOOR)
    above = parabola(m, self, card, y, p)
    if self.convex and not isinstance(self, Residual):
        found = m.where(own > FLOOR, own, above)
    else:
        found = m.maximum(own, above)
    return m.maximum(self.boost_factor * found, FLOOR)


_RULES = {"auto": _auto, "true": _true, "majorizer": _majorizer}


def own(card: Any, hessian: Any) -> bool:
    """Whether the card's own curvature is meant, as it is but for the floor."""
    if not isinstance(card, Pointwise):
        return False
    return bool(hessian == "true" or (hessian == "auto" and smooth(card)))


def raise_to_floor(curve: Array, weight: Array | None) -> None:
    """Raise what is below the floor, each row's times its weight; a NaN stays."""
    if weight is None:
        np.maximum(curve, FLOOR, out=curve)
    else:
        least = (FLOOR * weight).astype(curve.dtype)
        np.maximum(curve, least.reshape((-1,) + (1,) * (curve.ndim - 1)), out=curve)


def smooth(card: Any) -> bool:
    """Whether its own second derivative is above 0 wherever its slope is not 0."""
    if not isinstance(card, Pointwise):
        return True
    bent = any([*card.kinks(y), *card.bends(y)] for y in (0.0, 1.0))
    return bool(card.convex) and not isinstance(card, Residual) and not bent


def parabola(m: Vocabulary, self: Any, card: Any, y: Array, p: Array) -> Array:
    """slope / residual; of losses with a link, by the residual behind it."""
    if not issubclass(card, Pointwise):
        return card.curve(self, m, y, p)
    signs = -1.0 in self.target.values
    if self.prediction is LOGIT and self.link == "logit":
        slope = self.slope(m, y, p)
        # As a cross-entropy of so much weight, whose slope is q - y and whose curvature q (1 - q).
        y = m.where(y > 0.0, 1.0, 0.0) if signs else y
        t = m.tail(p)
        upper = 1.0 / (1.0 + t)
        q, rest = m.where(p < 0, t * upper, upper), m.where(p < 0, upper, t * upper)
        residual = m.where(y < 0.5, q, -rest) + m.where(y < 0.5, -y, 1.0 - y)
        far = m.abs(residual) > FLOOR
        share = slope / m.where(far, residual, 1.0)
        return m.where(far, share, 0.0) * (q * rest)
    if issubclass(card, Residual):
        # Of both sides: what of a loss is not even (a quantile's) is a line, and bends nothing.
        away = m.abs(p - y)
        far, near = m.maximum(away, self.boost_least), m.minimum(away, self.boost_least)
        size = far * m.sqrt(1.0 + m.square(near / far))  # the root of both squares
        over, under = y + size, y - size
        return (self.slope(m, y, over) - self.slope(m, y, under)) / (over - under)
    at = m.where(y == 0.0, -1.0, y) if signs else y
    e = p - at
    near = m.abs(e) < self.boost_least
    p = m.where(near, m.where(e < 0, at - self.boost_least, at + self.boost_least), p)
    return self.slope(m, y, p) / (p - at)


def canonical_log(card: Any) -> bool:
    """Whether it is a likelihood by the logarithm of a rate whose curvature is that rate.

    Then no target tempers a step, and the libraries multiply the curvature.
    """
    if not isinstance(card, Pointwise) or card.link != "log":
        return False
    p = np.zeros(2)
    one, other = (card.curve(M, np.full(2, y), p) for y in (0.5, 2.0))
    return bool(np.array_equal(one, other))


def typical(y: Array, weight: Array | None, start: float) -> tuple[float, float]:
    """The mean size of residuals from the start, and what of one may be rounding alone."""
    y = np.asarray(y, np.float64)
    away = np.abs(y - start)
    size = float(np.average(away, None, weight)) if weight is not None else float(away.mean())
    # What the spacing of float32 numbers near the targets cannot tell is no residual.
    rounding = 4.0 * float(np.finfo(np.float32).eps) * float(np.abs(y).max(initial=0.0))
    size = size if size > rounding else 1.0
    return size, rounding


def least(card: Any, size: float, near: float) -> float:
    """How far from the target slope / residual is rounded off.

    Args:
        card: any pointwise one.
        size: of a typical residual.
        near: the part of it. Less where the two sides weigh unequally: there most residuals are on
            one side, and what decides lies near the target.
    """
    if not isinstance(card, Residual):
        return near * size
    y, p = np.zeros(2), np.array([-size, size])
    under, over = np.abs(card.slope(M, y, p))
    found = float(min(under, over) / max(under, over)) if max(under, over) > 0 else 1.0
    return near * size * found


def scale(card: Any, hessian: Any, size: float) -> float:
    """What slope and curvature are multiplied by: so that of a typical residual it is 1.

    The libraries' own losses of residuals have it so, and their regularisation (lambda, the least
    sum of a leaf) counts rows.
    """
    if not isinstance(card, Residual) or isinstance(hessian, float):
        return 1.0
    y, p = np.zeros(2), np.array([-size, size])
    with np.errstate(all="ignore"):
        own = np.mean(card.curve(M, y, p))
        found = max(float(own), float(np.mean(card.slope(M, y, p) / p)))
    return 1.0 / found if 0.0 < found < math.inf else 1.0
