"""A loss of tensors that have their values by the kernels, outside of any graph."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from losskit import native
from losskit.core.families import Items
from losskit.engine.call import Call, checked
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.engine.host import Host
from losskit.engine.reduction import count
from losskit.keras.backend.tensorflow.rules import Weighted, finite, known, moved, tensors, watched

Tensor = Any


def visible(x: Any) -> bool:
    """Whether there are values to look at without waiting."""
    return isinstance(x, np.ndarray) or (tf.executing_eagerly() and "GPU" not in x.device)


def loss(f: Framework, call: Call, reduction: str, num_items: float | None) -> Tensor | None:
    """The loss, or the weighted items; None where no kernel computes it, or values are wrong.

    Args:
        f: whose tensors they are.
        call: from `aligned`.
        reduction: "mean", "mean_with_sample_weight" or "none".
        num_items: what a mean divides by, if the caller says.
    """
    call = tensors(call)
    card, arrays, weight = call.card, call.arrays, call.weight
    read = [x for x in (*arrays, weight, call.keep) if x is not None]
    if not isinstance(card, Items) or not all(map(visible, read)) or moved(read):
        return None
    # Weights that want a derivative change what the mean divides by.
    if f.dtype(call.prediction) != call.came or (weight is not None and watched(weight)):
        return None
    slots = card.slots
    by = [i for i, x in enumerate(arrays) if slots[i].differentiable and watched(x)]
    numbers = [None if x is None else np.asarray(x) for x in (*arrays, weight, call.keep)]
    *given, own_weight, keep = numbers
    own = dataclasses.replace(call, arrays=tuple(given), weight=own_weight, keep=keep)
    made = [i for i, slot in enumerate(slots) if slot.predicted]
    order = "slope" if any(i in made for i in by) else None
    found = Host(card, reduction, "zero").fused(own, num_items, value=True, order=order, out=None)
    if found is None:
        return None
    value = tf.convert_to_tensor(found[0])
    if not by:
        return value
    slopes = () if order is None else found[1] if len(made) > 1 else (found[1],)
    whole = reduction != "none"

    def formulas(*by_slots: Tensor) -> tuple[Weighted, tuple[Tensor, ...]]:
        """The same by operations, and what they take."""
        every = list(arrays)
        for i, x in zip(by, by_slots, strict=True):
            every[i] = x
        sound = checked(f, dataclasses.replace(call, arrays=tuple(every)), look=False)
        rest = [] if sound.weight is None else [sound.weight]
        if whole:
            divisor: Any = num_items
            if divisor is None:
                divisor = count(f, sound, reduction == "mean_with_sample_weight")
            dtype = f.computed(f.dtype(call.prediction))
            rest.append(tf.math.reciprocal_no_nan(tf.cast(divisor, dtype)))
        items = Formulas(card, f.vocabulary(call.came), f, looked=True)
        by_operations = Weighted(items, sound.used, len(slots), sound.weight is not None, whole)
        return by_operations, (*sound.arrays, *rest)

    def slope(i: int, *by_slots: Tensor) -> Tensor:
        of, rest = formulas(*by_slots)
        return of.slope(i, *rest)

    @tf.custom_gradient
    def function(*by_slots: Tensor) -> Any:
        def backward(g: Tensor) -> list[Tensor]:
            derivatives = []
            for i in by:
                of, where = partial(slope, i), tuple(range(len(by)))
                if i in made:
                    tensor = _tensor(slopes[made.index(i)])
                    found = known(tensor, of, *by_slots, where=where)
                else:
                    found = finite(of(*by_slots))
                if not (whole and _is_one(g)):  # a pass over memory
                    found = found * (g if whole else formulas(*by_slots)[0].formulas.spread(i, g))
                derivatives.append(found)
            return derivatives

        return value, backward

    return function(*[arrays[i] for i in by])


def rows(
    card: Any, alike: Tensor, none: Tensor | None, x: Tensor, slope: bool
) -> tuple[Tensor, Tensor | None] | None:
    """See `losskit.core.namespaces.Vocabulary.by_kernel`."""
    if not visible(x):
        return None
    empty = None if none is None else np.asarray(none)
    found = native.rows(card, np.asarray(alike), empty, np.asarray(x), slope)
    return None if found is None else (_tensor(found[0]), _tensor(found[1]) if slope else None)


def _is_one(g: Tensor) -> bool:
    """Whether it is known to be 1, and nothing else depends on it."""
    return hasattr(g, "numpy") and not watched(g) and float(g) == 1.0


def _tensor(x: Any) -> Tensor:
    """A large array without a copy."""
    if x.nbytes < 1 << 16:
        return tf.convert_to_tensor(x)
    return tf.experimental.dlpack.from_dlpack(x.__dlpack__())
