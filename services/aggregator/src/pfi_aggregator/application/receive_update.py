"""Takes an update: receives it, makes it durable, counts it at most once, gives a receipt."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

from pfi_aggregator.application.arriving_update import ArrivingUpdate
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.ports import Incoming, Meter, PartialUpload, Rounds, Statements
from pfi_aggregator.application.receive_slots import ReceiveSlots
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.application.upload_admission import UploadAdmission
from pfi_aggregator.application.upload_places import UploadPlaces
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.application.upload_work import UploadWork
from pfi_aggregator.domain.chunk import Chunk, check_chunk
from pfi_aggregator.domain.counting import count_update
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState, require_uploads
from pfi_aggregator.domain.ticket import Caller, UploadTicket
from pfi_aggregator.domain.update import CommittedUpdate, UpdateHeader, UpdateRecord
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import (
    AttemptVoidedError,
    ChunkOutOfOrderError,
    DiskFullError,
    PayloadSizeInvalidError,
    PlatformError,
    StoreUnavailableError,
    UploadsLimitedError,
)
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_common.tensors import ScanResult

_RESUMABLE = (
    ChunkOutOfOrderError,
    DiskFullError,
    PayloadSizeInvalidError,
    StoreUnavailableError,
    UploadsLimitedError,
)
"""Errors after which the stored bytes are still good for a resume."""


@dataclass(frozen=True)
class ReceiveUpdate:
    """The use case behind UploadUpdate."""

    rounds: Rounds
    incoming: Incoming
    admission: UploadAdmission
    statements: Statements
    turns: UploadTurns
    places: UploadPlaces
    slots: ReceiveSlots
    ahead: FoldAhead
    bells: RoundBells
    meter: Meter
    failpoints: Failpoints

    async def run(
        self, caller: Caller, header: UpdateHeader, chunks: AsyncIterator[Chunk]
    ) -> bytes:
        """Receives one update and gives its signed receipt.

        Raises:
            PlatformError: the update is refused; nothing of it counts.
        """
        try:
            return await self._run(caller, header, chunks)
        except PlatformError as error:
            self.meter.update_refused(error.reason)
            raise

    async def _run(
        self, caller: Caller, header: UpdateHeader, chunks: AsyncIterator[Chunk]
    ) -> bytes:
        ticket = await in_thread(self.admission.identify, header.ticket, caller)
        async with self.turns.take(ticket.task):
            committed = await in_thread(self._find_committed, ticket, header)
            if committed is None:
                committed = await self._take(ticket, header, chunks)
        receipt = Receipt(ticket.key, committed.counted, voided=False)
        statement = self.statements.sign_receipt(receipt)
        self.failpoints.reach(Failpoint.RECEIPT_READY)
        return statement

    async def _take(
        self, ticket: UploadTicket, header: UpdateHeader, chunks: AsyncIterator[Chunk]
    ) -> CommittedUpdate:
        """Waits for a place, and receives and commits while it has it."""
        await in_thread(self.admission.admit, ticket, header)
        async with AsyncExitStack() as stack:
            async with self.turns.receiving(ticket.task):
                place = await stack.enter_async_context(self.places.take(ticket.client))
            plan = await in_thread(self.admission.admit, ticket, header)
            async with (
                self._keeping(ticket.task, header) as upload,
                self._summing(upload, plan, ticket, header) as update,
            ):
                async with self.turns.receiving(ticket.task), place.receiving():
                    scan = await self._receive(update, header, ticket, chunks)
                committed = await self._commit(count_update(header, ticket, scan, plan))
                await in_thread(self.ahead.count, update, committed.counted)
                await in_thread(upload.discard)
        return committed

    def _find_committed(self, ticket: UploadTicket, header: UpdateHeader) -> CommittedUpdate | None:
        if self.admission.state(ticket) is RoundState.ABORTED:
            raise AttemptVoidedError
        return self.admission.find_committed(ticket, header.payload_sha256)

    @asynccontextmanager
    async def _keeping(self, task: str, header: UpdateHeader) -> AsyncIterator[PartialUpload]:
        """Begins an upload, and closes it at the end; keeps its bytes unless no resume can help."""

        def begin() -> PartialUpload:
            upload = self.incoming.begin(task, header)
            stack.callback(upload.close)
            return upload

        with ExitStack() as stack:  # closes also what a call begins that is cancelled meanwhile
            upload = await in_thread(begin)
            try:
                yield upload
            except PlatformError as error:
                if not isinstance(error, _RESUMABLE):
                    await in_thread(upload.discard)
                raise

    @asynccontextmanager
    async def _summing(
        self, upload: PartialUpload, plan: RoundPlan, ticket: UploadTicket, header: UpdateHeader
    ) -> AsyncIterator[ArrivingUpdate]:
        """Takes out of the sums, at the end, what has not been counted."""

        def begin() -> ArrivingUpdate:
            update = self.ahead.begin(upload, plan, ticket, header)
            stack.push_async_callback(in_thread, self.ahead.end, update)
            return update

        async with AsyncExitStack() as stack:  # ends also what is begun for a cancelled call
            yield await in_thread(begin)

    async def _receive(
        self,
        update: ArrivingUpdate,
        header: UpdateHeader,
        ticket: UploadTicket,
        chunks: AsyncIterator[Chunk],
    ) -> ScanResult:
        await in_thread(update.take_stored)
        received_bytes = update.received_bytes
        async with UploadWork(update.take) as work, aclosing(self.slots.paced(chunks)) as paced:
            async for chunk in paced:
                check_chunk(chunk, received_bytes, header.payload_bytes)
                require_uploads(self.admission.state(ticket))
                await work.add(chunk.data)
                received_bytes += len(chunk.data)
                del chunk  # the next one may have to wait
        return await in_thread(update.finish)

    async def _commit(self, record: UpdateRecord) -> CommittedUpdate:
        key = record.ticket.key
        try:
            committed = await in_thread(self.rounds.commit, record)
        finally:
            self.bells.ring(key)
        self.meter.update_committed(committed)
        get_logger().info(
            Event.UPDATE_COMMITTED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
            task=record.ticket.task,
            payload_bytes=record.header.payload_bytes,
            clipped=committed.clipped,
            capped=committed.capped,
        )
        return committed
