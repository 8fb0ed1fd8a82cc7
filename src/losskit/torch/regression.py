"""Regression losses with the names, arguments and defaults of `torch.nn.functional`."""

from __future__ import annotations

import torch
from torch import Tensor

from losskit.losses.likelihood import GaussianNLL, Poisson, log_factorial
from losskit.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError, SmoothL1
from losskit.torch.evaluate import evaluate, make, named, result_dtype
from losskit.torch.framework import TORCH
from losskit.torch.reduction import reduced

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


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
    reduction = reduced(size_average, reduce, reduction)
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
    reduction = reduced(size_average, reduce, reduction)
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
    """Huber loss with a threshold of ``delta``; else as `mse_loss`.

    A weighted mean divides by the number of elements, as PyTorch's does.
    """
    return evaluate(make(Huber, delta=delta), input, target, weight=weight, reduction=reduction)


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
    return evaluate(card, input, target, reduction=reduced(size_average, reduce, reduction))


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
    reduction = reduced(size_average, reduce, reduction)
    card = make(Poisson, log_input=log_input)
    if log_input or eps == 0:
        value = evaluate(card, input, target, reduction=reduction)
    else:
        value = evaluate(card, input + eps, target, reduction=reduction)
        value = value - (eps * input.numel() if reduction == "sum" else eps)
    if not full:
        return value
    wide = torch.promote_types(value.dtype, torch.float32)
    rest = log_factorial(TORCH.vocabulary(TORCH.dtype(value)), target.to(wide))
    whole = value + (rest if reduction == "none" else getattr(rest, reduction)())
    return whole.to(value.dtype)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Gaussian negative log-likelihood; see `torch.nn.functional.gaussian_nll_loss`.

    Args:
        input: means, of any shape.
        target: in the input's shape.
        var: variances >= 0: in the input's shape, or with a last (or one other) dimension of length
            1, or without the last, or one number.
        full: whether log(2 pi) / 2 is added.
        eps: least variance; below it the variance has no gradient.
        reduction: "mean", "sum" or "none".

    Raises:
        TypeError: the input holds integers.
        ValueError: shapes do not match, or a variance is negative.
    """
    card = make(GaussianNLL, eps=eps, full=full)
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
