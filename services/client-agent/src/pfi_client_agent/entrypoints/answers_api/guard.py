"""Lets in what may come in: the right host name, the right token, a bounded body."""

import hmac
import ipaddress
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from pfi_client_agent.entrypoints.answers_api.failures import send_error
from pfi_common.errors import ApiKeyInvalidError, InvalidRequestError
from pfi_common.rest.body_limit import limited

MAXIMUM_BODY_BYTES = 1 << 20
_OPEN_PATHS = frozenset({"/healthz"})
_FORBIDDEN = 403
_TOO_LARGE = 413


class Guard:
    """ASGI middleware in front of everything.

    A web page cannot use the API through its reader's browser: it does not know the token, and a
    name of its own that it lets point to this device (DNS rebinding) is refused.

    Args:
        app: What is guarded.
        token: The bearer token.
        loopback: True when only this device can connect.
    """

    def __init__(self, app: ASGIApp, *, token: str, loopback: bool) -> None:
        self._app = app
        self._token = token.encode()
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if not self._names_this_device(_all(headers, b"host")):
            refusal = InvalidRequestError(
                "The Host header names another host; use localhost or the address."
            )
            await send_error(send, refusal, _FORBIDDEN)
        elif scope["path"] not in _OPEN_PATHS and not self._authorised(headers):
            await send_error(send, ApiKeyInvalidError("The API token is missing or wrong."))
        elif _announced_bytes(headers) > MAXIMUM_BODY_BYTES:
            await send_error(send, InvalidRequestError("The body has more than 1 MiB."), _TOO_LARGE)
        else:
            await self._app(scope, limited(receive, MAXIMUM_BODY_BYTES), send)

    def _authorised(self, headers: list[tuple[bytes, bytes]]) -> bool:
        if not self._token:
            return False
        for value in _all(headers, b"authorization"):
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token):
                return True
        return False

    def _names_this_device(self, hosts: Iterable[bytes]) -> bool:
        given = list(hosts)
        return len(given) == 1 and self._is_own(_host(given[0].decode("latin-1")))

    def _is_own(self, host: str) -> bool:
        if host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            # A name can be pointed anywhere by whoever owns it; an address cannot.
            return False
        return address.is_loopback or not self._loopback


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def _all(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _announced_bytes(headers: list[tuple[bytes, bytes]]) -> int:
    announced = [value for value in _all(headers, b"content-length") if value.isdigit()]
    return max(map(int, announced), default=0)
