"""What each loss should give: an independent definition of every card, in mpmath at 60 digits.

Each definition below is written from the formula in the card's docstring, not from its code, and
returns the *terms* whose sum is the true number. So one rule judges all: the error is taken
relative to the sum of the magnitudes of the terms. Where all terms have one sign (most losses) that
is the true value itself; where they have both (KL, Poisson's value, cosine, categorical hinge,
slopes and curvatures for soft targets) it is the best any sum in floating point can promise.

Conventions of the project: inputs are the floats given; a probability below the dtype's smallest
normal number is read as that number (``tiny``); parameters are rounded to the compute
dtype; at a kink the subgradient of least magnitude is the slope, at a bend the curvature is left
open (`near_break`).

    exact = truth.evaluate(card, "slope", y, p, np.float32)
    worst, where = truth.worst_error(got, exact, np.float32)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from losskit.core.families import has_row_target
from truth import pointwise, rowwise, setwise
from truth.definition import ZERO, Definition
from truth.rowwise import RowDefinition
from truth.setwise import SetDefinition

ORDERS = ("value", "slope", "curve")

DEFINITIONS: dict[str, type[Definition]] = {
    "mean_squared_error": pointwise.MeanSquaredError,
    "mean_absolute_error": pointwise.MeanAbsoluteError,
    "root_mean_squared_error": setwise.RootMeanSquaredError,
    "huber": pointwise.Huber,
    "smooth_l1": pointwise.SmoothL1,
    "log_cosh": pointwise.LogCosh,
    "mean_absolute_percentage_error": pointwise.MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": pointwise.MeanSquaredLogarithmicError,
    "poisson": pointwise.Poisson,
    "binary_crossentropy": pointwise.BinaryCrossentropy,
    "categorical_crossentropy": rowwise.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": rowwise.SparseCategoricalCrossentropy,
    "negative_log_likelihood": rowwise.NegativeLogLikelihood,
    "kl_divergence": rowwise.KLDivergence,
    "log_kl_divergence": pointwise.LogKLDivergence,
    "log_kl_divergence_with_log_targets": pointwise.LogKLDivergenceWithLogTargets,
    "generalized_log_kl_divergence": pointwise.GeneralizedLogKLDivergence,
    "binary_focal_crossentropy": pointwise.BinaryFocalCrossentropy,
    "poly1_crossentropy": rowwise.Poly1Crossentropy,
    "binary_sparsemax": pointwise.BinarySparsemax,
    "sparsemax": rowwise.Sparsemax,
    "soft_tversky": rowwise.SoftTversky,
    "soft_dice": rowwise.SoftDice,
    "perceptron": pointwise.Perceptron,
    "hinge": pointwise.Hinge,
    "squared_hinge": pointwise.SquaredHinge,
    "soft_margin": pointwise.SoftMargin,
    "margin_ranking": pointwise.MarginRanking,
    "hinge_embedding": pointwise.HingeEmbedding,
    "cosine_embedding": pointwise.CosineEmbedding,
    "categorical_hinge": rowwise.CategoricalHinge,
    "multi_margin": rowwise.MultiMargin,
    "multi_label_margin": rowwise.MultiLabelMargin,
    "multiclass_hinge": rowwise.MulticlassHinge,
    "multiclass_perceptron": rowwise.MulticlassPerceptron,
    "gaussian_nll": rowwise.GaussianNLL,
    "cosine_similarity": rowwise.CosineSimilarity,
    "pairwise_distance": rowwise.PairwiseDistance,
}
"""One definition per registered card, by the card's name."""


@dataclass(frozen=True)
class Exact:
    """True numbers and the scales their errors are judged by, as object arrays of mpf."""

    true: np.ndarray
    scale: np.ndarray


# --- evaluation ---------------------------------------------------------------------------------


def define(card: Any, dtype: Any) -> Definition:
    """The definition of a card for inputs of that dtype."""
    return DEFINITIONS[card.name](card, dtype)


