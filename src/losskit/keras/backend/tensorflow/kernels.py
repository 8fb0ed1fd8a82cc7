"""The compiled kernels inside TensorFlow's graphs: XLA calls them there, without Python.

A call is a small program for XLA with nothing in it but the call of a kernel. A graph compiles it
by itself, in milliseconds, for each shape; in a step that is compiled as a whole it becomes a part
of that. XLA learns of the kernels by its foreign function interface, the one that JAX's way has,
for which TensorFlow's own library has no function in Python.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache, lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from losskit.core.namespaces import PRECISIONS
from losskit.core.slots import alone
from losskit.native import library
from losskit.native.xla import Spec, described

Tensor = Any

_MODULE_VERSION = 9
"""Of the operation that holds a program, from which on programs say which shapes are open."""


def registered() -> bool:
    """Whether graphs may call the kernels; tells XLA of them the first time.

    Not where there is another device than the CPU: a graph is placed after it was made.
    """
    if not library.available() or not _register():
        return False
    return all(device.device_type == "CPU" for device in tf.config.get_visible_devices())


class _Text(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Registration(ctypes.Structure):
    """`XLA_FFI_Handler_Register_Args` of XLA's interface."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("extensions", ctypes.c_void_p),
        ("name", _Text),
        ("platform", _Text),
        ("handlers", ctypes.c_void_p * 4),  # of its stages; the last one executes
        ("traits", ctypes.c_uint32),
    )


_REGISTER = 9
"""The place of `XLA_FFI_Handler_Register` in `XLA_FFI_Api`, in words."""


@cache
def _register() -> bool:
    try:
        from tensorflow.compiler.mlir.stablehlo import stablehlo  # noqa: F401
        from tensorflow.compiler.tf2xla.ops import gen_xla_ops  # noqa: F401

        path = os.path.join(tf.sysconfig.get_lib(), "libtensorflow_cc.so.2")
        # The one that is loaded, never another.
        loaded = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
        api_of = loaded["_ZN3xla3ffi12GetXlaFfiApiEv"]  # xla::ffi::GetXlaFfiApi()
        api_of.restype, api_of.argtypes = ctypes.c_void_p, []
        api = (ctypes.c_void_p * (_REGISTER + 1)).from_address(api_of())
        size, version = api[0] or 0, ctypes.c_int.from_address(api_of() + 32).value
        if size < 8 * len(api) or version != 0:
            return False
        kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Registration))
        register = kind(api[_REGISTER] or 0)
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        for name, handler in library._kernels.xla_handlers().items():
            text, stages = name.encode(), (ctypes.c_void_p * 4)(None, None, None)
            stages[3] = pointer(handler, None)
            size = _Registration.traits.offset + _Registration.traits.size
            given = _Registration(size, None, (text, len(text)), (b"Host", 4), stages, 0)
            if register(ctypes.byref(given)):  # an error
                return False
    except Exception:
        # Another TensorFlow: its library has another name, or keeps the interface to itself.
        return False
    return True


def find(card: Any, arrays: tuple[Tensor, ...], came: str) -> Spec | None:
    """The kernel for a card and tensors that fit it; None if there is none.

    Args:
        card: any card.
        arrays: what it takes, slot by slot.
        came: the dtype in which predictions came.
    """
    if not registered() or not all(isinstance(x, tf.Tensor) for x in arrays):
        return None
    dtypes, shape = [np.dtype(x.dtype.as_numpy_dtype) for x in arrays], arrays[card.main].shape
    # What all items share is taken from the first, which an open batch may lack.
    if None in shape and not all(slot.batched for slot in card.slots):
        return None
    return described(card, shape, dtypes, PRECISIONS[came], every=True)


def call(
    spec: Spec,
    arrays: tuple[Tensor, ...],
    weight: Tensor | None = None,
    keep: Tensor | None = None,
    scale: Tensor | None = None,
    *,
    total: bool = False,
    items: bool = False,
    slope: bool = False,
    narrow: bool = False,
) -> tuple[Tensor, ...]:
    """What is asked for of total, items and slope, in this order. It has no derivative.

    Args:
        spec: from `find`, for tensors of these types and shapes.
        arrays: what the card takes, slot by slot.
        weight: of each item, in the shape of the items; or of their first dimensions.
        keep: boolean, in the shape of the items: which of them count. The others, and those of
            weight 0, give 0, whatever lies there.
        scale: a number by which the slopes are multiplied.
        total: the sum of the weighted items, in the dtype of the computation; summed in float64.
        items: the weighted items, in the dtype of the computation.
        slope: the derivatives of each weighted item by its predictions, one slot after the other,
            in their shapes and dtypes; by float16 in float32.
        narrow: slopes by float16 in float16 too: where nothing is to be multiplied any more.
    """
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    given = {"weighted": weight, "masked": keep, "scaled": scale}
    flags = {name: x is not None for name, x in given.items()}
    flags |= {"total": total, "items": items, "slope": slope}
    if spec.card is not None:
        both = zip(spec.card.slots, arrays, strict=True)
        arrays = tuple([x if slot.batched else alone(slot, x) for slot, x in both])
    operands = [*arrays, *(x for x in given.values() if x is not None)]
    types = [(tuple(x.shape), x.dtype) for x in operands]
    results = _results(spec, types, total, items, slope, narrow)
    module = _module(spec, tuple(flags.items()), tuple(types), tuple(results))
    return tuple(
        gen_xla_ops.xla_call_module(
            operands,
            version=_MODULE_VERSION,
            module=module,
            Sout=[shape for shape, _ in results],
            Tout=[dtype for _, dtype in results],
            platforms=["CPU"],
            dim_args_spec=[],
        )
    )


Type = tuple[tuple[int | None, ...], Any]
"""Shape and dtype."""


def _results(
    spec: Spec, types: list[Type], total: bool, items: bool, slope: bool, narrow: bool
) -> list[Type]:
    shape, _ = types[spec.main]
    used_up = {axis % len(shape) for axis in spec.axes}
    of_items = tuple([n for i, n in enumerate(shape) if i not in used_up])
    dtype = tf.as_dtype(spec.dtype)
    results: list[Type] = [((), dtype)] if total else []
    results += [(of_items, dtype)] if items else []
    slopes = [types[i] for i in (spec.predicted if slope else ())]
    if narrow:
        return results + slopes
    return results + [(shape, dtype if own == tf.float16 else own) for shape, own in slopes]


@lru_cache(1024)
def _module(
    spec: Spec, flags: tuple[tuple[str, bool], ...], types: tuple[Type, ...], results: Any
) -> bytes:
    """The program, as XLA keeps it: one call of a kernel."""
    from tensorflow.compiler.mlir.stablehlo import stablehlo

    named = ", ".join(f"{name} = {_attribute(x)}" for name, x in spec.asked(flags))
    taken, made = [_type(*t) for t in types], [_type(*t) for t in results]
    arguments = [f"%a{i}" for i in range(len(types))]
    lines, shapes = list[str](), list[str]()
    attributes = f"api_version = 4 : i32, backend_config = {{{named}}}"
    is_open = any(None in shape for shape, _ in (*types, *results))
    if is_open:
        # The lengths of the results, as numbers that are known when XLA compiles.
        lines, shapes = _lengths(spec, types, results)
        places = [len(types) + i for i in range(len(results))]
        attributes += f", indices_of_shape_operands = dense<{places}> : tensor<{len(places)}xi64>"
    ranks = [f"tensor<{len(shape)}xi32>" for shape, _ in results] if is_open else []
    found = [f"%found#{i}" for i in range(len(made))] if len(made) > 1 else ["%found"]
    several = f":{len(made)}" if len(made) > 1 else ""
    signature = ", ".join(f"{a}: {t}" for a, t in zip(arguments, taken, strict=True))
    lines += [
        f"%found{several} = stablehlo.custom_call @{spec.target}"
        f"({', '.join([*arguments, *shapes])}) {{{attributes}}} : "
        f"({', '.join([*taken, *ranks])}) -> ({', '.join(made)})",
        f"return {', '.join(found)} : {', '.join(made)}",
    ]
    opened = " attributes {jax.uses_shape_polymorphism = true}" if is_open else ""
    body = "\n".join(lines)
    text = (
        f"module @losskit{opened} {{\n"
        f"func.func public @main({signature}) -> ({', '.join(made)}) {{\n{body}\n}}\n}}"
    )
    version = stablehlo.get_current_version()
    return bytes(stablehlo.serialize_portable_artifact_str(text, version))


def _lengths(spec: Spec, types: Any, results: Any) -> tuple[list[str], list[str]]:
    """What computes the shapes of the results, as vectors, and these vectors' names."""
    shape, _ = types[spec.main]
    main, kind = f"%a{spec.main}", _type(*types[spec.main])
    lines = []
    for d, n in enumerate(shape):
        if n is None:
            size = f"stablehlo.get_dimension_size {main}, dim = {d} : ({kind}) -> tensor<i32>"
            lines += [
                f"%d{d}_ = {size}",
                f"%d{d} = stablehlo.reshape %d{d}_ : (tensor<i32>) -> tensor<1xi32>",
            ]
        else:
            lines += [f"%d{d} = stablehlo.constant dense<{n}> : tensor<1xi32>"]
    names = []
    for r, (of_result, _) in enumerate(results):
        used_up = {axis % len(shape) for axis in spec.axes}
        whole = len(of_result) == len(shape)
        kept = [d for d in range(len(shape)) if whole or d not in used_up] if of_result else []
        names.append(f"%shape{r}")
        if not kept:
            lines.append(f"%shape{r} = stablehlo.constant dense<> : tensor<0xi32>")
            continue
        parts, ones = ", ".join(f"%d{d}" for d in kept), ", ".join(["tensor<1xi32>"] * len(kept))
        lines.append(
            f"%shape{r} = stablehlo.concatenate {parts}, dim = 0 : ({ones}) -> "
            f"tensor<{len(kept)}xi32>"
        )
    return lines, names


_MLIR = {
    **{tf.as_dtype(f"float{n}"): f"f{n}" for n in (16, 32, 64)},
    **{tf.as_dtype(f"int{n}"): f"i{n}" for n in (8, 16, 32, 64)},
    **{tf.as_dtype(f"uint{n}"): f"ui{n}" for n in (8, 16, 32, 64)},
    tf.bfloat16: "bf16",
    tf.bool: "i1",
}


def _type(shape: tuple[int | None, ...], dtype: Any) -> str:
    lengths = "".join(f"{'?' if n is None else n}x" for n in shape)
    return f"tensor<{lengths}{_MLIR[dtype]}>"


def _attribute(x: Any) -> str:
    """In the types that the kernels expect; floating-point numbers by their bits."""
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, int):
        return f"{x} : i64"
    if isinstance(x, float):
        return f"0x{np.float64(x).view(np.uint64):016X} : f64"
    if isinstance(x, str):
        return '"' + "".join(c if c.isalnum() else f"\\{ord(c):02X}" for c in x) + '"'
    kind, array = (
        ("ui8", np.frombuffer(x, "u1")) if isinstance(x, bytes) else ("f64", np.array(x, "<f8"))
    )
    elements = f'"0x{array.tobytes().hex().upper()}"' if array.size else ""
    return f"dense<{elements}> : tensor<{array.size}x{kind}>"
