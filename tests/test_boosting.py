"""`losskit.boosting` against the libraries' own losses: the same trees, predictions and stops."""

from __future__ import annotations

from typing import Any

import boosted
import numpy as np
import pytest
from boosted import ROUNDS, TEST, TRAIN

import losskit
import losskit.boosting

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
XGBOOST = {
    "mean_squared_error": ("reg:squarederror", "rmse", {}),
    "binary_crossentropy": ("binary:logistic", "logloss", {}),
    "sparse_categorical_crossentropy": ("multi:softprob", "mlogloss", {"num_class": 3}),
    "poisson": ("count:poisson", "poisson-nloglik", {}),
    "gamma_deviance": ("reg:gamma", "gamma-nloglik", {}),
    "tweedie_deviance": ("reg:tweedie", "tweedie-nloglik@1.4", {"tweedie_variance_power": 1.4}),
}
LIGHTGBM = {
    "mean_squared_error": ("regression", "l2", {}),
    "binary_crossentropy": ("binary", "binary_logloss", {}),
    "sparse_categorical_crossentropy": ("multiclass", "multi_logloss", {"num_class": 3}),
    "poisson": ("poisson", "poisson", {}),
    "gamma_deviance": ("gamma", "gamma", {}),
    "tweedie_deviance": ("tweedie", "tweedie", {"tweedie_variance_power": 1.4}),
}
CATBOOST = {
    "mean_squared_error": "RMSE",
    "binary_crossentropy": "Logloss",
    "poisson": "Poisson",
    "tweedie_deviance": "Tweedie:variance_power=1.4",
}
WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])


@WEIGHTED
@pytest.mark.parametrize("loss", XGBOOST)
def test_xgboost_grows_the_trees_of_its_own(loss: str, weighted: bool) -> None:
    xgb = pytest.importorskip("xgboost")
    own, metric, more = XGBOOST[loss]
    (x, y, w), (xt, yt, wt) = (boosted.part(loss, rows, weighted) for rows in (TRAIN, TEST))
    train, test = xgb.DMatrix(x, y, weight=w), xgb.DMatrix(xt, yt, weight=wt)
    ours = boosted.objective("xgboost", loss, weighted)
    common: Any = {"max_depth": 4, "eta": 0.5, "nthread": 1}
    stop: Any = {"early_stopping_rounds": 3, "verbose_eval": False, "evals": [(test, "test")]}
    theirs = {**common, **more, "objective": own}
    a = xgb.train({**common, **ours.params()}, train, ROUNDS, obj=ours)
    b = xgb.train(theirs, train, ROUNDS)
    raw = a.predict(test, output_margin=True)
    np.testing.assert_allclose(raw, b.predict(test, output_margin=True), **CLOSE)
    np.testing.assert_allclose(ours.predict(raw), b.predict(test), **CLOSE)
    splits = [[t.split("leaf=")[0] for t in m.get_dump()] for m in (a, b)]
    assert splits[0] == splits[1]
    a = xgb.train(
        {**common, **ours.params()}, train, 60, obj=ours, custom_metric=ours.metric, **stop
    )
    b = xgb.train({**theirs, "eval_metric": metric}, train, 60, **stop)
    assert a.best_iteration == b.best_iteration


@WEIGHTED
@pytest.mark.parametrize("loss", LIGHTGBM)
def test_lightgbm_grows_the_trees_of_its_own(loss: str, weighted: bool) -> None:
    lgb = pytest.importorskip("lightgbm")
    own, metric, more = LIGHTGBM[loss]
    (x, y, w), (xt, yt, wt) = (boosted.part(loss, rows, weighted) for rows in (TRAIN, TEST))
    ours = boosted.objective("lightgbm", loss, weighted)
    common = {"num_leaves": 12, "learning_rate": 0.5, "verbosity": -1, "num_threads": 1}

    def sets(started: bool) -> Any:
        given = [ours.init_score(len(t)) if started else None for t in (y, yt)]
        train = lgb.Dataset(x, y, weight=w, init_score=given[0])
        return train, lgb.Dataset(xt, yt, weight=wt, init_score=given[1], reference=train)

    theirs = {**common, **more, "objective": own, "metric": metric}
    a = lgb.train({**common, **ours.params()}, sets(True)[0], ROUNDS)
    b = lgb.train(theirs, sets(False)[0], ROUNDS)
    np.testing.assert_allclose(ours.predict(a.predict(xt, raw_score=True)), b.predict(xt), **CLOSE)
    found = []
    for params, started, more in (
        ({**common, **ours.params()}, True, {"feval": ours.metric}),
        (theirs, False, {}),
    ):
        train, test = sets(started)
        call = [lgb.early_stopping(3, verbose=False)]
        found.append(lgb.train(params, train, 60, valid_sets=[test], callbacks=call, **more))
    assert found[0].best_iteration == found[1].best_iteration


