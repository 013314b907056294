"""Downloads a task's adapters, and uploads its update, over any number of interruptions."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC
from types import TracebackType
from typing import Self, TypeVar

from pfi.aggregator.v1.ticket_pb2 import RECEIPT_STATE_COMMITTED, UpdateReceipt
from pfi.aggregator.v1.update_service_pb2 import UpdateHeader
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.aggregator_link import AggregatorLink, Traffic, aggregator_link
from pfi_client_agent.adapters.wanted_forms import wanted_base
from pfi_client_agent.application.adapter_download import download_adapter
from pfi_client_agent.application.retrying import Retrying
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.training import Vector
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import (
    AttemptVoidedError,
    PlatformError,
    SignatureInvalidError,
)

T = TypeVar("T")

# What stands between may have forgotten a connection that was silent for so long.
_IDLE_SECONDS = 30.0


class Transfers:
    """Everything that one task sends and receives; a context that ends with the task.

    One connection serves the whole task. After a failure the next attempt opens another one, with
    the identity and the address of that moment.

    Args:
        workplace: What tasks need.
        task: The task.

    Attributes:
        traffic: What was transferred so far.
    """

    def __init__(self, workplace: Workplace, task: Task) -> None:
        self.workplace = workplace
        self.task = task
        self.traffic = Traffic()
        self._link: AggregatorLink | None = None
        self._used_at = 0.0
        self._connection = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin; nothing is opened yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._disconnect()

    async def fetch_base(self, coordinate_count: int) -> Vector:
        """Give the task's base adapter; see `fetch`."""
        return await self.fetch(wanted_base(self.task, coordinate_count))

    async def fetch(self, wanted: WantedAdapter) -> Vector:
        """Give an adapter, from the cache or the aggregator; the digest of its form is checked.

        Raises:
            AdapterInvalidError: It does not have so many coordinates.
            PlatformError: The aggregator refuses, or the deadline came first.
        """
        cache = self.workplace.cache
        known = await asyncio.to_thread(cache.find, wanted)
        if known is not None:
            return known
        return await self._repeat(lambda link: download_adapter(cache, link, wanted))

    async def upload(self, header: UpdateHeader, payload: bytes, *, fresh: bool) -> SignedStatement:
        """Send an update until it is committed; gives the verified receipt.

        Args:
            header: The update's header, with offset 0.
            payload: The stored bytes; every attempt sends these.
            fresh: True when nothing of it can be at the aggregator yet.

        Raises:
            PlatformError: The aggregator refuses for good, or the deadline came first.
        """
        asking = not fresh

        async def attempt(link: AggregatorLink) -> SignedStatement:
            nonlocal asking
            offset_bytes: int | SignedStatement = 0
            if asking:
                offset_bytes = await link.upload_status(header.ticket, header.payload_sha256)
            asking = True
            if isinstance(offset_bytes, SignedStatement):
                return offset_bytes
            header.offset_bytes = offset_bytes
            return await link.upload(header, payload)

        receipt = await self._repeat(attempt)
        self._check_receipt(receipt, header.payload_sha256)
        return receipt

    async def _repeat(self, attempt: Callable[[AggregatorLink], Awaitable[T]]) -> T:
        """Attempt something until it works, is refused for good, or it is too late."""
        observer, task = self.workplace.observer, self.task
        retrying = Retrying(
            clock=self.workplace.clock,
            deadline=task.deadline_time.ToDatetime(tzinfo=UTC),
            failed=lambda error, delay: observer.transfer_retried(task, error, delay),
        )
        return await retrying.run(lambda: self._once(attempt))

    async def _once(self, attempt: Callable[[AggregatorLink], Awaitable[T]]) -> T:
        try:
            result = await attempt(await self._connected())
        except PlatformError:
            await self._disconnect()
            raise
        self._used_at = self.workplace.clock.monotonic()
        return result

    async def _connected(self) -> AggregatorLink:
        now = self.workplace.clock.monotonic()
        if now - self._used_at > _IDLE_SECONDS:
            await self._disconnect()
        if self._link is None:
            membership = self.workplace.membership
            await membership.ensure_valid()
            self._link = await self._connection.enter_async_context(
                aggregator_link(
                    membership.aggregator(self.task.spool),
                    membership.identity,
                    membership.open_channel,
                    self.traffic,
                )
            )
        return self._link

    async def _disconnect(self) -> None:
        self._link = None
        await self._connection.aclose()

    def _check_receipt(self, statement: SignedStatement, payload_sha256: str) -> None:
        membership = self.workplace.membership
        receipt = membership.verifier.verify(
            statement, UpdateReceipt, signer=f"aggregator/{self.task.spool}"
        )
        expected = (self.task.task, membership.client, payload_sha256)
        if (receipt.task, receipt.client, receipt.payload_sha256) != expected:
            raise SignatureInvalidError("the receipt is for another update")
        if receipt.state != RECEIPT_STATE_COMMITTED:
            raise AttemptVoidedError
