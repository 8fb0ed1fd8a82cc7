"""The targets: labels, rows, signs."""

from functools import partial

import keras
import numpy as np
import optax
import torch

from gallery import case
from gallery.predictions import CHANCES, LABELS, LOGITS, LOGS, ONE_HOT, SCORES, SHARES, YES

DRAWN = np.random.default_rng(11)
INT_ROWS = ONE_HOT.astype(np.int64)
SIGNS = 2 * YES - 1

Sparse = keras.losses.SparseCategoricalCrossentropy
Categorical = keras.losses.CategoricalCrossentropy
Binary = keras.losses.BinaryCrossentropy
labels_of = optax.softmax_cross_entropy_with_integer_labels


def changed(y: np.ndarray, value: float, at: int = 3) -> np.ndarray:
    """With one other value."""
    y = y.astype(np.result_type(y, type(value)))
    y[at] = value
    return y


# --- LK201, LK202: labels or rows

ROWS = "are 64 one-hot rows over 10 classes"
case(
    "LK201",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(), ONE_HOT, SHARES),
    near=lambda: (Sparse(), LABELS[:, None], SHARES),
    says=ROWS,
)
case(
    "LK201",
    "torch",
    "NLLLoss",
    fault=lambda: (torch.nn.NLLLoss(), INT_ROWS, LOGS),
    near=lambda: (torch.nn.NLLLoss(), LABELS, LOGS),
    says=ROWS,
)
case(
    "LK201",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), torch.tensor(INT_ROWS), torch.tensor(LOGITS)),
    # As floating-point numbers they are probabilities.
    near=lambda: (torch.nn.CrossEntropyLoss(), torch.tensor(ONE_HOT), torch.tensor(LOGITS)),
    says="dtype int64 are 64 one-hot rows over 10 classes",
)
case(
    "LK201",
    "optax",
    "integer labels",
    fault=lambda: (labels_of, INT_ROWS, LOGITS),
    near=lambda: (optax.softmax_cross_entropy, INT_ROWS, LOGITS),
    says=ROWS,
)
case(
    "LK202",
    "keras",
    "CategoricalCrossentropy",
    fault=lambda: (Categorical(), LABELS[:, None], SHARES),
    near=lambda: (Categorical(), ONE_HOT, SHARES),
    says="targets of shape (64, 1) are integers from 0 to 9",
)
case(
    "LK202",
    "torch",
    "KLDivLoss",
    fault=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), LABELS[:, None], LOGS),
    near=lambda: (torch.nn.KLDivLoss(reduction="batchmean"), ONE_HOT, LOGS),
    says="targets of shape (64, 1) are integers from 0 to 9",
)
case(
    "LK202",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LABELS[:, None], LOGITS),
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, LOGITS),
    says="targets of shape (64, 1) are integers from 0 to 9",
)
case(
    "LK202",
    "optax",
    "as many rows as classes",
    fault=lambda: (optax.softmax_cross_entropy, LABELS[:10], LOGITS[:10]),
    near=lambda: (optax.softmax_cross_entropy, ONE_HOT[:10], LOGITS[:10]),
    says="one row over the 10 classes",
)

# --- LK203, LK204, LK205: which labels

case(
    "LK203",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), changed(LABELS, -1), LOGITS),
    near=lambda: (Sparse(from_logits=True, ignore_class=-1), changed(LABELS, -1), LOGITS),
    says="the first is -1 at index 3",
)
case(
    "LK203",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), changed(LABELS, -1), LOGITS),
    near=lambda: (torch.nn.CrossEntropyLoss(), changed(LABELS, -100), LOGITS),
    says="1 of 64 labels (2 %) lie outside of 0 to 9",
)
case(
    "LK203",
    "optax",
    "-1 is the last class",
    fault=lambda: (labels_of, changed(LABELS, -1), LOGITS),
    near=lambda: (
        *(labels_of, changed(LABELS, -1), LOGITS),
        {"sample_weight": changed(np.ones(64), 0.0)},
    ),
    says="the first is -1 at index 3, which silently means the last class, 9",
)
case(
    "LK203",
    "optax",
    "too large",
    fault=lambda: (labels_of, changed(LABELS, 12), LOGITS),
    near=lambda: (labels_of, changed(LABELS, 9), LOGITS),
    says="the first is 12 at index 3, whose loss is NaN",
)
for library, loss in (
    ("keras", Sparse(from_logits=True)),
    ("torch", torch.nn.CrossEntropyLoss()),
    ("optax", labels_of),
):
    case(
        "LK204",
        library,
        "numbered from 1",
        fault=lambda loss=loss: (loss, LABELS + 1, LOGITS),
        near=lambda loss=loss: (loss, LABELS, LOGITS),
        says="Labels go from 1 to 10, but 10 classes are numbered from 0 to 9",
    )
