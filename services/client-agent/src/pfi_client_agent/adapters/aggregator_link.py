"""Calls to an aggregator: downloads of adapters, uploads of updates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from pfi.aggregator.v1 import adapter_service_pb2 as adapters
from pfi.aggregator.v1 import adapter_service_pb2_grpc as adapters_grpc
from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1 import update_service_pb2_grpc as updates_grpc
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_client_agent.adapters.coordinator_link import OpenChannel
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import AdapterInvalidError, ChunkOutOfOrderError
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.rpc.errors import translated
from pfi_common.rpc.policy import Deadline

_CALL_SECONDS = Deadline.SHORT.value
# Below the cap: gRPC rounds long deadlines up on the wire, and a refusal would cost a round.
_TRANSFER_SECONDS = 0.9 * Deadline.TRANSFER.value


@dataclass
class Traffic:
    """What was transferred.

    Attributes:
        sent_bytes: Payload bytes sent, repeats included.
        received_bytes: Payload bytes received, repeats included.
    """

    sent_bytes: int = 0
    received_bytes: int = 0


class AggregatorLink:
    """An open channel to one aggregator.

    Args:
        channel: The channel.
        traffic: Where payload bytes are counted.
    """

    def __init__(self, channel: grpc.aio.Channel, traffic: Traffic) -> None:
        self._traffic = traffic
        self._adapters = adapters_grpc.AdapterServiceStub(channel)
        self._updates = updates_grpc.UpdateServiceStub(channel)

    async def download(self, wanted: WantedAdapter, offset_bytes: int) -> AsyncIterator[bytes]:
        """Yield an adapter's payload, in the form that is wanted, from an offset on.

        Raises:
            AdapterInvalidError: The payload does not have the expected size.
            ChunkOutOfOrderError: A chunk comes before the header, or does not start where the last
                one ended.
            PlatformError: The aggregator refuses, or the connection broke.
        """
        expected_bytes = wanted.payload_bytes
        request = adapters.DownloadAdapterRequest(
            digest=wanted.digest, offset_bytes=offset_bytes, encoding=wanted.encoding
        )
        announced = False
        with translated():
            call = self._adapters.DownloadAdapter(request, timeout=_TRANSFER_SECONDS)
            async for message in call:
                if message.WhichOneof("message") == "header":
                    _check_size(message.header.payload_bytes, expected_bytes)
                    announced = True
                    continue
                if not announced or message.chunk.offset_bytes != offset_bytes:
                    raise ChunkOutOfOrderError
                offset_bytes += len(message.chunk.data)
                if offset_bytes > expected_bytes:
                    raise AdapterInvalidError(f"The adapter has more than {expected_bytes} bytes.")
                self._traffic.received_bytes += len(message.chunk.data)
                yield message.chunk.data

    async def upload_status(
        self, ticket: SignedStatement, payload_sha256: str
    ) -> int | SignedStatement:
        """Give the offset where an upload goes on, or the receipt of one that is committed.

        Raises:
            PlatformError: The aggregator refuses, or does not answer.
        """
        request = updates.GetUploadStatusRequest(ticket=ticket, payload_sha256=payload_sha256)
        with translated():
            response = await self._updates.GetUploadStatus(request, timeout=_CALL_SECONDS)
        if response.WhichOneof("status") == "receipt":
            return response.receipt
        return response.resume_offset_bytes

    async def upload(self, header: updates.UpdateHeader, payload: bytes) -> SignedStatement:
        """Send an update from `header.offset_bytes` on; gives the receipt.

        Raises:
            PlatformError: The aggregator refuses, or the connection broke.
        """
        with translated():
            response = await self._updates.UploadUpdate(
                self._messages(header, payload), timeout=_TRANSFER_SECONDS
            )
        return response.receipt

    async def _messages(
        self, header: updates.UpdateHeader, payload: bytes
    ) -> AsyncIterator[updates.UploadUpdateRequest]:
        yield updates.UploadUpdateRequest(header=header)
        for chunk in iter_chunks(memoryview(payload), header.offset_bytes):
            self._traffic.sent_bytes += len(chunk.data)
            yield updates.UploadUpdateRequest(chunk=chunk)


@asynccontextmanager
async def aggregator_link(
    address: str, identity: LocalIdentity, open_channel: OpenChannel, traffic: Traffic
) -> AsyncIterator[AggregatorLink]:
    """Open a channel to an aggregator for the length of the block."""
    async with open_channel(address, identity) as channel:
        yield AggregatorLink(channel, traffic)


def _check_size(announced_bytes: int, expected_bytes: int) -> None:
    if announced_bytes != expected_bytes:
        raise AdapterInvalidError(
            f"The adapter has {announced_bytes} bytes; its schema needs {expected_bytes}."
        )
