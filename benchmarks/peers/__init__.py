"""The libraries that are compared, one file each, every file of the same shape.

A file holds ``start(threads)``, which imports the library, sets its threads and returns the
versions in use, and ``make(case, arrays)``, which returns what to time for each of its rows.
`clear()` drops what the library keeps between cases. All of it runs in a process of its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from benchmarks.cases import Array, Arrays, Case


@dataclass(frozen=True)
class Form:
    """One way of writing a case in a library: its experts differ, and the fastest one is timed."""

    label: str
    call: Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """What is timed under one name."""

    forms: list[Form]
    read: Callable[[Any], tuple[float, Array | None]]
    """Takes the value and the gradient out of what a call returns, to compare them."""
    note: str = ""


@dataclass(frozen=True)
class Absent:
    """The library has no such loss."""

    why: str


Rows = Mapping[str, Row | Absent]


class Peer(Protocol):
    """What every file here is."""

    def start(self, threads: int) -> dict[str, str]: ...

    def make(self, case: Case, arrays: Arrays) -> Rows: ...

    def clear(self) -> None: ...


@dataclass(frozen=True)
class Library:
    """A library, the rows it fills, and the memory it takes."""

    rows: tuple[str, ...]
    copies: int
    """How many arrays of the predictions' size it holds at once beside its inputs, about."""


LIBRARIES = {
    "losskit": Library(("losskit", "losskit-out"), 2),
    "numpy": Library(("numpy", "numpy-out"), 4),
    "losskit-torch": Library(("losskit-torch",), 2),
    "losskit-jax": Library(("losskit-jax", "losskit-jax-mean"), 3),
    "torch": Library(("torch", "torch-autograd", "torch-compile"), 4),
    "jax": Library(("jax", "optax"), 3),
    "tensorflow": Library(("tf-function", "tf-xla"), 4),
    "sklearn": Library(("sklearn",), 1),
}

ROWS = {
    "losskit": "losskit",
    "losskit-out": "losskit, out=",
    "numpy": "NumPy",
    "numpy-out": "NumPy, out=",
    "losskit-torch": "losskit.torch",
    "losskit-jax": "losskit.jax",
    "losskit-jax-mean": "losskit.jax, its own mean",
    "torch": "PyTorch",
    "torch-autograd": "PyTorch, autograd",
    "torch-compile": "torch.compile",
    "jax": "jax.jit",
    "optax": "optax, jax.jit",
    "tf-function": "tf.function",
    "tf-xla": "tf.function, XLA",
    "sklearn": "scikit-learn",
}
"""The names shown, in the order shown."""

OWN = ("losskit", "losskit-out")
"""The rows of NumPy arrays: compared with the fastest row of any other library."""
FRAMEWORKS = {
    "PyTorch": (("losskit-torch",), ("torch-autograd", "torch-compile")),
    "JAX": (("losskit-jax", "losskit-jax-mean"), ("optax", "jax")),
}
"""The rows of losskit in a framework, and of what its users have without losskit."""
FACES = {face: theirs for ours, theirs in FRAMEWORKS.values() for face in ours}


def load(library: str) -> Peer:
    """The file of that library; it is imported only in the process that times it."""
    return cast(Peer, importlib.import_module(f"benchmarks.peers.{library.replace('-', '_')}_"))
