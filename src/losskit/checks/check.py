"""`losskit.check`: every finding asked of one loss call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from losskit.checks import (  # noqa: F401  (each fills the registry)
    baselines,
    gradients,
    labels,
    predictions,
    reductions,
    shapes,
    special,
    targets,
)
from losskit.checks.call import Call, quiet
from losskit.checks.libraries import recognise
from losskit.checks.libraries.arrays import as_numpy, dtype_name
from losskit.checks.report import SEVERITIES, Finding, Report, Skipped
from losskit.checks.rules import RULES, Inapplicable


def check(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    model: Any = None,
    logits: Any = None,
    chunks: int = 4,
) -> Report:
    """Look for what is wrong with a loss call. Nothing is changed, nothing is trained.

    Args:
        loss: a losskit loss or its name; a loss object, function or module of Keras, PyTorch or
            optax (a `functools.partial` of a function too), called as its own library would; or
            any function of (y_true, y_pred). A boosting objective returns (gradient, Hessian).
        y_true: targets, as the loss takes them: NumPy-convertible, or of any framework. Losses of
            several targets take a tuple (CTC: targets, input lengths, target lengths).
        y_pred: predictions, likewise; a tuple for losses of two inputs.
        sample_weight: weights, one per item or per sample.
        model: the model that made the predictions: its last activation is looked at.
        logits: what the predictions were made of.
        chunks: into how many parts the batch is split to see whether they add up to the whole.

    Returns:
        What was found, the gravest first; see `Report`.

    Raises:
        TypeError: loss is no loss, or an array is not numeric.
        ValueError: an array is empty, or no losskit loss has that name.

    >>> import losskit
    >>> report = losskit.check("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    >>> print(report["LK103"].remedy)
    Pass from_logits=True, or end the model in a sigmoid.
    """
    if not isinstance(chunks, int) or isinstance(chunks, bool) or chunks < 2:
        raise ValueError(f"chunks must be an integer of at least 2, got {chunks!r}.")
    y, p = _arrays("y_true", y_true), _arrays("y_pred", y_pred)
    subject = recognise(loss, y, p)
    call = Call(
        subject=subject,
        y=y,
        p=p,
        weight=None if sample_weight is None else as_numpy("sample_weight", sample_weight),
        logits=None if logits is None else as_numpy("logits", logits),
        model=model,
        chunks=chunks,
        dtype=dtype_name(y_pred[0] if isinstance(y_pred, tuple) else y_pred),
    )
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    with quiet():
        for code in sorted(RULES):
            rule = RULES[code]
            try:
                found = rule(call)
            except Inapplicable as reason:
                skipped.append(Skipped(code, rule.title, str(reason)))
                continue
            if found is not None:
                findings.append(found)
        findings.sort(key=lambda f: (SEVERITIES.index(f.severity), f.code))
        try:
            value = call.value
        except Inapplicable:
            value = math.nan
    return Report(subject.name, tuple(findings), tuple(skipped), value)


def _arrays(name: str, x: Any) -> Any:
    """One array, or a tuple of them; half precision as float32."""
    if isinstance(x, tuple) and any(np.ndim(part) for part in x if not isinstance(part, str)):
        return tuple(_arrays(f"{name}[{i}]", part) for i, part in enumerate(x))
    array = as_numpy(name, x)
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}): there is nothing to check.")
    return array.astype(np.float32) if array.dtype == np.float16 else array
