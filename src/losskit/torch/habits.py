"""What is PyTorch's own about its losses: shapes, reductions and compositions, by function.

Each takes what its row of `losskit.peers.torch` leaves open: the card first, where one is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from losskit.losses.classification import (
    CategoricalCrossentropy,
    NegativeLogLikelihood,
    SparseCategoricalCrossentropy,
)
from losskit.losses.margin import MarginRanking
from losskit.losses.multiclass import MultiMargin
from losskit.losses.similarity import CosineSimilarity, TripletMargin
from losskit.torch.evaluate import check_reduction, evaluate, laid, make, named, result_dtype
from losskit.torch.framework import TORCH
from losskit.torch.kernels import HALF
from losskit.torch.sequence import ctc_loss as ctc_loss


def _class_axis(input: Tensor, axis: int | None) -> int:
    if axis is not None:
        return axis
    return 1 if input.dim() > 1 else 0


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    axis: int | None = None,
    on_empty: str = "zero",
) -> Tensor:
    axis = _class_axis(input, axis)
    options = {"from_logits": True, "label_smoothing": label_smoothing, "axis": axis}
    shares = target.shape == input.shape and (input.dim() > 1 or target.is_floating_point())
    if shares:
        if not target.is_floating_point():
            raise TypeError(
                f"target holds {target.dtype} in the shape of the input {tuple(input.shape)}, "
                "expected floating-point probabilities. Labels come without the class axis: "
                f"one-hot ones as target.argmax({axis}), or convert with target.to(input.dtype)."
            )
        if ignore_index >= 0:
            raise ValueError(
                f"ignore_index={ignore_index} has no meaning for targets that are probabilities: "
                "give labels, or leave rows out with a row of zeros."
            )
        card = make(CategoricalCrossentropy, **options)
    elif target.is_floating_point():
        raise TypeError(
            f"target holds {target.dtype} in the shape of labels {tuple(target.shape)}, expected "
            "integers. Convert labels with target.long(); probabilities need the shape of the "
            f"input, {tuple(input.shape)}."
        )
    else:
        card = make(SparseCategoricalCrossentropy, ignore_class=ignore_index, **options)
    return _by_classes(card, input, target, weight, reduction, axis, on_empty, not shares)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    axis: int | None,
    on_empty: str,
) -> Tensor:
    axis = _class_axis(input, axis)
    card = make(NegativeLogLikelihood, ignore_class=ignore_index, axis=axis)
    return _by_classes(card, input, target, weight, reduction, axis, on_empty)


def _by_classes(
    card: Any,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    axis: int,
    on_empty: str = "zero",
    by_weights: bool = True,
) -> Tensor:
    """With a weight for each class."""
    if weight is not None and weight.shape != (input.shape[axis],):
        raise ValueError(
            f"weight must hold one number per class: got weight.shape={tuple(weight.shape)}, "
            f"expected ({input.shape[axis]},) for input.shape={tuple(input.shape)} with classes "
            f"along axis {axis}."
        )
    return evaluate(
        card,
        input,
        target,
        reduction=reduction,
        by_weights=by_weights,
        on_empty=on_empty,
        more=None if weight is None else {"class_weight": weight},
    )


def binary_cross_entropy_with_logits(
    card: Any,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    pos_weight: Tensor | None = None,
) -> Tensor:
    more = {}
    if pos_weight is not None:
        more["pos_weight"] = laid("pos_weight", pos_weight, tuple(input.shape))
    return evaluate(card, input, target, weight=weight, reduction=reduction, more=more)


def multilabel_soft_margin_loss(
    card: Any, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str
) -> Tensor:
    value = evaluate(card, input, target, weight=weight, reduction=reduction)
    if reduction == "none":
        return value.mean(-1)
    return value / input.shape[-1] if reduction == "sum" else value


def kl_div(card: Any, input: Tensor, target: Tensor, reduction: str) -> Tensor:
    if reduction != "batchmean":
        return evaluate(card, input, target, reduction=reduction)
    total = evaluate(card, input, target, reduction="sum")
    return total / input.shape[0] if input.dim() else total


def gaussian_nll_loss(
    card: Any, input: Tensor, target: Tensor, var: Tensor | float, reduction: str
) -> Tensor:
    if not isinstance(var, Tensor):
        var = torch.full_like(input, var, dtype=result_dtype(input))
    if var.shape == input.shape[:-1] and input.dim() > 0:
        var = var.unsqueeze(-1)
    differing = [i for i, j in zip(var.shape, input.shape, strict=False) if i != j]
    if var.dim() != input.dim() or differing not in ([], [1]):
        raise ValueError(
            "var must have the shape of the input, or a dimension of length 1 in place of one of "
            f"its: got var.shape={tuple(var.shape)} and input.shape={tuple(input.shape)}."
        )
    with named(variance="var"):
        return evaluate(card, input, target, var.expand_as(input), reduction=reduction)


def margin_ranking_loss(
    card: Any, input1: Tensor, input2: Tensor, target: Tensor, reduction: str
) -> Tensor:
    if input1.shape != input2.shape:
        raise ValueError(
            f"input1 and input2 must have the same shape, got {tuple(input1.shape)} and "
            f"{tuple(input2.shape)}."
        )
    return evaluate(card, input1 - input2, target, reduction=reduction)


def cosine_embedding_loss(
    card: Any, input1: Tensor, input2: Tensor, target: Tensor, reduction: str
) -> Tensor:
    first, second = _wide(input1), _wide(input2)
    cosine = -evaluate(make(CosineSimilarity), first, second, reduction="none")
    found = evaluate(card, cosine, target, reduction=reduction)
    return found.to(result_dtype(input1))


def triplet_margin_loss(
    card: Any, anchor: Tensor, positive: Tensor, negative: Tensor, reduction: str
) -> Tensor:
    _check_margin(card.margin)
    return evaluate(card, anchor, positive, negative, reduction=reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None,
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    if distance_function in (None, nn.functional.pairwise_distance):
        card = make(TripletMargin, margin=float(margin), norm=2.0, eps=1e-6, swap=swap)
        return triplet_margin_loss(card, anchor, positive, negative, reduction)
    assert distance_function is not None
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
    card: Any, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str
) -> Tensor:
    if input.dim() == 0:
        input = input.unsqueeze(0)  # one class
    if input.dim() == 1 and target.shape == (1,):
        input = input.unsqueeze(0)  # one item
    return _by_classes(card, input, target, weight, reduction, -1, by_weights=False)


def multilabel_margin_loss(card: Any, input: Tensor, target: Tensor, reduction: str) -> Tensor:
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
    reduction = check_reduction(reduction)
    if reduction == "none":
        return items
    return items.sum() / (max(1, items.numel()) if reduction == "mean" else 1)


def _check_margin(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"margin must be a number > 0, got {margin!r}.")


def _wide(x: Tensor) -> Tensor:
    """float32 for half precision: what several losses make together is rounded once, at the end."""
    return x.float() if x.dtype in HALF else x


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None,
    weight: Tensor | None,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
    options: object,
) -> Tensor:
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
    own = (target != ignored).to(items.dtype)
    if weight is not None:
        own = torch.where(own > 0, TORCH.of_labels(weight, target.long()), 0.0)
    return torch.where((own != 0).any(), own.sum(), 1.0).to(items.dtype)


MODULES: dict[str, Any] = {}
"""Modules of which the table says too little."""


def has(name: str) -> bool:
    """Whether the PyTorch that is installed has a loss of that name."""
    return hasattr(nn.functional, name)


if hasattr(nn, "LinearCrossEntropyLoss"):  # from PyTorch 2.13 on

    class LinearCrossEntropyLoss(nn.LinearCrossEntropyLoss):
        """Cross-entropy of a linear layer; see `torch.nn.LinearCrossEntropyLoss`."""

        def forward(self, input: Tensor, target: Tensor) -> Tensor:
            layer, shape = self.linear, (self.num_classes, *self.out_features)
            return linear_cross_entropy(
                input,
                layer.weight.reshape(*shape, layer.in_features),
                target,
                linear_bias=None if layer.bias is None else layer.bias.reshape(shape),
                weight=self.weight,
                reduction=self.reduction,
                ignore_index=self.ignore_index,
                label_smoothing=self.label_smoothing,
                options=self.options,
            )

    MODULES["LinearCrossEntropyLoss"] = LinearCrossEntropyLoss
