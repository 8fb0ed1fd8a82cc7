"""Losses as objectives and metrics of XGBoost, LightGBM and CatBoost.

>>> from losskit import boosting
>>> objective = boosting.xgboost("huber", delta=2.0)
>>> objective.start([1.0, 2.0, 9.0])
2.5
>>> sorted(objective.params())
['base_score', 'disable_default_eval_metric']

Any loss of numbers that takes a raw score, and the softmax cross-entropies, with weights, curvature
and the score to start from. No library is imported here: the objects are what each of them calls.
"""

from typing import Any

from losskit.boosting.by_catboost import CatBoost
from losskit.boosting.by_lightgbm import LightGBM
from losskit.boosting.by_xgboost import XGBoost
from losskit.boosting.report import BoostingWarning


def xgboost(loss: Any, *, hessian: Any = "auto", **parameters: Any) -> XGBoost:
    """A loss as XGBoost's objective: ``xgboost.train(obj=...)``, ``XGBRegressor(objective=...)``.

    Args:
        loss: the name of a loss, or a losskit loss object.
        hessian: "auto": the second derivative where it is one to step by, elsewhere that of a
            parabola above the loss; "true", "majorizer" (the parabola) or a number.
        **parameters: of the loss.

    Raises:
        TypeError, ValueError: the loss does not take raw scores, or a parameter is wrong.
    """
    return XGBoost(loss, hessian=hessian, **parameters)


def lightgbm(loss: Any, *, hessian: Any = "auto", **parameters: Any) -> LightGBM:
    """A loss as LightGBM's objective: ``params["objective"]``, ``LGBMRegressor(objective=...)``.

    Arguments and errors are those of `xgboost`.
    """
    return LightGBM(loss, hessian=hessian, **parameters)


def catboost(loss: Any, *, hessian: Any = "auto", **parameters: Any) -> CatBoost:
    """A loss as CatBoost's ``loss_function``, of one raw score a row.

    Arguments and errors are those of `xgboost`.
    """
    return CatBoost(loss, hessian=hessian, **parameters)


__all__ = ["BoostingWarning", "CatBoost", "LightGBM", "XGBoost", "catboost", "lightgbm", "xgboost"]
