"""Class weights and weights of positives as arrays: every face, every target, their derivatives."""

import grid
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import truth
from laws import BOUNDS
from mpmath import mpf
from torch._dynamo.testing import CompileCounter
from truth.pointwise import BinaryCrossentropy

import losskit
import losskit.jax as lj
import losskit.torch as lt
from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Labelled
from losskit.core.namespaces.numpy import vocabulary

RNG = np.random.default_rng(0)
Z = RNG.normal(0, 2, (12, 4))
LABELS = RNG.integers(0, 4, 12)
SOFT = RNG.dirichlet(np.ones(4), 12)
ONE_HOT = np.eye(4)[LABELS]
W = np.array([0.5, 2.0, 0.0, 1.25])
SMOOTH = [0.0, 0.1]


def tensors(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(x)) for x in arrays]


@pytest.fixture(params=["kernels", "formulas"])
def way(request):
    with native.switched(request.param == "kernels"):
        yield request.param


# --- classes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", SMOOTH)
@pytest.mark.parametrize("y", [LABELS, ONE_HOT, SOFT], ids=["labels", "one-hot", "soft"])
def test_every_face_weighs_classes_as_pytorch_does(y, smoothing, way):
    name = "sparse_categorical_crossentropy" if y.ndim == 1 else "categorical_crossentropy"
    options = {"from_logits": True, "label_smoothing": smoothing}
    z, t, w = tensors(Z, y, W)
    want = F.cross_entropy(z, t, w, label_smoothing=smoothing).numpy()
    items = F.cross_entropy(z, t, w, label_smoothing=smoothing, reduction="none").numpy()
    ours = getattr(losskit, name)
    for given in (W, W.tolist(), dict(enumerate(W))):
        got = ours(y, Z, class_weight=given, reduction="mean_with_sample_weight", **options)
        np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_allclose(ours(y, Z, class_weight=W, **options), items.mean(), rtol=1e-12)
    loss = getattr(losskit, CARDS[name].__name__)(**options)
    np.testing.assert_allclose(loss.elementwise(y, Z, class_weight=W), items, rtol=1e-12)
    assert loss.parts(y, Z, class_weight=W)[0] == pytest.approx(items.sum())
    module = getattr(lt, CARDS[name].__name__)(**options, reduction="none")
    np.testing.assert_allclose(module(z, t, class_weight=w), items, rtol=1e-12)
    assert getattr(lt, name)(z, t, class_weight=w, **options) == pytest.approx(items.mean())
    got = getattr(lj, name)(
        Z.astype("f4"), y, class_weight=jnp.asarray(W), reduction="mean", **options
    )
    np.testing.assert_allclose(got, items.mean(), rtol=1e-5)


def test_other_losses_of_labels_weigh_their_items():
    for name, card in CARDS.items():
        if not issubclass(card, Labelled):
            continue
        p = np.abs(Z) / np.abs(Z).sum(1, keepdims=True)
        p = np.log(p) if card().prediction.high == 0.0 else p
        plain = getattr(losskit, name)(LABELS, p, reduction="none")
        got = getattr(losskit, name)(LABELS, p, class_weight=W, reduction="none")
        np.testing.assert_allclose(got, plain * W[LABELS], rtol=1e-12)
        z, t, w = tensors(p, LABELS, W)
        got = getattr(lt, name)(z, t, class_weight=w, reduction="none")
        np.testing.assert_allclose(got, plain * W[LABELS], rtol=1e-12)


@pytest.mark.parametrize("smoothing", SMOOTH)
def test_classes_along_another_axis_and_labels_to_ignore(smoothing, way):
    z, t = RNG.normal(size=(2, 4, 3, 5)), RNG.integers(0, 4, (2, 3, 5))
    t[0, 1] = -1
    options = {"from_logits": True, "label_smoothing": smoothing, "ignore_class": -1, "axis": 1}
    x, y, w = tensors(z, t, W)
    want = F.cross_entropy(x, y, w, ignore_index=-1, label_smoothing=smoothing)
    loss = losskit.SparseCategoricalCrossentropy(**options, reduction="mean_with_sample_weight")
    np.testing.assert_allclose(loss(t, z, class_weight=W), want, rtol=1e-12)
    x.requires_grad_()
    (wanted,) = torch.autograd.grad(
        F.cross_entropy(x, y, w, ignore_index=-1, label_smoothing=smoothing), x
    )
    np.testing.assert_allclose(loss.gradient(t, z, class_weight=W), wanted, rtol=1e-9, atol=1e-15)


def test_a_label_that_is_none_is_found_behind_weights_of_zero():
    w = np.array([0.0, 1.0, 1.0, 0.0])
    for smoothing in SMOOTH:
        for label in (-1, 4):
            t, options = LABELS.copy(), {"from_logits": True, "label_smoothing": smoothing}
            t[3] = label
            with pytest.raises(ValueError, match=f"label {label} at index 3"):
                losskit.sparse_categorical_crossentropy(t, Z, class_weight=w, **options)
            found = jax.jit(
                lambda z, t, w, o=options: lj.sparse_categorical_crossentropy(
                    z, t, class_weight=w, **o
                )
            )(Z.astype("f4"), t, w)
            assert np.isnan(found).tolist() == [i == 3 for i in range(12)]


@pytest.mark.parametrize("smoothing", SMOOTH)
@pytest.mark.parametrize("y", [LABELS, SOFT], ids=["labels", "soft"])
@pytest.mark.parametrize("z_loss", [0.0, 0.1])
def test_derivatives_by_class_weights(y, smoothing, z_loss):
    w = np.array([0.5, 2.0, 0.75, 1.25])
    name = "sparse_categorical_crossentropy" if y.ndim == 1 else "categorical_crossentropy"
    options = {"from_logits": True, "label_smoothing": smoothing, "z_loss": z_loss}

    def loss(z, t, w):
        return getattr(lt, name)(z, t, class_weight=w, reduction="none", **options)

    z, t, v = tensors(Z[:3], y[:3], w)
    arrays = [x.requires_grad_(x.is_floating_point()) for x in (z, t, v)]
    torch.autograd.gradcheck(loss, arrays, check_forward_ad=True, check_batched_grad=True)
    torch.autograd.gradgradcheck(loss, arrays)
    with jax.enable_x64(True):

        def of(z, w):
            return getattr(lj, name)(z, y, class_weight=w, **options).sum()

        by_w = jax.grad(lambda w: of(Z, w))(w)
        by_t = torch.autograd.grad(loss(*tensors(Z, y), v).sum(), v)[0]
        np.testing.assert_allclose(by_w, by_t, rtol=1e-12)
        several = jax.vmap(jax.grad(of, 1), (None, 0))(jnp.asarray(Z), jnp.stack([w, 2 * w]))
        np.testing.assert_allclose(several, np.stack([by_w, by_w]), rtol=1e-12)


def test_weights_that_change_make_no_new_program():
    seen = CompileCounter()

    def loss(z, t, y, w, u):
        smooth = {"from_logits": True, "label_smoothing": 0.1}
        return (
            lt.sparse_categorical_crossentropy(z, t, class_weight=w, from_logits=True)
            + lt.sparse_categorical_crossentropy(z, t, class_weight=w, **smooth)
            + lt.categorical_crossentropy(z, y, class_weight=w, **smooth)
            + lt.binary_crossentropy(z, y, pos_weight=u, from_logits=True)
        )

    compiled = torch.compile(loss, backend=seen, fullgraph=True)
    z, t, y, w, u = tensors(Z, LABELS, SOFT, W, np.abs(Z))
    for by in (1.0, 2.0, 0.5, 0.0):
        want = loss(z, t, y, by * w, by * u)
        torch.testing.assert_close(compiled(z, t, y, by * w, by * u), want)
    assert seen.frame_count == 1
    traces = []

    @jax.jit
    def traced(z, w):
        traces.append(w)
        return lj.categorical_crossentropy(z, SOFT, class_weight=w, from_logits=True).sum()

    for by in (1.0, 2.0):
        want = losskit.categorical_crossentropy(
            SOFT, Z, class_weight=by * W, from_logits=True, reduction="sum"
        )
        assert float(traced(Z, by * W)) == pytest.approx(float(want), rel=1e-5)
    assert len(traces) == 1


def test_what_does_not_fit_is_said():
    loss = losskit.CategoricalCrossentropy(from_logits=True)
    for given, error, words in (
        (np.ones(3), ValueError, r"class_weight must have the shape \(4,\)"),
        (np.array([1, -1, 1, 1]), ValueError, "class_weight must be a weight >= 0.* index 1"),
        (np.array([1, np.nan, 1, 1]), ValueError, "class_weight is NaN at index 1"),
        (np.array(["a"] * 4), TypeError, "class_weight must hold real numbers"),
    ):
        with pytest.raises(error, match=words):
            loss(SOFT, Z, class_weight=given)
    with pytest.raises(TypeError, match="has its own"):
        losskit.CategoricalCrossentropy(class_weight=[1, 2, 1, 1])(SOFT, SOFT, class_weight=W)
    with pytest.raises(TypeError, match="huber does not take class_weight"):
        losskit.Huber()(Z, Z, class_weight=W)
    with pytest.raises(TypeError, match="takes pos_weight"):
        lt.BinaryCrossentropy()(*tensors(SOFT, SOFT), class_weight=torch.ones(4))
    with pytest.raises(ValueError, match="4 classes"):
        losskit.CategoricalCrossentropy(class_weight=[1, 2])(SOFT, SOFT)
    z, t, w = tensors(Z, SOFT, W)
    with pytest.raises(ValueError, match=r"class_weight must have the shape \(4,\) for input"):
        lt.categorical_crossentropy(z, t, class_weight=w[:2], from_logits=True)


