"""The arrays of a loss call, and what the findings ask of them; each answer is computed once."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from losskit.checks.ctc import Sequences, sequences
from losskit.checks.models import last_activation
from losskit.checks.rules import Inapplicable
from losskit.checks.subject import Subject
from losskit.core.definition import LABEL, LOG_PROBABILITY, LOGIT, NONNEGATIVE, PROBABILITY, SHARE
from losskit.core.families import is_rowwise, lacks_axes, placed
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import vocabulary
from losskit.core.slots import item_shape, lengths, slot_shape
from losskit.core.softmax import from_logits
from losskit.engine.shapes import check_shapes
from losskit.peers import elsewhere, kind

HALF = ("float16", "bfloat16")
EVIDENCE = 32
"""From so many values on, "all lie within [0, 1]" is no chance, and a median says something."""
STRETCHED = 10**7
"""How many items shapes may broadcast to in a call that is tried."""
EXTREME = 64
"""So many samples of the smallest, and of the largest loss are asked for their gradients."""
ROW_TOLERANCE = {"bfloat16": 2e-2, "float16": 5e-3}
"""How far the sum of a softmax's row may lie from 1; 1e-3 for wider types."""
ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}
"""The largest relative error of one number; nothing to speak of for wider types."""
SEEN = 1 << 16
"""So many values tell that all are those of a narrower type."""

_TAKES = {
    id(LOGIT): "logits",
    id(PROBABILITY): "probabilities",
    id(SHARE): "probabilities",
    id(LOG_PROBABILITY): "log-probabilities",
    id(NONNEGATIVE): "rates",
}


