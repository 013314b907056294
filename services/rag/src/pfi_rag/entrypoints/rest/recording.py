"""Counts and logs requests: route, status and time; never a path that holds an id."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pfi_common.clock import Clock
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_rag.metrics import RagMetrics

ROUTES = (
    "/v1/documents",
    "/v1/documents/{document}",
    "/v1/search",
    "/v1/forget",
    "/v1/index",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "other",
)
"""The closed list of route names in metrics."""


class Record:
    """ASGI middleware.

    Args:
        app: What comes after.
        metrics: Counts.
        clock: Times.
    """

    def __init__(self, app: ASGIApp, metrics: RagMetrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and records how it ended."""
        started, status = self._clock.monotonic(), 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            route = _route(scope)
            self._metrics.rest_done(route, status)
            get_logger().info(
                Event.REST_FINISHED,
                method=f"{scope['method']} {route}",
                code=str(status),
                seconds=round(self._clock.monotonic() - started, 6),
            )


def _route(scope: Scope) -> str:
    """Names the route as it is declared, so that no id of a document is told."""
    found = getattr(scope.get("route"), "path", "other")
    return found if found in ROUTES else "other"
