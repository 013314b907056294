"""What is written by hand is what the generated code writes and reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pfi.aggregator.v1 import adapter_service_pb2
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.wire.download_messages import write_download_chunk, write_download_header


@given(offset=st.integers(0, 2**63 - 1), data=st.binary(min_size=1, max_size=300))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_chunk_has_the_bytes_of_the_generated_code(offset: int, data: bytes):
    chunk = adapter_pb2.PayloadChunk(offset_bytes=offset, data=data)
    message = adapter_service_pb2.DownloadAdapterResponse(chunk=chunk)
    assert write_download_chunk(Chunk(offset, memoryview(data))) == message.SerializeToString()


def test_a_chunk_of_full_size_is_read_back():
    data = bytes(range(256)) * 4096
    written = write_download_chunk(Chunk(7 << 20, data))
    read = adapter_service_pb2.DownloadAdapterResponse.FromString(written)
    assert (read.chunk.offset_bytes, read.chunk.data) == (7 << 20, data)


def test_a_header_is_read_back():
    written = write_download_header(12, "ab" * 32)
    read = adapter_service_pb2.DownloadAdapterResponse.FromString(written)
    assert (read.header.payload_bytes, read.header.payload_sha256) == (12, "ab" * 32)
