"""Adapter exports through Celery. Only orders are sent; the result comes through artifacts."""

from dataclasses import asdict

from pfi_coordinator.adapters.celery_producer import CeleryProducer
from pfi_coordinator.application.ports.export_queue import ExportOrder

TASK = "pfi.export_adapter"
QUEUE = "pfi.export"


class CeleryExportQueue:
    """`pfi_coordinator.application.ports.export_queue.ExportQueue` on a Celery broker."""

    def __init__(self, producer: CeleryProducer) -> None:
        self._producer = producer

    async def send(self, order: ExportOrder) -> None:
        """See ExportQueue.send."""
        await self._producer.send(TASK, QUEUE, asdict(order))
