"""Keras's Loss classes and functions, made from the cards."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import keras

# Not public: JAX's arrays take no attributes, so Keras keeps their masks in a table that can be
# read in no other way; and how Keras weights and reduces.
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
from keras.src.losses.loss import reduce_weighted_values

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.engine.arguments import beside, optional, signature
from losskit.engine.call import Call, checked
from losskit.engine.reduction import check_num_items, check_set, combined, merged, parts
from losskit.keras.evaluate import mean, per_sample, prepared, quick
from losskit.keras.framework import KERAS
from losskit.peers.keras import orders

Tensor = Any


class Loss(keras.losses.Loss):
    """A losskit loss as a `keras.losses.Loss`, for `compile(loss=...)` and for direct calls.

    Takes the arguments of the Keras loss of the same name, in the same order, and the further
    parameters of the losskit loss as keywords.

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range.
    """

    _card: ClassVar[type[Card]]
    __signature__: ClassVar[inspect.Signature]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = self.__signature__.bind(*args, **kwargs)
        given.apply_defaults()
        options = given.arguments
        super().__init__(
            name=options["name"], reduction=options["reduction"], dtype=options["dtype"]
        )
        self.card: Any = self._card(**{k: options[k] for k in self._card.rules()})
        self._mean_axis = options.get("axis", -1)
        # A value of the whole batch, which Keras multiplies by the weight of each sample.
        self._at_once = _takes_batch(self.card)
        check_set(self.card, self.reduction, "sum_over_batch_size")

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        *,
        num_items: Any = None,
        **more: Any,
    ) -> Tensor:
        """The reduced loss, in the dtype of this object.

        A loss that takes something by its name alone, as CTC its numbers of frames, takes it here
        too.

        With ``num_items``, the item count of the whole of which this is a part (samples times the
        elements of each, for pointwise losses), a mean divides by it: values and gradients of the
        parts then add up to the whole's.

        A subclass with a `call` of its own is computed as Keras computes one: what `call` gives for
        tensors in that dtype is weighted, masked and reduced.

        Raises:
            ValueError: shapes do not match; outside of any tracing also: labels out of range,
                probabilities outside [0, 1].
        """
        mask = get_keras_mask(y_pred)
        weighted = sample_weight is not None or mask is not None
        own = type(self).call is not Loss.call or (weighted and self._at_once)
        if not (own or more) and self._is_mean and mask is None and num_items is None:
            args = self.card, y_true, y_pred, sample_weight, self.dtype, self._by_weights
            if (found := quick(*args)) is not None:
                return found
        with keras.name_scope(self.name):
            if own:
                if num_items is not None:
                    raise TypeError(f"{self.name} reduces as Keras does, which has no num_items.")
                if more:
                    raise TypeError(f"{self.name} is computed by its own call: no more arguments.")
                return self._by_call(y_true, y_pred, sample_weight, mask)
            # The mean of all samples of a set is the set's own, which is made in less memory.
            alone = self.reduction not in (None, "none", "sum") and not weighted
            alone = alone and num_items is None and KERAS.replicas() is None
            call = self._prepared(y_true, y_pred, sample_weight, mask, more, alone)
            if num_items is not None:
                num_items = check_num_items(num_items, self.reduction, self.card)
            if self._is_mean:
                found = mean(call, self._by_weights, num_items)
            else:
                found = per_sample(checked(KERAS, call), self._mean_axis)
                found = keras.ops.sum(found) if self.reduction == "sum" else found
            return keras.ops.cast(found, self.dtype)

    def parts(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, **more: Any
    ) -> tuple[Tensor, ...]:
        """What a part of the data adds: `merge` the parts of all, then `combine` them to the mean.

        (sum, count) of its items: of samples, for pointwise losses of their elements. Of a loss of
        a set the numbers that say all of a part, and the count. Errors are those of the call.
        """
        call = self._prepared(y_true, y_pred, sample_weight, get_keras_mask(y_pred), more)
        return parts(KERAS, checked(KERAS, call), self._by_weights)

    def merge(self, a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The parts of two parts together."""
        return merged(KERAS.vocabulary("float32"), self.card, a, b)

    def combine(self, *parts: Tensor) -> Tensor:
        """The loss of the whole, a mean, from the merged parts of its chunks."""
        return combined(KERAS.vocabulary("float32"), self.card, parts)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One value per sample, without weights."""
        return _samples(self._prepared(y_true, y_pred), self._mean_axis, self.dtype)

    def _prepared(
        self,
        y_true: Any,
        y_pred: Any,
        weight: Any = None,
        mask: Any = None,
        more: Any = None,
        alone: bool = False,
    ) -> Call:
        dtype = KERAS.computed(self.dtype)
        own: dict[str, Any] = {"dtype": dtype, "more": more, "alone": alone}
        return prepared(self.card, y_true, y_pred, weight, mask, **own)

    @property
    def _is_mean(self) -> bool:
        return self.reduction not in (None, "none", "sum")

    @property
    def _by_weights(self) -> bool:
        return self.reduction == "mean_with_sample_weight"

    def _by_call(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> Tensor:
        # The tensor itself where it has the dtype, for logits are kept beside it.
        typed = functools.partial(keras.ops.convert_to_tensor, dtype=self.dtype)
        # Labels stay as they are: most floating-point types hold no large ones.
        y_true = y_true if self.card.target.labels else keras.tree.map_structure(typed, y_true)
        losses = self.call(y_true, keras.tree.map_structure(typed, y_pred))
        own = get_keras_mask(losses)
        if mask is not None and own is not None:
            mask = keras.ops.logical_and(mask, own)
        return reduce_weighted_values(
            losses, sample_weight, own if mask is None else mask, self.reduction, self.dtype
        )

    def get_config(self) -> dict[str, Any]:
        """Everything that it takes to make this loss again."""
        config = dict(super().get_config())
        for name in self.__signature__.parameters:
            if name not in ("name", "reduction", "dtype"):
                config[name] = _plain(getattr(self, name))
        config["dtype"] = self.dtype
        return config


def get(name: str | Loss, **parameters: Any) -> Loss:
    """The loss of that name, class name or alias, e.g. ``get("huber", delta=2.0)``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    if isinstance(name, keras.losses.Loss):
        if parameters:
            raise TypeError(
                f"get() takes parameters with a name, not with a loss: {name!r} has its own, got "
                f"{', '.join(parameters)}."
            )
        return name
    return _make_class(find(name))(**parameters)


