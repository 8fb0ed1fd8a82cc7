"""`losskit.check`: every finding asked of one loss call."""

from __future__ import annotations

import math
import operator
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from losskit.checks import (  # noqa: F401  (each fills the registry)
    baselines,
    ctc,
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
from losskit.checks.libraries.arrays import as_numpy, dtype_name, form_of, is_several
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
        ValueError: an array is empty, logits or weights do not fit the predictions, or no losskit
            loss has that name.

    >>> import losskit
    >>> report = losskit.check("bce", [1.0, 0.0, 1.0], [2.5, -1.0, 0.3])
    >>> print(report["LK103"].remedy)
    Pass from_logits=True, or end the model in a sigmoid.
    """
    chunks = _count(chunks)
    y, p = _arrays("y_true", y_true), _arrays("y_pred", y_pred)
    weight = None if sample_weight is None else _weights(sample_weight, y, p)
    z = None if logits is None else _logits(logits, p)
    subject = recognise(loss, y, p, (form_of(y_true), form_of(y_pred)))
    call = Call(
        subject=subject,
        y=y,
        p=p,
        weight=weight,
        logits=z,
        model=model,
        chunks=chunks,
        dtype=dtype_name(y_pred[0] if isinstance(y_pred, tuple) else y_pred),
        y_dtype=dtype_name(y_true[0] if isinstance(y_true, tuple) else y_true),
    )
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    with quiet(), _randomness():
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


@contextmanager
def _randomness() -> Iterator[None]:
    """Leaves the generators as they were, whatever numbers a loss draws."""
    torch = sys.modules.get("torch")
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    drawn = None if torch is None else torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        if torch is not None and drawn is not None:
            torch.set_rng_state(drawn)


def _count(chunks: Any) -> int:
    try:
        count = 0 if isinstance(chunks, bool) else operator.index(chunks)
    except TypeError:
        count = 0
    if count < 2:
        raise ValueError(f"chunks must be an integer of at least 2, got {chunks!r}.")
    return count


def _weights(given: Any, y: Any, p: Any) -> Any:
    """Weights, those of True and False as numbers."""
    weight = as_numpy("sample_weight", given)
    if weight.dtype == bool:
        weight = weight.astype(np.float32)
    if weight.size == 1 or isinstance(p, tuple) or isinstance(y, tuple):
        return weight
    # Either may have the batch first: classes may lie on axis 0 of the predictions.
    batches = {x.shape[0] for x in (p, y) if x.ndim}
    if batches and weight.shape[0] not in {1, *batches}:
        raise ValueError(
            f"sample_weight must be a number or have one entry per sample, got shape "
            f"{weight.shape}, expected {p.shape[:1] or y.shape[:1]} to begin with, as y_pred of "
            f"shape {p.shape} has."
        )
    return weight


def _logits(given: Any, p: Any) -> Any:
    """Logits in the shape of the predictions."""
    logits = as_numpy("logits", given)
    if not isinstance(p, tuple) and logits.shape != p.shape:
        raise ValueError(
            f"logits must have the shape of y_pred, which was made of them: got {logits.shape}, "
            f"expected {p.shape}."
        )
    return logits.astype(np.float32) if logits.dtype == np.float16 else logits


def _arrays(name: str, x: Any) -> Any:
    """One array, or a tuple of them; half precision as float32."""
    if is_several(x):
        return tuple(_arrays(f"{name}[{i}]", part) for i, part in enumerate(x))
    array = as_numpy(name, x)
    if array.size == 0:
        raise ValueError(f"{name} is empty (shape {array.shape}): there is nothing to check.")
    return array.astype(np.float32) if array.dtype == np.float16 else array
