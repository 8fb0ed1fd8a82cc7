"""Values and gradients on whichever backend runs: the one place where the tests differ by it."""

import keras
import numpy as np

BACKEND = keras.backend.backend()


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def tensor(x):
    return keras.ops.convert_to_tensor(x)


def value_and_gradients(function, *arrays):
    """(value, gradient with respect to each array) of a scalar function of tensors."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        inputs = [tf.constant(a) for a in arrays]
        with tf.GradientTape() as tape:
            for x in inputs:
                tape.watch(x)
            value = function(*inputs)
        gradients = tape.gradient(value, inputs)
    elif BACKEND == "jax":
        import jax

        inputs = [jax.numpy.asarray(a) for a in arrays]
        both = jax.jit(jax.value_and_grad(function, argnums=tuple(range(len(inputs)))))
        value, gradients = both(*inputs)
    else:
        import torch

        inputs = [torch.tensor(a, requires_grad=True) for a in arrays]
        value = function(*inputs)
        gradients = torch.autograd.grad(value, inputs, allow_unused=True)
    return numpy(value), [None if g is None else numpy(g) for g in gradients]


def items_and_slope(function, y, p, upstream, jit=True, graph=""):
    """What a function of two tensors gives, and the derivative by the second under `upstream`.

    On JAX in one program, if not told otherwise: operation by operation takes longer to compile. On
    TensorFlow in a graph if that is asked for: "closed" of known lengths, "open" of any batch,
    "xla" compiled as a whole.
    """
    if BACKEND == "tensorflow":
        import tensorflow as tf

        def both(y, p, upstream):
            with tf.GradientTape() as tape:
                tape.watch(p)
                items = function(y, p)
            return items, tape.gradient(items, p, tf.cast(upstream, items.dtype))

        given = [tf.constant(x) for x in (y, p, upstream)]
        if graph:
            kinds = [tf.TensorSpec((None, *x.shape[1:]) if x.ndim else (), x.dtype) for x in given]
            both = tf.function(
                both,
                input_signature=kinds if graph == "open" else None,
                jit_compile=graph == "xla" or None,
            )
        items, slope = both(*given)
    elif BACKEND == "jax":
        import jax

        def both(y, p, upstream):
            items, pull = jax.vjp(lambda p: function(y, p), p)
            return items, pull(upstream.astype(items.dtype))[0]

        both = jax.jit(both) if jit else both
        items, slope = both(*map(jax.numpy.asarray, (y, p, upstream)))
    else:
        import torch

        p = torch.tensor(p, requires_grad=True)
        items = function(torch.tensor(y), p)
        (slope,) = torch.autograd.grad(items, p, torch.tensor(upstream, dtype=items.dtype))
    return numpy(items), numpy(slope)


def gradient(function, array):
    return value_and_gradients(function, array)[1][0]


def second_derivatives(function, array):
    """Gradient of the sum of the gradient."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x = tf.constant(array)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = function(x)
            total = tf.reduce_sum(inner.gradient(value, x))
        return numpy(outer.gradient(total, x))
    if BACKEND == "jax":
        import jax

        twice = jax.jit(jax.grad(lambda x: jax.grad(function)(x).sum()))
        return numpy(twice(jax.numpy.asarray(array)))
    import torch

    x = torch.tensor(array, requires_grad=True)
    (first,) = torch.autograd.grad(function(x), x, create_graph=True)
    if not first.requires_grad:  # a constant slope
        return np.zeros_like(array)
    return numpy(torch.autograd.grad(first.sum(), x)[0])


def compiled(function):
    """The function under the backend's compiler."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    import torch

    # Of what the tests before have compiled it keeps so many programs that it makes no more.
    torch.compiler.reset()
    return torch.compile(function, backend="aot_eager")
