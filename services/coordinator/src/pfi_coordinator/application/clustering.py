"""The job that groups clients: what it is asked, and what it answers."""

import base64
import json
import struct
from collections.abc import Collection
from hashlib import sha256
from math import isfinite
from typing import Any

from pfi_coordinator.application.ports.partition_queue import PartitionOrder
from pfi_coordinator.application.ports.sketch_store import Sketches
from pfi_coordinator.domain.events import ClientsPartitioned
from pfi_coordinator.domain.rules import ClusterRules

_LONGEST_SENTENCE = 500


def partition_order(run: str, sketches: Sketches, rules: ClusterRules, seed: int) -> PartitionOrder:
    """Asks for the partition of these clients; equal questions have equal digests."""
    clients = sorted(sketches)
    packed = b"".join(struct.pack(f"<{len(sketches[name])}f", *sketches[name]) for name in clients)
    request: dict[str, Any] = {
        "run": run,
        "clients": clients,
        "sketches": base64.b64encode(packed).decode(),
        "count": rules.count,
        "maximum_count": rules.maximum_count,
        "minimum_size": rules.minimum_size,
        "minimum_silhouette": rules.minimum_silhouette,
        "seed": seed,
    }
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":")).encode()
    digest = sha256(canonical).hexdigest()
    return PartitionOrder(**(request | {"clients": tuple(clients), "digest": digest}))


def partition_path(order: PartitionOrder) -> str:
    """Names the artifact that holds the answer."""
    return f"partitions/{order.run}/{order.digest}.json"


def read_partition(data: bytes, clients: Collection[str]) -> ClientsPartitioned:
    """Reads the answer. A job that failed, or whose answer is damaged, found no clusters.

    Asking again would not help: the same question has the same answer, at the same place.

    Args:
        data: The artifact.
        clients: Who was to be grouped; nobody else, and nobody twice, may be in a cluster.
    """
    try:
        return _partition(json.loads(data), frozenset(clients))
    except (ValueError, TypeError, KeyError, RecursionError):
        return _none_found("the answer of the worker is damaged")


def _partition(content: dict[str, Any], clients: frozenset[str]) -> ClientsPartitioned:
    if "error" in content:
        return _none_found(_sentence(content["error"]))
    clusters = tuple(tuple(cluster) for cluster in content["clusters"])
    named = [client for cluster in clusters for client in cluster]
    silhouette = content["silhouette"]
    if len(set(named)) < len(named) or not clients.issuperset(named):
        raise ValueError("somebody is in two clusters, or was not to be grouped")
    if silhouette is not None and not isfinite(silhouette):
        raise ValueError("the silhouette is not a number")
    return ClientsPartitioned(clusters, silhouette, _sentence(content["reason"]))


def _none_found(why: str) -> ClientsPartitioned:
    return ClientsPartitioned((), None, f"the clients could not be grouped: {why}")


def _sentence(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a reason is a sentence")
    return value[:_LONGEST_SENTENCE]
