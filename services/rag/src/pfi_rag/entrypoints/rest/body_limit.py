"""How large a body may be: with documents, and any other."""

from starlette.types import ASGIApp, Receive, Scope, Send

from pfi_common.rest.body_limit import limited

_DOCUMENTS = "/v1/documents"


class LimitBody:
    """ASGI middleware.

    Args:
        app: What comes after.
        documents_bytes: Largest body with documents.
        other_bytes: Largest other body, which is read by the event loop.
    """

    def __init__(self, app: ASGIApp, documents_bytes: int, other_bytes: int) -> None:
        self._app = app
        self._documents_bytes = documents_bytes
        self._other_bytes = other_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and ends it when it grows too large."""
        documents = scope.get("path") == _DOCUMENTS
        maximum_bytes = self._documents_bytes if documents else self._other_bytes
        await self._app(scope, limited(receive, maximum_bytes), send)
