"""What is counted, and what it is divided by."""

import keras
import numpy as np
import optax
import torch

import losskit
from gallery import case

DRAWN = np.random.default_rng(12)
LABELS = DRAWN.integers(1, 5, 64)
LOGITS = DRAWN.normal(size=(64, 5)).astype(np.float32)
REAL = DRAWN.normal(size=64).astype(np.float32)
GUESS = DRAWN.normal(size=64).astype(np.float32)
COLUMN, COLUMN_GUESS = REAL[:, None], GUESS[:, None]
"""As a model of Keras gives them; of one dimension it makes one item."""
Sparse = keras.losses.SparseCategoricalCrossentropy
Cross = torch.nn.CrossEntropyLoss

# --- LK501: nothing is counted

NONE = np.full(64, -1)
SOME = np.where(np.arange(64) < 40, -1, LABELS)
case(
    "LK501",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True, ignore_class=-1), NONE, LOGITS),
    near=lambda: (Sparse(from_logits=True, ignore_class=-1), SOME, LOGITS),
    says="All 64 items are left out",
)
case(
    "LK501",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (Cross(ignore_index=-1), NONE, LOGITS),
    near=lambda: (Cross(ignore_index=-1), SOME, LOGITS),
    says="All 64 items are left out",
)
case(
    "LK501",
    "losskit",
    "weights of 0",
    fault=lambda: ("mse", REAL, GUESS, {"sample_weight": np.zeros(64)}),
    near=lambda: ("mse", REAL, GUESS, {"sample_weight": np.ones(64)}),
    says="All 64 items are left out",
)

# --- LK502: a class is ignored

SHARE = int((LABELS == 2).sum())
case(
    "LK502",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True, ignore_class=2), LABELS, LOGITS),
    near=lambda: (Sparse(from_logits=True, ignore_class=0), LABELS, LOGITS),
    says=f"{SHARE} of 64 items",
)
case(
    "LK502",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (Cross(ignore_index=2), LABELS, LOGITS),
    near=lambda: (Cross(), LABELS, LOGITS),
    says=f"{SHARE} of 64 items",
)

# --- LK503: most items are ignored

FEWER = np.where(np.arange(64) < 20, -1, LABELS)
case(
    "LK503",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True, ignore_class=-1), SOME, LOGITS),
    near=lambda: (Sparse(from_logits=True, ignore_class=-1), FEWER, LOGITS),
    says="40 of 64 labels (62 %) are -1 and ignored",
)
case(
    "LK503",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (Cross(ignore_index=-1), SOME, LOGITS),
    near=lambda: (Cross(ignore_index=-1), FEWER, LOGITS),
    says="40 of 64 labels (62 %) are -1 and ignored",
)

# --- LK504: padding is counted

LENGTHS = DRAWN.integers(4, 17, 16)
WORDS = DRAWN.integers(1, 50, (16, 16))
PADDED = np.where(np.arange(16) < LENGTHS[:, None], WORDS, 0)
STATES = DRAWN.normal(size=(16, 16, 50)).astype(np.float32)
RARE = (DRAWN.random((16, 16)) < 0.05).astype(np.int64)
"""Nearly all of one class: rows end in runs of it, and are full of it."""
TOTAL = int((16 - LENGTHS).sum())
case(
    "LK504",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), PADDED, STATES),
    near=lambda: (Sparse(from_logits=True, ignore_class=0), PADDED, STATES),
    says=f"together {TOTAL} of 256 positions",
)
case(
    "LK504",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (Cross(), PADDED, np.moveaxis(STATES, -1, 1)),
    near=lambda: (Cross(), RARE, np.moveaxis(STATES, -1, 1)),
    says=f"together {TOTAL} of 256 positions",
)
case(
    "LK504",
    "optax",
    "softmax_cross_entropy_with_integer_labels",
    fault=lambda: (optax.softmax_cross_entropy_with_integer_labels, PADDED, STATES),
    near=lambda: (optax.softmax_cross_entropy_with_integer_labels, WORDS, STATES),
    says=f"together {TOTAL} of 256 positions",
)
HALF = (np.arange(64) < 16).astype(np.float32)
case(
    "LK504",
    "keras",
    "weights of 0",
    fault=lambda: (keras.losses.MeanSquaredError(), COLUMN, COLUMN_GUESS, {"sample_weight": HALF}),
    near=lambda: (
        keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        COLUMN,
        COLUMN_GUESS,
        {"sample_weight": HALF},
    ),
    says="48 of 64 weights (75 %) are 0",
)

