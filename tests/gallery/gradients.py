"""Gradients: dead ones, NaN, half precision, boosting objectives."""

import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch

from gallery import case

DRAWN = np.random.default_rng(11)
YES = DRAWN.integers(0, 2, 64).astype(np.float32)
SCORES = DRAWN.normal(size=64).astype(np.float32)
CHANCES = 1 / (1 + np.exp(-SCORES))
SURE = np.where(np.arange(64) < 5, 1 - YES, CHANCES).astype(np.float32)
"""The first five certain and wrong."""
LABELS = DRAWN.integers(0, 4, 64)
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
LOGITS = DRAWN.normal(size=(64, 4)).astype(np.float32)
SATURATED = np.where(np.arange(64)[:, None] < 3, np.eye(4)[(LABELS + 1) % 4] * 200, LOGITS)
SATURATED = SATURATED.astype(np.float32)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


REAL = DRAWN.normal(size=64).astype(np.float32)
GUESS = (REAL + DRAWN.normal(size=64)).astype(np.float32)
EXACT = np.where(np.arange(64) == 7, REAL, GUESS)
VECTORS = DRAWN.normal(size=(16, 3)).astype(np.float32)
OTHERS = DRAWN.normal(size=(16, 3)).astype(np.float32)
MEETING = np.where(np.arange(16)[:, None] == 5, VECTORS, OTHERS)

# --- LK401: no gradient where the loss is large


class Clipped(torch.nn.BCELoss):
    """As many write it, against infinities."""

    def forward(self, p, y):
        return super().forward(p.clamp(1e-6, 1 - 1e-6), y)


case(
    "LK401",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (keras.losses.BinaryCrossentropy(), YES[:, None], SURE[:, None]),
    near=lambda: (keras.losses.BinaryCrossentropy(), YES[:, None], CHANCES[:, None]),
    says="5 have a gradient of exactly 0",
)
case(
    "LK401",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (
        keras.losses.SparseCategoricalCrossentropy(),
        LABELS,
        softmax(SATURATED),
    ),
    # The same certainty as logits keeps its gradient.
    near=lambda: (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        LABELS,
        SATURATED,
    ),
    says="3 have a gradient of exactly 0",
)
case(
    "LK401",
    "torch",
    "a clipped BCELoss",
    fault=lambda: (Clipped(), YES, SURE),
    near=lambda: (Clipped(), YES, CHANCES),
    says="5 have a gradient of exactly 0",
)

# --- LK402: a gradient that is NaN or infinite


class Distance(torch.nn.Module):
    """A distance with a bare root."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def forward(self, p, y):
        return torch.sqrt(((p - y) ** 2).sum(-1) + self.inside).mean()


case(
    "LK402",
    "torch",
    "a root of a sum of squares",
    fault=lambda: (Distance(0.0), VECTORS, MEETING),
    near=lambda: (Distance(1e-12), VECTORS, MEETING),
    says="1 have a gradient that is NaN",
)


class KerasDistance(keras.losses.Loss):
    """The same in Keras."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def call(self, y, p):
        return keras.ops.sqrt(keras.ops.sum((p - y) ** 2, -1) + self.inside)


case(
    "LK402",
    "keras",
    "a root of a sum of squares",
    fault=lambda: (KerasDistance(0.0), VECTORS, MEETING),
    near=lambda: (KerasDistance(1e-12), VECTORS, MEETING),
    says="1 have a gradient that is NaN",
)

# --- LK403: a loss that is NaN or infinite

HOLE = np.where(np.arange(64) == 9, np.nan, GUESS).astype(np.float32)
MISSING = np.where(np.arange(64) == 4, np.nan, REAL).astype(np.float32)
for library, name, loss in (
    ("keras", "MeanSquaredError", keras.losses.MeanSquaredError()),
    ("torch", "MSELoss", torch.nn.MSELoss()),
    ("optax", "squared_error", optax.squared_error),
):
    case(
        "LK403",
        library,
        f"{name}, predictions",
        fault=lambda loss=loss: (loss, REAL, HOLE),
        near=lambda loss=loss: (loss, REAL, GUESS),
        says="1 of 64 predictions are NaN, the first at index 9",
    )
    case(
        "LK403",
        library,
        f"{name}, targets",
        fault=lambda loss=loss: (loss, MISSING, GUESS),
        near=lambda loss=loss: (loss, REAL, GUESS),
        says="1 of 64 targets are NaN, the first at index 4",
    )
