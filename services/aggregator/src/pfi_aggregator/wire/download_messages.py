"""Messages of a download, written with one copy of the payload: from where it lies to the message.

The bytes are those that the generated code writes for the same message.
"""

from pfi.aggregator.v1 import adapter_service_pb2
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.wire.parsing import serialize

_CHUNK_TAG, _OFFSET_TAG, _DATA_TAG = b"\x12", b"\x08", b"\x12"
_SEVEN_BITS, _GOES_ON = 0x7F, 0x80


def write_download_header(payload_bytes: int, payload_sha256: str) -> bytes:
    """Writes the first message."""
    header = adapter_service_pb2.AdapterHeader(
        payload_bytes=payload_bytes, payload_sha256=payload_sha256
    )
    return serialize(adapter_service_pb2.DownloadAdapterResponse(header=header))


def write_download_chunk(chunk: Chunk) -> bytes:
    """Writes a further message."""
    # Zero is what an absent number means, and is not written.
    offset = _OFFSET_TAG + _varint(chunk.offset_bytes) if chunk.offset_bytes else b""
    head = b"".join((offset, _DATA_TAG, _varint(len(chunk.data))))
    body = _varint(len(head) + len(chunk.data))
    return b"".join((_CHUNK_TAG, body, head, chunk.data))


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > _SEVEN_BITS:
        written.append(value & _SEVEN_BITS | _GOES_ON)
        value >>= 7
    written.append(value)
    return bytes(written)
