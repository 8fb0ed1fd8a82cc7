"""A loss inside a graph by a kernel that XLA calls, the card's slopes as its derivatives."""

from __future__ import annotations

from collections.abc import Iterable
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


def reachable(arrays: Iterable[Any]) -> bool:
    """Whether kernels may be called from the graph that is made."""
    # Forward mode asks an operation for its derivative before anybody gives it one; and a graph
    # that is loaded elsewhere may find no kernels there.
    return not (tf.executing_eagerly() or moved(arrays) or saving()) and kernels.registered()


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
    if not reachable(call.arrays):
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
    dtype = tf.as_dtype(spec.dtype)
    # Value and slopes in one pass, if it is known now that both are wanted. In float16 slopes wait
    # for the loss scale, without which they would underflow: a second pass reads half a word for
    # each number, where another by which they are multiplied would read a whole one.
    late = whole and any(given[i].dtype == tf.float16 for i in spec.predicted)
    ahead = not late and any(watched(call.arrays[i]) for i in spec.predicted)

    # Of weights a kernel sees by itself which are 0: a pass over memory less.
    keep = None if weight is not None and call.keep is None else used

    thin = None if weight is None else _before_broadcast(weight)

    def kernel(*given: Tensor, **wanted: bool) -> tuple[Tensor, ...]:
        arrays, _, scale = by.apart(*given)
        scale = scale if wanted.get("slope") else None
        return kernels.call(spec, arrays, thin, keep, scale, **wanted)

    def scaled(rate: Tensor, *given: Tensor) -> list[Tensor]:
        """The slopes times a number more, in the dtypes of the predictions."""
        arrays, _, scale = by.apart(*given)
        whole_rate = rate if scale is None else rate * scale
        made = kernels.call(spec, arrays, thin, keep, whole_rate, slope=True, narrow=True)

        def of(i: int, *given: Tensor) -> Tensor:
            return tf.cast(by.slope(i, *given[:-1]) * given[-1], given[i].dtype)

        every = (*where, len(given))
        return [
            known(x, partial(of, i), *given, rate, where=every)
            for i, x in zip(spec.predicted, made, strict=True)
        ]

    @tf.custom_gradient
    def function(*given: Tensor) -> Any:
        value, *slopes = kernel(*given, **wanted, slope=ahead)

        def backward(g: Tensor) -> list[Tensor | None]:
            found: list[Tensor | None] = [None] * len(given)
            if late:
                ready = scaled(tf.cast(g, dtype), *given)
            else:
                made = slopes or kernel(*given, slope=True)
            for i, slot in enumerate(slots):
                of = partial(by.slope, i)
                if slot.predicted and late:
                    found[i] = ready[spec.predicted.index(i)]
                    continue
                if slot.predicted:
                    slope = known(made[spec.predicted.index(i)], of, *given, where=where)
                elif slot.differentiable:
                    slope = finite(of(*given))  # pruned, if nobody asks for it
                else:
                    continue
                # In the dtype of the computation: float16 would underflow before a loss scale.
                rate = tf.cast(g if whole else formulas.spread(i, g), dtype)
                found[i] = tf.cast(tf.cast(slope, dtype) * rate, given[i].dtype)
            if weight is not None:
                found[n] = by.plain(*given) * g
            if scale is not None:
                found[-1] = known(value, by.total, *given, where=where) * g
            return found

        return value if scale is None else value * given[-1], backward

    return function(*given)


def _before_broadcast(weight: Tensor) -> Tensor:
    """Weights of the first dimensions alone, where they were laid over those behind: so many fewer.

    They would be written down before a kernel is called.
    """
    op = weight.op
    while op.type in ("Cast", "Identity"):
        op = op.inputs[0].op
    if op.type != "BroadcastTo" or op.inputs[0].shape.rank != weight.shape.rank:
        return weight
    own = op.inputs[0]
    rank = weight.shape.rank
    behind = [k for k in range(rank) if own.shape[k] == 1 != weight.shape[k]]
    kept = rank - len(behind)
    if not behind or behind != list(range(kept, rank)) or not own.dtype.is_floating:
        return weight
    return tf.squeeze(own, behind)
