"""The JAX face: drop-in for the losses of optax, and all other losses of losskit.

Change the import and nothing else::

    from losskit.jax import softmax_cross_entropy_with_integer_labels
    loss = softmax_cross_entropy_with_integer_labels(logits, labels).mean()

Names of `optax.losses` keep their arguments, order and defaults, and take ``axis`` and ``where``
throughout; what differs stands in one table in the documentation (docs/jax-differences.md). Every
other loss of losskit is there under its own name, as a function of ``(predictions, targets)``;
`get` finds those whose name optax uses for another. Functions are pure: jit, vmap, grad and the
rest apply.
"""

try:
    import jax as _jax  # noqa: F401
except ImportError as error:
    raise ImportError('losskit.jax needs JAX: pip install "losskit[jax]".') from error

from losskit.jax import classification as _classification
from losskit.jax import embeddings as _embeddings
from losskit.jax import ranking as _ranking
from losskit.jax import regression as _regression
from losskit.jax import segmentation as _segmentation
from losskit.jax import sequence as _sequence
from losskit.jax.classification import *  # noqa: F403
from losskit.jax.embeddings import *  # noqa: F403
from losskit.jax.own import FUNCTIONS as _FUNCTIONS
from losskit.jax.own import combine, get, merge, parts
from losskit.jax.ranking import *  # noqa: F403
from losskit.jax.regression import *  # noqa: F403
from losskit.jax.segmentation import *  # noqa: F403
from losskit.jax.sequence import *  # noqa: F403

_PEERS = [
    name
    for module in (
        _classification,
        _embeddings,
        _ranking,
        _regression,
        _segmentation,
        _sequence,
    )
    for name in module.__all__
]
globals().update({name: f for name, f in _FUNCTIONS.items() if name not in _PEERS})

__all__ = [  # noqa: PLE0604
    "combine",
    "get",
    "merge",
    "parts",
    *_PEERS,
    *(name for name in _FUNCTIONS if name not in _PEERS),
]
