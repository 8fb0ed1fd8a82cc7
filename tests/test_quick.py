"""Quick calls: one number and its gradients by the shortest way, the same as by the long one.

The long way is taken where `native.mean` finds nothing, and always if it is told to.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import losskit.torch as lt  # noqa: E402
from losskit import native  # noqa: E402

pytestmark = pytest.mark.skipif(not native.available(), reason="the kernels were not built")

Z = torch.tensor([[0.5, -1.25, 2.0], [3.0, 2.5, -4.0], [-0.75, 0.0, 0.25], [1.0, 1.0, 1.0]])
LABELS = torch.tensor([2, 0, 1, 2])
SOME = torch.tensor([2, -100, 1, 2])
WEIGHT = torch.tensor([0.5, 2.0, 1.25])
ROWS = torch.tensor([0.5, 0.0, 2.0, 1.0])
ALL = torch.arange(1.0, 13.0).reshape(4, 3) / 4
KEEP = torch.tensor([True, False, True, True])
OTHER = Z.flip(0) * 0.75 + 0.1

CALLS = {
    "mse": lambda z: lt.mse_loss(z, OTHER),
    "mse of weights": lambda z: lt.mse_loss(z, OTHER, weight=ALL),
    "huber of weights": lambda z: lt.huber_loss(z, OTHER, weight=ALL),
    "l1, sum": lambda z: lt.l1_loss(z, OTHER, reduction="sum"),
    "cross-entropy": lambda z: lt.cross_entropy(z, LABELS),
    "cross-entropy, ignored": lambda z: lt.cross_entropy(z, SOME),
    "class weights": lambda z: lt.cross_entropy(z, SOME, WEIGHT),
    "class weights, smoothed": lambda z: lt.cross_entropy(z, SOME, WEIGHT, label_smoothing=0.25),
    "class weights, sum": lambda z: lt.cross_entropy(z, SOME, WEIGHT, reduction="sum"),
    "class weights of halves": lambda z: lt.cross_entropy(z, SOME, WEIGHT.half()),
    "soft targets": lambda z: lt.cross_entropy(z, torch.softmax(OTHER, -1), WEIGHT),
    "nll": lambda z: lt.nll_loss(z, SOME),
    "nll, class weights": lambda z: lt.nll_loss(z, SOME, WEIGHT),
    "nll, uint8": lambda z: lt.nll_loss(z, LABELS.to(torch.uint8)),
    "num_items": lambda z: lt.cross_entropy(z, LABELS, num_items=7),
    "num_items, sum": lambda z: lt.mse_loss(z, OTHER, reduction="sum", num_items=7),
    "pos_weight": lambda z: lt.binary_cross_entropy_with_logits(
        z, (OTHER > 0).float(), pos_weight=WEIGHT
    ),
    "triplet": lambda z: lt.triplet_margin_loss(z, OTHER, OTHER.flip(0)),
    "batchmean": lambda z: lt.kl_div(torch.log_softmax(z, -1), torch.softmax(OTHER, -1)),
    "rows": lambda z: lt.CategoricalHinge()(z, torch.nn.functional.one_hot(LABELS, 3), ROWS),
    "mask": lambda z: lt.CategoricalHinge()(z, torch.nn.functional.one_hot(LABELS, 3), mask=KEEP),
    "weights and mask": lambda z: lt.MeanSquaredError()(
        z, OTHER, ALL, mask=KEEP[:, None].expand(4, 3)
    ),
}


def found(call, z):
    z = z.detach().clone().requires_grad_()
    value = call(z)
    (slope,) = torch.autograd.grad(value, z)
    return value, slope


@pytest.fixture
def taken(monkeypatch):
    """What quick calls gave, one after another."""
    mean, made = native.mean, []

    def spy(*args):
        made.append(mean(*args))
        return made[-1]

    monkeypatch.setattr(native, "mean", spy)
    return made


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", CALLS)
def test_the_short_way_is_the_long_one(name, dtype, taken, monkeypatch):
    def cast(call):  # what is made of the input has its dtype
        return lambda z: call(z) if dtype == torch.float32 else call(z.to(dtype).float())

    call = cast(CALLS[name]) if dtype != torch.float64 else CALLS[name]
    z = Z.to(torch.float64 if dtype == torch.float64 else torch.float32)
    if dtype == torch.float64 and name in ("pos_weight", "triplet", "batchmean"):
        z = Z
    value, slope = found(call, z)
    assert taken
    assert all(one is not None for one in taken), "it went the long way"
    monkeypatch.setattr(native, "mean", lambda *_: None)
    want, slopes = found(call, z)
    assert slopes.abs().sum() > 0
    assert value.dtype == want.dtype
    assert value.shape == ()
    torch.testing.assert_close(value, want, rtol=3e-7, atol=0)
    torch.testing.assert_close(slope, slopes, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_its_gradient_ahead(dtype, taken):
    """With the factor of the last pass, and again where that was another."""
    z = Z.to(dtype).requires_grad_()
    want = lambda factor: torch.autograd.grad(  # noqa: E731
        lt.cross_entropy(z.float(), LABELS), z, torch.tensor(factor)
    )[0]
    for factor in (1.0, 1.0, 1024.0, 1024.0, 1024.0, 0.5, 1.0, 1.0):
        value = lt.cross_entropy(z, LABELS)
        (got,) = torch.autograd.grad(value, z, torch.tensor(factor, dtype=dtype))
        assert got.dtype == dtype
        torch.testing.assert_close(got, want(factor), rtol=torch.finfo(dtype).eps, atol=0)
    gradients = [len(one[1]) for one in taken if one is not None]
    assert gradients.count(1) >= 8, "it is made ahead, or in the backward pass"


NOT_READ = {
    "negative bit": lambda: torch._neg_view(OTHER),
    "sparse": OTHER.to_sparse,
    "subclass": lambda: OTHER.as_subclass(type("Sub", (torch.Tensor,), {})),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_tensors_that_are_more_than_memory(name):
    other = NOT_READ[name]()
    plain = other.to_dense() if name == "sparse" else other.clone().as_subclass(torch.Tensor)
    if name == "negative bit":
        plain = -OTHER
    try:
        got = lt.mse_loss(Z, other)
    except (RuntimeError, TypeError, NotImplementedError):
        assert name == "sparse"
        return
    torch.testing.assert_close(got.as_subclass(torch.Tensor), lt.mse_loss(Z, plain))


def test_zeros_without_memory():
    zeros = torch._efficientzerotensor((4, 3))
    torch.testing.assert_close(lt.mse_loss(Z, zeros.clone()), lt.mse_loss(Z, torch.zeros(4, 3)))
    try:
        got = lt.mse_loss(Z, zeros)
    except RuntimeError:
        return
    torch.testing.assert_close(got, lt.mse_loss(Z, torch.zeros(4, 3)))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.t().contiguous().t(),
        lambda x: torch.stack([x, x], -1)[..., 0],
        lambda x: x[:, :1].expand(4, 3),
    ],
    ids=["turned", "apart", "expanded"],
)
def test_any_strides(view, taken):
    z, other = view(Z).requires_grad_(), view(OTHER)
    for call in (lambda x: lt.mse_loss(x, other), lambda x: lt.cross_entropy(x, LABELS)):
        (got,) = torch.autograd.grad(call(z), z)
        dense = z.detach().contiguous().clone().requires_grad_()
        (want,) = torch.autograd.grad(call(dense), dense)
        torch.testing.assert_close(got, want)
    assert all(one is not None for one in taken)


@pytest.mark.parametrize("bad", [-2.0, float("nan"), float("inf")])
def test_class_weights_that_are_odd(bad):
    """They are PyTorch's own affair, and computed with as there."""
    weight = torch.tensor([0.5, bad, 1.0])
    got = lt.cross_entropy(Z, LABELS, weight)
    want = torch.nn.functional.cross_entropy(Z, LABELS, weight)
    torch.testing.assert_close(got, want, equal_nan=True)


