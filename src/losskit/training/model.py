"""The network, and how a loss meets it: which output it needs and how its targets are written.

One network for all losses: Dense(hidden, relu), then one output per class (or one for a quantity).
Only the activation of the output and the coding of the target follow from the loss, so that the
same initial weights can be trained with each.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

import losskit.keras
from losskit.core.definition import LABEL, LOG_PROBABILITY, LOGIT, PROBABILITY, Card, cards
from losskit.core.families import has_row_target, is_rowwise
from losskit.core.packing import packed
from losskit.training.data import Data
from losskit.training.raw import Array


def suits(card: Card, data: Data) -> str | None:
    """Why the loss cannot be trained on this data; None if it can."""
    card = packed(card)
    if card.task == "pair":
        return "it judges pairs of examples, and here each stands by itself"
    if card.task == "survival":
        return "it judges times until an event, and here there is one target alone"
    if card.task == "sequence":
        return "it judges sequences of labels, and here there is one target alone"
    low = 0.0
    if data.task == "regression":
        if card.task != "regression":
            return f"it judges classes, and {data.target!r} is a quantity"
        if is_rowwise(card):
            if has_row_target(card):
                return "it judges a distribution, and the network predicts a single number"
            return "it compares vectors, and a single number is none"
        low = float(min(data.y.min(), data.y_val.min()))
        if low < card.target.low:
            return (
                f"its target must be {card.target.words}, and {data.target!r} goes down to {low:g}"
            )
    elif has_row_target(card) and card.target is not LABEL:
        return f"it judges the distribution of a quantity, and {data.target!r} is a class"
    elif card.target.low > 0.0:
        return f"its target must be {card.target.words}, and a class is 0 for the others"
    if card.target.high == 0.0:
        return f"its target must be {card.target.words}, and a class has -inf for the others"
    for name, (_, rule) in card.rules().items():
        least = card.parameters()[name] if rule.least_target else 0.0
        if least and (data.task == "classification" or bool((np.abs(data.y) < least).any())):
            zero = "most of a one-hot target is" if data.task == "classification" else "some are"
            return f"it divides by the target, and {zero} nearer to 0 than its {name}={least:g}"
    return None


def suitable(data: Data) -> list[str]:
    """The names of the losses that can be trained on this data as they are."""
    return [card.name for card in cards() if suits(card(), data) is None]


def encode(card: Card, data: Data, y: Array) -> Array:
    """Targets as the loss wants them: labels, one-hot rows, -1 and 1, or a column of numbers."""
    if data.task == "regression":
        return y[:, None].astype(np.float32)
    if card.target is LABEL:
        return y
    hot = (y[:, None] == np.arange(len(data.classes))).astype(np.float32)
    # One against the rest, each in the coding of a two-class loss.
    return 2.0 * hot - 1.0 if card.task == "binary" and card.target.values else hot


def activation(card: Card, data: Data) -> Any:
    """The output activation whose range is what the loss accepts."""
    domain = card.prediction
    if data.task == "regression":
        return "softplus" if domain.low == 0.0 else "linear"
    if domain is LOGIT:
        return "linear"
    if domain is PROBABILITY:
        return losskit.keras.sigmoid
    if domain is LOG_PROBABILITY:
        return "log_softmax"
    if domain.high == 1.0 or card.task == "regression":
        # A regression loss on one-hot targets judges the softmax's shares.
        return losskit.keras.softmax
    return "linear"


def build(card: Card, data: Data, hidden: int, *, scale: bool) -> Any:
    """The network, untrained. It takes the data as it is: scaling is a layer of it."""
    layers: list[Any] = [keras.layers.Input(data.x.shape[1:])]
    if data.x.ndim > 2:
        layers.append(keras.layers.Flatten())
    if scale:
        layers.append(_scaling(data.x))
    layers.append(keras.layers.Dense(hidden, activation="relu", name="hidden"))
    output = activation(card, data)
    units = len(data.classes) or 1
    layers.append(keras.layers.Dense(units, activation=output, name="output"))
    if scale and data.task == "regression":
        layers.append(_unit(data.y, positive=output == "softplus"))
    return keras.Sequential(layers, name=card.name)


def _scaling(x: Array) -> Any:
    """To mean 0 and deviation 1: of all pixels together, or of each column of a table."""
    if x.ndim > 2:
        mean = float(np.mean(x, dtype=np.float64))
        deviation = float(np.std(x, dtype=np.float64)) or 1.0
        return keras.layers.Rescaling(1.0 / deviation, -mean / deviation, name="scale")
    variance = np.var(x, axis=0, dtype=np.float64)
    # A column that never varies here is only centred: it may vary elsewhere, and by very much.
    variance = np.where(variance == 0, 1.0, variance)
    centre = np.mean(x, axis=0, dtype=np.float64)
    return keras.layers.Normalization(mean=centre, variance=variance, name="scale")


def _unit(y: Array, *, positive: bool) -> Any:
    """Back to the target's unit, in which the loss is computed and errors are read."""
    mean, deviation = float(np.mean(y, dtype=np.float64)), float(np.std(y, dtype=np.float64))
    if positive:
        return keras.layers.Rescaling(mean, name="unit")
    return keras.layers.Rescaling(deviation, mean, name="unit")


def metrics(card: Card, data: Data) -> list[Any]:
    """What is read beside the loss: the same for every loss on this data."""
    if data.task == "regression":
        return [
            keras.metrics.RootMeanSquaredError(name="rmse"),
            keras.metrics.MeanAbsoluteError(name="mae"),
        ]
    if card.target is LABEL:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    # By the largest output, whatever the coding of the target.
    return [keras.metrics.CategoricalAccuracy(name="accuracy")]


def prepare(model: Any, card: Card, data: Data, learning_rate: float) -> None:
    """Give the network its loss, its optimizer and its metrics."""
    # Adam divides by the gradient's size plus epsilon; with targets far below 1 the gradient of a
    # squared error in their unit would be smaller than the usual epsilon, and nothing would move.
    spread = float(np.std(data.y, dtype=np.float64)) if data.task == "regression" else 1.0
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, epsilon=1e-7 * min(1.0, spread**2)),
        loss=losskit.keras.get(card.name, **card.parameters()),
        metrics=metrics(card, data),
    )
