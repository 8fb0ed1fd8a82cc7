"""What cards say of themselves for others to use: best constants, zeros, names of other cards."""

import math

import grid
import numpy as np
import optax
import pytest
import torch
import truth
from scipy.optimize import minimize_scalar

import losskit
from losskit.core import constants
from losskit.core.definition import CARDS, cards
from losskit.core.families import Labelled, is_rowwise
from losskit.core.packing import Packed

RNG = np.random.default_rng(5)
STEPS = (1e-4, 1e-2, 1.0)


def targets(card):
    y, _ = grid.inputs(card, np.float64)
    if card.name == "binary_focal_crossentropy":
        y = np.round(y)  # of shares it may have several minima
    return y


def has_one(card):
    along_rows = getattr(card, "axis", -1) == -1
    # Of a distribution's elements only all together have one: see below.
    alone = is_rowwise(card) or card.link != "softmax"
    return along_rows and alone and card.best_constant(targets(card)) is not None


HAVE = [card for card in grid.settings() if has_one(card)]


def loss_at(card, y, w, raw):
    """The weighted mean loss where the raw score of every item is the same."""
    p = constants.judged(card, raw)
    loss = grid.loss_of(card, reduction="mean_with_sample_weight")
    shape = (len(y), *p.shape) if is_rowwise(card) else y.shape
    return float(loss(y, np.broadcast_to(p, shape), w))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("card", HAVE, ids=repr)
def test_best_constant_minimises(card, weighted):
    y = targets(card)
    w = RNG.integers(0, 4, len(y)).astype(float) if weighted else None
    best = card.best_constant(y, w)
    least = loss_at(card, y, w, best)
    assert math.isfinite(least)
    slack = 1e-12 * (1.0 + abs(least))
    if not is_rowwise(card):
        ends = (
            (-20.0, 20.0) if card.link != "identity" else (float(y.min()) - 2, float(y.max()) + 2)
        )
        found = minimize_scalar(
            lambda raw: loss_at(card, y, w, raw),
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert least <= found.fun + slack
    for step in STEPS:
        for _ in range(20):
            moved = best + step * RNG.normal(size=np.shape(best))
            assert least <= loss_at(card, y, w, moved) + slack


@pytest.mark.parametrize("name", ["log_kl_divergence", "log_kl_divergence_with_log_targets"])
def test_best_constant_of_elements_of_a_distribution(name):
    shares = RNG.dirichlet(np.ones(4), 20)
    y = np.log(shares) if "targets" in name else shares
    card = CARDS[name]()
    best = card.best_constant(y)
    least = grid.loss_of(card)(y, np.broadcast_to(constants.judged(card, best), y.shape))
    for step in STEPS:
        moved = constants.judged(card, best + step * RNG.normal(size=4))
        assert least <= grid.loss_of(card)(y, np.broadcast_to(moved, y.shape)) + 1e-12


def test_most_have_one():
    names = {card.name for card in HAVE}
    assert {card.name for card in cards() if card.task == "regression"} - names == {
        "gaussian_nll",  # two numbers at once
        "pairwise_distance",  # of vectors
    }
    linked = {card.name for card in cards() if card.link != "identity"}
    assert linked - names == {
        *("categorical_focal_crossentropy", "poly1_crossentropy"),
        *("log_kl_divergence", "log_kl_divergence_with_log_targets"),
    }
    assert CARDS["info_nce"]().best_constant(np.zeros((4, 3))) is None


def test_several_outputs_and_weights_of_items():
    y = RNG.normal(size=(30, 3))
    w = RNG.random(30)
    for name in ("mse", "mae", "huber", "msle"):
        card = losskit.get(name).card
        y = abs(y)
        best = card.best_constant(y, w)
        alone = [card.best_constant(y[:, i], w) for i in range(3)]
        np.testing.assert_allclose(best, alone, rtol=1e-12)


def test_classes_that_no_label_names_are_ruled_out():
    card = CARDS["sparse_categorical_crossentropy"](ignore_class=9)
    best = card.best_constant([0, 2, 2, 9, 0], None, 4)
    np.testing.assert_allclose(np.exp(best), [0.5, 0.0, 0.5, 0.0])
    assert card.best_constant([0, 2]).shape == (3,)


def test_one_class_alone_is_sure():
    assert CARDS["binary_crossentropy"]().best_constant([1.0, 1.0]) == math.inf
    assert CARDS["binary_focal_crossentropy"]().best_constant([0.0, 0.0]) == -math.inf
    assert CARDS["soft_margin"]().best_constant([-1.0, 0.0]) == -math.inf


# --- where the loss is 0


@pytest.mark.parametrize("card", [*grid.settings()], ids=repr)
def test_what_reaches_zero(card):
    assert card.reaches_zero in ("always", "certain", "never")
    definition = truth.define(card, np.float64)
    if card.target.labels or isinstance(card, Packed) or not definition.has_optimum:
        return
    y, _ = grid.inputs(card, np.float64)
    rows = grid.rows_last(card.slots[0], y) if is_rowwise(card) else y
    least = np.array([float(definition.optimum(t)[1]) for t in rows.tolist()])
    certain = np.isin(rows, (-1, 0, 1)).reshape(len(rows), -1).all(1)
    if card.name == "margin_ranking":  # where 0 is neither class
        np.testing.assert_allclose(least[y == 0], card.zero_target)
        least = least[y != 0]
    if card.reaches_zero == "always":
        assert (least <= 1e-12).all()
    elif card.reaches_zero == "certain" and not card.parameters().get("label_smoothing"):
        assert (least[certain] <= 1e-12).all()
        assert (least[~certain] > 1e-12).any()


ZEROS = {
    "soft_margin": lambda p: torch.nn.SoftMarginLoss(reduction="none")(p, torch.zeros(5)),
    "hinge_embedding": lambda p: torch.nn.HingeEmbeddingLoss(reduction="none")(p, torch.zeros(5)),
    "margin_ranking": lambda p: torch.nn.MarginRankingLoss(0.0, reduction="none")(
        p, torch.zeros(5), torch.zeros(5)
    ),
    "cosine_embedding": lambda p: torch.nn.CosineEmbeddingLoss(reduction="none")(
        torch.stack([p, torch.ones(5)], 1), torch.ones(5, 2), torch.zeros(5)
    ),
    "hinge": lambda p: optax.losses.hinge_loss(p.numpy(), np.zeros(5)),
    "perceptron": lambda p: optax.losses.perceptron_loss(p.numpy(), np.zeros(5)),
    "squared_hinge": lambda p: optax.losses.hinge_loss(p.numpy(), np.zeros(5)) ** 2,
}


def test_zeros_where_they_are_no_minus_one():
    assert {c.name for c in cards() if c().zero_target is not None} == set(ZEROS)
    p = torch.tensor([-2.0, -0.5, 0.25, 1.0, 3.0])
    for name, other in ZEROS.items():
        said = CARDS[name]().zero_target
        got = np.asarray(other(p))
        if math.isnan(said):
            assert np.ptp(got) > 0
        else:
            np.testing.assert_allclose(got, said, rtol=1e-6)


def test_counterparts_name_each_other():
    for card in cards():
        if card.counterpart:
            other = CARDS[card.counterpart]
            assert other.counterpart == card.name
            assert issubclass(other, Labelled) != issubclass(card, Labelled)


def test_one_usual_loss_for_each_kind_of_data():
    assert sorted(c.usual_for for c in cards() if c.usual_for) == ["classification", "regression"]
