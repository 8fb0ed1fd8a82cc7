"""Written by scripts/write_stubs.py from the loss cards: do not edit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor

from losskit.torch.functional import *
from losskit.torch.modules import *
from losskit.torch.own import Loss as Loss
from losskit.torch.own import get as get
from losskit.torch.sequence import *

_Reduction = Literal["mean", "sum", "none"]
_OnEmpty = Literal["zero", "nan"]

__all__: list[str]

class BinaryCrossentropy(Loss):
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class SparseCategoricalCrossentropy(Loss):
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s mixes in s / classes of every class;
        z_loss adds weight_y * z_loss * log(sum_j exp(z_j / temperature))^2
    """

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class NegativeLogLikelihood(Loss):
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class KLDivergence(Loss):
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class LogKLDivergence(Loss):
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class LogKLDivergenceWithLogTargets(Loss):
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class Poisson(Loss):
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p)                                 log_input: exp(p) - y * p
    """

    def __init__(self, log_input: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class Hinge(Loss):
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class SquaredHinge(Loss):
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class SoftMargin(Loss):
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class MarginRanking(Loss):
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

    def __init__(self, margin: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class CategoricalHinge(Loss):
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class MeanSquaredError(Loss):
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class MeanAbsoluteError(Loss):
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class RootMeanSquaredError(Loss):
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class Huber(Loss):
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

    def __init__(self, delta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class SmoothL1(Loss):
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

    def __init__(self, beta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class LogCosh(Loss):
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class MeanAbsolutePercentageError(Loss):
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

    def __init__(self, epsilon: float = 1e-07, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class MeanSquaredLogarithmicError(Loss):
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

class CosineSimilarity(Loss):
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> None: ...

def binary_crossentropy(input: Tensor, target: Tensor, *, from_logits: bool = False, label_smoothing: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

def categorical_crossentropy(input: Tensor, target: Tensor, *, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2
    """

def sparse_categorical_crossentropy(input: Tensor, target: Tensor, *, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s mixes in s / classes of every class;
        z_loss adds weight_y * z_loss * log(sum_j exp(z_j / temperature))^2
    """

def negative_log_likelihood(input: Tensor, target: Tensor, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

def kl_divergence(input: Tensor, target: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

def log_kl_divergence(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

def log_kl_divergence_with_log_targets(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

def poisson(input: Tensor, target: Tensor, *, log_input: bool = False, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p)                                 log_input: exp(p) - y * p
    """

def hinge(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

def squared_hinge(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

def soft_margin(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

def margin_ranking(input: Tensor, target: Tensor, *, margin: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

def categorical_hinge(input: Tensor, target: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

def mean_squared_error(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

def mean_absolute_error(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

def root_mean_squared_error(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

def huber(input: Tensor, target: Tensor, *, delta: float = 1.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

def smooth_l1(input: Tensor, target: Tensor, *, beta: float = 1.0, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

def log_cosh(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

def mean_absolute_percentage_error(input: Tensor, target: Tensor, *, epsilon: float = 1e-07, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

def mean_squared_logarithmic_error(input: Tensor, target: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

def cosine_similarity(input: Tensor, target: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Tensor:
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """
