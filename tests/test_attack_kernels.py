"""What the kernels are handed that they cannot take for granted: bytes of truth values, arrays that
overlap, an interpreter that ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import losskit
from losskit import native

RAW = np.frombuffer(b"\x00\x02\x01\xff\x00\x80" * 9, bool)
TRUE = RAW.view(np.uint8) != 0
P = np.linspace(-1.0, 2.0, len(RAW))

# --- truth values are bytes, and any but 0 is true ------------------------------------------------


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_any_byte_but_0_is_true(kernels: bool, dtype: Any) -> None:
    if kernels and not native.available():
        pytest.skip("no kernels here")
    p = P.astype(dtype)
    z = np.stack([p, 0.5 - p], axis=1)
    calls: list[tuple[Any, Any, Any]] = [
        (losskit.MeanSquaredError(), RAW, p),
        (losskit.LogCosh(reduction="sum"), RAW, p),
        (losskit.BinaryCrossentropy(from_logits=True), RAW[::-1], p),
        (losskit.RootMeanSquaredError(), RAW.reshape(-1, 6).T, p.reshape(6, -1)),
        (losskit.SparseCategoricalCrossentropy(from_logits=True), RAW, z),
        (losskit.CategoricalCrossentropy(from_logits=True), np.stack([RAW, ~TRUE], 1), z),
    ]
    with native.switched(kernels):
        for loss, y, p in calls:
            got, want = (loss.value_and_gradient(t, p) for t in (y, y.view(np.uint8) != 0))
            assert got[0] == want[0] != 0
            np.testing.assert_array_equal(got[1], want[1])


def test_the_smallest_case() -> None:
    y = np.frombuffer(b"\x00\x02\x01", bool)
    assert losskit.MeanSquaredError()(y, np.zeros(3)) == pytest.approx(2 / 3, rel=1e-15)


@pytest.mark.parametrize("kernels", [True, False])
def test_weights_and_masks_of_other_bytes(kernels: bool) -> None:
    if kernels and not native.available():
        pytest.skip("no kernels here")
    loss = losskit.Huber(reduction="mean_with_sample_weight")
    z = np.stack([P, -P, P * P], axis=1)
    rows = losskit.SparseCategoricalCrossentropy(from_logits=True)
    with native.switched(kernels):
        assert loss(0 * P, P, RAW) == loss(0 * P, P, TRUE) == loss(0 * P, P, TRUE.astype(float))
        assert loss(0 * P, P, mask=RAW) == loss(0 * P, P, mask=TRUE) != loss(0 * P, P)
        assert rows(TRUE, z, mask=RAW) == rows(TRUE, z, mask=TRUE) != rows(TRUE, z)
        assert rows(TRUE, z, RAW) == rows(TRUE, z, TRUE) != rows(TRUE, z)


def test_bytes_of_torch() -> None:
    torch = pytest.importorskip("torch")
    import losskit.torch

    loss = losskit.torch.LogCosh()
    raw, true = (torch.from_numpy(a.copy()) for a in (RAW, TRUE))
    p = torch.from_numpy(P)
    assert loss(p, raw) == loss(p, true)
    assert loss(p, true, raw) == loss(p, true, true)
    assert loss(p, true, mask=raw) == loss(p, true, mask=true)


@pytest.mark.parametrize("kernels", [True, False])
def test_bytes_of_jax(kernels: bool) -> None:
    pytest.importorskip("jax")
    import losskit.jax as face

    p = P.astype(np.float32)
    z = np.stack([p, -p, p * p], axis=1)
    own = face.get("huber")

    calls: list[Any] = [
        lambda truth: face.log_cosh(p, truth),
        lambda truth: face.log_cosh(p, p + 1, where=truth),
        lambda truth: own(p, truth, reduction="mean"),
        lambda truth: own(p, 2 * p + 1, where=truth, reduction="mean"),
        lambda truth: own(p, 2 * p + 1, weight=truth, reduction="mean"),
        lambda truth: face.softmax_cross_entropy_with_integer_labels(z, TRUE * 1, where=truth),
        lambda truth: face.cosine_distance(z, z[::-1], where=truth[:, None]),
        lambda truth: face.sigmoid_binary_cross_entropy(p, truth),
    ]
    with native.switched(kernels and native.available()):
        for call in calls:
            want = np.asarray(call(TRUE))
            np.testing.assert_array_equal(call(RAW), want)
            assert np.any(want != call(~TRUE))


# --- a gradient is not written over itself --------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("kernels", [True, False])
def test_out_that_overlaps_itself_is_refused(reduction: str, kernels: bool) -> None:
    if kernels and not native.available():
        pytest.skip("no kernels here")
    y, p = np.zeros((4, 3)), np.arange(12.0).reshape(4, 3)
    loss = losskit.MeanSquaredError(reduction=reduction)
    outs = [
        as_strided(np.zeros(1), (4, 3), (0, 0)),
        as_strided(np.zeros(3), (4, 3), (0, 8)),
        as_strided(np.zeros(6), (4, 3), (8, 8)),
        as_strided(np.zeros(20), (4, 3), (16, 8)),
        as_strided(np.zeros(20)[5:], (4, 3), (8, -8)),
    ]
    with native.switched(kernels):
        for out in outs:
            with pytest.raises(ValueError, match="elements that share memory"):
                loss.value_and_gradient(y, p, out=out)
            assert not out.any()
        with pytest.raises(ValueError, match="elements that share memory"):
            losskit.SparseCategoricalCrossentropy(
                from_logits=True, reduction=reduction
            ).value_and_gradient([0, 1, 2, 0], p, out=outs[0])


def test_out_of_any_order_is_taken() -> None:
    y, p = np.zeros((4, 3)), np.arange(12.0).reshape(4, 3)
    loss = losskit.MeanSquaredError()
    want = loss.gradient(y, p)
    for out in (
        np.zeros((3, 4)).T,
        np.zeros((8, 9))[::-2, ::3],
        np.zeros((4, 1, 3))[:, 0],
        np.asfortranarray(np.zeros((4, 3))),
        as_strided(np.zeros(12), (4, 3), (8, 32)),
    ):
        assert loss.value_and_gradient(y, p, out=out)[1] is out
        np.testing.assert_array_equal(out, want)
    single = as_strided(np.zeros(1), (1, 1), (0, 0))  # one element overlaps with nothing
    loss.value_and_gradient(np.zeros((1, 1)), np.ones((1, 1)), out=single)
    assert single == 2


# --- the interpreter ends while a thread computes -------------------------------------------------

ENDS = """
import sys, threading
import numpy as np
import losskit
y, p = np.zeros(300_000), np.ones(300_000)
z, labels = np.zeros((3000, 100), np.float32), np.zeros(3000, int)
calls = {
    "value": lambda: losskit.MeanSquaredError()(y, p),
    "gradient": lambda: losskit.LogCosh().value_and_gradient(y, p),
    "rows": lambda: losskit.SparseCategoricalCrossentropy(from_logits=True).gradient(labels, z),
}
begun = threading.Barrier(3)
def work():
    begun.wait()
    while True:
        calls[sys.argv[1]]()
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
calls[sys.argv[1]]()
"""


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="takes long under ASan")
@pytest.mark.parametrize("call", ["value", "gradient", "rows"])
def test_python_ends_quietly_while_daemon_threads_compute(call: str) -> None:
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", ENDS, call],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
