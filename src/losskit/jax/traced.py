"""A parameter of a card that is known only when the program runs."""

from __future__ import annotations

import operator

from jax import Array


class Traced:
    """A number in a card's formulas, which stands for itself and for no value in particular.

    A card that has a shorter text for a parameter of 0 asks for it (``if self.gamma``, ``== 0.0``):
    here the answer is the text that holds for every value.

    Args:
        name: of the parameter.
        value: traced.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str, value: Array) -> None:
        self._name, self._value = name, value

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return False

    def __pos__(self) -> Array:
        return self._value

    def __neg__(self) -> Array:
        return -self._value

    def __float__(self) -> float:
        raise TypeError(
            f"{self._name} is traced, but its value decides which formula holds: give it as a "
            f"Python number, e.g. by jax.jit(..., static_argnames={self._name!r})."
        )

    def _compare(self, other: object) -> bool:
        return bool(float(self))

    __lt__ = __le__ = __gt__ = __ge__ = _compare


def _both_ways(name: str) -> None:
    apply = getattr(operator, name)
    setattr(Traced, f"__{name}__", lambda self, other: apply(self._value, other))
    setattr(Traced, f"__r{name}__", lambda self, other: apply(other, self._value))


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _both_ways(_name)