def test_class_weights_that_are_too_few():
    with pytest.raises(ValueError, match="weight"):
        lt.cross_entropy(Z, LABELS, WEIGHT[:2])


def test_labels_that_are_none():
    for bad in (torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, -1])):
        for weight in (None, WEIGHT):
            with pytest.raises(ValueError, match=r"label|class"):
                lt.cross_entropy(Z, bad, weight)


def test_what_does_not_count_may_be_anything(taken):
    z = Z.clone()
    z[1] = float("nan")
    y, keep = OTHER.clone(), KEEP[:, None].expand(4, 3)
    y[1] = float("nan")
    weight = ALL.clone()
    weight[1] = float("nan")
    z.requires_grad_()
    value = lt.MeanSquaredError()(z, y, weight, mask=keep)
    (slope,) = torch.autograd.grad(value, z)
    assert value.isfinite()
    assert slope.isfinite().all()
    assert not slope[1].any()
    assert slope[0].all()
    assert taken[-1] is not None


def test_arrays_of_numpy_go_the_same_way(taken):
    import losskit

    y, p = OTHER.numpy(), Z.numpy()
    loss = losskit.CosineSimilarity()
    value, slope = loss.value_and_gradient(y, p)
    assert taken[-1] is not None
    assert type(value) is np.float32
    with native.switched(False):
        want, slopes = loss.value_and_gradient(y, p)
    np.testing.assert_allclose(value, want, 3e-7)
    np.testing.assert_allclose(slope, slopes, 1e-5, 1e-8)


