"""Sends jobs to Celery workers. Results never come back this way: they are artifacts."""

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pfi_common.errors import StoreUnavailableError

if TYPE_CHECKING:  # Celery is large, and a coordinator without jobs never needs it
    from celery import Celery


class CeleryProducer:
    """A connection to a broker, made when the first job is sent."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url

    async def send(self, task: str, queue: str, arguments: Mapping[str, Any]) -> None:
        """Sends one job.

        Args:
            task: Name of the Celery task.
            queue: Name of the queue that its workers read.
            arguments: Its keyword arguments, as JSON writes them.

        Raises:
            StoreUnavailableError: The broker does not answer.
        """
        await asyncio.to_thread(self._send, task, queue, arguments)

    def _send(self, task: str, queue: str, arguments: Mapping[str, Any]) -> None:
        from kombu.exceptions import OperationalError

        try:
            self._celery.send_task(task, kwargs=dict(arguments), queue=queue, retry=False)
        except OperationalError:
            raise StoreUnavailableError("the broker of jobs does not answer") from None

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
