"""What comes in: arrays, checked against the card, with a message that says what to do.

Only elements that count are judged: what a mask, a zero weight or an ignored label leaves out may
hold anything, NaN included, and is replaced before any formula sees it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from losskit.core.definition import Domain
from losskit.core.families import Evaluated, Items, has_row_target, is_rowwise, placed
from losskit.core.namespaces import PRECISIONS, Array

HALF = ("float16", "bfloat16")
"""Types in which nothing is computed: they are widened to float32 first."""


@dataclass(frozen=True)
class Inputs:
    """Arrays ready for a card's formulas."""

    card: Any
    """With its axes known."""
    y: Array
    p: Array
    weight: Array | None
    """Weights in the shape of the items (float64), or None for 1."""
    keep: Array | None
    """Which items count, or None for all. Items of weight 0 count, with value 0."""
    items: int
    """How many items count."""
    dtype: Any
    """The dtype in which the prediction came."""


def prepare(
    card: Evaluated, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
) -> Inputs:
    """Check the arguments of a loss call and bring them into shape.

    Raises:
        TypeError: an argument is not numeric, or predictions are integers and no quantities.
        ValueError: shapes do not match, or a value is outside its domain.
    """
    p = as_array("y_pred", y_pred)
    y = as_array("y_true", y_true)
    card = placed(card, p.ndim)
    if p.dtype.kind in "iub":
        check_whole(card, y.shape, p)
        p = p.astype(np.float64)
    check_shapes(card, y.shape, p.shape)
    dtype = p.dtype
    if dtype.name in HALF:
        p = p.astype(np.float32)

    shape = item_shape(card, p.shape)
    keep, weight = None, None
    if mask is not None:
        keep = fit_items("mask", as_array("mask", mask), shape)
        if keep.dtype != bool:
            raise TypeError(
                f"mask must be boolean (True counts), got dtype {keep.dtype}. "
                "Compare first, e.g. mask=(y_true != -1); for weights use sample_weight."
            )
    ignored = card.ignored() if isinstance(card, Items) else None
    if ignored is not None:
        counted = y != ignored
        keep = counted if keep is None else keep & counted
    if sample_weight is not None:
        weight = fit_items("sample_weight", as_array("sample_weight", sample_weight), shape)
        weight = check_weight(weight.astype(np.float64), keep, p.dtype)

    used = keep
    if weight is not None:
        used = weight != 0 if keep is None else keep & (weight != 0)
        # A weight of an item that does not count may be anything; it is not to be multiplied.
        weight = np.where(used, weight, 0.0)
    check_target(card, y, p.shape, used, spacing(y.dtype.name))
    check_prediction(card, p, used, spacing(dtype.name))

    if used is not None and not used.all():
        # Before the cast: a NaN among the labels that do not count is no integer.
        # The stand-ins lie inside every domain, away from the poles of logarithms.
        p = np.where(_spread(card, used), p, np.full((), 0.5, p.dtype))
        stand_in = np.zeros if card.target.labels else np.ones
        y = np.where(_over_target(card, used), y, stand_in((), y.dtype))
    y = _cast(y, np.int64 if card.target.labels else p.dtype)
    items = int(np.prod(shape, dtype=np.int64)) if keep is None else int(np.count_nonzero(keep))
    return Inputs(card=card, y=y, p=p, weight=weight, keep=keep, items=items, dtype=dtype)


