"""Keras's test module with its losses exchanged, and what is expected to differ."""

import importlib.util
import inspect
import os
import sys
from pathlib import Path

CONFIG = "Keras loses the parameters and the dtype in get_config; here they are all kept"
CLIP = "Keras clips probabilities at 1e-7; here the floor is the smallest normal number"
AXIS = "Keras refuses an axis other than the last on this backend; here it works everywhere"
BELOW = "Keras reads targets below 0 under a logarithm as 1e-7; here they are refused"
BLANK = (
    "Keras reads a blank between labels as one more label; here it ends them, others are refused"
)
MASKS = "Keras takes any numbers for masks, 2 and 6 here; they are refused outside [0, 1]"

DIFFERENCES = {
    "CosineSimilarityTest::test_config": CONFIG,
    "HuberLossTest::test_config": CONFIG,
    "LogCoshTest::test_config": CONFIG,
    "BinaryCrossentropyTest::test_unweighted": CLIP,
    "BinaryCrossentropyTest::test_scalar_weighted": CLIP,
    "BinaryCrossentropyTest::test_sample_weighted": CLIP,
    "CTCTest::test_correctness": BLANK,
    "CTCTest::test_dtype_arg": BLANK,
    "DiceTest::test_correctness": MASKS,
    "DiceTest::test_dtype_arg": MASKS,
    "TverskyTest::test_correctness": MASKS,
    "TverskyTest::test_correctness_custom_coefficients": MASKS,
    "TverskyTest::test_dtype_arg": MASKS,
}
DIFFERENCES |= {
    f"MeanSquaredLogarithmicErrorTest::test_{name}": BELOW
    for name in (
        *("unweighted", "scalar_weighted", "sample_weighted", "timestep_weighted", "dtype_arg"),
        "mean_with_sample_weight_reduction",
    )
}
if os.environ.get("KERAS_BACKEND") in ("tensorflow", "jax"):
    DIFFERENCES |= {
        "SparseCategoricalCrossentropyTest::test_binary_segmentation_different_axis": AXIS,
        "SparseCategoricalCrossentropyTest::test_multi_class_segmentation_different_axis": AXIS,
    }

NOT_BUILT_YET: set[str] = set()


def load_keras_tests():
    """Keras's test module, with `losses` bound to `losskit.keras`."""
    spec = importlib.util.find_spec("keras.src.losses.losses_test")
    source = inspect.cleandoc(Path(spec.origin).read_text(encoding="utf-8"))
    line = "from keras.src.losses import losses"
    assert source.count(line) == 1, "Keras's tests import their losses in another way now"
    module = importlib.util.module_from_spec(spec)
    sys.modules["losskit_keras_own"] = module
    exec(compile(source.replace(line, "import losskit.keras as losses"), spec.origin, "exec"),
         module.__dict__)  # fmt: skip
    return module


def subject(name: str) -> str:
    """The class that a test class is about."""
    return name.removesuffix("Test").removesuffix("Loss")
