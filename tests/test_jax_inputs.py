"""What is handed to losskit.jax: whole numbers, masked arrays, labels too large, targets that are
none."""

import math

import grid
import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.families import Setwise, has_row_target, is_rowwise
from losskit.core.packing import IGNORED, packed
from losskit.engine.arrays import named

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import losskit.jax as lj  # noqa: E402

REGRESSION = [name for name, card in CARDS.items() if card.task == "regression"]
CLASSES = [name for name, card in CARDS.items() if card.task != "regression"]


def test_whole_numbers_are_predictions_of_a_regression():
    y = np.array([[1, 2, 4], [3, 1, 1]])
    for name in REGRESSION:
        loss = losskit.get(name).packed()
        card = loss.card
        shape = (2, *grid.own_shape(card)) if is_rowwise(card) else (2, 3)
        p = np.resize([2, 3, 4, 1, 5, 2], shape)
        own = y[:, 0] if has_row_target(card) else y
        want = loss(own, p.astype(float))
        got = loss(own, p)
        assert got == pytest.approx(want, rel=1e-14), name
        assert got.dtype == np.float64
        reduction = {} if isinstance(card, Setwise) else {"reduction": "mean"}
        on_jax = grid.on_jax(card)(p, own, **reduction)
        assert on_jax.dtype == jnp.float32
        assert float(on_jax) == pytest.approx(float(want), rel=1e-6), name
    assert losskit.mean_squared_error([1, 2, 3], [1, 2, 4]) == 1.0 / 3.0
    assert losskit.MeanSquaredError().gradient([1, 2, 3], [1, 2, 4]).tolist() == [0, 0, 2.0 / 3.0]
    value, slope = losskit.MeanSquaredError().value_and_gradient([1, 2], [3, 2], out=np.empty(2))
    assert (value, slope.tolist()) == (2.0, [2.0, 0.0])
    assert lj.squared_error(jnp.array([3, 1]), jnp.array([1, 1]), axis=0).tolist() == 4.0
    cosine = lj.cosine_similarity(jnp.array([3, 4]), jnp.array([4, 3]), epsilon=1e-3)
    assert float(cosine) == pytest.approx(0.96, rel=1e-6)


def test_class_numbers_are_no_predictions():
    for name in CLASSES:
        card = packed(CARDS[name]())
        p = np.zeros((2, *(grid.own_shape(card) if is_rowwise(card) else (3,))), int)
        y = np.zeros(2 if has_row_target(card) else (2, 3), int)
        y = np.stack([y, y], -1) if card.slots[0].places else y
        for loss, first in ((losskit.get(name).packed(), True), (grid.on_jax(card), False)):
            with pytest.raises(TypeError, match=r"integers .*argmax"):
                loss(y, p) if first else loss(p, y)
            if card.slots[0].domain is IGNORED:
                continue
            # The first thing wrong is what is said.
            with pytest.raises(ValueError, match="shape"):
                loss(y[:1], p) if first else loss(p, y[:1])
    with pytest.raises(TypeError, match="booleans"):
        losskit.mean_squared_error([1.0], [True])
    with pytest.raises(ValueError, match="same shape"):
        losskit.mean_squared_error([1, 2], [1, 2, 3])


def test_messages_of_others_are_left_alone():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for call in (
        lambda: lj.mean_squared_error(jnp.zeros(2), masked),
        lambda: lj.squared_error(jnp.zeros(2), masked),
        lambda: lj.mean_squared_error([masked, masked], jnp.zeros((2, 2))),
    ):
        with pytest.raises((TypeError, ValueError), match="masked array") as error:
            call()
        assert "whereed" not in str(error.value)
    with pytest.raises(TypeError, match=r"targets is a masked array.* where=~np\.ma\.getmaskarray"):
        lj.mean_squared_error(jnp.zeros(2), masked)
    with pytest.raises(ValueError, match="numpy masked mask"), named(mask="where"):
        raise ValueError("numpy masked mask")  # no message of losskit's own
    with (
        pytest.raises(ValueError, match=r"^targets is NaN .* with where="),
        named(y_true="targets", mask="where", sample_weight="weight"),
    ):
        losskit.mean_squared_error([np.nan], [1.0])


