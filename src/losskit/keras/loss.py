"""Keras's Loss classes and functions, made from the cards."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import keras

# Not public: JAX's arrays take no attributes, so Keras keeps their masks in a table that can be
# read in no other way; and how Keras weights and reduces.
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
from keras.src.losses.loss import reduce_weighted_values

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.engine.arguments import beside, optional
from losskit.engine.arrays import HALF
from losskit.engine.call import check_names
from losskit.engine.reduction import check_set, combined, merged, parts
from losskit.keras.evaluate import evaluate, prepared
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
        check_names(self.card, more)
        with keras.name_scope(self.name):
            mask = get_keras_mask(y_pred)
            weighted = sample_weight is not None or mask is not None
            if type(self).call is not Loss.call or (weighted and self._at_once):
                if num_items is not None:
                    raise TypeError(f"{self.name} reduces as Keras does, which has no num_items.")
                if more:
                    raise TypeError(f"{self.name} is computed by its own call: no more arguments.")
                return self._by_call(y_true, y_pred, sample_weight, mask)
            loss, _ = evaluate(
                self.card,
                y_true,
                y_pred,
                sample_weight,
                mask,
                self.reduction,
                _computed_in(self.dtype),
                self._mean_axis,
                num_items,
                more,
            )
            return keras.ops.cast(loss, self.dtype)

    def parts(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, **more: Any
    ) -> tuple[Tensor, ...]:
        """What a part of the data adds: `merge` the parts of all, then `combine` them to the mean.

        (sum, count) of its items: of samples, for pointwise losses of their elements. Of a loss of
        a set the numbers that say all of a part, and the count. Errors are those of the call.
        """
        by_weights = self.reduction == "mean_with_sample_weight"
        dtype = _computed_in(self.dtype)
        mask = get_keras_mask(y_pred)
        call = prepared(self.card, y_true, y_pred, sample_weight, mask, dtype, more)
        return parts(KERAS, call, by_weights)

    def merge(self, a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The parts of two parts together."""
        return merged(KERAS.vocabulary("float32"), self.card, a, b)

    def combine(self, *parts: Tensor) -> Tensor:
        """The loss of the whole, a mean, from the merged parts of its chunks."""
        return combined(KERAS.vocabulary("float32"), self.card, parts)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One value per sample, without weights."""
        return _per_sample(self.card, y_true, y_pred, self.dtype, self._mean_axis)

    def _by_call(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> Tensor:
        def typed(x: Any) -> Tensor:
            x = keras.ops.convert_to_tensor(x)
            # The tensor itself where it may be, for logits are kept beside it.
            same = keras.backend.standardize_dtype(x.dtype) == self.dtype
            return x if same else keras.ops.cast(x, self.dtype)

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
    return CLASSES[find(name).__name__](**parameters)


def _per_sample(
    card: Any,
    y_true: Any,
    y_pred: Any,
    dtype: str,
    axis: int,
    more: dict[str, Any] | None = None,
    **references: Any,
) -> Tensor:
    """One value per sample; of a set, its value."""
    options: dict[str, Any] = {"dtype": _computed_in(dtype), "axis": axis, "more": more}
    found, call = evaluate(card, y_true, y_pred, **options, **references)
    result = keras.ops.cast(found, dtype)
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


def _computed_in(dtype: str) -> str:
    return "float32" if dtype in HALF else dtype


def _signature(card: type[Card]) -> inspect.Signature:
    """Keras's own order of arguments, where it has this loss, then our further parameters."""
    kind = inspect.Parameter
    common = {"reduction": "sum_over_batch_size", "name": card.name, "dtype": None}
    defaults = {k: default for k, (default, _) in card.rules().items()} | common
    _, order, theirs = orders(card.name, list(card.rules()))
    if theirs:
        defaults["name"] = theirs["name"].default
    parameters = [kind(n, kind.POSITIONAL_OR_KEYWORD, default=defaults.get(n, -1)) for n in order]
    parameters += [
        kind(n, kind.KEYWORD_ONLY, default=d) for n, d in defaults.items() if n not in order
    ]
    return inspect.Signature(parameters)


def _make_class(card: type[Card]) -> type[Loss]:
    signature = _signature(card)
    body: dict[str, Any] = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit.keras",
        "__signature__": signature,
    }
    if "axis" in signature.parameters:
        body["axis"] = property(operator.attrgetter("_mean_axis"))
    for parameter in card.rules():
        body[parameter] = property(operator.attrgetter(f"card.{parameter}"))
    made = type(card.__name__, (Loss,), body)
    return keras.saving.register_keras_serializable(package="losskit")(made)


def _make_function(card: type[Card]) -> Callable[..., Tensor]:
    def function(y_true: Any, y_pred: Any, *args: Any, **parameters: Any) -> Tensor:
        given = signature.bind(y_true, y_pred, *args, **parameters).arguments
        more = beside(further, given, _is_tensor)
        made = card(**{k: v for k, v in given.items() if k in card.rules()})
        shown = keras.ops.convert_to_tensor(keras.tree.flatten(y_pred)[0])
        own = keras.backend.standardize_dtype(shown.dtype)
        own = own if "float" in own else keras.backend.floatx()
        references = {k: v for k, v in given.items() if k.startswith("ref_") and v is not None}
        return _per_sample(made, y_true, y_pred, own, given.get("axis", -1), more, **references)

    kind = inspect.Parameter
    further = optional(card)
    order, _, _ = orders(card.name, [*card.rules(), *(n for n in further if n not in card.rules())])
    defaults: dict[str, Any] = dict.fromkeys(further)
    defaults |= {k: default for k, (default, _) in card.rules().items()}
    defaults |= dict.fromkeys(n for n in order if n.startswith("ref_"))
    signature = inspect.Signature(
        [kind(n, kind.POSITIONAL_OR_KEYWORD) for n in ("y_true", "y_pred")]
        + [kind(n, kind.POSITIONAL_OR_KEYWORD, default=defaults.get(n, -1)) for n in order]
    )
    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.keras"
    function.__doc__ = card.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    return keras.saving.register_keras_serializable(package="losskit")(function)


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of the Keras face by name; the same names as in the NumPy face."""
FUNCTIONS: dict[str, Callable[..., Tensor]] = {c.name: _make_function(c) for c in cards()}
"""Every loss function of the Keras face by name."""
