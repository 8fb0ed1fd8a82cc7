"""Inputs for the laws: ordinary and extreme ones for every card, by its domain.

What is tried follows from what the card says of its target and its prediction, so a new card is
covered as it is added; `settings.py` adds parameters worth trying.

    for case in grid.cases(np.float32):         # or grid.cases(np.float32, names=["huber"])
        case.card, case.y, case.p
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from settings import SETTINGS

import losskit
from losskit.core.definition import CARDS
from losskit.core.families import Setwise, is_rowwise
from losskit.core.namespaces.numpy import NUMPY
from losskit.core.packing import Packed, packed
from losskit.core.slots import spread
from losskit.engine.call import aligned
from losskit.engine.numpy import NUMPY as HOST


@dataclass(frozen=True)
class Case:
    """One card with inputs that fit it."""

    card: Any
    y: np.ndarray
    p: np.ndarray
    kind: str

    def __str__(self) -> str:
        given = {k: v for k, v in self.card.parameters().items() if v != self.card.rules()[k][0]}
        inside = ", ".join(f"{k}={v}" for k, v in given.items())
        return f"{self.card.name}({inside})-{self.kind}"


def settings(names: Iterable[str] | None = None) -> Iterator[Any]:
    """Card instances: every card with each of its settings; several predictions as one array."""
    for name, card in CARDS.items():
        if names is None or name in names:
            for options in SETTINGS.get(name, [{}]):
                yield packed(card(**options))


def is_usual(card: Any) -> bool:
    """With the card's defaults, or from logits: enough where the formulas are the same."""
    rules = card.rules()
    changed = {
        k: v
        for k, v in card.parameters().items()
        if v != rules[k][0] and rules[k][1].kind != "axes"
    }
    along_rows = card.parameters().get("axis", -1) != 0
    return along_rows and changed in ({}, {"from_logits": True}, {"axis": -1})


FAMILIES = (
    *("mean_squared_error", "binary_crossentropy", "gaussian_nll", "root_mean_squared_error"),
    *("sparse_categorical_crossentropy", "categorical_hinge", "soft_dice"),
)
"""Cards that between them go every way there is through a face."""


def sample(
    cases: Iterable[Any],
    every: bool = False,
    usual: bool = False,
    names: Iterable[str] = FAMILIES,
) -> list[Any]:
    """Parameters for pytest: of each family one card, and the others marked as exhaustive.

    Args:
        cases: cards, or cases with one.
        every: none is marked.
        usual: those are not marked either that `is_usual` says are.
        names: the cards that stand for their families.
    """
    import pytest

    found = []
    for case in cases:
        card = getattr(case, "card", case)
        asked = is_usual(card) and (usual or card.name in names)
        marks = () if every or asked else (pytest.mark.exhaustive,)
        found.append(pytest.param(case, id=str(case), marks=marks))
    return found


def cases(dtype: Any, names: Iterable[str] | None = None, kinds: Any = None) -> Iterator[Case]:
    """Every card and setting with ordinary and extreme inputs in that dtype.

    Args:
        dtype: of predictions and targets (labels are int64).
        names: cards, by name; all by default.
        kinds: of "ordinary" and "extreme"; both by default.
    """
    for card in settings(names):
        for kind in kinds or ("ordinary", "extreme"):
            y, p = inputs(card, dtype, kind)
            yield Case(card, y, p, kind)


def inputs(card: Any, dtype: Any, kind: str = "ordinary") -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions for a card.

    A row-wise card gets rows along its axis, a set-wise card an extreme but narrow enough set.
    """
    dtype = np.dtype(dtype)
    make = ordinary if kind == "ordinary" else extreme
    y, p = make(card, dtype)
    if kind == "extreme":  # some again, so that a few lengths serve all and compilers know them
        length = -(-len(p) // STEP) * STEP
        y, p = (np.resize(x, (length, *x.shape[1:])) for x in (y, p))
    y, p = (rows_back(slot, x) for slot, x in zip(card.slots, (y, p), strict=True))
    return np.ascontiguousarray(y), np.ascontiguousarray(p)


def own_shape(card: Any, length: int = 3) -> tuple[int, ...]:
    """The shape of what a network makes of one item of a row-wise card, its dimensions so long."""
    slot = card.slots[card.main]
    lengths = _lengths(slot, length)
    return tuple(lengths[i] for i in np.argsort(slot.axes)) or (length,)


def _lengths(slot: Any, length: int) -> list[int]:
    """The lengths of an item's dimensions, in their order; several predictions are so many."""
    several = [len(slot.places)] * bool(slot.places)
    return [*several, *[length] * (len(slot.dims) - len(several))]


