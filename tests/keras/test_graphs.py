"""TensorFlow's graphs, in which XLA calls the kernels: what `fit` makes of every loss."""

import keras
import numpy as np
import pytest
from gradients import BACKEND, numpy
from test_truth import (
    ALL,
    DEFAULTS,
    LEAST,
    USUAL,
    exact,
    grid,
    items_and_slope,
    keras_loss,
    laid,
    laws,
)

import losskit
import losskit.keras
from losskit import native
from losskit.core.families import Setwise, is_rowwise

tf = pytest.importorskip("tensorflow") if BACKEND == "tensorflow" else None
pytestmark = [
    pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow"),
    pytest.mark.skipif(not native.available(), reason="there are no kernels"),
]
LOGITS = losskit.keras.SparseCategoricalCrossentropy(from_logits=True)
Z = np.random.default_rng(0).standard_normal((6, 5)).astype("float32")
LABELS = np.array([0, 4, 2, 1, 3, 2], "int32")


def kernels_in(graph):
    return [op for op in graph.get_operations() if op.type == "XlaCallModule"]


@pytest.mark.parametrize("case", grid.sample(ALL, usual=True))
def test_exact(case):
    exact(case, graph="closed")


@pytest.mark.parametrize("graph", ["open", "xla"])
@pytest.mark.parametrize("case", grid.sample(USUAL, usual=True))
def test_open_batches_and_whole_steps(case, graph):
    if getattr(case.card, "whole", False) or isinstance(case.card, Setwise):
        pytest.skip("one value for the batch")
    exact(case, graph=graph)


def weighted(case):
    card, y, p = case.card, case.y, case.p
    y, p = (y, p) if is_rowwise(card) else (y.reshape(-1), p.reshape(-1))
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(p)).astype("float32")
    weight[3] = 0.0
    loss = keras_loss(card, reduction="mean_with_sample_weight")
    bad = p.copy()
    bad[3] = np.nan
    value, slope = items_and_slope(
        lambda y, p: loss(y, p, weight),
        laid(card, y),
        laid(card, bad),
        np.float32(1.0),
        graph="closed",
    )
    times = weight / weight.sum(dtype=float)
    laws.hold_total(card, value, y, p, times=times)
    laws.hold(
        card, "slope", slope.reshape(p.shape), y, p, times=grid.over(card, times), least=LEAST
    )


@pytest.mark.parametrize(
    "case", [c for c in DEFAULTS if c.card.name in ("huber", "sparse_categorical_crossentropy")]
)
def test_weights_multiply_and_0_outweighs_nan(case):
    weighted(case)


def test_kernels_are_called_of_elements_rows_and_labels():
    for name, y in (("Huber", Z), ("CosineSimilarity", Z), ("CategoricalHinge", abs(Z) * 0)):
        loss = getattr(losskit.keras, name)()
        made = tf.function(loss.__call__).get_concrete_function(y, Z)
        assert kernels_in(made.graph), name
    assert kernels_in(tf.function(LOGITS.__call__).get_concrete_function(LABELS, Z).graph)


def by_both(function, *arrays):
    """What a function gives inside a graph, by the kernels and by operations."""
    made = tf.function(function).get_concrete_function(*arrays)
    assert kernels_in(made.graph)
    with native.switched(False):
        plain = tf.function(function).get_concrete_function(*arrays)
    assert not kernels_in(plain.graph)
    given = [tf.constant(x) for x in arrays]
    return [numpy(x) for x in made(*given)], [numpy(x) for x in plain(*given)]


def derivatives(z):
    """By predictions and weights, and their derivatives in turn."""
    loss = losskit.keras.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    weight = tf.range(1.0, 7.0)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([z, weight])
        with tf.GradientTape() as inner:
            inner.watch([z, weight])
            value = loss(LABELS, z, weight)
        by_z, by_weight = inner.gradient(value, [z, weight])
        squares = tf.reduce_sum(by_z * by_z)
        mixed = tf.reduce_sum(by_weight * by_weight)
        bent = outer.gradient(squares, z)
        norm = tf.reduce_sum(bent * bent)
    again = [outer.gradient(squares, weight), outer.gradient(mixed, weight)]
    return by_z, by_weight, bent, *again, outer.gradient(norm, z)


