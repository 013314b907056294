"""UpdateService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from pfi.aggregator.v1 import update_service_pb2, update_service_pb2_grpc
from pfi.common.v1 import signed_pb2
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.get_upload_status import GetUploadStatus
from pfi_aggregator.application.receive_update import ReceiveUpdate
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.parsing import serialize
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import InvalidRequestError
from pfi_common.rpc.caller import RpcContext, current_caller, require_client


class UpdateServicer(update_service_pb2_grpc.UpdateServiceServicer):
    """Takes updates."""

    def __init__(self, receive: ReceiveUpdate, status: GetUploadStatus) -> None:
        self._receive = receive
        self._status = status

    async def UploadUpdate(
        self,
        request_iterator: AsyncIterator[update_service_pb2.UploadUpdateRequest],
        context: RpcContext,
    ) -> update_service_pb2.UploadUpdateResponse:
        """Receives one update."""
        header = await _read_first(request_iterator)
        async with aclosing(_chunks(request_iterator)) as chunks:
            receipt = await self._receive.run(_caller(), read_header(header), chunks)
        statement = signed_pb2.SignedStatement.FromString(receipt)
        return update_service_pb2.UploadUpdateResponse(receipt=statement)

    async def GetUploadStatus(
        self,
        request: update_service_pb2.GetUploadStatusRequest,
        context: RpcContext,
    ) -> update_service_pb2.GetUploadStatusResponse:
        """Says how an upload stands."""
        status = await in_thread(
            self._status.run, _caller(), serialize(request.ticket), request.payload_sha256
        )
        if status.receipt is None:
            return update_service_pb2.GetUploadStatusResponse(
                resume_offset_bytes=status.resume_offset_bytes
            )
        receipt = signed_pb2.SignedStatement.FromString(status.receipt)
        return update_service_pb2.GetUploadStatusResponse(receipt=receipt)


def _caller() -> Caller:
    return Caller(require_client(), current_caller().key_sha256)


async def _read_first(
    messages: AsyncIterator[update_service_pb2.UploadUpdateRequest],
) -> update_service_pb2.UpdateHeader:
    async for message in messages:
        if message.WhichOneof("message") == "header":
            return message.header
        break
    raise InvalidRequestError("The first message must be the header.")


async def _chunks(
    messages: AsyncIterator[update_service_pb2.UploadUpdateRequest],
) -> AsyncGenerator[Chunk, None]:
    async for message in messages:
        if message.WhichOneof("message") != "chunk":
            raise InvalidRequestError("After the header come chunks alone.")
        chunk = Chunk(message.chunk.offset_bytes, message.chunk.data)
        del message  # holds a copy of the data for as long as the chunk is being worked on
        yield chunk