def own_target(card: Any, length: int = 3) -> tuple[int, ...]:
    """The shape of the target of one item, likewise; of a set of labels as long as its vectors."""
    slot = card.slots[0]
    return own_shape(card, length)[: len(slot.dims)] if slot.dims else ()


def rows_last(slot: Any, x: np.ndarray) -> np.ndarray:
    """An array with the dimensions of an item last, those of the items before them."""
    return np.moveaxis(x, slot.axes, range(-len(slot.axes), 0))


def rows_back(slot: Any, x: np.ndarray) -> np.ndarray:
    """The inverse: the dimensions of an item on the axes that the slot asks for."""
    return np.moveaxis(x, range(-len(slot.axes), 0), slot.axes)


def over(card: Any, x: np.ndarray) -> np.ndarray:
    """What belongs to the items, laid over the elements of the predictions."""
    return x if isinstance(card, Setwise) else spread(NUMPY, card.slots[1], np.asarray(x))


def arrays(card: Any, y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, ...]:
    """What a face takes, slot by slot, of targets and predictions."""
    return card.apart(NUMPY, y, p) if isinstance(card, Packed) else (y, p)


def taken(card: Any, y: np.ndarray, p: np.ndarray) -> tuple[Any, tuple[Any, ...]]:
    """The card, and the arrays that its formulas take: with those that it holds itself."""
    call = aligned(HOST, card, (y, p))
    return call.card, call.arrays


def packed_again(card: Any, parts: Any) -> np.ndarray:
    """Predictions apart, or their slopes, as the packed card has them."""
    parts = [np.asarray(part) for part in parts]
    return np.stack(parts, card.axis) if len(parts) > 1 else parts[0]


def on_jax(card: Any, **options: Any) -> Any:
    """The function (predictions, targets) of the JAX face for a card; packed predictions too."""
    import losskit.jax

    function = functools.partial(losskit.jax.get(card.name), **card.parameters(), **options)
    if not isinstance(card, Packed):
        return function

    def unpacked(p: Any, y: Any, **given: Any) -> Any:
        return function(*in_order(card, card.apart(VOCABULARY, y, p)), **given)

    from losskit.jax.framework import VOCABULARY

    return unpacked


def in_order(card: Any, slots: Any) -> tuple[Any, ...]:
    """What a card takes, slot by slot, as functions take it that have the prediction first."""
    first, *rest = slots
    has_target = getattr(card, "card", card).slots[0].name == "target"
    return (rest[0], first, *rest[1:]) if has_target else (first, *rest)


