"""The extension module: loaded if it was built, asked how many threads it may use."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

_kernels: Any
try:
    from losskit import _kernels  # type: ignore[attr-defined, no-redef, unused-ignore]
except ImportError as error:
    _kernels = None
    _missing = f"{error}"

_wanted = os.environ.get("LOSSKIT_NATIVE", "1").lower() not in ("0", "false", "off", "no")
_said = False


def kernels() -> Any:
    """The extension module, or None where NumPy is to do the work; says so the first time."""
    global _said
    if _kernels is not None and _wanted:
        return _kernels
    if not _said and (_wanted or _kernels is not None):  # who has said so is not told
        _said = True
        if _kernels is not None:
            why = "LOSSKIT_NATIVE is 0: NumPy computes the losses, several times slower."
        else:
            why = (
                f"The compiled kernels are not there ({_missing}): NumPy computes the losses, "
                "several times slower. Install losskit again where there is a C++20 compiler "
                "(g++, clang++). LOSSKIT_NATIVE=0 says that you know."
            )
        warnings.warn(why, RuntimeWarning, stacklevel=4)
    return None


def available() -> bool:
    """Whether the kernels were built and are in use."""
    return _kernels is not None and _wanted


@contextmanager
def switched(on: bool) -> Iterator[None]:
    """Use the kernels or not inside a `with` block, for all threads (for tests and comparisons).

    Raises:
        RuntimeError: they are to be on, and were not built.
    """
    global _wanted, _said
    if on and _kernels is None:
        raise RuntimeError(f"The compiled kernels are not there: {_missing}.")
    before = _wanted, _said
    _wanted, _said = on, True
    try:
        yield
    finally:
        _wanted, _said = before


def instruction_set() -> str | None:
    """The version of the kernels in use, e.g. "x86_64_v3"; None without kernels.

    Raises:
        ValueError: the environment's LOSSKIT_ISA names one that this machine does not run.
    """
    return _kernels.instruction_set() if _kernels is not None else None


def instruction_sets() -> list[str]:
    """All versions that this machine runs, the best one last."""
    return _kernels.instruction_sets() if _kernels is not None else []


def set_num_threads(count: int) -> None:
    """Let the kernels use up to so many threads. Results do not depend on it.

    The default is OMP_NUM_THREADS, or the processors that this process may run on. Limits set by
    threadpoolctl are kept too.

    Raises:
        TypeError, ValueError: the count is not an integer of at least 1.
    """
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"The number of threads must be an integer >= 1, got {count!r}.")
    if not 1 <= int(count) <= 1024:
        raise ValueError(f"The number of threads must be from 1 to 1024, got {count!r}.")
    if _kernels is not None:
        _kernels.set_threads(int(count))


def get_num_threads() -> int:
    """How many threads the kernels may use; 1 without kernels."""
    return _kernels.threads() if _kernels is not None else 1


def _tell_threadpoolctl() -> None:
    """Have threadpoolctl's limits hold for these threads too, where it is installed."""
    try:
        import threadpoolctl
    except ImportError:
        return
    if not hasattr(threadpoolctl, "register"):
        return  # before 3.2 it knew no other libraries than its own

    class Controller(threadpoolctl.LibController):  # type: ignore[misc]
        user_api = "losskit"
        internal_api = "losskit"
        filename_prefixes = ("_kernels",)
        check_symbols = ("losskit_get_num_threads",)

        def get_num_threads(self) -> int:
            return int(self.dynlib.losskit_get_num_threads())

        def set_num_threads(self, num_threads: int) -> None:
            self.dynlib.losskit_set_num_threads(num_threads)

        def get_version(self) -> None:
            return None

    threadpoolctl.register(Controller)


if _kernels is not None:
    _tell_threadpoolctl()


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array that is not set to anything, as `np.empty`; a large one in memory that is reused."""
    nbytes = math.prod(shape) * dtype.itemsize
    if available() and nbytes >= _kernels.large_result:
        array = _kernels.large_array(shape, dtype, nbytes)
        if array is not None:
            return array
    return np.empty(shape, dtype)


def read_tensors(kind: type) -> bool:
    """Whether quick calls read objects of exactly this type as they are, from now on."""
    return _kernels is not None and bool(_kernels.read_tensors(kind))


@cache
def operations() -> dict[str, int]:
    """The numbers of the operations that programs are made of, by name."""
    return {name: i for i, name in enumerate(_kernels.operations())}


def free_kept_memory() -> None:
    """Give the memory of earlier large results, which is kept for the next ones, back.

    There is no need to: what is kept is the memory of a few arrays that were freed, and the
    system takes it whenever it runs short. It counts as the process's own until then.
    """
    if _kernels is not None:
        _kernels.free_kept_memory()


def copy_bandwidth(nbytes: int = 1 << 28) -> float:
    """What the machine's best copy of so many bytes moves: bytes read and written, per second.

    The copy writes past the caches, on as many threads as `get_num_threads` says.

    Raises:
        RuntimeError: there are no kernels to measure it with.
    """
    if _kernels is None:
        raise RuntimeError(f"The compiled kernels are not there: {_missing}.")
    return float(_kernels.copy_bandwidth(int(nbytes)))
