"""An HTTP server inside the event loop of the process that it is a part of."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from pfi_common.errors import SettingsInvalidError
from pfi_common.rest.tls_files import TlsFiles

_CONNECTIONS = 128
_WAITING_CONNECTIONS = 256
_GRACE_SECONDS = 5
_LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves signals to the process that this server is a part of."""
        yield


class EmbeddedServer:
    """Listens from the start, and serves once there is an application.

    Args:
        address: host:port; port 0 takes a free one, no host is this device alone.
        connections: How many are answered at once; the others are asked to come back.
        protocol: What speaks HTTP on a connection; None for HTTP/1.1 and nothing more.

    Raises:
        SettingsInvalidError: The address cannot be listened on.
    """

    def __init__(
        self,
        address: str,
        *,
        connections: int = _CONNECTIONS,
        protocol: type[asyncio.Protocol] | None = None,
    ) -> None:
        self._socket = listen(address)
        self._connections = connections
        self._protocol = protocol
        self._server: uvicorn.Server | None = None
        self._stopped = False

    @property
    def host(self) -> str:
        """The address that was bound, in numbers."""
        host: str = self._socket.getsockname()[0]
        return host

    @property
    def port(self) -> int:
        """The port that was bound."""
        port: int = self._socket.getsockname()[1]
        return port

    async def serve(self, app: ASGIApp, tls: TlsFiles | None = None) -> None:
        """Serves until `stop`, at once to its end if that was called before.

        Args:
            app: What answers.
            tls: Certificates; None for plain HTTP.
        """
        self._server = _Server(self._config(app, tls))
        self._server.should_exit = self._stopped
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Begins to end: open requests are answered first, for some seconds."""
        self._stopped = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Gives the port back, also of a server that never served."""
        self._socket.close()

    def _config(self, app: ASGIApp, tls: TlsFiles | None) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            http=self._protocol or "h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=self._connections,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_context_factory=None if tls is None else _factory(tls),
        )


def listen(address: str) -> socket.socket:
    """Takes a port.

    Args:
        address: host:port; a host of IPv6 is in brackets, no host is this device alone.

    Raises:
        SettingsInvalidError: The address cannot be listened on.
    """
    written, _, port = address.rpartition(":")
    host = written.strip("[]") or _LOOPBACK
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server(
            (host, int(port)), family=family, backlog=_WAITING_CONNECTIONS
        )
    except ValueError as error:
        raise SettingsInvalidError(f"{address} is not of the form host:port") from error
    except OSError as error:
        raise SettingsInvalidError(
            f"cannot listen on {address}: {error.strerror}; another process may have the port"
        ) from error
    # asyncio does so for sockets that it opens itself. Without it the second part of an answer may
    # wait until the first is acknowledged, which takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _factory(
    tls: TlsFiles,
) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    def make(_config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        return tls.context()

    return make
