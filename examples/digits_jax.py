"""A small network on handwritten digits, in JAX: one import line differs from optax's.

python examples/digits_jax.py
"""

import digits
import jax
import jax.numpy as jnp

from losskit.jax import softmax_cross_entropy_with_integer_labels


def logits(layers, x):
    (w1, b1), (w2, b2) = layers
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


@jax.jit
def step(layers, x, y, rate):
    def loss(layers):
        return softmax_cross_entropy_with_integer_labels(logits(layers, x), y).mean()

    value, gradient = jax.value_and_grad(loss)(layers)
    return jax.tree.map(lambda w, g: w - rate * g, layers, gradient), value


def train(steps=50, rate=0.5):
    """The loss before each step."""
    x, y = digits.images_and_labels()
    layers = jax.tree.map(jnp.asarray, digits.layers())
    curve = []
    for batch in digits.batches(steps):
        layers, value = step(layers, x[batch], y[batch], rate)
        curve.append(float(value))
    return curve


if __name__ == "__main__":
    for number, value in enumerate(train()):
        if number % 7 == 0:
            print(f"step {number:2d}  loss {value:.4f}")
