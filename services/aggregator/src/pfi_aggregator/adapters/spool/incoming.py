"""Uploads on their way in."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.partial_file import PartialFile
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.upload_header import (
    read_upload_header,
    ticket_of,
    write_upload_header,
)
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader
from pfi_common.errors import ChunkOutOfOrderError, DiskFullError

_RESERVE_BYTES = 16 << 20
"""Room that must stay for records, seals and outcomes when an upload begins."""
_RETRY_SECONDS = 30.0


class SpoolIncoming:
    """The port `Incoming` on a spool that this process owns."""

    def __init__(self, layout: SpoolLayout, keys: RoundKeys) -> None:
        self._layout = layout
        self._keys = keys
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
            header = read_upload_header(SpoolLayout.header(path), self._keys)
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
            whole = replace(header, offset_bytes=0)
            ticket = write_upload_header(SpoolLayout.header(path), whole, self._keys)
            path.touch(mode=0o600)
            self._payloads[task] = header.payload_sha256
            cipher = self._keys.find(ticket.key).payload_cipher(task, header.payload_sha256)
            return PartialFile(path, header.offset_bytes, cipher, lambda: self._drop(task))

    def sweep(
        self, is_needed: Callable[[UploadTicket], bool], is_taken: Callable[[str], bool]
    ) -> int:
        """Deletes the uploads that are not needed any more and that nobody works on."""
        count = 0
        for task, payload_sha256 in tuple(self._payloads.items()):
            path = SpoolLayout.header(self._layout.partial(task, payload_sha256))
            header = read_upload_header(path, self._keys)
            needed = header is not None and is_needed(ticket_of(header))
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


def _is_own(path: Path) -> bool:
    """Whether a partial file exists and is not a committed one whose second name was left over."""
    try:
        return path.stat().st_nlink == 1
    except FileNotFoundError:
        return False
