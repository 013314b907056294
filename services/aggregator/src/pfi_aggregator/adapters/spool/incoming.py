"""Uploads on their way in."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.partial_file import PartialFile
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.upload_header import (
    read_upload_header,
    ticket_of,
    write_upload_header,
)
from pfi_aggregator.domain.pacing import spread
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader
from pfi_common.errors import ChunkOutOfOrderError, DiskFullError

_RESERVE_BYTES = 16 << 20
"""Room that must stay for records, seals and outcomes when an upload begins."""
_RETRY_SECONDS = 30.0


class SpoolIncoming:
    """The port `Incoming` on a spool that this process owns.

    Args:
        layout: Where things lie.
        keys: Of the rounds.
        budget: How much the spool may hold.
    """

    def __init__(self, layout: SpoolLayout, keys: RoundKeys, budget: SpoolBudget) -> None:
        self._layout = layout
        self._keys = keys
        self._budget = budget
        self._payloads: dict[str, str] = {}
        self._open: dict[str, PartialFile] = {}

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
                self._budget.keep(task, path.stat().st_size)
            else:
                path.unlink(missing_ok=True)
                header.unlink()
        self._drop_headless()
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
        self._budget.reserve(task, header.payload_bytes)
        try:
            opened = self._open_partial(task, header)
        except BaseException:
            # what was stored is gone when the upload was to begin anew
            self._budget.keep(task, stored if task in self._payloads else 0)
            raise
        self._open[task] = opened
        return opened

    def sweep(
        self,
        is_needed: Callable[[UploadTicket, datetime], bool],
        is_taken: Callable[[str], bool],
    ) -> int:
        """Deletes the uploads that are not needed any more and that nobody works on."""
        count = 0
        for task, payload_sha256 in tuple(self._payloads.items()):
            path = self._layout.partial(task, payload_sha256)
            if not is_taken(task) and not self._is_needed(path, is_needed):
                self._drop(task)
                count += 1
        return count

    def count(self) -> int:
        """Says how many uploads are stored."""
        return len(self._payloads)

    def _drop_headless(self) -> None:
        """Deletes bytes whose header a power cut has taken: nobody would find them any more."""
        whole = {self._layout.partial(*names) for names in self._payloads.items()}
        for path in self._layout.incoming.iterdir():
            if not SpoolLayout.is_header(path) and path not in whole:
                path.unlink()

    def _open_partial(self, task: str, header: UpdateHeader) -> PartialFile:
        if not header.offset_bytes:
            self._delete(task)
        path = self._layout.partial(task, header.payload_sha256)
        with storage_failures():
            whole = replace(header, offset_bytes=0)
            ticket = write_upload_header(SpoolLayout.header(path), whole, self._keys)
            path.touch(mode=0o600)
            self._payloads[task] = header.payload_sha256
            cipher = self._keys.find(ticket.key).payload_cipher(task, header.payload_sha256)
            return PartialFile(
                path,
                header.offset_bytes,
                header.payload_bytes,
                cipher,
                lambda stored_bytes: self._closed(task, stored_bytes),
            )

    def _closed(self, task: str, stored_bytes: int | None) -> None:
        """Takes the end of an upload's call; without stored bytes it is to be deleted."""
        self._open.pop(task, None)
        if stored_bytes is None:
            self._drop(task)
        else:
            self._budget.keep(task, stored_bytes)

    def _is_needed(self, path: Path, is_needed: Callable[[UploadTicket, datetime], bool]) -> bool:
        try:
            used_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return False
        header = read_upload_header(SpoolLayout.header(path), self._keys)
        return header is not None and is_needed(ticket_of(header), used_at)

    def _drop(self, task: str) -> None:
        self._delete(task)
        self._budget.keep(task, 0)

    def _delete(self, task: str) -> None:
        """Deletes a task's stored bytes; a new upload then has a file of its own."""
        payload_sha256 = self._payloads.get(task)
        if payload_sha256 is not None:
            path = self._layout.partial(task, payload_sha256)
            with storage_failures():
                path.unlink(missing_ok=True)
                SpoolLayout.header(path).unlink(missing_ok=True)
            self._payloads.pop(task, None)

    def _check_room(self, payload_bytes: int) -> None:
        """Checks that the device can take what is missing of this and all running uploads."""
        coming = sum(partial.missing_bytes for partial in tuple(self._open.values()))
        with storage_failures():
            free = shutil.disk_usage(self._layout.incoming).free
        if free < payload_bytes + coming + _RESERVE_BYTES:
            raise DiskFullError(retry_after_seconds=spread(_RETRY_SECONDS))


def _is_own(path: Path) -> bool:
    """Whether a partial file exists and is not a committed one whose second name was left over."""
    try:
        return path.stat().st_nlink == 1
    except FileNotFoundError:
        return False
