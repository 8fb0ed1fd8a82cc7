"""The metric beside a loss, added up over blocks."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from losskit.core.definition import CARDS, find
from losskit.core.families import is_rowwise
from losskit.core.namespaces import Array
from losskit.metrics import METRICS, TURNED
from losskit.numpy import CLASSES, Loss


class RunningMetric:
    """The weighted mean of a card's metric over everything added."""

    def __init__(self, card: Any) -> None:
        self._card = card
        self._loss = _as_loss(card)
        self._options = _options(card)
        self._total = 0.0
        self._weight = 0.0

    def add(self, y: Array, p: Array, w: Array | None) -> None:
        """Take in a block that the loss has accepted."""
        if self._loss is not None:
            total, weight = self._loss.parts(y, p, w)
        else:
            w = self._without_ignored(y, w)
            # Up to a factor that is the same for all blocks: the items of a row.
            weight = float(len(p)) if w is None else float(w.sum(dtype=np.float64))
            total = weight * METRICS[self._card.metric](y, p, w, **self._options)
        self._total += total
        self._weight += weight

    def value(self) -> float:
        """The metric of everything added; NaN of nothing."""
        if self._weight == 0:
            return float("nan")
        if self._loss is None:
            return self._total / self._weight
        value = self._loss.combine(self._total, self._weight)
        return -value if self._card.metric in TURNED else value

    def _without_ignored(self, y: Array, w: Array | None) -> Array | None:
        ignored = self._card.ignored()
        if ignored is None:
            return w
        return np.where(y == ignored, 0.0, 1.0 if w is None else w)


def _as_loss(card: Any) -> Loss | None:
    """The metric as a loss, if it is one."""
    if card.metric not in CARDS:
        return None
    own = card.parameters() if card.metric == card.name else {}
    cls = CLASSES[find(card.metric).__name__]
    return cls(**own, reduction="mean_with_sample_weight")


def _options(card: Any) -> dict[str, Any]:
    if card.metric == "binary_accuracy":
        # A logit above 0 is a probability above one half.
        return {"threshold": 0.0 if getattr(card, "from_logits", False) else 0.5}
    if card.metric == "distance_accuracy":
        return {"threshold": card.margin}
    if card.metric == "label_error_rate":
        return {"blank": card.blank}
    along = "axis" in inspect.signature(METRICS[card.metric]).parameters
    return {"axis": card.axis} if along and is_rowwise(card) else {}
