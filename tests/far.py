"""Vectors, rows and masks whose numbers XLA's rewriting, and its reading of subnormal numbers as 0,
would spoil; with the true values in float64."""

import numpy as np

Y = np.array([0.3, -1.2, 2.0], "f4")
VECTORS = np.array(
    [
        [1e-38, 2e-38, 5e-39],
        [1e-40, 2e-40, -3e-40],
        [3e-45, 0.0, 1e-44],
        [8e37, 1e38, -9e37],
        [3e38, -2e38, 1e38],
        [1e27, -1e28, 3e27],
        [2e-28, 1e-27, 1e-28],
        [1.0, 2.0, 0.5],
    ],
    "f4",
)


def cosine(y, p):
    """-cos and its derivative by p, in float64."""
    y, p = y.astype("f8"), p.astype("f8")
    length = np.linalg.norm(p, axis=-1, keepdims=True)
    u, v = y / np.linalg.norm(y, axis=-1, keepdims=True), p / length
    cos = (u * v).sum(-1, keepdims=True)
    return -cos[..., 0], (cos * v - u) / length


ROWS = np.array(
    [[0.99959147, 4e-4, 8.53e-6], [0.9999, 5e-5, 5e-5], [0.99999, 1e-6, 9e-6], [0.9, 0.05, 0.05]],
    "f4",
)


def cross_entropy(p):
    """-log of the first class's share, in float64."""
    p = p.astype("f8")
    return np.log1p(p[:, 1:].sum(-1) / p[:, 0])