case(
    "LK204",
    "keras",
    "an output for no class",
    fault=lambda: (Sparse(from_logits=True), np.tile(LABELS % 9 + 1, 4), np.tile(LOGITS, (4, 1))),
    near=lambda: (Sparse(from_logits=True), np.tile(LABELS % 9, 4), np.tile(LOGITS, (4, 1))),
    says="Among 256 labels none is 0: they go from 1 to 9",
)
case(
    "LK205",
    "keras",
    "SparseCategoricalCrossentropy",
    fault=lambda: (Sparse(from_logits=True), changed(LABELS, 1.9), LOGITS),
    near=lambda: (Sparse(from_logits=True), LABELS.astype(np.float32), LOGITS),
    says="the first is 1.9 at index 3, which Keras reads as 1",
)
case(
    "LK205",
    "torch",
    "CrossEntropyLoss",
    fault=lambda: (torch.nn.CrossEntropyLoss(), changed(LABELS, 1.9), LOGITS),
    near=lambda: (torch.nn.CrossEntropyLoss(), LABELS, LOGITS),
    says="1 of 64 labels (2 %) are no whole numbers",
)
case(
    "LK205",
    "optax",
    "integer labels",
    fault=lambda: (labels_of, changed(LABELS, 1.9), LOGITS),
    near=lambda: (labels_of, LABELS, LOGITS),
    says="the first is 1.9 at index 3",
)

# --- LK206: one probability per element

PIXELS = DRAWN.integers(0, 256, 64).astype(np.float32)
PIXELS[0] = 255
case(
    "LK206",
    "keras",
    "BinaryCrossentropy",
    fault=lambda: (Binary(), PIXELS[:, None], CHANCES[:, None]),
    near=lambda: (Binary(), PIXELS[:, None] / 255, CHANCES[:, None]),
    says="to 255: they look like an image that is not scaled",
)
case(
    "LK206",
    "torch",
    "BCEWithLogitsLoss",
    fault=lambda: (torch.nn.BCEWithLogitsLoss(), SIGNS, SCORES),
    near=lambda: (torch.nn.BCEWithLogitsLoss(), YES, SCORES),
    says="from -1 to 1: they look like signs",
)
case(
    "LK206",
    "optax",
    "sigmoid_binary_cross_entropy",
    fault=lambda: (optax.sigmoid_binary_cross_entropy, LABELS.astype(np.float32), SCORES),
    near=lambda: (optax.sigmoid_binary_cross_entropy, YES, SCORES),
    says="from 0 to 9: they look like class labels or counts",
)

# --- LK207, LK208: signs

case(
    "LK207",
    "torch",
    "SoftMarginLoss",
    fault=lambda: (torch.nn.SoftMarginLoss(), YES, SCORES),
    near=lambda: (torch.nn.SoftMarginLoss(), SIGNS, SCORES),
    says="the loss of a 0 is 0.6931",
)
case(
    "LK207",
    "torch",
    "HingeEmbeddingLoss",
    fault=lambda: (torch.nn.HingeEmbeddingLoss(), YES, np.abs(SCORES)),
    near=lambda: (torch.nn.HingeEmbeddingLoss(), SIGNS, np.abs(SCORES)),
    says=f"{int((YES == 0).sum())} of 64 targets",
)
case(
    "LK207",
    "torch",
    "MarginRankingLoss",
    fault=lambda: (torch.nn.MarginRankingLoss(margin=0.5), YES, (SCORES, SCORES[::-1])),
    near=lambda: (torch.nn.MarginRankingLoss(margin=0.5), SIGNS, (SCORES, SCORES[::-1])),
    says=f"{int((YES == 0).sum())} of 64 targets",
)
case(
    "LK207",
    "torch",
    "CosineEmbeddingLoss",
    fault=lambda: (torch.nn.CosineEmbeddingLoss(), YES, (LOGITS, ONE_HOT)),
    near=lambda: (torch.nn.CosineEmbeddingLoss(), SIGNS, (LOGITS, ONE_HOT)),
    says="the loss of a 0 is 0",
)
for name, loss in (
    ("hinge_loss", optax.losses.hinge_loss),
    ("perceptron_loss", optax.losses.perceptron_loss),
):
    case(
        "LK207",
        "optax",
        name,
        fault=lambda loss=loss: (loss, YES, SCORES),
        near=lambda loss=loss: (loss, SIGNS, SCORES),
        says=f"{int((YES == 0).sum())} of 64 targets",
    )