def test_derivatives_of_every_order():
    for got, want in zip(*by_both(derivatives, Z), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5 * np.abs(want).max())
        assert want.any()


def test_hessians_jacobians_and_forward_mode():
    def function(z):
        items = losskit.keras.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
        with tf.GradientTape() as tape:
            tape.watch(z)
            found = items(LABELS, z)
        with tf.autodiff.ForwardAccumulator(z, tf.ones_like(z) * tf.range(5.0)) as forward:
            value = LOGITS(LABELS, z)
        return tape.jacobian(found, z), tf.hessians(LOGITS(LABELS, z), z)[0], forward.jvp(value)

    for got, want in zip(*by_both(function, Z), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        assert want.any()


def test_loops_branches_and_recomputed_gradients():
    def function(z):
        again = tf.recompute_grad(lambda z: LOGITS(LABELS, z * z))
        with tf.GradientTape() as tape:
            tape.watch(z)
            looped = tf.while_loop(
                lambda i, _: i < 3,
                lambda i, total: (i + 1, total + LOGITS(LABELS, z * tf.cast(i, tf.float32))),
                (tf.constant(0), tf.constant(0.0)),
            )[1]
            branched = tf.cond(looped > 0, lambda: LOGITS(LABELS, z), lambda: 0.0)
            value = looped + branched + again(z)
        return value, tape.gradient(value, z)

    for got, want in zip(*by_both(function, Z), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["MeanSquaredError", "CosineSimilarity", "CategoricalHinge"])
def test_an_open_batch_may_be_empty(name):
    loss = getattr(losskit.keras, name)()

    @tf.function(input_signature=[tf.TensorSpec((None, 3))] * 2)
    def step(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    value, slope = step(np.zeros((0, 3), "float32"), np.zeros((0, 3), "float32"))
    assert float(value) == 0.0
    assert slope.shape == (0, 3)


def test_a_parameter_that_changes_makes_no_graph_again():
    """What a graph takes as a number stays one number; outside of graphs every one is new."""
    delta = np.linspace(0.5, 2.0, 100)
    p = tf.constant(Z)
    with tf.GradientTape() as tape:
        tape.watch(p)
        values = [losskit.keras.Huber(delta=float(d))(np.zeros_like(Z), p) for d in delta]
    wanted = [losskit.Huber(delta=float(d))(np.zeros_like(Z), Z) for d in delta]
    np.testing.assert_allclose([float(v) for v in values], wanted, rtol=1e-6)
    np.testing.assert_allclose(
        tape.gradient(values[0], p), losskit.Huber(delta=0.5).gradient(np.zeros_like(Z), Z), 1e-6
    )


def test_class_weights_that_change_are_part_of_no_graph():
    traced = []

    @tf.function
    def step(weights, z):
        traced.append(1)
        return losskit.keras.sparse_categorical_crossentropy(
            LABELS, z, from_logits=True, class_weight=weights
        )

    for i in range(5):
        weights = np.linspace(1.0, 2.0 + i, 5).astype("float32")
        want = losskit.get(
            "sparse_categorical_crossentropy",
            from_logits=True,
            class_weight=tuple(weights.tolist()),
        ).elementwise(LABELS, Z)
        np.testing.assert_allclose(step(tf.constant(weights), tf.constant(Z)), want, rtol=1e-5)
    assert len(traced) == 1


def test_out_of_its_domain_is_nan_there_alone():
    labels = LABELS.copy()
    labels[2] = 9
    items = losskit.keras.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    found = numpy(tf.function(items.__call__)(labels, Z))
    assert np.isnan(found).tolist() == [i == 2 for i in range(6)]


def test_variables_get_their_gradient():
    for run in (lambda f: f, tf.function):
        p = tf.Variable(Z)

        def step(p=p):
            with tf.GradientTape() as tape:
                value = LOGITS(LABELS, p)
            return tape.gradient(value, p)

        want = losskit.SparseCategoricalCrossentropy(from_logits=True).gradient(LABELS, Z)
        np.testing.assert_allclose(run(step)(), want, rtol=1e-5, atol=1e-8)


def test_a_saved_graph_holds_none(tmp_path):
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 5))])
        def loss(self, z):
            return LOGITS(tf.zeros(tf.shape(z)[0], tf.int32), z)

    module = Module()
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert not kernels_in(next(iter(loaded.loss.concrete_functions)).graph)
    np.testing.assert_allclose(loaded.loss(Z), LOGITS(np.zeros(6, "int32"), Z), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy):
    """As outside of graphs, where half precision goes by operations."""
    z = tf.cast(tf.constant(Z), policy.removeprefix("mixed_"))
    for name, p, y in (
        ("SparseCategoricalCrossentropy", tf.nn.softmax(z), LABELS),
        ("BinaryCrossentropy", tf.sigmoid(4 * z), (Z > 0).astype("float32")),
    ):
        loss = getattr(losskit.keras, name)()

        def step(y, p, loss=loss):
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = loss(y, p)
            return value, tf.cast(tape.gradient(value, p), tf.float32)

        made = tf.function(step)
        assert kernels_in(made.get_concrete_function(y, p).graph)
        for got, want in zip(made(y, p), step(y, p), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-2 if policy[6] == "b" else 2e-3)


