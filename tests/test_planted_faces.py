"""Every face can fail: an error planted in its own path turns those tests red that guard it.

Each check is a test's own, or what it calls; it is seen green before the error and red with it.
Errors of a thousandth: what a law of a wrong factor sees, it sees of a wrong formula.
"""

import dataclasses
import functools

import laws
import numpy as np
import pytest

from losskit import native
from losskit.core.definition import find
from losskit.engine import host, reduction
from losskit.engine.formulas import At, Formulas
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


def changed(aligned, **parts):
    """`aligned`, whose call has parts that are functions of what they were."""

    def wrong(*args, **options):
        call = aligned(*args, **options)
        made = {name: make(getattr(call, name)) for name, make in parts.items()}
        return dataclasses.replace(call, **made)

    return wrong


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
        given = options.get(part_of)
        for x in given if isinstance(given, tuple) else (given,):
            if x is not None:
                x *= OFF
        return found

    return wrong


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize("part", ["value", "slope", "curve"])
def test_numpy_by_kernels(part, monkeypatch):
    check = functools.partial(laws.law_exact, MSE, np.float32, (part,))
    goes_red(monkeypatch, check, Call, "run", wrong_run(part))


def wrong_mean(*args):
    found = mean(*args)
    return found and (OFF * found[0], found[1])


def wrong_slopes(*args):
    found = mean(*args)
    return found and (found[0], off(found[1]))


mean = native.mean


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize(
    ("law", "name", "wrong"),
    [
        (laws.law_reduction, "mean", wrong_mean),
        (laws.law_reduction, "mean", wrong_slopes),
        (laws.law_weights, "prepare", without(native.prepare, "weight", 2)),
        (laws.law_left_out, "prepare", without(native.prepare, "keep", 3)),
    ],
    ids=["mean", "slope of the mean", "weights", "mask"],
)
def test_around_the_kernels(law, name, wrong, monkeypatch):
    goes_red(monkeypatch, lambda: law(MSE), native, name, wrong)


@pytest.mark.parametrize(
    ("law", "target", "name", "wrong"),
    [
        (laws.law_exact, host.Host, "items", times(host.Host.items)),
        (laws.law_exact, host.Host, "_derivative", times(host.Host._derivative)),
        (laws.law_reduction, host.reduce, "total", times(host.reduce.total)),
        (laws.law_weights, host, "aligned", changed(host.aligned, weight=lambda w: None)),
        (laws.law_left_out, host, "aligned", changed(host.aligned, keep=lambda keep: None)),
    ],
    ids=["value", "slope", "mean", "weights", "mask"],
)
def test_numpy_alone(law, target, name, wrong, monkeypatch):
    with native.switched(False):
        goes_red(monkeypatch, lambda: law(MSE), target, name, wrong)


# --- the engine ---------------------------------------------------------------------------------


def unmasked(self, x, slot):
    """`_sound`, which leaves in what does not count of the derivative by the last slot."""
    used, last = self.used, slot == len(self.by.card.slots) - 1
    self.used = None if last else used
    found = SOUND(self, x, slot)
    self.used = used
    return found


SOUND = At._sound


def by_formulas(monkeypatch):
    """PyTorch goes neither by kernels nor by blocks."""
    from losskit.torch import derivatives

    for name in ("reachable", "ordinary"):
        monkeypatch.setattr(derivatives, name, lambda *_: False)


def test_mask_of_a_slot(monkeypatch):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    def check():
        variance = torch.tensor([1.0, 2.0], requires_grad=True)
        y, p, keep = torch.zeros(2), torch.ones(2), torch.tensor([True, False])
        (slope,) = torch.autograd.grad(lt.GaussianNLL()(p, y, variance, mask=keep), variance)
        assert slope[1] == 0

    by_formulas(monkeypatch)
    goes_red(monkeypatch, check, At, "_sound", unmasked)


def test_merge_of_parts(monkeypatch):
    pytest.importorskip("torch")
    import test_parts

    card = find("root_mean_squared_error")
    check = functools.partial(test_parts.test_torch, card())
    goes_red(monkeypatch, check, card, "merge", lambda self, m, a, b: b)


# --- PyTorch ------------------------------------------------------------------------------------


def off(x):
    return x if x is None else tuple(map(off, x)) if isinstance(x, tuple) else OFF * x


def wrong_pair(function, index):
    def call(*args, **options):
        found = function(*args, **options)
        return found and tuple(off(x) if i == index else x for i, x in enumerate(found))

    return call