case(
    "LK208",
    "keras",
    "Hinge",
    fault=lambda: (keras.losses.Hinge(), YES[:, None] + 1, SCORES[:, None]),
    # Keras reads 0 as -1.
    near=lambda: (keras.losses.Hinge(), YES[:, None], SCORES[:, None]),
    says="34 of 64 targets (53 %) are neither: 2.",
)
case(
    "LK208",
    "torch",
    "SoftMarginLoss",
    fault=lambda: (torch.nn.SoftMarginLoss(), changed(SIGNS, 2.0), SCORES),
    near=lambda: (torch.nn.SoftMarginLoss(), SIGNS, SCORES),
    says="1 of 64 targets (2 %) are neither",
)
case(
    "LK208",
    "optax",
    "hinge_loss",
    fault=lambda: (optax.losses.hinge_loss, changed(SIGNS, 2.0), SCORES),
    near=lambda: (optax.losses.hinge_loss, SIGNS, SCORES),
    says="1 of 64 targets (2 %) are neither",
)

# --- LK209, LK210: rows

SEVERAL = np.maximum(ONE_HOT, ONE_HOT[::-1])
SOME = int((SEVERAL.sum(-1) > 1).sum())
BARE = ONE_HOT * (np.arange(64) >= 8)[:, None]
SOFT = np.exp(DRAWN.normal(size=(64, 10)))
SOFT = (SOFT / SOFT.sum(-1, keepdims=True)).astype(np.float32)
for library, loss in (
    ("keras", Categorical(from_logits=True)),
    ("torch", torch.nn.CrossEntropyLoss()),
    ("optax", optax.softmax_cross_entropy),
):
    case(
        "LK209",
        library,
        "several labels",
        fault=lambda loss=loss: (loss, SEVERAL, LOGITS),
        near=lambda loss=loss: (loss, SEVERAL / SEVERAL.sum(-1, keepdims=True), LOGITS),
        says=f"{SOME} of 64 rows of targets",
    )
    case(
        "LK209",
        library,
        "no label",
        fault=lambda loss=loss: (loss, BARE, LOGITS),
        near=lambda loss=loss: (loss, BARE[8:], LOGITS[8:]),
        says="8 of 64 rows of targets (12 %) hold no label",
    )
    case(
        "LK210",
        library,
        "smoothed by a wrong formula",
        fault=lambda loss=loss: (loss, 0.9 * ONE_HOT + 0.1, LOGITS),
        near=lambda loss=loss: (loss, 0.9 * ONE_HOT + 0.1 * SOFT, LOGITS),
        says="their sums go from 1.9 to 1.9",
    )

# --- LK211, LK212

for library, loss in (
    ("keras", keras.losses.MeanSquaredError()),
    ("torch", torch.nn.MSELoss()),
    ("optax", optax.squared_error),
):
    case(
        "LK211",
        library,
        "one-hot rows",
        fault=lambda loss=loss: (loss, ONE_HOT, SHARES),
        near=lambda loss=loss: (loss, SOFT, SHARES),
        says="All 64 rows of targets are one-hot over 10 classes",
    )
    case(
        "LK211",
        library,
        "class numbers",
        fault=lambda loss=loss: (loss, LABELS, SCORES),
        near=lambda loss=loss: (loss, SCORES[::-1].copy(), SCORES),
        says="All 64 targets are one of 10 whole numbers, from 0 to 9",
    )

