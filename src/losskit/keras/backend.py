"""What each Keras backend does in its own way, side by side.

* `activation`: a function of one tensor whose derivative is given: backward (tensor, incoming
  gradient) -> gradient, and for JAX its transpose, (tensor, tangent) -> tangent, if it is another.
* `raised`: a tensor times 2**100, of subnormal numbers too; None where a product is enough.
* `bounded`: the identity, with a gradient clipped to what the dtype can hold.
* `concrete`: the values of a tensor, where they exist already (no tracing, no device to wait for).
* `made_by`: the activation whose output a tensor is, ("softmax", axis) or ("sigmoid", 0); ("", 0)
  for another origin; None where that is not recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Tensor = Any
Function = Callable[..., Tensor]


def _tensorflow() -> tuple[Any, ...]:
    import tensorflow as tf

    def activation(
        forward: Function, backward: Function, tangent: Function | None = None
    ) -> Callable[[Tensor], Tensor]:
        @tf.custom_gradient
        def function(x: Tensor) -> Any:
            return forward(x), lambda g: backward(x, g)

        return function

    def bounded(x: Tensor, limit: float) -> Tensor:
        clip = activation(tf.identity, lambda _, g: tf.clip_by_value(g, -limit, limit))
        return clip(x)

    def raised(x: Tensor) -> Tensor:
        return activation(_raised, lambda _, g: g * 2.0**100)(x)

    def _raised(x: Tensor) -> Tensor:
        info, whole = np.finfo(x.dtype.as_numpy_dtype), x.dtype.size == 8
        kind = tf.uint64 if whole else tf.uint32
        bits = tf.bitcast(x, kind)

        def part(shift: int, length: int) -> Tensor:
            shifted = tf.bitwise.right_shift(bits, tf.constant(shift, kind))
            return tf.bitwise.bitwise_and(shifted, tf.constant((1 << length) - 1, kind))

        size = tf.cast(part(0, info.nmant), x.dtype) * 2.0 ** (100 + info.minexp - info.nmant)
        small = part(info.nmant, info.bits - 1 - info.nmant) == 0
        negative = part(info.bits - 1, 1) == 1
        return tf.where(small, tf.where(negative, -size, size), x * 2.0**100)

    def concrete(x: Tensor) -> Any:
        if not tf.executing_eagerly() or "GPU" in x.device:
            return None
        return x.numpy()

    def made_by(p: Tensor) -> tuple[str, int] | None:
        if tf.executing_eagerly():
            return None
        # For a softmax along another axis TensorFlow transposes: that is another operation.
        return {"Softmax": ("softmax", -1), "Sigmoid": ("sigmoid", 0)}.get(p.op.type, ("", 0))

    return activation, raised, bounded, concrete, made_by


def _jax() -> tuple[Any, ...]:
    import jax

    def activation(
        forward: Function, backward: Function, tangent: Function | None = None
    ) -> Callable[[Tensor], Tensor]:
        # The Jacobians of softmax and sigmoid are symmetric: one text serves both modes.
        rule = tangent or backward
        function = jax.custom_jvp(forward)
        function.defjvp(lambda xs, ts: (function(*xs), rule(*xs, *ts)))
        return function

    def bounded(x: Tensor, limit: float) -> Tensor:
        # A clip of what comes back has no forward mode; under vmap and in reverse it works.
        function = jax.custom_vjp(lambda x: x)
        function.defvjp(lambda x: (x, None), lambda _, g: (jax.numpy.clip(g, -limit, limit),))
        return function(x)

    from losskit.jax.framework import VOCABULARY

    raised = VOCABULARY.raised

    def concrete(x: Tensor) -> Any:
        if isinstance(x, jax.core.Tracer) or any(d.platform != "cpu" for d in x.devices()):
            return None
        return np.asarray(x)

    def made_by(p: Tensor) -> tuple[str, int] | None:
        return None

    return activation, raised, bounded, concrete, made_by


def _torch() -> tuple[Any, ...]:
    import torch

    class Activation(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Tensor, forward: Any, backward: Any) -> Tensor:
            return forward(x)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
            x, _, ctx.gradient = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return ctx.gradient(*ctx.saved_tensors, g), None, None

    def activation(
        forward: Function, backward: Function, tangent: Function | None = None
    ) -> Callable[[Tensor], Tensor]:
        return lambda x: Activation.apply(x, forward, backward)

    def bounded(x: Tensor, limit: float) -> Tensor:
        clip = activation(torch.clone, lambda _, g: torch.clamp(g, -limit, limit))
        return clip(x)

    def concrete(x: Tensor) -> Any:
        if torch.compiler.is_compiling() or x.device.type != "cpu":
            return None
        try:
            return x.detach().numpy()
        except RuntimeError:  # inside torch.func transforms a tensor has no storage
            return None

    def made_by(p: Tensor) -> tuple[str, int] | None:
        origin = p.grad_fn
        if origin is None:
            return ("", 0) if p.requires_grad else None  # a leaf wants a gradient of its own
        if "Copy" in origin.name():  # a cast of the output
            origin = origin.next_functions[0][0]
        if origin is None:  # a copy of a leaf
            return "", 0
        if origin.name().startswith("Softmax"):
            # torch keeps a negative dimension as an unsigned number.
            dim = origin._saved_dim % (1 << 64)
            return "softmax", dim if dim < 1 << 63 else dim - (1 << 64)
        return ("sigmoid" if origin.name().startswith("Sigmoid") else ""), 0

    return activation, None, bounded, concrete, made_by


NAME: str = keras.backend.backend()
_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
if NAME not in _BACKENDS:
    raise ImportError(
        f"losskit.keras runs on the Keras backends {', '.join(_BACKENDS)}, but the backend is "
        f"{NAME!r}. Set the environment variable KERAS_BACKEND before keras is imported."
    )


def version(x: Tensor) -> int:
    """How often the tensor was changed in place; only torch's can be."""
    return int(getattr(x, "_version", 0))


(
    activation,
    raised,
    bounded,
    concrete,
    made_by,
) = _BACKENDS[NAME]()
