"""Which losses trees can be grown by: those of raw scores, one a row or one a class."""

from __future__ import annotations

from typing import Any

from losskit.core.definition import LOGIT, find
from losskit.core.families import Labelled, Pointwise
from losskit.numpy import Loss, class_of, get


def raw(loss: Any, parameters: dict[str, Any], library: str) -> Loss:
    """The loss object, of a loss that takes raw scores.

    Args:
        loss: a name, or a loss object.
        parameters: of the loss.
        library: for messages.

    Raises:
        TypeError, ValueError: it is no loss, or one that takes something else.
    """
    found = get(loss, **parameters)
    card = found.card
    if card.counterpart and not isinstance(card, Labelled) and card.link == "softmax":
        # The libraries give class numbers: the same loss of these.
        found = _of_labels(found, library)
        card = found.card
    if card.held:
        raise ValueError(
            f"{library} weighs rows, not classes: got {card.name} with {', '.join(card.held)}. "
            "Give each row the weight of its class as its sample weight."
        )
    if isinstance(card, Pointwise):
        if len(card.slots) > 2:
            names = ", ".join(slot.label for slot in card.slots)
            raise ValueError(
                f"{library} grows trees for one raw score a row, but {card.name} takes {names}. "
                "Choose a loss of one prediction."
            )
        _check_raw(card, library)
        return found
    if isinstance(card, Labelled) and card.link == "softmax" and card.counterpart:
        _check_raw(card, library)
        return found
    raise ValueError(
        f"{library} takes a loss that is a sum over rows of numbers or labels, got {card.name}, "
        "which is none. Choose a pointwise loss of raw scores or a softmax cross-entropy."
    )


def _of_labels(loss: Loss, library: str) -> Loss:
    card: Any = loss.card
    other = find(card.counterpart)
    given = {k: v for k, v in card.parameters().items() if v != card.rules()[k][0]}
    unknown = sorted(set(given) - set(other.rules()))
    if unknown:
        raise ValueError(
            f"{library} gives class numbers, and {other.name}, which takes these, lacks "
            f"{', '.join(unknown)}. Leave them out."
        )
    return class_of(other)(**given)


def _check_raw(card: Any, library: str) -> None:
    """Refuse what judges something other than raw scores; name the form that takes them."""
    takes = card.prediction
    free = (takes.low, takes.high, takes.values) == (-float("inf"), float("inf"), ())
    if takes is LOGIT or (free and card.link != "softmax"):
        return
    flags = [name for name, (_, rule) in card.rules().items() if rule.kind == "flag"]
    for flag in flags:
        form = type(card)(**{**card.parameters(), flag: True})
        if form.prediction is not takes and form.prediction.low == -float("inf"):
            form = f"boosting.{library.lower()}({card.name!r}, {flag}=True)"
            break
    else:
        form = "a loss of raw scores"
    raise ValueError(
        f"{library} adds up raw scores, any real numbers, but {card.name} as it is takes "
        f"{takes.words}. Use {form}."
    )