@dataclass
class Call:
    """One loss call. Arrays are NumPy's; those of half precision come as float32."""

    subject: Subject
    y: Any
    """Targets: an array, or a tuple of them (CTC)."""
    p: Any
    """Predictions: an array, or a tuple of them (losses of two inputs)."""
    weight: Array | None
    logits: Array | None
    """What the predictions were made of, if the caller says."""
    model: Any
    chunks: int
    dtype: str
    """The predictions' own dtype, before they became float32."""
    y_dtype: str = ""
    """Likewise of the targets."""

    def __post_init__(self) -> None:
        if not isinstance(self.p, tuple):
            self.subject = replace(self.subject, card=placed(self.subject.card, np.shape(self.p)))
        card = self.subject.card
        squeezes = self.subject.squeezes
        if self.subject.library == "keras" and not self.subject.name.startswith("losskit"):
            squeezes |= lacks_axes(card)  # its functions of labels do it too
        if not squeezes or card is None or self.fits or not self.p.ndim:
            return
        # What the library squeezes by itself comes squeezed.
        wanted = self._target_shape()
        expands = not lacks_axes(card) and (*self.y.shape, 1) == wanted
        if self.y.shape == (*wanted, 1) or expands:
            self.y = self.y.reshape(wanted)
            del self.fits

    # --- the loss

    @property
    def card(self) -> Any:
        """The losskit card of the same formula."""
        if self.subject.card is None:
            raise Inapplicable("losskit has no card for this loss")
        return self.subject.card

    @cached_property
    def kind(self) -> Any:
        """The card of which the loss is a form, by its name; it may take other arrays. Or None."""
        return kind(self.subject.name.partition("(")[0].rpartition(".")[2])

    @property
    def is_ctc(self) -> bool:
        """Whether it is a loss of sequences, whatever the form of its arguments."""
        return self.kind is not None and bool(self.kind.task == "sequence")

    @cached_property
    def sequences(self) -> Sequences:
        """What a CTC loss is given."""
        return sequences(self)

    @property
    def takes(self) -> str:
        """What the predictions are to be: "logits", "probabilities", ... or "numbers"."""
        if self.subject.card is None and self.is_ctc:
            return "log-probabilities" if self.subject.library == "torch" else "logits"
        return _TAKES.get(id(self.card.prediction), "numbers")

    @property
    def labels_wanted(self) -> bool:
        """Whether targets are integer class labels."""
        return self.card.target is LABEL

    @cached_property
    def quantities(self) -> bool:
        """Whether targets that ought to be class labels are real numbers, most of them."""
        card = self.subject.card
        if card is None or card.target is not LABEL or isinstance(self.y, tuple):
            return False
        if self.y.dtype.kind != "f":
            return False
        return bool((np.isfinite(self.y) & (self.y != np.floor(self.y))).mean() > 0.5)

    @property
    def is_softmax_loss(self) -> bool:
        """Whether it is a loss of one distribution over classes per row."""
        card = self.subject.card
        return self.is_ctc or (card is not None and card.link == "softmax")

    @property
    def counterpart(self) -> str:
        """What its library calls the same loss of rows in place of labels, or the reverse.

        "" where it has none, or one name for both.
        """
        other = self.card.counterpart
        if not other or self.subject.library == "losskit":
            return str(other)
        return next(iter(elsewhere(other).get(f"{self.subject.library}.losses", ())), "")

    @property
    def is_divergence(self) -> bool:
        """Whether it is a loss that is 0 where target and prediction are one distribution."""
        return bool(self.card.family() == "divergence")

    @property
    def log_targets(self) -> bool:
        """Whether targets are logarithms."""
        return bool(self.card.target.minus_infinity)

    def parameter(self, fact: str, otherwise: str) -> tuple[str, float]:
        """The name and the value of the parameter of whose rule that is said; if there is one."""
        for name, (_, rule) in self.card.rules().items():
            if getattr(rule, fact):
                return name, float(getattr(self.card, name))
        raise Inapplicable(otherwise)

    def need_softmax(self) -> None:
        """Only for losses of one distribution over classes per row."""
        if not self.is_softmax_loss:
            raise Inapplicable("it is no loss of a distribution over classes")
        self.need_classes()

    def need_classes(self) -> None:
        """Only for targets of the loss's own kind: whatever else is said of others misleads."""
        if self.quantities:
            raise Inapplicable("the targets are no class labels")

    def need_sigmoid(self) -> None:
        """Only for losses of one probability per element."""
        if self.card.link != "logit":
            raise Inapplicable("it is no loss of one probability per element")

    def need_regression(self) -> None:
        """Only for losses of an error."""
        if self.card.family() != "regression":
            raise Inapplicable("it is no regression loss")

    def need(self, condition: bool, otherwise: str) -> None:
        """Only if that holds; the reason in words."""
        if not condition:
            raise Inapplicable(otherwise)

    # --- the arrays

    def arrays(self) -> tuple[Array, Array]:
        """Targets and predictions, where each is one array."""
        if isinstance(self.y, tuple) or isinstance(self.p, tuple):
            raise Inapplicable("the loss takes more than one array of targets or predictions")
        return self.y, self.p

    @property
    def axis(self) -> int:
        """The class axis, from the front."""
        _, p = self.arrays()
        axis = getattr(self.card, "axis", -1)
        if not isinstance(axis, int):
            raise Inapplicable("whole masks have no class axis")
        if not p.ndim or not -p.ndim <= axis < p.ndim:
            raise Inapplicable("the predictions lack the class axis")
        return int(axis % p.ndim)

    @cached_property
    def fits(self) -> bool:
        """Whether the shapes are those that the loss wants, as losskit sees it."""
        if isinstance(self.y, tuple) or isinstance(self.p, tuple):
            return True
        if self.subject.card is None:
            return bool(self.y.shape == self.p.shape)
        try:
            check_shapes(self.subject.card, self.y.shape, self.p.shape)
        except ValueError:
            return False
        return True

    @cached_property
    def stretched(self) -> tuple[int, ...] | None:
        """The shape that targets and predictions are broadcast to, where that repeats any.

        Tried on a few samples: what repeats nothing gives the loss of targets in p's own shape.
        """
        several = isinstance(self.p, tuple)
        p = self.p[0] if several else self.p
        if isinstance(self.y, tuple) or isinstance(p, tuple) or self.y.shape == p.shape:
            return None
        card = self.subject.card
        if lacks_axes(card) and not several:
            return None
        if (card is None or several) and self.y.size != p.size:
            return None
        try:
            shape = np.broadcast_shapes(self.y.shape, p.shape)
        except ValueError:
            return None
        if math.prod(shape) == min(self.y.size, p.size):
            return None  # (N,) and (1, N) hold the same items
        y, few = _few(self.y), tuple(map(_few, self.p)) if several else _few(p)
        try:
            found = np.mean(self.evaluate(y, few))
            if self.y.size == p.size:
                alike = self.evaluate(y.reshape(_few(p).shape), few)
                if np.isclose(found, np.mean(alike), rtol=1e-4, atol=0, equal_nan=True):
                    return None
        except (Inapplicable, ValueError):
            return None
        return tuple(shape)

    def _target_shape(self) -> tuple[int, ...]:
        """The shape of the targets that the card takes for these predictions."""
        card, shape = self.card, self.p.shape
        if not lacks_axes(card):
            return tuple(shape)
        target, prediction = card.slots
        return slot_shape(target, item_shape(card, shape), lengths(prediction, shape))

    def fitted(self) -> tuple[Array, Array]:
        """Targets and predictions of matching shapes."""
        y, p = self.arrays()
        if not self.fits:
            raise Inapplicable("the shapes do not match")
        return y, p

    @cached_property
    def rows(self) -> Array:
        """The predictions with the classes last, as (rows, classes)."""
        if self.is_ctc:
            return self.sequences.scores
        _, p = self.arrays()
        moved = np.moveaxis(p, self.axis, -1)
        return moved.reshape(-1, moved.shape[-1])

    @cached_property
    def labels(self) -> Array:
        """The labels of the rows, (rows,); of those that count and those that do not."""
        y, _ = self.fitted()
        if not self.labels_wanted:
            raise Inapplicable("the targets are no class labels")
        return y.reshape(-1)

    @cached_property
    def row_targets(self) -> Array:
        """The targets with the classes last, as (rows, classes)."""
        y, _ = self.fitted()
        if lacks_axes(self.card) or self.card.target.labels:
            raise Inapplicable("the targets are no rows")
        moved = np.moveaxis(y, self.axis, -1)
        return moved.reshape(-1, moved.shape[-1])

    @cached_property
    def counted(self) -> Array:
        """Which of the items count, flat, or of their labels: neither ignored nor of weight 0."""
        y, p = self.fitted()
        shape = p.shape
        if self.subject.card is not None:
            labelled = lacks_axes(self.card)
            shape = self._target_shape() if labelled else item_shape(self.card, p.shape)
        counted = np.ones(shape, bool)
        if self.subject.card is not None and is_rowwise(self.card):
            ignored = self.card.ignored()
            if ignored is not None:
                counted &= y != ignored
        if self.weight is not None and self.weight.ndim <= len(shape):
            weight = self.weight.reshape(self.weight.shape + (1,) * (len(shape) - self.weight.ndim))
            try:
                counted &= weight != 0
            except ValueError:
                raise Inapplicable("the weights do not fit the items") from None
        return counted.reshape(-1)

    @property
    def half(self) -> bool:
        return self.dtype in HALF

    @cached_property
    def precision(self) -> str:
        """The type whose numbers the predictions are: a float32 may hold those of bfloat16."""
        if self.dtype in HALF or isinstance(self.p, tuple):
            return self.dtype
        return "bfloat16" if _was_bfloat16(self.p) else self.dtype

    @property
    def row_tolerance(self) -> float:
        """How far the sum of a softmax's row may lie from 1."""
        return ROW_TOLERANCE.get(self.precision, 1e-3)

    @property
    def log_tolerance(self) -> float:
        """How far the sum of a log-softmax's exponentials may lie from 1.

        A rounded logarithm is off by a share of its size, which is up to ln C for what counts; and
        half precision rounds several times on the way.
        """
        size = math.log(max(2, self.rows.shape[1]))
        return max(self.row_tolerance, 4 * ROUNDING.get(self.precision, 0.0) * size)

    def sums_to_one(self, rows: Array) -> Array:
        """Which rows are distributions: within [0, 1], with a sum of 1."""
        inside = ((rows >= 0) & (rows <= 1 + self.row_tolerance)).all(-1)
        sums = rows.sum(-1, dtype=np.float64)
        return np.asarray(inside & (np.abs(sums - 1) <= self.row_tolerance))

    @cached_property
    def softmax_under_binary(self) -> tuple[int, int] | None:
        """(rows, classes) of predictions that look like a softmax's under a loss of one probability
        per element: each row sums to 1, and its target holds a single 1; None if they do not."""
        if self.card.link != "logit" or self.takes != "probabilities":
            return None
        y, p = self.fitted()
        # Of two classes it is the categorical cross-entropy itself. PyTorch has them second.
        for axis in {p.ndim - 1, min(1, p.ndim - 1)}:
            if p.ndim < 2 or p.shape[axis] < 3 or p.size < EVIDENCE:
                continue
            probabilities, targets = (
                np.moveaxis(x, axis, -1).reshape(-1, p.shape[axis]) for x in (p, y)
            )
            single = ((targets == 0) | (targets == 1)).all() and (targets.sum(-1) == 1).all()
            if single and self.sums_to_one(probabilities).all():
                return len(probabilities), int(p.shape[axis])
        return None

    @cached_property
    def ends_in(self) -> str | None:
        """The activation that made the predictions: "softmax", "sigmoid", ...; None if unknown.

        From the model's last layer, or from the logits that the caller gave.
        """
        if self.logits is not None and not isinstance(self.p, tuple):
            made = self.made_of_logits
            if made is not None:
                return made
        return None if self.model is None else last_activation(self.model)

    @cached_property
    def made_of_logits(self) -> str | None:
        """What makes the predictions of the given logits: "softmax" or "sigmoid", if either."""
        _, p = self.arrays()
        assert self.logits is not None
        axis = getattr(self.subject.card, "axis", -1)
        axis = axis if isinstance(axis, int) else -1
        # A sigmoid that is 1 everywhere looks like the softmax of one output: it comes first.
        for name, made in (("sigmoid", _sigmoid), ("softmax", softmax)):
            if p.ndim and np.allclose(made(self.logits, axis), p, atol=self.row_tolerance):
                return name
        return None

    # --- what its own library computes

    def evaluate(self, y: Any, p: Any, weight: Array | None = None) -> Any:
        """The loss as its own library computes it.

        Raises:
            Inapplicable: it refuses.
        """
        with quiet():
            try:
                return self.subject.value(y, p, weight)
            except Exception as error:
                raise Inapplicable(f"the call fails ({_first_line(error)})") from error

    @cached_property
    def failure(self) -> Exception | None:
        """What the loss's own library raises for this call, if anything."""
        try:
            self._result  # noqa: B018
        except Inapplicable as error:
            return error.__cause__ if isinstance(error.__cause__, Exception) else error
        return None

    @cached_property
    def _result(self) -> Any:
        if math.prod(self.stretched or ()) > STRETCHED:
            raise Inapplicable(f"the shapes stretch to {math.prod(self.stretched or ())} items")
        weight = self.weight if self.subject.weighs else None
        return self.evaluate(self.y, self.p, weight)

    @property
    def result(self) -> Any:
        """What the call returns: a number, items, or a pair (a boosting objective)."""
        if self.failure is not None:
            raise Inapplicable("the call fails")
        return self._result

    @property
    def value(self) -> float:
        """The loss: what the call returns, or the mean of the items it returns."""
        if isinstance(self.result, tuple):
            raise Inapplicable("the call returns gradients, no loss")
        return float(np.mean(self.result))

    @cached_property
    def items(self) -> Array:
        """The items of the loss, unweighted, as its own library computes them."""
        if self.subject.items is None:
            raise Inapplicable("the loss has no items that can be asked for")
        if self.failure is not None:
            raise Inapplicable("the call fails")
        with quiet():
            try:
                found = self.subject.items(self.y, self.p, None)
            except Exception as error:
                raise Inapplicable(f"the items fail ({_first_line(error)})") from error
        # No wider than the predictions: this is kept.
        narrow = not isinstance(self.p, tuple) and self.p.dtype == np.float32
        return found.astype(np.float32) if narrow else found

    @cached_property
    def by_sample(self) -> Array:
        """The loss of each sample (first dimension), summed over its items."""
        _, p = self.fitted()
        if p.ndim == 0 or (
            self.subject.card is not None
            and any(axis % p.ndim == 0 for axis in self.card.slots[self.card.main].axes)
        ):
            raise Inapplicable("there is no batch dimension")
        items = self.items
        if items.ndim == 0 or items.shape[0] != p.shape[0]:
            raise Inapplicable("the items are not one or more per sample")
        return items if items.ndim == 1 else items.reshape(items.shape[0], -1).sum(-1)

    def slope(self, which: Array) -> Array:
        """The gradient of the items of these samples by their predictions."""
        y, p = self.fitted()
        if self.subject.slope is None:
            raise Inapplicable("the loss has no gradient that can be asked for")
        with quiet():
            try:
                return self.subject.slope(y[which], p[which], None)
            except Exception as error:
                raise Inapplicable(f"the gradient fails ({_first_line(error)})") from error

    @cached_property
    def extremes(self) -> tuple[Array, Array]:
        """(samples of the smallest and of the largest loss, in this order; their gradients)."""
        losses = self.by_sample
        nan = np.isnan(losses)
        if nan.any():
            losses = np.where(nan, -np.inf, losses)
        if len(losses) > 2 * EXTREME:
            # Twice as wide as float32: no second array of indices beside it, and none kept.
            order = np.argpartition(losses, (EXTREME - 1, len(losses) - EXTREME))
            which = np.concatenate([order[:EXTREME], order[-EXTREME:]])
            del order
        else:
            which = np.arange(len(losses))
        which = which[np.argsort(losses[which])]
        del losses, nan
        return which, self.slope(which)

    @property
    def worst(self) -> tuple[Array, Array]:
        """(samples of the largest loss, the largest first; their gradients)."""
        which, slopes = self.extremes
        return which[::-1][:EXTREME], slopes[::-1][:EXTREME]


