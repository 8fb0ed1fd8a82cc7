"""Losses as scikit-learn's scorers: for `cross_val_score`, grid searches, validation curves.

>>> from losskit.sklearn import scorer
>>> from sklearn.dummy import DummyRegressor
>>> model = DummyRegressor(strategy="median").fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 5.0])
>>> scorer("mae")(model, [[0.0], [1.0]], [1.0, 3.0])
-1.0
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import make_scorer

from losskit.core.definition import LOGIT
from losskit.core.families import Labelled
from losskit.numpy import Loss, get


def scorer(loss: Any, **parameters: Any) -> Any:
    """The negative mean loss of a model's predictions: the greater the better.

    It asks for `predict`; for probabilities of a classification for `predict_proba`, for logits and
    margins for `decision_function`. `sample_weight` is passed on, by metadata routing too
    (`scorer(...).set_score_request(sample_weight=True)`).

    Args:
        loss: a name, or a loss object.
        **parameters: of the loss.

    Raises:
        TypeError, ValueError: there is no such loss, or a parameter is wrong; of the scorer's call,
            as of the loss's.
    """
    found = get(loss, **parameters)
    card: Any = found.card
    if card.task == "regression" or card.task == "pair":
        method = "predict"
    else:
        method = "decision_function" if _is_raw(card) else "predict_proba"
    return make_scorer(Score(found), response_method=method, greater_is_better=False)


def _is_raw(card: Any) -> bool:
    return card.prediction is LOGIT or card.prediction.high == float("inf")


class Score:
    """The mean loss, weighted by the rows; picklable."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.__name__ = loss.card.name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        y, p = np.asarray(y_true), np.asarray(y_pred)
        if p.dtype.kind in "iub":
            p = p.astype(np.float64)
        if not isinstance(self.loss.card, Labelled) and p.ndim == 2 and y.ndim == 1:
            p = p[:, -1]
        *total, count = self.loss.parts(y, p, sample_weight)
        if sample_weight is not None and self.loss.card.decomposable:
            count = float(np.sum(sample_weight))
        return self.loss.combine(*total, count)
