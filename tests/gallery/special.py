"""Losses with rules of their own: CTC, angles between vectors, contrastive losses."""

from functools import partial

import keras
import numpy as np
import optax
import torch

import losskit
import losskit.torch
from gallery import case

DRAWN = np.random.default_rng(14)
FRAMES, BATCH, CLASSES = 6, 4, 5
SCORES = DRAWN.normal(size=(BATCH, FRAMES, CLASSES)).astype(np.float32)
LOGS = SCORES - np.log(np.exp(SCORES).sum(-1, keepdims=True))
SPELLED = np.array([[1, 2, 3, 4], [1, 2, 1, 2], [3, 4, 0, 0], [1, 1, 2, 0]])
LENGTHS = np.array([4, 4, 2, 3])
REPEATED = SPELLED.copy()
REPEATED[1] = [2, 2, 2, 2]
"""Takes 7 frames: a blank between each two."""
BLANKS = SPELLED.copy()
BLANKS[0, 1] = 0
PADS = (np.arange(4) >= LENGTHS[:, None]).astype(np.float32)
ALL = np.zeros((BATCH, FRAMES), np.float32)

# --- LK701: labels that CTC cannot align

SHORT = "sample 1 has 4 labels with 3 repetitions, which take 7 frames, and it has 6"


def ctc_torch(labels):
    lengths = (labels, np.full(BATCH, FRAMES), LENGTHS)
    return torch.nn.CTCLoss(), lengths, np.moveaxis(LOGS, 1, 0)


def ctc_optax(labels):
    return optax.ctc_loss, (labels, PADS), (SCORES, ALL)


def ctc_keras(labels):
    return keras.losses.CTC(), labels, SCORES


def ctc_own(labels):
    return losskit.CTC(), labels, SCORES


for library, name, made in (
    ("torch", "CTCLoss", ctc_torch),
    ("optax", "ctc_loss", ctc_optax),
    ("keras", "CTC", ctc_keras),
    ("losskit", "CTC", ctc_own),
):
    case(
        "LK701",
        library,
        f"{name}, too few frames",
        fault=lambda made=made: made(REPEATED),
        near=lambda made=made: made(SPELLED),
        says=SHORT,
    )
    if library == "losskit":
        continue  # it refuses them itself
    case(
        "LK701",
        library,
        f"{name}, the blank among the labels",
        fault=lambda made=made: made(BLANKS),
        near=lambda made=made: made(SPELLED),
        says="1 of 4 samples have the blank, 0, among their labels, the first of them sample 0",
    )

# --- LK702: vectors of length 0

WAYS = DRAWN.normal(size=(32, 4)).astype(np.float32)
OTHERS = DRAWN.normal(size=(32, 4)).astype(np.float32)
ZEROS = np.where(np.isin(np.arange(32), (3, 8))[:, None], 0, OTHERS).astype(np.float32)
ALIKE = np.where(np.arange(32) % 2, 1.0, -1.0).astype(np.float32)
NOWHERE = "2 of 32 vectors of the predictions are all zeros, the first at index 3"
case(
    "LK702",
    "keras",
    "CosineSimilarity",
    fault=lambda: (keras.losses.CosineSimilarity(), WAYS, ZEROS),
    near=lambda: (keras.losses.CosineSimilarity(), WAYS, OTHERS),
    says=NOWHERE,
)
case(
    "LK702",
    "torch",
    "CosineEmbeddingLoss",
    fault=lambda: (torch.nn.CosineEmbeddingLoss(), ALIKE, (WAYS, ZEROS)),
    near=lambda: (torch.nn.CosineEmbeddingLoss(), ALIKE, (WAYS, OTHERS)),
    says=NOWHERE,
)
case(
    "LK702",
    "optax",
    "cosine_distance",
    fault=lambda: (optax.cosine_distance, WAYS, ZEROS),
    near=lambda: (optax.cosine_distance, WAYS, OTHERS),
    says=NOWHERE,
)

# --- LK703: pairs that do not compare

PAIRS = np.arange(32) // 2
ALONE = np.where(np.arange(32) == 5, 100, PAIRS)
case(
    "LK703",
    "optax",
    "ntxent, no positive",
    fault=lambda: (optax.losses.ntxent, ALONE, WAYS),
    near=lambda: (optax.losses.ntxent, PAIRS, WAYS),
    says="2 of 32 vectors have a label that occurs once, the first at index 4",
)
case(
    "LK703",
    "optax",
    "ntxent, no negative",
    fault=lambda: (optax.losses.ntxent, 0 * PAIRS, WAYS),
    near=lambda: (optax.losses.ntxent, PAIRS, WAYS),
    says="All 32 labels are 0",
)
LONG = np.where(np.arange(32)[:, None] == 0, 1e4, OTHERS).astype(np.float32)
case(
    "LK703",
    "torch",
    "TripletMarginLoss",
    fault=lambda: (torch.nn.TripletMarginLoss(), OTHERS[::-1].copy(), (WAYS, LONG)),
    near=lambda: (torch.nn.TripletMarginLoss(), OTHERS[::-1].copy(), (WAYS, OTHERS)),
    says="to 2e+04: the distances are those of the longest ones",
)

# --- LK101, LK105: what CTC takes

