"""Colours and line styles: distinct for the colour-blind, and distinct in black and white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Theme:
    """The colours of one picture."""

    background: str
    text: str
    muted: str
    grid: str
    palette: tuple[str, ...]
    """Line colours after Okabe and Ito (2008), those of too little contrast left out."""


THEMES = {
    "light": Theme(
        background="#ffffff",
        text="#1b1f24",
        muted="#59636e",
        grid="#e4e8ec",
        palette=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#1b1f24", "#e69f00", "#56b4e9"),
    ),
    "dark": Theme(
        background="#0f141a",
        text="#e8edf2",
        muted="#9aa7b4",
        grid="#252d36",
        palette=("#56b4e9", "#ff8c42", "#2fc79a", "#f0a3cf", "#f0e442", "#e69f00", "#e8edf2"),
    ),
}

DASHES: tuple[Any, ...] = (
    "solid",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (7, 1.6, 1.2, 1.6)),
    (0, (3, 1.2, 1.2, 1.2, 1.2, 1.2)),
)


def theme_named(theme: str | Theme) -> Theme:
    """The theme of that name.

    Raises:
        ValueError: no such theme.
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(map(repr, THEMES))}, got {theme!r}.")
    return THEMES[theme]


def line_style(theme: Theme, index: int) -> dict[str, Any]:
    """Colour and dashes of the line of that number; no two of the first 35 are alike."""
    return {
        "color": theme.palette[index % len(theme.palette)],
        "linestyle": DASHES[index % len(DASHES)],
        "linewidth": 2.2,
    }
