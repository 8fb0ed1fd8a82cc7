"""The JAX face: true numbers; the transformations of JAX; optax's axis and where."""

import grid
import laws
import ml_dtypes
import mpmath
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import Setwise, has_row_target
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.packing import packed
from losskit.core.slots import item_shape

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
from jax.sharding import PartitionSpec as P  # noqa: E402

import losskit.jax as lj  # noqa: E402

SETTINGS = list(grid.settings())
LEAST = 16 * float(np.finfo(np.float32).tiny)
"""Below which XLA flushes to 0."""


function_of = grid.on_jax


def arrays(card, dtype=np.float32, kind="ordinary"):
    """Inputs of a card; XLA reads a target below the smallest normal number as 0."""
    y, p = (np.array(x) for x in grid.inputs(card, dtype, kind))
    if not card.target.labels:
        y[np.abs(y) < np.finfo(np.float32).tiny] = 0.0
    return y, p


def program(card):
    """All that is asked of a loss, in one program: XLA takes long to compile each."""
    one = {} if isinstance(card, Setwise) else {"reduction": "mean"}

    def everything(y, p, upstream, along):
        function = function_of(card)
        if card.target.labels:
            items, pull = jax.vjp(lambda p: function(p, y), p)
        else:
            items, pull = jax.vjp(function, p, y)
        mean, slope = jax.value_and_grad(lambda p: function_of(card, **one)(p, y))(p)
        _, rate = jax.jvp(lambda p: function(p, y), (p,), (along,))
        return items, pull(upstream.astype(items.dtype)), rate, mean, slope

    return jax.jit(everything)


def exact(card, kind, dtype=np.float32):
    """Items, slopes, rates, the mean and its slope: each number at its own size."""
    y, p = arrays(card, dtype, kind)
    whole = isinstance(card, Setwise)
    shape = () if whole else item_shape(card, p.shape)
    upstream = np.linspace(-3, 4, int(np.prod(shape)), dtype=p.dtype).reshape(shape)
    along = np.linspace(-1, 2, p.size, dtype=p.dtype).reshape(p.shape)
    items, (by_p, *by_y), rate, mean, slope = program(card)(y, p, upstream, along)
    spread = grid.over(card, upstream)
    held = {"dtype": dtype, "least": LEAST}
    # XLA divides by way of the inverse: equal vectors differ by a rounding, whose square is left.
    paired = getattr(getattr(card, "card", card), "name", "") == "cosine_embedding"
    laws.hold(card, "value", items, y, p, dtype=dtype, least=2.0**-60 if paired else LEAST)
    laws.hold(card, "slope", by_p, y, p, times=spread, **held)
    laws.hold_rate(card, rate, y, p, along, **held)
    if whole:
        laws.hold(card, "value", mean, y, p, **held)
        laws.hold(card, "slope", slope, y, p, **held)
    else:
        laws.hold_total(card, mean, y, p, dtype, times=1 / items.size)
        laws.hold(card, "slope", slope, y, p, times=1 / items.size, **held)
    if by_y and not packed(card).slots[0].differentiable:
        assert not np.asarray(by_y[0]).any()
    elif by_y and kind == "ordinary":
        rest = (np.ones(p.shape), np.float64(p.size)) if whole else ()
        state = (card.local(NUMPY, y, p, rest[0]),) if rest else ()
        own, taken = grid.taken(card, y, p)
        want = own.target_slope(NUMPY, *taken, *rest, *state)
        times = upstream if has_row_target(card) else spread
        # Neither is the truth: each is off by its own rounding.
        rtol = 10 * laws.BOUNDS[np.dtype(dtype).name]
        np.testing.assert_allclose(by_y[0], want * times, rtol=rtol)


def weighted(card):
    """The mean with weights and a mask, and NaN where nothing counts."""
    y, p = arrays(card)
    w, keep, spoilt = laws.some_weights(card, p)
    one = {} if isinstance(card, Setwise) else {"reduction": "mean"}
    both = jax.jit(
        jax.value_and_grad(lambda p, w, keep: function_of(card, **one)(p, y, weight=w, where=keep))
    )
    laws.hold_mean(card, *both(spoilt, w, keep), y, p, w, keep, least=LEAST)


@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_weights_and_masks(card):
    weighted(card)


@pytest.mark.parametrize("card", grid.sample(SETTINGS, usual=True))
def test_extremes(card):
    exact(card, "extreme")


@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_ordinary(card):
    exact(card, "ordinary")


