"""What is PyTorch's own about CTC: sequences by their lengths, and labels one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from losskit import native
from losskit.core import sequences
from losskit.torch import kernels
from losskit.torch.derivatives import reachable
from losskit.torch.evaluate import evaluate
from losskit.torch.framework import TORCH

Lengths: TypeAlias = "Tensor | Sequence[int]"


def ctc_loss(
    card: Any,
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    reduction: str,
    **how: Any,
) -> Tensor:
    if how.get("num_items") is None and how.get("across") is None and reduction != "none":
        quick = _quick(card, log_probs, targets, input_lengths, target_lengths, reduction)
        if quick is not None:
            return quick
    _check_types(log_probs, targets)
    p = log_probs.unsqueeze(1) if log_probs.dim() == 2 else log_probs
    _, batch, classes = p.shape
    sequences.check_blank("blank", card.blank, classes)
    frames = _lengths("input_lengths", input_lengths, batch).to(p.device)
    lengths = _lengths("target_lengths", target_lengths, batch)
    y, there = _rows(targets, lengths)
    if reachable(y, there):
        sequences.check_labels("targets", y.numpy(), there.numpy(), classes, card.blank)
    y = sequences.ended(torch, y, there, classes, card.blank).to(p.device)
    if reduction == "mean":  # of the losses, each divided by the length of its target
        kind = torch.float64 if p.dtype == torch.float64 else torch.float32
        how["weight"] = lengths.clamp(min=1).to(p.device, kind).reciprocal()
    how |= {"more": {"frames": frames}, "names": _NAMES}
    loss = evaluate(card, p.movedim(1, 0), y, reduction=reduction, **how)
    return loss.squeeze(0) if reduction == "none" and log_probs.dim() == 2 else loss


def _quick(
    card: Any, log_probs: Tensor, targets: Any, frames: Any, lengths: Any, reduction: str
) -> Tensor | None:
    """The loss of the commonest tensors by the shortest way; None where only a longer one goes."""
    given = (targets, frames, lengths)
    if not native.available() or any(type(x) is not Tensor for x in given):
        return None
    if not reachable(log_probs, *given) or any(x.dtype != torch.int64 for x in given):
        return None
    if log_probs.dim() != 3 or targets.dim() != 2 or frames.dim() != 1 or lengths.dim() != 1:
        return None
    batch, classes = log_probs.shape[1:]
    if not len(targets) == len(frames) == len(lengths) == batch or not 0 <= card.blank < classes:
        return None
    rows, inverse = torch.empty_like(targets), torch.empty_like(lengths, dtype=torch.float64)
    if not native.label_rows(targets, lengths, rows, inverse, classes, card.blank):
        return None
    weight = inverse if reduction == "mean" else None
    slots = (rows, log_probs.movedim(1, 0))
    return kernels.quick(card, slots, reduction, False, {"frames": frames}, weight)


_NAMES = {"frames": "input_lengths", "y_pred": "log_probs", "prediction": "log_probs"}


def _check_types(log_probs: Any, targets: Any) -> None:
    TORCH.array("log_probs", log_probs)
    _check_whole("targets", TORCH.array("targets", targets))
    if log_probs.dim() not in (2, 3) or targets.dim() not in (1, 2):
        raise ValueError(
            "log_probs must have the shape (frames, batch, classes) or (frames, classes), and "
            "targets (batch, longest), or all one after the other: got log_probs.shape="
            f"{tuple(log_probs.shape)} and targets.shape={tuple(targets.shape)}."
        )


def _check_whole(name: str, x: Tensor) -> None:
    if x.numel() and (x.is_floating_point() or x.dtype == torch.bool):
        raise TypeError(f"{name} holds {x.dtype}, expected integers. Convert with {name}.long().")


def _lengths(name: str, given: Lengths, batch: int) -> Tensor:
    lengths = given if isinstance(given, Tensor) else torch.as_tensor(given, device="cpu")
    _check_whole(name, lengths)
    if lengths.numel() != batch or lengths.dim() > 1:
        raise ValueError(
            f"{name} must hold one length for each of the {batch} sequences of log_probs, got "
            f"{name} of shape {tuple(lengths.shape)}."
        )
    return lengths.long().reshape(batch)


def _rows(targets: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Labels (batch, longest), and which of them there are."""
    batch, longest, flat = lengths.shape[0], targets.shape[-1], targets.dim() == 1
    if not flat and targets.shape[0] != batch:
        raise ValueError(
            f"targets must have one row for each of the {batch} sequences of log_probs, got "
            f"targets.shape={tuple(targets.shape)}."
        )
    if reachable(lengths):
        seen, of = lengths.numpy(), "targets" if flat else "a row of targets"
        sequences.check_lengths("target_lengths", seen, longest, of)
        if flat and seen.sum() != longest:
            raise ValueError(
                f"targets of one dimension must hold all labels one after the other: got {longest} "
                f"labels for target_lengths that sum to {seen.sum()}."
            )
        longest = int(seen.max(initial=0)) if flat else longest
    lengths = lengths.to(targets.device)
    place = torch.arange(longest, device=lengths.device)
    if flat:
        index = (lengths.cumsum(0) - lengths)[:, None] + place
        targets = targets[index.clamp(max=max(targets.shape[0] - 1, 0))]
    return targets.long(), place < lengths[:, None]
