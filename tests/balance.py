"""Points near a balance, for every card: where a target is nearly met, and slope or value nearly 0.

Two numbers of everyday size then differ by far less, and what is left of their difference is easily
mere rounding. What is tried follows from the card's domains, as in `grid`; each number is to be
right at its own size, however small.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from losskit.core.families import Setwise, is_rowwise

STEPS = [0.0, *(s * 10.0**-k for k in (2, 3, 4, 5, 6, 8) for s in (1, -1))]
"""By how much a prediction misses the balance."""
FINE = [0.0, 1e-9, 1e-7, -1e-7, 3e-6, -1e-4, 1e-3, -0.02]


def points(card: Any, dtype: Any = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions for a pointwise or row-wise card whose axis is the last."""
    assert not isinstance(card, Setwise)
    if is_rowwise(card):
        return _rows(card, dtype)
    target, prediction = card.target, card.prediction
    if target.values:
        pairs = [(y, b + s) for y in target.values for b in (-1.0, 0.0, 1.0) for s in STEPS]
        pairs = [(y, p) for y, p in pairs if prediction.low <= p <= prediction.high]
    elif target.high == 1.0 and prediction.high == 1.0:
        smooth = getattr(card, "label_smoothing", 0.0)
        # Of a soft target that is smoothed not all digits fit into the dtype.
        targets = (0.0, 0.5, 1.0) if smooth else (0.0, 0.02, 0.25, 0.5, 0.9, 1.0)
        met = [(y, y * (1 - smooth) + smooth / 2) for y in targets]
        pairs = [(y, q * (1 + s)) for y, q in met for s in STEPS if 0 <= q * (1 + s) <= 1]
    elif target.high == 1.0 and card.name == "binary_sparsemax":
        pairs = [(y, 2 * y - 1 + s) for y in (0.0, 0.02, 0.25, 0.3, 0.5, 0.9, 1.0) for s in STEPS]
    elif target.high == 1.0 and card.name == "log_kl_divergence":
        pairs = [(y, np.log(y) + s) for y in (1e-20, 0.02, 0.25, 0.5, 0.9, 1.0) for s in STEPS]
    elif target.high == 1.0:
        pairs = [(y, s) for y in (0.0, 0.5, 1.0) for s in STEPS]
    elif target.high == 0.0:
        pairs = [(y, y + s) for y in (-20.0, -1.5, -0.7, 0.0) for s in STEPS]
    elif 0.0 <= target.low < 1e-30 and prediction.low != 0.0 and "logarithmic" not in card.name:
        pairs = [(y, np.log(y) + s) for y in (1e-20, 0.3, 1.0, 2.0, 3.0, 1e4) for s in STEPS]
    else:
        sizes = (1e-20, 1e-4, 0.3, 1.0, 7.0, 1e5)
        pairs = [(y, y * (1 + s)) for y in sizes for s in STEPS]
        pairs += [(-y, p) for y, p in pairs] if target.low < 0.0 else []
    y, p = np.array(pairs).T.astype(dtype)
    # A step may leave the domain by its rounding.
    inside = (p >= prediction.low) & (p <= prediction.high)
    return y[inside], p[inside]


