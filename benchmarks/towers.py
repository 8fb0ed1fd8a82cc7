"""Many small networks trained as one Keras model, each as it would be alone.

A network is Dense(hidden, relu) and Dense(units, activation). They are stacked: the weights of all
lie along two more axes of the same two layers, "a" for what differs in activation or in whose loss
it is (each of those is an output of the model, with a loss of its own), "t" for what differs in
seed or in the scale of the inputs (there a loss takes the mean, times its length). Nothing is
shared but the batches: layers, losses and the optimizers used here work on each network by itself,
so a NaN in one stays there. `python -m benchmarks.health alone` compares with networks that were
trained by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """Data, and how long it is trained on."""

    x: Array
    """(rows, features)"""
    y: Array
    """(rows, outputs), or (rows,) labels."""
    x_test: Array
    units: int
    epochs: int
    batch: int = 32
    hidden: int = 32


@dataclass(frozen=True)
class Output:
    """One output of the model: a network for each scale and seed."""

    activation: Any
    loss: Callable[..., Any]


@dataclass(frozen=True)
class Trained:
    """What became of an output's networks."""

    weights: list[Array]
    """Four arrays, the networks along the first axis."""
    predictions: Array
    """(networks, rows of the test data, units)"""


def train(
    problem: Problem, outputs: list[Output], optimizer: str, scales: list[float], seeds: list[int]
) -> list[Trained]:
    """Train every output's networks, one for each scale and seed (the seeds vary fastest)."""
    towers = [(scale, seed) for scale in scales for seed in seeds]
    initial = _initial(problem, [seed for _, seed in towers])
    model = _model(problem, outputs, initial)
    model.compile(
        optimizer=optimizer,
        loss=[output.loss for output in outputs],
        # The loss is the mean over the networks: each gets the gradient that it would get alone.
        loss_weights=[float(len(towers))] * len(outputs),
    )
    keras.utils.set_random_seed(0)
    factors = np.array([scale for scale, _ in towers], np.float32)[:, None]
    x, x_test = (a[:, None, :] * factors for a in (problem.x, problem.x_test))
    y = np.repeat(problem.y[:, None], len(towers), axis=1)
    model.fit(
        x, [y] * len(outputs) if len(outputs) > 1 else y,
        batch_size=problem.batch, epochs=problem.epochs, verbose=0,
    )  # fmt: skip
    weights = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    predictions = model(x_test, training=False)
    predictions = predictions if isinstance(predictions, list) else [predictions]
    return [
        Trained(
            weights=[weight[index] for weight in weights],
            predictions=keras.ops.convert_to_numpy(prediction).swapaxes(0, 1),
        )
        for index, prediction in enumerate(predictions)
    ]


def train_alone(
    problem: Problem, output: Output, optimizer: str, scale: float, seed: int
) -> Trained:
    """One of them by itself, in plain Dense layers, as anybody would write it."""
    initial = _initial(problem, [seed])
    model = keras.Sequential([
        keras.Input((problem.x.shape[1],)),
        keras.layers.Dense(problem.hidden, activation="relu"),
        keras.layers.Dense(problem.units, activation=output.activation),
    ])  # fmt: skip
    model.set_weights([weight[0] for weight in initial])
    model.compile(optimizer=optimizer, loss=output.loss)
    keras.utils.set_random_seed(0)
    factor = np.float32(scale)
    model.fit(
        problem.x * factor, problem.y,
        batch_size=problem.batch, epochs=problem.epochs, verbose=0,
    )  # fmt: skip
    predictions = model(problem.x_test * factor, training=False)
    return Trained(
        weights=[weight[None] for weight in model.get_weights()],
        predictions=keras.ops.convert_to_numpy(predictions)[None],
    )


def _initial(problem: Problem, seeds: list[int]) -> list[Array]:
    """Keras's usual initial weights (Glorot's, uniform; biases 0), by seed alone."""
    features, hidden, units = problem.x.shape[1], problem.hidden, problem.units
    shapes = [(features, hidden), (hidden, units)]
    kernels: list[list[Array]] = [[], []]
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for kernel, shape in zip(kernels, shapes, strict=True):
            limit = np.sqrt(6 / sum(shape))
            kernel.append(rng.uniform(-limit, limit, shape).astype(np.float32))
    first, second = (np.stack(kernel) for kernel in kernels)
    zeros = [np.zeros((len(seeds), size), np.float32) for size in (hidden, units)]
    return [first, zeros[0], second, zeros[1]]


def _model(problem: Problem, outputs: list[Output], initial: list[Array]) -> Any:
    count, towers = len(outputs), len(initial[0])
    x = keras.Input((towers, problem.x.shape[1]))
    hidden = keras.layers.EinsumDense(
        "bti,atio->bato", (count, towers, problem.hidden), bias_axes="ato", activation="relu"
    )
    last = keras.layers.EinsumDense(
        "bati,atio->bato", (count, towers, problem.units), bias_axes="ato"
    )
    ends = [
        keras.layers.Activation(output.activation)(z[:, 0])
        for output, z in zip(outputs, keras.ops.split(last(hidden(x)), count, axis=1), strict=True)
    ]
    model = keras.Model(x, ends if count > 1 else ends[0])
    model.set_weights([np.stack([weight] * count) for weight in initial])
    return model
