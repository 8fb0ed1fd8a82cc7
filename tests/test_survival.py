"""Cox's partial likelihood: against statsmodels, in long sets, and where nothing is comparable."""

import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS


def drawn(n, seed=0, times=12):
    """Times with many ties, of which some are censored, and scores."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, times, n).astype(float)
    return time, (rng.random(n) < 0.6).astype(float), rng.normal(size=n)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_statsmodels(ties):
    hazards = pytest.importorskip("statsmodels.duration.hazard_regression")
    time, event, _ = drawn(60)
    features = np.random.default_rng(1).normal(size=(60, 3))
    model = hazards.PHReg(time, features, status=event, ties=ties)
    for weights in ([0.0, 0.0, 0.0], [0.5, -1.0, 2.0], [5.0, 3.0, -8.0]):
        loss = losskit.CoxPartialLikelihood(ties=ties)
        value, slope = loss.value_and_gradient(time, event, features @ weights)
        assert value == pytest.approx(-model.loglike(np.array(weights)), rel=1e-12)
        want = -model.score(np.array(weights))
        np.testing.assert_allclose(slope @ features, want, rtol=1e-9, atol=1e-9)


def plainly(time, event, score):
    """Breslow's form by its definition, and its slope, in float64."""
    value, slope = 0.0, -event
    for i in np.flatnonzero(event):
        powers = np.where(time >= time[i], np.exp(score - score.max()), 0.0)
        value += np.log(powers.sum()) + score.max() - score[i]
        slope = slope + powers / powers.sum()
    return value, slope


@pytest.mark.parametrize("n", [1, 2, 3, 64, 1000])
def test_every_length(n):
    time, event, score = drawn(n, times=n + 1)
    loss = losskit.CoxPartialLikelihood(ties="breslow")
    value, slope = loss.value_and_gradient(time, event, score)
    want, of_score = plainly(time, event, score)
    assert value == pytest.approx(want, rel=1e-12)
    np.testing.assert_allclose(slope, of_score, rtol=1e-9, atol=1e-12)


def test_a_hundred_thousand_in_float32():
    time, event, score = drawn(100_000, times=100_000)
    wide = losskit.CoxPartialLikelihood().value_and_gradient(time, event, score)
    narrow = losskit.CoxPartialLikelihood().value_and_gradient(
        time, event, score.astype(np.float32)
    )
    assert narrow[0] == pytest.approx(wide[0], rel=1e-5)
    np.testing.assert_allclose(narrow[1], wide[1], rtol=1e-3, atol=1e-5)


def test_scores_far_apart_neither_overflow_nor_vanish():
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    score = np.array([1e4, -1e4, 500.0, 499.0])
    value, slope = losskit.CoxPartialLikelihood().value_and_gradient(time, event, score)
    small = np.exp(-1.0)
    assert value == pytest.approx(10500 + np.log1p(small) + np.log1p(small), rel=1e-12)
    share = 1.0 / (1.0 + small)
    want = [0.0, -1.0, 2 * share - 1, 2 * small * share]
    np.testing.assert_allclose(slope, want, atol=1e-12)


def test_sets_along_any_axis_and_without_an_event():
    time, event, score = (x.reshape(5, 4) for x in drawn(20))
    event[:, 1] = 0
    items = losskit.cox_partial_likelihood(time, event, score, reduction="none")
    rows = [
        losskit.cox_partial_likelihood(*(x[:, i] for x in (time, event, score))) for i in range(4)
    ]
    np.testing.assert_allclose(items, rows, rtol=1e-13)
    assert items[1] == 0
    assert not losskit.CoxPartialLikelihood().gradient(time, event, score)[:, 1].any()


def test_what_is_refused():
    arrays = [1.0, 2.0], [1.0, 0.0], [0.5, 0.0]
    with pytest.raises(ValueError, match="ties must be a word: 'efron' or 'breslow', got 'exact'"):
        losskit.CoxPartialLikelihood(ties="exact")
    with pytest.raises(TypeError, match="ties must be a word"):
        losskit.CoxPartialLikelihood(ties=True)
    with pytest.raises(ValueError, match="event must be 1 where the event was seen"):
        losskit.cox_partial_likelihood(arrays[0], [1.0, 0.5], arrays[2])
    with pytest.raises(ValueError, match=r"time is NaN at index 1"):
        losskit.cox_partial_likelihood([1.0, np.nan], *arrays[1:])
    with pytest.raises(ValueError, match=r"event must have the shape \(2,\) for score"):
        losskit.cox_partial_likelihood(arrays[0], [1.0], arrays[2])
    assert [slot.differentiable for slot in CARDS["cox_partial_likelihood"]().slots] == [
        False, False, True,
    ]  # fmt: skip
