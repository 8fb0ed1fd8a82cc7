"""Which kernel computes a card, if any.

A pointwise card's kernel is found by the text of its formulas: if a card has changed since the
kernels were compiled, or is a card of your own, there is none. Softmax cross-entropies have kernels
written by hand, and so has CTC: they are tried on a few rows before they are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from losskit.core.families import Pointwise
from losskit.core.namespaces import PRECISIONS, Array, Precision
from losskit.core.namespaces.numpy import vocabulary
from losskit.losses.classification import CategoricalCrossentropy, SparseCategoricalCrossentropy
from losskit.losses.sequence import CTC
from losskit.native import library
from losskit.programs import text

_found: dict[Any, Any] = {}
_MOST = 1024  # kernels kept; parameters of which there are more are tried out, not trained with


def find(card: Any, wide: bool, came: Precision) -> Any:
    """The kernel for a card with its parameters; None if there is none.

    Args:
        card: a card.
        wide: whether it computes in float64, not in float32.
        came: of the dtype in which predictions come.
    """
    key = (card, type(card), wide, came)
    try:
        return _found[key]
    except KeyError:
        if len(_found) >= _MOST:
            _found.clear()
        kernel = _found[key] = _make(card, wide, came)
        return kernel


@dataclass(frozen=True, slots=True)
class Formulas:
    """A pointwise card as its kernel knows it."""

    fingerprint: str
    parameters: tuple[float, ...]
    low: float
    """Of the predictions' domain."""
    high: float


def simplicity(card: Any) -> str:
    """What a card's formulas take: see `losskit.programs.text.simplicity`."""
    if not isinstance(card, Pointwise):
        return "series"
    return _traced(type(card), tuple(text.fixed_parameters(card).items()))[2]


@dataclass(frozen=True, slots=True)
class Softmax:
    """A softmax cross-entropy as its kernel knows it."""

    dense: bool
    axis: int
    ignores: bool
    ignored: int
    smoothing: float
    z_loss: float
    temperature: float


@dataclass(frozen=True, slots=True)
class Sequences:
    """CTC as its kernel knows it."""

    blank: int
    from_logits: bool
    impossible: float
    """The loss where no alignment is possible."""


def describe(card: Any, came: Precision) -> Formulas | Softmax | Sequences | None:
    """What a kernel has to know of a card; None if none computes it. Arguments as of `find`."""
    if card.held:
        return None  # what it holds belongs to every call, which is not asked here
    if isinstance(card, Pointwise):
        if not card.compiled or len(card.slots) != 2:
            return None
        fixed = text.fixed_parameters(card)
        fingerprint, free, _ = _traced(type(card), tuple(fixed.items()))
        if fingerprint not in _numbers():
            return None
        values = tuple(float(getattr(card, name)) for name in free)
        return Formulas(fingerprint, values, *card.prediction.ends(came.eps))
    kind: Any = type(card).plain or type(card)
    if kind is CTC:
        known = Sequences(card.blank, card.from_logits, card.impossible)
        return known if _sequences_hold(CTC) else None
    by_hand = kind in (SparseCategoricalCrossentropy, CategoricalCrossentropy) and card.from_logits
    if by_hand and _softmax_holds(kind):
        # Whatever is no ordinary float32, and no axis, is for NumPy to compute or to refuse.
        if not 1e-30 <= card.temperature <= 1e30 or not -64 <= card.axis < 64:
            return None
        return _softmax(card)
    return None


def _softmax(card: Any) -> Softmax:
    ignored = card.ignored()
    return Softmax(
        dense=not card.target.labels,
        axis=card.axis,
        ignores=ignored is not None,
        ignored=ignored or 0,
        smoothing=card.label_smoothing,
        z_loss=card.z_loss,
        temperature=card.temperature,
    )


