"""Groups the clients of a probe round, and leaves the answer where the coordinator looks."""

import json
from dataclasses import dataclass
from typing import Any

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Artifacts
from pfi_aggregator.domain.partition import Partition, partition_clients
from pfi_aggregator.domain.partition_request import PartitionName, PartitionRequest
from pfi_common.errors import PlatformError


@dataclass(frozen=True)
class PartitionClients:
    """The use case behind the task `pfi.partition_clients`.

    It may run any number of times, also at once: equal requests have equal answers, at one place.
    """

    artifacts: Artifacts

    async def run(self, name: PartitionName, request: PartitionRequest) -> Partition:
        """Stores and gives the clusters.

        Raises:
            DiskFullError: the answer cannot be stored.
            StoreUnavailableError: the store does not answer.
        """
        found = await in_thread(partition_clients, request)
        facts = {
            "clusters": found.clusters,
            "silhouette": found.silhouette,
            "count": len(found.clusters),
            "reason": found.reason,
        }
        await self._store(name, facts)
        return found

    async def refuse(self, name: PartitionName, error: PlatformError) -> None:
        """Stores why there are no clusters.

        Raises:
            DiskFullError: the answer cannot be stored.
            StoreUnavailableError: the store does not answer.
        """
        await self._store(name, {"error": error.message})

    async def _store(self, name: PartitionName, facts: dict[str, Any]) -> None:
        document = {"run": name.run, "digest": name.digest, **facts}
        path = f"partitions/{name.run}/{name.digest}.json"
        await self.artifacts.put_named(path, json.dumps(document, sort_keys=True).encode())
