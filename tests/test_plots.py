"""Pictures: what is drawn is the loss, jumps are breaks, nothing global is touched."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import losskit
from losskit.core.definition import cards
from losskit.core.families import Pointwise
from losskit.plots import THEMES, compare, curves, figure, plot
from losskit.plots.curves import find_jumps

NAMES = [card.name for card in cards()]


def near(curve: Any, reach: float) -> np.ndarray[Any, Any]:
    """Points within reach of a kink, a bend or a pole."""
    special = [m.x for m in (*curve.kinks, *curve.bends)] + list(curve.poles)
    close = np.zeros(curve.x.shape, bool)
    for x in special:
        close |= np.abs(curve.x - x) <= reach
    return close


# --- curves -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative_of_the_drawn_value(name: str) -> None:
    from losskit.plots.curves import evaluate

    (curve,) = curves([name])
    width = curve.x[-1] - curve.x[0]
    x = curve.x[~near(curve, 0.02 * width)][1:-1]
    h = 1e-5 * width
    unit = np.pi / 180 if curve.line.per == "radian" else 1.0
    up, down = (evaluate(curve.loss, curve.line, x + side * h)[0] for side in (1, -1))
    numeric = (up - down) / (2 * h * unit)
    given = curve.slope[np.isin(curve.x, x)]
    # The bends of rows are not named: in a step across one the slope changes by a part of it.
    atol = 1e-6 if isinstance(curve.loss.card, Pointwise) else h
    np.testing.assert_allclose(given, numeric, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_has_a_curve_worth_seeing(name: str) -> None:
    (curve,) = curves([name])
    assert len(curve.x) > 300
    assert np.all(np.diff(curve.x) > 0)
    assert np.all(np.isfinite(curve.value))
    assert np.isnan(curve.slope).sum() == len(curve.kinks)
    assert np.ptp(curve.value) > 0.1


@pytest.mark.parametrize("card", [c for c in cards() if issubclass(c, Pointwise)])
def test_pointwise_values_are_those_of_the_function(card: Any) -> None:
    (curve,) = curves([card.name])
    y = np.full(curve.x.shape, curve.line.target)
    # Other predictions than the first are 1.
    others = [np.ones_like(y) for _ in card().slots[2:]]
    wanted = losskit.get(card.name, reduction="none")(y, curve.x, *others)
    np.testing.assert_array_equal(curve.value, wanted)


def test_classes_are_drawn_against_the_true_class() -> None:
    (curve,) = curves(["scce"])
    np.testing.assert_allclose(curve.value, -np.log(curve.x), rtol=1e-12, atol=1e-15)
    assert curve.poles == (0.0,)
    (curve,) = curves([losskit.SparseCategoricalCrossentropy(from_logits=True)])
    wanted = np.log(np.exp(curve.x) + 2) - curve.x
    np.testing.assert_allclose(curve.value, wanted, rtol=1e-12)


def test_cosine_is_drawn_against_the_angle() -> None:
    (curve,) = curves(["cosine"])
    np.testing.assert_allclose(curve.value, -np.cos(np.deg2rad(curve.x)), atol=1e-12)
    np.testing.assert_allclose(curve.slope, np.sin(np.deg2rad(curve.x)), atol=1e-12)


def test_kl_has_its_minimum_at_the_target() -> None:
    (curve,) = curves(["kld"], target=[0.25, 0.5, 0.25])
    assert curve.x[curve.value.argmin()] == pytest.approx(0.5, abs=0.01)
    assert curve.poles == (0.0, 1.0)


def test_parameters_and_target_reach_the_curve() -> None:
    (curve,) = curves([losskit.Huber(delta=2.0)], target=10.0)
    assert [b.x for b in curve.bends] == [8.0, 12.0]
    weighted = losskit.SparseCategoricalCrossentropy(class_weight={4: 3.0}, axis=1)
    (curve,) = curves([weighted], target=4)
    np.testing.assert_allclose(curve.value, -3 * np.log(curve.x), rtol=1e-12, atol=1e-15)


def test_kinks_carry_both_one_sided_slopes() -> None:
    (mae,) = curves(["mae"])
    (kink,) = mae.kinks
    assert (kink.x, kink.value, kink.left, kink.at, kink.right) == (0.0, 0.0, -1.0, 0.0, 1.0)
    (hinge,) = curves(["hinge"])
    (kink,) = hinge.kinks
    assert (kink.x, kink.left, kink.at, kink.right) == (1.0, -1.0, 0.0, 0.0)


def test_jumps_are_found_where_the_card_states_none() -> None:
    (curve,) = curves(["categorical_hinge"])
    assert [k.x for k in curve.kinks] == [1.0]
    assert find_jumps(lambda x: np.sign(x - 0.3), -1, 1) == (0.3,)
    assert find_jumps(lambda x: np.tanh(50 * x), -1, 1) == ()
    assert find_jumps(np.cos, -3, 3) == ()


def test_compared_losses_share_range_and_target() -> None:
    several = curves(["mae", "msle", "poisson"])
    assert {c.line.target for c in several} == {2.0}
    assert len({(c.x[0] > 0, c.x[-1]) for c in several}) == 2  # the pole itself is left out
    several = curves(["bce", "hinge"])
    assert several[0].loss.card.from_logits
    assert {c.line.axis for c in several} == {"score"}
    assert {c.line.axis for c in curves(["mse", "bce"])} == {"probability"}


@pytest.mark.parametrize(
    ("losses", "options", "words"),
    [
        ([], {}, "at least one loss"),
        (["mse", "cosine"], {}, "cannot share a picture"),
        (["mse"], {"span": (1.0, 1.0)}, "increasing range"),
        (["mse"], {"target": [1.0, 2.0]}, "one number as target"),
        (["scce"], {"target": 0.5}, "class number"),
        (["scce"], {"target": [0.5, 0.5]}, "class number"),
        (["nonsense"], {}, "Unknown loss"),
    ],
)
def test_what_cannot_be_drawn_is_refused(losses: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        curves(losses, **options)


# --- drawing ------------------------------------------------------------------------------------


def test_plot_draws_the_curve_and_returns_its_axes() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert plot("huber", ax=ax) is ax
    (curve,) = curves(["huber"])
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(lines["loss"].get_xdata(), curve.x)
    np.testing.assert_array_equal(lines["loss"].get_ydata(), curve.value)
    np.testing.assert_array_equal(lines["gradient"].get_ydata(), curve.slope)
    assert losskit.Huber().plot(show="loss").get_ylabel() == "loss (unit of $y$, squared)"


def test_a_jump_is_a_break_with_open_and_closed_dots() -> None:
    ax = plot("mae", show="gradient")
    (line,) = (line for line in ax.lines if len(line.get_xdata()) > 10)
    y = np.asarray(line.get_ydata())
    assert set(y[np.isfinite(y)]) == {-1.0, 1.0}
    gap = np.flatnonzero(np.isnan(y))
    assert len(gap) == 1
    assert (y[gap - 1], y[gap + 1]) == (-1.0, 1.0)
    dots = [tuple(map(float, c.get_offsets()[:, 1])) for c in ax.collections]
    assert dots == [(-1.0, 1.0), (0.0,)]
    hollow, closed = (c.get_facecolor()[0].tolist() for c in ax.collections)
    assert hollow != closed


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.exhaustive if i % 3 else ()) for i, n in enumerate(NAMES)],
)
def test_no_words_are_cut_off(name: str) -> None:
    fig = figure(name)
    fig.draw_without_rendering()
    box = fig.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= fig.get_figwidth()
    assert box.y1 <= fig.get_figheight()
    low, high = fig.axes[1].get_ylim()
    assert np.isfinite([low, high]).all()
    assert high - low < 1e4


@pytest.mark.parametrize("theme", list(THEMES))
def test_comparisons_fit_and_are_told_apart(theme: str) -> None:
    fig = figure(["mae", "mse", "huber", "log_cosh", "mape"], theme=theme)
    buffer = io.BytesIO()
    fig.savefig(buffer, dpi=50)
    assert buffer.getvalue().startswith(b"\x89PNG")
    assert fig.get_tightbbox().x1 <= fig.get_figwidth()
    lines = [line for line in fig.axes[0].lines if len(line.get_xdata()) > 10]
    assert len({line.get_color() for line in lines}) == 5
    assert len({str(line._unscaled_dash_pattern) for line in lines}) == 5


def test_the_axis_is_logarithmic_where_one_loss_would_flatten_the_others() -> None:
    assert compare(["mape", "mae"]).get_yscale() == "log"
    assert compare(["mape", "mae"], show="gradient").get_yscale() == "symlog"
    assert compare(["mape", "mae"], log=False).get_yscale() == "linear"
    assert compare(["mae", "mse"]).get_yscale() == "linear"
    assert compare(["mae", "mse"], log=True).get_yscale() == "log"
    assert compare(["cosine"], log=True).get_yscale() == "symlog"


def test_wrong_choices_are_named() -> None:
    with pytest.raises(ValueError, match="'light', 'dark'"):
        figure("mae", theme="blue")
    with pytest.raises(ValueError, match="'both', 'loss', 'gradient'"):
        plot("mae", show="all")
    with pytest.raises(ValueError, match="'loss' or 'gradient'"):
        compare(["mae"], show="both")


def test_nothing_global_is_touched() -> None:
    code = """
import io, sys, losskit, losskit.plots
assert "matplotlib" not in sys.modules
import matplotlib
before = matplotlib.rcParams.copy()
losskit.plots.figure(["mse", "bce"], theme="dark").savefig(io.BytesIO())
assert matplotlib.rcParams.copy() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_missing_matplotlib_is_said() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
import losskit
losskit.Huber().plot()
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert 'pip install "losskit[plot]"' in result.stderr
