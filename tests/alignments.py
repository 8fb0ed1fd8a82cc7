"""CTC by its definition: all alignments, and the recursion over them, in 60 digits."""

import itertools

import numpy as np
from mpmath import mp, mpf
from truth import mpf as _sixty_digits  # noqa: F401  (sets the number of digits)

NAN, INF = float("nan"), float("inf")


def said(alignment, blank):
    """The labels of an alignment: repetitions are one, blanks are none."""
    return tuple(k for k, _ in itertools.groupby(alignment) if k != blank)


def by_alignments(log_p, labels, blank):
    """The probability of the labels, and of each class in each frame given them."""
    frames, classes = log_p.shape
    p = [[mp.exp(mpf(float(x))) for x in row] for row in log_p]
    total, shares = mpf(0), np.full(log_p.shape, mpf(0))
    for alignment in itertools.product(range(classes), repeat=frames):
        if said(alignment, blank) == tuple(labels):
            way = mp.fprod(p[t][k] for t, k in enumerate(alignment))
            total += way
            for t, k in enumerate(alignment):
                shares[t, k] += way
    return total, shares / total if total else shares


def by_recursion(log_p, labels, blank):
    """The same for many frames: the product of what leads to a place and what leads on from it."""
    p = [[mp.exp(mpf(float(x))) for x in row] for row in log_p]
    places = [blank]
    for label in labels:
        places += [label, blank]

    def ways(p, places):
        now, before = [mpf(0)] * len(places), []
        now[0] = mpf(1)
        for row in p:
            come = [
                now[s]
                + (now[s - 1] if s else 0)
                + (now[s - 2] if s > 1 and places[s] != places[s - 2] else 0)
                for s in range(len(places))
            ]
            before.append(come)
            now = [come[s] * row[k] for s, k in enumerate(places)]
        return sum(now[-2:]), before

    total, ahead = ways(p, places)
    _, back = ways(p[::-1], places[::-1])
    shares = np.full(log_p.shape, mpf(0))
    for t, row in enumerate(p):
        for s, k in enumerate(places):
            shares[t, k] += ahead[t][s] * row[k] * back[-1 - t][-1 - s] / total
    return total, shares


def log_probabilities(rng, *shape, scale=1.0, dtype=np.float64):
    z = scale * rng.normal(size=shape)
    z = z - z.max(-1, keepdims=True)
    return (z - np.log(np.exp(z).sum(-1, keepdims=True))).astype(dtype)


def padded(rows, length):
    return np.array([[*row, *[-1] * (length - len(row))] for row in rows]).reshape(-1, length)
