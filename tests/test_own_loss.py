"""A loss of one's own from a formula, and slopes derived from the value."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import grid
import numpy as np
import pytest

import losskit
from losskit.core.definition import CARDS
from losskit.core.families import is_rowwise, placed
from losskit.core.namespaces.numpy import vocabulary
from losskit.native import programs
from losskit.programs.derive import derivative
from losskit.programs.run import run
from losskit.programs.symbols import WHOLE, free_parameters, trace

pytestmark = pytest.mark.usefixtures("forgotten")


def cauchy(m: Any, y: Any, p: Any, scale: float = 1.0) -> Any:
    """Cauchy loss: far errors count little."""
    return m.log1p(m.square((p - y) / scale))


def softmax_of_mine(m: Any, y: Any, p: Any, axis: int, temperature: float = 1.0) -> Any:
    d = (p - m.max(p, axis)) / temperature
    return m.log(m.sum(m.exp(d), axis)) * m.sum(y, axis) - m.sum(y * d, axis)


Y, P = np.array([0.5, -1.0, 3.0, 2.0]), np.array([0.0, 2.0, 3.0, -4.0])
WANT = np.log1p(((P - Y) / 2.0) ** 2)
SLOPE = 2.0 * (P - Y) / 4.0 / (1.0 + ((P - Y) / 2.0) ** 2)


def test_on_numpy():
    Cauchy = losskit.loss(cauchy)
    assert Cauchy.__name__ == "Cauchy"
    assert losskit.get("cauchy", scale=2.0).card == Cauchy(scale=2.0).card
    value, gradient = Cauchy(scale=2.0, reduction="sum").value_and_gradient(Y, P)
    assert value == pytest.approx(WANT.sum(), rel=1e-14)
    np.testing.assert_allclose(gradient, SLOPE, rtol=1e-14)
    weight = np.array([1.0, 0.0, 2.0, 0.5])
    assert Cauchy(scale=2.0, reduction="sum")(Y, P, weight) == pytest.approx((weight * WANT).sum())
    h = 1e-6
    bent = Cauchy(scale=2.0, reduction="sum").curvature(Y, P)
    up, down = (Cauchy(scale=2.0, reduction="sum").gradient(Y, P + s) for s in (h, -h))
    np.testing.assert_allclose(bent, (up - down) / (2 * h), rtol=1e-5, atol=1e-9)
    with pytest.raises(ValueError, match="y_true is NaN"):
        Cauchy()([np.nan], [0.0])


def test_on_pytorch():
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    losskit.loss(cauchy)
    p = torch.tensor(P, requires_grad=True)
    y = torch.tensor(Y, requires_grad=True)
    value = lt.get("cauchy", scale=2.0, reduction="sum")(p, y)
    value.backward()
    assert value.item() == pytest.approx(WANT.sum(), rel=1e-14)
    np.testing.assert_allclose(p.grad, SLOPE, rtol=1e-14)
    np.testing.assert_allclose(y.grad, -SLOPE, rtol=1e-14)
    assert torch.autograd.gradgradcheck(lt.get("cauchy", scale=2.0), (p, y))


def test_on_jax():
    jax = pytest.importorskip("jax")
    import losskit.jax as lj

    losskit.loss(cauchy)
    own = lj.get("cauchy")

    @jax.jit
    def total(p: Any, scale: Any) -> Any:
        return own(p, Y.astype(np.float32), scale=scale).sum()

    value, gradient = jax.value_and_grad(total)(P.astype(np.float32), 2.0)
    assert value == pytest.approx(WANT.sum(), rel=1e-6)
    np.testing.assert_allclose(gradient, SLOPE, rtol=1e-5)
    by_scale = jax.grad(total, 1)(P.astype(np.float32), 2.0)
    want = (-2.0 * (P - Y) ** 2 / 8.0 / (1.0 + ((P - Y) / 2.0) ** 2)).sum()
    assert by_scale == pytest.approx(want, rel=1e-5)


def test_on_keras():
    keras = pytest.importorskip("keras")
    import losskit.keras as lk

    losskit.loss(cauchy)
    assert float(lk.get("cauchy", scale=2.0)(Y, P)) == pytest.approx(WANT.mean(), rel=1e-6)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", lk.get("cauchy"))
    history = model.fit(Y[:, None], 2.0 * Y[:, None], epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_rows():
    Own = losskit.loss(softmax_of_mine, rows=True, target="share", prediction="logit")
    rng = np.random.default_rng(0)
    y, z = np.eye(4)[rng.integers(0, 4, 20)], rng.normal(size=(20, 4))
    for axis, turn in ((-1, lambda x: x), (0, np.transpose)):
        given = {"temperature": 2.0, "axis": axis}
        value, gradient = Own(**given).value_and_gradient(turn(y), turn(z))
        theirs = losskit.CategoricalCrossentropy(from_logits=True, **given)
        want, slope = theirs.value_and_gradient(turn(y), turn(z))
        assert value == pytest.approx(want, rel=1e-13)
        np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-16)
    with pytest.raises(TypeError, match="no second derivative"):
        Own().curvature(y, z)


def test_labels():
    @losskit.loss(rows=True, target="label")
    def lead(m: Any, y: Any, p: Any, axis: int, margin: float = 1.0) -> Any:
        true = m.classes(y, p, axis)
        own = m.sum(m.where(true, p, 0.0), axis)
        return m.sum(m.where(true, 0.0, m.maximum(margin + p - own, 0.0)), axis)

    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 4, 20), rng.normal(size=(20, 4))
    value, gradient = lead(reduction="sum").value_and_gradient(y, z)
    want, slope = losskit.MultiMargin(reduction="sum").value_and_gradient(y, z)
    assert value == pytest.approx(4.0 * want, rel=1e-13)
    np.testing.assert_allclose(gradient, 4.0 * slope, rtol=1e-13)


def test_parameters_that_a_formula_asks_for():
    def either(m: Any, y: Any, p: Any, power: float = 1.0, signed: bool = False) -> Any:
        e = p - y if signed else m.abs(p - y)
        return e if power < 2.0 else m.square(e)

    Own = losskit.loss(either)
    for options, want, slope in (
        ({}, np.abs(P - Y), np.sign(P - Y)),
        ({"power": 2.0}, (P - Y) ** 2, 2.0 * (P - Y)),
        ({"signed": True}, P - Y, np.ones(4)),
    ):
        value, gradient = Own(reduction="sum", **options).value_and_gradient(Y, P)
        assert value == pytest.approx(want.sum())
        np.testing.assert_allclose(gradient, slope)


def test_a_slope_that_is_given_is_the_one():
    def slope(m: Any, y: Any, p: Any, scale: float = 1.0) -> Any:
        e = (p - y) / scale
        return 2.0 * e / (scale * (1.0 + e * e)) * (1.0 + 1e-7)

    gradient = losskit.loss(cauchy, slope=slope)(reduction="sum").gradient(Y, P)
    e = P - Y
    np.testing.assert_allclose(gradient, 2 * e / (1 + e * e) * (1 + 1e-7), rtol=1e-12)


REFUSED = [
    (ValueError, "its value moves by", {"slope": lambda m, y, p, scale=1.0: p - y}),
    (ValueError, "losskit's own losses", {"name": "huber"}),
    (ValueError, "losskit's own losses", {"name": "cross_entropy"}),
    (ValueError, "a name such as", {"name": "no name"}),
    (ValueError, "target must be one of real", {"target": "count"}),
    (TypeError, "takes axis", {"rows": True}),
    (TypeError, "Labels go with rows", {"target": "label"}),
]


@pytest.mark.parametrize(("error", "message", "options"), REFUSED)
def test_refused(error: Any, message: str, options: Any):
    with pytest.raises(error, match=message):
        losskit.loss(cauchy, **options)
    assert "cauchy" not in CARDS


def test_parameters_without_a_default_are_refused():
    with pytest.raises(TypeError, match="scale must have a number"):
        losskit.loss(lambda m, y, p, scale: p, name="mine")
    with pytest.raises(TypeError, match="got 'far'"):
        losskit.loss(lambda m, y, p, kind="far": p, name="mine")


def test_defined_again_it_is_the_new_one():
    first = losskit.loss(lambda m, y, p: m.square(p - y), name="mine")
    second = losskit.loss(lambda m, y, p: 3.0 * m.square(p - y), name="mine")
    assert first()(Y, P) * 3.0 == pytest.approx(second()(Y, P))
    assert losskit.get("mine")(Y, P) == second()(Y, P)


# --- what is unusual in a formula ---------------------------------------------------------------


def agrees(Own: Any, y: Any, p: Any, **options: Any) -> tuple[Any, Any]:
    """(value, gradient), the same by a program and by NumPy."""
    loss = Own(reduction="sum", **options)
    weight = np.linspace(1.0, 3.0, len(p))
    found = loss.value_and_gradient(y, p, weight)
    with losskit.native.switched(False):
        want = loss.value_and_gradient(y, p, weight)
    for got, right in zip(found, want, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-300)
    return found


def test_what_is_given_is_not_written_to():
    p = np.ones(64, np.float32)
    p.flags.writeable = False
    Own = losskit.loss(lambda m, y, p: p, name="itself")
    weight = np.full(64, 3.0, np.float32)
    value, gradient = Own(reduction="sum").value_and_gradient(np.zeros(64, np.float32), p, weight)
    assert value == 192.0
    np.testing.assert_array_equal(p, 1.0)
    np.testing.assert_array_equal(gradient, 3.0)


def test_a_value_that_is_its_own_slope():
    Own = losskit.loss(lambda m, y, p: m.exp(p - y), name="growth")
    agrees(Own, np.zeros(64), np.linspace(0.0, 1.0, 64))


@pytest.mark.parametrize("classes", [4, 100, 20001])
def test_slopes_that_are_the_same_for_both_slots(classes: int):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    losskit.loss(lambda m, y, p, axis: m.sum(m.square(p + y), axis), name="both", rows=True)
    y, p = (torch.ones(8, classes, requires_grad=True) for _ in range(2))
    lt.get("both", reduction="sum")(p, y).backward()
    assert (p.grad == 4.0).all()
    assert (y.grad == 4.0).all()


def test_answers_belong_to_the_slope_alone_too():
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    losskit.loss(
        lambda m, y, p, a=1.0: m.square(p - y) if a < 2.0 else a * m.abs(p - y), name="choice"
    )
    for a, want in ((1.0, 6.0), (3.0, 3.0)):
        p = torch.full((1,), 3.0, dtype=torch.float16, requires_grad=True)
        lt.get("choice", a=a)(p, torch.zeros(1, dtype=torch.float16)).backward()
        assert p.grad.item() == want


def test_a_formula_may_ask_how_long_rows_are():
    def of_length(m: Any, y: Any, p: Any, axis: int) -> Any:
        whole = m.sum(m.square(p - y), axis)
        return whole if p.shape[axis] < 5 else 10.0 * whole + 1.0 / p.shape[axis]

    Own = losskit.loss(of_length, rows=True)
    for classes, slope in ((3, 2.0), (8, 20.0)):
        gradient = agrees(Own, np.zeros((4, classes)), np.ones((4, classes)))[1]
        np.testing.assert_allclose(gradient[0], slope)


FORMULAS = {
    "a comparison as a number": lambda m, y, p: (p > y) * m.square(p - y),
    "comparisons compared": lambda m, y, p: m.where((p > 0.0) == (y > 0.0), 0.5 * p * p, p * p),
    "a power of a negative number": lambda m, y, p: m.power(p, 3.0),
    "operators": lambda m, y, p: (p - y) ** 2 + abs(p),
    "many steps": lambda m, y, p: long_way(y, p),
    "a derived parameter": lambda m, y, p, a=1.0: p * p if a - 1.0 else m.square(p - y),
    "left out": lambda m, y, p: m.where(p > 1.0, p * m.log(p), 0.0),
    "a pole at its end": lambda m, y, p: m.where(p > 0.0, m.sqrt(m.abs(p)), 0.0),
    "a constant": lambda m, y, p: 0.0 * p + 3.0,
}


def long_way(y: Any, p: Any) -> Any:
    for _ in range(400):
        p = p * 0.99 + 0.001 * y
    return p * p


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS.keys())
def test_formulas(formula: Any):
    Own = losskit.loss(formula, name="formula")
    y, p = np.linspace(-2.0, 1.5, 49), np.linspace(1.5, -3.0, 49)
    p[3] = 0.0
    gradient = agrees(Own, y, p)[1]
    assert np.isfinite(gradient).all()


def test_a_formula_that_asks_python_is_left_to_the_arrays():
    def typed(m: Any, y: Any, p: Any, k: float = 2.0) -> Any:
        return m.square(p - y) if isinstance(k, float) else p - y

    def slope(m: Any, y: Any, p: Any, k: float = 2.0) -> Any:
        return 2.0 * (p - y) if isinstance(k, float) else 1.0

    Own = losskit.loss(typed, slope=slope)
    assert not Own().card.programmed
    value, gradient = Own(reduction="sum").value_and_gradient(Y, P)
    assert value == pytest.approx(((P - Y) ** 2).sum())
    np.testing.assert_allclose(gradient, 2 * (P - Y))


def test_labels_are_no_numbers():
    with pytest.raises(TypeError, match=r"A label is no number: use m\.classes"):
        losskit.loss(
            lambda m, y, p, axis: m.abs(m.sum(p, axis) - m.lay(y, axis)),
            name="ordinal", rows=True, target="label",
        )  # fmt: skip


def test_rows_of_one_class_and_the_largest_of_a_row():
    def rest(m: Any, y: Any, p: Any, axis: int) -> Any:
        own = m.classes(y, p, axis)
        return m.sum(m.where(own, p, 0.1 / (p.shape[axis] - 1.0 + 1e-300)), axis)

    Own = losskit.loss(rest, name="rest", rows=True, target="label")
    assert Own()(np.zeros(1, int), np.ones((1, 1))) == 1.0

    def below(m: Any, y: Any, p: Any, axis: int) -> Any:
        return m.sum(p - 2.0 * m.max(p, axis), axis) + m.sum(y * p, axis)

    rng = np.random.default_rng(0)
    agrees(losskit.loss(below, rows=True), *rng.normal(size=(2, 6, 4)))


def test_a_failed_definition_changes_nothing():
    good = losskit.loss(lambda m, y, p: m.square(p - y), name="mine")
    with pytest.raises(TypeError, match="No slope can be derived"):
        losskit.loss(lambda m, y, p: p.foo, name="mine")
    assert losskit.get("mine")(Y, P) == good()(Y, P)
    with pytest.raises(TypeError, match="No slope can be derived"):
        losskit.loss(lambda m, y, p: p.foo, name="other_of_mine")
    with pytest.raises(ValueError, match="Unknown loss"):
        losskit.get("other_of_mine")
    with pytest.raises(TypeError, match="reduction has a meaning of its own"):
        losskit.loss(lambda m, y, p, reduction=1.0: p, name="mine")


def test_pickled_by_name():
    losskit.loss(cauchy)
    loss = pickle.loads(pickle.dumps(losskit.get("cauchy", scale=2.0)))
    assert loss(Y, P) == losskit.get("cauchy", scale=2.0)(Y, P)
    assert copy.deepcopy(loss)(Y, P) == loss(Y, P)


# --- slopes derived from the value of every card -------------------------------------------------

DERIVED = [
    card
    for card in (placed(getattr(card, "card", card), (37, 5)) for card in grid.settings())
    if programs.takes(card) and getattr(card, "axis", -1) != 0 and not card.taken
]


@pytest.mark.parametrize("card", DERIVED, ids=str)
def test_derived_slopes_are_those_by_hand(card: Any):
    if not is_rowwise(card) and len(card.slots) > 2:
        pytest.skip("drawn for two")
    y, p = grid.ordinary(card, np.float64, rows=37, classes=5)[:2]
    try:
        m, results = trace(card, (("value", 0),), 5, tuple(free_parameters(card)))
    except (TypeError, AttributeError):
        pytest.skip("no program")
    if len(card.slots) > 2:
        pytest.skip("drawn for two")
    every: Any = m.nodes.values()
    if any(x.op in WHOLE for x in every):
        pytest.skip("a step of whole rows has no derivative but the card's own")
    by = next(x for x in every if x.op == "slot" and x.args[0] == 1)
    v = vocabulary("float64")
    with np.errstate(all="ignore"):
        got = run(v, card, derivative(m, results["value", 0], by), (y, p))
        want = np.broadcast_to(card.slope(v, y, p), p.shape)
    off = np.abs(got - want) > 1e-6 * (1.0 + np.abs(want))
    # At a kink the derived slope may be another subgradient.
    assert off.mean() < 0.02, (card, got[off][:3], want[off][:3])