@pytest.mark.parametrize(
    "kind", [pytest.param("ordinary", marks=pytest.mark.exhaustive), "extreme"]
)
@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_by_operations(card, kind):
    """As on other devices, where there are no kernels."""
    with native.switched(False):
        exact(card, kind)


@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_float64(card):
    with jax.enable_x64(True):
        exact(card, "ordinary", np.float64)


@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_one_operation_at_a_time(card):
    with jax.disable_jit():
        exact(card, "ordinary")


@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_second_order(card):
    y, p = arrays(card)
    if card.parameters().get("axis", -1) == -1:
        y, p = y[:4], p[:4]
    one = {} if isinstance(card, Setwise) else {"reduction": "sum"}
    curvature = jax.jit(jax.hessian(lambda p: function_of(card, **one)(p, y)))(p)
    curve = np.diagonal(curvature.reshape(p.size, p.size)).reshape(p.shape)
    laws.hold(card, "curve", curve, y, p, least=LEAST)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("card", grid.sample(SETTINGS))
def test_half_precision(card, dtype):
    dtype = np.dtype(dtype)
    y, p = grid.inputs(card, dtype)
    one = {} if isinstance(card, Setwise) else {"reduction": "sum"}
    both = jax.jit(jax.value_and_grad(function_of(card, **one)))
    value, slope = both(p, y)
    assert value.dtype == slope.dtype == dtype
    if isinstance(card, Setwise):
        laws.hold(card, "value", value, y, p, dtype)
    else:
        laws.hold_total(card, value, y, p, dtype)
    laws.hold(card, "slope", slope, y, p, dtype)


def test_transformed():
    z = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    y = np.arange(6) % 5
    loss = lj.softmax_cross_entropy_with_integer_labels
    wanted = np.asarray(jax.nn.softmax(z)) - np.eye(5)[y]
    each = jax.vmap(jax.grad(loss))(z, y)
    np.testing.assert_allclose(each, wanted, atol=1e-6)
    np.testing.assert_allclose(
        jax.vmap(loss, in_axes=(0, None))(np.stack([z, z]), y)[1], loss(z, y)
    )

    def step(total, row):
        value, slope = jax.value_and_grad(loss)(*row)
        return total + value, slope

    total, slopes = jax.lax.scan(step, jnp.zeros(()), (z, y))
    np.testing.assert_allclose(total, loss(z, y).sum(), rtol=1e-6)
    np.testing.assert_allclose(slopes, wanted, atol=1e-6)
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("batch",))
    split = jax.shard_map(loss, mesh=mesh, in_specs=(P("batch"), P("batch")), out_specs=P("batch"))
    np.testing.assert_allclose(jax.jit(split)(z, y), loss(z, y))
    whole = jax.grad(lambda z: split(z, y).sum())(z)
    np.testing.assert_allclose(whole, wanted, atol=1e-6)
    saved = jax.checkpoint(lambda z: loss(z, y).sum())
    np.testing.assert_allclose(jax.grad(saved)(z), wanted, atol=1e-6)


def test_parameters_may_be_traced():
    p, y = jnp.linspace(-3, 3, 7), jnp.zeros(7)
    by_delta = jax.grad(lambda delta: lj.huber_loss(p, y, delta=delta).sum())(1.5)
    assert by_delta == pytest.approx(float(np.sum(np.maximum(np.abs(p) - 1.5, 0))))
    each = jax.vmap(lambda delta: lj.huber(p, y, delta=delta, reduction="mean"))(
        jnp.array([0.5, 2.0])
    )
    wanted = [losskit.huber(y, p, delta=d) for d in (0.5, 2.0)]
    np.testing.assert_allclose(each, wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="delta must be"):
        lj.huber_loss(p, y, delta=jnp.asarray(-1.0))


