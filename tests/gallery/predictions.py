"""The space of the predictions: logits, probabilities, log-probabilities."""

from functools import partial

import keras
import numpy as np
import optax
import torch

import losskit
from gallery import case

DRAWN = np.random.default_rng(7)
LABELS = DRAWN.integers(0, 10, 64)
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]
LOGITS = (DRAWN.normal(size=(64, 10)) + 2 * ONE_HOT).astype(np.float32)
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
LOGS = np.log(SHARES)
YES = DRAWN.integers(0, 2, 64).astype(np.float32)
SCORES = (DRAWN.normal(size=64) + 2 * YES).astype(np.float32)
CHANCES = 1 / (1 + np.exp(-SCORES))
SPREAD = np.exp(DRAWN.normal(size=(64, 10)))
SPREAD = (SPREAD / SPREAD.sum(-1, keepdims=True)).astype(np.float32)

Sparse = keras.losses.SparseCategoricalCrossentropy
Binary = keras.losses.BinaryCrossentropy

# --- LK101, LK102: twice

TWICE = "ln(1 + (C - 1) / e) = 1.461 for C = 10 classes"
case(
    "LK101",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), LABELS, SHARES),
    near=lambda: (Sparse(from_logits=False), LABELS, SHARES),
    says=TWICE,
)
case(
    "LK101",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LABELS, SHARES),
    # Twice the shares lie within [0, 2]: no softmax gives that.
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, 2 * SHARES),
    says=TWICE,
)
case(
    "LK101",
    "optax",
    "softmax_cross_entropy",
    fault=lambda: (optax.softmax_cross_entropy, ONE_HOT, SHARES),
    near=lambda: (optax.softmax_cross_entropy, ONE_HOT, LOGITS),
    says=TWICE,
)

BELOW = "the loss of a negative cannot fall below ln 2 = 0.6931"
case(
    "LK102",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (Binary(from_logits=True), YES, CHANCES),
    near=lambda: (Binary(from_logits=True), YES, SCORES),
    says=BELOW,
)
case(
    "LK102",
    "torch",
    "BCEWithLogitsLoss",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(), YES, CHANCES),
    near=lambda: (torch.nn.BCELoss(), YES, CHANCES),
    says=BELOW,
)
case(
    "LK102",
    "optax",
    "sigmoid_binary_cross_entropy",
    fault=lambda: (optax.sigmoid_binary_cross_entropy, YES, CHANCES),
    # As few as these may all be positive by chance.
    near=lambda: (optax.sigmoid_binary_cross_entropy, YES[:16], CHANCES[:16]),
    says=BELOW,
)

# --- LK103, LK104: not probabilities

case(
    "LK103",
    "keras",
    "CategoricalCrossentropy",
    fault=lambda: (keras.losses.CategoricalCrossentropy(), ONE_HOT, LOGITS),
    near=lambda: (keras.losses.CategoricalCrossentropy(), ONE_HOT, SHARES),
    says=f"{int(((LOGITS < -1e-3) | (LOGITS > 1.001)).sum())} of 640 predictions",
)
case(
    "LK103",
    "torch",
    "BCELoss",
    fault=lambda: (torch.nn.BCELoss(), YES, SCORES),
    near=lambda: (torch.nn.BCELoss(), YES, CHANCES),
    says="of 64 predictions",
)
case(
    "LK103",
    "losskit",
    "binary_crossentropy",
    fault=lambda: ("binary_crossentropy", YES, SCORES),
    # Rounding beyond 1.
    near=lambda: ("binary_crossentropy", YES, np.where(CHANCES > 0.9, 1 + 1e-6, CHANCES)),
    says="of 64 predictions",
)
case(
    "LK104",
    "keras",
    "CategoricalCrossentropy",
    fault=lambda: (keras.losses.CategoricalCrossentropy(), ONE_HOT, 1 / (1 + np.exp(-LOGITS))),
    # As softmax comes in half precision.
    near=lambda: (keras.losses.CategoricalCrossentropy(), ONE_HOT, SHARES.astype(np.float16)),
    says="100 % of the rows do not sum to 1",
)
case(
    "LK104",
    "losskit",
    "kl_divergence",
    fault=lambda: ("kl_divergence", SPREAD, 0.5 * SHARES),
    near=lambda: ("kl_divergence", SPREAD, SHARES),
    says="their sums go from 0.5 to 0.5",
)

# --- LK105 to LK107: logarithms

