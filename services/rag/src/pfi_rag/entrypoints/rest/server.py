"""The HTTPS server of the REST API, inside the service's event loop."""

import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from pfi_common.errors import SettingsInvalidError
from pfi_rag.entrypoints.rest.peer import PeerProtocol

_CONNECTIONS = 128
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class TlsFiles:
    """What TLS needs.

    Attributes:
        identity: Folder with the server's `key.pem` and `certificate.pem`.
        client_authority_pem: Certificate of the authority that callers are verified against.
    """

    identity: Path
    client_authority_pem: bytes

    def context(self) -> ssl.SSLContext:
        """Makes the context: TLS 1.3, and no connection without a certificate of the federation.

        Sessions are not resumed, so that each connection shows a certificate that is valid now.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.load_cert_chain(self.identity / "certificate.pem", self.identity / "key.pem")
        context.load_verify_locations(cadata=self.client_authority_pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves signals to the process that this server is a part of."""
        yield


class RestServer:
    """Serves the application with mutual TLS.

    Args:
        address: host:port; port 0 takes a free one.

    Raises:
        SettingsInvalidError: The address cannot be listened on.
    """

    def __init__(self, address: str) -> None:
        self._socket = _listen(address)
        self._server: uvicorn.Server | None = None

    @property
    def port(self) -> int:
        """The port that was bound."""
        port: int = self._socket.getsockname()[1]
        return port

    async def serve(self, app: FastAPI, tls: TlsFiles) -> None:
        """Serves until `stop`."""
        config = uvicorn.Config(
            app,
            http=PeerProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_context_factory=_factory(tls),
        )
        self._server = _Server(config)
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Begins to end: open requests are answered first."""
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Gives the port back, also of a server that never served."""
        self._socket.close()


def _factory(
    tls: TlsFiles,
) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    def make(_config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        return tls.context()

    return make


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        listening = socket.create_server((bare, int(port)), family=family, backlog=128)
    except OSError as error:
        raise SettingsInvalidError(
            f"cannot listen on {address}: {error.strerror}; another process may have the port"
        ) from None
    # asyncio does so for sockets that it opens itself. Without it the second part of an answer may
    # wait until the first is acknowledged, which takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
