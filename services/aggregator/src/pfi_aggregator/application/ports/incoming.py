"""Uploads on their way in."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader


class PartialUpload(Protocol):
    """The stored first bytes of a payload. Blocks; one thread at a time."""

    @property
    def stored_bytes(self) -> int:
        """How many bytes are stored."""
        ...

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Reads what is stored, in order, in pieces of at most 1 MiB; each is valid until the next.

        Raises:
            StoreUnavailableError: the device does not give the bytes.
        """
        ...

    def append(self, data: bytes | memoryview) -> None:
        """Stores the next bytes.

        Raises:
            DiskFullError: the device is full; what was stored before still is.
        """
        ...

    def close(self) -> None:
        """Keeps the bytes for a later call."""
        ...

    def discard(self) -> None:
        """Deletes the bytes."""
        ...


class Incoming(Protocol):
    """Uploads that are not committed: at most one per task. Blocks.

    Who calls `begin` owns the task's bytes until `close`, `discard` or the commit.
    """

    def stored_bytes(self, task: str, payload_sha256: str) -> int:
        """Says how much of a payload is stored; 0 when nothing is."""
        ...

    def begin(self, task: str, header: UpdateHeader) -> PartialUpload:
        """Starts or resumes an upload at `header.offset_bytes`.

        Drops stored bytes behind that, and those of another payload of the task.

        Raises:
            ChunkOutOfOrderError: fewer bytes are stored than the offset says.
            DiskFullError: the device has no room for the payload.
            SpoolFullError: the spool may not hold so much.
            SpoolKeyInvalidError: the round's key is gone.
        """
        ...

    def sweep(
        self,
        is_needed: Callable[[UploadTicket, datetime], bool],
        is_taken: Callable[[str], bool],
    ) -> int:
        """Deletes the uploads that are not needed any more, and says how many those were.

        Args:
            is_needed: Whether an upload with this ticket, whose last byte came then, may still be
                committed.
            is_taken: Whether a call works on a task's upload, which then stays in any case.
        """
        ...

    def count(self) -> int:
        """Says how many uploads are stored."""
        ...