def test_bad_values():
    z, y = jnp.zeros((3, 4)), np.array([0, 4, 1])
    loss = lj.softmax_cross_entropy_with_integer_labels
    with pytest.raises(ValueError, match=r"labels: label 4 at index 1 is out of range: logits"):
        loss(z, y)
    for bad in (4, -1):
        labels = np.array([0, bad, 1])
        value, slope = jax.jit(jax.vmap(jax.value_and_grad(loss)))(z, labels)
        assert np.isnan(value).tolist() == [False, True, False]
        assert np.isnan(slope).any(1).tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"labels must be a probability .* got 2 at index 0"):
        lj.sigmoid_binary_cross_entropy(jnp.zeros(2), np.array([2.0, 0.0]))
    value = jax.jit(lj.sigmoid_binary_cross_entropy)(jnp.zeros(2), np.array([2.0, 0.0]))
    assert np.isnan(value).tolist() == [True, False]
    with pytest.raises(ValueError, match="targets and predictions must have the same shape"):
        lj.squared_error(jnp.zeros((3, 1)), jnp.zeros(3))
    with pytest.raises(TypeError, match="logits holds integers"):
        lj.softmax_cross_entropy(jnp.zeros((3, 2), int), jnp.zeros((3, 2)))
    with pytest.raises(ValueError, match='"none", "mean" or "sum"'):
        lj.huber(jnp.zeros(2), jnp.zeros(2), reduction="avg")
    with pytest.raises(TypeError, match="sample_weight"):
        lj.huber(jnp.zeros(2), jnp.zeros(2), sample_weight=1.0)
    # Beyond int32 no label is read as another.
    with pytest.raises(ValueError, match=r"4294967296 .* out of range"):
        loss(z, np.array([0, 2**32, 1]))


def test_what_does_not_count():
    p = jnp.array([[1.0, np.nan], [2.0, 3.0]])
    y = jnp.array([[0.0, 1.0], [np.nan, 1.0]])
    where = jnp.array([[True, False], [False, True]])
    items, pull = jax.vjp(lambda p: lj.squared_error(p, y, where=where), p)
    np.testing.assert_array_equal(items, [[1.0, 0.0], [0.0, 4.0]])
    np.testing.assert_array_equal(pull(jnp.ones((2, 2)))[0], [[2.0, 0.0], [0.0, 4.0]])
    np.testing.assert_array_equal(lj.squared_error(p, y, where=where, axis=1), [1.0, 4.0])
    assert lj.mean_squared_error(p, y, where=where, reduction="mean") == 2.5
    weight = jnp.array([[3.0, 0.0], [0.0, 1.0]])
    assert lj.mean_squared_error(p, y, weight=weight, reduction="mean") == 7.0 / 4
    nothing = jnp.zeros((2, 2), bool)
    for f in (lj.mean_squared_error, lj.root_mean_squared_error):
        options = {} if f is lj.root_mean_squared_error else {"reduction": "mean"}
        value, slope = jax.value_and_grad(lambda p, f=f, o=options: f(p, y, where=nothing, **o))(p)
        assert value == 0
        assert not slope.any()
        assert np.isnan(f(p, y, where=nothing, on_empty="nan", **options))
    got = lj.root_mean_squared_error(p, y, where=where, weight=weight)
    assert got == pytest.approx(3.5**0.5)


def test_classes_and_rows_left_out():
    z = jnp.array([[1.0, 2.0, np.nan], [0.5, np.nan, np.nan], [0.1, 0.2, 0.3]])
    there = ~jnp.isnan(z)
    loss = lj.softmax_cross_entropy_with_integer_labels
    y = jnp.array([1, 0, 2])
    items, pull = jax.vjp(lambda z: loss(z, y, where=there), z)
    np.testing.assert_allclose(items[0], loss(z[0, :2], 1), rtol=1e-6)
    assert items[1] == 0
    assert not np.isnan(pull(jnp.ones(3))[0]).any()
    rows = jnp.array([False, False, True])
    np.testing.assert_allclose(loss(z, y, where=rows), [0.0, 0.0, items[2]])
    dense = lj.softmax_cross_entropy(z, jax.nn.one_hot(y, 3), where=there)
    np.testing.assert_allclose(dense, items, rtol=1e-6)
    np.testing.assert_allclose(
        lj.cosine_similarity(z, jnp.ones_like(z), where=there), [3 / 10**0.5, 1, 0.6 / 0.42**0.5]
    )


def test_several_axes():
    random = np.random.default_rng(0)
    z = random.normal(size=(2, 3, 4, 5)).astype(np.float32)
    y = random.dirichlet(np.ones(15), size=(2, 4)).reshape(2, 4, 3, 5).transpose(0, 2, 1, 3)
    flat = z.transpose(0, 2, 1, 3).reshape(2, 4, 15)
    flat_y = y.transpose(0, 2, 1, 3).reshape(2, 4, 15)
    np.testing.assert_allclose(
        lj.softmax_cross_entropy(z, y, axis=(1, 3)),
        lj.softmax_cross_entropy(flat, flat_y),
        rtol=1e-6,
    )
    assert lj.cosine_similarity(z, z, axis=None) == pytest.approx(1.0)


