"""Losses of one's own, made at run time, beside loops for them in C++ (-O3 -march=native).

`python -m benchmarks.own_loss` compiles the loops with the C++ compiler of the machine, holds their
results against losskit's, and times both in turns in one thread: value and gradient of a mean.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import losskit
import losskit.native

LOSSES: dict[str, tuple[Any, str]] = {
    "cauchy": (
        lambda m, y, p, scale=1.0: m.log1p(m.square((p - y) / scale)),
        "const T d = (p - y) / s, q = d * d; v = std::log1p(q); g = 2 * d / (s * (1 + q));",
    ),
    "charbonnier": (
        lambda m, y, p, scale=1.0: m.sqrt(m.square(p - y) + scale),
        "const T d = p - y; v = std::sqrt(d * d + s); g = d / v;",
    ),
    "asymmetric": (
        lambda m, y, p, scale=1.0: m.where(p > y, scale, 1.0) * m.square(p - y),
        "const T d = p - y, w = p > y ? s : T(1); v = w * d * d; g = 2 * w * d;",
    ),
    "choice": (
        lambda m, y, p, scale=1.0: m.where(
            m.abs(p - y) <= scale, 0.5 * m.square(p - y), scale * (m.abs(p - y) - 0.5 * scale)
        ),
        "const T d = p - y, a = std::abs(d); v = a <= s ? d * d / 2 : s * (a - s / 2); "
        "g = a <= s ? d : std::copysign(s, d);",
    ),
    "linex": (
        lambda m, y, p, scale=1.0: m.expm1(scale * (p - y)) - scale * (p - y),
        "const T d = s * (p - y); v = std::expm1(d) - d; g = s * v + s * d;",
    ),
}
"""A formula, and the body of the loop: value v and gradient g from y, p and the scale s."""

_LOOP = """
#include <cmath>
using T = {type};
extern "C" double {name}(const T* ys, const T* ps, long n, T s, T* gs) {{
  double sum = 0;
  for (long i = 0; i < n; ++i) {{
    const T y = ys[i], p = ps[i];
    T v, g;
    {body}
    sum += v;
    gs[i] = g / n;
  }}
  return sum / n;
}}
"""


def compiled(name: str, body: str, kind: str, folder: Path) -> Any:
    """The loop as a function of the library that it is compiled to."""
    source, made = folder / f"{name}_{kind}.cpp", folder / f"{name}_{kind}.so"
    source.write_text(_LOOP.format(type=kind, name=name, body=body))
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise SystemExit("There is no C++ compiler (g++, clang++): set CXX to one.")
    options = ["-O3", "-march=native", "-shared", "-fPIC", "-std=c++17"]
    subprocess.run([compiler, *options, str(source), "-o", str(made)], check=True)
    function = getattr(ctypes.CDLL(str(made)), name)
    function.restype = ctypes.c_double
    return function


def best(calls: list[Any], rounds: int = 15) -> list[float]:
    """The median time of each, in turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, own in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            own.append(time.perf_counter() - start)
    return [median(own) for own in times]


def main() -> None:
    """Print the table."""
    losskit.native.set_num_threads(1)
    rng = np.random.default_rng(0)
    print(f"{'loss':12} {'dtype':8} {'size':>8}  {'losskit':>9} {'C++':>9}  losskit / C++")
    with tempfile.TemporaryDirectory() as name:
        for loss, (formula, body) in LOSSES.items():
            own = losskit.loss(formula, name=f"benchmark_{loss}")(scale=1.5)
            for dtype, kind in (("float32", "float"), ("float64", "double")):
                function = compiled(loss, body, kind, Path(name))
                scale = (ctypes.c_float if kind == "float" else ctypes.c_double)(1.5)
                for n in (3_000, 1 << 20):
                    y, p = (rng.standard_normal(n).astype(dtype) for _ in range(2))
                    out, there = np.empty_like(p), np.empty_like(p)
                    at = [x.ctypes.data_as(ctypes.c_void_p) for x in (y, p, there)]

                    def ours(y: Any = y, p: Any = p, out: Any = out, own: Any = own) -> Any:
                        return own.value_and_gradient(y, p, out=out)

                    def theirs(at: Any = at, n: int = n, f: Any = function, s: Any = scale) -> Any:
                        return f(at[0], at[1], ctypes.c_long(n), s, at[2])

                    value, gradient = ours()
                    assert np.isclose(value, theirs(), 1e-4), (loss, dtype, value)
                    assert np.allclose(gradient, there, 1e-3, 1e-9), (loss, dtype)
                    a, b = best([ours, theirs])
                    print(
                        f"{loss:12} {dtype:8} {n:8}  {a * 1e6:7.1f}us {b * 1e6:7.1f}us  {a / b:.2f}"
                    )


if __name__ == "__main__":
    main()
