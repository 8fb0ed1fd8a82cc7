"""Written by scripts/write_stubs.py from the loss cards: do not edit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from losskit.keras.activations import sigmoid as sigmoid
from losskit.keras.activations import softmax as softmax
from losskit.keras.check import CheckLoss as CheckLoss
from losskit.keras.loss import Loss as Loss
from losskit.keras.loss import get as get

_Reduction = Literal["mean", "sum", "none", "sum_over_batch_size", "mean_with_sample_weight"] | None

__all__: list[str]

class BinaryCrossentropy(Loss):
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CategoricalCrossentropy(Loss):
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | None = None) -> None: ...

class SparseCategoricalCrossentropy(Loss):
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

    def __init__(self, from_logits: bool = False, ignore_class: int | None = None, reduction: _Reduction = "sum_over_batch_size", axis: int = -1, name: str | None = ..., dtype: Any = None, *, class_weight: Sequence[float] | Mapping[int, float] | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0) -> None: ...

class NegativeLogLikelihood(Loss):
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class NTXent(Loss):
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

    def __init__(self, temperature: float = 0.07, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class InfoNCE(Loss):
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

    def __init__(self, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Circle(Loss):
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, normalize: bool = False) -> None: ...

class KLDivergence(Loss):
    """Kullback-Leibler divergence of the prediction from the target distribution.

        sum_j y_j * log(y_j / p_j)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, axis: int = -1) -> None: ...