ON_NUMPY = {
    "plain": ("mean_squared_error", False, {}),
    "weights": ("mean_squared_error", False, {"sample_weight": ALL}),
    "mask": ("mean_squared_error", False, {"mask": ALL > 1}),
    "num_items": ("mean_squared_error", False, {"num_items": 5}),
    "pos_weight": ("binary_crossentropy", False, {"pos_weight": ALL}),
    "class weights": ("negative_log_likelihood", True, {"class_weight": WEIGHT}),
    "of rows": ("multi_margin", True, {"class_weight": WEIGHT}),
    "softmax": ("sparse_categorical_crossentropy", True, {"class_weight": WEIGHT}),
    "rows": ("negative_log_likelihood", True, {"sample_weight": ROWS}),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ON_NUMPY)
def test_numpy_goes_the_short_way_with_weights_and_halves(name, dtype, taken, monkeypatch):
    import losskit

    ml_dtypes = pytest.importorskip("ml_dtypes")
    kind = np.dtype(ml_dtypes.bfloat16) if dtype == "bfloat16" else np.dtype(dtype)
    loss, labels, more = ON_NUMPY[name]
    card = losskit.get(loss)
    logits = {"from_logits": True} if "from_logits" in card.card.rules() else {}
    loss = losskit.get(loss, **logits)
    p = torch.log_softmax(Z, -1).numpy().astype(kind)
    y = LABELS.numpy() if labels else (OTHER > 0).numpy().astype(kind)
    if "class_weight" in more or "pos_weight" in more:
        more = {n: x.numpy().astype(kind) for n, x in more.items()}
    more = {n: x.numpy() if isinstance(x, torch.Tensor) else x for n, x in more.items()}
    value, slope = loss.value_and_gradient(y, p, **more)
    alone = loss(y, p, **more)
    assert all(one is not None for one in taken), "it went the long way"
    out = np.full_like(p, 7)
    assert loss.value_and_gradient(y, p, out=out, **more)[1] is out
    monkeypatch.setattr(native, "mean", lambda *_: None)
    want, slopes = loss.value_and_gradient(y, p, **more)
    assert type(value) is type(want)
    assert slope.dtype == slopes.dtype == kind
    assert np.count_nonzero(slopes)
    wide, other = slope.astype(float), slopes.astype(float)
    for got, of in ((value, want), (alone, want), (wide, other), (out.astype(float), other)):
        eps = 1e-12 if dtype == "float64" else 3e-7
        np.testing.assert_allclose(got, of, eps if got is value or got is alone else 1e-6, 0)


