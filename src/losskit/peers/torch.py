"""The losses of PyTorch: functions of `torch.nn.functional`, modules of `torch.nn`."""

from __future__ import annotations

from dataclasses import replace

from losskit.peers.row import Row, by_name

_OLD = "size_average=None, reduce=None, reduction='mean'"
"""PyTorch's reduction, and its two older forms."""
_PAIR = f"input, target, {_OLD}"
_OURS = "on_empty='zero', across=None"
"""What every loss takes besides, by name; and `num_items`, which of a module is of the call."""


def _with_ours(row: Row) -> Row:
    takes, makes = (
        text and f"{text}, {'' if '*' in text else '*, '}{_OURS}" for text in (row.takes, row.makes)
    )
    return replace(row, takes=f"{takes}, num_items=None", makes=makes)


ROWS = by_name(
    _with_ours(row)
    for row in [
        Row(
            "mse_loss",
            "mean_squared_error",
            f"{_PAIR}, weight=None",
            "MSELoss",
            makes=_OLD,
            form="by weights",
            exact=True,
        ),
        Row(
            "l1_loss",
            "mean_absolute_error",
            f"{_PAIR}, weight=None",
            "L1Loss",
            makes=_OLD,
            form="by weights",
        ),
        Row(
            "huber_loss",
            "huber",
            "input, target, reduction='mean', delta=1.0, weight=None",
            "HuberLoss",
            makes="reduction='mean', delta=1.0",
            exact=True,
        ),
        Row(
            "smooth_l1_loss",
            "smooth_l1",
            f"{_PAIR}, beta=1.0",
            "SmoothL1Loss",
            instead=("beta", 0, "mean_absolute_error"),
            exact=True,
        ),
        Row(
            "poisson_nll_loss",
            "poisson",
            "input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, "
            "reduction='mean'",
            "PoissonNLLLoss",
            words="""
                input: the logarithm of the rate, or the rate
                target: counts, in the input's shape
                full: whether Stirling's approximation of log(target!) is added
                eps: added to a rate under its logarithm
            """,
        ),
        Row(
            "gaussian_nll_loss",
            "gaussian_nll",
            "input, target, var, full=False, eps=1e-6, reduction='mean'",
            "GaussianNLLLoss",
            makes="*, full=False, eps=1e-6, reduction='mean'",
            form="made",
            words="""
                input: means, of any shape
                var: variances >= 0: in the input's shape, or with a last (or one
                    other) dimension of length 1, or without the last, or one number
                eps: least variance; below it the variance has no gradient
                full: whether log(2 pi) / 2 is added
            """,
        ),
        Row(
            "cross_entropy",
            "sparse_categorical_crossentropy",
            "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, "
            "reduction='mean', label_smoothing=0.0, *, axis=None",
            "CrossEntropyLoss",
            given={"from_logits": True},
            named={"ignore_class": "ignore_index"},
            dense="categorical_crossentropy",
            form="whole",
            by_weights=True,
            doc="Softmax cross-entropy of labels, or of probabilities of the classes.",
            words="""
                input: logits, (C), (N, C) or (N, C, d1, ...)
                target: labels, in the input's shape without the classes, or
                    probabilities in its shape
                weight: per class, (C)
                ignore_index: label that does not count
                reduction: "mean" (over the items that count; by their weights, with
                    labels), "sum", "none"
                axis: of the classes; 1, or 0 for an input of one dimension
            """,
        ),
        Row(
            "nll_loss",
            "negative_log_likelihood",
            "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, "
            "reduction='mean', *, axis=None",
            "NLLLoss",
            named={"ignore_class": "ignore_index"},
            form="whole",
            by_weights=True,
            words="""
                input: log-probabilities, (C), (N, C) or (N, C, d1, ...)
                target: labels, in the input's shape without the classes
                weight: per class, (C)
                ignore_index: label that does not count
                axis: of the classes; 1, or 0 for an input of one dimension
            """,
        ),
        Row(
            "binary_cross_entropy",
            "binary_crossentropy",
            f"input, target, weight=None, {_OLD}",
            "BCELoss",
            words="""
                input: probabilities, of any shape
                target: probabilities (0 and 1, mostly), in the input's shape
                weight: per element, broadcast to the input; a mean divides by the
                    number of elements
            """,
        ),
        Row(
            "binary_cross_entropy_with_logits",
            "binary_crossentropy",
            f"input, target, weight=None, {_OLD}, pos_weight=None",
            "BCEWithLogitsLoss",
            given={"from_logits": True},
            form="made",
            words="""
                input: logits, of any shape
                target: probabilities (0 and 1, mostly), in the input's shape
                pos_weight: what the part of a target that is 1 is multiplied by,
                    broadcast to the input
            """,
        ),
        Row(
            "multilabel_soft_margin_loss",
            "binary_crossentropy",
            f"input, target, weight=None, {_OLD}",
            "MultiLabelSoftMarginLoss",
            given={"from_logits": True},
            form="made",
            doc=(
                "The mean over the classes (the last axis) of the binary cross-entropies of logits."
            ),
            words="""
                input: logits, (N, C) or (C)
                target: 0 and 1, in the input's shape
                weight: per class
            """,
        ),
        Row(
            "kl_div",
            "log_kl_divergence",
            f"{_PAIR}, log_target=False",
            "KLDivLoss",
            instead=("log_target", True, "log_kl_divergence_with_log_targets"),
            form="made",
            words="""
                input: log-probabilities, of any shape
                target: probabilities in the input's shape, or their logarithms
                reduction: "batchmean" (the sum divided by the first dimension: the
                    divergence), "mean" (over all elements), "sum" or "none"
                log_target: whether the target holds logarithms
            """,
        ),
        Row("soft_margin_loss", "soft_margin", _PAIR, "SoftMarginLoss"),
        Row(
            "hinge_embedding_loss",
            "hinge_embedding",
            f"input, target, margin=1.0, {_OLD}",
            "HingeEmbeddingLoss",
        ),
        Row(
            "margin_ranking_loss",
            "margin_ranking",
            f"input1, input2, target, margin=0, {_OLD}",
            "MarginRankingLoss",
            form="made",
            doc=(
                "max(margin - target * (input1 - input2), 0): one of two scores should be the "
                "higher."
            ),
            words="""
                input1: scores
                input2: in that shape
                target: 1 where the first should be higher, -1 where the second
            """,
        ),
        Row(
            "cosine_embedding_loss",
            "cosine_embedding",
            f"input1, input2, target, margin=0, {_OLD}",
            "CosineEmbeddingLoss",
            words="""
                input1: vectors, (N, D) or (D)
                input2: in the same shape
                target: 1 for vectors that are alike, -1 for others: (N) or ()
            """,
        ),
        Row(
            "multi_margin_loss",
            "multi_margin",
            f"input, target, p=1, margin=1.0, weight=None, {_OLD}",
            "MultiMarginLoss",
            named={"power": "p"},
            form="made",
            words="""
                input: scores, (N, C) or (C)
                target: labels, (N) or ()
                weight: per class, (C); a mean divides by the number of items all
                    the same
            """,
        ),
        Row(
            "multilabel_margin_loss",
            "multi_label_margin",
            _PAIR,
            "MultiLabelMarginLoss",
            form="made",
            lists=True,
            doc=(
                "What the true classes lack to lead all others by 1, added up, over the number of "
                "classes."
            ),
            words="""
                input: scores, (N, C) or (C)
                target: the true classes' labels, in the input's shape; the first -1
                    ends the list
            """,
        ),
        Row(
            "triplet_margin_loss",
            "triplet_margin",
            f"anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, {_OLD}",
            "TripletMarginLoss",
            named={"norm": "p"},
            form="made",
            words="""
                anchor: vectors, (N, D) or (D)
                positive: in the same shape: what should be near
                negative: in the same shape: what should be far
            """,
        ),
        Row(
            "triplet_margin_with_distance_loss",
            "",
            "anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, "
            "reduction='mean'",
            "TripletMarginWithDistanceLoss",
            makes="*, distance_function=None, margin=1.0, swap=False, reduction='mean'",
            form="whole",
            doc="The triplet loss with a distance of one's own.",
            words="""
                anchor: vectors
                positive: in the same shape: what should be near
                negative: in the same shape: what should be far
                distance_function: of two such arrays, the distances; None:
                    Euclidean, with eps of 1e-6
                margin: by how much farther
                swap: whether the positive's distance to the negative counts, where
                    it is the smaller one
            """,
        ),
        Row(
            "ctc_loss",
            "ctc",
            "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', "
            "zero_infinity=False",
            "CTCLoss",
            given={"from_logits": False},
            form="made",
            doc="CTC (connectionist temporal classification): labels without their times.",
            words="""
                log_probs: log-probabilities, (frames, batch, classes), or (frames,
                    classes) of one sequence; -inf for what is ruled out
                targets: labels, (batch, longest), or one after the other in one
                    dimension
                input_lengths: of each sequence of frames
                target_lengths: of each sequence of labels
                blank: the class that stands for no label
                reduction: "mean" (of the losses, each divided by the length of its
                    target), "sum", "none"
                zero_infinity: whether the loss is 0 where no alignment is possible;
                    its gradient is 0 there in any case
            """,
        ),
        Row(
            "linear_cross_entropy",
            "",
            "input, linear_weight, target, *, linear_bias=None, weight=None, reduction='mean', "
            "ignore_index=None, label_smoothing=0.0, options=None",
            "LinearCrossEntropyLoss",
            makes="in_features, num_classes, *, out_features=(), bias=False, device=None, "
            "dtype=None, reduction='mean', weight=None, ignore_index=None, label_smoothing=0.0, "
            "options=None",
            form="whole",
            doc="Softmax cross-entropy of a linear layer's output.",
            words="""
                input: (F) or (N, F)
                linear_weight: (C, F), or (C, d1, ..., F) for an input of two
                    dimensions
                target: labels, () or (N, d1, ...), or probabilities, (C) or (N, C,
                    d1, ...)
                linear_bias: (C) or (C, d1, ...)
                weight: per class, (C)
                ignore_index: label that does not count; None: -100
                label_smoothing: share of the target spread evenly over the classes
                options: any `torch.nn.LinearCrossEntropyOptions`: logits of a part
                    of the batch at a time, made again in the backward pass, so that
                    never more lie in memory than the input has
            """,
        ),
    ]
)
"""Every function, and the module that calls it."""

WORDS = {
    "input": "predictions, of any shape",
    "target": "targets, in the input's shape",
    "weight": "per element, broadcast to the input",
    "size_average": "older form of ``reduction``",
    "reduce": "older form of ``reduction``",
    "reduction": '"mean", "sum" or "none"',
    "on_empty": 'the mean of no item: "zero" (with zero gradient) or "nan"',
    "num_items": "what a mean divides by, if not by what it finds: the count of the whole of which "
    "this is a part, so that the parts' values and gradients add up to the whole's",
    "across": "`losskit.torch.Across` where other processes have the other parts of a batch",
}
"""What arguments of these names mean."""

MODULES = {row.module: row for row in ROWS.values()} | {"NLLLoss2d": ROWS["nll_loss"]}
"""The row of each module."""

ALSO = {
    **dict.fromkeys(
        ("triplet_margin_with_distance_loss", "TripletMarginWithDistanceLoss"), "triplet_margin"
    ),
    "NLLLoss2d": "negative_log_likelihood",
}
"""Names of what is no card's, or takes other arrays than its card: which loss it is a form of."""
