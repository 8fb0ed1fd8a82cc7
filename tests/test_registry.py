"""Nothing is listed by hand, and nothing is forgotten."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import losskit
import losskit.losses
from losskit.core.definition import CARDS, Card, Rule, cards, find
from losskit.core.families import Items, Pointwise, Rowwise, Setwise
from losskit.core.pairs import Similarities
from losskit.metrics import METRICS

HEADINGS = (
    *("Summary", "What it measures", "When to use", "Pitfalls", "Formula", "Examples"),
    "References",
)
NAMES = sorted(CARDS)


def _descendants(cls):
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)


def test_public_names_are_the_registry():
    classes = {card.__name__ for card in CARDS.values()}
    others = {"Loss", "__version__", "get", "log_softmax", "metrics", "native"}
    others |= {"check", "get_num_threads", "loss", "set_num_threads"}
    assert set(losskit.__all__) == others | classes | set(CARDS)
    assert len(losskit.__all__) == len(set(losskit.__all__))
    for name in losskit.__all__:
        assert hasattr(losskit, name)


def test_every_family_file_is_imported_and_every_card_registered():
    files = {m.name for m in pkgutil.iter_modules(losskit.losses.__path__)}
    assert files == set(losskit.losses.__all__)
    for file in files:
        module = importlib.import_module(f"losskit.losses.{file}")
        for name, value in vars(module).items():
            own = inspect.isclass(value) and value.__module__ == module.__name__
            own = own and not inspect.isabstract(value)  # what several cards share
            if own and issubclass(value, Card) and not hasattr(value, "name"):
                # What several cards share; or a part of a loss of pairs.
                assert [*_descendants(value)] or issubclass(value, Similarities)
            elif own and issubclass(value, Card) and "name" in vars(value):
                assert CARDS[value.name] is value, f"{file}.{name} is not registered"
                assert value.family() == file
    assert list(cards()) == list(CARDS.values())


FREE = (
    *("losses", "peers"),
    *("torch", "jax", "keras"),  # functions under their hosts' names, of cards they import
    "metrics.py",  # names of its own, of which some are a loss's too
    "native/find.py",  # kernels of the cross-entropies, written by hand
)
"""Where cards may be named."""


def _strings(tree):
    """Every text of a module but docstrings, with its line."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_no_module_names_a_card():
    """What others want to know of a card is a fact of it, which a new card has too."""
    root = Path(losskit.__file__).parent
    names = {*NAMES, *(card.__name__ for card in CARDS.values())} - {*losskit.losses.__all__}
    found = []
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root).as_posix()
        if place.startswith(FREE):
            continue
        tree = ast.parse(path.read_text())
        found += [f"{place}:{line}: {s!r}" for line, s in _strings(tree) if s in names]
        for node in ast.walk(tree):
            module = getattr(node, "module", None) or ""
            if module.startswith("losskit.losses"):
                found.append(f"{place}:{node.lineno}: imports from {module}")
            # `"focal" in card.name` asks for a name too; `loss.name == card.name` does not.
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                of_name = [ast.unparse(side).endswith("card.name") for side in sides]
                if any(of_name) and any(isinstance(side, ast.Constant) for side in sides):
                    found.append(f"{place}:{node.lineno}: {ast.unparse(node)}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
def test_docstring_is_complete(name):
    sections = CARDS[name].sections()
    assert tuple(sections) == HEADINGS
    for heading, text in sections.items():
        assert text.strip(), f"{name}: {heading} is empty"
    assert sections["Summary"].endswith(".")
    assert len(sections["Summary"].splitlines()) == 1
    assert ">>> " in sections["Examples"]
    public = getattr(losskit, CARDS[name].__name__)
    assert public.__doc__ == getattr(losskit, name).__doc__ == CARDS[name].__doc__


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_complete(name):
    card = CARDS[name]
    assert card.name == name
    heads = ("regression", "binary", "categorical", "sparse", "pair", "survival", "sequence")
    assert card.task in heads
    assert card.metric in METRICS
    assert isinstance(card().convex, bool)
    assert issubclass(card, (Items, Setwise))
    at_once = issubclass(card, Setwise) or getattr(card, "whole", False)
    assert card().decomposable == (not at_once)
    for slot in card().slots:
        for method in ("value", *map(slot.derivative, ("slope", "curve")[: 1 + slot.predicted])):
            assert not slot.differentiable or callable(getattr(card, method))
    assert card.__dataclass_params__.frozen
    assert hash(card()) == hash(card())
    for parameter, (default, rule) in card.rules().items():
        assert isinstance(rule, Rule)
        assert rule.doc
        assert rule.check(parameter, default) == default
    if issubclass(card, Rowwise) and len(card().slots[card().main].dims) == 1:
        assert "axis" in card.rules() or isinstance(card.axis, int)
    if issubclass(card, Pointwise):
        assert isinstance(card().kinks(1.0), tuple)


def test_names_and_aliases_are_unique_and_folded():
    seen: dict[str, str] = {}
    for name, card in CARDS.items():
        assert card.__name__.lower() == name.replace("_", "")
        for spelling in (name, *card.aliases):
            folded = spelling.lower().replace("_", "").replace("-", "")
            assert seen.setdefault(folded, name) == name
            for written in (
                spelling,
                spelling.upper(),
                spelling.replace("_", "-"),
                f" {spelling} ",
            ):
                assert find(written) is card
        assert find(card.__name__) is card


def test_two_cards_cannot_share_a_name():
    import losskit.core.definition as definition

    before = dict(CARDS), dict(definition._SPELLINGS)
    try:
        with pytest.raises(ValueError, match="'mse' names both"):

            class Rival(Card):
                name = "rival"
                aliases = ("mse",)
    finally:
        CARDS.clear()
        CARDS.update(before[0])
        definition._SPELLINGS.clear()
        definition._SPELLINGS.update(before[1])


@pytest.mark.parametrize("name", NAMES)
def test_latex_parses(name):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    width, height, *_ = mathtext.MathTextParser("path").parse(f"${CARDS[name].latex}$")
    assert width > 0
    assert height > 0


def test_kerass_names_are_there():
    for name in (
        *("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "BinaryCrossentropy"),
        *("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "CategoricalCrossentropy"),
        *("SparseCategoricalCrossentropy", "Poisson", "KLDivergence", "Hinge", "SquaredHinge"),
        *("CategoricalHinge", "CosineSimilarity", "RootMeanSquaredError"),
    ):
        assert issubclass(getattr(losskit, name), losskit.Loss)


def test_no_card_is_a_subclass_of_another():
    for card in CARDS.values():
        found = [c for c in _descendants(card) if c.__module__.startswith("losskit.")]
        # But for those that take more, and for the same loss of other targets, under its name.
        assert not [c for c in found if not c.taken and "name" in vars(c)]


def test_signatures_show_the_parameters():
    """For help(), notebooks and editors."""
    import inspect

    assert list(inspect.signature(losskit.Huber).parameters) == [
        "delta", "reduction", "on_empty", "name",
    ]  # fmt: skip
    assert list(inspect.signature(losskit.huber).parameters) == [
        "y_true", "y_pred", "sample_weight", "delta", "mask", "num_items", "reduction", "on_empty",
    ]  # fmt: skip
