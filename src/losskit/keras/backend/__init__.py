"""What each Keras backend does in its own way, a file each; here of the one that runs.

* `Backend`: what the engine asks. That of JAX and PyTorch is their own faces'.
* `activation`: a function of one tensor whose derivative is given: backward (tensor, incoming
  gradient) -> gradient, and for JAX its transpose, (tensor, tangent) -> tangent, if it is another.
* `bounded`: the identity, with a gradient clipped to what the dtype can hold.
* `made_by`: the activation whose output a tensor is, ("softmax", axis) or ("sigmoid", 0); ("", 0)
  for another origin; None where that is not recorded.
* `reads_halves`: whether predictions in half precision, asked for in float32, are taken as they
  are, for the kernels to widen.
* `quick`: the mean of tensors that fit a card as they are, by a way of its own; None if
  it has none.
"""

from __future__ import annotations

from importlib import import_module

import keras

NAME: str = keras.backend.backend()
_NAMES = ("tensorflow", "jax", "torch")
if NAME not in _NAMES:
    raise ImportError(
        f"losskit.keras runs on the Keras backends {', '.join(_NAMES)}, but the backend is "
        f"{NAME!r}. Set the environment variable KERAS_BACKEND before keras is imported."
    )

_own = import_module(f"{__name__}.{NAME}")
Backend, activation = _own.Backend, _own.activation
bounded, made_by, quick = _own.bounded, _own.made_by, _own.quick
reads_halves = _own.reads_halves
