"""losskit: one definition per loss; the same value and gradient on every framework.

>>> import losskit
>>> float(losskit.mean_absolute_error([1.0, 0.0], [2.0, 3.0]))
2.0
>>> huber = losskit.Huber(delta=2.0)
>>> value, gradient = huber.value_and_gradient([0.0, 0.0], [1.0, 4.0])
>>> float(value), gradient.tolist()
(3.25, [0.5, 1.0])

>>> losskit.check("bce", [1.0, 0.0], [2.5, -1.0]).worst()  # what is wrong with this loss call
'error'

`import losskit` loads NumPy alone. The faces for frameworks are imported by name:
`import losskit.keras`. What each loss is stands in its docstring, and in `losskit show NAME`.
"""

from typing import Any as _Any

from losskit import metrics, native
from losskit.activations import log_softmax
from losskit.native import get_num_threads, set_num_threads
from losskit.numpy import CLASSES as _CLASSES
from losskit.numpy import FUNCTIONS as _FUNCTIONS
from losskit.numpy import Loss, get
from losskit.numpy import class_of as _class_of
from losskit.numpy import own_cards as _own_cards

__version__ = "0.1.0"

globals().update(_CLASSES)
globals().update(_FUNCTIONS)

__all__ = [  # noqa: PLE0604
    "Loss",
    "__version__",
    "check",
    "get",
    "get_num_threads",
    "log_softmax",
    "loss",
    "metrics",
    "native",
    "set_num_threads",
    *_CLASSES,
    *_FUNCTIONS,
]


def __getattr__(name: str) -> _Any:
    """`check` and `loss` are loaded when they are first asked for: most programs never do."""
    if name == "check":
        from losskit.checks import check as found
    elif name == "loss":
        from losskit.define import loss as found
    else:
        # A loss of one's own is pickled by its name, as others are.
        for card in _own_cards():
            if card.__name__ == name:
                return _class_of(card)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), "check", "loss"})
