"""The page docs/check.md: what `losskit.check` finds, from the checks' docstrings and the gallery.

The gallery's cases are run for their sentences, which needs Keras, PyTorch and optax. Where they
are missing, and when the page is only compared, the table stays as it stands; that it has every
case, and says what each must, is seen to by tests/test_checks_around.py.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from losskit.checks.rules import RULES
from losskit.checks.run import check

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "check.md"
HEAD = """# What `losskit.check` finds

Written by `scripts/write_docs.py` from the checks themselves: do not edit.

A loss that is called wrongly is still a number, and training may even lower it. `losskit.check`
looks at one call, of any library, and says what is wrong with it:

```python
import losskit, torch

report = losskit.check(torch.nn.CrossEntropyLoss(), labels, model(x))   # as (y_true, y_pred)
print(report)                    # what was found, the gravest first; rich in notebooks
report.ok                        # neither an error nor a warning; so is bool(report)
"LK101" in report                # codes are stable
report.raise_for_errors()        # in a test: says what was found
assert report                    # in a test: warnings fail it too
```

The loss is one of losskit (or its name), Keras, PyTorch or optax, called as its own library would,
or any function of `(y_true, y_pred)`. Nothing is changed and nothing is trained. An **error** is
certain from the data, a **warning** is likely, a **hint** is worth knowing. Checks that do not
apply stand in `report.skipped`, each with the reason.

| where | how |
|---|---|
| on files | `losskit check LOSS --true y.npy --pred p.npy`: exit code 1 if there are errors |
| in Keras | `model.fit(..., callbacks=[losskit.keras.CheckLoss(x, y, model=model)])` |
| in PyTorch | `losskit.torch.check_loss(loss)`, a hook on the module; `.remove()` ends it |
| in `losskit train` | on the first batch, by itself |

Import the faces for Keras and PyTorch by name: `import losskit.keras`, `import losskit.torch`.
With `model=`, a compiled model, `CheckLoss` looks before `fit` begins: on JAX and PyTorch `fit`
tries the loss before it calls any callback, and what the loss refuses ends it there.
"""
FAMILIES = {
    "LK1": "Predictions",
    "LK2": "Targets",
    "LK3": "Shapes",
    "LK4": "Gradients",
    "LK5": "Reductions and weights",
    "LK6": "Baselines",
    "LK7": "Particular losses",
}
"""Headings, by how codes begin."""
GALLERY = """## The gallery

Calls with a fault, in each library, and the sentence by which it is told. Each stands in the tests
beside a sound call that is nearly the same, in which it must not be found.

"""
COLUMNS = "| code | library | loss | what is said |\n|---|---|---|---|\n"
LIBRARIES = {"keras": "Keras", "torch": "PyTorch", "optax": "optax", "losskit": "losskit"}


def sections() -> str:
    """Every check's section, by family."""
    assert check  # it fills the registry
    parts: list[str] = []
    family = ""
    for code in sorted(RULES):
        rule = RULES[code]
        if code[:3] != family:
            family = code[:3]
            parts.append(f"## {FAMILIES[family]}\n")
        about = inspect.getdoc(rule.function)
        parts.append(f'<a id="{code.lower()}"></a>\n\n### {code}: {rule.title}\n\n{about}\n')
    return "\n".join(parts)


def rows() -> Iterator[str]:
    """The gallery's table, each case run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT / "tests"))
    from gallery import CASES

    for case in sorted(CASES, key=lambda c: (c.code, [*LIBRARIES].index(c.library))):
        loss, y, p, *options = case.fault()
        said = check(loss, y, p, **(options[0] if options else {}))[case.code].what
        yield row(case.code, case.library, case.what, said)


def row(code: str, library: str, loss: str, said: str) -> str:
    cell = said.replace("|", "\\|").replace("\n", " ")
    return f"| [{code}](#{code.lower()}) | {LIBRARIES[library]} | `{loss}` | {cell} |\n"


def table(*, run: bool) -> str:
    """The table made anew, or as it stands."""
    if run and all(importlib.util.find_spec(name) for name in ("keras", "torch", "optax")):
        return "".join(rows())
    if run:
        print("Keras, PyTorch and optax are needed for the gallery: its table stays as it stands.")
    return PAGE.read_text(encoding="utf-8").partition(COLUMNS)[2] if PAGE.exists() else ""


def page(*, run: bool) -> str:
    """The whole page."""
    return f"{HEAD}\n{sections()}\n{GALLERY}{COLUMNS}{table(run=run)}"
