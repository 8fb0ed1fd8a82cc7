"""CatBoost 1.2: an object as `loss_function`, and one as `eval_metric`.

CatBoost asks for the derivatives of the NEGATIVE loss, in blocks of a thousand rows, twice a round.
An array of (rows, 2) is read twice as fast as pairs; the compiler that it would run our method
through knows nothing of kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.boosting import evaluate
from losskit.boosting.curvature import FLOOR, raise_to_floor
from losskit.boosting.objective import Metric, Objective
from losskit.core.families import Pointwise
from losskit.core.namespaces import Array


class CatBoost(Objective):
    """A loss as CatBoost's objective."""

    library = "CatBoost"
    no_jit = True

    def __init__(self, loss: Any, *, hessian: Any = "auto", **parameters: Any) -> None:
        super().__init__(loss, hessian=hessian, **parameters)
        if not isinstance(self.card, Pointwise):
            raise ValueError(
                f"boosting.catboost takes a loss of one raw score a row, got {self.card.name}, of "
                "one for each class: CatBoost calls an objective of several row by row, fifty "
                "times as slow as its own. Use its own loss_function='MultiClass', or "
                "boosting.xgboost or boosting.lightgbm."
            )

    def __deepcopy__(self, memo: Any) -> CatBoost:
        """Itself: an estimator of CatBoost's hands out deep copies, which scikit-learn's `clone`
        takes for a constructor that changes what it is given."""
        return self

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> Array:
        """(rows, 2): first and second derivative of the negative loss, weighted."""
        y, p = np.asarray(targets), np.asarray(approxes)
        weight = None if weights is None else np.asarray(weights)
        self._check_start()
        # So many calls a round: no step more than these, and the sign goes with the factor.
        card, scale = self._curved(y, p, -1)
        found = np.empty((p.size, 2))
        slope, curve = found[:, 0], found[:, 1]
        evaluate.slopes(card, y, p, weight, -scale, slope, curve)
        if not curve.max(initial=-np.inf) < -2.0 * FLOOR:
            bent = -curve
            if not self._reports.curvature(-slope, bent, weight, self.hessian):
                raise_to_floor(bent, weight)
                np.negative(bent, out=curve)
        return found

    def _make_metric(self) -> CatBoostMetric:
        return CatBoostMetric(self)

    def params(self) -> dict[str, Any]:
        """This objective, its metric, and Newton's steps for its leaves.

        The start is no parameter: give `baseline(rows)` to each Pool or to `fit`.
        """
        return {
            "loss_function": self,
            "eval_metric": self.metric,
            "leaf_estimation_method": "Newton",
            "leaf_estimation_iterations": 1,
            "boost_from_average": False,
        }

    def baseline(self, rows: int) -> Array:
        """The raw score to start from, for so many rows."""
        return np.full(rows, 0.0 if self.raw_start is None else self.raw_start)

    def predict(self, raw: Any) -> Array:
        """See `Objective.predict`; CatBoost's raw scores lack `baseline`, which is added here."""
        return super().predict(np.asarray(raw) + (self.raw_start or 0.0))


class CatBoostMetric(Metric):
    """A loss as CatBoost's `eval_metric`."""

    no_jit = True

    def __deepcopy__(self, memo: Any) -> CatBoostMetric:
        """Itself: see `CatBoost`."""
        return self

    def is_max_optimal(self) -> bool:
        """The less the better."""
        return False

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """(sum of the weighted items, sum of the weights)."""
        w = None if weight is None else np.asarray(weight)
        return self.objective._value(np.asarray(target), np.asarray(approxes[0]), w)

    def get_final_error(self, error: float, weight: float) -> float:
        """Their quotient."""
        return error / weight if weight else float("nan")