# --- ordinary inputs ----------------------------------------------------------------------------


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Rows with a 1 at their label; a unit matrix of many classes would fill the memory."""
    return (labels[:, None] == np.arange(classes)).astype(float)


def ordinary(card: Any, dtype: Any, seed: int = 0, rows: int = 24, classes: int = 5) -> Any:
    """Seeded random inputs of everyday size."""
    rng = np.random.default_rng([seed, sum(map(ord, card.name))])
    if is_rowwise(card) and len(own_shape(card)) - bool(card.places) > 1:
        classes = min(classes, 4)  # the truth of a set takes long
    shape = (rows, *own_shape(card, classes)) if is_rowwise(card) else (rows * 3,)
    if getattr(card, "places", ()):
        own = (classes,) * (len(card.slots[1].dims) - 1)
        columns = [_random(rng, domain, (rows, *own), False) for domain in card.places]
        y = rng.normal(0.0, 2.0, rows)
        y = rng.choice(card.target.values, rows) if card.target.values else y
        return y.astype(dtype), np.stack(columns, 1).astype(dtype)
    if card.slots[0].domain.blank is not None:
        p = rng.normal(0.0, 2.0, (rows, 4, 3))
        if not card.from_logits:
            p -= np.log(np.exp(p).sum(-1, keepdims=True))
        return of_sequences(card, p, dtype)
    p = _random(rng, card.prediction, shape, is_rowwise(card))
    if card.target.labels and card.slots[0].axes and not card.target.names:
        p = _random(rng, card.prediction, (rows * PIXELS, classes), True)
        y = rng.integers(0, classes, (rows, PIXELS))
        if card.ignored() is not None:  # one of each is to count
            y[(y == card.ignored()).all(1), 0] = (card.ignored() + 1) % classes
        return images(card, y, p.astype(dtype))
    if card.target.labels:
        high = 3 if card.target.names else classes
        return rng.integers(0, high, (rows, *own_target(card, classes))), p.astype(dtype)
    if card.slots[0].places:
        return of_survival(rng.integers(1, 6, shape) / 2, rng.random(shape) < 0.7, p, dtype)
    if card.target.values:
        if _several(card):
            y = rng.integers(0, 2, shape)
        elif is_rowwise(card):
            y = one_hot(rng.integers(0, classes, rows), classes)
        else:
            y = rng.choice([-1.0, 0.0, 1.0], shape)
    elif is_rowwise(card) and card.target.high == 1.0:
        y = rng.dirichlet(np.ones(classes), rows)
        y[: rows // 2] = one_hot(rng.integers(0, classes, rows // 2), classes)
    else:
        y = _random(rng, card.target, shape, is_rowwise(card))
        if card.target.high == 1.0:
            y[: len(y) // 2] = np.round(y[: len(y) // 2])
    return y.astype(dtype), p.astype(dtype)


PIXELS = 4
"""Of an image, where an item has several labels."""


def images(card: Any, labels: Any, rows: Any) -> Any:
    """Several labels for each item, and a row for each of them."""
    p = np.reshape(rows, (*labels.shape, -1))
    return labels, np.moveaxis(p, -1, 1 + card.slots[1].dims.index("c"))


def of_survival(time: Any, event: Any, p: Any, dtype: Any) -> Any:
    """Times and events side by side, and scores."""
    return np.stack([time, event], -2).astype(dtype), np.asarray(p).astype(dtype)


def of_sequences(card: Any, p: np.ndarray, dtype: Any) -> Any:
    """Labels of two places, all that there are in turn, and the scores that can say them."""
    blank = card.slots[0].domain.blank
    a, b = {0, 1, 2} - {blank}
    each = [[a, b], [b, a], [a, -1], [b, blank], [-1, -1], [a, a], [blank, -1], [b, b]]
    y, p = np.resize(each, (len(p), 2)), p.astype(dtype)
    places = zip(y, np.isfinite(p.astype(np.float64)), strict=True)
    sayable = np.array([_sayable(row[row >= 0], there, blank) for row, there in places])
    return y[sayable], p[sayable]


def _sayable(labels: np.ndarray, there: np.ndarray, blank: int) -> bool:
    """Whether some way to say the labels is not ruled out (else infinity is right)."""
    labels = [k for k in labels if k != blank]
    for way in itertools.product(range(there.shape[1]), repeat=len(there)):
        said = [k for k, _ in itertools.groupby(way) if k != blank]
        if said == labels and all(there[t, k] for t, k in enumerate(way)):
            return True
    return False


def _several(card: Any) -> bool:
    """Whether several classes of a row may be true."""
    return is_rowwise(card) and card.target.words.startswith("1 for each")


def _random(rng: Any, domain: Any, shape: tuple[int, ...], rows: bool) -> np.ndarray:
    if domain.low == -1.0:
        return rng.uniform(-1.0, 1.0, shape)
    if domain.high == 1.0:
        if rows:
            return rng.dirichlet(np.full(shape[-1], 0.7), shape[0])
        return rng.uniform(0.01, 0.99, shape)
    if 0.0 <= domain.low < 1e-30:
        return rng.gamma(1.5, 2.0, shape)
    if domain.high == 0.0:
        return -rng.gamma(1.5, 2.0, shape)
    return rng.normal(0.0, 2.0, shape)


# --- extreme inputs -----------------------------------------------------------------------------

STEP = 104
SIGNS = (1, -1)
POWERS = [10.0**k for k in (-30, -20, -12, -8, -5, -4, -3, -2, -1, 0, 1, 2, 4, 8, 15, 18, 25, 30)]
SIZES = [*POWERS, 0.3, 0.999999, 1.7, 3.0, 7.0, 44.0, 60.0, 100.0]
RESIDUALS = [0.0, *(s * r for r in SIZES for s in SIGNS)]
PROBABILITIES = [
    *(0.0, 1e-45, 1e-38, 1.2e-38, 1e-30, 1e-20, 1e-10, 1e-7, 6e-8, 1e-5, 1e-3, 0.1, 0.3),
    *(0.4999999, 0.5, 0.7, 0.9, 0.999, 1 - 1e-6, 1 - 2**-20, 1 - 2**-23, 1 - 2**-24, 1.0),
]
GAPS = [1e-30, 1e-8, 1e-3, 0.5, 1.0, 5.0, 10.0, 16.6, 17.0, 30.0, 60.0, 86.5, 87.5, 89.0, 103.0]
LOGITS = [0.0, *(s * z for z in [*GAPS, 1e3, 1e4] for s in SIGNS)]
SOFT = [0.0, 1.0, 0.5, 0.3, 0.9, 1e-6, 1 - 1e-6]
AMOUNTS = [0.0, 1e-30, 1e-8, 1e-3, 0.5, 1.0, 7.0, 1e3, 1e6, 1e15, 1e30]


VECTORS = [
    *([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [3.0, -4.0, 12.0]),
    *([1e-18, 1e-18, 0.0], [1e18, 1e18, 0.0], [1e30, 1.0, 0.0], [1e30, -1e30, 1e29]),
    *([1e-30, 0.0, 1e-30], [1.0, 1.000001, 0.999999], [-1.0, -1.0, -1.0]),
    [1e-30, 1.0, 0.0],
]


def extreme(card: Any, dtype: Any) -> Any:
    """The ends of the card's domain, in all combinations that have a meaning."""
    if isinstance(card, Setwise):
        return _clean([(0.0, e) for e in RESIDUALS if 1e-12 < abs(e) < 1e8], dtype)
    if getattr(card, "places", ()) and len(card.slots[1].dims) > 1:
        rows = np.array(VECTORS)
        one = _lengths(card.slots[1], 3)[:-1]
        shape = (208 if len(one) == 1 else 104, *one)
        drawn = np.random.default_rng(0).integers(0, len(rows), shape)
        with np.errstate(over="ignore"):
            p = rows[drawn].astype(dtype)
        p = p[np.isfinite(p.astype(np.float64)).all(tuple(range(1, p.ndim)))]
        return np.resize(card.target.values or 0.0, len(p)).astype(dtype), p
    if getattr(card, "places", ()):
        apart = [r for r in RESIDUALS if abs(r) < 1e16]
        triples = itertools.product((0.0, 1.0, -3.7), apart, AMOUNTS)
        with np.errstate(over="ignore"):
            table = np.array([(t, t + e, v) for t, e, v in triples]).astype(dtype)
        table = table[np.isfinite(table.astype(np.float64)).all(1)]
        return table[:, 0], table[:, 1:]
    if "d" in card.slots[1].dims:
        return _extreme_sets(card, dtype)
    if is_rowwise(card):
        return _extreme_rows(card, dtype)
    pairs: list[tuple[float, float]]
    target, prediction = card.target, card.prediction
    if target.values:
        around = [b + s * 2.0**-k for b in (-1, 1) for k in (11, 23, 24) for s in (1, -1)]
        other = [q for q in [*RESIDUALS, *around] if prediction.low <= q <= prediction.high]
        pairs = list(itertools.product(target.values, other))
    elif target.high == 1.0:
        other = PROBABILITIES if prediction.high == 1.0 else LOGITS
        pairs = list(itertools.product(SOFT, other))
        if prediction.high == 1.0:
            pairs += [q for y in SOFT for q in _near(y, dtype)]
    elif target.high == 0.0:
        pairs = list(itertools.product([-abs(z) for z in LOGITS], LOGITS))
    elif 0.0 <= target.low < 1e-30:
        amounts = [y for y in AMOUNTS if float(np.asarray(y, dtype)) >= target.low]
        other = AMOUNTS if prediction.low == 0.0 else [*AMOUNTS, -1e-30, -1e-8, -0.5, -1.0, -1e3]
        pairs = list(itertools.product(amounts, other))
        pairs += [q for y in amounts for q in _near(y, dtype) if q[1] >= 0 or prediction.low < 0]
        if prediction.low < 0:
            logs = [(y, float(np.log(y))) for y in amounts if 0 < y < 10]
            pairs += [(y, z + s * e) for y, z in logs for e in (0.0, 1e-6, 1e-3, 0.3, 0.99, 1.5)
                      for s in (1, -1)]  # fmt: skip
    else:
        pairs = [(y, y + e) for y in (0.0, 1.0, -3.7, 1e5, -1e-4) for e in RESIDUALS]
        pairs += [q for y in (1.0, -3.7, 1e5, -1e-4, 1e-20) for q in _near(y, dtype)]
        pairs += [(y, 0.0) for y in RESIDUALS]
    return _clean(pairs, dtype)


