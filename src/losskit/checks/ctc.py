"""CTC: what each library gives its loss, in one form, and what may be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losskit.checks.rules import Found, Inapplicable, error, finding, warning
from losskit.core.namespaces import Array

if TYPE_CHECKING:
    from losskit.checks.call import Call


@dataclass(frozen=True)
class Sequences:
    """What a CTC loss is given, in one form whichever library it comes from."""

    labels: list[Array]
    """Of each sample, those that are there."""
    frames: Array
    blank: int
    scores: Array
    """What the frames that are there say of each class, (frames, classes)."""

    @property
    def classes(self) -> int:
        return int(self.scores.shape[1])


def sequences(call: Call) -> Sequences:
    """What the CTC loss of this call is given.

    Raises:
        Inapplicable: it is no CTC loss, or its arguments do not fit together.
    """
    call.need(call.is_ctc, "it is no CTC loss")
    if call.subject.name.startswith("losskit") and call.subject.card is not None:
        return _own(call)
    made = {"torch": _torch, "optax": _optax, "keras": _keras}.get(call.subject.library)
    if made is None:
        raise Inapplicable("the form of its arguments is not known")
    return made(call)


@finding("LK701", "labels that CTC cannot align")
def ctc_lengths(call: Call) -> Found | None:
    """CTC gives each label a frame of its own, and a blank between two equal labels: a sequence
    with fewer frames than that is impossible and its loss infinite. The blank stands between
    labels, and is never one itself."""
    s = call.sequences
    outside = [i for i, of in enumerate(s.labels) if ((of < 0) | (of >= s.classes)).any()]
    if outside:
        of = s.labels[outside[0]]
        bad = of[(of < 0) | (of >= s.classes)]
        return error(
            f"{len(outside)} of {len(s.labels)} samples have labels that are no class, the first "
            f"sample {outside[0]} with {int(bad[0])}; classes are 0 to {s.classes - 1}.",
            "Look at how labels are numbered, and count the blank among the classes of the model.",
            samples=len(outside),
            first=outside[0],
        )
    blanks = [i for i, of in enumerate(s.labels) if (of == s.blank).any()]
    if blanks:
        return error(
            f"{len(blanks)} of {len(s.labels)} samples have the blank, {s.blank}, among their "
            f"labels, the first of them sample {blanks[0]}.",
            "Number the labels so that none is the blank, or choose another blank.",
            samples=len(blanks),
            first=blanks[0],
        )
    repeated = np.array([int((of[1:] == of[:-1]).sum()) for of in s.labels])
    count = np.array([len(of) for of in s.labels])
    short = count + repeated > s.frames
    if not short.any():
        return None
    at = int(np.argmax(short))
    hidden = bool(call.subject.options.get("zero_infinity"))
    say = warning if hidden else error
    return say(
        f"{int(short.sum())} of {len(short)} samples have too few frames for their labels: sample "
        f"{at} has {count[at]} labels with {repeated[at]} repetitions, which take "
        f"{count[at] + repeated[at]} frames, and it has {s.frames[at]}; "
        + ("its loss is set to 0." if hidden else "its loss is infinite."),
        "Leave such samples out, or let the model keep more frames (less striding or pooling).",
        samples=int(short.sum()),
        first=at,
        needs=int(count[at] + repeated[at]),
        frames=int(s.frames[at]),
    )


def _torch(call: Call) -> Sequences:
    call.need(isinstance(call.y, tuple) and len(call.y) == 3, "there are no lengths")
    targets, frames, lengths = (np.asarray(x) for x in call.y)
    p = call.p
    call.need(not isinstance(p, tuple) and p.ndim in (2, 3), "the predictions have another shape")
    frames, lengths = frames.reshape(-1).astype(int), lengths.reshape(-1).astype(int)
    if (targets.ndim == 1 and len(lengths) > 1) or (p.ndim == 3 and targets.ndim == 1):
        call.need(targets.size >= lengths.sum(), "the lengths do not fit")
        labels = np.split(targets[: lengths.sum()], np.cumsum(lengths)[:-1])
    else:
        rows = np.atleast_2d(targets)
        call.need(
            len(rows) == len(lengths) and lengths.max() <= rows.shape[1], "the lengths do not fit"
        )
        labels = [row[:n] for row, n in zip(rows, lengths, strict=True)]
    call.need(len(frames) == len(labels), "the lengths do not fit")
    several = p if p.ndim == 3 else p[:, None]
    call.need(several.shape[1] == len(frames), "the lengths do not fit")
    there = np.arange(len(several))[:, None] < frames
    return Sequences(labels, frames, int(call.subject.options.get("blank", 0)), several[there])


def _optax(call: Call) -> Sequences:
    both = isinstance(call.y, tuple) and isinstance(call.p, tuple)
    call.need(both and len(call.y) == len(call.p) == 2, "there are no paddings")
    (logits, no_frame), (labels, no_label) = call.p, call.y
    call.need(
        logits.ndim == 3
        and no_frame.shape == logits.shape[:2]
        and labels.shape == no_label.shape
        and labels.ndim == 2
        and len(labels) == len(logits),
        "the shapes do not match",
    )
    return Sequences(
        [row[there] for row, there in zip(labels, no_label == 0, strict=True)],
        (no_frame == 0).sum(1),
        int(call.subject.options.get("blank_id", 0)),
        logits[no_frame == 0],
    )


def _own(call: Call) -> Sequences:
    y, p = call.fitted()
    blank = call.card.blank
    rows = y.reshape(-1, y.shape[-1])
    number = np.logical_and.accumulate((rows >= 0) & (rows != blank), -1).sum(-1)
    labels = [row[:n] for row, n in zip(rows, number, strict=True)]
    return Sequences(labels, np.full(len(rows), p.shape[-2]), blank, p.reshape(-1, p.shape[-1]))


def _keras(call: Call) -> Sequences:
    y, p = call.arrays()
    call.need(y.ndim == 2 and p.ndim == 3 and len(y) == len(p), "the shapes do not match")
    # Keras counts the labels that are not 0, and takes so many from the front.
    labels = [row[: int((row != 0).sum())] for row in y]
    return Sequences(labels, np.full(len(p), p.shape[1]), 0, p.reshape(-1, p.shape[2]))