case(
    "LK105",
    "torch",
    "NLLLoss of probabilities",
    fault=lambda: (torch.nn.NLLLoss(), LABELS, SHARES),
    near=lambda: (torch.nn.NLLLoss(), LABELS, LOGS),
    says="all 64 rows of predictions lie within [0, 1] and sum to 1",
)
case(
    "LK105",
    "torch",
    "NLLLoss of logits",
    fault=lambda: (torch.nn.NLLLoss(), LABELS, LOGITS),
    near=lambda: (torch.nn.NLLLoss(), LABELS, LOGS.astype(np.float16)),
    says=f"predictions go up to {LOGITS.max():.4g}",
)
case(
    "LK105",
    "torch",
    "KLDivLoss",
    fault=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), SPREAD, SHARES),
    near=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), SPREAD, LOGS),
    says="all 64 rows of predictions lie within [0, 1] and sum to 1",
)
case(
    "LK105",
    "optax",
    "kl_divergence",
    fault=lambda: (optax.kl_divergence, SPREAD, LOGS - 1),
    near=lambda: (optax.kl_divergence, SPREAD, LOGS),
    says="their sums go from 0.3679 to 0.3679",
)
case(
    "LK106",
    "torch",
    "KLDivLoss, its arguments swapped",
    fault=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), LOGS, SPREAD),
    near=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), SPREAD, LOGS),
    says=f"targets go down to {LOGS.min():.4g}",
)
case(
    "LK106",
    "optax",
    "kl_divergence_with_log_targets",
    fault=lambda: (optax.losses.kl_divergence_with_log_targets, SPREAD, LOGS),
    near=lambda: (optax.losses.kl_divergence_with_log_targets, np.log(SPREAD), LOGS),
    says=f"targets go up to {SPREAD.max():.4g}",
)
case(
    "LK106",
    "keras",
    "KLDivergence",
    fault=lambda: (keras.losses.KLDivergence(), np.log(SPREAD), SHARES),
    near=lambda: (keras.losses.KLDivergence(), SPREAD, SHARES),
    says=f"targets go down to {np.log(SPREAD).min():.4g}",
)
case(
    "LK107",
    "torch",
    "KLDivLoss",
    fault=lambda: (torch.nn.KLDivLoss(), SPREAD, LOGS),
    near=lambda: (torch.nn.KLDivLoss(reduction="sum"), SPREAD, LOGS),
    says="divided by 10, the number of classes",
)
case(
    "LK107",
    "torch",
    "functional.kl_div",
    fault=lambda: (torch.nn.functional.kl_div, SPREAD, LOGS),
    near=lambda: (partial(torch.nn.functional.kl_div, reduction="batchmean"), SPREAD, LOGS),
    says="all 640 elements",
)

# --- LK108 to LK110

case(
    "LK108",
    "keras",
    "CategoricalCrossentropy",
    fault=lambda: (keras.losses.CategoricalCrossentropy(), YES[:, None], np.ones((64, 1))),
    near=lambda: (Binary(), YES[:, None], CHANCES[:, None]),
    says="The predictions have one class (shape (64, 1), class axis 1)",
)
case(
    "LK108",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), YES[:, None], SCORES[:, None]),
    near=lambda: (torch.nn.BCEWithLogitsLoss(), YES[:, None], SCORES[:, None]),
    says="The predictions have one class (shape (64, 1), class axis 1)",
)
case(
    "LK108",
    "optax",
    "softmax_cross_entropy",
    fault=lambda: (optax.softmax_cross_entropy, YES[:, None], SCORES[:, None]),
    near=lambda: (optax.sigmoid_binary_cross_entropy, YES[:, None], SCORES[:, None]),
    says="The predictions have one class (shape (64, 1), class axis 1)",
)
case(
    "LK109",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (Binary(), YES, np.where(np.arange(64) < 5, 1 - YES, CHANCES)),
    # Certain and right.
    near=lambda: (Binary(), YES, np.where(np.arange(64) < 5, YES, CHANCES)),
    says="5 of 64 predictions give a probability of exactly 0",
)
case(
    "LK109",
    "torch",
    "BCELoss",
    fault=lambda: (torch.nn.BCELoss(), YES, np.where(np.arange(64) < 5, 1 - YES, CHANCES)),
    near=lambda: (torch.nn.BCELoss(), YES, CHANCES),
    says="5 of 64 predictions give a probability of exactly 0",
)
# --- LK113: a softmax under a binary cross-entropy

