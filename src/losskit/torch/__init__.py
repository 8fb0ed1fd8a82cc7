"""The PyTorch face: drop-in for the losses of `torch.nn`, and all other losses of losskit.

Change the import and nothing else::

    from losskit.torch import CrossEntropyLoss
    loss = CrossEntropyLoss(label_smoothing=0.1)(logits, labels)

Names of `torch.nn` and `torch.nn.functional` keep their arguments, order and defaults; what differs
stands in one table in the documentation (docs/torch-differences.md). Every loss of losskit is there
under its own name too, as a module and as a function of ``(input, target)``: `LogCosh`, `log_cosh`.
Tensors on the CPU are computed by the kernels, in one pass for value and gradient.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError('losskit.torch needs PyTorch: pip install "losskit[torch]".') from error

from losskit.torch.across import Across
from losskit.torch.check import check_loss
from losskit.torch.own import CLASSES as _CLASSES
from losskit.torch.own import FUNCTIONS as _FUNCTIONS
from losskit.torch.own import Loss, get
from losskit.torch.peers import FUNCTIONS as _PEERS
from losskit.torch.peers import MODULES as _MODULES

for _names in (_CLASSES, _FUNCTIONS, _MODULES, _PEERS):
    globals().update(_names)

__all__ = [  # noqa: PLE0604
    "Across",
    "Loss",
    "check_loss",
    "get",
    *_MODULES,
    *_PEERS,
    *_CLASSES,
    *_FUNCTIONS,
]
