"""Every face can fail: an error planted in its own path turns those tests red that guard it.

Each check is a test's own, or what it calls; it is seen green before the error and red with it.
Errors of a thousandth: what a law of a wrong factor sees, it sees of a wrong formula.
"""

import dataclasses
import functools

import laws
import numpy as np
import pytest

import losskit.numpy as face
from losskit import native
from losskit.core.definition import find
from losskit.native.evaluate import Call

MSE = find("mean_squared_error")()
SPARSE = find("sparse_categorical_crossentropy")(from_logits=True)
OFF = 1.001


def times(function):
    """The function, its result a thousandth larger."""
    return lambda *args, **options: OFF * function(*args, **options)


def without(function, name, place):
    """The function, told nothing of one of its arguments."""

    def call(*args, **options):
        if len(args) > place:
            args = (*args[:place], None, *args[place + 1 :])
        elif name in options:
            options[name] = None
        return function(*args, **options)

    return call


def goes_red(monkeypatch, check, target, name, wrong):
    check()
    with monkeypatch.context() as patch:
        patch.setattr(target, name, wrong)
        with pytest.raises(AssertionError):
            check()


# --- NumPy --------------------------------------------------------------------------------------


def wrong_run(part):
    """A kernel's call that returns one part a thousandth larger."""
    run = Call.run

    def wrong(self, *args, **options):
        found = run(self, *args, **options)
        if part == "value" and found is not None:
            found = (OFF * found[0], found[1])
            part_of = "items"
        else:
            part_of = part
        if options.get(part_of) is not None:
            options[part_of] *= OFF
        return found

    return wrong


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize("part", ["value", "slope", "curve"])
def test_numpy_by_kernels(part, monkeypatch):
    check = functools.partial(laws.law_exact, MSE, np.float32, (part,))
    goes_red(monkeypatch, check, Call, "run", wrong_run(part))


def wrong_mean(*args):
    found = mean(*args)
    return found and (np.float64(OFF * found[0]), found[1])


mean = native.mean


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize(
    ("law", "name", "wrong"),
    [
        (laws.law_reduction, "mean", wrong_mean),
        (laws.law_weights, "prepare", without(native.prepare, "weight", 3)),
        (laws.law_left_out, "prepare", without(native.prepare, "mask", 4)),
    ],
    ids=["mean", "weights", "mask"],
)
def test_around_the_kernels(law, name, wrong, monkeypatch):
    goes_red(monkeypatch, lambda: law(MSE), native, name, wrong)


@pytest.mark.parametrize(
    ("law", "target", "name", "wrong"),
    [
        (laws.law_exact, face.Loss, "_items", times(face.Loss._items)),
        (laws.law_exact, face.Loss, "_derivative", times(face.Loss._derivative)),
        (laws.law_reduction, face.reduce, "total", times(face.reduce.total)),
        (laws.law_weights, face, "prepare", without(face.prepare, "weight", 3)),
        (laws.law_left_out, face, "prepare", without(face.prepare, "mask", 4)),
    ],
    ids=["value", "slope", "mean", "weights", "mask"],
)
def test_numpy_alone(law, target, name, wrong, monkeypatch):
    with native.switched(False):
        goes_red(monkeypatch, lambda: law(MSE), target, name, wrong)


# --- PyTorch ------------------------------------------------------------------------------------


def wrong_pair(function, index):
    def call(*args, **options):
        found = function(*args, **options)
        return found and tuple(
            OFF * x if i == index and x is not None else x for i, x in enumerate(found)
        )

    return call


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize("error", ["value", "slope", "mean", "upstream", "weights", "mask"])
@pytest.mark.parametrize("card", [MSE, SPARSE], ids=repr)
def test_torch_by_kernels(card, error, monkeypatch):
    pytest.importorskip("torch")
    import test_torch

    from losskit.torch import kernels

    exact, weighted = (
        lambda: test_torch.exact(card, "ordinary"),
        lambda: test_torch.weighted(card),
    )
    check, target, name, wrong = {
        "value": (exact, kernels, "_evaluate", wrong_pair(kernels._evaluate, 0)),
        "slope": (exact, kernels, "_evaluate", wrong_pair(kernels._evaluate, 1)),
        "mean": (exact, native, "mean", wrong_mean),
        "upstream": (exact, kernels, "product_of_data", times(kernels.product_of_data)),
        "weights": (weighted, kernels, "_evaluate", without(kernels._evaluate, "weight", 3)),
        "mask": (weighted, kernels, "_evaluate", without(kernels._evaluate, "keep", 4)),
    }[error]
    goes_red(monkeypatch, check, target, name, wrong)


