"""Data and trainings for the tests of `losskit.boosting`."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit import boosting

ROWS, ROUNDS = 900, 10
rng = np.random.default_rng(7)
X = rng.normal(size=(ROWS, 4))
SCORE = X[:, 0] - X[:, 1] * X[:, 2]
WEIGHT = np.where(rng.random(ROWS) < 0.1, 0.0, rng.uniform(0.2, 2.0, ROWS))
MEAN = np.exp(SCORE / 3.0)
TARGETS = {
    "mean_squared_error": SCORE + 0.3 * rng.normal(size=ROWS),
    "binary_crossentropy": (SCORE + rng.normal(size=ROWS) > 0).astype(float),
    "sparse_categorical_crossentropy": np.digitize(
        SCORE + 0.3 * rng.normal(size=ROWS), [-1.0, 1.0]
    ).astype(float),
    "poisson": rng.poisson(MEAN).astype(float),
    "gamma_deviance": MEAN * rng.gamma(4.0, 0.25, ROWS),
    "tweedie_deviance": np.where(rng.random(ROWS) < 0.3, 0.0, MEAN * rng.gamma(4.0, 0.25, ROWS)),
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "binary_crossentropy": {"from_logits": True},
    "sparse_categorical_crossentropy": {"from_logits": True},
    "poisson": {"log_input": True},
    "gamma_deviance": {"log_input": True},
    "tweedie_deviance": {"log_input": True, "power": 1.4},
}
TRAIN, TEST = slice(0, 600), slice(600, None)


def objective(library: str, loss: str, weighted: bool, **more: Any) -> Any:
    """The objective, started from the training rows."""
    found = getattr(boosting, library)(loss, **{**PARAMETERS.get(loss, {}), **more})
    found.start(TARGETS[loss][TRAIN], WEIGHT[TRAIN] if weighted else None)
    return found


def part(loss: str, rows: slice, weighted: bool) -> tuple[Any, Any, Any]:
    """(features, targets, weights or None) of some rows."""
    return X[rows], TARGETS[loss][rows], WEIGHT[rows] if weighted else None


def several(loss: str) -> bool:
    return loss == "sparse_categorical_crossentropy"
