"""UpdateService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from pfi.aggregator.v1 import update_service_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.get_upload_status import GetUploadStatus
from pfi_aggregator.application.receive_update import ReceiveUpdate
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.wire.parsing import serialize
from pfi_aggregator.wire.updates import read_header
from pfi_aggregator.wire.upload_messages import UploadMessage, read_upload_message
from pfi_common.errors import InvalidRequestError
from pfi_common.rpc.caller import RpcContext, current_caller, require_client

_SERVICE = update_service_pb2.DESCRIPTOR.services_by_name["UpdateService"].full_name


class UpdateServicer:
    """Takes updates."""

    def __init__(self, receive: ReceiveUpdate, status: GetUploadStatus) -> None:
        self._receive = receive
        self._status = status

    async def UploadUpdate(
        self,
        request_iterator: AsyncIterator[UploadMessage],
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


def add_update_servicer(servicer: UpdateServicer, server: grpc.aio.Server) -> None:
    """Serves UpdateService; unlike the generated code, with a reader of our own for uploads."""
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "UploadUpdate": grpc.stream_unary_rpc_method_handler(
            servicer.UploadUpdate,
            request_deserializer=read_upload_message,
            response_serializer=update_service_pb2.UploadUpdateResponse.SerializeToString,
        ),
        "GetUploadStatus": grpc.unary_unary_rpc_method_handler(
            servicer.GetUploadStatus,
            request_deserializer=update_service_pb2.GetUploadStatusRequest.FromString,
            response_serializer=update_service_pb2.GetUploadStatusResponse.SerializeToString,
        ),
    }
    server.add_registered_method_handlers(_SERVICE, handlers)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))


def _caller() -> Caller:
    return Caller(require_client(), current_caller().key_sha256)


async def _read_first(messages: AsyncIterator[UploadMessage]) -> update_service_pb2.UpdateHeader:
    async for message in messages:
        if isinstance(message, update_service_pb2.UpdateHeader):
            return message
        break
    raise InvalidRequestError("The first message must be the header.")


async def _chunks(messages: AsyncIterator[UploadMessage]) -> AsyncGenerator[Chunk, None]:
    async for message in messages:
        if not isinstance(message, Chunk):
            raise InvalidRequestError("After the header come chunks alone.")
        yield message
        del message  # the next one may take its time