def _rows(card: Any, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    if card.places and len(card.slots[1].dims) > 1:
        # Of directions nearly the same only the difference is left, and that of their rounding.
        anchor, positive = [0.3, -1.2, 2.0], [1.0, 0.0, 0.5]
        if len(card.places) == 2:
            rows = np.array([[anchor, np.add(anchor, [s, -2 * s, s / 3])] for s in STEPS])
            return np.resize(card.target.values, len(rows)).astype(dtype), rows.astype(dtype)
        moves = [[s, -2 * s, s / 3] for s in (0.1, 0.4, 3.0)]
        rows = np.array([[anchor, positive, np.add(positive, move)] for move in moves])
        return np.zeros(len(rows), dtype), rows.astype(dtype)
    if card.places:
        pairs = [(e, e * e * (1 + s)) for e in (1.5, 2.0, 0.25) for s in STEPS]
        rows = np.array([(1.0 + e, v) for e, v in pairs])
        return np.ones(len(rows), dtype), rows.astype(dtype)
    if card.target.labels:
        # At the margin, or (of the sparsemax) within the support, tied, and far apart.
        edge = -0.5 if card.name == "sparsemax" else -1.0
        tops = ([0.0, edge, -3.0], [0.0, 0.0, -3.0], [9.0, 0.0, -1.0], [17.0, 3.0, 0.0])
        rows = [[a + s, b, c] for a, b, c in tops for s in FINE]
        if card.prediction.high == 1.0:
            rows = [[1 - 2 * e, e, e] for e in (1e-7, 1e-5, 1e-3, 0.2, 1 / 3)]
        cases = list(itertools.product(range(3), rows))
        return np.array([t for t, _ in cases]), np.array([r for _, r in cases]).astype(dtype)
    if card.target.values:
        tops = ([1.0, 0.0, 0.0], [0.5, -0.5, 0.5], [0.0, 0.0, 0.0])
        rows = [[a + s, b, c] for a, b, c in tops for s in FINE]
        cases = list(itertools.product(np.eye(3).tolist(), rows))
    elif card.target.high == 1.0:
        cases = _distributions(card)
    elif card.target.low == 0.0:
        # As distributions, and such times a number that is exact.
        cases = [([4.0 * t for t in y], row) for y, row in _distributions(card)]
    else:
        cases = []
        vectors = ([0.3, -1.2, 2.0], [1.0, 0.0, 0.0], [3.0, 4.0, 5.0], [1e-12, 2e-12, -1e-12])
        for y, s, sign in itertools.product(vectors, FINE, (1.0, -1.0)):
            size = max(map(abs, y))
            cases.append(
                (y, [sign * t + d * size for t, d in zip(y, (s, -2 * s, s / 3), strict=True)])
            )
        cases.append(([1.0, 0.0, 0.0], [1.0, 1e-10, 0.0]))
        cases.append(([2.0, 0.0, 0.0], [0.5, 1e-10, 0.0]))
    y, p = (np.array(side).astype(dtype) for side in zip(*cases, strict=True))
    return y, p


def _distributions(card: Any) -> list[tuple[list[float], list[float]]]:
    """Targets, soft and hard, and rows of probabilities or logits that nearly meet them."""
    soft = [[0.5, 0.25, 0.125, 0.125], [0.25] * 4, [0.4, 0.3, 0.2, 0.1], [0.97, 0.01, 0.01, 0.01]]
    hard = [[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3, 0.0]]
    if card.name.startswith("soft_") or getattr(card, "label_smoothing", 0.0):
        soft, hard = [], hard[:2]
    elsewhere = ("poly1_crossentropy", "categorical_focal_crossentropy")
    if card.name in elsewhere:  # where soft targets are met, but for ties
        soft = [[0.25] * 4]
    moves = [[s, -s / 2, 0.0, s / 8] for s in FINE]
    if card.prediction.high == 1.0:
        if card.name == "categorical_focal_crossentropy":
            # Of three shares a spacing apart, its slope by the middle one is of second order in it.
            moves = [move for move in moves if not 0 < abs(move[0]) < 1e-6]
        every = itertools.product(soft + hard, moves)
        cases = [(y, [t + t * d for t, d in zip(y, move, strict=True)]) for y, move in every]
        cases += [(y, [1 - 3 * e, e, e, e]) for y in hard for e in (1e-7, 5e-6, 1e-3)]
        return [(y, q) for y, q in cases if min(q) >= 0 and max(q) <= 1]
    ties = [[20.0, 20.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [30.0, 30.0, 30.0, 0.0]]
    sure = [[14.0, 0.0, -1.0, -3.0], [20.0, 0.0, -1.0, 3.0], [5.0, 0.0, 0.0, 0.0]]
    met = [[np.log(0.25)] * 4]
    every = itertools.product(soft[:2] + hard, ties + sure + met, moves)
    soft = soft or [[1.0, 0.0, 0.0, 0.0]]
    return [(y, [z + d for z, d in zip(row, move, strict=True)]) for y, row, move in every]
