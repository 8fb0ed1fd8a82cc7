"""(sum, count) in float64, and what is made of it."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import losskit
from losskit.engine import reduction

FLOATS = st.floats(-1e6, 1e6, width=32)
ARRAYS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=6), elements=FLOATS)


def test_names():
    assert reduction.check_reduction("sum_over_batch_size") == "mean"
    assert reduction.check_reduction(None) == "none"
    for name in ("mean", "sum", "none", "mean_with_sample_weight"):
        assert reduction.check_reduction(name) == name


def test_sums_are_in_float64():
    items = np.full(2_000_001, 0.1, np.float32)
    items[0] = 1e8
    total = reduction.total(items, None)
    assert total == pytest.approx(1e8 + 2e6 * float(np.float32(0.1)), rel=1e-14)
    ones = np.ones(2**25, np.float32)
    assert reduction.total(ones, None) == 2**25


def test_a_masked_infinity_adds_nothing():
    y, p = np.zeros(3), np.array([np.inf, 1.0, np.nan])
    keep = np.array([False, True, False])
    loss = losskit.MeanSquaredError(reduction="sum")
    assert loss.parts(y, p, mask=keep) == (1.0, 1.0)
    assert loss.parts(y, p, [5.0, 2.0, 1.0], mask=keep) == (2.0, 1.0)


def test_mean_with_sample_weight_counts_class_weights():
    p = np.array([[0.7, 0.3], [0.4, 0.6], [0.5, 0.5]])
    y, w = [0, 1, 1], [1.0, 2.0, 3.0]
    options = {"class_weight": {1: 4.0}, "reduction": "mean_with_sample_weight"}
    loss = losskit.SparseCategoricalCrossentropy(**options)
    total = -math.log(0.7) + 8 * -math.log(0.6) + 12 * -math.log(0.5)
    assert loss(y, p, w) == pytest.approx(total / 21)
    total, count = loss.parts(y, p, w, mask=[True, True, False])
    assert count == 9
    ignoring = losskit.SparseCategoricalCrossentropy(**options, ignore_class=0)
    assert ignoring.parts(y, p, w)[1] == 20


def test_items_of_weight_zero_count_in_the_mean():
    loss = losskit.MeanSquaredError()
    assert loss([0.0, 0.0], [1.0, 1.0], [1.0, 0.0]) == 0.5
    assert loss([0.0, 0.0], [1.0, 1.0], mask=[True, False]) == 1.0
    weighted = losskit.MeanSquaredError(reduction="mean_with_sample_weight")
    assert weighted([0.0, 0.0], [1.0, 1.0], [1.0, 0.0]) == 1.0


def test_all_weights_zero():
    for reduction_name in ("mean", "mean_with_sample_weight", "sum"):
        loss = losskit.MeanSquaredError(reduction=reduction_name)
        value, gradient = loss.value_and_gradient([0.0, 0.0], [1.0, np.nan], [0.0, 0.0])
        assert value == 0
        assert not gradient.any()


def test_gradient_accumulation_is_the_gradient_of_the_whole():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(10, 4)).astype(np.float32), rng.integers(0, 4, 10)
    y[[2, 7]] = -1
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    whole, gradient = loss.value_and_gradient(y, z)
    chunks = [slice(i, i + 3) for i in (0, 3, 6, 9)]
    pieces = [loss.value_and_gradient(y[c], z[c], num_items=8) for c in chunks]
    assert sum(float(v) for v, _ in pieces) == pytest.approx(float(whole), rel=1e-6)
    np.testing.assert_allclose(np.concatenate([g for _, g in pieces]), gradient, rtol=1e-6)
    mean_of_means = np.mean([loss(y[c], z[c]) for c in chunks])
    assert abs(mean_of_means - whole) > 1e-3  # what num_items is there for


@settings(max_examples=60, deadline=None)
@given(p=ARRAYS, seed=st.integers(0, 2**16), cut=st.integers(0, 6), name=st.sampled_from(
    ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "root_mean_squared_error"]
))  # fmt: skip
def test_parts_add_up(p, seed, cut, name):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=p.shape).astype(np.float32)
    w, keep = rng.uniform(0, 2, p.shape), rng.random(p.shape) < 0.8
    loss = losskit.get(name)
    cut = min(cut, len(p))
    a = loss.parts(y[:cut], p[:cut], w[:cut], mask=keep[:cut])
    b = loss.parts(y[cut:], p[cut:], w[cut:], mask=keep[cut:])
    whole = float(loss(y, p, w, mask=keep))
    joined = loss.combine(a[0] + b[0], a[1] + b[1])
    assert joined == pytest.approx(whole, rel=2e-7, abs=1e-30)


@settings(max_examples=60, deadline=None)
@given(p=ARRAYS, seed=st.integers(0, 2**16), scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_weights_scales_the_loss_exactly(p, seed, scale):
    rng = np.random.default_rng(seed)
    y, w = rng.normal(size=p.shape).astype(np.float32), rng.uniform(0, 2, p.shape)
    loss = losskit.Huber(reduction="sum")
    assert float(loss(y, p, w * scale)) == pytest.approx(float(loss(y, p, w)) * scale, rel=1e-7)
    np.testing.assert_allclose(
        loss.gradient(y, p, w * scale), loss.gradient(y, p, w) * np.float32(scale), rtol=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(p=ARRAYS, seed=st.integers(0, 2**16))
def test_order_of_elements_does_not_matter(p, seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=p.shape).astype(np.float32)
    order = rng.permutation(p.size)
    loss = losskit.LogCosh()
    turned = loss(y.reshape(-1)[order], p.reshape(-1)[order])
    assert float(turned) == pytest.approx(float(loss(y, p)), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    z=hnp.arrays(np.float32, (4, 5), elements=st.floats(-50, 50, width=32)),
    shift=st.sampled_from([-64.0, 0.5, 128.0]),
)
def test_softmax_does_not_mind_a_shift_of_the_logits(z, shift):
    z = np.round(z * 8) / 8  # so that the shift is exact
    loss = losskit.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    y = np.array([0, 1, 2, 3])
    np.testing.assert_allclose(loss(y, z + np.float32(shift)), loss(y, z), rtol=1e-6)
    gradient = loss.gradient(y, z)
    assert np.abs(gradient.astype(np.float64).sum(-1)).max() < 1e-6
