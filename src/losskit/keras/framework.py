"""What the engine asks of the backend that runs, with Keras's habits.

Labels that are no tensor yet keep their values, for messages, where a backend would not hold them;
masks may hold any numbers; and weights below 0, even such as cancel, are weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from losskit.engine.arrays import check_unmasked, sound
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.keras import backend

Tensor = Any
_Backend: Any = Framework if TYPE_CHECKING else backend.Backend


class KerasFramework(_Backend):
    """Tensors of the backend that runs."""

    def array(self, name: str, x: Any, labels: bool = False) -> Any:
        _check_dense(name, x)
        x = sound(x)
        if labels and isinstance(x, (int, list, tuple, np.ndarray, np.generic)):
            return super().array(name, np.asarray(x), labels)
        return ops.convert_to_tensor(x)

    def truth(self, name: str, x: Tensor) -> Tensor:
        return ops.cast(x, "bool")

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Tensor:
        found = super().mean(formulas, call, count)
        # Where weights cancel, so that their sum is 0, Keras's mean is 0 too.
        known = isinstance(count, (int, float)) or backend.NAME == "tensorflow"
        return found if known else ops.where(count != 0, found, 0.0)


def _check_dense(name: str, x: Any) -> None:
    check_unmasked(name, x)
    kind = type(x).__name__
    if kind in ("RaggedTensor", "SparseTensor"):
        dense = "tf.sparse.to_dense(x)" if kind == "SparseTensor" else "x.to_tensor()"
        raise TypeError(
            f"{name} is a tf.{kind} (shape {tuple(x.shape)}), expected a dense tensor. Pass "
            f"{dense} of targets and predictions; for what only pads a row, sample_weight 0 "
            "(tf.sequence_mask(x.row_lengths()) as numbers), which leaves it out."
        )


KERAS = KerasFramework()
