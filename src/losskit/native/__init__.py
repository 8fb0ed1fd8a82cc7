"""The compiled kernels: whether they are there, when they apply, on how many threads they run.

Nothing here is needed: what no kernel does, NumPy does, with the same results to the last digits.
`LOSSKIT_NATIVE=0` switches them off, `LOSSKIT_ISA=x86_64_v2` (or another of `instruction_sets()`)
picks another version than the best.
"""

from losskit.native.evaluate import (
    ByProgram,
    Call,
    Prepared,
    divisor,
    label_rows,
    log_softmax,
    prepare,
    tally,
)
from losskit.native.library import (
    available,
    copy_bandwidth,
    empty,
    free_kept_memory,
    get_num_threads,
    instruction_set,
    instruction_sets,
    read_tensors,
    set_num_threads,
    switched,
)
from losskit.native.quick import MEAN, MEAN_BY_WEIGHTS, SUM, besides, mean
from losskit.native.steps import rows, step

__all__ = [
    "MEAN",
    "MEAN_BY_WEIGHTS",
    "SUM",
    "ByProgram",
    "Call",
    "Prepared",
    "available",
    "besides",
    "copy_bandwidth",
    "divisor",
    "empty",
    "free_kept_memory",
    "get_num_threads",
    "instruction_set",
    "instruction_sets",
    "label_rows",
    "log_softmax",
    "mean",
    "prepare",
    "read_tensors",
    "rows",
    "set_num_threads",
    "step",
    "switched",
    "tally",
]
