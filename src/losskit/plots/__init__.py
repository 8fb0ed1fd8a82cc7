"""Pictures of losses and their gradients, with matplotlib (``pip install "losskit[plot]"``).

`curves` computes, the others draw: `plot` one loss, `compare` several on one pair of axes, `figure`
a whole figure, loss beside gradient. matplotlib is loaded by the first drawing.
"""

from losskit.plots.curves import Curve, Mark, curves
from losskit.plots.drawing import compare, figure, plot
from losskit.plots.looks import DPI
from losskit.plots.themes import THEMES, Theme

__all__ = ["DPI", "THEMES", "Curve", "Mark", "Theme", "compare", "curves", "figure", "plot"]
