"""optax's own tests of its losses, asked of losskit's functions; by default an eighth of them.

They come with optax, so each installed version brings its own. What losskit does otherwise stands
in docs/jax-differences.md.
"""

import importlib
import unittest

import jax
import numpy as np
import optax.losses
import pytest

import losskit.jax

FAMILIES = [
    "_classification",
    "_fenchel_young",
    "_ranking",
    "_regression",
    "_segmentation",
    "_self_supervised",
    "_smoothing",
]
LABELS = "labels a little below 0, as a numeric derivative tries, are refused"
DIFFERENCES = {
    "SoftmaxCrossEntropyTest.test_gradient": LABELS,
    "SafeSoftmaxCrossEntropyTest.test_gradient": LABELS,
    "GeneralizedKLDivergenceTest.test_deprecated_alias": "an older name does not warn",
}


def module(family):
    """optax's tests of a family, imported with losskit in its place."""
    with pytest.MonkeyPatch.context() as patch:
        for each in FAMILIES:
            patch.setattr(optax.losses, each, losskit.jax)
        return importlib.import_module(f"optax.losses.{family}_test")


def cases():
    tried = 0
    for family in FAMILIES:
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module(family)):
            if not isinstance(suite, unittest.TestSuite):
                continue  # a doctest of optax's own function
            for case in suite:
                name = f"{type(case).__name__}.{case._testMethodName}"
                why = DIFFERENCES.get(name)
                marks = [pytest.mark.xfail(strict=True, reason=why)] if why else []
                tried += 1
                if tried % 8:  # hundreds of programs to compile
                    marks.append(pytest.mark.exhaustive)
                yield pytest.param(case, id=name, marks=marks)


CASES = list(cases())


@pytest.fixture(autouse=True)
def _compiled_quickly():
    """These tests compile hundreds of small programs, and run each once."""
    np.random.seed(0)  # noqa: NPY002 (some draw from it, and a mask of nothing is an error here)
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def test_all_were_found():
    assert len(CASES) >= 170
    assert set(DIFFERENCES) <= {case.id for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_of_optax(case):
    case.debug()
