"""The FastAPI application."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware

from pfi_common.clock import Clock
from pfi_common.rpc.admission import Admission
from pfi_rag.application.transfer_slots import TransferSlots
from pfi_rag.application.use_cases import UseCases
from pfi_rag.entrypoints.rest.answers import Problem
from pfi_rag.entrypoints.rest.body_limit import LimitBody
from pfi_rag.entrypoints.rest.peer import Admit
from pfi_rag.entrypoints.rest.problems import PROBLEMS
from pfi_rag.entrypoints.rest.recording import Record
from pfi_rag.entrypoints.rest.routes_documents import document_routes, index_routes
from pfi_rag.entrypoints.rest.routes_operations import operation_routes
from pfi_rag.metrics import RagMetrics

_ENVELOPE_BYTES = 1 << 20


@dataclass(frozen=True)
class RestParts:
    """What the application is made of.

    Attributes:
        use: The use cases.
        admission: Lets callers in.
        metrics: Counts.
        registry: What is scraped.
        clock: Times requests.
        ready: Says whether calls are taken.
        slots: Places for documents in memory.
    """

    use: UseCases
    admission: Admission
    metrics: RagMetrics
    registry: CollectorRegistry
    clock: Clock
    ready: Callable[[], bool]
    slots: TransferSlots


def build_app(parts: RestParts) -> FastAPI:
    """Makes the application. Its OpenAPI document is at /openapi.json."""
    # A character may take two bytes and more in JSON than it does in the document.
    limit = 2 * parts.use.add.maximum_bytes + _ENVELOPE_BYTES
    app = FastAPI(
        title="PFI retrieval",
        description="A client's private document index.",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(Record, metrics=parts.metrics, clock=parts.clock),
            Middleware(LimitBody, documents_bytes=limit, other_bytes=_ENVELOPE_BYTES),
        ],
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
    )
    PROBLEMS.handle(app)
    admit = Admit(parts.admission)
    for router in (
        document_routes(parts.use, admit, parts.slots, limit),
        index_routes(parts.use, admit),
        operation_routes(parts.registry, parts.ready),
    ):
        app.include_router(router)
    return app
