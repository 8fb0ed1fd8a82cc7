"""Lovász's extension of the Jaccard loss: as published, at ties, of several axes, less pixels."""

import itertools

import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.namespaces.numpy import NUMPY
from losskit.losses.lovasz import rates
from losskit.terminal import split_loss

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0.0, 2.0, (3, 4, 5))
MASK = (RNG.random((3, 4, 5)) < 0.4).astype(float)
SCORES = RNG.normal(0.0, 2.0, (3, 4, 5, 6))
LABELS = RNG.integers(0, 6, (3, 4, 5))


def extension(errors, inside):
    """As it is published: the errors sorted, times the differences of the Jaccard loss."""
    order = np.argsort(-errors)
    inside = inside[order]
    common = inside.sum() - inside.cumsum()
    loss = 1.0 - common / (inside.sum() + (1.0 - inside).cumsum())
    return errors[order] @ np.diff(loss, prepend=0.0)


def hinge(mask, logits):
    errors = 1.0 - (2.0 * mask - 1.0) * logits
    return extension(np.maximum(errors, 0.0).ravel(), mask.ravel())


def of_classes(labels, p, classes="present"):
    found = []
    asked = {"present": np.unique(labels), "all": range(p.shape[-1])}
    for c in asked[classes] if isinstance(classes, str) else classes:
        inside = (labels == c).ravel().astype(float)
        found.append(extension(np.abs(inside - p[..., c].ravel()), inside))
    return np.mean(found)


def shares(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("axis", [None, (1, 2), (2, 1), (0, 1, 2), -1, (0, 2)])
def test_masks_of_several_axes(axis):
    axes = (1, 2) if axis is None else np.atleast_1d(axis)
    rest = [i for i in range(3) if i not in {a % 3 for a in axes}]
    flat = [np.moveaxis(x, rest, range(len(rest))) for x in (MASK, LOGITS)]
    flat = [x.reshape(*(MASK.shape[i] for i in rest), -1) for x in flat]
    want = [hinge(*(x[i] for x in flat)) for i in np.ndindex(flat[0].shape[:-1])]
    items = losskit.LovaszHinge(axis=axis, reduction="none")(MASK, LOGITS)
    assert items.shape == flat[0].shape[:-1]
    np.testing.assert_allclose(np.ravel(items), want, rtol=1e-12)
    value, slope = losskit.LovaszHinge(axis=axis, reduction="sum").value_and_gradient(MASK, LOGITS)
    # Linear between the kinks: half a margin is left where all logits go half the way to it.
    aims = 2.0 * MASK - 1.0
    assert value == pytest.approx(np.sum(slope * (LOGITS - aims)), rel=1e-12)


@pytest.mark.parametrize("classes", ["present", "all", [4, 1], (2,)])
@pytest.mark.parametrize("from_logits", [False, True])
def test_images(classes, from_logits):
    p = shares(SCORES)
    few = np.minimum(LABELS, 3)
    loss = losskit.LovaszSoftmax(from_logits, classes, reduction="none")
    given = SCORES if from_logits else p
    want = [of_classes(few[i], p[i], classes) for i in range(3)]
    np.testing.assert_allclose(loss(few, given), want, rtol=1e-12)
    options = {"from_logits": from_logits, "classes": classes}
    for axis in (1, -3):
        moved = losskit.LovaszSoftmax(**options, axis=axis, reduction="none")
        turned = np.moveaxis(given, -1, 1)
        np.testing.assert_allclose(moved(few, turned), want, rtol=1e-12)
        slope = np.moveaxis(moved.gradient(few, turned), 1, -1)
        np.testing.assert_allclose(slope, loss.gradient(few, given), rtol=1e-12)
    whole = losskit.lovasz_softmax(few, given, **options, pixels=(0, 1, 2), reduction="none")
    assert whole == pytest.approx(of_classes(few, p, classes), rel=1e-12)
    # Of no pixel but the sample itself.
    rows = losskit.lovasz_softmax(few[:, 0, 0], given[:, 0, 0], **options, reduction="none")
    want = [of_classes(few[i, :1, :1], p[i, :1, :1], classes) for i in range(3)]
    np.testing.assert_allclose(rows, want, rtol=1e-12)


def test_counts_are_exact_beyond_what_the_dtype_can_count():
    # Of float16 these are 2^11, and what lies above goes for the 2^24 of float32.
    n = 9000
    key = RNG.permutation(n).astype(np.float64)
    inside = RNG.random(n) < 0.5
    wide = rates(NUMPY, key, inside)
    coarse = np.round(key / 64.0)  # with ties, as all that float16 can order
    for keys in (key, coarse):
        wide = rates(NUMPY, keys, inside)
        order = np.argsort(keys, kind="stable")
        narrow = rates(NUMPY, np.searchsorted(keys[order], keys).astype(np.float32), inside)
        np.testing.assert_allclose(narrow, wide, rtol=1e-6)
        half = rates(NUMPY, np.round(keys / keys.max() * 140).astype(np.float16), inside)
        same = rates(NUMPY, np.round(keys / keys.max() * 140), inside)
        np.testing.assert_allclose(half, same, rtol=4e-3, atol=1e-6)
        assert wide.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    "mask", [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 0]]
)
def test_at_ties_the_slope_is_the_subgradient_of_least_magnitude(mask):
    y = np.array(mask, float)
    s, e = 2.0 * y - 1.0, np.array([0.5, 0.5, 0.5, 0.5, 1.5])
    p = s * (1.0 - e)
    loss = losskit.LovaszHinge(axis=-1)
    value, slope = loss.value_and_gradient(y, p)
    for d in RNG.normal(0.0, 0.3, (200, 5)):
        assert loss(y, p + d) >= value + slope @ d - 1e-12
    # Those of all orders, whose least combination it is: at right angles to what leads there.
    orders = [
        loss.gradient(y, p - s * 1e-6 * np.array([*order, 0]))
        for order in itertools.permutations(range(4))
    ]
    assert min(slope @ (other - slope) for other in orders) >= -1e-12
    for i, j in itertools.combinations(range(4), 2):
        assert y[i] != y[j] or slope[i] == slope[j]


