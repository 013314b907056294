"""An aggregator that sends something else than it announced, or announces nothing."""

import pytest

from pfi.aggregator.v1 import adapter_service_pb2 as adapters
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi_client_agent.adapters.aggregator_link import AggregatorLink, Traffic
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import AdapterInvalidError, ChunkOutOfOrderError


class ScriptedChannel:
    """Answers every streaming call with the same messages."""

    def __init__(self, *messages) -> None:
        self._messages = messages

    def unary_stream(self, *_, **__):
        return self._answer

    def unary_unary(self, *_, **__):
        return None

    stream_unary = unary_unary

    async def _answer(self, *_, **__):
        for message in self._messages:
            yield message


def header(payload_bytes):
    announced = adapters.AdapterHeader(payload_bytes=payload_bytes)
    return adapters.DownloadAdapterResponse(header=announced)


def chunk(offset_bytes, data):
    return adapters.DownloadAdapterResponse(
        chunk=PayloadChunk(offset_bytes=offset_bytes, data=data)
    )


async def download(*messages, offset_bytes=0):
    link = AggregatorLink(ScriptedChannel(*messages), Traffic())
    return b"".join([data async for data in link.download(WantedAdapter("ab", 1), offset_bytes)])


async def test_what_was_announced_is_given():
    assert await download(header(4), chunk(0, b"ab"), chunk(2, b"cd")) == b"abcd"
    assert await download(header(4), chunk(2, b"cd"), offset_bytes=2) == b"cd"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([header(5)], AdapterInvalidError),
        ([header(4), chunk(0, b"abcd"), chunk(4, b"e")], AdapterInvalidError),
        ([header(4), chunk(0, b"abcde")], AdapterInvalidError),
        ([chunk(0, b"abcd")], ChunkOutOfOrderError),
        ([header(4), chunk(1, b"abc")], ChunkOutOfOrderError),
    ],
)
async def test_what_was_not_announced_is_refused(messages, error):
    with pytest.raises(error):
        await download(*messages)
