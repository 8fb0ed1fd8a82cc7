"""The words in a picture: names, formulas, units, what is held fixed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from losskit.numpy import Loss
from losskit.plots.curves import Curve

GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "tau", "lambda", "sigma")
HIDDEN = ("axis", "from_logits", "class_weight", "ignore_class")
"""Parameters that the curve does not show, or that the axis tells already."""
SHARED_LABELS = {
    "value": "prediction $p$",
    "probability": "predicted probability of the true class",
    "score": "predicted score (logit)",
}
"""Where losses on one axis would each name it in their own way."""
LINE_LENGTH = 64


def title(curve: Curve) -> str:
    """Name and formula, on two lines."""
    return f"{name(curve.loss)}\n${formula(curve.loss)}$"


def label(curve: Curve) -> str:
    """Name and formula, for a legend."""
    return f"{name(curve.loss)}   ${formula(curve.loss)}$"


def formula(loss: Loss) -> str:
    """The card's formula; with the link, where predictions are logits."""
    card = loss.card
    # In running text mathtext sets fractions too small to read in a picture.
    latex = re.sub(r"\\frac", r"\\dfrac", str(card.latex))
    if not getattr(card, "from_logits", False):
        return latex
    link = r"\sigma(z)" if card.link == "logit" else r"\mathrm{softmax}(z)"
    return rf"{latex},\;\; p = {link}"


def name(loss: Loss) -> str:
    """The loss in words, with the parameters that are not at their defaults, or its only one."""
    rules = type(loss.card).rules()
    # The least size of a target lies far below what a picture shows.
    hidden = {*HIDDEN, *(parameter for parameter in rules if rules[parameter][1].least_target)}
    shown = [
        _symbol(parameter)
        if value is True
        else f"{_symbol(parameter)} = {format(value, 'g') if type(value) is float else value}"
        for parameter, value in loss.card.parameters().items()
        if parameter not in hidden and (value != rules[parameter][0] or len(rules) == 1)
    ]
    words = loss.name
    if words == loss.card.name:
        # "KLDivergence" -> "KL divergence", "SmoothL1" -> "Smooth L1".
        parts = re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z]*[0-9]*", type(loss.card).__name__)
        words = " ".join([parts[0], *(p if p.isupper() else p.lower() for p in parts[1:])])
    return f"{words} ({', '.join(shown)})" if shown else words


def unit(card: Any) -> str:
    """The unit of the value in brackets, if it has one."""
    return f" ({card.unit.replace('of y', 'of $y$')})" if card.unit else ""


def horizontal(drawn: Sequence[Curve]) -> str:
    """What x is, and below it what is held fixed."""
    labels = list(dict.fromkeys(curve.line.label for curve in drawn))
    notes = "; ".join(dict.fromkeys(curve.line.note for curve in drawn))
    first = labels[0] if len(labels) == 1 else SHARED_LABELS[drawn[0].line.axis]
    return "\n".join([first, *textwrap.wrap(notes, LINE_LENGTH)])


def vertical(drawn: Sequence[Curve], panel: str) -> str:
    """What y is, with its unit where all the losses share it."""
    if panel == "gradient":
        per = drawn[0].line.per
        return f"gradient per {per}" if per else "gradient"
    units = {unit(curve.loss.card) for curve in drawn}
    return panel + (units.pop() if len(units) == 1 else "")


def _symbol(parameter: str) -> str:
    return rf"$\{parameter}$" if parameter in GREEK else parameter.replace("_", " ")
