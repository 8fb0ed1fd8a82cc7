"""The cases: every loss x face x dtype x size x arguments, from the tables of foreign names."""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import losskit.losses  # noqa: F401  (fills the registry)
from losskit.core.definition import cards, find
from losskit.core.families import Setwise
from losskit.peers import keras, optax, torch
from losskit.peers.row import Row

SIZES: dict[str, tuple[int, ...]] = {
    "10": (10,),
    "3000": (3000,),
    "1M": (1_000_000,),
    "64x50": (64, 50),
    "256x10": (256, 10),
    "4096x256": (4096, 256),
    "10240x100": (10_240, 100),
    "8192x1000": (8192, 1000),
    "8x21x128x128": (8, 21, 128, 128),
}
"""Numbers; rows x classes; images with their classes along axis 1."""
IMAGES = "8x21x128x128"
DTYPES = ("float32", "float64", "bfloat16", "float16")
FACES = {
    "numpy": "NumPy",
    "torch": "PyTorch",
    "jax": "JAX (optax)",
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-jax": "Keras on JAX",
    "keras-torch": "Keras on PyTorch",
}
NO_LOSS = {"smooth_labels"}
"""What the tables name beside losses."""
ROWS_ONLY = {("torch", "cosine_embedding_loss")}
"""Functions of vectors whose card takes what was made of these."""
ELSE = {("jax", "sparsemax_loss", "soft targets")}
"""Arguments with which the peer computes something else: docs/jax-differences.md."""
SMOOTHING = 0.1
MOST_PAIRS = 2**24
"""A set of more vectors has more pairs than a step of training would hold."""


@dataclass(frozen=True)
class Arguments:
    """What a call takes beside its arrays, in the words of the other library."""

    options: dict[str, Any] = field(default_factory=dict)
    """Numbers and flags."""
    class_weight: str = ""
    """The argument with a weight for each class."""
    weight: str = ""
    """The argument with a weight for each element, or each item."""
    where: str = ""
    """The argument with a mask of what counts."""
    ignored: int | None = None
    """The label that a tenth of the items have."""
    soft: bool = False
    """Whether targets are shares of the classes where they could be labels or one-hot."""


@dataclass(frozen=True)
class Case:
    """One call of one face, and the peer's beside it."""

    face: str
    loss: str
    """The peer's name; losskit's own on the NumPy face."""
    size: str
    dtype: str
    arguments: str = "plain"

    @property
    def id(self) -> str:
        """What ``--only`` is matched with."""
        return "/".join((self.face, self.loss, self.size, self.dtype, self.arguments))

    @classmethod
    def of(cls, text: str) -> Case:
        return cls(*text.split("/"))


def rows_of(face: str) -> dict[str, Row]:
    """The table that a face is measured by; the NumPy face has one row for each card."""
    if face == "numpy":
        return _own()
    table = {"torch": torch.ROWS, "jax": optax.ROWS}.get(face, keras.ROWS)
    return {name: row for name, row in table.items() if name not in NO_LOSS}


@cache
def _own() -> dict[str, Row]:
    return {
        card.name: Row(card.name, card.name, ", ".join(f"{s}=None" for s in card.rules()))
        for card in cards()
    }


def card_of(row: Row, arguments: Arguments | None = None) -> Any:
    """The card whose slots say what the row's function takes."""
    arguments = arguments or Arguments()
    defaults = {n: p.default for n, p in row.parameters.items() if p.default is not p.empty}
    made = row.made(defaults | arguments.options, dense=arguments.soft)
    if made is None and row.of:
        made = find(row.of[0])()
    return made


