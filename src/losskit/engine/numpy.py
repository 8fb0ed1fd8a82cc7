"""NumPy, the framework of the host: values can always be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from losskit.core.namespaces import PRECISIONS, Array, Vocabulary
from losskit.core.namespaces.numpy import NumpyVocabulary
from losskit.engine.arrays import HALF, as_array
from losskit.engine.call import Call
from losskit.engine.formulas import Formulas
from losskit.engine.framework import Framework
from losskit.engine.values import check_weight
from losskit.native.steps import rows, step

_NAMES = {
    np.dtype(name): name for name in ("float16", "float32", "float64", "int32", "int64", "bool")
}
_BY_DTYPE = {name: NumpyVocabulary(came, step, rows) for name, came in PRECISIONS.items()}
_OTHERS = NumpyVocabulary(step=step, rows=rows)


class NumPy(Framework):
    """Arrays of NumPy."""

    strict = True

    def array(self, name: str, x: Any, labels: bool = False) -> Array:
        return as_array(name, x)

    def dtype(self, x: Array) -> str:
        name = _NAMES.get(x.dtype)
        return x.dtype.name if name is None else name  # which takes a microsecond

    def cast(self, x: Array, dtype: str) -> Array:
        return x.astype(dtype, copy=False)

    def floating(self, x: Array) -> Array:
        return x.astype(np.float64)

    def reshaped(self, x: Array, shape: tuple[Any, ...]) -> Array:
        return x.reshape(shape)

    def broadcast(self, x: Array, sizes: tuple[Any, ...]) -> Array:
        return np.broadcast_to(x, sizes)

    def labels(self, x: Array) -> Array:
        if x.dtype == np.uint64:  # what int64 cannot hold would wrap around to a label to ignore
            return np.where(x < 2**63, x.astype(np.int64), np.int64(self.no_class))
        if x.dtype.kind in "iub":
            return x.astype(np.int64, copy=False)
        with np.errstate(invalid="ignore"):
            whole = x.astype(np.int64)
        return np.where(whole == x, whole, np.int64(self.no_class))

    def truth(self, name: str, x: Array) -> Array:
        if x.dtype != bool:
            raise TypeError(
                f"{name} must be boolean (True counts), got dtype {x.dtype}. "
                "Compare first, e.g. mask=(y_true != -1); for weights use sample_weight."
            )
        return x

    def total(self, x: Array) -> Array:
        return np.count_nonzero(x) if x.dtype == bool else np.sum(x, dtype=np.float64)

    def ones(self, like: Array, dtype: str) -> Array:
        return np.ones(like.shape, dtype)

    def number(self, x: Any, like: Array, dtype: str) -> Array:
        return np.asarray(x, dtype)

    def constant(self, numbers: list[float], like: Array, dtype: str) -> Array:
        return np.array(numbers, dtype)

    def of_labels(self, weights: Array, labels: Array) -> Array:
        table = np.ones(len(weights) + 2, weights.dtype)
        table[1:-1] = weights
        return table.take(labels + 1, mode="clip")

    def visible(self, x: Array) -> bool:
        return True

    def values(self, x: Array) -> Any:
        return x.astype(np.float32) if self.dtype(x) in HALF else x

    def weight_dtype(self, computed: str) -> str:
        return "float64"

    def check_weight(self, weight: Array, keep: Array | None, dtype: str) -> Array:
        return check_weight(weight, keep, dtype)

    def vocabulary(self, came: str) -> Vocabulary:
        return _BY_DTYPE.get(came, _OTHERS)

    def items(self, formulas: Formulas, call: Call) -> Array:
        return formulas.value(call.used, *call.arrays)

    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        return self.sum(formulas, call) / (count or 1)

    def of_set(self, formulas: Formulas, across: Any, *arrays: Array) -> Array:
        return formulas.value(None, *arrays)


NUMPY = NumPy()
