"""Losses by a framework's own operations: what they allocate, and what lies on a device."""

import numpy as np
import pytest

from losskit import native
from losskit.core.definition import find

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import losskit.jax  # noqa: E402
import losskit.torch  # noqa: E402
from losskit.peers.torch import ROWS  # noqa: E402
from losskit.torch import blocks, host  # noqa: E402
from losskit.torch.operations import OPERATIONS  # noqa: E402

SHAPE = (512, 1000)


@pytest.fixture(autouse=True)
def without_kernels():
    with native.switched(False):
        yield


def logits():
    rng = np.random.default_rng(0)
    return rng.standard_normal(SHAPE, np.float32), rng.integers(0, SHAPE[1], SHAPE[0])


def test_cross_entropy_of_labels_takes_no_more_memory_under_xla_than_optaxs():
    z, y = map(jax.numpy.asarray, logits())

    def memory(home):
        def value(z, y):
            return home.softmax_cross_entropy_with_integer_labels(z, y).mean()

        known = jax.jit(jax.value_and_grad(value)).lower(z, y).compile().memory_analysis()
        return known.temp_size_in_bytes + known.output_size_in_bytes

    assert memory(losskit.jax) <= 1.2 * memory(optax.losses)


def by_blocks(card, y, z, look=True):
    m = OPERATIONS.vocabulary("float32")
    given = torch.as_tensor(y), torch.as_tensor(z)
    return blocks.evaluate(card, m, given, None, None, (1,), 1.0, items=True, look=look)


@pytest.mark.parametrize("name", ["sparse_categorical_crossentropy", "negative_log_likelihood"])
def test_a_label_that_is_no_class_is_an_error_or_nan_where_it_cannot_be_looked_at(name):
    card = find(name)(from_logits=True) if "sparse" in name else find(name)()
    z, y = logits()
    whole = by_blocks(card, y, z)
    y[3], y[5] = -1, SHAPE[1]
    assert by_blocks(card, y, z) is None
    found = by_blocks(card, y, z, look=False)
    bad = np.isin(np.arange(SHAPE[0]), (3, 5))
    for got, want in ((found.items, whole.items), (found.gradients[0], whole.gradients[0])):
        assert got[bad].isnan().all()
        assert torch.equal(got[~bad], want[~bad])


@pytest.mark.parametrize("name", ["huber", "poisson", "binary_crossentropy", "cosine_similarity"])
def test_blocks_are_the_whole(name, monkeypatch):
    rng = np.random.default_rng(1)
    y, p = rng.random((2, 300, 70), np.float32)
    card = find(name)()
    whole = by_blocks(card, y, p)
    monkeypatch.setattr(blocks, "_LEAST", 1000)
    parts = by_blocks(card, y, p)
    torch.testing.assert_close(parts.items, whole.items, rtol=1e-6, atol=0.0)
    torch.testing.assert_close(parts.gradients[0], whole.gradients[0], rtol=1e-5, atol=1e-9)


def test_what_may_not_be_looked_at_is_nan_where_it_is_out_of_its_domain():
    y, p = np.full(5, 0.5, np.float32), np.array([0.1, -0.5, 0.5, 1.5, 0.9], np.float32)
    card = find("binary_crossentropy")()
    assert by_blocks(card, y, p) is None
    found = by_blocks(card, y, p, look=False)
    wrong = [False, True, False, True, False]
    assert found.items.isnan().tolist() == found.gradients[0].isnan().tolist() == wrong


ENDS = [0.0, -0.0, 1e-40, 1e-30, 1e-3, 0.7, 1.0, 1.0000001, 2.0, -5.0, 1e10, 3e38]
ENDS = np.array([*ENDS, np.inf, -np.inf, np.nan], np.float32)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.exact], ids=lambda r: r.name)
def test_an_operation_of_pytorchs_own_is_exact_where_it_is_taken(row):
    import losskit

    loss = losskit.get(row.card)
    for error in ENDS:
        y, p = np.zeros(1, np.float32), np.full(1, error)
        value, slope = loss.value_and_gradient(y, p)
        got, (own,) = host.evaluate(loss.card, (torch.as_tensor(y), torch.as_tensor(p)), (1,), 1.0)
        assert np.array_equal(np.float32(value), got.numpy(), equal_nan=True)
        assert np.array_equal(slope, own.numpy(), equal_nan=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_one_number_at_the_label_and_another_elsewhere(reduction):
    rng = np.random.default_rng(3)
    p = torch.as_tensor(rng.standard_normal((30, 7, 5))).log_softmax(1).requires_grad_()
    y = torch.as_tensor(rng.integers(0, 7, (30, 5)))
    y[::4, 2] = -100
    weight = torch.as_tensor(rng.random(7))
    above = torch.as_tensor(rng.random((30, 5))) if reduction == "none" else torch.tensor(3.0)
    slopes = [
        torch.autograd.grad(f(p, y, weight, reduction=reduction), p, above.double())[0]
        for f in (losskit.torch.nll_loss, torch.nn.functional.nll_loss)
    ]
    assert (slopes[1] != 0).sum() == (y != -100).sum()
    torch.testing.assert_close(*slopes, rtol=1e-12, atol=0.0)


def test_a_card_made_of_another_is_computed_by_its_own_formulas():
    huber = find("huber")

    class Twice(huber):
        def value(self, m, y, p):
            return 2.0 * super().value(m, y, p)

        def slope(self, m, y, p):
            return 2.0 * super().slope(m, y, p)

    given = torch.zeros(3), torch.tensor([0.5, -2.0, 3.0])
    assert host.evaluate(huber(), given, (1,), 1.0) is not None
    assert host.evaluate(Twice(), given, (1,), 1.0) is None
