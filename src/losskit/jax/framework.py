"""What the engine asks of JAX: by the rules for derivatives, and the kernels where they may."""

from __future__ import annotations

from typing import Any

from jax import Array

from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.jax import derivatives
from losskit.jax.operations import Operations


class Jax(Operations):
    """Arrays of JAX.

    Args:
        parameters: those of a card's parameters that are traced.
    """

    def __init__(self, parameters: dict[str, Any] | None = None) -> None:
        self._parameters = parameters or {}

    def items(self, formulas: Formulas, call: Call) -> Array:
        return derivatives.items(
            call.card,
            self._parameters,
            call.used,
            *call.arrays,
            came=_came(call),
            weighted=call.weight is not None,
        )

    def sum(self, formulas: Formulas, call: Call) -> Array:
        if call.weight is not None:
            return super().sum(formulas, call)
        return self._total(call, 1.0)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        if call.weight is not None:
            return super().mean(formulas, call, count)
        return self._total(call, self.share(call, count))

    def _total(self, call: Call, scale: Any) -> Array:
        return derivatives.total(
            call.card, self._parameters, call.used, scale, *call.arrays, came=_came(call)
        )

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        return derivatives.of_set(formulas.card, across, *arrays)


def _came(call: Call) -> str | None:
    """The dtype in which predictions came, if they were cast."""
    return None if call.came == call.prediction.dtype.name else call.came


JAX = Jax()
