"""Losses with rules of their own: CTC, angles between vectors, contrastive losses."""

import keras
import numpy as np
import optax
import torch

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


for library, name, made in (
    ("torch", "CTCLoss", ctc_torch),
    ("optax", "ctc_loss", ctc_optax),
    ("keras", "CTC", ctc_keras),
):
    case(
        "LK701",
        library,
        f"{name}, too few frames",
        fault=lambda made=made: made(REPEATED),
        near=lambda made=made: made(SPELLED),
        says=SHORT,
    )
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
