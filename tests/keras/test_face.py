"""The Keras face as Keras's users meet it."""

import ast
import contextlib
import inspect
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from gradients import (
    BACKEND,
    compiled,
    gradient,
    numpy,
    tensor,
    value_and_gradients,
)
from test_truth import DEFAULTS, grid

import losskit
import losskit.keras as L
from losskit.core.definition import CARDS
from losskit.core.families import Setwise, is_rowwise, placed
from losskit.core.packing import packed
from losskit.core.slots import item_shape

RANDOM = np.random.default_rng(0)
NAMES = sorted(card.__name__ for card in CARDS.values())
OF_FAMILIES = [
    pytest.param(type(case.values[0].card).__name__, marks=case.marks)
    for case in grid.sample(DEFAULTS)
]


def example(name):
    """A loss with inputs that suit it, in samples."""
    case = next(c for c in DEFAULTS if type(c.card).__name__ == name)
    y, p = (x if is_rowwise(case.card) else x.reshape(-1, 3) for x in (case.y, case.p))
    return getattr(L, name), y, p


# --- the tutorial --------------------------------------------------------------------------------


def test_tutorial_lines():
    assert float(L.MeanAbsoluteError()([1.0, 0.0], [2.0, 3.0])) == 2.0
    assert float(L.MeanSquaredError()([1.0, 0.0], [2.0, 3.0])) == 5.0
    one_hot = L.CategoricalCrossentropy()([[0.0, 1.0, 0.0]], [[0.05, 0.75, 0.2]])
    labels = L.SparseCategoricalCrossentropy()([1], [[0.05, 0.75, 0.2]])
    for loss in (one_hot, labels):
        assert float(loss) == pytest.approx(0.2876821, abs=5e-8)
    if BACKEND != "jax":
        assert one_hot.numpy() == pytest.approx(0.2876821, abs=5e-8)


# --- drop-in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_arguments_in_keras_order(name):
    peer = getattr(keras.losses, name, None)
    if peer is None:
        pytest.skip("Keras has no such loss")
    theirs = list(inspect.signature(peer).parameters.values())
    ours = list(inspect.signature(getattr(L, name)).parameters.values())
    assert [p.name for p in ours[: len(theirs)]] == [p.name for p in theirs]
    for a, b in zip(ours, theirs, strict=False):
        assert a.default == b.default, a
    assert all(p.kind is p.KEYWORD_ONLY for p in ours[len(theirs) :])


@pytest.mark.parametrize("name", sorted(CARDS))
def test_functions_in_keras_order(name):
    peer = getattr(keras.losses, name, None)
    if peer is None:
        pytest.skip("Keras has no such loss")
    theirs = list(inspect.signature(peer).parameters)
    assert list(inspect.signature(getattr(L, name)).parameters)[: len(theirs)] == theirs


@pytest.mark.parametrize("name", NAMES)
def test_config_round_trip(name):
    card = L.get(name).card
    given = {"name": "mine", "reduction": "mean_with_sample_weight", "dtype": "bfloat16"}
    changed = {"delta": 2.5, "axis": 0, "from_logits": True, "label_smoothing": 0.25,
               "ignore_class": 3, "epsilon": 0.5, "class_weight": [1.0, 2.0],
               "temperature": 2.5, "z_loss": 0.5}  # fmt: skip
    given |= {k: v for k, v in changed.items() if k in card.rules()}
    loss = getattr(L, name)(**given)
    config = json.loads(json.dumps(loss.get_config()))
    for key in given.keys() - {"class_weight"}:
        assert config[key] == given[key]
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert again.card == loss.card
    with pytest.raises((TypeError, ValueError)):
        getattr(L, name)(no_such_parameter=1)


def test_saved_model_keeps_its_loss(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=L.softmax)])
    loss = L.SparseCategoricalCrossentropy(class_weight={1: 5.0}, label_smoothing=0.1)
    model.compile("adam", loss)
    x, y = RANDOM.random((8, 4), "float32"), np.arange(8) % 3
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.get_config() == loss.get_config()
    assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    assert again.layers[-1].activation is L.softmax
    saved = keras.activations.serialize(L.sigmoid)
    assert keras.activations.deserialize(saved) is L.sigmoid


