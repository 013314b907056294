"""Refuses bodies that are too large while they come in."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DOCUMENTS = "/v1/documents"


class LimitBody:
    """ASGI middleware that counts what comes in.

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
        received = 0
        documents = scope.get("path") == _DOCUMENTS
        maximum_bytes = self._documents_bytes if documents else self._other_bytes

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > maximum_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
