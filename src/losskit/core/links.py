"""Logits of one activation read as those of the other: a probability p_j has the same meaning.

A loss on logits takes those of a sigmoid (binary) or of a softmax (categorical). Where a model ends
in the other activation, its logits z give such ones exactly:

    softmax(z)_j = sigmoid(u_j)                 with u_j = z_j - log(sum_(k != j) exp(z_k));
    sigmoid(z)_j / sum_k sigmoid(z)_k = softmax(w)_j               with w_j = log(sigmoid(z_j)).

Each comes with its derivative, in a form that does not cancel.
"""

from __future__ import annotations

from losskit.core import softmax
from losskit.core.namespaces import Array, Vocabulary


def log_odds(m: Vocabulary, z: Array, axis: int) -> Array:
    """u: the logits of which the sigmoid is softmax(z) along ``axis``, of at least two classes."""
    row = softmax.from_logits(m, z, axis)
    leads, rivals = _leader(m, z, axis)
    best = m.max(rivals, axis)
    # Where the others are all ruled out, their best is -inf, which is not to be taken from itself.
    others = m.sum(m.exp(rivals - m.where(best > float("-inf"), best, 0.0)), axis)
    odds = row.log_p - m.log1p(-m.where(leads, 0.0, row.p))
    return m.where(leads, (z - best) - m.log(others), odds)


def log_odds_gradient(m: Vocabulary, z: Array, g: Array, axis: int) -> Array:
    """What a gradient by u is by z."""
    leads, p, shares = _parts(m, z, axis)
    # du_j / dz_i = [i = j] - (i's share of the classes other than j). That share is p_i / (1 - p_j)
    # but for the class that leads, of which 1 - p may be 0.
    own = m.where(leads, 0.0, g / m.where(leads, 1.0, 1.0 - p))
    lead = m.sum(m.where(leads, g, 0.0), axis)
    return m.where(leads, g, own - lead * shares) - p * m.sum(own, axis)


def log_odds_tangent(m: Vocabulary, z: Array, dz: Array, axis: int) -> Array:
    """What a tangent of z is of u: the transpose of the gradient."""
    leads, p, shares = _parts(m, z, axis)
    by_lead = dz - m.sum(shares * dz, axis)
    return m.where(leads, by_lead, (dz - m.sum(p * dz, axis)) / m.where(leads, 1.0, 1.0 - p))


def log_sigmoid(m: Vocabulary, z: Array) -> Array:
    """w: the logarithm of the sigmoid, accurate in both tails."""
    return m.minimum(z, 0.0) - m.log1p(m.tail(z))


def log_sigmoid_gradient(m: Vocabulary, z: Array, g: Array) -> Array:
    """What a gradient by w is by z, and a tangent of z of w."""
    return g * m.sigmoid(-z)


def _leader(m: Vocabulary, z: Array, axis: int) -> tuple[Array, Array]:
    """Where a single class is ahead of all others, and z without it."""
    ahead = m.where(z == m.max(z, axis), 1.0, 0.0)
    leads = (ahead == 1.0) & (m.sum(ahead, axis) == 1.0)
    return leads, m.where(leads, float("-inf"), z)


def _parts(m: Vocabulary, z: Array, axis: int) -> tuple[Array, Array, Array]:
    """Where a class leads, softmax(z), and the share of each in what the leading class leaves."""
    leads, rivals = _leader(m, z, axis)
    best = m.max(rivals, axis)
    e = m.exp(rivals - m.where(best > float("-inf"), best, 0.0))
    shares = e / m.maximum(m.sum(e, axis), 1.0)
    return leads, softmax.from_logits(m, z, axis).p, shares
