"""Every law over every card and setting, on the NumPy face.

By the kernels, where there are some: that NumPy alone computes the same, test_native.py shows over
all sizes, layouts, weights and masks. The laws once more by NumPy alone are of the exhaustive part.
"""

import grid
import laws
import ml_dtypes
import numpy as np
import pytest
import truth
from mpmath import mp, mpf

from losskit import native
from losskit.core.definition import CARDS
from losskit.core.families import has_row_target, is_rowwise

ENGINES = [
    "kernels" if native.available() else "numpy",
    pytest.param("numpy", marks=pytest.mark.exhaustive),
]

CARD_SETTINGS = list(grid.settings())
DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
BY_DTYPE = ("law_exact", "law_dtype")  # in test_extremes.py and below
PLAIN = [name for name in laws.ALL if name not in BY_DTYPE]


def _dtype_id(dtype):
    return np.dtype(dtype).name


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("law", PLAIN)
@pytest.mark.parametrize("card", CARD_SETTINGS, ids=repr)
@pytest.mark.usefixtures("engine")
def test_law(card, law):
    laws.ALL[law](card)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize("dtype", DTYPES, ids=_dtype_id)
@pytest.mark.parametrize("card", CARD_SETTINGS, ids=repr)
@pytest.mark.usefixtures("engine")
def test_dtype(card, dtype):
    laws.law_dtype(card, dtype)


def test_extended_precision_has_a_floor():
    card = CARDS["binary_crossentropy"]()
    y, p = np.array([1.0, 0.0]), np.array([0.0, 1.0], np.longdouble)
    assert np.isfinite(grid.loss_of(card)(y, p))
    assert np.isfinite(grid.loss_of(card).gradient(y, p)).all()


def rows_of(slot, x):
    """One row for each item; a number, where an item has no dimension."""
    last = grid.rows_last(slot, x)
    return last.reshape(*last.shape[: last.ndim - len(slot.axes)], *[-1] * bool(slot.axes))


# --- the truths themselves ----------------------------------------------------------------------


def test_every_card_has_a_truth():
    assert set(truth.DEFINITIONS) == set(CARDS)


@pytest.mark.parametrize("card", CARD_SETTINGS, ids=repr)
def test_truth_is_its_own_derivative(card):
    """The slope of a truth is the derivative of its value, and its curve that of its slope."""
    if isinstance(truth.define(card, np.float64), truth.SetDefinition):
        y, p = np.array([0.5, -1.0, 2.0]), np.array([0.1, 0.4, 2.5])
        rest = ([mpf(1), mpf(2), mpf(1) / 2],)
    else:
        y, p = grid.inputs(card, np.float64, "ordinary")
        rest = ()
    definition = truth.define(card, np.float64, p)
    far = laws.far_from_breaks(card, y, p)
    if is_rowwise(card):
        target, prediction = card.slots
        y = rows_of(target, y)
        p, far = rows_of(prediction, p), rows_of(prediction, far)
    elif not rest:
        y, p, far = y[:, None], p[:, None], far[:, None]
    else:
        y, p, far = y[None], p[None], far[None]
    for a, b, ok in list(zip(y, p, far, strict=True))[::6]:
        if not ok.all():
            continue
        if has_row_target(card):
            target = int(a) if card.target.labels else mpf(float(a))
        else:
            target = [mpf(float(t)) for t in a]
        row = [mpf(float(x)) for x in b]
        one = not is_rowwise(card) and not rest

        def at(order, x, j, target=target, row=row, one=one):
            moved = [*row[:j], x, *row[j + 1 :]]
            if one:
                return sum(getattr(definition, order)(target[0], moved[0]))
            terms = getattr(definition, order)(target, moved, *rest)
            return sum(terms) if order == "value" else sum(terms[j])

        for j in range(len(row))[:: max(1, len(row) // 8)]:
            for lower, upper in (("value", "slope"), ("slope", "curve")):
                with mp.workdps(90):
                    numeric = mp.diff(lambda x, lower=lower, j=j: at(lower, x, j), row[j])
                stated = at(upper, row[j], j)
                assert abs(numeric - stated) <= mpf(10) ** -20 * (1 + abs(stated)), (upper, a, b, j)
