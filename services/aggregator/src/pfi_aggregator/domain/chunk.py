"""A piece of a payload on its way in."""

from dataclasses import dataclass

from pfi_common.errors import (
    ChunkOutOfOrderError,
    InvalidRequestError,
    PayloadSizeInvalidError,
)

MAXIMUM_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """A piece of a payload.

    Attributes:
        offset_bytes: Position of its first byte in the payload.
        data: 1 byte to 1 MiB.
    """

    offset_bytes: int
    data: bytes | memoryview


def check_chunk(chunk: Chunk, received_bytes: int, payload_bytes: int) -> None:
    """Checks that a chunk goes on where the last one ended, and not too far.

    Raises:
        InvalidRequestError: it is empty or above 1 MiB.
        ChunkOutOfOrderError: it starts elsewhere.
        PayloadSizeInvalidError: it ends behind the payload.
    """
    if not 1 <= len(chunk.data) <= MAXIMUM_CHUNK_BYTES:
        raise InvalidRequestError("A chunk has 1 byte to 1 MiB.", field="chunk.data")
    if chunk.offset_bytes != received_bytes:
        message = f"The next chunk starts at {received_bytes}, not at {chunk.offset_bytes}."
        raise ChunkOutOfOrderError(message)
    if received_bytes + len(chunk.data) > payload_bytes:
        message = f"The payload goes on behind its {payload_bytes} bytes."
        raise PayloadSizeInvalidError(message)
