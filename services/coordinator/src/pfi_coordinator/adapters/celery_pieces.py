"""Jobs that reduce pieces of a round, through Celery. The results come through artifacts."""

from dataclasses import asdict

from pfi_coordinator.adapters.celery_producer import CeleryProducer
from pfi_coordinator.application.ports.piece_queue import PieceOrder

TASK = "pfi.reduce_piece"
QUEUE = "pfi.spool.{spool}"


class CeleryPieceQueue:
    """`pfi_coordinator.application.ports.piece_queue.PieceQueue` on a Celery broker."""

    def __init__(self, producer: CeleryProducer) -> None:
        self._producer = producer

    async def send(self, order: PieceOrder) -> None:
        """See PieceQueue.send."""
        await self._producer.send(TASK, QUEUE.format(spool=order.spool), asdict(order))
