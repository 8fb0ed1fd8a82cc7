"""Bad input gets a message that names the argument, the value, its index and the remedy."""

import re
import warnings

import ml_dtypes
import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.families import has_row_target, is_rowwise
from losskit.core.packing import packed

F32 = np.float32
P = np.array([0.1, 0.9, 0.4], F32)
ROWS = np.array([[0.1, 0.9, 0.0], [0.3, 0.3, 0.4]], F32)
ONE_HOT = np.eye(3)[:2]
mse, huber, bce = losskit.mean_squared_error, losskit.huber, losskit.binary_crossentropy
cce, scce = losskit.categorical_crossentropy, losskit.sparse_categorical_crossentropy
SCCE, HUBER = losskit.SparseCategoricalCrossentropy, losskit.Huber
CCE = losskit.CategoricalCrossentropy


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def bad(call, kind, *words):
    """The call raises exactly that kind, and its message holds all the words."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    message = str(caught.value)
    for word in words:
        assert word in message, f"{word!r} is not in: {message}"


# --- shapes ---------------------------------------------------------------------------------------

SHAPES = [
    (mse, np.zeros(3), np.zeros((3, 1)), ["y_true.shape=(3,)", "(3, 1)", "y_pred.squeeze(-1)"]),
    (mse, np.zeros((3, 1)), np.zeros(3), ["y_true.shape=(3, 1)", "y_true.squeeze(-1)"]),
    (mse, np.zeros((2, 3)), np.zeros((3, 2)), ["(2, 3)", "(3, 2)", "same shape"]),
    (mse, 0.0, np.zeros(3), ["y_true.shape=()", "np.full(y_pred.shape, y_true)"]),
    (mse, np.zeros(0), np.zeros(3), ["(0,)", "(3,)"]),
    (scce, ONE_HOT, ROWS, ["one-hot", "categorical_crossentropy", "argmax"]),
    (scce, [[0], [1]], ROWS, ["(2, 1)", "squeeze(-1)", "expected y_true.shape=(2,)"]),
    (scce, [0, 1, 2], ROWS, ["(3,)", "expected y_true.shape=(2,)"]),
    (cce, [0, 1], ROWS, ["integer labels", "sparse_categorical_crossentropy", "np.eye(3)"]),
    (cce, np.zeros((2, 4)), ROWS, ["(2, 4)", "(2, 3)"]),
    (cce, np.zeros((2, 0)), np.zeros((2, 0)), ["no classes", "axis=-1"]),
    (losskit.cosine_similarity, 1.0, 2.0, ["at least one dimension"]),
    (scce, 0, 0.5, ["at least one dimension"]),
]


@pytest.mark.parametrize(("loss", "y", "p", "words"), SHAPES)
def test_shapes(loss, y, p, words):
    bad(lambda: loss(y, p), ValueError, *words)


def test_axis_that_does_not_exist():
    bad(lambda: losskit.cosine_similarity(ROWS, ROWS, axis=2), ValueError, "axis=2", "(2, 3)")
    bad(lambda: losskit.cosine_similarity(ROWS, ROWS, axis=-3), ValueError, "axis=-3")


# --- labels ---------------------------------------------------------------------------------------

LABELS = [
    ([0, 3], ["label 3", "index 1", "3 classes", "0 to 2", "Is a class missing in y_pred"]),
    ([1, 3], ["label 3", "index 1", "Start labels at 0"]),
    ([0, -1], ["label -1", "index 1", "ignore_class=-1"]),
    ([255, 1], ["label 255", "index 0", "ignore_class=255"]),
    ([0.0, 0.5], ["label 0.5", "index 1", "fractional", "categorical_crossentropy"]),
    ([0.0, np.nan], ["label nan", "index 1", "mask="]),
    ([np.inf, 0.0], ["label inf", "index 0"]),
    (np.array([2**63, 1], np.uint64), ["9223372036854775808", "index 0"]),
    (np.array([0, 0.5], ml_dtypes.bfloat16), ["label 0.5", "index 1"]),
]


@pytest.mark.parametrize(("y", "words"), LABELS)
def test_labels(y, words):
    bad(lambda: scce(y, ROWS), ValueError, "y_true", *words)


def test_index_of_a_label_in_more_dimensions():
    p = np.full((2, 2, 3), 1 / 3)
    bad(lambda: scce([[0, 1], [2, 9]], p), ValueError, "label 9 at index (1, 1)")


@pytest.mark.parametrize("y", [[0, 1], [0.0, 1.0], [False, True], np.array([0, 1], np.uint8)])
def test_labels_of_every_numeric_kind(y):
    assert scce(y, ROWS) == scce(np.array([0, 1]), ROWS)


def test_an_ignored_label_is_no_bad_label():
    only = scce([1], ROWS[1:])
    for y in ([-1, 1], np.array([255, 1], np.uint8), [-1.0, 1.0]):
        loss = SCCE(ignore_class=int(y[0]))
        assert loss(y, ROWS) == only
        assert not loss.gradient(y, ROWS)[0].any()
        assert loss.parts(y, ROWS)[1] == 1
    bad(lambda: SCCE(ignore_class=-1)([-1, -2], ROWS), ValueError, "label -2 at index 1")


# --- domains --------------------------------------------------------------------------------------

DOMAINS = [
    (bce, [1, 0, 1], [0.5, 1.2, 0.3], ["y_pred", "1.2", "index 1", "[0, 1]", "from_logits=True"]),
    (bce, [1, 0, 1], [-0.5, 0.2, 0.3], ["y_pred", "-0.5", "index 0", "from_logits=True"]),
    (bce, [1, 0, 1], [0.5, 0.2, np.inf], ["y_pred", "inf", "index 2"]),
    (bce, [1, 2, 1], P, ["y_true", "2", "index 1", "sparse_categorical_crossentropy"]),
    (cce, ONE_HOT, ROWS * 10, ["y_pred", "9", "index (0, 1)", "from_logits=True"]),
    (cce, ONE_HOT * 2, ROWS, ["y_true", "2", "index (0, 0)"]),
    (scce, [0, 1], ROWS - 1, ["y_pred", "-0.9", "index (0, 0)", "from_logits=True"]),
    (losskit.hinge, [1, 2], [0.1, 0.2], ["y_true", "2", "index 1", "-1 or 1", "recode"]),
    (losskit.categorical_hinge, [[0.5, 0.5]], [[1.0, 2.0]], ["y_true", "0.5", "index (0, 0)"]),
    (losskit.poisson, [1.0], [-0.5], ["y_pred", "-0.5", "index 0", "exp or softplus"]),
    (losskit.poisson, [-1.0], [0.5], ["y_true", "-1", "index 0", ">= 0"]),
    (losskit.mean_squared_logarithmic_error, [-2.0], [0.5], ["y_true", "-2", "index 0"]),
    (losskit.kl_divergence, [[0.5, 0.5]], [[-1.0, 2.0]], ["y_pred", "-1", "softmax"]),
    (bce, np.ones(1, ml_dtypes.bfloat16), np.full(1, 2, ml_dtypes.bfloat16), ["y_pred", "got 2"]),
]


@pytest.mark.parametrize(("loss", "y", "p", "words"), DOMAINS)
def test_domains(loss, y, p, words):
    bad(lambda: loss(y, p), ValueError, *words)


def test_rounding_is_no_mistake():
    p = np.array([1 + 1e-6, -1e-6, 0.5], F32)
    value, gradient = losskit.BinaryCrossentropy().value_and_gradient([1.0, 0.0, 1.0], p)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


NAMES_WITH_TARGETS = [n for n, c in CARDS.items() if packed(c()).slots[0].differentiable]


@pytest.mark.parametrize("name", NAMES_WITH_TARGETS)
@pytest.mark.parametrize(("junk", "words"), [(np.nan, "NaN"), (np.inf, "infinite")])
def test_target_that_is_no_number(name, junk, words):
    whole = getattr(CARDS[name], "whole", False)  # by default the batch is one item
    loss = losskit.get(name, **({"axis": -1} if whole else {})).packed()
    own = max(1, len(loss.card.slots[loss.card.main].dims))  # of vectors there may be several
    p = np.full((2,) * (1 + own), 0.5)
    shape = (2,) if has_row_target(loss.card) or own > 1 else (2, 2)
    y = np.full(shape, min(1.0, CARDS[name].target.high))
    where = tuple(s - 1 for s in shape)
    y[where] = junk
    if np.isnan(junk) or not CARDS[name].target.values:
        index = str(where if len(where) > 1 else where[0])
        bad(lambda: loss(y, p), ValueError, "y_true", words, f"index {index}", "mask=")
    keep = np.array([True, False]) if loss(np.full_like(y, y.flat[0]), p).ndim == 0 else None
    assert np.isfinite(loss(y, p, mask=keep))
    assert np.isfinite(loss(y, p, [1.0, 0.0]))


def test_target_too_large_for_the_dtype():
    bad(lambda: mse([0.0, 1e300, 0.0], P), ValueError, "1e+300", "index 1", "float32", "float64")
    assert np.isfinite(mse([0.0, 1e300, 0.0], P, mask=[True, False, True]))


def test_mean_and_variance():
    loss, y, mean, variance = losskit.GaussianNLL(), [0.5, 1.5], [1.0, 2.0], [0.5, -2.0]
    words = ["variance must be a variance >= 0 for gaussian_nll", "got -2", "index 1"]
    bad(lambda: loss(y, mean, variance), ValueError, *words)
    assert np.isfinite(loss(y, mean, variance, mask=[True, False]))
    assert np.isfinite(loss(y, mean, variance=[np.nan, 1.0], sample_weight=[0.0, 1.0]))
    words = ["variance must have the shape (2,)", "(),(),()->()", "variance.shape=(3,)"]
    bad(lambda: loss(y, mean, [1.0, 1.0, 1.0]), ValueError, *words)
    bad(lambda: loss(y, mean), TypeError, "misses variance", "y_true, y_pred, variance")
    bad(lambda: loss(y, mean, mean, var=mean), TypeError, "does not take var")
    bad(lambda: loss(y, mean, mean, variance=mean), TypeError, "several values for variance")
    bad(lambda: loss.value_and_gradient(y, mean, mean, out=np.empty(2)), TypeError, "out")


def test_mean_and_variance_in_one_array():
    loss, y = losskit.GaussianNLL().packed(), [0.5, 1.5]
    p = np.array([[1.0, 0.5], [2.0, 0.5]])
    words = ["y_pred must hold 2 numbers", "a mean, a variance >= 0", "(2, 3)"]
    bad(lambda: loss(y, np.ones((2, 3))), ValueError, *words)
    bad(lambda: loss(p, p), ValueError, "up to the axis=-1", "expected y_true.shape=(2,)")
    bad(lambda: loss([[0.5], [1.5]], p), ValueError, "y_true.squeeze(-1)")
    p[1, 1] = -2.0
    words = ["y_pred must be a variance >= 0 for gaussian_nll", "got -2", "index (1, 1)"]
    bad(lambda: loss(y, p), ValueError, *words)
    assert np.isfinite(loss(y, p, mask=[True, False]))


# --- weights and masks ----------------------------------------------------------------------------

WEIGHTS = [
    ([1, -1, 1], ["sample_weight", "-1", "index 1", ">= 0"]),
    ([1, 1, np.nan], ["sample_weight", "nan", "index 2"]),
    ([np.inf, 1, 1], ["sample_weight", "inf", "index 0"]),
    ([1, 2], ["sample_weight.shape=(2,)", "(3,)"]),
    (np.ones((3, 3)), ["sample_weight.shape=(3, 3)"]),
    (np.ones((1, 1, 1)), ["sample_weight.shape=(1, 1, 1)"]),
    (-1.0, ["sample_weight", "-1"]),
]


@pytest.mark.parametrize(("weight", "words"), WEIGHTS)
def test_weights(weight, words):
    bad(lambda: mse(P, P, weight), ValueError, *words)


def test_weights_of_every_allowed_shape():
    y, p = np.zeros((2, 3)), np.arange(6.0).reshape(2, 3)
    loss = losskit.MeanSquaredError(reduction="sum")
    per_row = loss(y, p, [1.0, 2.0])
    assert per_row == loss(y, p, [[1.0], [2.0]])
    assert per_row == loss(y, p, [[1.0] * 3, [2.0] * 3])
    assert loss(y, p, 2) == loss(y, p, np.full((2, 3), 2)) == loss(y, p, [[2.0, 2.0, 2.0]])
    rows = losskit.CategoricalCrossentropy(reduction="sum")
    assert rows(ONE_HOT, ROWS, [1.0, 2.0]) == rows(ONE_HOT, ROWS, [[1.0], [2.0]])
    bad(lambda: rows(ONE_HOT, ROWS, np.ones((2, 3))), ValueError, "items (2,)")
    bad(lambda: rows(ONE_HOT, ROWS, np.ones((1, 3))), ValueError, "items (2,)")


def test_a_weight_that_does_not_count_may_be_anything():
    keep = [False, True, True]
    for junk in (np.nan, np.inf, -1.0):
        assert mse(P, P + 1, [junk, 1, 1], mask=keep) == pytest.approx(1.0)


def test_masks():
    bad(lambda: mse(P, P, mask=[1, 0, 1]), TypeError, "mask", "boolean", "int64", "sample_weight")
    bad(lambda: mse(P, P, mask=[1.0, 0.0, 1.0]), TypeError, "mask", "float64")
    bad(lambda: mse(P, P, mask=[True, False]), ValueError, "mask.shape=(2,)", "(3,)")
    assert mse(P, P + 1, mask=True) == mse(P, P + 1, mask=None) == mse(P, P + 1)


# --- what is no array of numbers ------------------------------------------------------------------

NO_ARRAYS = [
    (None, TypeError, ["None"]),
    (["a", "b", "c"], TypeError, ["<U1", "np.unique"]),
    ("abc", TypeError, ["real numbers"]),
    (b"abc", TypeError, ["real numbers"]),
    (np.array([object()] * 3), TypeError, ["object"]),
    ([1j, 2, 3], TypeError, ["complex128", "real or the absolute part"]),
    ([[1.0], [1.0, 2.0]], TypeError, ["equal length", "mask"]),
    ({}, TypeError, ["object"]),
    ({1.0}, TypeError, ["object"]),
    ((i for i in range(3)), TypeError, ["object"]),
    ([10**30] * 3, TypeError, ["object"]),
    (np.array(["2020-01-01"] * 3, "M8[D]"), TypeError, ["datetime64"]),
    (np.zeros(3, ml_dtypes.float8_e4m3fn), TypeError, ["float8_e4m3fn"]),
    (np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), TypeError, ["masked array", "getmaskarray"]),
]


@pytest.mark.parametrize(("value", "kind", "words"), NO_ARRAYS, ids=[str(i) for i in range(14)])
def test_no_arrays(value, kind, words):
    bad(lambda: mse(value, P), kind, "y_true", *words)
    if value is not None:
        bad(lambda: mse(P, P, value), kind, "sample_weight", *words)
    if not hasattr(value, "__next__"):
        bad(lambda: mse(P, value), kind, "y_pred", *words)


def test_integer_predictions():
    for p in ([1, 0, 1], np.zeros(3, np.uint8)):
        bad(lambda p=p: bce(P, p), TypeError, "y_pred", "integers", "argmax", "astype('float32')")
    bad(lambda: mse(P, [True, False, True]), TypeError, "y_pred", "booleans", "argmax")


def test_a_nan_prediction_is_let_through():
    assert np.isnan(bce([1.0, 0.0, 1.0], [0.5, np.nan, 0.5]))


# --- parameters -----------------------------------------------------------------------------------

PARAMETERS = [
    (lambda: HUBER(delta=0), ValueError, ["delta", "(0, inf)", "got 0"]),
    (lambda: HUBER(delta=-1), ValueError, ["delta", "got -1"]),
    (lambda: HUBER(delta=np.nan), ValueError, ["delta", "nan"]),
    (lambda: HUBER(delta=np.inf), ValueError, ["delta", "inf"]),
    (lambda: HUBER(delta="1"), TypeError, ["delta", "'1'"]),
    (lambda: HUBER(delta=True), TypeError, ["delta", "True"]),
    (lambda: HUBER(delta=None), TypeError, ["delta", "None"]),
    (lambda: HUBER(delta=[1.0, 2.0]), TypeError, ["delta"]),
    (lambda: losskit.BinaryCrossentropy(from_logits=1), TypeError, ["from_logits", "flag"]),
    (lambda: losskit.BinaryCrossentropy(from_logits=None), TypeError, ["from_logits"]),
    (lambda: losskit.BinaryCrossentropy(label_smoothing=2), ValueError, ["label_sm", "[0, 1]"]),
    (lambda: losskit.BinaryCrossentropy(label_smoothing=-0.1), ValueError, ["label_smoothing"]),
    (lambda: losskit.CosineSimilarity(axis=1.5), TypeError, ["axis must be an integer", "1.5"]),
    (lambda: losskit.CosineSimilarity(axis=(0, 1)), TypeError, ["axis", "(0, 1)"]),
    (lambda: losskit.CosineSimilarity(axis=True), TypeError, ["axis", "True"]),
    (lambda: losskit.CosineSimilarity(axis=None), TypeError, ["axis", "None"]),
    (lambda: losskit.MeanAbsolutePercentageError(epsilon=0), ValueError, ["epsilon", "got 0"]),
    (lambda: SCCE(ignore_class=1.5), TypeError, ["ignore_class", "1.5"]),
    (lambda: SCCE(class_weight=[1, -1]), ValueError, ["class_weight", "class 1", "-1"]),
    (lambda: SCCE(class_weight=[1, np.nan]), ValueError, ["class_weight", "nan"]),
    (lambda: SCCE(class_weight={-1: 2}), ValueError, ["class_weight", "class -1"]),
    (lambda: SCCE(class_weight={1.5: 2}), TypeError, ["class_weight", "integer"]),
    (lambda: SCCE(class_weight={0: "x"}), TypeError, ["class_weight"]),
    (lambda: SCCE(class_weight=[(0, 1.0), (0, 2.0)]), ValueError, ["class_weight", "twice"]),
    (lambda: SCCE(class_weight="balanced"), TypeError, ["class_weight", "'balanced'"]),
    (lambda: SCCE(class_weight=5), TypeError, ["class_weight", "got 5"]),
    (lambda: scce([0, 1], ROWS, class_weight=[1] * 4), ValueError, ["4 weights", "3 classes"]),
    (lambda: scce([0, 1], ROWS, class_weight=[1] * 2), ValueError, ["2 weights", "mapping"]),
    (lambda: scce([0, 1], ROWS, class_weight={3: 1}), ValueError, ["class 3", "3 classes"]),
    (lambda: SCCE(from_logits=True, temperature=0), ValueError, ["temperature", "(0, inf)"]),
    (lambda: SCCE(from_logits=True, temperature=np.inf), ValueError, ["temperature", "inf"]),
    (lambda: SCCE(from_logits=True, z_loss=-1e-4), ValueError, ["z_loss", "[0, inf)"]),
    (lambda: SCCE(from_logits=True, z_loss=np.inf), ValueError, ["z_loss", "inf"]),
    (lambda: SCCE(temperature=2.0), ValueError, ["temperature", "got 2", "from_logits=True"]),
    (lambda: SCCE(z_loss=1e-4), ValueError, ["z_loss", "got 0.0001", "from_logits=True"]),
    (lambda: CCE(temperature=2.0), ValueError, ["temperature", "from_logits=True"]),
    (lambda: CCE(z_loss=1e-4, from_logits=False), ValueError, ["z_loss", "from_logits=True"]),
    (lambda: HUBER(delat=1.0), TypeError, ["Huber", "delat", "delta"]),
    (lambda: huber(P, P, delat=1.0), TypeError, ["Huber", "delat", "delta"]),
    (lambda: HUBER(1.0, 2.0), TypeError, ["2 positional arguments", "delta"]),
    (lambda: HUBER(reduction="avg"), ValueError, ["reduction", "'avg'", "'mean'"]),
    (lambda: HUBER(reduction="SUM"), ValueError, ["reduction", "'SUM'"]),
    (lambda: HUBER(reduction=["mean"]), ValueError, ["reduction"]),
    (lambda: HUBER(reduction=True), ValueError, ["reduction"]),
    (lambda: HUBER(on_empty="zeros"), ValueError, ["on_empty", "'zeros'", "'nan'"]),
    (lambda: HUBER(on_empty=np.array(["a", "b"])), ValueError, ["on_empty"]),
    (lambda: HUBER(name=5), TypeError, ["name", "5"]),
    (losskit.Loss, TypeError, ["base", "losskit.Huber()"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "kind", "words"), PARAMETERS, ids=[str(i) for i in range(len(PARAMETERS))]
)
def test_parameters(call, kind, words):
    bad(call, kind, *words)


def test_parameters_from_numpy_are_taken():
    assert HUBER(delta=np.float32(2.0)) == HUBER(delta=2) == HUBER(2.0)
    assert losskit.BinaryCrossentropy(from_logits=np.True_).card.from_logits is True
    assert losskit.CosineSimilarity(axis=np.int64(0)).card.axis == 0
    assert SCCE(class_weight=np.array([1.0, 2.0])) == SCCE(class_weight=[1, 2])
    assert SCCE(class_weight={1: 2, 0: 1}) == SCCE(class_weight={0: 1.0, 1: 2.0})
    assert SCCE(class_weight=SCCE(class_weight=[1, 2]).card.class_weight) == SCCE(
        class_weight=(1, 2)
    )


def test_class_weights_by_mapping_leave_the_others_at_one():
    want = scce([0], ROWS[:1]) * 2 + scce([1], ROWS[1:])
    assert scce([0, 1], ROWS, class_weight={0: 2.0}, reduction="sum") == pytest.approx(want)


# --- names ----------------------------------------------------------------------------------------


def test_unknown_names():
    bad(lambda: losskit.get("hubr"), ValueError, "'hubr'", "Did you mean huber", "losskit list")
    bad(lambda: losskit.get("mean_square_error"), ValueError, "mean_squared_error")
    bad(lambda: losskit.get("CategoricalCrossEntropyLoss"), ValueError, "categorical_crossentropy")
    bad(lambda: losskit.get("zzzz"), ValueError, "'zzzz'", "losskit list")
    bad(lambda: losskit.get(""), ValueError, "''")
    bad(lambda: losskit.get(3), TypeError, "string", "3")
    bad(lambda: losskit.get(HUBER), TypeError, "string")
    bad(lambda: losskit.get(HUBER(), delta=2.0), TypeError, "delta")
    with pytest.raises(AttributeError):
        losskit.hubr  # noqa: B018


# --- the reduction's own arguments ----------------------------------------------------------------


@pytest.mark.parametrize("count", [-1, np.nan, np.inf, "3", True, [3, 4]])
def test_num_items(count):
    words = ["num_items", "number >= 0", repr(count)]
    bad(lambda: mse(P, P, num_items=count), ValueError, *words)
    bad(lambda: losskit.MeanSquaredError().gradient(P, P, num_items=count), ValueError, *words)


def test_num_items_where_it_has_no_meaning():
    bad(lambda: mse(P, P, num_items=3, reduction="sum"), ValueError, "num_items", "'sum'")
    bad(lambda: mse(P, P, num_items=0), ValueError, "num_items is 0", "3 items")
    rmse = losskit.root_mean_squared_error
    bad(lambda: rmse(P, P, num_items=3), ValueError, "num_items", "combine")
    assert mse(P, P, num_items=0, mask=False) == 0


def test_out():
    loss = HUBER()
    for out in (np.zeros(3), np.zeros(2, F32), [0.0] * 3, "x", 3):
        call = lambda o=out: loss.value_and_gradient(P, P, out=o)  # noqa: E731
        bad(call, ValueError, "out must be a NumPy array of shape (3,) and dtype float32")
    out = np.zeros(3, F32)
    out.flags.writeable = False
    bad(lambda: loss.value_and_gradient(P, P, out=out), ValueError, "out is read-only")


def test_combine():
    bad(lambda: HUBER().combine(1.0, -1.0), ValueError, "count", "-1.0")


def test_empty():
    for call in (lambda loss: loss([], []), lambda loss: loss(P, P, mask=False)):
        bad(lambda c=call: c(HUBER(on_empty="raise")), ValueError, "empty", "on_empty='zero'")
    assert mse([], np.zeros(0, F32)) == 0


def test_every_method_checks_alike():
    loss = losskit.MeanSquaredError()
    methods = [loss, loss.gradient, loss.value_and_gradient, loss.curvature, loss.elementwise,
               loss.parts]  # fmt: skip
    for method in methods:
        bad(lambda m=method: m([np.nan, 0, 0], P), ValueError, "y_true is NaN at index 0")
        bad(lambda m=method: m(P, P, [1, -1, 1]), ValueError, "sample_weight")


def test_valid_input_raises_no_warning():
    y, p = [1.0, np.nan, 1e300], np.array([0.5, np.nan, np.inf], F32)
    for name in NAMES_WITH_TARGETS:
        loss = losskit.get(name).packed()
        if not is_rowwise(loss.card):
            y[0] = min(1.0, loss.card.target.high)
            loss.value_and_gradient(y, p, mask=[True, False, False])
            loss.curvature(y, p, [1.0, 0.0, 0.0])
    scce([np.nan, 1.0], ROWS, mask=[False, True])


def test_messages_end_in_one_sentence():
    """No doubled punctuation where the pieces of a message meet."""
    for loss, y, p, _ in [*SHAPES, *DOMAINS]:
        with pytest.raises(ValueError) as caught:
            loss(y, p)
        message = str(caught.value)
        assert not re.search(r"[^.]\.\.([^.]|$)|  |\. \.|,,|:\s*$", message), message
        assert message.endswith((".", ")"))


def test_what_would_be_lost_or_overflow_is_refused():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(TypeError, match="masked array"):
        losskit.mean_squared_error([masked, masked], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="finite in float32"):
        losskit.mean_squared_error([1.0, 2.0], np.ones(2, np.float32), [1e39, 1.0])
    with pytest.raises(ValueError, match="sums to infinity"):
        losskit.mean_squared_error([1.0, 2.0], [1.0, 2.0], [1.7e308, 1.7e308])
    with pytest.raises(ValueError, match="ignore_class"):
        SCCE(ignore_class=2**40)
