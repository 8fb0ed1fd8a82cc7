"""What is PyTorch's own about CTC: sequences by their lengths, and labels one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from losskit.core import sequences
from losskit.torch.derivatives import reachable
from losskit.torch.evaluate import evaluate

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
        how["weight"] = 1.0 / lengths.clamp(min=1).to(p.device)
    how |= {"more": {"frames": frames}, "names": {"frames": "input_lengths"}}
    loss = evaluate(card, p.movedim(1, 0), y, reduction=reduction, **how)
    return loss.squeeze(0) if reduction == "none" and log_probs.dim() == 2 else loss


def _check_types(log_probs: Any, targets: Any) -> None:
    if not isinstance(log_probs, Tensor) or not isinstance(targets, Tensor):
        raise TypeError(
            f"log_probs and targets must be tensors, got {type(log_probs).__name__} and "
            f"{type(targets).__name__}. Convert them with torch.as_tensor."
        )
    if not log_probs.is_floating_point():
        raise TypeError(
            f"log_probs holds {log_probs.dtype}, expected floating-point log-probabilities."
        )
    if targets.is_floating_point() or targets.is_complex() or targets.dtype == torch.bool:
        raise TypeError(
            f"targets holds {targets.dtype}, expected integer labels. Convert with targets.long()."
        )
    if log_probs.dim() not in (2, 3) or targets.dim() not in (1, 2):
        raise ValueError(
            "log_probs must have the shape (frames, batch, classes) or (frames, classes), and "
            "targets (batch, longest), or all one after the other: got log_probs.shape="
            f"{tuple(log_probs.shape)} and targets.shape={tuple(targets.shape)}."
        )


def _lengths(name: str, given: Lengths, batch: int) -> Tensor:
    lengths = given if isinstance(given, Tensor) else torch.as_tensor(given, device="cpu")
    if lengths.is_floating_point() and lengths.numel():
        raise TypeError(f"{name} holds {lengths.dtype}, expected integers.")
    if lengths.numel() != batch or lengths.dim() > 1:
        raise ValueError(
            f"{name} must hold one length for each of the {batch} sequences of log_probs, got "
            f"{name} of shape {tuple(lengths.shape)}."
        )
    return lengths.long().reshape(batch)


def _rows(targets: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Labels (batch, longest), and which of them there are."""
    seen = lengths.numpy() if reachable(lengths) else None
    batch, lengths = lengths.shape[0], lengths.to(targets.device)
    if targets.dim() == 2:
        if targets.shape[0] != batch:
            raise ValueError(
                f"targets must have one row for each of the {batch} sequences of log_probs, got "
                f"targets.shape={tuple(targets.shape)}."
            )
        longest = targets.shape[1]
        if seen is not None:
            sequences.check_lengths("target_lengths", seen, longest, "a row of targets")
        rows = targets
    else:
        longest = targets.shape[0]
        if seen is not None:
            sequences.check_lengths("target_lengths", seen, longest, "targets")
            if seen.sum() != longest:
                raise ValueError(
                    f"targets of one dimension must hold all labels one after the other: got "
                    f"{longest} labels for target_lengths that sum to {seen.sum()}."
                )
            longest = int(seen.max(initial=0))
        first = lengths.cumsum(0) - lengths
        index = first[:, None] + torch.arange(longest, device=lengths.device)
        rows = targets[index.clamp(max=max(targets.shape[0] - 1, 0))]
    there = torch.arange(longest, device=lengths.device) < lengths[:, None]
    return rows.long(), there
