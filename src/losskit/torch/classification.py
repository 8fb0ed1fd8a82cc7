"""Classification losses with the names, arguments and defaults of `torch.nn.functional`."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from losskit.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    NegativeLogLikelihood,
    SparseCategoricalCrossentropy,
)
from losskit.losses.divergence import LogKLDivergence, LogKLDivergenceWithLogTargets
from losskit.torch.evaluate import check_reduction, evaluate, laid, make
from losskit.torch.reduction import reduced
from losskit.torch.weights import class_weights, of_label

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "kl_div",
    "linear_cross_entropy",
    "multilabel_soft_margin_loss",
    "nll_loss",
]


def _class_axis(input: Tensor, axis: int | None) -> int:
    if axis is not None:
        return axis
    return 1 if input.dim() > 1 else 0


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
    reduction = reduced(size_average, reduce, reduction)
    axis = _class_axis(input, axis)
    if target.shape == input.shape and (input.dim() > 1 or target.is_floating_point()):
        return _cross_entropy_of_shares(
            input, target, weight, ignore_index, reduction, label_smoothing, axis, on_empty
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
    return evaluate(
        card,
        input,
        target,
        reduction=reduction,
        by_weights=True,
        on_empty=on_empty,
        more=_by_class(weight, input, axis),
    )


def _by_class(weight: Tensor | None, input: Tensor, axis: int) -> dict[str, Tensor]:
    return {} if weight is None else {"class_weight": class_weights(weight, input, axis)}


def _cross_entropy_of_shares(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    axis: int,
    on_empty: str,
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
    card = make(
        CategoricalCrossentropy, from_logits=True, label_smoothing=label_smoothing, axis=axis
    )
    more = _by_class(weight, input, axis)
    return evaluate(card, input, target, reduction=reduction, on_empty=on_empty, more=more)


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
    own = None if weight is None else of_label(class_weights(weight, input, axis), target)
    return evaluate(
        card,
        input,
        target,
        weight=own,
        reduction=reduced(size_average, reduce, reduction),
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
    reduction = reduced(size_average, reduce, reduction)
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
    reduction = reduced(size_average, reduce, reduction)
    card = make(BinaryCrossentropy, from_logits=True)
    more = {}
    if pos_weight is not None:
        more["pos_weight"] = laid("pos_weight", pos_weight, tuple(input.shape))
    return evaluate(card, input, target, weight=weight, reduction=reduction, more=more)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes (the last axis) of `binary_cross_entropy_with_logits`."""
    reduction = reduced(size_average, reduce, reduction)
    value = binary_cross_entropy_with_logits(input, target, weight, reduction=reduction)
    if reduction == "none":
        return value.mean(-1)
    return value / input.shape[-1] if reduction == "sum" else value


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
    reduction = reduced(size_average, reduce, reduction)
    card = make(LogKLDivergenceWithLogTargets) if log_target else make(LogKLDivergence)
    if reduction != "batchmean":
        return evaluate(card, input, target, reduction=reduction)
    total = evaluate(card, input, target, reduction="sum")
    return total / input.shape[0] if input.dim() else total


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: object = None,
) -> Tensor:
    """`cross_entropy` of a linear layer's output; see `torch.nn.functional.linear_cross_entropy`.

    Args:
        input: (F) or (N, F).
        linear_weight: (C, F), or (C, d1, ..., F) for an input of two dimensions.
        target: labels, () or (N, d1, ...), or probabilities, (C) or (N, C, d1, ...).
        linear_bias: (C) or (C, d1, ...).
        weight: per class, (C).
        reduction: "mean", "sum" or "none".
        ignore_index: label that does not count; None: -100.
        label_smoothing: share of the target spread evenly over the classes.
        options: any `torch.nn.LinearCrossEntropyOptions`: logits of a part of the batch at a time,
            made again in the backward pass, so that never more lie in memory than the input has.

    Raises:
        TypeError: the input holds integers; labels are floating-point, or probabilities integers.
        ValueError: shapes do not match, or a label is out of range.
    """
    classes, *positions, features = linear_weight.shape
    shapes = (
        f"input.shape={tuple(input.shape)} and linear_weight.shape={tuple(linear_weight.shape)}"
    )
    if input.dim() not in (1, 2) or linear_weight.dim() < 2 or input.shape[-1] != features:
        raise ValueError(
            "input must be (features) or (batch, features), and linear_weight (classes, ..., "
            f"features): got {shapes}."
        )
    if positions and input.dim() == 1:
        raise ValueError(f"Several positions per item need a batch, (N, features): got {shapes}.")
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise ValueError(
            f"linear_bias must have the shape {tuple(linear_weight.shape[:-1])}, got "
            f"{tuple(linear_bias.shape)}."
        )
    batch = input.shape[:-1]
    if ignore_index is not None and target.shape == (*batch, classes, *positions):
        raise ValueError("ignore_index has no meaning for targets that are probabilities.")
    ignored = -100 if ignore_index is None else ignore_index

    def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor | None, how: str) -> Tensor:
        flat = torch.nn.functional.linear(
            x, w.reshape(-1, features), None if b is None else b.reshape(-1)
        )
        logits = flat.reshape(*x.shape[:-1], classes, *positions)
        return cross_entropy(
            logits,
            y,
            weight,
            ignore_index=ignored,
            reduction=how,
            label_smoothing=label_smoothing,
        )

    if options is None or input.dim() == 1:
        return loss(input, target, linear_weight, linear_bias, reduction)
    rows = max(1, len(input) * features // max(1, math.prod([classes, *positions])))
    parts = [
        checkpoint(loss, x, y, linear_weight, linear_bias, "none", use_reentrant=False)
        for x, y in zip(input.split(rows), target.split(rows), strict=True)
    ]
    items = torch.cat(parts)
    if reduction != "mean":
        return items.sum() if check_reduction(reduction) == "sum" else items
    return items.sum() / _divisor(items, target, weight, ignored)


def _divisor(items: Tensor, target: Tensor, weight: Tensor | None, ignored: int) -> Tensor | int:
    """What the mean of `cross_entropy` divides by; 1 where nothing counts."""
    if target.is_floating_point():
        return max(1, items.numel())
    counts = target != ignored
    if weight is None:
        return counts.sum().clamp(min=1)
    own = torch.where(counts, of_label(weight, target), 0.0)
    return torch.where((own != 0).any(), own.sum(), 1.0).to(items.dtype)
