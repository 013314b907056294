"""The HTTPS server of the admin API, inside the coordinator's event loop."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from pfi_common.errors import SettingsInvalidError

_CONNECTIONS = 512
_GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves signals to the process that this server is a part of."""
        yield


class AdminServer:
    """Serves the application over TLS with the coordinator's certificate."""

    def __init__(self, address: str) -> None:
        self._socket = _listen(address)
        self._server: uvicorn.Server | None = None

    @property
    def port(self) -> int:
        """The port that was bound."""
        port: int = self._socket.getsockname()[1]
        return port

    async def serve(self, app: FastAPI, identity: Path) -> None:
        """Serves until `stop`."""
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
            ssl_keyfile=identity / "key.pem",
            ssl_certfile=identity / "certificate.pem",
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


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        listening = socket.create_server((host.strip("[]"), int(port)), backlog=256)
    except OSError as error:
        raise SettingsInvalidError(
            f"cannot listen on {address}: {error.strerror}; another process may have the port"
        ) from None
    # asyncio does so for sockets that it opens itself. Without it the second part of an answer may
    # wait until the first is acknowledged, which takes 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
