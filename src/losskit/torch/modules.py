"""Modules with the names of `torch.nn`: PyTorch's own, with another forward.

They are subclasses, so constructor, buffers, `state_dict`, representation and `isinstance` are
PyTorch's.
"""

from __future__ import annotations

from torch import Tensor, nn

from losskit.torch import functional as F
from losskit.torch.sequence import Lengths, ctc_loss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class MSELoss(nn.MSELoss):
    """Mean squared error; see `torch.nn.MSELoss`, and `losskit.torch.mse_loss` for errors."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(nn.L1Loss):
    """Mean absolute error; see `torch.nn.L1Loss`, and `losskit.torch.l1_loss` for errors."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class HuberLoss(nn.HuberLoss):
    """Huber loss; see `torch.nn.HuberLoss`, and `losskit.torch.huber_loss` for errors."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class SmoothL1Loss(nn.SmoothL1Loss):
    """Smooth L1 loss; see `torch.nn.SmoothL1Loss`, and `losskit.torch.smooth_l1_loss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class PoissonNLLLoss(nn.PoissonNLLLoss):
    """Poisson negative log-likelihood; see `torch.nn.PoissonNLLLoss`."""

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """Softmax cross-entropy; see `torch.nn.CrossEntropyLoss`, and `losskit.torch.cross_entropy`.

    Args:
        axis: of the classes; 1, or 0 for an input of one dimension.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        *,
        axis: int | None = None,
        on_empty: str = "zero",
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction, label_smoothing)
        self.axis, self.on_empty = axis, on_empty

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            axis=self.axis,
            on_empty=self.on_empty,
        )


class NLLLoss(nn.NLLLoss):
    """Negative log-likelihood of labels; see `torch.nn.NLLLoss`, and `losskit.torch.nll_loss`.

    Args:
        axis: of the classes; 1, or 0 for an input of one dimension.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        *,
        axis: int | None = None,
        on_empty: str = "zero",
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction)
        self.axis, self.on_empty = axis, on_empty

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            axis=self.axis,
            on_empty=self.on_empty,
        )


class BCELoss(nn.BCELoss):
    """Binary cross-entropy of probabilities; see `torch.nn.BCELoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """Binary cross-entropy of logits; see `torch.nn.BCEWithLogitsLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
        )


class MultiLabelSoftMarginLoss(nn.MultiLabelSoftMarginLoss):
    """Binary cross-entropy, mean over the classes; see `torch.nn.MultiLabelSoftMarginLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class SoftMarginLoss(nn.SoftMarginLoss):
    """Logistic loss of scores; see `torch.nn.SoftMarginLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MarginRankingLoss(nn.MarginRankingLoss):
    """Hinge loss of a difference of scores; see `torch.nn.MarginRankingLoss`."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class KLDivLoss(nn.KLDivLoss):
    """Kullback-Leibler divergence of log-probabilities; see `torch.nn.KLDivLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class CTCLoss(nn.CTCLoss):
    """CTC loss of sequences of labels; see `torch.nn.CTCLoss`, and `losskit.torch.ctc_loss`."""

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Lengths,
        target_lengths: Lengths,
    ) -> Tensor:
        return ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )


class GaussianNLLLoss(nn.GaussianNLLLoss):
    """Gaussian negative log-likelihood; see `torch.nn.GaussianNLLLoss`."""

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class HingeEmbeddingLoss(nn.HingeEmbeddingLoss):
    """Distances of pairs that are alike or not; see `torch.nn.HingeEmbeddingLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """Cosines of pairs that are alike or not; see `torch.nn.CosineEmbeddingLoss`."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class TripletMarginLoss(nn.TripletMarginLoss):
    """A margin between two distances; see `torch.nn.TripletMarginLoss`."""

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(nn.TripletMarginWithDistanceLoss):
    """The same, with a distance of one's own; see `torch.nn.TripletMarginWithDistanceLoss`."""

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        given = self.distance_function
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=None if given is nn.functional.pairwise_distance else given,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class MultiMarginLoss(nn.MultiMarginLoss):
    """A margin over every other class; see `torch.nn.MultiMarginLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(nn.MultiLabelMarginLoss):
    """A margin of every true class over every other; see `torch.nn.MultiLabelMarginLoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


if hasattr(nn, "LinearCrossEntropyLoss"):  # from PyTorch 2.13 on

    class LinearCrossEntropyLoss(nn.LinearCrossEntropyLoss):
        """Cross-entropy of a linear layer; see `torch.nn.LinearCrossEntropyLoss`."""

        def forward(self, input: Tensor, target: Tensor) -> Tensor:
            layer, shape = self.linear, (self.num_classes, *self.out_features)
            return F.linear_cross_entropy(
                input,
                layer.weight.reshape(*shape, layer.in_features),
                target,
                linear_bias=None if layer.bias is None else layer.bias.reshape(shape),
                weight=self.weight,
                reduction=self.reduction,
                ignore_index=self.ignore_index,
                label_smoothing=self.label_smoothing,
                options=self.options,
            )

    __all__ += ["LinearCrossEntropyLoss"]
