"""Write docs/losses.md, the reference of all losses, docs/check.md, that of the checks, and the
table of docs/losses-and-metrics.md.

python scripts/write_docs.py             # write them
python scripts/write_docs.py --check     # fail if they are stale (CI does this)
"""

from __future__ import annotations

import sys
from pathlib import Path

import check_page
import metrics_page

from losskit.core.definition import Card, cards
from losskit.core.slots import signature
from losskit.losses import __all__ as _families  # noqa: F401  (fills the registry)
from losskit.peers import elsewhere

PAGE = Path(__file__).parents[1] / "docs" / "losses.md"
HEAD = """# The losses

Written by `scripts/write_docs.py` from the loss cards: do not edit. The same text is shown by
`losskit show NAME`, and stands in the docstring of each class and function.

In the formulas `y` is the target, `p` the prediction, `z` a logit. Every loss is a class
(`losskit.Huber(delta=2.0)`) and a function (`losskit.huber(y, p, delta=2.0)`) on NumPy arrays, and
both stand in `losskit.keras` and `losskit.torch` too, the function in `losskit.jax`.
"""


def entry(card: type[Card]) -> str:
    made, sections = card(), card.sections()
    names = ", ".join(f"`{n}`" for n in (card.__name__, card.name, *card.aliases))
    lines = [
        f"### {card.__name__}",
        sections["Summary"],
        f"```\n{sections['Formula']}\n```",
        f"**Names**: {names}",
        " ".join(f"**{s.name.capitalize()}**: {s.domain.words}." for s in made.slots)
        + f" **Takes**: `{signature(made)}`. "
        f"**Metric beside it**: `{card.metric}`. "
        f"**Convex in the prediction**: {'yes' if made.convex else 'no'}.",
    ]
    if elsewhere(card.name):
        names = (f"`{place}`: " + ", ".join(f"`{n}`" for n in found)
                 for place, found in elsewhere(card.name).items())  # fmt: skip
        lines.append(f"**Elsewhere**: {'; '.join(names)}")
    if card.rules():
        lines.append("| parameter | default | range | meaning |\n|---|---|---|---|\n" + "\n".join(
            f"| `{n}` | `{default!r}` | {rule.range} | {rule.doc} |"
            for n, (default, rule) in card.rules().items()
        ))  # fmt: skip
    for heading in ("What it measures", "When to use", "Pitfalls"):
        lines.append(f"**{heading}.** {sections[heading]}")
    lines.append(f"```python\n{sections['Examples']}\n```")
    lines.append(f"**References.** {sections['References']}")
    return "\n\n".join(lines)


def page() -> str:
    parts, family = [HEAD], ""
    for card in cards():
        if card.family() != family:
            family = card.family()
            parts.append(f"## {family.capitalize()}\n")
        parts.append(entry(card) + "\n")
    return "\n".join(parts)


def main() -> int:
    check = "--check" in sys.argv[1:]
    texts = {PAGE: page(), check_page.PAGE: check_page.page(run=not check)}
    texts[metrics_page.PAGE] = metrics_page.page()
    stale = []
    for path, text in texts.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path))
    if stale:
        print(f"Stale: {', '.join(stale)}. Run python scripts/write_docs.py.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
