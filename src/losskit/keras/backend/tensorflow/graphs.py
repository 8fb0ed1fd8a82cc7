"""A loss inside a graph by a kernel that XLA calls, the card's slopes as its derivatives."""

from __future__ import annotations

from functools import partial
from typing import Any

import tensorflow as tf

from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.keras.backend.tensorflow import kernels
from losskit.keras.backend.tensorflow.rules import (
    Weighted,
    finite,
    known,
    moved,
    saving,
    tensors,
    watched,
)
from losskit.native.xla import Spec

Tensor = Any


@tf.autograph.experimental.do_not_convert
def items(formulas: Formulas, call: Call) -> Tensor | None:
    """The items, without weights; None where no kernel computes them, and outside of a graph."""
    call = tensors(call)
    spec = _find(call)
    return None if spec is None else _found(spec, formulas, call, None, None, False)


@tf.autograph.experimental.do_not_convert
def total(formulas: Formulas, call: Call, scale: Tensor | None) -> Tensor | None:
    """The sum of the weighted items, times a number; None likewise."""
    call = tensors(call)
    spec = _find(call)
    return None if spec is None else _found(spec, formulas, call, call.weight, scale, True)


def rows(
    card: Any, alike: Tensor, none: Tensor | None, x: Tensor, slope: bool
) -> tuple[Tensor, Tensor | None] | None:
    """See `losskit.core.namespaces.Vocabulary.by_kernel`."""
    y = tf.cast(alike, tf.int8) * 2 - 1
    y = y if none is None else y - tf.cast(none, tf.int8)
    spec = None if saving() else kernels.find(card, (y, x), x.dtype.name)
    if spec is None:
        return None
    items, *slopes = kernels.call(spec, (y, x), None, None, None, items=True, slope=slope)
    return items, slopes[0] if slope else None


def _find(call: Call) -> Spec | None:
    # Forward mode asks an operation for its derivative before anybody gives it one; and a graph
    # that is loaded elsewhere may find no kernels there.
    if tf.executing_eagerly() or moved(call.arrays) or saving():
        return None
    return kernels.find(call.card, call.arrays, call.came)


def _found(
    spec: Spec,
    formulas: Formulas,
    call: Call,
    weight: Tensor | None,
    scale: Tensor | None,
    whole: bool,
) -> Tensor:
    card, used, n = call.card, call.used, len(call.arrays)
    slots, wanted = card.slots, {"total": whole, "items": not whole}
    given = (*call.arrays, *(x for x in (weight, scale) if x is not None))
    where = tuple([i for i in range(len(given)) if i >= n or slots[i].differentiable])
    by = Weighted(formulas, used, n, weight is not None, scale is not None)
    # Value and slopes in one pass, if it is known now that both are wanted.
    ahead = any(watched(call.arrays[i]) for i in spec.predicted)

    # Of weights a kernel sees by itself which are 0: a pass over memory less.
    keep = None if weight is not None and call.keep is None else used

    def kernel(*given: Tensor, **wanted: bool) -> tuple[Tensor, ...]:
        arrays, weight, scale = by.apart(*given)
        scale = scale if wanted.get("slope") else None
        return kernels.call(spec, arrays, weight, keep, scale, **wanted)

    @tf.custom_gradient
    def function(*given: Tensor) -> Any:
        value, *slopes = kernel(*given, **wanted, slope=ahead)

        def backward(g: Tensor) -> list[Tensor | None]:
            made = slopes or kernel(*given, slope=True)
            found: list[Tensor | None] = [None] * len(given)
            for i, slot in enumerate(slots):
                of = partial(by.slope, i)
                if slot.predicted:
                    slope = known(made[spec.predicted.index(i)], of, *given, where=where)
                elif slot.differentiable:
                    slope = finite(of(*given))  # pruned, if nobody asks for it
                else:
                    continue
                found[i] = slope * (g if whole else formulas.spread(i, g))
            if weight is not None:
                found[n] = by.plain(*given) * g
            if scale is not None:
                found[-1] = known(value, by.total, *given, where=where) * g
            return found

        return value if scale is None else value * given[-1], backward

    return function(*given)
