"""Binary cross-entropies behind a softmax, categorical ones behind a sigmoid: from the logits."""

import functools

import keras
import mpmath
import numpy as np
import pytest
from gradients import BACKEND, numpy, second_derivatives, tensor, value_and_gradients
from mpmath import mp, mpf

import losskit.keras as L

mp.dps = 60

# Keras keeps no logits beside JAX's arrays; losskit's activations do.
STOCK = {} if BACKEND == "jax" else {"stock": keras.activations}
ACTIVATIONS = {"losskit": L, **STOCK}
GAPS = [1.0, 8.0, 17.0, 20.0, 30.0, 60.0, 100.0]


def found(function, *arrays):
    """As `value_and_gradients`, in one program on JAX, where each operation would be one."""
    if BACKEND != "jax":
        return value_and_gradients(function, *arrays)
    import jax

    every = jax.jit(jax.value_and_grad(function, tuple(range(len(arrays)))))
    value, gradients = every(*arrays)
    return numpy(value), [numpy(g) for g in gradients]


def log_softmax(z):
    """(log p, log(1 - p)) of each entry."""
    e = [mpmath.exp(x) for x in z]
    rest = [sum(e[:j] + e[j + 1 :]) for j in range(len(e))]
    return [(mpmath.log(a / sum(e)), mpmath.log(r / sum(e))) for a, r in zip(e, rest, strict=True)]


def log_sigmoid(z):
    return [(-mpmath.log(1 + mpmath.exp(-x)), -mpmath.log(1 + mpmath.exp(x))) for x in z]


def binary(logs, y, gamma=0, smoothing=0.0):
    """The mean over the elements."""
    s = mpf(smoothing)
    total = 0
    for (yes, no), t in zip(logs, y, strict=True):
        t = t * (1 - s) + s / 2
        away = t * mpmath.exp(no) + (1 - t) * mpmath.exp(yes)
        total -= away**gamma * (t * yes + (1 - t) * no)
    return total / len(y)


def categorical(logs, y, epsilon=0, smoothing=0.0):
    whole = sum(mpmath.exp(yes) for yes, _ in logs)
    total, s = 0, mpf(smoothing)
    for (yes, _), t in zip(logs, y, strict=True):
        t = t * (1 - s) + s / len(y)
        total += t * (mpmath.log(whole) - yes + epsilon * (1 - mpmath.exp(yes) / whole))
    return total


LOSSES = {
    "binary": (L.BinaryCrossentropy(), "softmax", binary),
    "smoothed": (
        L.BinaryCrossentropy(label_smoothing=0.125),
        "softmax",
        lambda logs, y: binary(logs, y, smoothing=0.125),
    ),
    "focal": (L.BinaryFocalCrossentropy(), "softmax", lambda logs, y: binary(logs, y, gamma=2)),
    "categorical": (L.CategoricalCrossentropy(), "sigmoid", categorical),
    "smoothed categorical": (
        L.CategoricalCrossentropy(label_smoothing=0.125),
        "sigmoid",
        lambda logs, y: categorical(logs, y, smoothing=0.125),
    ),
    "poly1": (
        L.Poly1Crossentropy(),
        "sigmoid",
        lambda logs, y: categorical(logs, y, epsilon=2),
    ),
}


def rows(name):
    """(logits, targets): the true class behind by a gap, ahead by it, and two that are even."""
    found = []
    for gap in GAPS:
        found += [([gap, 0.0, -1.0], 1), ([0.25, gap, -1.0], 1), ([gap, gap, 0.5], 2)]
        found += [([-gap, -gap - 1.0, -gap - 3.0], 0), ([gap + 3.0, gap, gap + 0.5], 1)]
    if name == "softmax":
        return found
    # Relative to the others, a sigmoid's logit above 0 hardly tells: the slope dies by itself.
    return [(z, t) for z, t in found if max(z) <= 60]


def differences(loss, z):
    """Value and gradient of a function of mpmath's numbers."""
    z = tuple(mpf(float(x)) for x in z)
    order = [tuple(int(i == j) for i in range(len(z))) for j in range(len(z))]
    with mp.workdps(120):
        return float(loss(*z)), [float(mpmath.diff(loss, z, n)) for n in order]


@functools.cache
def _truth(which, z, y):
    _, name, of = LOSSES[which]
    logs = log_softmax if name == "softmax" else log_sigmoid
    return differences(lambda *z: of(logs(z), [mpf(t) for t in y]), z)


def truth(which, z, y):
    """Value and gradient by the logits, from what the probabilities are."""
    return _truth(which, tuple(z), tuple(y))


