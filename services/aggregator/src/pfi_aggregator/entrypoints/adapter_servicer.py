"""AdapterService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from pfi.aggregator.v1 import adapter_service_pb2
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.application.download_adapter import DownloadAdapter
from pfi_aggregator.application.send_slots import SendSlots
from pfi_aggregator.wire.download_messages import write_download_chunk, write_download_header
from pfi_common.rpc.caller import RpcContext

_SERVICE = "pfi.aggregator.v1.AdapterService"


class AdapterServicer:
    """Serves published adapters."""

    def __init__(self, download: DownloadAdapter, slots: SendSlots) -> None:
        self._download = download
        self._slots = slots

    async def DownloadAdapter(
        self,
        request: adapter_service_pb2.DownloadAdapterRequest,
        context: RpcContext,
    ) -> AsyncIterator[bytes]:
        """Streams header and chunks, each written already."""
        wanted = None if request.encoding == adapter_pb2.ENCODING_FP32 else request.encoding or None
        async with self._download.open(request.digest, request.offset_bytes, wanted) as download:
            yield write_download_header(download.payload.size_bytes, download.payload_sha256)
            async with aclosing(self._slots.paced(download)) as paced:
                async for chunk in paced:
                    yield write_download_chunk(chunk)


def add_adapter_servicer(servicer: AdapterServicer, server: grpc.aio.Server) -> None:
    """Serves AdapterService; unlike the generated code, with messages that are written already."""
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "DownloadAdapter": grpc.unary_stream_rpc_method_handler(
            servicer.DownloadAdapter,
            request_deserializer=adapter_service_pb2.DownloadAdapterRequest.FromString,
            response_serializer=None,
        ),
    }
    server.add_registered_method_handlers(_SERVICE, handlers)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
