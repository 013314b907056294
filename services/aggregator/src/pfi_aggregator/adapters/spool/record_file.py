"""A committed file: payload, UpdateRecord, its size as 8 bytes little-endian, `PFIUPD01`."""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.update import UpdateRecord
from pfi_aggregator.wire.updates import read_record, write_record
from pfi_common.errors import PlatformError

MAGIC = b"PFIUPD01"
_SIZE_BYTES = 8
_END_BYTES = _SIZE_BYTES + len(MAGIC)


def append_record(path: Path, record: UpdateRecord) -> None:
    """Completes a payload's file and makes it durable; may be repeated before it is committed.

    Raises:
        DiskFullError: the device is full; the payload still stands.
    """
    body = write_record(record)
    with storage_failures(), path.open("r+b") as file:
        file.truncate(record.header.payload_bytes)
        file.seek(0, os.SEEK_END)
        file.write(body + len(body).to_bytes(_SIZE_BYTES, "little") + MAGIC)
        file.flush()
        os.fsync(file.fileno())


def read_committed(path: Path) -> UpdateRecord:
    """Reads the record of a committed file, without its payload.

    Raises:
        ArtifactCorruptError: the file is gone, cut or unreadable.
    """
    with open_committed(path) as stored:
        return stored.record


class MappedPayload:
    """The port `StoredPayload` on a mapped file."""

    def __init__(self, mapped: memoryview) -> None:
        self._mapped = mapped

    @property
    def size_bytes(self) -> int:
        """Bytes that the payload has."""
        return len(self._mapped)

    def read(self, first: int, last: int) -> memoryview:
        """Gives a range of the payload."""
        if not 0 <= first <= last <= len(self._mapped):
            raise ValueError("the range is not one of the payload")
        return self._mapped[first:last].toreadonly()


@contextmanager
def open_committed(path: Path) -> Iterator[StoredUpdate]:
    """Maps a committed file.

    Raises:
        ArtifactCorruptError: the file is gone, cut or unreadable.
        StoreUnavailableError: the operating system does not open it.
    """
    with _open(path) as file:
        if os.fstat(file.fileno()).st_size < _END_BYTES:
            raise corrupt_update(path.name)
        with (
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as whole,
        ):
            record, payload = _split(whole, path.name)
            with payload:
                yield StoredUpdate(record, MappedPayload(payload))


def _open(path: Path) -> BinaryIO:
    with storage_failures():
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise corrupt_update(path.name) from error


def _split(whole: memoryview, task: str) -> tuple[UpdateRecord, memoryview]:
    size = int.from_bytes(whole[-_END_BYTES : -len(MAGIC)], "little")
    start = len(whole) - _END_BYTES - size
    if whole[-len(MAGIC) :] != MAGIC or start < 0:
        raise corrupt_update(task)
    record = _read(bytes(whole[start:-_END_BYTES]), task)
    if record.header.payload_bytes != start or record.ticket.task != task:
        raise corrupt_update(task)
    return record, whole[:start]


def _read(body: bytes, task: str) -> UpdateRecord:
    try:
        return read_record(body)
    except PlatformError as error:
        raise corrupt_update(task) from error
