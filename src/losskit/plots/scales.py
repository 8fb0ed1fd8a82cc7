"""Which part of the vertical range to show, and when it wants a logarithm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losskit.core.namespaces import Array
from losskit.plots.curves import Curve

POLE_MARGIN = 0.04
"""Share of the range next to a pole that does not count for the limits."""
FLATTENED = 30.0
"""Where one loss is this many times as large as another, the smaller would look flat."""


def limits(sides: Sequence[tuple[Array, Curve]]) -> tuple[float, float]:
    """The vertical range of several lines, as if poles ended a little before they do."""
    low, high = 0.0, 0.0
    for y, curve in sides:
        counted = _counted(y, curve)
        low = min(low, float(y[counted].min()))
        high = max(high, float(y[counted].max()))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def flattens(values: Sequence[Array], drawn: Sequence[Curve]) -> bool:
    """Whether the largest of the lines would flatten the smallest on a linear axis."""
    tops = [
        float(np.abs(y[_counted(y, curve)]).max()) for y, curve in zip(values, drawn, strict=True)
    ]
    return min(tops) > 0 and max(tops) / min(tops) > FLATTENED


def _counted(y: Array, curve: Curve) -> Array:
    """The points that are finite and not next to a pole."""
    counted = np.isfinite(y)
    for pole in curve.poles:
        counted &= np.abs(curve.x - pole) > POLE_MARGIN * (curve.x[-1] - curve.x[0])
    return counted
