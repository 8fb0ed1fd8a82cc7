"""What `losskit.boosting` takes, refuses and says; estimators, pickles, curvature that is none."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import boosted
import numpy as np
import pytest
from boosted import TEST, TRAIN, X

import losskit
from losskit import boosting, native
from losskit.boosting import BoostingWarning, curvature

LIBRARIES = ("xgboost", "lightgbm", "catboost")
Y = boosted.TARGETS["mean_squared_error"]


def slopes(objective: Any, y: Any, p: Any, w: Any = None) -> Any:
    """(slope, curvature) of the loss, as any of the objects gives them."""
    y, p = np.asarray(y, np.float64), np.asarray(p, np.float64)
    if objective.library == "CatBoost":
        return tuple(-objective.calc_ders_range(p, y, w).T)
    return tuple(np.array(x) for x in objective(y, p, w))


@pytest.fixture
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BoostingWarning)
        yield


# --- what it takes


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("loss", "options", "said"),
    [
        ("bce", {}, "from_logits=True"),
        ("poisson", {}, "log_input=True"),
        ("gamma", {}, "log_input=True"),
        ("gaussian_nll", {}, "takes y_true, y_pred, variance"),
        ("soft_dice", {}, "pointwise"),
        ("rmse", {}, "pointwise"),
        ("no_such_loss", {}, "Unknown loss"),
    ],
)
def test_what_does_not_take_raw_scores_is_refused(
    library: str, loss: str, options: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        getattr(boosting, library)(loss, **options)


def test_probabilities_of_classes_are_refused() -> None:
    for loss in ("scce", "cce"):
        with pytest.raises(ValueError, match="from_logits=True"):
            boosting.xgboost(loss)
    assert boosting.xgboost("cce", from_logits=True).card.name == "sparse_categorical_crossentropy"
    with pytest.raises(ValueError, match="fifty times"):
        boosting.catboost("scce", from_logits=True)
    with pytest.raises(ValueError, match="class_weight"):
        boosting.xgboost("scce", from_logits=True, class_weight={0: 2.0})


@pytest.mark.parametrize("hessian", ["no", 0.0, -1.0, float("nan"), True, None])
def test_curvature_that_is_none_is_refused(hessian: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="hessian must be"):
        boosting.xgboost("mse", hessian=hessian)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "loss", [("huber", {"delta": 2.0}), ("binary_crossentropy", {"from_logits": True})]
)
def test_a_pickle_is_the_same(library: str, loss: Any, quiet: Any) -> None:
    made = getattr(boosting, library)(loss[0], **loss[1])
    y = np.array([0.0, 1.0, 1.0])
    made.start(y)
    again = pickle.loads(pickle.dumps(made))
    assert again.__name__ == made.__name__ == made.metric.__name__ == loss[0]
    assert again.raw_start == made.raw_start
    assert repr(again) == repr(made)
    p = np.array([0.3, -2.0, 9.0])
    np.testing.assert_array_equal(slopes(again, y, p), slopes(made, y, p))
    assert again.metric.objective.card == made.card
    of_object = getattr(boosting, library)(losskit.get(loss[0], **loss[1]))
    assert of_object.card == made.card


# --- slopes and curvature


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kernels", [True, False])
def test_weights_multiply_and_what_has_none_may_be_anything(library: str, kernels: bool) -> None:
    made = getattr(boosting, library)("huber", delta=1.0)
    made.start([0.0, 1.0, 2.0])
    y, p = [0.0, 1.0, np.nan, 2.0], [0.5, 5.0, 1.0, 1.5]
    with native.switched(kernels):
        plain = slopes(made, [0.0, 1.0, 2.0], [0.5, 5.0, 1.5])
        slope, curve = slopes(made, y, p, np.array([2.0, 3.0, 0.0, 0.5]))
    np.testing.assert_allclose(
        slope, [2 * plain[0][0], 3 * plain[0][1], 0, 0.5 * plain[0][2]], 1e-6
    )
    np.testing.assert_allclose(
        curve, [2 * plain[1][0], 3 * plain[1][1], 0, 0.5 * plain[1][2]], 1e-6
    )
    assert plain[0].tolist() == pytest.approx([0.5, 1.0, -0.5])


@pytest.mark.parametrize("library", LIBRARIES)
def test_targets_that_cannot_be_are_errors(library: str, quiet: Any) -> None:
    made = getattr(boosting, library)("poisson", log_input=True)
    for y, said in (([np.nan, 1.0], "NaN"), ([-1.0, 1.0], ">= 0")):
        with pytest.raises(ValueError, match=said):
            slopes(made, y, [0.0, 0.0])
        with pytest.raises(ValueError, match=said):
            made.start(y)
    made.start([np.nan, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="sum to more than 0"):
        made.start([1.0], [0.0])


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_class_numbers(library: str, quiet: Any) -> None:
    made = getattr(boosting, library)("scce", from_logits=True)
    p = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for y, said in (([0.0, 1.5, 2, 0], "1.5 in row 1"), ([0, np.nan, 1, 2], "nan in row 1")):
        with pytest.raises(ValueError, match=said):
            slopes(made, y, p)
    with pytest.raises(ValueError, match="out of range"):
        slopes(made, [0, 1, 3, 2], p)
    with pytest.raises(ValueError, match="num_class"):
        slopes(made, [0, 1, 1, 2], p[:, 0])
    y = np.array([0.0, 1.0, 2.0, 2.0])
    q = np.exp(p) / np.exp(p).sum(1, keepdims=True)
    factor = 2.0 if library == "xgboost" else 1.5
    for laid in (p, np.asfortranarray(p)):
        slope, curve = slopes(made, y, laid)
        np.testing.assert_allclose(slope, q - np.eye(3)[y.astype(int)], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(curve, factor * q * (1 - q), rtol=1e-5)
        assert slope.shape == curve.shape == (4, 3)


def test_arrays_come_in_the_librarys_order_and_dtype() -> None:
    y, p = np.array([0, 1, 2]), np.asfortranarray(np.zeros((3, 4)))
    made = boosting.lightgbm("scce", from_logits=True)
    made.start(y, classes=4)
    for x in made(y, p, None):
        assert x.dtype == np.float32
        assert x.flags.f_contiguous
    made = boosting.xgboost("scce", from_logits=True)
    made.start(y, classes=4)
    first = made(y, np.zeros((3, 4), np.float32))
    assert all(x.dtype == np.float32 and x.flags.c_contiguous for x in first)
    again = made(y, np.ones((3, 4), np.float32))
    assert all(
        a.base is b.base or np.shares_memory(a, b) for a, b in zip(first, again, strict=True)
    )


@pytest.mark.parametrize(
    ("loss", "options", "curve"),
    [
        ("mse", {}, [1.0, 1.0, 1.0]),
        ("huber", {"delta": 1.0}, [1.0, 1.0, 0.25]),
        ("bce", {"from_logits": True}, None),
        ("hinge", {}, None),
        ("binary_focal_crossentropy", {"from_logits": True}, None),
        ("mape", {}, None),
        ("log_cosh", {}, None),
        ("quantile", {"quantile": 0.9}, None),
        ("mean_absolute_error", {}, None),
    ],
)
def test_curvature_is_above_0_where_there_is_a_slope(loss: str, options: Any, curve: Any) -> None:
    made = boosting.xgboost(loss, **options)
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    made.start(y)
    p = np.array([0.1, -0.5, 5.0, -5.0, 0.9, 3.0])
    slope, found = made(y, p)
    assert np.isfinite(found).all()
    assert (found[np.abs(slope) > 1e-3] > 1e-4).all()
    if curve is not None:
        np.testing.assert_allclose(found[:3], curve, rtol=2e-2)
    assert not made._reports.said


def test_a_parabola_lies_above_the_loss() -> None:
    """With the curvature at a point, and the slope there, for residuals beyond the rounded part."""
    for loss, options in (("mae", {}), ("quantile", {"quantile": 0.9}), ("huber", {"delta": 0.3})):
        made = boosting.xgboost(loss, hessian="majorizer", **options)
        made.size, made.raw_start, made.near = (1.0, 0.0), 0.0, 1e-4
        y, z = np.zeros(9), np.array([-40.0, -3.0, -1.0, -0.4, 0.2, 0.5, 1.0, 7.0, 30.0])
        slope, curve = made(y, z)
        unit = curvature.scale(made.card, "majorizer", 1.0)
        score = losskit.get(loss, reduction="none", **options)
        for q in np.linspace(-50.0, 50.0, 101):
            above = score(y, z) + (slope * (q - z) + 0.5 * curve * (q - z) ** 2) / unit
            assert (above >= score(y, np.full(9, q)) - 1e-4).all()


# --- what is said


def test_no_start_is_said_once() -> None:
    for library in LIBRARIES:
        made = getattr(boosting, library)("mse")
        with pytest.warns(BoostingWarning, match="start"):
            slopes(made, [0.0, 1.0], [0.0, 0.0])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            slopes(made, [0.0, 1.0], [0.0, 0.1])


@pytest.mark.parametrize("library", LIBRARIES)
def test_curvature_of_zero_is_said(library: str) -> None:
    for loss in ("mae", "huber"):
        made = getattr(boosting, library)(loss, hessian="true")
        y = np.arange(6.0)
        made.start(y)
        with pytest.warns(
            BoostingWarning, match=r"0 or negative for \d of 6.*expected > 0.*'auto'"
        ):
            slopes(made, y, y + np.array([0.5, 9.0, 9.0, -9.0, 9.0, 9.0]))


def test_negative_curvature_is_said() -> None:
    made = boosting.xgboost("binary_focal_crossentropy", from_logits=True, hessian="true")
    y = np.zeros(4)
    made.start([0.0, 1.0])
    p = np.array([0.0, 1.0, 6.0, 9.0])
    assert (losskit.BinaryFocalCrossentropy(from_logits=True).curvature(y, p) < 0).any()
    with pytest.warns(BoostingWarning, match="0 or negative"):
        made(y, p)


def test_curvature_that_is_nan_is_said() -> None:
    made = boosting.xgboost("mse")
    made.start([0.0, 1.0])
    with pytest.warns(BoostingWarning, match="NaN for 1 of 2"):
        made(np.array([0.0, 1.0]), np.array([np.nan, 0.0]))


def test_a_frozen_tree_is_said() -> None:
    xgb = pytest.importorskip("xgboost")
    made = boosting.xgboost("mse")
    made.start(Y)
    params = {**made.params(), "min_child_weight": 1e9, "nthread": 1}
    with pytest.warns(BoostingWarning, match="changed no raw score"):
        xgb.train(params, xgb.DMatrix(X, Y), 3, obj=made)


def test_nothing_is_said_of_a_usual_training() -> None:
    xgb = pytest.importorskip("xgboost")
    with warnings.catch_warnings():
        warnings.simplefilter("error", BoostingWarning)
        for loss in boosted.TARGETS:
            made = boosted.objective("xgboost", loss, False)
            params = {**made.params(), "nthread": 1}
            xgb.train(params, xgb.DMatrix(X, boosted.TARGETS[loss]), 5, obj=made)


# --- starts, metrics, predictions


def test_starts() -> None:
    made = boosting.xgboost("bce", from_logits=True)
    assert made.start([0, 1, 1, 1]) == pytest.approx(np.log(3.0))
    assert made.predict(made.raw_start) == pytest.approx(0.75)
    assert made.start([1, 1]) == 15.0
    made = boosting.lightgbm("scce", from_logits=True)
    made.start([0, 0, 1, 2])
    assert made.init_score(2).shape == (2, 3)
    np.testing.assert_allclose(made.predict(np.zeros((1, 3))), [[0.5, 0.25, 0.25]])
    assert made.params()["num_class"] == 3
    made = boosting.catboost("mae")
    assert made.start([1.0, 2.0, 9.0], [1.0, 1.0, 5.0]) == 9.0
    assert made.baseline(2).tolist() == [9.0, 9.0]


@pytest.mark.parametrize("library", LIBRARIES)
def test_metrics_are_weighted_means(library: str) -> None:
    made = getattr(boosting, library)("mae")
    y, p, w = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.5]), np.array([1.0, 0.0, 3.0])
    expected = (1.0 * 1.0 + 3.0 * 0.5) / 4.0
    if library == "catboost":
        found = made.metric.get_final_error(*made.metric.evaluate([p], y, w))
        assert made.metric.is_max_optimal() is False
    elif library == "lightgbm":
        name, found, greater = made.metric(y, p, w)
        assert (name, greater) == ("mean_absolute_error", False)
    else:
        found = made.metric(y, p, sample_weight=w)
    assert found == pytest.approx(expected)


# --- interfaces


@pytest.mark.parametrize("kind", ["array", "pandas"])
def test_one_row_and_frames(kind: str, quiet: Any) -> None:
    xgb, lgb = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    pd = pytest.importorskip("pandas")
    for rows in (1, 50):
        x = pd.DataFrame(X[:rows]) if kind == "pandas" else X[:rows]
        y = pd.Series(Y[:rows]) if kind == "pandas" else Y[:rows]
        made = boosting.xgboost("huber")
        made.start(y)
        params = {**made.params(), "nthread": 1}
        raw = xgb.train(params, xgb.DMatrix(x, y), 2, obj=made).predict(xgb.DMatrix(x))
        assert np.isfinite(raw).all()
        made = boosting.lightgbm("huber")
        made.start(y)
        if rows == 1:  # of one row LightGBM itself makes no data set
            assert np.isfinite(slopes(made, y, [0.0])).all()
            continue
        data = lgb.Dataset(x, y, init_score=made.init_score(rows))
        raw = lgb.train({**made.params(), "verbosity": -1, "num_threads": 1}, data, 2).predict(x)
        assert np.isfinite(made.predict(raw)).all()


def _estimator(library: str, made: Any) -> Any:
    if library == "xgboost":
        from xgboost import XGBRegressor

        return XGBRegressor(
            objective=made, eval_metric=made.metric, n_estimators=5, nthread=1, **made.params()
        )
    if library == "lightgbm":
        from lightgbm import LGBMRegressor

        return LGBMRegressor(objective=made, n_estimators=5, verbosity=-1, n_jobs=1)
    from catboost import CatBoostRegressor

    params = {**made.params(), "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    return CatBoostRegressor(iterations=5, **params)


@pytest.mark.parametrize("library", LIBRARIES)
def test_estimators(library: str) -> None:
    """Weights count; clones and pickles fit the same; a grid search runs over losses."""
    pytest.importorskip(library)
    from sklearn.base import clone

    made = getattr(boosting, library)("huber", delta=0.5)
    made.start(Y[TRAIN])
    x, y, w = X[TRAIN], Y[TRAIN], boosted.WEIGHT[TRAIN]
    model = _estimator(library, made)
    plain = clone(model).fit(x, y).predict(X[TEST])
    weighted = clone(model).fit(x, y, sample_weight=w).predict(X[TEST])
    assert np.abs(plain - weighted).max() > 1e-3
    # A weight of 2 is a row twice.
    twice = clone(model).fit(np.r_[x, x[:300]], np.r_[y, y[:300]]).predict(X[TEST])
    double = np.where(np.arange(len(y)) < 300, 2.0, 1.0)
    if library == "xgboost":
        found = clone(model).fit(x, y, sample_weight=double).predict(X[TEST])
        np.testing.assert_allclose(found, twice, rtol=1e-3, atol=1e-3)
    fitted = clone(model).fit(x, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X[TEST]), plain)


def test_an_estimator_of_classes(quiet: Any) -> None:
    lgb = pytest.importorskip("lightgbm")
    y = boosted.TARGETS["sparse_categorical_crossentropy"]
    made = boosting.lightgbm("scce", from_logits=True)
    made.start(y[TRAIN])
    model = lgb.LGBMClassifier(objective=made, n_estimators=8, verbosity=-1, n_jobs=1)
    model.fit(X[TRAIN], y[TRAIN], init_score=made.init_score(600))
    p = made.predict(model.predict(X[TEST], raw_score=True))
    np.testing.assert_allclose(p.sum(1), 1.0)
    assert (p.argmax(1) == y[TEST]).mean() > 0.7


def test_a_grid_search_and_a_scorer() -> None:
    xgb = pytest.importorskip("xgboost")
    from sklearn.model_selection import GridSearchCV, cross_val_score

    from losskit.sklearn import scorer

    losses = []
    for loss in ("mae", "quantile"):
        made = boosting.xgboost(loss, **({"quantile": 0.9} if loss == "quantile" else {}))
        made.start(Y[TRAIN])
        losses.append(made)
    model = xgb.XGBRegressor(n_estimators=20, nthread=1, **losses[0].params())
    search = GridSearchCV(
        model, {"objective": losses}, scoring=scorer("pinball", quantile=0.9), cv=2
    )
    search.fit(X[TRAIN], Y[TRAIN])
    assert search.best_params_["objective"].card.name == "quantile"
    model = xgb.XGBRegressor(n_estimators=5, nthread=1)
    ours = cross_val_score(model, X, Y, scoring=scorer("mse"), cv=3)
    theirs = cross_val_score(model, X, Y, scoring="neg_mean_squared_error", cv=3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_scorers_ask_for_what_a_loss_takes() -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import get_scorer

    from losskit.sklearn import scorer

    y = boosted.TARGETS["binary_crossentropy"].astype(int)
    three = boosted.TARGETS["sparse_categorical_crossentropy"].astype(int)
    for loss, options, target in (
        ("bce", {}, y),
        ("bce", {"from_logits": True}, y),
        ("scce", {}, three),
        ("scce", {"from_logits": True}, three),
    ):
        model = LogisticRegression().fit(X, target)
        theirs = get_scorer("neg_log_loss")(model, X, target)
        assert scorer(loss, **options)(model, X, target) == pytest.approx(theirs)
    found = scorer("mae")
    model = LogisticRegression().fit(X, y)
    w = boosted.WEIGHT
    expected = -np.average(np.abs(model.predict(X) - y), weights=w)
    assert found(model, X, y, sample_weight=w) == pytest.approx(expected)
    assert pickle.loads(pickle.dumps(found))(model, X, y) == found(model, X, y)


def test_nothing_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, losskit.boosting as b; b.xgboost('mse'); b.lightgbm('mse'); b.catboost('mse');"
        "print([m for m in ('xgboost', 'lightgbm', 'catboost', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