TEXT = DRAWN.integers(0, 20, (8, 17))
HEARD = (DRAWN.normal(size=(8, 15, 20)) + 6 * np.eye(20)[TEXT[:, 1:-1]]).astype(np.float32)
ONCE, TWICE = TEXT[:, 1:-1], TEXT[:, 2:]
for library, loss, said in (
    ("keras", Sparse(from_logits=True), HEARD),
    ("torch", torch.nn.CrossEntropyLoss(), HEARD.transpose(0, 2, 1).copy()),
    ("optax", partial(labels_of, axis=-1), HEARD),
):
    case(
        "LK212",
        library,
        "the token after the next",
        fault=lambda loss=loss, said=said: (loss, TWICE, said),
        near=lambda loss=loss, said=said: (loss, ONCE, said),
        says="Of 112 predictions",
    )

# --- LK205: quantities and distributions for a loss of labels

AMOUNTS = DRAWN.normal(size=64).astype(np.float32)
for library, name, loss, p in (
    ("keras", "SparseCategoricalCrossentropy", Sparse(from_logits=True), LOGITS),
    ("losskit", "sparse_categorical_crossentropy", "sparse_categorical_crossentropy", SHARES),
    ("optax", "integer labels", labels_of, LOGITS),
):
    case(
        "LK205",
        library,
        f"{name}, quantities",
        fault=lambda loss=loss: (loss, AMOUNTS, SCORES[:, None]),
        near=lambda loss=loss, p=p: (loss, LABELS, p),
        says="64 of 64 labels (100 %) are no whole numbers",
    )
    case(
        "LK205",
        library,
        f"{name}, distributions",
        fault=lambda loss=loss, p=p: (loss, SHARES, p),
        near=lambda loss=loss, p=p: (loss, LABELS, p),
        says="targets of shape (64, 10) are 64 distributions over 10 classes",
    )
case(
    "LK210",
    "torch",
    "CrossEntropyLoss of quantities",
    fault=lambda: (torch.nn.CrossEntropyLoss(), LOGITS - LOGITS.mean(), LOGITS),
    near=lambda: (torch.nn.CrossEntropyLoss(), SHARES, LOGITS),
    says=f"{int((LOGITS - LOGITS.mean() < 0).sum())} of 640 targets",
)

# --- LK213: targets below 0

AMOUNT = np.abs(DRAWN.normal(size=64)).astype(np.float32)
BELOW = changed(changed(AMOUNT, -5.0), -0.5, at=7)
RATE = np.exp(SCORES)
for library, name, loss in (
    ("keras", "MeanSquaredLogarithmicError", keras.losses.MeanSquaredLogarithmicError()),
    ("keras", "Poisson", keras.losses.Poisson()),
    ("torch", "PoissonNLLLoss", torch.nn.PoissonNLLLoss(log_input=False)),
    ("losskit", "mean_squared_logarithmic_error", "mean_squared_logarithmic_error"),
    ("losskit", "poisson", "poisson"),
):
    case(
        "LK213",
        library,
        name,
        fault=lambda loss=loss: (loss, BELOW, RATE),
        near=lambda loss=loss: (loss, changed(AMOUNT, 0.0), RATE),
        says="2 of 64 (3 %) are below it, down to -5",
    )

# --- LK214: targets of 0 for a relative error

SALES = (100 + 10 * DRAWN.normal(size=64)).astype(np.float32)
CLOSED = changed(changed(SALES, 0.0), 0.0, at=9)
for library, name, loss in (
    ("keras", "MeanAbsolutePercentageError", keras.losses.MeanAbsolutePercentageError()),
    ("losskit", "mean_absolute_percentage_error", "mean_absolute_percentage_error"),
):
    case(
        "LK214",
        library,
        name,
        fault=lambda loss=loss: (loss, CLOSED[:, None], SALES[::-1, None].copy()),
        near=lambda loss=loss: (
            loss,
            CLOSED[:, None],
            SALES[::-1, None].copy(),
            {"sample_weight": (CLOSED != 0).astype(np.float32)},
        ),
        says="2 of 64 targets (3 %) are 0: their errors are divided by 1e-07",
    )

# --- LK215: rows for a loss of lists

LISTS = np.full((64, 10), -1)
LISTS[:, 0] = LABELS
for name, loss in (
    ("MultiLabelMarginLoss", torch.nn.MultiLabelMarginLoss()),
    ("functional.multilabel_margin_loss", torch.nn.functional.multilabel_margin_loss),
):
    case(
        "LK215",
        "torch",
        name,
        fault=lambda loss=loss: (loss, INT_ROWS, LOGITS),
        near=lambda loss=loss: (loss, LISTS, LOGITS),
        says="all 64 rows of targets of shape (64, 10) hold 0 and 1 only",
    )
