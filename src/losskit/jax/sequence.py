"""What is optax's own about its losses of sequences: paddings, and forward probabilities."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from losskit.core import sequences
from losskit.engine.arrays import HALF
from losskit.engine.formulas import Formulas
from losskit.jax import derivatives
from losskit.jax.evaluate import make
from losskit.jax.framework import JAX, VOCABULARY, as_array
from losskit.losses.sequence import CTC


def ctc_loss(*arrays: Any) -> Array:
    return _losses(*_prepare(*arrays))


def ctc_loss_with_forward_probs(*arrays: Any) -> tuple[Array, Array, Array]:
    known = _prepare(*arrays)
    blank, label = _forward(*known)
    z = known[2]
    return _losses(*known), blank.astype(z.dtype), label.astype(z.dtype)


def _losses(card: CTC, y: Array, z: Array, frames: Array) -> Array:
    by = Formulas(card.taking("frames"), JAX.vocabulary(z.dtype.name), JAX)
    return derivatives.apply(by, None, y, z, frames[:, -1]).astype(z.dtype)


@partial(jax.jit, static_argnums=0)
def _forward(card: CTC, y: Array, z: Array, frames: Array) -> tuple[Array, Array]:
    z = z.astype(jnp.float32) if z.dtype.name in HALF else z
    there = card.forward(VOCABULARY, y, z, frames[:, -1])
    start = jnp.full_like(there, -jnp.inf, shape=(1, *there.shape[1:])).at[..., 0].set(0.0)
    there = jnp.take_along_axis(jnp.concatenate([start, there]), frames.T[..., None], 0)
    blank, label = there[..., ::2], there[..., 1::2]
    return blank.at[-1, :, 1:].set(jnp.logaddexp(blank[-1, :, 1:], label[-1])), label


def _prepare(
    logits: Any,
    logit_paddings: Any,
    labels: Any,
    label_paddings: Any,
    blank_id: int,
    log_epsilon: Any,  # for optax's sake: the logarithm of 0 is -inf here
) -> tuple[Any, Array, Array, Array]:
    """The card, labels ended by -1, logits of the frames there are first, their number so far."""
    z, y = as_array(logits), JAX.labels(JAX.array("labels", labels, labels=True))
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
    card, *_ = make(CTC, {"blank": blank_id, "from_logits": True})
    sequences.check_blank("blank_id", card.blank, classes)
    _check(y, no_label, classes, card.blank)
    y = sequences.ended(jnp, y, ~no_label, classes, card.blank)
    # Those that are there first: what is between two equal labels must not part them.
    sorted_ = jnp.all(no_frame[:, :-1] <= no_frame[:, 1:])
    z = jax.lax.cond(sorted_, lambda z, _: z, _sorted, z, no_frame)  # mostly they are
    return card, y, z, jnp.cumsum(~no_frame, 1)


def _sorted(z: Array, no_frame: Array) -> Array:
    order = jnp.argsort(no_frame, axis=1, stable=True)
    return jnp.take_along_axis(z, order[..., None], 1)


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
