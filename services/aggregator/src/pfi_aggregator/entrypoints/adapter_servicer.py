"""AdapterService on the wire."""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

from collections.abc import AsyncIterator

from pfi.aggregator.v1 import adapter_service_pb2, adapter_service_pb2_grpc
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.application.download_adapter import DownloadAdapter
from pfi_common.rpc.caller import RpcContext


class AdapterServicer(adapter_service_pb2_grpc.AdapterServiceServicer):
    """Serves published adapters."""

    def __init__(self, download: DownloadAdapter) -> None:
        self._download = download

    async def DownloadAdapter(
        self,
        request: adapter_service_pb2.DownloadAdapterRequest,
        context: RpcContext,
    ) -> AsyncIterator[adapter_service_pb2.DownloadAdapterResponse]:
        """Streams header and chunks."""
        wanted = None if request.encoding == adapter_pb2.ENCODING_FP32 else request.encoding or None
        async with self._download.open(request.digest, request.offset_bytes, wanted) as download:
            header = adapter_service_pb2.AdapterHeader(
                payload_bytes=download.payload.size_bytes, payload_sha256=download.payload_sha256
            )
            yield adapter_service_pb2.DownloadAdapterResponse(header=header)
            async for piece in download.chunks():
                chunk = adapter_pb2.PayloadChunk(offset_bytes=piece.offset_bytes, data=piece.data)
                yield adapter_service_pb2.DownloadAdapterResponse(chunk=chunk)
