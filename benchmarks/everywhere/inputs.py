"""The arrays of a case: by the domains of a card's slots, in the order of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.everywhere.cases import SIZES, Arguments, Case, card_of, kind, rows_of, variants
from losskit.peers.row import Row

Array = NDArray[Any]
Shape = tuple[int, ...]

CLASSES = 10
"""Of rows where a size is a number."""
MANY = 100
FRAMES, LABELS = 50, 10
"""Of sequences."""
FEATURES = 64
"""Of a linear layer's input."""
SHARE = 0.1
"""Of the items that do not count, where some do not."""


@dataclass(frozen=True)
class Job:
    """What both sides are called with, and by which arrays the derivative is taken."""

    arrays: dict[str, Array]
    """By the function's names, in its order."""
    by: tuple[str, ...]
    more: dict[str, Array] = field(default_factory=dict)
    """Weights and masks, likewise."""
    options: dict[str, Any] = field(default_factory=dict)
    normalized: str = ""
    """The array of logits that goes through a log-softmax first, on both sides."""

    def as_type(self, dtype: str) -> Job:
        """With all that is floating in another type."""
        arrays, more = (
            {n: cast(x, dtype) for n, x in part.items()} for part in (self.arrays, self.more)
        )
        return replace(self, arrays=arrays, more=more)


def type_of(name: str) -> Any:
    """NumPy's type of that name."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def cast(x: Array, dtype: str) -> Array:
    """The array in that type; labels and masks as they are."""
    return x if x.dtype.kind in "iub" else x.astype(type_of(dtype))


def job(case: Case) -> Job:
    """The same arrays each time, for they come from the case's own seed."""
    row = rows_of(case.face)[case.loss]
    arguments = variants(case.face, row)[case.arguments]
    rng = np.random.default_rng(list(case.id.encode()))
    shape = SIZES[case.size]
    make = SPECIAL.get((case.face, case.loss), _plain)
    made: Job = make(rng, row, arguments, shape, case.face)
    if case.dtype == "float32":
        return made
    return made.as_type(case.dtype)


