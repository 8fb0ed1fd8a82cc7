"""XGBoost 3: `xgboost.train(obj=..., custom_metric=...)` and its scikit-learn estimators.

The native interface calls with (scores, DMatrix), the estimators with (targets, scores) and
weights. Scores are float32, (rows, classes) for several.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.boosting.objective import STEP, Metric, Objective
from losskit.core.namespaces import Array

MOST_STEP = 0.7
"""XGBoost's own limit of a leaf in Poisson regression."""


class XGBoost(Objective):
    """A loss as XGBoost's objective."""

    library = "XGBoost"
    canonical = STEP

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        """(gradient, Hessian) of (scores, DMatrix), or of (targets, scores, weights)."""
        y, p, weight = taken(first, second, sample_weight)
        return self._slopes(y, p, weight, np.float32)

    def _make_metric(self) -> XGBoostMetric:
        return XGBoostMetric(self)

    def _softmax_factor(self, classes: int) -> float:
        return 2.0

    def params(self) -> dict[str, Any]:
        """base_score, and no default metric, which would be the RMSE of raw scores.

        For several classes also num_class. Beside them give `obj=` (or `objective=` of an
        estimator) and the metric.
        """
        found: dict[str, Any] = {"disable_default_eval_metric": True}
        start: Any = 0.0 if self.raw_start is None else self.raw_start
        several = isinstance(start, np.ndarray) and start.ndim > 0
        if several:
            found["num_class"] = int(start.size)
        found["base_score"] = [float(x) for x in start] if several else float(start)
        if self._is_canonical and self.hessian == "auto":
            found["max_delta_step"] = MOST_STEP
        return found


class XGBoostMetric(Metric):
    """A loss as XGBoost's `custom_metric`, or as an estimator's `eval_metric`."""

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> Any:
        """(name, value) of (scores, DMatrix); the value of (targets, scores, weights)."""
        y, p, weight = taken(first, second, sample_weight)
        found = self._mean(y, p, weight)
        return (self.__name__, found) if hasattr(second, "get_label") else found


def taken(first: Any, second: Any, weight: Any) -> tuple[Array, Array, Array | None]:
    """(targets, scores, weights or None) of either interface."""
    if not hasattr(second, "get_label"):
        y, p = first, second
    else:
        p, y, weight = first, second.get_label(), second.get_weight()
    if weight is not None and not len(weight):
        weight = None
    return np.asarray(y), np.asarray(p), weight if weight is None else np.asarray(weight)
