"""A scripted aggregator over real gRPC: it keeps what it gets in memory, and fails on demand."""

import hashlib
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from pfi.aggregator.v1 import adapter_service_pb2 as adapters
from pfi.aggregator.v1 import adapter_service_pb2_grpc as adapters_grpc
from pfi.aggregator.v1 import ticket_pb2 as tickets
from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1 import update_service_pb2_grpc as updates_grpc
from pfi.common.v1.adapter_pb2 import AdapterForm
from pfi_common.errors import (
    AdapterUnknownError,
    ChunkOutOfOrderError,
    PayloadCorruptError,
    ServiceUnavailableError,
)
from pfi_common.identity import StatementSigner, StatementVerifier
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.tensors import encode

PIECE = 1 << 9


@dataclass
class Faults:
    """What goes wrong next; each entry is used once, in order.

    Attributes:
        uploads: Errors that uploads end with, before anything is read.
        cut_uploads: After so many payload bytes, which stay, an upload ends with UNAVAILABLE.
        cut_downloads: After so many payload bytes a download ends with UNAVAILABLE.
        corrupt_downloads: Downloads with one wrong byte.
        lose_receipts: Uploads that are committed, but whose answer is lost.
        statuses: Errors that status questions end with.
    """

    uploads: deque = field(default_factory=deque)
    cut_uploads: deque = field(default_factory=deque)
    cut_downloads: deque = field(default_factory=deque)
    corrupt_downloads: int = 0
    lose_receipts: int = 0
    statuses: deque = field(default_factory=deque)


class ScriptedAggregator(adapters_grpc.AdapterServiceServicer, updates_grpc.UpdateServiceServicer):
    """Serves adapters and takes updates.

    Attributes:
        adapters: Payloads by digest.
        forms: Payloads by digest of the adapter and encoding.
        committed: Header and payload by task.
        uploads: First offset of every upload that began.
        downloads: First offset of every download that began.
    """

    def __init__(self, signer: StatementSigner, verifier: StatementVerifier) -> None:
        self._signer = signer
        self._verifier = verifier
        self.adapters: dict[str, bytes] = {}
        self.forms: dict[tuple[str, int], bytes] = {}
        self.committed: dict[str, tuple[updates.UpdateHeader, bytes]] = {}
        self.partial: dict[str, bytearray] = {}
        self.faults = Faults()
        self.uploads: list[int] = []
        self.downloads: list[int] = []
        self.voided: set[str] = set()

    def add_to(self, server) -> None:
        """Register both services."""
        adapters_grpc.add_AdapterServiceServicer_to_server(self, server)
        updates_grpc.add_UpdateServiceServicer_to_server(self, server)

    def publish(self, payload: bytes) -> str:
        """Serve an adapter; gives its digest."""
        digest = hashlib.sha256(payload).hexdigest()
        self.adapters[digest] = payload
        return digest

    def publish_form(self, payload: bytes, encoding: int) -> AdapterForm:
        """Serve an adapter in an encoding as well; the canonical payload is given."""
        data = encode(encoding, np.frombuffer(payload, "<f4"))
        self.forms[self.publish(payload), encoding] = data
        digest = hashlib.sha256(data).hexdigest()
        return AdapterForm(encoding=encoding, payload_sha256=digest, payload_bytes=len(data))

    async def DownloadAdapter(self, request, context):  # noqa: N802
        form = self.forms.get((request.digest, request.encoding))
        payload = self.adapters.get(request.digest) if form is None else form
        if payload is None:
            raise AdapterUnknownError
        self.downloads.append(request.offset_bytes)
        if self.faults.corrupt_downloads:
            self.faults.corrupt_downloads -= 1
            payload = bytes([payload[0] ^ 1]) + payload[1:]
        cut = self.faults.cut_downloads.popleft() if self.faults.cut_downloads else None
        header = adapters.AdapterHeader(payload_bytes=len(payload))
        yield adapters.DownloadAdapterResponse(header=header)
        for start in range(request.offset_bytes, len(payload), PIECE):
            if cut is not None and start - request.offset_bytes >= cut:
                raise ServiceUnavailableError("cut by the test")
            (chunk,) = iter_chunks(memoryview(payload[: start + PIECE]), start)
            yield adapters.DownloadAdapterResponse(chunk=chunk)

    async def GetUploadStatus(self, request, context):  # noqa: N802
        if self.faults.statuses:
            raise self.faults.statuses.popleft()
        ticket = self._ticket(request.ticket)
        if ticket.task in self.committed:
            return updates.GetUploadStatusResponse(receipt=self._receipt(ticket))
        offset = len(self.partial.get(ticket.task, b""))
        return updates.GetUploadStatusResponse(resume_offset_bytes=offset)

    async def UploadUpdate(self, requests, context):  # noqa: N802
        if self.faults.uploads:
            raise self.faults.uploads.popleft()
        header = (await anext(requests)).header
        ticket = self._ticket(header.ticket)
        self.uploads.append(header.offset_bytes)
        await self._receive(ticket.task, header, requests)
        payload = bytes(self.partial.pop(ticket.task))
        if hashlib.sha256(payload).hexdigest() != header.payload_sha256:
            raise PayloadCorruptError
        self.committed[ticket.task] = (header, payload)
        if self.faults.lose_receipts:
            self.faults.lose_receipts -= 1
            raise ServiceUnavailableError("the answer is lost")
        return updates.UploadUpdateResponse(receipt=self._receipt(ticket))

    async def _receive(self, task: str, header: updates.UpdateHeader, requests) -> None:
        stored = self.partial.setdefault(task, bytearray())
        if header.offset_bytes != len(stored):
            raise ChunkOutOfOrderError
        cut = self.faults.cut_uploads.popleft() if self.faults.cut_uploads else None
        async for request in requests:
            stored += request.chunk.data
            if cut is not None and len(stored) >= cut:
                del stored[cut:]
                raise ServiceUnavailableError("cut by the test")

    def _ticket(self, statement) -> tickets.UploadTicket:
        return self._verifier.verify(statement, tickets.UploadTicket, signer="coordinator")

    def _receipt(self, ticket: tickets.UploadTicket):
        header, _ = self.committed[ticket.task]
        voided = ticket.task in self.voided
        state = tickets.RECEIPT_STATE_VOIDED if voided else tickets.RECEIPT_STATE_COMMITTED
        return self._signer.sign(
            tickets.UpdateReceipt(
                run=ticket.run,
                round=ticket.round,
                attempt=ticket.attempt,
                line=ticket.line,
                task=ticket.task,
                client=ticket.client,
                payload_sha256=header.payload_sha256,
                weight_units=header.example_count << 8,
                clip_factor=1 << 24,
                state=state,
            )
        )
