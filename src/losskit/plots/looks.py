"""New figures, and a theme's colours on axes and legends. No global setting is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from losskit.plots.curves import Curve
from losskit.plots.themes import Theme, theme_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 200
"""Of saved pictures: a figure of two panels becomes about 2000 pixels wide."""
MATH = "cm"
"""The mathtext font of formulas."""
HANDLE_LENGTH = 3.2
"""Of legend lines, in font sizes: long enough to tell the dashes apart."""


def new_figure(look: Theme, width: float) -> Figure:
    """An empty figure, to be saved; it belongs to no window and to no pyplot.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "losskit[plot]" (or pip install matplotlib).'
        ) from error
    fig = Figure(
        figsize=(width, 4.8),
        dpi=DPI,
        facecolor=look.background,
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08, wspace=0.05),
    )
    FigureCanvasAgg(fig)
    return fig


def prepare(ax: Axes | None, theme: str | Theme | None) -> tuple[Axes, Theme]:
    """The axes to draw into and their colours; the caller's axes are dressed only if asked."""
    look = theme_named(theme or "light")
    if ax is None:
        ax = new_figure(look, width=6.4).add_subplot()
        dress(ax, look)
    elif theme is not None:
        dress(ax, look)
    else:
        ax.grid(True, alpha=0.3)
    return ax, look


def dress(ax: Axes, look: Theme) -> None:
    """Put a theme's colours on axes."""
    ax.set_facecolor(look.background)
    ax.grid(True, color=look.grid, linewidth=0.9)
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(look.muted)
    ax.tick_params(which="both", color=look.muted, labelcolor=look.text, labelsize=10.5)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(look.text)
        axis.label.set_fontsize(11)
        axis.label.set_math_fontfamily(MATH)


def ground(ax: Axes, look: Theme) -> Any:
    """What an open dot is filled with."""
    colour = ax.get_facecolor()
    return colour if colour[3] > 0 else look.background


# --- legends ------------------------------------------------------------------------------------


def mark_handles(drawn: Sequence[Curve], look: Theme, face: Any) -> list[Any]:
    """Legend entries for the signs that occur in the picture."""
    from matplotlib.lines import Line2D

    def sign(words: str, **style: Any) -> Line2D:
        plain = {"linestyle": "none", "color": look.muted, "markersize": 6, "label": words}
        return Line2D([], [], **{**plain, **style})

    hollow = {"markerfacecolor": face, "markeredgewidth": 1.6}
    handles = []
    if any(curve.kinks for curve in drawn):
        handles.append(sign("kink: the gradient jumps", marker="o"))
    if any(curve.bends for curve in drawn):
        handles.append(sign("bend: the curvature jumps", marker="D", **hollow))
    if any(curve.poles for curve in drawn):
        handles.append(sign("pole: no bound", linestyle=(0, (2, 2))))
    if any(shows_target(curve) for curve in drawn):
        handles.append(sign("target", marker="^"))
    return handles


def shows_target(curve: Curve) -> bool:
    """Whether the target lies on the axis of the predictions."""
    return curve.line.axis == "value" and curve.line.target is not None


def legend_inside(ax: Axes, drawn: Sequence[Curve], look: Theme) -> None:
    """A legend of lines and signs within the axes."""
    lines, _ = ax.get_legend_handles_labels()
    handles = [*lines, *mark_handles(drawn, look, ground(ax, look))]
    legend = ax.legend(
        handles=handles,
        loc="best",
        framealpha=0.9,
        facecolor=ground(ax, look),
        edgecolor=look.grid,
        handlelength=HANDLE_LENGTH,
        fontsize=9.5,
    )
    _colour(legend, look.text)


def legend_above(fig: Figure, handles: Sequence[Any], look: Theme) -> None:
    """A legend over all panels, in as many columns as fit."""
    for rows in range(1, len(handles) + 1):
        columns = -(-len(handles) // rows)
        legend = fig.legend(
            handles=handles,
            loc="outside upper center",
            ncols=columns,
            frameon=False,
            handlelength=HANDLE_LENGTH,
            fontsize=11,
        )
        _colour(legend, look.text)
        width = legend.get_window_extent().width
        if width <= 0.98 * fig.bbox.width or columns == 1:
            return
        legend.remove()


def legend_below(fig: Figure, handles: Sequence[Any], look: Theme) -> None:
    """The signs, below all panels."""
    if handles:
        legend = fig.legend(
            handles=handles,
            loc="outside lower center",
            ncols=len(handles),
            frameon=False,
            fontsize=9.5,
            columnspacing=2.4,
        )
        _colour(legend, look.muted)


def _colour(legend: Any, colour: str) -> None:
    for text in legend.get_texts():
        text.set_color(colour)
        text.set_math_fontfamily(MATH)
