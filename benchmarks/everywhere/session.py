"""One case: both sides made, held against each other, and timed in turns."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from benchmarks.everywhere import timing
from benchmarks.everywhere.cases import Case
from benchmarks.everywhere.hosts import NoPeer, Side
from benchmarks.everywhere.inputs import Array, job

TOLERANCES = {"float64": 1e-4, "float32": 2e-3, "bfloat16": 5e-2, "float16": 2e-2}
"""Of the value, and of a gradient's largest number; float64 as far as Keras's clipping lets it."""
LEAST = {"float16": 2e-7, "bfloat16": 0.0, "float32": 0.0, "float64": 0.0}
"""What a gradient is rounded to, of any size: some spacings of the subnormal numbers."""
AT_KINKS = {"float16": 4e-3, "bfloat16": 4e-3, "float32": 1e-5, "float64": 1e-5}
"""The share of numbers that may lie on a kink by rounding, where a slope is either side's."""

Found = tuple[float, list[Array]]


def measure(host: Any, case: Case, rounds: int, control: bool = False) -> dict[str, Any]:
    """A row of the results.

    Args:
        host: of `hosts`.
        case: what to time.
        rounds: how many.
        control: whether the peer is timed against itself instead.

    Returns:
        What `timing.compare` does, with the verdict; or why nothing was timed, as "skipped" (the
        peer has none), "failed" (losskit raised an error) or "disagrees".
    """
    try:
        return _measure(host, case, rounds, control)
    finally:
        gc.collect()


def _measure(host: Any, case: Case, rounds: int, control: bool) -> dict[str, Any]:
    given = job(case)
    try:
        theirs = host.side("theirs", case, given, case.dtype)
        wanted = theirs.read(theirs.call())
    except NoPeer as error:
        if case.face != "numpy":
            return {"skipped": str(error)}
        theirs = host.side("addition", case, given, case.dtype)
        wanted = None
    except Exception as error:  # whatever a peer raises: there is nothing to compare with
        return {"skipped": f"the peer: {_line(error)}"}
    if control:
        other = host.side("theirs", case, given, case.dtype)
        other.call()
        if other.label != theirs.label:  # of several peers another one was the fastest
            other = theirs
        return timing.compare(other.call, theirs.call, rounds)
    try:
        ours = host.side("ours", case, given, case.dtype)
        found = ours.read(ours.call())
    except Exception as error:
        return {"failed": _line(error)}
    notes: dict[str, Any] = {"peer": theirs.label} if theirs.label else {}
    if wanted is not None:
        why = difference(found, wanted, case, scaled=case.face == "numpy")
        if why:
            truth = _in_float64(host, case, given)
            if truth is None or difference(found, truth, case, scaled=case.face == "numpy"):
                return {"disagrees": why}
            notes["inexact"] = f"the peer: {why}"
    else:
        notes["addition"] = True
    del found, wanted
    if _same(ours, theirs):
        notes["handed"] = True
    row = timing.compare(ours.call, theirs.call, rounds) | notes
    if "addition" not in row:
        row["verdict"] = timing.verdict(row)
    return row


def _same(ours: Side, theirs: Side) -> bool:
    """Whether the call goes to the peer's own operations, and nothing else."""
    try:
        own = ours.trace()
        return own is not None and own == theirs.trace()
    except Exception:  # not every program has a text
        return False


def _in_float64(host: Any, case: Case, given: Any) -> Found | None:
    """What the peer finds in float64, for the same numbers."""
    try:
        side = host.side("theirs", case, given.as_type("float64"), "float64")
        return side.read(side.call())  # type: ignore[no-any-return]
    except Exception:
        return None
    finally:
        # JAX goes back to the case's own type.
        host.side("theirs", case, given, case.dtype)


def difference(found: Found, wanted: Found, case: Case, scaled: bool = False) -> str:
    """What of value and gradients differs by more than rounding; "" if nothing does.

    Args:
        found: losskit's.
        wanted: the peer's.
        case: whose dtype says how far rounding goes.
        scaled: whether they may differ by a factor: another divisor of the mean.
    """
    tolerance, least = TOLERANCES[case.dtype], LEAST[case.dtype]
    (value, slopes), (other, others) = found, wanted
    if len(slopes) != len(others) or [s.shape for s in slopes] != [s.shape for s in others]:
        return "gradients of other shapes"
    norms = [
        max((float(np.abs(s).max(initial=0.0)) for s in x), default=0.0) for x in (slopes, others)
    ]
    factor = norms[0] / norms[1] if scaled and norms[1] else 1.0
    if not np.isfinite(factor):
        factor = 1.0
    if not scaled and not np.isclose(value, other, rtol=tolerance, atol=tolerance):
        return f"value {value:.6g}, peer {other:.6g}"
    for slope, of in zip(slopes, others, strict=True):
        off = np.abs(slope - factor * of)
        wrong = ~(off <= tolerance * factor * norms[1] + least)
        if np.count_nonzero(wrong) > AT_KINKS[case.dtype] * wrong.size:
            return f"gradients off by {off.max():.2g} of {norms[1]:.2g}"
    return ""


def _line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {text[:200]}"
