"""Cross-entropies: the negative log-likelihood of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from losskit.core import constants, softmax
from losskit.core.definition import (
    LABEL,
    LOG_PROBABILITY,
    LOGIT,
    PROBABILITY,
    SHARE,
    WEIGHT,
    Domain,
    Slot,
    parameter,
)
from losskit.core.families import (
    CLASS_WEIGHT,
    Labelled,
    Pointwise,
    Rowwise,
    lost,
    per_class,
    weighted,
)
from losskit.core.namespaces import Array, Vocabulary

FROM_LOGITS = {
    "kind": "flag",
    "doc": "whether predictions are logits (True) or probabilities (False)",
}
SMOOTHING = {
    "kind": "number",
    "low": 0.0,
    "high": 1.0,
    "doc": "share of the target spread evenly over the classes",
}
IGNORE: dict[str, Any] = {
    "kind": "integer or None",
    "low": -(2**31) + 1,
    "high": 2**31 - 1,
    "doc": "label whose items are left out of the loss and of the count (often -1 or 255)",
}
BY_CLASS: dict[str, Any] = {
    "kind": "class weights",
    "doc": "weight per class: a sequence, one for each, or a mapping (1 for those not named)",
}
TEMPERATURE = {
    "kind": "number",
    "low": 0.0,
    "open": True,
    "doc": "what logits are divided by: above 1 softens the predicted distribution",
}
Z_LOSS = {
    "kind": "number",
    "low": 0.0,
    "doc": "weight of the squared log-sum-exp of the logits, which keeps them from drifting",
}


@dataclass(frozen=True)
class BinaryCrossentropy(Pointwise):
    """Binary cross-entropy: negative log-likelihood of a yes or no (log loss).

    What it measures
    ----------------
    How unlikely the true answer is under the predicted probability, in nats.

    When to use
    -----------
    Two classes with one output, or several independent labels (multi-label) with one output each.

    Pitfalls
    --------
    Say whether predictions are logits: with `from_logits=True` the model needs no sigmoid, and this
    is the better choice. For classes that exclude one another use `categorical_crossentropy`.
    So that a confident mistake keeps its gradient, a probability of 0 is read as the smallest
    normal number, and one of 1 as less than 1 by half the spacing of the numbers below it (3e-8 in
    float32): no more can be told of either. From logits the loss is exact.

    Formula
    -------
    -(y * log(p) + (1 - y) * log(1 - p))           with p = sigmoid(z) for logits z;
    label smoothing s replaces y by y * (1 - s) + s / 2;
    pos_weight, if a call gives it, multiplies the first term

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.binary_crossentropy([1.0, 0.0], [0.5, 0.5])), 6)
    0.693147
    >>> round(float(losskit.binary_crossentropy([1.0], [-100.0], from_logits=True)), 6)
    100.0

    References
    ----------
    Good, Rational Decisions, Journal of the Royal Statistical Society B 14 (1952), 107-114.
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR (2016), for
    label smoothing.
    """

    from_logits: bool = parameter(False, **FROM_LOGITS)
    label_smoothing: float = parameter(0.0, **SMOOTHING)

    name = "binary_crossentropy"
    aliases = ("bce", "log_loss", "binary_cross_entropy")
    latex = r"-y \log p - (1 - y) \log (1 - p)"
    unit = "nats"
    target: ClassVar[Domain] = PROBABILITY
    convex = True
    metric = "binary_accuracy"
    task = "binary"
    link = "logit"
    reaches_zero = "certain"
    optional: ClassVar[tuple[Slot, ...]] = (Slot("pos_weight", WEIGHT, predicted=False),)

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else PROBABILITY

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        yes, _ = self._targets(constants.mean(y, w))
        return constants.log_odds(yes)

    def value(self, m: Vocabulary, y: Array, p: Array, pos_weight: Array | None = None) -> Array:
        y, rest = self._targets(y, pos_weight)
        if self.from_logits:
            # Two terms >= 0: softplus(z) - y z would cancel for a confident right answer.
            wrong = m.where(p < 0, -y, rest)
            likely = m.where(wrong == 0, 0.0, wrong * p)
            either = m.log1p(m.tail(p))
            return likely + (either if pos_weight is None else (y + rest) * either)
        yes, no = self._logs(m, p)
        return -(y * yes + rest * no)

    def slope(self, m: Vocabulary, y: Array, p: Array, pos_weight: Array | None = None) -> Array:
        given = y
        y, rest = self._targets(y, pos_weight)
        if self.from_logits:
            # rest sigmoid(z) - y sigmoid(-z): for y near 1 the difference sigmoid(z) - y would lose
            # all but rounding.
            below = m.where(p < 0, p, -p)
            e, right = m.exp(below), m.where(p < 0, rest, -y)
            far = m.where(p < 0, -y, rest) + right * e
            # Near 0, where a target of a half is met, by exp(-|z|) - 1, which is not rounded away.
            lead = self._lead(given) if pos_weight is None else rest - y
            near = lead + right * m.expm1(below)
            return m.where(below > -0.5, near, far) / (1.0 + e)
        yes, no = m.floored(p), m.complement(p)
        # From the floored probability, as the other terms: a soft target at p = 0 must agree. At 1
        # yes and no no longer add up to 1.
        both = rest * yes - y * no
        if pos_weight is not None:
            above = m.where(y == 0, rest, m.where(rest == 0, -y, both))
            return above / m.where(y == 0, no, m.where(rest == 0, yes, yes * no))
        if self.label_smoothing:
            # yes - y, with the smoothed y as its parts: as one it would have been rounded.
            apart = (yes - given) + self.label_smoothing * (given - 0.5)
            return m.where(p < 1, apart, both) / (yes * no)
        soft = m.where(p < 1, yes - y, both)
        above = m.where(y == 0, 1.0, m.where(rest == 0, -1.0, soft))
        return above / m.where(y == 0, no, m.where(rest == 0, yes, yes * no))

    def curve(self, m: Vocabulary, y: Array, p: Array, pos_weight: Array | None = None) -> Array:
        y, rest = self._targets(y, pos_weight)
        if self.from_logits:
            e = m.tail(p)
            bend = e / m.square(1.0 + e)
            return bend if pos_weight is None else (y + rest) * bend
        yes, no = m.floored(p), m.complement(p)
        return m.where(y == 0, 0.0, y / yes / yes) + m.where(rest == 0, 0.0, rest / no / no)

    def target_slope(
        self, m: Vocabulary, y: Array, p: Array, pos_weight: Array | None = None
    ) -> Array:
        if self.from_logits:
            costs = -p
            if pos_weight is not None:
                # pos_weight softplus(-z) - softplus(z), of which a weight of 1 leaves -z exactly.
                linear = pos_weight * m.maximum(-p, 0.0) - m.maximum(p, 0.0)
                costs = linear + (pos_weight - 1.0) * m.log1p(m.tail(p))
            return costs * (1.0 - self.label_smoothing) + 0.0 * y
        yes, no = self._logs(m, p)
        yes = yes if pos_weight is None else pos_weight * yes
        return (no - yes) * (1.0 - self.label_smoothing) + 0.0 * y

    def pos_weight_slope(self, m: Vocabulary, y: Array, p: Array, pos_weight: Array) -> Array:
        y, _ = self._targets(y)
        if self.from_logits:
            cost = m.maximum(-p, 0.0) + m.log1p(m.tail(p))
            return m.where(y == 0, 0.0, y * cost)
        return -y * self._logs(m, p)[0]

    def _targets(self, y: Array, pos_weight: Array | None = None) -> tuple[Array, Array]:
        """How much of the target is yes, and how much no."""
        # Each smoothed by itself: 1 - y of a smoothed y would keep its rounding alone.
        s = self.label_smoothing
        yes, no = y, 1.0 - y
        if s:
            yes, no = yes * (1.0 - s) + 0.5 * s, no * (1.0 - s) + 0.5 * s
        return (yes if pos_weight is None else pos_weight * yes), no

    def _lead(self, y: Array) -> Array:
        """No less yes, smoothed: where they are equal, exactly 0."""
        return ((1.0 - y) - y) * (1.0 - self.label_smoothing)

    @staticmethod
    def _logs(m: Vocabulary, p: Array) -> tuple[Array, Array]:
        """log(p) and log(1 - p), each accurate from end to end."""
        # The logarithm of the smaller of the two, and log1p for the larger: 1 - p is exact from 0.5
        # on. Of p outside [0, 1] the first is NaN, and so is what both make.
        low = p < 0.5
        small = m.log(m.where(low, m.floored(p), m.complement(p)))
        # Where it is below 0 by rounding, it is no more than 0: the loss does not become negative.
        large = m.log1p(-m.maximum(m.where(low, p, 1.0 - p), 0.0))
        return m.where(low, small, large), m.where(low, large, small)


@dataclass(frozen=True)
class CategoricalCrossentropy(Rowwise):
    """Categorical cross-entropy with one-hot or soft targets.

    What it measures
    ----------------
    How unlikely the true class is under the predicted distribution, in nats.

    When to use
    -----------
    Classes that exclude one another, with targets given as one-hot rows or as distributions.

    Pitfalls
    --------
    For integer labels use `sparse_categorical_crossentropy`. Say whether predictions are logits:
    with `from_logits=True` the model needs no softmax, and this is the better choice; softmax
    applied twice trains, badly, and without any error. Rows of probabilities are normalised to sum
    to 1. Label smoothing with a ruled-out class (logit -inf) is infinite. Gradients shrink with the
    square of a temperature shared with the soft targets: multiply the loss by it (distillation).

    Class weights multiply what each class has of the target, and do not change what a mean divides
    by.

    Formula
    -------
    -sum_j y_j * log(p_j / sum_k p_k)              with p = softmax(z / temperature) for logits z;
    label smoothing s replaces y_j by y_j * (1 - s) + s / classes;
    z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2;
    class weights multiply y_j, smoothed, and then z_loss by the row's sum of weight_j * y_j

    Examples
    --------
    >>> import losskit
    >>> y, p = [[0.0, 1.0, 0.0]], [[0.05, 0.95, 0.0]]
    >>> round(float(losskit.categorical_crossentropy(y, p)), 6)
    0.051293

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), ch. 4.3.4.
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR (2016), for
    label smoothing.
    Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, arXiv:1503.02531 (2015),
    for the temperature.
    Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, arXiv:2204.02311 (2022), for
    the z-loss.
    """

    from_logits: bool = parameter(False, **FROM_LOGITS)
    label_smoothing: float = parameter(0.0, **SMOOTHING)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    temperature: float = parameter(1.0, **TEMPERATURE)
    z_loss: float = parameter(0.0, **Z_LOSS)
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "categorical_crossentropy"
    aliases = ("cce", "ce", "crossentropy", "cross_entropy")
    latex = r"-\sum_j y_j \log p_j"
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    metric = "categorical_accuracy"
    task = "categorical"
    link = "softmax"
    reaches_zero = "certain"
    counterpart = "sparse_categorical_crossentropy"
    optional: ClassVar[tuple[Slot, ...]] = (CLASS_WEIGHT,)

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else SHARE

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """In the logits; the normalisation of probabilities is concave, and so is the square of a
        log-sum-exp far below 0."""
        return self.from_logits and not self.z_loss

    def check(self) -> None:
        check_for_logits(self)

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        shares = constants.smoothed(constants.mean_row(self, y, w), self.label_smoothing)
        weights = per_class("class_weight", self.class_weight or (), shares.size)
        return self.temperature * constants.log_shares(shares * weights)

    def value(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        return m.drop(softmax_value(self, m, self._smooth(y, p), p, class_weight), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        return softmax_slope(self, m, self._smooth(y, p), p, class_weight, soft=True)

    def curve(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        return softmax_curve(self, m, self._smooth(y, p), p, class_weight)

    def target_slope(
        self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None
    ) -> Array:
        if class_weight is not None:
            rate = (1.0 - self.label_smoothing) * class_weight
            return weighted(m, rate, softmax_costs(self, m, p))
        row = distribution(self, m, p)
        return -row.log_p * (1.0 - self.label_smoothing)

    def class_weight_slope(self, m: Vocabulary, y: Array, p: Array, class_weight: Array) -> Array:
        return weighted(m, self._smooth(y, p), softmax_costs(self, m, p))

    def _smooth(self, y: Array, p: Array) -> Array:
        s = self.label_smoothing
        return y * (1.0 - s) + s / p.shape[self.axis] if s else y


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Labelled):
    """Categorical cross-entropy with integer labels.

    What it measures
    ----------------
    How unlikely the true class is under the predicted distribution, in nats.

    When to use
    -----------
    Classes that exclude one another, with targets given as class numbers 0, 1, 2, ...

    Pitfalls
    --------
    For one-hot targets use `categorical_crossentropy`. Say whether predictions are logits: with
    `from_logits=True` the model needs no softmax, and this is the better choice. Labels start at 0.
    Class weights multiply the items as sample weights do: they do not change the count of the mean
    (reduction "mean_with_sample_weight" divides by the weights of the labels). With label smoothing
    every class has its own weight for its share of the target.

    Formula
    -------
    -weight_y * log(p_y / sum_k p_k)               with p = softmax(z / temperature) for logits z;
    label smoothing s: -sum_j weight_j * t_j * log(p_j / sum_k p_k), t_y = 1 - s + s / classes and
    s / classes for the others;
    z_loss adds z_loss * log(sum_j exp(z_j / temperature))^2 times weight_y, or sum_j weight_j * t_j

    Examples
    --------
    >>> import losskit
    >>> y, p = [1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]
    >>> round(float(losskit.sparse_categorical_crossentropy(y, p)), 6)
    1.176939

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), ch. 4.3.4.
    Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR (2016), for
    label smoothing.
    Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, arXiv:1503.02531 (2015),
    for the temperature.
    Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, arXiv:2204.02311 (2022), for
    the z-loss.
    """

    from_logits: bool = parameter(False, **FROM_LOGITS)
    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)
    label_smoothing: float = parameter(0.0, **SMOOTHING)
    temperature: float = parameter(1.0, **TEMPERATURE)
    z_loss: float = parameter(0.0, **Z_LOSS)

    name = "sparse_categorical_crossentropy"
    aliases = ("scce", "sparse_crossentropy", "sparse_cross_entropy")
    latex = r"-\log p_y"
    unit = "nats"
    target: ClassVar[Domain] = LABEL
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    link = "softmax"
    counterpart = "categorical_crossentropy"
    usual_for = "classification"

    @property
    def prediction(self) -> Domain:
        return LOGIT if self.from_logits else SHARE

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """In the logits; the normalisation of probabilities is concave, and so is the square of a
        log-sum-exp far below 0."""
        return self.from_logits and not self.z_loss

    def check(self) -> None:
        check_for_logits(self)

    @property
    def of_label(self) -> bool:
        return not self.label_smoothing

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return self.temperature * constants.log_shares(
            self.amounts(y, w, classes, self.label_smoothing)
        )

    def value(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        if self._plain and class_weight is None:
            true, sound = self._true(m, y, p)
            row = softmax.of_label(m, true, p, self.axis, self.temperature)
            return m.drop(sound * row.cost, self.axis)
        target, sound = self._target(m, y, p)
        return m.drop(sound * softmax_value(self, m, target, p, class_weight), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        if self._plain and class_weight is None:
            true, sound = self._true(m, y, p)
            row = softmax.of_label(m, true, p, self.axis, self.temperature)
            error = m.where(true, -row.missed, row.p)
            return sound * (error if self.temperature == 1.0 else error / self.temperature)
        target, sound = self._target(m, y, p)
        return sound * softmax_slope(self, m, target, p, class_weight)

    def curve(self, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None) -> Array:
        target, sound = self._target(m, y, p)
        return sound * softmax_curve(self, m, target, p, class_weight)

    def class_weight_slope(self, m: Vocabulary, y: Array, p: Array, class_weight: Array) -> Array:
        target, sound = self._target(m, y, p)
        return sound * weighted(m, target, softmax_costs(self, m, p))

    @property
    def _plain(self) -> bool:
        """Whether the true class is all that the target holds."""
        return bool(self.from_logits and not self.label_smoothing and not self.z_loss)

    def _target(self, m: Vocabulary, y: Array, p: Array) -> tuple[Array, Array]:
        """The one-hot (or smoothed) row; and 1, NaN for a bad label."""
        true, sound = self._true(m, y, p)
        low = self.label_smoothing / p.shape[self.axis]
        high = 1.0 - self.label_smoothing + low
        one = m.vector([1.0], p, self.axis)
        return m.where(true, high * one, low * one), sound


@dataclass(frozen=True)
class NegativeLogLikelihood(Labelled):
    """Negative log-likelihood of integer labels, from log-probabilities.

    What it measures
    ----------------
    How unlikely the true class is, in nats, where the model gives the logarithms of probabilities.

    When to use
    -----------
    Models that end in log_softmax, or whose log-probabilities are made otherwise (mixtures, beams).

    Pitfalls
    --------
    Nothing is normalised: logits go in without an error, and their loss falls without a limit; for
    logits use `sparse_categorical_crossentropy` with `from_logits=True`. Of a row the entry of its
    label alone is read: a NaN elsewhere does not show. Labels start at 0. Class weights multiply
    the items and do not change the count of the mean (reduction "mean_with_sample_weight" divides
    by the weights).

    Formula
    -------
    -weight_y * log_p_y

    Examples
    --------
    >>> import losskit
    >>> float(losskit.negative_log_likelihood([1, 0], [[-3.0, -0.5], [-1.0, -0.25]]))
    0.75

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning (2006), ch. 4.3.4.
    """

    ignore_class: int | None = parameter(None, **IGNORE)
    axis: int = parameter(-1, kind="integer", doc="axis of the classes")
    class_weight: tuple[Any, ...] | None = parameter(None, **BY_CLASS)

    name = "negative_log_likelihood"
    aliases = ("nll", "nll_loss")
    latex = r"-\log p_y"
    unit = "nats"
    target: ClassVar[Domain] = LABEL
    convex = True
    metric = "sparse_categorical_accuracy"
    task = "sparse"
    link = "softmax"
    alone = True

    @property
    def prediction(self) -> Domain:
        return LOG_PROBABILITY

    def best_constant(self, y: Any, w: Any = None, classes: int = 0) -> Any:
        return constants.log_shares(self.amounts(y, w, classes))

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        return m.drop(sound * m.sum(m.where(true, -p, 0.0), self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        return m.where(true, lost(m, p) - sound, 0.0 * sound)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        true, sound = self._true(m, y, p)
        return m.where(true, lost(m, p), 0.0 * sound)


# --- shared by the two categorical cross-entropies ----------------------------------------------

Softmax = CategoricalCrossentropy | SparseCategoricalCrossentropy


def check_for_logits(card: Softmax) -> None:
    """Refuse what has a meaning for logits alone.

    Raises:
        ValueError: a temperature or a z-loss for probabilities.
    """
    if card.from_logits:
        return
    for name in ("temperature", "z_loss"):
        given, (default, _) = getattr(card, name), card.rules()[name]
        if given != default:
            raise ValueError(
                f"{name} must be {default:g} unless from_logits=True, got {given:g}: it acts on "
                "logits, which probabilities do not tell. End the model without a softmax and pass "
                f"from_logits=True, or leave {name} out."
            )


def distribution(card: Softmax, m: Vocabulary, p: Array) -> softmax.Row:
    """The predicted distribution of each row."""
    if card.from_logits:
        return softmax.from_logits(m, p, card.axis, card.temperature)
    return softmax.from_probabilities(m, p, card.axis)


def softmax_value(
    card: Softmax, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None
) -> Array:
    """The cross-entropy of each row, the class axis kept."""
    row, axis = distribution(card, m, p), card.axis
    y, z_loss = _weighed(card, m, y, class_weight)
    item = softmax.cross_entropy(m, y, row, axis)
    if not card.z_loss:
        return item
    whole = _log_sum_exp(card, m, p, row)
    return item + z_loss * whole * whole


def softmax_costs(card: Softmax, m: Vocabulary, p: Array) -> Array:
    """What a share of each class costs, where its weight is 1 and multiplies the z-loss too."""
    row = distribution(card, m, p)
    if not card.z_loss:
        return -row.log_p
    whole = _log_sum_exp(card, m, p, row)
    return card.z_loss * whole * whole - row.log_p


def softmax_slope(
    card: Softmax,
    m: Vocabulary,
    y: Array,
    p: Array,
    class_weight: Array | None = None,
    soft: bool = False,
) -> Array:
    """Derivative of the cross-entropy with respect to logits or probabilities.

    Soft targets, of more than one class, may be met by a prediction: where they nearly are, the
    slope keeps its digits.
    """
    row, axis = distribution(card, m, p), card.axis
    y, z_loss = _weighed(card, m, y, class_weight)
    if card.from_logits:
        # Of z_loss * f^2, f the log-sum-exp: 2 z_loss f p. It joins the factor of p, for a product
        # of its own would underflow before their sum does.
        more = 2.0 * z_loss * _log_sum_exp(card, m, p, row) if card.z_loss else None
        residual = softmax.balanced_residual if soft else softmax.residual
        error = residual(m, y, row, axis, more)
        return error if card.temperature == 1.0 else error / card.temperature
    error = softmax.residual_of_probabilities(m, y, row, p, axis)
    # Through p / sum(p): sum(y) / sum(p) - y / p. The quotient form keeps what the difference of
    # the two would round away; where y = 0 the first term stands alone.
    q = m.floored(p)
    return m.where(y == 0, m.sum(y, axis) / m.sum(q, axis), error / q)


def softmax_curve(
    card: Softmax, m: Vocabulary, y: Array, p: Array, class_weight: Array | None = None
) -> Array:
    """Diagonal of the second derivative of the cross-entropy."""
    row, axis = distribution(card, m, p), card.axis
    y, z_loss = _weighed(card, m, y, class_weight)
    if card.from_logits:
        bend = m.sum(y, axis) * row.complement
        if card.z_loss:
            # Of f^2: 2 (f f'' + f'^2).
            bent = _log_sum_exp(card, m, p, row) * row.complement + row.p
            bend = bend + 2.0 * z_loss * bent
        curve = bend * row.p
        return curve if card.temperature == 1.0 else curve / card.temperature / card.temperature
    # y / q^2 - total / whole^2 in shares of the whole: the near-certain right class keeps its
    # digits, and no infinity meets another where every probability of the row is tiny.
    whole = m.sum(m.floored(p), axis)
    own = m.where(y == 0, 0.0, y * row.complement * (1.0 + row.p) / row.p / row.p)
    return (own - softmax.others(m, y, axis)) / whole / whole


def _weighed(
    card: Softmax, m: Vocabulary, y: Array, class_weight: Array | None
) -> tuple[Array, Any]:
    """The shares of the target, times their classes' weights; and the weight of the z-loss."""
    if class_weight is None:
        return y, card.z_loss
    y = class_weight * y
    return y, card.z_loss * m.sum(y, card.axis) if card.z_loss else 0.0


def _log_sum_exp(card: Softmax, m: Vocabulary, z: Array, row: softmax.Row) -> Array:
    return m.max(z, card.axis) / card.temperature + row.log_sum
