"""The losses of Keras: functions and classes of `keras.losses`, under the names of their cards."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter

from losskit.peers.row import Row, by_name, parameters

_PAIR = "y_true, y_pred"
_END = "reduction='sum_over_batch_size', name={name!r}, dtype=None"
"""What constructors take beside the parameters of the loss."""


def _row(card: str, module: str, options: str = "", makes: str = "") -> Row:
    """A row of Keras's table.

    Args:
        card: of that name; the function's.
        module: the class.
        options: the function's parameters beside targets and predictions.
        makes: the constructor's, if they are not these and then `_END`.
    """
    usual = ", ".join([*([options] if options else []), _END.format(name=card)])
    takes = ", ".join([_PAIR, *([options] if options else [])])
    return Row(card, card, takes, module, makes=makes or usual)


_FOCAL = "alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1"

ROWS = by_name(
    [
        _row("mean_squared_error", "MeanSquaredError"),
        _row("mean_absolute_error", "MeanAbsoluteError"),
        _row("mean_absolute_percentage_error", "MeanAbsolutePercentageError"),
        _row("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError"),
        _row("huber", "Huber", "delta=1.0", f"delta=1.0, {_END.format(name='huber_loss')}"),
        _row("log_cosh", "LogCosh"),
        _row("cosine_similarity", "CosineSimilarity", "axis=-1"),
        _row("poisson", "Poisson"),
        _row("kl_divergence", "KLDivergence"),
        _row("hinge", "Hinge"),
        _row("squared_hinge", "SquaredHinge"),
        _row("categorical_hinge", "CategoricalHinge"),
        _row(
            "binary_crossentropy",
            "BinaryCrossentropy",
            "from_logits=False, label_smoothing=0.0, axis=-1",
        ),
        _row(
            "categorical_crossentropy",
            "CategoricalCrossentropy",
            "from_logits=False, label_smoothing=0.0, axis=-1",
        ),
        _row(
            "sparse_categorical_crossentropy",
            "SparseCategoricalCrossentropy",
            "from_logits=False, ignore_class=None, axis=-1",
            "from_logits=False, ignore_class=None, reduction='sum_over_batch_size', axis=-1, "
            "name='sparse_categorical_crossentropy', dtype=None",
        ),
        _row(
            "binary_focal_crossentropy",
            "BinaryFocalCrossentropy",
            f"apply_class_balancing=False, {_FOCAL}",
        ),
        _row("categorical_focal_crossentropy", "CategoricalFocalCrossentropy", _FOCAL),
        _row(
            "categorical_generalized_cross_entropy",
            "CategoricalGeneralizedCrossEntropy",
            "q=0.5",
        ),
        _row("ctc", "CTC"),
        _row(
            "circle",
            "Circle",
            "ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4",
            f"gamma=80.0, margin=0.4, remove_diagonal=True, {_END.format(name='circle')}",
        ),
        _row(
            "dice",
            "Dice",
            "axis=None",
            "reduction='sum_over_batch_size', name='dice', axis=None, dtype=None",
        ),
        _row(
            "tversky",
            "Tversky",
            "alpha=0.5, beta=0.5, axis=None",
            "alpha=0.5, beta=0.5, reduction='sum_over_batch_size', name='tversky', axis=None, "
            "dtype=None",
        ),
    ]
)
"""Every function of which there is a card."""


def orders(card: str, own: list[str]) -> tuple[list[str], list[str], Mapping[str, Parameter]]:
    """How a loss takes its parameters.

    Args:
        card: its name.
        own: the card's parameters.

    Returns:
        The function's, after targets and predictions; the constructor's that may be given by place;
        and those of Keras's constructor, if it has that loss.
    """
    row = ROWS.get(card)
    if row is None:
        return own, [*own, "reduction", "name", "dtype"], {}
    theirs, function = parameters(row.makes), list(row.parameters)[2:]
    return function + [n for n in own if n not in function], list(theirs), theirs