def test_every_loss_is_there():
    import optax.losses

    peers = {n for n in dir(optax.losses) if callable(getattr(optax.losses, n))}
    assert peers - set(lj.__all__) == set()
    assert {n for n in CARDS if n not in lj.__all__} == set()
    for name, card in CARDS.items():
        assert lj.get(name).__doc__ == card.__doc__
    for name in lj.__all__:
        assert getattr(lj, name).__doc__, name
    with pytest.raises(ValueError, match="Did you mean huber"):
        lj.get("hubr")


def test_parameters_that_decide_are_not_traced():
    p, y = jnp.array([0.2, 0.7]), jnp.array([0.0, 1.0])
    with pytest.raises(TypeError, match="from_logits is traced"):
        jax.jit(lj.binary_crossentropy)(p, y, from_logits=False)
    z, t = jnp.zeros((2, 3)), jnp.array([2, -1])
    with pytest.raises(TypeError, match="ignore_class is traced"):
        jax.jit(lj.negative_log_likelihood)(z, t, ignore_class=-1)
    with pytest.raises(TypeError, match="norm_degree is traced"):
        jax.jit(lj.triplet_margin_loss)(z, z, z, norm_degree=2)
    for weights in ([1.0, 2.0, 0.5], np.array([1, 2, 0.5]), {1: 2.0, 2: 0.5}):
        lj.sparse_categorical_crossentropy(z, t * 0, from_logits=True, class_weight=weights)
    deltas = jnp.array([0.5, 2.0])
    got = lj.huber_loss(jnp.array([3.0, 3.0]), delta=deltas)
    np.testing.assert_allclose(got, [0.5 * 2.75, 2.0 * 2.0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, bool])
def test_labels_of_any_width(dtype):
    z = np.random.default_rng(0).normal(size=(2, 200)).astype(np.float32)
    t = np.array([156, 3], np.int64).astype(dtype) if dtype == np.uint8 else np.array([1, 0], dtype)
    options = {"from_logits": True, "ignore_class": -100, "reduction": "mean"}
    got = lj.sparse_categorical_crossentropy(z, jnp.asarray(t), **options)
    want = losskit.sparse_categorical_crossentropy(t.astype(int), z, from_logits=True)
    assert float(got) == pytest.approx(float(want), rel=1e-6)


def test_cosine_of_short_and_masked_vectors():
    y = jnp.array([[3.0, 4.0], [1.0, 0.0]])
    slope = jax.grad(lambda p: lj.cosine_similarity(p, y, epsilon=0.25).sum())(jnp.zeros((2, 2)))
    np.testing.assert_allclose(slope, [[1.2, 1.6], [2.0, 0.0]], rtol=1e-6)
    p = jnp.array([[jnp.nan, 1.0], [0.1, 0.2]])
    there = ~jnp.isnan(p)
    slope = jax.grad(lambda p: lj.cosine_similarity(p, y, epsilon=0.25, where=there).sum())(p)
    assert np.isfinite(slope).all()
    rows = lj.cosine_similarity(p, y, epsilon=0.25, where=jnp.array([False, True]))
    np.testing.assert_allclose(rows, [0.0, 0.1 / 0.5], rtol=1e-6)


def test_rounded_once():
    big = jnp.full((50,), 50.0, jnp.float16)
    assert lj.l2_loss(big, axis=0) == 62500
    near = jnp.array([[1.0, 0.05]], jnp.bfloat16)
    got = lj.cosine_distance(near, jnp.array([[1.0, 0.0]], jnp.bfloat16))
    np.testing.assert_allclose(got.astype(np.float32), 1 - 1 / 1.0025**0.5, rtol=2e-2)


def test_axes_that_are_none():
    z = jnp.zeros((3, 3))
    for axis in ((5,), (1, -1)):
        with pytest.raises(ValueError, match="does not name axes"):
            lj.softmax_cross_entropy(z, z, axis=axis)
    assert (
        lj.softmax_cross_entropy(jnp.zeros((0, 3, 4)), jnp.zeros((0, 3, 4)), axis=(1, 2)).size == 0
    )