@cache
def _softmax_holds(card: Any) -> bool:
    """Whether the kernel computes what the card says, tried in float64; with class weights too.

    It has no text to be compared by: were the card another one, so would these numbers be.
    """
    z = np.array([[0.5, -1.25, 2.0], [3.0, 2.5, -40.0], [-0.75, 0.0, 0.25]])
    y: Any = np.array([[0.25, 0.0, 0.75], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    further: dict[str, Any] = {"label_smoothing": 0.125, "temperature": 1.5, "z_loss": 0.25}
    by_class = np.array([1.0, 2.0, 0.5])
    # Short rows and long ones go by loops of their own.
    long = np.hstack([z - shift for shift in range(LONG // 3)]), np.repeat(y, LONG // 3, 1) / LONG
    for z, y, weights in (
        *((z, y, w) for w in (None, by_class)),
        *((*long, w) for w in (None, np.tile(by_class, LONG // 3))),
    ):
        if not _holds_for(card, y, z, weights, ({}, further)):
            return False
    return True


@cache
def _sequences_hold(card: Any) -> bool:
    """Whether the kernel of sequences computes what the card says, tried in float64."""
    z = np.sin(np.arange(2 * 5 * 4)).reshape(2, 5, 4)
    y, frames = np.array([[1, 1, 3], [2, -1, -1]]), np.array([5.0, 4.0])
    m = vocabulary(z.dtype)
    for tried in (card(), card(from_logits=False), card(blank=0, zero_infinity=True)):
        for more in ((), (frames,)):
            items, slopes = np.empty(2), np.empty_like(z)
            known = Sequences(tried.blank, tried.from_logits, tried.impossible)
            _sequence_kernel(known, True).run(
                y, z, *(more or (None,)), *z.shape, None, None, 1.0, items, slopes
            )
            value, slope = tried.value(m, y, z, *more), tried.slope(m, y, z, *more)
            if not (np.allclose(items, value, 1e-9) and np.allclose(slopes, slope, 1e-9, 1e-15)):
                return False
    return True


LONG = 72
"""More classes than a row has that is short to the kernels."""


def _holds_for(card: Any, y: Array, z: Array, weights: Array | None, settings: Any) -> bool:
    if card.target.labels:
        y = y.argmax(1)
    m = vocabulary(z.dtype)
    for options in settings:
        tried = card(from_logits=True, **options)
        items, slopes = np.empty(len(z)), np.empty_like(z)
        _softmax_kernel(_softmax(tried), True).run(
            y, z, len(z), z.shape[1], 1, None, None, 1.0, items, slopes, weights
        )
        wanted = tried.value(m, y, z, weights), tried.slope(m, y, z, weights)
        if not all(
            np.allclose(*pair, 1e-9, 0.0) for pair in zip((items, slopes), wanted, strict=True)
        ):
            return False
    return True


def _make(card: Any, wide: bool, came: Precision) -> Any:
    known = describe(card, came)
    if isinstance(known, Formulas):
        number = _numbers()[known.fingerprint]
        values = list(known.parameters)
        return library._kernels.PointwiseKernel(
            number, wide, values, came.tiny, came.half_gap, known.low, known.high
        )
    if isinstance(known, Sequences):
        return _sequence_kernel(known, wide)
    return None if known is None else _softmax_kernel(known, wide)


def _sequence_kernel(known: Sequences, wide: bool) -> Any:
    return library._kernels.CtcKernel(wide, known.blank, known.from_logits, known.impossible)


def _softmax_kernel(known: Softmax, wide: bool) -> Any:
    return library._kernels.SoftmaxKernel(
        known.dense,
        wide,
        known.axis,
        known.ignores,
        known.ignored,
        known.smoothing,
        known.z_loss,
        known.temperature,
    )


@cache
def _traced(card: type[Pointwise], fixed: tuple[Any, ...]) -> tuple[str, list[str], str]:
    """What names the card's text, the parameters it takes, and how simple it is.

    The name is "" if the card has no text.
    """
    try:
        statements, free = text.trace(card, dict(fixed))
    except (TypeError, AttributeError):
        return "", [], "series"  # a card of one's own may do what C++ cannot
    return text.fingerprint(card, statements), free, text.simplicity(statements)


@cache
def _numbers() -> dict[str, int]:
    return {name: i for i, name in enumerate(library._kernels.fingerprints())}


def computed_in(dtype: Any) -> tuple[bool, Precision] | None:
    """(whether float64, what the dtype holds) for predictions; None if no kernel reads them."""
    known = _COMPUTED.get(dtype)
    if known is None and is_bfloat16(dtype):
        return False, PRECISIONS["bfloat16"]
    return known


BFLOAT16 = np.dtype([("bfloat16", "V2")])
"""bfloat16 where nothing has taught NumPy of it: its two bytes, under its name."""


def is_bfloat16(dtype: Any) -> bool:
    """Whether the dtype is `BFLOAT16`, or that of a package for small types (ml_dtypes)."""
    return bool(dtype.name == "bfloat16" or dtype == BFLOAT16)


_COMPUTED = {
    np.dtype(name): (name == "float64", PRECISIONS[name])
    for name in ("float16", "float32", "float64")
}
