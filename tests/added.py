"""The losses of docs/add-a-loss.md, added to a copy of losskit and its tests: they hold everywhere.

    python tests/added.py FOLDER [TEXT OTHER]

It prints what is wrong, and "sound" if nothing is. To plant an error, OTHER takes TEXT's place.
"""

import os
import re
import shutil
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
CARD_HEAD = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from losskit.core.definition import PROBABILITY, SHARE, Domain, Slot, parameter
from losskit.core.families import Pointwise, Residual, Rowwise, Setwise, State
from losskit.core.namespaces import Array, Vocabulary
"""
TRUTH_HEAD = """
import mpmath
from truth.definition import ONE, ZERO, Definition
from truth.rowwise import RowDefinition
from truth.setwise import SetDefinition
"""
SETTINGS = {
    "expectile": [{}, {"level": 0.9}],
    "brier": [{}, {"axis": 0}],
    "interval_score": [{}, {"alpha": 0.5}],
}
CANCELLING = {"interval_score": ("value",)}


def blocks(kind):
    text = (ROOT / "docs" / "add-a-loss.md").read_text(encoding="utf-8")
    return re.findall(rf"```python {kind}\n(.*?)```", text, re.DOTALL)


def main(folder, wrong="", instead=""):
    copy = Path(folder, "losskit")
    shutil.copytree(ROOT / "src" / "losskit", copy)
    cards = "\n\n".join(blocks("card"))
    assert wrong in cards
    Path(copy, "losses", "added.py").write_text(CARD_HEAD + cards.replace(wrong, instead), "utf-8")
    # The copy, not what an editable installation points to.
    sys.meta_path[:] = [x for x in sys.meta_path if "Redirecting" not in type(x).__name__]
    sys.path[:0] = [folder, str(ROOT / "tests")]
    os.environ["LOSSKIT_NATIVE"] = "0"  # the copy has no kernels

    import grid
    import truth

    definitions = {}
    exec(TRUTH_HEAD + "\n\n".join(blocks("truth")), definitions)
    from losskit.core.definition import cards as every

    names = [card.name for card in every() if card.family() == "added"]
    assert len(names) == len(blocks("truth")) == 4, names
    for card in every():
        if card.name in names:
            truth.DEFINITIONS[card.name] = definitions[card.__name__]
    grid.SETTINGS.update(SETTINGS)
    truth.CANCELLING.update(CANCELLING)
    said = []
    for card in grid.settings(names):
        said += by_laws(card) + by_faces(card)
    print("\n".join(said) or "sound")


def tried(what, function, *arguments):
    """What a check says is wrong, in a line."""
    try:
        function(*arguments)
    except Exception as error:
        kind, line = type(error).__name__, str(error).partition("\n")[0]
        if not isinstance(error, AssertionError):
            traceback.print_exc()
        return [f"{what}: {kind}: {line}"]
    return []


def by_laws(card):
    import laws
    import numpy as np

    found = []
    for name, law in laws.ALL.items():
        given = [(np.float32,), (np.float64,)] if name in ("law_exact", "law_dtype") else [()]
        for rest in given:
            found += tried(f"{name} of {card!r}", law, card, *rest)
    return found


def by_faces(card):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    sys.path.append(str(ROOT / "tests" / "keras"))
    import grid
    import test_jax
    import test_torch
    import test_truth

    found = []
    for kind in ("ordinary", "extreme"):
        case = grid.Case(card, *grid.inputs(card, "float32", kind), kind)
        found += tried(f"PyTorch, {kind}, {card!r}", test_torch.exact, card, kind)
        found += tried(f"JAX, {kind}, {card!r}", test_jax.exact, card, kind)
        found += tried(f"Keras, {kind}, {card!r}", test_truth.exact, case)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