def test_masked_pixels_and_items_may_be_nan():
    z = jnp.array([[[1.0], [jnp.nan], [2.0]]])
    y, there = jnp.array([[[1.0], [0.0], [0.0]]]), ~jnp.isnan(z)
    for loss in (lj.dice_loss, lj.binary_dice_loss):
        slope = jax.grad(lambda z, loss=loss: loss(z, y, where=there).sum())(z)
        assert np.isfinite(slope).all()
    p = jnp.array([[[0.25, 0.75], [jnp.nan, 0.0]]])
    y = jnp.array([[[0.0, 1.0], [0.0, 0.0]]])
    options = {"apply_softmax": False, "where": ~jnp.isnan(p[..., :1])}
    assert np.isfinite(lj.dice_loss(p, y, **options))
    with pytest.raises(ValueError, match=r"sums from 0\.5 to 0\.5"):
        lj.dice_loss(0.5 * p, y, **options)
    z = jnp.array([[1.0, 2.0, 3.0]])
    weights, there = jnp.array([[1.0, jnp.nan, 1.0]]), jnp.array([[True, False, True]])
    assert np.isfinite(lj.ranking_softmax_loss(z, z, weights=weights, where=there))


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e30])
@pytest.mark.parametrize("norm", [1, 1.5, 2, 3])
def test_the_distance_of_equal_vectors(norm, scale):
    """What optax adds to the sum of the powers keeps slopes finite, and no digit gets lost."""
    rng = np.random.default_rng(3)
    a, p, n = (np.float32(scale * rng.normal(size=(4, 6))) for _ in range(3))
    p[0] = a[0]
    n[1] = a[1]
    eps, margin = 1e-3, float(np.float32(50.0 * max(scale, 1.0)))

    def distance(x, y):
        powers = [abs(mpmath.mpf(float(u)) - float(v)) ** norm for u, v in zip(x, y, strict=True)]
        return (mpmath.fsum(powers) + eps) ** mpmath.fdiv(1, norm)

    def slopes(x, y):
        whole = distance(x, y)
        return [
            mpmath.sign(d) * (abs(d) / whole) ** (norm - 1)
            for d in (mpmath.mpf(float(u)) - float(v) for u, v in zip(x, y, strict=True))
        ]

    def loss(a, p, n):
        options = {"norm_degree": norm, "margin": margin, "eps": eps}
        return losskit.jax.triplet_margin_loss(a, p, n, **options)

    both = jax.jit(jax.value_and_grad(lambda *xs: loss(*xs).sum(), (0, 1, 2)))
    for by_kernels in (True, False):
        with native.switched(by_kernels):
            jax.clear_caches()  # which are by the function alone
            items = np.asarray(jax.jit(loss)(a, p, n))
            _, (of_a, of_p, of_n) = both(a, p, n)
        for i in range(4):
            want = distance(a[i], p[i]) - distance(a[i], n[i]) + margin
            np.testing.assert_allclose(items[i], float(want), rtol=1e-5)
            near, far = slopes(a[i], p[i]), slopes(a[i], n[i])
            smallest = float(np.finfo(np.float32).tiny)  # XLA keeps none below
            for got, wanted in ((of_p[i], [-x for x in near]), (of_n[i], far)):
                np.testing.assert_allclose(got, np.float64(wanted), rtol=2e-5, atol=smallest)
            wanted = [x - y for x, y in zip(near, far, strict=True)]
            most = float(2e-6 * max(map(abs, [*near, *far]))) + 4 * smallest
            np.testing.assert_allclose(of_a[i], np.float64(wanted), rtol=0.0, atol=most)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 20, 30, 3)])
@pytest.mark.parametrize("axes", [(1, 2), (2, 1), (0, 1, 2), (2,), (-2, -1)])
def test_axes_side_by_side_are_one(shape, axes):
    """Read where they lie, or moved to the end: the same items at the same places."""
    rng = np.random.default_rng(0)
    p, y = (np.float32(rng.normal(size=shape)) for _ in range(2))
    loss = losskit.jax.cosine_similarity
    weights = np.float32(rng.normal(size=loss(p, y, axis=axes).shape))

    def of(p, y, axis):
        return jax.value_and_grad(lambda p: (loss(p, y, axis=axis) * weights).sum())(p)

    moved = [np.moveaxis(x, axes, range(-len(axes), 0)) for x in (p, y)]
    flat = [x.reshape(*x.shape[: x.ndim - len(axes)], -1) for x in moved]
    (value, slope), (want, wanted) = of(p, y, axes), of(*flat, -1)
    np.testing.assert_allclose(value, want, rtol=1e-5)
    wanted = np.moveaxis(np.reshape(wanted, moved[0].shape), range(-len(axes), 0), axes)
    np.testing.assert_allclose(slope, wanted, rtol=1e-3, atol=1e-7)
