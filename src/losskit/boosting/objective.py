"""What the three libraries' objectives and metrics have in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.boosting import cards, curvature, evaluate
from losskit.boosting.report import Reports
from losskit.core import constants
from losskit.core.definition import made
from losskit.core.families import Pointwise
from losskit.core.namespaces import Array
from losskit.numpy import Loss

FAR = 15.0
"""How far from 0 a raw score under a link starts, where the best one is infinite."""
STEP = math.exp(0.7)
"""By which XGBoost and LightGBM multiply a Poisson likelihood's curvature (max_delta_step)."""


class Objective:
    """A loss as a boosting library calls it; picklable.

    Args:
        loss: a name or a loss object.
        hessian: see `losskit.boosting.xgboost`.
        **parameters: of the loss.
    """

    library: str
    near: float = 0.5
    """How near the target, in typical residuals, slope / residual is rounded off: measured, on
    held-out rows against the library's own losses with its usual regularisation."""
    canonical: float = 1.0
    """The library's own factor of the curvature of a likelihood by a rate's logarithm."""

    def __init__(self, loss: Any, *, hessian: Any = "auto", **parameters: Any) -> None:
        self.loss: Loss = cards.raw(loss, parameters, self.library)
        self.card: Any = self.loss.card
        self.hessian = curvature.check(hessian)
        self.__name__ = self.card.name
        self.raw_start: Any = None
        """The raw score to start from, once `start` was called: a number, or one for each class."""
        self.size: tuple[float, float] | None = None
        self.metric = self._make_metric()
        self._reports = Reports(f"boosting.{self.library.lower()}({self.card.name!r})")
        self._kept = evaluate.Kept()
        self._labels = Labels(self.card)
        self._bent: dict[Any, Any] = {}
        self._is_canonical = curvature.canonical_log(self.card)

    # --- before the training

    def start(self, y: Any, weight: Any = None, *, classes: int = 0) -> Any:
        """The raw score that is best where it is the same for all rows; kept for `params`.

        Args:
            y: targets of the training rows.
            weight: of the rows.
            classes: how many there are, for labels; 0: as many as these name.

        Returns:
            A number; of a loss of classes an array, one for each.

        Raises:
            ValueError: a target is out of its domain.
        """
        y = np.asarray(y).reshape(-1)
        w = None if weight is None else np.asarray(weight, np.float64).reshape(-1)
        if w is not None and not np.sum(w) > 0:
            raise ValueError(f"weight must sum to more than 0, got {np.sum(w)!r}.")
        if isinstance(self.card, Pointwise):
            y = y.astype(np.float64, copy=False)
            probe = np.full(y.shape, 0.5)
        else:
            y = Labels.whole(y, w)
            count = classes or 1 + int((y if w is None else y[w > 0]).max(initial=0))
            probe = np.zeros((y.size, count))
        evaluate.value(self._along(-1), y, probe, w)  # raises where a target cannot be
        if w is not None:
            y, w = y[w > 0], w[w > 0]
        best = self.card.best_constant(y, w, classes)
        best = np.zeros(probe.shape[1:]) if best is None else np.asarray(best, np.float64)
        if self.card.link != "identity":
            best = np.clip(best, -FAR, FAR)
        if self.card.link == "softmax":
            best = best - best.mean()  # as XGBoost has it: only differences count
        self.raw_start = best.tolist() if best.ndim == 0 else best
        if isinstance(self.card, Pointwise):
            self.size = curvature.typical(y, w, float(best))
        return self.raw_start

    def predict(self, raw: Any) -> Array:
        """What the loss judges, from raw scores as the library predicts them: the link's inverse.

        A sigmoid's probability, a softmax's (rows, classes), the exponential of a rate's logarithm;
        of a loss without a link the score itself.
        """
        raw = np.asarray(raw)
        z = np.asarray(raw, np.float64)
        if self.card.link == "softmax":
            return constants.M.exp(z - _log_sum(z))
        if self.card.link == "logit":
            return np.asarray(constants.M.sigmoid(z))
        return np.exp(z) if self.card.link == "log" else z

    def params(self) -> dict[str, Any]:
        """What the library's parameters must say beside this objective."""
        raise NotImplementedError

    # --- in the training

    def _make_metric(self) -> Any:
        raise NotImplementedError

    def _slopes(self, y: Array, p: Array, weight: Array | None, dtype: Any) -> tuple[Array, Array]:
        """Weighted slope and curvature of all rows, in the shape and the order of ``p``."""
        self._check_start()
        laid, axis = self._arranged(p)
        y = self._labels.read(y, weight)
        card, scale = self._curved(y, laid, axis)
        slope, curve = self._kept.pair(laid.shape, dtype)
        evaluate.slopes(card, y, laid, weight, scale, slope, curve)
        self._reports.frozen(laid, slope)
        if laid.ndim > 1 and axis == 0:
            slope, curve = slope.T, curve.T
        if not self._reports.curvature(slope, curve, weight, self.hessian):
            curvature.raise_to_floor(curve, weight)
        return slope.reshape(p.shape), curve.reshape(p.shape)

    def _value(self, y: Array, p: Array, weight: Array | None) -> tuple[float, float]:
        """(sum of the weighted items, sum of the weights)."""
        laid, axis = self._arranged(p)
        if not isinstance(self.card, Pointwise):
            y = Labels.whole(y, weight)
        return evaluate.value(self._along(axis), y, laid, weight)

    def _check_start(self) -> None:
        if self.raw_start is None:
            self._reports.say("start", NO_START)

    def _arranged(self, p: Array) -> tuple[Array, int]:
        """Raw scores as they lie in memory, and the axis of the classes."""
        if isinstance(self.card, Pointwise):
            return p.reshape(-1), -1
        if p.ndim != 2:
            raise ValueError(
                f"{self.library} gave raw scores of the shape {p.shape}, expected (rows, classes) "
                f"for {self.card.name}. Set num_class in its parameters."
            )
        return (p, -1) if p.flags.c_contiguous else (p.T, 0)

    def _along(self, axis: int) -> Any:
        """The card with its classes along that axis."""
        if isinstance(self.card, Pointwise) or self.card.axis == axis:
            return self.card
        return made(type(self.card), {**self.card.parameters(), "axis": axis})

    def _curved(self, y: Array, laid: Array, axis: int) -> tuple[Any, float]:
        """The card with the curvature that was chosen, and what all is multiplied by."""
        card = self._along(axis)
        if isinstance(self.card, Pointwise):
            factor = self.canonical if self._is_canonical else 1.0
            size = self._sized(y)
        else:
            factor, size = self._softmax_factor(laid.shape[axis]), (1.0, 1.0)
        if self.hessian != "auto":
            factor = 1.0
        if curvature.own(self.card, self.hessian) and factor == 1.0:
            return card, curvature.scale(self.card, self.hessian, size[0])
        key = (axis, factor, size)
        if key not in self._bent:
            least = max(curvature.least(self.card, size[0], self.near), size[1])
            own = curvature.bent(card, self.hessian, least, factor)
            self._bent = {key: (own, curvature.scale(self.card, self.hessian, size[0]))}
        found: tuple[Any, float] = self._bent[key]
        return found

    def _sized(self, y: Array) -> tuple[float, float]:
        """The typical residual, and what is rounding: those of `start`, or of these targets."""
        if self.size is not None:
            return self.size
        if curvature.smooth(self.card) or isinstance(self.hessian, float):
            return 1.0, 1.0
        if not self._labels.same(y):
            counted = y[np.isfinite(y)]
            middle = float(np.median(counted)) if counted.size else 0.0
            self._labels.size = curvature.typical(counted, None, middle)
        return self._labels.size

    def _softmax_factor(self, classes: int) -> float:
        """The library's own factor of p (1 - p)."""
        return 1.0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bent": {}}

    def __repr__(self) -> str:
        given = [repr(self.card.name), *(f"{k}={v!r}" for k, v in self.card.parameters().items())]
        return f"boosting.{self.library.lower()}({', '.join(given)}, hessian={self.hessian!r})"