@contextmanager
def named(**names: str) -> Iterator[None]:
    """Messages speak of arguments by the names that a face has for them (``y_true="target"``).

    Messages of losskit's own, and whole words: another library means something else by "mask".
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        module = "" if last is None else str(last.tb_frame.f_globals.get("__name__"))
        if error.args and module.startswith("losskit."):
            pattern = rf"\b({'|'.join(names)})\b"
            words = re.sub(pattern, lambda found: names[found[0]], str(error.args[0]))
            error.args = (words, *error.args[1:])
        raise


def as_array(name: str, value: Any) -> Array:
    """The value as a numeric array.

    Raises:
        TypeError: it is not numeric.
    """
    if value is None:
        raise TypeError(f"{name} is None, expected an array of numbers.")
    check_unmasked(name, value)
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged lists
        raise TypeError(
            f"{name} cannot be made an array ({error}). Pass rows of equal length, or pad and "
            "give a mask."
        ) from None
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        remedy = {
            "U": "Number text labels first, e.g. np.unique(labels, return_inverse=True)[1].",
            "S": "Number text labels first, e.g. np.unique(labels, return_inverse=True)[1].",
            "c": "Pass the real or the absolute part.",
        }.get(array.dtype.kind, f"Convert it first, e.g. np.asarray({name}, dtype='float32').")
        raise TypeError(
            f"{name} must hold real numbers, got dtype {array.dtype} with shape {array.shape}. "
            f"{remedy}"
        )
    return array


def check_unmasked(name: str, value: Any) -> None:
    """Refuse NumPy's masked arrays.

    Raises:
        TypeError: it is one, or a list of them.
    """
    parts = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise TypeError(
            f"{name} is a masked array, of which every entry would count. Pass "
            f"{name}.filled(0) and mask=~np.ma.getmaskarray({name})."
        )


def check_whole(card: Any, y_shape: tuple[int, ...], p: Any) -> None:
    """Check that predictions that are integers (NumPy's or JAX's) may be: quantities, no classes.

    Raises:
        TypeError: they may not.
        ValueError: they are more or fewer than the targets, which is the first thing to say.
    """
    if card.task == "regression" and p.dtype.kind in "iu":
        return
    if y_shape[:1] != p.shape[:1]:
        check_shapes(card, y_shape, p.shape)
    raise TypeError(
        f"y_pred holds {'booleans' if p.dtype.kind == 'b' else 'integers'} (dtype {p.dtype}, shape "
        f"{p.shape}), expected floating-point predictions. Class numbers (an argmax) have no "
        "gradient: pass the probabilities or logits themselves; if these are such, or scores, "
        "convert with y_pred.astype('float32')."
    )


def sound(array: Any) -> Any:
    """NumPy's truth values as 0 and 1; anything else as it is.

    Any byte but 0 is true to NumPy, which hands it on; a compiler may look at its last bit.
    """
    truth = isinstance(array, np.ndarray) and array.dtype == bool
    return array.view(np.uint8) != 0 if truth else array


# --- shapes -------------------------------------------------------------------------------------


def item_shape(card: Any, p_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the items for predictions of that shape."""
    if not is_rowwise(card):
        return tuple(p_shape)
    used = {axis % len(p_shape) for axis in card.item_axes()}
    return tuple(n for i, n in enumerate(p_shape) if i not in used)


def check_shapes(card: Any, y_shape: tuple[Any, ...], p_shape: tuple[Any, ...]) -> None:
    """Check that a target of one shape and a prediction of another fit this card.

    A dimension of None (unknown while tracing) fits any.

    Raises:
        ValueError: they do not; the message says what to reshape.
    """
    y_shape, p_shape = tuple(y_shape), tuple(p_shape)
    got = f"got y_true.shape={y_shape} and y_pred.shape={p_shape}"
    if is_rowwise(card):
        if not p_shape:
            raise ValueError(f"y_pred must have at least one dimension, the classes; {got}.")
        axes = card.item_axes()
        if not all(-len(p_shape) <= axis < len(p_shape) for axis in axes):
            raise ValueError(f"axis={card.axis} does not exist in y_pred; {got}.")
        if len({axis % len(p_shape) for axis in axes}) < len(axes):
            raise ValueError(f"axis={card.axis} names an axis of y_pred twice; {got}.")
        if 0 in (p_shape[axis] for axis in axes):
            raise ValueError(f"y_pred has no classes along axis={card.axis}; {got}.")
        places = card.places
        if places and p_shape[card.axis] not in (None, len(places)):
            raise ValueError(
                f"y_pred must hold {len(places)} numbers along axis={card.axis} for {card.name} "
                f"({', '.join(place.words for place in places)}); {got}."
            )
    if has_row_target(card):
        wanted = item_shape(card, p_shape)
        if fits(y_shape, wanted):
            return
        advice = ""
        if card.target.labels and fits(y_shape, p_shape):
            advice = (
                " The target looks one-hot: use categorical_crossentropy, or pass "
                "y_true.argmax(axis)."
            )
        elif len(y_shape) == len(p_shape) and y_shape[card.axis] == 1:
            advice = f" Remove the dimension of length 1: y_true.squeeze({card.axis})."
        what = "class axis" if card.target.labels else f"axis={card.axis} of y_pred"
        raise ValueError(
            f"y_true and y_pred must have the same shape up to the {what}: "
            f"{got}, expected y_true.shape={wanted}.{advice}"
        )
    if fits(y_shape, p_shape):
        return
    advice = ""
    if is_rowwise(card) and isinstance(card.axis, int) and fits(y_shape, item_shape(card, p_shape)):
        advice = (
            " The target looks like integer labels: use sparse_categorical_crossentropy, or make "
            f"it one-hot: np.eye({p_shape[card.axis]})[y_true]."
        )
    elif y_shape == (*p_shape, 1):
        advice = " Use y_true.squeeze(-1) (or y_pred[..., None]): no silent broadcast."
    elif not y_shape:
        advice = " Use np.full(y_pred.shape, y_true): no silent broadcast."
    elif (*y_shape, 1) == p_shape:
        advice = " Use y_pred.squeeze(-1) (or y_true[..., None]): no silent broadcast."
    raise ValueError(f"y_true and y_pred must have the same shape: {got}.{advice}")


