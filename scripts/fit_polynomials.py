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
POINTS = 600
TOLERANCE = mp.mpf("1e-6")
mp.mp.prec = 160


@dataclass(frozen=True)
class Fit:
    """A polynomial p, such that weight(x) * (p(x) - target(x)) is least on low <= x <= high."""

    name: str
    type: str
    count: int  # of coefficients
    target: Callable[[mp.mpf], mp.mpf]
    weight: Callable[[mp.mpf], mp.mpf]
    low: mp.mpf
    high: mp.mpf


# expm1(r) = r + r^2 p(r), and exp(r) = 1 + r + r^2 p(r)
def exp_tail(type: str, count: int) -> Fit:
    # A little more than ln(2) / 2, for the rounding of x / ln(2).
    end = mp.log(2) / 2 * mp.mpf("1.0001")
    return Fit(
        "exp_tail",
        type,
        count,
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -end,
        end,
    )


# log(1 + f) = f - f^2 p(f)
def log_tail(type: str, count: int) -> Fit:
    return Fit(
        "log_tail",
        type,
        count,
        lambda f: (f - mp.log1p(f)) / f**2,
        lambda f: f**2 / mp.log1p(f),
        mp.sqrt(0.5) - 1,
        mp.sqrt(2) - 1,
    )


# 2 atanh(s) = 2 s + s z p(z), where z = s^2
def atanh_tail(type: str, count: int) -> Fit:
    def target(z: mp.mpf) -> mp.mpf:
        s = mp.sqrt(z)
        return 2 * (mp.atanh(s) / s - 1) / z

    end = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    return Fit(
        "atanh_tail",
        type,
        count,
        target,
        lambda z: z * mp.sqrt(z) / (2 * mp.atanh(mp.sqrt(z))),
        mp.mpf(0),
        end**2,
    )


FITS = (
    exp_tail("float", 5),
    exp_tail("double", 10),
    log_tail("float", 10),
    atanh_tail("double", 7),
)


def grid(fit: Fit) -> list[mp.mpf]:
    """Points that crowd at the ends, as the extremes of the error do; 0 itself is left out."""
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    points = (middle - half * mp.cos(mp.pi * i / POINTS) for i in range(POINTS + 1))
    return [x for x in points if abs(x) > half / 10**6]


def value(coefficients: list[mp.mpf], x: mp.mpf) -> mp.mpf:
    return mp.polyval(coefficients[::-1], x)


def remez(
    xs: list[mp.mpf], target: list[mp.mpf], weight: list[mp.mpf], count: int
) -> tuple[list[mp.mpf], mp.mpf]:
    """The best polynomial of `count` coefficients on the points xs, and its worst weighted error.

    The error is levelled at count + 1 points of alternating sign; then the point of the worst error
    takes the place of a neighbour of the same sign, until no error is above the level.
    """
    at = [round((len(xs) - 1) * i / count) for i in range(count + 1)]
    while True:
        rows = [[xs[k] ** j for j in range(count)] + [(-1) ** i / weight[k]]
                for i, k in enumerate(at)]  # fmt: skip
        solution = list(mp.lu_solve(mp.matrix(rows), mp.matrix([target[k] for k in at])))
        coefficients, level = solution[:count], abs(solution[count])
        errors = [w * (value(coefficients, x) - t) for x, t, w in zip(xs, target, weight)]  # noqa: B905
        new = max(range(len(xs)), key=lambda k: abs(errors[k]))
        if new in at or abs(errors[new]) <= level * (1 + TOLERANCE):
            return coefficients, abs(errors[new])
        after = next((i for i, k in enumerate(at) if k > new), len(at))
        near = min(after, count)
        if (errors[at[near]] > 0) == (errors[new] > 0):
            at[near] = new
        elif 0 < after <= count:
            at[after - 1] = new
        else:  # beyond the ends, where the sign alternates on: the far end leaves
            at = [new, *at[:-1]] if after == 0 else [*at[1:], new]


def rounded(x: mp.mpf, type: str) -> mp.mpf:
    if type == "double":
        return mp.mpf(float(x))
    return mp.mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def fitted(fit: Fit) -> tuple[list[mp.mpf], mp.mpf]:
    """Coefficients of the target type, from the lowest, and the worst error."""
    xs = grid(fit)
    target, weight = [fit.target(x) for x in xs], [abs(fit.weight(x)) for x in xs]
    rest, scale, found = target, weight, []
    for left in range(fit.count, 0, -1):
        free, _ = remez(xs, rest, scale, left)
        found.append(rounded(free[0], fit.type))
        # What is left to the higher powers: (rest - found) / x, which counts x times as much.
        rest = [(t - found[-1]) / x for t, x in zip(rest, xs)]  # noqa: B905
        scale = [w * abs(x) for w, x in zip(scale, xs)]  # noqa: B905
    worst = max(w * abs(value(found, x) - t) for x, t, w in zip(xs, target, weight))  # noqa: B905
    return found, worst


def literal(x: mp.mpf, type: str) -> str:
    """Hexadecimal, which is exact."""
    mantissa, exponent = float(x).hex().split("p")
    return f"{mantissa.rstrip('0')}p{exponent}" + ("f" if type == "float" else "")


def text(fit: Fit) -> str:
    coefficients, worst = fitted(fit)
    lines, line = [], "   "
    for item in (literal(c, fit.type) + "," for c in coefficients):
        if len(line) + 1 + len(item) > 100:
            lines.append(line)
            line = "   "
        line += " " + item
    body = "\n".join([*lines, line]).rstrip(",")
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
