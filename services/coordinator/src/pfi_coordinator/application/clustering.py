"""The job that groups clients: what it is asked, and what it answers."""

import base64
import json
import struct
from hashlib import sha256
from typing import Any

from pfi_coordinator.application.ports.partition_queue import PartitionOrder
from pfi_coordinator.application.ports.sketch_store import Sketches
from pfi_coordinator.domain.events import ClientsPartitioned
from pfi_coordinator.domain.rules import ClusterRules


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


def read_partition(data: bytes) -> ClientsPartitioned:
    """Reads the answer. A job that failed found no clusters, and says why."""
    content = json.loads(data)
    if "error" in content:
        return ClientsPartitioned((), None, f"the clients could not be grouped: {content['error']}")
    clusters = tuple(tuple(cluster) for cluster in content["clusters"])
    return ClientsPartitioned(clusters, content["silhouette"], content["reason"])
