"""The worker's job that groups the clients of a probe round."""

import asyncio

from pfi_aggregator.application.partition_clients import PartitionClients
from pfi_aggregator.domain.partition import Partition
from pfi_aggregator.domain.partition_request import PartitionName
from pfi_aggregator.wire.partitions import read_partition_name, read_partition_request
from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import PartitionFailedError, PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class PartitionJob:
    """One partition after the other, on an event loop that lives as long as the process."""

    def __init__(self, runner: asyncio.Runner, artifacts: ArtifactStore) -> None:
        self._runner = runner
        self._partition = PartitionClients(artifacts)

    def __call__(self, arguments: dict[str, object]) -> None:
        """Groups clients; what is wrong with a request is its answer, and every failure is logged.

        An answer that could not be stored is asked for again by the coordinator.
        """
        try:
            name = read_partition_name(arguments)
            found = self._runner.run(self._answer(name, arguments))
        except PlatformError as error:
            get_logger().error(Event.PARTITION_FAILED, error=error)
        else:
            get_logger().info(Event.PARTITION_STORED, run=name.run, count=len(found.clusters))

    async def _answer(self, name: PartitionName, arguments: dict[str, object]) -> Partition:
        try:
            return await self._partition.run(name, read_partition_request(arguments))
        except PartitionFailedError as error:
            await self._partition.refuse(name, error)
            raise
