"""A committed update's payload, decrypted range by range."""

import os
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.direct import (
    aligned_buffer,
    open_direct,
    refuses_direct,
    round_down,
    round_up,
)
from pfi_aggregator.adapters.spool.round_secret import PayloadCipher
from pfi_aggregator.domain.stored_update import corrupt_update

_AHEAD_BYTES = 1 << 20
"""Who reads on where the last range ended gets so much from the device at once."""


class EncryptedPayload:
    """The port `StoredPayload` on an open file, whose first bytes it is.

    Every read goes into one buffer, which is as large as the largest range so far.

    Args:
        path: Of the file; its name is the task's.
        descriptor: Of the file, too; whoever opened it closes it.
        size_bytes: Bytes that the payload has.
        cipher: Of the payload.

    Raises:
        StoreUnavailableError: the file cannot be opened.
    """

    def __init__(self, path: Path, descriptor: int, size_bytes: int, cipher: PayloadCipher) -> None:
        self._task = path.name
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._cipher = cipher
        with storage_failures():
            self._direct = open_direct(path, os.O_RDONLY)
        self._buffer = aligned_buffer(0)
        self._first = self._last = 0  # of what is decrypted in the buffer
        self._start = 0  # what the buffer starts with
        self._next = 0

    @property
    def size_bytes(self) -> int:
        """Bytes that the payload has."""
        return self._size_bytes

    def read(self, first: int, last: int) -> memoryview:
        """Gives a range of the payload, valid until the next read."""
        if not 0 <= first <= last <= self._size_bytes:
            message = f"a range ends by {self._size_bytes}"
            raise ValueError(message)
        if not self._first <= first <= last <= self._last:
            ahead = first + _AHEAD_BYTES if first == self._next else 0
            self._load(first, min(max(last, ahead), self._size_bytes))
        self._next = last
        return self._buffer[first - self._start : last - self._start].toreadonly()

    def close(self) -> None:
        """Lets the device go. May be repeated."""
        if self._direct is not None:
            os.close(self._direct)
            self._direct = None

    def _load(self, first: int, last: int) -> None:
        """Reads and decrypts a range, and of the device the blocks that it lies in."""
        start, stop = round_down(first), round_up(last)
        if stop - start > len(self._buffer):
            self._buffer = aligned_buffer(stop - start)
        self._first = self._last = first
        done = self._read_blocks(start, stop)
        if done < last - start:
            rest = self._buffer[done : last - start]
            read_into(self._descriptor, start + done, rest, self._task)
        view = self._buffer[first - start : last - start]
        self._cipher.apply(first, view, view)
        self._start, self._last = start, last

    def _read_blocks(self, start: int, stop: int) -> int:
        """Reads past the page cache; gives how much, which may be less, or nothing."""
        if self._direct is None:
            return 0
        with storage_failures():
            try:
                return os.preadv(self._direct, [self._buffer[: stop - start]], start)
            except OSError as error:
                if not refuses_direct(error):
                    raise
        self.close()
        return 0


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
