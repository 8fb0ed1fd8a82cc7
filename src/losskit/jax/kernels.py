"""Arrays on the CPU by the compiled kernels, inside the program that XLA makes of a function.

XLA calls the kernels itself, on its own arrays, whatever JAX has made of a call: eager or under
`jax.jit`, in a scan, for each device of a `shard_map`. Which kernel it is goes with the program as
plain numbers and text, so that a program may be kept and loaded again. Nothing can be raised from
there: what lies outside its domain comes back as NaN.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from losskit.core.families import Items, is_rowwise
from losskit.core.namespaces import Precision
from losskit.core.slots import alone
from losskit.native import library, programs
from losskit.native.evaluate import VALUE, readable
from losskit.native.find import computed_in, describe


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """A kernel, and all it has to know beside the arrays."""

    target: str
    """The name under which XLA knows it."""
    attributes: tuple[tuple[str, Any], ...]
    axes: tuple[int, ...]
    """Those that a row uses up, counted from the end: batches come before them."""
    dtype: Any
    """Of the computation."""
    slots: int = 2
    """How many arrays it takes; the others are weights, a mask and a scale."""
    main: int = 1
    """Which of them says what the items are."""
    predicted: tuple[int, ...] = (1,)
    """By which of them there are derivatives."""
    card: Any = None
    """Where its program is the kernel, which depends on what is asked for."""
    length: int = 1
    """Of its rows."""


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
    if not isinstance(card, Items) or len(arrays) != len(card.slots):
        return None
    p = arrays[card.main]
    # A length may be a symbol, in a program for many shapes.
    if not all(isinstance(n, int) for n in p.shape) or not registered():
        return None
    computed = computed_in(np.dtype(p.dtype))
    if computed is None or not all(readable(np.dtype(x.dtype)) for x in arrays):
        return None
    wide, own = computed
    came = came or own
    dtype = np.dtype("f8" if wide else "f4")
    known = describe(card, came) if len(arrays) == 2 else None
    if known is None:
        return _program(card, arrays, came, dtype)
    attributes, axes = dataclasses.asdict(known), tuple[int, ...]()
    if "axis" in attributes:
        attributes["axis"] = attributes["axis"] % len(p.shape) - len(p.shape)
        axes = (attributes["axis"],)
    else:
        attributes |= {"floor": came.tiny, "complement_floor": came.half_gap}
    target = "losskit_softmax" if axes else "losskit_pointwise"
    return Spec(target, tuple(attributes.items()), axes, dtype)


def _program(card: Any, arrays: Any, came: Precision, dtype: Any) -> Spec | None:
    """The same by the card's program, where that is faster than what XLA makes of the formulas."""
    shape = tuple(arrays[card.main].shape)
    if 0 in shape or not programs.sayable(card) or not is_rowwise(card):
        return None  # XLA computes elements in one loop, whatever the formula
    rows = programs.rows(card, shape)
    known = None if rows is None else programs.program(card, VALUE, rows[1])
    # What goes once over a row is one loop to XLA too; but each reduction that another follows it
    # writes down. Labels it looks for in all classes.
    if rows is None or known is None or (len(known.passes) < 2 and not card.target.labels):
        return None
    # Of what all rows share, and of a batch that is one row, each device has but a part.
    parted = card.decomposable and all(slot.batched for slot in card.slots)
    if jax.device_count("cpu") > 1 and not parted:
        return None
    axes = tuple(sorted(a % len(shape) - len(shape) for a in card.slots[card.main].axes))
    ignored = card.ignored()
    attributes = {
        "values": programs.facts(card, [np.dtype(x.dtype).name for x in arrays]),
        "main": card.main,
        "axis": axes[0] if axes else 0,
        "axes": len(axes),
        "ignores": ignored is not None,
        "ignored": ignored or 0,
        "floor": came.tiny,
        "complement_floor": came.half_gap,
    }
    predicted = tuple([i for i, slot in enumerate(card.slots) if slot.predicted])
    of_card = (len(arrays), card.main, predicted, card, rows[1])
    return Spec("losskit_program", tuple(attributes.items()), axes, dtype, *of_card)


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


@cache
def _function(spec: Spec, flags: tuple[tuple[str, bool], ...]) -> Any:
    """The kernel as a function of its operands."""
    asked = dict(flags)
    slopes = spec.predicted if asked["slope"] else ()
    known = [*spec.attributes, *flags]
    if spec.card is not None:
        value = VALUE if asked["total"] or asked["items"] else ()
        wanted = (*value, *(("slope", i) for i in slopes))
        made = programs.program(spec.card, wanted, spec.length)
        assert made is not None, "a card has a program of its value, but none of its slopes"
        known += [("program", made.packed())]
        known += [("parameters", tuple([getattr(spec.card, name) for name in made.parameters]))]
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
