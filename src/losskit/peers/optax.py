"""The losses of optax, functions of `optax.losses`."""

from __future__ import annotations

from losskit.peers.row import Row, by_name

_AXES = "axis=None, where=None"
_ELEMENTS = f"*, {_AXES}"
_LOGITS = {"from_logits": True}
_SCORES = "scores, labels, *, axis=-1, where=None"
_OUTPUTS = f"predictor_outputs, targets, {_ELEMENTS}"
_LOGS = "log_predictions, targets, axis=-1, where=None"
_VECTORS = "predictions, targets, *, epsilon=0.0, axis=-1, where=None"
_OF_VECTORS = """
    epsilon: least square of a length: shorter vectors are divided by its root
    axis: along which the vectors lie; several, or None for all, are read as one
    where: boolean: which elements count, or, without the axis, which vectors do
"""
_OVERLAP = ("soft_dice", "soft_tversky")
_OF_MASKS = """
    predictions: logits, (batch, ..., classes): of one class, for a sigmoid. The last
        dimension may be left out of either argument if it is 1
    targets: 0 and 1, in that shape
    class_weights: (classes), that the classes' losses are multiplied by
    smooth: added to both parts of the quotient
    alpha: weight of pixels that are predicted wrongly
    beta: weight of pixels that are missed
    apply_softmax: whether the predictions are logits; else they are probabilities
    reduction: over the classes: "mean", "sum" or "none"
    ignore_background: whether the first of several classes is left out
    axis: of the pixels; None: all but the first and the last
    where: boolean, broadcast to the predictions: which pixels there are
"""
_OF_ONE_MASK = """
    predictions: logits, (batch, ...), with or without a last dimension of 1
    apply_sigmoid: whether the predictions are logits; else they are probabilities
    axis: of the pixels; None: all but the first (and the last dimension of 1)
"""
_PADDED = "logits, logit_paddings, labels, label_paddings, *, blank_id=0, log_epsilon=-1e5"
_OF_PADDED = """
    logits: floating-point, (batch, frames, classes); -inf rules a class out
    logit_paddings: (batch, frames): 1 for a frame that is not there, anywhere; it
        may be NaN
    labels: integers, (batch, labels)
    label_paddings: (batch, labels): 1 for a label that is not there, at the end only
    blank_id: the class that stands for no label
    log_epsilon: taken for optax's sake, and not needed: the logarithm of 0 is -inf
        here
"""

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
        Row(
            "ntxent",
            "nt_xent",
            "embeddings, labels, temperature=0.07",
            words="""
                embeddings: floating-point, (batch, features)
                labels: (batch): embeddings of the same label are positive pairs; the
                    loss is 0 where there is none
            """,
        ),
        Row(
            "cosine_similarity",
            "",
            _VECTORS,
            form="whole",
            of=("cosine_similarity",),
            doc="The cosine of the angle between vectors; 0 for a vector of zeros.",
            words=_OF_VECTORS,
        ),
        Row(
            "cosine_distance",
            "",
            _VECTORS,
            form="whole",
            of=("cosine_similarity",),
            doc="1 less the cosine of the angle between vectors.",
            words=_OF_VECTORS,
        ),
        Row(
            "triplet_margin_loss",
            "",
            "anchors, positives, negatives, axis=-1, norm_degree=2, margin=1.0, eps=1e-6, "
            "where=None",
            form="whole",
            of=("triplet_margin",),
            doc="max(distance to the positive - distance to the negative + margin, 0).",
            words="""
                anchors: floating-point, (..., features)
                positives: in that shape: what should be near
                negatives: in that shape: what should be far
                axis: of the features; several, or None for all, are read as one
                norm_degree: exponent of the norm, a Python number: odd ones take the
                    differences' sizes
                margin: by how much farther
                eps: added to the sum of the powers
                where: boolean: which triplets count, in the shape of the result, or
                    which features
            """,
        ),
        Row(
            "ranking_softmax_loss",
            "",
            "logits, labels, *, where=None, weights=None, reduce_fn=jnp.mean, axis=-1",
            form="whole",
            of=("ranking_softmax",),
            doc="ListNet's softmax cross-entropy of a list.",
            words="""
                logits: score of each item, floating-point, (..., list)
                labels: relevance of each item, a number >= 0, in that shape
                where: boolean, broadcast to the logits: which items there are
                weights: of each item, broadcast to the logits
                reduce_fn: from the losses of the lists to the result, such as
                    `jax.numpy.mean`; called with ``where=``, the lists that have an
                    item. None: the loss of each list
                axis: of the lists; several, or None for all, are read as one
            """,
        ),
        Row(
            "dice_loss",
            "",
            "predictions, targets, *, class_weights=None, smooth=1.0, alpha=0.5, beta=0.5, "
            f"apply_softmax=True, reduction='mean', ignore_background=False, {_AXES}",
            form="whole",
            of=_OVERLAP,
            doc="Soft Dice loss of each class's mask.",
            words=_OF_MASKS,
        ),
        Row(
            "binary_dice_loss",
            "",
            f"predictions, targets, *, smooth=1.0, apply_sigmoid=True, {_AXES}",
            form="whole",
            of=_OVERLAP,
            doc="Soft Dice loss of one class's mask.",
            words=_OF_MASKS + _OF_ONE_MASK,
        ),
        Row(
            "multiclass_generalized_dice_loss",
            "",
            "predictions, targets, *, smooth=1.0, apply_softmax=True, ignore_background=False, "
            f"{_AXES}",
            form="whole",
            of=_OVERLAP,
            doc="Mean soft Dice loss of batch and classes, a class weighted by 1 / (its number of "
            "pixels)^2.",
            words=_OF_MASKS,
        ),
        Row(
            "ctc_loss",
            "",
            _PADDED,
            form="whole",
            of=("ctc",),
            doc="CTC (connectionist temporal classification): labels without their times, of "
            "logits. The losses, (batch): infinite, with a gradient of 0, where the labels do not "
            "fit into the frames.",
            words=_OF_PADDED,
        ),
        Row(
            "ctc_loss_with_forward_probs",
            "",
            _PADDED,
            form="whole",
            of=("ctc",),
            doc="The same as `ctc_loss`, and the logarithms of the forward probabilities: of the "
            "blank after n labels, (frames, batch, labels + 1); and of the nth label, (frames, "
            "batch, labels). A frame that is not there has those of the frame before it. In the "
            "last frame the nth label counts among the blanks too, so that there the blank after "
            "all labels has the probability of all alignments. What is impossible, and what lies "
            "behind the last label, is -inf.",
            words=_OF_PADDED,
        ),
        Row(
            "smooth_labels",
            "",
            "labels, alpha, *, axis=-1, where=None",
            form="whole",
            doc="(1 - alpha) * labels + alpha / classes, for one-hot labels.",
            words="""
                labels: floating-point
                alpha: share spread evenly over the classes
                axis: of the classes; several, or None for all, count together
                where: boolean, broadcast to the labels: which classes there are
            """,
        ),
        Row(
            "make_fenchel_young_loss",
            "",
            "max_fun",
            form="whole",
            doc="The Fenchel-Young loss of a maximum, max_fun(scores) - <targets, scores>: a "
            "function of scores and targets, (..., n), and of what else ``max_fun`` takes.",
            words="""
                max_fun: from scores of one dimension to a number, such as
                    `jax.nn.logsumexp`
            """,
        ),
    ]
)
"""Every function."""

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
    told = _COMMON | {"axis": _AXIS.get(row.form, "")}
    told["where"] = _OF_ROWS if row.form in ("rows", "labels") else _OF_ELEMENTS
    return told | ({"labels": _LABELS} if row.form == "labels" else {})
