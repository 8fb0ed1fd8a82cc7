"""How `losskit.check` calls a loss: as its own library would, on copies, and nothing is changed."""

import functools
import random

import keras
import numpy as np
import optax
import pytest
import torch
import torch.nn.functional as F

import losskit
import losskit.keras
import losskit.torch
from losskit.checks import check

DRAWN = np.random.default_rng(1)
LOGITS = torch.tensor(DRAWN.normal(size=(64, 10)), dtype=torch.float32)
LABELS = torch.tensor(DRAWN.integers(0, 10, 64))
SHARES = LOGITS.softmax(-1)
X, Y = LOGITS[:, 0], LOGITS[:, 1]
YES = (LABELS > 4).float()


def said(loss, y, p, **options):
    """The codes of errors and warnings."""
    return [f.code for f in check(loss, y, p, **options) if f.severity != "hint"]


def test_functions_get_arrays_of_the_callers_kind():
    jnp = pytest.importorskip("jax.numpy")
    assert said(lambda y, p: F.cross_entropy(p, y), LABELS, LOGITS) == []
    assert said(lambda y, p: torch.abs(y - p).mean(), Y, X) == []
    assert said(lambda y, p: p.at[0].set(0.0).sum(), jnp.asarray(Y), jnp.asarray(X)) == []
    assert said(lambda y, p: np.mean((y - p) ** 2), Y.tolist(), X.tolist()) == []
    tf = pytest.importorskip("tensorflow")
    assert said(lambda y, p: tf.reduce_mean(y - p) + p.shape.rank, tf.ones(3), tf.zeros(3)) == []


class Focal(torch.nn.Module):
    def forward(self, logits, labels):
        return (F.cross_entropy(logits, labels, reduction="none") ** 2).mean()


def test_modules_of_ones_own():
    assert said(Focal(), LABELS, LOGITS) == []
    assert said(Focal(), LABELS.numpy(), LOGITS.numpy()) == []

    class OfShares(torch.nn.CrossEntropyLoss):
        def forward(self, shares, labels):
            return F.nll_loss((shares + 1e-8).log(), labels)

    class WithSigmoid(torch.nn.BCELoss):
        def forward(self, logits, target):
            return super().forward(logits.sigmoid(), target)

    assert said(OfShares(), LABELS, SHARES) == []
    assert said(WithSigmoid(), YES, X) == []
    named = type(
        "BCELoss", (torch.nn.Module,), {"forward": lambda self, p, y: (p - y).abs().mean()}
    )
    assert said(named(), YES, 3 * X) == []

    class Same(torch.nn.CrossEntropyLoss):
        """Another name, the same formula."""

    assert said(Same(), LABELS, SHARES) == ["LK101"]


def test_losses_of_ones_own_in_keras():
    ops = keras.ops

    class OfLogits(keras.losses.BinaryCrossentropy):
        def call(self, y, p):
            return super().call(y, ops.sigmoid(p))

    class BinaryCrossentropy(keras.losses.Loss):
        def call(self, y, p):
            return ops.mean(ops.square(ops.sigmoid(p) - y), -1)

    y, p = YES.numpy()[:, None], X.numpy()[:, None]
    assert said(OfLogits(), y, p) == []
    assert said(BinaryCrossentropy(), y, p) == []
    assert "LK103" in said(keras.losses.BinaryCrossentropy(), y, p)


def test_dtypes_are_those_of_the_caller():
    bce = torch.nn.BCELoss()
    assert said(bce, YES, X.sigmoid()) == []
    assert said(bce, YES.long(), X.sigmoid()) == ["LK302"]
    assert said(bce, YES.double(), X.sigmoid()) == ["LK302"]
    assert said(torch.nn.BCEWithLogitsLoss(), YES.long(), X) == ["LK302"]
    assert said(torch.nn.CrossEntropyLoss(), LABELS.int(), LOGITS) == ["LK302"]
    # What is no tensor yet is made one as the loss wants it.
    assert said(bce, YES.long().numpy(), X.sigmoid().numpy()) == []
    assert said(torch.nn.CrossEntropyLoss(), LABELS.int().numpy(), LOGITS.numpy()) == []
    weight = torch.rand(10, generator=torch.Generator().manual_seed(0)) + 0.5
    assert said(torch.nn.CrossEntropyLoss(weight), LABELS.tolist(), LOGITS.tolist()) == []
    half = torch.nn.CrossEntropyLoss(weight.bfloat16())
    assert said(half, LABELS, LOGITS.bfloat16()) == []
    assert said(torch.nn.MSELoss(), Y.half(), X.half()) == []
    assert said(torch.nn.MSELoss(), Y.double(), X.double()) == []


