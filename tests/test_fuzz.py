"""Every card against mpmath on inputs that Hypothesis makes up within the card's domain."""

import grid
import hypothesis.extra.numpy as hnp
import laws
import numpy as np
import pytest
import truth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from losskit.core.families import Setwise, is_rowwise

CARDS = [card for card in grid.settings() if card.parameters().get("axis", -1) == -1]


def numbers(domain):
    """float32 numbers of a domain, from the smallest to 1e15."""
    if domain.values:
        return st.sampled_from(domain.values)
    if domain.words.startswith("a logit"):
        return st.floats(-1e4, 1e4, width=32)
    if domain.low == -1.0:
        return st.floats(-1, 1, width=32, allow_subnormal=False)
    if domain.high == 1.0:
        return st.floats(0, 1, width=32) | st.sampled_from([0.0, 1.0])
    low = domain.low if domain.low >= 0 else -(2.0**50)
    if domain.high == 0.0 or domain.words.startswith("a log"):
        return st.floats(-1e4, 0, width=32, allow_subnormal=False)
    return st.floats(low, 2.0**50, width=32, allow_subnormal=False)


@st.composite
def inputs(draw, card):
    if card.slots[0].domain.blank is not None:
        p = draw(hnp.arrays(np.float32, (8, 3, 3), elements=numbers(card.prediction)))
        return grid.of_sequences(card, p, np.float32)
    shape = (2, *grid.own_shape(card, 4)) if is_rowwise(card) else (4,)
    p = draw(hnp.arrays(np.float32, shape, elements=numbers(card.prediction)))
    if card.slots[0].places:
        time = draw(hnp.arrays(np.float32, shape, elements=st.integers(1, 3)))
        event = draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 1)))
        return grid.of_survival(time, event, p / np.float32(2.0**40), np.float32)
    if getattr(card, "places", ()):
        own = (2, *[4] * (len(card.slots[1].dims) - 1))
        columns = [draw(hnp.arrays(np.float32, own, elements=numbers(d))) for d in card.places]
        y = draw(hnp.arrays(np.float32, 2, elements=numbers(card.target)))
        return y, grid.rows_back(card.slots[1], np.stack(columns, 1))
    if card.target.labels:
        labels = (2, *grid.own_target(card, 4))
        return draw(hnp.arrays(np.int64, labels, elements=st.integers(0, 3))), p
    if card.target.values and is_rowwise(card):
        return np.eye(4, dtype=np.float32)[draw(st.tuples(*[st.integers(0, 3)] * 2)), :], p
    return draw(hnp.arrays(np.float32, shape, elements=numbers(card.target))), p


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("card", grid.sample(CARDS, usual=True))
def test_agrees_with_mpmath(card, data):
    y, p = data.draw(inputs(card))
    for order in truth.ORDERS:
        got = laws.evaluate(card, order, y, p)
        exact = truth.evaluate(card, order, y, p, np.float32)
        skip = None if order == "value" else truth.near_break(card, y, p, np.float32)
        if order == "curve":
            if isinstance(card, Setwise):
                continue  # a difference of squares: judged on the grids
            # Rows that sum to more than 1 may overflow one factor of the sum's square early.
            skip = skip | (np.abs(exact.true) > 1e37)
        error, where = truth.worst_error(got, exact, np.float32, skip)
        assert error <= 1e-5, (order, y, p, where, got[where], float(exact.true[where]))