case(
    "LK105",
    "torch",
    "CTCLoss of logits",
    fault=lambda: (torch.nn.CTCLoss(), ctc_torch(SPELLED)[1], np.moveaxis(SCORES, 1, 0)),
    near=lambda: ctc_torch(SPELLED),
    says=f"predictions go up to {SCORES.max():.4g}: they look like logits",
)
PADDED = np.array([6, 6, 3, 5])
case(
    "LK105",
    "torch",
    "CTCLoss of probabilities",
    fault=lambda: (
        torch.nn.functional.ctc_loss,
        (SPELLED, PADDED, np.array([3, 3, 2, 2])),
        np.exp(np.moveaxis(LOGS, 1, 0)),
    ),
    # Frames that are not there may hold anything.
    near=lambda: (
        torch.nn.functional.ctc_loss,
        (SPELLED, PADDED, np.array([3, 3, 2, 2])),
        np.where(np.arange(FRAMES)[:, None, None] < PADDED[:, None], np.moveaxis(LOGS, 1, 0), 9.0),
    ),
    says="all 20 rows of predictions lie within [0, 1] and sum to 1",
)
case(
    "LK101",
    "keras",
    "CTC",
    fault=lambda: (keras.losses.CTC(), SPELLED, np.exp(LOGS)),
    near=lambda: (keras.losses.CTC(), SPELLED, SCORES),
    says="each of the 24 rows of predictions sums to 1",
)
case(
    "LK101",
    "optax",
    "ctc_loss",
    fault=lambda: (optax.ctc_loss, (SPELLED, PADS), (np.exp(LOGS), ALL)),
    near=lambda: (optax.ctc_loss, (SPELLED, PADS), (LOGS, ALL)),
    says="each of the 24 rows of predictions sums to 1",
)

# --- LK704: variances that no Gaussian has

REAL, MEANS = DRAWN.normal(size=(2, 32)).astype(np.float32)
WIDE = np.exp(DRAWN.normal(size=32)).astype(np.float32)
SURE = np.where(np.arange(32) < 5, 1e-9, WIDE).astype(np.float32)
SURE_AND_RIGHT = np.where(np.arange(32) < 5, REAL, MEANS)
BELOW = f"{int((WIDE < 1).sum())} of 32 are below 0, down to {np.log(WIDE).min():.4g}"
gauss = torch.nn.GaussianNLLLoss
case(
    "LK704",
    "torch",
    "GaussianNLLLoss, variances of 1e-9",
    fault=lambda: (gauss(), REAL, (MEANS, SURE)),
    near=lambda: (gauss(), REAL, (SURE_AND_RIGHT, SURE)),
    says="5 of 32 variances are below eps=1e-06, down to 1e-09",
)
case(
    "LK704",
    "torch",
    "GaussianNLLLoss, logarithms of variances",
    fault=lambda: (gauss(), (REAL, np.log(WIDE)), MEANS),
    near=lambda: (gauss(), (REAL, WIDE), MEANS),
    says=BELOW,
)
case(
    "LK704",
    "losskit",
    "gaussian_nll, variances of 1e-9",
    fault=lambda: ("gaussian_nll", REAL, np.stack([MEANS, SURE], 1)),
    near=lambda: ("gaussian_nll", REAL, np.stack([SURE_AND_RIGHT, SURE], 1)),
    says="5 of 32 variances are below eps=1e-06, down to 1e-09",
)
case(
    "LK704",
    "losskit",
    "gaussian_nll, logarithms of variances",
    fault=lambda: ("gaussian_nll", REAL, np.stack([MEANS, np.log(WIDE)], 1)),
    near=lambda: ("gaussian_nll", REAL, np.stack([MEANS, WIDE], 1)),
    says=BELOW,
)

# --- LK705: parts of a picture as masks

SHARES = DRAWN.random((2, 16, 12, 1)).astype(np.float32)
MASKS = (SHARES > 0.5).astype(np.float32)
FLAT = MASKS.reshape(2, 1, 192), SHARES.reshape(2, 1, 192)
for library, name, along in (
    ("losskit", "SoftDice", lambda axis: losskit.SoftDice(axis=axis)),
    ("losskit", "SoftTversky", lambda axis: losskit.SoftTversky(axis=axis)),
    ("keras", "Dice", lambda axis: keras.losses.Dice(axis=axis)),
    ("torch", "losskit.torch.SoftDice", lambda axis: losskit.torch.SoftDice(axis=axis)),
    ("optax", "dice_loss", lambda axis: partial(optax.losses.dice_loss, axis=axis)),
):
    case(
        "LK705",
        library,
        f"{name}, pixels",
        fault=lambda along=along: (along(-1), MASKS, SHARES),
        near=lambda along=along: (along((1, 2, 3)), MASKS, SHARES),
        says="of shape (2, 16, 12, 1) is a single number: there are 384 of them",
    )
    case(
        "LK705",
        library,
        f"{name}, rows",
        fault=lambda along=along: (along(-1), MASKS[..., 0], SHARES[..., 0]),
        # Pixels in one axis, beside the classes.
        near=lambda along=along: (along(-1), *FLAT),
        says="of shape (2, 16, 12) are 32 masks of 12 numbers each",
    )
