"""The callback that checks the loss, on the backend that runs."""

import warnings

import keras
import numpy as np
import pytest

import losskit
from losskit.keras import CheckLoss

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(256, 8)).astype(np.float32)
Y = DRAWN.integers(0, 4, 256)
Sparse = keras.losses.SparseCategoricalCrossentropy


def compiled(loss, activation="softmax"):
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8,)),
        keras.layers.Dense(8, "relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(4, activation=activation),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", loss=loss, metrics=["accuracy"])
    return model


def fit(model, y=Y, epochs=1, **options):
    """What was said in a training, and what came of it."""
    said = []
    check = CheckLoss(X, y, say=said.append, **options)
    made = model.fit(X, y, epochs=epochs, verbose=0, callbacks=[check])
    return said, made.history


def codes(said):
    return [f.code for report in said for f in report]


def test_each_code_is_said_once_and_the_training_is_the_same():
    model = compiled(Sparse(from_logits=True))
    said, history = fit(model, epochs=3, every=1)
    assert codes(said).count("LK101") == 1
    assert len(codes(said)) == len(set(codes(said)))
    alone = compiled(Sparse(from_logits=True))
    assert alone.fit(X, Y, epochs=3, verbose=0).history == history
    for a, b in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "crossentropy",
        keras.losses.sparse_categorical_crossentropy,
    ],
)
def test_losses_by_name_and_as_functions(loss):
    assert "LK103" in codes(fit(compiled(loss, None))[0])
    assert codes(fit(compiled(loss))[0]) == []


@pytest.mark.parametrize("kind", [list, dict])
def test_each_output_is_checked(kind):
    inputs = keras.Input((8,))
    outputs = {
        "a": keras.layers.Dense(4, name="a", activation="softmax")(inputs),
        "b": keras.layers.Dense(1, name="b")(inputs),
    }
    loss = {"a": Sparse(from_logits=True), "b": "mse"}
    y = {"a": Y, "b": X[:, :1]}
    if kind is list:
        outputs, loss, y = ([*each.values()] for each in (outputs, loss, y))
    model = keras.Model(inputs, outputs)
    model.compile("adam", loss=loss)
    said, _ = fit(model, y=y)
    assert codes(said) == ["LK101"]
    assert said[0].loss.startswith("a: keras.losses.SparseCategoricalCrossentropy")


def test_nothing_is_raised_into_the_training():
    model = compiled(Sparse())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[CheckLoss(X[:, :3], Y, every=1)])
    said = [str(w.message) for w in caught if "CheckLoss" in str(w.message)]
    assert len(said) == 1
    assert "could not check the loss: " in said[0]


def test_what_a_mask_leaves_out_is_not_looked_at():
    words = np.array([[1, 2, 3, 0], [4, 5, 0, 0]] * 8)
    y = np.where(words > 0, words, -1)  # no label where there is no word
    model = keras.Sequential(
        [keras.layers.Embedding(6, 3, mask_zero=True), keras.layers.Dense(6, "softmax")]
    )
    model.compile("adam", loss=Sparse())
    seen = []
    check = CheckLoss(words, y, say=seen.append)
    check.set_model(model)
    check._checker = lambda *args, sample_weight, **options: seen.append(sample_weight)
    check._checker.undisturbed = warnings.catch_warnings
    check.on_epoch_begin(0)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(seen[0]), words > 0)


def test_labels_for_a_loss_of_rows_are_said_before_the_training_fails():
    model = compiled("categorical_crossentropy")
    said = []
    watch = CheckLoss(X, Y, say=said.append, model=model)
    assert codes(said) == ["LK202"]
    with pytest.raises(ValueError, match=r"shape|rank"):
        model.fit(X, Y, verbose=0, callbacks=[watch])
    assert codes(said) == ["LK202"]


def test_a_model_that_is_given_is_looked_at_once_before_the_training():
    model = compiled(Sparse(from_logits=True))
    said, looks = [], []
    watch = CheckLoss(X, Y, say=said.append, model=model, every=2)
    watch._look = lambda: looks.append(len(looks))
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[watch])
    assert codes(said) == ["LK101"]
    assert len(looks) == 2  # at the third epoch, and at the end
    with pytest.raises(TypeError, match="compile it first"):
        CheckLoss(X, Y, model=keras.Sequential([keras.layers.Dense(1)]))


def test_gradients_of_one_dimension_and_of_plain_functions():
    yes = (X[:, 0] > 0).astype(np.float32)
    sure = np.where(np.arange(256) < 5, 1 - yes, 0.25 + 0.5 * yes).astype(np.float32)
    for loss in (keras.losses.BinaryCrossentropy(), keras.losses.binary_crossentropy):
        found = losskit.check(loss, yes, sure)
        # TensorFlow's clip takes the gradient of what it clips; where there is none, it is told.
        assert found["LK401"].numbers["dead"] == 5
        assert "LK401" not in losskit.check(loss, yes, np.clip(sure, 0.1, 0.9))

    def distance(inside):
        return lambda y, p: keras.ops.sqrt(keras.ops.sum((p - y) ** 2, -1) + inside)

    y, p = X[:16], X[16:32].copy()
    p[5] = y[5]
    for make in (np.asarray, keras.ops.convert_to_tensor):
        found = losskit.check(distance(0.0), make(y), make(p))["LK402"]
        assert found.numbers["first"] == 5
        assert losskit.check(distance(1e-12), make(y), make(p))


@pytest.mark.parametrize("option", ["every", "sample"])
def test_what_cannot_be_is_refused(option):
    with pytest.raises(ValueError, match=f"{option} must be an integer of at least 1, got 0"):
        CheckLoss(X, Y, **{option: 0})


def test_the_name_shows_the_parameters_that_are_not_as_usual():
    one_hot, p = np.eye(4)[Y], np.full((256, 4), 0.25, np.float32)
    z = np.log(p)
    calls = {
        "SparseCategoricalCrossentropy()": (losskit.keras.SparseCategoricalCrossentropy(), Y, p),
        "SparseCategoricalCrossentropy(temperature=2.0)": (
            losskit.keras.SparseCategoricalCrossentropy(from_logits=True, temperature=2.0),
            Y,
            z,
        ),
        "Poly1Crossentropy(epsilon=-1.0)": (
            losskit.keras.Poly1Crossentropy(epsilon=-1.0),
            one_hot,
            p,
        ),
        "Huber()": (losskit.keras.Huber(), one_hot, p),
    }
    for name, call in calls.items():
        said = losskit.check(*call).loss.replace("from_logits=True, ", "")
        assert said == f"losskit.keras.{name}"
