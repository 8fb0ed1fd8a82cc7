"""A batch of nothing, for losses of a whole batch as one: a mean of nothing, on every face."""

import math

import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS

WHOLE = sorted(name for name, card in CARDS.items() if getattr(card, "whole", False))
SHAPES = [(0, 4), (0, 4, 4, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", WHOLE)
def test_numpy(name, shape):
    none = np.zeros(shape, np.float32)
    loss = losskit.get(name)
    value, slope = loss.value_and_gradient(none, none)
    assert value == 0
    assert slope.shape == shape
    assert math.isnan(losskit.get(name, on_empty="nan")(none, none))
    with pytest.raises(ValueError, match="Nothing to average"):
        losskit.get(name, on_empty="raise")(none, none)
    full = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert loss(full, 0.5 * full) == pytest.approx(losskit.get(name, axis=(0, 1))(full, 0.5 * full))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", WHOLE)
def test_torch(name, shape):
    torch = pytest.importorskip("torch")
    lt = pytest.importorskip("losskit.torch")
    p = torch.zeros(shape, requires_grad=True)
    value = getattr(lt, name)(p, torch.zeros(shape))
    assert value == 0
    value.backward()
    assert p.grad.shape == shape


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", WHOLE)
def test_jax(name, shape):
    jax = pytest.importorskip("jax")
    lj = pytest.importorskip("losskit.jax")
    none = np.zeros(shape, np.float32)

    def mean(p):
        return getattr(lj, name)(p, none, reduction="mean")

    value, slope = jax.jit(jax.value_and_grad(mean))(none)
    assert value == 0
    assert slope.shape == shape
