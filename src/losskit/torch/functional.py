"""Functions with the names, arguments and defaults of `torch.nn.functional`.

Each says which card computes it, and turns PyTorch's class weights, ignored labels and reductions
into weights, masks and divisors of that card's items. What differs from PyTorch stands in
docs/torch-differences.md.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import _reduction

from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    NegativeLogLikelihood,
    SparseCategoricalCrossentropy,
)
from losskit.losses.divergence import LogKLDivergence, LogKLDivergenceWithLogTargets
from losskit.losses.likelihood import Poisson, log_factorial
from losskit.losses.margin import MarginRanking, SoftMargin
from losskit.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError, SmoothL1
from losskit.torch.derivatives import vocabulary
from losskit.torch.evaluate import evaluate, make

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
]


def _reduced(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, by the older two arguments if they are given."""
    if size_average is None and reduce is None:
        return reduction
    return _reduction.legacy_get_string(size_average, reduce)


# --- regression ---------------------------------------------------------------------------------


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Mean squared error; see `torch.nn.functional.mse_loss`.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        weight: per element, broadcast to the input; a mean divides by the sum of the weights.

    Raises:
        TypeError: the input holds integers.
        ValueError: shapes differ.
    """
    reduction = _reduced(size_average, reduce, reduction)
    return evaluate(
        make(MeanSquaredError), input, target, weight=weight, reduction=reduction, by_weights=True
    )


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Mean absolute error; arguments and errors as `mse_loss`."""
    reduction = _reduced(size_average, reduce, reduction)
    return evaluate(
        make(MeanAbsoluteError), input, target, weight=weight, reduction=reduction, by_weights=True
    )


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Huber loss with a threshold of ``delta``; else as `mse_loss`."""
    return evaluate(
        make(Huber, delta=delta), input, target, weight=weight, reduction=reduction, by_weights=True
    )


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Smooth L1 loss, round within ``beta`` >= 0 (0: `l1_loss`); else as `mse_loss`."""
    card = make(SmoothL1, beta=beta) if beta != 0 else make(MeanAbsoluteError)
    return evaluate(card, input, target, reduction=_reduced(size_average, reduce, reduction))


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Poisson negative log-likelihood; see `torch.nn.functional.poisson_nll_loss`.

    Args:
        input: the logarithm of the rate, or the rate.
        target: counts, in the input's shape.
        log_input: whether the input is the logarithm.
        full: whether Stirling's approximation of log(target!) is added.
        size_average: older form of ``reduction``.
        eps: added to a rate under its logarithm.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: shapes differ; a rate or a count is negative.
    """
    reduction = _reduced(size_average, reduce, reduction)
    card = make(Poisson, log_input=log_input)
    if log_input or eps == 0:
        value = evaluate(card, input, target, reduction=reduction)
    else:
        value = evaluate(card, input + eps, target, reduction=reduction)
        value = value - (eps * input.numel() if reduction == "sum" else eps)
    if not full:
        return value
    rest = log_factorial(vocabulary(value.dtype), target.to(value.dtype))
    return value + (rest if reduction == "none" else getattr(rest, reduction)())


# --- classification -----------------------------------------------------------------------------


def _class_axis(input: Tensor, axis: int | None) -> int:
    if axis is not None:
        return axis
    return 1 if input.dim() > 1 else 0


def _along(vector: Tensor, input: Tensor, axis: int) -> Tensor:
    shape = [1] * input.dim()
    shape[axis] = -1
    return vector.to(input.dtype).view(shape)


def _class_weights(weight: Tensor, input: Tensor, axis: int) -> Tensor:
    classes = input.shape[axis]
    if weight.shape != (classes,):
        raise ValueError(
            f"weight must hold one number per class: got weight.shape={tuple(weight.shape)}, "
            f"expected ({classes},) for input.shape={tuple(input.shape)} with classes along axis "
            f"{axis}."
        )
    return weight


def _of_label(weight: Tensor, target: Tensor) -> Tensor:
    """The weight of each item's class; of a label that is none, any: it is found out elsewhere."""
    return weight[target.long().clamp(0, len(weight) - 1)]


