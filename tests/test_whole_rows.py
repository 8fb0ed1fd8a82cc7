"""Losses of rows in their order, or of all their pairs, against fractions: ties, near and far."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import losskit
import losskit.torch as lt
from losskit import native
from losskit.core.namespaces.numpy import NUMPY
from losskit.losses.lovasz import rates

RNG = np.random.default_rng(0)
SMALL = [0.0, 1e-8, -1e-8, 2.0**-24, -(2.0**-24), 2.0**-25, -(2.0**-25), 2.0**-53, 1e-30, -1e-30]
ROWS = {
    "ordinary": lambda shape: RNG.normal(size=shape),
    "ties": lambda shape: np.round(RNG.normal(size=shape)),
    "nearly a margin apart": lambda shape: RNG.integers(-3, 3, shape) + RNG.choice(SMALL, shape),
    "tiny beside a margin": lambda shape: (
        1e-30 * RNG.normal(size=shape) - RNG.integers(0, 2, shape)
    ),
    "far": lambda shape: 1e30 * RNG.normal(size=shape),
    "alike": lambda shape: 1e-3 * RNG.normal(size=shape),
}
CLASSES = (1, 2, 5, 17, 40, 70, 300)

ways = pytest.mark.parametrize("kernels", [True, False], ids=["kernels", "numpy"])
kinds = pytest.mark.parametrize("kind", ROWS)
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def margins(counts, p):
    """Value and slope of a row: all pairs of a true class and another."""
    value, slope = Fraction(0), [Fraction(0)] * len(p)
    true = [i for i, n in enumerate(counts) if n > 0]
    exact = [Fraction(float(x)) for x in p]
    for i in true:
        for j in set(range(len(p))) - set(true):
            short = 1 - exact[i] + exact[j]
            if short > 0:
                value += int(counts[i]) * short
                slope[i] -= int(counts[i])
                slope[j] += int(counts[i])
    return float(value / len(p)), [float(s / len(p)) for s in slope]


@ways
@kinds
@dtypes
@pytest.mark.parametrize("classes", CLASSES)
def test_margins_of_all_pairs(kernels, kind, dtype, classes):
    p = ROWS[kind]((4, classes)).astype(dtype)
    y = (RNG.random(p.shape) < 0.4).astype(dtype)
    loss = losskit.MultiLabelMargin(reduction="none")
    with native.switched(kernels):
        values, slopes = loss.elementwise(y, p), loss.gradient(y, p)
    want = [margins(*row) for row in zip(y, p, strict=True)]
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(values, [v for v, _ in want], rtol=8 * eps, atol=0)
    np.testing.assert_allclose(slopes, [s for _, s in want], rtol=2 * eps, atol=0)


@ways
def test_margins_of_infinite_scores(kernels):
    y = np.array([[1.0, 0.0, 0.0]])
    inf, loss = np.inf, losskit.MultiLabelMargin(reduction="none")
    with native.switched(kernels):
        for p, want in (
            ([inf, -inf, 0.0], 0.0),
            ([0.0, -inf, 1.0], 2.0 / 3.0),
            ([0.0, inf, inf], inf),
            ([-inf, -inf, 0.0], inf),
            ([inf, inf, 0.0], np.nan),
            ([np.nan, 0.0, 0.0], np.nan),
        ):
            np.testing.assert_allclose(loss.elementwise(y, np.array([p])), [want], rtol=1e-15)


def lists(rows, classes):
    target = RNG.integers(0, classes, (rows, classes))
    ends = RNG.integers(0, classes + 1, rows)
    target[np.arange(classes) == ends[:, None]] = -1
    return torch.from_numpy(target)


@ways
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("whole", [torch.int64, torch.int32, torch.uint8])
def test_listed_classes_as_torch_has_them(kernels, classes, whole):
    """Those that are listed twice count twice; what stands behind a -1 is no label at all."""
    p, y = torch.randn(9, classes, dtype=torch.float64, requires_grad=True), lists(9, classes)
    if whole == torch.uint8:
        y = y.clamp(0, 255)
    with native.switched(kernels):
        ours = lt.multilabel_margin_loss(p, y.to(whole), reduction="none")
        (slope,) = torch.autograd.grad(ours.sum(), p)
    theirs = torch.nn.functional.multilabel_margin_loss(p, y, reduction="none")
    (want,) = torch.autograd.grad(theirs.sum(), p)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(slope, want)


@ways
def test_what_is_no_class_is_not_listed(kernels):
    p, y = torch.randn(3, 4), torch.tensor([[1, -1, 9, 9], [0, 4, -1, 0], [2, 2, -1, 0]])
    with native.switched(kernels):
        with pytest.raises(ValueError, match="target: label 4 at index"):
            lt.multilabel_margin_loss(p, y)
        y[1, 1] = -2
        with pytest.raises(ValueError, match="target: label -2 at index"):
            lt.multilabel_margin_loss(p, y)
        y[1, 1] = -1
        assert lt.multilabel_margin_loss(p, y).isfinite()


def test_tally_takes_its_own_arrays_alone():
    tally = native.library.kernels().tally
    y, counts = np.zeros((2, 3), np.int64), np.zeros((2, 3), np.float32)
    assert tally(y, counts, 3)
    for bad in (
        (y.astype(np.int32), counts, 3),
        (y, counts.astype(np.float64), 3),
        (y, counts[:1], 3),
        (y, counts, 4),
        (y, counts, 0),
        (np.zeros((2, 6), np.int64)[:, ::2], counts, 3),
    ):
        with pytest.raises(ValueError, match="labels are not rows"):
            tally(*bad)


def threshold(d):
    """The t at which max(d - t, 0) adds up to 1."""
    falling, total = sorted((Fraction(float(x)) for x in d), reverse=True), Fraction(0)
    for k, x in enumerate(falling, 1):
        if 1 + k * x <= total + x:
            break
        total += x
        found = (total - 1) / k
    return found


@ways
@pytest.mark.parametrize("kind", [kind for kind in ROWS if kind != "far"])
@dtypes
@pytest.mark.parametrize("classes", CLASSES)
def test_sparsemax_by_its_threshold(kernels, kind, dtype, classes):
    z = ROWS[kind]((5, classes)).astype(dtype)
    z -= z.max(-1, keepdims=True)
    y = RNG.integers(0, classes, 5)
    with native.switched(kernels):
        slopes = losskit.Sparsemax(reduction="sum").gradient(y, z)
    for row, label, slope in zip(z, y, slopes, strict=True):
        t = threshold(row)
        p = [max(Fraction(float(x)) - t, Fraction(0)) for x in row]
        p[label] -= 1
        want = np.array([float(x) for x in p])
        np.testing.assert_allclose(slope, want, rtol=0, atol=4 * np.finfo(dtype).eps)


@kinds
@dtypes
@pytest.mark.parametrize("pixels", [1, 5, 63, 64, 700, 9000])
def test_lovasz_by_kernels_and_by_numpy(kind, dtype, pixels):
    """The same order, and within it the same operations."""
    p = ROWS[kind]((3, pixels)).astype(dtype)
    y = (RNG.random(p.shape) < 0.3).astype(dtype)
    y[0] = 0
    loss = losskit.LovaszHinge(reduction="sum")
    slopes = []
    for kernels in (True, False):
        with native.switched(kernels):
            slopes.append(loss.gradient(y, p))
    np.testing.assert_array_equal(*slopes)
    assert slopes[0].any() or pixels == 1


@kinds
@dtypes
@pytest.mark.parametrize("pixels", [1, 5, 63, 64, 700, 9000])
def test_rates_by_a_step_alone(kind, dtype, pixels):
    key = ROWS[kind]((2, 3, pixels)).astype(dtype)
    inside = RNG.random(key.shape) < 0.3
    inside[0, 0] = False
    with native.switched(False):
        want = rates(NUMPY, key, inside)
    np.testing.assert_array_equal(native.step("union_rates", key, inside), want)
    apart = np.repeat(key, 2, axis=-1)[..., ::2]
    np.testing.assert_array_equal(native.step("union_rates", apart, inside), want)


def test_a_step_takes_what_it_can():
    key, inside = np.zeros((2, 3)), np.ones((2, 3), bool)
    assert native.step("union_rates", key, inside) is not None
    assert native.step("union_rates", key.astype(int), inside) is None
    assert native.step("union_rates", key[:0], inside[:0]) is None
    assert native.step("union_rates", key, inside[:1]) is None
    assert native.step("simplex_threshold", key) is None  # one number for each row
    with native.switched(False):
        assert native.step("union_rates", key, inside) is None


@dtypes
def test_lovasz_softmax_by_kernels_and_by_numpy(dtype):
    """On both faces that have kernels for steps."""
    z = RNG.normal(size=(2, 9, 8, 5)).astype(dtype)
    y = RNG.integers(-1, 5, z.shape[:-1])
    options = {"from_logits": True, "ignore_class": -1, "reduction": "sum"}
    found = []
    for kernels in (True, False):
        with native.switched(kernels):
            found.append(losskit.LovaszSoftmax(**options).value_and_gradient(y, z))
            p = torch.from_numpy(z).requires_grad_()
            value = lt.LovaszSoftmax(**options)(p, torch.from_numpy(y))
            found.append((value.item(), *(g.numpy() for g in torch.autograd.grad(value, p))))
    for value, slope in found[1:]:
        np.testing.assert_allclose(value, found[0][0], rtol=1e-6)
        np.testing.assert_allclose(slope, found[0][1], rtol=1e-4, atol=1e-7)