@pytest.mark.parametrize("which", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_exact(activation, which):
    loss, name, _ = LOSSES[which]
    function = getattr(ACTIVATIONS[activation], name)
    cases = rows(name)
    z = np.array([z for z, _ in cases], "float32")
    y = np.eye(3, dtype="float32")[[t for _, t in cases]]
    total = type(loss)(**loss.card.parameters(), reduction="sum")
    # The derivative by a weight is the value of its sample.
    ones = np.ones(len(z), "float32")
    _, (got, values) = found(lambda z, w: total(y, function(z), w), z, ones)
    want = [truth(which, a, b) for a, b in zip(z.tolist(), y.tolist(), strict=True)]
    for numbers, exact in ((values, [v for v, _ in want]), (got, [slope for _, slope in want])):
        exact = np.array(exact)
        counted = np.abs(exact) > 1e-36  # what is below is flushed
        assert counted.mean() > 0.7
        np.testing.assert_allclose(numbers[counted], exact[counted], rtol=3e-5)


@pytest.mark.parametrize("which", ["binary", "focal"])
@pytest.mark.parametrize(
    ("gap", "policy"),
    [(17.0, "float32"), (100.0, "float32"), (20.0, "mixed_bfloat16"), (60.0, "mixed_float16")],
)
def test_through_a_model(which, gap, policy):
    """As one step of SGD applies it."""
    keras.mixed_precision.set_global_policy(policy)
    loss = LOSSES[which][0]
    z, y = [gap, 0.0, -1.0], [0.0, 1.0, 0.0]
    activation = L.softmax if BACKEND == "jax" else "softmax"
    dense = keras.layers.Dense(3, activation=activation, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(2.0**-6), loss=loss)
    dense.set_weights([np.zeros((1, 3)), np.array(z)])
    model.train_on_batch(np.zeros((2, 1), "float32"), np.array([y, y]))
    got = (np.array(z) - dense.get_weights()[1]) * 2**6
    slopes = truth(which, z, y)[1]
    # The weights' own rounding, at up to 100, is what remains.
    np.testing.assert_allclose(got[:2], slopes[:2], rtol=1e-2 if "16" in policy else 2e-3)


@pytest.mark.parametrize("which", LOSSES)
def test_what_does_not_count_may_be_anything(which):
    loss, name, _ = LOSSES[which]
    function, inf = getattr(L, name), np.inf
    other = [[np.nan, 1.0, 2.0], [inf, 0.0, 1.0], [inf, inf, -inf], [-inf] * 3]
    z = np.array([[20.0, 0.0, -1.0], *other], "float32")
    y = np.eye(3, dtype="float32")[[1, 0, 0, 0, 0]]
    weight = np.array([5.0, 0.0, 0.0, 0.0, 0.0], "float32")
    value, (got,) = found(lambda z: loss(y, function(z), weight), z)
    alone, (want,) = found(lambda z: loss(y[:1], function(z)), z[:1])
    np.testing.assert_allclose(value, alone, rtol=1e-6)
    np.testing.assert_allclose(got, [want[0], *np.zeros((4, 3))], rtol=1e-6)


def test_weights_of_elements():
    z, y = np.array([[20.0, 0.0, -1.0]], "float32"), np.array([[0.0, 1.0, 0.0]], "float32")
    weight = np.array([[1.0, 0.0, 4.0]], "float32")
    value, (got,) = found(lambda z: L.BinaryCrossentropy()(y, L.softmax(z), weight), z)

    def whole(*z):
        first, _, last = log_softmax(z)
        return -(first[1] + 4 * last[1]) / 3

    want, slopes = differences(whole, z[0])
    np.testing.assert_allclose(value, want, rtol=1e-6)
    np.testing.assert_allclose(got[0], slopes, rtol=1e-5)


def test_a_ruled_out_class():
    z = np.array([[20.0, 0.0, -np.inf], [3.0, -np.inf, -np.inf]], "float32")
    y = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "float32")
    total = L.BinaryCrossentropy(reduction="sum")
    value, (got,) = found(lambda z: total(y, L.softmax(z)), z)
    want, (slope,) = found(lambda z: total(y[:1, :2], L.softmax(z)), z[:1, :2])
    np.testing.assert_allclose(value, want * 2 / 3, rtol=1e-6)  # the mean of two, and of three
    np.testing.assert_allclose(got[0], [*(slope[0] * 2 / 3), 0.0], rtol=1e-6)
    np.testing.assert_array_equal(got[1], np.zeros(3))


