"""The short way of small calls on PyTorch: where it goes, it is the long one."""

import numpy as np
import pytest
from gradients import BACKEND

import losskit.keras as lk
from losskit import native
from losskit.keras import loss as face

torch = pytest.importorskip("torch") if BACKEND == "torch" else None
pytestmark = [
    pytest.mark.skipif(BACKEND != "torch", reason="of PyTorch"),
    pytest.mark.skipif(not native.available(), reason="there are no kernels"),
]
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(6, 5))
P = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)
LABELS = np.array([0, 4, 2, 1, 3, 2])
HOT = np.eye(5)[LABELS]
WEIGHT = RNG.uniform(0.5, 2.0, 6)
CASES = [
    ("Huber", {}, Z[::-1].copy(), Z),
    ("Poisson", {}, RNG.integers(0, 5, Z.shape), np.exp(Z)),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, HOT, P),
    ("CategoricalCrossentropy", {}, HOT, P),
    ("CategoricalCrossentropy", {"from_logits": True}, HOT, Z),
    ("SparseCategoricalCrossentropy", {}, LABELS, P),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS[:, None], Z),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, LABELS, P),
    ("CosineSimilarity", {"axis": 0}, HOT, Z),
    ("Dice", {}, HOT, P),
    ("Tversky", {"axis": (1,)}, HOT, P),
]


def tensors(dtype, *arrays):
    return [
        None if x is None else torch.tensor(x, dtype=None if x.dtype.kind == "i" else dtype)
        for x in arrays
    ]


def value_and_slope(loss, y, p, weight):
    p = p.clone().requires_grad_()
    value = loss(y, p, weight)
    return value, *torch.autograd.grad(3.0 * value, p)


@pytest.mark.parametrize("by_weights", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "y", "p"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_both_ways_agree(dtype, name, options, y, p, weighted, by_weights, monkeypatch):
    if weighted and name == "Dice":
        pytest.skip("one value for the batch")
    reduction = "mean_with_sample_weight" if by_weights else "sum_over_batch_size"
    loss = getattr(lk, name)(**options, reduction=reduction, dtype=dtype)
    weight = WEIGHT if weighted else None
    if weighted and options.get("axis") == 0:
        weight = WEIGHT[:5]  # an item for each column
    given = tensors(getattr(torch, dtype), y, p, weight)
    found, quick = [], face.quick
    monkeypatch.setattr(face, "quick", lambda *args: found.append(quick(*args)) or found[-1])
    value, slope = value_and_slope(loss, *given)
    assert found[0] is value  # it went the short way
    monkeypatch.setattr(face, "quick", lambda *_: None)
    wanted = value_and_slope(loss, *given)
    assert value.dtype == wanted[0].dtype
    assert slope.dtype == wanted[1].dtype
    eps = torch.finfo(getattr(torch, dtype)).eps
    for got, want in zip((value, slope), wanted, strict=True):
        np.testing.assert_allclose(got.detach().double(), want.detach().double(), 4 * eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_of_probabilities_stays_finite(dtype):
    own = getattr(torch, dtype)
    y, p = torch.tensor([[1.0, 0.0]], dtype=own), torch.tensor([[0.0, 1.0]], dtype=own)
    p.requires_grad_()
    value = lk.CategoricalCrossentropy(dtype=dtype)(y, p, torch.tensor([1e4], dtype=own))
    (slope,) = torch.autograd.grad(value, p)
    assert slope[0, 0] == -torch.finfo(own).max
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_where_nothing_counts_value_and_gradient_are_0(dtype):
    loss = lk.SparseCategoricalCrossentropy(ignore_class=-1, dtype=dtype)
    p = torch.full((2, 3), torch.nan, dtype=getattr(torch, dtype), requires_grad=True)
    value = loss(torch.tensor([-1, -1]), p)
    value.backward()
    assert value == 0
    assert (p.grad == 0).all()


def test_a_card_on_logits_is_made_once():
    loss = lk.CategoricalCrossentropy()
    before = dict(native.quick._known)
    for _ in range(5):
        p = lk.softmax(torch.tensor(Z, dtype=torch.float32, requires_grad=True))
        loss(torch.tensor(HOT, dtype=torch.float32), p).backward()
    assert len(native.quick._known) - len(before) <= 1


@pytest.mark.parametrize(
    ("y", "p"), [(HOT, -P), (HOT[:, :4], P), (2.0 * HOT, P)], ids=["negative", "shape", "target"]
)
def test_errors_are_those_of_the_long_way(y, p):
    with pytest.raises(ValueError, match="y_"):
        lk.CategoricalCrossentropy()(*tensors(torch.float32, y, p))