@pytest.mark.parametrize(
    "error", ["value", "slope", "forward mode", "mean", "weights", "mask", "compiled"]
)
def test_torch_by_operations(error, monkeypatch):
    torch = pytest.importorskip("torch")
    import test_torch

    from losskit.torch import derivatives, evaluate, kernels

    slopes, prepare, apply = derivatives._Formulas.__init__, evaluate._prepare, derivatives.apply

    def wrong_slopes(self, *args):
        slopes(self, *args)
        self.slopes = (self.slopes[0], times(self.slopes[1]))

    def wrong_call(**changed):
        return lambda *args: dataclasses.replace(
            prepare(*args), **{k: change(prepare(*args)) for k, change in changed.items()}
        )

    def wrong_where_compiled(*args, **options):
        found = apply(*args, **options)
        return OFF * found if torch.compiler.is_compiling() else found

    exact, weighted = (lambda: test_torch.exact(MSE, "ordinary"), lambda: test_torch.weighted(MSE))
    jvp = staticmethod(times(derivatives._GivenBothWays.jvp))
    value = times(derivatives._Formulas.value)
    ones = wrong_call(weight=lambda call: (call.weight != 0).to(call.p.dtype))
    check, target, name, wrong = {
        "value": (exact, derivatives._Formulas, "value", value),
        "slope": (exact, derivatives._Formulas, "__init__", wrong_slopes),
        "forward mode": (exact, derivatives._GivenBothWays, "jvp", jvp),
        "mean": (exact, evaluate, "_prepare", wrong_call(count=lambda call: call.count * OFF)),
        "weights": (weighted, evaluate, "_prepare", ones),
        "mask": (weighted, evaluate, "_prepare", without(prepare, "keep", 4)),
        "compiled": (
            lambda: test_torch.test_compiled_in_one_graph("huber"),
            *(derivatives, "apply", wrong_where_compiled),
        ),
    }[error]
    monkeypatch.setattr(kernels, "reachable", lambda *_: False)
    torch._dynamo.reset()
    goes_red(monkeypatch, check, target, name, wrong)
    torch._dynamo.reset()


# --- JAX ----------------------------------------------------------------------------------------


def fresh(check):
    """Without what was compiled before."""

    def call():
        from losskit.jax import derivatives

        for known in (derivatives._differentiable, derivatives._of_set):
            known.cache_clear()
        check()

    return call


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize("part", ["total", "items", "slope"])
def test_jax_by_kernels(part, monkeypatch):
    pytest.importorskip("jax")
    import test_jax

    from losskit.jax import kernels

    call = kernels.call

    def wrong(*args, **options):
        asked = [name for name in ("total", "items", "slope") if options.get(name)]
        found = call(*args, **options)
        return tuple(OFF * x if n == part else x for n, x in zip(asked, found, strict=True))

    check = fresh(lambda: test_jax.exact(SPARSE, "ordinary"))
    goes_red(monkeypatch, check, kernels, "call", wrong)
    fresh(lambda: None)()


@pytest.mark.parametrize(
    "error",
    ["value", "slope", "forward mode", "mean", "weights", "mask", "weighted mean", "compiled"],
)
@pytest.mark.parametrize("card", [SPARSE], ids=repr)
def test_jax_by_operations(card, error, monkeypatch):
    jax = pytest.importorskip("jax")
    import test_jax

    from losskit.jax import derivatives, evaluate

    formulas, fit, total, items = (
        *(derivatives.Formulas, evaluate._fit, derivatives.total, derivatives.items),
    )

    def wrong_fit(of):
        return lambda name, x, shape: (jax.numpy.ones_like if name == of else lambda x: x)(
            fit(name, x, shape)
        )

    def wrong_where_traced(card, parameters, y, p, keep, **options):
        found = items(card, parameters, y, p, keep, **options)
        return OFF * found if isinstance(p, jax.core.Tracer) else found

    exact = lambda: test_jax.exact(card, "ordinary")  # noqa: E731
    weighted = lambda: test_jax.weighted(card)  # noqa: E731
    check, target, name, wrong = {
        "value": (exact, formulas, "items", times(formulas.items)),
        "slope": (exact, formulas, "slope", times(formulas.slope)),
        "forward mode": (exact, formulas, "gather", times(formulas.gather)),
        "mean": (exact, derivatives, "total", times(total)),
        "weights": (weighted, evaluate, "_fit", wrong_fit("sample_weight")),
        "mask": (weighted, evaluate, "_fit", wrong_fit("mask")),
        "weighted mean": (weighted, evaluate, "mean", times(evaluate.mean)),
        "compiled": (exact, derivatives, "items", wrong_where_traced),
    }[error]
    with native.switched(False):
        goes_red(monkeypatch, fresh(check), target, name, wrong)
    fresh(lambda: None)()
