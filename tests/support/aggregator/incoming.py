"""Uploads in memory."""

from collections.abc import Callable, Iterator
from datetime import datetime

from pfi.aggregator.v1 import ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader
from pfi_aggregator.wire.tickets import read_ticket
from pfi_common.clock import Clock, SystemClock
from pfi_common.errors import ChunkOutOfOrderError, DiskFullError


class InMemoryPartialUpload:
    """In-memory twin of `pfi_aggregator.application.ports.incoming.PartialUpload`."""

    def __init__(self, buffer: bytearray, room_bytes: int, drop: Callable[[], None]) -> None:
        self._buffer = buffer
        self._room_bytes = room_bytes
        self._drop = drop

    @property
    def stored_bytes(self) -> int:
        return len(self._buffer)

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, len(self._buffer), 1 << 20):
            yield bytes(self._buffer[start : start + (1 << 20)])

    def append(self, data: bytes) -> None:
        if len(self._buffer) + len(data) > self._room_bytes:
            raise DiskFullError
        self._buffer += data

    def close(self) -> None:
        """Nothing is open."""

    def discard(self) -> None:
        self._drop()


class InMemoryIncoming:
    """In-memory twin of `pfi_aggregator.application.ports.incoming.Incoming`.

    Attributes:
        room_bytes: Bytes that an upload may have before the device is full.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.room_bytes = 1 << 62
        self._clock = clock or SystemClock()
        self._uploads: dict[str, tuple[UpdateHeader, bytearray]] = {}
        self._used_at: dict[str, datetime] = {}

    def payload(self, task: str, payload_sha256: str) -> bytes:
        """What is stored of an upload, for the commit."""
        header, buffer = self._uploads[task]
        assert header.payload_sha256 == payload_sha256
        return bytes(buffer)

    def stored_bytes(self, task: str, payload_sha256: str) -> int:
        header, buffer = self._uploads.get(task, (None, b""))
        return len(buffer) if header and header.payload_sha256 == payload_sha256 else 0

    def begin(self, task: str, header: UpdateHeader) -> InMemoryPartialUpload:
        if header.offset_bytes > self.stored_bytes(task, header.payload_sha256):
            raise ChunkOutOfOrderError
        buffer = self._uploads[task][1] if header.offset_bytes else bytearray()
        del buffer[header.offset_bytes :]
        self._uploads[task] = (header, buffer)
        self._used_at[task] = self._clock.now()
        return InMemoryPartialUpload(buffer, self.room_bytes, lambda: self._drop(task))

    def sweep(
        self,
        is_needed: Callable[[UploadTicket, datetime], bool],
        is_taken: Callable[[str], bool],
    ) -> int:
        gone = [
            task
            for task, (header, _) in self._uploads.items()
            if not is_needed(_ticket(header), self._used_at[task]) and not is_taken(task)
        ]
        for task in gone:
            self._drop(task)
        return len(gone)

    def count(self) -> int:
        return len(self._uploads)

    def _drop(self, task: str) -> None:
        self._uploads.pop(task, None)


def _ticket(header: UpdateHeader) -> UploadTicket:
    statement = signed_pb2.SignedStatement.FromString(header.ticket)
    return read_ticket(ticket_pb2.UploadTicket.FromString(statement.payload))
