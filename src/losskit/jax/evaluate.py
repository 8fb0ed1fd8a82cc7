"""One loss call on JAX arrays: check, leave out what does not count, reduce."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core import inputs
from losskit.core.definition import Card, made
from losskit.core.families import Setwise, placed
from losskit.core.inputs import HALF, sound
from losskit.jax import derivatives

REDUCTIONS = ("none", "mean", "sum")


def evaluate(
    card: type[Card],
    predictions: Any,
    targets: Any,
    *,
    where: Any = None,
    weight: Any = None,
    reduction: str = "none",
    on_empty: str = "zero",
    names: tuple[str, str] = ("predictions", "targets"),
    **parameters: Any,
) -> Array:
    """The items, or the reduced loss.

    Args:
        card: a loss card.
        predictions: floating-point; of a regression integers too, read as JAX's default float.
        targets: as the card takes them.
        where: boolean, in the shape of the items, or of their first dimensions: which count.
        weight: of each item, likewise.
        reduction: "none", "mean" (over the items that count) or "sum".
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".
        names: of the two arguments, for messages.
        **parameters: of the card; a number may be an array of no dimension, traced too.

    Raises:
        TypeError: predictions are integers, and no quantities.
        ValueError: shapes do not match; or, outside of jit, a value is out of its domain.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f'reduction must be "none", "mean" or "sum", got {reduction!r}.')
    if on_empty not in ("zero", "nan"):
        raise ValueError(f'on_empty must be "zero" or "nan", got {on_empty!r}.')
    known, traced = make(card, parameters)
    with inputs.named(y_true=names[1], y_pred=names[0], sample_weight="weight", mask="where"):
        return _evaluate(known, traced, predictions, targets, where, weight, reduction, on_empty)


