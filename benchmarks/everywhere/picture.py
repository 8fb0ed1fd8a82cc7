"""The figure: a dot for each row in the strip of its face."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.everywhere.cases import FACES
from benchmarks.everywhere.report import controls, timed
from benchmarks.results import Results
from losskit.plots.themes import Theme, theme_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDS = (1 / 16, 64.0)
"""Of the axis: what lies beyond is drawn at the end."""
TICKS = {
    1 / 8: "1/8",
    1 / 4: "1/4",
    1 / 2: "1/2",
    1: "1",
    2: "2",
    4: "4",
    8: "8",
    16: "16",
    32: "32",
}
TIMES = "\N{MULTIPLICATION SIGN}"


def write(found: Results, path: Path, theme: str = "light") -> None:
    """Draw the figure and write it; the suffix of the path is the format."""
    fig = draw(found, theme)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    fig.savefig(path, facecolor=fig.get_facecolor(), metadata=metadata)


def draw(found: Results, theme: str = "light") -> Figure:
    """The figure that `write` writes.

    Raises:
        ValueError: the results hold no row with a peer.
    """
    look = theme_named(theme)
    faces = [face for face in FACES if timed(found, face)]
    if not faces:
        raise ValueError("these results hold no row with a peer.")
    height = 1.9 + 0.72 * len(faces)
    fig = Figure(figsize=(10.5, height), dpi=160, facecolor=look.background)
    FigureCanvasAgg(fig)
    ax = fig.add_axes((0.178, 0.98 / height, 0.652, 1 - 1.85 / height), facecolor=look.background)
    _axis(ax, len(faces), look)
    for place, face in enumerate(faces):
        _strip(ax, place, face, found, look)
    _words(fig, found, look, height)
    return fig


def _axis(ax: Axes, strips: int, look: Theme) -> None:
    ax.set_xscale("log", base=2)
    ax.set_xlim(ENDS[0] * 0.9, ENDS[1] * 1.12)
    ax.set_ylim(strips - 0.45, -0.55)
    ax.axvspan(ENDS[0] * 0.5, 1, color=look.palette[1], alpha=0.06, linewidth=0)
    for tick in TICKS:
        ax.axvline(tick, color=look.text if tick == 1 else look.grid, linewidth=1.0, zorder=1)
    ax.set_xticks(list(TICKS), list(TICKS.values()), size=9.5, color=look.muted)
    ax.set_xticks([], minor=True)
    ax.set_yticks([])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for x, text, side in ((0.93, "peer faster", "right"), (1.07, "losskit faster", "left")):
        ax.annotate(
            text, (x, strips - 0.45), (0, -27), textcoords="offset points", size=9.5,
            ha=side, va="center", color=look.muted, annotation_clip=False,
        )  # fmt: skip


def _strip(ax: Axes, place: int, face: str, found: Results, look: Theme) -> None:
    rows = [row for _, row in timed(found, face)]
    ratios = np.clip([row["ratio"] for row in rows], *ENDS)
    for verdict, colour, alpha in (
        ("faster", look.palette[0], 0.7),
        ("equal", look.muted, 0.6),
        ("slower", look.palette[1], 0.8),
    ):
        chosen = [row["verdict"] == verdict for row in rows]
        y = place + _apart(ratios)[chosen]
        ax.scatter(ratios[chosen], y, s=15, color=colour, alpha=alpha, linewidth=0, zorder=3)
    median = float(np.median([row["ratio"] for row in rows]))
    ax.plot([np.clip(median, *ENDS)] * 2, [place - 0.36, place + 0.36], color=look.text,
            linewidth=2.2, solid_capstyle="round", zorder=4)  # fmt: skip

    def beside(text: str, x: float, up: float, **style: Any) -> None:
        ax.annotate(
            text, (x, place), (0, up), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", annotation_clip=False, **style,
        )  # fmt: skip

    beside(FACES[face], -0.015, 0, size=11, ha="right", color=look.text)
    slow = sum(row["verdict"] == "slower" for row in rows)
    beside(f"median {_figures(median)}{TIMES}", 1.015, 7, size=10, color=look.text, weight="bold")
    beside(f"slower in {slow} of {len(rows)}", 1.015, -7, size=9.5,
           color=look.palette[1] if slow else look.muted)  # fmt: skip


def _figures(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 9.995 else f"{ratio:.0f}"


def _apart(ratios: Any) -> Any:
    """Up and down from the strip's middle: dots of nearly the same ratio lie side by side."""
    bins = np.round(np.log2(ratios) * 12).astype(int)
    up = np.zeros(len(ratios))
    for each in set(bins.tolist()):
        here = np.flatnonzero(bins == each)
        steps = (np.arange(len(here)) + 1) // 2 * np.where(np.arange(len(here)) % 2, 1, -1)
        up[here] = steps * min(0.085, 0.74 / max(1, len(here)))
    return up


def _words(fig: Figure, found: Results, look: Theme, height: float) -> None:
    machine, settings = found["machine"], found["settings"]
    left = 0.025
    fig.text(left, 1 - 0.36 / height, "losskit beside its peers: how many times as long they take",
             size=15, color=look.text, va="center")  # fmt: skip
    fig.text(
        left, 1 - 0.68 / height,
        "Loss and gradient on the CPU. A dot is a call: loss, size (10 to 8 million numbers), four "
        "dtypes, weights, masks; drawn at random.",
        size=10, color=look.muted, va="center",
    )  # fmt: skip
    day = datetime.fromisoformat(found["finished"])
    fig.text(
        left, 0.2 / height,
        f"{machine['cpu']}, {settings['threads']} threads, {day.day} {day:%B %Y}. Slower: the "
        f"upper end of the interval lies below 0.95. {controls(found)}",
        size=8.5, color=look.muted, va="center",
    )  # fmt: skip
