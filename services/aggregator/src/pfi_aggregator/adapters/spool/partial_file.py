"""The first bytes of a payload, encrypted, in a file that only grows."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.direct import (
    BLOCK_BYTES,
    aligned_buffer,
    open_direct,
    refuses_direct,
    round_down,
)
from pfi_aggregator.adapters.spool.encrypted_payload import read_into
from pfi_aggregator.adapters.spool.round_secret import PayloadCipher

_PIECE_BYTES = 1 << 20


class _Scratch(threading.local):
    """Where a thread encrypts: a piece, wherever in a block it starts."""

    def __init__(self) -> None:
        self.view = aligned_buffer(_PIECE_BYTES + BLOCK_BYTES)


_SCRATCH = _Scratch()


class PartialFile:
    """The port `PartialUpload`.

    Args:
        path: The file; it exists.
        offset_bytes: What is kept of it.
        payload_bytes: What it will have.
        cipher: Of the payload.
        closed: Is told of every end with the bytes that stay: none when they are to be deleted.
    """

    def __init__(
        self,
        path: Path,
        offset_bytes: int,
        payload_bytes: int,
        cipher: PayloadCipher,
        closed: Callable[[int | None], None],
    ) -> None:
        self._closed = closed
        self._cipher = cipher
        self._task = path.name
        self._stored_bytes = offset_bytes
        self._payload_bytes = payload_bytes
        self._file = path.open("r+b", buffering=0)
        self._file.truncate(offset_bytes)
        self._direct = open_direct(path, os.O_WRONLY)

    @property
    def missing_bytes(self) -> int:
        """How many bytes are still to come."""
        return max(0, self._payload_bytes - self._stored_bytes)

    @property
    def stored_bytes(self) -> int:
        """How many bytes are stored."""
        return self._stored_bytes

    def pieces(self) -> Iterator[memoryview]:
        """Reads what is stored; a piece is valid until the next."""
        buffer = memoryview(bytearray(min(_PIECE_BYTES, self._stored_bytes)))
        for start in range(0, self._stored_bytes, _PIECE_BYTES):
            piece = buffer[: min(_PIECE_BYTES, self._stored_bytes - start)]
            read_into(self._file.fileno(), start, piece, self._task)
            self._cipher.apply(start, piece, piece)
            yield piece.toreadonly()

    def append(self, data: bytes | memoryview) -> None:
        """Stores the next bytes."""
        rest = memoryview(data)
        while rest:
            inside = self._stored_bytes % BLOCK_BYTES  # so that memory and file are aligned alike
            piece = _SCRATCH.view[inside : inside + min(_PIECE_BYTES, len(rest))]
            self._cipher.apply(self._stored_bytes, rest[: len(piece)], piece)
            rest = rest[len(piece) :]
            while piece:
                piece = piece[self._write(piece) :]

    def close(self) -> None:
        """Keeps the bytes. May be repeated."""
        if not self._file.closed:
            self._release()
            self._closed(self._stored_bytes)

    def discard(self) -> None:
        """Deletes the bytes."""
        self._release()
        self._closed(None)

    def _release(self) -> None:
        self._file.close()
        self._give_up_direct()

    def _give_up_direct(self) -> None:
        if self._direct is not None:
            os.close(self._direct)
            self._direct = None

    def _write(self, piece: memoryview) -> int:
        """Writes the beginning of a piece and says how much: whole blocks, or up to the next."""
        blocks = round_down(len(piece))
        inside = self._stored_bytes % BLOCK_BYTES
        with storage_failures():
            if self._direct is None:
                written = os.pwrite(self._file.fileno(), piece, self._stored_bytes)
            elif inside or not blocks:
                part = piece[: BLOCK_BYTES - inside]
                written = os.pwrite(self._file.fileno(), part, self._stored_bytes)
            else:
                written = self._write_blocks(self._direct, piece[:blocks])
        self._stored_bytes += written
        return written

    def _write_blocks(self, direct: int, blocks: memoryview) -> int:
        """Writes past the page cache; nothing more of this file when that is refused."""
        try:
            return os.pwrite(direct, blocks, self._stored_bytes)
        except OSError as error:
            if not refuses_direct(error):
                raise
        self._give_up_direct()
        return 0
