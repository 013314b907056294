"""Uploads on their way in."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader
from pfi_aggregator.wire.parsing import parse
from pfi_aggregator.wire.tickets import read_ticket
from pfi_aggregator.wire.updates import write_header
from pfi_common.errors import ChunkOutOfOrderError, DiskFullError, PlatformError

_PIECE_BYTES = 1 << 20
_RESERVE_BYTES = 16 << 20
"""Room that must stay for records, seals and outcomes when an upload begins."""
_RETRY_SECONDS = 30.0


class PartialFile:
    """The port `PartialUpload`: an open file that only grows."""

    def __init__(self, path: Path, offset_bytes: int, drop: Callable[[], None]) -> None:
        self._drop = drop
        self._file = path.open("r+b", buffering=0)
        self._file.truncate(offset_bytes)
        self._file.seek(offset_bytes)
        self._stored_bytes = offset_bytes

    @property
    def stored_bytes(self) -> int:
        """How many bytes are stored."""
        return self._stored_bytes

    def pieces(self) -> Iterator[bytes]:
        """Reads what is stored."""
        for start in range(0, self._stored_bytes, _PIECE_BYTES):
            length = min(_PIECE_BYTES, self._stored_bytes - start)
            with storage_failures():
                piece = os.pread(self._file.fileno(), length, start)
            yield piece

    def append(self, data: bytes) -> None:
        """Stores the next bytes."""
        rest = memoryview(data)
        with storage_failures():
            while rest:
                written = self._file.write(rest)
                self._stored_bytes += written
                rest = rest[written:]

    def close(self) -> None:
        """Keeps the bytes. May be repeated."""
        self._file.close()

    def discard(self) -> None:
        """Deletes the bytes."""
        self.close()
        self._drop()


class SpoolIncoming:
    """The port `Incoming` on a spool that this process owns."""

    def __init__(self, layout: SpoolLayout) -> None:
        self._layout = layout
        self._payloads: dict[str, str] = {}

    def recover(self) -> int:
        """Reads the folder, drops what a crash left of committed uploads, and counts the rest."""
        self._layout.incoming.mkdir(exist_ok=True)
        for half in self._layout.incoming.glob(".*.new"):
            half.unlink()
        for header in self._layout.headers():
            task, payload_sha256 = self._layout.names_of(header)
            path = self._layout.partial(task, payload_sha256)
            if _is_own(path):
                self._payloads[task] = payload_sha256
            else:
                path.unlink(missing_ok=True)
                header.unlink()
        return len(self._payloads)

    def stored_bytes(self, task: str, payload_sha256: str) -> int:
        """Says how much of a payload is stored."""
        if self._payloads.get(task) != payload_sha256:
            return 0
        path = self._layout.partial(task, payload_sha256)
        with storage_failures():
            header = _read_header(SpoolLayout.header(path))
            if header is None or not _is_own(path):
                return 0
            return min(path.stat().st_size, header.payload_bytes)

    def begin(self, task: str, header: UpdateHeader) -> PartialFile:
        """Starts or resumes an upload."""
        stored = self.stored_bytes(task, header.payload_sha256)
        if header.offset_bytes > stored:
            message = f"{stored} bytes are stored; the upload goes on there."
            raise ChunkOutOfOrderError(message)
        self._check_room(header.payload_bytes - header.offset_bytes)
        if not header.offset_bytes:
            self._drop(task)
        path = self._layout.partial(task, header.payload_sha256)
        with storage_failures():
            message_bytes = write_header(replace(header, offset_bytes=0)).SerializeToString()
            _write_whole(SpoolLayout.header(path), message_bytes)
            path.touch(mode=0o600)
            self._payloads[task] = header.payload_sha256
            return PartialFile(path, header.offset_bytes, lambda: self._drop(task))

    def sweep(
        self, is_needed: Callable[[UploadTicket], bool], is_taken: Callable[[str], bool]
    ) -> int:
        """Deletes the uploads that are not needed any more and that nobody works on."""
        count = 0
        for task, payload_sha256 in tuple(self._payloads.items()):
            header = _read_header(SpoolLayout.header(self._layout.partial(task, payload_sha256)))
            needed = header is not None and is_needed(_ticket(header))
            if not needed and not is_taken(task):
                self._drop(task)
                count += 1
        return count

    def count(self) -> int:
        """Says how many uploads are stored."""
        return len(self._payloads)

    def _drop(self, task: str) -> None:
        """Deletes a task's stored bytes; a new upload then has a file of its own."""
        payload_sha256 = self._payloads.pop(task, None)
        if payload_sha256 is not None:
            path = self._layout.partial(task, payload_sha256)
            path.unlink(missing_ok=True)
            SpoolLayout.header(path).unlink(missing_ok=True)

    def _check_room(self, missing_bytes: int) -> None:
        if shutil.disk_usage(self._layout.incoming).free < missing_bytes + _RESERVE_BYTES:
            raise DiskFullError(retry_after_seconds=_RETRY_SECONDS)


def _write_whole(path: Path, data: bytes) -> None:
    """Replaces a file in one step, so that no reader meets half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(data)
    fresh.replace(path)


def _read_header(path: Path) -> update_service_pb2.UpdateHeader | None:
    """Reads a stored header; none when a crash has left nothing that can be read."""
    try:
        header = parse(update_service_pb2.UpdateHeader, path.read_bytes())
        _ticket(header)
    except (FileNotFoundError, PlatformError):
        return None
    return header


def _ticket(header: update_service_pb2.UpdateHeader) -> UploadTicket:
    return read_ticket(parse(ticket_pb2.UploadTicket, header.ticket.payload))


def _is_own(path: Path) -> bool:
    """Whether a partial file exists and is not a committed one whose second name was left over."""
    try:
        return path.stat().st_nlink == 1
    except FileNotFoundError:
        return False