def _plain(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    """Of a function that takes what the card takes."""
    card = card_of(row, arguments)
    if face.startswith("keras") and kind(card) == "element" and len(shape) == 1:
        shape = (*shape, 1)  # samples of one number
    items, classes = _items(card, shape)
    arrays = slots(rng, card, shape, arguments)
    if face == "numpy":
        names = [slot.name for slot in card.slots]
    else:
        names = [n for n, p in row.parameters.items() if p.default is p.empty]
        if "targets" in row.parameters and "targets" not in names:  # optax may leave them out
            names.append("targets")
    order = list(range(len(card.slots)))
    if not face.startswith("keras") and face != "numpy" and card.slots[0].name == "target":
        order[:2] = [1, 0]
    named = {name: arrays[i] for name, i in zip(names, order, strict=True)}
    by = tuple(n for n, i in zip(names, order, strict=True) if card.slots[i].predicted)
    options = dict(arguments.options)
    if len(shape) == 4 and kind(card) == "row" and face != "torch":
        options["axis"] = 1
    if kind(card) == "row" and arguments.soft is False and arguments.ignored is not None:
        labels = arrays[0]
        labels[rng.random(labels.shape) < SHARE] = arguments.ignored
    more = _more(rng, arguments, arrays[card.main].shape, items, classes, face)
    if arguments.where and kind(card) == "row" and not card.target.labels:
        # Of classes; the true ones are there.
        more[arguments.where] = (rng.random(arrays[0].shape) >= SHARE) | (arrays[0] > 0)
    if arguments.weight == "weights":
        more[arguments.weight] = _floats(rng.uniform(0.5, 2.0, arrays[0].shape))
    return Job(named, by, more, options)


def _more(
    rng: Any, arguments: Arguments, whole: Shape, items: Shape, classes: int, face: str
) -> dict[str, Array]:
    """Weights and masks."""
    more: dict[str, Array] = {}
    if arguments.class_weight:
        each = _floats(rng.uniform(0.5, 2.0, classes))
        by_item = face == "numpy" and arguments.class_weight == "pos_weight"
        more[arguments.class_weight] = np.array(np.broadcast_to(each, items)) if by_item else each
    if arguments.weight:
        by_sample = face.startswith("keras")  # one for each sample, as `fit` takes them
        of = whole[:1] if by_sample else items
        more[arguments.weight] = _floats(rng.uniform(0.5, 2.0, of))
    if arguments.where:
        more[arguments.where] = rng.random(items) >= SHARE
    return more


def _items(card: Any, shape: Shape) -> tuple[Shape, int]:
    """The shape of the items, and the number of classes."""
    if kind(card) == "sequence":
        return (_batch(shape),), shape[-1]
    if kind(card) != "row":
        return shape[:1] if kind(card) == "set" else shape, shape[-1]
    whole = rows(shape)
    axis = 1 if len(whole) == 4 else -1
    return tuple(n for i, n in enumerate(whole) if i != axis % len(whole)), whole[axis]


def _batch(shape: Shape) -> int:
    return max(1, math.prod(shape[:-1]) // FRAMES)


def rows(shape: Shape) -> Shape:
    """Numbers as rows of so many classes."""
    return (max(1, shape[0] // CLASSES), CLASSES) if len(shape) == 1 else shape


def slots(rng: Any, card: Any, shape: Shape, arguments: Arguments) -> list[Array]:
    """An array for each slot of a card, of everyday values."""
    of = kind(card)
    if of == "sequence":
        batch, classes = _batch(shape), shape[-1]
        y = rng.integers(1, classes, (batch, LABELS))
        z = _normal(rng, (batch, FRAMES, classes))
        return [y, z if getattr(card, "from_logits", False) else _log_softmax(z, -1)]
    if of == "set":
        labelled = card.slots[0].domain.labels
        sets = [_unit(_normal(rng, shape)) for _ in card.slots[labelled:]]
        return [*([rng.integers(0, max(2, shape[0] // 4), shape[0])] if labelled else []), *sets]
    if of == "line":
        time, event, score = (
            rng.gamma(2.0, 3.0, shape),
            rng.random(shape) < 0.7,
            _normal(rng, shape),
        )
        return [_floats(time), _floats(event), score]
    if of == "row":
        shape = rows(shape)
    axis = 1 if len(shape) == 4 else -1
    made = [_slot(rng, card, i, shape, axis, arguments) for i in range(len(card.slots))]
    if of == "row" and card.prediction.high == 1.0:
        y, p = made
        if card.target.labels:
            y = np.zeros_like(p)
            np.put_along_axis(y, np.expand_dims(made[0], axis), 1.0, axis)
        # Of a network that has learned something.
        made[1] = 0.7 * p + 0.3 * y
    return made


def _slot(rng: Any, card: Any, i: int, shape: Shape, axis: int, arguments: Arguments) -> Array:
    slot = card.slots[i]
    domain, is_row = slot.domain, kind(card) == "row"
    if domain.labels:
        items, classes = _items(card, shape)
        return np.asarray(rng.integers(0, classes, items))
    if is_row and not slot.dims:  # one for each row
        shape = _items(card, shape)[0]
    if domain.values and (not slot.predicted or (i == 0 and card.main != 0)):
        if not is_row or not slot.dims:
            return _floats(rng.choice([-1.0, 1.0], shape))
        several = domain.words.startswith("1 for each")
        return _floats(rng.random(shape) < 0.3) if several else _one_hot(rng, shape, axis)
    if i == 0 and domain.high == 1.0:
        if is_row:
            soft = arguments.soft
            return _softmax(_normal(rng, shape), axis) if soft else _one_hot(rng, shape, axis)
        return _floats(rng.random(shape) if arguments.soft else rng.random(shape) < 0.4)
    if domain.high == 0.0:
        return _log_softmax(_normal(rng, shape), -1)
    if domain.low == -1.0 and domain.high == 1.0:
        return _floats(rng.uniform(-1.0, 1.0, shape))
    if domain.high == 1.0:
        # Of many classes none may be so improbable that half precision could not say it.
        z = _normal(rng, shape, 0.4 if is_row and shape[axis] > MANY else 1.5)
        return _softmax(z, axis) if is_row else 1 / (1 + np.exp(-z))
    if 0.0 <= domain.low < 1.0:
        least = int(domain.low > 0.0)
        return np.exp(0.5 * _normal(rng, shape)) if i else _floats(rng.integers(least, 6, shape))
    if "log" in domain.words and not domain.words.startswith("a logit"):
        return _log_softmax(_normal(rng, shape), axis)
    z = _normal(rng, shape)
    # Counts are predicted by what is no logarithm here.
    return np.abs(z) if i and card.target.low == 0.0 and card.link == "identity" else z


def _floats(x: Any) -> Array:
    return np.asarray(x, np.float32)


def _normal(rng: Any, shape: Shape, scale: float = 1.5) -> Array:
    drawn = rng.standard_normal(shape, np.float32)
    drawn *= np.float32(scale)
    return np.asarray(drawn)


def _unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def _softmax(z: Array, axis: int) -> Array:
    np.exp(z, out=z)
    z /= z.sum(axis, keepdims=True)
    return z


def _log_softmax(z: Array, axis: int) -> Array:
    z -= np.log(np.exp(z).sum(axis, keepdims=True))
    return z


def _one_hot(rng: Any, shape: Shape, axis: int) -> Array:
    made = np.zeros(shape, np.float32)
    items = tuple(n for i, n in enumerate(shape) if i != axis % len(shape))
    np.put_along_axis(made, np.expand_dims(rng.integers(0, shape[axis], items), axis), 1.0, axis)
    return made


# --- functions that take other arrays than their card ---------------------------------------------


def _ranking_of_two(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    arrays = [_normal(rng, shape), _normal(rng, shape), _floats(rng.choice([-1.0, 1.0], shape))]
    return Job(dict(zip(("input1", "input2", "target"), arrays, strict=True)), ("input1", "input2"))


def _vectors(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    made = _ranking_of_two(rng, row, arguments, rows(shape), face)
    return replace(made, arrays=made.arrays | {"target": made.arrays["target"][:, 0].copy()})


def _lists(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    z = _normal(rng, rows(shape))
    y = np.full(z.shape, -1)
    y[:, 0] = rng.integers(0, z.shape[1], len(z))
    y[:, 1] = (y[:, 0] + 1) % z.shape[1]
    return Job({"input": z, "target": y}, ("input",))


def _triplets(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    names = ("anchor", "positive", "negative")
    return Job({name: _normal(rng, rows(shape)) for name in names}, names)


def _linear(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    shape = rows(shape)
    y = rng.integers(0, shape[1], shape[0])
    if arguments.ignored is not None:
        y[rng.random(len(y)) < SHARE] = arguments.ignored
    arrays = {
        "input": _normal(rng, (shape[0], FEATURES), 1.0),
        "linear_weight": _normal(rng, (shape[1], FEATURES), 0.1),
        "target": y,
    }
    more = _more(rng, arguments, shape, shape[:1], shape[1], face)
    return Job(arrays, ("input", "linear_weight"), more, dict(arguments.options))


def _torch_ctc(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    y, p = slots(rng, card_of(row), shape, arguments)
    arrays = {
        "log_probs": np.ascontiguousarray(p.swapaxes(0, 1)),
        "targets": y,
        "input_lengths": np.full(len(y), FRAMES),
        "target_lengths": np.full(len(y), LABELS),
    }
    return Job(arrays, ("log_probs",), normalized="log_probs")


def _optax_ctc(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    y, p = slots(rng, card_of(row), shape, arguments)
    arrays = {
        "logits": p,
        "logit_paddings": _floats(np.zeros(p.shape[:2])),
        "labels": y,
        "label_paddings": _floats(np.zeros(y.shape)),
    }
    return Job(arrays, ("logits",))


def _masks(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    """(batch, pixels, classes)."""
    whole: Shape
    if len(shape) == 4:
        whole = (shape[0], shape[2], shape[3], shape[1])
    else:
        numbers, classes = rows(shape)
        batch = max(1, numbers // 64)
        whole = (batch, numbers // batch, classes)
    if row.name == "binary_dice_loss":
        whole = whole[:-1] if len(shape) == 4 else (whole[0], whole[1] * whole[2])
    z = _normal(rng, whole)
    y = _floats(rng.random(whole) if arguments.soft else rng.random(whole) < 0.4)
    more = _more(rng, arguments, whole, whole, whole[-1], face)
    return Job({"predictions": z, "targets": y}, ("predictions",), more)


def _fenchel_young(rng: Any, row: Row, arguments: Arguments, shape: Shape, face: str) -> Job:
    z = _normal(rng, rows(shape))
    return Job({"scores": z, "targets": _one_hot(rng, z.shape, -1)}, ("scores",))


SPECIAL: dict[tuple[str, str], Callable[..., Job]] = {
    ("torch", "margin_ranking_loss"): _ranking_of_two,
    ("torch", "cosine_embedding_loss"): _vectors,
    ("torch", "multilabel_margin_loss"): _lists,
    ("torch", "triplet_margin_with_distance_loss"): _triplets,
    ("torch", "linear_cross_entropy"): _linear,
    ("torch", "ctc_loss"): _torch_ctc,
    ("jax", "ctc_loss"): _optax_ctc,
    ("jax", "ctc_loss_with_forward_probs"): _optax_ctc,
    ("jax", "dice_loss"): _masks,
    ("jax", "binary_dice_loss"): _masks,
    ("jax", "multiclass_generalized_dice_loss"): _masks,
    ("jax", "make_fenchel_young_loss"): _fenchel_young,
}
"""By face and the peer's name."""
