"""Findings on losses with rules of their own: angles between vectors, contrastive losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.checks.call import Call
from losskit.checks.rules import Found, Inapplicable, error, finding, hint, warning
from losskit.core.families import Masks
from losskit.core.namespaces import Array

DEVIATIONS = 30.0
"""An error of so many standard deviations says that the variance is wrong."""
SIDE = 8
"""The least side of a picture; fewer are classes."""
APART = 100.0
"""Vectors whose lengths differ by more than this are not compared by their distances."""


@finding("LK702", "vectors of length 0")
def zero_vectors(call: Call) -> Found | None:
    """A vector of zeros has no direction: its cosine with any other is 0 divided by 0. Libraries
    make 0 or NaN of it, and a gradient of 0, NaN or a huge number."""
    call.need(getattr(call.kind, "compares", "") == "angles", "it is no loss of angles")
    options = call.subject.options
    axis = options.get("axis", 1 if call.subject.library == "torch" else -1)
    call.need(isinstance(axis, int), "the vectors lie along several axes")
    arrays = [
        (name, part)
        for name, x in (("predictions", call.p), ("targets", call.y))
        for part in (x if isinstance(x, tuple) else (x,))
        # Beside two inputs, targets say which pairs are alike.
        if not (name == "targets" and isinstance(call.p, tuple))
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
    kind = call.kind
    if kind is not None and kind.target.names:
        return _named(call)
    call.need(getattr(kind, "compares", "") == "distances", "it is no loss of pairs")
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


def _named(call: Call) -> Found | None:
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


@finding("LK704", "variances that no Gaussian has")
def variances(call: Call) -> Found | None:
    """The Gaussian negative log-likelihood takes a mean and a variance. A variance is never below
    0: its logarithm is, and so may be what a linear layer gives. One below the loss's `eps` is read
    as that, and an ordinary error divided by it outweighs all other samples."""
    card = call.card
    slots = getattr(card, "card", card).slots
    call.need("variance" in [slot.name for slot in slots], "it is no Gaussian likelihood")
    y, mean, variance = _gaussian(call)
    below = variance < 0
    if below.any():
        count, low = int(below.sum()), float(variance.min())
        return error(
            f"The loss takes variances, which are at least 0, but {count} of {variance.size} are "
            f"below 0, down to {low:.4g}: they look like logarithms of variances, or like the "
            "output of a linear layer.",
            "End the model in a softplus or exp for the variance.",
            count=count,
            low=low,
        )
    least = float(card.eps)
    off = np.abs(y - mean)
    # A floor is no fault where errors are as small.
    tiny = (variance < least) & (off > DEVIATIONS * np.sqrt(least))
    if not tiny.any():
        return None
    count, low, most = int(tiny.sum()), float(variance.min()), float(off[tiny].max())
    return warning(
        f"{count} of {variance.size} variances are below eps={least:g}, down to {low:.4g}, and are "
        f"read as that, though the errors there go up to {most:.4g}: {most / np.sqrt(least):.4g} "
        "standard deviations.",
        "Add a floor to the variance that the model gives, such as softplus(v) + 1e-3, or scale "
        "the targets to a standard deviation of 1.",
        count=count,
        low=low,
        error=most,
    )


def _gaussian(call: Call) -> tuple[Array, Array, Array]:
    """Targets, means and variances."""
    if isinstance(call.p, tuple):  # PyTorch's, as (mean, variance)
        y, (mean, variance) = call.y, call.p
    elif isinstance(call.y, tuple):  # in the order of its arguments
        (y, variance), mean = call.y, call.p
    else:
        y, p = call.fitted()
        mean, variance = (np.take(p, i, call.axis) for i in (0, 1))
    try:
        y, mean, variance = np.broadcast_arrays(y, mean, variance)
    except ValueError:
        raise Inapplicable("the shapes do not match") from None
    return y, mean, variance


@finding("LK705", "parts of a picture as masks")
def parts_as_masks(call: Call) -> Found | None:
    """A loss of overlaps compares whole masks, along its `axis`. One axis of a picture alone makes
    a mask of each row of pixels, or of the channels of each pixel: where a row is empty on both
    sides, as most are, it teaches nothing, and a pixel alone overlaps all or not at all."""
    axes = _mask_axes(call)
    _, p = call.fitted()
    call.need(
        p.ndim > 1 and all(-p.ndim <= a < p.ndim for a in axes), "the predictions are one mask"
    )
    used = sorted({a % p.ndim for a in axes})
    pixels = math.prod(p.shape[a] for a in used)
    remedy = "Give axis all axes of the pixels, as (1, 2) for (batch, height, width, channels)."
    if pixels == 1 and p.size > 1:
        return error(
            f"A mask along axis {_list(used)} of predictions of shape {p.shape} is a single "
            f"number: there are {p.size} of them, with nothing to overlap.",
            remedy if p.ndim > 2 else "For one output per sample use the binary cross-entropy.",
            masks=p.size,
            pixels=1,
        )
    if len(used) > 1 or p.ndim < 3:
        return None
    if p.ndim == 3:  # a picture, or flat masks (batch, classes, pixels)
        short, long = sorted(p.shape[1:])
        if used == [0] or short < SIDE or long > 4 * short:
            return None
    return warning(
        f"Along axis {used[0]} alone, predictions of shape {p.shape} are {p.size // pixels} masks "
        f"of {pixels} numbers each: rows, columns or channels of a picture.",
        remedy
        if p.ndim > 3
        else "Give axis all axes of the pixels, as (1, 2) for (batch, height, width).",
        masks=p.size // pixels,
        pixels=pixels,
    )


def _mask_axes(call: Call) -> tuple[int, ...]:
    card = call.subject.card
    if isinstance(card, Masks):
        return card.slots[card.main].axes
    given = call.subject.options.get("axis")
    if call.kind is None or call.kind.family() != "overlap" or given is None:
        raise Inapplicable("it is no loss of masks along an axis")
    return tuple(given) if isinstance(given, (tuple, list)) else (int(given),)


def _list(axes: list[int]) -> str:
    return " and ".join(map(str, axes))