@WEIGHTED
@pytest.mark.parametrize("loss", CATBOOST)
def test_catboost_grows_the_trees_of_its_own(loss: str, weighted: bool) -> None:
    cat = pytest.importorskip("catboost")
    (x, y, w), (xt, yt, wt) = (boosted.part(loss, rows, weighted) for rows in (TRAIN, TEST))
    ours = boosted.objective("catboost", loss, weighted)
    train = cat.Pool(x, y, weight=w, baseline=ours.baseline(len(y)))
    test = cat.Pool(xt, yt, weight=wt, baseline=ours.baseline(len(yt)))
    common = {
        "depth": 4,
        "learning_rate": 0.5,
        "iterations": ROUNDS,
        "bootstrap_type": "No",
        "random_strength": 0,
        "boosting_type": "Plain",
        "allow_writing_files": False,
        "verbose": 0,
        "thread_count": 1,
    }
    given = ours.params()
    theirs = {k: v for k, v in given.items() if k not in ("loss_function", "eval_metric")}
    theirs = {**common, **theirs, "loss_function": CATBOOST[loss]}
    a = cat.CatBoost({**common, **given}).fit(train)
    b = cat.CatBoost(theirs).fit(train)
    raws = [m.predict(xt, prediction_type="RawFormulaVal") for m in (a, b)]
    np.testing.assert_allclose(*raws, **CLOSE)
    stop = {"iterations": 60, "early_stopping_rounds": 3}
    a = cat.CatBoost({**common, **given, **stop}).fit(train, eval_set=test)
    b = cat.CatBoost({**theirs, **stop}).fit(train, eval_set=test)
    assert a.get_best_iteration() == b.get_best_iteration()


ROBUST: dict[str, dict[str, Any]] = {
    "mean_absolute_error": {},
    "quantile": {"quantile": 0.9},
    "huber": {"delta": 0.8},
}


def _heavy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 6))
    return x, 3.0 * x[:, 0] + x[:, 1] * x[:, 2] + rng.standard_t(1.5, 2000)


def _diabetes() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return x, y / 50.0


SPLITS = {"heavy": 2, "diabetes": 8}
"""How often the rows are split: the few of diabetes say little once."""


def best(library: str, loss: str, data: str, own: bool, seed: int) -> float:
    """The held-out loss, mean of three folds, at the round where it is least."""
    x, y = {"heavy": _heavy, "diabetes": _diabetes}[data]()
    train = {"xgboost": _xgboost, "lightgbm": _lightgbm}[library]
    order = np.random.default_rng(seed).permutation(len(y))
    score = losskit.get(loss, **ROBUST[loss])
    found = []
    for fold in np.array_split(order, 3):
        rest = np.setdiff1d(order, fold)
        raw = train(loss, own, (x[rest], y[rest]), x[fold], 110)
        found.append([float(score(y[fold], p)) for p in raw])
    return float(np.mean(found, 0).min())


def _xgboost(loss: str, own: bool, train: Any, x: Any, rounds: int) -> Any:
    import xgboost as xgb

    ours = losskit.boosting.xgboost(loss, **ROBUST[loss])
    ours.start(train[1])
    names = {"mean_absolute_error": "reg:absoluteerror", "huber": "reg:pseudohubererror"}
    params = {"max_depth": 4, "eta": 0.1, "nthread": 1}
    if own:
        params |= {"objective": names.get(loss, "reg:quantileerror")}
        params |= {"quantile_alpha": 0.9} if loss == "quantile" else {}
        params |= {"huber_slope": ROBUST[loss]["delta"]} if loss == "huber" else {}
        params |= {"base_score": ours.params()["base_score"]}
    else:
        params |= ours.params()
    model = xgb.train(params, xgb.DMatrix(*train), rounds, obj=None if own else ours)
    d = xgb.DMatrix(x)
    return [model.predict(d, iteration_range=(0, k)) for k in range(5, rounds, 5)]


def _lightgbm(loss: str, own: bool, train: Any, x: Any, rounds: int) -> Any:
    import lightgbm as lgb

    ours = losskit.boosting.lightgbm(loss, **ROBUST[loss])
    ours.start(train[1])
    params: dict[str, Any] = {"num_leaves": 15, "learning_rate": 0.1, "verbosity": -1}
    params |= {"num_threads": 1}
    if own:
        names = {"mean_absolute_error": "l1", "huber": "huber", "quantile": "quantile"}
        alpha = {"huber": {"alpha": 0.8}, "quantile": {"alpha": 0.9}}
        params |= {"objective": names[loss], **alpha.get(loss, {})}
    else:
        params |= ours.params()
    data = lgb.Dataset(*train, init_score=None if own else ours.init_score(len(train[1])))
    model = lgb.train(params, data, rounds)
    raw = [model.predict(x, num_iteration=k) for k in range(5, rounds, 5)]
    return raw if own else [ours.predict(p) for p in raw]


@pytest.mark.exhaustive
@pytest.mark.parametrize("data", ["heavy", "diabetes"])
@pytest.mark.parametrize("loss", ROBUST)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_robust_losses_are_as_good_as_the_librarys(library: str, loss: str, data: str) -> None:
    """At the round where each is best, the mean of several splits."""
    pytest.importorskip(library)
    ours, theirs = (
        np.mean([best(library, loss, data, own, seed) for seed in range(SPLITS[data])])
        for own in (False, True)
    )
    print(f"{library} {loss} {data}: {ours / theirs:.4f}")
    assert ours <= 1.01 * theirs
