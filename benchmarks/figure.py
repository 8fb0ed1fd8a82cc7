"""The results as a picture: for each loss, how long every library takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.allocator import ALLOCATORS
from benchmarks.cases import LOSSES, size_text
from benchmarks.results import Results
from losskit.plots.themes import Theme, theme_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Case = dict[str, Any]

TIMES, THIN = "\N{MULTIPLICATION SIGN}", "\N{NARROW NO-BREAK SPACE}"

BARS = {
    "losskit, out=": ("losskit-out",),
    "losskit": ("losskit",),
    "NumPy": ("numpy", "numpy-out"),
    "PyTorch": ("torch", "torch-compile"),
    "JAX": ("jax", "optax"),
    "TensorFlow": ("tf-function", "tf-xla"),
    "scikit-learn": ("sklearn",),
}
"""Of several rows the fastest is drawn: every library at its best."""
OWN = 2
"""The first so many bars are losskit's."""
TITLES = LOSSES | {
    "bce": "Binary cross-entropy",
    "sparse_ce": "Softmax cross-entropy",
    "dense_ce": "Softmax CE, soft targets",
}
PROPER = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
LONGEST = 6.0
"""Bars end at so many times losskit's own slower one: one slow library must not dwarf the rest."""
COLUMNS = 4
MARGIN, NAMES, HEAD, PANEL, FOOT = 0.25, 1.02, 0.92, 2.3, 0.98
"""Inches: around all, for the bars' names, for the title, for a row of panels, for small print."""


@dataclass(frozen=True)
class Bar:
    """A library's time."""

    name: str
    seconds: float
    own: bool


