"""Arrays on the CPU by the compiled kernels, inside the program that XLA makes of a function.

XLA calls the kernels itself, on its own arrays, whatever JAX has made of a call: eager or under
`jax.jit`, in a scan, for each device of a `shard_map`. Which kernel it is goes with the program as
plain numbers and text, so that a program may be kept and loaded again. Nothing can be raised from
there: what lies outside its domain comes back as NaN.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from losskit.core.namespaces import Precision
from losskit.core.namespaces.jax import JaxVocabulary
from losskit.core.slots import alone
from losskit.native import library
from losskit.native.xla import Spec, described


def registered() -> bool:
    """Whether XLA can call the kernels; tells it of them the first time."""
    return library.available() and _register()


@cache
def _register() -> bool:
    try:
        import jax.ffi

        for name, handler in library._kernels.xla_handlers().items():
            jax.ffi.register_ffi_target(name, handler, platform="cpu")
    except Exception:
        # A JAX from before jax.ffi; or XLA, in an error of its own, has another interface than the
        # one that the kernels know.
        return False
    return True


def find(card: Any, *arrays: Any, came: Precision | None = None) -> Spec | None:
    """The kernel for a card and arrays that fit it; None if there is none.

    Args:
        card: any card.
        arrays: what it takes, slot by slot: only their dtypes and shapes count.
        came: of the dtype in which predictions came that are wider now; None for their own.
    """
    if len(arrays) != len(card.slots):
        return None
    shape = arrays[card.main].shape
    # A length may be a symbol, in a program for many shapes.
    if not all(isinstance(n, int) for n in shape) or not registered():
        return None
    if getattr(card, "long", False) and (
        jax.device_count("cpu") > 1 or not isinstance(arrays[0].shape[-1], int)
    ):
        return None  # sequences are not parted
    spec = described(card, shape, [np.dtype(x.dtype) for x in arrays], came)
    if spec is not None and spec.card is not None and jax.device_count("cpu") > 1:
        # Of what all rows share, and of a batch that is one row, each device has but a part.
        parted = card.decomposable and all(slot.batched for slot in card.slots)
        return spec if parted else None
    return spec


def call(
    spec: Spec,
    arrays: tuple[Any, ...],
    weight: Any = None,
    keep: Any = None,
    scale: Any = None,
    *,
    total: bool = False,
    items: bool = False,
    slope: bool = False,
) -> tuple[Any, ...]:
    """What is asked for of total, items and slope, in this order. For the CPU alone.

    Under `jax.vmap`, batches are rows as others are; it has no derivative.

    Args:
        spec: from `find`, for arrays of these types and shapes.
        arrays: what the card takes, slot by slot.
        weight: of each item, in the shape of the items.
        keep: boolean, in the shape of the items: which of them count. The others, and those of
            weight 0, give 0, whatever lies there.
        scale: a number by which the slopes are multiplied.
        total: the sum of the weighted items, in the dtype of the computation; summed in float64.
        items: the weighted items, in the dtype of the computation.
        slope: the derivatives of each weighted item by its predictions, one slot after the other,
            in their shapes and dtypes; by float16 in float32.
    """
    given = {
        "weighted": None if weight is None else jnp.asarray(weight),
        "masked": None if keep is None else jnp.asarray(keep, bool),
        "scaled": None if scale is None else jnp.asarray(scale, spec.dtype),
    }
    slots = [jnp.asarray(x) for x in arrays]
    if spec.card is not None:
        both = zip(spec.card.slots, slots, strict=True)
        slots = [x if slot.batched else alone(slot, x) for slot, x in both]
    operands = alike([*slots, *(x for x in given.values() if x is not None)])
    flags = {name: x is not None for name, x in given.items()}
    flags |= {"total": total, "items": items, "slope": slope}
    return tuple(_function(spec, tuple(flags.items()))(*operands))


def rows(card: Any, alike: Any, none: Any, x: Any, slope: bool) -> Any:
    """See `losskit.core.namespaces.Vocabulary.by_kernel`."""
    y = alike.astype(jnp.int8) * 2 - 1
    y = y if none is None else y - none.astype(jnp.int8)
    spec = find(card, y, x)
    if spec is None:
        return None

    def plain(y: Any, x: Any) -> Any:
        y, m = y.astype(x.dtype), JaxVocabulary(jax)
        of = card.shared(m, y, x)
        return card.value(m, y, x, of), *((card.slope(m, y, x, of),) if slope else ())

    def kernel(y: Any, x: Any) -> Any:
        return call(spec, (y, x), items=True, slope=slope)

    found = jax.lax.platform_dependent(y, x, cpu=kernel, default=plain)
    return found[0], found[1] if slope else None


@cache
def _function(spec: Spec, flags: tuple[tuple[str, bool], ...]) -> Any:
    """The kernel as a function of its operands."""
    asked = dict(flags)
    slopes = spec.predicted if asked["slope"] else ()
    known = spec.asked(flags)
    attributes = {name: _attribute(x) for name, x in known}

    def run(*operands: Any) -> tuple[Any, ...]:
        p = operands[spec.main]
        used_up = {axis % len(p.shape) for axis in spec.axes}
        shape = tuple(n for i, n in enumerate(p.shape) if i not in used_up)
        results = [("total", (), spec.dtype), ("items", shape, spec.dtype)]
        wanted = [_like(p, *result) for name, *result in results if asked[name]]
        wanted += [_like(p, operands[i].shape, _of_slope(operands[i], spec)) for i in slopes]
        made = jax.ffi.ffi_call(spec.target, tuple(wanted), vmap_method="broadcast_all")
        return tuple(made(*operands, **attributes))

    # One device holds all there is, and a program for it is simpler.
    if jax.device_count("cpu") == 1:
        return run
    from losskit.jax.sharded import parted

    return parted(run, spec.axes, spec.main, asked["total"])


def _of_slope(x: Any, spec: Spec) -> Any:
    """The dtype of derivatives by an operand.

    In float16 they would underflow before a loss scale, by which they are multiplied outside.
    """
    return spec.dtype if x.dtype == jnp.float16 else x.dtype


def _attribute(x: Any) -> Any:
    """In the types that the kernels expect, whether or not JAX itself goes by 64 bits."""
    if isinstance(x, tuple):
        return np.array(x, np.float64)
    if isinstance(x, bytes):
        return np.frombuffer(x, np.uint8)
    if isinstance(x, (bool, str)):
        return x
    return np.float64(x) if isinstance(x, float) else np.int64(x)


# --- inside shard_map a value has axes of the mesh along which it varies -------------------------


def _axes(x: Any) -> frozenset[str]:
    kind = jax.typeof(x)
    manual = getattr(kind, "manual_axis_type", None)  # JAX before 0.10 has them in `vma`
    axes: frozenset[str] = getattr(kind, "vma", frozenset()) if manual is None else manual.varying
    return axes


def alike(arrays: list[Any]) -> list[Any]:
    """The arrays, all varying along the same axes."""
    every = frozenset[str]().union(*map(_axes, arrays))
    return [
        jax.lax.pcast(x, tuple(every - _axes(x)), to="varying") if every - _axes(x) else x
        for x in arrays
    ]


def _like(x: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Shape and dtype of a result that varies as x does."""
    if not _axes(x):
        return jax.ShapeDtypeStruct(shape, dtype)
    return jax.eval_shape(lambda x: jnp.zeros(shape, dtype) + jnp.sum(x).astype(dtype), x)