def _samples(call: Call, axis: int, dtype: str) -> Tensor:
    """One value per sample of what is `prepared`; of a set, its value."""
    call = checked(KERAS, call)
    result = keras.ops.cast(per_sample(call, axis), dtype)
    if call.keep is not None:
        # So that Keras, which reduces what functions and `call` give, leaves them out as well.
        set_keras_mask(result, call.keep)
    return result


def _is_tensor(x: Any) -> bool:
    return len(getattr(x, "shape", ())) > 0


def _takes_batch(card: Any) -> bool:
    """Whether samples share a mask, where Keras's loss of that name has that by default."""
    if not getattr(card, "whole", False):
        return False
    return card.axis is None or 0 in (card.axis if isinstance(card.axis, tuple) else (card.axis,))


def _plain(value: Any) -> Any:
    """Tuples as lists, which JSON gives back unchanged."""
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _signature(card: type[Card]) -> inspect.Signature:
    """Keras's own order of arguments, where it has this loss, then our further parameters."""
    _, order, theirs = orders(card.name, list(card.rules()))
    common = {"reduction": "sum_over_batch_size", "name": card.name, "dtype": None}
    defaults = {k: default for k, (default, _) in card.rules().items()} | common
    if theirs:
        defaults["name"] = theirs["name"].default
    by_place = {name: defaults.pop(name, -1) for name in order}
    return signature((), by_place, defaults)


@cache
def _make_class(card: type[Card]) -> type[Loss]:
    takes = _signature(card)
    body: dict[str, Any] = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit.keras",
        "__signature__": takes,
    }
    if "axis" in takes.parameters:
        body["axis"] = property(operator.attrgetter("_mean_axis"))
    for parameter in card.rules():
        body[parameter] = property(operator.attrgetter(f"card.{parameter}"))
    made = type(card.__name__, (Loss,), body)
    return keras.saving.register_keras_serializable(package="losskit")(made)


def _make_function(card: type[Card]) -> Callable[..., Tensor]:
    further = optional(card)
    order, _, _ = orders(card.name, [*card.rules(), *(n for n in further if n not in card.rules())])
    defaults: dict[str, Any] = dict.fromkeys([*further, "ref_labels", "ref_embeddings"])
    defaults |= {k: default for k, (default, _) in card.rules().items()}
    takes = signature(("y_true", "y_pred"), {n: defaults.get(n, -1) for n in order}, {})

    def function(y_true: Any, y_pred: Any, *args: Any, **parameters: Any) -> Tensor:
        given = takes.bind(y_true, y_pred, *args, **parameters).arguments
        more = beside(further, given, _is_tensor)
        made = card(**{k: v for k, v in given.items() if k in card.rules()})
        references = {k: v for k, v in given.items() if k.startswith("ref_") and v is not None}
        own = KERAS.dtype(keras.ops.convert_to_tensor(keras.tree.flatten(y_pred)[0]))
        own = own if "float" in own else keras.backend.floatx()
        dtype = KERAS.computed(own)
        call = prepared(made, y_true, y_pred, dtype=dtype, more=more, **references)
        return _samples(call, given.get("axis", -1), own)

    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.keras"
    function.__doc__ = card.__doc__
    function.__signature__ = takes  # type: ignore[attr-defined]
    return keras.saving.register_keras_serializable(package="losskit")(function)


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of the Keras face by name; the same names as in the NumPy face."""
FUNCTIONS: dict[str, Callable[..., Tensor]] = {c.name: _make_function(c) for c in cards()}
"""Every loss function of the Keras face by name."""
