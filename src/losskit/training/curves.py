"""Learning curves: what the training did, epoch by epoch, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from losskit.terminal import written

History = list[dict[str, float]]

# Okabe and Ito's colours, told apart with any colour vision; their yellow is too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)))
INK, MUTED, GRID = "#222222", "#6b6b6b", "#e4e4e4"


def learning(history: History, metric: str, label: str, title: str) -> Any:
    """One loss: its value on the left, the metric on the right; training and validation."""
    figure = _figure(9.0, 3.9, title)
    axes = figure.subplots(1, 2)
    for ax, name, heading in ((axes[0], "loss", "Loss"), (axes[1], metric, _heading(label))):
        epochs = [row["epoch"] for row in history]
        values = {"training": [r[name] for r in history]}
        values["validation"] = [r[f"val_{name}"] for r in history]
        _dress(ax, heading, epochs)
        marker = "o" if len(epochs) < 25 else None
        style = {"training": (COLOURS[0], DASHES[1]), "validation": (COLOURS[1], DASHES[0])}
        for part, (colour, dash) in style.items():
            ax.plot(
                epochs,
                values[part],
                color=colour,
                linestyle=dash,
                linewidth=2,
                marker=marker,
                markersize=4.5,
                label=part,
            )
        spread = [v for line in values.values() for v in line]
        if name == "loss" and min(spread) > 0 and max(spread) > 30 * min(spread):
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
        last = values["validation"][-1]
        ax.set_title(f"{_short(last)} at the end, on validation rows", fontsize=9.5, color=MUTED)
    axes[0].legend(frameon=False, fontsize=9.5, handlelength=2.6)
    return figure


def comparison(
    histories: dict[str, History], metric: str, label: str, title: str, baseline: float
) -> Any:
    """Several losses: the metric by epoch on the left, where it ended on the right; best first."""
    figure = _figure(10.5, max(4.2, 1.6 + 0.48 * len(histories)), title)
    left, right = figure.subplots(1, 2)
    longest = max((h for h in histories.values()), key=len)
    _dress(left, f"{_heading(label)} on validation rows", [r["epoch"] for r in longest])
    _dress(right, None, None)
    right.grid(axis="x", color=GRID)
    right.set_xlabel(f"{_heading(label)} after the last epoch")
    for i, (name, history) in enumerate(histories.items()):
        colour = COLOURS[i % len(COLOURS)]
        dash = DASHES[i // len(COLOURS) % len(DASHES)]
        left.plot(
            [r["epoch"] for r in history],
            [r[f"val_{metric}"] for r in history],
            color=colour,
            linestyle=dash,
            linewidth=2,
            marker="o" if len(history) < 25 else None,
            markersize=4,
        )
        seen, held = history[-1][metric], history[-1][f"val_{metric}"]
        right.plot([seen, held], [i, i], color=colour, linestyle=dash, linewidth=2, alpha=0.45)
        right.plot(seen, i, "o", markersize=7, markerfacecolor="white", markeredgecolor=colour)
        right.plot(held, i, "o", markersize=8, color=colour)
        # The name stands over its line: beside it, a long one would leave no room for the points.
        text = f"{_short(held)}  {name}"
        at = right.get_yaxis_transform()
        right.annotate(text, (0.01, i), (0, 8), xycoords=at, textcoords="offset points", color=INK)
    right.set_yticks([])
    right.spines["left"].set_visible(False)
    right.set_ylim(len(histories) - 0.6, -0.8)
    right.margins(x=0.08)
    right.set_title("filled: validation, hollow: training", fontsize=9.5, color=MUTED)
    if metric == "accuracy":
        _spread_top(left)
    low, high = left.get_ylim()
    if low <= baseline <= high:
        left.axhline(baseline, color=MUTED, linewidth=1.2, linestyle=":")
        left.set_title("dotted: always the same answer", fontsize=9.5, color=MUTED)
    return figure


def _spread_top(ax: Any) -> None:
    """Give 0.98 to 0.99 the room of 0.8 to 0.9: there the losses part, and errors halve."""
    import numpy as np

    ceiling = 1.0 - 1e-4
    drawn = [np.clip(line.get_ydata(), 0.0, ceiling) for line in ax.lines]
    low, high = min(v.min() for v in drawn), max(v.max() for v in drawn)
    ax.set_yscale(
        "function",
        functions=(lambda a: -np.log1p(-np.clip(a, -1.0, ceiling)), lambda b: -np.expm1(-b)),
    )
    ax.set_ylim(max(0.0, low - 0.15 * (1.0 - low)), 1.0 - 0.75 * (1.0 - high))
    ticks = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
    shown = [t for t in ticks if ax.get_ylim()[0] <= t <= ax.get_ylim()[1]]
    ax.set_yticks(shown, [f"{t:g}" for t in shown])
    ax.minorticks_off()


def save(figure: Any, path: Path) -> None:
    """Write the picture."""
    with written(path) as beside:
        figure.savefig(beside, dpi=160)


def _figure(width: float, height: float, title: str) -> Any:
    # A Figure of its own, without pyplot: no window, no global state, no display needed.
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08, wspace=0.04)
    figure.suptitle(title, fontsize=12.5, color=INK, x=0.015, ha="left", fontweight="bold")
    return figure


def _dress(ax: Any, ylabel: str | None, epochs: list[float] | None) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=9.5, length=3)
    ax.set_axisbelow(True)
    if epochs is not None:
        ax.grid(axis="y", color=GRID)
        ax.set_xlabel("Epoch", color=INK)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(min(epochs) - 0.3, max(epochs) + 0.3)
    if ylabel:
        ax.set_ylabel(ylabel, color=INK)


def _heading(label: str) -> str:
    return label[0].upper() + label[1:]


def _short(value: float) -> str:
    return f"{value:.3f}" if 0.001 <= abs(value) < 10 else f"{value:#.4g}".rstrip(".")
