"""Losses of margins and of distances, with PyTorch's names, arguments and defaults."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from losskit.losses.margin import CosineEmbedding, HingeEmbedding, MarginRanking, SoftMargin
from losskit.losses.multiclass import MultiMargin
from losskit.losses.similarity import CosineSimilarity, TripletMargin
from losskit.torch.evaluate import check_reduction, evaluate, make, result_dtype
from losskit.torch.kernels import HALF
from losskit.torch.reduction import reduced
from losskit.torch.weights import class_weights, of_label

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logistic loss of scores for targets -1 and 1; else as `mse_loss`."""
    reduction = reduced(size_average, reduce, reduction)
    return evaluate(make(SoftMargin), input, target, reduction=reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(margin - target * (input1 - input2), 0); see `torch.nn.functional.margin_ranking_loss`.

    Raises:
        ValueError: shapes differ, or a target is none of -1, 0 and 1.
    """
    if input1.shape != input2.shape:
        raise ValueError(
            f"input1 and input2 must have the same shape, got {tuple(input1.shape)} and "
            f"{tuple(input2.shape)}."
        )
    reduction = reduced(size_average, reduce, reduction)
    return evaluate(
        make(MarginRanking, margin=float(margin)), input1 - input2, target, reduction=reduction
    )


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Distances of pairs: themselves where the target is 1, max(margin - input, 0) where it is -1.

    Arguments and errors as `soft_margin_loss`; see `torch.nn.functional.hinge_embedding_loss`.
    """
    reduction = reduced(size_average, reduce, reduction)
    return evaluate(make(HingeEmbedding, margin=margin), input, target, reduction=reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Cosines of pairs: 1 - cosine where the target is 1, max(cosine - margin, 0) where it is -1.

    Args:
        input1: vectors, (N, D) or (D).
        input2: in the same shape.
        target: 1 for vectors that are alike, -1 for others: (N) or ().
        margin: cosine up to which unlike pairs cost nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: an input holds integers.
        ValueError: shapes do not match, or a target is neither 1 nor -1.
    """
    reduction = reduced(size_average, reduce, reduction)
    first, second = _wide(input1), _wide(input2)
    cosine = -evaluate(make(CosineSimilarity), first, second, reduction="none")
    found = evaluate(make(CosineEmbedding, margin=margin), cosine, target, reduction=reduction)
    return found.to(result_dtype(input1))


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(distance to the positive - distance to the negative + margin, 0).

    Args:
        anchor: vectors, (N, D) or (D).
        positive: in the same shape: what should be near.
        negative: in the same shape: what should be far.
        margin: by how much farther.
        p: exponent of the norm.
        eps: added to every difference.
        swap: whether the positive's distance to the negative counts, where it is the smaller one.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: a tensor holds integers.
        ValueError: shapes differ.
    """
    _check_margin(margin)
    card = make(TripletMargin, margin=float(margin), norm=float(p), eps=eps, swap=swap)
    reduction = reduced(size_average, reduce, reduction)
    return evaluate(card, anchor, positive, negative, reduction=reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own; None: Euclidean, with eps of 1e-6."""
    if distance_function is None:
        return triplet_margin_loss(
            anchor, positive, negative, margin=margin, swap=swap, reduction=reduction
        )
    _check_margin(margin)
    if not anchor.dim() == positive.dim() == negative.dim():
        raise ValueError(
            "anchor, positive and negative must have the same shape, got "
            f"{tuple(anchor.shape)}, {tuple(positive.shape)} and {tuple(negative.shape)}."
        )
    a, p, n = (_wide(x) for x in (anchor, positive, negative))
    near, far = distance_function(a, p), distance_function(a, n)
    if swap:
        far = torch.minimum(far, distance_function(p, n))
    lead = far - near
    card = make(MarginRanking, margin=float(margin))
    return evaluate(card, lead, torch.ones_like(lead), reduction=reduction).to(result_dtype(anchor))


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """What every other class lacks to trail the true one by a margin, over the number of classes.

    Args:
        input: scores, (N, C) or (C).
        target: labels, (N) or ().
        p: 1, or 2 for the square of what is missing.
        margin: by how much the true class must lead.
        weight: per class, (C); a mean divides by the number of items all the same.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: the input holds integers.
        ValueError: shapes do not match, ``p`` is neither 1 nor 2, or a label is out of range.
    """
    if input.dim() == 0:
        input = input.unsqueeze(0)  # one class
    if input.dim() == 1 and target.shape == (1,):
        input = input.unsqueeze(0)  # one item
    own = None if weight is None else of_label(class_weights(weight, input, -1), target)
    return evaluate(
        make(MultiMargin, power=p, margin=float(margin)),
        input,
        target,
        weight=own,
        reduction=reduced(size_average, reduce, reduction),
    )


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """What the true classes lack to lead all others by 1, added up, over the number of classes.

    Args:
        input: scores, (N, C) or (C).
        target: the true classes' labels, in the input's shape; the first -1 ends the list.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: the input holds integers, or the target does not.
        ValueError: shapes differ, or a label is out of range.
    """
    if target.is_floating_point():
        raise TypeError(f"target holds {target.dtype}, expected labels: integers, filled with -1.")
    if target.shape != input.shape or input.dim() > 2:
        raise ValueError(
            "input and target must have the same shape, (N, C) or (C): got input.shape="
            f"{tuple(input.shape)} and target.shape={tuple(target.shape)}."
        )
    if input.dim() == 0:
        input, target = input.unsqueeze(0), target.unsqueeze(0)  # one class
    listed = (target == -1).cumsum(-1) == 0
    classes = input.shape[-1]
    counted = torch.where(listed, target.long(), classes).clamp(0, classes)
    true = torch.zeros(*input.shape[:-1], classes + 1, dtype=torch.bool, device=input.device)
    true = true.scatter(-1, counted, 1)[..., :-1]
    # Of each listed class, what it lacks to the classes that are not listed.
    own = torch.arange(classes, device=input.device) == target.unsqueeze(-1)
    rivals = torch.where(true.unsqueeze(-2) & ~own, -torch.inf, input.unsqueeze(-2))
    card = make(MultiMargin)
    items = evaluate(card, rivals, target, keep=listed, reduction="none").sum(-1)
    reduction = check_reduction(reduced(size_average, reduce, reduction))
    if reduction == "none":
        return items
    return items.sum() / (max(1, items.numel()) if reduction == "mean" else 1)


def _check_margin(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"margin must be a number > 0, got {margin!r}.")


def _wide(x: Tensor) -> Tensor:
    """float32 for half precision: what several losses make together is rounded once, at the end."""
    return x.float() if x.dtype in HALF else x
