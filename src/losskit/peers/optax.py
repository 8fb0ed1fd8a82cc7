"""The losses of optax, functions of `optax.losses`."""

from __future__ import annotations

from losskit.peers.row import Row, by_name

_ELEMENTS = "*, axis=None, where=None"
_LOGITS = {"from_logits": True}
_SCORES = "scores, labels, *, axis=-1, where=None"
_OUTPUTS = f"predictor_outputs, targets, {_ELEMENTS}"
_LOGS = "log_predictions, targets, axis=-1, where=None"

ROWS = by_name(
    [
        Row(
            "squared_error",
            "mean_squared_error",
            f"predictions, targets=None, {_ELEMENTS}",
            form="elements",
        ),
        Row(
            "l2_loss", "mean_squared_error", f"predictions, targets=None, {_ELEMENTS}", form="half"
        ),
        Row(
            "huber_loss",
            "huber",
            "predictions, targets=None, *, delta=1.0, axis=None, where=None",
            form="elements",
        ),
        Row("log_cosh", "log_cosh", f"predictions, targets=None, {_ELEMENTS}", form="elements"),
        Row(
            "sigmoid_binary_cross_entropy",
            "binary_crossentropy",
            f"logits, labels, {_ELEMENTS}",
            form="elements",
            words="labels: probabilities (0 and 1, mostly), in that shape",
            given=_LOGITS,
        ),
        Row(
            "sigmoid_focal_loss",
            "binary_focal_crossentropy",
            "logits, labels, *, alpha=None, gamma=2.0, axis=None, where=None",
            form="elements",
            words="alpha: weight of class 1, that of class 0 being 1 - alpha; None: no weights",
            switches={"alpha": "apply_class_balancing"},
            given=_LOGITS,
        ),
        Row("sparsemax_loss", "binary_sparsemax", f"logits, labels, {_ELEMENTS}", form="elements"),
        Row("perceptron_loss", "perceptron", _OUTPUTS, form="elements"),
        Row("hinge_loss", "hinge", _OUTPUTS, form="elements"),
        Row(
            "softmax_cross_entropy",
            "categorical_crossentropy",
            "logits, labels, axis=-1, where=None",
            form="rows",
            given=_LOGITS,
        ),
        Row(
            "safe_softmax_cross_entropy",
            "categorical_crossentropy",
            "logits, labels, axis=-1, where=None",
            form="rows",
            given=_LOGITS,
        ),
        Row(
            "poly_loss_cross_entropy",
            "poly1_crossentropy",
            "logits, labels, *, epsilon=2.0, axis=-1, where=None",
            form="rows",
            given=_LOGITS,
        ),
        Row(
            "softmax_cross_entropy_with_integer_labels",
            "sparse_categorical_crossentropy",
            "logits, labels, axis=-1, where=None",
            form="labels",
            wraps=True,
            given=_LOGITS,
        ),
        Row("multiclass_hinge_loss", "multiclass_hinge", _SCORES, form="labels"),
        Row("multiclass_perceptron_loss", "multiclass_perceptron", _SCORES, form="labels"),
        Row("multiclass_sparsemax_loss", "sparsemax", _SCORES, form="labels"),
        Row("kl_divergence", "log_kl_divergence", _LOGS, form="summed"),
        Row(
            "kl_divergence_with_log_targets",
            "log_kl_divergence_with_log_targets",
            "log_predictions, log_targets, axis=-1, where=None",
            form="summed",
        ),
        Row("generalized_kl_divergence", "generalized_log_kl_divergence", _LOGS, form="summed"),
        Row("convex_kl_divergence", "generalized_log_kl_divergence", _LOGS, form="summed"),
    ]
)
"""Every function that is a card's; others, made of several, stand in the face."""

ALSO = {
    "ctc_loss": "ctc",
    "ctc_loss_with_forward_probs": "ctc",
    "cosine_distance": "cosine_similarity",
    "binary_dice_loss": "soft_dice",
}
"""Functions that are no card's, and of which loss they are a form."""

_AXIS = {
    "elements": "along which the elements are summed; None: not summed",
    "half": "along which the elements are summed; None: not summed",
    "summed": "along which the terms are summed; None for all",
    "rows": "of the classes; several, or None for all, are read as one",
    "labels": "of the classes; several, or None for all, are read as one",
}
_OF_ELEMENTS = "boolean, broadcast to the predictions: what counts; the rest is 0, even if NaN"
_OF_ROWS = (
    "boolean: which classes there are, in the shape of the predictions; or which rows count, in "
    "the shape of the result. What does not count may be NaN; a row of nothing is 0"
)
_COMMON = {
    "predictions": "floating-point or integers, of any shape",
    "targets": "in that shape",
    "log_targets": "log-probabilities, in that shape",
    "predictor_outputs": "scores, of any shape",
    "log_predictions": "log-probabilities, of any shape",
    "logits": "floating-point, of any shape; -inf rules a class out",
    "scores": "floating-point, of any shape",
    "labels": "in that shape",
}
_LABELS = (
    "integers from 0, in the shape of the predictions without the axis. Of several axes, the place "
    "in the order of their elements"
)


def words(row: Row) -> dict[str, str]:
    """What the arguments of a row's function mean."""
    of_rows = row.form in ("rows", "labels")
    told = _COMMON | {"axis": _AXIS[row.form], "where": _OF_ROWS if of_rows else _OF_ELEMENTS}
    return told | ({"labels": _LABELS} if row.form == "labels" else {})
