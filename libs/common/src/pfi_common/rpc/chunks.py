"""Payloads in pieces."""

from collections.abc import Iterator

from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi_common.rpc.options import CHUNK_BYTES


def iter_chunks(buffer: memoryview, offset_bytes: int = 0) -> Iterator[PayloadChunk]:
    """Cuts a payload into messages of at most 1 MiB.

    Args:
        buffer: The whole payload.
        offset_bytes: Where the first chunk starts.

    Raises:
        ValueError: The offset is outside the payload.
    """
    payload = buffer.cast("B")
    if not 0 <= offset_bytes <= len(payload):
        raise ValueError("the offset is outside the payload")
    for start in range(offset_bytes, len(payload), CHUNK_BYTES):
        yield PayloadChunk(offset_bytes=start, data=bytes(payload[start : start + CHUNK_BYTES]))
