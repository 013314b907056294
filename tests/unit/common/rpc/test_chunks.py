import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfi_common.rpc.chunks import iter_chunks
from pfi_common.rpc.options import CHUNK_BYTES


@given(
    size=st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]),
    offset=st.sampled_from([0, 1, 77, CHUNK_BYTES, 3 * CHUNK_BYTES]),
)
def test_chunks_follow_each_other_to_the_end(size, offset):
    payload = bytes(range(256)) * (size // 256 + 1)
    payload = payload[:size]
    end = min(offset, size)
    for chunk in iter_chunks(memoryview(payload), end):
        assert chunk.offset_bytes == end
        assert 1 <= len(chunk.data) <= CHUNK_BYTES
        assert chunk.data == payload[end : end + len(chunk.data)]
        end += len(chunk.data)
    assert end == size


def test_numbers_are_cut_by_bytes():
    numbers = memoryview(bytes(16)).cast("f")
    assert [len(chunk.data) for chunk in iter_chunks(numbers)] == [16]


@pytest.mark.parametrize("offset", [-1, 17])
def test_an_offset_outside_the_payload_is_a_mistake(offset):
    with pytest.raises(ValueError, match="offset"):
        list(iter_chunks(memoryview(bytes(16)), offset))
