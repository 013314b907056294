"""Jobs that group clients, through Celery. The result comes through artifacts."""

from dataclasses import asdict

from pfi_coordinator.adapters.celery_producer import CeleryProducer
from pfi_coordinator.application.ports.partition_queue import PartitionOrder

TASK = "pfi.partition_clients"
QUEUE = "pfi.cluster"


class CeleryPartitionQueue:
    """`pfi_coordinator.application.ports.partition_queue.PartitionQueue` on a Celery broker."""

    def __init__(self, producer: CeleryProducer) -> None:
        self._producer = producer

    async def send(self, order: PartitionOrder) -> None:
        """See PartitionQueue.send."""
        await self._producer.send(TASK, QUEUE, asdict(order))
