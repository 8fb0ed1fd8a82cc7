"""Fit the polynomials of csrc/vocabulary.hpp.

python scripts/fit_polynomials.py             # print them as they stand in the header
python scripts/fit_polynomials.py --check     # fail if the header has others

Each is the polynomial of least worst relative error (Remez exchange), with coefficients that are
numbers of the target type: they are rounded one by one from the lowest, and after each the rest is
fitted anew, so that it takes up what rounding did. Needs mpmath.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp

HEADER = Path(__file__).parents[1] / "csrc" / "vocabulary.hpp"
POINTS = 400
TOLERANCE = mp.mpf("1e-6")
mp.mp.prec = 160

Function = Callable[[mp.mpf], mp.mpf]


@dataclass(frozen=True)
class Fit:
    """A polynomial p, such that weight(x) * (p(x) - target(x)) is least on low <= x <= high."""

    name: str
    type: str
    count: int  # of coefficients
    target: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf


def exp_tail(type: str, count: int) -> Fit:
    """expm1(r) = r + r^2 p(r), and exp(r) = 1 + r + r^2 p(r)."""

    def target(r: mp.mpf) -> mp.mpf:
        return (mp.expm1(r) - r) / r**2

    # A little more than ln(2) / 2, for the rounding of x / ln(2).
    end = mp.log(2) / 2 * mp.mpf("1.0001")
    return Fit("exp_tail", type, count, target, lambda r: r**2 / mp.expm1(r), -end, end)


def log_tail(type: str, count: int) -> Fit:
    """log(1 + f) = f - f^2 p(f) for 1 + f from sqrt(1/2) to sqrt(2)."""

    def target(f: mp.mpf) -> mp.mpf:
        return (f - mp.log1p(f)) / f**2

    low, high = mp.sqrt(0.5) - 1, mp.sqrt(2) - 1
    return Fit("log_tail", type, count, target, lambda f: f**2 / mp.log1p(f), low, high)


def log1p_tail(type: str, count: int) -> Fit:
    """log(1 + x) = x - x^2 p(x - 1/2) for x from 0 to 1."""
    half = mp.mpf(1) / 2

    def target(t: mp.mpf) -> mp.mpf:
        x = t + half
        return (x - mp.log1p(x)) / x**2

    def weight(t: mp.mpf) -> mp.mpf:
        return (t + half) ** 2 / mp.log1p(t + half)

    return Fit("log1p_tail", type, count, target, weight, mp.mpf("1e-9") - half, half)


def odd_tail(name: str, type: str, count: int, function: Function, by: int, end: mp.mpf) -> Fit:
    """function(x) = by x + x z p(z), z = x^2, for x up to the end."""

    def target(z: mp.mpf) -> mp.mpf:
        x = mp.sqrt(z)
        return (function(x) / x - by) / z

    def weight(z: mp.mpf) -> mp.mpf:
        x = mp.sqrt(z)
        return x * z / function(x)

    return Fit(name, type, count, target, weight, mp.mpf(0), end**2)


def atanh_tail(type: str, count: int) -> Fit:
    """2 atanh(s) = log(1 + f), s = f / (2 + f), for the f of log_tail."""
    end = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    return odd_tail("atanh_tail", type, count, lambda s: 2 * mp.atanh(s), 2, end)


def tanh_tail(type: str, count: int) -> Fit:
    """tanh(x), until it has passed 1/2."""
    return odd_tail("tanh_tail", type, count, mp.tanh, 1, mp.mpf("0.55"))


FITS = (
    exp_tail("float", 5),
    exp_tail("double", 10),
    log_tail("float", 8),
    log1p_tail("float", 9),
    atanh_tail("double", 7),
    tanh_tail("float", 5),
    tanh_tail("double", 11),
)


@dataclass
class Point:
    x: mp.mpf
    target: mp.mpf
    weight: mp.mpf

    def error(self, coefficients: list[mp.mpf]) -> mp.mpf:
        return self.weight * (mp.polyval(coefficients[::-1], self.x) - self.target)


def points(fit: Fit) -> list[Point]:
    """They crowd at the ends, as the extremes of the error do; 0 and its like are left out."""
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    xs = (middle - half * mp.cos(mp.pi * i / POINTS) for i in range(POINTS + 1))
    return [Point(x, fit.target(x), abs(fit.weight(x))) for x in xs if abs(x) > half / 1000]


def remez(on: list[Point], count: int) -> list[mp.mpf]:
    """The coefficients, `count` of them, whose worst error on the points is least.

    The error is levelled at count + 1 points of alternating sign; then the point of the worst error
    takes the place of a neighbour of the same sign, until no error is above the level.
    """
    at = [round((len(on) - 1) * i / count) for i in range(count + 1)]
    while True:
        rows = [
            [on[k].weight * on[k].x ** j for j in range(count)] + [(-1) ** i]
            for i, k in enumerate(at)
        ]
        levelled = mp.matrix([on[k].weight * on[k].target for k in at])
        *coefficients, level = mp.lu_solve(mp.matrix(rows), levelled)
        errors = [p.error(coefficients) for p in on]
        new = max(range(len(on)), key=lambda k: abs(errors[k]))
        if new in at or abs(errors[new]) <= abs(level) * (1 + TOLERANCE):
            return coefficients
        after = next((i for i, k in enumerate(at) if k > new), len(at))
        near = min(after, count)
        if (errors[at[near]] > 0) == (errors[new] > 0):
            at[near] = new
        elif 0 < after <= count:
            at[after - 1] = new
        else:  # beyond the ends, where the sign alternates on: the far end leaves
            at = [new, *at[:-1]] if after == 0 else [*at[1:], new]


def rounded(x: mp.mpf, type: str) -> mp.mpf:
    code = "f" if type == "float" else "d"
    return mp.mpf(struct.unpack(code, struct.pack(code, float(x)))[0])


def fitted(fit: Fit) -> tuple[list[mp.mpf], mp.mpf]:
    """Coefficients of the target type, from the lowest, and the worst error."""
    on, rest, found = points(fit), points(fit), []
    for left in range(fit.count, 0, -1):
        found.append(rounded(remez(rest, left)[0], fit.type))
        # What is left to the higher powers: (target - found) / x, which counts x times as much.
        rest = [Point(p.x, (p.target - found[-1]) / p.x, p.weight * abs(p.x)) for p in rest]
    return found, max(abs(p.error(found)) for p in on)


def literal(x: mp.mpf, type: str) -> str:
    """Hexadecimal, which is exact."""
    mantissa, exponent = float(x).hex().split("p")
    return mantissa.rstrip("0").rstrip(".") + "p" + exponent + ("f" if type == "float" else "")


def text(fit: Fit) -> str:
    coefficients, worst = fitted(fit)
    lines = ["   "]
    for item in (literal(c, fit.type) + "," for c in coefficients):
        if len(lines[-1]) + 1 + len(item) > 98:
            lines.append("   ")
        lines[-1] += " " + item
    body = "\n".join(lines).rstrip(",")
    return (
        f"// worst relative error 2^{mp.nstr(mp.log(worst, 2), 4)}\n"
        f"inline constexpr {fit.type} {fit.name}_{fit.type}[] = {{\n{body}}};\n"
    )


def main() -> int:
    fits = [text(fit) for fit in FITS]
    if "--check" not in sys.argv[1:]:
        print("\n".join(fits))
        return 0
    header = HEADER.read_text(encoding="utf-8")
    stale = [fit for fit in fits if fit not in header]
    if stale:
        print("Not in", HEADER, "\n" + "\n".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
