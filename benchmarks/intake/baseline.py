"""Servers that take the same uploads and do less with them.

`python -m benchmarks.intake.baseline KIND FOLDER`: `discard` reads every message and drops it;
`durable` hashes every chunk, writes it to a file and fsyncs the file before it answers. Both answer
on the aggregator's identity, options and allocator settings, without interceptor or any check.
Writes the address to `FOLDER/KIND.json`; ends with SIGTERM.
"""

# ruff: noqa: ARG002, N802 - names and parameters are those of the protos

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc

from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi_aggregator.adapters.heap import tune_heap
from pfi_common.identity import load_identity
from pfi_common.rpc.options import ServerOptions

Messages = AsyncIterator[updates.UploadUpdateRequest]


class Discard:
    """Reads and drops."""

    async def UploadUpdate(self, request_iterator: Messages, context: Any) -> Any:  # noqa: ANN401
        """Takes an upload."""
        async for _ in request_iterator:
            pass
        return updates.UploadUpdateResponse()


class Durable:
    """Hashes, writes and fsyncs; a thread does it, so that connections are read meanwhile.

    Args:
        folder: Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def UploadUpdate(self, request_iterator: Messages, context: Any) -> Any:  # noqa: ANN401
        """Takes an upload."""
        self._count += 1
        path = self._folder / f"upload-{self._count}"
        digest = hashlib.sha256()
        with path.open("wb", buffering=0) as file:
            async for message in request_iterator:
                if message.WhichOneof("message") == "chunk":
                    await asyncio.to_thread(_take, digest, file.fileno(), message.chunk.data)
            await asyncio.to_thread(os.fsync, file.fileno())
        path.unlink()
        return updates.UploadUpdateResponse()


def _take(digest: Any, descriptor: int, data: bytes) -> None:  # noqa: ANN401 - a hashlib object
    digest.update(data)
    os.write(descriptor, data)


def _handler(servicer: Discard | Durable) -> grpc.GenericRpcHandler:
    upload = grpc.stream_unary_rpc_method_handler(
        servicer.UploadUpdate,
        request_deserializer=updates.UploadUpdateRequest.FromString,
        response_serializer=updates.UploadUpdateResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(
        "pfi.aggregator.v1.UpdateService", {"UploadUpdate": upload}
    )


async def main(kind: str, folder: Path) -> None:
    """Serves until SIGTERM."""
    tune_heap()
    servicer = Discard() if kind == "discard" else Durable(folder)
    server = grpc.aio.server(
        options=ServerOptions().arguments(), compression=grpc.Compression.NoCompression
    )
    server.add_generic_rpc_handlers((_handler(servicer),))
    identity = load_identity(folder / "state" / "identity")
    credentials = grpc.ssl_server_credentials(
        [(identity.key_pem, identity.certificate_chain_pem)],
        root_certificates=identity.authority_pem,
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    (folder / f"{kind}.json").write_text(json.dumps({"aggregator": f"127.0.0.1:{port}"}))
    await stop.wait()
    await server.stop(1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