def _exact(terms: list[mpf]) -> tuple[mpf, mpf]:
    return sum(terms, ZERO), sum((abs(t) for t in terms), ZERO)


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
    d = define(card, dtype)
    y, p = np.asarray(y), np.asarray(p)
    function = getattr(d, order)
    if isinstance(d, SetDefinition):
        w = np.ones(p.shape) if w is None else np.broadcast_to(w, p.shape)
        terms = function(_mpfs(y), _mpfs(p), _mpfs(w))
        pairs = [_exact(terms)] if order == "value" else [_exact(t) for t in terms]
        return _arrays(pairs, () if order == "value" else p.shape)
    if not isinstance(d, RowDefinition):
        pairs = [_exact(function(a, b)) for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
        return _arrays(pairs, p.shape)
    shape = np.moveaxis(p, card.axis, -1).shape
    pairs = []
    for a, b in rows(card, y, p):
        terms = function(a, b)
        pairs += [_exact(terms)] if order == "value" else [_exact(t) for t in terms]
    if order == "value":
        return _arrays(pairs, shape[:-1])
    moved = _arrays(pairs, shape)
    return Exact(np.moveaxis(moved.true, -1, card.axis), np.moveaxis(moved.scale, -1, card.axis))


def near_break(card: Any, y: Any, p: Any, dtype: Any) -> np.ndarray:
    """Where, in p's shape, rounding decides the side of a kink or bend: no law judges there."""
    d = define(card, dtype)
    y, p = np.asarray(y), np.asarray(p)
    if isinstance(d, SetDefinition):
        return np.zeros(p.shape, bool)
    if not isinstance(d, RowDefinition):
        hits = [d.near_break(a, b) for a, b in zip(_mpfs(y), _mpfs(p), strict=True)]
        return np.array(hits, bool).reshape(p.shape)
    return _by_row(card, p, [bool(d.near_break(a, b)) for a, b in rows(card, y, p)])


def room(card: Any, y: Any, p: Any) -> np.ndarray:
    """How far the nearest kink of each row lies at least, in p's shape."""
    d = define(card, np.float64)
    return _by_row(card, p, [float(d.room(a, b)) for a, b in rows(card, y, p)])


def rows(card: Any, y: Any, p: Any) -> Iterator[tuple[Any, list[mpf]]]:
    """Target and prediction of each row; a label as an int, a number as an mpf."""
    wide_p = np.moveaxis(p, card.axis, -1)
    wide_p = wide_p.reshape(-1, wide_p.shape[-1])
    if has_row_target(card):
        targets = [int(t) if card.target.labels else mpf(float(t)) for t in y.reshape(-1)]
    else:
        targets = [_mpfs(t) for t in np.moveaxis(y, card.axis, -1).reshape(wide_p.shape)]
    yield from zip(targets, map(_mpfs, wide_p), strict=True)


def _by_row(card: Any, p: np.ndarray, found: list[Any]) -> np.ndarray:
    items = np.array(found).reshape(np.moveaxis(p, card.axis, -1).shape[:-1])
    return np.broadcast_to(np.expand_dims(items, card.axis), p.shape)


def errors(got: Any, exact: Exact, dtype: Any) -> np.ndarray:
    """The error of each number relative to its scale; inf where it is wrong in kind.

    Below the smallest normal number the spacing is absolute: a few spacings are forgiven. Where the
    truth cannot be represented, infinity of the right sign (or the largest number) is right.
    """
    info = np.finfo(np.dtype(dtype)) if np.dtype(dtype).name != "bfloat16" else _bfloat16_info()
    largest, spacing = mpf(float(info.max)), mpf(float(info.smallest_subnormal))
    numbers = np.asarray(got).astype(np.float64).reshape(-1)
    out = []
    for g, t, s in zip(numbers, exact.true.reshape(-1), exact.scale.reshape(-1), strict=True):
        if abs(t) > largest * (1 - mpf(2) ** -7):
            right = g == np.sign(float(mpmath.sign(t))) * np.inf or abs(g) > float(largest) * 0.98
            out.append(0.0 if right and g * float(mpmath.sign(t)) > 0 else np.inf)
            continue
        if not np.isfinite(g):
            out.append(np.inf)
            continue
        missed = max(abs(mpf(float(g)) - t) - 4 * spacing, ZERO)
        out.append(0.0 if missed == 0 else float(missed / s) if s else np.inf)
    return np.array(out, float).reshape(np.shape(got))


def worst_error(got: Any, exact: Exact, dtype: Any, skip: Any = None) -> tuple[float, Any]:
    """The largest error, and the index at which it occurs."""
    found = errors(got, exact, dtype)
    if skip is not None:
        found = np.where(np.broadcast_to(skip, found.shape), 0.0, found)
    if not found.size:
        return 0.0, ()
    where = np.unravel_index(int(np.argmax(found)), found.shape)
    return float(found[where]), tuple(int(i) for i in where)


def _bfloat16_info() -> Any:
    import ml_dtypes

    return ml_dtypes.finfo(ml_dtypes.bfloat16)


def _mpfs(x: Any) -> list[mpf]:
    return [mpf(float(v)) for v in np.asarray(x).reshape(-1)]


def _arrays(pairs: list[tuple[mpf, mpf]], shape: tuple[int, ...]) -> Exact:
    true, scale = np.empty(len(pairs), object), np.empty(len(pairs), object)
    for i, (t, s) in enumerate(pairs):
        true[i], scale[i] = t, s
    return Exact(true.reshape(shape), scale.reshape(shape))


def smallest_normal(dtype: Any) -> float:
    """The smallest normal number of a dtype, bfloat16 included."""
    info = _bfloat16_info() if np.dtype(dtype).name == "bfloat16" else np.finfo(dtype)
    return float(info.smallest_normal)
