"""The two ways in which memory is had: as the C library gives it, and kept once it was had.

A large array that is freed goes back to the system by default, and the next one costs a page fault
every 4 KiB: often more than the loss itself. Libraries with a caching allocator, and long-running
programs that set one, do not pay for it. So both are measured, each the same for everybody.
"""

from __future__ import annotations

import platform
import resource

import numpy as np

KEPT = ":".join(
    [
        # Above 32 MiB glibc maps each array by itself whatever mmap_threshold says, unless it may
        # map none at all.
        "glibc.malloc.mmap_max=0",
        f"glibc.malloc.trim_threshold={2**40}",
        f"glibc.malloc.top_pad={64 * 2**20}",
        # Threads' own heaps end at 64 MiB; the main one does not.
        "glibc.malloc.arena_max=1",
    ]
)

ALLOCATORS = {
    "default": "memory as the C library gives it",
    "keep": "memory kept by everybody",
}


def environment(allocator: str) -> dict[str, str]:
    """The variables with which a worker must be started."""
    return {"GLIBC_TUNABLES": KEPT} if allocator == "keep" else {}


def can_keep() -> bool:
    """Whether this C library can be told to keep memory."""
    return platform.libc_ver()[0] == "glibc"


def faults() -> int:
    """How many pages this process has been given so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def faults_on_reuse(nbytes: int = 64 * 2**20) -> int:
    """Page faults of an array that lies where a freed one lay: 0 if memory is kept."""
    for _ in range(2):
        before = faults()
        array = np.empty(nbytes, np.uint8)
        array[::4096] = 1
        count = faults() - before
        del array
    return count
