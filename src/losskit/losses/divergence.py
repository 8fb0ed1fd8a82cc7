"""Divergences between two distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from losskit.core.definition import SHARE, Domain, parameter
from losskit.core.families import Rowwise
from losskit.core.namespaces import Array, Vocabulary


@dataclass(frozen=True)
class KLDivergence(Rowwise):
    """Kullback-Leibler divergence of the prediction from the target distribution.

    What it measures
    ----------------
    How many nats are lost by coding draws of the target distribution y with the code made for the
    predicted distribution p; 0 where they are equal.

    When to use
    -----------
    Targets that are themselves distributions: distillation, topic models, soft labels.

    Pitfalls
    --------
    It takes probabilities, not logits, and not log-probabilities. It is not symmetric. Neither side
    is normalised: on rows that do not sum to 1 the value may be negative. Its gradient is that of
    `categorical_crossentropy` without the normalisation.

    Formula
    -------
    sum_j y_j * log(y_j / p_j)

    Examples
    --------
    >>> import losskit
    >>> round(float(losskit.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])), 6)
    0.143841

    References
    ----------
    Kullback and Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22
    (1951), 79-86.
    """

    axis: int = parameter(-1, kind="integer", doc="axis along which the distribution lies")

    name = "kl_divergence"
    aliases = ("kld", "kullback_leibler_divergence")
    latex = r"\sum_j y_j \log (y_j / p_j)"
    unit = "nats"
    target: ClassVar[Domain] = SHARE
    convex = True
    metric = "categorical_accuracy"
    task = "categorical"

    @property
    def prediction(self) -> Domain:
        return SHARE

    def value(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return m.drop(m.sum(y * self._log_ratio(m, y, p), self.axis), self.axis)

    def slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return -y / m.floored(p)

    def curve(self, m: Vocabulary, y: Array, p: Array) -> Array:
        q = m.floored(p)
        return y / q / q

    def target_slope(self, m: Vocabulary, y: Array, p: Array) -> Array:
        return self._log_ratio(m, y, p) + 1.0

    @staticmethod
    def _log_ratio(m: Vocabulary, y: Array, p: Array) -> Array:
        # Near p = y the logarithm of the quotient would keep only the quotient's rounding error.
        q = m.floored(p)
        t = m.floored(y)
        close = m.abs(t - q) < 0.5 * q
        # Far from it, one logarithm of the quotient: a difference of two keeps both roundings.
        far = m.log(m.maximum(t / q, m.tiny(q)))
        return m.where(close, m.log1p(m.where(close, (t - q) / q, 0.0)), far)