# --- LK505: two means of weighted items

WEIGHTS = np.where(np.arange(64) < 32, 1.0, 5.0).astype(np.float32)
case(
    "LK505",
    "keras",
    "MeanSquaredError",
    fault=lambda: (
        keras.losses.MeanSquaredError(),
        COLUMN,
        COLUMN_GUESS,
        {"sample_weight": WEIGHTS},
    ),
    near=lambda: (
        keras.losses.MeanSquaredError(),
        COLUMN,
        COLUMN_GUESS,
        {"sample_weight": WEIGHTS / 3},
    ),
    says="divided by the number of items, 3 times that",
)
CLASS_WEIGHTS = torch.tensor([1.0, 4.0, 4.0, 2.0, 4.0])
case(
    "LK505",
    "torch",
    "CrossEntropyLoss(weight=...)",
    fault=lambda: (Cross(weight=CLASS_WEIGHTS), LABELS, LOGITS),
    near=lambda: (Cross(weight=torch.full((5,), 4.0)), LABELS, LOGITS),
    says="this loss divides by the sum of the weights",
)
case(
    "LK505",
    "losskit",
    "SparseCategoricalCrossentropy(class_weight=...)",
    fault=lambda: (
        losskit.SparseCategoricalCrossentropy(from_logits=True, class_weight=[1, 4, 4, 2, 4]),
        LABELS,
        LOGITS,
    ),
    near=lambda: (losskit.SparseCategoricalCrossentropy(from_logits=True), LABELS, LOGITS),
    says="this loss divides by the number of items",
)

# --- LK506: a sum instead of a mean


def total(y, p):
    return ((y - p) ** 2).sum()


def mean(y, p):
    return ((y - p) ** 2).mean()


case(
    "LK506",
    "keras",
    "MeanSquaredError",
    fault=lambda: (keras.losses.MeanSquaredError(reduction="sum"), COLUMN, COLUMN_GUESS),
    near=lambda: (keras.losses.MeanSquaredError(), COLUMN, COLUMN_GUESS),
    says="The loss of 64 samples is",
)
case(
    "LK506",
    "torch",
    "MSELoss",
    fault=lambda: (torch.nn.MSELoss(reduction="sum"), REAL, GUESS),
    near=lambda: (torch.nn.MSELoss(), REAL, GUESS),
    says="The loss of 64 samples is",
)
case(
    "LK506",
    "optax",
    "a sum of squared_error",
    fault=lambda: (lambda y, p: optax.squared_error(p, y).sum(), REAL, GUESS),
    near=lambda: (lambda y, p: optax.squared_error(p, y).mean(), REAL, GUESS),
    says="The loss of 64 samples is",
)
case(
    "LK506",
    "losskit",
    "a function of NumPy",
    fault=lambda: (total, REAL, GUESS),
    near=lambda: (mean, REAL, GUESS),
    says="The loss of 64 samples is",
)

# --- LK507: the mean of the batches is not the mean of the whole

