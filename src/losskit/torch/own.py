"""Every loss of losskit under its own name, as a module and as a function, made from the cards."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor, nn

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import Card, cards, find
from losskit.core.families import Setwise
from losskit.torch import evaluate as _evaluate
from losskit.torch.evaluate import evaluate

_OPTIONS = {"reduction": "mean", "on_empty": "zero"}


class Loss(nn.Module):
    """A losskit loss as a module of PyTorch.

    Args:
        **parameters: the parameters of the loss, as `losskit show NAME` lists them, in its order.
        reduction: "mean": the weighted sum of the items divided by their number; "sum"; "none".
        on_empty: what the mean of no item is: "zero" (with zero gradient) or "nan".

    Raises:
        TypeError, ValueError: a parameter is unknown, of the wrong type or out of range.
    """

    _card: ClassVar[type[Card]]
    __signature__: ClassVar[inspect.Signature]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        if not hasattr(self, "_card"):
            raise TypeError(
                "Loss is the base of all losses. Use one of them, e.g. losskit.torch.LogCosh()."
            )
        given = self.__signature__.bind(*args, **kwargs)
        given.apply_defaults()
        options = given.arguments
        self.reduction = _evaluate.check_reduction(options.pop("reduction"))
        self.on_empty = _evaluate.check_on_empty(options.pop("on_empty"))
        self.card: Any = self._card(**options)
        if isinstance(self.card, Setwise) and self.reduction != "mean":
            raise ValueError(
                f"{self._card.name} is one value per set: reduction={self.reduction!r} does not "
                f'exist for it. Use "mean", or {self.card.inner.name} for sums and items.'
            )

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The loss.

        Args:
            input: predictions.
            target: targets, in the input's shape; integer labels without the class axis.
            weight: of each item, broadcast to their shape.
            mask: boolean, True where an item counts; the others touch nothing, even if NaN.

        Raises:
            TypeError: the input holds integers.
            ValueError: shapes do not match, or a value is outside its domain.
        """
        return evaluate(
            self.card,
            input,
            target,
            weight=weight,
            keep=mask,
            leading=True,
            reduction=self.reduction,
            on_empty=self.on_empty,
        )

    def extra_repr(self) -> str:
        """The parameters that differ from their defaults."""
        shown = {**self.card.parameters(), "reduction": self.reduction, "on_empty": self.on_empty}
        defaults = {k: p.default for k, p in self.__signature__.parameters.items()}
        return ", ".join(f"{k}={v!r}" for k, v in shown.items() if v != defaults[k])


def get(name: str, **parameters: Any) -> Loss:
    """The module of that name, class name or alias, e.g. ``get("huber", delta=2.0)``.

    Raises:
        ValueError: no such loss; the message gives the nearest names.
    """
    return CLASSES[find(name).__name__](**parameters)


def _signature(card: type[Card], *leading: str, **more: Any) -> inspect.Signature:
    kind = inspect.Parameter
    parameters = [kind(n, kind.POSITIONAL_OR_KEYWORD) for n in leading]
    parameters += [
        kind(n, kind.KEYWORD_ONLY if leading else kind.POSITIONAL_OR_KEYWORD, default=d)
        for n, (d, _) in card.rules().items()
    ]
    parameters += [kind(n, kind.KEYWORD_ONLY, default=d) for n, d in more.items()]
    return inspect.Signature(parameters)


def _make_class(card: type[Card]) -> type[Loss]:
    body = {
        "_card": card,
        "__doc__": card.__doc__,
        "__module__": "losskit.torch",
        "__signature__": _signature(card, **_OPTIONS),
    }
    return type(card.__name__, (Loss,), body)


def _make_function(card: type[Card]) -> Callable[..., Tensor]:
    signature = _signature(card, "input", "target", weight=None, mask=None, **_OPTIONS)
    known = frozenset(signature.parameters)
    others = frozenset({"weight", "mask", *_OPTIONS})

    def function(input: Tensor, target: Tensor, **options: Any) -> Tensor:
        if not known.issuperset(options):
            signature.bind(input, target, **options)  # says which argument is unknown
        return evaluate(
            _evaluate.make(card, **{k: v for k, v in options.items() if k not in others}),
            input,
            target,
            weight=options.get("weight"),
            keep=options.get("mask"),
            leading=True,
            reduction=options.get("reduction", "mean"),
            on_empty=options.get("on_empty", "zero"),
        )

    # Code of its own: by its code the compiler tells one function from another.
    function.__code__ = function.__code__.replace(co_name=card.name)
    function.__name__ = function.__qualname__ = card.name
    function.__module__ = "losskit.torch"
    function.__doc__ = card.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


CLASSES: dict[str, type[Loss]] = {c.__name__: _make_class(c) for c in cards()}
"""Every loss class of losskit by name; the same names as in the NumPy face."""
FUNCTIONS: dict[str, Callable[..., Tensor]] = {c.name: _make_function(c) for c in cards()}
"""Every loss function of losskit by name."""
