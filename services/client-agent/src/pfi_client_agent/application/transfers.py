"""Downloads a task's base adapter, and uploads its update, over any number of interruptions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

from pfi.aggregator.v1.ticket_pb2 import RECEIPT_STATE_COMMITTED, UpdateReceipt
from pfi.aggregator.v1.update_service_pb2 import UpdateHeader
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.aggregator_link import AggregatorLink, aggregator_link
from pfi_client_agent.application.retrying import Retrying
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.training import Vector
from pfi_common.errors import AttemptVoidedError, PayloadCorruptError, SignatureInvalidError

_COORDINATE_BYTES = 4


@dataclass
class Transfers:
    """Everything that one task sends and receives.

    Attributes:
        workplace: What tasks need.
        task: The task.
        sent_bytes: Payload bytes sent, repeats included.
        received_bytes: Payload bytes received, repeats included.
    """

    workplace: Workplace
    task: Task
    sent_bytes: int = 0
    received_bytes: int = 0

    async def fetch_base(self, coordinate_count: int) -> Vector:
        """Give the task's base adapter, from the cache or the aggregator; its digest is checked.

        Raises:
            AdapterInvalidError: It does not have so many coordinates.
            PlatformError: The aggregator refuses, or the deadline came first.
        """
        digest = self.task.base.digest
        known = await asyncio.to_thread(self.workplace.cache.find, digest)
        if known is not None:
            return known
        expected_bytes = _COORDINATE_BYTES * coordinate_count
        return await self._retrying().run(lambda: self._download(digest, expected_bytes))

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

        async def attempt() -> SignedStatement:
            nonlocal asking
            async with self._link() as link:
                offset_bytes: int | SignedStatement = 0
                if asking:
                    offset_bytes = await link.upload_status(header.ticket, header.payload_sha256)
                asking = True
                if isinstance(offset_bytes, SignedStatement):
                    return offset_bytes
                header.offset_bytes = offset_bytes
                return await link.upload(header, payload)

        receipt = await self._retrying().run(attempt)
        self._check_receipt(receipt, header.payload_sha256)
        return receipt

    async def _download(self, digest: str, expected_bytes: int) -> Vector:
        cache = self.workplace.cache
        if cache.part_bytes(digest) >= expected_bytes:
            cache.drop_part(digest)
        async with self._link() as link:
            async for data in link.download(digest, cache.part_bytes(digest), expected_bytes):
                await asyncio.to_thread(cache.append, digest, data)
        adapter = await asyncio.to_thread(cache.complete, digest)
        if adapter is None:
            raise PayloadCorruptError("the downloaded adapter does not have its digest")
        return adapter

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[AggregatorLink]:
        """Open a connection of its own for every attempt, with the identity of that moment."""
        membership = self.workplace.membership
        await membership.ensure_valid()
        address = membership.aggregator(self.task.spool)
        async with aggregator_link(address, membership.identity, membership.open_channel) as link:
            try:
                yield link
            finally:
                self.sent_bytes += link.sent_bytes
                self.received_bytes += link.received_bytes

    def _retrying(self) -> Retrying:
        observer, task = self.workplace.observer, self.task
        return Retrying(
            clock=self.workplace.clock,
            deadline=task.deadline_time.ToDatetime(tzinfo=UTC),
            failed=lambda error, delay: observer.transfer_retried(task, error, delay),
        )

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
