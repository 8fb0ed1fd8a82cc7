"""What is PyTorch's own about its losses: shapes, reductions and compositions, by function.

Each takes what its row of `losskit.peers.torch` leaves open: the card first, where one is made; and
hands on how the items become one number, where that is not its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from losskit.engine.across import Across
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.engine.reduction import count
from losskit.losses.classification import (
    CategoricalCrossentropy,
    NegativeLogLikelihood,
    SparseCategoricalCrossentropy,
)
from losskit.losses.margin import MarginRanking
from losskit.losses.multiclass import ListedMargin, MultiMargin
from losskit.losses.similarity import TripletMargin
from losskit.torch.evaluate import WORDS, evaluate, laid, make, result_dtype
from losskit.torch.framework import TORCH
from losskit.torch.kernels import HALF, tallied
from losskit.torch.sequence import ctc_loss as ctc_loss


def _class_axis(dimensions: int, axis: int | None) -> int:
    if axis is not None:
        return axis
    return 1 if dimensions > 1 else 0


def _of_classes(weight: Tensor | None) -> dict[str, Any]:
    """A weight for each class, and what messages call it."""
    if weight is None:
        return {}
    return {"more": {"class_weight": weight}, "names": {"class_weight": "weight"}}


def _softmax(
    shape: tuple[int, ...], target: Tensor, ignore_index: int, label_smoothing: float, axis: int
) -> tuple[Any, bool]:
    """The cross-entropy of labels or of probabilities, and whether its mean is one by weights."""
    options = {"from_logits": True, "label_smoothing": label_smoothing, "axis": axis}
    if target.dtype is torch.int64 and target.dim() + 1 == len(shape):
        # The commonest: nothing is to be said about a target of such a kind.
        return make(SparseCategoricalCrossentropy, ignore_class=ignore_index, **options), True
    floating = target.is_floating_point()
    if target.shape == shape and (len(shape) > 1 or floating):
        if not floating:
            raise TypeError(
                f"target holds {target.dtype} in the shape of the input {tuple(shape)}, "
                "expected floating-point probabilities. Labels come without the class axis: "
                f"one-hot ones as target.argmax({axis}), or convert with target.to(input.dtype)."
            )
        if ignore_index >= 0:
            raise ValueError(
                f"ignore_index={ignore_index} has no meaning for targets that are probabilities: "
                "give labels, or leave rows out with a row of zeros."
            )
        return make(CategoricalCrossentropy, **options), False
    if floating:
        raise TypeError(
            f"target holds {target.dtype} in the shape of labels {tuple(target.shape)}, expected "
            "integers. Convert labels with target.long(); probabilities need the shape of the "
            f"input, {tuple(shape)}."
        )
    return make(SparseCategoricalCrossentropy, ignore_class=ignore_index, **options), True


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    axis: int | None,
    **how: Any,
) -> Tensor:
    shape = input.shape
    axis = _class_axis(len(shape), axis)
    card, by_weights = _softmax(shape, target, ignore_index, label_smoothing, axis)
    if weight is None:
        return evaluate(card, input, target, by_weights=by_weights, **how)
    return evaluate(card, input, target, by_weights=by_weights, **_of_classes(weight), **how)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    axis: int | None,
    **how: Any,
) -> Tensor:
    axis = _class_axis(input.dim(), axis)
    card = make(NegativeLogLikelihood, ignore_class=ignore_index, axis=axis)
    return evaluate(card, input, target, by_weights=True, **_of_classes(weight), **how)


def multi_margin_loss(
    card: Any, input: Tensor, target: Tensor, weight: Tensor | None, **how: Any
) -> Tensor:
    if input.dim() == 0:
        input = input.unsqueeze(0)  # one class
    if input.dim() == 1 and target.shape == (1,):
        input = input.unsqueeze(0)  # one item
    return evaluate(card, input, target, **_of_classes(weight), **how)


def binary_cross_entropy_with_logits(
    card: Any, input: Tensor, target: Tensor, pos_weight: Tensor | None, **how: Any
) -> Tensor:
    if pos_weight is not None:
        how["more"] = {"pos_weight": laid("pos_weight", pos_weight, tuple(input.shape))}
    return evaluate(card, input, target, **how)


def multilabel_soft_margin_loss(
    card: Any, input: Tensor, target: Tensor, reduction: str, num_items: Any, **how: Any
) -> Tensor:
    classes = input.shape[-1]
    number = None if num_items is None else num_items * classes
    value = evaluate(card, input, target, reduction=reduction, num_items=number, **how)
    if reduction == "none":
        return value.mean(-1)
    return value / classes if reduction == "sum" else value


def kl_div(
    card: Any,
    input: Tensor,
    target: Tensor,
    reduction: str,
    num_items: Any,
    across: Across | None,
    **how: Any,
) -> Tensor:
    if reduction == "batchmean":
        reduction, num_items = "mean", _rows(input, 0, num_items, across)
    how |= {"reduction": reduction, "num_items": num_items, "across": across}
    return evaluate(card, input, target, **how)


def _rows(input: Tensor, own: int, num_items: Any, across: Across | None) -> Any:
    """What a mean over the first dimension divides by, beside which a row has so many of its own.

    For losses of which a row has several items.
    """
    if num_items is not None:
        return num_items
    rows = input.shape[0] if input.dim() > own else 1
    return rows if across is None else across.count(TORCH.number(rows, input, "float64"))


def gaussian_nll_loss(
    card: Any, input: Tensor, target: Tensor, var: Tensor | float, **how: Any
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
    return evaluate(card, input, target, var.expand_as(input), names={"variance": "var"}, **how)


def margin_ranking_loss(
    card: Any, input1: Tensor, input2: Tensor, target: Tensor, **how: Any
) -> Tensor:
    if input1.shape != input2.shape:
        raise ValueError(
            f"input1 and input2 must have the same shape, got {tuple(input1.shape)} and "
            f"{tuple(input2.shape)}."
        )
    return evaluate(card, input1 - input2, target, **how)


def triplet_margin_loss(
    card: Any, anchor: Tensor, positive: Tensor, negative: Tensor, **how: Any
) -> Tensor:
    _check_margin(card.margin)
    return evaluate(card, anchor, positive, negative, **how)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None,
    margin: float,
    swap: bool,
    **how: Any,
) -> Tensor:
    if distance_function in (None, nn.functional.pairwise_distance):
        card = make(TripletMargin, margin=float(margin), norm=2.0, eps=1e-6, swap=swap)
        return triplet_margin_loss(card, anchor, positive, negative, **how)
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
    # What is far should lead: a ranking of two distances, which only the caller can compute.
    lead = far - near
    card = make(MarginRanking, margin=float(margin))
    return evaluate(card, lead, torch.ones_like(lead), **how).to(result_dtype(anchor))


def _check_margin(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"margin must be a number > 0, got {margin!r}.")


def _wide(x: Tensor) -> Tensor:
    """float32 for half precision: what several losses make together is rounded once, at the end."""
    return x.float() if x.dtype in HALF else x


def multilabel_margin_loss(card: Any, input: Tensor, target: Tensor, **how: Any) -> Tensor:
    if target.is_floating_point():
        raise TypeError(f"target holds {target.dtype}, expected labels: integers, filled with -1.")
    if target.shape != input.shape or input.dim() > 2:
        raise ValueError(
            "input and target must have the same shape, (N, C) or (C): got input.shape="
            f"{tuple(input.shape)} and target.shape={tuple(target.shape)}."
        )
    if input.dim() == 0:
        input, target = input.unsqueeze(0), target.unsqueeze(0)  # one class
    # A class that is listed twice counts twice, as in PyTorch.
    counts = tallied(target)
    if counts is None:
        counts = _tallied(target)
    return evaluate(make(ListedMargin), input, counts, **how)


def _tallied(target: Tensor) -> Tensor:
    """How often each class is listed in each row; of a row that lists what is no class NaN.

    Raises:
        ValueError: it does, and values can be looked at.
    """
    target, classes = target.long(), target.shape[-1]
    listed = (target == -1).cumsum(-1) == 0
    like = torch.zeros((), device=target.device).expand(*target.shape, classes)
    with named(**WORDS):
        checked(TORCH, aligned(TORCH, make(MultiMargin), (target, like), mask=listed))
    known = (target >= 0) & (target < classes)
    places = torch.where(listed & known, target, classes)
    counts = torch.zeros(*target.shape[:-1], classes + 1, device=target.device)
    counts = counts.scatter_add(-1, places, torch.ones_like(places, dtype=counts.dtype))[..., :-1]
    return torch.where((listed & ~known).any(-1, keepdim=True), torch.nan, counts)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None,
    weight: Tensor | None,
    ignore_index: int | None,
    label_smoothing: float,
    options: object,
    reduction: str,
    num_items: Any,
    across: Across | None,
    **how: Any,
) -> Tensor:
    classes, *positions, features = linear_weight.shape
    if input.dim() not in (1, 2) or linear_weight.dim() < 2 or input.shape[-1] != features:
        raise ValueError(
            "input must be (features) or (batch, features), and linear_weight (classes, ..., "
            f"features): got {_both(input, linear_weight)}."
        )
    if positions and input.dim() == 1:
        raise ValueError(
            "Several positions per item need a batch, (N, features): got "
            f"{_both(input, linear_weight)}."
        )
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise ValueError(
            f"linear_bias must have the shape {tuple(linear_weight.shape[:-1])}, got "
            f"{tuple(linear_bias.shape)}."
        )
    shape = (*input.shape[:-1], classes, *positions)
    if ignore_index is not None and target.shape == shape:
        raise ValueError("ignore_index has no meaning for targets that are probabilities.")
    ignored, axis = -100 if ignore_index is None else ignore_index, _class_axis(len(shape), None)
    card, by_weights = _softmax(shape, target, ignored, label_smoothing, axis)
    weights, bias = linear_weight, linear_bias
    if positions:
        weights = linear_weight.reshape(-1, features)
        bias = None if linear_bias is None else linear_bias.reshape(-1)
    how |= {"reduction": reduction, "by_weights": by_weights, **_of_classes(weight)}

    def loss(x: Tensor, y: Tensor, **more: Any) -> Tensor:
        logits = nn.functional.linear(x, weights, bias)
        if positions:
            logits = logits.reshape(*x.shape[:-1], classes, *positions)
        return evaluate(card, logits, y, **how, **more)

    if options is None or input.dim() == 1:
        return loss(input, target, num_items=num_items, across=across)
    if reduction == "mean" and num_items is None:
        like = input.new_zeros(()).expand(shape)
        call = checked(TORCH, aligned(TORCH, card, (target, like), more=how.get("more")), False)
        num_items = count(TORCH, call, by_weights)
        if across is not None:
            num_items = across.count(TORCH.number(num_items, input, "float64"))
    rows = max(1, len(input) * features // max(1, math.prod([classes, *positions])))
    parts = [
        checkpoint(loss, x, y, num_items=num_items, use_reentrant=False)
        for x, y in zip(input.split(rows), target.split(rows), strict=True)
    ]
    if reduction == "none":
        return torch.cat(parts)
    whole = torch.stack(parts).sum()
    return whole if across is None else across.total(whole)


def _both(input: Tensor, linear_weight: Tensor) -> str:
    return f"input.shape={tuple(input.shape)} and linear_weight.shape={tuple(linear_weight.shape)}"


def linear_cross_entropy_layer(module: Any) -> dict[str, Any]:
    """Of the module, what the function takes of a layer."""
    layer, shape = module.linear, (module.num_classes, *module.out_features)
    return {
        "linear_weight": layer.weight.reshape(*shape, layer.in_features),
        "linear_bias": None if layer.bias is None else layer.bias.reshape(shape),
    }
