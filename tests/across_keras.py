"""Two replicas of `tf.distribute` on two virtual CPUs, against the whole batch on one.

    KERAS_BACKEND=tensorflow python tests/across_keras.py PART [ERROR]

PART is "some" or "all" of the cases. It prints what is wrong, and "sound" if nothing is; with an
error, "count", something is.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

import losskit.keras as lk
from losskit.keras.framework import KERAS

cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)

N, FEATURES, CLASSES = 26, 5, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, FEATURES)).astype("f4")
NUMBERS = RNG.normal(size=(N, CLASSES)).astype("f4")
LABELS = RNG.integers(0, CLASSES, N)
IGNORED = np.where(np.arange(N) < 9, -1, LABELS)
POSITIVE = RNG.uniform(0.5, 2.0, (N, 1)).astype("f4")
WEIGHTS = np.where(np.arange(N) % 8 < 5, RNG.uniform(0.2, 3.0, N), 0.0).astype("f4")
LOSSES = {
    "huber": (lk.Huber, NUMBERS),
    "labels": (
        lambda: lk.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1),
        IGNORED,
    ),
    "by weights": (lambda: lk.LogCosh(reduction="mean_with_sample_weight"), NUMBERS),
    "rmse": (lk.RootMeanSquaredError, NUMBERS),
    "cosine": (lk.CosineSimilarity, NUMBERS),
}


class OwnCount:
    """Replicas that each divide by a count of their own."""

    def __init__(self, parts):
        self._parts = parts

    def __getattr__(self, name):
        return getattr(self._parts, name)

    def count(self, own):
        return own * 2


def trained(loss, y, weights, strategy, batch):
    """Weights after a few steps of gradient descent, and the losses that `fit` shows."""
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(CLASSES)])
        model.compile(keras.optimizers.SGD(0.1), loss())
    history = model.fit(
        X, y, sample_weight=weights, batch_size=batch, epochs=2, shuffle=False, verbose=0
    )
    return model.get_weights(), history.history["loss"]


def parted(loss, y, weights, strategy, shards):
    """Value and gradient of the kernel, of parts of any length; the losses of replicas add up."""
    first = shards[0]
    pieces = [slice(first), slice(first, sum(shards))]
    kernel = np.random.default_rng(1).normal(size=(FEATURES, CLASSES)).astype("f4")

    def given(x):
        make = lambda context: tf.constant(x[pieces[context.replica_id_in_sync_group]])  # noqa: E731
        return strategy.experimental_distribute_values_from_function(make)

    @tf.function
    def step(x, y, w):
        with tf.GradientTape() as tape:
            theta = tf.constant(kernel)
            tape.watch(theta)
            value = loss(y, x @ theta, w)
        return value, tape.gradient(value, theta)

    w = np.ones(N, "f4") if weights is None else weights
    found = strategy.run(step, (given(X), given(y), given(w)))
    return [sum(x.numpy() for x in strategy.experimental_local_results(part)) for part in found]


def alone(loss, y, weights, length):
    kernel = np.random.default_rng(1).normal(size=(FEATURES, CLASSES)).astype("f4")
    with tf.GradientTape() as tape:
        theta = tf.constant(kernel)
        tape.watch(theta)
        value = loss(y[:length], X[:length] @ theta, None if weights is None else weights[:length])
    return value.numpy(), tape.gradient(value, theta).numpy()


def main(part, error=None):
    wrong, batches, shares = [], (8, 26), ((3, 23), (0, 26), (25, 1), (0, 0))
    if part == "some":
        batches, shares = (8,), ((3, 23), (0, 26))
        del LOSSES["by weights"], LOSSES["cosine"]
    if error:
        replicas = type(KERAS).replicas
        type(KERAS).replicas = lambda self: (found := replicas(self)) and OwnCount(found)
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for name, (loss, y) in LOSSES.items():
        for weights in (None, WEIGHTS)[part == "some" :]:
            for batch in batches:  # Keras's `fit` takes no batches that part unevenly
                want = trained(loss, y, weights, tf.distribute.get_strategy(), batch)
                got = trained(loss, y, weights, two, batch)
                for what, a, b in zip(
                    ("kernel", "bias", "loss"), (*got[0], got[1]), (*want[0], want[1]), strict=True
                ):
                    off = np.abs(np.subtract(a, b)).max()
                    if off > 2e-6:
                        wrong.append(f"{what} of {name}, batches of {batch}: off by {off:.2g}")
        for shards in shares:
            for weights in (None, WEIGHTS)[part == "some" :]:
                got = parted(loss(), y, weights, two, shards)
                want = alone(loss(), y, weights, sum(shards))
                for what, a, b in zip(("value", "gradient"), got, want, strict=True):
                    off = np.abs(a - b).max()
                    if not off <= 2e-6:
                        wrong.append(f"{what} of {name}, parts of {shards}: off by {off:.2g}")
    print("\n".join(wrong) or "sound")


if __name__ == "__main__":
    main(*sys.argv[1:])
