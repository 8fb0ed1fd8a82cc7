"""Three kinds of wine by LightGBM: softmax cross-entropy, early stopping on held-out rows."""

import lightgbm as lgb
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from losskit import boosting

x, y = load_wine(return_X_y=True)
x, x_held, y, y_held = train_test_split(x, y, test_size=0.4, random_state=0)

objective = boosting.lightgbm("sparse_categorical_crossentropy", from_logits=True)
print("start", " ".join(f"{z:.2f}" for z in objective.start(y)))
train = lgb.Dataset(x, y, init_score=objective.init_score(len(y)))
held = lgb.Dataset(x_held, y_held, init_score=objective.init_score(len(y_held)), reference=train)
model = lgb.train(
    {"num_leaves": 7, "learning_rate": 0.2, "verbosity": -1, **objective.params()},
    train,
    num_boost_round=200,
    valid_sets=[held],
    feval=objective.metric,
    callbacks=[lgb.early_stopping(10, verbose=False)],
)
shares = objective.predict(model.predict(x_held, raw_score=True))
print(f"best round {model.best_iteration}")
print(f"right {(shares.argmax(1) == y_held).mean():.2f}")
