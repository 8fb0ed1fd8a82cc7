"""Losses of PyTorch, modules and functions, and losskit's in its PyTorch face."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import torch

from losskit.checks.libraries.arrays import partial_arguments
from losskit.checks.subject import Subject
from losskit.core.definition import Card, find
from losskit.core.namespaces import Array

MODULES = {
    "L1Loss": "l1_loss",
    "MSELoss": "mse_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "NLLLoss2d": "nll_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "KLDivLoss": "kl_div",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "CTCLoss": "ctc_loss",
}
"""Modules, by the function that each calls."""


def recognise(loss: Any, y: Any, p: Any) -> Subject:
    """A module, or a function of `torch.nn.functional` (a `functools.partial` of it too)."""
    if isinstance(loss, torch.nn.Module):
        called = type(loss).__name__
        name = next((MODULES[c.__name__] for c in type(loss).__mro__ if c.__name__ in MODULES), "")
        options = {k: v for k, v in vars(loss).items() if not k.startswith("_") and k != "training"}
        options |= dict(loss.named_buffers(recurse=False))
        written = repr(loss).replace("\n", "")
        unreduced = copy.copy(loss)
        unreduced.__dict__ = dict(loss.__dict__, reduction="none")
        if "reduction" not in options:
            unreduced = None
    else:
        function, given = partial_arguments(loss)
        called = name = function.__name__
        defaults = inspect.signature(function).parameters.values()
        options = {q.name: q.default for q in defaults if q.default is not q.empty} | given
        shown = ", ".join(f"{k}={v!r}" for k, v in given.items())
        written = f"{called}({shown})"

        def unreduced(*args: Any) -> Any:
            return loss(*args, reduction="none")

        if "reduction" not in options:
            unreduced = None
    own = getattr(loss, "card", None)
    card = own if own is not None else _card(name, options, _dimensions(y), _dimensions(p))

    def arguments(y: Any, p: Any) -> list[Any]:
        """The tensors, in PyTorch's order: inputs, then targets."""
        first = [_tensor(x) for x in (p if isinstance(p, tuple) else (p,))]
        like = first[0].dtype if first[0].is_floating_point() else torch.float32
        labels = card is not None and card.target.labels and not _distribution(name, y, p)
        labels = labels or name == "multilabel_margin_loss"
        targets = y if isinstance(y, tuple) else (y,)
        last = [_target(x, like, labels or isinstance(y, tuple)) for x in targets]
        if name == "gaussian_nll_loss":
            return [first[0], *last, *first[1:]]  # (input, target, variance)
        return first + last

    def run(function: Any, y: Any, p: Any) -> Array:
        with torch.no_grad():
            return np.asarray(function(*arguments(y, p)).double().cpu(), np.float64)

    def slope(y: Any, p: Any, w: Array | None) -> Array:
        with torch.enable_grad():
            args = arguments(y, p)
            args[0].requires_grad_(True)
            total = (unreduced or loss)(*args).sum()
            (found,) = torch.autograd.grad(total, args[0], allow_unused=True)
        zero = torch.zeros_like(args[0]) if found is None else found
        return np.asarray(zero.detach().double().cpu(), np.float64)

    ours = getattr(loss, "__module__", "").startswith("losskit")
    return Subject(
        library="torch",
        name=f"{'losskit.torch' if ours else 'torch.nn'}.{written}",
        card=card,
        value=lambda y, p, w: run(loss, y, p),
        items=None if unreduced is None else lambda y, p, w: run(unreduced, y, p),
        slope=slope,
        reduction=str(options.get("reduction", "none")).replace("elementwise_", ""),
        options=options,
        divides_by_weights=name in ("cross_entropy", "nll_loss"),
        zero_is_minus=own is not None,
        stretches=not ours,
    )


def _card(name: str, options: dict[str, Any], y_dim: int, p_dim: int) -> Card | None:
    """losskit's card of the same formula."""
    axis = options.get("axis")
    if axis is None:
        axis = 1 if p_dim > 1 else 0
    ignore = options.get("ignore_index", -100)
    smoothing = options.get("label_smoothing", 0.0)
    made: dict[str, Any] = {
        "l1_loss": ("mean_absolute_error", {}),
        "mse_loss": ("mean_squared_error", {}),
        "smooth_l1_loss": ("smooth_l1", {"beta": options.get("beta", 1.0)}),
        "huber_loss": ("huber", {"delta": options.get("delta", 1.0)}),
        "nll_loss": ("negative_log_likelihood", {"ignore_class": ignore, "axis": axis}),
        "binary_cross_entropy": ("binary_crossentropy", {}),
        "binary_cross_entropy_with_logits": ("binary_crossentropy", {"from_logits": True}),
        "multilabel_soft_margin_loss": ("binary_crossentropy", {"from_logits": True}),
        "kl_div": (
            "log_kl_divergence_with_log_targets"
            if options.get("log_target")
            else "log_kl_divergence",
            {},
        ),
        "poisson_nll_loss": ("poisson", {"log_input": bool(options.get("log_input", True))}),
        "soft_margin_loss": ("soft_margin", {}),
        "multi_margin_loss": ("multi_margin", {"axis": axis}),
        "hinge_embedding_loss": ("hinge_embedding", {}),
    }
    if name == "cross_entropy":
        common = {"from_logits": True, "axis": axis, "label_smoothing": smoothing}
        made[name] = (
            ("categorical_crossentropy", common)
            if y_dim == p_dim
            else ("sparse_categorical_crossentropy", {"ignore_class": ignore, **common})
        )
    if name not in made:
        return None
    card, parameters = made[name]
    try:
        return find(card)(**parameters)
    except (TypeError, ValueError):
        return None


def _dimensions(x: Any) -> int:
    """Of an array; 0 for several of them."""
    return 0 if isinstance(x, tuple) else int(np.ndim(x))


def _distribution(name: str, y: Any, p: Any) -> bool:
    return name == "cross_entropy" and np.ndim(y) == np.ndim(p)


def _tensor(x: Any) -> Any:
    return torch.as_tensor(np.ascontiguousarray(x)).clone()


def _target(x: Any, like: Any, labels: bool) -> Any:
    """Targets that were no tensors come in the dtype that the loss wants."""
    tensor = _tensor(x)
    if labels:
        return tensor if tensor.is_floating_point() else tensor.long()
    return tensor.to(like)
