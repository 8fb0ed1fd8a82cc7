"""The kernel of CTC beside the card's formulas: every kind of sequence, layout and type; bad input.

These tests also run under AddressSanitizer and UndefinedBehaviorSanitizer (see .ci/run), so they
import no framework.
"""

import numpy as np
import pytest
import test_native  # noqa: F401  (skips these too where the kernels were not built)

import losskit
from losskit import native
from losskit.core.namespaces.numpy import vocabulary
from losskit.losses.sequence import CTC
from losskit.native.evaluate import OfSequences

NAN, INF = float("nan"), float("inf")
M = vocabulary(np.dtype("f8"))


def sequences(seed):
    """A card, labels, scores and numbers of frames (or None), of any size and kind."""
    rng = np.random.default_rng(seed)
    batch, frames, longest = rng.integers([1, 1, 0], [5, 13, 8])
    classes = int(rng.integers(2, 40)) if seed % 8 else 1500  # more than a chunk
    blank, from_logits, zero = int(rng.integers(classes)), *(rng.random(2) < 0.5)
    card = CTC(blank=blank, from_logits=bool(from_logits), zero_infinity=bool(zero))
    y = rng.integers(0, min(classes, 4), (batch, longest))  # few, so that some are repeated
    y = np.where(y == blank, (y + 1) % classes, y)
    there = np.arange(longest) < rng.integers(0, longest + 1, batch)[:, None]
    y = np.where(there, y, -1 if seed % 3 else blank)
    z = 10.0 ** rng.uniform(-2, 3) * rng.normal(size=(batch, frames, classes))
    if seed % 4 == 0:
        z[rng.random(z.shape) < 0.1] = -INF
    if not from_logits:
        with np.errstate(all="ignore"):
            z = z - z.max(-1, keepdims=True)
            z = z - np.log(np.exp(z).sum(-1, keepdims=True))
            z[np.isnan(z)] = -INF
    lengths = rng.integers(0, frames + 1, batch).astype(float) if seed % 3 else None
    return card, y, z, lengths


def by_kernel(card, y, z, lengths=None, weight=None, keep=None, scale=1.0):
    """Items and slopes."""
    given = () if lengths is None else (lengths,)
    card = card.taking("frames") if given else card
    call = native.prepare(card, (y, z, *given), weight, keep)
    assert isinstance(call, OfSequences)
    items, slope = np.empty(len(z), call.out_dtype), np.empty_like(z)
    assert call.run(scale, value=True, items=items, slope=(slope,)) is not None
    alone = np.empty_like(items)
    assert call.run(value=True, items=alone) is not None
    np.testing.assert_array_equal(alone, items)
    return items, slope


def by_card(card, y, z, lengths=None):
    given = () if lengths is None else (lengths,)
    card = card.taking("frames") if given else card
    with np.errstate(all="ignore"):
        return card.value(M, y, z, *given), card.slope(M, y, z, *given)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", range(4))
def test_same_as_the_card(dtype, block):
    for seed in range(40 * block, 40 * block + 40):
        card, y, z, lengths = sequences(seed)
        z = z.astype(dtype)
        items, slope = by_kernel(card, y, z, lengths)
        want, by = by_card(card, y, z.astype(np.float64), lengths)
        close = 1e-12 if dtype == np.float64 else 1e-6
        np.testing.assert_allclose(items, want, rtol=close, atol=1e-300, err_msg=str(seed))
        # Slopes of logits are differences, of which the formulas too keep what is left of 1e-16.
        np.testing.assert_allclose(slope, by, rtol=close, atol=1e-16, err_msg=str(seed))


