"""The HTTP server of the API, inside the process's event loop."""

import ipaddress
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from pfi_common.errors import SettingsInvalidError

_CONNECTIONS = 128
_GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the process that this server is a part of."""
        yield


class AnswersServer:
    """Listens from the start, and serves once there is an application.

    Args:
        address: host:port; port 0 takes a free one.

    Raises:
        SettingsInvalidError: It cannot be listened on.
    """

    def __init__(self, address: str) -> None:
        self._socket = _listen(address)
        self._server: uvicorn.Server | None = None
        self._stopped = False

    @property
    def url(self) -> str:
        """Where the API is."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def loopback(self) -> bool:
        """True when only this device can connect."""
        host: str = self._socket.getsockname()[0]
        return ipaddress.ip_address(host).is_loopback

    async def serve(self, app: ASGIApp) -> None:
        """Serve until `stop`."""
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = _Server(config)
        self._server.should_exit = self._stopped
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Begin to end: open requests are answered first, for some seconds."""
        self._stopped = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server(
            (host or "127.0.0.1", int(port)), family=family, backlog=64
        )
    except ValueError as error:
        raise SettingsInvalidError(f"{address} is not of the form host:port") from error
    except OSError as error:
        raise SettingsInvalidError(
            f"cannot listen on {address}: {error.strerror}; another process may have the port"
        ) from error
    # asyncio does so for sockets that it opens itself. Without it a piece of a stream waits until
    # the one before is acknowledged, which takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
