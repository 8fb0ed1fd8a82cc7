"""Arrays of any framework as NumPy's, and arguments that a partial has fixed."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from losskit.core.namespaces import Array


def as_numpy(name: str, x: Any) -> Array:
    """The values of an array of any framework; small float types that NumPy lacks as float32.

    Raises:
        TypeError: it is not numeric.
    """
    from losskit.core.inputs import as_array

    if hasattr(x, "detach"):  # a tensor of PyTorch
        x = x.detach().cpu()
        x = x.float() if str(x.dtype) == "torch.bfloat16" else x
        return as_array(name, x.numpy())
    array = as_array(name, x)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def dtype_name(x: Any) -> str:
    """The name of an array's own dtype, e.g. "bfloat16"."""
    dtype = getattr(x, "dtype", None)
    return str(np.asarray(x).dtype if dtype is None else dtype).rpartition(".")[2].strip("'<> ")


def partial_arguments(function: Any) -> tuple[Any, dict[str, Any]]:
    """(the innermost function, the keyword arguments that `functools.partial` has fixed)."""
    options: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        options = {**function.keywords, **options}
        function = function.func
    return function, options