@pytest.mark.skipif(not native.available(), reason="the kernels were not built")
@pytest.mark.parametrize(
    "error",
    ["value", "slope", "mean", "slope of the mean", "upstream", "weights", "mask"],
)
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
        "slope of the mean": (exact, native, "mean", wrong_slopes),
        "upstream": (exact, kernels, "product_of_data", times(kernels.product_of_data)),
        "weights": (weighted, native, "mean", without(native.mean, "weight", 7)),
        "mask": (weighted, native, "mean", without(native.mean, "keep", 8)),
    }[error]
    goes_red(monkeypatch, check, target, name, wrong)


@pytest.mark.parametrize("error", ["value", "slope"])
def test_torch_by_blocks(error, monkeypatch):
    pytest.importorskip("torch")
    import test_torch

    from losskit.torch import blocks

    evaluate = blocks.evaluate

    def wrong(*args, **options):
        found = evaluate(*args, **options)
        if found is None:
            return None
        if error == "slope":
            return found._replace(gradients=off(found.gradients))
        return found._replace(total=off(found.total), items=off(found.items))

    with native.switched(False):
        goes_red(monkeypatch, lambda: test_torch.exact(MSE, "ordinary"), blocks, "evaluate", wrong)


@pytest.mark.parametrize(
    "error", ["value", "slope", "forward mode", "mean", "weights", "mask", "compiled"]
)
def test_torch_by_operations(error, monkeypatch):
    torch = pytest.importorskip("torch")
    import test_torch

    from losskit.torch import derivatives, evaluate

    aligned, apply = evaluate.aligned, derivatives.apply

    def wrong_where_compiled(*args, **options):
        found = apply(*args, **options)
        return OFF * found if torch.compiler.is_compiling() else found

    exact, weighted = (lambda: test_torch.exact(MSE, "ordinary"), lambda: test_torch.weighted(MSE))
    jvp = staticmethod(times(derivatives._GivenBothWays.jvp))
    ones = changed(aligned, weight=lambda w: w if w is None else (w != 0).to(w.dtype))
    check, target, name, wrong = {
        "value": (exact, At, "value", times(At.value)),
        "slope": (exact, At, "slope", times(At.slope)),
        "forward mode": (exact, derivatives._GivenBothWays, "jvp", jvp),
        "mean": (exact, reduction, "count", times(reduction.count)),
        "weights": (weighted, evaluate, "aligned", ones),
        "mask": (weighted, evaluate, "aligned", changed(aligned, keep=lambda keep: None)),
        "compiled": (
            lambda: test_torch.test_compiled_in_one_graph("huber"),
            *(derivatives, "apply", wrong_where_compiled),
        ),
    }[error]
    by_formulas(monkeypatch)
    torch._dynamo.reset()
    goes_red(monkeypatch, check, target, name, wrong)
    torch._dynamo.reset()


# --- JAX ----------------------------------------------------------------------------------------


def wrong_every(function, which):
    """Value and slopes, some of them wrong."""

    def call(*args):
        found = [*function(*args)]
        found[which] = map(off, found[which])
        return found

    return call


def fresh(check):
    """Without what was compiled before."""

    def call():
        from losskit.jax import derivatives

        derivatives._differentiable.cache_clear()
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
    from losskit.jax.framework import Jax

    aligned, apply = evaluate.aligned, derivatives.apply

    def wrong_where_traced(by, used, y, p, **options):
        found = apply(by, used, y, p, **options)
        return OFF * found if isinstance(p, jax.core.Tracer) else found

    ones = changed(aligned, weight=lambda w: w if w is None else jax.numpy.ones_like(w))

    exact = lambda: test_jax.exact(card, "ordinary")  # noqa: E731
    weighted = lambda: test_jax.weighted(card)  # noqa: E731
    check, target, name, wrong = {
        "value": (exact, At, "every", wrong_every(At.every, slice(0, 1))),
        "slope": (exact, At, "every", wrong_every(At.every, slice(1, None))),
        "forward mode": (exact, Formulas, "gather", times(Formulas.gather)),
        "mean": (exact, Jax, "_total", times(Jax._total)),
        "weights": (weighted, evaluate, "aligned", ones),
        "mask": (weighted, evaluate, "aligned", changed(aligned, keep=lambda keep: None)),
        "weighted mean": (weighted, Jax, "mean", times(Jax.mean)),
        "compiled": (exact, derivatives, "apply", wrong_where_traced),
    }[error]
    with native.switched(False):
        goes_red(monkeypatch, fresh(check), target, name, wrong)
    fresh(lambda: None)()