def test_two_bytes_that_are_no_number_are_refused():
    import losskit

    raw = np.zeros(3, "V2")
    with pytest.raises(TypeError):
        losskit.MeanSquaredError()(raw, np.ones(3, np.float32))
    with pytest.raises(TypeError):
        losskit.MeanSquaredError()(np.ones(3, np.float32), raw)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "layout",
    [
        lambda x: x.contiguous(),
        lambda x: x.movedim(1, -1).contiguous().movedim(-1, 1),
        lambda x: torch.stack([x, x], -1)[..., 0],
    ],
)
def test_what_stands_at_the_labels(layout, weighted, dtype, taken):
    """Rows of which one number is read and one written, in every layout; the others are 0."""
    rng = torch.Generator().manual_seed(5)
    z = torch.randn(3, 7, 41, 37, generator=rng, dtype=torch.float64).log_softmax(1)
    y = torch.randint(0, 7, (3, 41, 37), generator=rng)
    y[torch.rand(y.shape, generator=rng) < 0.2] = -100
    w = torch.arange(1.0, 8.0) / 4 if weighted else None
    p = layout(z.to(dtype)).requires_grad_()
    value = lt.nll_loss(p, y, w)
    (got,) = torch.autograd.grad(value, p)
    assert taken[-1] is not None
    counts = y != -100
    weight = (torch.ones(7) if w is None else w).double()[y.clamp(min=0)] * counts
    want = torch.zeros_like(z).scatter_(1, y.clamp(min=0)[:, None], -weight[:, None])
    want /= weight.sum()
    picked = p.detach().double().gather(1, y.clamp(min=0)[:, None])[:, 0]
    rtol = {torch.float32: 3e-7, torch.float64: 1e-14, torch.bfloat16: 2.0**-8}[dtype]
    torch.testing.assert_close(got.double(), want, rtol=rtol, atol=0)
    torch.testing.assert_close(
        value.double(), -(picked * weight).sum() / weight.sum(), rtol=rtol, atol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sequences_of_tensors(reduction, dtype, taken):
    rng = torch.Generator().manual_seed(2)
    wide = torch.randn(9, 3, 6, generator=rng, dtype=torch.float64).log_softmax(-1)
    p = wide.to(dtype).requires_grad_()
    # What lies behind a sequence's end may be anything.
    y = torch.tensor([[1, 2, 3], [4, -7, 99], [0, 0, 0]])
    given = y, torch.tensor([9, 7, 9]), torch.tensor([3, 1, 0])
    value = lt.ctc_loss(p, *given, reduction=reduction)
    (slope,) = torch.autograd.grad(value, p)
    assert len(taken) == 1
    assert taken[0] is not None
    wide.requires_grad_()
    each = [
        torch.nn.functional.ctc_loss(
            wide[:, i : i + 1], y[i : i + 1, : max(n, 1)], (t,), (n,), reduction="sum"
        )
        / (max(n, 1) * 3 if reduction == "mean" else 1)
        for i, (t, n) in enumerate(zip(*(x.tolist() for x in given[1:]), strict=True))
    ]
    want = sum(each)
    (slopes,) = torch.autograd.grad(want, wide)
    rtol = 1e-12 if dtype == torch.float64 else 3e-6
    torch.testing.assert_close(value.double(), want, rtol=rtol, atol=0)
    # PyTorch's gradient is that of a softmax's logits, which comes to the same behind one.
    ours = slope.double() - wide.exp() * slope.double().sum(-1, keepdim=True)
    torch.testing.assert_close(
        ours,
        slopes - wide.exp() * slopes.sum(-1, keepdim=True),
        rtol=1e-9 if dtype == torch.float64 else 1e-4,
        atol=1e-7,
    )
    with pytest.raises(ValueError, match="target_lengths"):
        lt.ctc_loss(p, y, given[1], torch.tensor([3, 1, 4]))
    with pytest.raises(ValueError, match="label -7"):
        lt.ctc_loss(p, y, given[1], torch.tensor([3, 2, 0]))
    with pytest.raises(ValueError, match="blank"):
        lt.ctc_loss(p, y, given[1], torch.tensor([3, 1, 1]))


def test_weights_that_are_more_than_memory():
    """They go the long way, whatever that makes of them."""
    kind = type("Sub", (torch.Tensor,), {})
    plain = torch.Tensor
    got = lt.mse_loss(Z, OTHER, weight=ALL.as_subclass(kind)).as_subclass(plain)
    torch.testing.assert_close(got, lt.mse_loss(Z, OTHER, weight=ALL))
    got = lt.cross_entropy(Z, LABELS, WEIGHT.as_subclass(kind)).as_subclass(plain)
    torch.testing.assert_close(got, lt.cross_entropy(Z, LABELS, WEIGHT))
    got = lt.CategoricalHinge()(
        Z, torch.nn.functional.one_hot(LABELS, 3), mask=KEEP.as_subclass(kind)
    ).as_subclass(plain)
    torch.testing.assert_close(got, CALLS["mask"](Z))


def test_what_a_card_does_not_take_is_said():
    loss, target = lt.BinaryCrossentropy(from_logits=True), (OTHER > 0).float()
    for more in ({"other": WEIGHT}, {"pos_weight": ALL, "other": WEIGHT}):
        with pytest.raises(TypeError, match="other"):
            lt.evaluate.evaluate(loss.card, Z, target, more=more)


def test_a_factor_that_another_thread_changes_meanwhile(monkeypatch):
    """A gradient in half precision is handed over for the factor that it was made with alone."""
    mean = native.mean
    z = Z.half().requires_grad_()
    want = torch.autograd.grad(lt.cross_entropy(z, LABELS), z)[0]

    def meanwhile(*args):
        found = mean(*args)
        for known in lt.kernels._plans.values():
            if known.half:
                known.was(256.0)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(native, "mean", meanwhile)
        value = lt.cross_entropy(z, LABELS)
    (got,) = torch.autograd.grad(value, z, torch.tensor(256.0, dtype=torch.float16))
    torch.testing.assert_close(got, want * 256.0, rtol=2e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.int16])
