"""Plain HTTP endpoint for operators: /metrics, /healthz, /readyz."""

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pfi_common.errors import SettingsInvalidError

_TEXT = "text/plain; charset=utf-8"
_REQUEST_TIMEOUT_SECONDS = 5.0


class OperationsEndpoint:
    """Serves metrics and health from a thread of its own, so that a busy loop still answers."""

    def __init__(
        self, registry: CollectorRegistry, host: str, port: int, ready: Callable[[], bool]
    ) -> None:
        self._registry = registry
        self._address = (host.removeprefix("[").removesuffix("]"), port)
        self._ready = ready
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Starts listening and gives the port.

        Raises:
            SettingsInvalidError: the address cannot be listened on.
        """
        try:
            self._server = _listen(self._address, _handler(self._registry, self._ready))
        except (OSError, OverflowError) as error:
            message = "The operations address cannot be listened on; choose another host or port."
            raise SettingsInvalidError(message) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self._server.server_address[1]

    def stop(self) -> None:
        """Stops listening. May be repeated."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


def _listen(address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> _Server:
    return (_Server6 if ":" in address[0] else _Server)(address, handler)


def _handler(
    registry: CollectorRegistry, ready: Callable[[], bool]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_SECONDS

        def do_GET(self) -> None:
            status, kind, body = _answer(self.path, registry, ready)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are not logged."""

    return Handler


def _answer(
    path: str, registry: CollectorRegistry, ready: Callable[[], bool]
) -> tuple[HTTPStatus, str, bytes]:
    if path == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)
    if path == "/healthz":
        return HTTPStatus.OK, _TEXT, b"alive\n"
    if path == "/readyz":
        if ready():
            return HTTPStatus.OK, _TEXT, b"ready\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"not ready\n"
    return HTTPStatus.NOT_FOUND, _TEXT, b"there is /metrics, /healthz and /readyz\n"
