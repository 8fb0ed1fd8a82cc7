"""What is read under 1 - p: half the spacing of numbers below 1, of the dtype in which p came."""

import ml_dtypes
import numpy as np
import pytest

import losskit

HALF_GAPS = {"float16": 2.0**-12, "bfloat16": 2.0**-9, "float32": 2.0**-25, "float64": 2.0**-54}
DTYPES = {**{name: np.dtype(name) for name in ("float16", "float32", "float64")},
          "bfloat16": np.dtype(ml_dtypes.bfloat16)}  # fmt: skip
TARGETS = (0.0, 0.25, 1.0 - 2.0**-8)
LOSSES = {
    "binary_crossentropy": {},
    "smoothed": {"label_smoothing": 0.125},
    "focal": {"gamma": 0.0},  # the cross-entropy, by the focal loss's formulas
}


def expected(kind, name, y):
    """(value, slope, curve) at p = 1: -y log p - (1 - y) log d with p = 1 and 1 - p = d."""
    d = HALF_GAPS[name]
    if kind == "smoothed":
        y = y * 0.875 + 0.0625
    return -(1 - y) * np.log(d), (1 - y) / d - y, (1 - y) / d / d + y


def tolerance(name):
    """(of a value, of a derivative in the prediction's dtype)."""
    return {"float64": (1e-14, 1e-14), "float32": (1e-6, 1e-6)}.get(
        name, (1e-6, 2 * HALF_GAPS[name])
    )


def card(kind):
    cls = losskit.BinaryFocalCrossentropy if kind == "focal" else losskit.BinaryCrossentropy
    return cls(**LOSSES[kind], reduction="sum")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", HALF_GAPS)
@pytest.mark.parametrize("kind", LOSSES)
def test_numpy(kind, name):
    p, (of_value, of_slope) = np.ones(1, DTYPES[name]), tolerance(name)
    for y in TARGETS:
        value, slope, curve = expected(kind, name, y)
        got, gradient = card(kind).value_and_gradient([y], p)
        np.testing.assert_allclose(got, value, rtol=of_value)
        np.testing.assert_allclose(gradient.astype(float), slope, rtol=of_slope)
        if name != "float16":  # in which the curve is infinite
            bent = card(kind).curvature([y], p)
            np.testing.assert_allclose(bent.astype(float), curve, rtol=of_slope)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", HALF_GAPS)
def test_the_number_below_1_is_read_as_it_is(name):
    p = np.nextafter(np.ones(1, DTYPES[name]), np.zeros(1, DTYPES[name]))
    value, gradient = losskit.BinaryCrossentropy().value_and_gradient([0.0], p)
    gap = 2 * HALF_GAPS[name]
    np.testing.assert_allclose(value, -np.log(gap), rtol=tolerance(name)[0])
    assert gradient.astype(float) == 1 / gap


@pytest.mark.usefixtures("engine")
def test_a_right_answer_without_doubt_costs_nothing():
    value, gradient = losskit.BinaryCrossentropy().value_and_gradient([1.0], np.ones(1, "f4"))
    assert (value, gradient.tolist()) == (0.0, [-1.0])
    # The focal loss's gradient is the power of what 1 - p may be.
    focal = losskit.BinaryFocalCrossentropy(gamma=2.0)
    assert focal.gradient([1.0], np.ones(1, "f4")).tolist() == [-(2.0**-50)]


@pytest.mark.usefixtures("engine")
def test_focal_mistake():
    # (1 - p_t)^2 is 1 here; what differs from the cross-entropy is the power's own slope, log(d).
    value, gradient = losskit.BinaryFocalCrossentropy(gamma=2.0).value_and_gradient(
        [0.0], np.ones(1, "f4")
    )
    np.testing.assert_allclose(value, 25 * np.log(2), rtol=1e-6)
    np.testing.assert_allclose(gradient, 2.0**25 + 50 * np.log(2), rtol=1e-6)


def test_above_1_by_more_than_rounding_is_none():
    from losskit.core.namespaces.numpy import vocabulary

    m = vocabulary(np.float32)
    got = m.complement(np.array([1.0 + 5e-6, 1.0 + 1e-3, np.nan, 0.25], np.float32))
    np.testing.assert_array_equal(got, np.array([2.0**-25, np.nan, np.nan, 0.75], np.float32))


@pytest.mark.parametrize("name", HALF_GAPS)
@pytest.mark.parametrize("kind", LOSSES)
def test_torch(kind, name):
    torch = pytest.importorskip("torch")
    import losskit.torch

    cls = getattr(losskit.torch, type(card(kind)).__name__)
    loss = cls(**LOSSES[kind], reduction="sum")
    of_value, of_slope = tolerance(name)
    for y in TARGETS:
        value, slope, _ = expected(kind, name, y)
        p = torch.ones(1, dtype=getattr(torch, name), requires_grad=True)
        target = torch.tensor([y], dtype=p.dtype)
        found = loss(p, target)
        found.backward()
        by_formulas = torch.func.grad(lambda p, y=target: loss(p, y))(p.detach())
        np.testing.assert_allclose(float(found.detach()), value, rtol=max(of_value, of_slope))
        np.testing.assert_allclose(float(p.grad), slope, rtol=of_slope)
        np.testing.assert_allclose(float(by_formulas), slope, rtol=of_slope)


@pytest.mark.parametrize("name", HALF_GAPS)
@pytest.mark.parametrize("kind", LOSSES)
def test_jax(kind, name):
    jax = pytest.importorskip("jax")
    import losskit.jax

    function = getattr(losskit.jax, card(kind).card.name)
    of_value, of_slope = tolerance(name)
    with jax.enable_x64(name == "float64"):
        p = jax.numpy.ones(len(TARGETS), name)
        y = jax.numpy.asarray(TARGETS, name)
        wanted = np.array([expected(kind, name, t) for t in TARGETS])
        for by_kernel in (True, False):
            with losskit.native.switched(by_kernel):
                items = function(p, y, **LOSSES[kind])
                gradient = jax.grad(lambda p: function(p, y, **LOSSES[kind]).sum())(p)
            np.testing.assert_allclose(
                items.astype(float), wanted[:, 0], rtol=max(of_value, of_slope)
            )
            np.testing.assert_allclose(gradient.astype(float), wanted[:, 1], rtol=of_slope)