def test_pixels_are_left_out():
    labels = np.where(RNG.random(LABELS.shape) < 0.3, 255, LABELS)
    labels[1] = 255
    loss = losskit.LovaszSoftmax(True, ignore_class=255)
    z = np.where(labels[..., None] == 255, np.nan, SCORES)
    value, slope = loss.value_and_gradient(labels, z)
    there = labels != 255
    want = [of_classes(labels[i][there[i]], shares(SCORES[i][there[i]])) for i in (0, 2)]
    assert value == pytest.approx(np.mean(want), rel=1e-12)  # an image of no pixel is none
    assert not slope[labels == 255].any()
    assert np.isfinite(slope).all()
    assert np.isfinite(loss.curvature(labels, z)).all()
    p = np.where(labels[..., None] == 255, 7.0, shares(SCORES))
    assert losskit.lovasz_softmax(labels, p, ignore_class=255) == pytest.approx(value, rel=1e-12)
    with pytest.raises(ValueError, match="255 at index"):
        losskit.lovasz_softmax(labels, p)
    p[0, 0, 0], labels[0, 0, 0] = 7.0, 2
    with pytest.raises(ValueError, match=r"probability in \[0, 1\].*got 7 at index \(0, 0, 0, 0\)"):
        losskit.lovasz_softmax(labels, p, ignore_class=255)
    # One of a mask by the logit that is surely right.
    z, y = LOGITS.copy(), MASK.copy()
    z[:, 0], y[:, 0] = -np.inf, 0.0
    assert losskit.lovasz_hinge(y, z) == losskit.lovasz_hinge(MASK[:, 1:], LOGITS[:, 1:])


@pytest.mark.parametrize("way", ["torch", "compiled", "jax"])
def test_pixels_are_left_out_where_no_value_is_seen(way):
    labels = np.where(RNG.random(LABELS.shape) < 0.3, 255, LABELS)
    p = np.where(labels[..., None] == 255, 7.0, shares(SCORES)).astype("f4")
    want = losskit.lovasz_softmax(labels, p, ignore_class=255)
    bad = labels.copy()
    bad[0, 0, 0] = 6
    if way == "jax":
        jax = pytest.importorskip("jax")
        import losskit.jax as lj

        call = jax.jit(lambda p, y: lj.lovasz_softmax(p, y, ignore_class=255).mean())
    else:
        torch = pytest.importorskip("torch")
        import losskit.torch as lt

        loss = lt.LovaszSoftmax(ignore_class=255)
        made = torch.compile(loss, backend="eager") if way == "compiled" else loss

        def call(p, y):
            return made(torch.tensor(p), torch.tensor(y))

    assert float(call(p, labels)) == pytest.approx(want, rel=1e-6)
    if way == "torch":
        with pytest.raises(ValueError, match="label 6"):
            call(p, bad)
    else:
        assert np.isnan(float(call(p, bad)))


def test_what_is_said():
    with pytest.raises(ValueError, match="other axes than that of the classes, got pixels="):
        CARDS["lovasz_softmax"](axis=1, pixels=(1, 2))
    with pytest.raises(ValueError, match="other axes than that of the classes"):
        losskit.lovasz_softmax(LABELS, SCORES, from_logits=True, pixels=(1, 3))
    with pytest.raises(ValueError, match=r"axis=5 does not exist in y_pred"):
        losskit.lovasz_softmax(LABELS, SCORES, from_logits=True, pixels=5)
    with pytest.raises(ValueError, match=r"axis=-6 does not exist in y_pred"):
        losskit.lovasz_softmax(LABELS, SCORES, from_logits=True, pixels=(1, -6))
    assert losskit.lovasz_softmax(LABELS, SCORES, from_logits=True, pixels=(1, -2)) > 0
    with pytest.raises(ValueError, match=r"shape \(3, 4, 5\) for y_pred.shape=\(3, 4, 5, 6\)"):
        losskit.lovasz_softmax(LABELS[:, 1:], SCORES, from_logits=True)
    with pytest.raises(ValueError, match="'present' or 'all'"):
        losskit.LovaszSoftmax(classes="some")
    for wrong in ([], [-1, 2], [1, 1]):
        with pytest.raises(ValueError, match="or class numbers"):
            losskit.LovaszSoftmax(classes=wrong)
    for wrong in ([0.5], [True], 3, None):
        with pytest.raises(TypeError, match="or class numbers"):
            losskit.LovaszSoftmax(classes=wrong)
    with pytest.raises(ValueError, match="classes names class 9, but y_pred has"):
        losskit.lovasz_softmax(LABELS, SCORES, from_logits=True, classes=[0, 9])


def test_classes_may_be_an_array_or_come_from_a_line():
    card = losskit.LovaszSoftmax(classes=np.array([2, 0])).card
    assert card == losskit.LovaszSoftmax(classes=[0, 2]).card
    assert split_loss("lovasz_softmax:classes=2;0").parameters == {"classes": [2, 0]}
    assert split_loss("lovasz_softmax:classes=all").parameters == {"classes": "all"}