SIGMOIDS = 1 / (1 + np.exp(-LOGITS))
SEVERAL = np.maximum(ONE_HOT, np.roll(ONE_HOT, 1, -1))
for library, name, loss in (
    ("keras", "BinaryCrossentropy", Binary()),
    ("keras", "BinaryFocalCrossentropy", keras.losses.BinaryFocalCrossentropy()),
    ("torch", "BCELoss", torch.nn.BCELoss()),
    ("losskit", "binary_crossentropy", "binary_crossentropy"),
):
    case(
        "LK113",
        library,
        name,
        fault=lambda loss=loss: (loss, ONE_HOT, SHARES),
        near=lambda loss=loss: (loss, ONE_HOT, SIGMOIDS),
        says="Each of the 64 rows of predictions sums to 1, and each row of targets holds a single "
        "1 among 10 classes",
    )
case(
    "LK113",
    "torch",
    "BCELoss, classes second",
    fault=lambda: (
        torch.nn.BCELoss(),
        *(x.reshape(16, 2, 2, 10).transpose(0, 3, 1, 2) for x in (ONE_HOT, SHARES)),
    ),
    # Several labels are true at once: a mixture of them may sum to 1.
    near=lambda: (torch.nn.BCELoss(), SEVERAL, SHARES),
    says="sums to 1, and each row of targets holds a single 1 among 10 classes",
)
MANY = DRAWN.integers(0, 4, 512)
case(
    "LK110",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), MANY, np.zeros((512, 4), np.float32)),
    near=lambda: (Sparse(from_logits=True), MANY, 2 * np.eye(4, dtype=np.float32)[MANY]),
    says="The mean loss of 1.386 is no better",
)
case(
    "LK110",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), MANY, np.zeros((512, 4), np.float32)),
    near=lambda: (torch.nn.CrossEntropyLoss(), MANY, 2 * np.eye(4, dtype=np.float32)[MANY]),
    says="The mean loss of 1.386 is no better",
)
case(
    "LK110",
    "optax",
    "softmax_cross_entropy_with_integer_labels",
    fault=lambda: (
        optax.softmax_cross_entropy_with_integer_labels,
        MANY,
        np.zeros((512, 4), np.float32),
    ),
    near=lambda: (
        optax.softmax_cross_entropy_with_integer_labels,
        MANY,
        2 * np.eye(4, dtype=np.float32)[MANY],
    ),
    says="The mean loss of 1.386 is no better",
)

SURE = 40 * (1 - 2 * YES)
case(
    "LK111",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (Binary(), YES, 1 / (1 + np.exp(-SURE)), {"logits": SURE}),
    near=lambda: (Binary(), YES, CHANCES, {"logits": SCORES}),
    says="of the logits that they were made of",
)
case(
    "LK111",
    "torch",
    "BCELoss",
    # In float32 a logit of 18 is a probability of 1, and PyTorch's logarithm stops at -100.
    fault=lambda: (torch.nn.BCELoss(), YES, 1 / (1 + np.exp(-SURE)), {"logits": SURE}),
    near=lambda: (torch.nn.BCELoss(), YES, CHANCES, {"logits": SCORES}),
    says="and 40 of the logits",
)

# --- LK112: logits of something else

case(
    "LK112",
    "torch",
    "BCELoss",
    fault=lambda: (torch.nn.BCELoss(), YES, CHANCES, {"logits": 2 * SCORES}),
    near=lambda: (torch.nn.BCELoss(), YES, CHANCES, {"logits": SCORES}),
    says="they differ by up to",
)
case(
    "LK112",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (Binary(), YES, CHANCES, {"logits": 2 * SCORES}),
    near=lambda: (Binary(), YES, CHANCES, {"logits": SCORES}),
    says="they differ by up to",
)

# --- LK108: a softmax over one output under a binary loss

ALL_ONE = np.ones((64, 1), np.float32)
NEARLY = np.where(np.arange(64) == 5, 0.5, 1.0).astype(np.float32)[:, None]
for library, name, loss in (
    ("keras", "BinaryCrossentropy", Binary()),
    ("torch", "BCELoss", torch.nn.BCELoss()),
    ("losskit", "binary_crossentropy", "binary_crossentropy"),
):
    case(
        "LK108",
        library,
        f"{name}, a softmax over one output",
        fault=lambda loss=loss: (loss, YES[:, None], ALL_ONE),
        # A sigmoid may be certain of nearly all.
        near=lambda loss=loss: (loss, np.maximum(YES[:, None], NEARLY == 1), NEARLY),
        says="All 64 predictions are exactly 1, whatever the target",
    )
case(
    "LK108",
    "optax",
    "sigmoid_binary_cross_entropy, a softmax over one output",
    fault=lambda: (optax.sigmoid_binary_cross_entropy, YES, ALL_ONE[:, 0]),
    near=lambda: (optax.sigmoid_binary_cross_entropy, YES, SCORES),
    says="All 64 predictions are exactly 1, whatever the target",
)

