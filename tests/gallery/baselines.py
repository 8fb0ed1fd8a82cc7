"""The size of the loss: against its baselines, and the scale of targets."""

import keras
import numpy as np
import optax
import torch

import losskit
from gallery import case

DRAWN = np.random.default_rng(13)
LABELS = DRAWN.integers(0, 10, 128)
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]
LOGITS = DRAWN.normal(size=(128, 10)).astype(np.float32)
YES = DRAWN.integers(0, 2, 128).astype(np.float32)
SCORES = DRAWN.normal(size=128).astype(np.float32)
REAL = DRAWN.normal(size=128).astype(np.float32)
GUESS = (0.1 * DRAWN.normal(size=128)).astype(np.float32)
Sparse = keras.losses.SparseCategoricalCrossentropy
Squared = (
    ("keras", "MeanSquaredError", keras.losses.MeanSquaredError()),
    ("torch", "MSELoss", torch.nn.MSELoss()),
    ("optax", "squared_error", optax.squared_error),
)

# --- LK601: a loss far above guessing: logits of pixels up to 255

GUESSING = "guessing all 10 classes alike gives 2.303"
case(
    "LK601",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), LABELS, 8 * LOGITS),
    near=lambda: (Sparse(from_logits=True), LABELS, LOGITS),
    says=GUESSING,
)
case(
    "LK601",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LABELS, 8 * LOGITS),
    # As large, but right: the loss is small.
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, 8 * LOGITS + 60 * ONE_HOT),
    says=GUESSING,
)
case(
    "LK601",
    "optax",
    "softmax_cross_entropy",
    fault=lambda: (optax.softmax_cross_entropy, ONE_HOT, 8 * LOGITS),
    near=lambda: (optax.softmax_cross_entropy, ONE_HOT, LOGITS),
    says=GUESSING,
)
case(
    "LK601",
    "torch",
    "BCEWithLogitsLoss",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(), YES, 12 * SCORES),
    near=lambda: (torch.nn.BCEWithLogitsLoss(), YES, SCORES),
    says="answering 1/2 gives 0.6931",
)
for library, name, loss in Squared:
    case(
        "LK601",
        library,
        name,
        fault=lambda loss=loss: (loss, REAL, 100 * GUESS),
        near=lambda loss=loss: (loss, REAL, GUESS),
        says=f"gives {float(np.var(REAL, dtype=np.float64)):.4g}",
    )

case(
    "LK601",
    "losskit",
    "MeanAbsoluteError",
    fault=lambda: (losskit.MeanAbsoluteError(), 3 + REAL, 300 * GUESS),
    near=lambda: (losskit.MeanAbsoluteError(), 3 + REAL, 30 * GUESS),
    says=f"always predicting {3 + float(np.median(REAL)):.4g} gives "
    f"{float(np.mean(np.abs(REAL - np.median(REAL)))):.4g}",
)
case(
    "LK601",
    "keras",
    "BinaryFocalCrossentropy",
    fault=lambda: (keras.losses.BinaryFocalCrossentropy(from_logits=True), YES, 12 * SCORES),
    near=lambda: (keras.losses.BinaryFocalCrossentropy(from_logits=True), YES, SCORES),
    says="answering 1/2 gives 0.1733",
)

# --- LK602: targets that are not scaled

PRICES = (3e5 + 1e5 * REAL).astype(np.float32)
for library, name, loss in Squared:
    case(
        "LK602",
        library,
        name,
        fault=lambda loss=loss: (loss, PRICES, GUESS),
        near=lambda loss=loss: (loss, (PRICES - 3e5) / 1e5, GUESS),
        says=f"a standard deviation of {float(np.std(PRICES, dtype=np.float64)):.4g}, and no",
    )

# --- LK603: a delta far from the errors

for library, name, make in (
    ("keras", "Huber", keras.losses.Huber),
    ("torch", "HuberLoss", torch.nn.HuberLoss),
    ("losskit", "Huber", losskit.Huber),
):
    case(
        "LK603",
        library,
        f"{name}, errors beyond delta",
        fault=lambda make=make: (make(delta=1.0), 1000 * REAL, 1000 * REAL + 50 + GUESS),
        near=lambda make=make: (make(delta=1.0), REAL, GUESS),
        says="100 % of 128 errors are larger than delta=1",
    )
    case(
        "LK603",
        library,
        f"{name}, errors far below delta",
        fault=lambda make=make: (make(delta=1000.0), REAL, GUESS),
        near=lambda make=make: (make(delta=1.0), REAL, GUESS),
        says="All 128 errors are below",
    )

# --- LK604: weights of classes the wrong way round

SICK = (np.arange(128) % 8 == 0).astype(np.float32)
RARE = np.where(np.arange(128) % 8 == 0, 1, np.where(np.arange(128) % 4 == 1, 2, 0))
COUNTS = np.bincount(RARE).astype(np.float32)
case(
    "LK604",
    "torch",
    "BCEWithLogitsLoss(pos_weight=...)",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1 / 7])), SICK, SCORES),
    near=lambda: (torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([7.0])), SICK, SCORES),
    says="16 positives and 112 negatives",
)
case(
    "LK604",
    "torch",
    "CrossEntropyLoss(weight=...)",
    fault=lambda: (torch.nn.CrossEntropyLoss(torch.tensor(COUNTS / 128)), RARE, LOGITS[:, :3]),
    near=lambda: (torch.nn.CrossEntropyLoss(torch.tensor(43 / COUNTS)), RARE, LOGITS[:, :3]),
    says="class 0 with 80 labels weighs 0.625, class 1 with 16 weighs 0.125",
)
case(
    "LK604",
    "losskit",
    "SparseCategoricalCrossentropy(class_weight=...)",
    fault=lambda: (
        losskit.SparseCategoricalCrossentropy(from_logits=True, class_weight=list(COUNTS / 128)),
        RARE,
        LOGITS[:, :3],
    ),
    near=lambda: (
        losskit.SparseCategoricalCrossentropy(from_logits=True, class_weight=list(43 / COUNTS)),
        RARE,
        LOGITS[:, :3],
    ),
    says="class 0 with 80 labels weighs 0.625, class 1 with 16 weighs 0.125",
)
