"""Adapter exports through Celery. Only orders are sent; the result comes through artifacts."""

import asyncio
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from pfi_common.errors import StoreUnavailableError
from pfi_coordinator.application.ports.export_queue import ExportOrder

if TYPE_CHECKING:  # Celery is large, and a coordinator without exports never needs it
    from celery import Celery

TASK = "pfi.export_adapter"
QUEUE = "pfi.export"


class CeleryExportQueue:
    """`pfi_coordinator.application.ports.export_queue.ExportQueue` on a Celery broker."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url

    async def send(self, order: ExportOrder) -> None:
        """See ExportQueue.send."""
        await asyncio.to_thread(self._send, order)

    def _send(self, order: ExportOrder) -> None:
        from kombu.exceptions import OperationalError

        try:
            self._celery.send_task(TASK, kwargs=asdict(order), queue=QUEUE, retry=False)
        except OperationalError:
            raise StoreUnavailableError("the broker of exports does not answer") from None

    @cached_property
    def _celery(self) -> "Celery":
        from celery import Celery

        producer = Celery("pfi-coordinator", broker=self._broker_url)
        producer.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            result_backend=None,
            broker_transport_options={"socket_timeout": 5.0, "socket_connect_timeout": 2.0},
        )
        return producer


def broker_url_of(redis_url: str) -> str:
    """Gives the broker URL of a Redis URL: Celery names unix sockets differently."""
    return redis_url.replace("unix://", "redis+socket://", 1)
