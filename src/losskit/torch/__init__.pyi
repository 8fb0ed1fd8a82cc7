"""Written by scripts/write_stubs.py from the loss cards: do not edit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from losskit.torch.across import Across as Across
from losskit.torch.check import check_loss as check_loss
from losskit.torch.own import Loss as Loss
from losskit.torch.own import get as get

_Reduction = Literal["mean", "sum", "none"]
_OnEmpty = Literal["zero", "nan"]

__all__: list[str]

class BinaryCrossentropy(Loss):
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SparseCategoricalCrossentropy(Loss):
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class NegativeLogLikelihood(Loss):
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class NTXent(Loss):
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

    def __init__(self, temperature: float = 0.07, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class InfoNCE(Loss):
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

    def __init__(self, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Circle(Loss):
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, normalize: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class KLDivergence(Loss):
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class LogKLDivergence(Loss):
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class LogKLDivergenceWithLogTargets(Loss):
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class GeneralizedLogKLDivergence(Loss):
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class BinaryFocalCrossentropy(Loss):
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

    def __init__(self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CategoricalFocalCrossentropy(Loss):
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

    def __init__(self, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Poisson(Loss):
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

    def __init__(self, log_input: bool = False, full: bool = False, eps: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class GammaDeviance(Loss):
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

    def __init__(self, log_input: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class TweedieDeviance(Loss):
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

    def __init__(self, power: float = 1.5, log_input: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class GaussianNLL(Loss):
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

    def __init__(self, eps: float = 1e-06, full: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class LovaszHinge(Loss):
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class LovaszSoftmax(Loss):
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Hinge(Loss):
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SquaredHinge(Loss):
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SoftMargin(Loss):
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Perceptron(Loss):
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MarginRanking(Loss):
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

    def __init__(self, margin: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class HingeEmbedding(Loss):
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

    def __init__(self, margin: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CategoricalHinge(Loss):
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MultiMargin(Loss):
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

    def __init__(self, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MultiLabelMargin(Loss):
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MulticlassHinge(Loss):
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MulticlassPerceptron(Loss):
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SoftTversky(Loss):
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SoftDice(Loss):
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

    def __init__(self, smooth: float = 1.0, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Tversky(Loss):
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Dice(Loss):
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

    def __init__(self, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CategoricalGeneralizedCrossEntropy(Loss):
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

    def __init__(self, q: float = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Poly1Crossentropy(Loss):
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

    def __init__(self, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class RankingSoftmax(Loss):
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MeanSquaredError(Loss):
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MeanAbsoluteError(Loss):
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Quantile(Loss):
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

    def __init__(self, quantile: float = 0.5, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class RootMeanSquaredError(Loss):
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Huber(Loss):
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

    def __init__(self, delta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class SmoothL1(Loss):
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

    def __init__(self, beta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class LogCosh(Loss):
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MeanAbsolutePercentageError(Loss):
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

    def __init__(self, epsilon: float = 1e-07, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class MeanSquaredLogarithmicError(Loss):
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CTC(Loss):
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

    def __init__(self, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CosineSimilarity(Loss):
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CosineEmbedding(Loss):
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

    def __init__(self, margin: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class PairwiseDistance(Loss):
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

    def __init__(self, norm: float = 2.0, eps: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class TripletMargin(Loss):
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

    def __init__(self, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class BinarySparsemax(Loss):
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class Sparsemax(Loss):
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

class CoxPartialLikelihood(Loss):
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """

    def __init__(self, ties: str = 'efron', axis: int = 0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> None: ...

def binary_crossentropy(input: Tensor, y_true: Tensor, *, from_logits: bool = False, label_smoothing: float = 0.0, pos_weight: Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

def categorical_crossentropy(input: Tensor, y_true: Tensor, *, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

def sparse_categorical_crossentropy(input: Tensor, y_true: Tensor, *, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

def negative_log_likelihood(input: Tensor, y_true: Tensor, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

def nt_xent(input: Tensor, y_true: Tensor, *, temperature: float = 0.07, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

def info_nce(query: Tensor, key: Tensor, *, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

def circle(input: Tensor, y_true: Tensor, *, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, normalize: bool = False, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

def kl_divergence(input: Tensor, y_true: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

def log_kl_divergence(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

def log_kl_divergence_with_log_targets(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

def generalized_log_kl_divergence(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

def binary_focal_crossentropy(input: Tensor, y_true: Tensor, *, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

def categorical_focal_crossentropy(input: Tensor, y_true: Tensor, *, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

def poisson(input: Tensor, y_true: Tensor, *, log_input: bool = False, full: bool = False, eps: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

def gamma_deviance(input: Tensor, y_true: Tensor, *, log_input: bool = False, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

def tweedie_deviance(input: Tensor, y_true: Tensor, *, power: float = 1.5, log_input: bool = False, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

def gaussian_nll(input: Tensor, y_true: Tensor, variance: Tensor, *, eps: float = 1e-06, full: bool = False, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

def lovasz_hinge(input: Tensor, y_true: Tensor, *, axis: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def lovasz_softmax(input: Tensor, y_true: Tensor, *, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def hinge(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

def squared_hinge(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

def soft_margin(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

def perceptron(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

def margin_ranking(input: Tensor, y_true: Tensor, *, margin: float = 0.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

def hinge_embedding(input: Tensor, y_true: Tensor, *, margin: float = 1.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

def categorical_hinge(input: Tensor, y_true: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

def multi_margin(input: Tensor, y_true: Tensor, *, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

def multi_label_margin(input: Tensor, y_true: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

def multiclass_hinge(input: Tensor, y_true: Tensor, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

def multiclass_perceptron(input: Tensor, y_true: Tensor, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

def soft_tversky(input: Tensor, y_true: Tensor, *, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

def soft_dice(input: Tensor, y_true: Tensor, *, smooth: float = 1.0, axis: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

def tversky(input: Tensor, y_true: Tensor, *, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

def dice(input: Tensor, y_true: Tensor, *, axis: int | Sequence[int] | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

def categorical_generalized_cross_entropy(input: Tensor, y_true: Tensor, *, q: float = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

def poly1_crossentropy(input: Tensor, y_true: Tensor, *, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

def ranking_softmax(input: Tensor, y_true: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

def mean_squared_error(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

def mean_absolute_error(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

def quantile(input: Tensor, y_true: Tensor, *, quantile: float = 0.5, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

def root_mean_squared_error(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

def huber(input: Tensor, y_true: Tensor, *, delta: float = 1.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

def smooth_l1(input: Tensor, y_true: Tensor, *, beta: float = 1.0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

def log_cosh(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

def mean_absolute_percentage_error(input: Tensor, y_true: Tensor, *, epsilon: float = 1e-07, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

def mean_squared_logarithmic_error(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

def ctc(input: Tensor, y_true: Tensor, *, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, frames: Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

def cosine_similarity(input: Tensor, y_true: Tensor, *, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

def cosine_embedding(first: Tensor, second: Tensor, y_true: Tensor, *, margin: float = 0.0, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

def pairwise_distance(input: Tensor, y_true: Tensor, *, norm: float = 2.0, eps: float = 0.0, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

def triplet_margin(anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

def binary_sparsemax(input: Tensor, y_true: Tensor, *, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

def sparsemax(input: Tensor, y_true: Tensor, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Tensor | None = None, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

def cox_partial_likelihood(time: Tensor, event: Tensor, score: Tensor, *, ties: str = 'efron', axis: int = 0, weight: Tensor | None = None, mask: Tensor | None = None, num_items: float | Tensor | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", across: Across | None = None) -> Tensor:
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """

def mse_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', weight: Tensor | None = None, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Mean of the squared errors (MSE, L2 loss).

    As `torch.nn.functional.mse_loss`. The formula is that of `mean_squared_error`: see ``losskit show mean_squared_error``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        weight: per element, broadcast to the input.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class MSELoss(nn.MSELoss):
    """As `torch.nn.MSELoss`; see `losskit.torch.mse_loss`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', weight: Tensor | None = None, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Mean of the absolute errors (MAE, L1 loss).

    As `torch.nn.functional.l1_loss`. The formula is that of `mean_absolute_error`: see ``losskit show mean_absolute_error``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        weight: per element, broadcast to the input.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class L1Loss(nn.L1Loss):
    """As `torch.nn.L1Loss`; see `losskit.torch.l1_loss`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def huber_loss(input: Tensor, target: Tensor, reduction: str = 'mean', delta: float = 1.0, weight: Tensor | None = None, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Huber loss: squared for small errors, absolute for large ones.

    As `torch.nn.functional.huber_loss`. The formula is that of `huber`: see ``losskit show huber``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        reduction: "mean", "sum" or "none".
        delta: error at which the loss turns from squared to linear, in the target's unit.
        weight: per element, broadcast to the input.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class HuberLoss(nn.HuberLoss):
    """As `torch.nn.HuberLoss`; see `losskit.torch.huber_loss`."""

    def __init__(self, reduction: str = 'mean', delta: float = 1.0, *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def smooth_l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', beta: float = 1.0, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Smooth L1 loss: absolute, rounded off near zero error.

    As `torch.nn.functional.smooth_l1_loss`. The formula is that of `smooth_l1`: see ``losskit show smooth_l1``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        beta: error at which the loss turns from squared to absolute, in the target's unit.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class SmoothL1Loss(nn.SmoothL1Loss):
    """As `torch.nn.SmoothL1Loss`; see `losskit.torch.smooth_l1_loss`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', beta: float = 1.0, *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: bool | None = None, eps: float = 1e-08, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

    As `torch.nn.functional.poisson_nll_loss`. The formula is that of `poisson`: see ``losskit show poisson``.

    Args:
        input: the logarithm of the rate, or the rate.
        target: counts, in the input's shape.
        log_input: whether predictions are logarithms of the rate.
        full: whether Stirling's approximation of log(target!) is added.
        size_average: older form of ``reduction``.
        eps: added to a rate under its logarithm.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class PoissonNLLLoss(nn.PoissonNLLLoss):
    """As `torch.nn.PoissonNLLLoss`; see `losskit.torch.poisson_nll_loss`."""

    def __init__(self, log_input: bool = True, full: bool = False, size_average: bool | None = None, eps: float = 1e-08, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def gaussian_nll_loss(input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-06, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

    As `torch.nn.functional.gaussian_nll_loss`. The formula is that of `gaussian_nll`: see ``losskit show gaussian_nll``.

    Args:
        input: means, of any shape.
        target: targets, in the input's shape.
        var: variances >= 0: in the input's shape, or with a last (or one other) dimension
            of length 1, or without the last, or one number.
        full: whether log(2 pi) / 2 is added.
        eps: least variance; below it the variance has no gradient.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class GaussianNLLLoss(nn.GaussianNLLLoss):
    """As `torch.nn.GaussianNLLLoss`; see `losskit.torch.gaussian_nll_loss`."""

    def __init__(self, *, full: bool = False, eps: float = 1e-06, reduction: str = 'mean', on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int | None = -100, reduce: bool | None = None, reduction: str = 'mean', label_smoothing: float = 0.0, *, axis: int | None = None, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Softmax cross-entropy of labels, or of probabilities of the classes.

    As `torch.nn.functional.cross_entropy`. The formula is that of `sparse_categorical_crossentropy`: see ``losskit show sparse_categorical_crossentropy``.

    Args:
        input: logits, (C), (N, C) or (N, C, d1, ...).
        target: labels, in the input's shape without the classes, or probabilities in its
            shape.
        weight: per class, (C).
        size_average: older form of ``reduction``.
        ignore_index: label that does not count.
        reduce: older form of ``reduction``.
        reduction: "mean" (over the items that count; by their weights, with labels), "sum",
            "none".
        label_smoothing: share of the target spread evenly over the classes.
        axis: of the classes; 1, or 0 for an input of one dimension.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class CrossEntropyLoss(nn.CrossEntropyLoss):
    """As `torch.nn.CrossEntropyLoss`; see `losskit.torch.cross_entropy`."""

    def __init__(self, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int | None = -100, reduce: bool | None = None, reduction: str = 'mean', label_smoothing: float = 0.0, *, axis: int | None = None, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int | None = -100, reduce: bool | None = None, reduction: str = 'mean', *, axis: int | None = None, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Negative log-likelihood of integer labels, from log-probabilities.

    As `torch.nn.functional.nll_loss`. The formula is that of `negative_log_likelihood`: see ``losskit show negative_log_likelihood``.

    Args:
        input: log-probabilities, (C), (N, C) or (N, C, d1, ...).
        target: labels, in the input's shape without the classes.
        weight: per class, (C).
        size_average: older form of ``reduction``.
        ignore_index: label that does not count.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        axis: of the classes; 1, or 0 for an input of one dimension.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class NLLLoss(nn.NLLLoss):
    """As `torch.nn.NLLLoss`; see `losskit.torch.nll_loss`."""

    def __init__(self, weight: Tensor | None = None, size_average: bool | None = None, ignore_index: int | None = -100, reduce: bool | None = None, reduction: str = 'mean', *, axis: int | None = None, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

    As `torch.nn.functional.binary_cross_entropy`. The formula is that of `binary_crossentropy`: see ``losskit show binary_crossentropy``.

    Args:
        input: probabilities, of any shape.
        target: probabilities (0 and 1, mostly), in the input's shape.
        weight: per element, broadcast to the input; a mean divides by the number of
            elements.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class BCELoss(nn.BCELoss):
    """As `torch.nn.BCELoss`; see `losskit.torch.binary_cross_entropy`."""

    def __init__(self, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', pos_weight: Tensor | None = None, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

    As `torch.nn.functional.binary_cross_entropy_with_logits`. The formula is that of `binary_crossentropy`: see ``losskit show binary_crossentropy``.

    Args:
        input: logits, of any shape.
        target: probabilities (0 and 1, mostly), in the input's shape.
        weight: per element, broadcast to the input.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        pos_weight: what the part of a target that is 1 is multiplied by, broadcast to the
            input.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """As `torch.nn.BCEWithLogitsLoss`; see `losskit.torch.binary_cross_entropy_with_logits`."""

    def __init__(self, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', pos_weight: Tensor | None = None, *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """The mean over the classes (the last axis) of the binary cross-entropies of logits.

    As `torch.nn.functional.multilabel_soft_margin_loss`. The formula is that of `binary_crossentropy`: see ``losskit show binary_crossentropy``.

    Args:
        input: logits, (N, C) or (C).
        target: 0 and 1, in the input's shape.
        weight: per class.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class MultiLabelSoftMarginLoss(nn.MultiLabelSoftMarginLoss):
    """As `torch.nn.MultiLabelSoftMarginLoss`; see `losskit.torch.multilabel_soft_margin_loss`."""

    def __init__(self, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def kl_div(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', log_target: bool = False, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

    As `torch.nn.functional.kl_div`. The formula is that of `log_kl_divergence`: see ``losskit show log_kl_divergence``.

    Args:
        input: log-probabilities, of any shape.
        target: probabilities in the input's shape, or their logarithms.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "batchmean" (the sum divided by the first dimension: the divergence),
            "mean" (over all elements), "sum" or "none".
        log_target: whether the target holds logarithms.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class KLDivLoss(nn.KLDivLoss):
    """As `torch.nn.KLDivLoss`; see `losskit.torch.kl_div`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', log_target: bool = False, *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def soft_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

    As `torch.nn.functional.soft_margin_loss`. The formula is that of `soft_margin`: see ``losskit show soft_margin``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class SoftMarginLoss(nn.SoftMarginLoss):
    """As `torch.nn.SoftMarginLoss`; see `losskit.torch.soft_margin_loss`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

    As `torch.nn.functional.hinge_embedding_loss`. The formula is that of `hinge_embedding`: see ``losskit show hinge_embedding``.

    Args:
        input: predictions, of any shape.
        target: targets, in the input's shape.
        margin: distance from which on unlike pairs cost nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class HingeEmbeddingLoss(nn.HingeEmbeddingLoss):
    """As `torch.nn.HingeEmbeddingLoss`; see `losskit.torch.hinge_embedding_loss`."""

    def __init__(self, margin: float = 1.0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """max(margin - target * (input1 - input2), 0): one of two scores should be the higher.

    As `torch.nn.functional.margin_ranking_loss`. The formula is that of `margin_ranking`: see ``losskit show margin_ranking``.

    Args:
        input1: scores.
        input2: in that shape.
        target: 1 where the first should be higher, -1 where the second.
        margin: by how much the right score must lead to cost nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class MarginRankingLoss(nn.MarginRankingLoss):
    """As `torch.nn.MarginRankingLoss`; see `losskit.torch.margin_ranking_loss`."""

    def __init__(self, margin: float = 0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

    As `torch.nn.functional.cosine_embedding_loss`. The formula is that of `cosine_embedding`: see ``losskit show cosine_embedding``.

    Args:
        input1: vectors, (N, D) or (D).
        input2: in the same shape.
        target: 1 for vectors that are alike, -1 for others: (N) or ().
        margin: cosine up to which unlike pairs cost nothing.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """As `torch.nn.CosineEmbeddingLoss`; see `losskit.torch.cosine_embedding_loss`."""

    def __init__(self, margin: float = 0, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def multi_margin_loss(input: Tensor, target: Tensor, p: float = 1, margin: float = 1.0, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

    As `torch.nn.functional.multi_margin_loss`. The formula is that of `multi_margin`: see ``losskit show multi_margin``.

    Args:
        input: scores, (N, C) or (C).
        target: labels, (N) or ().
        p: 1, or 2 for the square of what is missing.
        margin: by how much the true class must lead.
        weight: per class, (C); a mean divides by the number of items all the same.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class MultiMarginLoss(nn.MultiMarginLoss):
    """As `torch.nn.MultiMarginLoss`; see `losskit.torch.multi_margin_loss`."""

    def __init__(self, p: float = 1, margin: float = 1.0, weight: Tensor | None = None, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def multilabel_margin_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """What the true classes lack to lead all others by 1, added up, over the number of classes.

    As `torch.nn.functional.multilabel_margin_loss`. The formula is that of `multi_label_margin`: see ``losskit show multi_label_margin``.

    Args:
        input: scores, (N, C) or (C).
        target: the true classes' labels, in the input's shape; the first -1 ends the list.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class MultiLabelMarginLoss(nn.MultiLabelMarginLoss):
    """As `torch.nn.MultiLabelMarginLoss`; see `losskit.torch.multilabel_margin_loss`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-06, swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

    As `torch.nn.functional.triplet_margin_loss`. The formula is that of `triplet_margin`: see ``losskit show triplet_margin``.

    Args:
        anchor: vectors, (N, D) or (D).
        positive: in the same shape: what should be near.
        negative: in the same shape: what should be far.
        margin: by how much farther the negative is to lie than the positive.
        p: exponent of the norm.
        eps: what is added to every difference.
        swap: whether the negative's distance to the positive counts, where it is smaller.
        size_average: older form of ``reduction``.
        reduce: older form of ``reduction``.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class TripletMarginLoss(nn.TripletMarginLoss):
    """As `torch.nn.TripletMarginLoss`; see `losskit.torch.triplet_margin_loss`."""

    def __init__(self, margin: float = 1.0, p: float = 2, eps: float = 1e-06, swap: bool = False, size_average: bool | None = None, reduce: bool | None = None, reduction: str = 'mean', *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0, swap: bool = False, reduction: str = 'mean', on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """The triplet loss with a distance of one's own.

    As `torch.nn.functional.triplet_margin_with_distance_loss`.

    Args:
        anchor: vectors.
        positive: in the same shape: what should be near.
        negative: in the same shape: what should be far.
        distance_function: of two such arrays, the distances; None: Euclidean, with eps of
            1e-6.
        margin: by how much farther.
        swap: whether the positive's distance to the negative counts, where it is the
            smaller one.
        reduction: "mean", "sum" or "none".
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class TripletMarginWithDistanceLoss(nn.TripletMarginWithDistanceLoss):
    """As `torch.nn.TripletMarginWithDistanceLoss`; see `losskit.torch.triplet_margin_with_distance_loss`."""

    def __init__(self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0, swap: bool = False, reduction: str = 'mean', on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Tensor | Sequence[int], target_lengths: Tensor | Sequence[int], blank: int = 0, reduction: str = 'mean', zero_infinity: bool = False, *, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """CTC (connectionist temporal classification): labels without their times.

    As `torch.nn.functional.ctc_loss`. The formula is that of `ctc`: see ``losskit show ctc``.

    Args:
        log_probs: log-probabilities, (frames, batch, classes), or (frames, classes) of one
            sequence; -inf for what is ruled out.
        targets: labels, (batch, longest), or one after the other in one dimension.
        input_lengths: of each sequence of frames.
        target_lengths: of each sequence of labels.
        blank: the class that stands for no label.
        reduction: "mean" (of the losses, each divided by the length of its target), "sum",
            "none".
        zero_infinity: whether the loss is 0 where no alignment is possible; its gradient is
            0 there in any case.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class CTCLoss(nn.CTCLoss):
    """As `torch.nn.CTCLoss`; see `losskit.torch.ctc_loss`."""

    def __init__(self, blank: int = 0, reduction: str = 'mean', zero_infinity: bool = False, *, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...

def linear_cross_entropy(input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None, weight: Tensor | None = None, reduction: str = 'mean', ignore_index: int | None = None, label_smoothing: float = 0.0, options: object = None, on_empty: _OnEmpty = 'zero', across: Across | None = None, num_items: float | Tensor | None = None) -> Tensor:
    """Softmax cross-entropy of a linear layer's output.

    As `torch.nn.functional.linear_cross_entropy`.

    Args:
        input: (F) or (N, F).
        linear_weight: (C, F), or (C, d1, ..., F) for an input of two dimensions.
        target: labels, () or (N, d1, ...), or probabilities, (C) or (N, C, d1, ...).
        linear_bias: (C) or (C, d1, ...).
        weight: per class, (C).
        reduction: "mean", "sum" or "none".
        ignore_index: label that does not count; None: -100.
        label_smoothing: share of the target spread evenly over the classes.
        options: any `torch.nn.LinearCrossEntropyOptions`: logits of a part of the batch at
            a time, made again in the backward pass, so that never more lie in memory than
            the input has.
        on_empty: the mean of no item: "zero" (with zero gradient) or "nan".
        across: `losskit.torch.Across` where other processes have the other parts of a
            batch.
        num_items: what a mean divides by, if not by what it finds: the count of the whole
            of which this is a part, so that the parts' values and gradients add up to the
            whole's.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

class LinearCrossEntropyLoss(nn.LinearCrossEntropyLoss):
    """As `torch.nn.LinearCrossEntropyLoss`; see `losskit.torch.linear_cross_entropy`."""

    def __init__(self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (), bias: bool = False, device: Any = None, dtype: Any = None, reduction: str = 'mean', weight: Tensor | None = None, ignore_index: int | None = None, label_smoothing: float = 0.0, options: object = None, on_empty: _OnEmpty = 'zero', across: Across | None = None) -> None: ...
