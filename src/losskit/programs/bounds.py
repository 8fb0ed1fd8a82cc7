"""Interval arithmetic for `text`: between which numbers a result lies, NaN aside."""

from __future__ import annotations

import math
from typing import Any

from losskit.core.namespaces import PRECISIONS

INF = math.inf
Bounds = tuple[float, float]

NARROWEST = max(precision.eps for precision in PRECISIONS.values())
CONSTANTS = ("tiny", "floor", "complement_floor", "slack")
"""What depends on a dtype alone, and lies above 0."""


def of_domain(domain: Any) -> Bounds:
    """The bounds of what a domain lets through."""
    if domain.values:
        return min(domain.values), max(domain.values)
    return domain.ends(NARROWEST)  # type: ignore[no-any-return]


def of(op: str, args: tuple[Any, ...]) -> Bounds:
    """The bounds of an operation's result from those of its arguments.

    What is not listed may be anything; to be so careful costs speed, never exactness.
    """
    if op == "number":
        # NaN lies between no numbers at all.
        return (INF, -INF) if math.isnan(args[0]) else (args[0], args[0])
    if op in CONSTANTS:
        return math.ulp(0.0), 1.0
    known = [(a.low, a.high) for a in args if hasattr(a, "low")]
    low, high = _RULES[op](args, *known) if op in _RULES else (-INF, INF)
    return (-INF if math.isnan(low) else low), (INF if math.isnan(high) else high)


def _product(args: Any, a: Bounds, b: Bounds) -> Bounds:
    # 0 * inf is NaN, which bounds leave aside: its limit is 0.
    products = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    if args[0] is args[1]:
        return (0.0 if a[0] <= 0 <= a[1] else min(products)), max(products)
    return min(products), max(products)


def _difference(args: Any, a: Bounds, b: Bounds) -> Bounds:
    if getattr(args[1], "op", "") == "max" and args[1].args[0] is args[0]:
        return -INF, 0.0  # how far a number lies below the largest of its row
    return a[0] - b[1], a[1] - b[0]


def _quotient(args: Any, a: Bounds, b: Bounds) -> Bounds:
    if b[0] <= 0:
        return -INF, INF
    return _product((None, 0), a, (1.0 / b[1], 1.0 / b[0]))


def _absolute(_: Any, a: Bounds) -> Bounds:
    return max(a[0], -a[1], 0.0), max(-a[0], a[1])


def _either(_: Any, condition: Any, yes: Bounds, no: Bounds) -> Bounds:
    return min(yes[0], no[0]), max(yes[1], no[1])


_RULES: dict[str, Any] = {
    "+": lambda _, a, b: (a[0] + b[0], a[1] + b[1]),
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "sum": lambda _, a: (0.0 if a[0] >= 0 else -INF, INF),
    "max": lambda _, a: a,
    "pick": lambda _, a, *b: a,
    "length": lambda _: (1.0, INF),
    "power_positive": lambda _, *a: (0.0, INF),
    "negative": lambda _, a: (-a[1], -a[0]),
    "absolute": _absolute,
    "exp": lambda _, a: (0.0, INF),
    "exp_negative": lambda _, a: (0.0, 1.0),
    "expm1": lambda _, a: (-1.0, INF),
    "expm1_negative": lambda _, a: (-1.0, 0.0),
    "tanh": lambda _, a: (-1.0, 1.0),
    "sign": lambda _, a: (-1.0, 1.0),
    "square_root": lambda _, a: (0.0, INF),
    "maximum": lambda _, a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "at_least": lambda _, a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda _, a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "at_most": lambda _, a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "select": _either,
    "where": lambda _, condition, x: (min(x[0], 0.0), max(x[1], 0.0)),
}