def _near(y: float, dtype: Any) -> list[tuple[float, float]]:
    """Predictions equal to the target, and nearly so."""
    with np.errstate(over="ignore"):
        t = float(np.asarray(y, dtype))
    steps = [t * (1 + s * e) for e in (1e-7, 1e-6, 1e-4, 1e-2) for s in (1, -1)]
    return [(t, q) for q in [t, *steps] if q <= 1 or t > 1]


def _clean(pairs: Any, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(over="ignore"):
        y, p = (np.array(side, np.float64).astype(dtype) for side in zip(*pairs, strict=True))
    finite = np.isfinite(y.astype(np.float64)) & np.isfinite(p.astype(np.float64))
    return y[finite], p[finite]


def _extreme_sets(card: Any, dtype: Any) -> Any:
    """Sets of three vectors, with labels of which some are alike, none or all."""
    low, high = card.prediction.low, card.prediction.high
    with np.errstate(over="ignore"):
        rows = np.array([v for v in VECTORS if low <= min(v) and max(v) <= high]).astype(dtype)
    rows = rows[np.isfinite(rows.astype(np.float64)).all(1)]
    rng = np.random.default_rng(0)
    labels = np.array([[0, 0, 1], [0, 1, 0], [7, 7, 7], [-1, 2, 5], [3, -2, -2]])
    return labels[np.arange(104) % len(labels)], rows[rng.integers(0, len(rows), (104, 3))]


def _extreme_rows(card: Any, dtype: Any) -> Any:
    ninf = -np.inf
    if card.slots[0].places:
        times = [[1, 2, 3], [2, 2, 1], [1, 1, 1], [3, 2, 1], [1, 1, 2], [1e30, 1e-30, 5]]
        scores = [[0, 0, 0], [1, -2, 0.5], [50, 0, -50], [-3, 80, 79], [1e4, 1e4, -1e4], [0, 17, 0]]
        events = itertools.product((0, 1), repeat=3)
        cases = list(itertools.product(times, events, scores))
        with np.errstate(over="ignore"):
            time, event, p = (np.array(x).astype(dtype) for x in zip(*cases, strict=True))
        there = np.isfinite(time.astype(np.float64)).all(1)
        return of_survival(time[there], event[there], p[there], dtype)
    if card.prediction.high == 1.0:
        tops = [2**-24, 1e-6, 1e-3, 0.1]
        rows = [
            *([1 - e, e, 0.0] for e in tops),
            *([1 - e, e / 2, e / 2] for e in tops),
            *([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1e-38, 1e-30], [1e-30, 1e-20, 1.0]),
            *([1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.4999999, 0.5000001, 0.0]),
            *([0.0, 0.0, 0.0], [1e-37, 2e-37, 3e-38], [1e-30, 0.0, 0.0], [0.1, 0.1000001, 1e-3]),
            *([1.0, 1.0, 1.0], [0.9, 0.8, 0.1]),
        ]
    elif card.prediction.words.startswith("a logit") or card.slots[0].domain.blank is not None:
        gaps = (1e-6, 1e-3, 1.0, 5.0, 10.0, 16.0, 20.0, 50.0, 80.0, 87.0, 100.0, 200.0, 1e4)
        rows = [
            *([g, 0.0, -0.3] for g in gaps),
            *([-g, 0.1, 0.1] for g in gaps),
            *([0.0, 0.0, 0.0], [1e4, 1e4, 1e4], [-1e4, -1e4 - 1, -1e4 + 1], [1e4, -1e4, 0.0]),
            *([1.0, 2.0, ninf], [ninf, 3.0, ninf], [40.0, ninf, 1.0], [1e-30, -1e-30, 0.0]),
        ]
        # A temperature below 1 would put them further apart, and their rounding with them.
        stretch = min(1.0, getattr(card, "temperature", 1.0))
        rows = [[stretch * z for z in row] for row in rows]
    elif card.target.values:
        rows = [
            *([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 1.0, 1.0], [0.5, 0.25, 0.25]),
            *([-1.0, -2.0, -2.0], [1e4, 1e4, 0.0], [-1e4, 1e4, 1e4], [1e30, 0.0, 1.0]),
            *([1e-30, 0.0, 0.0], [1e-30, 2e-30, -1e-30], [3.0, 4.0, 5.0], [0.3, 1.2, -0.7]),
            *([1.0, ninf, 0.5], [ninf, 0.5, ninf]),
        ]
    else:
        rows = VECTORS
    if card.slots[0].domain.blank is not None:
        drawn = np.random.default_rng(0).integers(0, len(rows), (104, 3))
        with np.errstate(over="ignore"):
            return of_sequences(card, np.array(rows)[drawn], dtype)
    pairs: list[tuple[Any, list[float]]] = []
    for row in rows:
        targets: list[Any]
        if card.target.labels:
            targets = [0, 1, 2]
        elif card.target.values:
            targets = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
            if ninf not in row:
                targets.append([-1.0, 1.0, -1.0])
            if _several(card):
                targets += [[1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
        elif card.target.low == 0.0 and card.target.high > 1.0:
            targets = [*np.eye(3).tolist(), [2.0, 0.0, 1.0], [0.0, 0.5, 7.0], [0, 0, 0]]
            targets += [[1e-30, 1e-20, 1.0], [1e6, 0.0, 1e6], [3.0, 3.0, 3.0]]
        elif card.target.high == 1.0:
            targets = [*np.eye(3).tolist(), [0.2, 0.3, 0.5], [1 - 1e-6, 1e-6, 0.0], row, [0, 0, 0]]
            targets = [t for t in targets if min(t) >= 0 and max(t) <= 1]
        else:
            targets = rows
        pairs += [(t, row) for t in targets if _possible(card, t, row)]
    labels = card.target.labels
    with np.errstate(over="ignore"):
        p = np.array([row for _, row in pairs]).astype(dtype)
        y = np.array([t for t, _ in pairs])
        y = y.astype(np.int64) if labels else y.astype(dtype)
        sound = ~np.isposinf(p.astype(np.float64)).any(1)
        # -inf is a class ruled out where it was meant so, not where 1e30 left the dtype.
        meant = np.array([[x == ninf for x in row] for _, row in pairs])
        sound &= (np.isneginf(p.astype(np.float64)) == meant).all(1)
        if not labels:
            sound &= np.isfinite(y.astype(np.float64)).all(1)
    if labels and card.slots[0].axes:
        drawn = np.random.default_rng(0).choice(np.flatnonzero(sound), (STEP, PIXELS))
        drawn = drawn[(y[drawn] != card.ignored()).any(1)]  # others do not count
        return images(card, y[drawn], p[drawn])
    return y[sound], p[sound]


def _possible(card: Any, target: Any, row: list[float]) -> bool:
    """Whether the target gives no weight to a class that is ruled out (else infinity is right)."""
    out = {j for j, x in enumerate(row) if x == -np.inf}
    if not out:
        return True
    if getattr(card, "label_smoothing", 0.0):
        return False
    wanted = {target} if card.target.labels else {j for j, t in enumerate(target) if t}
    return not wanted & out


@cache
def face(card_class: type) -> type[losskit.Loss]:
    """The NumPy class of a card, registered or not."""
    return type(card_class.__name__, (losskit.Loss,), {"_card": card_class})


def loss_of(card: Any, **options: Any) -> Any:
    """A loss object of the NumPy face for a card instance, registered or not."""
    kind = type(getattr(card, "card", card))
    return face(kind)(**card.parameters(), **options).packed()
