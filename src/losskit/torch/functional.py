"""Functions with the names, arguments and defaults of `torch.nn.functional`.

Each says which card computes it, and turns PyTorch's class weights, ignored labels and reductions
into weights, masks and divisors of that card's items. What differs from PyTorch stands in
docs/torch-differences.md.
"""

from losskit.torch import classification, margins, regression, sequence
from losskit.torch.classification import *  # noqa: F403
from losskit.torch.margins import *  # noqa: F403
from losskit.torch.regression import *  # noqa: F403
from losskit.torch.sequence import *  # noqa: F403

__all__ = [  # noqa: PLE0604
    *regression.__all__,
    *classification.__all__,
    *margins.__all__,
    *sequence.__all__,
]
