"""What the two examples share: handwritten digits, and the weights that both start from."""

import numpy as np
from sklearn.datasets import load_digits


def images_and_labels():
    """1797 images of 8 x 8 as rows of 64 numbers in [0, 1], and which digit each shows."""
    digits = load_digits()
    return (digits.data / 16).astype(np.float32), digits.target.astype(np.int32)


def layers(hidden=32):
    """The weights and biases of two dense layers: (64, hidden) and (hidden, 10)."""
    random = np.random.default_rng(0)
    first = random.normal(0, (2 / 64) ** 0.5, (64, hidden))
    second = random.normal(0, (1 / hidden) ** 0.5, (hidden, 10))
    return [(w.astype(np.float32), np.zeros(w.shape[1], np.float32)) for w in (first, second)]


def batches(steps, size=128):
    """Which images each step is shown."""
    random = np.random.default_rng(1)
    for _ in range(steps):
        yield random.choice(1797, size, replace=False)
