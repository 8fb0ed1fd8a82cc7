"""The Keras face: drop-in for the same names in `keras.losses`, alike on all three backends.

Change the import and nothing else::

    import losskit.keras as losses
    model.compile(optimizer="adam", loss=losses.SparseCategoricalCrossentropy())

What differs from `keras.losses`, and why, stands in one table in the documentation
(docs/keras-differences.md).
"""

try:
    import keras as _keras  # noqa: F401
except ImportError as error:
    raise ImportError(
        'losskit.keras needs Keras 3 and a backend: pip install "losskit[train]" '
        "(or keras with jax or torch)."
    ) from error

from losskit.keras.activations import sigmoid, softmax
from losskit.keras.check import CheckLoss
from losskit.keras.loss import CLASSES as _CLASSES
from losskit.keras.loss import FUNCTIONS as _FUNCTIONS
from losskit.keras.loss import Loss, get

globals().update(_CLASSES)
globals().update(_FUNCTIONS)

__all__ = ["CheckLoss", "Loss", "get", "sigmoid", "softmax", *_CLASSES, *_FUNCTIONS]  # noqa: PLE0604
