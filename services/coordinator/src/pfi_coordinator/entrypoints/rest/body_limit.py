"""How large a body may be."""

from starlette.types import ASGIApp, Receive, Scope, Send

from pfi_common.rest.body_limit import limited

MAXIMUM_BODY_BYTES = 20 << 20
"""A description of a very large adapter schema fits."""


class LimitBody:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and ends it when it grows too large."""
        await self._app(scope, limited(receive, MAXIMUM_BODY_BYTES), send)
