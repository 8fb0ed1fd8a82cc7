"""Loss calls with a fault, each beside a near miss that has none: what checks must tell apart.

A file per family of findings; `tests/test_checks.py` runs them, `docs/check.md` shows the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Make = Callable[[], tuple[Any, ...]]
"""Gives (loss, y_true, y_pred) or (loss, y_true, y_pred, options of `losskit.check`)."""


@dataclass(frozen=True)
class Case:
    """One fault in one library's form."""

    code: str
    library: str
    """"keras", "torch", "optax" or "losskit"."""
    what: str
    """The loss, in a word or two."""
    fault: Make
    near: Make
    """The same call without the fault."""
    says: str
    """What the finding must say, literally: a part of its sentence with the numbers."""


CASES: list[Case] = []


def case(code: str, library: str, what: str, *, fault: Make, near: Make, says: str) -> None:
    """Add one."""
    CASES.append(Case(code, library, what, fault, near, says))


from gallery import (  # noqa: E402, F401
    baselines,
    gradients,
    predictions,
    reductions,
    shapes,
    special,
    targets,
)
