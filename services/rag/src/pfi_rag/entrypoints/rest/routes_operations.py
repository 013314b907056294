"""Routes for whoever looks after the service."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


def operation_routes(registry: CollectorRegistry, ready: Callable[[], bool]) -> APIRouter:
    """Makes the routes; like all, they need a client certificate."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", response_class=Response)
    async def healthz() -> Response:
        """Says that the process lives."""
        return Response("alive\n", media_type="text/plain")

    @router.get("/readyz", response_class=Response)
    async def readyz() -> Response:
        """Says whether the service takes calls."""
        if ready():
            return Response("ready\n", media_type="text/plain")
        return Response("not ready\n", 503, media_type="text/plain")

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Gives the metrics to Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
