"""What each Keras backend does in its own way, side by side.

* `differentiable`: a function of (target, prediction, constants...) whose derivatives by the first
  two are given, not derived.
* `activation`: a function of one tensor whose derivative is given: backward (tensor, incoming
  gradient) -> gradient, and for JAX its transpose, (tensor, tangent) -> tangent, if it is another.
* `along_target`: a slope by the target times what comes in; where the slope is infinite, that is 0
  if what comes in is 0. Backwards it is `HUGE`, which the 0 of a softmax or exp takes away again.
* `raised`: a tensor times 2**100, of subnormal numbers too; None where a product is enough.
* `bounded`: the identity, with a gradient clipped to what the dtype can hold.
* `concrete`: the values of a tensor, where they exist already (no tracing, no device to wait for).
* `made_by`: the activation whose output a tensor is, ("softmax", axis) or ("sigmoid", 0); ("", 0)
  for another origin; None where that is not recorded.

Differentiating a ``where`` is what gives frameworks their NaN and dead gradients; the given
derivatives are the cards' slopes. They are written in the backend's own operations, so a derivative
of the derivative is still had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Tensor = Any
HUGE = 2.0**100
"""Finite in every dtype of a computation, and so after a few more factors."""
Function = Callable[..., Tensor]
"""value and function: (target, prediction, *constants); backward: (incoming gradient, then the
same) -> gradient; forward, a pair for JAX: (tangent, then the same) -> tangent of the value."""


def _tensorflow() -> tuple[Any, ...]:
    import tensorflow as tf

    def differentiable(
        value: Function, backward_y: Function | None, backward_p: Function, forward: Any = None
    ) -> Function:
        @tf.custom_gradient
        def function(*args: Tensor) -> Any:
            def gradient(g: Tensor) -> Any:
                # A target's gradient that nobody asks for is pruned from the graph.
                by_y = None if backward_y is None else backward_y(g, *args)
                return by_y, backward_p(g, *args), *([None] * (len(args) - 2))

            return value(*args), gradient

        return function

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

    def along_target(slope: Tensor, g: Tensor) -> Tensor:
        finite = activation(
            lambda x: tf.where(tf.math.is_inf(x), tf.sign(x) * HUGE, x), lambda _, g: g
        )
        return finite(slope) * g

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

    return differentiable, activation, along_target, raised, bounded, concrete, made_by


def _jax() -> tuple[Any, ...]:
    import jax

    def differentiable(
        value: Function, backward_y: Function | None, backward_p: Function, forward: Any
    ) -> Function:
        # The tangent rule: JAX transposes it, and so has forward and reverse mode from one text.
        forward_y, forward_p = forward
        function = jax.custom_jvp(value)

        def tangent(primals: Any, tangents: Any) -> Any:
            dy, dp, *_ = tangents
            zero = jax.custom_derivatives.SymbolicZero
            out = function(*primals)
            rate = jax.numpy.zeros_like(out)
            if not isinstance(dp, zero):
                rate = forward_p(dp, *primals)
            if backward_y is not None and not isinstance(dy, zero):
                rate = rate + forward_y(dy, *primals)
            return out, rate

        function.defjvp(tangent, symbolic_zeros=True)
        return function

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

    from losskit.jax.derivatives import VOCABULARY, along_target

    raised = VOCABULARY.raised

    def concrete(x: Tensor) -> Any:
        if isinstance(x, jax.core.Tracer) or any(d.platform != "cpu" for d in x.devices()):
            return None
        return np.asarray(x)

    def made_by(p: Tensor) -> tuple[str, int] | None:
        return None

    return differentiable, activation, along_target, raised, bounded, concrete, made_by


def _torch() -> tuple[Any, ...]:
    import torch

    class Items(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(value: Any, backward_y: Any, backward_p: Any, *args: Tensor) -> Tensor:
            return value(*args)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
            _, ctx.backward_y, ctx.backward_p, *args = inputs
            ctx.save_for_backward(*args)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            args = ctx.saved_tensors
            wants_y, wants_p = ctx.needs_input_grad[3:5]
            by_y = ctx.backward_y(g, *args) if wants_y and ctx.backward_y else None
            by_p = ctx.backward_p(g, *args) if wants_p else None
            return None, None, None, by_y, by_p, *([None] * (len(args) - 2))

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

    def differentiable(
        value: Function, backward_y: Function | None, backward_p: Function, forward: Any = None
    ) -> Function:
        return lambda *args: Items.apply(value, backward_y, backward_p, *args)

    def activation(
        forward: Function, backward: Function, tangent: Function | None = None
    ) -> Callable[[Tensor], Tensor]:
        return lambda x: Activation.apply(x, forward, backward)

    def bounded(x: Tensor, limit: float) -> Tensor:
        clip = activation(torch.clone, lambda _, g: torch.clamp(g, -limit, limit))
        return clip(x)

    def along_target(slope: Tensor, g: Tensor) -> Tensor:
        finite = activation(
            lambda x: torch.where(torch.isinf(x), torch.sign(x) * HUGE, x), lambda _, g: g
        )
        return finite(slope) * g

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

    return differentiable, activation, along_target, None, bounded, concrete, made_by


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
    differentiable,
    activation,
    along_target,
    raised,
    bounded,
    concrete,
    made_by,
) = _BACKENDS[NAME]()
