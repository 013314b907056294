"""A committed file: payload, UpdateRecord, its size as 8 bytes little-endian, `PFIUPD02`.

Payload and record are encrypted (`round_secret`); the size is the sealed record's.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.encrypted_payload import EncryptedPayload, read_exactly
from pfi_aggregator.adapters.spool.round_secret import RoundSecret
from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.update import UpdateRecord
from pfi_aggregator.wire.updates import read_record, write_record
from pfi_common.errors import PlatformError

MAGIC = b"PFIUPD02"
_SIZE_BYTES = 8
_END_BYTES = _SIZE_BYTES + len(MAGIC)


def append_record(path: Path, record: UpdateRecord, secret: RoundSecret) -> None:
    """Completes a payload's file and makes it durable; may be repeated before it is committed.

    Raises:
        DiskFullError: the device is full; the payload still stands.
    """
    body = secret.seal(_label(record.ticket.task), write_record(record))
    with storage_failures(), path.open("r+b") as file:
        file.truncate(record.header.payload_bytes)
        file.seek(0, os.SEEK_END)
        file.write(body + len(body).to_bytes(_SIZE_BYTES, "little") + MAGIC)
        file.flush()
        os.fsync(file.fileno())


def read_committed(path: Path, secret: RoundSecret) -> UpdateRecord:
    """Reads the record of a committed file, without its payload.

    Raises:
        ArtifactCorruptError: the file is gone, cut or unreadable.
    """
    descriptor = _open(path)
    try:
        return _read_record(descriptor, path.name, secret)
    finally:
        os.close(descriptor)


@contextmanager
def open_committed(path: Path, secret: RoundSecret) -> Iterator[StoredUpdate]:
    """Opens a committed file.

    Raises:
        ArtifactCorruptError: the file is gone, cut or unreadable.
        StoreUnavailableError: the operating system does not open it.
    """
    descriptor = _open(path)
    try:
        record = _read_record(descriptor, path.name, secret)
        cipher = secret.payload_cipher(path.name, record.header.payload_sha256)
        payload = EncryptedPayload(path, descriptor, record.header.payload_bytes, cipher)
        with closing(payload):
            yield StoredUpdate(record, payload)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    with storage_failures():
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise corrupt_update(path.name) from error


def _read_record(descriptor: int, task: str, secret: RoundSecret) -> UpdateRecord:
    with storage_failures():
        end = os.fstat(descriptor).st_size - _END_BYTES
    if end < 0:
        raise corrupt_update(task)
    tail = read_exactly(descriptor, end, _END_BYTES, task)
    start = end - int.from_bytes(tail[:_SIZE_BYTES], "little")
    if tail[_SIZE_BYTES:] != MAGIC or start < 0:
        raise corrupt_update(task)
    sealed = read_exactly(descriptor, start, end - start, task)
    record = _parse(secret.open(_label(task), sealed), task)
    if record.header.payload_bytes != start or record.ticket.task != task:
        raise corrupt_update(task)
    return record


def _parse(body: bytes | None, task: str) -> UpdateRecord:
    if body is None:
        raise corrupt_update(task)
    try:
        return read_record(body)
    except PlatformError as error:
        raise corrupt_update(task) from error


def _label(task: str) -> str:
    return f"record\0{task}"
