"""Which clients of a probe round belong together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

from pfi_aggregator.domain.directions import (
    NOWHERE,
    Labels,
    Matrix,
    cosine_distances,
    directions,
    join_nearest,
)
from pfi_aggregator.domain.partition_request import PartitionRequest
from pfi_aggregator.domain.silhouette import mean_silhouette
from pfi_common.tensors.random_words import WordStream

MAXIMUM_AGGLOMERATED = 2_000
"""Clients that are merged step by step: that takes their number squared in time and memory."""
_DOMAIN = "pfi partition sample v1"
_CUTS_PER_CLUSTER = 2
_FEWEST_CLIENTS = 3
"""With two, nobody could be nearer to one than to another."""
_SHOWN_DECIMALS = 6


@dataclass(frozen=True)
class Partition:
    """The clusters of a probe round's clients.

    Attributes:
        clusters: Client ids, sorted; the largest cluster first, of equal ones that with the lowest
            id. One cluster when there is no good reason for more.
        silhouette: Mean silhouette of the best partition into several; none if there was none.
        reason: Why it is so, in words that follow a colon.
    """

    clusters: tuple[tuple[str, ...], ...]
    silhouette: float | None
    reason: str


@dataclass(frozen=True)
class _Candidate:
    labels: Labels
    silhouette: float


def partition_clients(request: PartitionRequest) -> Partition:
    """Groups clients by the directions of their sketches.

    Agglomerative clustering with average linkage (Sokal and Michener 1958) on cosine distance, cut
    into each number of clusters in question; clusters that are too small are dissolved
    (`directions.join_nearest`), and of what remains the partition with the highest mean silhouette
    is taken. Of more than 2,000 clients, 2,000 are drawn by the seed and clustered; the others join
    the nearest centroid. FedLEASE (Wang et al. 2025, section 3.2) chooses the number of clusters in
    the same way.

    The result depends on nothing but the request, not on the order of its clients.
    """
    order = sorted(range(len(request.clients)), key=lambda index: request.clients[index])
    clients = tuple(request.clients[index] for index in order)
    if len(clients) < max(_FEWEST_CLIENTS, request.fewest * request.minimum_size):
        return Partition(
            (clients,), None, f"{_amounts(request)} need more than {len(clients)} clients"
        )
    units = directions(request.sketches[order])
    sample = _sample(len(clients), request.seed)
    best = _best(units[sample], request, len(clients))
    if best is None:
        return Partition((clients,), None, f"the clients do not fill {_amounts(request)}")
    silhouette = round(best.silhouette, _SHOWN_DECIMALS)
    if silhouette < request.minimum_silhouette:
        reason = (
            f"the best grouping has a silhouette of {silhouette:.3f}, below the minimum of"
            f" {request.minimum_silhouette:g}"
        )
        return Partition((clients,), silhouette, reason)
    labels = np.full(len(clients), NOWHERE, dtype=np.int64)
    labels[sample] = best.labels
    return _all_joined(clients, units, labels, request, silhouette)


def _all_joined(
    clients: tuple[str, ...],
    units: Matrix,
    labels: Labels,
    request: PartitionRequest,
    silhouette: float,
) -> Partition:
    """Gives the partition in which the clients outside the sample have joined."""
    joined = join_nearest(units, join_nearest(units, labels, 1), request.minimum_size)
    count = int(joined.max()) + 1
    if count < request.fewest:
        reason = f"the clients do not fill {_amounts(request)}"
        return Partition((clients,), silhouette, reason)
    clusters = tuple(
        tuple(client for client, label in zip(clients, joined, strict=True) if label == name)
        for name in range(count)
    )
    return Partition(
        clusters, silhouette, f"{count} clusters with a silhouette of {silhouette:.3f}"
    )


def _amounts(request: PartitionRequest) -> str:
    return f"{request.fewest} clusters of at least {request.minimum_size}"


def _sample(count: int, seed: int) -> NDArray[np.int64]:
    """Draws the clients that are agglomerated: those with the lowest words, in ascending order."""
    if count <= MAXIMUM_AGGLOMERATED:
        return np.arange(count)
    words = WordStream(_DOMAIN, seed).take(count)
    return np.sort(np.argsort(words, kind="stable")[:MAXIMUM_AGGLOMERATED])


def _best(units: Matrix, request: PartitionRequest, client_count: int) -> _Candidate | None:
    """Gives the first of the candidates with the highest silhouette."""
    distances = cosine_distances(units)
    minimum_size = math.ceil(request.minimum_size * len(units) / client_count)
    best: _Candidate | None = None
    for labels in _cuts(distances, request.most):
        merged = join_nearest(units, labels, minimum_size)
        if request.fewest <= merged.max() + 1 <= request.most:
            silhouette = mean_silhouette(distances, merged)
            if best is None or silhouette > best.silhouette:
                best = _Candidate(merged, silhouette)
    return best


def _cuts(distances: Matrix, most: int) -> Iterator[Labels]:
    """Cuts the tree into 2, 3, ... clusters, and beyond `most`: an outlier takes a cut of its own.

    Shapes: distances (n, n), each result (n,).
    """
    tree = linkage(squareform(distances, checks=False), method="average")
    counts = range(2, min(_CUTS_PER_CLUSTER * most, len(distances) - 1) + 1)
    if counts:
        yield from cut_tree(tree, n_clusters=list(counts)).T.astype(np.int64)