def test_fit_saves_and_goes_on(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    model.compile("sgd", losskit.keras.SparseCategoricalCrossentropy(from_logits=True))
    x, y = np.ones((10, 4), "float32"), np.arange(10) % 5
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
    again.fit(x, y, batch_size=4, verbose=0)


def test_planted(monkeypatch):
    """A kernel whose results are a thousandth too large, and slopes kept for the wrong function."""
    from losskit.keras.backend.tensorflow import graphs, kernels, rules

    case = next(c for c in USUAL if c.card.name == "huber")
    call, checks = kernels.call, [lambda: exact(case, graph="closed"), lambda: weighted(case)]
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "call", lambda *a, **k: tuple(1.001 * x for x in call(*a, **k)))
        for check in checks:
            with pytest.raises(AssertionError):
                check()
    known = rules.known

    def constant(made, by, *arguments, where):
        return known(made, lambda *a: 0.0 * by(*a), *arguments, where=where)

    with monkeypatch.context() as patch:
        patch.setattr(graphs, "known", constant)
        with pytest.raises(AssertionError):
            test_derivatives_of_every_order()
    for check in (*checks, test_derivatives_of_every_order):
        check()


def test_without_a_way_to_the_kernels(monkeypatch):
    """Another TensorFlow may keep its interface to itself: by operations, then."""
    from losskit.keras.backend.tensorflow import kernels

    monkeypatch.setattr(kernels, "_register", lambda: False)
    made = tf.function(LOGITS.__call__).get_concrete_function(LABELS, Z)
    assert not kernels_in(made.graph)
    got = made(tf.constant(LABELS), tf.constant(Z))
    np.testing.assert_allclose(got, LOGITS(LABELS, Z), rtol=1e-6)


def step_of(loss, factor=1.0, jit=None, kinds=None):
    """A function of target, prediction and weights: the value, and the gradient times a factor."""

    def step(y, p, weight):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p, weight)
            scaled = tf.cast(value, tf.float32) * factor
        return value, tape.gradient(scaled, p)

    return tf.function(step, autograph=False, jit_compile=jit, input_signature=kinds)


def taken(step, *given):
    """The types of what kernels are given in a graph, and the shapes."""
    ops = kernels_in(step.get_concrete_function(*given).graph)
    assert ops
    return [{x.dtype for x in op.inputs} for op in ops], [
        [x.shape for x in op.inputs] for op in ops
    ]


