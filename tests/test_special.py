"""The special functions against mpmath, in each framework, as programs, and their derivatives."""

import mpmath as mp
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core import special
from losskit.core.namespaces.numpy import NUMPY

ROOT = 1.4616321449683622
"""Of digamma, as near as float64 comes: what is left there is of the derivative's rounding."""

POSITIVE = np.concatenate(
    [
        np.geomspace(1e-30, 1e30, 200),
        np.linspace(0.01, 20, 300),
        *(at + sign * np.geomspace(1e-7, 0.4, 40) for at in (1, 2) for sign in (1, -1)),
        [0.5, 1.0, ROOT, 1.5, 2.0, 2.5, 8.0, np.nextafter(8.0, 0)],
    ]
)
SIGNED = np.concatenate([np.linspace(-30, 30, 401), np.geomspace(1e-9, 1e9, 60), [-8.0, 8.0]])
NORMAL = np.concatenate([np.linspace(-40, 8, 400), -np.geomspace(1e-9, 1e3, 40)])


def ndtr(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


CASES = {
    "log_gamma": (mp.loggamma, POSITIVE, 3, 5),
    "digamma": (mp.digamma, POSITIVE, 3, 3),
    "trigamma": (lambda x: mp.psi(1, x), POSITIVE[POSITIVE > 1e-17], 3, 3),
    "log_ndtr": (lambda x: mp.log(ndtr(x)), NORMAL, 8, 9),
    "log_ndtr_slope": (lambda x: mp.npdf(x) / ndtr(x), NORMAL[NORMAL > -40], 8, 9),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), SIGNED, 3, 3),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), SIGNED, 3, 7),
}
"""By name: the truth, where, and how many spacings of numbers it may be off in float64, float32."""


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_the_truth(name, dtype):
    truth, xs, *ulps = CASES[name]
    x = np.unique(xs.astype(dtype))
    with np.errstate(all="ignore"):
        found = getattr(special, name)(NUMPY, x)
    assert found.dtype == dtype
    info = np.finfo(dtype)
    with mp.workdps(40):
        true = [truth(mp.mpf(float(a))) for a in x]
        off = [
            float(abs((mp.mpf(float(g)) - t) / t)) / info.eps
            for g, t in zip(found, true, strict=True)
            if info.tiny < abs(t) < info.max
        ]
        assert not any(g for g, t in zip(found, true, strict=True) if t == 0)
    assert len(off) > 300
    assert max(off) <= ulps[dtype == np.float32]


def test_the_ends():
    x = np.array([0.0, np.inf, -np.inf, np.nan])
    with np.errstate(all="ignore"):
        ends = {name: getattr(special, name)(NUMPY, x) for name in CASES}
    assert np.array_equal(ends["log_gamma"][[0, 1, 3]], [np.inf, np.inf, np.nan], True)
    assert np.array_equal(ends["digamma"][[0, 1, 3]], [-np.inf, np.inf, np.nan], True)
    assert np.array_equal(ends["trigamma"][[0, 1, 3]], [np.inf, 0.0, np.nan], True)
    assert np.array_equal(ends["log_ndtr"][1:], [0.0, -np.inf, np.nan], True)
    assert np.array_equal(ends["log_ndtr_slope"][1:], [0.0, np.inf, np.nan], True)
    assert np.array_equal(ends["i0e"], [1.0, 0.0, 0.0, np.nan], True)
    assert np.array_equal(ends["i1e"], [0.0, 0.0, 0.0, np.nan], True)


def words_of(host, framework):
    """A vocabulary, and what makes an array of that framework."""
    if host == "torch":
        from losskit.core.namespaces.torch import TorchVocabulary

        return TorchVocabulary(framework), framework.as_tensor
    if host == "jax":
        from losskit.core.namespaces.jax import JaxVocabulary

        return JaxVocabulary(framework), framework.numpy.asarray
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another framework here")
    from losskit.core.namespaces.tensorflow import TensorFlowVocabulary

    words = TensorFlowVocabulary(framework, keras.ops, lambda function, slope: function)
    return words, framework.constant


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("host", ["torch", "jax", "tensorflow"])
def test_every_framework_finds_the_same(host, name):
    framework = pytest.importorskip(host)
    x = CASES[name][1]
    x = x[(np.abs(x) < 80) & (np.abs(x) > 1e-6)].astype(np.float32)
    words, made = words_of(host, framework)
    found = np.asarray(getattr(words, name)(made(x)))
    want = getattr(special, name)(NUMPY, x)
    # An exp of each host's own; beside a zero of the function a few spacings are more of it.
    np.testing.assert_allclose(found, want, rtol=4e-6, atol=1e-37)


SLOPES = {
    "log_gamma": lambda x: special.digamma(NUMPY, x),
    "digamma": lambda x: special.trigamma(NUMPY, x),
    "log_ndtr": lambda x: special.log_ndtr_slope(NUMPY, x),
    "i0e": lambda x: special.i1e(NUMPY, x) - np.sign(x) * special.i0e(NUMPY, x),
}


@pytest.mark.parametrize("name", SLOPES)
def test_a_derivative_by_operations_is_finite_and_right(name):
    torch = pytest.importorskip("torch")
    from losskit.core.namespaces.torch import TorchVocabulary

    x = CASES[name][1]
    x = x[(np.abs(x) < 30) & (np.abs(x) > 1e-6) & (x != ROOT)]
    given = torch.tensor(x, requires_grad=True)
    (slope,) = torch.autograd.grad(
        getattr(special, name)(TorchVocabulary(torch), given).sum(), given
    )
    np.testing.assert_allclose(slope.numpy(), SLOPES[name](x), rtol=1e-11, atol=1e-300)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", CASES)
def test_programs_say_them(name):

    x = np.abs(CASES[name][1]).astype(np.float32)
    loss = losskit.loss(
        lambda m, y, p: getattr(m, name)(m.abs(p) + 0.01) + 0.0 * y, name=f"own_{name}"
    )
    y, items = np.zeros_like(x), loss(reduction="none")
    assert items.card.programmed
    found = items(y, x)
    with native.switched(False):
        want = items(y, x)
    np.testing.assert_allclose(found, want, rtol=2e-6, atol=1e-37)
