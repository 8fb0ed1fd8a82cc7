"""A bound of disease progression by XGBoost: quantile loss, early stopping on held-out data."""

import xgboost as xgb
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from losskit import boosting

x, y = load_diabetes(return_X_y=True)
x, x_held, y, y_held = train_test_split(x, y, test_size=0.3, random_state=0)

objective = boosting.xgboost("quantile", quantile=0.9)
print(f"start {objective.start(y):.1f}")
held = xgb.DMatrix(x_held, y_held)
model = xgb.train(
    {"max_depth": 3, "eta": 0.1, **objective.params()},
    xgb.DMatrix(x, y),
    num_boost_round=200,
    obj=objective,
    custom_metric=objective.metric,
    evals=[(held, "held")],
    early_stopping_rounds=20,
    verbose_eval=False,
)
bound = objective.predict(model.predict(held, iteration_range=(0, model.best_iteration + 1)))
print(f"best round {model.best_iteration}  loss {model.best_score:.2f}")
print(f"below the bound {(y_held < bound).mean():.2f}")
