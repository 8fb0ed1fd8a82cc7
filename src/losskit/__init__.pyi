"""Written by scripts/write_stubs.py from the loss cards: do not edit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike

from losskit import metrics as metrics
from losskit import native as native
from losskit.activations import log_softmax as log_softmax
from losskit.checks import check as check
from losskit.define import loss as loss
from losskit.native import get_num_threads as get_num_threads
from losskit.native import set_num_threads as set_num_threads
from losskit.numpy import Loss as Loss
from losskit.numpy import _Several
from losskit.numpy import get as get

_Reduction = Literal["mean", "sum", "none", "sum_over_batch_size", "mean_with_sample_weight"] | None
_OnEmpty = Literal["zero", "nan", "raise"]

__version__: str
__all__: list[str]

class BinaryCrossentropy(Loss):
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SparseCategoricalCrossentropy(Loss):
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class NegativeLogLikelihood(Loss):
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class NTXent(Loss):
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

    def __init__(self, temperature: float = 0.07, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class InfoNCE(Loss):
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

    def __init__(self, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Circle(Loss):
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, normalize: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class KLDivergence(Loss):
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class LogKLDivergence(Loss):
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class LogKLDivergenceWithLogTargets(Loss):
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class GeneralizedLogKLDivergence(Loss):
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class BinaryFocalCrossentropy(Loss):
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

    def __init__(self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CategoricalFocalCrossentropy(Loss):
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

    def __init__(self, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Poisson(Loss):
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

    def __init__(self, log_input: bool = False, full: bool = False, eps: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class GammaDeviance(Loss):
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

    def __init__(self, log_input: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class TweedieDeviance(Loss):
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

    def __init__(self, power: float = 1.5, log_input: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class GaussianNLL(_Several):
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

    def __init__(self, eps: float = 1e-06, full: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class LovaszHinge(Loss):
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class LovaszSoftmax(Loss):
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Hinge(Loss):
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SquaredHinge(Loss):
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SoftMargin(Loss):
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Perceptron(Loss):
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MarginRanking(Loss):
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

    def __init__(self, margin: float = 0.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class HingeEmbedding(Loss):
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

    def __init__(self, margin: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CategoricalHinge(Loss):
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MultiMargin(Loss):
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

    def __init__(self, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MultiLabelMargin(Loss):
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MulticlassHinge(Loss):
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MulticlassPerceptron(Loss):
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SoftTversky(Loss):
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SoftDice(Loss):
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

    def __init__(self, smooth: float = 1.0, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Tversky(Loss):
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Dice(Loss):
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

    def __init__(self, axis: int | Sequence[int] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CategoricalGeneralizedCrossEntropy(Loss):
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

    def __init__(self, q: float = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Poly1Crossentropy(Loss):
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

    def __init__(self, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class RankingSoftmax(Loss):
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MeanSquaredError(Loss):
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MeanAbsoluteError(Loss):
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Quantile(Loss):
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

    def __init__(self, quantile: float = 0.5, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class RootMeanSquaredError(Loss):
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Huber(Loss):
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

    def __init__(self, delta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class SmoothL1(Loss):
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

    def __init__(self, beta: float = 1.0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class LogCosh(Loss):
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MeanAbsolutePercentageError(Loss):
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

    def __init__(self, epsilon: float = 1e-07, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class MeanSquaredLogarithmicError(Loss):
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CTC(Loss):
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

    def __init__(self, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CosineSimilarity(Loss):
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

    def __init__(self, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CosineEmbedding(_Several):
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

    def __init__(self, margin: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class PairwiseDistance(Loss):
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

    def __init__(self, norm: float = 2.0, eps: float = 0.0, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class TripletMargin(_Several):
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

    def __init__(self, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class BinarySparsemax(Loss):
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

    def __init__(self, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class Sparsemax(Loss):
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

class CoxPartialLikelihood(_Several):
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """

    def __init__(self, ties: str = 'efron', axis: int = 0, *, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero", name: str | None = None) -> None: ...

def binary_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, from_logits: bool = False, label_smoothing: float = 0.0, pos_weight: ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

def categorical_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

def sparse_categorical_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

def negative_log_likelihood(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

def nt_xent(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, temperature: float = 0.07, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

def info_nce(query: ArrayLike, key: ArrayLike, sample_weight: ArrayLike | None = None, *, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

def circle(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, normalize: bool = False, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

def log_kl_divergence(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

def log_kl_divergence_with_log_targets(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

def generalized_log_kl_divergence(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

def binary_focal_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

def categorical_focal_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

def poisson(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, log_input: bool = False, full: bool = False, eps: float = 0.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

def gamma_deviance(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, log_input: bool = False, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

def tweedie_deviance(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, power: float = 1.5, log_input: bool = False, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

def gaussian_nll(y_true: ArrayLike, y_pred: ArrayLike, variance: ArrayLike, sample_weight: ArrayLike | None = None, *, eps: float = 1e-06, full: bool = False, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

def lovasz_hinge(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def lovasz_softmax(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def hinge(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

def soft_margin(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

def perceptron(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

def margin_ranking(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, margin: float = 0.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

def hinge_embedding(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, margin: float = 1.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

def multi_margin(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

def multi_label_margin(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

def multiclass_hinge(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

def multiclass_perceptron(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

def soft_tversky(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

def soft_dice(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, smooth: float = 1.0, axis: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

def tversky(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

def dice(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int | Sequence[int] | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, q: float = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

def poly1_crossentropy(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

def ranking_softmax(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

def quantile(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, quantile: float = 0.5, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

def root_mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

def huber(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, delta: float = 1.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

def smooth_l1(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, beta: float = 1.0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

def log_cosh(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, epsilon: float = 1e-07, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

def ctc(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, frames: ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

def cosine_embedding(first: ArrayLike, second: ArrayLike, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, margin: float = 0.0, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

def pairwise_distance(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, norm: float = 2.0, eps: float = 0.0, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

def triplet_margin(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, sample_weight: ArrayLike | None = None, *, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

def binary_sparsemax(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

def sparsemax(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

def cox_partial_likelihood(time: ArrayLike, event: ArrayLike, score: ArrayLike, sample_weight: ArrayLike | None = None, *, ties: str = 'efron', axis: int = 0, mask: ArrayLike | None = None, num_items: float | None = None, reduction: _Reduction = "mean", on_empty: _OnEmpty = "zero") -> Any:
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """
