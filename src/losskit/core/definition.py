"""What a loss card is: typed parameters, domains, facts, and the registry of all cards.

A card is a frozen dataclass: its fields are the loss's parameters, its class attributes the facts
about it, its docstring the page that ``losskit show`` prints. The registry fills itself as the
family files under ``losskit.losses`` are imported; nothing is listed by hand.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import math
import re
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, ClassVar, TypeVar

# --- parameters ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """The valid range of one parameter, with its meaning in words."""

    kind: str
    """One of "number", "flag", "integer", "integer or None", "axes", "class weights", "number or
    class weights", "choice", "choice or classes"."""
    doc: str
    low: float = float("-inf")
    high: float = float("inf")
    open: bool = False
    """Whether the ends of the range are themselves excluded."""
    open_low: bool = False
    """Whether the lower end alone is."""
    choices: tuple[str, ...] = ()
    """The words to choose from."""
    none_at_all: bool = False
    """Whether several axes may be none."""
    least_target: bool = False
    """Whether it is the least size of a target by which the loss divides."""
    turn: bool = False
    """Whether it is the size of an error at which the loss turns from squared to absolute."""

    @property
    def range(self) -> str:
        """The range in words, for messages and for the card."""
        if self.kind == "axes":
            return "axis or several, as integers, or None"
        if self.choices:
            several = ", or class numbers" if self.kind == "choice or classes" else ""
            return f"word: {' or '.join(repr(word) for word in self.choices)}{several}"
        if not self.kind.startswith("number"):
            return self.kind
        left, right = ("(", ")") if self.open else ("(" if self.open_low else "[", "]")
        left = "(" if self.low == float("-inf") else left
        right = ")" if self.high == float("inf") else right
        several = ", or one for each class" if self.kind != "number" else ""
        return f"number in {left}{self.low:g}, {self.high:g}{right}{several}"

    @property
    def article(self) -> str:
        return "an" if self.kind.startswith(("integer", "ax")) else "a"

    def check(self, name: str, value: Any) -> Any:
        """Return the value in its canonical type.

        Raises:
            TypeError: the value is of another type.
            ValueError: the value is of the right type but outside the range.
        """
        got = shown(value)
        wrong = f"{name} must be {self.article} {self.range}, got {got}. {name}: {self.doc}"
        if self.kind == "flag":
            # NumPy's bool is accepted too; 0 and 1 are not, they are more often a shifted argument.
            if type(value).__name__ not in ("bool", "bool_"):
                raise TypeError(wrong)
            return bool(value)
        if self.kind == "choice or classes" and _holds_several(value):
            return _classes(wrong, value)
        if self.choices:
            if not isinstance(value, str):
                raise TypeError(wrong)
            if value not in self.choices:
                raise ValueError(wrong)
            return str(value)
        if self.kind == "class weights":
            return None if value is None else _class_weights(name, value)
        if self.kind == "number or class weights" and _holds_several(value):
            return _class_weights(name, value)
        if value is None and self.kind in ("integer or None", "axes"):
            return None
        if self.kind == "axes":
            axes = value if isinstance(value, (tuple, list)) else (value,)
            if any(isinstance(a, bool) or not hasattr(a, "__index__") for a in axes):
                raise TypeError(wrong)
            least = 0 if self.none_at_all else 1
            if len({*map(int, axes)}) < max(least, len(axes)):
                raise ValueError(wrong)
            return int(axes[0]) if len(axes) == 1 else tuple(map(int, axes))
        if self.kind.startswith("integer"):
            if isinstance(value, bool) or not hasattr(value, "__index__"):
                raise TypeError(wrong)
            if not self.low <= int(value) <= self.high:
                raise ValueError(wrong)
            return int(value)
        try:
            number = float("nan") if isinstance(value, (bool, str)) else float(value)
        except OverflowError:  # an integer beyond all floats
            raise ValueError(wrong) from None
        except (TypeError, ValueError):
            raise TypeError(wrong) from None
        if isinstance(value, (bool, str)):
            raise TypeError(wrong)
        outside = not self.low <= number <= self.high or math.isinf(number)
        outside |= (self.open or self.open_low) and number == self.low
        if outside or (self.open and number == self.high):
            raise ValueError(wrong)
        return number


