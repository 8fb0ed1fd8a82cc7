"""TensorFlow's graphs, in which XLA calls the kernels: what `fit` makes of every loss."""

import keras
import numpy as np
import pytest
import test_truth
from gradients import BACKEND, items_and_slope, numpy
from test_truth import ALL, DEFAULTS, LEAST, USUAL, exact, grid, keras_loss, laid, laws

import losskit.keras
from losskit import native
from losskit.core.families import Pointwise, Setwise, is_rowwise

tf = pytest.importorskip("tensorflow") if BACKEND == "tensorflow" else None
pytestmark = [
    pytest.mark.skipif(BACKEND != "tensorflow", reason="of TensorFlow"),
    pytest.mark.skipif(not native.available(), reason="there are no kernels"),
]


@pytest.mark.parametrize("case", ALL)
def test_exact(case):
    exact(case, graph="closed")


@pytest.mark.parametrize("graph", ["open", "xla"])
@pytest.mark.parametrize("case", grid.sample(USUAL, usual=True))
def test_open_batches_and_whole_steps(case, graph):
    if graph == "open" and getattr(case.card, "whole", False) or isinstance(case.card, Setwise):
        pytest.skip("one value for the batch")
    exact(case, graph=graph)
