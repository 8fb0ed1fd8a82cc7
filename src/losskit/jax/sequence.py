"""Losses of sequences, with optax's names and arguments."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core import sequences
from losskit.engine.arrays import HALF
from losskit.jax import derivatives
from losskit.jax.evaluate import make
from losskit.jax.framework import JAX
from losskit.engine.formulas import Formulas
from losskit.jax.operations import OPERATIONS, VOCABULARY
from losskit.losses.sequence import CTC

__all__ = ["ctc_loss", "ctc_loss_with_forward_probs"]


def ctc_loss(
    logits: Any,
    logit_paddings: Any,
    labels: Any,
    label_paddings: Any,
    *,
    blank_id: int = 0,
    log_epsilon: Any = -1e5,
) -> Array:
    """CTC loss (connectionist temporal classification) of logits; see `optax.losses.ctc_loss`.

    Args:
        logits: floating-point, (batch, frames, classes); -inf rules a class out.
        logit_paddings: (batch, frames): 1 for a frame that is not there, anywhere; it may be NaN.
        labels: integers, (batch, labels).
        label_paddings: (batch, labels): 1 for a label that is not there, at the end only.
        blank_id: the class that stands for no label.
        log_epsilon: taken for optax's sake, and not needed: the logarithm of 0 is -inf here.

    Returns:
        The losses, (batch): infinite, with a gradient of 0, where the labels do not fit into the
        frames.

    Raises:
        TypeError: logits are integers.
        ValueError: shapes do not match, or ``blank_id`` is no class; outside of jit also a label
            that is no class, or is the blank, or comes after padding. Under jit its loss is NaN.
    """
    card, y, z, frames = _prepare(logits, logit_paddings, labels, label_paddings, blank_id)
    return derivatives.apply(Formulas(card.taking("frames"), OPERATIONS.vocabulary(z.dtype.name), OPERATIONS), None, y, z, frames[:, -1]).astype(z.dtype)


def ctc_loss_with_forward_probs(
    logits: Any,
    logit_paddings: Any,
    labels: Any,
    label_paddings: Any,
    *,
    blank_id: int = 0,
    log_epsilon: Any = -1e5,
) -> tuple[Array, Array, Array]:
    """The same as `ctc_loss`, and the logarithms of the forward probabilities.

    Returns:
        The losses; the probabilities of the blank after n labels, (frames, batch, labels + 1); and
        of the nth label, (frames, batch, labels). A frame that is not there has those of the frame
        before it. In the last frame the nth label counts among the blanks too, so that there the
        blank after all labels has the probability of all alignments. What is impossible, and what
        lies behind the last label, is -inf.
    """
    card, y, z, frames = _prepare(logits, logit_paddings, labels, label_paddings, blank_id)
    losses = derivatives.apply(Formulas(card.taking("frames"), OPERATIONS.vocabulary(z.dtype.name), OPERATIONS), None, y, z, frames[:, -1]).astype(z.dtype)
    blank, label = _forward(card, y, z, frames)
    return losses, blank.astype(z.dtype), label.astype(z.dtype)


@partial(jax.jit, static_argnums=0)
def _forward(card: CTC, y: Array, z: Array, frames: Array) -> tuple[Array, Array]:
    z = z.astype(jnp.float32) if z.dtype.name in HALF else z
    there = card.forward(VOCABULARY, y, z, frames[:, -1])
    start = jnp.full_like(there, -jnp.inf, shape=(1, *there.shape[1:])).at[..., 0].set(0.0)
    there = jnp.take_along_axis(jnp.concatenate([start, there]), frames.T[..., None], 0)
    blank, label = there[..., ::2], there[..., 1::2]
    return blank.at[-1, :, 1:].set(jnp.logaddexp(blank[-1, :, 1:], label[-1])), label


def _prepare(
    logits: Any, logit_paddings: Any, labels: Any, label_paddings: Any, blank_id: int
) -> tuple[Any, Array, Array, Array]:
    """The card, labels ended by -1, logits of the frames there are first, their number so far."""
    z, y = jnp.asarray(logits), JAX.labels(JAX.array("labels", labels, labels=True))
    if not jnp.issubdtype(z.dtype, jnp.floating):
        raise TypeError(f"logits holds {z.dtype} (shape {z.shape}), expected floating-point.")
    no_frame, no_label = (jnp.asarray(x) != 0 for x in (logit_paddings, label_paddings))
    fit = z.ndim == 3 and no_frame.shape == z.shape[:2]
    if not fit or y.ndim != 2 or len(y) != len(z) or no_label.shape != y.shape:
        raise ValueError(
            "logits must have the shape (batch, frames, classes), logit_paddings (batch, frames), "
            f"labels and label_paddings (batch, labels): got logits.shape={z.shape}, "
            f"logit_paddings.shape={no_frame.shape}, labels.shape={y.shape} and "
            f"label_paddings.shape={no_label.shape}."
        )
    classes = z.shape[-1]
    card, _ = make(CTC, {"blank": blank_id, "from_logits": True})
    sequences.check_blank("blank_id", card.blank, classes)
    _check(y, no_label, classes, card.blank)
    y = sequences.ended(jnp, y, ~no_label, classes, card.blank)
    # Those that are there first: what is between two equal labels must not part them.
    order = jnp.argsort(no_frame, axis=1, stable=True)
    return card, y, jnp.take_along_axis(z, order[..., None], 1), jnp.cumsum(~no_frame, 1)


def _check(y: Array, no_label: Array, classes: int, blank: int) -> None:
    if not (JAX.visible(y) and JAX.visible(no_label)):
        return
    seen, padded = JAX.values(y), JAX.values(no_label)
    again = padded[:, :-1] & ~padded[:, 1:]
    if again.any():
        raise ValueError(
            "label_paddings must be 0 first, then 1: there is a label after padding in sequence "
            f"{int(np.argmax(again.any(1)))}. Move the padding to the end."
        )
    sequences.check_labels("labels", seen, ~padded, classes, blank)
