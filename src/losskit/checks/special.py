"""Findings on losses with rules of their own: CTC, angles between vectors, contrastive losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from losskit.checks.call import Call
from losskit.checks.rules import Found, Inapplicable, error, finding, hint, warning
from losskit.core.namespaces import Array

APART = 100.0
"""Vectors whose lengths differ by more than this are not compared by their distances."""


def _called(call: Call) -> str:
    """The loss's name alone, folded: "ctcloss", "cosineembeddingloss"."""
    return call.subject.name.partition("(")[0].rpartition(".")[2].replace("_", "").lower()


@dataclass(frozen=True)
class _Sequences:
    """What a CTC loss is given, in one form whichever library it comes from."""

    labels: list[Array]
    """Of each sample, those that are there."""
    frames: Array
    blank: int
    classes: int


@finding("LK701", "labels that CTC cannot align")
def ctc_lengths(call: Call) -> Found | None:
    """CTC gives each label a frame of its own, and a blank between two equal labels: a sequence
    with fewer frames than that is impossible and its loss infinite. The blank stands between
    labels, and is never one itself."""
    call.need(_called(call) in ("ctc", "ctcloss", "ctclosswithforwardprobs"), "it is no CTC loss")
    made = {"torch": _ctc_torch, "optax": _ctc_optax, "keras": _ctc_keras}.get(call.subject.library)
    if made is None:
        raise Inapplicable("the form of its arguments is not known")
    s = made(call)
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


def _ctc_torch(call: Call) -> _Sequences:
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
    return _Sequences(labels, frames, int(call.subject.options.get("blank", 0)), p.shape[-1])


def _ctc_optax(call: Call) -> _Sequences:
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
    return _Sequences(
        [row[there] for row, there in zip(labels, no_label == 0, strict=True)],
        (no_frame == 0).sum(1),
        int(call.subject.options.get("blank_id", 0)),
        logits.shape[-1],
    )


def _ctc_keras(call: Call) -> _Sequences:
    y, p = call.arrays()
    call.need(y.ndim == 2 and p.ndim == 3 and len(y) == len(p), "the shapes do not match")
    # Keras counts the labels that are not 0, and takes so many from the front.
    labels = [row[: int((row != 0).sum())] for row in y]
    return _Sequences(labels, np.full(len(p), p.shape[1]), 0, p.shape[2])


@finding("LK702", "vectors of length 0")
def zero_vectors(call: Call) -> Found | None:
    """A vector of zeros has no direction: its cosine with any other is 0 divided by 0. Libraries
    make 0 or NaN of it, and a gradient of 0, NaN or a huge number."""
    angles = ("cosinesimilarity", "cosinedistance", "cosineembeddingloss")
    call.need(_called(call) in angles, "it is no loss of angles")
    options = call.subject.options
    axis = options.get("axis", 1 if call.subject.library == "torch" else -1)
    call.need(isinstance(axis, int), "the vectors lie along several axes")
    arrays = [
        (name, part)
        for name, x in (("predictions", call.p), ("targets", call.y))
        for part in (x if isinstance(x, tuple) else (x,))
        if not (_called(call) == "cosineembeddingloss" and name == "targets")
    ]
    for name, part in arrays:
        if not part.ndim or not -part.ndim <= axis < part.ndim:
            continue
        zero = ~part.any(axis)
        if call.weight is not None and call.weight.shape == zero.shape:
            zero &= call.weight != 0
        count = int(zero.sum())
        if count:
            first = int(np.argmax(zero.reshape(-1)))
            return warning(
                f"{count} of {zero.size} vectors of the {name} are all zeros, the first at index "
                f"{first}: they have no direction, and no angle.",
                "Leave them out, or give them the weight 0.",
                count=count,
                first=first,
                of=name,
            )
    return None


@finding("LK703", "pairs that do not compare")
def no_pairs(call: Call) -> Found | None:
    """A contrastive loss draws together what has the same label and pushes apart what has not. A
    label that occurs once in the batch has nothing to be drawn to, and one label alone nothing to
    be pushed from. Distances compare only vectors of like length."""
    called = _called(call)
    if called == "ntxent":
        return _ntxent(call)
    distances = ("tripletmarginloss", "pairwisedistance", "tripletmarginwithdistanceloss")
    call.need(called in distances, "it is no loss of pairs")
    parts = [x for side in (call.p, call.y) for x in (side if isinstance(side, tuple) else (side,))]
    parts = [x for x in parts if x.ndim == 2]
    call.need(bool(parts), "there are no vectors")
    norms = np.concatenate([_norms(x) for x in parts])
    low, high = float(norms.min()), float(norms.max())
    if not high > APART * low:
        return None
    return hint(
        f"The vectors' lengths go from {low:.4g} to {high:.4g}: the distances are those of the "
        "longest ones.",
        "Scale each vector to length 1 before the loss.",
        low=low,
        high=high,
    )


def _norms(x: Array) -> Array:
    return np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))


def _ntxent(call: Call) -> Found | None:
    labels = np.asarray(_one(call.y))
    call.need(labels.ndim == 1, "the labels are not one per vector")
    found, counts = np.unique(labels, return_counts=True)
    if len(found) == 1 and labels.size > 1:
        return warning(
            f"All {labels.size} labels are {found[0]}: nothing is there to be told apart.",
            "Put samples of several labels into each batch.",
            labels=1,
        )
    alone = int((counts == 1).sum())
    if not alone:
        return None
    first = int(np.argmax(labels == found[np.argmax(counts == 1)]))
    return warning(
        f"{alone} of {labels.size} vectors have a label that occurs once, the first at index "
        f"{first}: they have no positive.",
        "Put two samples or two views of each label into the batch.",
        alone=alone,
        first=first,
    )


def _one(x: Any) -> Any:
    if isinstance(x, tuple):
        raise Inapplicable("the loss takes more than one array of targets")
    return x
