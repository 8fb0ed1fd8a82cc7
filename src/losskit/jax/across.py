"""Means over the devices along a named axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from losskit.core.families import State
from losskit.engine import across as engine


@dataclass(frozen=True)
class Across(engine.Across):
    """The axis, or the axes, of `jax.shard_map` or `jax.pmap` along which a batch is parted.

    Sums and counts go by `jax.lax.psum`, which has derivatives: with `jax.grad` outside of the
    `shard_map`, and inside of it with ``check_vma=True``, gradients by what all devices share are
    the whole's. With ``check_vma=False`` and in `jax.pmap` average them (`jax.lax.pmean`), as is
    done there anyway.
    """

    axis: str | tuple[str, ...]

    def count(self, own: Array) -> Array:
        return lax.psum(lax.stop_gradient(own), self.axis)

    def total(self, own: Array) -> Array:
        return lax.psum(own, self.axis)

    def states(self, own: State) -> list[State]:
        size = lax.psum(1, self.axis)
        here = jnp.arange(size) == lax.axis_index(self.axis)
        # By a sum, for of what is gathered JAX does not know that it is the same everywhere.
        every = [lax.psum(jnp.where(here, lax.stop_gradient(x), 0), self.axis) for x in own]
        return [tuple(x[i] for x in every) for i in range(size)]

    def value(self, own: Array) -> Array:
        whole = lax.pmax(lax.stop_gradient(own), self.axis)
        moved = jnp.where(jnp.isfinite(own), own - lax.stop_gradient(own), 0)
        return whole + lax.psum(moved, self.axis)


def across_of(axis: Any) -> Across | None:
    """The axis as a user gives it; None for none."""
    if axis is None or isinstance(axis, Across):
        return axis
    names = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    every = names if isinstance(names, tuple) else (names,)
    if not every or not all(isinstance(name, str) for name in every):
        raise TypeError(
            f"across must be the name of an axis of jax.shard_map or jax.pmap, or several, got "
            f"{axis!r}."
        )
    return Across(names)