OF_SAMPLES = [("Poisson", (6, 5), -1), ("KLDivergence", (6, 2, 3, 4), 1)]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight"])
@pytest.mark.parametrize("how", ["closed", "open", "xla"])
@pytest.mark.parametrize(("name", "shape", "axis"), OF_SAMPLES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_weights_of_samples_are_not_laid_over_their_elements(
    dtype, name, shape, axis, how, reduction
):
    rng = np.random.default_rng(0)
    y, p = np.abs(rng.normal(size=(2, *shape))) + 0.1
    if name == "KLDivergence":
        y, p = y / y.sum(axis, keepdims=True), p / p.sum(axis, keepdims=True)
    y, p = (tf.cast(x, dtype) for x in (y, p))
    weight = tf.cast(rng.uniform(0.5, 2.0, shape[0]), dtype)
    options = {} if name == "Poisson" else {"axis": axis}
    loss = getattr(losskit.keras, name)(**options, reduction=reduction, dtype=dtype)
    kinds = [tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in (y, p, weight)]
    step = step_of(loss, 1.0, how == "xla" or None, kinds if how == "open" else None)
    _, shapes = taken(step, *(() if how == "open" else (y, p, weight)))
    assert all(shape[2].rank == 1 for shape in shapes)
    value, slope = step(y, p, weight)
    wide = [np.asarray(tf.cast(x, tf.float64)) for x in (y, p, weight)]
    of = {"sum_over_batch_size": "mean"}.get(reduction, reduction)
    spread = wide[2].reshape(-1, *[1] * (len(shape) - 1 - (name != "Poisson")))
    items = shape if name == "Poisson" else (6, 3, 4)
    given = np.broadcast_to(spread, items)
    card = losskit.get(loss.card.name, **options, reduction=of)
    wanted = card.value_and_gradient(wide[0], wide[1], sample_weight=given)
    eps = tf.as_dtype(dtype).as_numpy_dtype(1)
    eps = float(np.asarray(np.spacing(eps) if dtype != "bfloat16" else 2.0**-7))
    for got, want in zip((value, slope), wanted, strict=True):
        got = np.asarray(tf.cast(got, tf.float64))
        np.testing.assert_allclose(got, want, 16 * eps, 16 * eps * np.abs(want).min())


@pytest.mark.parametrize("how", ["closed", "xla"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_read_as_they_are_and_rounded_after_the_loss_scale(dtype, how):
    rng = np.random.default_rng(0)
    y, p = (tf.cast(x, dtype) for x in rng.normal(size=(2, 300, 100)))
    weight = tf.ones(300)
    loss = losskit.keras.MeanSquaredError(dtype="float32")
    step = step_of(loss, 2.0**14, how == "xla" or None)
    types, _ = taken(step, y, p, weight)
    for kinds in types:
        assert tf.as_dtype(dtype) in kinds
    _, slope = step(y, p, weight)
    assert slope.dtype == dtype
    wide = [tf.cast(x, tf.float32) for x in (y, p)]
    # 1 / count alone would leave float16: it is of numbers below 6e-8 that nothing is left.
    wanted = tf.cast(2.0 * (wide[1] - wide[0]) * (2.0**14 / 30000), dtype)
    np.testing.assert_array_equal(np.asarray(slope, "f4"), np.asarray(wanted, "f4"))


def test_derivatives_of_what_is_made_late():
    """By predictions in float16, whose slopes are made in the backward pass."""
    z = tf.cast(Z, tf.float16)
    loss = losskit.keras.SparseCategoricalCrossentropy(from_logits=True, dtype="float32")

    def twice(z):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(z)
            with tf.GradientTape() as inner:
                inner.watch(z)
                value = tf.square(loss(LABELS, z))  # what comes from above depends on z
            slope = inner.gradient(value, z)
        return slope, outer.gradient(slope, z, tf.cast(Z, tf.float16))

    (first, second), (first_, second_) = by_both(twice, np.asarray(z))
    np.testing.assert_allclose(first, first_, 2e-3, 1e-6)
    np.testing.assert_allclose(second, second_, 4e-3, 2e-4)
    assert np.abs(second).max() > 0.01
