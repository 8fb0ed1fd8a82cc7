"""What is timed: a loss, its value alone or with the gradient, on arrays of a shape and dtype."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

POINTWISE = {
    "mse": "Mean squared error",
    "mae": "Mean absolute error",
    "huber": "Huber",
    "log_cosh": "Log-cosh",
    "bce": "Binary cross-entropy, logits",
    "poisson": "Poisson",
}
ROWWISE = {
    "sparse_ce": "Softmax cross-entropy, labels",
    "dense_ce": "Softmax cross-entropy, soft targets",
}
LOSSES = POINTWISE | ROWWISE
"""Every loss and how it is called in a heading. Huber's delta is 1; means are over all items."""

KINDS = {"value": "value", "gradient": "value and gradient"}
DTYPES = ("float32", "float64")

Shape = tuple[int, ...]
SHAPES: tuple[Shape, ...] = (
    (10,), (1000,), (100_000,), (2**20,), (16 * 2**20,),
    (256, 10), (8192, 1000), (2048, 32_000), (512, 128_256),
)  # fmt: skip
"""Pointwise losses take the shapes of one axis, cross-entropies those of two (rows, classes)."""
QUICK_SHAPES: tuple[Shape, ...] = ((1000,), (100_000,), (256, 10))

MEBI = 2**20


@dataclass(frozen=True)
class Arrays:
    """Targets and predictions: labels are int32, all else is in the case's dtype."""

    y: Array
    p: Array


@dataclass(frozen=True)
class Case:
    """One line of the benchmark."""

    loss: str
    shape: Shape
    dtype: str
    kind: str

    @property
    def id(self) -> str:
        """What ``--cases`` is matched with, e.g. ``huber/16M/float32/gradient``."""
        return f"{self.loss}/{self.size}/{self.dtype}/{self.kind}"

    @property
    def size(self) -> str:
        return size_text(self.shape)

    @property
    def with_gradient(self) -> bool:
        return self.kind == "gradient"

    @property
    def items(self) -> int:
        """What the mean divides by: elements of pointwise losses, rows of the others."""
        return self.shape[0]

    @property
    def prediction_bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def input_bytes(self) -> int:
        targets = 4 * self.items if self.loss == "sparse_ce" else self.prediction_bytes
        return self.prediction_bytes + targets

    @property
    def moved_bytes(self) -> int:
        """What any implementation must move: the inputs read once, the gradient written once."""
        return self.input_bytes + (self.prediction_bytes if self.with_gradient else 0)

    def arrays(self) -> Arrays:
        """The same arrays in every process, for they come from the same seed."""
        return _MAKERS[self.loss](np.random.default_rng(20_240_229), self.shape, self.dtype)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Case:
        return cls(data["loss"], tuple(data["shape"]), data["dtype"], data["kind"])


# --- arrays ---------------------------------------------------------------------------------------


def _normal(rng: np.random.Generator, shape: Shape, dtype: str, scale: float) -> Array:
    drawn = rng.standard_normal(shape, dtype=dtype)  # type: ignore[call-overload]
    drawn *= scale
    return np.asarray(drawn)


def _residuals(rng: np.random.Generator, shape: Shape, dtype: str) -> Arrays:
    # Errors on both sides of Huber's delta, so that no branch is predicted away.
    return Arrays(_normal(rng, shape, dtype, 1.0), _normal(rng, shape, dtype, 1.5))


def _binary(rng: np.random.Generator, shape: Shape, dtype: str) -> Arrays:
    return Arrays(rng.integers(0, 2, shape).astype(dtype), _normal(rng, shape, dtype, 3.0))


def _counts(rng: np.random.Generator, shape: Shape, dtype: str) -> Arrays:
    rates = _normal(rng, shape, dtype, 0.5)
    return Arrays(rng.integers(0, 6, shape).astype(dtype), np.exp(rates, out=rates))


def _labels(rng: np.random.Generator, shape: Shape, dtype: str) -> Arrays:
    return Arrays(
        rng.integers(0, shape[1], shape[0], dtype=np.int32), _normal(rng, shape, dtype, 3.0)
    )


def _shares(rng: np.random.Generator, shape: Shape, dtype: str) -> Arrays:
    shares = rng.random(shape, dtype=dtype)  # type: ignore[call-overload]
    shares /= shares.sum(axis=1, keepdims=True)
    return Arrays(shares, _normal(rng, shape, dtype, 3.0))


_MAKERS = {
    "mse": _residuals,
    "mae": _residuals,
    "huber": _residuals,
    "log_cosh": _residuals,
    "bce": _binary,
    "poisson": _counts,
    "sparse_ce": _labels,
    "dense_ce": _shares,
}


# --- choosing -------------------------------------------------------------------------------------


def size_text(shape: Shape) -> str:
    """``16M``, ``100000`` or ``8192x1000``; M is 2**20."""
    if len(shape) == 2:
        return f"{shape[0]}x{shape[1]}"
    n = shape[0]
    return f"{n // MEBI}M" if n >= MEBI and n % MEBI == 0 else str(n)


def parse_size(text: str) -> Shape:
    """The shape behind ``16M``, ``100000``, ``100k`` or ``8192x1000``.

    Raises:
        ValueError: the text is none of these.
    """
    units = {"k": 1000, "M": MEBI}
    try:
        shape = tuple(
            int(part[:-1]) * units[part[-1]] if part[-1:] in units else int(part)
            for part in text.strip().replace("_", "").split("x")
        )
    except ValueError:
        shape = ()
    if not 1 <= len(shape) <= 2 or min(shape) < 1:
        raise ValueError(
            f"a size must be a number of elements (1000, 100k, 16M; M is 2**20) or rows x classes "
            f"(8192x1000), got {text!r}."
        )
    return shape


def choose(
    shapes: Iterable[Shape] = SHAPES,
    dtypes: Iterable[str] = DTYPES,
    patterns: Iterable[str] = (),
) -> list[Case]:
    """The cases of these shapes and dtypes whose id or loss matches one of the patterns.

    A pattern without a slash is the loss (``huber``, ``*_ce``); another one is the whole id, in
    which ``*`` stands for anything (``*/float32/gradient``).
    """
    wanted, shapes, dtypes = list(patterns), list(shapes), list(dtypes)
    found = [
        Case(loss, shape, dtype, kind)
        for loss in LOSSES
        for shape in shapes
        if len(shape) == (2 if loss in ROWWISE else 1)
        for dtype in dtypes
        for kind in KINDS
    ]
    if not wanted:
        return found
    return [
        case
        for case in found
        if any(fnmatchcase(case.id if "/" in w else case.loss, w) for w in wanted)
    ]
