"""Small real servicers, one of each kind of method, for tests of what lies around them."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc

from pfi.aggregator.v1.adapter_service_pb2 import DownloadAdapterResponse
from pfi.aggregator.v1.adapter_service_pb2_grpc import (
    AdapterServiceServicer,
    AdapterServiceStub,
    add_AdapterServiceServicer_to_server,
)
from pfi.aggregator.v1.update_service_pb2 import GetUploadStatusResponse, UploadUpdateResponse
from pfi.aggregator.v1.update_service_pb2_grpc import (
    UpdateServiceServicer,
    UpdateServiceStub,
    add_UpdateServiceServicer_to_server,
)
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi.coordinator.v1.session_service_pb2 import SessionResponse, SessionWelcome
from pfi.coordinator.v1.session_service_pb2_grpc import (
    SessionServiceServicer,
    SessionServiceStub,
    add_SessionServiceServicer_to_server,
)
from pfi_common.rpc.caller import current_caller, require_client
from pfi_common.rpc.options import CHUNK_BYTES


async def nothing() -> None:
    """The usual behaviour: no surprise."""


class Services(UpdateServiceServicer, SessionServiceServicer, AdapterServiceServicer):
    """Answers with who called.

    Attributes:
        behave: Runs in every handler before its answer.
        calls: Names of the methods that were reached.
        cancelled: Names of the methods whose handlers were cancelled.
    """

    def __init__(self, behave: Callable[[], Awaitable[None]] = nothing) -> None:
        self.behave = behave
        self.calls: list[str] = []
        self.cancelled: list[str] = []

    async def GetUploadStatus(self, request, context):  # noqa: N802 - the proto's name
        await self._enter("GetUploadStatus")
        return GetUploadStatusResponse(resume_offset_bytes=len(require_client()))

    async def UploadUpdate(self, request_iterator, context):  # noqa: N802 - the proto's name
        await self._enter("UploadUpdate")
        async for _ in request_iterator:
            pass
        return UploadUpdateResponse()

    async def DownloadAdapter(self, request, context):  # noqa: N802 - the proto's name
        await self._enter("DownloadAdapter")
        for _ in range(request.offset_bytes):
            yield DownloadAdapterResponse(chunk=PayloadChunk(data=bytes(CHUNK_BYTES)))
        caller = current_caller()
        yield DownloadAdapterResponse(chunk=PayloadChunk(data=caller.identity.uri.encode()))

    async def Session(self, request_iterator, context):  # noqa: N802 - the proto's name
        await self._enter("Session")
        async for _ in request_iterator:
            welcome = SessionWelcome(client=require_client())
            await context.write(SessionResponse(welcome=welcome))

    async def _enter(self, method: str) -> None:
        self.calls.append(method)
        try:
            await self.behave()
        except asyncio.CancelledError:
            self.cancelled.append(method)
            raise


def adder(services: Services) -> Callable[[grpc.aio.Server], None]:
    """Gives what adds the servicers to a server."""

    def add(server: grpc.aio.Server) -> None:
        add_UpdateServiceServicer_to_server(services, server)
        add_SessionServiceServicer_to_server(services, server)
        add_AdapterServiceServicer_to_server(services, server)

    return add


class Stubs:
    """Stubs of the same services on one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.update = UpdateServiceStub(channel)
        self.session = SessionServiceStub(channel)
        self.adapter = AdapterServiceStub(channel)