def _was_bfloat16(p: Array) -> bool:
    """Whether float32 numbers are bfloat16's: the last 16 bits of each are 0."""
    if p.dtype != np.float32 or p.size < 16:
        return False
    some = np.asarray(p.flat[:SEEN])
    return not (some.view(np.uint32) & 0xFFFF).any() and not ((some == 0) | (some == 1)).all()


def softmax(z: Array, axis: int) -> Array:
    return from_logits(vocabulary(z.dtype), z, axis).p


def _sigmoid(z: Array, _: int) -> Array:
    return vocabulary(z.dtype).sigmoid(z)


class quiet:
    """Neither warnings nor floating-point complaints while a loss is tried."""

    def __enter__(self) -> None:
        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        warnings.simplefilter("ignore")
        self._state = np.errstate(all="ignore")
        self._state.__enter__()

    def __exit__(self, *args: Any) -> None:
        self._state.__exit__(*args)
        self._caught.__exit__(*args)


def _few(x: Array) -> Array:
    """Some of each dimension."""
    return x[tuple(slice(None, None, max(1, n // 8)) for n in x.shape)]


def _first_line(error: BaseException) -> str:
    return tidy(str(error)) or type(error).__name__


def tidy(message: str, width: int = 200) -> str:
    """The first line of an error's message, without TensorFlow's marks, cut between words."""
    words = re.sub(r"\{\{function_node [^}]*\}\}|\[Op:\w+\].*", "", message, flags=re.DOTALL)
    line = (words.strip().splitlines() or [""])[0].strip()
    if len(line) <= width:
        return line
    return line[: width - 3].rpartition(" ")[0].rstrip(" ,;:.") + "..."


def index(where: Array) -> str:
    """The first True, as people write an index."""
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(where)), where.shape))
    return str(at[0]) if len(at) == 1 else str(at)


def share(x: float) -> str:
    """A share in words: "37 %", never 0 or 100 where it is not."""
    percent = 100 * x
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{percent:.0f} %"
