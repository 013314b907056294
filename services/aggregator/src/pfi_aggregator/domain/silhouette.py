"""How well clients lie in their clusters."""

import numpy as np
from numpy.typing import NDArray


def mean_silhouette(distances: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Gives the mean silhouette of a partition, from -1 to 1.

    For client i, a(i) is its mean distance to the others of its cluster, b(i) the lowest mean
    distance to the clients of another cluster, and s(i) = (b(i) - a(i)) / max(a(i), b(i)); s(i) is
    0 in a cluster of one, and where both are 0. Source: Rousseeuw 1987, "Silhouettes: a graphical
    aid to the interpretation and validation of cluster analysis", equations 1 to 3.

    Shapes: distances (n, n), labels (n,), with values 0 to k - 1 that all occur, k at least 2.
    """
    members = np.eye(labels.max() + 1)[labels]
    sizes = members.sum(axis=0)
    totals = distances @ members
    own = sizes[labels]
    rows = np.arange(labels.size)
    within = totals[rows, labels] / np.maximum(own - 1, 1)
    means = totals / sizes
    means[rows, labels] = np.inf
    nearest = means.min(axis=1)
    highest = np.maximum(within, nearest)
    counts = (own > 1) & (highest > 0)
    values = np.where(counts, (nearest - within) / np.where(counts, highest, 1.0), 0.0)
    return float(values.mean())
