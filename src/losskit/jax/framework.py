"""What the engine asks of JAX: by the rules for derivatives, and the kernels where they may."""

from __future__ import annotations

import dataclasses
from typing import Any

from jax import Array

from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.jax import derivatives
from losskit.jax.operations import Operations


class Jax(Operations):
    """Arrays of JAX.

    Args:
        traced: those of a card's parameters that are known only when the program runs.
    """

    def __init__(self, traced: dict[str, Any] | None = None) -> None:
        self._traced = traced or {}

    def items(self, formulas: Formulas, call: Call) -> Array:
        return derivatives.apply(
            *(formulas, call.used, *call.arrays),
            traced=self._traced,
            weighted=call.weight is not None,
        )

    def sum(self, formulas: Formulas, call: Call) -> Array:
        if call.weight is not None:
            return super().sum(formulas, call)
        return self._total(formulas, call, 1.0)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        if call.weight is not None:
            return super().mean(formulas, call, count)
        return self._total(formulas, call, self.share(call, count))

    def _total(self, formulas: Formulas, call: Call, scale: Any) -> Array:
        args = (formulas, call.used, *call.arrays)
        return derivatives.apply(*args, traced=self._traced, scale=scale)

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        by = dataclasses.replace(formulas, across=across)
        return derivatives.apply(by, None, *arrays, traced=self._traced)


JAX = Jax()
