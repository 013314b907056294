"""Routes for operators: open, without a key."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases


def operation_routes(use: RestUseCases) -> APIRouter:
    """Makes the routes."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", response_class=Response)
    async def healthz() -> Response:
        """Says that the process lives."""
        return Response("alive\n", media_type="text/plain")

    @router.get("/readyz", response_class=Response)
    async def readyz() -> Response:
        """Says whether the coordinator can serve, and why not."""
        reason = use.not_ready()
        if not reason:
            return Response("ready\n", media_type="text/plain")
        return Response(f"not ready: {reason}\n", 503, media_type="text/plain")

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Gives the metrics to Prometheus."""
        return Response(generate_latest(use.registry), media_type=CONTENT_TYPE_LATEST)

    return router