# --- positives ------------------------------------------------------------------------------------


class Weighted(BinaryCrossentropy):
    """The truth with a weight of what is 1."""

    weight = mpf(1)

    def _targets(self, y):
        yes, no = super()._targets(y)
        return self.weight * yes, no

    def curve(self, y, p):
        yes, no = self._targets(y)
        found = super().curve(y, p)
        return [(yes + no) * t for t in found] if self.card.from_logits else found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("smoothing", [0.0, 0.001])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("kind", ["ordinary", "extreme"])
def test_weights_of_positives_are_exact(kind, from_logits, smoothing, dtype):
    card = CARDS["binary_crossentropy"](from_logits=from_logits, label_smoothing=smoothing)
    y, p = grid.inputs(card, dtype, kind)
    w = np.resize(np.array([1.0, 0.0, 0.3, 7.5, 3.0]), y.shape).astype(dtype)
    true, m = Weighted(card, dtype), vocabulary(np.dtype(dtype).name)
    taking = card.taking("pos_weight")

    def held(got, terms):
        exact = truth.Exact(
            np.array([float(sum(t)) for t in terms]),
            np.array([float(sum(map(abs, t))) for t in terms]),
        )
        error, where = truth.worst_error(got, exact, dtype)
        assert error <= BOUNDS[np.dtype(dtype).name], (where, got[where], exact.true[where])

    for order in truth.ORDERS:
        with np.errstate(all="ignore"):
            got = getattr(taking, order)(m, y, p, w)
        terms = []
        for a, b, c in zip(y, p, w, strict=True):
            true.weight = mpf(float(c))
            terms.append(getattr(true, order)(mpf(float(a)), mpf(float(b))))
        held(got, terms)
    terms = []
    for a, b in zip(y, p, strict=True):
        true.weight = mpf(1)
        terms.append(true.value(mpf(float(a)), mpf(float(b)))[:1])
    held(taking.pos_weight_slope(m, y, p, w), terms)


def test_weights_of_positives_on_every_face(way):
    y, u = (RNG.random((6, 4)) < 0.4).astype(float), RNG.uniform(0.2, 3, (6, 4))
    z, w = RNG.normal(0, 2, (6, 4)), RNG.uniform(0.5, 2, (6, 4))
    soft = RNG.random((6, 4))
    for target in (y, soft):
        x, t, v, a = tensors(z, target, u, w)
        items = F.binary_cross_entropy_with_logits(x, t, a, pos_weight=v, reduction="none").numpy()
        options = {"from_logits": True, "pos_weight": u}
        ours = losskit.binary_crossentropy
        np.testing.assert_allclose(
            ours(target, z, w, reduction="none", **options), items, rtol=1e-12
        )
        by_weights = ours(target, z, w, reduction="mean_with_sample_weight", **options)
        assert by_weights == pytest.approx(items.sum() / w.sum())
        plain = ours(target, z, reduction="mean_with_sample_weight", **options)
        assert plain == pytest.approx((items / w).mean())
        x.requires_grad_()
        got = lt.BinaryCrossentropy(from_logits=True)(x, t, a, pos_weight=v)
        want = F.binary_cross_entropy_with_logits(x, t, a, pos_weight=v)
        torch.testing.assert_close(got, want)
        (slope,), (wanted,) = torch.autograd.grad(got, x), torch.autograd.grad(want, x)
        torch.testing.assert_close(slope, wanted)
        found = lj.binary_crossentropy(z.astype("f4"), target, weight=w, **options)
        np.testing.assert_allclose(found, items, rtol=1e-5)
        for row in (2.0, u[:, 0]):  # a number; one for each of the first dimension
            got = ours(target, z, from_logits=True, pos_weight=row)
            laid = np.broadcast_to(np.reshape(row, (-1, 1)), z.shape)
            assert got == pytest.approx(ours(target, z, from_logits=True, pos_weight=laid))


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("hard", [True, False])
def test_derivatives_by_targets_and_weights_of_positives(hard, from_logits):
    p = Z[:3] if from_logits else RNG.uniform(0.1, 0.9, (3, 4))
    y = ONE_HOT[:3] if hard else SOFT[:3] * 0.9 + 0.05
    u = RNG.uniform(0.5, 3, (3, 4))

    def loss(p, y, u):
        return lt.binary_crossentropy(
            p, y, pos_weight=u, from_logits=from_logits, label_smoothing=0.1, reduction="none"
        )

    arrays = [x.requires_grad_() for x in tensors(p, y, u)]
    arrays[1].requires_grad_(not hard)  # it could leave [0, 1]
    torch.autograd.gradcheck(loss, arrays, check_forward_ad=True)
    torch.autograd.gradgradcheck(loss, arrays)