def test_layouts():
    card, y, z, _ = sequences(2)
    want = by_kernel(card, y, z)
    wide = np.zeros((z.shape[2] * 2, *z.shape[:2]))
    wide[::2] = np.moveaxis(z, -1, 0)
    for laid in (np.asfortranarray(z), np.moveaxis(wide[::2], 0, -1), z[:, ::-1][:, ::-1]):
        for labels in (y.astype(np.int8), np.asfortranarray(y.astype(np.int32))):
            for got, wanted in zip(by_kernel(card, labels, laid), want, strict=True):
                np.testing.assert_array_equal(got, wanted)
    raw = np.zeros(z.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(z.shape)
    raw[...] = z
    np.testing.assert_array_equal(by_kernel(card, y, raw)[1], want[1])
    half = z.astype(np.float16)
    got, exact = by_kernel(card, y, half), by_kernel(card, y, half.astype(np.float32))
    np.testing.assert_array_equal(got[0], exact[0])
    np.testing.assert_array_equal(got[1], exact[1].astype(np.float16))


def test_weights_mask_and_scale():
    z = np.random.default_rng(0).normal(size=(4, 6, 5))
    y = np.array([[1, 2], [3, 3], [4, -1], [2, 1]])
    items, slope = by_kernel(CTC(), y, z)
    weight, keep = np.array([2.0, 0.5, 0.0, 3.0]), np.array([True, True, True, False])
    z[2:] = NAN  # neither counts
    got, by = by_kernel(CTC(), y, z, weight=weight, keep=keep, scale=0.25)
    factor = np.array([2.0, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(got, factor * items, rtol=1e-15)
    np.testing.assert_allclose(by, 0.25 * factor[:, None, None] * slope, rtol=1e-14)


@pytest.mark.parametrize(
    "y",
    [[[1, 4]], [[1, 2**40]], [[0, 1]], [[-1, 1]], np.array([[1, 2**63]], np.uint64)],
    ids=str,
)
def test_what_is_none_is_left_to_the_formulas(y):
    call = native.prepare(CTC(), (np.asarray(y), np.zeros((1, 6, 4))), None, None)
    slope = np.zeros((1, 6, 4))
    assert call.run(value=True, slope=(slope,)) is None
    with pytest.raises(ValueError, match="label"):
        losskit.ctc(y, np.zeros((1, 6, 4)))


def test_nan_is_kept_where_it_is():
    z = np.zeros((3, 4, 5))
    z[1, 2, 4] = NAN
    items, slope = by_kernel(CTC(), np.array([[1], [2], [3]]), z)
    assert np.isnan(items).tolist() == [False, True, False]
    assert np.isnan(slope).all((1, 2)).tolist() == [False, True, False]
    assert np.isfinite(slope[[0, 2]]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tiny", [1e-3, 1e-9, 1e-30, 1e-300])
def test_losses_near_zero_keep_their_digits(tiny, dtype):
    """One alignment is nearly certain: the logarithm of the sum would be that of 1."""
    y, z = np.array([[1, 2]]), np.zeros((1, 6, 3), dtype)
    for t, k in enumerate([0, 1, 1, 0, 2, 0]):
        z[0, t, k] = -np.log(tiny)
    log_p = np.full_like(z, np.log(tiny))
    log_p[z > 0] = -2.0 * tiny
    close = 1e-12 if dtype == np.float64 else 1e-6
    for card, scores in ((CTC(), z), (CTC(from_logits=False), log_p)):
        (got,), slope = by_kernel(card, y, scores)
        (want,), by = by_card(card, y, scores.astype(np.float64))
        assert got == pytest.approx(want, rel=close, abs=1e-45)
        np.testing.assert_allclose(slope, by, rtol=close, atol=max(1e-15 * tiny, 1e-45))


def test_scores_of_any_size():
    """Of sequences that no float64 could hold as probabilities; and of scores of 1e8 and more."""
    rng = np.random.default_rng(0)
    y = rng.integers(1, 4, (2, 5))
    for size in (1e3, 1e6, 3e8, 1e12, 1e25):
        z = size * rng.normal(size=(2, 30, 4))
        items, slope = by_kernel(CTC(), y, z)
        want, by = by_card(CTC(), y, z)
        np.testing.assert_allclose(items, want, rtol=1e-13)
        np.testing.assert_allclose(slope, by, rtol=1e-6, atol=1e-15)


def test_any_number_of_threads_gives_the_same_bits():
    rng = np.random.default_rng(0)
    y, z = rng.integers(1, 40, (64, 10)), rng.normal(size=(64, 50, 40)).astype(np.float32)
    loss, before = losskit.CTC(), native.get_num_threads()
    try:
        losskit.set_num_threads(1)
        want = loss.value_and_gradient(y, z)
        for count in (2, 3, 7):
            losskit.set_num_threads(count)
            value, gradient = loss.value_and_gradient(y, z)
            assert value == want[0]
            np.testing.assert_array_equal(gradient, want[1])
    finally:
        losskit.set_num_threads(before)


@pytest.mark.parametrize("part", ["value", "slope"])
def test_a_card_that_has_changed_has_no_kernel(part, monkeypatch):
    """A kernel never computes another formula than the card's."""
    from losskit.core.namespaces import PRECISIONS
    from losskit.native import find

    assert find.describe(CTC(), PRECISIONS["float32"]) is not None
    own = getattr(CTC, part)
    monkeypatch.setattr(CTC, part, lambda *given: 1.001 * own(*given))
    find._sequences_hold.cache_clear()
    assert find.describe(CTC(), PRECISIONS["float32"]) is None
    find._sequences_hold.cache_clear()


@pytest.mark.parametrize("part", ["value", "slope"])
def test_an_error_in_the_kernel_is_seen(part, monkeypatch):
    """Planted: one part a thousandth larger."""
    run = OfSequences.run

    def wrong(self, *args, **options):
        found = run(self, *args, **options)
        for x in (options["items"],) if part == "value" else options.get("slope", ()):
            x *= 1.001
        return found

    test_same_as_the_card(np.float32, 0)
    monkeypatch.setattr(OfSequences, "run", wrong)
    with pytest.raises(AssertionError):
        test_same_as_the_card(np.float32, 0)
