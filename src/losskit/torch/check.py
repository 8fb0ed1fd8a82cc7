"""A hook that checks a loss module in the course of a training."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from losskit.torch.derivatives import transformed

if TYPE_CHECKING:
    from losskit.checks.watch import Say

LARGEST = 1_000_000
"""Predictions beyond which only the first rows are looked at: a large batch shall not wait."""
INPUTS = {"input", "input1", "input2", "x1", "x2", "log_input", "log_probs", "anchor", "positive"}
"""Names of predictions, where a loss takes several; what follows are targets."""


def check_loss(loss: nn.Module, every: int = 100, say: Say | None = None) -> Any:
    """Look for what is wrong with a loss: at its first call, and at every `every`-th.

    Finds what `losskit.check` finds, on the tensors of that call. Gradients, state and copies of
    the module stay as they are; compiled and transformed calls are left alone. Each error and each
    warning is said once, and nothing is ever raised into the training.

    Args:
        loss: a loss module, called with predictions and targets.
        every: after how many calls to look again.
        say: called with a `losskit.checks.Report` of what is new; by default it is printed on
            stderr.

    Returns:
        A handle; its `remove()` ends it.

    >>> loss = torch.nn.CrossEntropyLoss()
    >>> handle = check_loss(loss, say=lambda report: print(report.findings[0].code))
    >>> value = loss(torch.randn(64, 10).softmax(-1), torch.randint(0, 10, (64,)))
    LK101
    >>> handle.remove()
    """
    if not isinstance(loss, nn.Module):
        raise TypeError(
            f"check_loss takes a module, got {loss!r} ({type(loss).__name__}). For a function call "
            "losskit.check itself, on tensors."
        )
    if not isinstance(every, int) or isinstance(every, bool) or every < 1:
        raise ValueError(f"every must be an integer of at least 1, got {every!r}.")
    return loss.register_forward_hook(_Hook(every, say), with_kwargs=True)


class _Hook:
    """An object, no closure, so that a module that has it can be copied and pickled."""

    def __init__(self, every: int, say: Say | None) -> None:
        from losskit.checks.watch import Checker

        self._every, self._calls = every, 0
        self._checker = Checker("losskit.torch.check_loss", say)

    def __call__(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        if transformed():
            return
        self._calls += 1
        if (self._calls - 1) % self._every:
            return
        with self._checker.undisturbed():
            p, y, weight = arguments(module, args, kwargs)
            self._checker(module, y, p, sample_weight=weight)


def arguments(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Predictions, targets and weights of a call: arrays, or tuples where there are several."""
    given = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    weight, mask, _ = (given.pop(name, None) for name in ("weight", "mask", "num_items"))
    if mask is not None:
        weight = mask.double() if weight is None else weight * mask
    values = [(name, x) for name, x in given.items() if isinstance(x, (Tensor, list, tuple))]
    if len(values) < 2:
        raise TypeError("a loss is called with predictions and targets")
    first = 1
    while first < len(values) - 1 and values[first][0] in INPUTS:
        first += 1
    tensors = [x.detach() if isinstance(x, Tensor) else x for _, x in values]
    if len(tensors) == 2:
        tensors = _head(tensors)
        weight = None if weight is None else _head([weight.detach(), tensors[0]])[0]
    p, y = tensors[:first], tensors[first:]
    return p[0] if len(p) == 1 else tuple(p), y[0] if len(y) == 1 else tuple(y), weight


def _head(tensors: list[Any]) -> list[Any]:
    """The first rows of tensors that share them, if all of them are too many to look at."""
    size = tensors[0].numel()
    lengths = {x.shape[0] for x in tensors if x.ndim}
    if size <= LARGEST or len(lengths) != 1:
        return tensors
    rows = max(1, LARGEST * lengths.pop() // size)
    return [x[:rows] for x in tensors]