@pytest.mark.parametrize("label", [2**32 + 1, 2**31, 1 - 2**32])
def test_labels_are_looked_at_before_they_are_narrowed(label):
    p, y = jnp.full((2, 3), 1 / 3), np.array([0, label])
    scce = lj.get("sparse_categorical_crossentropy")
    for call in (
        lambda: scce(p, y),
        lambda: jax.jit(lambda p: scce(p, y))(p),
        lambda: lj.softmax_cross_entropy_with_integer_labels(p, y),
        lambda: lj.multiclass_hinge_loss(p, [0, label]),
    ):
        with pytest.raises(ValueError, match=f"label {label} "):
            call()
    # Where which rows count is not known, they are no class all the same.
    some = jax.jit(lambda p, where: scce(p, y, where=where))
    assert np.isnan(some(p, jnp.array([True, True]))).tolist() == [False, True]
    assert some(p, jnp.array([True, False]))[1] == 0
    logits = jnp.zeros((1, 4, 3))
    with pytest.raises(ValueError, match="label"):
        lj.ctc_loss(logits, jnp.zeros((1, 4)), np.array([[1, label]]), jnp.zeros((1, 2)))


def test_labels_of_pairs_are_told_apart():
    x = jax.random.normal(jax.random.key(0), (4, 3))
    want = lj.ntxent(x, np.array([0, 1, 0, 2]))
    assert float(lj.ntxent(x, np.array([1, 2**32 + 1, 1, 2**33 + 1]))) == float(want)


# --- targets that are none ------------------------------------------------------------------------


def wrong(target):
    if target.labels:
        return [] if target.names else [3, -1]
    if target.values:
        return [0.3, 2.0]
    ends = (target.low - 1.0, target.high + 2.0)
    return [x for x in ends if math.isfinite(x)]


def unseen(loss):
    """Values and gradients, of items and of their mean, where no number can be looked at."""

    def items(p, y):
        return loss(p, y)

    @jax.jit
    def run(p, y):
        slopes = jax.grad(lambda p: items(p, y).sum())(p)
        mean = jax.value_and_grad(lambda p: loss(p, y, reduction="mean"))(p)
        return jax.vmap(items)(p, y), slopes, *mean

    return run


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (1, 2, 3))]
)
def test_targets_out_of_their_domain(part):
    """An error where values can be seen; under jit, vmap and grad NaN, those items alone."""
    cases = []
    for name, card in CARDS.items():
        for options in ({}, {"from_logits": True}, {"log_input": True}):
            if set(options) <= set(card.rules()) and wrong(card.target):
                bad = wrong(card.target)[len(cases) % len(wrong(card.target))]
                # Of what takes a whole batch as one mask, rows.
                rows_of = {"axis": -1} if getattr(card, "whole", False) else {}
                cases.append((name, options | rows_of, bad))
    assert len(cases) > 30
    for name, options, bad in cases[part::4]:
        card = packed(CARDS[name](**options))
        rows = is_rowwise(card)
        p = jnp.full(
            (3, *(grid.own_shape(card) if rows else (3,))), -0.5 if "log_" in name else 0.25
        )
        spelled = card.slots[0].domain.blank is not None  # where negative labels are an end
        bad = 3 if spelled else bad
        inside = 1 if card.target.labels else 1.0 if card.target.values else 0.5
        shape = (3, 2) if spelled else 3 if has_row_target(card) else p.shape
        y = np.full(shape, -inside if "log_t" in name else inside)
        y[(1,) + (0,) * (y.ndim - 1)] = bad
        loss = grid.on_jax(card)
        with pytest.raises(ValueError, match=f"{bad:g}"):
            loss(p, y)
        where = np.zeros(p.shape, bool)
        where[1, ... if rows else 0] = True

        values, slopes, mean, of_mean = unseen(loss)(p, jnp.asarray(y))
        of_items = where.reshape(3, -1).all(-1) if rows else where
        assert np.array_equal(np.isnan(values), of_items), (name, options, bad)
        assert np.array_equal(np.isnan(slopes), where), (name, options, bad)
        assert np.isnan(mean)
        assert np.array_equal(np.isnan(of_mean), where), (name, options, bad)
