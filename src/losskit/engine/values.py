"""The values of a loss call: held against the card's domains, wherever they can be looked at.

Only elements that count are judged: what a mask, a zero weight or an ignored label leaves out may
hold anything, NaN included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.core import sequences
from losskit.core.definition import Domain, Slot, usual
from losskit.core.namespaces import PRECISIONS, Array


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


def bounded(slots: tuple[Slot, ...]) -> tuple[bool, ...]:
    """Of which slots there are values outside of their domains."""
    return tuple(
        [slot.domain.bounded or any(place.bounded for place in slot.places) for slot in slots]
    )


def check_slot(
    card: Any,
    slot: Slot,
    x: Array,
    used: Array | None,
    eps: float,
    most: int = 0,
    dtype: Any = np.float64,
) -> None:
    """Check the values of a slot that count.

    Args:
        card: the card.
        slot: one of its slots.
        x: its values; NaN is let through where a network made them: it shows as a NaN loss.
        used: boolean, in the slot's shape or one that broadcasts to it: which count; None for all.
        eps: of the dtype in which the values came: see `Domain.ends`.
        most: how many classes there are, for labels; of counts the largest.
        dtype: of the computation.

    Raises:
        ValueError: a value is out of its domain.
    """
    if not slot.domain.read:
        return
    counted, name = used, slot.label
    if slot.domain.labels:
        _check_whole(card, slot, x, counted)
        if slot.domain.names:
            return
        if slot.domain.blank is None:
            _check_labels(x, most, counted)
        else:
            sequences.check_ended(name, x, counted, most, slot.domain.blank)
        return
    if slot.domain.count_of:
        sequences.check_lengths(name, x, most, "y_pred along it", counted)
        return
    if not slot.predicted and x.dtype.kind == "f":
        _check_finite(name, x, slot.domain, counted)
        _check_size(name, x, dtype, counted)
    advice = ""
    if slot.name == "target":
        advice = _target_advice(card)
    elif slot.name == "prediction":
        advice = _prediction_advice(card)
    _check_domain(card, name, x, slot.domain, counted, advice, eps)
    for i, domain in enumerate(slot.places):
        shape = [1] * x.ndim
        shape[slot.axes[0]] = -1
        here = (np.arange(len(slot.places)) == i).reshape(shape)
        _check_domain(card, name, x, domain, _among(here, counted), advice, eps)


def _check_finite(name: str, x: Array, domain: Domain, counted: Array | None) -> None:
    finite = np.isfinite(x) | (x == -np.inf) if domain.minus_infinity else np.isfinite(x)
    where = _first(_among(~finite, counted))
    if where is not None:
        what, test = ("NaN", "~np.isnan") if np.isnan(x[where]) else ("infinite", "np.isfinite")
        advice = f" Drop the missing targets, or leave them out with mask={test}({name}) or "
        advice = "" if domain.lenient else f"{advice}sample_weight 0."
        raise ValueError(
            f"{name} is {what} at index {_index(where)}, expected {domain.words}.{advice}"
        )


def _prediction_advice(card: Any) -> str:
    if getattr(card, "from_logits", None) is False:
        return (
            " If these are logits, pass from_logits=True; otherwise end the model in a sigmoid "
            "or softmax."
        )
    return f" {card.advice}" if card.advice else ""


def _target_advice(card: Any) -> str:
    if card.target.values:
        return " Labels other than these: recode them, e.g. 2 * (y_true == positive) - 1."
    if card.target.high == 1.0:
        other = card.counterpart or usual("classification").name
        return f" For class numbers use {other}; scale others to [0, 1]."
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


def _check_whole(card: Any, slot: Slot, y: Array, counted: Array | None) -> None:
    name = slot.label
    if y.dtype.kind in "iub":
        return
    where = _first(_among(~np.isfinite(y), counted))
    if where is not None:
        raise ValueError(
            f"{name}: label {y[where]} at index {_index(where)} is no class. Drop these rows, "
            "or leave them out with mask= or sample_weight 0."
        )
    where = _first(_among(y != np.floor(y), counted))
    if where is not None:
        other = card.counterpart or usual("classification").counterpart
        advice = f" For probabilities as targets use {other}."
        raise ValueError(
            f"{name}: label {float(y[where]):g} at index {_index(where)} is fractional, "
            f"expected integer class labels.{'' if slot.domain.names else advice}"
        )


def _check_labels(y: Array, classes: int, counted: Array | None) -> None:
    where = _first(_among((y < 0) | (y >= classes), counted))
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


def _check_size(name: str, x: Array, dtype: Any, counted: Array | None) -> None:
    """Check that the numbers are finite in the dtype of the computation too."""
    if np.dtype(dtype).itemsize >= x.dtype.itemsize:
        return
    where = _first(_among(np.abs(x) > np.finfo(dtype).max, counted))
    if where is not None and np.isfinite(x[where]):
        raise ValueError(
            f"{name} is {float(x[where]):g} at index {_index(where)}, too large for {dtype} "
            "predictions. Scale the target, or predict in float64."
        )


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
