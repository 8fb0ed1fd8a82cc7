"""Shapes and the order of arguments."""

from functools import partial

import keras
import numpy as np
import optax
import torch

import losskit
from gallery import case
from gallery.predictions import CHANCES, LABELS, LOGITS, LOGS, ONE_HOT, SCORES, SHARES, YES

DRAWN = np.random.default_rng(13)
TARGETS = DRAWN.normal(size=64).astype(np.float32)
COUNTS = DRAWN.poisson(3, 64).astype(np.float32)
COLUMN = SCORES[:, None]
SPREAD = np.exp(DRAWN.normal(size=64)).astype(np.float32)

Sparse = keras.losses.SparseCategoricalCrossentropy
Categorical = keras.losses.CategoricalCrossentropy
labels_of = optax.softmax_cross_entropy_with_integer_labels

# --- LK301, LK302: shapes

PAIRS = "stretched to (64, 64): 4096 items"
case(
    "LK301",
    "keras",
    "poisson",
    # Keras's loss objects squeeze; of its functions some do.
    fault=lambda: (keras.losses.poisson, COUNTS, SPREAD[:, None]),
    near=lambda: (keras.losses.Poisson(), COUNTS, SPREAD[:, None]),
    says=PAIRS,
)
case(
    "LK301",
    "keras",
    "MeanSquaredError",
    fault=lambda: (keras.losses.MeanSquaredError(), SHARES[:, None], SHARES),
    near=lambda: (keras.losses.MeanSquaredError(), TARGETS, COLUMN),
    says="stretched to (64, 64, 10): 40960 items",
)
case(
    "LK301",
    "torch",
    "MSELoss",
    fault=lambda: (torch.nn.MSELoss(), TARGETS, COLUMN),
    near=lambda: (torch.nn.MSELoss(), TARGETS[:, None], COLUMN),
    says=PAIRS,
)
case(
    "LK301",
    "torch",
    "PoissonNLLLoss",
    fault=lambda: (torch.nn.PoissonNLLLoss(), COUNTS, COLUMN),
    near=lambda: (torch.nn.PoissonNLLLoss(), COUNTS[:, None], COLUMN),
    says=PAIRS,
)
case(
    "LK301",
    "torch",
    "GaussianNLLLoss",
    fault=lambda: (torch.nn.GaussianNLLLoss(), TARGETS, (COLUMN, SPREAD[:, None])),
    near=lambda: (torch.nn.GaussianNLLLoss(), TARGETS, (SCORES, SPREAD)),
    says=PAIRS,
)
case(
    "LK301",
    "optax",
    "huber_loss",
    fault=lambda: (optax.huber_loss, TARGETS, COLUMN),
    near=lambda: (optax.huber_loss, TARGETS[:, None], COLUMN),
    says=PAIRS,
)
case(
    "LK301",
    "optax",
    "sigmoid_binary_cross_entropy",
    fault=lambda: (optax.sigmoid_binary_cross_entropy, YES, CHANCES[:, None] * 9 - 5),
    near=lambda: (optax.sigmoid_binary_cross_entropy, np.float32(1), COLUMN),
    says=PAIRS,
)
case(
    "LK302",
    "losskit",
    "mean_squared_error",
    fault=lambda: ("mean_squared_error", TARGETS, COLUMN),
    near=lambda: ("mean_squared_error", TARGETS[:, None], COLUMN),
    says="targets of shape (64,), float32 and predictions of shape (64, 1), float32: ValueError",
)
case(
    "LK302",
    "keras",
    "CategoricalCrossentropy",
    fault=lambda: (Categorical(), SHARES[:, :5], SHARES),
    near=lambda: (Categorical(), SHARES, SHARES),
    says="targets of shape (64, 5), float32",
)
case(
    "LK302",
    "torch",
    "BCEWithLogitsLoss",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(), YES, COLUMN),
    near=lambda: (torch.nn.BCEWithLogitsLoss(), YES[:, None], COLUMN),
    says="predictions of shape (64, 1), float32: ValueError: Target size",
)
case(
    "LK302",
    "optax",
    "squared_error",
    fault=lambda: (optax.squared_error, TARGETS, COLUMN),
    near=lambda: (optax.squared_error, TARGETS[:, None], COLUMN),
    says="ValueError: Shape mismatch",
)

# --- LK303, LK304: the order of arguments and of axes

