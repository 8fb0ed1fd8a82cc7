"""Curves on matplotlib axes: ``ax`` in, ``ax`` out; no pyplot, no global setting is touched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.numpy import Loss
from losskit.plots.curves import Curve, Mark, curves
from losskit.plots.lines import Target
from losskit.plots.looks import (
    MATH,
    dress,
    ground,
    legend_above,
    legend_below,
    legend_inside,
    mark_handles,
    new_figure,
    prepare,
    shows_target,
)
from losskit.plots.scales import flattens, limits
from losskit.plots.themes import Theme, line_style, theme_named
from losskit.plots.words import horizontal, label, title, unit, vertical

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = ("loss", "gradient")
SHOWS = ("both", *PANELS)


def plot(
    loss: str | Loss,
    ax: Axes | None = None,
    *,
    target: Target | None = None,
    show: str = "both",
    span: tuple[float, float] | None = None,
    log: bool | None = None,
    theme: str | Theme | None = None,
) -> Axes:
    """Draw a loss and its gradient against the prediction, for a fixed target.

    Args:
        loss: a loss object or name.
        ax: axes to draw into; by default those of a new figure (``ax.figure.savefig(...)``).
        target: the fixed target: a number; for losses of classes a class number, or a row of
            shares. By default one that shows the loss well.
        show: "both", "loss" or "gradient".
        span: the range of the prediction, by default wide enough for every kink.
        log: whether the vertical axis is logarithmic; a loss alone is drawn linearly by default.
        theme: "light" or "dark"; by default light for a new figure, and the given axes' own look.

    Returns:
        The axes.

    Raises:
        ValueError: unknown loss, theme or choice, or a target that does not suit the loss.
        ImportError: matplotlib is missing.
    """
    _check_show(show)
    curve = curves([loss], target=target, span=span)[0]
    ax, look = prepare(ax, theme)
    panels = PANELS if show == "both" else (show,)
    for index, panel in enumerate(panels):
        name = panel if show == "both" else None
        _draw(ax, curve, panel, line_style(look, index), look, label=name)
    _finish(ax, [curve], panels, look, log=bool(log))
    ax.set_title(title(curve), color=look.text, math_fontfamily=MATH, pad=10)
    if show == "both":
        ax.set_ylabel("loss" + unit(curve.loss.card) + ", gradient")
    legend_inside(ax, [curve], look)
    return ax


def compare(
    losses: Sequence[str | Loss],
    ax: Axes | None = None,
    *,
    target: Target | None = None,
    show: str = "loss",
    span: tuple[float, float] | None = None,
    log: bool | None = None,
    theme: str | Theme | None = None,
) -> Axes:
    """Draw several losses, or their gradients, on one pair of axes with a legend.

    Args:
        losses: loss objects or names, all of one kind: of numbers, of classes or of directions.
            Where scores and probabilities meet, cross-entropies are drawn from logits.
        ax: axes to draw into; by default those of a new figure.
        target: as for `plot`, the same for all.
        show: "loss" or "gradient".
        span: the range of the prediction.
        log: whether the vertical axis is logarithmic; by default where one loss would flatten the
            others.
        theme: as for `plot`.

    Returns:
        The axes.

    Raises:
        ValueError: as `plot`, or the losses share no axis.
        ImportError: matplotlib is missing.
    """
    if show not in PANELS:
        raise ValueError(f"show must be 'loss' or 'gradient' to compare losses, got {show!r}.")
    drawn = curves(losses, target=target, span=span)
    ax, look = prepare(ax, theme)
    _panel(ax, drawn, show, look, log=log)
    legend_inside(ax, drawn, look)
    return ax


def figure(
    losses: str | Loss | Sequence[str | Loss],
    *,
    target: Target | None = None,
    show: str = "both",
    span: tuple[float, float] | None = None,
    log: bool | None = None,
    theme: str | Theme = "light",
) -> Figure:
    """One figure of one or several losses: a panel of the loss beside a panel of the gradient.

    Args:
        losses: one loss or several; the rest as for `compare`.
        target, span, log: as for `compare`.
        show: "both", "loss" or "gradient".
        theme: "light" or "dark".

    Returns:
        The figure; ``figure(...).savefig("losses.png")``.

    Raises:
        ValueError, ImportError: as `compare`.
    """
    _check_show(show)
    chosen = [losses] if isinstance(losses, (str, Loss)) else list(losses)
    drawn = curves(chosen, target=target, span=span)
    look = theme_named(theme)
    panels = PANELS if show == "both" else (show,)
    fig = new_figure(look, width=10.4 if len(panels) == 2 else 6.4)
    for number, panel in enumerate(panels, start=1):
        ax = fig.add_subplot(1, len(panels), number)
        dress(ax, look)
        _panel(ax, drawn, panel, look, log=log)
        # A heading reads more easily than a label turned on its side.
        heading = vertical(drawn, panel)
        ax.set_title(
            heading[0].upper() + heading[1:], color=look.text, math_fontfamily=MATH, size=12,
            loc="left",
        )  # fmt: skip
        ax.set_ylabel("")
    if len(drawn) == 1:
        fig.suptitle(title(drawn[0]), color=look.text, math_fontfamily=MATH, size=15)
    else:
        legend_above(fig, fig.axes[0].get_legend_handles_labels()[0], look)
    legend_below(fig, mark_handles(drawn, look, look.background), look)
    return fig


def _check_show(show: str) -> None:
    if show not in SHOWS:
        raise ValueError(f"show must be one of {', '.join(map(repr, SHOWS))}, got {show!r}.")


# --- panels -------------------------------------------------------------------------------------


def _panel(ax: Axes, drawn: Sequence[Curve], panel: str, look: Theme, *, log: bool | None) -> None:
    several = len(drawn) > 1
    for index, curve in enumerate(drawn):
        # One loss alone keeps the colours of `plot`: its gradient is the second line there.
        style = line_style(look, index if several else PANELS.index(panel))
        style |= {} if several else {"linestyle": "solid"}
        _draw(ax, curve, panel, style, look, label=label(curve) if several else None)
    if log is None:
        log = flattens([_values(curve, panel) for curve in drawn], drawn)
    _finish(ax, drawn, (panel,), look, log=log)


def _values(curve: Curve, panel: str) -> Array:
    return curve.value if panel == "loss" else curve.slope


def _draw(
    ax: Axes, curve: Curve, panel: str, style: dict[str, Any], look: Theme, *, label: str | None
) -> None:
    """One line, broken at jumps, with its kinks and bends marked."""
    ax.plot(curve.x, _values(curve, panel), label=label, zorder=3, **style)
    colour = style["color"]
    face = ground(ax, look)
    closed = {"color": colour, "s": 30, "zorder": 5, "linewidths": 1.6}
    hollow = {**closed, "facecolors": face, "edgecolors": colour}
    del hollow["color"]
    if panel == "loss":
        for mark in curve.kinks:
            ax.scatter([mark.x], [mark.value], **closed)
    else:
        for mark in curve.kinks:
            ends = _open_ends(mark)
            ax.scatter([mark.x] * len(ends), ends, **hollow)
            ax.scatter([mark.x], [mark.at], **closed)
    for mark in curve.bends:
        height = mark.value if panel == "loss" else mark.at
        ax.scatter([mark.x], [height], marker="D", **{**hollow, "s": 24})


def _open_ends(mark: Mark) -> list[float]:
    """The one-sided slopes that the slope at the kink itself does not take."""
    return [s for s in (mark.left, mark.right) if not math.isclose(s, mark.at, abs_tol=1e-6)]


def _finish(
    ax: Axes, drawn: Sequence[Curve], panels: Sequence[str], look: Theme, *, log: bool
) -> None:
    """Scale, limits, lines of reference and words."""
    from matplotlib.ticker import MultipleLocator

    low, high = drawn[0].x[0], drawn[0].x[-1]
    for pole in sorted({p for curve in drawn for p in curve.poles}):
        ax.axvline(pole, color=look.muted, linewidth=1.1, linestyle=(0, (2, 2)), zorder=1.5)
    ax.axhline(0.0, color=look.muted, linewidth=0.9, zorder=1.5)
    pad = 0.03 * (high - low)
    ax.set_xlim(low - pad, high + pad)
    sides = [(_values(curve, panel), curve) for curve in drawn for panel in panels]
    bottom, top = limits(sides)
    if log:
        _logarithmic(ax, sides, bottom, top)
    else:
        ax.set_ylim(bottom, top)
    for target in {curve.line.target or 0.0 for curve in drawn if shows_target(curve)}:
        ax.plot(
            [target], [0.0], "^", transform=ax.get_xaxis_transform(), color=look.muted,
            markersize=7, clip_on=False, zorder=6,
        )  # fmt: skip
    if drawn[0].line.per:
        ax.xaxis.set_major_locator(MultipleLocator(60.0))
    ax.set_xlabel(horizontal(drawn))
    ax.set_ylabel(vertical(drawn, panels[0]))


def _logarithmic(ax: Axes, sides: Sequence[tuple[Array, Curve]], bottom: float, top: float) -> None:
    """A logarithmic axis; one linear around 0 where values lie below it."""
    sizes = [np.abs(y[np.isfinite(y) & (y != 0)]) for y, _ in sides]
    smallest = min(float(size.max(initial=1.0)) for size in sizes)
    if any(np.nanmin(y) < 0 for y, _ in sides):
        unit_ = 10.0 ** math.floor(math.log10(smallest))
        ax.set_yscale("symlog", linthresh=unit_, linscale=0.6)
        ax.set_ylim(bottom * 1.4, top * 1.4)
    else:
        ax.set_yscale("log")
        ax.set_ylim(1e-3 * smallest, top * 1.6)
