"""What was measured, as JSON: written after every case, so that nothing is lost at Ctrl-C."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import FACES, OWN

FORMAT = 1

Results = dict[str, Any]
"""``{"format", "started", "finished", "complete", "machine", "settings", "runs"}``; a run is one
allocator: ``{"allocator", "copy", "libraries", "cases", "skipped"}``; a case holds its ``"rows"``,
``"best"``, ``"ratio"``, ``"faces"`` and ``"copy_fraction"``; a row either the figures of
`statistics` or one of "absent", "refused" and "failed" with the reason."""


def statistics(timings: list[dict[str, Any]]) -> dict[str, Any]:
    """Median, extremes and quartiles of the rounds, in seconds per call."""
    times = [t["seconds"] for t in timings]
    low, median, high = np.percentile(times, [25, 50, 75])
    return {
        "median": float(median),
        "min": min(times),
        "lower_quartile": float(low),
        "upper_quartile": float(high),
        "rounds": times,
        "calls": timings[0]["calls"],
        "faults": float(np.median([t["faults"] for t in timings])),
    }


def conclude(case: dict[str, Any]) -> None:
    """Add to a case its best peer, and how losskit compares: with it, and with a copy of memory."""
    medians = {name: row["median"] for name, row in case["rows"].items() if "median" in row}
    ours = {*OWN, *FACES}
    peers = {name: median for name, median in medians.items() if name not in ours}
    case["best"] = min(peers, key=lambda name: peers[name]) if peers else None
    own = {name: medians[name] for name in OWN if name in medians}
    case["ratio"] = {name: peers[case["best"]] / m for name, m in own.items()} if peers else {}
    case["faces"] = {
        face: {name: medians[name] / medians[face] for name in others if name in medians}
        for face, others in FACES.items()
        if face in medians
    }


def compare_with_copy(case: dict[str, Any], bytes_per_second: float) -> None:
    """Add what share of the best copy's speed losskit moves, counting only what must move."""
    case["copy_fraction"] = {
        name: case["moved_bytes"] / case["rows"][name]["median"] / bytes_per_second
        for name in OWN
        if "median" in case["rows"].get(name, {})
    }


def write(results: Results, path: Path) -> None:
    """Replace the file at once, so that it is whole whenever one looks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(beside, path)


def read(path: Path) -> Results:
    """The results in that file.

    Raises:
        ValueError: they are no results, or of another version of this program.
    """
    try:
        results: Results = json.loads(path.read_text())
        if results["format"] != FORMAT:
            raise ValueError(
                f"{path} has format {results['format']}, but {FORMAT} is read here: measure again."
            )
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no results of this program.") from error
    return results