@pytest.mark.parametrize("name", OF_FAMILIES)
def test_compile_and_fit(name):
    cls, y, p = example(name)
    if p.ndim > 2 or cls._card.task == "survival":
        pytest.skip("it takes another network: tests/keras/test_slots.py has one")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(p.shape[-1])])
    last = cls._card().prediction
    if last.low == -1.0:
        model.add(keras.layers.Activation("tanh"))
    if getattr(packed(cls._card()), "places", ()):
        model.add(keras.layers.Activation("softplus"))
    if last.low == 0.0:
        model.add(keras.layers.Activation("softmax" if is_rowwise(cls._card()) else "sigmoid"))
    model.compile("adam", loss=cls())
    x = np.random.default_rng(0).normal(size=(len(p), 6)).astype("float32")
    history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, sample_weight=np.ones(len(p)))
    assert np.isfinite(history.history["loss"]).all()


def test_function_given_to_compile():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", loss=L.sparse_categorical_crossentropy)
    assert np.isfinite(model.train_on_batch(np.ones((4, 2)), np.array([0, 1, 2, 0])))


@pytest.mark.parametrize("name", OF_FAMILIES if BACKEND == "jax" else NAMES)
def test_functions_give_one_value_per_sample(name):
    cls, y, p = example(name)
    card = packed(cls().card)
    along = {"axis": -1} if card.parameters().get("axis") == 0 else {}
    card = packed(cls(**along).card)
    got = numpy(getattr(L, card.name)(y, p, **along))
    if isinstance(card, Setwise):
        assert got.shape == ()
    else:
        assert got.shape == (
            item_shape(placed(card, p.shape), p.shape) if is_rowwise(card) else p.shape[:-1]
        )
        items = grid.loss_of(card).elementwise(y, p)
        want = items if is_rowwise(card) else items.mean(-1)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)


def test_function_takes_parameters_in_order():
    y, p = np.zeros((1, 2), "float32"), np.full((1, 2), 3.0, "float32")
    assert float(L.huber(y, p, 2.0)[0]) == 4.0
    assert numpy(L.cosine_similarity(p, p, 0)).shape == (2,)


def test_get_and_unknown_names():
    assert L.get("mse").get_config() == L.MeanSquaredError().get_config()
    with pytest.raises(ValueError, match="huber"):
        L.get("hubre")


# --- reductions, weights, masks ------------------------------------------------------------------


def test_caller_keeps_its_weights():
    weight = tensor(np.array([1.0, 2.0], "float32"))
    y, p = np.zeros((2, 3), "float32"), np.ones((2, 3), "float32")
    masked = tensor(p)
    with contextlib.suppress(AttributeError):
        masked._keras_mask = tensor(np.array([True, False]))
    L.MeanSquaredError()(y, masked, weight)
    np.testing.assert_array_equal(numpy(weight), [1.0, 2.0])


def test_mask_from_an_embedding():
    tokens = np.array([[1, 2, 0, 0], [3, 1, 2, 0]])
    targets = np.array([[1, 0, 2, 2], [2, 1, 0, 2]])
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            keras.layers.Embedding(4, 8, mask_zero=True),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", L.SparseCategoricalCrossentropy())
    p = model.predict(tokens, verbose=0)
    per_token = losskit.SparseCategoricalCrossentropy().elementwise(targets, p)
    want = per_token[tokens != 0].mean()
    assert model.evaluate(tokens, targets, verbose=0) == pytest.approx(want, rel=1e-5)


def test_ignore_class_counts_only_the_rest():
    p = np.array([[0.5, 0.5], [0.25, 0.75], [np.nan, np.nan]], "float32")
    y = np.array([0, 1, 255])
    loss = L.SparseCategoricalCrossentropy(ignore_class=255)
    value, (slope,) = value_and_gradients(lambda q: loss(y, q), p)
    assert float(value) == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2, rel=1e-6)
    assert not slope[2].any()
    everything = L.SparseCategoricalCrossentropy(ignore_class=255)(np.full(3, 255), p)
    assert float(everything) == 0.0


@pytest.mark.parametrize("name", OF_FAMILIES)
def test_empty_batch_is_zero(name):
    cls, y, p = example(name)
    loss = cls(axis=-1) if cls._card.task == "survival" else cls()
    assert float(loss(y, p, np.zeros(len(p), "float32"))) == 0.0
    value, (slope,) = value_and_gradients(lambda q: loss(y[:0], q), p[:0])
    assert value.shape == ()
    assert float(value) == 0.0
    assert slope.shape == p[:0].shape


