"""The reader of uploads beside the generated code."""

from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pfi.aggregator.v1.update_service_pb2 import UpdateHeader, UploadUpdateRequest
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.wire.upload_messages import Malformed, UploadMessage, read_upload_message

REPEATED = (
    UploadUpdateRequest(chunk=PayloadChunk(offset_bytes=1, data=b"ab")).SerializeToString()
    + UploadUpdateRequest(chunk=PayloadChunk(data=b"c")).SerializeToString()
)
HEADER_THEN_CHUNK = (
    UploadUpdateRequest(header=UpdateHeader(steps_done=3)).SerializeToString()
    + UploadUpdateRequest(chunk=PayloadChunk(data=b"c")).SerializeToString()
)
DATA_FIRST = bytes([0x12, 5, 0x12, 1, 7, 0x08, 9])
UNKNOWN_FIELD = bytes([0x12, 5, 0x12, 1, 7, 0x18, 9])
LONG_VARINT = bytes([0x12, 0x85, 0x00, 0x08, 0x89, 0x00, 0x12, 0x00])


def generated(data: bytes) -> UploadMessage:
    """What the generated code reads."""
    try:
        message = UploadUpdateRequest.FromString(data)
    except DecodeError:
        return Malformed()
    kind = message.WhichOneof("message")
    if kind == "header":
        return message.header
    return Chunk(message.chunk.offset_bytes, message.chunk.data) if kind else Malformed()


@given(st.integers(0, 2**64 - 1), st.binary(max_size=300))
@settings(deadline=None)
def test_every_chunk_is_read_as_it_was_written(offset_bytes, data):
    message = UploadUpdateRequest(chunk=PayloadChunk(offset_bytes=offset_bytes, data=data))
    assert read_upload_message(message.SerializeToString()) == Chunk(offset_bytes, data)


def test_a_chunk_is_not_copied():
    data = bytes(range(256)) * 4096
    message = UploadUpdateRequest(chunk=PayloadChunk(offset_bytes=7 << 20, data=data))
    sent = message.SerializeToString()
    read = read_upload_message(sent)
    assert isinstance(read.data, memoryview)
    assert (read.data.obj is sent, read.data == data) == (True, True)


def test_a_header_is_read():
    header = UpdateHeader(payload_bytes=5, payload_sha256="ab" * 32)
    assert read_upload_message(UploadUpdateRequest(header=header).SerializeToString()) == header


@given(st.binary(max_size=60))
@example(b"")
@example(REPEATED)
@example(HEADER_THEN_CHUNK)
@example(DATA_FIRST)
@example(UNKNOWN_FIELD)
@example(LONG_VARINT)
@settings(deadline=None, max_examples=400)
def test_any_bytes_mean_what_the_generated_code_says(data):
    assert read_upload_message(data) == generated(data)


@given(st.integers(0, 2**40), st.binary(min_size=1, max_size=40), st.data())
@settings(deadline=None, max_examples=400)
def test_damaged_chunks_mean_what_the_generated_code_says(offset_bytes, data, draw):
    chunk = PayloadChunk(offset_bytes=offset_bytes, data=data)
    sent = bytearray(UploadUpdateRequest(chunk=chunk).SerializeToString())
    for _ in range(draw.draw(st.integers(1, 3))):
        sent[draw.draw(st.integers(0, min(len(sent), 12) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(sent)))
    for damaged in (bytes(sent), bytes(sent[:cut])):
        assert read_upload_message(damaged) == generated(damaged)
