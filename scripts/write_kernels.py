"""Write csrc/generated/cards.hpp: the formulas of every pointwise card as C++ text.

    python scripts/write_kernels.py            # write it
    python scripts/write_kernels.py --check    # fail if it is stale (CI does this)

The cards are the one truth: their formulas are called with symbols, and what they do is written
down (`losskit.programs.text`). The loops around the text are in csrc/pointwise.hpp.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from losskit.core.definition import Domain, cards
from losskit.core.families import Pointwise
from losskit.losses import __all__ as _families  # noqa: F401  (fills the registry)
from losskit.programs import text

TARGET = Path(__file__).parents[1] / "csrc" / "generated" / "cards.hpp"
HEAD = """\
// Written by scripts/write_kernels.py from the loss cards: do not edit.
#pragma once

#include "../pointwise.hpp"

namespace losskit::LOSSKIT_ISA {
"""


def number(x: float) -> str:
    if math.isinf(x):
        return ("-" if x < 0 else "") + "infinity"
    return repr(float(x))


def bounded(domain: Domain) -> bool:
    return math.isfinite(domain.low) or math.isfinite(domain.high)


def name(card: type[Pointwise], fixed: dict[str, object]) -> str:
    """The card's name with the settings of this text: BinaryCrossentropy_from_logits."""
    defaults = {n: default for n, (default, _) in card.rules().items()}
    parts = [n for n, value in fixed.items() if value is True]
    parts += [n for n in defaults if n not in fixed and defaults[n] == 0.0]
    parts += [f"{n}_0" for n, value in fixed.items() if value is not True and value != defaults[n]]
    return "_".join([card.__name__, *parts])


def struct(card: type[Pointwise], fixed: dict[str, object]) -> str:
    statements, free = text.trace(card, fixed)
    # Domains may depend on flags (logits or probabilities): the defaults do for the rest.
    prediction = card(**{n: v for n, v in fixed.items() if isinstance(v, bool)}).prediction
    target = card.target
    comment = ", ".join(f"q[{i}] = {n}" for i, n in enumerate(free))
    lines = [
        f"struct {name(card, fixed)} {{{f'  // {comment}' if comment else ''}",
        "  static constexpr double infinity = std::numeric_limits<double>::infinity();",
        f'  static constexpr const char* fingerprint = "{text.fingerprint(card, statements)}";',
        f"  static constexpr int parameters = {len(free)};",
        f"  static constexpr double target_low = {number(target.low)};",
        f"  static constexpr double target_high = {number(target.high)};",
        f"  static constexpr double target_slack = {number(target.slack)};",
        f"  static constexpr bool minus_infinity = {str(target.minus_infinity).lower()};",
        f"  static constexpr bool signs = {str(bool(target.values)).lower()};",
        f"  static constexpr bool prediction_bounded = {str(bounded(prediction)).lower()};",
        "",
        "  template <class V, class T = Element<V>>",
        "  LOSSKIT_INLINE static void evaluate(V y, V p, const double* q, Constants<T> k,",
        "                                      V& value, V& slope, V& curve) {",
        *(f"    {line}" for line in statements),
        "    (void)p, (void)q, (void)k;",
        "  }",
        "};",
    ]
    return "\n".join(lines)


def kernels() -> str:
    parts, names = [HEAD], []
    for card in cards():
        if issubclass(card, Pointwise) and card.compiled and len(card().slots) == 2:
            if card.target.values and set(card.target.values) != {-1.0, 0.0, 1.0}:
                raise SystemExit(f"{card.name}: a kernel checks no other signs than -1, 0 and 1.")
            for fixed in text.variants(card):
                names.append(name(card, fixed))
                parts.append(struct(card, fixed) + "\n")
    listed = " \\\n".join(f"  X({n})" for n in names)
    parts.append(f"#define LOSSKIT_CARDS(X) \\\n{listed}\n")
    parts.append("}  // namespace losskit::LOSSKIT_ISA\n")
    return "\n".join(parts)


def main() -> int:
    fresh = kernels()
    if "--check" not in sys.argv:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(fresh)
        return 0
    if not TARGET.exists() or TARGET.read_text() != fresh:
        print(f"{TARGET} is stale: run python scripts/write_kernels.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
