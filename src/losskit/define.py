"""A loss of one's own from a formula: on every face, at the speed of the others.

Cauchy = losskit.loss(
    lambda m, y, p, scale=1.0: m.log1p(m.square((p - y) / scale)), name="cauchy"
)
value, gradient = Cauchy(scale=2.0).value_and_gradient([0.0, 0.0], [1.0, 4.0])
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from losskit import native
from losskit.core import definition as core
from losskit.core.definition import CARDS, Card, Domain, cards, parameter
from losskit.core.families import Pointwise, Rowwise
from losskit.core.namespaces import Array, Vocabulary
from losskit.core.namespaces.numpy import vocabulary
from losskit.numpy import class_of, own_cards
from losskit.programs.derive import derivative
from losskit.programs.run import run
from losskit.programs.symbols import (
    COMPARED,
    Symbol,
    Symbols,
    answered,
    free_parameters,
    trace,
)

DOMAINS = {
    "real": core.REAL,
    "nonnegative": core.NONNEGATIVE,
    "probability": core.PROBABILITY,
    "share": core.SHARE,
    "logit": core.LOGIT,
    "sign": core.SIGN,
    "label": core.LABEL,
}
"""What a target or a prediction may be, in a word."""


def loss(
    value: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    slope: Callable[..., Any] | None = None,
    target: str = "real",
    prediction: str = "real",
    rows: bool = False,
    convex: bool = False,
) -> Any:
    """A loss from its formula: the NumPy face's class, and by its name one on every other face.

    ``losskit.torch.get(name)``, ``losskit.jax.get(name)`` and ``losskit.keras.get(name)`` give it
    there. A call of such a loss runs at the speed of losskit's own: the formula is traced once, and
    what it says is run over tiles that stay in the cache.

    Args:
        value: the formula, ``value(m, y, p, **parameters)``: the items, in operators and the
            vocabulary `m` (`losskit.core.namespaces.Vocabulary`: ``m.exp``, ``m.log1p``,
            ``m.where``, ...). Its further arguments are the loss's parameters: numbers, flags or
            integers, by their defaults. What it takes from around it is read when it is traced. A
            formula of rows takes ``axis`` too, and gives its items with that axis kept, as
            ``m.sum(x, axis)`` does.
        name: of the loss; by default the function's own.
        slope: its derivative by the prediction, ``slope(m, y, p, **parameters)``, which is compared
            with differences of the value. Without it, it is derived from the formula: right
            wherever there is a derivative, but near the ends of a domain (p near 0, a score of 50)
            a slope in a form that does not cancel keeps more digits.
        target, prediction: what they are: "real", "nonnegative", "probability", "share" (of a row
            of probabilities), "logit", "sign" (-1 or 1) or "label" (a class number, of rows).
        rows: whether an item is a row along ``axis``, not an element.
        convex: whether an item is convex in the prediction.

    Returns:
        The class, as `losskit.Huber` is one. Used as a decorator, likewise.

    Raises:
        TypeError: the formula's parameters have no default, or another than a number, a flag or an
            integer; or no slope can be derived, and none is given.
        ValueError: the name is taken, or the slope is not the derivative of the value.
    """
    if value is None:
        return lambda value: loss(
            value,
            name=name,
            slope=slope,
            target=target,
            prediction=prediction,
            rows=rows,
            convex=convex,
        )
    if not callable(value):
        raise TypeError(f"The formula must be a function, value(m, y, p, ...), got {value!r}.")
    name = getattr(value, "__name__", None) if name is None else name
    if not isinstance(name, str) or not (name.isidentifier() and name.isascii()):
        raise ValueError(f"name must be a name such as 'cauchy', got {name!r}.")
    known = CARDS.get(core._SPELLINGS.get(core.fold(name), ""))
    if known is not None and known.family() != __name__.rpartition(".")[2]:
        raise ValueError(f"{name!r} is the name of one of losskit's own losses. Choose another.")
    for word, domain in (("target", target), ("prediction", prediction)):
        if domain not in DOMAINS:
            raise ValueError(f"{word} must be one of {', '.join(DOMAINS)}, got {domain!r}.")
    if prediction == "label":
        raise ValueError("Labels are targets: a prediction is never one.")
    spellings = dict(core._SPELLINGS)
    try:
        card: Any = _card(value, name, slope, DOMAINS[target], DOMAINS[prediction], rows, convex)
        card.programmed = _try(card())
        return class_of(card)
    except Exception:  # as if nothing had been
        core._SPELLINGS.clear()
        core._SPELLINGS.update(spellings)
        if known is None:
            CARDS.pop(name, None)
        else:
            CARDS[name] = known
        raise


def __getattr__(name: str) -> Any:
    """A card that was made here, by the name of its class: pickle looks for it."""
    for card in own_cards():
        if card.__name__ == name:
            return card
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _card(
    value: Any, name: str, slope: Any, target: Domain, prediction: Domain, rows: bool, convex: bool
) -> type[Card]:
    fields = _parameters(value, rows)

    def own(self: Any) -> dict[str, Any]:
        return {field: getattr(self, field) for field in fields}

    def items(self: Any, m: Vocabulary, y: Array, p: Array) -> Array:
        found = value(m, y, p, **own(self))
        return m.drop(found, self.axis) if rows else found

    def by_prediction(self: Any, m: Vocabulary, y: Array, p: Array) -> Array:
        if slope is None:
            return _derived(self, m, (y, p), ("slope", 1))
        found = slope(m, y, p, **own(self))
        return m.where(p == p, found, p) if isinstance(found, (int, float)) else found

    def by_target(self: Any, m: Vocabulary, y: Array, p: Array) -> Array:
        return _derived(self, m, (y, p), ("slope", 0))

    def curve(self: Any, m: Vocabulary, y: Array, p: Array) -> Array:
        return _derived(self, m, (y, p), ("curve", 1))

    task = "regression"
    if rows:
        task = "sparse" if target.labels else "categorical"
    elif target.high == 1.0 or target.values:
        task = "binary"
    if target.labels and not rows:
        raise TypeError("Labels go with rows: pass rows=True, and take axis in the formula.")
    body: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": _doc(value, name),
        "__annotations__": {field: type(made.default) for field, made in fields.items()},
        **fields,
        "name": name,
        "latex": r"\mathrm{" + name.replace("_", r"\ ") + "}",
        "target": target,
        "prediction": property(lambda self: prediction),
        "convex": convex,
        "metric": next(known.metric for known in cards() if known.task == task),
        "task": task,
        "value": items,
        "slope": by_prediction,
        "curve": curve,
        "target_slope": by_target,
    }
    if not rows:
        body["compiled"] = False
    kind = "".join(word.capitalize() for word in name.split("_"))
    return dataclass(frozen=True)(type(kind, (Rowwise if rows else Pointwise,), body))


def _parameters(value: Any, rows: bool) -> dict[str, Any]:
    """The fields of a card, of a formula's further arguments."""
    kinds = {bool: "flag", float: "number", int: "integer"}
    fields = {}
    signature = inspect.signature(value)
    for p in list(signature.parameters.values())[3:]:
        if rows and p.name == "axis":
            continue
        if p.name in _taken():
            raise TypeError(
                f"{p.name} has a meaning of its own here. Call the parameter otherwise."
            )
        if type(p.default) not in kinds:
            got = "none" if p.default is p.empty else repr(p.default)
            raise TypeError(
                f"{p.name} must have a number, a flag or an integer as its default, got {got}: "
                "a formula's further arguments are the loss's parameters."
            )
        fields[p.name] = parameter(p.default, kind=kinds[type(p.default)], doc="of the formula")
    if rows:
        if "axis" not in signature.parameters:
            raise TypeError("A formula of rows takes axis: value(m, y, p, axis, ...).")
        fields["axis"] = parameter(-1, kind="integer", doc="axis of the rows")
    return fields


