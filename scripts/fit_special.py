"""Fit the polynomials of src/losskit/core/special.py.

python scripts/fit_special.py             # print them as they stand in the file
python scripts/fit_special.py --check     # fail if the file has others

Each interpolates at Chebyshev's points, which is within a few times of the least worst error, in a
variable that runs from -1 to 1, where Horner's rule loses nothing. Needs mpmath.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import mpmath as mp

FILE = Path(__file__).parents[1] / "src" / "losskit" / "core" / "special.py"
mp.mp.dps = 60

Function = Callable[[mp.mpf], mp.mpf]


def log_gamma(t: mp.mpf) -> mp.mpf:
    """log(gamma(2 + v)) / v, v = t / 2."""
    v = t / 2
    return mp.loggamma(2 + v) / v if v else mp.digamma(2)


def digamma(t: mp.mpf) -> mp.mpf:
    """digamma(x) / (x - its root), x = 3/2 + t / 2."""
    x = mp.mpf(3) / 2 + t / 2
    return mp.digamma(x) / (x - ROOT) if x != ROOT else mp.psi(1, x)


def erfcx(t: mp.mpf) -> mp.mpf:
    """(1 + 2 z) exp(z^2) erfc(z), z = 4 (1 + t) / (1 - t)."""
    if t == 1:
        return 2 / mp.sqrt(mp.pi)
    z = 4 * (1 + t) / (1 - t)
    return (1 + 2 * z) * mp.exp(z * z) * mp.erfc(z)


def bessel_small(order: int) -> Function:
    """exp(-x) I(x) / x^order, x = 4 + 4 t."""

    def function(t: mp.mpf) -> mp.mpf:
        x = 4 + 4 * t
        return mp.exp(-x) * (mp.besseli(order, x) / x**order if x else mp.mpf(1) / 2**order)

    return function


def bessel_large(order: int) -> Function:
    """exp(-x) I(x) sqrt(x), x = 16 / (1 + t)."""

    def function(t: mp.mpf) -> mp.mpf:
        if t == -1:
            return 1 / mp.sqrt(2 * mp.pi)
        x = 16 / (1 + t)
        return mp.exp(-x) * mp.besseli(order, x) * mp.sqrt(x)

    return function


ROOT = mp.findroot(mp.digamma, mp.mpf("1.4616"))

FITS: dict[str, tuple[Function, int]] = {
    "LOG_GAMMA": (log_gamma, 18),
    "DIGAMMA": (digamma, 22),
    "ERFCX": (erfcx, 25),
    "I0_SMALL": (bessel_small(0), 30),
    "I0_LARGE": (bessel_large(0), 24),
    "I1_SMALL": (bessel_small(1), 30),
    "I1_LARGE": (bessel_large(1), 24),
}


def fitted(function: Function, count: int) -> list[float]:
    """The coefficients, from the lowest, of the polynomial through Chebyshev's points."""
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * count)) for k in range(count)]
    values = [function(x) for x in nodes]
    series = [
        2
        * sum(y * mp.cos(mp.pi * j * (2 * k + 1) / (2 * count)) for k, y in enumerate(values))
        / count
        for j in range(count)
    ]
    series[0] /= 2
    # Chebyshev's polynomials as powers.
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    powers = [mp.mpf(0)] * count
    for j, c in enumerate(series):
        of = before if j == 0 else now
        for i, a in enumerate(of):
            powers[i] += c * a
        if j > 0:
            nxt = [mp.mpf(0), *(2 * a for a in now)]
            for i, a in enumerate(before):
                nxt[i] -= a
            before, now = now, nxt
    return [float(p) for p in powers]


def text(name: str, coefficients: list[float]) -> str:
    """As the file has it."""
    lines = [f"{name} = ("]
    lines += [f"    {c!r}," for c in coefficients]
    return "\n".join([*lines, ")"]) + "\n"


def main() -> int:
    wanted = {name: text(name, fitted(*fit)) for name, fit in FITS.items()}
    if "--check" in sys.argv:
        has = FILE.read_text()
        missing = [name for name, lines in wanted.items() if lines not in has]
        print(f"Other polynomials: {', '.join(missing)}" if missing else "The file has them.")
        return bool(missing)
    print("\n".join(wanted.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
