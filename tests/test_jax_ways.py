"""Which calls of the JAX face kernels take, which are left to XLA, and what XLA's calls refuse."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Setwise
from losskit.losses.classification import SparseCategoricalCrossentropy
from losskit.losses.regression import Huber, MeanSquaredError

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import losskit.jax  # noqa: E402
from losskit.jax import kernels  # noqa: E402

if not native.available():
    pytest.skip("the kernels were not built", allow_module_level=True)

CSRC = Path(__file__).parents[1] / "csrc"
MSE, SPARSE = MeanSquaredError(), SparseCategoricalCrossentropy(from_logits=True)


def spec_of(card, y, p):
    spec = kernels.find(card, y, p)
    assert spec is not None
    return spec


def numbers(n):
    return np.random.default_rng(0).normal(size=(2, n)).astype(np.float32)


def rows(n=6, classes=7):
    rng = np.random.default_rng(0)
    return rng.integers(0, classes, n), rng.normal(size=(n, classes)).astype(np.float32)


def test_where_xla_is_left_the_formulas():
    """By their number, and by what is done with them: as they were measured."""

    def by_kernel(name, shape, dtype="float32"):
        p = jnp.full(shape, 0.5, dtype)
        y = jnp.zeros(shape[:-1], int) if CARDS[name].target.labels else jnp.ones(shape, dtype)
        both = jax.value_and_grad(lambda p: losskit.jax.get(name)(p, y).sum())
        return "losskit_" in str(jax.jit(both).lower(p).as_text())

    assert not by_kernel("huber", (10,))
    assert not by_kernel("kl_divergence", (1, 10))
    assert not by_kernel("multiclass_hinge", (1, 10))
    # It divides by the target: by the inverse of the largest, which is none to XLA.
    assert by_kernel("mean_absolute_percentage_error", (10,))
    assert by_kernel("log_cosh", (64,))
    assert by_kernel("cosine_similarity", (1, 10))  # more sums than XLA has done with at once
    assert by_kernel("kl_divergence", (10, 1))
    sparse = "categorical_generalized_cross_entropy"
    assert not by_kernel(sparse, (4096, 256), "float16")
    assert not by_kernel(sparse, (1024, 100))
    assert by_kernel(sparse, (1024, 100), "bfloat16") == by_kernel(sparse, (1024, 100))
    assert by_kernel(sparse, (1024, 10))
    assert by_kernel(sparse, (8192, 1000))


def test_no_kernel():
    class Changed(Huber):
        def slope(self, m, y, p):
            return 1.001 * super().slope(m, y, p)

    def of(dtype, *shape):
        return np.empty(shape, dtype)

    f4, i4 = np.dtype(np.float32), np.dtype(np.int32)
    assert kernels.find(MSE, of(f4, 3), of(f4, 3)) is not None
    # Of probabilities there are no loops by hand, but a program.
    spec = kernels.find(SparseCategoricalCrossentropy(), of(i4, 3), of(f4, 3, 4))
    assert spec is not None
    assert spec.target == "losskit_program"
    # XLA writes down what a row is reduced to before it goes over the row again.
    spec = kernels.find(CARDS["kl_divergence"](), of(f4, 3, 4), of(f4, 3, 4))
    assert spec is not None
    assert spec.target == "losskit_program"
    for card, p, p_shape, y, y_shape in (
        (Changed(), f4, (3,), f4, (3,)),  # not what was compiled, and XLA's own loops are as fast
        (MSE, i4, (3,), f4, (3,)),
        (MSE, np.dtype(np.complex64), (3,), f4, (3,)),
        (MSE, f4, (3,), np.dtype(np.complex64), (3,)),
        (CARDS["root_mean_squared_error"](), f4, (3,), f4, (3,)),
        (SparseCategoricalCrossentropy(from_logits=True, class_weight=[1.0]), f4, (3, 4), i4, (3,)),
    ):
        assert kernels.find(card, of(y, *y_shape), of(p, *p_shape)) is None, (
            card,
            p_shape,
            y_shape,
        )
    with native.switched(False):
        assert not kernels.registered()
        assert kernels.find(MSE, of(f4, 3), of(f4, 3)) is None
    assert kernels.registered()
    assert not isinstance(CARDS["root_mean_squared_error"], Setwise)


def test_a_program_of_another_version_is_refused():
    y, p = numbers(5)
    spec = spec_of(Huber(), y, p)
    known = dict(spec.attributes)
    for changed, message in (
        ({"fingerprint": "0123456789abcdef"}, "no kernel computes the formulas 0123456789abcdef"),
        ({"parameters": ()}, "of 0 parameters"),
        ({"low": "zero"}, '"low" is missing'),
    ):
        other = kernels.Spec(
            spec.target, tuple({**known, **changed}.items()), spec.axes, spec.dtype
        )
        with pytest.raises(Exception, match=message):
            jax.block_until_ready(kernels.call(other, (y, p), total=True))
    less = kernels.Spec(spec.target, (("fingerprint", "x"),), (), spec.dtype)
    with pytest.raises(Exception, match='"parameters" is missing'):
        jax.block_until_ready(kernels.call(less, (y, p), total=True))


def test_arrays_that_do_not_fit_are_refused():
    y, p = numbers(6)
    spec = spec_of(MSE, y, p)
    with pytest.raises(Exception, match="target and prediction differ in size"):
        jax.block_until_ready(kernels.call(spec, (y[:5], p), total=True))
    with pytest.raises(Exception, match="an array of items has another size"):
        jax.block_until_ready(kernels.call(spec, (y, p), np.ones(5), total=True))
    labels, z = rows()
    spec = spec_of(SPARSE, labels, z)
    with pytest.raises(Exception, match="the target differs in size"):
        jax.block_until_ready(kernels.call(spec, (labels[:2], z), slope=True))


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no compiler")
def test_the_layout_is_that_of_jaxlib():
    source = CSRC / "tests" / "xla_layout.cpp"
    include = jax.ffi.include_dir()
    subprocess.run(
        [os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", f"-I{include}", source],
        check=True,
    )