def test_one_class_is_always_certain():
    """A softmax of one class is 1 whatever its logit: no logit says how sure it is."""
    z, y = np.array([[3.0], [-2.0]], "float32"), np.array([[0.0], [1.0]], "float32")
    value, (got,) = found(lambda z: L.BinaryCrossentropy()(y, L.softmax(z)), z)
    np.testing.assert_allclose(value, 25 * np.log(2) / 2, rtol=1e-6)
    np.testing.assert_array_equal(got, np.zeros((2, 1)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_another_axis(activation):
    if activation == "stock" and BACKEND == "tensorflow":
        pytest.skip("TensorFlow records a softmax along the last axis only")
    z = np.array([[20.0, 0.0], [0.0, 1.0], [-1.0, 30.0]], "float32")
    y = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]], "float32")
    total = L.BinaryCrossentropy(reduction="sum")
    made = ACTIVATIONS[activation].softmax
    value, (got,) = found(lambda z: 2 * total(y, made(z, axis=0)), z)
    want, (slope,) = found(lambda z: 3 * total(y.T.copy(), L.softmax(z)), z.T.copy())
    np.testing.assert_allclose(value, want, rtol=1e-6)
    np.testing.assert_allclose(got, slope.T, rtol=1e-6)


@pytest.mark.parametrize("which", ["focal", "poly1"])
def test_second_derivatives(which):
    """Against differences of the true gradient."""
    loss, name, _ = LOSSES[which]
    z, y = np.array([[2.0, 0.5, -1.0]], "float32"), np.array([[0.0, 1.0, 0.0]], "float32")
    # A shift of all logits changes nothing, so their slopes add up to 0: weighted, they do not.
    scale = np.array([1.0, 2.0, 4.0], "float32")

    def of(z):
        return loss(y, getattr(L, name)(z * tensor(scale)))

    if BACKEND == "jax":
        import jax

        got = jax.jit(jax.grad(lambda z: jax.grad(of)(z).sum()))(z)[0]
    else:
        got = second_derivatives(of, z)[0]
    step = 2.0**-16
    for j, e in enumerate(np.eye(3)):
        sides = ((z[0] + s * e) * scale for s in (step, -step))
        up, down = (scale @ truth(which, side, y[0].tolist())[1] for side in sides)
        assert got[j] == pytest.approx((up - down) / (2 * step), rel=1e-4)


def test_labels_and_classes_left_out():
    z = np.array([[30.0, -2.0, 0.5], [1.0, 2.0, 3.0]], "float32")
    loss = L.SparseCategoricalCrossentropy(ignore_class=2)
    value, (got,) = found(lambda z: loss(np.array([1, 2]), L.sigmoid(z)), z)
    want, slope = truth("categorical", z[0].tolist(), [0.0, 1.0, 0.0])
    np.testing.assert_allclose(value, want, rtol=1e-6)
    np.testing.assert_allclose(got, [slope, [0.0, 0.0, 0.0]], rtol=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="eager tensors that do not tell their origin")
def test_confident_rows_are_told_apart():
    """By the closer one: both a sigmoid and a softmax would do within rounding of half types."""
    z = tensor(np.array([[9.0, -9.0, -9.0]], "float32"))
    y = np.array([[0.0, 1.0, 0.0]], "float32")
    of = {"softmax": log_softmax, "sigmoid": log_sigmoid}
    for name, logs in of.items():
        p = getattr(keras.activations, name)(z)
        for loss, way in (
            (L.BinaryCrossentropy(), binary),
            (L.CategoricalCrossentropy(), categorical),
        ):
            want = way(logs([mpf(x) for x in (9.0, -9.0, -9.0)]), y[0].tolist())
            np.testing.assert_allclose(numpy(loss(y, p)), float(want), rtol=1e-5)


@pytest.mark.skipif(BACKEND != "jax", reason="forward mode")
def test_forward_mode():
    import jax

    z, y = np.array([[20.0, 0.0, -1.0]], "float32"), np.array([[0.0, 1.0, 0.0]], "float32")
    for which in ("focal", "categorical"):
        loss, name, _ = LOSSES[which]

        def of(z, loss=loss, name=name):
            return loss(y, getattr(L, name)(z))

        rate = jax.jit(lambda d, of=of: jax.jvp(of, (z,), (d,))[1])
        got = [rate(d) for d in np.eye(3, dtype="float32")[:, None]]
        np.testing.assert_allclose(got, truth(which, z[0], y[0].tolist())[1], rtol=1e-5)


@pytest.mark.parametrize(("which", "activation"), [("binary", "stock"), ("focal", "losskit")])
def test_unscaled_digits(which, activation):
    """Confident mistakes from the first steps on: the weights stay numbers, and it learns."""
    activation = L.softmax if activation == "losskit" else "softmax"
    lost = BACKEND == "jax" and activation == "softmax"
    data = pytest.importorskip("sklearn.datasets").load_digits()
    x, y = 16 * data.data.astype("float32"), np.eye(10, dtype="float32")[data.target]
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation=activation),
        ]
    )
    model.compile("adam", LOSSES[which][0], metrics=["categorical_accuracy"])
    history = model.fit(x, y, batch_size=64, epochs=4, verbose=0).history
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert np.isfinite(history["loss"]).all()
    # Without the logits, the class that is wrongly certain is not pushed down.
    assert history["categorical_accuracy"][-1] > (0.2 if lost else 0.4)
