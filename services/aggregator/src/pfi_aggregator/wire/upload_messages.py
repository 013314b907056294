"""Messages of an upload, read without a copy of the payload.

A chunk as every protobuf library writes it is one field of the request with two fields in it, and
is read here over the received bytes. Anything else that protobuf allows (other orders, repeated
or unknown fields, long varints) goes through the generated code, which decides what it means.
"""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from pfi.aggregator.v1 import update_service_pb2
from pfi_aggregator.domain.chunk import Chunk

_CHUNK_TAG, _OFFSET_TAG, _DATA_TAG = 0x12, 0x08, 0x12
_MAXIMUM_VARINT_BYTES = 9
_GOES_ON = 0x80


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no message of an upload."""


UploadMessage = Chunk | update_service_pb2.UpdateHeader | Malformed


def read_upload_message(data: bytes) -> UploadMessage:
    """Reads a message. Never raises: a deserialiser of gRPC cannot say what is wrong."""
    return _read_chunk(data) or _read_any(data)


def _read_chunk(data: bytes) -> Chunk | None:
    """Gives the chunk of a message in the usual form; none for any other."""
    try:
        body, start = _length(data, 0, _CHUNK_TAG)
        if start + body != len(data):
            return None
        offset_bytes = 0
        if data[start] == _OFFSET_TAG:
            offset_bytes, start = _varint(data, start + 1)
        size, start = _length(data, start, _DATA_TAG)
    except (IndexError, ValueError):
        return None
    if start + size != len(data):
        return None
    return Chunk(offset_bytes, memoryview(data)[start:])


def _length(data: bytes, at: int, tag: int) -> tuple[int, int]:
    if data[at] != tag:
        raise ValueError("another field")
    return _varint(data, at + 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Gives a number and the position behind it."""
    value = 0
    for index in range(_MAXIMUM_VARINT_BYTES):
        byte = data[at + index]
        value |= (byte & ~_GOES_ON) << 7 * index
        if not byte & _GOES_ON:
            return value, at + index + 1
    raise ValueError("a long number")


def _read_any(data: bytes) -> UploadMessage:
    try:
        message = update_service_pb2.UploadUpdateRequest.FromString(data)
    except DecodeError:
        return Malformed()
    kind = message.WhichOneof("message")
    if kind == "header":
        return message.header
    if kind == "chunk":
        return Chunk(message.chunk.offset_bytes, message.chunk.data)
    return Malformed()