case(
    "LK303",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (keras.losses.BinaryCrossentropy(), CHANCES[:, None], YES[:, None]),
    near=lambda: (keras.losses.BinaryCrossentropy(), YES[:, None], CHANCES[:, None]),
    says="All 64 predictions are 0 or 1",
)
case(
    "LK303",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LOGITS, LABELS),
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, LOGITS),
    says="predictions of shape (64,) are whole numbers from 0 to 9",
)
case(
    "LK303",
    "torch",
    "BCEWithLogitsLoss",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(), SCORES, YES),
    near=lambda: (torch.nn.BCEWithLogitsLoss(), YES, SCORES),
    says="All 64 predictions are 0 or 1",
)
case(
    "LK303",
    "optax",
    "softmax_cross_entropy",
    fault=lambda: (optax.softmax_cross_entropy, LOGITS, ONE_HOT),
    near=lambda: (optax.softmax_cross_entropy, ONE_HOT, LOGITS),
    says="All 640 predictions are 0 or 1",
)

STEPS = DRAWN.integers(0, 10, (8, 12))
SAID = (DRAWN.normal(size=(8, 12, 10)) + 2 * np.eye(10)[STEPS]).astype(np.float32)
OVER_BATCH = (np.exp(LOGITS) / np.exp(LOGITS).sum(0)).astype(np.float32)
LOG_OVER_BATCH = np.log(OVER_BATCH)
MOVED = SAID.transpose(0, 2, 1).copy()
case(
    "LK304",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), STEPS, MOVED),
    near=lambda: (Sparse(from_logits=True), STEPS, SAID),
    says="the labels' shape (8, 12) puts the classes on axis 1",
)
case(
    "LK304",
    "keras",
    "softmax over the batch",
    fault=lambda: (Sparse(), LABELS, OVER_BATCH),
    near=lambda: (Sparse(), LABELS, SHARES),
    says="sum to 1 along axis 0",
)
case(
    "LK304",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), STEPS, SAID),
    near=lambda: (torch.nn.CrossEntropyLoss(), STEPS, MOVED),
    says="labels of shape (8, 10)",
)
case(
    "LK304",
    "torch",
    "one-hot rows",
    fault=lambda: (torch.nn.CrossEntropyLoss(), np.eye(10, dtype=np.float32)[STEPS], SAID),
    near=lambda: (
        torch.nn.CrossEntropyLoss(),
        np.eye(10, dtype=np.float32)[STEPS].transpose(0, 2, 1).copy(),
        MOVED,
    ),
    says="all 96 lines of the targets of shape (8, 12, 10) sum to 1 along axis 2",
)
case(
    "LK304",
    "torch",
    "NLLLoss",
    fault=lambda: (torch.nn.NLLLoss(), LABELS, LOG_OVER_BATCH),
    near=lambda: (torch.nn.NLLLoss(), LABELS, LOGS),
    says="sum to 1 along axis 0, as exponentials",
)
case(
    "LK304",
    "optax",
    "integer labels",
    fault=lambda: (labels_of, STEPS, MOVED),
    near=lambda: (partial(labels_of, axis=1), STEPS, MOVED),
    says="the labels' shape (8, 12) puts the classes on axis 1",
)

# --- LK305: a batch read as one row

ONES = (np.arange(64) % 3 == 0).astype(np.float32)
SINGLE = np.random.default_rng(5).normal(size=64).astype(np.float32)
case(
    "LK305",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), ONES, SINGLE),
    # One sample of 64 classes.
    near=lambda: (torch.nn.CrossEntropyLoss(), np.eye(64, dtype=np.float32)[3], SINGLE),
    says="are one row of 64 classes for this loss, but the 64 targets hold 22 ones",
)
case(
    "LK305",
    "optax",
    "softmax_cross_entropy",
    fault=lambda: (optax.softmax_cross_entropy, ONES, SINGLE),
    near=lambda: (optax.softmax_cross_entropy, ONES / 22, SINGLE),
    says="but the 64 targets hold 22 ones",
)
case(
    "LK305",
    "losskit",
    "categorical_crossentropy",
    fault=lambda: (
        losskit.get("categorical_crossentropy", from_logits=True),
        np.arange(64) % 5,
        SINGLE,
    ),
    near=lambda: (losskit.get("binary_crossentropy", from_logits=True), ONES, SINGLE),
    says="but the 64 targets are labels",
)
