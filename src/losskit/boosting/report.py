"""What is said of a training that goes nowhere: no curvature, trees that change nothing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from losskit.boosting.curvature import FLOOR
from losskit.core.namespaces import Array


class BoostingWarning(UserWarning):
    """Something by which trees stop growing, or grow wrong, without a message of their own."""


TELLING = 1e-8
"""A slope below this times the largest moves no leaf, whatever the curvature."""
SAMPLE = 1024


class Reports:
    """What has been said already, and what the last round looked like; picklable."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.said: set[str] = set()
        self.last: tuple[int, Array] | None = None
        self.still = 0

    def say(self, what: str, text: str) -> None:
        """Warn, once of each."""
        if what not in self.said:
            self.said.add(what)
            warnings.warn(f"{self.who}: {text}", BoostingWarning, stacklevel=2)

    def curvature(self, slope: Array, curve: Array, weight: Array | None, hessian: Any) -> bool:
        """Look for curvature that is NaN, or no more than the floor where the slope is not 0.

        Args:
            slope, curve: weighted, rows along the first axis.
            weight: of the rows.
            hessian: how it was chosen.

        Returns:
            Whether all of it is above the floor.
        """
        least = float(curve.min(initial=np.inf))
        if least > 2.0 * FLOOR:
            return True
        size = np.abs(slope)
        if np.isnan(least):
            bad = np.isnan(curve) | np.isnan(slope)
            self.say(
                "nan",
                f"the Hessian or the gradient is NaN for {_share(bad)} of the rows, expected "
                "numbers > 0: the trees stop growing. Look for raw scores that are NaN or "
                "infinite: a learning rate too high, or a loss without bounds on outliers.",
            )
            return False
        by_row: Any = 1.0
        if weight is not None:
            by_row = weight.reshape((-1,) + (1,) * (curve.ndim - 1))
        low = (curve <= 2.0 * FLOOR * by_row) & (size > TELLING * float(size.max(initial=0.0)))
        if weight is not None:
            low &= by_row > 0
        if not low.any():
            return False
        choice = f"hessian={hessian!r}"
        advice = (
            "Use hessian='auto', which takes slope / residual there, or a number"
            if hessian == "true"
            else "Use hessian='majorizer' or a number"
        )
        self.say(
            "floor",
            f"with {choice} the Hessian is 0 or negative for {_share(low)} of the rows, where the "
            f"gradient is not 0, expected > 0: it is raised to {FLOOR:g}, and a leaf of such rows "
            f"has no sensible length to step. {advice}.",
        )
        return False

    def frozen(self, p: Array, slope: Array) -> None:
        """Look whether the last trees left the raw scores as they were.

        Two of them: a training of one round may be made again.
        """
        flat, key = p.reshape(-1), p.size
        seen = flat[:: max(1, flat.size // SAMPLE)].copy()
        same = self.last is not None and self.last[0] == key
        if same and self.last is not None and np.array_equal(self.last[1], seen):
            self.still += 1
            if self.still > 1 and bool(np.any(slope)):
                self.say(
                    "frozen",
                    "the last two trees changed no raw score though gradients are not 0, expected "
                    "trees that do: no split was worth it. Lower min_child_weight (XGBoost), "
                    "min_sum_hessian_in_leaf (LightGBM) or the regularisation, or stop here.",
                )
        else:
            self.still = 0
        self.last = (key, seen)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "last": None}


def _share(where: Array) -> str:
    count = int(np.count_nonzero(where.any(-1) if where.ndim > 1 else where))
    return f"{count} of {len(where)} ({count / max(len(where), 1):.1%})"
