"""Written by scripts/write_stubs.py from the loss cards: do not edit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from losskit.jax.own import combine as combine
from losskit.jax.own import get as get
from losskit.jax.own import merge as merge
from losskit.jax.own import parts as parts

_Reduction = Literal["none", "mean", "sum"]
_OnEmpty = Literal["zero", "nan"]

__all__: list[str]

def binary_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, from_logits: bool = False, label_smoothing: ArrayLike = 0.0, pos_weight: ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

        -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / 2;
        pos_weight, if a call gives it, multiplies the first term
    """

def categorical_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, from_logits: bool = False, label_smoothing: ArrayLike = 0.0, axis: int = -1, temperature: ArrayLike = 1.0, z_loss: ArrayLike = 0.0, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Categorical cross-entropy with one-hot or soft targets.

        -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
        label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
        class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j
    """

def sparse_categorical_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, label_smoothing: ArrayLike = 0.0, temperature: ArrayLike = 1.0, z_loss: ArrayLike = 0.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Categorical cross-entropy with integer labels.

        -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
        label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
        s / classes for the others;
        z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j
    """

def negative_log_likelihood(predictions: ArrayLike, targets: ArrayLike, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Negative log-likelihood of integer labels, from log-probabilities.

        -weight_y * log_p_y
    """

def nt_xent(predictions: ArrayLike, targets: ArrayLike, *, temperature: ArrayLike = 0.07, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

        mean over pairs i != j of one label of log(1 + sum_(k of another label) exp((c_ik - c_ij) / T)),
        c the cosines
    """

def info_nce(query: ArrayLike, key: ArrayLike, *, temperature: ArrayLike = 0.07, symmetric: bool = False, normalize: bool = True, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """InfoNCE: the cross-entropy of finding the partner of each vector among those of a batch.

        mean_i of log(1 + sum_(k != i) exp((s_ik - s_ii) / T)), s_ik the cosine of query i and key k,
        or their product
    """

def circle(predictions: ArrayLike, targets: ArrayLike, *, gamma: ArrayLike = 80.0, margin: ArrayLike = 0.4, remove_diagonal: bool = True, normalize: bool = False, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Circle loss: similarities within a class to 1, all others to 0, the worse the harder.

        log(1 + sum_p exp(gamma * ((1 - s_p)^2 - margin^2)) * sum_n exp(gamma * (s_n^2 - margin^2))),
        s_p similarities to vectors of the same label, s_n to others, of which those below -margin count
        exp(0); s at most 1
    """

def log_kl_divergence(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

        y * (log(y) - log_p)
    """

def log_kl_divergence_with_log_targets(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

        exp(log_y) * (log_y - log_p)
    """

def generalized_log_kl_divergence(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

        y * (log(y) - z) - y + exp(z)                  z the logarithm of the prediction
    """

def binary_focal_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, apply_class_balancing: bool = False, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0, from_logits: bool = False, label_smoothing: ArrayLike = 0.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

        (1 - p_t)^gamma * (-y * log(p) - (1 - y) * log(1 - p))    p_t = y * p + (1 - y) * (1 - p),
        with p = sigmoid(z) for logits z;
        apply_class_balancing multiplies it by alpha * y + (1 - alpha) * (1 - y);
        label smoothing s replaces y by y * (1 - s) + s / 2
    """

def categorical_focal_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, alpha: ArrayLike | Sequence[float] | Mapping[int, float] = 0.25, gamma: ArrayLike = 2.0, from_logits: bool = False, label_smoothing: ArrayLike = 0.0, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Categorical focal loss: cross-entropy that all but leaves out the easy cases.

        -sum_j alpha_j * y_j * (1 - p_j)^gamma * log(p_j)         with p = softmax(z) for logits z;
        label smoothing s replaces y by y * (1 - s) + s / classes
    """

def poisson(predictions: ArrayLike, targets: ArrayLike, *, log_input: bool = False, full: bool = False, eps: ArrayLike = 0.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Negative log-likelihood of a Poisson distribution with the predicted rate.

        p - y * log(p + eps)                           log_input: exp(p) - y * p;
        full adds (y + 1/2) log(y) - y + log(2 pi) / 2 for y > 1
    """

def gamma_deviance(predictions: ArrayLike, targets: ArrayLike, *, log_input: bool = False, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Gamma deviance, halved: the negative log-likelihood of a Gamma distribution, 0 at its best.

        y / p - log(y / p) - 1                          log_input: with exp(p) in place of p
    """

def tweedie_deviance(predictions: ArrayLike, targets: ArrayLike, *, power: ArrayLike = 1.5, log_input: bool = False, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Tweedie deviance, halved: many zeros and a positive amount elsewhere, in one distribution.

        y^a / (a b) - y p^b / b + p^a / a               a = 2 - power, b = 1 - power;
        log_input: with exp(p) in place of p
    """

def gaussian_nll(predictions: ArrayLike, targets: ArrayLike, variance: ArrayLike, *, eps: ArrayLike = 1e-06, full: bool = False, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Negative log-likelihood of a Gaussian distribution with predicted mean and variance.

        (log(v) + (y - mean)^2 / v) / 2                v = max(variance, eps);
        full adds log(2 pi) / 2
    """

def lovasz_hinge(predictions: ArrayLike, targets: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Lovász hinge: the Jaccard loss of a mask, made convex in the logits.

        sum_i max(e_i, 0) * (J(i) - J(i - 1))    e = 1 - s * p, the largest first; s = 2 * y - 1
        J(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def lovasz_softmax(predictions: ArrayLike, targets: ArrayLike, *, from_logits: bool = False, classes: str | Sequence[int] = 'present', ignore_class: int | None = None, axis: int = -1, pixels: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Lovász-softmax loss: the Jaccard loss of an image's classes, extended to probabilities.

        mean over classes c of sum_i e_i * (J_c(i) - J_c(i - 1))
        e = 1 - p_c for pixels of the class and p_c for others, the largest first
        J_c(i): one less the Jaccard index if the first i pixels were mistakes, the others right
    """

def hinge(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Hinge loss: linear in what is missing to a margin of 1.

        max(1 - y * p, 0)
    """

def squared_hinge(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Squared hinge loss: quadratic in what is missing to a margin of 1.

        max(1 - y * p, 0)^2
    """

def soft_margin(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Soft margin loss: the logistic loss of a score, for classes -1 and 1.

        log(1 + exp(-y * p))
    """

def perceptron(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

        max(-y * p, 0)
    """

def margin_ranking(predictions: ArrayLike, targets: ArrayLike, *, margin: ArrayLike = 0.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Margin ranking loss: hinge loss of a difference of two scores.

        max(margin - y * p, 0)               with p = score1 - score2
    """

def hinge_embedding(predictions: ArrayLike, targets: ArrayLike, *, margin: ArrayLike = 1.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Hinge embedding loss: a distance that should be small, or beyond a margin.

        p where y = 1, max(margin - p, 0) elsewhere
    """

def categorical_hinge(predictions: ArrayLike, targets: ArrayLike, *, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Multi-class hinge loss with one-hot targets.

        max(1 + max_j((1 - y_j) * p_j) - sum_j(y_j * p_j), 0)
    """

def multi_margin(predictions: ArrayLike, targets: ArrayLike, *, power: int = 1, margin: ArrayLike = 1.0, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Multi-class margin loss: what every other class lacks to trail by a margin, added up.

        weight_y * sum_(j != y) max(margin - p_y + p_j, 0)^power / classes
    """

def multi_label_margin(predictions: ArrayLike, targets: ArrayLike, *, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Multi-label margin loss: every true class should lead every false one by a margin of 1.

        sum_(i true, j false) max(1 - p_i + p_j, 0) / classes
    """

def multiclass_hinge(predictions: ArrayLike, targets: ArrayLike, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

        weight_y * max(1 - p_y + max_(j != y) p_j, 0)
    """

def multiclass_perceptron(predictions: ArrayLike, targets: ArrayLike, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Multi-class perceptron loss: the true class should have the highest score.

        weight_y * (max_j p_j - p_y)
    """

def soft_tversky(predictions: ArrayLike, targets: ArrayLike, *, alpha: ArrayLike = 0.5, beta: ArrayLike = 0.5, smooth: ArrayLike = 1.0, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Tversky loss: overlap of two masks, with a weight for each kind of mistake.

        1 - (c + smooth) / (c + alpha * f + beta * n + smooth)
        with c = sum_j y_j * p_j, f = sum_j (1 - y_j) * p_j, n = sum_j y_j * (1 - p_j)
    """

def soft_dice(predictions: ArrayLike, targets: ArrayLike, *, smooth: ArrayLike = 1.0, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Dice loss: overlap of two masks.

        1 - (sum_j y_j * p_j + smooth) / ((sum_j y_j + sum_j p_j) / 2 + smooth)
    """

def tversky(predictions: ArrayLike, targets: ArrayLike, *, alpha: ArrayLike = 0.5, beta: ArrayLike = 0.5, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Tversky loss of a whole batch as one mask, as Keras has it.

        1 - c / (c + alpha * n + beta * f)
        with c = sum_j y_j * p_j, n = sum_j y_j * (1 - p_j), f = sum_j (1 - y_j) * p_j
    """

def dice(predictions: ArrayLike, targets: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Dice loss of a whole batch as one mask, as Keras has it.

        1 - 2 * sum_j y_j * p_j / (sum_j y_j + sum_j p_j)
    """

def categorical_generalized_cross_entropy(predictions: ArrayLike, targets: ArrayLike, *, q: ArrayLike = 0.5, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Generalised cross-entropy with integer labels: it forgives labels that are wrong.

        weight_y * (1 - p_y^q) / q                                with p = softmax(z) for logits z
    """

def poly1_crossentropy(predictions: ArrayLike, targets: ArrayLike, *, from_logits: bool = False, epsilon: ArrayLike = 2.0, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

        sum_j y_j * (-log(p_j) + epsilon * (1 - p_j))             with p = softmax(z) for logits z
    """

def ranking_softmax(predictions: ArrayLike, targets: ArrayLike, *, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Softmax cross-entropy of a list: relevances against the softmax of the scores (ListNet).

        -sum_j y_j * log(exp(p_j) / sum_k exp(p_k))
    """

def mean_squared_error(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Mean of the squared errors (MSE, L2 loss).

        (p - y)^2
    """

def mean_absolute_error(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Mean of the absolute errors (MAE, L1 loss).

        |p - y|
    """

def quantile(predictions: ArrayLike, targets: ArrayLike, *, quantile: ArrayLike = 0.5, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Quantile loss: absolute error that weighs one side more (pinball loss).

        quantile * (y - p)                   where p < y
        (1 - quantile) * (p - y)             elsewhere
    """

def root_mean_squared_error(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Root of the mean of the squared errors (RMSE).

        sqrt(mean((p - y)^2))
    """

def huber(predictions: ArrayLike, targets: ArrayLike, *, delta: ArrayLike = 1.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Huber loss: squared for small errors, absolute for large ones.

        (p - y)^2 / 2                        where |p - y| <= delta
        delta * (|p - y| - delta / 2)        elsewhere
    """

def smooth_l1(predictions: ArrayLike, targets: ArrayLike, *, beta: ArrayLike = 1.0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Smooth L1 loss: absolute, rounded off near zero error.

        (p - y)^2 / (2 * beta)               where |p - y| <= beta
        |p - y| - beta / 2                   elsewhere
    """

def mean_absolute_percentage_error(predictions: ArrayLike, targets: ArrayLike, *, epsilon: ArrayLike = 1e-07, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Mean of the absolute errors in percent of the target (MAPE).

        100 * |p - y| / max(|y|, epsilon)
    """

def mean_squared_logarithmic_error(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Mean of the squared differences of log(1 + x) (MSLE).

        (log(1 + p) - log(1 + y))^2, with p in place of log(1 + p) where p < 0
    """

def ctc(predictions: ArrayLike, targets: ArrayLike, *, blank: int = 0, from_logits: bool = True, zero_infinity: bool = False, frames: ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """CTC (connectionist temporal classification): the likelihood of labels without their times.

        -log(sum over alignments a of prod over frames t of softmax(z[t])[a_t])
    """

def cosine_embedding(first: ArrayLike, second: ArrayLike, targets: ArrayLike, *, margin: ArrayLike = 0.0, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Cosine embedding loss: the cosine of two vectors should be 1, or below a margin.

        1 - c where y = 1, max(c - margin, 0) elsewhere;
        c = sum_j(first_j * second_j) / (|first| * |second|)
    """

def pairwise_distance(predictions: ArrayLike, targets: ArrayLike, *, norm: ArrayLike = 2.0, eps: ArrayLike = 0.0, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Distance of two vectors in a norm.

        (sum_j |p_j - y_j + eps|^norm)^(1 / norm)
    """

def triplet_margin(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: ArrayLike = 1.0, norm: ArrayLike = 2.0, eps: ArrayLike = 1e-06, swap: bool = False, soft: bool = False, axis: int = -1, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Triplet loss: an anchor should lie nearer to a positive than to a negative, by a margin.

        max(|anchor - positive| - |anchor - negative| + margin, 0);
        |d| = (sum_j |d_j + eps|^norm)^(1 / norm);
        soft: log(1 + exp(|anchor - positive| - |anchor - negative| + margin))
    """

def binary_sparsemax(predictions: ArrayLike, targets: ArrayLike, *, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

        s(z) - y * z - y * (1 - y)       s(z) = ((z + 1) / 2)^2 for |z| < 1, max(z, 0) beyond
    """

def sparsemax(predictions: ArrayLike, targets: ArrayLike, *, ignore_class: int | None = None, axis: int = -1, class_weight: Sequence[float] | Mapping[int, float] | ArrayLike | None = None, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

        weight_y * (|p - e_y|^2 / 2 + max(t - z_y, 0))    p_j = max(z_j - t, 0), t such that they sum
        to 1
    """

def cox_partial_likelihood(time: ArrayLike, event: ArrayLike, score: ArrayLike, *, ties: str = 'efron', axis: int = 0, where: ArrayLike | None = None, weight: ArrayLike | None = None, reduction: _Reduction = "none", num_items: ArrayLike | None = None, on_empty: _OnEmpty = "zero", across: str | Sequence[str] | None = None) -> Array:
    """Negative logarithm of Cox's partial likelihood of a set of survival times.

        sum over events i of log(sum_(j: time_j >= time_i) exp(score_j)) - score_i;
        ties "efron": of d events at one time the l-th (from 0) takes l / d of their sum off the risk
    """

def squared_error(predictions: ArrayLike, targets: ArrayLike | None = None, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Mean of the squared errors (MSE, L2 loss).

    As `optax.losses.squared_error`. The formula is that of `mean_squared_error`: see ``losskit show mean_squared_error``.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def l2_loss(predictions: ArrayLike, targets: ArrayLike | None = None, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Mean of the squared errors (MSE, L2 loss).

    As `optax.losses.l2_loss`. The formula is that of `mean_squared_error`: see ``losskit show mean_squared_error``.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def huber_loss(predictions: ArrayLike, targets: ArrayLike | None = None, *, delta: ArrayLike = 1.0, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Huber loss: squared for small errors, absolute for large ones.

    As `optax.losses.huber_loss`. The formula is that of `huber`: see ``losskit show huber``.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        delta: error at which the loss turns from squared to linear, in the target's unit.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def log_cosh(predictions: ArrayLike, targets: ArrayLike | None = None, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Logarithm of the hyperbolic cosine of the error.

    As `optax.losses.log_cosh`. The formula is that of `log_cosh`: see ``losskit show log_cosh``.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def sigmoid_binary_cross_entropy(logits: ArrayLike, labels: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

    As `optax.losses.sigmoid_binary_cross_entropy`. The formula is that of `binary_crossentropy`: see ``losskit show binary_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: probabilities (0 and 1, mostly), in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def sigmoid_focal_loss(logits: ArrayLike, labels: ArrayLike, *, alpha: ArrayLike | None = None, gamma: ArrayLike = 2.0, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Focal loss: binary cross-entropy that all but leaves out the easy cases.

    As `optax.losses.sigmoid_focal_loss`. The formula is that of `binary_focal_crossentropy`: see ``losskit show binary_focal_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: in that shape.
        alpha: weight of class 1, that of class 0 being 1 - alpha; None: no weights.
        gamma: exponent of the distance from the target; 0 for none.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def sparsemax_loss(logits: ArrayLike, labels: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Binary sparsemax loss: 0 from a logit of 1 on, on the right side.

    As `optax.losses.sparsemax_loss`. The formula is that of `binary_sparsemax`: see ``losskit show binary_sparsemax``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def perceptron_loss(predictor_outputs: ArrayLike, targets: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Perceptron loss: linear in how far a score is on the wrong side of 0.

    As `optax.losses.perceptron_loss`. The formula is that of `perceptron`: see ``losskit show perceptron``.

    Args:
        predictor_outputs: scores, of any shape.
        targets: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def hinge_loss(predictor_outputs: ArrayLike, targets: ArrayLike, *, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Hinge loss: linear in what is missing to a margin of 1.

    As `optax.losses.hinge_loss`. The formula is that of `hinge`: see ``losskit show hinge``.

    Args:
        predictor_outputs: scores, of any shape.
        targets: in that shape.
        axis: along which the elements are summed; None: not summed.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def softmax_cross_entropy(logits: ArrayLike, labels: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Categorical cross-entropy with one-hot or soft targets.

    As `optax.losses.softmax_cross_entropy`. The formula is that of `categorical_crossentropy`: see ``losskit show categorical_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: in that shape.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def safe_softmax_cross_entropy(logits: ArrayLike, labels: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Categorical cross-entropy with one-hot or soft targets.

    As `optax.losses.safe_softmax_cross_entropy`. The formula is that of `categorical_crossentropy`: see ``losskit show categorical_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: in that shape.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def poly_loss_cross_entropy(logits: ArrayLike, labels: ArrayLike, *, epsilon: ArrayLike = 2.0, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Poly-1 loss: categorical cross-entropy with another weight for its linear term.

    As `optax.losses.poly_loss_cross_entropy`. The formula is that of `poly1_crossentropy`: see ``losskit show poly1_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: in that shape.
        epsilon: weight that is added to the linear term.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def softmax_cross_entropy_with_integer_labels(logits: ArrayLike, labels: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Categorical cross-entropy with integer labels.

    As `optax.losses.softmax_cross_entropy_with_integer_labels`. The formula is that of `sparse_categorical_crossentropy`: see ``losskit show sparse_categorical_crossentropy``.

    Args:
        logits: floating-point, of any shape; -inf rules a class out.
        labels: integers from 0, in the shape of the predictions without the axis. Of
            several axes, the place in the order of their elements.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def multiclass_hinge_loss(scores: ArrayLike, labels: ArrayLike, *, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Multi-class hinge loss with integer labels: a lead of 1 over the best other class.

    As `optax.losses.multiclass_hinge_loss`. The formula is that of `multiclass_hinge`: see ``losskit show multiclass_hinge``.

    Args:
        scores: floating-point, of any shape.
        labels: integers from 0, in the shape of the predictions without the axis. Of
            several axes, the place in the order of their elements.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def multiclass_perceptron_loss(scores: ArrayLike, labels: ArrayLike, *, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Multi-class perceptron loss: the true class should have the highest score.

    As `optax.losses.multiclass_perceptron_loss`. The formula is that of `multiclass_perceptron`: see ``losskit show multiclass_perceptron``.

    Args:
        scores: floating-point, of any shape.
        labels: integers from 0, in the shape of the predictions without the axis. Of
            several axes, the place in the order of their elements.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def multiclass_sparsemax_loss(scores: ArrayLike, labels: ArrayLike, *, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Sparsemax loss with integer labels: 0 once the true class leads by 1.

    As `optax.losses.multiclass_sparsemax_loss`. The formula is that of `sparsemax`: see ``losskit show sparsemax``.

    Args:
        scores: floating-point, of any shape.
        labels: integers from 0, in the shape of the predictions without the axis. Of
            several axes, the place in the order of their elements.
        axis: of the classes; several, or None for all, are read as one.
        where: boolean: which classes there are, in the shape of the predictions; or which
            rows count, in the shape of the result. What does not count may be NaN; a row of
            nothing is 0.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def kl_divergence(log_predictions: ArrayLike, targets: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Kullback-Leibler divergence, element by element, from log-probabilities.

    As `optax.losses.kl_divergence`. The formula is that of `log_kl_divergence`: see ``losskit show log_kl_divergence``.

    Args:
        log_predictions: log-probabilities, of any shape.
        targets: in that shape.
        axis: along which the terms are summed; None for all.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def kl_divergence_with_log_targets(log_predictions: ArrayLike, log_targets: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Kullback-Leibler divergence, element by element, both sides log-probabilities.

    As `optax.losses.kl_divergence_with_log_targets`. The formula is that of `log_kl_divergence_with_log_targets`: see ``losskit show log_kl_divergence_with_log_targets``.

    Args:
        log_predictions: log-probabilities, of any shape.
        log_targets: log-probabilities, in that shape.
        axis: along which the terms are summed; None for all.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def generalized_kl_divergence(log_predictions: ArrayLike, targets: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

    As `optax.losses.generalized_kl_divergence`. The formula is that of `generalized_log_kl_divergence`: see ``losskit show generalized_log_kl_divergence``.

    Args:
        log_predictions: log-probabilities, of any shape.
        targets: in that shape.
        axis: along which the terms are summed; None for all.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def convex_kl_divergence(log_predictions: ArrayLike, targets: ArrayLike, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """Generalised Kullback-Leibler divergence, element by element, from logarithms.

    As `optax.losses.convex_kl_divergence`. The formula is that of `generalized_log_kl_divergence`: see ``losskit show generalized_log_kl_divergence``.

    Args:
        log_predictions: log-probabilities, of any shape.
        targets: in that shape.
        axis: along which the terms are summed; None for all.
        where: boolean, broadcast to the predictions: what counts; the rest is 0, even if
            NaN.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def ntxent(embeddings: ArrayLike, labels: ArrayLike, temperature: ArrayLike = 0.07) -> Array:
    """NT-Xent: normalised, temperature-scaled cross-entropy of all pairs of a batch.

    As `optax.losses.ntxent`. The formula is that of `nt_xent`: see ``losskit show nt_xent``.

    Args:
        embeddings: floating-point, (batch, features).
        labels: (batch): embeddings of the same label are positive pairs; the loss is 0
            where there is none.
        temperature: what similarities are divided by.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def cosine_similarity(predictions: ArrayLike, targets: ArrayLike, *, epsilon: ArrayLike = 0.0, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """The cosine of the angle between vectors; 0 for a vector of zeros.

    As `optax.losses.cosine_similarity`.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        epsilon: least square of a length: shorter vectors are divided by its root.
        axis: along which the vectors lie; several, or None for all, are read as one.
        where: boolean: which elements count, or, without the axis, which vectors do.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def cosine_distance(predictions: ArrayLike, targets: ArrayLike, *, epsilon: ArrayLike = 0.0, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """1 less the cosine of the angle between vectors.

    As `optax.losses.cosine_distance`.

    Args:
        predictions: floating-point or integers, of any shape.
        targets: in that shape.
        epsilon: least square of a length: shorter vectors are divided by its root.
        axis: along which the vectors lie; several, or None for all, are read as one.
        where: boolean: which elements count, or, without the axis, which vectors do.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def triplet_margin_loss(anchors: ArrayLike, positives: ArrayLike, negatives: ArrayLike, axis: int | Sequence[int] | None = -1, norm_degree: float = 2, margin: ArrayLike = 1.0, eps: ArrayLike = 1e-06, where: ArrayLike | None = None) -> Array:
    """max(distance to the positive - distance to the negative + margin, 0).

    As `optax.losses.triplet_margin_loss`.

    Args:
        anchors: floating-point, (..., features).
        positives: in that shape: what should be near.
        negatives: in that shape: what should be far.
        axis: of the features; several, or None for all, are read as one.
        norm_degree: exponent of the norm, a Python number: odd ones take the differences'
            sizes.
        margin: by how much farther.
        eps: added to the sum of the powers.
        where: boolean: which triplets count, in the shape of the result, or which features.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def ranking_softmax_loss(logits: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None, weights: ArrayLike | None = None, reduce_fn: Callable[..., Array] | None = jnp.mean, axis: int | Sequence[int] | None = -1) -> Array:
    """ListNet's softmax cross-entropy of a list.

    As `optax.losses.ranking_softmax_loss`.

    Args:
        logits: score of each item, floating-point, (..., list).
        labels: relevance of each item, a number >= 0, in that shape.
        where: boolean, broadcast to the logits: which items there are.
        weights: of each item, broadcast to the logits.
        reduce_fn: from the losses of the lists to the result, such as `jax.numpy.mean`;
            called with ``where=``, the lists that have an item. None: the loss of each
            list.
        axis: of the lists; several, or None for all, are read as one.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def dice_loss(predictions: ArrayLike, targets: ArrayLike, *, class_weights: ArrayLike | None = None, smooth: ArrayLike = 1.0, alpha: ArrayLike = 0.5, beta: ArrayLike = 0.5, apply_softmax: bool = True, reduction: str = 'mean', ignore_background: bool = False, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Soft Dice loss of each class's mask.

    As `optax.losses.dice_loss`.

    Args:
        predictions: logits, (batch, ..., classes): of one class, for a sigmoid. The last
            dimension may be left out of either argument if it is 1.
        targets: 0 and 1, in that shape.
        class_weights: (classes), that the classes' losses are multiplied by.
        smooth: added to both parts of the quotient.
        alpha: weight of pixels that are predicted wrongly.
        beta: weight of pixels that are missed.
        apply_softmax: whether the predictions are logits; else they are probabilities.
        reduction: over the classes: "mean", "sum" or "none".
        ignore_background: whether the first of several classes is left out.
        axis: of the pixels; None: all but the first and the last.
        where: boolean, broadcast to the predictions: which pixels there are.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def binary_dice_loss(predictions: ArrayLike, targets: ArrayLike, *, smooth: ArrayLike = 1.0, apply_sigmoid: bool = True, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Soft Dice loss of one class's mask.

    As `optax.losses.binary_dice_loss`.

    Args:
        predictions: logits, (batch, ...), with or without a last dimension of 1.
        targets: 0 and 1, in that shape.
        smooth: added to both parts of the quotient.
        apply_sigmoid: whether the predictions are logits; else they are probabilities.
        axis: of the pixels; None: all but the first (and the last dimension of 1).
        where: boolean, broadcast to the predictions: which pixels there are.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def multiclass_generalized_dice_loss(predictions: ArrayLike, targets: ArrayLike, *, smooth: ArrayLike = 1.0, apply_softmax: bool = True, ignore_background: bool = False, axis: int | Sequence[int] | None = None, where: ArrayLike | None = None) -> Array:
    """Mean soft Dice loss of batch and classes, a class weighted by 1 / (its number of pixels)^2.

    As `optax.losses.multiclass_generalized_dice_loss`.

    Args:
        predictions: logits, (batch, ..., classes): of one class, for a sigmoid. The last
            dimension may be left out of either argument if it is 1.
        targets: 0 and 1, in that shape.
        smooth: added to both parts of the quotient.
        apply_softmax: whether the predictions are logits; else they are probabilities.
        ignore_background: whether the first of several classes is left out.
        axis: of the pixels; None: all but the first and the last.
        where: boolean, broadcast to the predictions: which pixels there are.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def ctc_loss(logits: ArrayLike, logit_paddings: ArrayLike, labels: ArrayLike, label_paddings: ArrayLike, *, blank_id: int = 0, log_epsilon: ArrayLike = -100000.0) -> Array:
    """CTC (connectionist temporal classification): labels without their times, of logits. The
    losses, (batch): infinite, with a gradient of 0, where the labels do not fit into the
    frames.

    As `optax.losses.ctc_loss`.

    Args:
        logits: floating-point, (batch, frames, classes); -inf rules a class out.
        logit_paddings: (batch, frames): 1 for a frame that is not there, anywhere; it may
            be NaN.
        labels: integers, (batch, labels).
        label_paddings: (batch, labels): 1 for a label that is not there, at the end only.
        blank_id: the class that stands for no label.
        log_epsilon: taken for optax's sake, and not needed: the logarithm of 0 is -inf
            here.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def ctc_loss_with_forward_probs(logits: ArrayLike, logit_paddings: ArrayLike, labels: ArrayLike, label_paddings: ArrayLike, *, blank_id: int = 0, log_epsilon: ArrayLike = -100000.0) -> tuple[Array, Array, Array]:
    """The same as `ctc_loss`, and the logarithms of the forward probabilities: of the blank after
    n labels, (frames, batch, labels + 1); and of the nth label, (frames, batch, labels). A
    frame that is not there has those of the frame before it. In the last frame the nth label
    counts among the blanks too, so that there the blank after all labels has the probability of
    all alignments. What is impossible, and what lies behind the last label, is -inf.

    As `optax.losses.ctc_loss_with_forward_probs`.

    Args:
        logits: floating-point, (batch, frames, classes); -inf rules a class out.
        logit_paddings: (batch, frames): 1 for a frame that is not there, anywhere; it may
            be NaN.
        labels: integers, (batch, labels).
        label_paddings: (batch, labels): 1 for a label that is not there, at the end only.
        blank_id: the class that stands for no label.
        log_epsilon: taken for optax's sake, and not needed: the logarithm of 0 is -inf
            here.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def smooth_labels(labels: ArrayLike, alpha: ArrayLike, *, axis: int | Sequence[int] | None = -1, where: ArrayLike | None = None) -> Array:
    """(1 - alpha) * labels + alpha / classes, for one-hot labels.

    As `optax.losses.smooth_labels`.

    Args:
        labels: floating-point.
        alpha: share spread evenly over the classes.
        axis: of the classes; several, or None for all, count together.
        where: boolean, broadcast to the labels: which classes there are.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """

def make_fenchel_young_loss(max_fun: Callable[..., Any]) -> Callable[..., Array]:
    """The Fenchel-Young loss of a maximum, max_fun(scores) - <targets, scores>: a function of
    scores and targets, (..., n), and of what else ``max_fun`` takes.

    As `optax.losses.make_fenchel_young_loss`.

    Args:
        max_fun: from scores of one dimension to a number, such as `jax.nn.logsumexp`.

    Raises:
        TypeError: an argument is no array of numbers, or predictions are integers and no quantities.
        ValueError: shapes do not match; or a parameter or a value is out of its range.
    """