@cache
def _taken() -> frozenset[str]:
    """Names that a card or a face uses."""
    faces = "reduction on_empty num_items across where weight mask sample_weight dtype name axis"
    arrays = "self predictions targets y_true y_pred input target prediction more look leading"
    return frozenset([*dir(Pointwise), *dir(Rowwise), *faces.split(), *arrays.split(), "metric"])


def _doc(value: Any, name: str) -> str:
    said = inspect.getdoc(value) if getattr(value, "__name__", "") != "<lambda>" else None
    return said or f"{name}: a loss of one's own, from its formula."


# --- derivatives ----------------------------------------------------------------------------------


def _derived(card: Any, m: Vocabulary, slots: tuple[Array, ...], wanted: tuple[str, int]) -> Array:
    """A derivative of a card's value, in any vocabulary."""
    length = 1
    if isinstance(card, Rowwise):
        length = _number(slots[card.main].shape[card.axis])
        if not isinstance(length, (int, float)):
            length = 3  # one that is open: of another a formula may not ask
    numbers = {n: _number(x) for n, x in card.parameters().items()}
    free = [n for n, x in numbers.items() if not isinstance(x, (bool, int)) and x != 0.0]
    fixed = tuple([(n, x) for n, x in numbers.items() if n not in free])
    kind: Any = type(card)
    known = _graphs(kind, fixed, wanted)
    node = next((made for asked, made in known if answered(asked, card, length)), None)
    if node is None:
        known.append(_graph(card, wanted, length))
        node = known[-1][1]
    if isinstance(m, Symbols):  # what the graph stands on, this program does too
        for (op, *sides), _ in next(asked for asked, made in known if made is node):
            left, right = (run(m, card, side, slots) for side in sides)
            COMPARED[op](left, right)
    found = run(m, card, node, slots)
    return m.drop(found, card.axis) if _of_row(card, wanted[1]) else found