def shown(value: Any) -> str:
    """The value for a message; Python itself writes no integer of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 1024:
        return f"an integer of {value.bit_length()} bits"
    return repr(value)


def _holds_several(value: Any) -> bool:
    """Whether it is one per class; an array of no dimension is a number, though it has a length."""
    if isinstance(value, str) or getattr(value, "ndim", None) == 0:
        return False
    return hasattr(value, "__iter__")


def _classes(wrong: str, value: Any) -> tuple[int, ...]:
    """Several class numbers, hashable and in order."""
    if any(isinstance(k, bool) or not hasattr(k, "__index__") for k in value):
        raise TypeError(wrong)
    found = sorted(map(int, value))
    if not found or found[0] < 0 or len({*found}) < len(found):
        raise ValueError(wrong)
    return tuple(found)


def _class_weights(name: str, value: Any) -> tuple[float, ...] | tuple[tuple[int, float], ...]:
    """Weights per class, hashable: a tuple of all of them, or sorted pairs for a mapping."""
    try:
        if isinstance(value, str):
            raise TypeError
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        # A saved configuration comes back as the pairs themselves.
        entries = list(pairs)
        paired = bool(entries) and all(isinstance(w, (tuple, list)) for _, w in entries)
        if paired:
            entries = [w for _, w in entries]
        if any(float(k) != int(k) for k, _ in entries):
            raise TypeError
        weights = sorted((int(k), float(w)) for k, w in entries)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"{name} must be a sequence of weights, one per class, or a mapping from class (an "
            f"integer) to weight, got {value!r}."
        ) from None
    if len(dict(weights)) < len(weights):
        raise ValueError(f"{name} names a class twice: {value!r}.")
    for k, w in weights:
        if k < 0 or not 0 <= w < float("inf"):
            raise ValueError(
                f"{name} must hold finite weights >= 0 for classes >= 0, got class {k} with "
                f"weight {w:g}."
            )
    if paired or isinstance(value, Mapping):
        return tuple(weights)
    return tuple(w for _, w in weights)


def made(card: type[Card], parameters: dict[str, Any], taken: tuple[str, ...] = ()) -> Any:
    """The card with these parameters, made and checked once; see `Card.taking` for the rest."""
    kind = _taking(card, taken) if taken else card
    return _made(kind, **{name: _hashable(value) for name, value in parameters.items()})


# Typed: 1 is no flag, though it equals True.
@lru_cache(2048, typed=True)
def _made(card: type[Card], **parameters: Any) -> Any:
    return card(**parameters)


def _hashable(value: Any) -> Any:
    """A parameter as a key: numbers and class weights, taken out of whatever array holds them."""
    if type(value) in _PLAIN:
        return value
    if hasattr(value, "tolist"):  # of NumPy, JAX and PyTorch alike
        value = value.tolist()
    if isinstance(value, Mapping):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


_PLAIN = frozenset({float, int, bool, tuple, type(None)})


def parameter(default: Any, **rule: Any) -> Any:
    """A dataclass field that carries its rule."""
    return field(default=default, metadata={"rule": Rule(**rule)})


# --- domains ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """Which values a target or a prediction may take."""

    words: str
    low: float = float("-inf")
    high: float = float("inf")
    slack: float = 0.0
    """Width of the margin outside the range that is read as rounding, of float32 and float64."""
    values: tuple[float, ...] = ()
    """The only values allowed, where they are few."""
    labels: bool = False
    """Whether these are class indices, to be checked against the number of classes."""
    names: bool = False
    """Whether such labels are but names, equal for what belongs together: any whole numbers."""
    minus_infinity: bool = False
    """Whether a target may be -inf, as the logarithm of 0 is; others must be finite."""
    blank: int | None = None
    """Of labels in a sequence: the class that is none of them; it and negative numbers end it."""
    count_of: str = ""
    """The dimension whose entries these are counts of: whole numbers, at most its length."""
    read: bool = True
    """Whether it is looked at: where a card has no target, but is called with one, it is not."""
    lenient: bool = False
    """Whether what lies outside is refused only where all numbers are looked at: other faces
    compute with weights below 0, as their hosts do."""

    # Made once: it is asked for at every call, and a compiler reads no lazy property.
    bounded: ClassVar[bool]
    """Whether there are numbers outside of it."""

    def __post_init__(self) -> None:
        ends = math.isfinite(self.low) or math.isfinite(self.high)
        bounded = bool(self.labels or self.values or ends) and not self.lenient
        object.__setattr__(self, "bounded", bounded)

    def ends(self, eps: float = 0.0) -> tuple[float, float]:
        """The lowest and the highest number that is let through.

        Args:
            eps: the spacing of the numbers above 1 in the dtype in which the values come. In a
                narrow one rounding alone takes a number further than the slack.
        """
        slack = max(self.slack, ROUNDINGS * eps) if self.slack else 0.0
        return self.low - slack, self.high + slack


ROUNDINGS = 4.0
"""How many roundings of a narrow dtype a number at the end of its range may be off."""


REAL = Domain("any real number")
NONNEGATIVE = Domain("a number >= 0", low=0.0)
WEIGHT = Domain("a weight >= 0", low=0.0, lenient=True)
PROBABILITY = Domain("a probability in [0, 1]", low=0.0, high=1.0, slack=1e-5)
SHARE = Domain("a probability in [0, 1]; a row need not sum to 1", low=0.0, high=1.0, slack=1e-5)
LOGIT = Domain("a logit: any real number, -inf for a class that is ruled out")
LOG_PROBABILITY = Domain("a log-probability: at most 0, -inf for a class that is ruled out")
SIGN = Domain("a class written -1 or 1 (0 is read as -1)", values=(-1.0, 0.0, 1.0))
MEMBERSHIP = Domain("1 for the true class and 0 (or -1) elsewhere", values=(-1.0, 0.0, 1.0))
LABEL = Domain("an integer class label, 0 to (classes - 1)", labels=True)

# --- slots --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """One array that a card's formulas take.

    The derivative of a card's value by the prediction is its method `slope`, the second one
    `curve`; by another slot they are `<name>_slope` and `<name>_curve`.
    """

    name: str
    domain: Domain
    dims: tuple[str, ...] = ()
    """The names of an item's own dimensions; equal names, equal lengths."""
    axes: tuple[int, ...] = ()
    """Where these lie in the array, one axis for each."""
    predicted: bool = True
    """Whether a network makes it: a gradient by it is what training asks for."""
    differentiable: bool = True
    places: tuple[Domain, ...] = ()
    """What each place along the first of its axes holds, where they differ; so many there are."""
    absent: float = 0.0
    """What is put in place of an element that is left out of its item, and then adds nothing."""
    batched: bool = True
    """Whether there is one for each item. Else the array has the item's own dimensions alone, is
    the same for all, and its gradient is summed over them."""

    label: ClassVar[str]
    """What messages call it; a face has names of its own in place of these two."""

    def __post_init__(self) -> None:
        label = {"target": "y_true", "prediction": "y_pred"}.get(self.name, self.name)
        object.__setattr__(self, "label", label)

    @property
    def stand_in(self) -> float:
        """What takes the place of a value that does not count: in the domain, away from poles."""
        if self.domain.labels:
            return 0
        if self.domain.values:
            return self.domain.values[-1]
        usual = 0.5 if self.predicted else 1.0  # not equal, for distances have a kink at 0
        if self.domain.low < usual <= self.domain.high:
            return usual
        return self.domain.high - usual if self.domain.high < usual else self.domain.low + usual

    def derivative(self, order: str) -> str:
        """The name of the card's method for the derivative of that order ("slope", "curve")."""
        return order if self.name == "prediction" else f"{self.name}_{order}"


