"""A softmax under a binary cross-entropy, certain and wrong: one finding names it, not others."""

import numpy as np
import pytest

import losskit
from losskit.activations import log_softmax

keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")

RNG = np.random.default_rng(3)
ONE_HOT = np.eye(10, dtype=np.float32)[RNG.integers(0, 10, 64)]
LOGITS = (60 * RNG.normal(size=(64, 10))).astype(np.float32)
CERTAIN = np.exp(log_softmax(LOGITS))


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.BinaryCrossentropy(),
        keras.losses.BinaryFocalCrossentropy(),
        torch.nn.BCELoss(),
        "bce",
    ],
    ids=lambda loss: getattr(loss, "name", str(loss)),
)
def test_the_first_thing_wrong_is_named(loss):
    assert (CERTAIN == 1).sum() > 30
    found = losskit.check(loss, ONE_HOT, CERTAIN)
    # Keras's own does lose gradients here (LK401).
    assert {f.code for f in found.findings} - {"LK401"} == {"LK113"}
    # Nor do the logits of the softmax say what a sigmoid of them would have cost.
    found = losskit.check(loss, ONE_HOT, CERTAIN, logits=LOGITS)
    assert "LK111" not in [f.code for f in found.findings]


def test_two_classes_are_the_categorical_loss():
    two = np.exp(log_softmax(LOGITS[:, :2] / 30))
    targets = np.eye(2, dtype=np.float32)[(LOGITS[:, 1] > LOGITS[:, 0]).astype(int)]
    same = losskit.binary_crossentropy(targets, two)
    assert same == pytest.approx(float(losskit.categorical_crossentropy(targets, two)), rel=1e-5)
    assert "LK113" not in [f.code for f in losskit.check("bce", targets, two).findings]