# --- LK107: a sum over positions

POSITIONS, POSITION_LOGS = (x.reshape(4, 16, 10) for x in (SPREAD, LOGS))
case(
    "LK107",
    "torch",
    "KLDivLoss of sequences",
    fault=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), POSITIONS, POSITION_LOGS),
    near=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), SPREAD, LOGS),
    says="hold 64 distributions over 10 classes: the loss is 16 times their mean",
)
case(
    "LK107",
    "torch",
    "KLDivLoss of classes in dimension 1",
    fault=lambda: (
        torch.nn.KLDivLoss(reduction="batchmean", log_target=True),
        np.log(np.moveaxis(POSITIONS, 2, 1)),
        np.moveaxis(POSITION_LOGS, 2, 1),
    ),
    # One position each is one distribution each.
    near=lambda: (
        torch.nn.KLDivLoss(reduction="batchmean", log_target=True),
        np.log(SPREAD)[:, None],
        LOGS[:, None],
    ),
    says="hold 64 distributions over 10 classes: the loss is 16 times their mean",
)

# --- LK114: rates and their logarithms

RATE = np.exp(1 + DRAWN.normal(size=64)).astype(np.float32)
COUNT = DRAWN.poisson(RATE).astype(np.float32)
LOG_RATE = np.log(RATE)
LARGE = np.exp(3 + 0.5 * DRAWN.normal(size=64)).astype(np.float32)
LARGE_COUNT = DRAWN.poisson(LARGE).astype(np.float32)
for library, name, rates, logs in (
    ("keras", "Poisson", keras.losses.Poisson(), None),
    (
        "torch",
        "PoissonNLLLoss",
        torch.nn.PoissonNLLLoss(log_input=False),
        torch.nn.PoissonNLLLoss(),
    ),
    ("losskit", "poisson", "poisson", losskit.Poisson(log_input=True)),
):
    case(
        "LK114",
        library,
        f"{name} of logarithms",
        fault=lambda loss=rates: (loss, COUNT, LOG_RATE),
        near=lambda loss=rates: (loss, COUNT, RATE),
        says=f"{int((LOG_RATE < 0).sum())} of 64 predictions",
    )
    case(
        "LK114",
        library,
        f"{name} of logarithms of large rates",
        fault=lambda loss=rates: (loss, LARGE_COUNT, np.log(LARGE)),
        # What a model gives that knows nothing yet.
        near=lambda loss=rates: (loss, LARGE_COUNT, np.log1p(np.exp(SCORES))),
        says="and as rates they are worse than that mean: they look like logarithms of rates",
    )
    if logs is not None:
        case(
            "LK114",
            library,
            f"{name}(log_input=True) of rates",
            fault=lambda loss=logs: (loss, COUNT, RATE),
            near=lambda loss=logs: (loss, COUNT, LOG_RATE),
            says="as logarithms of rates they are worse than that mean: they look like rates",
        )

# --- LK115: class numbers

GUESSES = LOGITS.argmax(-1)
for library, name, loss, near in (
    ("keras", "SparseCategoricalCrossentropy", Sparse(), SHARES),
    ("torch", "CrossEntropyLoss", torch.nn.CrossEntropyLoss(), LOGITS),
    ("losskit", "sparse_categorical_crossentropy", "sparse_categorical_crossentropy", SHARES),
):
    case(
        "LK115",
        library,
        f"{name} of an argmax",
        fault=lambda loss=loss: (loss, LABELS, GUESSES),
        near=lambda loss=loss, near=near: (loss, LABELS, near),
        says="64 predictions of shape (64,) are int64 from 0 to 9: they look like an argmax",
    )
case(
    "LK115",
    "losskit",
    "binary_crossentropy of decisions",
    fault=lambda: ("binary_crossentropy", YES, (CHANCES > 0.5).astype(int)),
    near=lambda: ("binary_crossentropy", YES, CHANCES),
    says="are int64 from 0 to 1: they look like decisions",
)
case(
    "LK115",
    "optax",
    "integer labels, of an argmax as floating-point numbers",
    fault=lambda: (
        optax.softmax_cross_entropy_with_integer_labels,
        LABELS,
        GUESSES.astype(np.float32),
    ),
    near=lambda: (optax.softmax_cross_entropy_with_integer_labels, LABELS, LOGITS),
    says="64 predictions of shape (64,) are whole numbers from 0 to 9: they look like an argmax",
)