@pytest.mark.skipif(BACKEND != "tensorflow", reason="dimensions unknown while tracing")
@pytest.mark.parametrize("name", ["MeanSquaredError", "RootMeanSquaredError"])
def test_empty_batch_of_unknown_size(name):
    import tensorflow as tf

    loss = getattr(L, name)()
    for shape in ([None], [None, 3], [None, None]):
        spec = tf.TensorSpec(shape, tf.float32)
        quick = tf.function(loss.__call__, input_signature=[spec, spec])
        empty, some = np.zeros([0] * len(shape), "float32"), np.ones([2] + [3] * (len(shape) - 1))
        empty = empty.reshape([0] + [3] * (len(shape) - 1))
        assert float(quick(empty, empty)) == 0.0
        assert float(quick(some.astype("float32") * 0, some.astype("float32"))) > 0.0


def test_one_number_per_sample_is_squeezed_as_keras_does():
    y, p = np.array([1.0, 2.0], "float32"), np.array([[1.0], [4.0]], "float32")
    for target in (y, y[:, None]):
        for prediction in (p, p[:, 0]):
            assert float(L.MeanSquaredError()(target, prediction)) == 2.0


def test_labels_survive_low_precision():
    """bfloat16 has 8 bits: label 1001 would become 1000."""
    z = np.zeros((1, 1200), "float32")
    z[0, 1001] = 50.0
    loss = L.SparseCategoricalCrossentropy(from_logits=True, dtype="bfloat16")
    assert float(loss(np.array([1001]), z)) < 1e-18
    assert float(loss(np.array([1000]), z)) == 50.0


# --- derivatives ---------------------------------------------------------------------------------


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow has no vmap of Python functions")
def test_vmap():
    y, p = RANDOM.random((2, 5, 4, 3), "float32")
    loss = L.Huber(0.3)
    if BACKEND == "jax":
        import jax

        got = jax.vmap(jax.grad(lambda q, t: loss(t, q)))(p, y)
    else:
        import torch

        got = torch.func.vmap(torch.func.grad(lambda q, t: loss(t, q)))(tensor(p), tensor(y))
    want = np.stack([gradient(lambda q, t=t: loss(t, q), q) for t, q in zip(y, p, strict=True)])
    np.testing.assert_allclose(numpy(got), want, rtol=1e-5)


# --- logits behind probabilities -----------------------------------------------------------------


def test_sigmoid_output_is_not_taken_for_softmax():
    z = tensor(np.array([[1.0, -2.0, 0.5]], "float32"))
    y = np.array([[0.0, 1.0, 0.0]], "float32")
    p = keras.activations.sigmoid(z)
    want = losskit.categorical_crossentropy(y, numpy(p))
    assert float(L.CategoricalCrossentropy()(y, p)) == pytest.approx(float(want), rel=1e-6)
    p = keras.activations.softmax(z)
    want = losskit.binary_crossentropy(y, numpy(p))
    assert float(L.BinaryCrossentropy()(y, p)) == pytest.approx(float(want), rel=1e-6)
    p = keras.activations.softmax(tensor(np.array([[1.0, -2.0], [0.5, 3.0]], "float32")), axis=0)
    y = np.array([[0.0, 1.0], [1.0, 0.0]], "float32")
    want = losskit.categorical_crossentropy(y, numpy(p))
    assert float(L.CategoricalCrossentropy()(y, p)) == pytest.approx(float(want), rel=1e-6)


@pytest.mark.skipif(BACKEND != "torch", reason="tensors that can be changed in place")
@pytest.mark.parametrize("softmax", [L.softmax, keras.activations.softmax])
def test_output_changed_in_place_is_what_counts(softmax):
    import torch

    p = softmax(torch.tensor([[1.0, 2.0, 0.0]]))
    p[:, 0] = 0.9
    want = losskit.sparse_categorical_crossentropy([0], p.numpy())
    assert float(L.SparseCategoricalCrossentropy()([0], p)) == pytest.approx(float(want), rel=1e-6)


