"""LightGBM 4: `params["objective"]`, `feval`, and its scikit-learn estimators.

The native interface calls with (scores, Dataset), the estimators with (targets, scores, weights):
of an objective of two arguments they leave weights out without a word, so it takes three. Scores
are float64 in a buffer of the library's, for classes one class after another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.boosting.objective import STEP, Metric, Objective
from losskit.core.namespaces import Array


class LightGBM(Objective):
    """A loss as LightGBM's objective."""

    library = "LightGBM"
    canonical = STEP
    near = 0.2

    def __call__(self, first: Any, second: Any, weight: Any = None) -> tuple[Array, Array]:
        """(gradient, Hessian) of (scores, Dataset), or of (targets, scores, weights)."""
        y, p, weight = taken(first, second, weight)
        return self._slopes(y, p, weight, np.float32)

    def _make_metric(self) -> LightGBMMetric:
        return LightGBMMetric(self)

    def _softmax_factor(self, classes: int) -> float:
        return classes / (classes - 1.0) if classes > 1 else 1.0

    def params(self) -> dict[str, Any]:
        """This objective, and no metric of the library's; for several classes also num_class.

        The start is no parameter: give `init_score(rows)` to each Dataset or to `fit`.
        """
        found: dict[str, Any] = {"objective": self, "metric": "None"}
        if isinstance(self.raw_start, np.ndarray) and self.raw_start.ndim:
            found["num_class"] = int(self.raw_start.size)
        return found

    def init_score(self, rows: int) -> Array:
        """The raw score to start from, for so many rows: (rows, classes) of several classes."""
        start = np.asarray(0.0 if self.raw_start is None else self.raw_start)
        return np.array(np.broadcast_to(start, (rows, *start.shape)))

    def predict(self, raw: Any) -> Array:
        """See `Objective.predict`; LightGBM's raw scores lack `init_score`, which is added here."""
        start = 0.0 if self.raw_start is None else self.raw_start
        return super().predict(np.asarray(raw) + start)


class LightGBMMetric(Metric):
    """A loss as LightGBM's `feval`, or as an estimator's `eval_metric`."""

    def __call__(self, first: Any, second: Any, weight: Any = None) -> tuple[str, float, bool]:
        """(name, value, False: the less the better)."""
        return self.__name__, self._mean(*taken(first, second, weight)), False


def taken(first: Any, second: Any, weight: Any) -> tuple[Array, Array, Array | None]:
    """(targets, scores, weights or None) of either interface."""
    if not hasattr(second, "get_label"):
        y, p = first, second
    else:
        p, y, weight = first, second.get_label(), second.get_weight()
    return np.asarray(y), np.asarray(p), weight if weight is None else np.asarray(weight)
