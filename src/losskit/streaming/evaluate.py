"""A loss and its metric over files, block by block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from losskit.core.families import Masks, placed
from losskit.core.namespaces import Array
from losskit.engine.shapes import check_shapes
from losskit.numpy import Loss
from losskit.streaming.running import RunningMetric
from losskit.streaming.sources import BLOCK, DataError, Source, blocks


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` finds."""

    value: float
    sum: float
    count: float
    rows: int
    metric: str
    metric_value: float


def evaluate(
    loss: Loss,
    true: Source,
    pred: Source,
    weight: Source | None = None,
    *,
    rows: int | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Evaluation:
    """The loss of all rows of two files, and the metric that goes with it.

    Args:
        loss: the loss; its reduction says what is made of sum and count.
        true: targets.
        pred: predictions, row for row.
        weight: weights, one per row or one per item.
        rows: rows per block; by default such that a block holds about a million predictions.
        progress: called after each block with its number of rows.

    Raises:
        DataError: a file is damaged, or the files do not fit each other.
        TypeError, ValueError: the loss refuses a value; the message gives its place in the file.
    """
    loss = loss.packed()  # a file of several predictions has them side by side
    _check(loss, true, pred, weight)
    rows = rows or max(1, BLOCK // pred.row_size)
    metric = RunningMetric(loss.card)
    parts: tuple[float, ...] = ()
    start = 0
    for y, p, w in _aligned(true, pred, weight, rows):
        try:
            found = loss.parts(y, p, w)
            metric.add(y, p, w)
        except (TypeError, ValueError) as error:
            raise type(error)(_located(str(error), start, len(p))) from error
        parts, start = loss.merge(parts, found) if parts else found, start + len(p)
        progress(len(p))
    if start == 0:
        raise DataError(f"{pred.path} has no rows: there is nothing to evaluate.")
    return Evaluation(
        value=loss.combine(*parts),
        sum=parts[0],
        count=parts[-1],
        rows=start,
        metric=loss.card.metric,
        metric_value=metric.value(),
    )


def _check(loss: Loss, true: Source, pred: Source, weight: Source | None) -> None:
    """What can be told before reading: lengths where known, shapes, the axis of the classes."""
    for other in (true, weight):
        if other is not None and None not in (other.shape[0], pred.shape[0]):
            _same_length(other, other.shape[0], pred, pred.shape[0])
    card = placed(loss.card, pred.shape)
    if not loss.card.decomposable and isinstance(card, Masks):
        raise DataError(
            f"{loss.card.name} takes all samples for one mask, and a file is read in blocks. Name "
            f"the axes of the pixels, as in {loss.card.name}:axis=1, for a mask per sample."
        )
    if any(axis % max(len(pred.shape), 1) == 0 for axis in card.slots[card.main].axes):
        raise DataError(
            f"{loss.card.name} needs whole rows: {pred.path} with shape {_words(pred.shape)} has "
            f"its classes along the first axis (axis={loss.card.axis}), where the rows of a file "
            "lie. Give one row of predictions per sample (for a table: several columns)."
        )
    try:
        check_shapes(card, true.shape, pred.shape)
    except ValueError as error:
        unknown = str(error).replace("(None", "(?")
        raise DataError(f"{true.path} and {pred.path} do not fit: {unknown}") from error


def _aligned(
    true: Source, pred: Source, weight: Source | None, rows: int
) -> Iterator[tuple[Array, Array, Array | None]]:
    """Blocks of the same rows of every file.

    Raises:
        DataError: one file ends before another.
    """
    sources = [true, pred] if weight is None else [true, pred, weight]
    streams = [blocks(source, rows) for source in sources]
    seen = 0
    while True:
        parts: list[Any] = [next(stream, None) for stream in streams]
        lengths = [0 if part is None else len(part) for part in parts]
        for source, length in zip(sources, lengths, strict=True):
            if length != lengths[1]:
                # Read to the end: the message gives both lengths.
                ends = [
                    seen + n + sum(map(len, stream))
                    for n, stream in zip(lengths, streams, strict=True)
                ]
                _same_length(source, ends[sources.index(source)], pred, ends[1])
        if not lengths[1]:
            return
        y, p, w = (*parts, None)[:3]
        yield y, p, w
        seen += lengths[1]


def _same_length(one: Source, length: Any, pred: Source, pred_length: Any) -> None:
    if length != pred_length:
        raise DataError(
            f"{one.path} has {length} rows, but {pred.path} has {pred_length}: expected one "
            "prediction (and one weight) per target. Were they written from the same data, and "
            "completely?"
        )


def _located(message: str, start: int, length: int) -> str:
    """The message with its index counted from the start of the file, not of the block."""
    if start == 0:
        return message

    def shift(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + start}"

    moved = re.sub(r"(at index \(?)(\d+)", shift, message)
    return f"in rows {start} to {start + length - 1}: {moved}"


def _words(shape: tuple[int | None, ...]) -> str:
    return str(shape).replace("None", "?")