RATES = np.exp(GUESS)
RULED_OUT = np.where(np.eye(4, dtype=bool)[LABELS] & (np.arange(64)[:, None] == 2), -np.inf, LOGITS)
RULED_ELSEWHERE = np.where(
    np.eye(4, dtype=bool)[(LABELS + 1) % 4] & (np.arange(64)[:, None] == 2), -np.inf, LOGITS
)
case(
    "LK403",
    "torch",
    "CrossEntropyLoss of a class ruled out",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LABELS, RULED_OUT),
    # Another class than the true one may be ruled out.
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, RULED_ELSEWHERE),
    says="1 of 64 items of the loss are infinite, the first at index 2",
)

# --- LK404: half precision overflows

FAR = (300 * GUESS).astype(np.float16)
case(
    "LK404",
    "torch",
    "MSELoss",
    fault=lambda: (torch.nn.MSELoss(), REAL.astype(np.float16), FAR),
    near=lambda: (torch.nn.MSELoss(), REAL.astype(np.float16), GUESS.astype(np.float16)),
    says="Computed in float16, which ends at 65504, the loss is not finite",
)
case(
    "LK404",
    "optax",
    "squared_error",
    fault=lambda: (optax.squared_error, REAL.astype(np.float16), FAR),
    near=lambda: (optax.squared_error, REAL.astype(np.float16), GUESS.astype(np.float16)),
    says="of 64 items are not finite",
)
case(
    "LK404",
    "keras",
    "mean_squared_error",
    fault=lambda: (keras.losses.mean_squared_error, REAL.astype(np.float16), FAR),
    # The loss object computes in float32.
    near=lambda: (keras.losses.MeanSquaredError(), REAL.astype(np.float16), FAR),
    says="Computed in float16, which ends at 65504, the loss is not finite",
)

# --- LK405: errors below the steps of half precision

YEARS = (2000 + 3 * REAL).astype(np.float32)
CLOSE = (YEARS + 0.2 * DRAWN.normal(size=64)).astype(np.float16)
for library, name, loss in (
    ("keras", "MeanSquaredError", keras.losses.MeanSquaredError()),
    ("torch", "MSELoss", torch.nn.MSELoss()),
    ("optax", "squared_error", optax.squared_error),
):
    case(
        "LK405",
        library,
        name,
        fault=lambda loss=loss: (loss, YEARS, CLOSE),
        near=lambda loss=loss: (loss, YEARS - 2000, CLOSE - np.float16(2000)),
        says="the steps of float16 are 1, and the median error is",
    )

# --- LK406: a boosting objective that contradicts itself


def squared(y, p):
    return p - y, np.ones_like(p)


def twice(y, p):
    return 2 * (p - y), np.ones_like(p)


def away(y, p):
    return y - p, np.ones_like(p)


def logistic(y, p):
    q = 1 / (1 + np.exp(-p))
    return q - y, q * (1 - q)


def logistic_of_logits(y, p):
    """The Hessian of the logits, not of their sigmoid."""
    return 1 / (1 + np.exp(-p)) - y, np.abs(p * (1 - p))


def logistic_away(y, p):
    q = 1 / (1 + np.exp(-p))
    return y - q, q * (1 - q)


def absolute(y, p):
    return np.sign(p - y), np.zeros_like(p)


def absolute_with_ones(y, p):
    return np.sign(p - y), np.ones_like(p)


for fault, near, y, says in (
    (twice, squared, REAL, "for 100 % of 64 elements: it is 0.5 times that"),
    (away, squared, REAL, "points from the target to the prediction"),
    (logistic_of_logits, logistic, YES, "elements: it is"),
    (logistic_away, logistic, YES, "points from the target to the prediction"),
    (absolute, absolute_with_ones, REAL, "The Hessian is 0 or negative for all 64 elements"),
):
    case(
        "LK406",
        "losskit",
        f"a boosting objective: {fault.__name__}",
        fault=lambda fault=fault, y=y: (fault, y, GUESS),
        near=lambda near=near, y=y: (near, y, GUESS),
        says=says,
    )

# --- LK401: of one dimension

case(
    "LK401",
    "keras",
    "BinaryCrossentropy of one dimension",
    fault=lambda: (keras.losses.BinaryCrossentropy(), YES, SURE),
    near=lambda: (keras.losses.BinaryCrossentropy(), YES, CHANCES),
    says="5 have a gradient of exactly 0",
)

# --- LK402: plain functions


def distance(inside):
    return lambda y, p: (((p - y) ** 2).sum(-1) + inside) ** 0.5


for library, kind in (("torch", torch.tensor), ("optax", jnp.asarray)):
    case(
        "LK402",
        library,
        "a function of your own: a root of a sum of squares",
        fault=lambda kind=kind: (distance(0.0), kind(VECTORS), kind(MEETING)),
        near=lambda kind=kind: (distance(1e-12), kind(VECTORS), kind(MEETING)),
        says="1 have a gradient that is NaN",
    )
