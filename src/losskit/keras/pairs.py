"""Losses of pairs that have a value for each sample of a batch, as Keras's circle loss."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from losskit.core import vectors
from losskit.core.families import out_of_domain
from losskit.core.pairs import Pairs, terms
from losskit.engine.arrays import named
from losskit.engine.call import aligned, checked
from losskit.keras import backend
from losskit.keras.framework import KERAS

Tensor = Any
M = KERAS.vocabulary("")

_unit = backend.activation(
    lambda x: vectors.unit(M, vectors.near(M, x, -1)[0], -1)[0],
    lambda x, g: vectors.unit_slope(M, x, g, -1),
)


def of_rows(
    card: Pairs, labels: Any, x: Tensor, mask: Any, references: dict[str, Any]
) -> tuple[Any, tuple[Tensor, Tensor], Tensor]:
    """The loss of pairs as one of each vector's similarities: of the samples of a batch.

    Args:
        card: a loss of pairs.
        labels: of the vectors, (batch).
        x: the vectors, (batch, features).
        mask: which of them count.
        references: ref_labels and ref_embeddings, of what they are compared with; those that are
            not there are their own.

    Returns:
        The card of rows, its targets and predictions, and which rows count.

    Raises:
        ValueError: shapes do not match; or, outside of tracing, a label is no whole number, or a
            vector out of its domain.
    """
    if len(x.shape) != 2:
        raise ValueError(
            f"{card.name} compares vectors (batch, features) with references, got y_pred.shape="
            f"{tuple(x.shape)}."
        )
    call = aligned(KERAS, card, (labels, x))
    if references:
        of = KERAS.array("ref_labels", references.get("ref_labels", labels), labels=True)
        other = KERAS.array("ref_embeddings", references.get("ref_embeddings", x))
        with named(y_true="ref_labels", y_pred="ref_embeddings"):
            others = aligned(KERAS, card, (of, KERAS.cast(other, KERAS.dtype(x))))
        # As one set, so that names are the same numbers.
        both = tuple(map(_joined, call.arrays, others.arrays))
        call = dataclasses.replace(call, arrays=both)
    call = checked(KERAS, call)
    every, n = call.arrays, ops.shape(x)[0]
    (own, x), (of, other) = every, every
    if references:
        (own, x), (of, other) = [a[:n] for a in every], [a[n:] for a in every]
    alike = M.lay(own, -1) == M.lay(of, -2)
    none = None
    if not card.with_itself:
        none = ops.arange(n)[:, None] == ops.arange(ops.shape(of)[0])[None]
    u, v = (_unit(x), _unit(other)) if card.normalize else (x, other)
    s = M.matmul(u, ops.transpose(v))
    bad = None if call.looked else out_of_domain(M, card, *every, no_class=KERAS.no_class)
    if bad is not None:
        s = ops.where(bad, float("nan"), s)
    counted = M.drop(terms(M, card, alike, none, s), -1) > 0
    counted = counted if mask is None else counted & KERAS.truth("mask", mask)
    return card.rows, (M.kinds(alike, none, ops.stop_gradient(s)), s), counted


def _joined(own: Any, others: Any) -> Any:
    host = isinstance(own, np.ndarray) and isinstance(others, np.ndarray)
    return (np if host else ops).concatenate([own, others])
