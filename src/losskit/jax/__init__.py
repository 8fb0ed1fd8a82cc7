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

from losskit.jax.own import FUNCTIONS as _FUNCTIONS
from losskit.jax.own import combine, get, merge, parts
from losskit.jax.peers import FUNCTIONS as _PEERS

# optax's meaning of a name that both have.
globals().update(_FUNCTIONS | _PEERS)

__all__ = [  # noqa: PLE0604
    "combine",
    "get",
    "merge",
    "parts",
    *(_FUNCTIONS | _PEERS),
]