class LogKLDivergence(Loss):
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class LogKLDivergenceWithLogTargets(Loss):
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class GeneralizedLogKLDivergence(Loss):
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class BinaryFocalCrossentropy(Loss):
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

    def __init__(self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CategoricalFocalCrossentropy(Loss):
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

    def __init__(self, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Poisson(Loss):
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, log_input: bool = False, full: bool = False, eps: float = 0.0) -> None: ...

class GammaDeviance(Loss):
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

    def __init__(self, log_input: bool = False, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class TweedieDeviance(Loss):
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

    def __init__(self, power: float = 1.5, log_input: bool = False, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class GaussianNLL(Loss):
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

    def __init__(self, eps: float = 1e-06, full: bool = False, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class LovaszHinge(Loss):
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, axis: int | Sequence[int] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class LovaszSoftmax(Loss):
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

    def __init__(self, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Hinge(Loss):
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class SquaredHinge(Loss):
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class SoftMargin(Loss):
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Perceptron(Loss):
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MarginRanking(Loss):
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

    def __init__(self, margin: float = 0.0, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class HingeEmbedding(Loss):
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

    def __init__(self, margin: float = 1.0, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CategoricalHinge(Loss):
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, axis: int = -1) -> None: ...

class MultiMargin(Loss):
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

    def __init__(self, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MultiLabelMargin(Loss):
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

    def __init__(self, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MulticlassHinge(Loss):
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MulticlassPerceptron(Loss):
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class SoftTversky(Loss):
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class SoftDice(Loss):
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

    def __init__(self, smooth: float = 1.0, axis: int | Sequence[int] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Tversky(Loss):
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

    def __init__(self, alpha: float = 0.5, beta: float = 0.5, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., axis: int | Sequence[int] | None = None, dtype: Any = None) -> None: ...

class Dice(Loss):
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., axis: int | Sequence[int] | None = None, dtype: Any = None) -> None: ...

class CategoricalGeneralizedCrossEntropy(Loss):
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

    def __init__(self, q: float = 0.5, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None) -> None: ...

class Poly1Crossentropy(Loss):
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

    def __init__(self, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class RankingSoftmax(Loss):
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

    def __init__(self, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MeanSquaredError(Loss):
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MeanAbsoluteError(Loss):
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Quantile(Loss):
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

    def __init__(self, quantile: float = 0.5, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class RootMeanSquaredError(Loss):
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Huber(Loss):
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

    def __init__(self, delta: float = 1.0, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class SmoothL1(Loss):
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

    def __init__(self, beta: float = 1.0, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class LogCosh(Loss):
    """Logarithm of the hyperbolic cosine of the error.

        log(cosh(p - y))
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class MeanAbsolutePercentageError(Loss):
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, epsilon: float = 1e-07) -> None: ...

class MeanSquaredLogarithmicError(Loss):
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CTC(Loss):
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None, *, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False) -> None: ...

class CosineSimilarity(Loss):
    """Negative cosine of the angle between target and prediction.

        -sum_j(y_j * p_j) / (|y| * |p|)
    """

    def __init__(self, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CosineEmbedding(Loss):
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

    def __init__(self, margin: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class PairwiseDistance(Loss):
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

    def __init__(self, norm: float = 2.0, eps: float = 0.0, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class TripletMargin(Loss):
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

    def __init__(self, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class BinarySparsemax(Loss):
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

    def __init__(self, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class Sparsemax(Loss):
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

    def __init__(self, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | None = None, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

class CoxPartialLikelihood(Loss):
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """

    def __init__(self, ties: str = 'efron', axis: int = 0, reduction: _Reduction = "sum_over_batch_size", name: str | None = ..., dtype: Any = None) -> None: ...

def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, pos_weight: Any | None = None) -> Any:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss). Gives one value per sample."""

def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, temperature: float = 1.0, z_loss: float = 0.0, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Categorical cross-entropy with one-hot or soft targets. Gives one value per sample."""

def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None, label_smoothing: float = 0.0, temperature: float = 1.0, z_loss: float = 0.0) -> Any:
    """Categorical cross-entropy with integer labels. Gives one value per sample."""

def negative_log_likelihood(y_true: Any, y_pred: Any, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Negative log-likelihood of integer labels, from log-probabilities. Gives one value per sample."""

def nt_xent(y_true: Any, y_pred: Any, temperature: float = 0.07) -> Any:
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch. Gives one value per sample."""

def info_nce(y_true: Any, y_pred: Any, temperature: float = 0.07, symmetric: bool = False, normalize: bool = True) -> Any:
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch. Gives one value per sample."""

def circle(y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None, remove_diagonal: bool = True, gamma: float = 80.0, margin: float = 0.4, normalize: bool = False) -> Any:
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder. Gives one value per sample."""

def kl_divergence(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Kullback-Leibler divergence of the prediction from the target distribution. Gives one value per sample."""

def log_kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence, element by element, from log-probabilities. Gives one value per sample."""

def log_kl_divergence_with_log_targets(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities. Gives one value per sample."""

def generalized_log_kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms. Gives one value per sample."""

def binary_focal_crossentropy(y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> Any:
    """Focal loss: binary cross-entropy that all but leaves out the easy cases. Gives one value per sample."""

def categorical_focal_crossentropy(y_true: Any, y_pred: Any, alpha: float | Sequence[float] | Mapping[int, float] = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> Any:
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases. Gives one value per sample."""

def poisson(y_true: Any, y_pred: Any, log_input: bool = False, full: bool = False, eps: float = 0.0) -> Any:
    """Negative log-likelihood of a Poisson distribution with the predicted rate. Gives one value per sample."""

def gamma_deviance(y_true: Any, y_pred: Any, log_input: bool = False) -> Any:
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best. Gives one value per sample."""

def tweedie_deviance(y_true: Any, y_pred: Any, power: float = 1.5, log_input: bool = False) -> Any:
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution. Gives one value per sample."""

def gaussian_nll(y_true: Any, y_pred: Any, eps: float = 1e-06, full: bool = False) -> Any:
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance. Gives one value per sample."""

def lovasz_hinge(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits. Gives one value per sample."""

def lovasz_softmax(y_true: Any, y_pred: Any, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None) -> Any:
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities. Gives one value per sample."""

def hinge(y_true: Any, y_pred: Any) -> Any:
    """Hinge loss: linear in what is missing to a margin of 1. Gives one value per sample."""

def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Squared hinge loss: quadratic in what is missing to a margin of 1. Gives one value per sample."""

def soft_margin(y_true: Any, y_pred: Any) -> Any:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1. Gives one value per sample."""

def perceptron(y_true: Any, y_pred: Any) -> Any:
    """Perceptron loss: linear in how far a score is on the wrong side of 0. Gives one value per sample."""

def margin_ranking(y_true: Any, y_pred: Any, margin: float = 0.0) -> Any:
    """Margin ranking loss: hinge loss of a difference of two scores. Gives one value per sample."""

def hinge_embedding(y_true: Any, y_pred: Any, margin: float = 1.0) -> Any:
    """Hinge embedding loss: a distance that should be small, or beyond a margin. Gives one value per sample."""

def categorical_hinge(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Multi-class hinge loss with one-hot targets. Gives one value per sample."""

def multi_margin(y_true: Any, y_pred: Any, power: int = 1, margin: float = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up. Gives one value per sample."""

def multi_label_margin(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Multi-label margin loss: every true class should lead every false one by a margin of 1. Gives one value per sample."""

def multiclass_hinge(y_true: Any, y_pred: Any, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class. Gives one value per sample."""

def multiclass_perceptron(y_true: Any, y_pred: Any, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Multi-class perceptron loss: the true class should have the highest score. Gives one value per sample."""

def soft_tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, smooth: float = 1.0, axis: int | Sequence[int] | None = None) -> Any:
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake. Gives one value per sample."""

def soft_dice(y_true: Any, y_pred: Any, smooth: float = 1.0, axis: int | Sequence[int] | None = None) -> Any:
    """Dice loss: overlap of two masks. Gives one value per sample."""

def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None) -> Any:
    """Tversky loss of a whole batch as one mask, as Keras has it. Gives one value per sample."""

def dice(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Dice loss of a whole batch as one mask, as Keras has it. Gives one value per sample."""

def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong. Gives one value per sample."""

def poly1_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, epsilon: float = 2.0, axis: int = -1) -> Any:
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term. Gives one value per sample."""

def ranking_softmax(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet). Gives one value per sample."""

def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared errors (MSE, L2 loss). Gives one value per sample."""

def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the absolute errors (MAE, L1 loss). Gives one value per sample."""

def quantile(y_true: Any, y_pred: Any, quantile: float = 0.5) -> Any:
    """Quantile loss: absolute error that weighs one side more (pinball loss). Gives one value per sample."""

def root_mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Root of the mean of the squared errors (RMSE). Gives one value."""

def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Huber loss: squared for small errors, absolute for large ones. Gives one value per sample."""

def smooth_l1(y_true: Any, y_pred: Any, beta: float = 1.0) -> Any:
    """Smooth L1 loss: absolute, rounded off near zero error. Gives one value per sample."""

def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Logarithm of the hyperbolic cosine of the error. Gives one value per sample."""

def mean_absolute_percentage_error(y_true: Any, y_pred: Any, epsilon: float = 1e-07) -> Any:
    """Mean of the absolute errors in percent of the target (MAPE). Gives one value per sample."""

def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of the squared differences of log(1 + x) (MSLE). Gives one value per sample."""

def ctc(y_true: Any, y_pred: Any, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, frames: Any | None = None) -> Any:
    """CTC (connectionist temporal classification): the likelihood of labels without their times. Gives one value per sample."""

def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Negative cosine of the angle between target and prediction. Gives one value per sample."""

def cosine_embedding(y_true: Any, y_pred: Any, margin: float = 0.0, axis: int = -1) -> Any:
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin. Gives one value per sample."""

def pairwise_distance(y_true: Any, y_pred: Any, norm: float = 2.0, eps: float = 0.0, axis: int = -1) -> Any:
    """Distance of two vectors in a norm. Gives one value per sample."""

def triplet_margin(y_true: Any, y_pred: Any, margin: float = 1.0, norm: float = 2.0, eps: float = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1) -> Any:
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin. Gives one value per sample."""

def binary_sparsemax(y_true: Any, y_pred: Any) -> Any:
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side. Gives one value per sample."""

def sparsemax(y_true: Any, y_pred: Any, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | Any | None = None) -> Any:
    """Sparsemax loss with integer labels: 0 once the true class leads by 1. Gives one value per sample."""

def cox_partial_likelihood(y_true: Any, y_pred: Any, ties: str = 'efron', axis: int = 0) -> Any:
    """Negative logarithm of Cox's partial likelihood of a set of survival times. Gives one value per sample."""
