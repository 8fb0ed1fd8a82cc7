"""Arrays of any framework as NumPy's, and arguments that a partial has fixed."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.engine.arrays import as_array


@dataclass(frozen=True)
class Form:
    """What an array was before its values became NumPy's."""

    library: str
    """"torch", "jax", "tensorflow" or "numpy"."""
    dtype: str


def form_of(x: Any) -> Any:
    """The form of an array, or of each array of a tuple."""
    if is_several(x):
        return tuple(map(form_of, x))
    home = type(x).__module__.partition(".")[0]
    library = {"jaxlib": "jax", "jax": "jax", "tensorflow": "tensorflow", "torch": "torch"}
    return Form(library.get(home, "numpy"), dtype_name(x))


def restored(x: Any, form: Any) -> Any:
    """A copy of the values in the form that they came in; half precision stays float32."""
    if isinstance(x, tuple):
        return tuple(map(restored, x, form))
    if form.library == "torch":
        import torch

        return torch.as_tensor(np.array(x))
    if form.library == "jax":
        import jax.numpy as jnp

        return jnp.asarray(x)
    if form.library == "tensorflow":
        import tensorflow as tf

        return tf.convert_to_tensor(x)
    return np.array(x)


def is_several(x: Any) -> bool:
    """Whether it is a tuple of arrays, as losses of several inputs take, and no nested numbers."""
    return (
        isinstance(x, tuple)
        and 2 <= len(x) <= MOST
        and any(hasattr(part, "shape") and len(part.shape) for part in x)
    )


MOST = 4
"""No loss takes more arrays of targets, or of predictions."""


def as_numpy(name: str, x: Any) -> Array:
    """The values of an array of any framework; small float types that NumPy lacks as float32.

    Raises:
        TypeError: it is not numeric, or has no values.
    """
    if type(x).__name__.endswith("Tracer") or str(getattr(x, "device", "")) == "meta":
        raise TypeError(
            f"{name} is {type(x).__name__}, which has no values: check concrete arrays, outside of "
            "compiled functions."
        )
    if isinstance(x, (list, tuple)) and any(hasattr(part, "detach") for part in x):
        x = [as_numpy(name, part) for part in x]
    if hasattr(x, "detach"):  # a tensor of PyTorch
        x = x.detach().cpu()
        x = x.float() if str(x.dtype) == "torch.bfloat16" else x
        return as_array(name, x.resolve_conj().resolve_neg().numpy())
    array = as_array(name, x)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def dtype_name(x: Any) -> str:
    """The name of an array's own dtype, e.g. "bfloat16"."""
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        parts = list(x) if isinstance(x, (list, tuple)) else []
        return dtype_name(parts[0]) if parts else str(np.asarray(x).dtype)
    return str(getattr(dtype, "name", dtype)).rpartition(".")[2]


def defaults_of(function: Any, skip: int = 0) -> dict[str, Any]:
    """The parameters of a function that have defaults; none where it does not tell."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except ValueError:
        return {}
    return {q.name: q.default for q in parameters if q.default is not q.empty}


def partial_arguments(function: Any) -> tuple[Any, dict[str, Any]]:
    """(the innermost function, the keyword arguments that `functools.partial` has fixed)."""
    options: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        options = {**function.keywords, **options}
        function = function.func
    return function, options
