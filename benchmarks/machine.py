"""The machine: what it is, and how fast it copies."""

from __future__ import annotations

import os
import platform
import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

COPY_BYTES = 2**28
BUSY = 0.5
"""A load from which on the times mean little."""


def cores() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def allow(threads: int) -> None:
    """Keep this process to so many processors: no pool of threads can be larger than asked."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def describe() -> dict[str, Any]:
    """What a reader of the results wants to know of the machine."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "last_level_cache_bytes": last_level_cache(),
        "memory_bytes": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip(),
        "huge_pages": _chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
        "python": platform.python_version(),
    }


def load() -> float | None:
    """How many processes wanted to run in the last minute; None where no one counts them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def last_level_cache() -> int | None:
    """Bytes of the largest cache that a processor sees."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        found = re.fullmatch(r"(\d+)([KM])", _read(str(path)).strip())
        if found:
            sizes.append(int(found[1]) * {"K": 2**10, "M": 2**20}[found[2]])
    return max(sizes, default=None)


def _cpu() -> str:
    found = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    return found[1].strip() if found else platform.processor() or platform.machine()


def _memory() -> int | None:
    found = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    return int(found[1]) * 1024 if found else None


def _chosen(path: str) -> str | None:
    found = re.search(r"\[(\w+)\]", _read(path))
    return found[1] if found else None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


# --- the best copy --------------------------------------------------------------------------------


def copy_bandwidth(threads: int) -> dict[str, Any]:
    """Bytes read and written per second by the best copy there is, and which one that was."""
    try:
        from losskit import native

        native.set_num_threads(threads)
        speed = float(native.copy_bandwidth(COPY_BYTES))
        return {"bytes_per_second": speed, "how": "losskit.native, past the caches"}
    except (ImportError, AttributeError, RuntimeError):
        return {"bytes_per_second": _numpy_copy(threads), "how": "np.copyto, through the caches"}


def _numpy_copy(threads: int) -> float:
    source, target = np.ones(COPY_BYTES, np.uint8), np.ones(COPY_BYTES, np.uint8)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    best = float("inf")
    for _ in range(7):
        # np.copyto lets other threads run; starting these costs little beside so many bytes.
        workers = [threading.Thread(target=np.copyto, args=part) for part in parts]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = min(best, time.perf_counter() - start)
    return 2 * COPY_BYTES / best