def test_labels_of_any_kind(dtype):
    ignored = 2
    got = lt.cross_entropy(Z, LABELS.to(dtype), WEIGHT, ignore_index=ignored)
    want = torch.nn.functional.cross_entropy(Z, LABELS, WEIGHT, ignore_index=ignored)
    torch.testing.assert_close(got, want)
    got = lt.cross_entropy(Z, LABELS.to(dtype), ignore_index=ignored)
    torch.testing.assert_close(
        got, torch.nn.functional.cross_entropy(Z, LABELS, ignore_index=ignored)
    )


@pytest.mark.parametrize("length", [2, 17, 70, 256, 300, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name", ["cosine_similarity", "categorical_crossentropy", "ranking_softmax", "kl_divergence"]
)
def test_steps_of_rows_of_every_length(name, dtype, length, taken):
    """Rows beside one another, as a whole, in passes: one loop each for what is one step."""
    import losskit

    rng = np.random.default_rng(length)
    y, p = rng.dirichlet(np.ones(length), (2, 37)).astype(dtype)
    loss = losskit.get(name)
    value, slope = loss.value_and_gradient(y, p)
    assert taken[-1] is not None
    with native.switched(False):
        want, slopes = loss.value_and_gradient(y, p)
    near = 2e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(value, want, near)
    assert np.abs(slopes).max(-1).all()
    # Each row at its own size: by its largest slope.
    worst = np.abs(slope - slopes).max(-1) / np.abs(slopes).max(-1)
    assert worst.max() < 4 * near
