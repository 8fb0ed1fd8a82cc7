"""Derivatives of what was computed by no operation of TensorFlow's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import forwardprop_util
from tensorflow.python.saved_model import save_context

from losskit.engine.call import Call
from losskit.engine.formulas import Formulas

Tensor = Any


def activation(
    forward: Callable[..., Tensor], backward: Callable[..., Tensor], tangent: Any = None
) -> Callable[[Tensor], Tensor]:
    @tf.custom_gradient
    def function(x: Tensor) -> Any:
        return forward(x), lambda g: backward(x, g)

    return function


def tensors(call: Call) -> Call:
    """The call with tensors in place of variables, which tapes know otherwise."""
    arrays = [tf.convert_to_tensor(x) if isinstance(x, tf.Variable) else x for x in call.arrays]
    weight = call.weight
    weight = tf.convert_to_tensor(weight) if isinstance(weight, tf.Variable) else weight
    return dataclasses.replace(call, arrays=tuple(arrays), weight=weight)


# What follows asks what is not public, and `tf.custom_gradient` asks as well.


def watched(x: Any) -> bool:
    """Whether a tape may be asked for a derivative by the tensor."""
    if not isinstance(x, tf.Tensor):
        return False
    return bool(pywrap_tfe.TFE_Py_TapeSetPossibleGradientTypes([x]))


def moved(arrays: Iterable[Any]) -> bool:
    """Whether derivatives by any of them are taken in forward mode (`tf.autodiff`)."""
    tensors = [x for x in arrays if isinstance(x, tf.Tensor)]
    return bool(forwardprop_util.pack_tangents(tensors).tangents)


def saving() -> bool:
    """Whether a graph is made to be saved."""
    return bool(save_context.in_save_context())


# By the target an infinite slope is 2**100, which the 0 of a softmax or exp takes away again.
finite = activation(lambda x: tf.where(tf.math.is_inf(x), tf.sign(x) * 2.0**100, x), lambda _, g: g)


class Weighted:
    """The items of a call, times their weights and a number, by the card's formulas.

    Args:
        formulas: of the items.
        used: which items count; None for all.
        slots: how many arrays the card takes.
        weighted: whether weights come behind them.
        scaled: whether a number comes last.
    """

    def __init__(
        self, formulas: Formulas, used: Tensor | None, slots: int, weighted: bool, scaled: bool
    ) -> None:
        self.formulas, self.used, self._slots = formulas, used, slots
        self._weighted, self._scaled = weighted, scaled

    def apart(self, *given: Tensor) -> tuple[tuple[Tensor, ...], Tensor | None, Tensor | None]:
        """Slots, weights and the number."""
        weight = given[self._slots] if self._weighted else None
        return given[: self._slots], weight, given[-1] if self._scaled else None

    def slope(self, slot: int, *given: Tensor) -> Tensor:
        """By a slot, of each item alone."""
        arrays, weight, scale = self.apart(*given)
        found = self.formulas.slope(slot, self.used, *arrays)
        found = found if weight is None else found * self.formulas.spread(slot, weight)
        return found if scale is None else found * scale

    def plain(self, *given: Tensor) -> Tensor:
        """The items, without weights, times the number."""
        arrays, _, scale = self.apart(*given)
        found = self.formulas.value(self.used, *arrays)
        return found if scale is None else found * scale

    def total(self, *given: Tensor) -> Tensor:
        """The sum of the weighted items, without the number."""
        arrays, weight, _ = self.apart(*given)
        found = self.formulas.value(self.used, *arrays)
        return tf.reduce_sum(found if weight is None else found * weight)


def known(
    made: Tensor, by: Callable[..., Tensor], *arguments: Tensor, where: tuple[int, ...]
) -> Tensor:
    """A tensor that was computed otherwise, as what a function is of its arguments.

    Args:
        made: the tensor.
        by: operations that compute the same: its derivatives are theirs.
        arguments: of that function.
        where: those of them by which there are derivatives.
    """

    @tf.custom_gradient
    def function(*arguments: Tensor) -> Any:
        def backward(g: Tensor) -> list[Tensor | None]:
            with tf.GradientTape() as tape:
                tape.watch([arguments[i] for i in where])
                again = by(*arguments)
            found = iter(tape.gradient(again, [arguments[i] for i in where], g))
            return [next(found) if i in where else None for i in range(len(arguments))]

        return tf.identity(made), backward

    return function(*arguments)