UNEVEN = np.where((np.arange(64) >= 16) & (np.arange(64) % 8 > 0), -100, LABELS)
EVEN = np.where(np.arange(64) % 8 > 0, -100, LABELS)
DRIFT = (GUESS * np.linspace(0.1, 3, 64)).astype(np.float32)
case(
    "LK507",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (Cross(), UNEVEN, LOGITS),
    near=lambda: (Cross(), EVEN, LOGITS),
    says="the mean over 4 parts of 16 is",
)
case(
    "LK507",
    "losskit",
    "RootMeanSquaredError",
    fault=lambda: ("rmse", REAL, DRIFT),
    near=lambda: ("mse", REAL, DRIFT),
    says="the mean over 4 parts of 16 is",
)
case(
    "LK507",
    "keras",
    "MeanSquaredError with the mean of the weights",
    fault=lambda: (
        keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        REAL[:, None],
        DRIFT[:, None],
        {"sample_weight": WEIGHTS * np.linspace(0.1, 2, 64)},
    ),
    near=lambda: (
        keras.losses.MeanSquaredError(),
        REAL[:, None],
        DRIFT[:, None],
        {"sample_weight": WEIGHTS * np.linspace(0.1, 2, 64)},
    ),
    says="the mean over 4 parts of 16 is",
)

# --- LK508: weights that nobody uses

UNUSED = np.linspace(0.5, 1.5, 64).astype(np.float32)
case(
    "LK508",
    "torch",
    "MSELoss",
    fault=lambda: (torch.nn.MSELoss(), REAL, GUESS, {"sample_weight": UNUSED}),
    near=lambda: (torch.nn.MSELoss(), REAL, GUESS),
    says="A sample_weight of 64 numbers was given, but torch.nn.MSELoss takes none",
)
case(
    "LK508",
    "optax",
    "squared_error",
    fault=lambda: (optax.squared_error, REAL, GUESS, {"sample_weight": UNUSED}),
    near=lambda: (optax.squared_error, REAL, GUESS),
    says="A sample_weight of 64 numbers was given, but optax.squared_error takes none",
)
case(
    "LK508",
    "keras",
    "mean_squared_error",
    fault=lambda: (
        keras.losses.mean_squared_error,
        COLUMN,
        COLUMN_GUESS,
        {"sample_weight": UNUSED},
    ),
    near=lambda: (
        keras.losses.MeanSquaredError(),
        COLUMN,
        COLUMN_GUESS,
        {"sample_weight": UNUSED},
    ),
    says="A sample_weight of 64 numbers was given",
)

# --- LK509: weights along another axis

PICTURES = DRAWN.normal(size=(2, 3, 4, 3)).astype(np.float32)
MASKS = (PICTURES > 0).astype(np.float32)
PER_CHANNEL = torch.tensor([1.0, 2.0, 3.0])
PER_SAMPLE = torch.rand(32, generator=torch.Generator().manual_seed(0)) + 0.5
PLAIN = DRAWN.normal(size=(32, 4)).astype(np.float32)
PLAIN_MASKS = (PLAIN > 0).astype(np.float32)
PLAIN_LABELS = DRAWN.integers(0, 4, 32)
case(
    "LK509",
    "torch",
    "BCEWithLogitsLoss(pos_weight=...) of pictures",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(pos_weight=PER_CHANNEL), MASKS, PICTURES),
    near=lambda: (
        torch.nn.BCEWithLogitsLoss(pos_weight=PER_CHANNEL.reshape(-1, 1, 1)),
        MASKS,
        PICTURES,
    ),
    says="pos_weight of shape (3,) lies along the last dimension",
)
case(
    "LK509",
    "torch",
    "BCELoss(weight=...) of samples",
    fault=lambda: (torch.nn.BCELoss(weight=PER_SAMPLE), PLAIN_MASKS, 1 / (1 + np.exp(-PLAIN))),
    near=lambda: (
        torch.nn.BCELoss(weight=PER_SAMPLE.reshape(-1, 1)),
        PLAIN_MASKS,
        1 / (1 + np.exp(-PLAIN)),
    ),
    says="weight of shape (32,) does not fit predictions of shape (32, 4)",
)
case(
    "LK509",
    "torch",
    "CrossEntropyLoss(weight=...) of samples",
    fault=lambda: (torch.nn.CrossEntropyLoss(weight=PER_SAMPLE), PLAIN_LABELS, PLAIN),
    near=lambda: (torch.nn.CrossEntropyLoss(weight=PER_SAMPLE[:4]), PLAIN_LABELS, PLAIN),
    says="weight has shape (32,), but the predictions have 4 classes",
)
