"""A kernel over arrays that lie on several devices: each computes what it holds.

To XLA a kernel is a box: it would bring all of a sharded array to every device. Here it is told
along which axes a kernel may be parted (those of the items, and of batches), and that sums of the
parts are to be added up. What is sharded along the classes is still brought together.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

Results = tuple[Any, ...]


def parted(
    function: Callable[..., Results],
    axes: tuple[int, ...],
    main: int,
    total: bool,
    batches: int = 0,
) -> Any:
    """The same function, which XLA may part among devices, under `jax.vmap` too.

    Args:
        function: of targets, predictions and what else there is: arrays in the shape of the
            predictions, of the items, or of no dimension. Its results likewise.
        axes: of the classes, counted from the end.
        main: which operand is the predictions.
        total: whether the first result is the sum over all items.
        batches: how many dimensions come before these, of one call each.
    """
    run: Any = function
    for _ in range(batches):
        run = jax.vmap(run)

    def dims(rank: int, of_p: int, letters: Any) -> tuple[Any, ...]:
        """The part of the predictions' dimensions that an array of that rank has."""
        if rank == of_p:
            return tuple(letters)
        items = [x for i, x in enumerate(letters) if i - of_p not in axes]
        return tuple(items if rank == len(items) else letters[:batches])

    def rule(mesh: Any, operands: Any, results: Any) -> Any:
        ranks = [len(x.shape) for x in (*operands, *results)]
        of_p = ranks[main]
        letters = string.ascii_lowercase[:of_p]
        words = [" ".join(dims(rank, of_p, letters)) for rank in ranks]
        left, right = words[: len(operands)], words[len(operands) :]
        classes = tuple(letters[axis] for axis in axes)
        factors = {"need_replication_factors": classes} if classes else {}
        return f"{', '.join(left)} -> {', '.join(right)}", factors

    def partition(mesh: Any, operands: Any, results: Any) -> Any:
        of_p = len(operands[main].shape)
        spec = tuple(operands[main].sharding.spec)
        spec = (*spec, *[None] * (of_p - len(spec)))
        spec = tuple(None if i - of_p in axes else s for i, s in enumerate(spec))

        def laid(x: Any) -> NamedSharding:
            return NamedSharding(mesh, PartitionSpec(*dims(len(x.shape), of_p, spec)))

        named = [(x,) if isinstance(x, str) else x or () for x in spec[batches:]]
        names = tuple(name for part in named for name in part)

        def lowered(*operands: Any) -> Results:
            first, *rest = run(*operands)
            return (lax.psum(first, names) if total and names else first, *rest)

        return mesh, lowered, tuple(map(laid, results)), tuple(map(laid, operands))

    of_devices = custom_partitioning(run)
    of_devices.def_partition(partition=partition, sharding_rule=rule)

    @jax.custom_batching.custom_vmap
    def call(*operands: Any) -> Results:
        return of_devices(*operands)

    @call.def_vmap
    def over_batch(size: int, batched: Any, *operands: Any) -> Any:
        full = [
            x if known else jax.numpy.broadcast_to(x, (size, *x.shape))
            for x, known in zip(operands, batched, strict=True)
        ]
        found = parted(function, axes, main, total, batches + 1)(*full)
        return found, tuple(True for _ in found)

    return call
