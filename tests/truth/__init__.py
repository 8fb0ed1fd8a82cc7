"""What each loss should give: an independent definition of every card, in mpmath at 60 digits.

Each definition below is written from the formula in the card's docstring, not from its code, and
returns the *terms* whose sum is the true number. A number is judged at its own size; only where the
terms are known to cancel (`CANCELLING`) a small share of theirs is its least size.

Conventions of the project: inputs are the floats given; a probability below the dtype's smallest
normal number is read as that number (``tiny``), and 1 less a probability as half the gap below 1 at
least (``half_gap``); parameters are rounded to the compute
dtype; at a kink the subgradient of least magnitude is the slope, at a bend the curvature is left
open (`near_break`).

    exact = truth.evaluate(card, "slope", y, p, np.float32)
    worst, where = truth.worst_error(got, exact, np.float32)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mpf

from losskit.core.definition import CARDS
from losskit.core.families import has_row_target
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.slots import item_shape, spread
from truth import (
    categorical,
    focal,
    margins,
    masks,
    pairs,
    pointwise,
    rowwise,
    sets,
    setwise,
    vectors,
)
from truth.definition import ZERO, Definition
from truth.kept import kept
from truth.rowwise import RowDefinition
from truth.setwise import SetDefinition

ORDERS = ("value", "slope", "curve")

FILES = (pointwise, categorical, focal, margins, vectors, masks, sets, pairs, rowwise, setwise)

DEFINITIONS: dict[str, type[Definition]] = {
    name: getattr(file, card.__name__)
    for file in FILES
    for name, card in CARDS.items()
    if hasattr(file, card.__name__)
}
"""One definition per registered card, by the card's name: it has the name of the card's class."""

CANCELLING: dict[str, tuple[str, ...]] = {
    # Soft or smoothed targets at a balance with the prediction.
    "categorical_crossentropy": ("slope", "curve"),
    "sparse_categorical_crossentropy": ("slope", "curve"),
    "categorical_focal_crossentropy": ("slope", "curve"),
    "categorical_generalized_cross_entropy": ("curve",),
    "ranking_softmax": ("slope",),
    "poly1_crossentropy": ORDERS,
    # exp(z) - y near each other.
    "poisson": ("value", "slope"),
    "generalized_log_kl_divergence": ("value", "slope"),
    # By the logarithm of the mean: exp(z) - y near each other.
    "gamma_deviance": ("value", "slope"),
    "tweedie_deviance": ("value", "slope"),
    # (p - y)^2 against the variance.
    "gaussian_nll": ("slope",),
    # Shares in the risk of others against what lacks at one's own; shares less their squares.
    "cox_partial_likelihood": ("slope", "curve"),
    # The share of a class against its share given the labels.
    "ctc": ("slope", "curve"),
    # Vectors nearly parallel, masks nearly equal.
    "cosine_similarity": ("slope", "curve"),
    "cosine_embedding": ("slope", "curve"),
    # Distances nearly equal, or unequal by the margin; directions nearly the same.
    "triplet_margin": ORDERS,
    # What pulls a vector against what pushes it; cosines, times 1 / temperature.
    "nt_xent": ("slope", "curve"),
    "info_nce": ("slope", "curve"),
    "circle": ("slope", "curve"),
    "soft_dice": ("slope", "curve"),
    "soft_tversky": ("slope", "curve"),
    # p'' passes through 0 at one half.
    "lovasz_softmax": ("curve",),
    # Scores that fall short of the margin by little: 1 + z_j - z_y.
    "binary_sparsemax": ("value",),
    "categorical_hinge": ("value",),
}
"""Where terms of both signs cancel, and rounding leaves that of the larger ones: by card, orders.

A card that finds a form without cancellation leaves this list.
"""
CANCEL = 2.0**-4
"""Which share of the sum of their magnitudes then counts as the number's size."""


@dataclass(frozen=True)
class Exact:
    """True numbers, and what their errors are judged by: their own size, but for `CANCELLING`."""

    true: np.ndarray
    scale: np.ndarray


# --- evaluation ---------------------------------------------------------------------------------


def define(card: Any, dtype: Any, p: Any = None) -> Definition:
    """The definition of a card for inputs of that dtype, and predictions of that shape."""
    found = DEFINITIONS[card.name](card, dtype)
    if p is not None and isinstance(found, RowDefinition):
        found.own = tuple(p.shape[axis] for axis in card.slots[1].axes)
    return found


def _kept(compute: Any, what: str, card: Any, *asked: Any) -> np.ndarray:
    named = card.name, sorted(card.parameters().items()), card.target.labels
    return kept(compute, what, *named, *asked)


def evaluate(card: Any, order: str, y: Any, p: Any, dtype: Any, w: Any = None) -> Exact:
    """The true items (order "value") or derivatives by the predictions ("slope", "curve").

    Args:
        card: the card, with its parameters.
        order: one of `ORDERS`.
        y: targets as an array.
        p: predictions as an array.
        dtype: the dtype of the predictions; half types are computed in float32.
        w: weights in p's shape, for a loss of a set.
    """
    y, p = np.asarray(y), np.asarray(p)
    if w is not None:
        w = np.broadcast_to(w, p.shape)
    true, terms = _kept(
        lambda: _terms(card, order, y, p, dtype, w), order, card, np.dtype(dtype).name, y, p, w
    )
    size = np.abs(true)
    if order in CANCELLING.get(card.name, ()):
        size = np.maximum(size, CANCEL * terms)
    return Exact(true, size)


