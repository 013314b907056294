"""A committed update's payload, decrypted range by range."""

import os

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.round_secret import PayloadCipher
from pfi_aggregator.domain.stored_update import corrupt_update


class EncryptedPayload:
    """The port `StoredPayload` on an open file, whose first bytes it is.

    Every read goes into one buffer, which is as large as the largest range so far.

    Args:
        descriptor: Of the file; whoever opened it closes it.
        size_bytes: Bytes that the payload has.
        cipher: Of the payload.
        task: Names the update in errors.
    """

    def __init__(self, descriptor: int, size_bytes: int, cipher: PayloadCipher, task: str) -> None:
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._cipher = cipher
        self._task = task
        self._buffer = memoryview(bytearray())

    @property
    def size_bytes(self) -> int:
        """Bytes that the payload has."""
        return self._size_bytes

    def read(self, first: int, last: int) -> memoryview:
        """Gives a range of the payload, valid until the next read."""
        if not 0 <= first <= last <= self._size_bytes:
            message = f"a range ends by {self._size_bytes}"
            raise ValueError(message)
        if last - first > len(self._buffer):
            self._buffer = memoryview(bytearray(last - first))
        view = self._buffer[: last - first]
        read_into(self._descriptor, first, view, self._task)
        self._cipher.apply(first, view, view)
        return view.toreadonly()


def read_into(descriptor: int, position: int, view: memoryview, task: str) -> None:
    """Fills a buffer from a file.

    Raises:
        ArtifactCorruptError: the file ends before.
        StoreUnavailableError: the device does not give the bytes.
    """
    done = 0
    while done < len(view):
        with storage_failures():
            count = os.preadv(descriptor, [view[done:]], position + done)
        if not count:
            raise corrupt_update(task)
        done += count


def read_exactly(descriptor: int, position: int, length: int, task: str) -> bytes:
    """Reads bytes from a file.

    Raises:
        ArtifactCorruptError: the file ends before.
        StoreUnavailableError: the device does not give the bytes.
    """
    data = bytearray(length)
    read_into(descriptor, position, memoryview(data), task)
    return bytes(data)
