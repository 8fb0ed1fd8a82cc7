"""Where a prediction nearly meets its target, on PyTorch and JAX: by kernels and by operations."""

import functools

import grid
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import truth

import losskit
import losskit.jax as lj
import losskit.torch as lt
from losskit import native
from losskit.core.namespaces import PRECISIONS
from losskit.core.packing import packed
from losskit.native.find import describe

F32 = PRECISIONS["float32"]
POINTS = [
    ("poisson", {"log_input": True}, [1.0, 1.0, 1.0, 0.0], [1e-8, -1e-4, 1e-20, -80.0]),
    ("generalized_log_kl_divergence", {}, [1.0, 1.0, 1.0, 0.0], [1e-8, -1e-4, 1e-12, -80.0]),
    ("binary_crossentropy", {"from_logits": True}, [0.5, 0.5], [1e-8, -1e-3]),
    ("binary_focal_crossentropy", {"from_logits": True, "gamma": 0.5}, [0.5, 0.5], [1e-8, -1e-6]),
    (
        "categorical_crossentropy",
        {"from_logits": True},
        *([0.5, 0.25, 0.125, 0.125], [20.0, 20.0, 0.0, 0.0]),
    ),
    ("categorical_crossentropy", {"from_logits": True, "temperature": 0.5}, [0.5, 0.5], [1e-8, 0]),
    ("categorical_crossentropy", {}, [0.5, 0.5], [0.50005, 0.49995]),
    ("poly1_crossentropy", {"from_logits": True, "epsilon": -1.0}, [1.0, 0, 0], [14.0, 0, -1.0]),
    ("poly1_crossentropy", {"epsilon": -1.0}, [1.0, 0, 0], [0.99999, 5e-6, 5e-6]),
    ("kl_divergence", {}, [0.25, 0.75], [0.25001, 0.74999]),
    ("cosine_similarity", {}, [1.0, 0.0, 0.0], [1.0, 1e-10, 0.0]),
    ("cosine_similarity", {}, [0.3, -1.2, 2.0], [0.3, -1.200001, 2.0]),
    ("cosine_embedding", {}, 1.0, [[1.0, 0.0, 0.0], [1.0, 1e-10, 0.0]]),
    ("cosine_embedding", {}, 1.0, [[0.3, -1.2, 2.0], [0.3, -1.200001, 2.0]]),
    ("gaussian_nll", {}, 1.0, [3.0, 4.000004]),
    ("binary_sparsemax", {}, [0.75, 0.125], [0.500001, -0.750001]),
    ("multiclass_hinge", {}, 0, [-1e-4, -1.0, -3.0]),
]
IDS = [f"{name}-{i}" for i, (name, *_) in enumerate(POINTS)]


def case(name, parameters, y, p):
    """One row, or as many elements; and the true value (summed) and slope."""
    card = losskit.get(name, **parameters).packed().card
    y, p = np.array(y, np.int32 if card.target.labels else np.float32), np.array(p, np.float32)
    if card.slots[1].axes:
        y, p = y[None], p[None]
    value, slope = (
        truth.evaluate(card, order, y, p, np.float32).true for order in ("value", "slope")
    )
    return y, p, value.sum(), slope


def held(got, true):
    np.testing.assert_allclose(got, true, rtol=1e-5)


@pytest.mark.parametrize("point", POINTS, ids=IDS)
def test_torch(point):
    name, parameters, *_ = point
    y, p, value, slope = case(*point)
    y, p = (
        torch.from_numpy(y).long() if y.dtype == np.int32 else torch.from_numpy(y),
        torch.tensor(p),
    )
    loss = getattr(lt, type(losskit.get(name)).__name__)(**parameters, reduction="sum")
    if packed(loss.card) is not loss.card:
        loss.card = packed(loss.card)
    asked = p.clone().requires_grad_()
    found = loss(asked, y)
    found.backward()
    held(found.item(), value)
    held(asked.grad, slope)
    held(torch.func.grad(lambda p: loss(p, y))(p), slope)


def by_jax(point, transform=lambda f: f):
    """Value and slope, and the true ones."""
    name, parameters, *_ = point
    y, p, value, slope = case(*point)
    sign = -1 if name == "cosine_similarity" else 1  # optax's is the cosine itself

    def function(p):
        return sign * of_jax(p, jnp.asarray(y)).sum()

    card = losskit.get(name, **parameters).packed().card
    of_jax = functools.partial(getattr(lj, name), **parameters)
    of_jax = grid.on_jax(card) if len(losskit.get(name).card.slots) > 2 else of_jax

    got = transform(jax.value_and_grad(function))(p)
    held(got[0], value)
    held(got[1], slope)


# Under the name of the divergence optax has another function, of logarithms.
@pytest.mark.parametrize(
    "point", [p for p in POINTS if p[0] != "kl_divergence"], ids=lambda p: p[0]
)
def test_jax(point):
    by_jax(point)


OF_KERNELS = [
    p for p in POINTS if native.available() and describe(losskit.get(p[0], **p[1]).card, F32)
]
"""Which have kernels, and so another way too."""


@pytest.mark.parametrize("point", OF_KERNELS, ids=lambda p: p[0])
def test_jax_compiled_and_without_kernels(point):
    by_jax(point, jax.jit)
    with native.switched(False):
        by_jax(point)


def test_second_derivatives_of_rows_that_tie():
    y, z = jnp.array([0.5, 0.25, 0.125, 0.125]), jnp.array([20.0, 20.0, 0.0, 0.0])
    p = np.exp(np.array([0.0, 0.0, -20.0, -20.0]))
    p /= p.sum()
    true = np.diag(p) - np.outer(p, p)
    np.fill_diagonal(true, [p[i] * (p.sum() - p[i]) for i in range(4)])
    got = jax.hessian(lambda z: lj.softmax_cross_entropy(z, y))(z)
    np.testing.assert_allclose(got, true, rtol=1e-5)


def test_a_share_of_an_error_beyond_the_dtype():
    y, p = np.array([3e38], np.float32), np.array([-3e38], np.float32)
    assert lt.MeanAbsolutePercentageError()(torch.from_numpy(p), torch.from_numpy(y)) == 200
    for kernels in (True, False):
        with native.switched(kernels):
            assert lj.mean_absolute_percentage_error(p, y, reduction="mean") == 200