# --- cards --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card(ABC):
    """One loss: what `core.families` asks of it, and the facts the other parts read.

    A subclass is named as the public class (``Huber``) and lives in the file of its family.
    """

    name: ClassVar[str]
    """Public function name, e.g. ``"huber"``."""
    aliases: ClassVar[tuple[str, ...]] = ()
    latex: ClassVar[str]
    """The formula of one item, in mathtext, for titles."""
    advice: ClassVar[str] = ""
    """What to do where predictions are out of their domain, in a sentence."""
    unit: ClassVar[str] = ""
    """The unit of the value, in words ("nats"; "unit of y"), where it has one."""
    target: ClassVar[Domain] = REAL
    convex: ClassVar[bool]
    """Whether an item is convex in the prediction."""
    metric: ClassVar[str]
    """The metric people read beside this loss (a name in `losskit.metrics`)."""
    decomposable: ClassVar[bool] = True
    """Whether the mean over the whole follows from the means of its parts."""
    task: ClassVar[str]
    """Which model head it trains: "regression", "binary", "categorical", "sparse"; "pair" for none,
    where the prediction tells how alike two examples are; "survival"; "sequence"."""
    link: ClassVar[str] = "identity"
    """How a raw score becomes what the loss judges: "identity", "log" (a rate is the exponential of
    it), "logit" (a sigmoid) or "softmax"."""
    relative: ClassVar[bool] = False
    """Whether it judges errors as parts of the target, so that its scale does not matter."""
    reaches_zero: ClassVar[str] = "always"
    """Where the best prediction costs 0, or less: "always", for targets that are "certain" (0 and
    1, no shares), or "never" to be relied upon."""
    zero_target: ClassVar[float | None] = None
    """What a class written 0 costs under this formula, whatever the prediction, where 0 is not read
    as -1, as it is here; NaN where it counts as both classes. None: a 0 is a target like others."""
    compares: ClassVar[str] = ""
    """What of vectors it compares: "angles" or "distances"; "" if it takes none, or their set."""
    counterpart: ClassVar[str] = ""
    """The same loss of rows where this one is of labels, and the reverse: the name of its card."""
    usual_for: ClassVar[str] = ""
    """The kind of data, "classification" or "regression", whose usual loss this is."""

    @property
    def prediction(self) -> Domain:
        """Which predictions the loss accepts."""
        return REAL

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        """The prediction that minimises the loss where it is the same for all items.

        It is what a model without inputs would learn, and its loss what one with inputs must beat.

        Args:
            y: targets, an item after another along the first axis.
            w: weights, one for each item, or in the shape of the targets; None: all alike.
            classes: how many there are, for labels; 0: as many as these name.

        Returns:
            float64, in the shape of an item's prediction; a raw score where the loss has a link; of
            several that are best, one. None: there is none, or none that is known.
        """
        return None

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(
                self, f.name, f.metadata["rule"].check(f.name, getattr(self, f.name))
            )
        self.check()
        self._fill()

    def _fill(self) -> None:
        """What follows from the parameters and is asked for at every call."""
        slots = self.takes()
        main = [slot.predicted for slot in slots].index(True)
        held = [s.name for s in self.optional if getattr(self, s.name, None) is not None]
        slots += tuple([_placed(s, slots[main]) for s in self.optional if s.name in self.taken])
        object.__setattr__(self, "slots", slots)
        object.__setattr__(self, "main", main)
        object.__setattr__(self, "held", tuple(held))
        object.__setattr__(self, "_known", {})

    slots: ClassVar[tuple[Slot, ...]]
    """What the formulas take, in this order."""
    main: ClassVar[int]
    """Which slot says what the items are, and in which dtype: the first that a network makes."""
    optional: ClassVar[tuple[Slot, ...]] = ()
    """What a call may give besides, by name; the formulas then take it last. Dimensions of its own
    are those of that name of the main slot, and lie on its axes.

    Where a parameter has the name of one, the card itself may hold it, in numbers of Python.
    """
    taken: ClassVar[tuple[str, ...]] = ()
    """The names of the optional slots that the formulas take."""
    plain: ClassVar[type[Card] | None] = None
    """Of a card that takes some: the class of those that do not."""
    held: ClassVar[tuple[str, ...]]
    """The names of those of which a parameter has the values: every call is given them."""

    def taking(self, *names: str) -> Any:
        """The same card whose slots end with these optional ones, and which holds none itself."""
        if not names and not self.held:
            return self
        known: dict[tuple[str, ...], Any] = self._known  # type: ignore[attr-defined]
        if names not in known:
            known[names] = made(type(self), self.without(), names)
        return known[names]

    def without(self) -> dict[str, Any]:
        """The parameters, but of optional slots none."""
        return {**self.parameters(), **dict.fromkeys(self.held)}

    def takes(self) -> tuple[Slot, ...]:
        """The slots of a card with these parameters; see `losskit.core.slots`."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse parameters that do not go together; each lies in its own range already.

        Raises:
            ValueError: they do not.
        """
        return

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            _register(cls)

    @classmethod
    def rules(cls) -> dict[str, tuple[Any, Rule]]:
        """Parameter name -> (default, rule)."""
        return {f.name: (f.default, f.metadata["rule"]) for f in dataclasses.fields(cls)}

    @classmethod
    def family(cls) -> str:
        """The family file that holds this card, e.g. ``"regression"``."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def sections(cls) -> dict[str, str]:
        """The docstring by heading; the first line stands under ``"Summary"``."""
        text = inspect.cleandoc(cls.__doc__ or "")
        parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
        headings = dict(zip(parts[1::2], (p.strip() for p in parts[2::2]), strict=True))
        return {"Summary": parts[0].strip(), **headings}

    def parameters(self) -> dict[str, Any]:
        """Parameter name -> value of this card."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


