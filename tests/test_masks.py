"""Losses of whole masks: over several axes, one mask a sample by default, on every face."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import losskit
import losskit.jax as lj
import losskit.torch as lt

RNG = np.random.default_rng(0)
SHAPES = {
    (2, 1, 16, 16): (1, 2, 3),
    (3, 4, 5, 1): (1, 2, 3),
    (4, 6): (1,),
    (2, 3, 2, 2, 2): (1, 2, 3, 4),
}
"""Of predictions, and which axes one mask a sample takes."""


def masks(shape):
    y = (RNG.uniform(size=shape) < 0.3).astype(np.float64)
    return y, RNG.uniform(0.01, 0.99, shape)


def flattened(x, axes):
    """The mask of each item as a row."""
    rest = [i for i in range(x.ndim) if i not in axes]
    return x.transpose(*rest, *axes).reshape(*(x.shape[i] for i in rest), -1)


def by_definition(y, p, axes, alpha=0.5, beta=0.5, smooth=1.0):
    y, p = flattened(y, axes), flattened(p, axes)
    common, wrong, missed = (y * p).sum(-1), ((1 - y) * p).sum(-1), (y * (1 - p)).sum(-1)
    return 1 - (common + smooth) / (common + alpha * wrong + beta * missed + smooth)


def numerically(y, p, axes, weights):
    gradient = np.zeros(p.shape)
    for i in np.ndindex(p.shape):
        sides = []
        for h in (1e-6, -1e-6):
            moved = p.copy()
            moved[i] += h
            sides.append((by_definition(y, moved, axes) * weights).sum())
        gradient[i] = (sides[0] - sides[1]) / 2e-6
    return gradient


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_mask_a_sample(shape):
    y, p = masks(shape)
    axes = SHAPES[shape]
    want = by_definition(y, p, axes)
    weights = RNG.uniform(0.5, 2.0, want.shape)
    slope = numerically(y, p, axes, weights)
    assert (abs(slope) > 1e-4).all()
    losses = losskit.SoftDice(reduction="none")
    np.testing.assert_allclose(losses(y, p), want, rtol=1e-12)
    np.testing.assert_allclose(losses.gradient(y, p, weights), slope, rtol=1e-5)
    np.testing.assert_allclose(losskit.soft_tversky(y, p), want.mean(), rtol=1e-12)

    tensor = torch.tensor(p, requires_grad=True)
    for loss in (lt.SoftDice(reduction="none"), lt.SoftTversky(reduction="none")):
        got = loss(tensor, torch.tensor(y))
        np.testing.assert_allclose(got.detach(), want, rtol=1e-12)
        (by_p,) = torch.autograd.grad((got * torch.tensor(weights)).sum(), tensor)
        np.testing.assert_allclose(by_p, slope, rtol=1e-5)
    compiled = torch.compile(lt.soft_dice, backend="eager")(tensor, torch.tensor(y))
    np.testing.assert_allclose(compiled.item(), want.mean(), rtol=1e-12)

    def total(p):
        items = lj.soft_dice(p, jnp.asarray(y, p.dtype))
        return (items * weights.astype(p.dtype)).sum(), items

    (_, items), by_p = jax.jit(jax.value_and_grad(total, has_aux=True))(jnp.asarray(p, "float32"))
    np.testing.assert_allclose(items, want, rtol=1e-5)
    np.testing.assert_allclose(by_p, slope, rtol=1e-4)


@pytest.mark.parametrize(
    ("axis", "axes"), [((1, 2), (1, 2)), ((-3, -2), (1, 2)), ((2,), (2,)), (3, (3,))]
)
def test_axes_that_are_named(axis, axes):
    y, p = masks((2, 4, 3, 5))
    want = by_definition(y, p, axes)
    weights = RNG.uniform(0.5, 2.0, want.shape)
    slope = numerically(y, p, axes, weights)
    loss = losskit.SoftDice(axis=axis, reduction="none")
    np.testing.assert_allclose(loss(y, p), want, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient(y, p, weights), slope, rtol=1e-5)
    tensor = torch.tensor(p, requires_grad=True)
    got = lt.soft_dice(
        tensor, torch.tensor(y), axis=axis, weight=torch.tensor(weights), reduction="sum"
    )
    np.testing.assert_allclose(torch.autograd.grad(got, tensor)[0], slope, rtol=1e-5)
    np.testing.assert_allclose(
        lj.soft_dice(jnp.asarray(p), jnp.asarray(y), axis=axis), want, rtol=1e-5
    )


def test_masks_that_do_not_count():
    y, p = masks((3, 4, 4, 1))
    want = by_definition(y, p, (1, 2, 3))
    mask = np.array([True, False, True])
    p[1] = np.nan
    assert losskit.soft_dice(y, p, mask=mask) == pytest.approx(want[mask].mean(), rel=1e-12)
    got = lt.soft_dice(torch.tensor(p), torch.tensor(y), mask=torch.tensor(mask))
    assert got.item() == pytest.approx(want[mask].mean(), rel=1e-12)
    got = lj.soft_dice(jnp.asarray(p), jnp.asarray(y), where=jnp.asarray(mask), reduction="mean")
    assert float(got) == pytest.approx(want[mask].mean(), rel=1e-5)


def test_a_mask_alone():
    y, p = masks((7,))
    assert losskit.soft_dice(y, p) == pytest.approx(by_definition(y, p, (0,)), rel=1e-12)


@pytest.mark.parametrize(
    ("axis", "error"), [((), ValueError), ((1, 1), ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_axes_that_are_none(axis, error):
    with pytest.raises(error, match="axis must be an axis or several"):
        losskit.SoftDice(axis=axis)


def test_axes_that_do_not_exist():
    y, p = masks((2, 3))
    with pytest.raises(ValueError, match=r"axis=\(1, 2\) does not exist"):
        losskit.soft_dice(y, p, axis=(1, 2))
    with pytest.raises(ValueError, match=r"axis=\(1, -1\) names an axis of y_pred twice"):
        losskit.soft_dice(y, p, axis=(1, -1))