NO_START = (
    "no start was set, so that the first rounds are spent on the mean alone, expected "
    "objective.start(y_train, weight) before the training. Call it, then give its params() to the "
    "library."
)


class Metric:
    """A loss on raw scores as a library's metric: the less the better, weighted."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.__name__ = objective.card.name

    def _mean(self, y: Any, p: Any, weight: Any) -> float:
        total, count = self.objective._value(np.asarray(y), np.asarray(p), weight)
        return total / count if count else float("nan")


def _log_sum(z: Array) -> Array:
    top = z.max(-1, keepdims=True)
    return top + np.log(np.exp(z - top).sum(-1, keepdims=True))


class Labels:
    """Targets as the card reads them; what is made of them is kept while they stay equal."""

    def __init__(self, card: Any) -> None:
        self.card = card
        self.given: Array | None = None
        self.made: Any = None
        self.size = (1.0, 1.0)

    def read(self, y: Array, weight: Array | None) -> Array:
        """Targets of numbers as they are, class numbers whole."""
        if isinstance(self.card, Pointwise):
            return y
        if not self.same(y):
            self.made = self.whole(y, weight)
        return self.made

    def same(self, y: Array) -> bool:
        """Whether these are the targets of the last call."""
        if self.given is not None and np.array_equal(self.given, y):
            return True
        self.given = np.array(y)
        return False

    @staticmethod
    def whole(y: Array, weight: Array | None) -> Array:
        """Class numbers as integers.

        Raises:
            ValueError: one is not whole, in a row that counts.
        """
        if y.dtype.kind in "iub":
            return y.astype(np.int32)
        bad = ~np.isfinite(y) | (y != np.floor(y))
        wrong = bad if weight is None else bad & (weight > 0)
        if wrong.any():
            i = int(wrong.argmax())
            raise ValueError(
                f"y must hold class numbers 0, 1, 2, ..., got {y[i]:g} in row {i}. Drop the row, "
                "or give it the weight 0."
            )
        return np.where(bad, 0, y).astype(np.int32)

    def __getstate__(self) -> dict[str, Any]:
        return {"card": self.card, "given": None, "made": None, "size": self.size}