def _terms(card: Any, order: str, y: Any, p: Any, dtype: Any, w: Any) -> np.ndarray:
    """The sums of the terms of each number, and of their magnitudes."""
    d = define(card, dtype, p)
    function = getattr(d, order)
    if isinstance(d, SetDefinition):
        found = [function(_mpfs(y), _mpfs(p), _mpfs(np.ones(p.shape) if w is None else w))]
    elif isinstance(d, RowDefinition):
        found = [function(a, b) for a, b in rows(card, y, p)]
    else:
        found = [[function(a, b)] for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
    by_row = isinstance(d, (SetDefinition, RowDefinition))
    if by_row and order == "value":
        found = [[terms] for terms in found]
    numbers = [[sum(terms, ZERO) for terms in row] for row in found]
    sizes = [[sum(map(abs, terms), ZERO) for terms in row] for row in found]
    shape = () if isinstance(d, SetDefinition) and order == "value" else p.shape
    if isinstance(d, RowDefinition):
        axes = card.slots[1].axes
        shape = np.moveaxis(p, axes, range(-len(axes), 0)).shape
        shape = shape[: -len(axes)] if order == "value" else shape
    pair = np.array([numbers, sizes], np.float64).reshape(2, *shape)
    if isinstance(d, RowDefinition) and order != "value":
        return np.stack([np.moveaxis(part, range(-len(axes), 0), axes) for part in pair])
    return pair


def near_break(card: Any, y: Any, p: Any, dtype: Any) -> np.ndarray:
    """Where, in p's shape, rounding decides the side of a kink or bend: no law judges there."""
    d = define(card, dtype)
    y, p = np.asarray(y), np.asarray(p)
    if isinstance(d, SetDefinition):
        return np.zeros(p.shape, bool)

    def find() -> np.ndarray:
        if isinstance(d, RowDefinition):
            return _by_row(card, p, [bool(d.near_break(a, b)) for a, b in rows(card, y, p)])
        hits = [d.near_break(a, b) for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
        return np.array(hits, bool).reshape(p.shape)

    return _kept(find, "near_break", card, np.dtype(dtype).name, y, p)


def room(card: Any, y: Any, p: Any) -> np.ndarray:
    """How far the nearest kink of each row lies at least, in p's shape."""
    d = define(card, np.float64)
    return _kept(
        lambda: _by_row(card, p, [float(d.room(a, b)) for a, b in rows(card, y, p)]),
        *("room", card, y, p),
    )


def rows(card: Any, y: Any, p: Any) -> Iterator[tuple[Any, list[mpf]]]:
    """Target and prediction of each row, several of them one after another.

    A label is an int, a number an mpf.
    """
    wide_p = _flat(card.slots[1], p)
    if has_row_target(card):
        targets = [int(t) if card.target.labels else mpf(float(t)) for t in y.reshape(-1)]
    else:
        targets = [_mpfs(t) for t in _flat(card.slots[0], y)]
    yield from zip(targets, map(_mpfs, wide_p), strict=True)


def _flat(slot: Any, x: np.ndarray) -> np.ndarray:
    """One row for each item."""
    axes = slot.axes
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    items = last.shape[: -len(axes)]
    return last.reshape(int(np.prod(items)), -1)


def _by_row(card: Any, p: np.ndarray, found: list[Any]) -> np.ndarray:
    items = np.array(found).reshape(item_shape(card, p.shape))
    return np.broadcast_to(spread(NUMPY, card.slots[1], items), p.shape)


def errors(got: Any, exact: Exact, dtype: Any) -> np.ndarray:
    """The error of each number relative to its scale; inf where it is wrong in kind.

    Below the smallest normal number the spacing is absolute: a few spacings are forgiven. Where the
    truth cannot be represented, infinity of the right sign (or the largest number) is right.
    """
    most, spacing = largest(dtype), float(_info(dtype).smallest_subnormal)
    got, true = np.asarray(got).astype(np.float64), exact.true
    with np.errstate(all="ignore"):
        missed = np.maximum(np.abs(got - true) - 4 * spacing, 0.0)
        found = np.where(missed == 0, 0.0, missed / exact.scale)
        found[~np.isfinite(got)] = np.inf
        beyond = np.abs(true) > most * (1 - 2.0**-7)
        right = (np.abs(got) > most * 0.98) & (np.sign(got) == np.sign(true))
    return np.where(beyond, np.where(right, 0.0, np.inf), found)


def worst_error(got: Any, exact: Exact, dtype: Any, skip: Any = None) -> tuple[float, Any]:
    """The largest error, and the index at which it occurs."""
    found = errors(got, exact, dtype)
    if skip is not None:
        found = np.where(np.broadcast_to(skip, found.shape), 0.0, found)
    if not found.size:
        return 0.0, ()
    where = np.unravel_index(int(np.argmax(found)), found.shape)
    return float(found[where]), tuple(int(i) for i in where)


def _info(dtype: Any) -> Any:
    import ml_dtypes

    return ml_dtypes.finfo(np.dtype(dtype))


def largest(dtype: Any) -> float:
    """The largest number of a dtype, bfloat16 included."""
    return float(_info(dtype).max)


def _mpfs(x: Any) -> list[mpf]:
    return [mpf(float(v)) for v in np.asarray(x).reshape(-1)]