@pytest.mark.skipif(BACKEND != "torch", reason="leaves")
def test_probabilities_as_a_leaf_get_their_gradient():
    import torch

    p = keras.activations.softmax(torch.tensor([[1.0, 2.0, 0.0]])).requires_grad_()
    L.SparseCategoricalCrossentropy()([0], p).backward()
    assert p.grad[0, 0] < 0


def test_kept_logits_do_not_outlive_their_tensor():
    from losskit.keras import logits

    before = len(logits._KEPT)
    for _ in range(5):
        p = L.softmax(tensor(np.ones((2, 3), "float32")))
        del p
    import gc

    gc.collect()
    assert len(logits._KEPT) == before


def test_softmax_and_sigmoid_values():
    z = np.array([[-1e4, 0.0, 3.0], [0.0, -200.0, 200.0]], "float32")
    p = numpy(L.softmax(tensor(z)))
    assert (p > 0).all()
    np.testing.assert_allclose(p, numpy(keras.ops.softmax(tensor(z))), rtol=1e-6, atol=1e-37)
    assert (numpy(L.sigmoid(tensor(z))) > 0).all()
    half = L.softmax(keras.ops.cast(tensor(z), "float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"


# --- errors --------------------------------------------------------------------------------------


def test_bad_calls_say_what_to_do():
    p = np.array([[0.1, 0.9], [0.5, 0.5]], "float32")
    sparse, dense, binary = (
        L.SparseCategoricalCrossentropy(),
        L.CategoricalCrossentropy(),
        L.BinaryCrossentropy(),
    )
    with pytest.raises(ValueError, match=r"label 2 at index 1 is out of range"):
        sparse(np.array([0, 2]), p)
    with pytest.raises(ValueError, match="one-hot"):
        sparse(np.eye(2, dtype="float32"), p)
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        dense(np.array([0, 1]), p)
    with pytest.raises(ValueError, match="from_logits"):
        binary(np.eye(2, dtype="float32"), p * 7)
    with pytest.raises(ValueError, match="from_logits"):
        dense(np.eye(2, dtype="float32"), -p)
    with pytest.raises(ValueError, match="must have the same shape"):
        L.MeanSquaredError()(np.zeros((2, 3)), p)
    with pytest.raises(ValueError, match="sample_weight"):
        L.MeanSquaredError()(p, p, np.ones(3))
    with pytest.raises(ValueError, match="one value per set"):
        L.RootMeanSquaredError(reduction="sum")
    with pytest.raises(ValueError, match="delta"):
        L.Huber(-1.0)
    with pytest.raises(ValueError, match="reduction"):
        L.Huber(reduction="average")
    for options in ({"temperature": 2.0}, {"z_loss": 1e-4}):
        with pytest.raises(ValueError, match="from_logits=True"):
            L.SparseCategoricalCrossentropy(**options)
        with pytest.raises(ValueError, match="from_logits=True"):
            L.categorical_crossentropy(p, p, **options)


def test_no_class_is_never_an_ignored_class():
    p = np.array([[0.2, 0.8], [0.5, 0.5]], "float32")
    for ignore in (None, -1):
        loss = L.SparseCategoricalCrossentropy(ignore_class=ignore)
        with pytest.raises(ValueError, match=r"1.5 at index 0 is fractional"):
            loss(np.array([1.5, 0.0], "float32"), p)
        with pytest.raises(ValueError, match=r"nan at index 0 is no class"):
            loss(np.array([np.nan, 0.0], "float32"), p)
    if BACKEND != "jax":  # which has no int64 by default
        with pytest.raises(ValueError, match="4294967296"):
            L.SparseCategoricalCrossentropy()(tensor(np.array([2**32, 0], "int64")), p)


def test_functions_and_call_check_as_well():
    p = np.array([[0.2, 0.8]], "float32")
    with pytest.raises(ValueError, match="label 7"):
        L.sparse_categorical_crossentropy([7], p)
    with pytest.raises(ValueError, match="label 7"):
        L.SparseCategoricalCrossentropy().call([7], p)


def test_parameters_are_read_only():
    loss = L.Huber(2.0)
    assert loss.delta == 2.0
    with pytest.raises(AttributeError):
        loss.delta = 5.0
    with pytest.raises(TypeError, match="delta"):
        L.get(loss, delta=5.0)


def test_unknown_origin_falls_back_to_the_probabilities(monkeypatch):
    """On a GPU, or while compiling, values cannot be looked at."""
    from losskit.keras import backend
    from losskit.keras.framework import KerasFramework

    z = np.array([[1.0, -2.0, 0.5]], "float32")
    p = keras.activations.softmax(tensor(z))
    monkeypatch.setattr(backend, "made_by", lambda *_: None)
    monkeypatch.setattr(KerasFramework, "visible", lambda *_: False)
    want = losskit.sparse_categorical_crossentropy([1], numpy(p))
    assert float(L.SparseCategoricalCrossentropy()([1], p)) == pytest.approx(float(want), rel=1e-6)


def test_compiled_model_fits_and_evaluates():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    # torch's own compiler takes half a minute; the default of Keras there is none.
    model.compile("sgd", L.SparseCategoricalCrossentropy(), jit_compile=BACKEND != "torch")
    x, y = RANDOM.random((6, 2), "float32"), np.arange(6) % 3
    model.fit(x, y, verbose=0, validation_data=(x, y))
    assert np.isfinite(model.evaluate(x, y, verbose=0))


@pytest.mark.skipif(BACKEND == "jax", reason="no float64 by default")
def test_float64_keeps_its_range():
    p = np.array([[1e-300, 1.0]])
    loss = L.CategoricalCrossentropy(dtype="float64")
    y = np.array([[1.0, 0.0]])
    value, (slope,) = value_and_gradients(lambda q: loss(y, q), p)
    assert value == pytest.approx(-np.log(1e-300))
    assert slope[0, 0] == pytest.approx(-1e300)


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
def test_forward_mode_of_what_is_around():
    import jax

    z = RANDOM.normal(size=(3, 4)).astype("float32")
    _, back = jax.jvp(L.softmax, (z,), (np.ones_like(z),))
    assert np.isfinite(back).all()
    loss = L.Huber(0.3)
    hessian = jax.jit(jax.hessian(lambda q: loss(z, q)))(z + 0.1)
    np.testing.assert_allclose(hessian.reshape(12, 12), np.eye(12) / 12, rtol=1e-5)


def test_overflowing_gradient_of_a_probability_stays_finite():
    """0 * inf in the backward pass of softmax would be NaN."""
    z = np.array([[0.0, 300.0]], "float32")
    loss = L.CategoricalCrossentropy()

    def through(z):
        p = keras.ops.softmax(z * 1.0) * 1.0  # no logits kept
        return loss(np.array([[1.0, 0.0]], "float32"), p, np.array([1e4], "float32"))

    assert np.isfinite(gradient(through, z)).all()


def test_bad_label_in_jit_is_nan():
    """Nothing can be raised there, and a plausible number would hide the mistake."""
    for p, options in (
        (np.array([[0.1, 0.9], [0.5, 0.5]], "float32"), {}),
        (np.array([[1.0, 2.0], [0.5, 0.5]], "float32"), {"from_logits": True}),
    ):
        loss = L.SparseCategoricalCrossentropy(**options)
        quick = compiled(lambda y, p, loss=loss: loss(y, p))
        if BACKEND == "torch":
            continue  # eager tensors are always checked; see test_bad_calls_say_what_to_do
        assert np.isfinite(numpy(quick(tensor(np.array([0, 1])), tensor(p))))
        assert np.isnan(numpy(quick(tensor(np.array([0, 2])), tensor(p))))
        assert np.isnan(numpy(quick(tensor(np.array([0.0, 0.5], "float32")), tensor(p))))


# --- what editors are told -----------------------------------------------------------------------


def test_stub_matches_the_signatures():
    tree = ast.parse(Path(L.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    seen = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            init = next(n for n in node.body if isinstance(n, ast.FunctionDef))
            told = [a.arg for a in init.args.args[1:] + init.args.kwonlyargs]
        elif isinstance(node, ast.FunctionDef):
            told = [a.arg for a in node.args.args + node.args.kwonlyargs]
        else:
            continue
        assert told == list(inspect.signature(getattr(L, node.name)).parameters), node.name
        seen.add(node.name)
    assert seen == set(L.__all__) - {"CheckLoss", "Loss", "get", "sigmoid", "softmax"}
