"""Sketches as directions: how far they are apart, and which cluster one is nearest to."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

NOWHERE = -1
"""Label of a client that belongs to no cluster yet."""
_DECIMALS = 12
"""Of a distance: what processors disagree on must not decide which clients are merged first."""


def directions(sketches: NDArray[np.float32]) -> Matrix:
    """Scales every row to length 1; a row of zeros stays zero.

    Shapes: (n, d), result (n, d).
    """
    rows = sketches.astype(np.float64)
    # Lengths of huge rows would overflow, and those of tiny ones vanish.
    highest = np.abs(rows).max(axis=1, keepdims=True)
    rows /= np.where(highest > 0, highest, 1.0)
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def cosine_distances(units: Matrix) -> Matrix:
    """Gives 1 - cosine of every pair: 0 for one direction, 1 for unrelated, 2 for opposite ones.

    A row of zeros has the distance 0 to others like it, and 1 to everything else.

    Shapes: (n, d), result (n, n), symmetric with zeros on the diagonal.
    """
    cosines = units @ units.T
    still = ~units.any(axis=1)
    cosines[np.ix_(still, still)] = 1.0
    distances = np.clip(np.round(1.0 - (cosines + cosines.T) / 2, _DECIMALS), 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    return np.asarray(distances)


def join_nearest(units: Matrix, labels: Labels, minimum_size: int) -> Labels:
    """Dissolves clusters below a size: their clients join the nearest remaining centroid.

    So do clients with the label NOWHERE. Nearest is the highest cosine with the mean direction;
    of equal ones, the larger cluster's. Labels are given anew: 0 is the largest cluster, of equally
    large ones that with the first client.

    Shapes: units (n, d), labels (n,), result (n,); all labels are NOWHERE if no cluster remains.
    """
    kept = [label for label in _by_size(labels) if (labels == label).sum() >= minimum_size]
    if not kept:
        return np.full_like(labels, NOWHERE)
    centroids = directions_of_means(units, labels, kept)
    result = np.full_like(labels, NOWHERE)
    for new, label in enumerate(kept):
        result[labels == label] = new
    alone = result == NOWHERE
    result[alone] = np.argmax(np.round(units[alone] @ centroids.T, _DECIMALS), axis=1)
    return _renamed(result)


def directions_of_means(units: Matrix, labels: Labels, kept: list[int]) -> Matrix:
    """Gives the mean direction of each of these clusters.

    Shapes: units (n, d), labels (n,), result (len(kept), d).
    """
    means = np.array([units[labels == label].mean(axis=0) for label in kept])
    lengths = np.sqrt(np.square(means).sum(axis=1, keepdims=True))
    return np.asarray(means / np.where(lengths > 0, lengths, 1.0))


def _by_size(labels: Labels) -> list[int]:
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = sorted(zip(-sizes, first, names, strict=True))
    return [int(name) for _, _, name in order if name != NOWHERE]


def _renamed(labels: Labels) -> Labels:
    result = np.empty_like(labels)
    for new, label in enumerate(_by_size(labels)):
        result[labels == label] = new
    return result