def test_nothing_changes():
    class Stateful(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("centre", torch.zeros(()))
            self.norm = torch.nn.BatchNorm1d(10)
            self.calls = 0

        def forward(self, p, y):
            self.calls += 1
            self.centre += p.mean().detach()
            noise = torch.rand(()) + float(np.random.rand()) + random.random()  # noqa: NPY002
            return F.cross_entropy(self.norm(p), y) + noise

    loss, seen = Stateful(), []
    loss.register_forward_hook(lambda *_: seen.append(1))
    drawn = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    check(loss, LABELS, LOGITS)
    assert loss.calls == 0
    assert loss.centre == 0
    assert loss.norm.num_batches_tracked == 0
    assert not seen
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert (np.random.get_state()[1] == drawn[1]).all()  # noqa: NPY002
    assert random.getstate() == drawn[2]
    y, p = Y.numpy().copy(), X.numpy().copy()
    check(lambda a, b: np.mean(np.subtract(b, a, out=b) ** 2), y, p)
    assert (p == X.numpy()).all()


def test_a_loss_that_is_changed_is_computed_anew():
    class Scaled(keras.losses.Loss):
        scale = 1.0

        def call(self, y, p):
            return self.scale * keras.ops.mean(keras.ops.square(y - p), -1)

    loss = Scaled()
    before = check(loss, Y[:, None].numpy(), X[:, None].numpy()).value
    loss.scale = 5.0
    after = check(loss, Y[:, None].numpy(), X[:, None].numpy()).value
    assert after == pytest.approx(5 * before)


def test_what_is_no_loss():
    for loss in (torch.nn.CrossEntropyLoss, keras.losses.BinaryCrossentropy, losskit.Huber):
        with pytest.raises(TypeError, match="loss is a class"):
            check(loss, LABELS, LOGITS)
    with pytest.raises(TypeError, match="expected a loss"):
        check(keras.metrics.MeanSquaredError(), Y, X)
    assert said(F.pairwise_distance, LOGITS, SHARES) == []  # it does not tell its arguments
    found = check(lambda y, p: None, Y, X)["LK302"]
    assert "the loss returned None, expected a number" in found.what

    class Two(torch.nn.Module):
        def forward(self, p, y):
            return p, y

    assert "the loss returned a tuple, expected one tensor" in check(Two(), Y, X)["LK302"].what


def test_arrays_of_every_kind():
    assert said("mse", ((1.0, 0.0), (0.0, 1.0)), [[0.9, 0.1], [0.2, 0.8]]) == []
    rows = [x.requires_grad_() for x in LOGITS.clone()]
    assert said(torch.nn.CrossEntropyLoss(), LABELS, rows) == []
    with pytest.raises(TypeError, match="has no values"):
        check(torch.nn.MSELoss(), torch.ones(3, device="meta"), X[:3])
    jax = pytest.importorskip("jax")
    with pytest.raises(TypeError, match="JaxprTracer, which has no values"):
        jax.jit(lambda p: check(optax.l2_loss, p, p) and p)(np.ones(3))


def test_a_loss_over_processes_is_checked_without_the_others():
    across = losskit.torch.Across()  # there is no process group: a call of others is an error
    for loss in (
        losskit.torch.CrossEntropyLoss(across=across),
        losskit.torch.SparseCategoricalCrossentropy(from_logits=True, across=across),
    ):
        assert "LK101" in check(loss, LABELS, SHARES)
        assert loss.across is across


@pytest.mark.parametrize(
    "module", [losskit.torch.CrossEntropyLoss(), losskit.torch.get("scce", from_logits=True)]
)
def test_a_count_of_the_whole_is_no_target(module):
    reports = []
    handle = losskit.torch.check_loss(module, say=reports.append)
    module(SHARES, LABELS, num_items=torch.tensor(128.0))
    handle.remove()
    assert ["LK101" in report for report in reports] == [True]


def test_partials_of_partials():
    first = functools.partial(F.cross_entropy, ignore_index=3)
    report = check(functools.partial(first, label_smoothing=0.1), LABELS, SHARES)
    assert "LK101" in report
    assert "label_smoothing=0.1" in report.loss
    assert "ignore_index=3" in report.loss


def test_watched_losses_of_ones_own(recwarn):
    reports = []
    loss = Focal()
    handle = losskit.torch.check_loss(loss, say=reports.append)
    loss(LOGITS, LABELS)
    handle.remove()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    x, y = np.asarray(LOGITS[:, :3]), YES.numpy()
    for each in ("binary_crossentropy", lambda a, b: keras.ops.mean(keras.ops.square(a - b))):
        model.compile("sgd", each)
        watch = losskit.keras.CheckLoss(x, y, say=reports.append)
        model.fit(x, y, verbose=0, callbacks=[watch])
    assert reports == []
    with pytest.raises(TypeError, match="CheckLoss takes arrays x and y"):
        losskit.keras.CheckLoss(x, None)
