"""log_softmax on NumPy arrays: exact for the class that holds nearly everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.core import softmax
from losskit.core.namespaces import Array
from losskit.core.namespaces.numpy import vocabulary
from losskit.engine.arrays import as_array
from losskit.native import log_softmax as by_kernel


def log_softmax(logits: Any, axis: int = -1) -> Array:
    """Logarithm of the softmax of logits along an axis.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        axis: of the classes.

    Returns:
        The logarithms of the probabilities, in the logits' shape and dtype.

    Raises:
        TypeError: the logits are no floating-point numbers.
        ValueError: there is no such axis, or it has no classes.

    >>> import losskit
    >>> losskit.log_softmax([40.0, 0.0]).tolist()
    [-4.248354255291589e-18, -40.0]
    """
    z = as_array("logits", logits)
    if z.dtype.kind in "iub":
        raise TypeError(
            f"logits holds integers (dtype {z.dtype}, shape {z.shape}), expected floating-point "
            "numbers. Convert with logits.astype('float32')."
        )
    if not -z.ndim <= axis < z.ndim or z.shape[axis] == 0:
        raise ValueError(f"logits must have classes along axis={axis}, got logits.shape={z.shape}.")
    fused = by_kernel(z, axis)
    if fused is not None:
        return fused
    wide = z.astype(np.float32) if z.dtype.itemsize == 2 else z
    with np.errstate(all="ignore"):
        row = softmax.from_logits(vocabulary(z.dtype), wide, axis)
    return row.log_p.astype(z.dtype, copy=False)
