"""Disease progression by CatBoost: Huber loss, early stopping on held-out rows."""

from catboost import CatBoostRegressor, Pool
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import losskit
from losskit import boosting

x, y = load_diabetes(return_X_y=True)
x, x_held, y, y_held = train_test_split(x, y, test_size=0.3, random_state=0)

objective = boosting.catboost("huber", delta=30.0)
print(f"start {objective.start(y):.1f}")
model = CatBoostRegressor(
    iterations=300,
    depth=4,
    learning_rate=0.1,
    early_stopping_rounds=20,
    allow_writing_files=False,
    verbose=False,
    **objective.params(),
)
model.fit(
    Pool(x, y, baseline=objective.baseline(len(y))),
    eval_set=Pool(x_held, y_held, baseline=objective.baseline(len(y_held))),
)
predicted = objective.predict(model.predict(x_held))
print(f"best round {model.get_best_iteration()}")
print(f"loss {losskit.huber(y_held, predicted, delta=30.0):.1f}")