def make(card: type[Card], parameters: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The card with the parameters that are known, and those that are traced or arrays."""
    rules = card.rules()
    traced, known = {}, {}
    for name, value in parameters.items():
        number = name in rules and rules[name][1].kind == "number"
        if number and isinstance(value, (jax.Array, np.ndarray)) and value.ndim > 0:
            traced[name] = jnp.asarray(value)
        elif not isinstance(value, jax.core.Tracer):
            known[name] = value
        elif number:
            traced[name] = value
        else:
            raise TypeError(
                f"{name} is traced, but decides which formula holds: give it as a Python value, "
                f"e.g. by jax.jit(..., static_argnames={name!r})."
            )
    return made(card, known), traced


def _evaluate(
    card: Any,
    traced: dict[str, Any],
    predictions: Any,
    targets: Any,
    where: Any,
    weight: Any,
    reduction: str,
    on_empty: str,
) -> Array:
    inputs.check_unmasked("y_pred", predictions)
    inputs.check_unmasked("y_true", targets)
    targets, where, weight = map(sound, (targets, where, weight))
    p = jnp.asarray(predictions)
    card = placed(card, p.ndim)
    if p.dtype.kind in "iub":
        inputs.check_whole(card, np.shape(targets), p)
        p = p.astype(float)
    elif not jnp.issubdtype(p.dtype, jnp.floating):
        raise TypeError(f"y_pred must hold real numbers, got dtype {p.dtype}.")
    inputs.check_shapes(card, np.shape(targets), p.shape)
    shape = inputs.item_shape(card, p.shape)
    if where is not None:
        where = _fit("mask", jnp.asarray(where).astype(bool), shape)
    if weight is not None:
        weight = _fit("sample_weight", jnp.asarray(weight), shape)
        # What has no weight does not count, but for the number of items.
        used = weight != 0 if where is None else where & (weight != 0)
    else:
        used = where
    _check(card, targets, p, used)
    y = jnp.asarray(narrow_labels(targets) if card.target.labels else targets)
    if jnp.issubdtype(y.dtype, jnp.complexfloating):
        raise TypeError(f"y_true must hold real numbers, got dtype {y.dtype}.")
    if card.target.labels and y.dtype not in (jnp.int32, jnp.int64) and y.dtype.kind in "iub":
        # A label to ignore may be none of a narrow type's numbers, and would wrap around.
        y = y.astype(jnp.int32)
    if card.target.labels and not jnp.issubdtype(y.dtype, jnp.integer):
        y = whole_labels(y)
    computed = jnp.float32 if p.dtype.name in HALF else p.dtype
    if weight is not None:
        weight = jnp.where(used, weight, 0).astype(computed)
    if isinstance(card, Setwise):
        return _of_set(card, y, p.astype(computed), used, weight, where, on_empty).astype(p.dtype)
    if reduction == "none" or weight is not None:
        items = derivatives.items(card, traced, y, p, used, weighted=weight is not None)
        if weight is not None:
            items = items * weight
        if reduction == "none":
            return items.astype(p.dtype)
    ignored = card.ignored()
    if ignored is not None:
        where = y != ignored if where is None else where & (y != ignored)
    count = 1 if reduction == "sum" else math.prod(shape) if where is None else where.sum()
    if weight is not None:
        found = mean(items.sum(), count)
    else:
        scale = 1.0 / jnp.maximum(count, 1).astype(computed)
        found = derivatives.total(card, traced, y, p, used, scale)
    if reduction == "mean" and on_empty == "nan":
        found = jnp.where(count == 0, jnp.nan, found)
    return found.astype(p.dtype)


def mean(total: Array, count: Any) -> Array:
    """total / count; 0 if nothing counts."""
    return total / jnp.maximum(count, 1).astype(total.dtype)


def _of_set(
    card: Any,
    y: Array,
    p: Array,
    used: Array | None,
    weight: Array | None,
    where: Array | None,
    on_empty: str,
) -> Array:
    y = y.astype(p.dtype)
    if used is not None:
        y, p = jnp.where(used, y, 1.0), jnp.where(used, p, 0.5)
    if weight is None:
        weight = jnp.ones_like(p) if used is None else used.astype(p.dtype)
    count = jnp.asarray(p.size if where is None else where.sum(), p.dtype)
    # No item, no mistake: the root of 0 / 0 is never taken.
    value = derivatives.of_set(card, y, p, weight, jnp.maximum(count, 1))
    return jnp.where(count == 0, jnp.nan if on_empty == "nan" else 0.0, value)


def _fit(name: str, x: Array, shape: tuple[int, ...]) -> Array:
    """A mask or weights in the shape of the items."""
    aligned = x.reshape(x.shape + (1,) * (len(shape) - x.ndim)) if x.ndim < len(shape) else x
    if aligned.ndim == len(shape) and all(
        a in (1, s) for a, s in zip(aligned.shape, shape, strict=True)
    ):
        return jnp.broadcast_to(aligned, shape)
    raise ValueError(
        f"{name} must have the shape of the items {shape}, or of their first dimensions, got "
        f"{name}.shape={x.shape}."
    )


def narrow_labels(y: Any) -> Any:
    """Labels that are no JAX array yet: one that its int32 cannot hold becomes no class at all."""
    if isinstance(y, (jax.Array, jax.core.Tracer)) or jax.config.jax_enable_x64:
        return y
    y = np.asarray(y)
    if y.dtype.kind not in "iu" or y.dtype.itemsize < 4 or y.dtype == np.int32:
        return y
    whole = y.astype(np.int32)
    return np.where(whole == y, whole, np.iinfo(np.int32).min)


def whole_labels(y: Array) -> Array:
    """Labels as integers; one that is fractional or NaN becomes no class at all."""
    whole = y.astype(jnp.int32)
    return jnp.where(whole.astype(y.dtype) == y, whole, jnp.iinfo(jnp.int32).min)


def _check(card: Any, y: Any, p: Array, used: Array | None) -> None:
    """The NumPy face's messages, wherever there are values to look at without waiting."""
    target_bounded, prediction_bounded = inputs.bounded(card)
    counted = None if used is None else concrete(used)
    if used is not None and counted is None:
        return
    seen = concrete(y) if target_bounded else None
    if card.target.labels and card.ignored() is not None:
        if seen is None:
            return
        kept = seen != card.ignored()
        counted = kept if counted is None else counted & kept
    if seen is not None:
        eps = inputs.spacing(getattr(y, "dtype", seen.dtype).name)
        inputs.check_target(card, seen, p.shape, counted, eps)
    seen = concrete(p) if prediction_bounded else None
    if seen is not None:
        inputs.check_prediction(card, seen, counted, inputs.spacing(p.dtype.name))


def concrete(x: Any) -> Any:
    """The values of an array on the CPU; None where there are none yet, or only elsewhere."""
    if isinstance(x, jax.core.Tracer):
        return None
    if isinstance(x, jax.Array) and any(d.platform != "cpu" for d in x.devices()):
        return None
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype.name in HALF else x