def _all_weighted(shares: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Rows whose magnitudes sum to 1, and what each was divided by to get there."""
    total = shares.abs().sum(axis)
    spread = total.unsqueeze(axis)
    return torch.where(spread == 0, shares, shares / spread), total


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    axis: int | None = None,
    on_empty: str = "zero",
) -> Tensor:
    """Softmax cross-entropy; see `torch.nn.functional.cross_entropy`.

    Args:
        input: logits, (C), (N, C) or (N, C, d1, ...).
        target: labels, in the input's shape without the classes, or probabilities in its shape.
        weight: per class, (C).
        size_average: older form of ``reduction``.
        ignore_index: label that does not count.
        reduce: older form of ``reduction``.
        reduction: "mean" (over the items that count; by their weights, with labels), "sum", "none".
        label_smoothing: share of the target spread evenly over the classes.
        axis: of the classes; 1, or 0 for an input of one dimension.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".

    Raises:
        TypeError: the input holds integers; labels are floating-point, or probabilities integers.
        ValueError: shapes do not match, or a label is out of range.
    """
    reduction = _reduced(size_average, reduce, reduction)
    axis = _class_axis(input, axis)
    if target.shape == input.shape and (input.dim() > 1 or target.is_floating_point()):
        return _cross_entropy_of_shares(
            input, target, weight, ignore_index, reduction, label_smoothing, axis
        )
    if target.is_floating_point():
        raise TypeError(
            f"target holds {target.dtype} in the shape of labels {tuple(target.shape)}, expected "
            "integers. Convert labels with target.long(); probabilities need the shape of the "
            f"input, {tuple(input.shape)}."
        )
    card = make(
        SparseCategoricalCrossentropy,
        from_logits=True,
        ignore_class=ignore_index,
        axis=axis,
        label_smoothing=label_smoothing,
    )
    if weight is None:
        return evaluate(card, input, target, reduction=reduction, on_empty=on_empty)
    weight = _class_weights(weight, input, axis)
    own = _of_label(weight, target)
    if label_smoothing == 0.0:
        return evaluate(
            card, input, target, weight=own, reduction=reduction, by_weights=True, on_empty=on_empty
        )
    # The share that goes to each class is weighted by that class's weight.
    classes = torch.arange(input.shape[axis], device=input.device)
    one_hot = (target.unsqueeze(axis) == _along(classes, input, axis)).to(input.dtype)
    smooth = one_hot * (1.0 - label_smoothing) + label_smoothing / input.shape[axis]
    shares, total = _all_weighted(smooth * _along(weight, input, axis), axis)
    keep = target != ignore_index
    _ = evaluate(card, input.detach(), target, reduction="sum")  # labels out of range
    items = evaluate(
        make(CategoricalCrossentropy, from_logits=True, axis=axis),
        input,
        shares,
        weight=total,
        keep=keep,
        reduction="none" if reduction == "none" else "sum",
        checked=False,
    )
    if reduction != "mean":
        return items
    count = torch.where(keep, own, torch.zeros_like(own)).sum().to(items.dtype)
    empty = float("nan") if on_empty == "nan" else 0.0
    return torch.where(count != 0, items / torch.where(count != 0, count, 1.0), empty)


def _cross_entropy_of_shares(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    axis: int,
) -> Tensor:
    if not target.is_floating_point():
        raise TypeError(
            f"target holds {target.dtype} in the shape of the input {tuple(input.shape)}, expected "
            "floating-point probabilities. Labels come without the class axis: one-hot ones as "
            f"target.argmax({axis}), or convert with target.to(input.dtype)."
        )
    if ignore_index >= 0:
        raise ValueError(
            f"ignore_index={ignore_index} has no meaning for targets that are probabilities: give "
            "labels, or leave rows out with a row of zeros."
        )
    if weight is None:
        card = make(
            CategoricalCrossentropy, from_logits=True, label_smoothing=label_smoothing, axis=axis
        )
        return evaluate(card, input, target, reduction=reduction)
    shares = target * (1.0 - label_smoothing) + label_smoothing / input.shape[axis]
    weights = _along(_class_weights(weight, input, axis), input, axis)
    shares, total = _all_weighted(shares * weights, axis)
    card = make(CategoricalCrossentropy, from_logits=True, axis=axis)
    return evaluate(card, input, shares, weight=total, reduction=reduction, checked=False)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    axis: int | None = None,
    on_empty: str = "zero",
) -> Tensor:
    """Negative log-likelihood of labels for log-probabilities; else as `cross_entropy`."""
    axis = _class_axis(input, axis)
    card = make(NegativeLogLikelihood, ignore_class=ignore_index, axis=axis)
    own = None if weight is None else _of_label(_class_weights(weight, input, axis), target)
    return evaluate(
        card,
        input,
        target,
        weight=own,
        reduction=_reduced(size_average, reduce, reduction),
        by_weights=True,
        on_empty=on_empty,
    )


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of probabilities; see `torch.nn.functional.binary_cross_entropy`.

    Args:
        input: probabilities, of any shape.
        target: probabilities (0 and 1, mostly), in the input's shape.
        weight: per element, broadcast to the input; a mean divides by the number of elements.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: the input holds integers.
        ValueError: shapes differ, or input or target lie outside [0, 1].
    """
    reduction = _reduced(size_average, reduce, reduction)
    return evaluate(make(BinaryCrossentropy), input, target, weight=weight, reduction=reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy of logits; else as `binary_cross_entropy`.

    Args:
        pos_weight: what the part of a target that is 1 is multiplied by, broadcast to the input.
    """
    reduction = _reduced(size_average, reduce, reduction)
    card = make(BinaryCrossentropy, from_logits=True)
    if pos_weight is not None:
        y = target.to(input.dtype)
        positive, negative = y * pos_weight, 1.0 - y
        total = positive + negative
        target = torch.where(total == 0, y, positive / total)
        weight = total if weight is None else total * weight
    return evaluate(card, input, target, weight=weight, reduction=reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes (the last axis) of `binary_cross_entropy_with_logits`."""
    reduction = _reduced(size_average, reduce, reduction)
    inner = "none" if reduction == "none" else reduction
    value = binary_cross_entropy_with_logits(input, target, weight, reduction=inner)
    if reduction == "none":
        return value.mean(-1)
    return value / input.shape[-1] if reduction == "sum" else value


# --- margins ------------------------------------------------------------------------------------


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Logistic loss of scores for targets -1 and 1; else as `mse_loss`."""
    reduction = _reduced(size_average, reduce, reduction)
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
    reduction = _reduced(size_average, reduce, reduction)
    return evaluate(
        make(MarginRanking, margin=float(margin)), input1 - input2, target, reduction=reduction
    )


# --- divergence ---------------------------------------------------------------------------------


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence of log-probabilities; see `torch.nn.functional.kl_div`.

    Args:
        input: log-probabilities, of any shape.
        target: probabilities in the input's shape, or their logarithms.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "batchmean" (the sum divided by the first dimension: the divergence), "mean"
            (over all elements), "sum" or "none".
        log_target: whether the target holds logarithms.
    """
    reduction = _reduced(size_average, reduce, reduction)
    card = make(LogKLDivergenceWithLogTargets) if log_target else make(LogKLDivergence)
    if reduction != "batchmean":
        return evaluate(card, input, target, reduction=reduction)
    total = evaluate(card, input, target, reduction="sum")
    return total / input.shape[0] if input.dim() else total