def variants(face: str, row: Row) -> dict[str, Arguments]:
    """The arguments that the row's function is measured with, by name."""
    # PyTorch warns of a mean over the elements, which is not the divergence.
    usual = {"reduction": "batchmean"} if "batchmean" in row.words else {}
    found = {"plain": Arguments(usual)}
    takes = taken(face, row.name)
    card = find(row.card) if row.card else None
    optional = {slot.name for slot in card.optional} if card else set()
    if row.dense or _may_be_soft(row):
        found["soft targets"] = Arguments(usual, soft=True)
    if "label_smoothing" in takes:
        found["smoothing"] = Arguments({"label_smoothing": SMOOTHING})
    if "from_logits" in takes:
        found["logits"] = Arguments({"from_logits": True})
    for name, label in (("ignore_index", -100), ("ignore_class", -1)):
        if name in takes:
            found["ignored"] = Arguments({name: label}, ignored=label)
    if "where" in takes:
        found["ignored"] = Arguments(where="where")
    if row.instead is not None:
        name, value, _ = row.instead
        found[f"{name}={value}"] = Arguments({name: value} | usual)
    if face == "numpy":
        if _has_plain_items(card_of(row)):
            found["sample weights"] = Arguments(weight="sample_weight")
        for name in ("class_weight", "pos_weight"):
            if name in optional:
                found["class weights"] = Arguments(class_weight=name)
    elif face.startswith("keras"):
        found["sample weights"] = Arguments(weight="sample_weight")
        if "apply_class_balancing" in takes:
            found["class weights"] = Arguments({"apply_class_balancing": True})
    else:
        for name in ("weight", "pos_weight", "class_weights"):
            if name in takes and (name != "weight" or "class_weight" in optional or not card):
                found["class weights"] = Arguments(class_weight=name)
            elif name in takes:
                found["sample weights"] = Arguments(weight=name)
        if "weights" in takes:
            found["sample weights"] = Arguments(weight="weights")
        for name in row.switches:
            found["class weights"] = Arguments({name: 0.25})
    return {name: a for name, a in found.items() if (face, row.name, name) not in ELSE}


def _has_plain_items(card: Any) -> bool:
    """Whether each element or each row has a loss of its own, that a weight may belong to."""
    kinds, rules = kind(card), card.rules()
    if isinstance(card, Setwise) or kinds in ("set", "line"):
        return False
    return "pixels" not in rules and not (kinds == "element" and "axis" in rules)


def _may_be_soft(row: Row) -> bool:
    card = card_of(row)
    return card is not None and card.slots[0].domain.high == 1.0 and not card.slots[0].domain.values


KINDS = {
    (): "element",
    ("c",): "row",
    ("n",): "line",
    ("n", "d"): "set",
    ("t", "c"): "sequence",
}
"""By the dimensions of an item's prediction."""


def kind(card: Any) -> str:
    """What an item of the card is: an element, a row, a line of them all, a set, a sequence."""
    if card is None:
        return "row"
    dims = card.slots[card.main].dims
    kinds = {
        (): "element",
        ("c",): "row",
        ("n",): "line",
        ("n", "d"): "set",
        ("t", "c"): "sequence",
    }
    return kinds[dims]


@cache
def taken(face: str, name: str) -> frozenset[str]:
    """The arguments that the peer's own function has: losskit's may have more."""
    row = rows_of(face)[name]
    if face != "jax":
        return frozenset(row.parameters)
    import optax

    return frozenset(inspect.signature(getattr(optax.losses, name)).parameters)


def fits(face: str, row: Row, size: str) -> bool:
    """Whether the row's function can be given arrays of that size."""
    shape, of = SIZES[size], kind(card_of(row))
    if (face, row.name) in ROWS_ONLY:
        return len(shape) < 3
    if of == "line":
        return len(shape) == 1
    if of == "set":
        return len(shape) == 2 and shape[0] ** 2 <= MOST_PAIRS
    if of == "sequence":
        return len(shape) == 2
    if len(shape) > 2 and of == "row":
        return "axis" in taken(face, row.name)
    return True


def everything() -> Iterator[Case]:
    """Every case there is."""
    for face in FACES:
        for name, row in rows_of(face).items():
            for size in SIZES:
                if fits(face, row, size):
                    for arguments in variants(face, row):
                        yield from (Case(face, name, size, d, arguments) for d in DTYPES)


def chosen(only: Iterable[str]) -> list[Case]:
    """The cases whose id one of the patterns matches; all without any."""
    patterns = list(only)
    return [c for c in everything() if not patterns or any(fnmatchcase(c.id, p) for p in patterns)]


def ordered(cases: Iterable[Case], seed: int) -> list[Case]:
    """The cases in an order of which every beginning is a stratified sample.

    The first of them have every loss of every face, once; the next have each once more; and so on.
    Of a loss, that case comes next whose dtype, size and arguments its face has had least often.
    """
    rng = random.Random(seed)
    left: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        left.setdefault((case.face, case.loss), []).append(case)
    for group in left.values():
        rng.shuffle(group)
    seen: Counter[tuple[str, str]] = Counter()
    order: list[Case] = []
    while left:
        keys = list(left)
        rng.shuffle(keys)
        for key in keys:
            best = min(left[key], key=lambda c: sum(seen[c.face, x] for x in _strata(c)))
            left[key].remove(best)
            seen.update((best.face, x) for x in _strata(best))
            order.append(best)
            if not left[key]:
                del left[key]
    return order


def _strata(case: Case) -> tuple[str, ...]:
    return case.size, case.dtype, case.arguments, f"{case.loss} {case.dtype}"
