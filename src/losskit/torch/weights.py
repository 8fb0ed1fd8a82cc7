"""Weights of classes, as PyTorch gives them: a tensor of one number for each."""

from __future__ import annotations

import torch
from torch import Tensor


def class_weights(weight: Tensor, input: Tensor, axis: int) -> Tensor:
    classes = input.shape[axis]
    if weight.shape != (classes,):
        raise ValueError(
            f"weight must hold one number per class: got weight.shape={tuple(weight.shape)}, "
            f"expected ({classes},) for input.shape={tuple(input.shape)} with classes along axis "
            f"{axis}."
        )
    return weight


def of_label(weight: Tensor, target: Tensor) -> Tensor:
    """The weight of each item's class; of a label that is none, any: it is found out elsewhere."""
    labels = target.long()
    found = labels.clamp(0, weight.shape[0] - 1)
    # A weight of 0 would keep a label that is no class from being found out.
    return torch.where(found == labels, weight[found], torch.ones_like(weight[found]))
