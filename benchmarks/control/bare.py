"""A server that only holds streams: what gRPC itself takes for an open session.

`python -m benchmarks.control.bare FOLDER` answers on the coordinator's identity and options, with
mutual TLS, without interceptor, and remembers nothing. Writes the address to `FOLDER/bare.json`;
ends with SIGTERM.
"""

# ruff: noqa: N802 - the name of the method is that of the proto

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import grpc

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi.coordinator.v1.session_service_pb2_grpc import add_SessionServiceServicer_to_server
from pfi_common.identity import load_identity
from pfi_common.open_files import raise_open_files
from pfi_common.rpc.options import ServerOptions


class Silent:
    """Welcomes and then waits."""

    async def Session(self, _: Any, context: Any) -> None:  # noqa: ANN401 - gRPC's own
        """Holds a stream until its client ends it."""
        await context.read()
        await context.write(session.SessionResponse(welcome=session.SessionWelcome(protocol=1)))
        await context.read()


async def main(folder: Path) -> None:
    """Serves until SIGTERM."""
    server = grpc.aio.server(
        options=ServerOptions().arguments(), compression=grpc.Compression.NoCompression
    )
    add_SessionServiceServicer_to_server(Silent(), server)  # type: ignore[arg-type]
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
    (folder / "bare.json").write_text(json.dumps({"session": f"127.0.0.1:{port}"}))
    await stop.wait()
    await server.stop(1)


if __name__ == "__main__":
    raise_open_files()
    asyncio.run(main(Path(sys.argv[1])))
