"""The README's table is made of the trainings that it says."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import digits_claim


def test_the_table_has_mean_and_range_by_backend_and_loss() -> None:
    trainings = [
        {"backend": backend, "column": column, "accuracy": accuracy}
        for backend, column, accuracies in [
            ("jax", "keras", (0.75, 0.85)),
            ("jax", "losskit", (0.9,)),
            ("torch", digits_claim.OWN_SOFTMAX, (0.5, 0.75)),
        ]
        for accuracy in accuracies
    ]
    assert digits_claim.table(trainings).splitlines()[2:] == [
        "| JAX | 0.800 (0.750 to 0.850) | 0.900 (0.900 to 0.900) |  |",
        "| PyTorch |  |  | 0.625 (0.500 to 0.750) |",
    ]