def _of_row(card: Any, slot: int) -> bool:
    return bool(isinstance(card, Rowwise) and not card.slots[slot].dims)


@lru_cache(1024, typed=True)
def _graphs(card: type[Card], fixed: Any, wanted: tuple[str, int]) -> list[tuple[Any, Symbol]]:
    """The graphs of a derivative, each with what its formula asked of the parameters."""
    return []


def _graph(card: Any, wanted: tuple[str, int], length: int) -> tuple[Any, Symbol]:
    order, slot = wanted
    if order == "curve" and isinstance(card, Rowwise):
        raise TypeError(f"{card.name} has no second derivative by itself: it is one of rows.")
    rules = card.rules()
    known = {n: _number(x) for n, x in card.parameters().items()}
    # Of one that is traced by a host any value will do: what it decides is asked of itself.
    known = {n: x if isinstance(x, (int, float)) else rules[n][0] for n, x in known.items()}
    plain = type(card)(**known)
    try:
        m, results = trace(plain, (("value", 0),), length, tuple(free_parameters(plain)))
    except Exception as error:
        raise TypeError(
            f"No slope can be derived from the formula of {card.name}: {error} Use operators and "
            "the functions of m alone, or give slope=."
        ) from error
    every: Any = m.nodes.values()
    by = next((x for x in every if x.op == "slot" and x.args[0] == slot), None)
    if by is None:
        raise TypeError(f"{card.name} does not depend on its {card.slots[slot].name}.")
    node = derivative(m, results["value", 0], by)
    if order == "curve":
        node = derivative(m, node, by)
    return tuple(m.questions), node


def _number(x: Any) -> Any:
    """A parameter as a number: that of a symbol, where a formula is being traced."""
    return x.known if isinstance(x, Symbol) else x


# --- is it right ----------------------------------------------------------------------------------


def _try(card: Any) -> bool:
    """Hold the slope against differences of the value.

    Returns:
        Whether a program computes the same: a formula may ask Python for what is no number there.

    Raises:
        TypeError: there is none, as the formula does what no graph says.
        ValueError: they differ.
    """
    rng = np.random.default_rng(0)
    m = vocabulary("float64")
    y, p = (_some(rng, slot) for slot in card.slots)
    h = 1e-6
    with np.errstate(all="ignore"):
        slope = np.broadcast_to(card.slope(m, y, p), p.shape)
        for i in np.ndindex(p.shape[1:]) if p.ndim > 1 else [()]:
            step = np.zeros_like(p)
            where = (slice(None), *i)
            step[where] = h
            up, here, down = (card.value(m, y, x) for x in (p + step, p, p - step))
            ahead, behind = (up - here) / h, (here - down) / h
            ours = slope[where]
            bent = np.abs(ahead - behind) > 1e-3 * (1.0 + np.abs(ahead))  # at a kink
            off = ~(np.abs(ours - (ahead + behind) / 2.0) <= 1e-3 * (1.0 + np.abs(ours)))
            wrong = np.flatnonzero(off & ~bent & np.isfinite(ahead) & np.isfinite(behind))
            if len(wrong):
                k = wrong[0]
                raise ValueError(
                    f"The slope of {card.name} is {ours[k]:g} at y={y[k]}, p={p[k]}, but its value "
                    f"moves by {ahead[k]:g} there. It is the derivative of an item by the "
                    "prediction, of the same sign."
                )
    return _as_program(card, m, y, p, slope)


def _as_program(card: Any, m: Vocabulary, y: Array, p: Array, slope: Array) -> bool:
    call = native.prepare(card, (y, p), None, None)
    if call is None:
        return True
    items, slopes = np.empty(call.shape), np.empty(p.shape)
    if call.run(value=True, items=items, slope=(slopes,)) is None:
        return True
    with np.errstate(all="ignore"):
        value = np.broadcast_to(card.value(m, y, p), items.shape)
        pairs = ((items, value), (slopes, slope))
        return all(np.allclose(a, b, 1e-9, 1e-12, equal_nan=True) for a, b in pairs)


def _some(rng: Any, slot: Any) -> Array:
    domain: Domain = slot.domain
    shape = (40, 3) if slot.dims else (40,)
    if domain.labels:
        return rng.integers(0, 3, shape)
    if domain.values:
        return rng.choice([v for v in domain.values if v], shape)
    low = -3.0 if math.isinf(domain.low) else domain.low + 0.05
    high = low + 6.0 if math.isinf(domain.high) else domain.high - 0.05
    return rng.uniform(low, high, shape)