def _placed(slot: Slot, main: Slot) -> Slot:
    """An optional slot, its dimensions on the axes of the main one."""
    axes = tuple([main.axes[main.dims.index(name)] for name in slot.dims])
    return dataclasses.replace(slot, axes=axes)


@cache
def _taking(card: type[Card], taken: tuple[str, ...]) -> type[Card]:
    """The class of the cards that take these: cards of it equal none that take others."""
    body: dict[str, Any] = {"taken": taken, "plain": card}
    body |= {"__doc__": card.__doc__, "__module__": card.__module__}
    body["__reduce__"] = lambda self: (_again, (card, self.parameters(), taken))
    return type(card.__name__, (card,), body)


def _again(card: type[Card], parameters: dict[str, Any], taken: tuple[str, ...]) -> Card:
    return _taking(card, taken)(**parameters)


# --- registry -----------------------------------------------------------------------------------

CARDS: dict[str, type[Card]] = {}
"""Every card by its public function name."""
_SPELLINGS: dict[str, str] = {}

AnyCard = TypeVar("AnyCard", bound=type[Card])


def _register(card: type[Card]) -> None:
    CARDS[card.name] = card
    for spelling in spellings(card):
        owner = _SPELLINGS.setdefault(fold(spelling), card.name)
        if owner != card.name:
            raise ValueError(f"{spelling!r} names both {owner!r} and {card.name!r}.")