def write(
    results: Results,
    path: Path,
    *,
    theme: str = "light",
    allocator: str | None = None,
    dtype: str = "float32",
) -> None:
    """Draw value and gradient, each loss at its largest size, and write the file.

    Args:
        results: as `benchmarks.results.read` gives them.
        path: its suffix is the format: png, svg, pdf.
        theme: "light" or "dark".
        allocator: which run; the first by default.
        dtype: of the cases.

    Raises:
        ValueError: the results hold nothing of the kind.
    """
    fig = draw(results, theme=theme, allocator=allocator, dtype=dtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a date of its own, an SVG of the same results is the same file.
    metadata = {"Date": None} if path.suffix == ".svg" else None
    fig.savefig(path, facecolor=fig.get_facecolor(), metadata=metadata)


def draw(
    results: Results, *, theme: str = "light", allocator: str | None = None, dtype: str = "float32"
) -> Figure:
    """The figure that `write` writes."""
    look = theme_named(theme)
    run = _run(results, allocator)
    cases = _largest(run["cases"], dtype)
    if not cases:
        raise ValueError(
            f"these results have no value and gradient in {dtype} that losskit and a peer computed."
        )
    rows = math.ceil(len(cases) / COLUMNS)
    width, height = 3.1 * COLUMNS + MARGIN, HEAD + rows * PANEL + FOOT
    fig = Figure(figsize=(width, height), dpi=160, facecolor=look.background)
    FigureCanvasAgg(fig)
    grid = fig.add_gridspec(
        rows, COLUMNS,
        left=(MARGIN + NAMES) / width, right=1 - MARGIN / width,
        top=1 - (HEAD + 0.5) / height, bottom=FOOT / height, wspace=0.62, hspace=0.46,
    )  # fmt: skip
    for index, case in enumerate(cases):
        _panel(fig.add_subplot(grid[index // COLUMNS, index % COLUMNS]), case, look)
    _words(fig, cases, results, run, look)
    return fig


# --- what is drawn --------------------------------------------------------------------------------


def _run(results: Results, allocator: str | None) -> dict[str, Any]:
    for run in results["runs"]:
        if allocator in (None, run["allocator"]):
            found: dict[str, Any] = run
            return found
    raise ValueError(f"these results have no run {allocator!r}.")


def _largest(cases: list[Case], dtype: str) -> list[Case]:
    """One case per loss: the largest, and of softmax the one with the most elements."""
    best: dict[str, Case] = {}
    for case in cases:
        comparable = case["kind"] == "gradient" and case["dtype"] == dtype and case["ratio"]
        known = best.get(case["loss"])
        if comparable and (known is None or _elements(case) > _elements(known)):
            best[case["loss"]] = case
    return [best[loss] for loss in LOSSES if loss in best]


def _elements(case: Case) -> int:
    return math.prod(case["shape"])


def bars(case: Case) -> list[Bar]:
    """losskit first, then the libraries, the fastest first."""
    found = []
    for index, (name, rows) in enumerate(BARS.items()):
        times = [
            case["rows"][row]["median"] for row in rows if "median" in case["rows"].get(row, {})
        ]
        if times:
            found.append(Bar(name, min(times), index < OWN))
    return sorted(found, key=lambda bar: (not bar.own, 0.0 if bar.own else bar.seconds))


# --- how ------------------------------------------------------------------------------------------


def _panel(ax: Axes, case: Case, look: Theme) -> None:
    drawn = bars(case)
    blue, pale = look.palette[0], look.muted
    own = max(bar.seconds for bar in drawn if bar.own)
    end = min(max(bar.seconds for bar in drawn), LONGEST * own)
    for place, bar in enumerate(drawn):
        cut = bar.seconds > end
        ax.barh(
            place, min(bar.seconds, end), height=0.68, color=blue if bar.own else pale,
            alpha=1.0 if bar.own else 0.42, linewidth=0,
        )  # fmt: skip
        if cut:
            _break(ax, place, end, look)
        ax.annotate(
            _milliseconds(bar.seconds), (min(bar.seconds, end), place), (5, 0),
            textcoords="offset points", va="center", size=9.5,
            color=blue if bar.own else look.text, weight="bold" if bar.own else "normal",
        )  # fmt: skip
    ax.set_xlim(0, end * 1.32)
    ax.set_ylim(len(BARS) - 0.45, -0.55)
    ax.set_facecolor(look.background)
    ax.set_yticks(range(len(drawn)), [bar.name for bar in drawn])
    ax.tick_params(axis="y", length=0, labelsize=9.5, pad=5)
    for label, bar in zip(ax.get_yticklabels(), drawn, strict=True):
        label.set_color(blue if bar.own else look.text)
        label.set_fontweight("bold" if bar.own else "normal")
    ax.set_xticks([])
    for side, spine in ax.spines.items():
        spine.set_visible(side == "left")
        spine.set_color(look.muted)
    _heading(ax, case, drawn, look)


def _break(ax: Axes, place: int, end: float, look: Theme) -> None:
    """Two slanted gaps where a bar goes on."""
    for shift in (0.80, 0.84):
        ax.plot(
            [end * shift, end * (shift + 0.035)], [place + 0.42, place - 0.42],
            color=look.background, linewidth=2.2, solid_capstyle="butt",
        )  # fmt: skip


def _heading(ax: Axes, case: Case, drawn: list[Bar], look: Theme) -> None:
    # From the names' left edge: the bars' names are part of the panel.
    def line(text: str, up: float, size: float, colour: str) -> None:
        ax.annotate(
            text, (0, 1), (-72 * NAMES, up), size=size, color=colour,
            xycoords="axes fraction", textcoords="offset points", annotation_clip=False,
        )  # fmt: skip

    line(TITLES[case["loss"]], 25, 11.5, look.text)
    ratio = min(b.seconds for b in drawn if not b.own) / min(b.seconds for b in drawn if b.own)
    if ratio >= 1.05:
        line(f"{ratio:.1f}{TIMES} as fast as the next", 10, 9.5, look.palette[0])
    elif ratio >= 0.95:
        line("as fast as the next", 10, 9.5, look.muted)
    else:
        line(f"{1 / ratio:.1f}{TIMES} the time of the fastest", 10, 9.5, look.muted)


def _words(
    fig: Figure, cases: list[Case], results: Results, run: dict[str, Any], look: Theme
) -> None:
    width, height = fig.get_size_inches()
    left = MARGIN / width
    fig.text(
        left, 1 - 0.4 / height, "Loss and gradient on the CPU, in milliseconds",
        size=15, color=look.text, va="center",
    )  # fmt: skip
    fig.text(left, 1 - 0.71 / height, _sizes(cases), size=10.5, color=look.muted, va="center")
    for line, text in enumerate(_small_print(results, run)):
        fig.text(
            left, (0.62 - 0.195 * line) / height, text, size=8.5, color=look.muted, va="center"
        )


def _sizes(cases: list[Case]) -> str:
    parts = []
    pointwise = {tuple(c["shape"]) for c in cases if len(c["shape"]) == 1}
    rowwise = {tuple(c["shape"]) for c in cases if len(c["shape"]) == 2}
    if pointwise:
        parts.append(" or ".join(f"{size_text(s)} elements" for s in sorted(pointwise)))
    if rowwise:
        shapes = " or ".join(f"{r:,} {TIMES} {c:,}".replace(",", THIN) for r, c in sorted(rowwise))
        parts.append(f"softmax: {shapes} logits")
    return (
        f"{cases[0]['dtype']}; "
        + "; ".join(parts)
        + ". Each panel has its own scale; shorter is better."
    )


def _small_print(results: Results, run: dict[str, Any]) -> list[str]:
    machine, threads = results["machine"], results["settings"]["threads"]
    versions: dict[str, str] = {}
    for library in run["libraries"].values():
        versions |= library.get("versions", {})
    versions.pop("kernels", None)
    named = ", ".join(f"{PROPER.get(k, k)} {v.split('+')[0]}" for k, v in versions.items())
    return [
        "Every library in its fastest form (torch.compile, jax.jit, XLA, buffers used again), warm "
        "and checked against float64. With out= losskit writes into a buffer of yours; headings "
        "compare its faster way.",
        f"{machine['cpu']}, {threads} thread{'s' if threads > 1 else ''}; "
        f"{ALLOCATORS[run['allocator']]}; medians of {results['settings']['rounds']} interleaved "
        f"rounds; {results['started'][:10]}.",
        f"{named}; Python {machine['python']}.",
    ]


def _milliseconds(seconds: float) -> str:
    ms = seconds * 1e3
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 1 else f"{ms:.2f}"