def fits(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two shapes are the same as far as they are known."""
    return len(a) == len(b) and all(
        i is None or j is None or i == j for i, j in zip(a, b, strict=True)
    )


def fit_items(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """Weights or a mask in the shape of the items: a scalar, a leading part, or full rank."""
    aligned = array
    if array.ndim < len(shape) and array.shape == shape[: array.ndim]:
        aligned = array.reshape(array.shape + (1,) * (len(shape) - array.ndim))
    elif array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        aligned = array[..., 0]
    if aligned.ndim == len(shape) and all(
        a in (1, s) for a, s in zip(aligned.shape, shape, strict=True)
    ):
        return np.broadcast_to(aligned, shape)
    single = "True or False" if name == "mask" else "a number"
    raise ValueError(
        f"{name} must be {single}, have the shape of the items {shape}, or of their first "
        f"dimensions (one per sample): got {name}.shape={array.shape}."
    )


def _spread(card: Any, items: Array) -> Array:
    """An array of items laid over the prediction's shape."""
    return np.expand_dims(items, card.axis) if is_rowwise(card) else items


def _over_target(card: Any, items: Array) -> Array:
    """An array of items laid over the target's shape."""
    return items if has_row_target(card) else _spread(card, items)


# --- values -------------------------------------------------------------------------------------


def check_weight(weight: Array, keep: Array | None, dtype: Any = np.float64) -> Array:
    """Check that weights are not negative, and finite in that dtype, where they count."""
    bad = ~(weight >= 0) | (weight > np.finfo(dtype).max)
    where = _first(bad if keep is None else bad & keep)
    if where is not None:
        raise ValueError(
            f"sample_weight must be >= 0 and finite in {np.dtype(dtype)}, got {weight[where]:g} "
            f"at index {_index(where)}. Use 0 to leave an element out; a weight below 0 would "
            "reward mistakes."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isinf(np.sum(weight if keep is None else np.where(keep, weight, 0.0))):
            raise ValueError("sample_weight sums to infinity: divide the weights by the largest.")
    return weight


def spacing(dtype: str) -> float:
    """The spacing of the numbers above 1 in the dtype of that name; 0 of one that has none."""
    return PRECISIONS[dtype].eps if dtype in PRECISIONS else 0.0


def check_target(
    card: Any, y: Array, p_shape: tuple[int, ...], used: Array | None = None, eps: float = 0.0
) -> None:
    """Check the targets that count against the card's domain; ``eps`` as of `Domain.ends`."""
    domain: Domain = card.target
    if domain.labels:
        _check_labels(card, y, p_shape[card.axis], used)
        return
    counted = None if used is None else _over_target(card, used)
    if y.dtype.kind == "f" or y.dtype.name == "bfloat16":
        finite = np.isfinite(y) | (y == -np.inf) if domain.minus_infinity else np.isfinite(y)
        where = _first(_among(~finite, counted))
        if where is not None:
            what, test = ("NaN", "~np.isnan") if np.isnan(y[where]) else ("infinite", "np.isfinite")
            raise ValueError(
                f"y_true is {what} at index {_index(where)}, expected {domain.words}. Drop the "
                f"missing targets, or leave them out with mask={test}(y_true) or sample_weight 0."
            )
    _check_domain(card, "y_true", y, domain, counted, _target_advice(card), eps)


def check_prediction(card: Any, p: Array, used: Array | None = None, eps: float = 0.0) -> None:
    """Check the predictions that count against the card's domain. NaN is let through.

    ``eps`` is that of the dtype in which they came: see `Domain.ends`.

    A NaN prediction is a model that has diverged: it shows as a NaN loss.
    """
    advice = ""
    if getattr(card, "from_logits", None) is False:
        advice = (
            " If these are logits, pass from_logits=True; otherwise end the model in a sigmoid "
            "or softmax."
        )
    elif card.name == "kl_divergence":
        advice = " It takes probabilities: apply softmax (or exp, to log-probabilities) first."
    elif card.name == "poisson":
        advice = " It takes a rate: end the model in exp or softplus."
    counted = None if used is None else _spread(card, used)
    _check_domain(card, "y_pred", p, card.prediction, counted, advice, eps)
    for i, domain in enumerate(_places(card)):
        shape = [1] * p.ndim
        shape[card.axis] = -1
        here = (np.arange(len(_places(card))) == i).reshape(shape)
        _check_domain(card, "y_pred", p, domain, _among(here, counted), advice, eps)


def bounded(card: Any) -> tuple[bool, bool]:
    """Whether there are targets, and predictions, outside their domains."""
    target, prediction = card.target, card.prediction
    return (
        bool(target.labels or target.values or _has_ends(target)),
        any(_has_ends(domain) for domain in (prediction, *_places(card))),
    )


def _has_ends(domain: Domain) -> bool:
    return math.isfinite(domain.low) or math.isfinite(domain.high)


def _places(card: Any) -> tuple[Domain, ...]:
    return card.places if is_rowwise(card) else ()


def _target_advice(card: Any) -> str:
    if card.target.values:
        return " Labels other than these: recode them, e.g. 2 * (y_true == positive) - 1."
    if card.target.high == 1.0:
        return " For class numbers use sparse_categorical_crossentropy; scale others to [0, 1]."
    return ""


def _check_domain(
    card: Any, name: str, x: Array, domain: Domain, counted: Array | None, advice: str, eps: float
) -> None:
    if domain.values:
        bad = ~np.isin(x, domain.values)
    elif np.isfinite(domain.low) or np.isfinite(domain.high):
        low, high = domain.ends(eps)
        bad = (x < low) | (x > high)
    else:
        return
    where = _first(_among(bad, counted))
    if where is not None:
        wanted = domain.words.partition(";")[0]
        raise ValueError(
            f"{name} must be {wanted} for {card.name}, got {float(x[where]):g} at index "
            f"{_index(where)} ({name}.shape={x.shape}).{advice}"
        )


def _check_labels(card: Any, y: Array, classes: int, used: Array | None) -> None:
    def first(bad: Array) -> tuple[Any, ...] | None:
        return _first(_among(bad, used))

    if y.dtype.kind not in "iub":
        where = first(~np.isfinite(y))
        if where is not None:
            raise ValueError(
                f"y_true: label {y[where]} at index {_index(where)} is no class. Drop these rows, "
                "or leave them out with mask= or sample_weight 0."
            )
        where = first(y != np.floor(y))
        if where is not None:
            raise ValueError(
                f"y_true: label {float(y[where]):g} at index {_index(where)} is fractional, "
                "expected integer class labels. For probabilities as targets use "
                "categorical_crossentropy."
            )
    where = first((y < 0) | (y >= classes))
    if where is not None:
        label = int(y[where])
        advice = f"To leave a padding label out, pass ignore_class={label}."
        if label == classes:
            from_one = np.min(y) > 0
            advice = (
                "Start labels at 0 (y_true - 1)." if from_one else "Is a class missing in y_pred?"
            )
        raise ValueError(
            f"y_true: label {label} at index {_index(where)} is out of range: y_pred has "
            f"{classes} classes, so labels are 0 to {classes - 1}. {advice}"
        )


def _cast(y: Array, dtype: Any) -> Array:
    """The targets in the dtype of the computation."""
    with np.errstate(over="ignore"):
        cast = y.astype(dtype, copy=False)
    if cast.dtype.kind == "f" and cast.dtype.itemsize < y.dtype.itemsize:
        where = _first(np.isinf(cast))
        if where is not None:
            raise ValueError(
                f"y_true is {float(y[where]):g} at index {_index(where)}, too large for "
                f"{cast.dtype} predictions. Scale the target, or predict in float64."
            )
    return cast


def _among(bad: Array, counted: Array | None) -> Array:
    return bad if counted is None else bad & counted


def _first(bad: Array) -> tuple[Any, ...] | None:
    """Index of the first True, if any."""
    if not bad.any():
        return None
    return tuple(np.unravel_index(int(np.argmax(bad)), bad.shape))


def _index(where: tuple[Any, ...]) -> str:
    if len(where) == 1:
        return str(int(where[0]))
    return "(" + ", ".join(str(int(i)) for i in where) + ")"