def spellings(card: type[Card]) -> tuple[str, ...]:
    """All names of a card."""
    return card.name, card.__name__, *card.aliases


def fold(name: str) -> str:
    """A name without what does not matter: case, ``_`` and ``-``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def find(name: str) -> type[Card]:
    """The card of that name, class name or alias; case, ``_`` and ``-`` do not matter.

    Raises:
        TypeError: ``name`` is not a string.
        ValueError: no such loss; the message gives the nearest names.
    """
    if not isinstance(name, str):
        raise TypeError(f"A loss name must be a string, got {name!r}.")
    if fold(name) in _SPELLINGS:
        return CARDS[_SPELLINGS[fold(name)]]
    near = difflib.get_close_matches(fold(name), list(_SPELLINGS), n=5, cutoff=0.5)
    names = list(dict.fromkeys(_SPELLINGS[n] for n in near))[:3]
    hint = f"Did you mean {' or '.join(names)}? " if names else ""
    raise ValueError(f"Unknown loss {name!r}. {hint}`losskit list` shows all {len(CARDS)} losses.")


def cards() -> Iterator[type[Card]]:
    """Every card, by family, in the order of the files."""
    yield from CARDS.values()


def usual(kind: str) -> type[Card]:
    """The card of the usual loss for that kind of data: see `Card.usual_for`."""
    return next(card for card in cards() if card.usual_for == kind)
